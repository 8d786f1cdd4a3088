//! Waiting for a call from Python: in the calling thread, or in an event loop that is notified through a mailbox. No
//! thread of the native library enters the interpreter, so none competes for the GIL, and none is inside when the
//! interpreter is finalized.

use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::thread::{self, Thread};
use std::time::{Duration, Instant};

use super::mailbox::Mailbox;

/// uniffi's functions for the futures with one type of result.
///
/// uniffi passes the data of the callback as a `u64`. Here it is a pointer, which the C ABI passes in the same way on
/// platforms with 64-bit pointers.
#[repr(C)]
#[derive(Clone, Copy)]
pub(super) struct Functions {
    poll: unsafe extern "C" fn(
        future: u64,
        callback: extern "C" fn(*const PendingCall, i8),
        data: *const PendingCall,
    ),
    cancel: unsafe extern "C" fn(future: u64),
    free: unsafe extern "C" fn(future: u64),
}

/// uniffi's code for a future that must be polled again: `RustFuturePoll::Wake`.
const WAKE: i8 = 1;

/// A call in progress. Python owns a reference until it leaves the call, and the poll under way owns another one until
/// the call is done.
pub(super) struct PendingCall {
    future: u64,
    functions: Functions,
    progress: AtomicU8,
    waiter: Waiter,
}

/// The party to notify when the call is done.
enum Waiter {
    Thread(Thread),
    Loop { mailbox: Arc<Mailbox>, number: u64 },
}

/// The states of a call. The second of `DONE` and `LEFT` to be set frees the future.
mod progress {
    pub(super) const UNDER_WAY: u8 = 0;
    /// uniffi has reported the future as ready, and calls back no more.
    pub(super) const DONE: u8 = 1;
    /// Python has left the call, and uses it no more.
    pub(super) const LEFT: u8 = 2;
}

impl PendingCall {
    /// The callback of each poll. If the future was woken, polls it again, on the thread that woke it. Otherwise the
    /// call is done: notifies the waiter, or frees the future if Python has left the call.
    extern "C" fn continue_poll(call: *const PendingCall, code: i8) {
        // SAFETY: `call` is from the `Arc::into_raw` of the poll that this is the callback of: uniffi passes it on
        // unchanged. uniffi calls back exactly once for each poll, so this is the only use of that reference.
        let call = unsafe { Arc::from_raw(call) };
        if code == WAKE {
            // SAFETY: by the contract of `begin`, `future` is the handle of a future that these functions are for.
            // There is one poll at a time, and the future is freed only after the callback of the last one has set
            // `DONE`. With `WAKE` this was not the last one. If the new poll itself ends with freeing the future, a
            // reference of uniffi keeps the future alive until the poll returns.
            unsafe {
                (call.functions.poll)(
                    call.future,
                    PendingCall::continue_poll,
                    Arc::into_raw(Arc::clone(&call)),
                );
            }
        } else if call.progress.swap(progress::DONE, Ordering::AcqRel) == progress::LEFT {
            call.free();
        } else {
            match &call.waiter {
                Waiter::Thread(thread) => thread.unpark(),
                Waiter::Loop { mailbox, number } => mailbox.put(*number),
            }
        }
    }

    fn is_done(&self) -> bool {
        self.progress.load(Ordering::Acquire) == progress::DONE
    }

    /// Frees the future. Called by the code that sets the second of `DONE` and `LEFT`.
    fn free(&self) {
        // SAFETY: `progress` is swapped to `DONE` once and to `LEFT` once, and only the second swap finds the other
        // one, so the future is freed once. It is not used afterwards: uniffi calls back no more, and Python has left.
        unsafe { (self.functions.free)(self.future) };
    }
}

/// Begins a call. When it is done, `number` is put into the mailbox or, if that is null, the calling thread is
/// unparked.
///
/// # Safety
///
/// - `future` is the handle of a future that has not been freed. The call takes it over: until the call is done, the
///   caller does not use it, then it may complete it until it leaves the call, and it never frees it.
/// - `functions` points to the addresses of uniffi's functions for futures with this type of result.
/// - `mailbox` is null, or is from `purecloud_oauth_python_mailbox` and has not been released.
#[unsafe(no_mangle)]
unsafe extern "C" fn purecloud_oauth_python_begin(
    future: u64,
    functions: &Functions,
    mailbox: *const Mailbox,
    number: u64,
) -> *const PendingCall {
    let waiter = if mailbox.is_null() {
        Waiter::Thread(thread::current())
    } else {
        // SAFETY: `mailbox` is from `Arc::into_raw`, and by this function's contract Python owns a reference to it.
        unsafe { Arc::increment_strong_count(mailbox) };
        // SAFETY: takes over the reference that was added by the line above.
        Waiter::Loop { mailbox: unsafe { Arc::from_raw(mailbox) }, number }
    };
    let progress = AtomicU8::new(progress::UNDER_WAY);
    let call = Arc::new(PendingCall { future, functions: *functions, progress, waiter });
    PendingCall::continue_poll(Arc::into_raw(Arc::clone(&call)), WAKE);
    Arc::into_raw(call)
}

/// Frees a future for which no call was begun.
///
/// # Safety
///
/// `future` is the handle of a future that has not been freed, was not passed to `purecloud_oauth_python_begin`, and is
/// not used afterwards. `functions` points to the addresses of uniffi's functions for futures with this type of result.
#[unsafe(no_mangle)]
unsafe extern "C" fn purecloud_oauth_python_discard(future: u64, functions: &Functions) {
    // SAFETY: by this function's contract the future has not been freed, is not used afterwards, and is of the type
    // that the function is for.
    unsafe { (functions.free)(future) };
}

/// Waits until the call is done, at most for the given time, and returns whether it is done. To wait longer than 0 ms,
/// the calling thread must have begun the call, without a mailbox: only that thread is unparked.
///
/// # Safety
///
/// `call` is from `purecloud_oauth_python_begin`, and is not left before this function returns.
#[unsafe(no_mangle)]
unsafe extern "C" fn purecloud_oauth_python_wait(call: *const PendingCall, milliseconds: u32) -> bool {
    // SAFETY: by this function's contract Python owns a reference, which keeps the call alive during this function.
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

/// Leaves a call. A call that is not done is cancelled.
///
/// # Safety
///
/// `call` is from `purecloud_oauth_python_begin`, was not left before, and is not used by Python afterwards.
#[unsafe(no_mangle)]
unsafe extern "C" fn purecloud_oauth_python_leave(call: *const PendingCall) {
    // SAFETY: `call` is from `Arc::into_raw` in `begin`, and by this function's contract Python's reference is released
    // only here.
    let call = unsafe { Arc::from_raw(call) };
    if !call.is_done() {
        // SAFETY: the future is freed only after `LEFT` was set, which happens below. If the call is done meanwhile,
        // cancelling it has no effect.
        unsafe { (call.functions.cancel)(call.future) };
    }
    if call.progress.swap(progress::LEFT, Ordering::AcqRel) == progress::DONE {
        call.free();
    }
}
