//! The numbers of calls that are done and that an event loop has not handled yet, with a bell that notifies it.

use std::ptr;
use std::slice;
use std::sync::Arc;
use std::sync::atomic::{AtomicPtr, Ordering};
use std::time::Duration;

use super::bell::Bell;

/// A queue of numbers. It is lock-free, because `fork` could copy a lock in locked state.
pub(super) struct Mailbox {
    newest: AtomicPtr<Letter>,
    bell: Bell,
}

struct Letter {
    number: u64,
    older: *mut Letter,
}

impl Mailbox {
    /// Adds a number, and rings if the mailbox was empty.
    pub(super) fn put(&self, number: u64) {
        let letter = Box::into_raw(Box::new(Letter { number, older: ptr::null_mut() }));
        let mut newest = self.newest.load(Ordering::Relaxed);
        loop {
            // SAFETY: `letter` is from `Box::into_raw`, so it is valid. No other thread can access it: it is published
            // only by the exchange below, after which the loop ends.
            unsafe { (*letter).older = newest };
            match self.newest.compare_exchange_weak(newest, letter, Ordering::AcqRel, Ordering::Relaxed) {
                Ok(_) => break,
                Err(other) => newest = other,
            }
        }
        if newest.is_null() {
            self.bell.ring();
        }
    }

    /// Takes all numbers, oldest first.
    fn take(&self) -> Vec<u64> {
        let mut numbers = Vec::new();
        let mut newest = self.newest.swap(ptr::null_mut(), Ordering::AcqRel);
        while !newest.is_null() {
            // SAFETY: every letter in the list is from `Box::into_raw` in `put`. The swap above removed the whole list
            // at once, so only this thread has access to it, and each letter is visited once.
            let letter = unsafe { Box::from_raw(newest) };
            numbers.push(letter.number);
            newest = letter.older;
        }
        numbers.reverse();
        numbers
    }
}

impl Drop for Mailbox {
    fn drop(&mut self) {
        self.take();
    }
}

/// Creates a mailbox. Returns null if the system has no more file descriptors.
#[unsafe(no_mangle)]
extern "C" fn purecloud_oauth_python_mailbox() -> *const Mailbox {
    match Bell::new() {
        Some(bell) => Arc::into_raw(Arc::new(Mailbox { newest: AtomicPtr::default(), bell })),
        None => ptr::null(),
    }
}

/// Releases Python's reference to a mailbox.
///
/// # Safety
///
/// `mailbox` is from `purecloud_oauth_python_mailbox`, was not released before, and is not used by Python afterwards.
#[unsafe(no_mangle)]
unsafe extern "C" fn purecloud_oauth_python_mailbox_free(mailbox: *const Mailbox) {
    // SAFETY: `mailbox` is from `Arc::into_raw`, and by this function's contract Python's reference is released only
    // here. Calls under way own references of their own.
    drop(unsafe { Arc::from_raw(mailbox) });
}

/// Returns the file descriptor that is readable while the bell rings; -1 if a thread must listen instead.
///
/// # Safety
///
/// `mailbox` is from `purecloud_oauth_python_mailbox` and has not been released.
#[unsafe(no_mangle)]
unsafe extern "C" fn purecloud_oauth_python_mailbox_descriptor(mailbox: *const Mailbox) -> i32 {
    // SAFETY: by this function's contract Python owns a reference, which keeps the mailbox alive during this call.
    unsafe { &*mailbox }.bell.descriptor()
}

/// Returns whether the bell can ring: other code of the process may have closed its descriptors.
///
/// # Safety
///
/// As for `purecloud_oauth_python_mailbox_descriptor`.
#[unsafe(no_mangle)]
unsafe extern "C" fn purecloud_oauth_python_mailbox_works(mailbox: *const Mailbox) -> bool {
    // SAFETY: by this function's contract Python owns a reference, which keeps the mailbox alive during this call.
    unsafe { &*mailbox }.bell.works()
}

/// Waits for the bell, at most for the given time. Returns whether it rang. Always called by the same thread.
///
/// # Safety
///
/// `mailbox` is from `purecloud_oauth_python_mailbox` and is not released before this function returns.
#[unsafe(no_mangle)]
unsafe extern "C" fn purecloud_oauth_python_mailbox_listen(
    mailbox: *const Mailbox,
    milliseconds: u32,
) -> bool {
    // SAFETY: by this function's contract Python owns a reference, which keeps the mailbox alive during this call.
    unsafe { &*mailbox }.bell.listen(Duration::from_millis(milliseconds.into()))
}

/// Takes numbers, oldest first, and returns how many it has stored. If there are more, the bell rings again.
///
/// # Safety
///
/// As for `purecloud_oauth_python_mailbox_descriptor`. `numbers` points to an initialized
/// array of `room` numbers, which no other code accesses during the call.
#[unsafe(no_mangle)]
unsafe extern "C" fn purecloud_oauth_python_mailbox_take(
    mailbox: *const Mailbox,
    numbers: *mut u64,
    room: usize,
) -> usize {
    // SAFETY: by this function's contract Python owns a reference, which keeps the mailbox alive during this call, and
    // the array is valid, initialized and accessed only here: it is an array of `ctypes`, and the GIL is held.
    let (mailbox, numbers) = unsafe { (&*mailbox, slice::from_raw_parts_mut(numbers, room)) };
    // Cleared before the numbers are taken: a number that is put later finds the mailbox empty and rings again.
    mailbox.bell.clear();
    let taken = mailbox.take();
    let (now, later) = taken.split_at(taken.len().min(room));
    numbers[..now.len()].copy_from_slice(now);
    later.iter().for_each(|&number| mailbox.put(number));
    now.len()
}
