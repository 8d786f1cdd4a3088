//! What an event loop has still to look at: the numbers of calls, and a bell that rings when there are some again.

use std::ptr;
use std::slice;
use std::sync::Arc;
use std::sync::atomic::{AtomicPtr, Ordering};
use std::time::Duration;

use super::bell::Bell;

/// There is no lock: a fork could copy it locked.
pub(super) struct Mailbox {
    newest: AtomicPtr<Letter>,
    bell: Bell,
}

struct Letter {
    number: u64,
    older: *mut Letter,
}

impl Mailbox {
    pub(super) fn put(&self, number: u64) {
        let letter = Box::into_raw(Box::new(Letter { number, older: ptr::null_mut() }));
        let mut newest = self.newest.load(Ordering::Relaxed);
        loop {
            // SAFETY: nobody else knows of it yet.
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

    /// All that there are, the oldest first.
    fn take(&self) -> Vec<u64> {
        let mut numbers = Vec::new();
        let mut newest = self.newest.swap(ptr::null_mut(), Ordering::AcqRel);
        while !newest.is_null() {
            // SAFETY: `put` has made it of a box, and who has taken it out has it alone.
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

/// A mailbox; nothing where the system has no more descriptors.
#[unsafe(no_mangle)]
extern "C" fn purecloud_oauth_python_mailbox() -> *const Mailbox {
    match Bell::new() {
        Some(bell) => Arc::into_raw(Arc::new(Mailbox { newest: AtomicPtr::default(), bell })),
        None => ptr::null(),
    }
}

/// # Safety
///
/// Python does not use it any more.
#[unsafe(no_mangle)]
unsafe extern "C" fn purecloud_oauth_python_mailbox_free(mailbox: *const Mailbox) {
    // SAFETY: it is Python's own; calls that are under way have theirs.
    drop(unsafe { Arc::from_raw(mailbox) });
}

/// A file descriptor that can be read from while the bell rings; -1 where a thread has to listen.
///
/// # Safety
///
/// The mailbox has not been freed.
#[unsafe(no_mangle)]
unsafe extern "C" fn purecloud_oauth_python_mailbox_descriptor(mailbox: *const Mailbox) -> i32 {
    // SAFETY: it has not been freed.
    unsafe { &*mailbox }.bell.descriptor()
}

/// Returns whether the bell can ring: other code of the process may have closed its descriptors.
///
/// # Safety
///
/// The mailbox has not been freed.
#[unsafe(no_mangle)]
unsafe extern "C" fn purecloud_oauth_python_mailbox_works(mailbox: *const Mailbox) -> bool {
    // SAFETY: it has not been freed.
    unsafe { &*mailbox }.bell.works()
}

/// Waits for the bell in this thread, and always in the same one; not longer than this. Returns whether it rang.
///
/// # Safety
///
/// The mailbox is not freed meanwhile.
#[unsafe(no_mangle)]
unsafe extern "C" fn purecloud_oauth_python_mailbox_listen(
    mailbox: *const Mailbox,
    milliseconds: u32,
) -> bool {
    // SAFETY: it is not freed meanwhile.
    unsafe { &*mailbox }.bell.listen(Duration::from_millis(milliseconds.into()))
}

/// Takes numbers out, the oldest first, and says how many. If there are more, the bell rings again.
///
/// # Safety
///
/// The mailbox has not been freed, and there is room for so many numbers.
#[unsafe(no_mangle)]
unsafe extern "C" fn purecloud_oauth_python_mailbox_take(
    mailbox: *const Mailbox,
    numbers: *mut u64,
    room: usize,
) -> usize {
    // SAFETY: it has not been freed, and there is room.
    let (mailbox, numbers) = unsafe { (&*mailbox, slice::from_raw_parts_mut(numbers, room)) };
    // In this order: who puts one in afterwards finds it empty, and rings.
    mailbox.bell.hush();
    let taken = mailbox.take();
    let (now, later) = taken.split_at(taken.len().min(room));
    numbers[..now.len()].copy_from_slice(now);
    later.iter().for_each(|&number| mailbox.put(number));
    now.len()
}
