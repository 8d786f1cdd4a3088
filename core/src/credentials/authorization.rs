//! The authorization request: builds the URL of the authorize page and parses the redirect.

use std::fmt;
use std::time::Duration;

use url::Url;

use super::redirect::{self, Part, Redirect};
use super::{
    ClientAuthentication, CredentialKind, Credentials, Grant, LONGEST, check_length, check_string, pkce,
};
use crate::clock::check_duration;
use crate::error::Error;
use crate::host::{Host, refuse_port_zero};
use crate::secret::Secret;

/// The parameters of the authorize page of the service, under the documentation's names.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "uniffi", derive(uniffi::Record))]
#[non_exhaustive]
pub struct Authorization {
    /// The id of an OAuth client whose grant type is code.
    pub client_id: String,
    /// The URI that the browser is sent to afterwards: one of the client's registered redirect URIs, verbatim.
    pub redirect_uri: String,
    /// The client's secret; absent for a public client, such as an app on a phone or a desktop.
    #[cfg_attr(feature = "uniffi", uniffi(default))]
    pub client_secret: Option<Secret>,
    /// True to bind the code to this program (PKCE), which a client without a secret needs; true by default.
    #[cfg_attr(feature = "uniffi", uniffi(default = true))]
    pub pkce: bool,
    /// The organization's short name, to open the page of its identity provider directly; requires `provider`.
    #[cfg_attr(feature = "uniffi", uniffi(default))]
    pub org: Option<String>,
    /// The identity provider, such as `okta` or `adfs`; requires `org`.
    #[cfg_attr(feature = "uniffi", uniffi(default))]
    pub provider: Option<String>,
    /// The id of the organization to sign in to, for users who belong to several.
    #[cfg_attr(feature = "uniffi", uniffi(default))]
    pub target: Option<String>,
    /// The user name to fill in, such as an email address.
    #[cfg_attr(feature = "uniffi", uniffi(default))]
    pub login_hint: Option<String>,
    /// True if the user has to sign in even if the browser is still signed in; false by default.
    #[cfg_attr(feature = "uniffi", uniffi(default = false))]
    pub prompt_login: bool,
    /// The issuer that the login server names in `iss`, if it sends that parameter (RFC 9207); the URL of the login
    /// host by default.
    #[cfg_attr(feature = "uniffi", uniffi(default))]
    pub issuer: Option<String>,
    /// The time limit for the user, if the browser of this machine is used; 5 minutes by default.
    #[cfg_attr(feature = "uniffi", uniffi(default))]
    pub deadline: Option<Duration>,
    /// True to accept a redirect by `http` if the redirect URI is `https`, for a web server behind a proxy that
    /// terminates TLS; false by default.
    #[cfg_attr(feature = "uniffi", uniffi(default = false))]
    pub accept_http_redirect: bool,
}

impl Authorization {
    /// Returns the parameters for a public client, with PKCE and without the optional ones. They can be set afterwards.
    ///
    /// # Examples
    /// ```
    /// use purecloud_oauth::Authorization;
    ///
    /// let redirect_uri = "http://127.0.0.1:8765/callback";
    /// let mut authorization = Authorization::new("6f1c5a0e-3b1d-4f0e-9a53-0c2f1f6f7f10", redirect_uri);
    /// authorization.login_hint = Some("ada@example.ch".to_owned());
    /// assert!(authorization.pkce && authorization.client_secret.is_none());
    /// ```
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
        check_string("redirect_uri", &self.redirect_uri)?;
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
            check_length(argument, value, LONGEST)?;
        }
        if let Some(deadline) = self.deadline {
            check_duration("deadline", deadline)?;
        }
        if self.deadline.is_some_and(|deadline| deadline.is_zero()) {
            return Err(Error::invalid_argument("deadline", "is zero; it must be greater than zero"));
        }
        Ok(())
    }
}

/// An authorization request: it builds the URL to open in the browser, and parses the redirect. For web servers, and
/// for apps that open the browser of their platform; on a desktop, credentials by `browser` open the browser and
/// receive the redirect.
///
/// A request is for one user and one sign-in. An app that may be terminated while the browser is open stores the state
/// and the code verifier, and resumes the request with them.
#[derive(Clone, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "uniffi", exported, derive(uniffi::Object), uniffi::export(Debug, Eq, Hash))]
pub struct AuthorizationRequest {
    authorization: Authorization,
    issuer: String,
    state: String,
    code_verifier: Option<Secret>,
    url: Url,
}

#[cfg_attr(feature = "uniffi", exported(authorization_request_declaration))]
impl AuthorizationRequest {
    /// Creates a request with a new state and, for PKCE, a new code verifier, from the system's random source.
    ///
    /// - `host`: the host of the organization.
    /// - `authorization`: the parameters of the authorize page.
    ///
    /// # Errors
    /// Fails with `InvalidArgument` with the name of the first invalid parameter.
    ///
    /// # Examples
    /// ```
    /// use purecloud_oauth::{Authorization, AuthorizationRequest, Region};
    ///
    /// let redirect_uri = "https://rueckrufe.example.ch/callback";
    /// let authorization = Authorization::new("6f1c5a0e-3b1d-4f0e-9a53-0c2f1f6f7f10", redirect_uri);
    /// let request = AuthorizationRequest::new(Region::EuCentral1, authorization)?;
    /// assert!(request.url().starts_with("https://login.mypurecloud.de/oauth/authorize?"));
    /// # Ok::<(), purecloud_oauth::Error>(())
    /// ```
    pub fn new(host: impl Into<Host>, authorization: Authorization) -> Result<Self, Error> {
        let code_verifier = match authorization.pkce {
            true => Some(Secret::new(pkce::random_string()?)),
            false => None,
        };
        AuthorizationRequest::resumed(host, authorization, pkce::random_string()?, code_verifier)
    }

