//! Sends a request with retries: attempt, classify the failure, wait and retry, within a deadline and a budget.
//!
//! Every request of the crate takes this way, those of the operations and those of signing in. The loop is
//! `OperationAttempts::run`. After a failed attempt, `failure::verdict` decides by the kind of failure and the retry
//! class of the operation alone, which keeps the decision a pure function that a test compares with the whole table.
//! `reserve_retry` then applies the limits: the number of attempts, the retry budget, the longest wait that the service
//! may ask for, and the deadline. A retry that would start after the deadline is not made, so a call never waits only
//! to fail.
//!
//! There are no retries below this loop: the HTTP client's own are disabled, because it does not know which requests
//! are safe to repeat.

mod attempt;
mod backoff;
mod body;
mod budget;

mod error_messages;
mod failure;
mod redaction;

use std::sync::Arc;
use std::time::{Duration, Instant};

use http::HeaderValue;
use tracing::{Instrument, Span, debug, field};

pub(crate) use attempt::{Body, ErrorFormat, Request, RequestCredentials};

use attempt::{Limit, attempt};
use budget::RetryBudget;
use failure::{Failure, FailureClass, History, Verdict, verdict};

use crate::clock::{Clock, Wait};
use crate::config::Config;
use crate::error::Error;
use crate::http_client::Pools;
use crate::metadata::{Head, ResponseMetadata};
use crate::models::{Model, Unreadable, decode};
use crate::operation::Operation;
use crate::retry_policy::RetryPolicy;

