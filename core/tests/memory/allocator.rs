//! An allocator that counts the bytes in use and their peak.

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

static LIVE: AtomicUsize = AtomicUsize::new(0);
static PEAK: AtomicUsize = AtomicUsize::new(0);

/// The system allocator with counters.
pub(crate) struct Counting;

/// A measurement of the bytes in use; only one is possible at a time.
pub(crate) struct Measurement {
    before: usize,
}

impl Measurement {
    pub(crate) fn start() -> Self {
        let before = LIVE.load(Relaxed);
        PEAK.store(before, Relaxed);
        Measurement { before }
    }

    /// Returns the peak of the bytes in use since the start, in addition to those in use before.
    pub(crate) fn peak(&self) -> usize {
        PEAK.load(Relaxed).saturating_sub(self.before)
    }
}

fn grow(bytes: usize) {
    let live = LIVE.fetch_add(bytes, Relaxed) + bytes;
    PEAK.fetch_max(live, Relaxed);
}

fn shrink(bytes: usize) {
    LIVE.fetch_sub(bytes, Relaxed);
}

// SAFETY: every method hands its arguments unchanged to the system's allocator, which upholds the contract of
// `GlobalAlloc`, and returns its result unchanged. The counters are atomics: updating them neither allocates nor
// unwinds.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // SAFETY: the caller guarantees a layout of a size other than zero, as `System` demands.
        let memory = unsafe { System.alloc(layout) };
        if !memory.is_null() {
            grow(layout.size());
        }
        memory
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        // SAFETY: the caller guarantees a layout of a size other than zero, as `System` demands.
        let memory = unsafe { System.alloc_zeroed(layout) };
        if !memory.is_null() {
            grow(layout.size());
        }
        memory
    }

    unsafe fn dealloc(&self, memory: *mut u8, layout: Layout) {
        // SAFETY: the caller guarantees that `memory` was allocated here with this layout, hence by `System`.
        unsafe { System.dealloc(memory, layout) };
        shrink(layout.size());
    }

    unsafe fn realloc(&self, memory: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        // SAFETY: the caller guarantees that `memory` was allocated here with this layout, hence by `System`, and
        // that the new size is neither zero nor too large.
        let moved = unsafe { System.realloc(memory, layout, size) };
        if !moved.is_null() {
            // Only the difference is counted, because the operating system moves a large block without a second copy of
            // it.
            match size.checked_sub(layout.size()) {
                Some(more) => grow(more),
                None => shrink(layout.size() - size),
            }
        }
        moved
    }
}
