//! What came back from the authorize page, taken apart without trust.

use std::borrow::Cow;
use std::time::{Duration, SystemTime};

use url::{Url, form_urlencoded};

use crate::error::{Error, ErrorKind};
use crate::models::{ErrorBody, Timestamp};
use crate::printable::one_line;
use crate::secret::Secret;

/// The address that the browser was sent to, and what it carries.
pub(super) struct Redirect {
    pub(super) address: Url,
    pairs: Vec<(String, Secret)>,
}

/// Where a redirect carries its answer: the query for a code, the fragment for a token.
#[derive(Clone, Copy)]
pub(super) enum Part {
    Query,
    Fragment,
}

impl Redirect {
    /// # Errors
    /// Never with anything of the redirect itself, which may hold a code or a token.
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
            if is_ours(&name) && pairs.iter().any(|(present, _)| *present == name) {
                return Err(Error::invalid_argument("redirect", format!("holds `{name}` twice")));
            }
            pairs.push((Cow::into_owned(name), Secret::new(value)));
        }
        Ok(Redirect { address, pairs })
    }

    pub(super) fn get(&self, name: &str) -> Option<&Secret> {
        self.pairs.iter().find(|(present, _)| present == name).map(|(_, value)| value)
    }

    /// Whether it is an answer to the request with this state. Nothing else in it is looked at before.
    pub(super) fn answers(&self, state: &str) -> bool {
        self.get("state").is_some_and(|present| present.expose() == state)
    }

    /// Fails where the redirect says that the sign-in was refused.
    pub(super) fn granted(&self) -> Result<(), Error> {
        let Some(code) = self.get("error") else { return Ok(()) };
        let description = self.get("error_description").map(Secret::expose);
        let mut text = format!("the sign-in was refused: {}", one_line(code.expose(), 80));
        if let Some(description) = description {
            text.extend([": ", description.trim_end_matches('.')]);
        }
        if let Some(advice) = advice(code.expose()) {
            text.extend(["; ", advice]);
        }
        let body = ErrorBody {
            code: Some(code.expose().to_owned()),
            message: description.map(str::to_owned),
            ..ErrorBody::default()
        };
        Err(Error::builder().kind(ErrorKind::SignIn, text).body(Some(body)).build())
    }
}

/// Parameters that must not come twice, because it would be open which one counts.
fn is_ours(name: &str) -> bool {
    ["access_token", "code", "error", "error_description", "expires_in", "iss", "state"].contains(&name)
}

pub(super) fn refused(text: &str) -> Error {
    Error::builder().kind(ErrorKind::SignIn, text).build()
}

pub(super) fn of_another_request() -> Error {
    refused(
        "the redirect does not belong to this sign-in: its state is missing or another one; it may have been \
         forged, so start over",
    )
}

/// What to do about a refusal of the authorize page, by its code.
fn advice(code: &str) -> Option<&'static str> {
    match code {
        "access_denied" => Some("the person or an administrator did not consent"),
        "unauthorized_client" | "unsupported_response_type" => {
            Some("the client is not of the grant type that was used")
        }
        "temporarily_unavailable" | "server_error" => Some("try again later"),
        _ => None,
    }
}

/// The token in a redirect of the implicit grant, and when it ends.
pub(super) fn implicit(redirect: &str, state: Option<&str>) -> Result<(Secret, Option<Timestamp>), Error> {
    let redirect = Redirect::parse(redirect, Part::Fragment)?;
    if state.is_some_and(|state| !redirect.answers(state)) {
        return Err(of_another_request());
    }
    redirect.granted()?;
    let token = redirect
        .get("access_token")
        .filter(|token| !token.is_empty())
        .ok_or_else(|| Error::invalid_argument("redirect", "holds no `access_token` behind a `#`"))?;
    let lifetime = redirect.get("expires_in").and_then(|seconds| seconds.expose().parse().ok());
    let expires_at = lifetime
        .and_then(|seconds| SystemTime::now().checked_add(Duration::from_secs(seconds)))
        .and_then(|end| Timestamp::try_from(end).ok());
    Ok((token.clone(), expires_at))
}
