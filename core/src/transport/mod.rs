//! The way of a request: attempt, classify, wait, attempt again, within a deadline and a budget.

mod attempt;
mod backoff;
mod body;
mod budget;
mod cleared;
mod failure;
mod masks;
mod wording;

use std::sync::Arc;
use std::time::{Duration, Instant};

use http::HeaderValue;
use tracing::{Instrument, Span, debug, field};

pub(crate) use attempt::{Body, Pass, Request, Words};

use attempt::{Limit, attempt};
use budget::RetryBudget;
use failure::{Failure, FailureClass, History, Verdict, verdict};

use crate::clock::{Clock, Wait};
use crate::config::{Config, RetryPolicy};
use crate::connections::Pools;
use crate::error::Error;
use crate::metadata::{Head, ResponseMetadata};
use crate::models::{Model, Unreadable, decode};
use crate::operation::Operation;

/// What an operation may return.
pub(crate) trait Returned: Sized + Send + 'static {
    /// Reads it from the body of an answer that says success.
    fn read(operation: &Operation, body: &[u8]) -> Result<Self, Unreadable>;

    /// What stands for an answer that says that the work is done already.
    fn nothing() -> Option<Self> {
        None
    }
}

impl<M: Model + Send + 'static> Returned for M {
    fn read(operation: &Operation, body: &[u8]) -> Result<Self, Unreadable> {
        let model: M = decode(body)?;
        match M::LACKS.and_then(|lacks| lacks(&model, operation)) {
            Some(part) => Err(Unreadable::Incomplete { part, expected: M::NAME }),
            None => Ok(model),
        }
    }
}

/// Nothing, whatever the body holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Nothing;

impl Returned for Nothing {
    fn read(_operation: &Operation, _body: &[u8]) -> Result<Self, Unreadable> {
        Ok(Nothing)
    }

    fn nothing() -> Option<Self> {
        Some(Nothing)
    }
}

/// Where the pass of a request comes from.
pub(crate) trait Admission: Sync {
    /// What tells one pass from the next.
    type Ticket: Send + Sync;

    /// A pass that should be let in, waited for if need be; not longer than `until`.
    fn admit(
        &self,
        until: Option<Instant>,
    ) -> impl Future<Output = Result<(Pass, Self::Ticket), Error>> + Send;

    /// Notes that a pass was rejected, and says whether another can be had.
    fn rejected(&self, ticket: &Self::Ticket) -> bool;
}

/// A pass by itself: there is no other.
impl Admission for Pass {
    type Ticket = ();

    async fn admit(&self, _until: Option<Instant>) -> Result<(Pass, ()), Error> {
        Ok((self.clone(), ()))
    }

    fn rejected(&self, (): &()) -> bool {
        false
    }
}

/// What a caller may set for one call.
#[derive(Clone, Debug)]
pub(crate) struct Allowance {
    pub(crate) deadline: Duration,
    pub(crate) retries: bool,
}

/// Connections, and the rules by which requests go over them.
pub(crate) struct Transport {
    pools: Pools,
    user_agent: HeaderValue,
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
    pub(crate) fn new(config: &Config) -> Self {
        Transport {
            pools: Pools::new(&config.connections),
            user_agent: config.user_agent.clone(),
            clock: Arc::clone(&config.clock),
            attempt_timeout: config.attempt_timeout,
            budget: RetryBudget::new(config.retry.budget),
            retry: config.retry.clone(),
            max_response_bytes: config.max_response_bytes,
        }
    }

    pub(crate) fn clock(&self) -> &dyn Clock {
        &*self.clock
    }

