//! The failure table: what an attempt that failed means for the operation.

use std::error::Error as StdError;
use std::time::Duration;

use crate::metadata::Head;
use crate::models::{ErrorBody, Unreadable};
use crate::operation::{Operation, Replay, Verb};
use crate::proxy::ProxyFault;

/// How one attempt failed, and how far the answer came.
#[derive(Debug)]
pub(crate) struct Failure {
    pub(crate) cause: Cause,
    /// The beginning of the answer, if that much came.
    pub(crate) head: Option<Box<Head>>,
}

/// Why an attempt failed.
#[derive(Debug)]
pub(crate) enum Cause {
    /// No request could be made of what was to be sent.
    Unsendable(reqwest::Error),
    /// The time ran out before a connection was asked for: nothing was written.
    NotSent(Duration),
    /// No connection came about: nothing was written.
    Unconnected(reqwest::Error),
    /// The proxy could not be reached, or refused the way to the host: nothing was written.
    Proxy(ProxyFault, reqwest::Error),
    /// The connection broke after bytes may have been written, and before an answer began.
    Broken(reqwest::Error),
    /// The answer says success, and did not come whole or can't be unpacked.
    HalfAnswer(Box<dyn StdError + Send + Sync>),
    /// The attempt took longer than an attempt may.
    AttemptTimeout(Duration),
    /// The time of the whole operation ran out in the middle of the attempt.
    Deadline(Duration),
    /// The answer says success, and its body is not what the operation returns.
    Unreadable(Unreadable),
    /// The response's status is not success.
    Refused {
        /// The error that its body describes, without the request's credentials.
        body: Option<Box<ErrorBody>>,
        is_empty: bool,
    },
}

/// A row of the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum FailureClass {
    /// It could not be sent at all, and never can.
    Unsendable,
    /// DNS, refused, TLS, connect timeout.
    NothingWritten,
    /// The proxy does not accept its user name and password: each further try may lock the account.
    ProxyCredentials,
    /// The proxy refused to connect to the host: its own answer, so nothing was written.
    ProxyRefused,
    /// 429: refused before execution.
    Throttled,
    /// 401.
    TokenRejected,
    /// Reset, attempt timeout, body cut or unreadable.
    Lost,
    /// 408, 502, 503, 504.
    Unavailable,
    /// 500.
    ServerError,
    /// Another status after which the service may have acted: below 200, 300 to 303, and from 501 up.
    Unsure,
    /// A whole answer that can't be used and would be the same again: too large, or redirected.
    Unusable,
    /// 404.
    Missing,
    /// 400, 403, 409, 413, 415 and the rest.
    Refused,
}

impl Failure {
    pub(crate) fn class(&self) -> FailureClass {
        if let Cause::Unreadable(Unreadable::TooLarge { .. } | Unreadable::Redirected) = self.cause {
            return FailureClass::Unusable;
        }
        if let Some(head) = self.head.as_ref().filter(|head| !head.status.is_success()) {
            return FailureClass::of_status(head.status.as_u16());
        }
        match self.cause {
            Cause::Unsendable(_) => FailureClass::Unsendable,
            Cause::NotSent(_) | Cause::Unconnected(_) | Cause::Proxy(ProxyFault::Unreachable, _) => {
                FailureClass::NothingWritten
            }
            Cause::Proxy(ProxyFault::Credentials, _) => FailureClass::ProxyCredentials,
            Cause::Proxy(ProxyFault::Refused(_), _) => FailureClass::ProxyRefused,
            Cause::Refused { .. } => FailureClass::Refused,
            _ => FailureClass::Lost,
        }
    }
}

impl FailureClass {
    /// The row of a status that is not success.
    fn of_status(status: u16) -> Self {
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

    /// Whether the service may have carried out an attempt that failed like this.
    pub(crate) fn may_have_acted(self) -> bool {
        use FailureClass::{Lost, ServerError, Unavailable, Unsure, Unusable};
        matches!(self, Lost | Unavailable | ServerError | Unsure | Unusable)
    }

    /// Whether the failure may pass by itself.
    pub(crate) fn is_temporary(self) -> bool {
        use FailureClass::{Lost, NothingWritten, ProxyRefused, ServerError, Throttled, Unavailable};
        matches!(self, NothingWritten | ProxyRefused | Throttled | Lost | Unavailable | ServerError)
    }
}

/// What has happened to the operation so far.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct History {
    /// How many times it was sent.
    pub(crate) attempts: u32,
    /// How many of those were retries after a failure.
    pub(crate) retries: u32,
    /// Whether the token was renewed for it.
    pub(crate) renewed: bool,
    /// How many answers were a 500.
    pub(crate) server_errors: u32,
    /// Whether an earlier attempt may have been carried out.
    pub(crate) may_have_acted: bool,
    /// What the last retry took from the budget.
    pub(crate) last_cost: Option<u32>,
}

/// What to do after an attempt failed, limits on number and time aside.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// Send it again.
    Again,
    /// Renew the token and send it again.
    RenewAndAgain,
    /// It is done: an earlier attempt, whose answer was lost, did it.
    Done,
    /// The failure is the result.
    Stop,
    /// It may have been carried out and must not be sent again.
    OutcomeUnknown,
}

/// The table, cell by cell. `history` is of the time before this failure.
pub(crate) fn verdict(operation: &Operation, class: FailureClass, history: &History) -> Verdict {
    let once = operation.replay == Replay::Once;
    match class {
        FailureClass::NothingWritten | FailureClass::Throttled => Verdict::Again,
        FailureClass::TokenRejected if !history.renewed => Verdict::RenewAndAgain,
        _ if once && class.may_have_acted() => Verdict::OutcomeUnknown,
        FailureClass::Lost | FailureClass::Unavailable => Verdict::Again,
        FailureClass::ServerError if history.server_errors == 0 => Verdict::Again,
        FailureClass::Missing if operation.verb == Verb::Delete && history.may_have_acted => Verdict::Done,
        _ => Verdict::Stop,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_cell_by_cell() {
        use FailureClass::*;
        use Verdict::{Again, OutcomeUnknown, RenewAndAgain, Stop};
        let once_more = History { server_errors: 1, ..History::default() };
        let renewed = History { renewed: true, ..History::default() };
        let fresh = History::default();
        #[rustfmt::skip]
        let rows = [
            //                        Safe           Idempotent     Repeatable     Once
            (NothingWritten, fresh,   [Again,         Again,         Again,         Again]),
            (ProxyCredentials, fresh, [Stop,          Stop,          Stop,          Stop]),
            (ProxyRefused,   fresh,   [Stop,          Stop,          Stop,          Stop]),
            (Throttled,      fresh,   [Again,         Again,         Again,         Again]),
            (TokenRejected,  fresh,   [RenewAndAgain, RenewAndAgain, RenewAndAgain, RenewAndAgain]),
            (TokenRejected,  renewed, [Stop,          Stop,          Stop,          Stop]),
            (Lost,           fresh,   [Again,         Again,         Again,         OutcomeUnknown]),
            (Unavailable,    fresh,   [Again,         Again,         Again,         OutcomeUnknown]),
            (ServerError,    fresh,   [Again,         Again,         Again,         OutcomeUnknown]),
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
    fn a_status_that_ends_the_exchange_without_a_word_of_its_outcome_leaves_it_unknown() {
        for status in (100..200).chain(300..304).chain([501, 505, 599, 600, 999]) {
            let class = FailureClass::of_status(status);
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