    /// Recreates a request, for an app that was terminated while the browser was open.
    ///
    /// - `state`: the state of the request. A state that the caller generates must not be guessable.
    /// - `code_verifier`: the code verifier of the request; `None` without PKCE.
    ///
    /// # Errors
    /// Fails with `InvalidArgument` with the name of the first invalid parameter.
    ///
    /// # Examples
    /// ```
    /// use purecloud_oauth::{Authorization, AuthorizationRequest, Region};
    ///
    /// # let redirect_uri = "https://rueckrufe.example.ch/callback";
    /// # let authorization = Authorization::new("6f1c5a0e-3b1d-4f0e-9a53-0c2f1f6f7f10", redirect_uri);
    /// let first = AuthorizationRequest::new(Region::EuCentral1, authorization.clone())?;
    /// let (state, verifier) = (first.state().to_owned(), first.code_verifier().cloned());
    /// // After the app has been started again:
    /// let request = AuthorizationRequest::resumed(Region::EuCentral1, authorization, state, verifier)?;
    /// assert_eq!(request, first);
    /// # Ok::<(), purecloud_oauth::Error>(())
    /// ```
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
        check_length("state", &state, LONGEST)?;
        match &code_verifier {
            Some(verifier) => pkce::check(verifier)?,
            None if authorization.pkce => {
                return Err(Error::invalid_argument("code_verifier", "is missing: the request uses PKCE"));
            }
            None => {}
        }
        let host = host.into();
        let url = authorize_url(&host, &authorization, &state, code_verifier.as_ref())?;
        let issuer = authorization.issuer.clone().unwrap_or_else(|| host.login_url().to_owned());
        Ok(AuthorizationRequest { authorization, issuer, state, code_verifier, url })
    }

    /// Returns the URL to open in the browser. It contains no secret.
    #[must_use]
    pub fn url(&self) -> &str {
        self.url.as_str()
    }

    /// Returns the state, which ties the redirect to this request.
    #[must_use]
    pub fn state(&self) -> &str {
        &self.state
    }

    /// Returns the code verifier, which proves that the program that exchanges the code also requested it; `None`
    /// without PKCE.
    #[must_use]
    pub fn code_verifier(&self) -> Option<&Secret> {
        self.code_verifier.as_ref()
    }

    /// Parses the redirect and returns credentials with its code, which the first call of the API object or its
    /// `sign_in()` exchanges.
    ///
    /// - `redirect`: the whole URL that the browser was sent to.
    ///
    /// # Errors
    /// Fails with `SignIn` if the sign-in was refused, with the service's error code (`access_denied`) and message; if
    /// the redirect has another state than this request; or if it comes from another login server (`iss`).
    /// `InvalidArgument` if it is not a redirect to the redirect URI.
    ///
    /// # Examples
    /// ```
    /// use purecloud_oauth::{Authorization, AuthorizationRequest, Config, Region};
    ///
    /// # let redirect_uri = "https://rueckrufe.example.ch/callback";
    /// # let authorization = Authorization::new("6f1c5a0e-3b1d-4f0e-9a53-0c2f1f6f7f10", redirect_uri);
    /// let request = AuthorizationRequest::new(Region::EuCentral1, authorization)?;
    /// let redirect = format!("https://rueckrufe.example.ch/callback?code=AbC123&state={}", request.state());
    /// let config = Config::builder(Region::EuCentral1, request.credentials(&redirect)?).build()?;
    ///
    /// let forged = "https://rueckrufe.example.ch/callback?code=AbC123&state=kX8wq2";
    /// assert!(request.credentials(forged).is_err());
    /// # Ok::<(), purecloud_oauth::Error>(())
    /// ```
    pub fn credentials(&self, redirect: &str) -> Result<Credentials, Error> {
        let grant = self.grant(&Redirect::parse(redirect, Part::Query)?)?;
        Ok(Credentials(CredentialKind::Grant { client: self.authorization.client(), grant }))
    }
}

impl AuthorizationRequest {
    pub(super) fn grant(&self, redirect: &Redirect) -> Result<Grant, Error> {
        if let Some(difference) = self.difference(&redirect.address) {
            return Err(Error::invalid_argument("redirect", difference));
        }
        if !redirect.has_state(&self.state) {
            return Err(redirect::wrong_state());
        }
        let issuer = redirect.get("iss").map(Secret::expose);
        if issuer.is_some_and(|issuer| issuer.trim_end_matches('/') != self.issuer.trim_end_matches('/')) {
            return Err(redirect::sign_in_error(
                "the redirect comes from another login host than the one of this request: its `iss` is not the \
                 issuer; start over, or set `issuer` to the name that the login server uses",
            ));
        }
        redirect.check_granted()?;
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

    /// Returns the difference between a URL and the redirect URI, apart from the parameters that the service adds.
    fn difference(&self, address: &Url) -> Option<&'static str> {
        let Ok(expected) = Url::parse(&self.authorization.redirect_uri) else {
            return Some("can't be compared: redirect_uri is not an address");
        };
        let is_secured_before = expected.scheme() == "https" && address.scheme() == "http";
        if is_secured_before && !self.authorization.accept_http_redirect {
            return Some(
                "has the scheme http, and redirect_uri has https; behind a proxy that terminates TLS, set \
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
        // The state, which the URL contains as well, must stay secret until the user has signed in.
        f.debug_struct("AuthorizationRequest")
            .field("authorization", &self.authorization)
            .finish_non_exhaustive()
    }
}

fn authorize_url(
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
