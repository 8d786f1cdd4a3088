//! The error that other languages catch.

use std::fmt;
use std::time::Duration;

use crate::error::Error;
use crate::ffi::ResponseMetadata;
use crate::ffi::values::within_every_language;
use crate::models::{Detail, ErrorBody};

pub(crate) use crate::error::OAuthError;

/// What is known of an operation that did not succeed.
#[derive(Clone, Debug, PartialEq, uniffi::Record)]
pub(crate) struct Failure {
    /// What went wrong, in one line for a person. It never holds a secret or a token.
    pub(crate) text: String,
    /// The operation that failed, in snake case; nothing for a setting.
    #[uniffi(default)]
    pub(crate) operation: Option<String>,
    /// The argument or setting that was refused, in snake case.
    #[uniffi(default)]
    pub(crate) argument: Option<String>,
    /// The HTTP status of the last answer, if there was one.
    #[uniffi(default)]
    pub(crate) status: Option<i32>,
    /// The service's own code, such as `not.found` or `invalid_client`.
    #[uniffi(default)]
    pub(crate) code: Option<String>,
    /// The service's own text, for a person.
    #[uniffi(default)]
    pub(crate) server_message: Option<String>,
    /// What was wrong, field by field.
    #[uniffi(default)]
    pub(crate) details: Vec<Detail>,
    /// The id under which the vendor's support finds the request.
    #[uniffi(default)]
    pub(crate) correlation_id: Option<String>,
    /// How long the service asked to wait before the next try.
    #[uniffi(default)]
    pub(crate) retry_after: Option<Duration>,
    /// Whether the service may have carried the operation out all the same.
    #[uniffi(default)]
    pub(crate) server_may_have_acted: bool,
    /// Whether the same call may succeed later, and does no harm if it is made again.
    #[uniffi(default)]
    pub(crate) worth_retrying: bool,
    /// Everything the service said: code, text, field details, nested errors, the limit it names.
    #[uniffi(default)]
    pub(crate) body: Option<ErrorBody>,
    /// Status, correlation id, rate limit, attempts made and time taken; nothing where nothing was tried.
    #[uniffi(default)]
    pub(crate) metadata: Option<ResponseMetadata>,
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Failure {
            text: error.to_string(),
            operation: error.operation().map(str::to_owned),
            argument: error.argument().map(str::to_owned),
            status: error.status().map(i32::from),
            code: error.code().map(str::to_owned),
            server_message: error.server_message().map(str::to_owned),
            details: error.body().map(|body| body.details.clone()).unwrap_or_default(),
            correlation_id: error.correlation_id().map(str::to_owned),
            retry_after: error.retry_after().map(within_every_language),
            server_may_have_acted: error.server_may_have_acted(),
            worth_retrying: error.worth_retrying(),
            body: error.body().cloned(),
            metadata: error.metadata().cloned().map(ResponseMetadata::from),
        }
    }
}
