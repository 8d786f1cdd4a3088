//! Errors: a few kinds, each of which says whether the service may have executed the request.

use std::error::Error as StdError;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use crate::metadata::ResponseMetadata;
use crate::models::{Detail, ErrorBody};
use crate::operation::{Operation, Replay};
use crate::printable::one_line;

/// The kind of an error, to decide by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "uniffi", exported(error_kind_declaration))]
#[non_exhaustive]
pub enum ErrorKind {
    /// An argument or a setting was rejected before anything was sent; the error names it. The service has not
    /// executed the operation. Retrying without a change is of no use.
    InvalidArgument,
    /// Signing in failed; the error holds the login server's error, if it sent one. The operation was not executed,
    /// unless the error says that the service may have acted: then an earlier attempt was lost, and its token expired
    /// meanwhile. Retry only if the error says that it is worth it: an id or secret that was rejected stays rejected.
    SignIn,
    /// The service responded with a status other than 2xx: it rejected the request, or it failed. The error holds the
    /// service's error body. The operation was not executed, unless the error says that the service may have acted (a
    /// failure during the execution).
    Api,
    /// No connection could be established, or it broke before a response arrived. The error says whether the
    /// operation may have been executed. Retrying is safe.
    Connection,
    /// The time limit of the operation or of its last attempt passed. The error says whether the operation may have
    /// been executed. Retrying with more time is safe.
    Timeout,
    /// The status was 2xx, but the body could not be read: an HTML page, a truncated or an empty body. The operation
    /// may have been executed. Retrying is safe.
    UnreadableAnswer,
    /// An OAuth client may have been created, or a secret rotated, but no usable response arrived. Such an operation is
    /// not repeated, because a second execution would create another client, or invalidate the secret that the first
    /// one generated. Check before anything else: list the clients and compare, or rotate the secret again,
    /// knowing that the previous one no longer works.
    OutcomeUnknown,
    /// A defect of the native library: it panicked, or could not read data that it wrote itself. The error says whether
    /// the service may have executed the operation. The API object remains usable. Please report the error.
    Internal,
}

/// The error of an operation.
///
/// Cheap to clone. The message is a single line for the user and never contains a secret or a token.
///
/// # Examples
/// ```no_run
/// # async fn example(api: purecloud_oauth::OAuthApi) {
/// match api.get_oauth_client("6f1c5a0e-3b1d-4f0e-9a53-0c2f1f6f7f10").await {
///     Ok(client) => println!("{}", client.name),
///     Err(error) if error.status() == Some(404) => println!("there is no such client"),
///     Err(error) if error.worth_retrying() => println!("later: {error}"),
///     Err(error) => println!("{error}"),
/// }
/// # }
/// ```
#[derive(Clone)]
pub struct Error(Arc<Inner>);

type Cause = Arc<dyn StdError + Send + Sync>;

#[derive(Clone)]
struct Inner {
    kind: ErrorKind,
    message: String,
    operation: Option<Operation>,
    argument: Option<String>,
    body: Option<Arc<ErrorBody>>,
    metadata: Option<ResponseMetadata>,
    retry_after: Option<Duration>,
    may_have_acted: bool,
    worth_retrying: bool,
    source: Option<Cause>,
}

impl Error {
    /// Returns the kind, to decide by.
    ///
    /// # Examples
    /// ```
    /// let error = purecloud_oauth::Host::domain("mars").unwrap_err();
    /// assert_eq!(error.kind(), purecloud_oauth::ErrorKind::InvalidArgument);
    /// ```
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        self.0.kind
    }
}

#[cfg_attr(feature = "uniffi", exported(fields error_declaration))]
impl Error {
    /// Returns the error message: a single line for the user, without any secret or token.
    #[cfg(feature = "uniffi")]
    pub(crate) fn text(&self) -> String {
        self.to_string()
    }

