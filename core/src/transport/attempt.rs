//! One attempt: sends a request and reads its complete response.

use std::future::pending;
use std::mem;
use std::panic::resume_unwind;
use std::time::Duration;

use http::{HeaderMap, HeaderValue, header};
use reqwest::RequestBuilder;
use tokio::task::spawn_blocking;
use url::Url;
use zeroize::Zeroizing;

use super::failure::{Cause, Failure};
use super::redaction::Cleared;
use super::redaction::Masks;
use super::{Returned, Transport, body};
use crate::clock::Wait;
use crate::http_client::Pool;
use crate::metadata::Head;
use crate::models::{ErrorBody, Unreadable, memory};
use crate::operation::{Operation, Verb};
use crate::proxy::ProxyFault;
use crate::secret::Secret;

/// A request that can be sent as often as its operation allows.
#[derive(Clone)]
pub(crate) struct Request {
    pub(crate) operation: Operation,
    pub(crate) url: Url,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Option<Body>,
    /// The secrets in the body, which are masked wherever an error body repeats them.
    pub(crate) secrets: Vec<Secret>,
    pub(crate) error_format: &'static ErrorFormat,
}

/// The format of a host's error bodies: the login host's differs from the API's.
pub(crate) struct ErrorFormat {
    /// Parses the body of an error.
    pub(crate) read: fn(&[u8]) -> Option<ErrorBody>,
    /// Returns advice for the user about an error with this code.
    pub(crate) advice: fn(&str) -> Option<&'static str>,
}

/// The body of a request and its content type.
#[derive(Clone)]
pub(crate) struct Body {
    pub(crate) content_type: HeaderValue,
    pub(crate) bytes: Zeroizing<Vec<u8>>,
}

/// The credentials sent with a request.
#[derive(Clone)]
pub(crate) enum RequestCredentials {
    Bearer(Secret),
    Basic { id: String, secret: Secret },
    None,
}

impl RequestCredentials {
    fn secret(&self) -> Option<&Secret> {
        match self {
            RequestCredentials::Bearer(token) => Some(token),
            RequestCredentials::Basic { secret, .. } => Some(secret),
            RequestCredentials::None => None,
        }
    }
}

/// The time limit of an attempt: its own, or the time left until the operation's deadline.
#[derive(Clone, Copy)]
pub(crate) enum Limit {
    Attempt(Duration),
    Deadline { left: Duration, whole: Duration },
}

impl Limit {
    /// The shortest remaining deadline whose expiry counts against the connection. A shorter one is a choice of the
    /// caller and says little about the connection. An attempt timeout always counts.
    const MIN_SUSPICIOUS: Duration = Duration::from_secs(1);

    fn is_suspicious(self) -> bool {
        match self {
            Limit::Attempt(_) => true,
            Limit::Deadline { left, .. } => left >= Limit::MIN_SUSPICIOUS,
        }
    }
}

/// Sends `request` once and reads the result from its response. A status other than 2xx is a failure.
pub(crate) async fn attempt<R: Returned>(
    transport: &Transport,
    request: &Request,
    credentials: &RequestCredentials,
    limit: Limit,
) -> Result<(R, Box<Head>), Failure> {
    let (time, wait) = match limit {
        Limit::Attempt(time) => (time, Wait::AttemptTimeout),
        Limit::Deadline { left, .. } => (left, Wait::Deadline),
    };
    let timed_out = || match limit {
        Limit::Attempt(time) => Cause::AttemptTimeout(time),
        Limit::Deadline { whole, .. } => Cause::Deadline(whole),
    };
    let without_head = |cause| Failure { cause, head: None };
    let mut time_is_up = transport.clock.sleep(time, wait);
    let pool = tokio::select! {
        biased;
        pool = transport.pools.current() => pool,
        () = &mut time_is_up => return Err(without_head(Cause::NotSent(time))),
    };
    let timed_out_waiting = || {
        if limit.is_suspicious() {
            transport.pools.suspect(&pool);
        }
        timed_out()
    };
    let outgoing = build_request(transport, &pool, request, credentials)
        .build()
        .map_err(|error| without_head(Cause::Unsendable(error.without_url())))?;
    let credential = outgoing.headers().get(header::AUTHORIZATION).cloned();
    let masks = Masks::new(request.secrets.iter().chain(credentials.secret()), credential.as_ref());

    let response = tokio::select! {
        biased;
        response = pool.client.execute(outgoing) => response.map_err(|error| send_failure(error, transport)),
        () = &mut time_is_up => Err(timed_out_waiting()),
    };
    let mut response = response.map_err(without_head)?;
    let headers = masks.redact_headers(mem::take(response.headers_mut()));
    let head = Box::new(Head { status: response.status(), headers });
    if *response.url() != request.url {
        let cause = Cause::Unreadable(Unreadable::Redirected);
        return Err(Failure { cause, head: Some(head) });
    }
    let body = tokio::select! {
        biased;
        body = body::read(response, &head.headers, transport.max_response_bytes) => body,
        () = &mut time_is_up => Err(timed_out_waiting()),
    };
    let outcome = async {
        if head.status.is_success() {
            let read = decode_body(&request.operation, body?, transport.max_response_bytes).await;
            read.map_err(|reason| match reason {
                Unreadable::Refusal(mut body) => {
                    masks.redact_body(&mut body);
                    Cause::Refused { body: Some(body), is_empty: false }
                }
                reason => Cause::Unreadable(reason),
            })
        } else {
            // The status alone makes it an error response, even if its body doesn't arrive.
            let max_bytes = transport.max_response_bytes.min(body::MAX_ERROR_BODY_BYTES);
            let (mut body, is_empty) =
                parse_error_body(request.error_format, body.unwrap_or_default(), max_bytes).await;
            // The error keeps and prints the body, so the body must not repeat the request's credentials.
            body.iter_mut().for_each(|body| masks.redact_body(body));
            Err(Cause::Refused { body, is_empty })
        }
    };
    let outcome = tokio::select! {
        biased;
        outcome = outcome => outcome,
        () = &mut time_is_up => Err(timed_out()),
    };
    match outcome {
        Ok(returned) => Ok((returned, head)),
        Err(cause) => Err(Failure { cause, head: Some(head) }),
    }
}

