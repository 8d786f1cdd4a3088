//! The limit on the memory that is allocated while a response body is read.
//!
//! A few bytes of JSON can become many bytes of memory: `{}` is a complete record. The size of the values is therefore
//! counted while a body is read, per thread, and reading ends with an error if the limit is exceeded.

use std::cell::Cell;

use serde::de::Error;

#[derive(Clone, Copy)]
struct Limit {
    left: usize,
    is_exceeded: bool,
}

impl Limit {
    const NONE: Limit = Limit { left: usize::MAX, is_exceeded: false };
}

thread_local! {
    static LIMIT: Cell<Limit> = const { Cell::new(Limit::NONE) };
}

/// The error of a body that needs more memory than is allowed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Exceeded;

/// Runs `read`, which may create values of at most the given number of bytes.
pub(crate) fn limited<T>(bytes: usize, read: impl FnOnce() -> T) -> Result<T, Exceeded> {
    /// Restores the limit of the thread, also after a panic.
    struct Restore(Limit);

    impl Drop for Restore {
        fn drop(&mut self) {
            LIMIT.set(self.0);
        }
    }

    let _restore = Restore(LIMIT.replace(Limit { left: bytes, is_exceeded: false }));
    let value = read();
    if is_exceeded() { Err(Exceeded) } else { Ok(value) }
}

/// Returns the number of bytes left, for `restore`.
pub(crate) fn left() -> usize {
    LIMIT.get().left
}

/// Restores the number of bytes left to an earlier result of `left`, after the values read since then were dropped.
pub(crate) fn restore(left: usize) {
    LIMIT.set(Limit { left, ..LIMIT.get() });
}

/// Takes bytes from the limit. Returns false if there are not enough left.
pub(crate) fn charge(bytes: usize) -> bool {
    let mut limit = LIMIT.get();
    match limit.left.checked_sub(bytes) {
        Some(left) => limit.left = left,
        None => limit.is_exceeded = true,
    }
    LIMIT.set(limit);
    !limit.is_exceeded
}

/// Takes bytes from the limit. An error, which ends the reading, if there are not enough left.
pub(crate) fn require<E: Error>(bytes: usize) -> Result<(), E> {
    if charge(bytes) { Ok(()) } else { Err(E::custom("more memory is needed than is allowed")) }
}

/// Checks the length of a buffer that is not counted piece by piece. An error, which ends the reading, if the buffer is
/// longer than the number of bytes left.
#[cfg(feature = "uniffi")]
pub(crate) fn require_length<E: Error>(length: usize) -> Result<(), E> {
    if length <= LIMIT.get().left { Ok(()) } else { require(length) }
}

pub(crate) fn is_exceeded() -> bool {
    LIMIT.get().is_exceeded
}

#[cfg(test)]
mod tests {
    use super::{Exceeded, charge, is_exceeded, limited};

    #[test]
    fn charged_bytes_are_counted_up_to_the_limit() {
        assert_eq!(limited(10, || charge(4) && charge(6)), Ok(true));
        assert_eq!(limited(10, || charge(4) && charge(7)), Err(Exceeded));
        assert_eq!(limited(10, || limited(5, || charge(5)) == Ok(true) && charge(10)), Ok(true));
        assert!(charge(usize::MAX / 2) && !is_exceeded(), "without a limit");
    }

    #[test]
    fn a_panic_restores_the_limit() {
        std::panic::catch_unwind(|| limited(1, || panic!("a defect"))).expect_err("a panic");
        assert!(charge(1_000));
    }
}
