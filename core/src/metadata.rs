//! Response metadata: status, correlation id, rate limit, attempts and elapsed time.

use std::time::Duration;

use http::{HeaderMap, StatusCode};

/// The metadata of an operation and its response.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "uniffi", exported(response_metadata_declaration))]
#[non_exhaustive]
pub struct ResponseMetadata {
    /// The HTTP status of the last response; `None` if there was none.
    pub status: Option<u16>,
    /// The id by which the vendor's support can find the request.
    pub correlation_id: Option<String>,
    /// The usage of the rate limit.
    pub rate_limit: RateLimit,
    /// The number of times that the operation was sent.
    pub attempts: u32,
    /// The time from the start of the call to its end, including pauses and sign-in.
    pub elapsed: Duration,
}

/// The usage of the service's rate limit. A value is absent if the response does not contain it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "uniffi", exported(rate_limit_declaration))]
#[non_exhaustive]
pub struct RateLimit {
    /// The number of requests in the current window.
    pub count: Option<u64>,
    /// The number of requests that are allowed in a window.
    pub allowed: Option<u64>,
    /// The time until the next window begins.
    pub reset: Option<Duration>,
}

/// The status and headers of a response.
#[derive(Debug)]
pub(crate) struct Head {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
}

impl Head {
    pub(crate) fn correlation_id(&self) -> Option<&str> {
        header_string(&self.headers, "inin-correlation-id")
    }
}

impl ResponseMetadata {
    /// Reads the metadata from the head of a response. The caller adds the attempts and the elapsed time.
    pub(crate) fn read(head: &Head) -> Self {
        let Head { status, headers } = head;
        let number =
            |name: &str| header_string(headers, name).and_then(|value| value.trim().parse::<u64>().ok());
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

/// Returns the value of a header, if it is printable ASCII.
pub(crate) fn header_string<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}
