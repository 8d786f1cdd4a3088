//! Values that are created anew after a fork, and after the runtime of a process has stopped working.

use std::mem;
use std::process;
use std::sync::atomic::{AtomicU64, Ordering};

use once_cell::sync::OnceCell;

/// The process, and the number of its runtime. A fork copies the memory but not the threads, and a runtime whose
/// descriptors were closed no longer responds: values of another era are never used again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Era {
    process: u32,
    generation: u64,
}

static GENERATION: AtomicU64 = AtomicU64::new(0);

impl Era {
    /// Returns the current era of this process.
    pub(super) fn now() -> Self {
        Era { process: process::id(), generation: GENERATION.load(Ordering::Acquire) }
    }

    /// Returns the era of values that need no runtime and last as long as the process.
    pub(super) fn of_the_process() -> Self {
        Era { process: process::id(), generation: u64::MAX }
    }

    /// Returns an era that has ended.
    #[cfg(test)]
    pub(super) fn ended() -> Self {
        Era { process: process::id(), generation: u64::MAX - 1 }
    }

    /// Ends this era, if it has not ended yet.
    pub(super) fn end(self) {
        let next = self.generation.saturating_add(1);
        let _ = GENERATION.compare_exchange(self.generation, next, Ordering::AcqRel, Ordering::Acquire);
    }

    pub(super) fn is_of_this_process(self) -> bool {
        self.process == process::id()
    }
}

/// A value for each era.
pub(super) struct PerEra<T> {
    oldest: OnceCell<EraValue<T>>,
}

/// An entry of the list of all eras' values; there is rarely more than one.
struct EraValue<T> {
    era: Era,
    value: OnceCell<T>,
    next: OnceCell<Box<EraValue<T>>>,
}

impl<T> EraValue<T> {
    fn new(era: Era) -> Self {
        EraValue { era, value: OnceCell::new(), next: OnceCell::new() }
    }
}

impl<T> PerEra<T> {
    pub(super) const fn new() -> Self {
        PerEra { oldest: OnceCell::new() }
    }

    /// Returns the value of the era. If there is none, creates it by `make`, which receives the latest value of an
    /// earlier era of the same process.
    pub(super) fn get_or_try_init<E>(
        &self,
        era: Era,
        make: impl FnOnce(Option<&T>) -> Result<T, E>,
    ) -> Result<&T, E> {
        let mut entry = self.oldest.get_or_init(|| EraValue::new(era));
        let mut before = None;
        while entry.era != era {
            if entry.era.process == era.process {
                before = entry.value.get().or(before);
            }
            entry = entry.next.get_or_init(|| Box::new(EraValue::new(era)));
        }
        entry.value.get_or_try_init(|| make(before))
    }
}

impl<T> Drop for PerEra<T> {
    fn drop(&mut self) {
        // Values of other eras are leaked: their threads are in another process, or the numbers of their descriptors
        // may belong to other code by now.
        let (now, permanent) = (Era::now(), Era::of_the_process());
        let mut next = self.oldest.take();
        while let Some(mut entry) = next {
            next = entry.next.take().map(|next| *next);
            if entry.era != now && entry.era != permanent {
                mem::forget(entry.value);
            }
        }
    }
}
