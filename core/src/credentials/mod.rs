//! Credentials: obtaining, sharing and renewing access tokens.
//!
//! Each way to obtain a token is a `Grant` with its form in `token_endpoint`; `tokens` keeps, shares and renews the
//! token for all grants. A sign-in of a user in a browser comes first: `authorization` builds the URL to open and
//! parses the redirect, and `browser` opens the page and receives the redirect on this machine.

pub(crate) mod authorization;
mod browser;
mod pkce;
mod redirect;
mod session;
mod token_endpoint;
mod tokens;

use std::fmt;

use url::Url;

use crate::error::Error;
use crate::host::refuse_port_zero;
use crate::models::Timestamp;
use crate::printable::{character, is_invisible};
use crate::secret::Secret;

pub use authorization::{Authorization, AuthorizationRequest};

pub use session::Session;
pub(crate) use tokens::Tokens;

/// The credentials to sign in with.
///
/// For all of them, the API object keeps the access token, renews it before it expires if that is possible, and shares
/// it among all calls.
#[derive(Clone, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "uniffi", exported, derive(uniffi::Object), uniffi::export(Debug, Eq, Hash))]
pub struct Credentials(CredentialKind);

/// The initial credentials.
#[derive(Clone, PartialEq, Eq, Hash)]
pub(crate) enum CredentialKind {
    AccessToken {
        token: Secret,
        expires_at: Option<Timestamp>,
    },
    Session {
        client: ClientAuthentication,
        session: Session,
    },
    Grant {
        client: ClientAuthentication,
        grant: Grant,
    },
    Browser(Box<Authorization>),
    /// The credentials of the process that this one was forked from, which can't be used a second time.
    #[cfg_attr(not(feature = "uniffi"), expect(dead_code, reason = "only the bindings follow a fork"))]
    Forked,
}

/// The authentication of an OAuth client: its id and secret. A public client has no secret.
#[derive(Clone, PartialEq, Eq, Hash)]
pub(crate) struct ClientAuthentication {
    pub(crate) id: String,
    pub(crate) secret: Option<Secret>,
}

/// A grant, which is exchanged for an access token.
#[derive(Clone, PartialEq, Eq, Hash)]
pub(crate) enum Grant {
    ClientCredentials,
    AuthorizationCode { code: Secret, redirect_uri: String, code_verifier: Option<Secret> },
    RefreshToken(Secret),
    Saml2Bearer { org_name: String, assertion: Secret },
}

#[cfg_attr(feature = "uniffi", exported(credentials_declaration))]
impl Credentials {
    /// Returns credentials for an existing access token. It can't be renewed: once it has expired, calls fail with
    /// status 401.
    ///
    /// # Examples
    /// ```
    /// let credentials = purecloud_oauth::Credentials::access_token("hq3KpZ0vX1yT7wB9");
    /// assert_eq!(format!("{credentials:?}"), "AccessToken(***)");
    /// ```
    #[must_use]
    pub fn access_token(token: impl Into<Secret>) -> Self {
        Credentials(CredentialKind::AccessToken { token: token.into(), expires_at: None })
    }

    /// Returns credentials for the id and secret of an OAuth client whose grant type is client credentials. The token
    /// is fetched by the first call, renewed before it expires, and shared by all calls.
    ///
    /// # Examples
    /// ```
    /// use purecloud_oauth::Credentials;
    /// let credentials = Credentials::client_credentials("6f1c5a0e-3b1d-4f0e-9a53-0c2f1f6f7f10", "hq3KpZ0vX1yT7wB9");
    /// ```
    #[must_use]
    pub fn client_credentials(client_id: impl Into<String>, client_secret: impl Into<Secret>) -> Self {
        Credentials::from_grant(client_id, Some(client_secret.into()), Grant::ClientCredentials)
    }