    /// Returns the name of the operation that failed, in snake case; `None` if a setting was rejected.
    #[must_use]
    pub fn operation(&self) -> Option<&'static str> {
        self.0.operation.map(|operation| operation.name)
    }

    /// Returns the name of the argument or setting that was rejected, in snake case.
    ///
    /// # Examples
    /// ```
    /// let error = purecloud_oauth::Host::domain("mars").unwrap_err();
    /// assert_eq!(error.argument(), Some("host"));
    /// ```
    #[must_use]
    pub fn argument(&self) -> Option<&str> {
        self.0.argument.as_deref()
    }

    /// Returns the HTTP status of the last response, if there was one.
    #[must_use]
    pub fn status(&self) -> Option<u16> {
        self.0.metadata.as_ref().and_then(|metadata| metadata.status)
    }

    /// Returns the service's error code, such as `not.found` or `invalid_client`.
    #[must_use]
    pub fn code(&self) -> Option<&str> {
        self.0.body.as_ref().and_then(|body| body.code.as_deref())
    }

    /// Returns the service's error message, for the user.
    #[must_use]
    pub fn server_message(&self) -> Option<&str> {
        self.0.body.as_ref().and_then(|body| body.message.as_deref())
    }

    /// Returns the service's errors of single fields.
    #[must_use]
    pub fn details(&self) -> &[Detail] {
        self.0.body.as_ref().map_or(&[], |body| &body.details)
    }

    /// Returns the id by which the vendor's support can find the request.
    #[must_use]
    pub fn correlation_id(&self) -> Option<&str> {
        self.0
            .metadata
            .as_ref()
            .and_then(|metadata| metadata.correlation_id.as_deref())
            .or_else(|| self.0.body.as_ref().and_then(|body| body.context_id.as_deref()))
    }

    /// Returns the wait that the service asked for before the next attempt.
    #[must_use]
    pub fn retry_after(&self) -> Option<Duration> {
        self.0.retry_after
    }

    /// Returns true if the service may have executed the operation despite the error.
    ///
    /// # Examples
    /// ```no_run
    /// # async fn example(api: purecloud_oauth::OAuthApi) {
    /// let Err(error) = api.delete_oauth_client("6f1c5a0e-3b1d-4f0e-9a53-0c2f1f6f7f10").await else { return };
    /// println!("{error}; deleted: {}", if error.server_may_have_acted() { "perhaps" } else { "no" });
    /// # }
    /// ```
    #[must_use]
    pub fn server_may_have_acted(&self) -> bool {
        self.0.may_have_acted
    }

    /// Returns true if the same call may succeed later and is safe to make again.
    #[must_use]
    pub fn worth_retrying(&self) -> bool {
        self.0.worth_retrying
    }

    /// Returns the service's error body: code, message, field details, nested errors, and the limit that was exceeded.
    #[must_use]
    pub fn body(&self) -> Option<&ErrorBody> {
        self.0.body.as_deref()
    }

    /// Returns status, correlation id, rate limit, number of attempts and elapsed time; `None` if the call was rejected
    /// before it started.
    #[must_use]
    pub fn metadata(&self) -> Option<&ResponseMetadata> {
        self.0.metadata.as_ref()
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Parts of the message come from the service: they must not break the line or flood the terminal.
        if let Some(operation) = self.0.operation {
            write!(f, "{}: ", operation.name)?;
        }
        f.write_str(&one_line(&self.0.message, 2_000))?;
        if let Some(id) = self.correlation_id() {
            write!(f, " [correlation id {}]", one_line(id, 100))?;
        }
        Ok(())
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // A program whose `main` returns an error prints this for the user: one line, unless `{:#?}` asks for all.
        if !f.alternate() {
            return write!(f, "{:?}: {self}", self.0.kind);
        }
        let mut shown = f.debug_struct("Error");
        shown.field("kind", &self.0.kind).field("message", &self.to_string());
        if let Some(argument) = &self.0.argument {
            shown.field("argument", argument);
        }
        if let Some(metadata) = &self.0.metadata {
            shown.field("metadata", metadata);
        }
        if let Some(body) = &self.0.body {
            shown.field("body", body);
        }
        if let Some(source) = &self.0.source {
            shown.field("source", source);
        }
        shown.finish_non_exhaustive()
    }
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.0.source.as_ref().map(|source| &**source as &(dyn StdError + 'static))
    }
}

/// Returns the kind of a failed sign-in. `Timeout` stays `Timeout`, for each caller that waited.
fn sign_in_kind(kind: ErrorKind) -> ErrorKind {
    if kind == ErrorKind::Timeout { kind } else { ErrorKind::SignIn }
}

/// Returns the message of the last cause in the chain, which describes the actual failure.
pub(crate) fn innermost(error: &dyn StdError) -> String {
    let mut cause = error;
    while let Some(deeper) = cause.source() {
        cause = deeper;
    }
    cause.to_string()
}

/// A builder of `Error`, for use within the crate. Its functions may be called in any order.
pub(crate) struct ErrorBuilder {
    inner: Inner,
    temporary: bool,
}

impl Error {
    pub(crate) fn builder(kind: ErrorKind, message: impl Into<String>) -> ErrorBuilder {
        let inner = Inner {
            kind,
            message: message.into(),
            operation: None,
            argument: None,
            body: None,
            metadata: None,
            retry_after: None,
            may_have_acted: false,
            worth_retrying: false,
            source: None,
        };
        ErrorBuilder { inner, temporary: false }
    }