fn build_request(
    transport: &Transport,
    pool: &Pool,
    request: &Request,
    credentials: &RequestCredentials,
) -> RequestBuilder {
    let outgoing = pool
        .client
        .request(request.operation.verb.to_method(), request.url.clone())
        .header(header::ACCEPT, "application/json")
        .header(header::ACCEPT_ENCODING, "gzip")
        .header(header::USER_AGENT, &transport.user_agent)
        .headers(request.headers.clone());
    let outgoing = match credentials {
        RequestCredentials::Bearer(token) => outgoing.bearer_auth(token.expose()),
        RequestCredentials::Basic { id, secret } => outgoing.basic_auth(id, Some(secret.expose())),
        RequestCredentials::None => outgoing,
    };
    match &request.body {
        Some(body) => outgoing.header(header::CONTENT_TYPE, &body.content_type).body(body.bytes.to_vec()),
        None if request.operation.verb == Verb::Post => outgoing.header(header::CONTENT_LENGTH, 0),
        None => outgoing,
    }
}

/// Returns the cause of a request that failed before its response began.
fn send_failure(error: reqwest::Error, transport: &Transport) -> Cause {
    // Also true of a failed TLS handshake. An HTTP client given by the caller may have followed a redirect to a host
    // that it could not connect to, after the service had executed the request.
    let unconnected = error.is_connect() && !transport.pools.connections().are_callers();
    let error = error.without_url();
    match unconnected.then(|| ProxyFault::find(&error)) {
        Some(Some(fault)) => Cause::Proxy(fault, error),
        Some(None) => Cause::Unconnected(error),
        None => Cause::Broken(error),
    }
}

/// Bodies of at least this size, in bytes, take so long to parse that it is done on another thread.
const LARGE_BODY: usize = 256 * 1024;

/// Reads the operation's result from the body of a response whose status is 2xx.
async fn decode_body<R: Returned>(
    operation: &Operation,
    body: Cleared,
    max_bytes: usize,
) -> Result<R, Unreadable> {
    let operation = *operation;
    let too_large = Unreadable::TooLarge { limit: max_bytes };
    run_or_spawn_blocking(body.len(), move || {
        let read = memory::limited(memory_limit(max_bytes), || R::read(&operation, &body));
        read.unwrap_or(Err(too_large))
    })
    .await
}

/// Parses the body of an error response. Returns also whether the body is empty.
async fn parse_error_body(
    error_format: &'static ErrorFormat,
    body: Cleared,
    max_bytes: usize,
) -> (Option<Box<ErrorBody>>, bool) {
    let is_empty = body.is_empty();
    let read = run_or_spawn_blocking(body.len(), move || {
        memory::limited(memory_limit(max_bytes), || (error_format.read)(&body)).ok().flatten()
    });
    (read.await.map(Box::new), is_empty)
}

/// Returns the maximum memory of the values read from a body, in bytes: twice the limit of the body, plus enough for
/// one record in case that limit is small.
fn memory_limit(max_bytes: usize) -> usize {
    const RECORD: usize = 64 * 1024;
    max_bytes.saturating_mul(2).saturating_add(RECORD)
}

/// Runs `work` on a body of `size` bytes: at once, or on a thread for blocking work if it would delay other calls and
/// their timers.
async fn run_or_spawn_blocking<T: Send + 'static>(
    size: usize,
    work: impl FnOnce() -> T + Send + 'static,
) -> T {
    if size < LARGE_BODY {
        return work();
    }
    match spawn_blocking(work).await {
        Ok(done) => done,
        Err(failed) => match failed.try_into_panic() {
            Ok(panic) => resume_unwind(panic),
            // The runtime is shutting down and cancelled the work: only the time limit ends this attempt.
            Err(_) => pending().await,
        },
    }
}