/// A result of an operation.
pub(crate) trait Returned: Sized + Send + 'static {
    /// Reads the result from the body of a response whose status is 2xx.
    fn read(operation: &Operation, body: &[u8]) -> Result<Self, Unreadable>;

    /// Returns the result of an operation that turns out to be done already; `None` if the result needs a body.
    fn without_body() -> Option<Self> {
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

/// An operation without a result: the body is ignored.
impl Returned for () {
    fn read(_operation: &Operation, _body: &[u8]) -> Result<Self, Unreadable> {
        Ok(())
    }

    fn without_body() -> Option<Self> {
        Some(())
    }
}

/// The source of the credentials for requests.
pub(crate) trait CredentialSource: Sync {
    /// Identifies one of the credentials that the source returned.
    type TokenId: Send + Sync;

    /// Returns valid credentials, waiting for a renewal if necessary, but not longer than `until`.
    fn credentials(
        &self,
        until: Option<Instant>,
    ) -> impl Future<Output = Result<(RequestCredentials, Self::TokenId), Error>> + Send;

    /// Notes that the service rejected the credentials. Returns whether others can be obtained.
    fn rejected(&self, token_id: &Self::TokenId) -> bool;
}

/// Fixed credentials, which can't be renewed.
impl CredentialSource for RequestCredentials {
    type TokenId = ();

    async fn credentials(&self, _until: Option<Instant>) -> Result<(RequestCredentials, ()), Error> {
        Ok((self.clone(), ()))
    }

    fn rejected(&self, (): &()) -> bool {
        false
    }
}

/// The limits that a caller may set for one call.
#[derive(Clone, Debug)]
pub(crate) struct CallLimits {
    pub(crate) deadline: Duration,
    pub(crate) retries: bool,
}

/// The connections, and the limits and the retry policy of the requests sent over them.
pub(crate) struct Transport {
    pools: Pools,
    user_agent: HeaderValue,
    clock: Arc<dyn Clock>,
    attempt_timeout: Duration,
    retry: RetryPolicy,
    budget: RetryBudget,
    max_response_bytes: usize,
}

/// The attempts of an operation in progress.
struct OperationAttempts<'a> {
    transport: &'a Transport,
    request: &'a Request,
    limits: &'a CallLimits,
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
            max_response_bytes: config.max_response_bytes.try_into().unwrap_or(usize::MAX),
        }
    }

    pub(crate) fn clock(&self) -> &dyn Clock {
        &*self.clock
    }

    /// Sends a request, and retries it as often as the failure table, the limits and the deadline allow.
    pub(crate) async fn send<R: Returned>(
        &self,
        request: &Request,
        source: &impl CredentialSource,
        limits: &CallLimits,
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
        let attempts = OperationAttempts {
            transport: self,
            request,
            limits,
            started: self.clock.now(),
            history: History::default(),
        };
        let result = attempts.run(source).instrument(span.clone()).await;
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

impl OperationAttempts<'_> {
    async fn run<R: Returned>(
        mut self,
        source: &impl CredentialSource,
    ) -> Result<(R, ResponseMetadata), Error> {
        loop {
            let (credentials, token_id) = self.obtain_credentials(source).await?;
            if self.remaining().is_zero() {
                return Err(self.deadline_exceeded());
            }
            let failure = match self.attempt(&credentials).await {
                Ok((returned, head)) => {
                    self.transport.budget.succeeded(self.history.last_cost);
                    return Ok((returned, self.metadata(Some(&head))));
                }
                Err(failure) => failure,
            };
            let class = failure.class();
            // The verdict takes the history before this failure, and the errors below take it with the failure.
            let decided = verdict(&self.request.operation, class, &self.history);
            self.history.may_have_acted |= class.may_have_acted();
            self.history.server_errors += u32::from(class == FailureClass::ServerError);
            match decided {
                Verdict::Retry => match self.reserve_retry(&failure, class) {
                    Some((pause, wait)) => {
                        debug!(attempt = self.history.attempts, wait_ms = millis(pause), reason = ?wait, "waiting");
                        self.transport.clock.sleep(pause, wait).await;
                    }
                    None => return Err(self.final_error(failure)),
                },
                Verdict::RenewTokenAndRetry => {
                    // The rejection is noted even if this call is not retried: other calls need another token, too.
                    let renewable = source.rejected(&token_id);
                    if !renewable || !self.limits.retries {
                        return Err(self.final_error(failure));
                    }
                    self.history.renewed = true;
                }
                Verdict::Done => {
                    return match R::without_body() {
                        Some(result) => Ok((result, self.metadata(failure.head.as_deref()))),
                        None => Err(self.final_error(failure)),
                    };
                }
                Verdict::Stop => return Err(self.final_error(failure)),
                Verdict::OutcomeUnknown => return Err(self.outcome_unknown(failure)),
            }
        }
    }

    async fn attempt<R: Returned>(
        &mut self,
        credentials: &RequestCredentials,
    ) -> Result<(R, Box<Head>), Failure> {
        let transport = self.transport;
        let left = self.remaining();
        let limit = if left < transport.attempt_timeout {
            Limit::Deadline { left, whole: self.limits.deadline }
        } else {
            Limit::Attempt(transport.attempt_timeout)
        };
        self.history.attempts += 1;
        let began = transport.clock.now();
        let result = attempt(transport, self.request, credentials, limit).await;
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

    /// Returns credentials for the next attempt, waiting for them until the operation's deadline at the latest.
    async fn obtain_credentials<A: CredentialSource>(
        &self,
        source: &A,
    ) -> Result<(RequestCredentials, A::TokenId), Error> {
        let until = self.started.checked_add(self.limits.deadline);
        tokio::select! {
            biased;
            obtained = source.credentials(until) => obtained.map_err(|error| self.sign_in_failed(error)),
            () = self.transport.clock.sleep(self.remaining(), Wait::Deadline) => Err(self.no_token_in_time()),
        }
    }

    /// Takes the cost of a retry from the budget and returns the pause before it. Returns `None` if the limits allow no
    /// retry.
    fn reserve_retry(&mut self, failure: &Failure, class: FailureClass) -> Option<(Duration, Wait)> {
        let policy = &self.transport.retry;
        if !self.limits.retries || self.history.retries + 1 >= policy.max_attempts {
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
        if pause >= self.remaining() {
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

    fn remaining(&self) -> Duration {
        self.limits.deadline.saturating_sub(self.elapsed())
    }

    fn elapsed(&self) -> Duration {
        self.transport.clock.now().saturating_duration_since(self.started)
    }

    fn metadata(&self, head: Option<&Head>) -> ResponseMetadata {
        let read = head.map(ResponseMetadata::read).unwrap_or_default();
        ResponseMetadata { attempts: self.history.attempts, elapsed: self.elapsed(), ..read }
    }
}
