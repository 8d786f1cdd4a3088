//! The limits for retrying a failed operation.

use std::time::Duration;

use crate::clock::check_duration;
use crate::error::Error;

/// The limits for retrying a failed operation.
///
/// The operations that may be retried after a given failure are not a setting.
///
/// # In Rust
/// See `Replay` for these operations.
///
/// # Examples
/// ```
/// use purecloud_oauth::{Config, Credentials, Region, RetryPolicy};
/// use std::time::Duration;
///
/// let retry = RetryPolicy { max_attempts: 5, max_backoff: Duration::from_secs(5), ..RetryPolicy::default() };
/// let credentials = Credentials::access_token("hq3KpZ0vX1yT7wB9");
/// let config = Config::builder(Region::EuCentral1, credentials).retry(retry).build()?;
/// # Ok::<(), purecloud_oauth::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "uniffi", exported(retry_policy_declaration))]
pub struct RetryPolicy {
    /// The maximum number of times that an operation is sent, including the first: 3. With 1 a failure is never
    /// retried. Not counted: the single retry after a 401 with a renewed token.
    pub max_attempts: u32,
    /// The maximum pause before the first retry: 0.5 s. The maximum doubles with each further retry; the actual pause
    /// is a random time between zero and the maximum.
    pub first_backoff: Duration,
    /// The limit of the maximum pause between two attempts: 20 s.
    pub max_backoff: Duration,
    /// The maximum wait that the service may ask for: 120 s. If it asks for more, the error is returned at once and
    /// holds the requested wait.
    pub max_retry_after: Duration,
    /// The size of the retry budget of an API object: 500. Each retry uses up its cost, and
    /// successful operations refill the budget. If it is used up, failures are not retried.
    pub budget: u32,
    /// The cost of a retry after a failure: 14.
    pub failure_cost: u32,
    /// The cost of a retry that the service asked for because of too many requests: 5.
    pub throttle_cost: u32,
}

impl Default for RetryPolicy {
    fn default() -> Self {
        RetryPolicy {
            max_attempts: 3,
            first_backoff: Duration::from_millis(500),
            max_backoff: Duration::from_secs(20),
            max_retry_after: Duration::from_secs(120),
            budget: 500,
            failure_cost: 14,
            throttle_cost: 5,
        }
    }
}

impl RetryPolicy {
    /// Refuses values that no operation could be retried with.
    pub(crate) fn check(&self) -> Result<(), Error> {
        if self.max_attempts == 0 {
            return Err(Error::invalid_argument("retry.max_attempts", "is 0; 1 sends once, without retries"));
        }
        for (setting, duration) in [
            ("retry.first_backoff", self.first_backoff),
            ("retry.max_backoff", self.max_backoff),
            ("retry.max_retry_after", self.max_retry_after),
        ] {
            check_duration(setting, duration)?;
        }
        if self.first_backoff > self.max_backoff {
            return Err(Error::invalid_argument("retry.first_backoff", "is longer than retry.max_backoff"));
        }
        Ok(())
    }
}
