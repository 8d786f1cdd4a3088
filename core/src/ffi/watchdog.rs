//! Ends waits that the runtime can no longer end. It is one thread per process, which needs no file descriptors.

use std::collections::BTreeMap;
use std::io;
use std::panic::{self, AssertUnwindSafe};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::task::Waker;
use std::thread;
use std::time::{Duration, Instant};

use super::call_state::CallState;
use super::era::{Era, PerEra};

/// The interval at which waiting calls are checked.
const TICK: Duration = Duration::from_millis(200);

/// The time after its deadline at which the watchdog ends a call. The runtime normally ends it at the deadline.
const GRACE: Duration = Duration::from_millis(500);

/// The part of `GRACE` within which a runtime must execute a trial task; otherwise it gets no more calls.
const TRIAL: Duration = Duration::from_millis(250);

/// A runtime, as the watchdog sees it.
pub(super) trait Watchable: Sync {
    /// Returns whether the runtime can't execute anything any more.
    fn is_broken(&self) -> bool;

    /// Spawns an empty task. The returned state shows whether the runtime has executed it.
    fn start_trial(&self) -> Arc<CallState>;

    /// Ends the runtime's era, so that later calls use another runtime. Calls that wait for this one still do.
    fn retire(&self);
}

/// The thread that watches calls, and the calls.
pub(super) struct Watchdog {
    calls: Mutex<Calls>,
    /// Notified if calls must be checked before the next tick.
    wakeup: Condvar,
}

#[derive(Default)]
struct Calls {
    watched: BTreeMap<u64, Watched>,
    last: u64,
    is_idle: bool,
}

struct Watched {
    runtime: &'static dyn Watchable,
    state: Arc<CallState>,
    /// `None` for a deadline beyond the range of the clock.
    deadline: Option<Instant>,
    waker: Waker,
    trial: Option<Trial>,
}

struct Trial {
    began: Instant,
    state: Arc<CallState>,
}

/// A guard that keeps a call watched until it is dropped.
pub(super) struct Watch {
    watchdog: &'static Watchdog,
    process: Era,
    number: u64,
}

static WATCHDOG: PerEra<Arc<Watchdog>> = PerEra::new();

impl Watchdog {
    pub(super) fn of_the_process() -> io::Result<&'static Watchdog> {
        let watchdog = WATCHDOG.get_or_try_init(Era::of_the_process(), |_| {
            let watchdog = Arc::new(Watchdog { calls: Mutex::default(), wakeup: Condvar::new() });
            let own = Arc::clone(&watchdog);
            thread::Builder::new().name("purecloud-watch".to_owned()).spawn(move || own.watch())?;
            Ok::<_, io::Error>(watchdog)
        })?;
        Ok(watchdog)
    }

    /// Makes the watchdog check all calls now.
    pub(super) fn check_now(&self) {
        self.wakeup.notify_all();
    }

    /// Starts to watch a call, which is woken if its runtime breaks or if it is overdue.
    pub(super) fn add(
        &'static self,
        runtime: &'static dyn Watchable,
        state: Arc<CallState>,
        deadline: Option<Instant>,
        waker: Waker,
    ) -> Watch {
        let mut calls = self.lock();
        calls.last += 1;
        let number = calls.last;
        calls.watched.insert(number, Watched { runtime, state, deadline, waker, trial: None });
        if calls.is_idle {
            self.wakeup.notify_all();
        }
        Watch { watchdog: self, process: Era::of_the_process(), number }
    }

    fn watch(&self) {
        let mut calls = self.lock();
        loop {
            if calls.watched.is_empty() {
                calls.is_idle = true;
                calls = self.wakeup.wait(calls).unwrap_or_else(PoisonError::into_inner);
                calls.is_idle = false;
                continue;
            }
            let now = Instant::now();
            let mut wait = TICK;
            let mut to_wake = Vec::new();
            for call in calls.watched.values_mut() {
                match call.time_until_check(now) {
                    Some(time) => wait = wait.min(time),
                    None => to_wake.push(call.waker.clone()),
                }
            }
            // Released first: a call that is woken takes the lock to remove itself.
            drop(calls);
            for waker in to_wake {
                let _ = panic::catch_unwind(AssertUnwindSafe(|| waker.wake()));
            }
            calls = self.lock();
            calls = self.wakeup.wait_timeout(calls, wait).unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    fn lock(&self) -> MutexGuard<'_, Calls> {
        // A poisoned lock is usable: no panic can leave the calls in an inconsistent state.
        self.calls.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Watched {
    /// Returns the time until the call must be checked again, or `None` if it must be woken.
    fn time_until_check(&mut self, now: Instant) -> Option<Duration> {
        if self.runtime.is_broken() {
            return None;
        }
        let Some(deadline) = self.deadline else { return Some(TICK) };
        let Some(passed) = now.checked_duration_since(deadline) else {
            return Some(deadline.saturating_duration_since(now) + GRACE - TRIAL);
        };
        if passed < GRACE - TRIAL {
            return Some(GRACE - TRIAL - passed);
        }
        // If the whole process was suspended, much time has passed, but the runtime gets its trial nevertheless.
        let trial = self.trial.get_or_insert_with(|| Trial { began: now, state: self.runtime.start_trial() });
        let tried = now.saturating_duration_since(trial.began);
        if tried < TRIAL {
            return Some(TRIAL - tried);
        }
        if !trial.state.has_begun() {
            self.runtime.retire();
        }
        self.state.expire();
        None
    }
}

impl Watch {
    /// Replaces the waker of the call.
    pub(super) fn set_waker(&self, waker: &Waker) {
        if let Some(call) = self.watchdog.lock().watched.get_mut(&self.number)
            && !call.waker.will_wake(waker)
        {
            call.waker = waker.clone();
        }
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        // In a forked process the lock may have been copied in locked state, and the watchdog's thread does not exist.
        if self.process.is_of_this_process() {
            let watched = self.watchdog.lock().watched.remove(&self.number);
            // Dropped without the lock: dropping the waker may drop the call.
            drop(watched);
        }
    }
}