    /// Returns credentials for an authorization code, for programs that parse the redirect themselves; an
    /// `AuthorizationRequest` parses it and checks more. The first call exchanges the code, only once: the code is
    /// never sent a second time, even if the response is lost.
    ///
    /// - `code`: the code in the redirect.
    /// - `redirect_uri`: the redirect URI of the authorization request, verbatim.
    /// - `client_secret`: the client's secret; `None` for a public client, which needs a code verifier.
    /// - `code_verifier`: the code verifier of the authorization request (PKCE), if it had one.
    ///
    /// # Examples
    /// ```
    /// let (id, secret) = ("6f1c5a0e-3b1d-4f0e-9a53-0c2f1f6f7f10", Some("hq3KpZ0vX1yT7wB9".into()));
    /// let redirect_uri = "https://rueckrufe.example.ch/callback";
    /// let credentials = purecloud_oauth::Credentials::authorization_code(id, "AbC123", redirect_uri, secret, None);
    /// ```
    #[must_use]
    pub fn authorization_code(
        client_id: impl Into<String>,
        code: impl Into<Secret>,
        redirect_uri: impl Into<String>,
        client_secret: Option<Secret>,
        code_verifier: Option<Secret>,
    ) -> Self {
        let (code, redirect_uri) = (code.into(), redirect_uri.into());
        Credentials::from_grant(
            client_id,
            client_secret,
            Grant::AuthorizationCode { code, redirect_uri, code_verifier },
        )
    }

    /// Returns credentials for a stored refresh token. The first call exchanges it, and it is exchanged again before
    /// each access token expires. If the service issues a new refresh token, that one is used from then on: store it
    /// with the `session()` of the API object.
    ///
    /// - `client_secret`: the client's secret; `None` for a public client.
    ///
    /// # Examples
    /// ```
    /// use purecloud_oauth::Credentials;
    /// let credentials = Credentials::refresh_token("6f1c5a0e-3b1d-4f0e-9a53-0c2f1f6f7f10", "mW4tS9xQ", None);
    /// ```
    #[must_use]
    pub fn refresh_token(
        client_id: impl Into<String>,
        refresh_token: impl Into<Secret>,
        client_secret: Option<Secret>,
    ) -> Self {
        Credentials::from_grant(client_id, client_secret, Grant::RefreshToken(refresh_token.into()))
    }

    /// Returns credentials for an assertion of the organization's identity provider (SAML2 bearer). The first call
    /// exchanges the assertion.
    ///
    /// - `org_name`: the organization's short name.
    /// - `assertion`: the assertion in Base64, as the identity provider issues it.
    ///
    /// # Examples
    /// ```
    /// let (id, secret, assertion) = ("6f1c5a0e-3b1d-4f0e-9a53-0c2f1f6f7f10", "hq3KpZ0vX1yT7wB9", "PHNhbWw+");
    /// let credentials = purecloud_oauth::Credentials::saml2_bearer(id, secret, "muster-ag", assertion);
    /// ```
    #[must_use]
    pub fn saml2_bearer(
        client_id: impl Into<String>,
        client_secret: impl Into<Secret>,
        org_name: impl Into<String>,
        assertion: impl Into<Secret>,
    ) -> Self {
        let (org_name, assertion) = (org_name.into(), assertion.into());
        Credentials::from_grant(
            client_id,
            Some(client_secret.into()),
            Grant::Saml2Bearer { org_name, assertion },
        )
    }

    /// Returns credentials that resume a stored session. No token is requested before the session's access token
    /// expires; without a refresh token the session ends then.
    ///
    /// - `session`: the session that `session()` or `sign_in()` of an API object returned.
    /// - `client_secret`: the client's secret; `None` for a public client.
    ///
    /// # Examples
    /// ```
    /// use purecloud_oauth::{Credentials, Session};
    /// let session = Session::new("hq3KpZ0vX1yT7wB9");
    /// let credentials = Credentials::session("6f1c5a0e-3b1d-4f0e-9a53-0c2f1f6f7f10", session, None);
    /// ```
    #[must_use]
    pub fn session(client_id: impl Into<String>, session: Session, client_secret: Option<Secret>) -> Self {
        let client = ClientAuthentication { id: client_id.into(), secret: client_secret };
        Credentials(CredentialKind::Session { client, session })
    }

