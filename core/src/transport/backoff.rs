//! The pause before the next attempt.
//!
//! The pause is random between zero and a bound that doubles with each retry ("full jitter"), so that callers that
//! failed at the same time do not return at the same time. If the service asks for a wait, it is obeyed, but never
//! makes the pause shorter than the backoff: a `Retry-After: 0` would otherwise use up all attempts within
//! milliseconds.

use std::time::{Duration, SystemTime};

use http::HeaderMap;

use crate::clock::Wait;
use crate::metadata::header_string;
use crate::retry_policy::RetryPolicy;

/// Returns a pause with full jitter: between zero and a bound that doubles with each retry.
pub(crate) fn pause(policy: &RetryPolicy, retry: u32, random: f64) -> Duration {
    fraction(bound(policy, retry), random.clamp(0.0, 1.0))
}

/// Returns the pause after a 429 or a `Retry-After`: the requested time, but at least a random time between half the
/// bound and the bound.
pub(crate) fn pause_on_request(
    policy: &RetryPolicy,
    retry: u32,
    random: f64,
    asked: Option<Duration>,
) -> (Duration, Wait) {
    let backoff = fraction(bound(policy, retry), 0.5 + random.clamp(0.0, 1.0) / 2.0);
    match asked {
        Some(asked) if asked >= backoff => (asked, Wait::RetryAfter),
        _ => (backoff, Wait::Backoff),
    }
}

fn bound(policy: &RetryPolicy, retry: u32) -> Duration {
    let doubled = policy.first_backoff.saturating_mul(1_u32.checked_shl(retry).unwrap_or(u32::MAX));
    doubled.min(policy.max_backoff)
}

fn fraction(longest: Duration, share: f64) -> Duration {
    // `Duration::MAX` rounds up to more than a `Duration` can hold when it is converted to a float.
    Duration::try_from_secs_f64(longest.as_secs_f64() * share).unwrap_or(longest)
}

/// Returns the wait that a response asks for by `Retry-After`: in seconds, or until a date, relative to the response's
/// own `Date`.
pub(crate) fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let value = header_string(headers, "retry-after")?.trim();
    if let Ok(seconds) = value.parse::<u64>() {
        return Some(Duration::from_secs(seconds));
    }
    let until = httpdate::parse_http_date(value).ok()?;
    let now = header_string(headers, "date")
        .and_then(|date| httpdate::parse_http_date(date.trim()).ok())
        .unwrap_or_else(SystemTime::now);
    Some(until.duration_since(now).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bound_doubles_up_to_its_maximum_and_jitter_only_shortens_the_pause() {
        let policy = RetryPolicy::default();
        let longest: Vec<_> = (0..8).map(|retry| pause(&policy, retry, 1.0).as_millis()).collect();
        assert_eq!(longest, [500, 1_000, 2_000, 4_000, 8_000, 16_000, 20_000, 20_000]);
        assert_eq!(pause(&policy, 3, 0.25), Duration::from_secs(1));
        assert_eq!(pause(&policy, 40, 1.0), Duration::from_secs(20));
        assert_eq!(pause(&policy, 0, 0.0), Duration::ZERO);
        let endless = RetryPolicy { max_backoff: Duration::MAX, first_backoff: Duration::MAX, ..policy };
        assert_eq!(pause(&endless, 1, 1.0), Duration::MAX);
    }

    #[test]
    fn a_pause_that_the_service_asked_for_is_at_least_half_of_the_bound() {
        let policy = RetryPolicy::default();
        let pause = |retry, random, asked: Option<u64>| {
            pause_on_request(&policy, retry, random, asked.map(Duration::from_millis))
        };
        assert_eq!(pause(0, 0.0, Some(0)), (Duration::from_millis(250), Wait::Backoff));
        assert_eq!(pause(0, 1.0, None), (Duration::from_millis(500), Wait::Backoff));
        assert_eq!(pause(2, 0.0, Some(900)), (Duration::from_secs(1), Wait::Backoff));
        assert_eq!(pause(2, 0.0, Some(1_000)), (Duration::from_secs(1), Wait::RetryAfter));
        assert_eq!(pause(7, 1.0, Some(60_000)), (Duration::from_secs(60), Wait::RetryAfter));
    }

    #[test]
    fn retry_after_is_read_as_seconds_and_as_a_date() {
        let read = |pairs: &[(&'static str, &'static str)]| {
            let headers: HeaderMap = pairs
                .iter()
                .map(|(name, value)| {
                    (http::HeaderName::from_static(name), http::HeaderValue::from_static(value))
                })
                .collect();
            retry_after(&headers)
        };
        assert_eq!(read(&[("retry-after", " 7 ")]), Some(Duration::from_secs(7)));
        let dated =
            [("retry-after", "Fri, 20 Nov 2026 10:00:30 GMT"), ("date", "Fri, 20 Nov 2026 10:00:00 GMT")];
        assert_eq!(read(&dated), Some(Duration::from_secs(30)), "relative to the response's own date");
        let past = [("retry-after", "Fri, 20 Nov 2026 09:00:00 GMT"), dated[1]];
        assert_eq!(read(&past), Some(Duration::ZERO));
        for nonsense in ["", "soon", "-1", "1.5", "99999999999999999999999"] {
            assert_eq!(read(&[("retry-after", nonsense)]), None, "{nonsense}");
        }
        assert_eq!(read(&[]), None);
    }
}
