//! How Python waits for a call: in its thread, or in an event loop that is told through a mailbox. No thread of the
//! library enters Python, so none competes for the interpreter, and none is inside when that ends.

use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::thread::{self, Thread};
use std::time::{Duration, Instant};

use super::mailbox::Mailbox;

/// What uniffi exports for the futures of one type.
#[repr(C)]
#[derive(Clone, Copy)]
pub(super) struct Functions {
    poll: unsafe extern "C" fn(future: u64, told: extern "C" fn(*const Call, i8), call: *const Call),
    cancel: unsafe extern "C" fn(future: u64),
    free: unsafe extern "C" fn(future: u64),
}

/// What uniffi says when a future is to be polled again.
const WAKE: i8 = 1;

/// A call under way. Python has it until it is no longer interested, and the library until the call is done.
pub(super) struct Call {
    future: u64,
    functions: Functions,
    progress: AtomicU8,
    waiting: Waiting,
}

enum Waiting {
    Thread(Thread),
    Loop { mailbox: Arc<Mailbox>, number: u64 },
}

/// How far a call is. Who comes second, of `DONE` and `LEFT`, frees the future.
mod progress {
    pub(super) const UNDER_WAY: u8 = 0;
    /// The library has said for the last time how it is.
    pub(super) const DONE: u8 = 1;
    /// Python does not look at it any more.
    pub(super) const LEFT: u8 = 2;
}

impl Call {
    /// Polls until there is a result, on whatever thread there is something new.
    extern "C" fn told(call: *const Call, code: i8) {
        // SAFETY: it is the library's own, which passes it on here, or gives it back at the end.
        let call = unsafe { Arc::from_raw(call) };
        if code == WAKE {
            // SAFETY: the future is freed when the call is done at the earliest, which it isn't.
            unsafe { (call.functions.poll)(call.future, Call::told, Arc::into_raw(Arc::clone(&call))) };
        } else if call.progress.swap(progress::DONE, Ordering::AcqRel) == progress::LEFT {
            call.free();
        } else {
            match &call.waiting {
                Waiting::Thread(thread) => thread.unpark(),
                Waiting::Loop { mailbox, number } => mailbox.put(*number),
            }
        }
    }

    fn is_done(&self) -> bool {
        self.progress.load(Ordering::Acquire) == progress::DONE
    }

    fn free(&self) {
        // SAFETY: only who comes second comes here.
        unsafe { (self.functions.free)(self.future) };
    }
}

/// Begins a call. With a mailbox its event loop is told of it by this number; without one this thread waits.
///
/// # Safety
///
/// The functions are those of the future's type, and nobody else uses it before the call is done. The mailbox, if
/// there is one, has not been freed.
#[unsafe(no_mangle)]
unsafe extern "C" fn purecloud_oauth_python_begin(
    future: u64,
    functions: &Functions,
    mailbox: *const Mailbox,
    number: u64,
) -> *const Call {
    let waiting = if mailbox.is_null() {
        Waiting::Thread(thread::current())
    } else {
        // SAFETY: Python has it, so it can be counted.
        unsafe { Arc::increment_strong_count(mailbox) };
        // SAFETY: that is what has just been counted.
        Waiting::Loop { mailbox: unsafe { Arc::from_raw(mailbox) }, number }
    };
    let progress = AtomicU8::new(progress::UNDER_WAY);
    let call = Arc::new(Call { future, functions: *functions, progress, waiting });
    Call::told(Arc::into_raw(Arc::clone(&call)), WAKE);
    Arc::into_raw(call)
}

/// Frees a future for which no call is begun.
///
/// # Safety
///
/// The functions are those of the future's type, and nobody else uses it.
#[unsafe(no_mangle)]
unsafe extern "C" fn purecloud_oauth_python_discard(future: u64, functions: &Functions) {
    // SAFETY: it is nobody else's.
    unsafe { (functions.free)(future) };
}

/// Waits in this thread, which has begun the call; not longer than this. Returns whether there is a result.
///
/// # Safety
///
/// The call has not been left.
#[unsafe(no_mangle)]
unsafe extern "C" fn purecloud_oauth_python_wait(call: *const Call, milliseconds: u32) -> bool {
    // SAFETY: Python has not left it.
    let call = unsafe { &*call };
    let end = Instant::now() + Duration::from_millis(milliseconds.into());
    while !call.is_done() {
        let left = end.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return false;
        }
        thread::park_timeout(left);
    }
    true
}

/// Leaves a call, whether it is done or not: then it is cancelled.
///
/// # Safety
///
/// It is not used any more.
#[unsafe(no_mangle)]
unsafe extern "C" fn purecloud_oauth_python_leave(call: *const Call) {
    // SAFETY: it is Python's own.
    let call = unsafe { Arc::from_raw(call) };
    if !call.is_done() {
        // SAFETY: it is freed when it has been left at the earliest.
        unsafe { (call.functions.cancel)(call.future) };
    }
    if call.progress.swap(progress::LEFT, Ordering::AcqRel) == progress::DONE {
        call.free();
    }
}