    /// Returns credentials for a sign-in with the browser of this machine, for desktop programs and scripts.
    /// `sign_in()` listens on the redirect URI, opens the browser, waits for the redirect, responds with a small page,
    /// and exchanges the code. Until then calls fail with `SignIn`: no call opens a browser.
    ///
    /// - `authorization`: the parameters of the authorize page. The redirect URI has to be plain `http` to this
    ///   machine, such as `http://127.0.0.1:8765/callback`, and registered for the client. If it has no port, any free
    ///   port is used.
    ///
    /// On a phone, use an `AuthorizationRequest` instead.
    ///
    /// # Examples
    /// ```
    /// use purecloud_oauth::{Authorization, Credentials};
    /// let authorization = Authorization::new("6f1c5a0e-3b1d-4f0e-9a53-0c2f1f6f7f10", "http://127.0.0.1/callback");
    /// let credentials = Credentials::browser(authorization);
    /// ```
    #[must_use]
    pub fn browser(authorization: Authorization) -> Self {
        Credentials(CredentialKind::Browser(Box::new(authorization)))
    }

    /// Returns credentials for the access token in a redirect of the implicit grant, which carries the token in its
    /// fragment. The token can't be renewed.
    ///
    /// This grant is supported for existing programs and not recommended (RFC 9700, section 2.1.2): the token is stored
    /// in the browser's history and visible to anything that reads the URL, and nothing proves that it was issued to
    /// this program. An `AuthorizationRequest` with PKCE needs no secret either.
    ///
    /// - `redirect`: the whole URL that the browser was sent to, including the fragment.
    /// - `state`: the state of the authorization request, which the redirect must repeat; `None` if the request had no
    ///   state, which allows an attacker to inject a token.
    ///
    /// # Errors
    /// Fails with `SignIn` if the redirect says that the sign-in was refused, or has another state. `InvalidArgument`
    /// if it is not such a redirect.
    ///
    /// # Examples
    /// ```
    /// let redirect = "https://rueckrufe.example.ch/#access_token=hq3KpZ0vX1yT7wB9&state=kX8wq2";
    /// assert!(purecloud_oauth::Credentials::implicit_redirect(redirect, Some("kX8wq2")).is_ok());
    /// ```
    pub fn implicit_redirect(redirect: &str, state: Option<&str>) -> Result<Self, Error> {
        let (token, expires_at) = redirect::parse_implicit(redirect, state)?;
        Ok(Credentials(CredentialKind::AccessToken { token, expires_at }))
    }
}

impl Credentials {
    /// Returns the part of these credentials that a forked process can use.
    #[cfg(feature = "uniffi")]
    pub(crate) fn after_a_fork(&self) -> Self {
        match &self.0 {
            CredentialKind::Grant {
                grant: Grant::AuthorizationCode { .. } | Grant::RefreshToken(_), ..
            } => Credentials(CredentialKind::Forked),
            CredentialKind::Session { client, session } => {
                let session = Session { refresh_token: None, ..session.clone() };
                Credentials(CredentialKind::Session { client: client.clone(), session })
            }
            _ => self.clone(),
        }
    }

    fn from_grant(client_id: impl Into<String>, secret: Option<Secret>, grant: Grant) -> Self {
        Credentials(CredentialKind::Grant {
            client: ClientAuthentication { id: client_id.into(), secret },
            grant,
        })
    }

    /// Rejects values that no request can carry, before a request is built.
    pub(crate) fn check(&self) -> Result<(), Error> {
        match &self.0 {
            CredentialKind::AccessToken { token, .. } => check_token("access_token", token),
            CredentialKind::Session { client, session } => {
                client.check()?;
                session.expires_at.map_or(Ok(()), |end| end.check("session.expires_at"))?;
                check_token("session.access_token", &session.access_token)?;
                session
                    .refresh_token
                    .iter()
                    .try_for_each(|token| check_string("session.refresh_token", token.expose()))
            }
            CredentialKind::Grant { client, grant } => {
                client.check()?;
                grant.check(client)
            }
            CredentialKind::Forked => Ok(()),
            CredentialKind::Browser(authorization) => {
                authorization.check()?;
                browser::check(authorization)
            }
        }
    }
}

