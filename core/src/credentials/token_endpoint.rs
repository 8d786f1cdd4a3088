//! The requests to the token endpoint, and its responses.

use http::HeaderMap;
use http::HeaderValue;
use serde::Deserialize;
use url::form_urlencoded;
use zeroize::Zeroizing;

use super::{ClientAuthentication, Grant};
use crate::error::Error;
use crate::host::Host;
use crate::models::{ErrorBody, Model, Unreadable, decode, field};
use crate::operation::{Operation, Replay, Verb};
use crate::path;
use crate::secret::Secret;
use crate::transport::{Body, ErrorFormat, Request, RequestCredentials, Returned};

/// The operation of requesting a token. A second token does no harm. Nor does a second request with a refresh token: if
/// the first one has used it up, the only new refresh token was in the response that was lost.
const SIGN_IN: Operation = Operation {
    name: "sign_in",
    verb: Verb::Post,
    path: "/oauth/token",
    permissions: &[],
    replay: Replay::Repeatable,
};

/// The operation of exchanging a code, which can be used only once. A second request looks like an attack, and may
/// revoke the token of the first.
const EXCHANGE_CODE: Operation = Operation { replay: Replay::Once, ..SIGN_IN };

const SAML2_BEARER: &str = "urn:ietf:params:oauth:grant-type:saml2-bearer";

/// A successful response of the token endpoint.
#[derive(Default, PartialEq, Deserialize)]
#[serde(default)]
struct TokenResponse {
    #[serde(deserialize_with = "field")]
    access_token: Option<Secret>,
    #[serde(deserialize_with = "field")]
    expires_in: Option<i64>,
    #[serde(deserialize_with = "field")]
    refresh_token: Option<Secret>,
    #[serde(deserialize_with = "field")]
    token_type: Option<String>,
}

impl Model for TokenResponse {
    const NAME: &'static str = "TokenResponse";
    const FIELDS: &'static [&'static str] = &["access_token", "expires_in", "refresh_token", "token_type"];
}

/// An access token that was issued.
pub(crate) struct Granted {
    pub(crate) token: Secret,
    /// The lifetime of the token, in seconds.
    pub(crate) expires_in: Option<i64>,
    /// The refresh token, if the grant returns one.
    pub(crate) refresh_token: Option<Secret>,
}

/// The maximum size of a token, in bytes. A longer one does not fit into a header.
const LONGEST_TOKEN: usize = 64 * 1024;

impl Returned for Granted {
    fn read(_operation: &Operation, body: &[u8]) -> Result<Self, Unreadable> {
        let response = decode::<TokenResponse>(body);
        let has_token = response.as_ref().is_ok_and(|response| response.access_token.is_some());
        if !has_token && let Some(refusal) = read_error(body).filter(|refusal| refusal.code.is_some()) {
            return Err(Unreadable::Refusal(Box::new(refusal)));
        }
        let TokenResponse { access_token, expires_in, refresh_token, token_type } = response?;
        if token_type.is_some_and(|kind| !kind.eq_ignore_ascii_case("bearer")) {
            return Err(Unreadable::Incomplete { part: "bearer token", expected: TokenResponse::NAME });
        }
        let token = access_token
            .filter(|token| {
                token.expose().len() <= LONGEST_TOKEN && HeaderValue::from_str(token.expose()).is_ok()
            })
            .ok_or(Unreadable::Incomplete { part: "access token", expected: TokenResponse::NAME })?;
        let refresh_token =
            refresh_token.filter(|token| !token.is_empty() && token.expose().len() <= LONGEST_TOKEN);
        Ok(Granted { token, expires_in, refresh_token })
    }
}

/// An error response of the token endpoint, which has another format than those of the API.
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

