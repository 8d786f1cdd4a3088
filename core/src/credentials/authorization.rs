//! The part of signing in that a person does at a browser: the address to open, and what comes back from it.

use std::fmt;
use std::time::Duration;

use url::Url;

use super::redirect::{self, Part, Redirect};
use super::{ClientAuthentication, Credentials, Grant, LONGEST, Means, filled, not_longer, pkce};
use crate::clock::check_duration;
use crate::error::Error;
use crate::region::{Host, refuse_port_zero};
use crate::secret::Secret;

/// What the authorize page of the service is asked for. The parameters have the documentation's names.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "uniffi", derive(uniffi::Record))]
#[non_exhaustive]
pub struct Authorization {
    /// The id of an OAuth client whose grant type is code.
    pub client_id: String,
    /// Where the browser is sent afterwards: one of the client's registered redirect URIs, to the letter.
    pub redirect_uri: String,
    /// The client's secret; nothing for a public client, such as an app on a phone or a desktop.
    #[cfg_attr(feature = "uniffi", uniffi(default))]
    pub client_secret: Option<Secret>,
    /// Whether the code is bound to this program (PKCE), which a client without a secret needs; yes by default.
    #[cfg_attr(feature = "uniffi", uniffi(default = true))]
    pub pkce: bool,
    /// The organization's short name, to go straight to its identity provider; together with the provider.
    #[cfg_attr(feature = "uniffi", uniffi(default))]
    pub org: Option<String>,
    /// The identity provider, such as `okta` or `adfs`; together with the organization.
    #[cfg_attr(feature = "uniffi", uniffi(default))]
    pub provider: Option<String>,
    /// The id of the organization to sign in to, for people who belong to several.
    #[cfg_attr(feature = "uniffi", uniffi(default))]
    pub target: Option<String>,
    /// The name to fill in for the person, such as an email address.
    #[cfg_attr(feature = "uniffi", uniffi(default))]
    pub login_hint: Option<String>,
    /// Whether the person has to sign in even if the browser still is; no by default.
    #[cfg_attr(feature = "uniffi", uniffi(default = false))]
    pub prompt_login: bool,
    /// What the login host calls itself in `iss`, where it sends that (RFC 9207); the address of the host by
    /// default.
    #[cfg_attr(feature = "uniffi", uniffi(default))]
    pub issuer: Option<String>,
    /// How long to wait for the person, where a browser of this machine is used; 5 minutes by default.
    #[cfg_attr(feature = "uniffi", uniffi(default))]
    pub deadline: Option<Duration>,
    /// Whether a redirect may arrive by `http` where the redirect URI is `https`: for a web server behind a proxy that
    /// ends TLS and hands on what it receives; no by default.
    #[cfg_attr(feature = "uniffi", uniffi(default = false))]
    pub accept_http_redirect: bool,
}

impl Authorization {
    /// The page for a public client, with PKCE and nothing else. Everything may be set afterwards.
    #[must_use]
    pub fn new(client_id: impl Into<String>, redirect_uri: impl Into<String>) -> Self {
        Authorization {
            client_id: client_id.into(),
            redirect_uri: redirect_uri.into(),
            client_secret: None,
            pkce: true,
            org: None,
            provider: None,
            target: None,
            login_hint: None,
            prompt_login: false,
            issuer: None,
            deadline: None,
            accept_http_redirect: false,
        }
    }

    pub(super) fn client(&self) -> ClientAuthentication {
        ClientAuthentication { id: self.client_id.clone(), secret: self.client_secret.clone() }
    }

