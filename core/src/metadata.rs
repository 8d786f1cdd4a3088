//! What an answer tells beside its body.

use std::time::Duration;

use http::{HeaderMap, StatusCode};

/// What is known of an operation beside what it returned.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct ResponseMetadata {
    /// The HTTP status of the last answer; nothing if none came.
    pub status: Option<u16>,
    /// The id under which the vendor's support finds the request.
    pub correlation_id: Option<String>,
    /// How much of the rate limit is used.
    pub rate_limit: RateLimit,
    /// How many times the operation was sent.
    pub attempts: u32,
    /// The time from the call to its end, waits and sign-in included.
    pub elapsed: Duration,
}

/// How much of the service's rate limit is used; what the answer did not tell is missing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct RateLimit {
    /// Requests counted in the present window.
    pub count: Option<u64>,
    /// Requests allowed in a window.
    pub allowed: Option<u64>,
    /// The time until the next window begins.
    pub reset: Option<Duration>,
}

/// The beginning of an answer.
#[derive(Debug)]
pub(crate) struct Head {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
}

impl Head {
    pub(crate) fn correlation_id(&self) -> Option<&str> {
        text(&self.headers, "inin-correlation-id")
    }
}

impl ResponseMetadata {
    pub(crate) fn read(head: &Head) -> Self {
        let Head { status, headers } = head;
        let number = |name: &str| text(headers, name).and_then(|value| value.trim().parse::<u64>().ok());
        ResponseMetadata {
            status: Some(status.as_u16()),
            correlation_id: head.correlation_id().map(str::to_owned),
            rate_limit: RateLimit {
                count: number("inin-ratelimit-count"),
                allowed: number("inin-ratelimit-allowed"),
                reset: number("inin-ratelimit-reset").map(Duration::from_secs),
            },
            attempts: 0,
            elapsed: Duration::ZERO,
        }
    }
}

pub(crate) fn text<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}
