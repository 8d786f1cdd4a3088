//! Where the work is done: one runtime for each process, with a thread of its own.

use std::future::Future;
use std::panic;
use std::process;

use once_cell::sync::OnceCell;
use tokio::runtime::{Builder, Runtime};
use tokio::task::JoinSet;

use crate::error::Error;
use crate::ffi::OAuthError;

/// A value that each process makes for itself. A fork copies the memory but not the threads behind it, so a
/// child that went on with its parent's runtime or connections would wait for ever.
pub(super) struct PerProcess<T> {
    oldest: OnceCell<Made<T>>,
}

/// The values of a process and of those that it was forked from; there is seldom more than one.
struct Made<T> {
    process: u32,
    value: OnceCell<T>,
    forked: OnceCell<Box<Made<T>>>,
}

impl<T> Made<T> {
    fn here() -> Self {
        Made { process: process::id(), value: OnceCell::new(), forked: OnceCell::new() }
    }
}

impl<T> PerProcess<T> {
    pub(super) const fn new() -> Self {
        PerProcess { oldest: OnceCell::new() }
    }

    /// This process's value, made now if there is none yet.
    pub(super) fn get_or_try_init<E>(&self, make: impl FnOnce() -> Result<T, E>) -> Result<&T, E> {
        let mut made = self.oldest.get_or_init(Made::here);
        while made.process != process::id() {
            made = made.forked.get_or_init(|| Box::new(Made::here()));
        }
        made.value.get_or_try_init(make)
    }
}

impl<T> Drop for PerProcess<T> {
    fn drop(&mut self) {
        // What another process made has its threads there: here it can only be left alone.
        let mut next = self.oldest.take();
        while let Some(mut made) = next {
            next = made.forked.take().map(|forked| *forked);
            if made.process != process::id() {
                std::mem::forget(made.value);
            }
        }
    }
}

static RUNTIME: PerProcess<Runtime> = PerProcess::new();

fn runtime() -> Result<&'static Runtime, OAuthError> {
    RUNTIME.get_or_try_init(|| {
        Builder::new_multi_thread()
            // A call waits for most of its time. A second thread would be woken for every one, and find nothing to do.
            .worker_threads(1)
            .thread_name("purecloud-oauth")
            .enable_all()
            .build()
            .map_err(|error| Error::invalid_setting("runtime", "can't start its threads", error).into())
    })
}

/// Does the work on the runtime's threads. The caller's thread only joins it: it is woken once, at the end.
/// Dropping the future ends the work.
pub(super) async fn run<T: Send + 'static>(
    work: impl Future<Output = Result<T, Error>> + Send + 'static,
) -> Result<T, OAuthError> {
    let mut tasks = JoinSet::new();
    tasks.spawn_on(work, runtime()?.handle());
    match tasks.join_next().await {
        Some(Ok(result)) => result.map_err(OAuthError::from),
        Some(Err(failed)) => match failed.try_into_panic() {
            Ok(panic) => panic::resume_unwind(panic),
            Err(cancelled) => Err(Error::invalid_setting("runtime", "has stopped", cancelled).into()),
        },
        None => Err(Error::invalid_argument("runtime", "has lost the call").into()),
    }
}

/// Does the work likewise, and keeps this thread waiting. Done on this thread it would go back and forth between both.
pub(super) fn wait<T: Send + 'static>(
    work: impl Future<Output = Result<T, Error>> + Send + 'static,
) -> Result<T, OAuthError> {
    runtime()?.block_on(run(work))
}