    pub(super) fn check(&self) -> Result<(), Error> {
        self.client().check()?;
        filled("redirect_uri", &self.redirect_uri)?;
        let url = Url::parse(&self.redirect_uri).map_err(|error| {
            Error::invalid_argument("redirect_uri", format!("is not an address: {error}"))
        })?;
        if url.fragment().is_some() {
            return Err(Error::invalid_argument("redirect_uri", "must not have a fragment"));
        }
        refuse_port_zero("redirect_uri", &url)?;
        if !self.pkce && self.client_secret.is_none() {
            return Err(super::neither_secret_nor_verifier());
        }
        if self.org.is_some() != self.provider.is_some() {
            let missing = if self.org.is_some() { "provider" } else { "org" };
            return Err(Error::invalid_argument(missing, "is missing: org and provider go together"));
        }
        let named = [
            ("org", &self.org),
            ("provider", &self.provider),
            ("target", &self.target),
            ("login_hint", &self.login_hint),
            ("issuer", &self.issuer),
        ];
        for (argument, value) in named {
            let Some(value) = value else { continue };
            if value.trim().is_empty() {
                return Err(Error::invalid_argument(argument, "is empty; leave it out"));
            }
            not_longer(argument, value, LONGEST)?;
        }
        if let Some(deadline) = self.deadline {
            check_duration("deadline", deadline)?;
        }
        if self.deadline.is_some_and(|deadline| deadline.is_zero()) {
            return Err(Error::invalid_argument("deadline", "is zero; nobody could sign in in time"));
        }
        Ok(())
    }
}

/// One sign-in at a browser, in its two halves: the address to open, and the redirect to take apart. For apps that
/// open the browser of their platform and for web servers; on a desktop, credentials by `browser` do both.
///
/// It belongs to one person and one try. An app that may be ended meanwhile keeps its state and its code
/// verifier, and makes the same request of them again.
#[derive(Clone, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "uniffi", derive(uniffi::Object), uniffi::export(Debug, Eq, Hash))]
pub struct AuthorizationRequest {
    authorization: Authorization,
    issuer: String,
    state: String,
    code_verifier: Option<Secret>,
    url: Url,
}

impl AuthorizationRequest {
    /// A request with a state and, for PKCE, a code verifier of its own, from the system's random source.
    ///
    /// # Errors
    /// `InvalidArgument` with the name of the first parameter that can't be used.
    pub fn new(host: impl Into<Host>, authorization: Authorization) -> Result<Self, Error> {
        let code_verifier = match authorization.pkce {
            true => Some(Secret::new(pkce::random_text()?)),
            false => None,
        };
        AuthorizationRequest::resumed(host, authorization, pkce::random_text()?, code_verifier)
    }

    /// The request as it was, for an app that was ended while the browser was open.
    ///
    /// - `state`: the state that the request had. One of your own has to be one that nobody can guess.
    /// - `code_verifier`: the code verifier that the request had; nothing without PKCE.
    ///
    /// # Errors
    /// `InvalidArgument` with the name of the first parameter that can't be used.
    pub fn resumed(
        host: impl Into<Host>,
        authorization: Authorization,
        state: impl Into<String>,
        code_verifier: Option<Secret>,
    ) -> Result<Self, Error> {
        authorization.check()?;
        let state = state.into();
        if state.is_empty() {
            return Err(Error::invalid_argument("state", "is empty; without it a redirect could be forged"));
        }
        not_longer("state", &state, LONGEST)?;
        match &code_verifier {
            Some(verifier) => pkce::check(verifier)?,
            None if authorization.pkce => {
                return Err(Error::invalid_argument("code_verifier", "is missing: the request is with PKCE"));
            }
            None => {}
        }
        let host = host.into();
        let url = address(&host, &authorization, &state, code_verifier.as_ref())?;
        let issuer = authorization.issuer.clone().unwrap_or_else(|| host.login_url().to_owned());
        Ok(AuthorizationRequest { authorization, issuer, state, code_verifier, url })
    }

    /// The address to open in the browser. It holds no secret.
    #[must_use]
    pub fn url(&self) -> &str {
        self.url.as_str()
    }

    /// What ties the redirect to this request.
    #[must_use]
    pub fn state(&self) -> &str {
        &self.state
    }

    /// What proves that the code is used by whom it was asked for; nothing without PKCE.
    #[must_use]
    pub fn code_verifier(&self) -> Option<&Secret> {
        self.code_verifier.as_ref()
    }

