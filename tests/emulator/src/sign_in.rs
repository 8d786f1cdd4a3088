//! Issuing and revoking tokens: the token endpoint, the consent, the logout.

use std::net::IpAddr;

use base64::Engine;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use base64::prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD};
use hyper::StatusCode;
use jiff::{Timestamp, ToSpan};
use serde_json::json;
use sha2::{Digest, Sha256};
use url::{Host, Url};

use crate::call::{Call, Pairs};
use crate::clients::{Client, ClientState, GrantType};
use crate::emulator::Rules;
use crate::errors::{ServiceError, token_error};
use crate::organization::Organization;
use crate::response::ServiceResponse;

const CODE_LIFETIME_SECONDS: i64 = 300;
const SAML2_BEARER: &str = "urn:ietf:params:oauth:grant-type:saml2-bearer";

/// An access token that was issued.
#[derive(Clone, Debug)]
pub(crate) struct Token {
    pub(crate) client_id: String,
    pub(crate) expires: Timestamp,
}

/// A refresh token, which can be used once.
#[derive(Clone, Debug)]
pub(crate) struct RefreshToken {
    client_id: String,
    /// The access token that was issued with it. Revoking the access token ends both.
    access_token: String,
    /// True if it was issued to a client that did not authenticate, which then need not authenticate to use it.
    public: bool,
}

/// An authorization code that has not been exchanged yet.
#[derive(Clone, Debug)]
pub(crate) struct Code {
    client_id: String,
    redirect_uri: String,
    challenge: Option<String>,
    expires: Timestamp,
}

impl Organization {
    /// Issues a token to a client. Also returns its lifetime in seconds.
    pub(crate) fn issue_token(&mut self, client_id: &str, rules: &Rules, now: Timestamp) -> (String, i64) {
        let validity = self.client(client_id).map_or(0, |client| client.access_token_validity_seconds);
        let seconds = rules
            .token_lifetime
            .map_or(validity, |lifetime| i64::try_from(lifetime.as_secs()).unwrap_or(validity));
        let token = self.generator.token();
        self.tokens.insert(
            token.clone(),
            Token {
                client_id: client_id.to_owned(),
                expires: now.checked_add(seconds.seconds()).unwrap_or(Timestamp::MAX),
            },
        );
        (token, seconds)
    }

    /// Removes a client with everything that was issued to it.
    pub(crate) fn forget_client(&mut self, id: &str) {
        self.clients.retain(|client| client.id != id);
        self.authorizations.retain(|authorization| authorization.client_id != id);
        self.tokens.retain(|_, token| token.client_id != id);
        self.refresh_tokens.retain(|_, token| token.client_id != id);
        self.codes.retain(|_, code| code.client_id != id);
        self.executions.retain(|_, execution| execution.client_id != id);
    }
}

