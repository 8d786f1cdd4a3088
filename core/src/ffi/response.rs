//! What an answer tells beside its body, in types that every language has.

use std::time::Duration;

use crate::call::Value;
use crate::ffi::Deferred;
use crate::ffi::values::within_every_language;
use crate::metadata;

/// What is known of an operation beside what it returned.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Record)]
pub(crate) struct ResponseMetadata {
    /// The HTTP status of the last answer; nothing if none came.
    #[uniffi(default)]
    pub(crate) status: Option<i32>,
    /// The id under which the vendor's support finds the request.
    #[uniffi(default)]
    pub(crate) correlation_id: Option<String>,
    /// How much of the rate limit is used.
    pub(crate) rate_limit: RateLimit,
    /// How many times the operation was sent.
    #[uniffi(default)]
    pub(crate) attempts: i32,
    /// The time from the call to its end, waits and sign-in included.
    pub(crate) elapsed: Duration,
}

/// How much of the service's rate limit is used; what the answer did not tell is missing.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Record)]
pub(crate) struct RateLimit {
    /// Requests counted in the present window.
    #[uniffi(default)]
    pub(crate) count: Option<i64>,
    /// Requests allowed in a window.
    #[uniffi(default)]
    pub(crate) allowed: Option<i64>,
    /// The time until the next window begins.
    #[uniffi(default)]
    pub(crate) reset: Option<Duration>,
}

impl From<metadata::ResponseMetadata> for ResponseMetadata {
    fn from(metadata: metadata::ResponseMetadata) -> Self {
        let signed = |number: u64| i64::try_from(number).unwrap_or(i64::MAX);
        ResponseMetadata {
            status: metadata.status.map(i32::from),
            correlation_id: metadata.correlation_id,
            rate_limit: RateLimit {
                count: metadata.rate_limit.count.map(signed),
                allowed: metadata.rate_limit.allowed.map(signed),
                reset: metadata.rate_limit.reset.map(within_every_language),
            },
            attempts: i32::try_from(metadata.attempts).unwrap_or(i32::MAX),
            elapsed: metadata.elapsed,
        }
    }
}

/// What an operation returns, as other languages are handed it; and the same with its metadata beside: the interface has
/// no generic types, so each has a record of its own. Asynchronous functions return the deferred forms.
pub(crate) trait Answer {
    type Lowered: Value + Send + 'static;
    type Response;
    type Deferred;
    type DeferredResponse;

    fn with(value: Self::Lowered, metadata: metadata::ResponseMetadata) -> Self::Response;

    fn deferred(value: Self::Lowered) -> Self::Deferred;

    fn deferred_response(response: Self::Response) -> Self::DeferredResponse;
}

/// What is known of an operation that returns nothing.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Record)]
pub(crate) struct EmptyResponse {
    /// Status, correlation id, rate limit, attempts made and time taken.
    pub(crate) metadata: ResponseMetadata,
}

impl Answer for () {
    type Lowered = ();
    type Response = EmptyResponse;
    type Deferred = ();
    type DeferredResponse = Deferred<EmptyResponse>;

    fn with((): (), metadata: metadata::ResponseMetadata) -> EmptyResponse {
        EmptyResponse { metadata: metadata.into() }
    }

    fn deferred((): ()) {}

    fn deferred_response(response: EmptyResponse) -> Deferred<EmptyResponse> {
        Deferred(response)
    }
}