/// Builds the request that exchanges a grant for a token, and the credentials of the request.
pub(super) fn exchange(
    host: &Host,
    client: &ClientAuthentication,
    grant: &Grant,
) -> Result<(Request, RequestCredentials), Error> {
    let (operation, error_format) = match grant {
        Grant::ClientCredentials => (SIGN_IN, &CLIENT_ERROR_FORMAT),
        Grant::AuthorizationCode { .. } => (EXCHANGE_CODE, &CODE_ERROR_FORMAT),
        Grant::RefreshToken(_) => (SIGN_IN, &REFRESH_ERROR_FORMAT),
        Grant::Saml2Bearer { .. } => (SIGN_IN, &ASSERTION_ERROR_FORMAT),
    };
    let mut form = form_urlencoded::Serializer::new(String::new());
    let mut secrets = Vec::new();
    match grant {
        Grant::ClientCredentials => {
            form.append_pair("grant_type", "client_credentials");
        }
        Grant::AuthorizationCode { code, redirect_uri, code_verifier } => {
            form.append_pair("grant_type", "authorization_code");
            form.append_pair("code", code.expose());
            form.append_pair("redirect_uri", redirect_uri);
            secrets.push(code.clone());
            if let Some(verifier) = code_verifier {
                form.append_pair("code_verifier", verifier.expose());
                secrets.push(verifier.clone());
            }
        }
        Grant::RefreshToken(token) => {
            form.append_pair("grant_type", "refresh_token");
            form.append_pair("refresh_token", token.expose());
            secrets.push(token.clone());
        }
        Grant::Saml2Bearer { org_name, assertion } => {
            form.append_pair("grant_type", SAML2_BEARER);
            form.append_pair("orgName", org_name);
            form.append_pair("assertion", assertion.expose());
            secrets.push(assertion.clone());
        }
    }
    let credentials = match &client.secret {
        // Unlike RFC 6749 requires, id and secret are not form-encoded before they are put into the Basic scheme.
        Some(secret) => RequestCredentials::Basic { id: client.id.clone(), secret: secret.clone() },
        None => {
            form.append_pair("client_id", &client.id);
            RequestCredentials::None
        }
    };
    let request = Request {
        operation,
        url: path::build_url(host.login(), &operation, &[])?,
        headers: HeaderMap::new(),
        body: Some(Body {
            content_type: HeaderValue::from_static("application/x-www-form-urlencoded"),
            bytes: Zeroizing::new(form.finish().into_bytes()),
        }),
        secrets,
        error_format,
    };
    Ok((request, credentials))
}

const CLIENT_ERROR_FORMAT: ErrorFormat = ErrorFormat { read: read_error, advice: client_advice };

const CODE_ERROR_FORMAT: ErrorFormat = ErrorFormat {
    read: read_error,
    advice: |code| match code {
        "invalid_grant" => Some(
            "the code was used before, is older than a few minutes, or was issued for another redirect URI, client \
             or code verifier: sign in again",
        ),
        other => client_advice(other),
    },
};

const REFRESH_ERROR_FORMAT: ErrorFormat = ErrorFormat {
    read: read_error,
    advice: |code| match code {
        "invalid_grant" => Some("the session has ended, or its refresh token was used before: sign in again"),
        other => client_advice(other),
    },
};

const ASSERTION_ERROR_FORMAT: ErrorFormat = ErrorFormat {
    read: read_error,
    advice: |code| match code {
        "invalid_grant" => {
            Some("check the organization's name; the assertion may have expired: request a new one")
        }
        other => client_advice(other),
    },
};

/// Reads an error of the login server: in the format of RFC 6749, or in that of the API, which its gateway uses.
fn read_error(body: &[u8]) -> Option<ErrorBody> {
    let said: TokenErrorResponse = decode(body).unwrap_or_default();
    let described: Option<ErrorBody> = decode(body).ok();
    if said == TokenErrorResponse::default() {
        return described;
    }
    let described = described.unwrap_or_default();
    Some(ErrorBody {
        code: said.error.or(described.code),
        message: said.error_description.or(said.description).or(described.message),
        ..described
    })
}

/// Returns advice for an error code about the OAuth client itself.
fn client_advice(code: &str) -> Option<&'static str> {
    match code {
        "invalid_client" => Some(
            "check the client id and secret, that the client is active, and that it belongs to this region",
        ),
        "unauthorized_client" => Some("the client is not of the grant type that was used"),
        "unsupported_grant_type" => Some("the login server does not support this grant type"),
        _ => None,
    }
}