/// A refusal of the token endpoint: status, error code and description.
struct Refused(StatusCode, &'static str, String);

impl Refused {
    fn invalid_client(description: &str) -> Self {
        Self(StatusCode::UNAUTHORIZED, "invalid_client", description.to_owned())
    }

    fn invalid_grant(description: &str) -> Self {
        Self(StatusCode::BAD_REQUEST, "invalid_grant", description.to_owned())
    }

    fn invalid_request(description: &str) -> Self {
        Self(StatusCode::BAD_REQUEST, "invalid_request", description.to_owned())
    }
}

/// Handles `POST /oauth/token`.
pub(crate) fn token(call: &mut Call<'_>) -> Result<ServiceResponse, ServiceError> {
    let issued = issue(call)
        .unwrap_or_else(|Refused(status, error, description)| token_error(status, error, &description));
    Ok(issued.with_header("Pragma", "no-cache"))
}

fn issue(call: &mut Call<'_>) -> Result<ServiceResponse, Refused> {
    let content_type = call.request.header("content-type").unwrap_or_default();
    let essence = content_type.split(';').next().unwrap_or_default().trim();
    if !essence.eq_ignore_ascii_case("application/x-www-form-urlencoded") {
        return Err(Refused::invalid_request("the body must be application/x-www-form-urlencoded"));
    }
    let form = call.form();
    let required =
        |name: &str| form.get(name).ok_or_else(|| Refused::invalid_request(&format!("{name} is missing")));
    match required("grant_type")? {
        "client_credentials" => {
            let client_id = authenticated(call, GrantType::ClientCredentials)?;
            Ok(token_response(call, &client_id, None))
        }
        "authorization_code" => {
            let (client_id, public) = identified(call, &form, GrantType::Code)?;
            exchange_code(call, &form, &client_id, public)?;
            Ok(token_response(call, &client_id, Some(public)))
        }
        "refresh_token" => {
            let (client_id, public) = identified(call, &form, GrantType::Code)?;
            exchange_refresh_token(call, required("refresh_token")?, &client_id, public)?;
            Ok(token_response(call, &client_id, Some(public)))
        }
        SAML2_BEARER => {
            let client_id = authenticated(call, GrantType::Saml2Bearer)?;
            check_assertion(call, required("orgName")?, required("assertion")?)?;
            Ok(token_response(call, &client_id, None))
        }
        other => Err(Refused(
            StatusCode::BAD_REQUEST,
            "unsupported_grant_type",
            format!("the grant type {other} is not supported"),
        )),
    }
}

/// Builds the response with new tokens. A refresh token is included if `refreshable` is set, which says whether the
/// client is public.
fn token_response(call: &mut Call<'_>, client_id: &str, refreshable: Option<bool>) -> ServiceResponse {
    let (token, seconds) = call.organization.issue_token(client_id, call.rules, call.now);
    let mut granted = json!({
        "access_token": token,
        "token_type": "bearer",
        "expires_in": seconds,
    });
    if let Some(public) = refreshable {
        let refresh_token = call.organization.generator.token();
        granted["refresh_token"] = refresh_token.as_str().into();
        call.organization.refresh_tokens.insert(
            refresh_token,
            RefreshToken { client_id: client_id.to_owned(), access_token: token, public },
        );
    }
    ServiceResponse::json(StatusCode::OK, &granted)
}

/// Returns the client that the Basic credentials authenticate, if it may use this grant.
fn authenticated(call: &Call<'_>, grant_type: GrantType) -> Result<String, Refused> {
    let credentials = call
        .request
        .header("authorization")
        .and_then(|header| header.split_once(' '))
        .filter(|(scheme, _)| scheme.eq_ignore_ascii_case("basic"))
        .and_then(|(_, encoded)| BASE64_STANDARD.decode(encoded.trim()).ok())
        .and_then(|decoded| String::from_utf8(decoded).ok())
        .ok_or_else(|| Refused::invalid_client("client authentication failed: no Basic credentials"))?;
    // Id and secret are used verbatim: the service does not form-decode them.
    let client = credentials
        .split_once(':')
        .and_then(|(id, secret)| {
            let client = call.organization.client(id)?;
            (client.secret == secret).then_some(client)
        })
        .ok_or_else(|| {
            Refused::invalid_client("client authentication failed: client not found or wrong secret")
        })?;
    usable(client, grant_type)
}

/// Returns the client that the Basic credentials authenticate, or the one named in the form without authentication. The
/// boolean is true for the latter, a public client.
fn identified(call: &Call<'_>, form: &Pairs, grant_type: GrantType) -> Result<(String, bool), Refused> {
    if call.request.header("authorization").is_some() {
        return Ok((authenticated(call, grant_type)?, false));
    }
    let client = form
        .get("client_id")
        .and_then(|id| call.organization.client(id))
        .ok_or_else(|| Refused::invalid_client("client authentication failed: client not found"))?;
    Ok((usable(client, grant_type)?, true))
}

fn usable(client: &Client, grant_type: GrantType) -> Result<String, Refused> {
    if client.state != ClientState::Active {
        return Err(Refused::invalid_client("the client is not active"));
    }
    if client.authorized_grant_type != grant_type {
        return Err(Refused(
            StatusCode::BAD_REQUEST,
            "unauthorized_client",
            "the client is not authorized to use this grant type".to_owned(),
        ));
    }
    Ok(client.id.clone())
}

fn exchange_code(call: &mut Call<'_>, form: &Pairs, client_id: &str, public: bool) -> Result<(), Refused> {
    let value = form.get("code").ok_or_else(|| Refused::invalid_request("code is missing"))?;
    let redirect_uri =
        form.get("redirect_uri").ok_or_else(|| Refused::invalid_request("redirect_uri is missing"))?;
    // A code that was presented is consumed even if the exchange fails.
    let code = call
        .organization
        .codes
        .remove(value)
        .ok_or_else(|| Refused::invalid_grant("the code is unknown or was used before"))?;
    if code.expires <= call.now {
        return Err(Refused::invalid_grant("the code has expired"));
    }
    if code.client_id != client_id {
        return Err(Refused::invalid_grant("the code was issued to another client"));
    }
    if code.redirect_uri != redirect_uri {
        return Err(Refused::invalid_grant("redirect_uri is not the one the code was issued for"));
    }
    match (&code.challenge, form.get("code_verifier")) {
        (Some(challenge), Some(verifier)) if matches_challenge(verifier, challenge) => Ok(()),
        (Some(_), Some(_)) => Err(Refused::invalid_grant("code_verifier does not match the code challenge")),
        (Some(_), None) => Err(Refused::invalid_grant("code_verifier is missing")),
        (None, Some(_)) => {
            Err(Refused::invalid_grant("code_verifier was sent for a code without a challenge"))
        }
        (None, None) if public => Err(Refused::invalid_client(
            "client authentication failed: neither Basic credentials nor a code challenge",
        )),
        (None, None) => Ok(()),
    }
}

/// Returns whether the verifier is well-formed and its hash is the challenge (RFC 7636).
fn matches_challenge(verifier: &str, challenge: &str) -> bool {
    let well_formed = (43..=128).contains(&verifier.len())
        && verifier.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte));
    well_formed && BASE64_URL_SAFE_NO_PAD.encode(Sha256::digest(verifier)) == challenge
}

