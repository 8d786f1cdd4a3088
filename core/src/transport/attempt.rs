//! One attempt: a request goes out, and a whole answer comes back or does not.

use std::mem;
use std::time::Duration;

use http::{HeaderMap, HeaderValue, header};
use reqwest::{RequestBuilder, Response};
use url::Url;
use zeroize::Zeroizing;

use super::Transport;
use super::cleared::Cleared;
use super::failure::{Cause, Failure};
use super::masks::Masks;
use crate::clock::Wait;
use crate::metadata::Head;
use crate::models::{ErrorBody, Unreadable};
use crate::operation::{Operation, Verb};
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

/// A whole answer that says success.
pub(crate) struct Answer {
    pub(crate) head: Box<Head>,
    pub(crate) body: Cleared,
}

/// The limit of an attempt: its own, or what is left of the operation's time.
#[derive(Clone, Copy)]
pub(crate) enum Limit {
    Attempt(Duration),
    Deadline { left: Duration, whole: Duration },
}

/// Sends `request` once and reads the answer whole. A status that is not success is a failure.
pub(crate) async fn attempt(
    transport: &Transport,
    request: &Request,
    pass: &Pass,
    limit: Limit,
) -> Result<Answer, Failure> {
    let (time, wait) = match limit {
        Limit::Attempt(time) => (time, Wait::AttemptTimeout),
        Limit::Deadline { left, .. } => (left, Wait::Deadline),
    };
    let too_late = || match limit {
        Limit::Attempt(time) => Cause::AttemptTimeout(time),
        Limit::Deadline { whole, .. } => Cause::Deadline(whole),
    };
    let nothing_came = |cause| Failure { cause, head: None };
    let outgoing = outgoing(transport, request, pass)
        .build()
        .map_err(|error| nothing_came(Cause::Unsendable(error.without_url())))?;
    let credential = outgoing.headers().get(header::AUTHORIZATION).cloned();
    let masks = Masks::new(request.secrets.iter().chain(pass.secret()), credential.as_ref());
    let mut time_is_up = transport.clock.sleep(time, wait);

    let response = tokio::select! {
        biased;
        response = transport.http.execute(outgoing) => response.map_err(|error| unanswered(error, transport)),
        () = &mut time_is_up => Err(too_late()),
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
        body = read(response, transport.max_response_bytes) => body,
        () = &mut time_is_up => Err(too_late()),
    };
    match body {
        Ok(body) if head.status.is_success() => Ok(Answer { head, body }),
        Err(cause) if head.status.is_success() => Err(Failure { cause, head: Some(head) }),
        // A refusal is one, whether or not its words arrive. They are kept and printed, so nothing in
        // them may repeat what let the request in.
        words => {
            let words = masks.cover_words(words.unwrap_or_default());
            Err(Failure { cause: Cause::Refused(words), head: Some(head) })
        }
    }
}

fn outgoing(transport: &Transport, request: &Request, pass: &Pass) -> RequestBuilder {
    let outgoing = transport
        .http
        .request(request.operation.verb.to_method(), request.url.clone())
        .header(header::ACCEPT, "application/json")
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
    // Also true of a proxy's refusal and of a failed TLS handshake. A client of the caller's may have
    // followed a redirect to where it could not connect, after the service had acted.
    let unconnected = error.is_connect() && !transport.has_callers_client;
    let error = error.without_url();
    if unconnected { Cause::Unconnected(error) } else { Cause::Broken(error) }
}

/// How much memory is taken on the mere word of a header.
const TRUSTED_LENGTH: usize = 16 * 1024 * 1024;

/// The whole body, unpacked.
async fn read(mut response: Response, max_response_bytes: usize) -> Result<Cleared, Cause> {
    let too_large = || Cause::Unreadable(Unreadable::TooLarge { limit: max_response_bytes });
    let announced = response.content_length().and_then(|length| usize::try_from(length).ok());
    if announced.is_some_and(|length| length > max_response_bytes) {
        return Err(too_large());
    }
    let mut body = Cleared::with_capacity(announced.unwrap_or_default().min(TRUSTED_LENGTH));
    while let Some(piece) = response.chunk().await.map_err(|error| Cause::HalfAnswer(error.without_url()))? {
        if body.len() + piece.len() > max_response_bytes {
            return Err(too_large());
        }
        body.append(&piece);
    }
    Ok(body)
}
