//! The runtime that executes the calls: one for each era, driven by a thread of the native library.
//!
//! A runtime can stop working: other code of the process may close its file descriptors, or the runtime may panic. Then
//! the calls that wait for it fail, and the next call is executed by another runtime.

use std::future::{Future, pending, poll_fn};
use std::io;
use std::mem::ManuallyDrop;
use std::panic::{self, AssertUnwindSafe};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{self, Thread};
use std::time::Instant;

use tokio::runtime::{Builder, Handle};
use tokio::sync::oneshot;
use tokio::task::AbortHandle;

use super::call_state::{CallState, Progress};
use super::era::{Era, PerEra};
use super::fault::{CallContext, Fault};
use super::watchdog::{Watch, Watchable, Watchdog};
use crate::error::Error;
use crate::ffi::OAuthError;

pub(super) struct Runtime {
    era: Era,
    /// A handle of the runtime, which itself is never dropped: see `Era`.
    handle: Handle,
    health: Arc<Health>,
}

static RUNTIME: PerEra<Runtime> = PerEra::new();

/// The maximum number of runtimes that are started for a call if each of them breaks at once.
const MAX_RUNTIMES: usize = 3;

impl Runtime {
    /// Returns the runtime of this era or, if it is broken, that of the next era.
    pub(super) fn current() -> Result<&'static Runtime, Error> {
        for _ in 0..MAX_RUNTIMES {
            let era = Era::now();
            let runtime = RUNTIME
                .get_or_try_init(era, |_| Runtime::start(era))
                .map_err(|error| Error::invalid_setting("runtime", "can't start its threads", error))?;
            if !runtime.is_broken() {
                return Ok(runtime);
            }
            era.end();
        }
        Err(Fault::Broken.error(&CallContext::UNKNOWN, Progress::NotBegun))
    }

    fn start(era: Era) -> io::Result<Self> {
        let health = Arc::new(Health::new()?);
        let (parking, unparked, driver) = (Arc::clone(&health), Arc::clone(&health), Arc::clone(&health));
        // A call waits for most of its time. A second worker thread would be woken for each call and find no work.
        let runtime = Builder::new_current_thread()
            .enable_all()
            .thread_name("purecloud-oauth")
            .on_thread_park(move || parking.stop_if_broken())
            .on_thread_unpark(move || unparked.stop_if_broken())
            .build()?;
        let handle = runtime.handle().clone();
        let runtime = ManuallyDrop::new(runtime);
        thread::Builder::new().name("purecloud-oauth".to_owned()).spawn(move || {
            // Returns only if the runtime itself panics. The panic hook has printed the message by then.
            let _ = panic::catch_unwind(AssertUnwindSafe(|| runtime.block_on(pending::<()>())));
            driver.note_broken();
        })?;
        Ok(Runtime { era, handle, health })
    }

    /// Starts a runtime that only one test uses.
    #[cfg(test)]
    pub(super) fn start_separate() -> &'static Runtime {
        Box::leak(Box::new(Runtime::start(Era::ended()).expect("the runtime starts")))
    }

    #[cfg(test)]
    pub(super) fn mark_broken(&self) {
        self.health.note_broken();
    }

    pub(super) fn era(&self) -> Era {
        self.era
    }

    /// Spawns a task. Returns `None` if that breaks the runtime; the task may be in its queue nevertheless.
    pub(super) fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) -> Option<AbortHandle> {
        // Tokio panics if the descriptor that wakes its thread is closed.
        let spawned = panic::catch_unwind(AssertUnwindSafe(|| self.handle.spawn(task).abort_handle()));
        if spawned.is_err() {
            self.health.note_broken();
        }
        spawned.ok()
    }

    /// Executes the work on the runtime's thread. The caller's thread is woken once, at the end. Dropping the future
    /// cancels the work.
    pub(super) async fn run<T: Send + 'static>(
        &'static self,
        context: CallContext,
        work: impl Future<Output = Result<T, Error>> + Send + 'static,
    ) -> Result<T, OAuthError> {
        let watchdog = Watchdog::of_the_process()
            .map_err(|error| Error::invalid_setting("runtime", "can't start its threads", error))?;
        let deadline = Instant::now().checked_add(context.limit);
        let state = Arc::new(CallState::new());
        let (sender, outcome) = oneshot::channel();
        let begun = Arc::clone(&state);
        let task = self.spawn(async move {
            if begun.begin() {
                // Fails if the caller has stopped waiting: then the result is dropped.
                let _ = sender.send(catch_panic(work).await);
            }
        });
        let waiting =
            Waiting { runtime: self, watchdog, context, deadline, state, outcome, task, watch: None };
        waiting.await.map_err(OAuthError::from)
    }

    /// Executes the work as `run` does, and blocks this thread until it is done.
    pub(super) fn wait<T: Send + 'static>(
        &'static self,
        context: CallContext,
        work: impl Future<Output = Result<T, Error>> + Send + 'static,
    ) -> Result<T, OAuthError> {
        block_on(self.run(context, work))
    }
}

impl Watchable for Runtime {
    fn is_broken(&self) -> bool {
        self.health.is_broken()
    }

    fn retire(&self) {
        self.era.end();
    }

    fn start_trial(&self) -> Arc<CallState> {
        let state = Arc::new(CallState::new());
        let trial = Arc::clone(&state);
        drop(self.spawn(async move {
            trial.begin();
        }));
        state
    }
}

/// The health of a runtime: it can't work without its file descriptors.
struct Health {
    is_broken: AtomicBool,
    /// Stands for the runtime's own descriptors, which can't be examined: a program that closes those, usually with a
    /// range of numbers, closes this one as well.
    #[cfg(unix)]
    sentinel: super::descriptor::Identified<std::os::unix::net::UnixDatagram>,
}

