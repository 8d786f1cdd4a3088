//! One attempt: a request goes out, and a whole answer comes back or does not.

use std::future::pending;
use std::mem;
use std::panic::resume_unwind;
use std::time::Duration;

use http::{HeaderMap, HeaderValue, header};
use reqwest::RequestBuilder;
use tokio::task::spawn_blocking;
use url::Url;
use zeroize::Zeroizing;

use super::cleared::Cleared;
use super::failure::{Cause, Failure};
use super::masks::Masks;
use super::{Returned, Transport, body};
use crate::clock::Wait;
use crate::connections::Pool;
use crate::metadata::Head;
use crate::models::{ErrorBody, Unreadable, memory};
use crate::operation::{Operation, Verb};
use crate::proxy::ProxyFault;
use crate::secret::Secret;

/// A request, ready to be sent as often as its operation allows.
#[derive(Clone)]
pub(crate) struct Request {
    pub(crate) operation: Operation,
    pub(crate) url: Url,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Option<Body>,
    /// What of the body must not be seen in an answer's words.
    pub(crate) secrets: Vec<Secret>,
    pub(crate) words: &'static Words,
}

/// How a host words its errors: the login host does it in another way than the API.
pub(crate) struct Words {
    /// What the body of an error says.
    pub(crate) read: fn(&[u8]) -> Option<ErrorBody>,
    /// What to do about an error with this code.
    pub(crate) advice: fn(&str) -> Option<&'static str>,
}

/// The body of a request and what it is.
#[derive(Clone)]
pub(crate) struct Body {
    pub(crate) content_type: HeaderValue,
    pub(crate) bytes: Zeroizing<Vec<u8>>,
}

/// What a request shows to be let in.
#[derive(Clone)]
pub(crate) enum Pass {
    Bearer(Secret),
    Basic { id: String, secret: Secret },
    Nothing,
}

impl Pass {
    fn secret(&self) -> Option<&Secret> {
        match self {
            Pass::Bearer(token) => Some(token),
            Pass::Basic { secret, .. } => Some(secret),
            Pass::Nothing => None,
        }
    }
}

/// The limit of an attempt: its own, or what is left of the operation's time.
#[derive(Clone, Copy)]
pub(crate) enum Limit {
    Attempt(Duration),
    Deadline { left: Duration, whole: Duration },
}

impl Limit {
    /// The shortest wait in vain that casts doubt on a connection. A deadline below that says more about the caller's
    /// patience.
    const DOUBT: Duration = Duration::from_secs(1);

    fn casts_doubt(self) -> bool {
        match self {
            Limit::Attempt(_) => true,
            Limit::Deadline { left, .. } => left >= Limit::DOUBT,
        }
    }
}

/// Sends `request` once and reads what it returns. A status that is not success is a failure.
pub(crate) async fn attempt<R: Returned>(
    transport: &Transport,
    request: &Request,
    pass: &Pass,
    limit: Limit,
) -> Result<(R, Box<Head>), Failure> {
    let (time, wait) = match limit {
        Limit::Attempt(time) => (time, Wait::AttemptTimeout),
        Limit::Deadline { left, .. } => (left, Wait::Deadline),
    };
    let too_late = || match limit {
        Limit::Attempt(time) => Cause::AttemptTimeout(time),
        Limit::Deadline { whole, .. } => Cause::Deadline(whole),
    };
    let nothing_came = |cause| Failure { cause, head: None };
    let mut time_is_up = transport.clock.sleep(time, wait);
    let pool = tokio::select! {
        biased;
        pool = transport.pools.current() => pool,
        () = &mut time_is_up => return Err(nothing_came(Cause::NotSent(time))),
    };
    let silent = || {
        if limit.casts_doubt() {
            transport.pools.doubt(&pool);
        }
        too_late()
    };
    let outgoing = outgoing(transport, &pool, request, pass)
        .build()
        .map_err(|error| nothing_came(Cause::Unsendable(error.without_url())))?;
    let credential = outgoing.headers().get(header::AUTHORIZATION).cloned();
    let masks = Masks::new(request.secrets.iter().chain(pass.secret()), credential.as_ref());

    let response = tokio::select! {
        biased;
        response = pool.client.execute(outgoing) => response.map_err(|error| unanswered(error, transport)),
        () = &mut time_is_up => Err(silent()),
    };
    let mut response = response.map_err(nothing_came)?;
    let headers = masks.cover_headers(mem::take(response.headers_mut()));
    let head = Box::new(Head { status: response.status(), headers });
    if *response.url() != request.url {
        let cause = Cause::Unreadable(Unreadable::Redirected);
        return Err(Failure { cause, head: Some(head) });
    }
    let body = tokio::select! {
        biased;
        body = body::read(response, &head.headers, transport.max_response_bytes) => body,
        () = &mut time_is_up => Err(silent()),
    };
    let made = async {
        if head.status.is_success() {
            let read = decoded(&request.operation, body?, transport.max_response_bytes).await;
            read.map_err(|reason| match reason {
                Unreadable::Refusal(mut body) => {
                    masks.cover_body(&mut body);
                    Cause::Refused { body: Some(body), is_empty: false }
                }
                reason => Cause::Unreadable(reason),
            })
        } else {
            // A refusal is one, whether or not its body arrives.
            let max_bytes = transport.max_response_bytes.min(body::LARGEST_REFUSAL);
            let (mut body, is_empty) = refused(request.words, body.unwrap_or_default(), max_bytes).await;
            // The body is kept and printed, so nothing in it may repeat the request's credentials.
            body.iter_mut().for_each(|body| masks.cover_body(body));
            Err(Cause::Refused { body, is_empty })
        }
    };
    let made = tokio::select! {
        biased;
        made = made => made,
        () = &mut time_is_up => Err(too_late()),
    };
    match made {
        Ok(returned) => Ok((returned, head)),
        Err(cause) => Err(Failure { cause, head: Some(head) }),
    }
}

