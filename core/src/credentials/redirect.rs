//! Parses the untrusted redirect from the authorize page.

use std::borrow::Cow;
use std::time::{Duration, SystemTime};

use url::{Url, form_urlencoded};

use crate::error::{Error, ErrorKind};
use crate::models::{ErrorBody, Timestamp};
use crate::printable::one_line;
use crate::secret::Secret;

/// The URL that the browser was redirected to, and its parameters.
pub(super) struct Redirect {
    pub(super) address: Url,
    pairs: Vec<(String, Secret)>,
}

/// The part of a redirect that carries the parameters: the query for a code, the fragment for a token.
#[derive(Clone, Copy)]
pub(super) enum Part {
    Query,
    Fragment,
}

impl Redirect {
    /// Parses a redirect. An error shows nothing of the redirect, which may contain a code or a token.
    pub(super) fn parse(redirect: &str, part: Part) -> Result<Self, Error> {
        let address = Url::parse(redirect.trim()).map_err(|error| {
            Error::invalid_argument(
                "redirect",
                format!("is not the whole address that the browser was sent to: {error}"),
            )
        })?;
        let text = match part {
            Part::Query => address.query(),
            Part::Fragment => address.fragment(),
        };
        let mut pairs: Vec<(String, Secret)> = Vec::new();
        for (name, value) in form_urlencoded::parse(text.unwrap_or_default().as_bytes()) {
            if must_be_unique(&name) && pairs.iter().any(|(present, _)| *present == name) {
                return Err(Error::invalid_argument("redirect", format!("holds `{name}` twice")));
            }
            pairs.push((Cow::into_owned(name), Secret::new(value)));
        }
        Ok(Redirect { address, pairs })
    }

    pub(super) fn get(&self, name: &str) -> Option<&Secret> {
        self.pairs.iter().find(|(present, _)| present == name).map(|(_, value)| value)
    }

    /// Returns whether the redirect belongs to the request with this state. Callers check this before anything else.
    pub(super) fn has_state(&self, state: &str) -> bool {
        self.get("state").is_some_and(|present| present.expose() == state)
    }

    /// Fails if the redirect says that the sign-in was refused.
    pub(super) fn check_granted(&self) -> Result<(), Error> {
        let Some(code) = self.get("error") else { return Ok(()) };
        let description = self.get("error_description").map(Secret::expose);
        let mut message = format!("the sign-in was refused: {}", one_line(code.expose(), 80));
        if let Some(description) = description {
            message.extend([": ", description.trim_end_matches('.')]);
        }
        if let Some(advice) = advice(code.expose()) {
            message.extend(["; ", advice]);
        }
        let body = ErrorBody {
            code: Some(code.expose().to_owned()),
            message: description.map(str::to_owned),
            ..ErrorBody::default()
        };
        Err(Error::builder(ErrorKind::SignIn, message).body(Some(body)).build())
    }
}

/// Returns whether a parameter must not be repeated, because it would be ambiguous which one applies.
fn must_be_unique(name: &str) -> bool {
    ["access_token", "code", "error", "error_description", "expires_in", "iss", "state"].contains(&name)
}

pub(super) fn sign_in_error(message: &str) -> Error {
    Error::builder(ErrorKind::SignIn, message).build()
}

pub(super) fn wrong_state() -> Error {
    sign_in_error(
        "the redirect does not belong to this sign-in: its state is missing or another one; it may have been \
         forged, so start over",
    )
}

/// Returns advice for an error code of the authorize page.
fn advice(code: &str) -> Option<&'static str> {
    match code {
        "access_denied" => Some("the user or an administrator did not consent"),
        "unauthorized_client" | "unsupported_response_type" => {
            Some("the client is not of the grant type that was used")
        }
        "temporarily_unavailable" | "server_error" => Some("try again later"),
        _ => None,
    }
}

/// Parses a redirect of the implicit grant, and returns its token with the time when the token expires.
pub(super) fn parse_implicit(
    redirect: &str,
    state: Option<&str>,
) -> Result<(Secret, Option<Timestamp>), Error> {
    let redirect = Redirect::parse(redirect, Part::Fragment)?;
    if state.is_some_and(|state| !redirect.has_state(state)) {
        return Err(wrong_state());
    }
    redirect.check_granted()?;
    let token = redirect
        .get("access_token")
        .filter(|token| !token.is_empty())
        .ok_or_else(|| Error::invalid_argument("redirect", "holds no `access_token` in its fragment"))?;
    let lifetime = redirect.get("expires_in").and_then(|seconds| seconds.expose().parse().ok());
    let expires_at = lifetime
        .and_then(|seconds| SystemTime::now().checked_add(Duration::from_secs(seconds)))
        .and_then(|end| Timestamp::try_from(end).ok());
    Ok((token.clone(), expires_at))
}
