//! What a failure says to the person who reads it: its kind, one line of text, and its cause.

use std::borrow::Cow;
use std::time::Duration;

use http::StatusCode;
use url::Position;

use super::Flight;
use super::backoff;
use super::failure::{Cause, Failure};
use crate::error::{Error, ErrorBuilder, ErrorKind, innermost};
use crate::metadata::{self, Head};
use crate::models::ErrorBody;
use crate::proxy::ProxyFault;

impl Failure {
    /// The wait that the answer asks for.
    pub(super) fn retry_after(&self) -> Option<Duration> {
        self.head.as_ref().and_then(|head| backoff::retry_after(&head.headers))
    }
}

impl Flight<'_> {
    /// The error for a failure that ends the operation. `history` includes it.
    pub(super) fn failed(&self, failure: Failure) -> Error {
        let temporary = failure.class().is_temporary();
        let (kind, text, error) = self.describe(failure);
        let text = match self.history.attempts {
            0 | 1 => text,
            attempts => format!("{text} ({attempts} attempts in {:.1?})", self.elapsed()),
        };
        error.kind(kind, text).temporary(temporary).build()
    }

    /// The error for a failure after which nobody knows. `history` includes it.
    pub(super) fn outcome_unknown(&self, failure: Failure) -> Error {
        let (_, text, error) = self.describe(failure);
        let text = format!("outcome unknown: {text}; it may have been carried out, and is not sent again");
        error.kind(ErrorKind::OutcomeUnknown, text).build()
    }

    /// The error of a sign-in, for the operation that waited for it.
    pub(super) fn not_signed_in(&self, error: Error) -> Error {
        error.into_sign_in_failure(&self.request.operation, self.metadata(None), self.history.may_have_acted)
    }

    pub(super) fn too_late_for_a_token(&self) -> Error {
        self.timeout(format!("no token within the deadline of {:?}", self.allowance.deadline))
    }

    /// The time ran out between two attempts, or before the first.
    pub(super) fn too_late(&self) -> Error {
        self.timeout(format!("no result within the deadline of {:?}", self.allowance.deadline))
    }

    fn timeout(&self, text: String) -> Error {
        self.error().kind(ErrorKind::Timeout, text).temporary(true).build()
    }

    fn error(&self) -> ErrorBuilder {
        Error::builder()
            .operation(&self.request.operation)
            .metadata(self.metadata(None))
            .may_have_acted(self.history.may_have_acted)
    }

    fn describe(&self, failure: Failure) -> (ErrorKind, String, ErrorBuilder) {
        let host = &self.request.url[Position::BeforeHost..Position::AfterPort];
        let retry_after = failure.retry_after();
        let error = self.error().metadata(self.metadata(failure.head.as_deref())).retry_after(retry_after);
        let status = failure.head.as_ref().map_or(0, |head| head.status.as_u16());
        match failure.cause {
            Cause::Unsendable(cause) => {
                let text = format!("no request can be made of it: {}", innermost(&cause));
                (ErrorKind::Connection, text, error.source(cause))
            }
            Cause::NotSent(time) => {
                (ErrorKind::Timeout, format!("nothing was sent to {host} within {time:?}"), error)
            }
            Cause::Unconnected(cause) => {
                let through = self.proxy().map(|proxy| format!(" through {proxy}")).unwrap_or_default();
                let text = format!("no connection to {host}{through}: {}", innermost(&cause));
                (ErrorKind::Connection, text, error.source(cause))
            }
            Cause::Proxy(fault, cause) => self.describe_proxy(fault, cause, host, error),
            Cause::Broken(cause) => {
                let text =
                    format!("the connection to {host} broke before an answer came: {}", innermost(&cause));
                (ErrorKind::Connection, text, error.source(cause))
            }
            Cause::HalfAnswer(cause) => {
                let reason = innermost(&*cause);
                let text = format!("the answer broke off or can't be unpacked: {reason} (status {status})");
                (ErrorKind::UnreadableAnswer, text, error.boxed_source(cause))
            }
            Cause::AttemptTimeout(time) => {
                (ErrorKind::Timeout, format!("no whole answer from {host} within {time:?}"), error)
            }
            Cause::Deadline(time) => {
                (ErrorKind::Timeout, format!("no result within the deadline of {time:?}"), error)
            }
            Cause::Unreadable(reason) => {
                (ErrorKind::UnreadableAnswer, format!("{reason} (status {status})"), error.source(reason))
            }
            Cause::Refused { body, is_empty } => {
                let text = match &failure.head {
                    Some(head) => self.refusal(head, is_empty, body.as_deref(), retry_after),
                    None => String::new(),
                };
                (ErrorKind::Api, text, error.body(body.map(|body| *body)))
            }
        }
    }

    /// Describes a fault of the proxy, which is neither the host's nor that of the connection to it.
    fn describe_proxy(
        &self,
        fault: ProxyFault,
        cause: reqwest::Error,
        host: &str,
        error: ErrorBuilder,
    ) -> (ErrorKind, String, ErrorBuilder) {
        let proxy = self.proxy().unwrap_or("the proxy".into());
        let mut metadata = self.metadata(None);
        let text = match fault {
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
        (ErrorKind::Connection, text, error.metadata(metadata).source(cause))
    }

    /// Returns the proxy on the way of the request, if there is one.
    fn proxy(&self) -> Option<Cow<'static, str>> {
        self.transport.pools.connections().route()?.proxy_to(&self.request.url)
    }

    /// One line from what the service said.
    fn refusal(
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
        let mut text = head.status.as_u16().to_string();
        if let Some(code) = code.or_else(|| head.status.canonical_reason()) {
            text.extend([" ", code]);
        }
        match message {
            Some(message) => text.extend([": ", message]),
            None if code.is_some() => {}
            None if head.status.is_redirection() => {
                let target = self.redirect_target(head);
                text.push_str(&format!(
                    ": redirected{target}; that is not followed, the token would go along"
                ));
            }
            None if is_empty => text.push_str(", with nothing more said"),
            None => text.push_str(", not in the service's own words, so perhaps from something in between"),
        }
        let said = |word: &str| message.is_some_and(|message| message.contains(word));
        for detail in body.iter().flat_map(|body| &body.details) {
            if let (Some(field), Some(code)) = (&detail.field_name, &detail.error_code)
                && !said(field)
            {
                text.extend(["; ", field, ": ", code]);
            }
        }
        let permissions = self.request.operation.permissions;
        let needed = head.status.as_u16() == 403 && !permissions.is_empty();
        if needed && !permissions.iter().any(|permission| said(permission)) {
            text.extend(["; it needs ", &permissions.join(" or ")]);
        }
        if let Some(advice) = code.and_then(self.request.words.advice) {
            text.extend(["; ", advice]);
        }
        if let Some(wait) = retry_after {
            text.push_str(&format!("; it asks to wait {wait:?}"));
        }
        text
    }

    /// Where a redirect leads, without what may be secret in its address.
    fn redirect_target(&self, head: &Head) -> String {
        metadata::text(&head.headers, "location")
            .and_then(|location| self.request.url.join(location).ok())
            .and_then(|url| url.host_str().map(|host| format!(" to {host}")))
            .unwrap_or_default()
    }
}

/// Returns the beginning of a message: no more of it is printed.
fn shortened(message: &str) -> &str {
    message.char_indices().nth(4_000).map_or(message, |(end, _)| &message[..end])
}
