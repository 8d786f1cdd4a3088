//! Time, so that a test can move it.

use std::future::Future;
use std::pin::Pin;
use std::time::{Duration, Instant};

use crate::error::Error;

/// What a client waits for when it asks its clock to sleep.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Wait {
    /// A pause before the next attempt, chosen by the client.
    Backoff,
    /// A pause before the next attempt, asked for by the service.
    RetryAfter,
    /// The limit of one attempt: most of the time the answer comes first.
    AttemptTimeout,
    /// The limit of the whole operation: most of the time the answer comes first.
    Deadline,
    /// The limit for the person at the browser: most of the time they come back first.
    Person,
}

/// Refuses a duration of a setting that only other languages have.
#[cfg_attr(not(feature = "uniffi"), expect(clippy::unnecessary_wraps, reason = "Rust has no such duration"))]
pub(crate) fn check_duration(setting: &str, duration: Duration) -> Result<(), Error> {
    #[cfg(feature = "uniffi")]
    crate::ffi::check_duration(setting, duration)?;
    #[cfg(not(feature = "uniffi"))]
    let _ = (setting, duration);
    Ok(())
}

/// Where a client takes its time from. Programs leave it alone; tests move it.
pub trait Clock: Send + Sync + 'static {
    /// The present moment. It never goes back.
    fn now(&self) -> Instant;

    /// Ends when `duration` has passed on this clock.
    fn sleep(&self, duration: Duration, wait: Wait) -> Pin<Box<dyn Future<Output = ()> + Send>>;
}

/// The machine's own time.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Instant {
        Instant::now()
    }

    fn sleep(&self, duration: Duration, _wait: Wait) -> Pin<Box<dyn Future<Output = ()> + Send>> {
        Box::pin(tokio::time::sleep(duration))
    }
}