    pub(crate) fn invalid_argument(argument: impl Into<String>, reason: impl fmt::Display) -> Self {
        let argument = argument.into();
        let mut builder = Error::builder(ErrorKind::InvalidArgument, format!("{argument} {reason}"));
        builder.inner.argument = Some(argument);
        builder.build()
    }

    pub(crate) fn invalid_setting(
        setting: &'static str,
        reason: &str,
        source: impl StdError + Send + Sync + 'static,
    ) -> Self {
        // The message repeats the cause, because other languages have no chain of causes.
        let reason = format!("{reason}: {}", innermost(&source));
        Error::invalid_argument(setting, reason).change(|inner| inner.source = Some(Arc::new(source)))
    }

    /// Returns the same error with the operation whose argument was rejected.
    pub(crate) fn with_operation(self, operation: &Operation) -> Self {
        self.change(|inner| inner.operation = Some(*operation))
    }

    /// Turns the error of a sign-in into that of the operation that waited for the token. The operation may have been
    /// executed only if an earlier attempt, with an older token, was lost.
    pub(crate) fn into_sign_in_failure(
        self,
        operation: &Operation,
        metadata: ResponseMetadata,
        may_have_acted: bool,
    ) -> Self {
        self.change(|inner| {
            inner.kind = sign_in_kind(inner.kind);
            inner.message = format!("no token: {}", inner.message);
            inner.operation = Some(*operation);
            inner.may_have_acted = may_have_acted;
            let sign_in = inner.metadata.take().unwrap_or_default();
            inner.metadata = Some(ResponseMetadata {
                status: sign_in.status,
                correlation_id: sign_in.correlation_id,
                ..metadata
            });
        })
    }

    /// Returns the same error with the kind of a failed sign-in. `InvalidArgument` stays `InvalidArgument`.
    pub(crate) fn into_sign_in_error(self) -> Self {
        match self.kind() {
            ErrorKind::InvalidArgument => self,
            kind => self.change(|inner| inner.kind = sign_in_kind(kind)),
        }
    }

    fn change(self, change: impl FnOnce(&mut Inner)) -> Self {
        let mut inner = Arc::unwrap_or_clone(self.0);
        change(&mut inner);
        Error(Arc::new(inner))
    }
}

impl ErrorBuilder {
    pub(crate) fn kind(mut self, kind: ErrorKind) -> Self {
        self.inner.kind = kind;
        self
    }

    /// Puts the message into a longer one.
    pub(crate) fn edit_message(mut self, edit: impl FnOnce(&str) -> String) -> Self {
        self.inner.message = edit(&self.inner.message);
        self
    }

    pub(crate) fn operation(mut self, operation: &Operation) -> Self {
        self.inner.operation = Some(*operation);
        self
    }

    pub(crate) fn body(mut self, body: Option<ErrorBody>) -> Self {
        self.inner.body = body.map(Arc::new);
        self
    }

    pub(crate) fn metadata(mut self, metadata: ResponseMetadata) -> Self {
        self.inner.metadata = Some(metadata);
        self
    }

    pub(crate) fn retry_after(mut self, retry_after: Option<Duration>) -> Self {
        self.inner.retry_after = retry_after;
        self
    }

    pub(crate) fn may_have_acted(mut self, may_have_acted: bool) -> Self {
        self.inner.may_have_acted = may_have_acted;
        self
    }

    /// Marks a failure that may pass, so that a retry is worth it, unless the operation must not be repeated.
    pub(crate) fn temporary(mut self, temporary: bool) -> Self {
        self.temporary = temporary;
        self
    }

    pub(crate) fn source(mut self, source: impl StdError + Send + Sync + 'static) -> Self {
        self.inner.source = Some(Arc::new(source));
        self
    }

    pub(crate) fn boxed_source(mut self, source: Box<dyn StdError + Send + Sync>) -> Self {
        self.inner.source = Some(Arc::from(source));
        self
    }

    pub(crate) fn build(mut self) -> Error {
        let inner = &mut self.inner;
        let once = inner.operation.is_some_and(|operation| operation.replay == Replay::Once);
        inner.worth_retrying = self.temporary && !(once && inner.may_have_acted);
        Error(Arc::new(self.inner))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn invisible_characters_from_the_service_are_escaped_and_right_to_left_letters_are_kept() {
        let body = ErrorBody { context_id: Some("a\u{200b}b".to_owned()), ..ErrorBody::default() };
        let said = "400 bad.request: the client \u{202e}evil\u{2069} of \u{e0041}עברית";
        let error = Error::builder(ErrorKind::Api, said).body(Some(body)).build();
        let shown =
            r"400 bad.request: the client \u{202e}evil\u{2069} of \u{e0041}עברית [correlation id a\u{200b}b]";
        assert_eq!(error.to_string(), shown);
        assert_eq!(format!("{error:?}"), format!("Api: {shown}"));
    }
}
