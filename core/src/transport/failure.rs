//! The failure table: the class of a failed attempt and the retry class of its operation decide about a retry.
//!
//! The question behind every row is whether the service may have executed the request:
//!
//! - No byte was written, or the service refused the request before executing it (429): any operation is retried.
//! - The token was rejected (401): the request was not executed, so any operation is retried with a renewed token,
//!   once. A second 401 would not be mended by another token.
//! - The response was lost or can't be read, or the service was unavailable in the middle (408, 502 to 504): the
//!   request may have been executed. Operations that may be executed twice are retried. For the others the outcome is
//!   unknown, and only the caller can find out: a second rotation would destroy the secret that the first one
//!   generated.
//! - Status 500 may be a defect that occurs every time, so it is retried once.
//! - A 404 after a `DELETE` whose response was lost means that the first attempt deleted the object: the call succeeds.
//! - Everything else is the service's decision, or would be the same after a retry.
//!
//! The tests at the end of the file have the whole table, and `core/tests/emulated` has it for every operation.

use std::error::Error as StdError;
use std::time::Duration;

use super::backoff;
use crate::metadata::Head;
use crate::models::{ErrorBody, Unreadable};
use crate::operation::{Operation, Replay, Verb};
use crate::proxy::ProxyFault;

/// The failure of one attempt, with the response head if one arrived.
#[derive(Debug)]
pub(crate) struct Failure {
    pub(crate) cause: Cause,
    /// Status and headers of the response; `None` if they did not arrive.
    pub(crate) head: Option<Box<Head>>,
}

/// The cause of an attempt's failure.
#[derive(Debug)]
pub(crate) enum Cause {
    /// The request could not be built.
    Unsendable(reqwest::Error),
    /// The time ran out before a connection was requested: nothing was written.
    NotSent(Duration),
    /// No connection was established: nothing was written.
    Unconnected(reqwest::Error),
    /// The proxy could not be reached, or refused to connect to the host: nothing was written.
    Proxy(ProxyFault, reqwest::Error),
    /// The connection broke after bytes may have been written, and before the response began.
    Broken(reqwest::Error),
    /// The body is truncated or can't be decompressed.
    DamagedBody(Box<dyn StdError + Send + Sync>),
    /// The attempt took longer than the limit of a single attempt.
    AttemptTimeout(Duration),
    /// The operation's deadline passed during the attempt.
    Deadline(Duration),
    /// The status is 2xx, but the body is not what the operation returns.
    Unreadable(Unreadable),
    /// The response's status is not 2xx, or its body describes an error.
    Refused {
        /// The error that the body describes, with the request's credentials masked.
        body: Option<Box<ErrorBody>>,
        is_empty: bool,
    },
}

/// The class of a failure, which decides about a retry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum FailureClass {
    /// The request can't be built, and a retry would not change that.
    Unsendable,
    /// No byte of the request was written: DNS failure, refused connection, TLS failure, an unreachable proxy, or a
    /// time limit that passed before a connection was established.
    NothingWritten,
    /// The proxy rejects the user name and password: each further attempt may lock the account.
    ProxyCredentials,
    /// The proxy refused to connect to the host: the proxy itself responded, so nothing was written to the host.
    ProxyRefused,
    /// 429: rejected before execution.
    Throttled,
    /// 401.
    TokenRejected,
    /// No usable response, although bytes may have been written: a broken connection, an attempt timeout or the
    /// deadline, or a truncated, unreadable or incomplete body.
    Lost,
    /// 408, 502, 503, 504.
    Unavailable,
    /// 500.
    ServerError,
    /// Another status after which the service may have executed the request: below 200, 300 to 303, and from 501 up.
    Unsure,
    /// A complete response that can't be used, and would be the same after a retry: too large, or redirected.
    Unusable,
    /// 404.
    Missing,
    /// Any other 3xx or 4xx status, or a 2xx whose body describes an error.
    Refused,
}

impl Failure {
    /// Returns the wait that the response asks for.
    pub(super) fn retry_after(&self) -> Option<Duration> {
        self.head.as_ref().and_then(|head| backoff::retry_after(&head.headers))
    }

