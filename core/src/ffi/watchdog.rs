//! Ends waits that the runtime can't end any more. One thread for each process, which needs no descriptors.

use std::collections::BTreeMap;
use std::io;
use std::panic::{self, AssertUnwindSafe};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::task::Waker;
use std::thread;
use std::time::{Duration, Instant};

use super::era::{Era, PerEra};
use super::runtime::{Fate, Runtime};

/// While calls wait, they are looked at this often.
const TICK: Duration = Duration::from_millis(200);

/// After its deadline a call gives up in this time: the runtime, which ends it at the deadline, comes first.
const GRACE: Duration = Duration::from_millis(500);

/// The part of that time in which a runtime has to show that it works; otherwise it gets no more calls.
const TRIAL: Duration = Duration::from_millis(250);

pub(super) struct Watchdog {
    calls: Mutex<Calls>,
    /// Rings when there is something to look at before the next tick.
    bell: Condvar,
}

#[derive(Default)]
struct Calls {
    watched: BTreeMap<u64, Watched>,
    last: u64,
    is_idle: bool,
}

struct Watched {
    runtime: &'static Runtime,
    fate: Arc<Fate>,
    /// `None` for a time beyond what the clock can say.
    deadline: Option<Instant>,
    waker: Waker,
    trial: Option<Trial>,
}

struct Trial {
    began: Instant,
    passed: Arc<Fate>,
}

/// A call that is watched, until this is dropped.
pub(super) struct Watch {
    watchdog: &'static Watchdog,
    process: Era,
    number: u64,
}

static WATCHDOG: PerEra<Arc<Watchdog>> = PerEra::new();

impl Watchdog {
    pub(super) fn of_the_process() -> io::Result<&'static Watchdog> {
        let watchdog = WATCHDOG.get_or_try_init(Era::of_the_process(), |_| {
            let watchdog = Arc::new(Watchdog { calls: Mutex::default(), bell: Condvar::new() });
            let own = Arc::clone(&watchdog);
            thread::Builder::new().name("purecloud-watch".to_owned()).spawn(move || own.watch())?;
            Ok::<_, io::Error>(watchdog)
        })?;
        Ok(watchdog)
    }

    /// Looks at all calls now.
    pub(super) fn hurry(&self) {
        self.bell.notify_all();
    }

    /// Watches a call: wakes it when its runtime is broken, or when it is overdue.
    pub(super) fn add(
        &'static self,
        runtime: &'static Runtime,
        fate: Arc<Fate>,
        deadline: Option<Instant>,
        waker: Waker,
    ) -> Watch {
        let mut calls = self.lock();
        calls.last += 1;
        let number = calls.last;
        calls.watched.insert(number, Watched { runtime, fate, deadline, waker, trial: None });
        if calls.is_idle {
            self.bell.notify_all();
        }
        Watch { watchdog: self, process: Era::of_the_process(), number }
    }

    fn watch(&self) {
        let mut calls = self.lock();
        loop {
            if calls.watched.is_empty() {
                calls.is_idle = true;
                calls = self.bell.wait(calls).unwrap_or_else(PoisonError::into_inner);
                calls.is_idle = false;
                continue;
            }
            let now = Instant::now();
            let mut wait = TICK;
            let mut over = Vec::new();
            for call in calls.watched.values_mut() {
                match call.left(now) {
                    Some(left) => wait = wait.min(left),
                    None => over.push(call.waker.clone()),
                }
            }
            // A call that is woken locks this itself, to leave.
            drop(calls);
            for waker in over {
                let _ = panic::catch_unwind(AssertUnwindSafe(|| waker.wake()));
            }
            calls = self.lock();
            calls = self.bell.wait_timeout(calls, wait).unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    fn lock(&self) -> MutexGuard<'_, Calls> {
        // What it holds is whole at every moment.
        self.calls.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Watched {
    /// The time until the call has to be looked at again; `None` when it has to be woken.
    fn left(&mut self, now: Instant) -> Option<Duration> {
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
        // Where the whole process was stopped for a while, the runtime gets its trial all the same.
        let trial = self.trial.get_or_insert_with(|| Trial { began: now, passed: self.runtime.try_out() });
        let tried = now.saturating_duration_since(trial.began);
        if tried < TRIAL {
            return Some(TRIAL - tried);
        }
        if !trial.passed.has_begun() {
            self.runtime.retire();
        }
        self.fate.expire();
        None
    }
}

impl Watch {
    /// Notes by which waker the call is to be woken from now on.
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
        // In a forked process the lock may have been copied locked, and the thread is not there.
        if self.process.is_of_this_process() {
            let watched = self.watchdog.lock().watched.remove(&self.number);
            // The waker is dropped without the lock: it may be the last that holds the call.
            drop(watched);
        }
    }
}