fn outgoing(transport: &Transport, pool: &Pool, request: &Request, pass: &Pass) -> RequestBuilder {
    let outgoing = pool
        .client
        .request(request.operation.verb.to_method(), request.url.clone())
        .header(header::ACCEPT, "application/json")
        .header(header::ACCEPT_ENCODING, "gzip")
        .header(header::USER_AGENT, &transport.user_agent)
        .headers(request.headers.clone());
    let outgoing = match pass {
        Pass::Bearer(token) => outgoing.bearer_auth(token.expose()),
        Pass::Basic { id, secret } => outgoing.basic_auth(id, Some(secret.expose())),
        Pass::Nothing => outgoing,
    };
    match &request.body {
        Some(body) => outgoing.header(header::CONTENT_TYPE, &body.content_type).body(body.bytes.to_vec()),
        None if request.operation.verb == Verb::Post => outgoing.header(header::CONTENT_LENGTH, 0),
        None => outgoing,
    }
}

/// Why no answer began.
fn unanswered(error: reqwest::Error, transport: &Transport) -> Cause {
    // Also true of a failed TLS handshake. A client of the caller's may have followed a redirect to where it could not
    // connect, after the service had acted.
    let unconnected = error.is_connect() && !transport.pools.connections().are_callers();
    let error = error.without_url();
    match unconnected.then(|| ProxyFault::find(&error)) {
        Some(Some(fault)) => Cause::Proxy(fault, error),
        Some(None) => Cause::Unconnected(error),
        None => Cause::Broken(error),
    }
}

/// The size from which on a body is read on another thread: it takes more than a moment.
const LARGE: usize = 256 * 1024;

/// Returns what the operation returns, from the body of a response that says success.
async fn decoded<R: Returned>(
    operation: &Operation,
    body: Cleared,
    max_bytes: usize,
) -> Result<R, Unreadable> {
    let operation = *operation;
    let too_large = Unreadable::TooLarge { limit: max_bytes };
    in_turn(body.len(), move || {
        let read = memory::limited(room(max_bytes), || R::read(&operation, &body));
        read.unwrap_or(Err(too_large))
    })
    .await
}

/// Returns what the body of a refusal says, and whether it is empty.
async fn refused(words: &'static Words, body: Cleared, max_bytes: usize) -> (Option<Box<ErrorBody>>, bool) {
    let is_empty = body.is_empty();
    let read =
        in_turn(body.len(), move || memory::limited(room(max_bytes), || (words.read)(&body)).ok().flatten());
    (read.await.map(Box::new), is_empty)
}

/// Returns the memory that may be taken for what is made of a body: twice the limit of the body, and enough for one
/// record where that is small.
fn room(max_bytes: usize) -> usize {
    const RECORD: usize = 64 * 1024;
    max_bytes.saturating_mul(2).saturating_add(RECORD)
}

/// Does work on a body of this size: at once, or on a thread for blocking work where it would hold up other calls and
/// their timers.
async fn in_turn<T: Send + 'static>(size: usize, work: impl FnOnce() -> T + Send + 'static) -> T {
    if size < LARGE {
        return work();
    }
    match spawn_blocking(work).await {
        Ok(done) => done,
        Err(failed) => match failed.try_into_panic() {
            Ok(panic) => resume_unwind(panic),
            // The runtime is shutting down: only the time limit is left.
            Err(_) => pending().await,
        },
    }
}
