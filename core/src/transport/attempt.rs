//! One attempt: a request goes out, and a whole answer comes back or does not.

use std::time::Duration;

use http::{HeaderMap, HeaderValue, StatusCode, header};
use reqwest::Client;
use url::Url;
use zeroize::Zeroizing;

use super::failure::Failure;
use crate::clock::{Clock, Wait};
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
    /// How an error's body is read: the login host words its errors in another way than the API.
    pub(crate) read_error: fn(&[u8]) -> Option<ErrorBody>,
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
}

impl Pass {
    /// The text in it that must not be seen.
    fn secret(&self) -> &Secret {
        match self {
            Pass::Bearer(token) => token,
            Pass::Basic { secret, .. } => secret,
        }
    }
}

/// A whole answer.
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Zeroizing<Vec<u8>>,
}

impl std::fmt::Debug for Answer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} with {} bytes", self.status, self.body.len())
    }
}

/// The limit of an attempt: its own, or what is left of the operation's time.
#[derive(Clone, Copy)]
pub(crate) enum Limit {
    Attempt(Duration),
    Deadline { left: Duration, whole: Duration },
}

/// Sends `request` once and reads the answer whole. A status that is not success is a failure.
pub(crate) async fn attempt(
    http: &Client,
    clock: &dyn Clock,
    request: &Request,
    pass: Option<&Pass>,
    limit: Limit,
    max_response_bytes: usize,
) -> Result<Answer, Failure> {
    let (time, wait) = match limit {
        Limit::Attempt(time) => (time, Wait::AttemptTimeout),
        Limit::Deadline { left, .. } => (left, Wait::Deadline),
    };
    let mut answer = tokio::select! {
        biased;
        answer = exchange(http, request, pass, max_response_bytes) => answer?,
        () = clock.sleep(time, wait) => return Err(match limit {
            Limit::Attempt(time) => Failure::AttemptTimeout(time),
            Limit::Deadline { whole, .. } => Failure::Deadline(whole),
        }),
    };
    if answer.status.is_success() {
        return Ok(answer);
    }
    // An error's text is kept and printed, so nothing in it may repeat what let the request in.
    if let Some(pass) = pass {
        answer.body = without(pass.secret(), answer.body);
    }
    Err(Failure::Refused(Box::new(answer)))
}

async fn exchange(
    http: &Client,
    request: &Request,
    pass: Option<&Pass>,
    max_response_bytes: usize,
) -> Result<Answer, Failure> {
    let mut outgoing = http
        .request(request.operation.verb.to_method(), request.url.clone())
        .header(header::ACCEPT, "application/json")
        .headers(request.headers.clone());
    outgoing = match pass {
        Some(Pass::Bearer(token)) => outgoing.bearer_auth(token.expose()),
        Some(Pass::Basic { id, secret }) => outgoing.basic_auth(id, Some(secret.expose())),
        None => outgoing,
    };
    if let Some(body) = &request.body {
        outgoing = outgoing.header(header::CONTENT_TYPE, &body.content_type).body(body.bytes.to_vec());
    } else if request.operation.verb == Verb::Post {
        outgoing = outgoing.header(header::CONTENT_LENGTH, 0);
    }
    let lost = |error: reqwest::Error| Failure::Broken(error.without_url());
    let mut response = outgoing.send().await.map_err(|error| {
        // Also true of a proxy's refusal and of a failed TLS handshake.
        if error.is_connect() || error.is_builder() {
            Failure::Unconnected(error.without_url())
        } else {
            lost(error)
        }
    })?;
    let status = response.status();
    let headers = response.headers().clone();
    let unusable = |reason| {
        let body = Zeroizing::default();
        Failure::Unreadable(reason, Box::new(Answer { status, headers: headers.clone(), body }))
    };
    if *response.url() != request.url {
        return Err(unusable(Unreadable::Redirected));
    }
    let announced = response.content_length().and_then(|length| usize::try_from(length).ok());
    if announced.is_some_and(|length| length > max_response_bytes) {
        return Err(unusable(Unreadable::TooLarge { limit: max_response_bytes }));
    }
    let mut body = Zeroizing::new(Vec::with_capacity(announced.unwrap_or_default()));
    while let Some(chunk) = response.chunk().await.map_err(lost)? {
        if body.len() + chunk.len() > max_response_bytes {
            return Err(unusable(Unreadable::TooLarge { limit: max_response_bytes }));
        }
        body.extend_from_slice(&chunk);
    }
    Ok(Answer { status, headers, body })
}

/// The body with every occurrence of the secret replaced by stars.
fn without(secret: &Secret, body: Zeroizing<Vec<u8>>) -> Zeroizing<Vec<u8>> {
    let text = String::from_utf8_lossy(&body);
    if secret.is_empty() || !text.contains(secret.expose()) {
        return body;
    }
    Zeroizing::new(text.replace(secret.expose(), "***").into_bytes())
}