impl Health {
    fn new() -> io::Result<Self> {
        Ok(Health {
            is_broken: AtomicBool::new(false),
            #[cfg(unix)]
            sentinel: super::descriptor::Identified::new(std::os::unix::net::UnixDatagram::unbound()?),
        })
    }

    fn is_broken(&self) -> bool {
        if !self.is_broken.load(Ordering::Acquire) && self.has_lost_descriptors() {
            self.is_broken.store(true, Ordering::Release);
        }
        self.is_broken.load(Ordering::Acquire)
    }

    #[cfg(unix)]
    fn has_lost_descriptors(&self) -> bool {
        self.sentinel.get().is_none()
    }

    #[cfg(not(unix))]
    fn has_lost_descriptors(&self) -> bool {
        false
    }

    fn note_broken(&self) {
        self.is_broken.store(true, Ordering::Release);
        if let Ok(watchdog) = Watchdog::of_the_process() {
            watchdog.check_now();
        }
    }

    /// Parks the runtime's thread forever if the runtime is broken: it would poll and close descriptors by numbers that
    /// may belong to other code by now.
    fn stop_if_broken(&self) {
        if self.is_broken() {
            self.note_broken();
            loop {
                thread::park();
            }
        }
    }
}

/// The future by which a caller waits for a call, on any thread.
struct Waiting<T> {
    runtime: &'static Runtime,
    watchdog: &'static Watchdog,
    context: CallContext,
    deadline: Option<Instant>,
    state: Arc<CallState>,
    outcome: oneshot::Receiver<Result<Result<T, Error>, Panicked>>,
    /// The task of the call; `None` once the call is done, or if it could not be spawned.
    task: Option<AbortHandle>,
    watch: Option<Watch>,
}

impl<T> Future for Waiting<T> {
    type Output = Result<T, Error>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        match Pin::new(&mut self.outcome).poll(context) {
            Poll::Ready(Ok(Ok(result))) => {
                self.task = None;
                return Poll::Ready(result);
            }
            Poll::Ready(Ok(Err(Panicked))) => {
                self.task = None;
                // Tokio panics during a request if its descriptors are closed.
                let fault = if self.runtime.is_broken() { Fault::Broken } else { Fault::Panicked };
                return Poll::Ready(Err(fault.error(&self.context, Progress::Begun)));
            }
            // The task was dropped with its runtime.
            Poll::Ready(Err(_)) => return Poll::Ready(Err(self.fail(Fault::Broken))),
            Poll::Pending => {}
        }
        if self.runtime.is_broken() {
            return Poll::Ready(Err(self.fail(Fault::Broken)));
        }
        if self.state.is_overdue() {
            return Poll::Ready(Err(self.fail(Fault::Overdue)));
        }
        match &self.watch {
            Some(watch) => watch.set_waker(context.waker()),
            None => {
                let (state, waker) = (Arc::clone(&self.state), context.waker().clone());
                self.watch = Some(self.watchdog.add(self.runtime, state, self.deadline, waker));
            }
        }
        Poll::Pending
    }
}

impl<T> Waiting<T> {
    fn fail(&self, fault: Fault) -> Error {
        fault.error(&self.context, self.state.give_up())
    }
}

impl<T> Drop for Waiting<T> {
    fn drop(&mut self) {
        let Some(task) = self.task.take() else { return };
        self.state.give_up();
        // Aborting a task wakes the runtime through a descriptor, which must still belong to the runtime and to this
        // process.
        if self.runtime.era.is_of_this_process()
            && !self.runtime.is_broken()
            && panic::catch_unwind(AssertUnwindSafe(|| task.abort())).is_err()
        {
            self.runtime.health.note_broken();
        }
    }
}

/// The outcome of work that panicked. The panic's payload is dropped, because it may hold a secret.
struct Panicked;

/// Executes the work, and catches a panic in it.
async fn catch_panic<T>(work: impl Future<Output = T>) -> Result<T, Panicked> {
    let mut work = pin!(work);
    poll_fn(|context| {
        // Unwind safe: after a panic the work is dropped without being polled again.
        match panic::catch_unwind(AssertUnwindSafe(|| work.as_mut().poll(context))) {
            Ok(poll) => poll.map(Ok),
            Err(_) => Poll::Ready(Err(Panicked)),
        }
    })
    .await
}

/// Executes the preparation of a call, before anything is sent. A panic in it becomes an error.
pub(super) fn prepared<T, E: From<Error>>(prepare: impl FnOnce() -> Result<T, E>) -> Result<T, E> {
    panic::catch_unwind(AssertUnwindSafe(prepare))
        .unwrap_or_else(|_| Err(Fault::Panicked.error(&CallContext::UNKNOWN, Progress::NotBegun).into()))
}

/// Polls the future on this thread, which parks in between; it needs no runtime.
fn block_on<F: Future>(future: F) -> F::Output {
    struct Unpark(Thread);

    impl Wake for Unpark {
        fn wake(self: Arc<Self>) {
            self.0.unpark();
        }

        fn wake_by_ref(self: &Arc<Self>) {
            self.0.unpark();
        }
    }

    let waker = Waker::from(Arc::new(Unpark(thread::current())));
    let mut context = Context::from_waker(&waker);
    let mut future = pin!(future);
    loop {
        match future.as_mut().poll(&mut context) {
            Poll::Ready(output) => return output,
            Poll::Pending => thread::park(),
        }
    }
}
