//! The way of a request: attempt, classify, wait, attempt again, within a deadline and a budget.

mod attempt;
mod backoff;
mod budget;
mod connections;
mod failure;
mod metadata;

use std::error::Error as StdError;
use std::sync::Arc;
use std::time::{Duration, Instant};

use reqwest::Client;
use tracing::{Instrument, Span, debug, field};
use url::Position;

pub(crate) use attempt::{Body, Pass, Request};
pub use metadata::{RateLimit, ResponseMetadata};

use attempt::{Answer, Limit, attempt};
use budget::RetryBudget;
use failure::{Failure, FailureClass, History, Verdict, verdict};

use crate::clock::{Clock, Wait};
use crate::config::{Config, RetryPolicy};
use crate::credentials::Session;
use crate::error::{Error, ErrorKind};
use crate::models::{ErrorBody, Model, Unreadable, decode};

/// What an operation may return.
pub(crate) trait Returned: Sized {
    /// Reads it from the body of an answer that says success.
    fn read(body: &[u8]) -> Result<Self, Unreadable>;

    /// What stands for an answer that says that the work is done already.
    fn nothing() -> Option<Self> {
        None
    }
}

impl<M: Model> Returned for M {
    fn read(body: &[u8]) -> Result<Self, Unreadable> {
        decode(body)
    }
}

/// Nothing, whatever the body holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Nothing;

impl Returned for Nothing {
    fn read(_body: &[u8]) -> Result<Self, Unreadable> {
        Ok(Nothing)
    }

    fn nothing() -> Option<Self> {
        Some(Nothing)
    }
}

/// Where the pass of a request comes from.
#[derive(Clone, Copy)]
pub(crate) enum Admission<'a> {
    /// The token of a session, renewed when it is rejected.
    Session(&'a Session),
    /// This pass and no other.
    Fixed(&'a Pass),
}

/// What a caller may set for one call.
#[derive(Clone, Debug)]
pub(crate) struct Allowance {
    pub(crate) deadline: Duration,
    pub(crate) retries: bool,
}

/// Connections, and the rules by which requests go over them.
pub(crate) struct Transport {
    http: Client,
    clock: Arc<dyn Clock>,
    attempt_timeout: Duration,
    retry: RetryPolicy,
    budget: RetryBudget,
    max_response_bytes: usize,
}

/// A request under way.
struct Flight<'a> {
    transport: &'a Transport,
    request: &'a Request,
    allowance: &'a Allowance,
    started: Instant,
    history: History,
}

impl Transport {
    pub(crate) fn new(config: &Config) -> Result<Self, Error> {
        Ok(Transport {
            http: connections::open(config)?,
            clock: config.clock.clone(),
            attempt_timeout: config.attempt_timeout,
            budget: RetryBudget::new(config.retry.budget),
            retry: config.retry.clone(),
            max_response_bytes: config.max_response_bytes,
        })
    }

    pub(crate) fn clock(&self) -> &dyn Clock {
        &*self.clock
    }

    /// Sends a request as often as the failure table, the limits and the time allow.
    pub(crate) async fn send<R: Returned>(
        &self,
        request: &Request,
        admission: Admission<'_>,
        allowance: &Allowance,
    ) -> Result<(R, ResponseMetadata), Error> {
        let span = tracing::info_span!(
            "operation",
            operation = request.operation.name,
            http.request.method = request.operation.verb.as_str(),
            url.template = request.operation.path,
            http.response.status_code = field::Empty,
            correlation_id = field::Empty,
            attempts = field::Empty,
            duration_ms = field::Empty,
            error.kind = field::Empty,
        );
        let flight = Flight {
            transport: self,
            request,
            allowance,
            started: self.clock.now(),
            history: History::default(),
        };
        let result = flight.run(admission).instrument(span.clone()).await;
        match &result {
            Ok((_, metadata)) => record(&span, metadata),
            Err(error) => {
                span.record("error.kind", field::debug(error.kind()));
                if let Some(metadata) = error.metadata() {
                    record(&span, metadata);
                }
            }
        }
        result
    }
}

