//! The requests that return a token, and what they return.

use http::HeaderMap;
use http::HeaderValue;
use serde::Deserialize;
use url::form_urlencoded;
use zeroize::Zeroizing;

use crate::error::Error;
use crate::models::{ErrorBody, Model, Unreadable, decode, field};
use crate::operation::{Operation, Replay, Verb};
use crate::path;
use crate::region::Host;
use crate::secret::Secret;
use crate::transport::{Body, Pass, Request, Returned, Words};

/// Signing in with client credentials: a second token does no harm.
const SIGN_IN: Operation = Operation {
    name: "sign_in",
    verb: Verb::Post,
    path: "/oauth/token",
    permissions: &[],
    replay: Replay::Repeatable,
};

/// What the token endpoint returns.
#[derive(Default, PartialEq, Deserialize)]
#[serde(default)]
struct TokenResponse {
    #[serde(deserialize_with = "field")]
    access_token: Option<Secret>,
    #[serde(deserialize_with = "field")]
    expires_in: Option<i64>,
}

impl Model for TokenResponse {
    const NAME: &'static str = "TokenResponse";
    const FIELDS: &'static [&'static str] = &["access_token", "expires_in"];
}

/// A token that was given, and how long it holds, in seconds.
pub(crate) struct Granted {
    pub(crate) token: Secret,
    pub(crate) expires_in: Option<i64>,
}

impl Returned for Granted {
    fn read(_operation: &Operation, body: &[u8]) -> Result<Self, Unreadable> {
        let TokenResponse { access_token, expires_in } = decode(body)?;
        let token = access_token
            .filter(|token| HeaderValue::from_str(token.expose()).is_ok())
            .ok_or(Unreadable::Incomplete { part: "access token", expected: TokenResponse::NAME })?;
        Ok(Granted { token, expires_in })
    }
}

/// What the token endpoint says when it refuses; another shape than the API's.
#[derive(Default, PartialEq, Deserialize)]
#[serde(default)]
struct TokenErrorResponse {
    #[serde(deserialize_with = "field")]
    error: Option<String>,
    #[serde(deserialize_with = "field")]
    description: Option<String>,
    #[serde(deserialize_with = "field")]
    error_description: Option<String>,
}

impl Model for TokenErrorResponse {
    const NAME: &'static str = "TokenErrorResponse";
    const FIELDS: &'static [&'static str] = &["error", "description", "error_description"];
}

/// A request for a token, and what it shows to be let in.
pub(crate) fn client_credentials(host: &Host, id: &str, secret: &Secret) -> Result<(Request, Pass), Error> {
    let form = form_urlencoded::Serializer::new(String::new())
        .append_pair("grant_type", "client_credentials")
        .finish();
    let request = Request {
        operation: SIGN_IN,
        url: path::address(host.login(), &SIGN_IN, &[])?,
        headers: HeaderMap::new(),
        body: Some(Body {
            content_type: HeaderValue::from_static("application/x-www-form-urlencoded"),
            bytes: Zeroizing::new(form.into_bytes()),
        }),
        words: &WORDS,
    };
    // Unlike RFC 6749 asks, id and secret go into Basic as they are, not form-encoded first.
    Ok((request, Pass::Basic { id: id.to_owned(), secret: secret.clone() }))
}

const WORDS: Words = Words { read: read_error, advice };

fn read_error(body: &[u8]) -> Option<ErrorBody> {
    let said: TokenErrorResponse = decode(body).ok()?;
    Some(ErrorBody {
        code: said.error,
        message: said.error_description.or(said.description),
        ..ErrorBody::default()
    })
}

/// What to do about a refusal, by its code.
fn advice(code: &str) -> Option<&'static str> {
    match code {
        "invalid_client" => Some(
            "check the client id and secret, that the client is active, and that it belongs to this region",
        ),
        "unauthorized_client" => Some("the client is not of the grant type that was used"),
        "unsupported_grant_type" => Some("the login host does not offer this way to sign in"),
        _ => None,
    }
}