    pub(crate) fn class(&self) -> FailureClass {
        if let Cause::Unreadable(Unreadable::TooLarge { .. } | Unreadable::Redirected) = self.cause {
            return FailureClass::Unusable;
        }
        if let Some(head) = self.head.as_ref().filter(|head| !head.status.is_success()) {
            return FailureClass::from_status(head.status.as_u16());
        }
        match self.cause {
            Cause::Unsendable(_) => FailureClass::Unsendable,
            Cause::NotSent(_) | Cause::Unconnected(_) | Cause::Proxy(ProxyFault::Unreachable, _) => {
                FailureClass::NothingWritten
            }
            Cause::Proxy(ProxyFault::Credentials, _) => FailureClass::ProxyCredentials,
            Cause::Proxy(ProxyFault::Refused(_), _) => FailureClass::ProxyRefused,
            Cause::Refused { .. } => FailureClass::Refused,
            Cause::Broken(_)
            | Cause::DamagedBody(_)
            | Cause::AttemptTimeout(_)
            | Cause::Deadline(_)
            | Cause::Unreadable(_) => FailureClass::Lost,
        }
    }
}

impl FailureClass {
    /// Returns the class of a status other than 2xx.
    fn from_status(status: u16) -> Self {
        match status {
            401 => FailureClass::TokenRejected,
            404 => FailureClass::Missing,
            408 | 502..=504 => FailureClass::Unavailable,
            429 => FailureClass::Throttled,
            500 => FailureClass::ServerError,
            ..=199 | 300..=303 | 501.. => FailureClass::Unsure,
            _ => FailureClass::Refused,
        }
    }

    /// Returns whether the service may have executed the request of an attempt that failed in this way.
    pub(crate) fn may_have_acted(self) -> bool {
        use FailureClass::{Lost, ServerError, Unavailable, Unsure, Unusable};
        matches!(self, Lost | Unavailable | ServerError | Unsure | Unusable)
    }

    /// Returns whether the failure may be temporary, so that the caller may try again later. A proxy that refuses is
    /// not asked again at once, but may be configured meanwhile.
    pub(crate) fn is_temporary(self) -> bool {
        use FailureClass::{Lost, NothingWritten, ProxyRefused, ServerError, Throttled, Unavailable};
        matches!(self, NothingWritten | ProxyRefused | Throttled | Lost | Unavailable | ServerError)
    }
}

/// The attempts of an operation so far.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct History {
    /// The number of attempts.
    pub(crate) attempts: u32,
    /// The number of attempts that were retries after a failure. A retry with a renewed token is not counted.
    pub(crate) retries: u32,
    /// True once the token was renewed because the service rejected it.
    pub(crate) renewed: bool,
    /// The number of responses with status 500.
    pub(crate) server_errors: u32,
    /// True if the service may have executed an earlier attempt.
    pub(crate) may_have_acted: bool,
    /// The cost that the last retry took from the budget.
    pub(crate) last_cost: Option<u32>,
}

/// The decision after a failed attempt, before the limits on number and time are applied.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// Retry the request.
    Retry,
    /// Renew the token and retry the request.
    RenewTokenAndRetry,
    /// The operation has succeeded: an earlier attempt, whose response was lost, was executed.
    Done,
    /// Return the failure to the caller.
    Stop,
    /// The request may have been executed and must not be retried.
    OutcomeUnknown,
}

