//! How an event loop learns that there is something in its mailbox.

#[cfg(unix)]
use std::io::{Read, Write};
#[cfg(unix)]
use std::os::{fd::AsRawFd, unix::net::UnixStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, Thread};
use std::time::Duration;

use once_cell::sync::OnceCell;

#[cfg(unix)]
use crate::ffi::descriptor::Identified;

/// It rings in a file descriptor that the event loop watches, or wakes the thread that listens in its place.
pub(super) struct Bell {
    #[cfg(unix)]
    wire: [Identified<UnixStream>; 2],
    rang: AtomicBool,
    listener: OnceCell<Thread>,
}

impl Bell {
    /// Nothing where the system has no more descriptors.
    pub(super) fn new() -> Option<Self> {
        #[cfg(unix)]
        let wire = {
            let (near, far) = UnixStream::pair().ok()?;
            near.set_nonblocking(true).and(far.set_nonblocking(true)).ok()?;
            [Identified::new(near), Identified::new(far)]
        };
        Some(Bell {
            #[cfg(unix)]
            wire,
            rang: AtomicBool::new(false),
            listener: OnceCell::new(),
        })
    }

    pub(super) fn ring(&self) {
        self.rang.store(true, Ordering::Release);
        if let Some(listener) = self.listener.get() {
            listener.unpark();
        }
        // It is full when it rings already.
        #[cfg(unix)]
        let _ = self.wire[0].get().map(|mut near| near.write(&[0]));
    }

    pub(super) fn hush(&self) {
        #[cfg(unix)]
        let _ = self.wire[1].get().map(|mut far| far.read(&mut [0; 8]));
    }

    /// Returns whether the descriptors are still the bell's own: other code may have closed them.
    pub(super) fn works(&self) -> bool {
        #[cfg(unix)]
        return self.wire.iter().all(|end| end.get().is_some());
        #[cfg(not(unix))]
        true
    }

    /// What can be read from while it rings; -1 where a thread has to listen.
    #[cfg(unix)]
    pub(super) fn descriptor(&self) -> i32 {
        self.wire[1].get().map_or(-1, AsRawFd::as_raw_fd)
    }

    #[cfg(not(unix))]
    pub(super) fn descriptor(&self) -> i32 {
        -1
    }

    /// Waits in this thread, and always in the same one. Returns whether it rang.
    pub(super) fn listen(&self, limit: Duration) -> bool {
        self.listener.get_or_init(thread::current);
        if !self.rang.load(Ordering::Acquire) {
            thread::park_timeout(limit);
        }
        self.rang.swap(false, Ordering::Acquire)
    }
}