fn record(span: &Span, metadata: &ResponseMetadata) {
    span.record("http.response.status_code", metadata.status);
    span.record("correlation_id", metadata.correlation_id.as_deref());
    span.record("attempts", metadata.attempts);
    span.record("duration_ms", millis(metadata.elapsed));
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

impl Flight<'_> {
    async fn run<R: Returned>(mut self, admission: Admission<'_>) -> Result<(R, ResponseMetadata), Error> {
        loop {
            let (pass, generation) = match admission {
                Admission::Fixed(pass) => (pass.clone(), None),
                Admission::Session(session) => {
                    let token = self.token(session).await?;
                    (Pass::Bearer(token.secret.clone()), Some((session, token)))
                }
            };
            let failure = match self.attempt(&pass).await {
                Ok((returned, answer)) => {
                    self.transport.budget.succeeded(self.history.last_cost);
                    return Ok((returned, self.metadata(Some(&answer))));
                }
                Err(failure) => failure,
            };
            let class = failure.class();
            let decided = verdict(&self.request.operation, class, &self.history);
            if decided == Verdict::OutcomeUnknown {
                return Err(self.outcome_unknown(failure));
            }
            if let (Verdict::Done, Some(nothing), Failure::Refused(answer)) =
                (decided, R::nothing(), &failure)
            {
                return Ok((nothing, self.metadata(Some(answer))));
            }
            self.history.may_have_acted |= class.may_have_acted();
            self.history.server_errors += u32::from(class == FailureClass::ServerError);
            match decided {
                Verdict::RenewAndAgain => {
                    let renewable = generation.is_some_and(|(session, token)| session.reject(&token));
                    if !renewable || !self.allowance.retries {
                        return Err(self.failed(failure));
                    }
                    self.history.renewed = true;
                }
                Verdict::Again => match self.pause(&failure, class) {
                    Some((pause, wait)) => {
                        debug!(attempt = self.history.attempts, wait_ms = millis(pause), reason = ?wait, "waiting");
                        self.transport.clock.sleep(pause, wait).await;
                    }
                    None => return Err(self.failed(failure)),
                },
                Verdict::Done | Verdict::Stop | Verdict::OutcomeUnknown => return Err(self.failed(failure)),
            }
        }
    }

    async fn attempt<R: Returned>(&mut self, pass: &Pass) -> Result<(R, Answer), Failure> {
        let transport = self.transport;
        let left = self.left();
        let limit = if left < transport.attempt_timeout {
            Limit::Deadline { left, whole: self.allowance.deadline }
        } else {
            Limit::Attempt(transport.attempt_timeout)
        };
        self.history.attempts += 1;
        let began = transport.clock.now();
        let result = attempt(
            &transport.http,
            transport.clock(),
            self.request,
            Some(pass),
            limit,
            transport.max_response_bytes,
        )
        .await
        .and_then(|answer| match R::read(&answer.body) {
            Ok(returned) => Ok((returned, answer)),
            Err(reason) => Err(Failure::Unreadable(reason, Box::new(answer))),
        });
        let answer = match &result {
            Ok((_, answer)) => Some(answer),
            Err(Failure::Refused(answer) | Failure::Unreadable(_, answer)) => Some(&**answer),
            Err(_) => None,
        };
        let seen = answer.map(|answer| ResponseMetadata::read(answer.status, &answer.headers));
        debug!(
            attempt = self.history.attempts,
            http.response.status_code = seen.as_ref().and_then(|seen| seen.status),
            correlation_id = seen.as_ref().and_then(|seen| seen.correlation_id.as_deref()),
            duration_ms = millis(transport.clock.now().saturating_duration_since(began)),
            failure = result.as_ref().err().map(|failure| field::debug(failure.class())),
            "attempt"
        );
        result
    }

    /// The session's token, waited for no longer than the operation may take.
    async fn token(&self, session: &Session) -> Result<Arc<crate::credentials::Token>, Error> {
        let left = self.left();
        tokio::select! {
            biased;
            token = session.token() => {
                token.map_err(|error| error.into_sign_in_failure(&self.request.operation, self.metadata(None)))
            }
            () = self.transport.clock.sleep(left, Wait::Deadline) => Err(self.builder(
                ErrorKind::Timeout,
                format!("the {:?} given to it ran out while it waited for a token", self.allowance.deadline),
            )
            .temporary(true)
            .build()),
        }
    }

    /// How long to wait before the next attempt, or nothing if there must be none.
    fn pause(&mut self, failure: &Failure, class: FailureClass) -> Option<(Duration, Wait)> {
        let policy = &self.transport.retry;
        if !self.allowance.retries || self.history.retries + 1 >= policy.max_attempts {
            return None;
        }
        let asked = match failure {
            Failure::Refused(answer) => backoff::retry_after(&answer.headers),
            _ => None,
        };
        let (pause, wait) = match asked {
            Some(asked) if asked > policy.max_retry_after => return None,
            Some(asked) => (asked, Wait::RetryAfter),
            None => (backoff::pause(policy, self.history.retries, fastrand::f64()), Wait::Backoff),
        };
        if pause >= self.left() {
            return None;
        }
        let cost = if class == FailureClass::Throttled { policy.throttle_cost } else { policy.failure_cost };
        if !self.transport.budget.take(cost) {
            debug!(attempt = self.history.attempts, "the retry budget is used up");
            return None;
        }
        self.history.retries += 1;
        self.history.last_cost = Some(cost);
        Some((pause, wait))
    }

    fn left(&self) -> Duration {
        self.allowance.deadline.saturating_sub(self.elapsed())
    }

    fn elapsed(&self) -> Duration {
        self.transport.clock.now().saturating_duration_since(self.started)
    }

    fn metadata(&self, answer: Option<&Answer>) -> ResponseMetadata {
        let read = answer.map(|answer| ResponseMetadata::read(answer.status, &answer.headers));
        ResponseMetadata {
            attempts: self.history.attempts,
            elapsed: self.elapsed(),
            ..read.unwrap_or_default()
        }
    }

    fn builder(&self, kind: ErrorKind, text: String) -> crate::error::ErrorBuilder {
        Error::builder(kind, text)
            .operation(&self.request.operation)
            .metadata(self.metadata(None))
            .may_have_acted(self.history.may_have_acted)
    }

    /// The error for a failure that ends the operation. `history` includes it.
    fn failed(&self, failure: Failure) -> Error {
        let temporary = failure.class().is_temporary();
        self.describe(failure, None).temporary(temporary).build()
    }

    fn outcome_unknown(&mut self, failure: Failure) -> Error {
        self.history.may_have_acted = true;
        self.describe(failure, Some(ErrorKind::OutcomeUnknown)).build()
    }

    /// What a failure says: its kind, unless another is given, its text and its cause.
    fn describe(&self, failure: Failure, kind: Option<ErrorKind>) -> crate::error::ErrorBuilder {
        let host = &self.request.url[Position::BeforeHost..Position::AfterPort];
        let attempts = match self.history.attempts {
            0 | 1 => String::new(),
            attempts => format!(" ({attempts} attempts in {:.1?})", self.elapsed()),
        };
        let build = |usual: ErrorKind, text: String| {
            let unknown = kind == Some(ErrorKind::OutcomeUnknown);
            let text = if unknown {
                format!("outcome unknown: {text}; it may have been carried out, and is not sent again")
            } else {
                format!("{text}{attempts}")
            };
            self.builder(kind.unwrap_or(usual), text)
        };
        match failure {
            Failure::Unconnected(error) => {
                let reason = innermost(&error);
                build(ErrorKind::Connection, format!("no connection to {host}: {reason}")).source(error)
            }
            Failure::Broken(error) => {
                let reason = innermost(&error);
                build(
                    ErrorKind::Connection,
                    format!("the connection to {host} broke before the answer was whole: {reason}"),
                )
                .source(error)
            }
            Failure::AttemptTimeout(time) => {
                build(ErrorKind::Timeout, format!("{host} did not answer within {time:?}"))
            }
            Failure::Deadline(time) => build(ErrorKind::Timeout, format!("the {time:?} given to it ran out")),
            Failure::Unreadable(reason, answer) => {
                let status = answer.status.as_u16();
                build(ErrorKind::UnreadableAnswer, format!("{reason} (status {status})"))
                    .metadata(self.metadata(Some(&answer)))
                    .source(reason)
            }
            Failure::Refused(answer) => {
                let body = (self.request.read_error)(&answer.body);
                build(ErrorKind::Api, self.refusal(&answer, body.as_ref()))
                    .metadata(self.metadata(Some(&answer)))
                    .retry_after(backoff::retry_after(&answer.headers))
                    .body(body)
            }
        }
    }

    /// One line from what the service said.
    fn refusal(&self, answer: &Answer, body: Option<&ErrorBody>) -> String {
        let status = answer.status;
        let mut text = status.as_u16().to_string();
        if let Some(code) = body.and_then(|body| body.code.as_deref()) {
            text.push(' ');
            text.push_str(code);
        } else if let Some(reason) = status.canonical_reason() {
            text.push(' ');
            text.push_str(reason);
        }
        let message =
            body.and_then(|body| body.message.as_deref()).map(|message| message.trim_end_matches('.'));
        match message {
            Some(message) => text.extend([": ", message]),
            None if status.is_redirection() => {
                text.push_str(": a redirect is not followed, the token would go along")
            }
            None if answer.body.is_empty() => text.push_str(": without a word"),
            None => text.push_str(": not in the service's own words, so perhaps from something in between"),
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
        if status.as_u16() == 403
            && !permissions.is_empty()
            && !permissions.iter().any(|permission| said(permission))
        {
            text.extend(["; it needs ", &permissions.join(" or ")]);
        }
        text
    }
}

/// The last cause in the chain: the one that says what happened.
fn innermost(error: &reqwest::Error) -> String {
    let mut cause: &dyn StdError = error;
    while let Some(deeper) = cause.source() {
        cause = deeper;
    }
    cause.to_string()
}
