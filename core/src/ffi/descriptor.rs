//! File descriptors that other code of the process may close: from then on their numbers are never used.

use std::fs::File;
use std::mem::ManuallyDrop;
use std::os::fd::{AsRawFd, FromRawFd};
use std::os::unix::fs::MetadataExt;

/// The owner of a file descriptor, with the identity of the file that the descriptor referred to when it was created.
pub(super) struct Identified<T: AsRawFd> {
    owner: ManuallyDrop<T>,
    identity: Option<(u64, u64)>,
}

impl<T: AsRawFd> Identified<T> {
    pub(super) fn new(owner: T) -> Self {
        let identity = identity(&owner);
        Identified { owner: ManuallyDrop::new(owner), identity }
    }

    /// Returns the owner, or `None` if its descriptor was closed or refers to another file.
    pub(super) fn get(&self) -> Option<&T> {
        let now = identity(&*self.owner);
        (now.is_some() && now == self.identity).then_some(&*self.owner)
    }
}

impl<T: AsRawFd> Drop for Identified<T> {
    fn drop(&mut self) {
        if self.get().is_some() {
            // SAFETY: `ManuallyDrop::drop` requires that the value is dropped only once and not used afterwards. No
            // other code drops the private field `owner`, and it is not used afterwards: `self` is being dropped.
            unsafe { ManuallyDrop::drop(&mut self.owner) };
        }
    }
}

/// Returns device and inode of the file that the owner's descriptor refers to; `None` if the descriptor is closed.
fn identity(owner: &impl AsRawFd) -> Option<(u64, u64)> {
    // SAFETY: `from_raw_fd` requires an open descriptor that the `File` may own. The `File` never acts as its owner:
    // `ManuallyDrop` prevents that it closes the descriptor. It only reads metadata, which fails if the descriptor is
    // closed, and changes nothing if the number belongs to other code by now.
    let file = ManuallyDrop::new(unsafe { File::from_raw_fd(owner.as_raw_fd()) });
    file.metadata().ok().map(|metadata| (metadata.dev(), metadata.ino()))
}