    /// Sends a request as often as the failure table, the limits and the time allow.
    pub(crate) async fn send<R: Returned>(
        &self,
        request: &Request,
        admission: &impl Admission,
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
    async fn run<R: Returned>(mut self, admission: &impl Admission) -> Result<(R, ResponseMetadata), Error> {
        loop {
            let (pass, ticket) = self.admitted(admission).await?;
            if self.left().is_zero() {
                return Err(self.too_late());
            }
            let failure = match self.attempt(&pass).await {
                Ok((returned, head)) => {
                    self.transport.budget.succeeded(self.history.last_cost);
                    return Ok((returned, self.metadata(Some(&head))));
                }
                Err(failure) => failure,
            };
            let class = failure.class();
            let decided = verdict(&self.request.operation, class, &self.history);
            self.history.may_have_acted |= class.may_have_acted();
            self.history.server_errors += u32::from(class == FailureClass::ServerError);
            match decided {
                Verdict::Again => match self.pause(&failure, class) {
                    Some((pause, wait)) => {
                        debug!(attempt = self.history.attempts, wait_ms = millis(pause), reason = ?wait, "waiting");
                        self.transport.clock.sleep(pause, wait).await;
                    }
                    None => return Err(self.failed(failure)),
                },
                Verdict::RenewAndAgain => {
                    // It is noted as rejected even if this call is not sent again.
                    let renewable = admission.rejected(&ticket);
                    if !renewable || !self.allowance.retries {
                        return Err(self.failed(failure));
                    }
                    self.history.renewed = true;
                }
                Verdict::Done => {
                    return match R::nothing() {
                        Some(nothing) => Ok((nothing, self.metadata(failure.head.as_deref()))),
                        None => Err(self.failed(failure)),
                    };
                }
                Verdict::Stop => return Err(self.failed(failure)),
                Verdict::OutcomeUnknown => return Err(self.outcome_unknown(failure)),
            }
        }
    }

    async fn attempt<R: Returned>(&mut self, pass: &Pass) -> Result<(R, Box<Head>), Failure> {
        let transport = self.transport;
        let left = self.left();
        let limit = if left < transport.attempt_timeout {
            Limit::Deadline { left, whole: self.allowance.deadline }
        } else {
            Limit::Attempt(transport.attempt_timeout)
        };
        self.history.attempts += 1;
        let began = transport.clock.now();
        let result = attempt(transport, self.request, pass, limit).await;
        let head = match &result {
            Ok((_, head)) => Some(&**head),
            Err(failure) => failure.head.as_deref(),
        };
        debug!(
            attempt = self.history.attempts,
            http.response.status_code = head.map(|head| head.status.as_u16()),
            correlation_id = head.and_then(Head::correlation_id),
            duration_ms = millis(transport.clock.now().saturating_duration_since(began)),
            failure = result.as_ref().err().map(|failure| field::debug(failure.class())),
            "attempt"
        );
        result
    }

    /// A pass, waited for no longer than the operation may take.
    async fn admitted<A: Admission>(&self, admission: &A) -> Result<(Pass, A::Ticket), Error> {
        tokio::select! {
            biased;
            admitted = admission.admit(self.started.checked_add(self.allowance.deadline)) => admitted.map_err(|error| self.not_signed_in(error)),
            () = self.transport.clock.sleep(self.left(), Wait::Deadline) => Err(self.too_late_for_a_token()),
        }
    }

    /// How long to wait before the next attempt, or nothing if there must be none.
    fn pause(&mut self, failure: &Failure, class: FailureClass) -> Option<(Duration, Wait)> {
        let policy = &self.transport.retry;
        if !self.allowance.retries || self.history.retries + 1 >= policy.max_attempts {
            return None;
        }
        let asked = failure.retry_after();
        if asked.is_some_and(|asked| asked > policy.max_retry_after) {
            return None;
        }
        let (retry, random) = (self.history.retries, fastrand::f64());
        let (pause, wait) = if asked.is_some() || class == FailureClass::Throttled {
            backoff::pause_on_request(policy, retry, random, asked)
        } else {
            (backoff::pause(policy, retry, random), Wait::Backoff)
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

    fn metadata(&self, head: Option<&Head>) -> ResponseMetadata {
        let read = head.map(ResponseMetadata::read).unwrap_or_default();
        ResponseMetadata { attempts: self.history.attempts, elapsed: self.elapsed(), ..read }
    }
}
