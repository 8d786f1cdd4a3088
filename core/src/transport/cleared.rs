//! A byte buffer that is cleared when it is dropped, because it may hold a secret.

use std::fmt;
use std::ops::Deref;

/// A byte buffer that is cleared before its memory is freed, including the smaller allocations that it has outgrown.
/// `Zeroizing` would write byte by byte, which takes as long as reading the body, and would not clear those smaller
/// allocations.
#[derive(Default)]
pub(crate) struct Cleared(Vec<u8>);

impl Cleared {
    pub(super) fn with_capacity(capacity: usize) -> Self {
        Cleared(Vec::with_capacity(capacity))
    }

    pub(super) fn append(&mut self, piece: &[u8]) {
        let length = self.0.len() + piece.len();
        if length > self.0.capacity() {
            let mut larger = Cleared::with_capacity(length.max(2 * self.0.capacity()));
            larger.0.extend_from_slice(&self.0);
            *self = larger;
        }
        self.0.extend_from_slice(piece);
    }
}

impl Drop for Cleared {
    fn drop(&mut self) {
        self.0.fill(0);
        zeroize::optimization_barrier(self.0.as_slice());
    }
}

impl Deref for Cleared {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Debug for Cleared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} bytes", self.0.len())
    }
}

#[cfg(test)]
mod tests {
    use super::Cleared;

    #[test]
    fn pieces_keep_their_order_while_the_buffer_grows() {
        let mut whole = Cleared::with_capacity(3);
        for piece in [&b"ab"[..], b"", b"cde", b"f", b"ghijklmnopqrstuvwxyz"] {
            whole.append(piece);
        }
        assert_eq!(&*whole, b"abcdefghijklmnopqrstuvwxyz");
        assert_eq!(format!("{whole:?}"), "26 bytes");
    }
}