fn exchange_refresh_token(
    call: &mut Call<'_>,
    value: &str,
    client_id: &str,
    public: bool,
) -> Result<(), Refused> {
    let refresh_tokens = &mut call.organization.refresh_tokens;
    let known = refresh_tokens
        .get(value)
        .filter(|token| token.client_id == client_id)
        .ok_or_else(|| Refused::invalid_grant("the refresh token is unknown or was used before"))?;
    if public && !known.public {
        return Err(Refused::invalid_client("client authentication failed: no Basic credentials"));
    }
    refresh_tokens.remove(value);
    Ok(())
}

fn check_assertion(call: &Call<'_>, org_name: &str, assertion: &str) -> Result<(), Refused> {
    if !org_name.eq_ignore_ascii_case(&call.organization.name) {
        return Err(Refused::invalid_grant("orgName is not known"));
    }
    let lenient = GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::Indifferent)
        .with_decode_allow_trailing_bits(true);
    let is_base64 = [&alphabet::STANDARD, &alphabet::URL_SAFE]
        .into_iter()
        .any(|alphabet| GeneralPurpose::new(alphabet, lenient).decode(assertion).is_ok());
    if is_base64 { Ok(()) } else { Err(Refused::invalid_grant("the assertion is not Base64")) }
}

/// Handles `GET /oauth/authorize`: consents immediately, unless the next consent is to be refused.
pub(crate) fn authorize(call: &mut Call<'_>) -> Result<ServiceResponse, ServiceError> {
    let query = call.query();
    let (client_id, grant_type, redirect_uri) = match redirect_target(call, &query) {
        Ok(target) => target,
        Err(reason) => return Ok(error_page(reason)),
    };
    let redirect_back = |pairs: &[(&str, &str)], in_fragment: bool| {
        redirect(&redirect_uri, pairs, query.get_even_empty("state"), in_fragment)
    };
    let refused = |error: &str, description: &str| {
        redirect_back(
            &[("error", error), ("error_description", description)],
            query.get("response_type") == Some("token"),
        )
    };
    let wanted = match query.get("response_type") {
        Some("code") => GrantType::Code,
        Some("token") => GrantType::Token,
        Some(_) => {
            return Ok(refused("unsupported_response_type", "response_type must be code or token"));
        }
        None => return Ok(refused("invalid_request", "response_type is missing")),
    };
    if wanted != grant_type {
        return Ok(refused("unauthorized_client", "the client is not authorized to use this response type"));
    }
    let challenge = match challenge(&query) {
        Ok(challenge) => challenge,
        Err(reason) => return Ok(refused("invalid_request", reason)),
    };
    if call.organization.take_consent_refusal() {
        return Ok(refused("access_denied", "the user refused the consent"));
    }
    call.organization.consent(&client_id, call.now);
    if wanted == GrantType::Token {
        let (token, seconds) = call.organization.issue_token(&client_id, call.rules, call.now);
        let seconds = seconds.to_string();
        return Ok(redirect_back(
            &[("access_token", &token), ("expires_in", &seconds), ("token_type", "bearer")],
            true,
        ));
    }
    let code = call.organization.generator.code();
    call.organization.codes.insert(
        code.clone(),
        Code {
            client_id,
            redirect_uri: redirect_uri.to_string(),
            challenge,
            expires: call.now.checked_add(CODE_LIFETIME_SECONDS.seconds()).unwrap_or(Timestamp::MAX),
        },
    );
    Ok(redirect_back(&[("code", &code)], false))
}

