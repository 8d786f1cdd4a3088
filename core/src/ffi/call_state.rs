//! The progress of a call, as the caller, the runtime and the watchdog see it.

use std::sync::atomic::{AtomicBool, AtomicU8, Ordering};

/// The progress of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Progress {
    NotBegun,
    /// Its request may have been sent.
    Begun,
}

/// The state of a call, shared by caller, runtime and watchdog.
pub(super) struct CallState {
    progress: AtomicU8,
    is_overdue: AtomicBool,
}

impl CallState {
    const NOT_BEGUN: u8 = 0;
    const BEGUN: u8 = 1;
    const GIVEN_UP: u8 = 2;

    pub(super) fn new() -> Self {
        CallState { progress: AtomicU8::new(CallState::NOT_BEGUN), is_overdue: AtomicBool::new(false) }
    }

    /// Marks the work as begun. Returns false if the caller has given up: then the work must not begin.
    pub(super) fn begin(&self) -> bool {
        self.leave_not_begun(CallState::BEGUN).is_ok()
    }

    pub(super) fn has_begun(&self) -> bool {
        self.progress.load(Ordering::Acquire) == CallState::BEGUN
    }

    /// Gives up the call: work that has not begun never will.
    pub(super) fn give_up(&self) -> Progress {
        match self.leave_not_begun(CallState::GIVEN_UP) {
            Err(CallState::BEGUN) => Progress::Begun,
            _ => Progress::NotBegun,
        }
    }

    fn leave_not_begun(&self, next: u8) -> Result<u8, u8> {
        self.progress.compare_exchange(CallState::NOT_BEGUN, next, Ordering::AcqRel, Ordering::Acquire)
    }

    /// Returns true if the watchdog has found that the call is overdue.
    pub(super) fn is_overdue(&self) -> bool {
        self.is_overdue.load(Ordering::Acquire)
    }

    pub(super) fn expire(&self) {
        self.is_overdue.store(true, Ordering::Release);
    }
}
