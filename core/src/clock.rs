//! The clock, which tests can replace.
//!
//! Every wait and every time limit of the crate goes through this trait. A test advances its clock instead of sleeping,
//! and checks the promises about time exactly.

use std::future::Future;
use std::pin::Pin;
use std::time::{Duration, Instant};

use crate::error::Error;

/// The purpose of a wait on the clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Wait {
    /// A pause before the next attempt, chosen by the retry policy.
    Backoff,
    /// A pause before the next attempt, requested by the service.
    RetryAfter,
    /// The time limit of one attempt. The response usually arrives first.
    AttemptTimeout,
    /// The time limit of the whole operation. The response usually arrives first.
    Deadline,
    /// The time limit for the user to complete the sign-in in the browser. The redirect usually arrives first.
    Person,
}

/// Rejects a duration that stands for a negative or infinite one of another language. See `ffi::check_duration`.
#[cfg_attr(
    not(feature = "uniffi"),
    expect(clippy::unnecessary_wraps, reason = "no Rust duration is rejected")
)]
pub(crate) fn check_duration(setting: &str, duration: Duration) -> Result<(), Error> {
    #[cfg(feature = "uniffi")]
    crate::ffi::check_duration(setting, duration)?;
    #[cfg(not(feature = "uniffi"))]
    let _ = (setting, duration);
    Ok(())
}

/// The source of time of an API object. Programs use the default; tests replace it.
pub trait Clock: Send + Sync + 'static {
    /// Returns the current instant. It never goes backwards.
    fn now(&self) -> Instant;

    /// Returns a future that completes when `duration` has passed on this clock.
    fn sleep(&self, duration: Duration, wait: Wait) -> Pin<Box<dyn Future<Output = ()> + Send>>;
}

/// The clock of the operating system.
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
