//! An access token and its lifetime.

use std::time::{Duration, Instant, SystemTime};

use crate::models::Timestamp;
use crate::secret::Secret;

/// The time before its expiry at which a token is renewed.
pub(super) const RENEWAL_MARGIN: Duration = Duration::from_secs(60);
/// The maximum random addition to that time, so that many programs do not renew in the same second.
pub(super) const RENEWAL_JITTER: Duration = Duration::from_secs(15);

/// An access token and its lifetime.
#[derive(Debug)]
pub(crate) struct Token {
    pub(super) secret: Secret,
    /// The instants at which the token is due for renewal and at which it expires, by the API object's clock; `None` if
    /// the expiry is unknown.
    pub(super) span: Option<(Instant, Instant)>,
    /// The time of expiry by the system clock, which can be stored.
    pub(super) expires_at: Option<Timestamp>,
}

impl Token {
    /// Returns whether the token has not expired, by the API object's clock and by the system clock, which continues
    /// while the machine sleeps.
    pub(super) fn is_valid(&self, now: Instant) -> bool {
        self.span.is_none_or(|(_, end)| now < end)
            && self.expires_at.is_none_or(|end| SystemTime::now() < end.as_system_time())
    }

    /// Creates a token that is valid for `lifetime` from the given instant on.
    pub(super) fn with_lifetime(secret: Secret, from: Instant, lifetime: Option<Duration>) -> Self {
        let span = lifetime.and_then(|lifetime| {
            Some((from.checked_add(lifetime - renewal_margin(lifetime))?, from.checked_add(lifetime)?))
        });
        Token { secret, span, expires_at: None }
    }
}

/// Returns the time before its expiry at which a token with this lifetime is renewed: at most half of the lifetime.
pub(super) fn renewal_margin(lifetime: Duration) -> Duration {
    (RENEWAL_MARGIN + RENEWAL_JITTER.mul_f64(fastrand::f64())).min(lifetime / 2)
}
