//! Notifies an event loop of numbers in its mailbox.

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

/// Wakes an event loop: through a socket pair that the event loop watches, or by unparking a thread that listens in its
/// place.
pub(super) struct Bell {
    /// The socket that is written to, and the one that the event loop watches.
    #[cfg(unix)]
    sockets: [Identified<UnixStream>; 2],
    rang: AtomicBool,
    listener: OnceCell<Thread>,
}

impl Bell {
    /// Creates a bell. Returns `None` if the system has no more file descriptors.
    pub(super) fn new() -> Option<Self> {
        #[cfg(unix)]
        let sockets = {
            let (near, far) = UnixStream::pair().ok()?;
            near.set_nonblocking(true).and(far.set_nonblocking(true)).ok()?;
            [Identified::new(near), Identified::new(far)]
        };
        Some(Bell {
            #[cfg(unix)]
            sockets,
            rang: AtomicBool::new(false),
            listener: OnceCell::new(),
        })
    }

    pub(super) fn ring(&self) {
        self.rang.store(true, Ordering::Release);
        if let Some(listener) = self.listener.get() {
            listener.unpark();
        }
        // Fails if the socket is full: then the event loop has been notified already.
        #[cfg(unix)]
        let _ = self.sockets[0].get().map(|mut near| near.write(&[0]));
    }

    /// Consumes the notification that makes the watched descriptor readable.
    pub(super) fn clear(&self) {
        #[cfg(unix)]
        let _ = self.sockets[1].get().map(|mut far| far.read(&mut [0; 8]));
    }

    /// Returns whether the descriptors are still those of the bell: other code may have closed them.
    pub(super) fn works(&self) -> bool {
        #[cfg(unix)]
        return self.sockets.iter().all(|end| end.get().is_some());
        #[cfg(not(unix))]
        true
    }

    /// Returns the descriptor that is readable while the bell rings; -1 if a thread must listen instead.
    #[cfg(unix)]
    pub(super) fn descriptor(&self) -> i32 {
        self.sockets[1].get().map_or(-1, AsRawFd::as_raw_fd)
    }

    #[cfg(not(unix))]
    pub(super) fn descriptor(&self) -> i32 {
        -1
    }

    /// Waits for the bell, for `limit` at most. Returns whether it rang. Always called by the same thread, because only
    /// the first thread that called it is unparked.
    pub(super) fn listen(&self, limit: Duration) -> bool {
        self.listener.get_or_init(thread::current);
        if !self.rang.load(Ordering::Acquire) {
            thread::park_timeout(limit);
        }
        self.rang.swap(false, Ordering::Acquire)
    }
}
