//! Error messages: turns a failure into an error with its kind, a message of one line and its cause.

use std::borrow::Cow;
use std::time::Duration;

use http::StatusCode;
use url::Position;

use super::OperationAttempts;
use super::failure::{Cause, Failure};
use crate::error::{Error, ErrorBuilder, ErrorKind, innermost};
use crate::metadata::{self, Head};
use crate::models::ErrorBody;
use crate::proxy::ProxyFault;

impl OperationAttempts<'_> {
    /// Builds the error for a failure that ends the operation. `self.history` has been updated with the failure.
    pub(super) fn final_error(&self, failure: Failure) -> Error {
        let temporary = failure.class().is_temporary();
        let error = self.describe(failure).temporary(temporary);
        let error = match self.history.attempts {
            0 | 1 => error,
            attempts => error
                .edit_message(|message| format!("{message} ({attempts} attempts in {:.1?})", self.elapsed())),
        };
        error.build()
    }

    /// Builds `OutcomeUnknown`. `self.history` has been updated with the failure.
    pub(super) fn outcome_unknown(&self, failure: Failure) -> Error {
        let unknown = |message: &str| {
            format!("outcome unknown: {message}; the operation may have been executed, and is not retried")
        };
        self.describe(failure).kind(ErrorKind::OutcomeUnknown).edit_message(unknown).build()
    }

    /// Builds the error for an operation whose sign-in failed.
    pub(super) fn sign_in_failed(&self, error: Error) -> Error {
        error.into_sign_in_failure(&self.request.operation, self.metadata(None), self.history.may_have_acted)
    }

    /// Builds the error for an operation whose deadline passed while it waited for a token.
    pub(super) fn no_token_in_time(&self) -> Error {
        self.timeout(format!("no token within the deadline of {:?}", self.limits.deadline))
    }

    /// Builds the error for a deadline that passed between two attempts, or before the first.
    pub(super) fn deadline_exceeded(&self) -> Error {
        self.timeout(format!("no result within the deadline of {:?}", self.limits.deadline))
    }

    fn timeout(&self, message: String) -> Error {
        self.error(ErrorKind::Timeout, message).temporary(true).build()
    }

    fn error(&self, kind: ErrorKind, message: String) -> ErrorBuilder {
        Error::builder(kind, message)
            .operation(&self.request.operation)
            .metadata(self.metadata(None))
            .may_have_acted(self.history.may_have_acted)
    }

    /// Returns an error with the kind, the message and the cause of a failure.
    fn describe(&self, failure: Failure) -> ErrorBuilder {
        let host = &self.request.url[Position::BeforeHost..Position::AfterPort];
        let retry_after = failure.retry_after();
        let status = failure.head.as_ref().map_or(0, |head| head.status.as_u16());
        let metadata = self.metadata(failure.head.as_deref());
        let error = match failure.cause {
            Cause::Unsendable(cause) => {
                let message = format!("the request can't be built: {}", innermost(&cause));
                self.error(ErrorKind::Connection, message).source(cause)
            }
            Cause::NotSent(time) => {
                self.error(ErrorKind::Timeout, format!("nothing was sent to {host} within {time:?}"))
            }
            Cause::Unconnected(cause) => {
                let through = self.proxy().map(|proxy| format!(" through {proxy}")).unwrap_or_default();
                let message = format!("no connection to {host}{through}: {}", innermost(&cause));
                self.error(ErrorKind::Connection, message).source(cause)
            }
            Cause::Proxy(fault, cause) => return self.describe_proxy(fault, cause, host),
            Cause::Broken(cause) => {
                let reason = innermost(&cause);
                let message = format!("the connection to {host} broke before a response arrived: {reason}");
                self.error(ErrorKind::Connection, message).source(cause)
            }
            Cause::DamagedBody(cause) => {
                let reason = innermost(&*cause);
                let message =
                    format!("the response is truncated or can't be decompressed: {reason} (status {status})");
                self.error(ErrorKind::UnreadableAnswer, message).boxed_source(cause)
            }
            Cause::AttemptTimeout(time) => {
                self.error(ErrorKind::Timeout, format!("no complete response from {host} within {time:?}"))
            }
            Cause::Deadline(time) => {
                self.error(ErrorKind::Timeout, format!("no result within the deadline of {time:?}"))
            }
            Cause::Unreadable(reason) => {
                self.error(ErrorKind::UnreadableAnswer, format!("{reason} (status {status})")).source(reason)
            }
            Cause::Refused { body, is_empty } => {
                let message = match &failure.head {
                    Some(head) => self.describe_error_response(head, is_empty, body.as_deref(), retry_after),
                    None => String::new(),
                };
                self.error(ErrorKind::Api, message).body(body.map(|body| *body))
            }
        };
        error.metadata(metadata).retry_after(retry_after)
    }

    /// Describes a fault of the proxy, as opposed to one of the host or of the connection to it.
    fn describe_proxy(&self, fault: ProxyFault, cause: reqwest::Error, host: &str) -> ErrorBuilder {
        let proxy = self.proxy().unwrap_or("the proxy".into());
        let mut metadata = self.metadata(None);
        let message = match fault {
            ProxyFault::Unreachable => format!("no connection to {proxy}: {}", innermost(&cause)),
            ProxyFault::Credentials => {
                let reason = innermost(&cause);
                let reason = match reason.strip_prefix("SOCKS error: ") {
                    Some(reason) => reason,
                    None => {
                        metadata.status = Some(StatusCode::PROXY_AUTHENTICATION_REQUIRED.as_u16());
                        "407 Proxy Authentication Required"
                    }
                };
                format!("{proxy} refused the tunnel to {host}: {reason}; check its user name and password")
            }
            ProxyFault::Refused(None) => format!(
                "{proxy} refused the tunnel to {host}; the usual reasons are 403, the proxy does not allow this host, \
                 and 502, the proxy can't reach it"
            ),
            ProxyFault::Refused(Some(reason)) => format!("{proxy} refused the tunnel to {host}: {reason}"),
        };
        self.error(ErrorKind::Connection, message).metadata(metadata).source(cause)
    }

    /// Returns the proxy that the request goes through, if any.
    fn proxy(&self) -> Option<Cow<'static, str>> {
        self.transport.pools.connections().route()?.proxy_to(&self.request.url)
    }

    /// Builds a message of one line from an error response.
    fn describe_error_response(
        &self,
        head: &Head,
        is_empty: bool,
        body: Option<&ErrorBody>,
        retry_after: Option<Duration>,
    ) -> String {
        let code = body.and_then(|body| body.code.as_deref());
        let message = body
            .and_then(|body| body.message.as_deref())
            .map(|message| shortened(message).trim_end_matches('.'));
        let mut line = head.status.as_u16().to_string();
        if let Some(code) = code.or_else(|| head.status.canonical_reason()) {
            line.extend([" ", code]);
        }
        match message {
            Some(message) => line.extend([": ", message]),
            None if code.is_some() => {}
            None if head.status.is_redirection() => {
                let target = self.redirect_target(head);
                line.push_str(&format!(
                    ": redirected{target}; redirects are not followed, because they would send the token along"
                ));
            }
            None if is_empty => line.push_str(", without a body"),
            None => line.push_str(
                ", with a body that is not an error of the service, so perhaps from a proxy or gateway",
            ),
        }
        let is_in_message = |word: &str| message.is_some_and(|message| message.contains(word));
        for detail in body.iter().flat_map(|body| &body.details) {
            if let (Some(field), Some(code)) = (&detail.field_name, &detail.error_code)
                && !is_in_message(field)
            {
                line.extend(["; ", field, ": ", code]);
            }
        }
        let permissions = self.request.operation.permissions;
        let needed = head.status.as_u16() == 403 && !permissions.is_empty();
        if needed && !permissions.iter().any(|permission| is_in_message(permission)) {
            line.extend(["; required permission: ", &permissions.join(" or ")]);
        }
        if let Some(advice) = code.and_then(self.request.error_format.advice) {
            line.extend(["; ", advice]);
        }
        if let Some(wait) = retry_after {
            line.push_str(&format!("; the service asks to wait {wait:?}"));
        }
        line
    }

    /// Returns the host that a redirect leads to. The rest of its address may hold a secret.
    fn redirect_target(&self, head: &Head) -> String {
        metadata::header_string(&head.headers, "location")
            .and_then(|location| self.request.url.join(location).ok())
            .and_then(|url| url.host_str().map(|host| format!(" to {host}")))
            .unwrap_or_default()
    }
}

/// Truncates a message to the length that is printed.
fn shortened(message: &str) -> &str {
    message.char_indices().nth(4_000).map_or(message, |(end, _)| &message[..end])
}