/// Decides whether to retry, before the limits on number and time are applied. The flags and the number of server
/// errors of `history` are those of earlier attempts only.
pub(crate) fn verdict(operation: &Operation, class: FailureClass, history: &History) -> Verdict {
    let once = operation.replay == Replay::Once;
    match class {
        // The service has not executed the request: any operation may be retried.
        FailureClass::NothingWritten | FailureClass::Throttled => Verdict::Retry,
        FailureClass::TokenRejected if !history.renewed => Verdict::RenewTokenAndRetry,
        // Before the arms below, which retry operations that may be executed twice.
        _ if once && class.may_have_acted() => Verdict::OutcomeUnknown,
        FailureClass::Lost | FailureClass::Unavailable => Verdict::Retry,
        FailureClass::ServerError if history.server_errors == 0 => Verdict::Retry,
        FailureClass::Missing if operation.verb == Verb::Delete && history.may_have_acted => Verdict::Done,
        FailureClass::Unsendable
        | FailureClass::ProxyCredentials
        | FailureClass::ProxyRefused
        | FailureClass::TokenRejected
        | FailureClass::ServerError
        | FailureClass::Unsure
        | FailureClass::Unusable
        | FailureClass::Missing
        | FailureClass::Refused => Verdict::Stop,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_cell_of_the_failure_table_is_as_specified() {
        use FailureClass::*;
        use Verdict::{OutcomeUnknown, RenewTokenAndRetry, Retry, Stop};
        let once_more = History { server_errors: 1, ..History::default() };
        let renewed = History { renewed: true, ..History::default() };
        let fresh = History::default();
        #[rustfmt::skip]
        let rows = [
            //                        Safe           Idempotent     Repeatable     Once
            (NothingWritten, fresh,   [Retry,         Retry,         Retry,         Retry]),
            (ProxyCredentials, fresh, [Stop,          Stop,          Stop,          Stop]),
            (ProxyRefused,   fresh,   [Stop,          Stop,          Stop,          Stop]),
            (Throttled,      fresh,   [Retry,         Retry,         Retry,         Retry]),
            (TokenRejected,  fresh,   [RenewTokenAndRetry, RenewTokenAndRetry, RenewTokenAndRetry, RenewTokenAndRetry]),
            (TokenRejected,  renewed, [Stop,          Stop,          Stop,          Stop]),
            (Lost,           fresh,   [Retry,         Retry,         Retry,         OutcomeUnknown]),
            (Unavailable,    fresh,   [Retry,         Retry,         Retry,         OutcomeUnknown]),
            (ServerError,    fresh,   [Retry,         Retry,         Retry,         OutcomeUnknown]),
            (ServerError,    once_more, [Stop,        Stop,          Stop,          OutcomeUnknown]),
            (Unsure,         fresh,   [Stop,          Stop,          Stop,          OutcomeUnknown]),
            (Unusable,       fresh,   [Stop,          Stop,          Stop,          OutcomeUnknown]),
            (Missing,        fresh,   [Stop,          Stop,          Stop,          Stop]),
            (Refused,        fresh,   [Stop,          Stop,          Stop,          Stop]),
            (Unsendable,     fresh,   [Stop,          Stop,          Stop,          Stop]),
        ];
        let classes = [Replay::Safe, Replay::Idempotent, Replay::Repeatable, Replay::Once];
        for operation in Operation::ALL {
            let column = classes.iter().position(|class| *class == operation.replay).expect("a class");
            for (class, history, verdicts) in &rows {
                assert_eq!(verdict(operation, *class, history), verdicts[column], "{operation:?}, {class:?}");
            }
        }
    }

    #[test]
    fn a_status_that_does_not_tell_the_outcome_of_the_request_leaves_it_unknown() {
        for status in (100..200).chain(300..304).chain([501, 505, 599, 600, 999]) {
            let class = FailureClass::from_status(status);
            let verdict = verdict(&Operation::POST_OAUTH_CLIENT_SECRET, class, &History::default());
            assert_eq!(verdict, Verdict::OutcomeUnknown, "{status}");
        }
    }

    #[test]
    fn a_404_after_a_lost_delete_means_done_and_only_then() {
        let lost = History { may_have_acted: true, ..History::default() };
        for operation in Operation::ALL {
            let expected = if operation.verb == Verb::Delete { Verdict::Done } else { Verdict::Stop };
            assert_eq!(verdict(operation, FailureClass::Missing, &lost), expected, "{operation:?}");
            assert_eq!(verdict(operation, FailureClass::Missing, &History::default()), Verdict::Stop);
        }
    }
}