/// Returns the client that requests the authorization and its redirect URI, or the reason to show an error page
/// instead.
fn redirect_target(call: &Call<'_>, query: &Pairs) -> Result<(String, GrantType, RedirectUri), &'static str> {
    let client = query
        .get("client_id")
        .and_then(|id| call.organization.client(id))
        .ok_or("client_id is missing or unknown")?;
    if client.state != ClientState::Active {
        return Err("the client is not active");
    }
    let redirect_uri = query
        .get("redirect_uri")
        .ok_or("redirect_uri is missing")
        .and_then(|uri| RedirectUri::registered(uri, client).ok_or("redirect_uri is not registered"))?;
    if query.get("org").is_some() != query.get("provider").is_some() {
        return Err("org and provider must be given together");
    }
    Ok((client.id.clone(), client.authorized_grant_type, redirect_uri))
}

fn challenge(query: &Pairs) -> Result<Option<String>, &'static str> {
    match (query.get("code_challenge"), query.get("code_challenge_method")) {
        (None, None) => Ok(None),
        (Some(challenge), Some("S256")) if challenge.len() == 43 => Ok(Some(challenge.to_owned())),
        (Some(_), Some("S256")) => Err("code_challenge is not a SHA-256 hash"),
        (Some(_), _) => Err("code_challenge_method must be S256"),
        (None, Some(_)) => Err("code_challenge is missing"),
    }
}

/// A registered redirect URI, as it was sent.
struct RedirectUri {
    verbatim: String,
    url: Url,
}

impl RedirectUri {
    fn registered(uri: &str, client: &Client) -> Option<Self> {
        let url = Url::parse(uri).ok().filter(|url| url.fragment().is_none())?;
        client
            .registered_redirect_uri
            .iter()
            .any(|registered| registered == uri || differs_in_loopback_port(registered, &url))
            .then(|| Self { verbatim: uri.to_owned(), url })
    }
}

impl std::fmt::Display for RedirectUri {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(&self.verbatim)
    }
}

/// Returns whether the URI differs from a registered loopback URI in its port only. RFC 8252, section 7.3: a program on
/// the user's machine listens on any free port.
fn differs_in_loopback_port(registered: &str, url: &Url) -> bool {
    let Ok(mut registered) = Url::parse(registered) else {
        return false;
    };
    let loopback = match registered.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => IpAddr::V4(address).is_loopback(),
        Some(Host::Ipv6(address)) => IpAddr::V6(address).is_loopback(),
        None => false,
    };
    loopback && registered.scheme() == "http" && registered.set_port(url.port()).is_ok() && registered == *url
}

fn redirect(
    target: &RedirectUri,
    pairs: &[(&str, &str)],
    state: Option<&str>,
    in_fragment: bool,
) -> ServiceResponse {
    let pairs = pairs.iter().copied().chain(state.map(|state| ("state", state)));
    let mut url = target.url.clone();
    if in_fragment {
        let fragment = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish();
        url.set_fragment(Some(&fragment));
    } else {
        url.query_pairs_mut().extend_pairs(pairs);
    }
    ServiceResponse::empty(StatusCode::FOUND).with_header("Location", url)
}

fn error_page(reason: &str) -> ServiceResponse {
    ServiceResponse::with_content(
        StatusCode::BAD_REQUEST,
        "text/html; charset=utf-8",
        format!(
            "<!doctype html><html><head><title>Sign-in failed</title></head><body><h1>Sign-in failed</h1><p>{reason}</p></body></html>"
        ),
    )
}

/// Handles `GET /logout`: redirects to a registered URI of the client, and to no other.
pub(crate) fn logout(call: &mut Call<'_>) -> Result<ServiceResponse, ServiceError> {
    let query = call.query();
    let target = query
        .get("client_id")
        .and_then(|id| call.organization.client(id))
        .zip(query.get("redirect_uri"))
        .and_then(|(client, uri)| RedirectUri::registered(uri, client));
    Ok(match target {
        Some(target) => ServiceResponse::empty(StatusCode::FOUND).with_header("Location", target.url),
        None => ServiceResponse::with_content(
            StatusCode::OK,
            "text/html; charset=utf-8",
            "<!doctype html><html><head><title>Signed out</title></head><body><h1>Signed out</h1></body></html>",
        ),
    })
}

/// Handles `DELETE /api/v2/tokens/me`.
pub(crate) fn revoke_own_token(call: &mut Call<'_>) -> Result<ServiceResponse, ServiceError> {
    if let Some(caller) = &call.caller {
        call.organization.tokens.remove(&caller.token);
        call.organization.refresh_tokens.retain(|_, token| token.access_token != caller.token);
    }
    Ok(ServiceResponse::empty(StatusCode::OK))
}
