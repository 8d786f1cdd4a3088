//! Values that are made anew after a fork, and after the runtime of a process has stopped working.

use std::mem;
use std::process;
use std::sync::atomic::{AtomicU64, Ordering};

use once_cell::sync::OnceCell;

/// The process, and the number of its runtime. A fork copies the memory but not the threads behind it, and a runtime
/// whose descriptors were closed answers no more: what was made in another era is never used again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Era {
    process: u32,
    generation: u64,
}

static GENERATION: AtomicU64 = AtomicU64::new(0);

impl Era {
    pub(super) fn now() -> Self {
        Era { process: process::id(), generation: GENERATION.load(Ordering::Acquire) }
    }

    /// The era of values that need no runtime, and so outlive each of them.
    pub(super) fn of_the_process() -> Self {
        Era { process: process::id(), generation: u64::MAX }
    }

    /// An era that is over.
    #[cfg(test)]
    pub(super) fn never() -> Self {
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
    oldest: OnceCell<Made<T>>,
}

/// The values of all eras so far; there is seldom more than one.
struct Made<T> {
    era: Era,
    value: OnceCell<T>,
    next: OnceCell<Box<Made<T>>>,
}

impl<T> Made<T> {
    fn of(era: Era) -> Self {
        Made { era, value: OnceCell::new(), next: OnceCell::new() }
    }
}

impl<T> PerEra<T> {
    pub(super) const fn new() -> Self {
        PerEra { oldest: OnceCell::new() }
    }

    /// Returns this era's value. If there is none, makes it, given the latest of an earlier era of the same process.
    pub(super) fn get_or_try_init<E>(
        &self,
        era: Era,
        make: impl FnOnce(Option<&T>) -> Result<T, E>,
    ) -> Result<&T, E> {
        let mut made = self.oldest.get_or_init(|| Made::of(era));
        let mut before = None;
        while made.era != era {
            if made.era.process == era.process {
                before = made.value.get().or(before);
            }
            made = made.next.get_or_init(|| Box::new(Made::of(era)));
        }
        made.value.get_or_try_init(|| make(before))
    }
}

impl<T> Drop for PerEra<T> {
    fn drop(&mut self) {
        // Values of other eras are leaked: their threads are in another process, or the numbers of their descriptors
        // belong to others by now.
        let (now, outliving) = (Era::now(), Era::of_the_process());
        let mut next = self.oldest.take();
        while let Some(mut made) = next {
            next = made.next.take().map(|next| *next);
            if made.era != now && made.era != outliving {
                mem::forget(made.value);
            }
        }
    }
}