    /// Takes the redirect apart. The credentials hold the code, which is exchanged with the client's first call or
    /// its `sign_in()`.
    ///
    /// - `redirect`: the whole address that the browser was sent to.
    ///
    /// # Errors
    /// `SignIn` when the sign-in was refused, with the service's code (`access_denied`) and words; when the
    /// redirect has another state than this request; or when it comes from another login host (`iss`).
    /// `InvalidArgument` when it is no redirect to the redirect URI.
    pub fn credentials(&self, redirect: &str) -> Result<Credentials, Error> {
        let grant = self.grant(&Redirect::parse(redirect, Part::Query)?)?;
        Ok(Credentials(Means::Grant { client: self.authorization.client(), grant }))
    }

    pub(super) fn grant(&self, redirect: &Redirect) -> Result<Grant, Error> {
        if let Some(difference) = self.difference(&redirect.address) {
            return Err(Error::invalid_argument("redirect", difference));
        }
        if !redirect.answers(&self.state) {
            return Err(redirect::of_another_request());
        }
        let issuer = redirect.get("iss").map(Secret::expose);
        if issuer.is_some_and(|issuer| issuer.trim_end_matches('/') != self.issuer.trim_end_matches('/')) {
            return Err(redirect::refused(
                "the redirect comes from another login host than the one that was asked: its `iss` is not the \
                 issuer; start over, or set `issuer` if that host calls itself so",
            ));
        }
        redirect.granted()?;
        let code = redirect
            .get("code")
            .filter(|code| !code.is_empty())
            .ok_or_else(|| Error::invalid_argument("redirect", "holds neither a code nor an error"))?;
        Ok(Grant::AuthorizationCode {
            code: code.clone(),
            redirect_uri: self.authorization.redirect_uri.clone(),
            code_verifier: self.code_verifier.clone(),
        })
    }

    /// Returns what tells an address from the redirect URI, but for what the service adds to it.
    fn difference(&self, address: &Url) -> Option<&'static str> {
        let Ok(expected) = Url::parse(&self.authorization.redirect_uri) else {
            return Some("can't be compared: redirect_uri is not an address");
        };
        let is_secured_before = expected.scheme() == "https" && address.scheme() == "http";
        if is_secured_before && !self.authorization.accept_http_redirect {
            return Some(
                "has the scheme http, and redirect_uri has https; behind a proxy that ends TLS, set \
                 accept_http_redirect",
            );
        }
        if expected.scheme() != address.scheme() && !is_secured_before {
            return Some("has another scheme than redirect_uri");
        }
        if expected.host() != address.host() {
            return Some("has another host than redirect_uri");
        }
        if expected.port() != address.port() {
            return Some("has another port than redirect_uri");
        }
        let accounts = [&expected, address].map(|url| (url.username(), url.password()));
        if expected.path() != address.path() || accounts[0] != accounts[1] {
            return Some("has another path than redirect_uri");
        }
        None
    }
}

impl fmt::Debug for AuthorizationRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The state is in the address. Both are harmless once the person is done, and not before.
        f.debug_struct("AuthorizationRequest")
            .field("authorization", &self.authorization)
            .finish_non_exhaustive()
    }
}

fn address(
    host: &Host,
    authorization: &Authorization,
    state: &str,
    code_verifier: Option<&Secret>,
) -> Result<Url, Error> {
    let mut url = host.page("oauth/authorize")?;
    let mut query = url.query_pairs_mut();
    query.append_pair("response_type", "code");
    query.append_pair("client_id", &authorization.client_id);
    query.append_pair("redirect_uri", &authorization.redirect_uri);
    query.append_pair("state", state);
    if let Some(verifier) = code_verifier {
        query.append_pair("code_challenge", &pkce::challenge(verifier));
        query.append_pair("code_challenge_method", "S256");
    }
    let named = [
        ("org", &authorization.org),
        ("provider", &authorization.provider),
        ("target", &authorization.target),
        ("login_hint", &authorization.login_hint),
    ];
    for (name, value) in named {
        if let Some(value) = value {
            query.append_pair(name, value);
        }
    }
    if authorization.prompt_login {
        query.append_pair("prompt", "login");
    }
    drop(query);
    Ok(url)
}
