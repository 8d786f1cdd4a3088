//! File descriptors that other code of the process may close: then their numbers are never used again.

use std::fs::File;
use std::mem::ManuallyDrop;
use std::os::fd::{AsRawFd, FromRawFd};
use std::os::unix::fs::MetadataExt;

/// What a descriptor belongs to, with the identity of the file that its number referred to at first.
pub(super) struct Identified<T: AsRawFd> {
    owner: ManuallyDrop<T>,
    identity: Option<(u64, u64)>,
}

impl<T: AsRawFd> Identified<T> {
    pub(super) fn new(owner: T) -> Self {
        let identity = identity(&owner);
        Identified { owner: ManuallyDrop::new(owner), identity }
    }

    /// Returns the owner, unless its number is closed or refers to another file.
    pub(super) fn get(&self) -> Option<&T> {
        let now = identity(&*self.owner);
        (now.is_some() && now == self.identity).then_some(&*self.owner)
    }
}

impl<T: AsRawFd> Drop for Identified<T> {
    fn drop(&mut self) {
        if self.get().is_some() {
            // SAFETY: the owner is neither used nor dropped elsewhere: this is the only place that drops it, and
            // `self` is being dropped.
            unsafe { ManuallyDrop::drop(&mut self.owner) };
        }
    }
}

/// Device and inode of the file that a number refers to, if it refers to any.
fn identity(owner: &impl AsRawFd) -> Option<(u64, u64)> {
    // SAFETY: `ManuallyDrop` never closes the number, and the file is asked for its metadata only, which fails where
    // the number is closed and changes nothing where it is somebody else's.
    let file = ManuallyDrop::new(unsafe { File::from_raw_fd(owner.as_raw_fd()) });
    file.metadata().ok().map(|metadata| (metadata.dev(), metadata.ino()))
}