impl ClientAuthentication {
    fn check(&self) -> Result<(), Error> {
        check_string("client_id", &self.id)?;
        if self.id.contains(':') {
            return Err(Error::invalid_argument("client_id", "holds a colon, which no id has"));
        }
        self.secret.iter().try_for_each(|secret| check_string("client_secret", secret.expose()))
    }
}

impl Grant {
    fn check(&self, client: &ClientAuthentication) -> Result<(), Error> {
        match self {
            Grant::ClientCredentials => Ok(()),
            Grant::AuthorizationCode { code, redirect_uri, code_verifier } => {
                check_string("code", code.expose())?;
                check_string("redirect_uri", redirect_uri)?;
                if let Ok(redirect_uri) = Url::parse(redirect_uri) {
                    refuse_port_zero("redirect_uri", &redirect_uri)?;
                }
                match (code_verifier, &client.secret) {
                    (Some(verifier), _) => pkce::check(verifier),
                    (None, Some(_)) => Ok(()),
                    (None, None) => Err(neither_secret_nor_verifier()),
                }
            }
            Grant::RefreshToken(token) => check_string("refresh_token", token.expose()),
            Grant::Saml2Bearer { org_name, assertion } => {
                check_characters("assertion", assertion.expose(), LONGEST_ASSERTION)?;
                if org_name.trim().is_empty() {
                    return Err(Error::invalid_argument("org_name", "is empty"));
                }
                check_length("org_name", org_name, LONGEST)
            }
        }
    }
}

fn neither_secret_nor_verifier() -> Error {
    Error::invalid_argument("client_secret", "is missing; a client without one needs PKCE")
}

/// The maximum size of an id, secret, token or other parameter of a sign-in, in bytes.
const LONGEST: usize = 64 * 1024;
/// The maximum size of an assertion, in bytes.
const LONGEST_ASSERTION: usize = 1024 * 1024;

/// Rejects an empty string, a string that is too long, and one with whitespace, control or invisible characters, which
/// was probably not copied correctly. The error does not show the string.
fn check_string(argument: &'static str, text: &str) -> Result<(), Error> {
    check_characters(argument, text, LONGEST)
}

fn check_characters(argument: &'static str, text: &str, longest: usize) -> Result<(), Error> {
    if text.is_empty() {
        return Err(Error::invalid_argument(argument, "is empty"));
    }
    check_length(argument, text, longest)?;
    match text.chars().find(|c| c.is_control() || c.is_whitespace() || is_invisible(*c)) {
        Some(c) => {
            let reason = format!("holds {}; was it copied whole?", character(c));
            Err(Error::invalid_argument(argument, reason))
        }
        None => Ok(()),
    }
}

fn check_length(argument: &'static str, text: &str, longest: usize) -> Result<(), Error> {
    if text.len() > longest {
        return Err(Error::invalid_argument(argument, format!("is longer than {longest} bytes")));
    }
    Ok(())
}

fn check_token(argument: &'static str, token: &Secret) -> Result<(), Error> {
    check_string(argument, token.expose())?;
    if token.expose().is_ascii() {
        Ok(())
    } else {
        Err(Error::invalid_argument(argument, "holds more than ASCII"))
    }
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (name, client) = match &self.0 {
            CredentialKind::AccessToken { .. } => return f.write_str("AccessToken(***)"),
            CredentialKind::Forked => return f.write_str("Forked"),
            CredentialKind::Browser(authorization) => return write!(f, "Browser({authorization:?})"),
            CredentialKind::Session { client, .. } => ("Session", client),
            CredentialKind::Grant { client, grant } => (grant.name(), client),
        };
        f.debug_struct(name).field("id", &client.id).field("secret", &client.secret).finish_non_exhaustive()
    }
}

impl Grant {
    fn name(&self) -> &'static str {
        match self {
            Grant::ClientCredentials => "ClientCredentials",
            Grant::AuthorizationCode { .. } => "AuthorizationCode",
            Grant::RefreshToken(_) => "RefreshToken",
            Grant::Saml2Bearer { .. } => "Saml2Bearer",
        }
    }
}
