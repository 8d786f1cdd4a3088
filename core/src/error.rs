//! What can go wrong, in few kinds, each saying whether the service may have acted.

use std::error::Error as StdError;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use crate::metadata::ResponseMetadata;
use crate::models::ErrorBody;
use crate::operation::{Operation, Replay};
use crate::printable::one_line;

macro_rules! kinds {
    ($($(#[$($meta:tt)*])* $kind:ident,)*) => {
        /// What went wrong, coarsely: what a program decides by.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum ErrorKind {
            $($(#[$($meta)*])* $kind,)*
        }

        /// Why an operation did not succeed: its kind to decide by, and what is known of it.
        #[cfg(feature = "uniffi")]
        #[derive(Clone, Debug, PartialEq, thiserror::Error, uniffi::Error)]
        pub(crate) enum OAuthError {
            $(
                $(#[$($meta)*])*
                #[error("{failure}")]
                $kind {
                    /// What is known of it.
                    failure: Box<crate::ffi::Failure>,
                },
            )*
        }

        #[cfg(feature = "uniffi")]
        impl From<Error> for OAuthError {
            fn from(error: Error) -> Self {
                match error.kind() {
                    $(ErrorKind::$kind => OAuthError::$kind { failure: Box::new(error.into()) },)*
                }
            }
        }
    };
}

kinds! {
    /// An argument or a setting was refused before anything was sent; the error names it.
    /// The service has not acted. Trying again without a change is of no use.
    InvalidArgument,
    /// No token could be had; the error holds what the login host said. The
    /// operation was not carried out, unless the error says that the service may have acted: then an attempt
    /// before was lost, and its token had ended. Try again only if the error says that it is worth it: a
    /// refused id or secret stays refused.
    SignIn,
    /// The service answered, with a status that is not success: it refused, or it failed.
    /// The error holds what it said. It has not acted, unless the error says
    /// otherwise (a failure in the middle of the work).
    Api,
    /// No connection could be made, or it broke before an answer came. The error says
    /// whether the request may have been carried out. Trying again is safe.
    Connection,
    /// The time given to the operation ran out. Trying again with more time is safe.
    Timeout,
    /// The service answered success with something that is not what the operation returns: a web
    /// page, half an answer, nothing at all. It may have acted. Trying again is safe.
    UnreadableAnswer,
    /// A client may have been created, or a secret rotated, and the answer that tells is lost.
    /// Such an operation is never sent twice, because the second time would make another client or
    /// destroy the secret that the first one made. Look before anything else: list the clients and
    /// compare, or rotate the secret again knowing that the one before is dead.
    OutcomeUnknown,
    /// A defect of the library: it panicked, or could not read what it wrote itself. The error says whether the
    /// service may have executed the request. The API object can be used further. Report it.
    Internal,
}

/// Why an operation did not succeed.
///
/// Cheap to clone. Its text is one line for a person and never holds a secret or a token.
#[derive(Clone)]
pub struct Error(Arc<Inner>);

type Cause = Arc<dyn StdError + Send + Sync>;

#[derive(Clone)]
struct Inner {
    kind: ErrorKind,
    text: String,
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
    /// The kind, to decide by.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        self.0.kind
    }

    /// The operation that failed, in the documentation's name; nothing for a setting.
    #[must_use]
    pub fn operation(&self) -> Option<&'static str> {
        self.0.operation.map(|operation| operation.name)
    }

    /// The argument or setting that was refused.
    #[must_use]
    pub fn argument(&self) -> Option<&str> {
        self.0.argument.as_deref()
    }

    /// The HTTP status of the last answer, if there was one.
    #[must_use]
    pub fn status(&self) -> Option<u16> {
        self.0.metadata.as_ref().and_then(|metadata| metadata.status)
    }

    /// The service's own code, such as `not.found` or `invalid_client`.
    #[must_use]
    pub fn code(&self) -> Option<&str> {
        self.0.body.as_ref().and_then(|body| body.code.as_deref())
    }

    /// The service's own text, for a person.
    #[must_use]
    pub fn server_message(&self) -> Option<&str> {
        self.0.body.as_ref().and_then(|body| body.message.as_deref())
    }

    /// Everything the service said: code, text, field details, nested errors, the limit it names.
    #[must_use]
    pub fn body(&self) -> Option<&ErrorBody> {
        self.0.body.as_deref()
    }

    /// The id under which the vendor's support finds the request.
    #[must_use]
    pub fn correlation_id(&self) -> Option<&str> {
        self.0
            .metadata
            .as_ref()
            .and_then(|metadata| metadata.correlation_id.as_deref())
            .or_else(|| self.0.body.as_ref().and_then(|body| body.context_id.as_deref()))
    }

    /// How long the service asked to wait before the next try.
    #[must_use]
    pub fn retry_after(&self) -> Option<Duration> {
        self.0.retry_after
    }

    /// Status, correlation id, rate limit, attempts made and time taken; nothing where nothing was
    /// tried.
    #[must_use]
    pub fn metadata(&self) -> Option<&ResponseMetadata> {
        self.0.metadata.as_ref()
    }

    /// Whether the service may have carried the operation out all the same.
    #[must_use]
    pub fn server_may_have_acted(&self) -> bool {
        self.0.may_have_acted
    }

    /// Whether the same call may succeed later, and does no harm if it is made again.
    #[must_use]
    pub fn worth_retrying(&self) -> bool {
        self.0.worth_retrying
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Parts of it are the service's words: they must not end the line or fill the screen.
        if let Some(operation) = self.0.operation {
            write!(f, "{}: ", operation.name)?;
        }
        f.write_str(&one_line(&self.0.text, 2_000))?;
        if let Some(id) = self.correlation_id() {
            write!(f, " [correlation id {}]", one_line(id, 100))?;
        }
        Ok(())
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // A program that ends with an error shows this to a person: one line, unless all is asked for.
        if !f.alternate() {
            return write!(f, "{:?}: {self}", self.0.kind);
        }
        let mut shown = f.debug_struct("Error");
        shown.field("kind", &self.0.kind).field("text", &self.to_string());
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

/// Returns the kind of a failed sign-in. Time that ran out stays that, for each caller that waited.
fn sign_in_kind(kind: ErrorKind) -> ErrorKind {
    if kind == ErrorKind::Timeout { kind } else { ErrorKind::SignIn }
}

/// Returns the message of the last cause in the chain: the one that says what happened.
pub(crate) fn innermost(error: &dyn StdError) -> String {
    let mut cause = error;
    while let Some(deeper) = cause.source() {
        cause = deeper;
    }
    cause.to_string()
}

/// How an error is put together, inside the crate.
pub(crate) struct ErrorBuilder(Inner);

impl Error {
    pub(crate) fn builder() -> ErrorBuilder {
        ErrorBuilder(Inner {
            kind: ErrorKind::InvalidArgument,
            text: String::new(),
            operation: None,
            argument: None,
            body: None,
            metadata: None,
            retry_after: None,
            may_have_acted: false,
            worth_retrying: false,
            source: None,
        })
    }

    pub(crate) fn invalid_argument(argument: impl Into<String>, reason: impl fmt::Display) -> Self {
        let argument = argument.into();
        let mut builder = Error::builder().kind(ErrorKind::InvalidArgument, format!("{argument} {reason}"));
        builder.0.argument = Some(argument);
        builder.build()
    }

    pub(crate) fn invalid_setting(
        setting: &'static str,
        reason: &str,
        source: impl StdError + Send + Sync + 'static,
    ) -> Self {
        // The cause stands in the text as well: other languages have no chain of causes.
        let reason = format!("{reason}: {}", innermost(&source));
        Error::invalid_argument(setting, reason).change(|inner| inner.source = Some(Arc::new(source)))
    }

    /// The same refusal, with the operation whose argument it was.
    pub(crate) fn of_operation(self, operation: &Operation) -> Self {
        self.change(|inner| inner.operation = Some(*operation))
    }

    /// The same failure, seen from the operation that waited for the token. That may have been
    /// carried out only if an attempt before, with an older token, was lost.
    pub(crate) fn into_sign_in_failure(
        self,
        operation: &Operation,
        metadata: ResponseMetadata,
        may_have_acted: bool,
    ) -> Self {
        self.change(|inner| {
            inner.kind = sign_in_kind(inner.kind);
            inner.text = format!("no token: {}", inner.text);
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

    /// The same failure, as that of signing in.
    pub(crate) fn of_sign_in(self) -> Self {
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
    pub(crate) fn kind(mut self, kind: ErrorKind, text: impl Into<String>) -> Self {
        self.0.kind = kind;
        self.0.text = text.into();
        self
    }

    pub(crate) fn operation(mut self, operation: &Operation) -> Self {
        self.0.operation = Some(*operation);
        self
    }

    pub(crate) fn body(mut self, body: Option<ErrorBody>) -> Self {
        self.0.body = body.map(Arc::new);
        self
    }

    pub(crate) fn metadata(mut self, metadata: ResponseMetadata) -> Self {
        self.0.metadata = Some(metadata);
        self
    }

    pub(crate) fn retry_after(mut self, retry_after: Option<Duration>) -> Self {
        self.0.retry_after = retry_after;
        self
    }

    pub(crate) fn may_have_acted(mut self, may_have_acted: bool) -> Self {
        self.0.may_have_acted = may_have_acted;
        self
    }

    /// `temporary`: the failure may pass. A `Once` operation that may have acted is never worth a
    /// second try, whatever failed.
    pub(crate) fn temporary(mut self, temporary: bool) -> Self {
        let once = self.0.operation.is_some_and(|operation| operation.replay == Replay::Once);
        self.0.worth_retrying = temporary && !(once && self.0.may_have_acted);
        self
    }

    pub(crate) fn source(mut self, source: impl StdError + Send + Sync + 'static) -> Self {
        self.0.source = Some(Arc::new(source));
        self
    }

    pub(crate) fn boxed_source(mut self, source: Box<dyn StdError + Send + Sync>) -> Self {
        self.0.source = Some(Arc::from(source));
        self
    }

    pub(crate) fn build(self) -> Error {
        Error(Arc::new(self.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_services_words_turn_no_line_around_and_hide_nothing() {
        let body = ErrorBody { context_id: Some("a\u{200b}b".to_owned()), ..ErrorBody::default() };
        let said = "400 bad.request: the client \u{202e}evil\u{2069} of \u{e0041}עברית";
        let error = Error::builder().kind(ErrorKind::Api, said).body(Some(body)).build();
        let shown =
            r"400 bad.request: the client \u{202e}evil\u{2069} of \u{e0041}עברית [correlation id a\u{200b}b]";
        assert_eq!(error.to_string(), shown);
        assert_eq!(format!("{error:?}"), format!("Api: {shown}"));
    }
}
