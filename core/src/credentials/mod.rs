//! Where a token comes from, and when it is renewed.
//!
//! A way to get a token is a `Grant` and its form in `token_endpoint`; the session that keeps, shares and
//! renews the token is the same for all. What a person does at a browser comes before: `authorization` asks for
//! it and takes the answer apart, `browser` does both on this machine.

mod authorization;
mod browser;
mod pkce;
mod redirect;
mod session;
mod token_endpoint;
mod tokens;

use std::fmt;

use url::Url;

use crate::error::Error;
use crate::models::Timestamp;
use crate::printable::{character, is_invisible};
use crate::region::refuse_port_zero;
use crate::secret::Secret;

pub use authorization::{Authorization, AuthorizationRequest};

pub use session::Session;
pub(crate) use tokens::Tokens;

/// How a client signs in.
///
/// Whatever the way, the client keeps its token, renews it before it ends where that is possible, and shares
/// it among all calls.
#[derive(Clone, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "uniffi", derive(uniffi::Object), uniffi::export(Debug, Eq, Hash))]
pub struct Credentials(Means);

/// What there is to begin with.
#[derive(Clone, PartialEq, Eq, Hash)]
pub(crate) enum Means {
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
    /// Those of the process that this one was forked from, which can't be used twice.
    #[cfg_attr(not(feature = "uniffi"), expect(dead_code, reason = "only the bindings follow a fork"))]
    Forked,
}

/// How an OAuth client proves that it is the one: a public one has no secret, and only names itself.
#[derive(Clone, PartialEq, Eq, Hash)]
pub(crate) struct ClientAuthentication {
    pub(crate) id: String,
    pub(crate) secret: Option<Secret>,
}

/// What is exchanged for a token.
#[derive(Clone, PartialEq, Eq, Hash)]
pub(crate) enum Grant {
    ClientCredentials,
    AuthorizationCode { code: Secret, redirect_uri: String, code_verifier: Option<Secret> },
    RefreshToken(Secret),
    Saml2Bearer { org_name: String, assertion: Secret },
}

impl Credentials {
    /// An access token as it is. It can't be renewed: when it ends, calls fail with status 401.
    #[must_use]
    pub fn access_token(token: impl Into<Secret>) -> Self {
        Credentials(Means::AccessToken { token: token.into(), expires_at: None })
    }

    /// The id and the secret of an OAuth client whose grant type is client credentials. The token is
    /// fetched with the first call, kept, renewed before it ends, and shared by clones.
    #[must_use]
    pub fn client_credentials(client_id: impl Into<String>, client_secret: impl Into<Secret>) -> Self {
        Credentials::by_grant(client_id, Some(client_secret.into()), Grant::ClientCredentials)
    }

    /// A code that came back from the authorize page, for programs that take the redirect apart themselves;
    /// an `AuthorizationRequest` does it and checks more. The code is exchanged with the first call, once: it is
    /// never sent a second time when the answer is lost.
    ///
    /// - `code`: the code of the redirect.
    /// - `redirect_uri`: the redirect URI that the page was asked with, to the letter.
    /// - `client_secret`: the client's secret; nothing for a public client, which needs a code verifier.
    /// - `code_verifier`: what the challenge of the page was made of (PKCE); nothing if there was none.
    #[must_use]
    pub fn authorization_code(
        client_id: impl Into<String>,
        code: impl Into<Secret>,
        redirect_uri: impl Into<String>,
        client_secret: Option<Secret>,
        code_verifier: Option<Secret>,
    ) -> Self {
        let (code, redirect_uri) = (code.into(), redirect_uri.into());
        Credentials::by_grant(
            client_id,
            client_secret,
            Grant::AuthorizationCode { code, redirect_uri, code_verifier },
        )
    }

    /// A refresh token that was kept. It is exchanged with the first call, and again before each access token
    /// ends. Where the service gives another one in its place, that one is used from then on: ask the client for
    /// its session to keep it.
    ///
    /// - `client_secret`: the client's secret; nothing for a public client.
    #[must_use]
    pub fn refresh_token(
        client_id: impl Into<String>,
        refresh_token: impl Into<Secret>,
        client_secret: Option<Secret>,
    ) -> Self {
        Credentials::by_grant(client_id, client_secret, Grant::RefreshToken(refresh_token.into()))
    }

    /// An assertion of the organization's identity provider (SAML2 bearer). It is exchanged with the first call.
    ///
    /// - `org_name`: the organization's short name.
    /// - `assertion`: the assertion, in Base64 as the identity provider gives it.
    #[must_use]
    pub fn saml2_bearer(
        client_id: impl Into<String>,
        client_secret: impl Into<Secret>,
        org_name: impl Into<String>,
        assertion: impl Into<Secret>,
    ) -> Self {
        let (org_name, assertion) = (org_name.into(), assertion.into());
        Credentials::by_grant(
            client_id,
            Some(client_secret.into()),
            Grant::Saml2Bearer { org_name, assertion },
        )
    }

    /// A session that was kept, to go on with it. Nothing is sent before its access token ends; without a
    /// refresh token it ends with it.
    ///
    /// - `session`: what the client handed out before.
    /// - `client_secret`: the client's secret; nothing for a public client.
    #[must_use]
    pub fn session(client_id: impl Into<String>, session: Session, client_secret: Option<Secret>) -> Self {
        let client = ClientAuthentication { id: client_id.into(), secret: client_secret };
        Credentials(Means::Session { client, session })
    }

    /// The browser of the person at this machine, for desktop programs and scripts. `sign_in()` listens at the
    /// redirect URI, opens the browser, waits for the person, answers the browser with a small page, and exchanges
    /// the code. Until then calls fail with `SignIn`: no call opens a browser by itself.
    ///
    /// - `authorization`: what the authorize page is asked for. Its redirect URI has to be plain `http` to this
    ///   machine, such as `http://127.0.0.1:8765/callback`, and registered with the client. Without a port any
    ///   free one is taken.
    ///
    /// A phone has no such browser: there, use an `AuthorizationRequest`.
    #[must_use]
    pub fn browser(authorization: Authorization) -> Self {
        Credentials(Means::Browser(Box::new(authorization)))
    }

    /// The access token in a redirect of the implicit grant, which carries it in its fragment. It can't be
    /// renewed.
    ///
    /// It is understood for programs that have it, and not recommended (RFC 9700, section 2.1.2): the token
    /// stands in the browser's history and is open to whoever reads an address, and nothing proves whom it was
    /// given to. An `AuthorizationRequest` with PKCE needs no secret either.
    ///
    /// - `redirect`: the whole address that the browser was sent to, fragment included.
    /// - `state`: the state that the page was asked with; the redirect must have the same. Nothing if there was
    ///   none, which leaves the program open to tokens that others put there.
    ///
    /// # Errors
    /// `SignIn` when the redirect says that the sign-in was refused, or has another state. `InvalidArgument` when
    /// it is no such redirect.
    pub fn implicit_redirect(redirect: &str, state: Option<&str>) -> Result<Self, Error> {
        let (token, expires_at) = redirect::implicit(redirect, state)?;
        Ok(Credentials(Means::AccessToken { token, expires_at }))
    }

    /// What is left of them in a process that was forked.
    #[cfg(feature = "uniffi")]
    pub(crate) fn after_a_fork(&self) -> Self {
        match &self.0 {
            Means::Grant { grant: Grant::AuthorizationCode { .. } | Grant::RefreshToken(_), .. } => {
                Credentials(Means::Forked)
            }
            Means::Session { client, session } => {
                let session = Session { refresh_token: None, ..session.clone() };
                Credentials(Means::Session { client: client.clone(), session })
            }
            _ => self.clone(),
        }
    }

    fn by_grant(client_id: impl Into<String>, secret: Option<Secret>, grant: Grant) -> Self {
        Credentials(Means::Grant { client: ClientAuthentication { id: client_id.into(), secret }, grant })
    }

    /// Refuses what no request could carry, before one is made.
    pub(crate) fn check(&self) -> Result<(), Error> {
        match &self.0 {
            Means::AccessToken { token, .. } => token_text("access_token", token),
            Means::Session { client, session } => {
                client.check()?;
                session.expires_at.map_or(Ok(()), |end| end.check("session.expires_at"))?;
                token_text("session.access_token", &session.access_token)?;
                session
                    .refresh_token
                    .iter()
                    .try_for_each(|token| filled("session.refresh_token", token.expose()))
            }
            Means::Grant { client, grant } => {
                client.check()?;
                grant.check(client)
            }
            Means::Forked => Ok(()),
            Means::Browser(authorization) => {
                authorization.check()?;
                browser::check(authorization)
            }
        }
    }
}

impl ClientAuthentication {
    fn check(&self) -> Result<(), Error> {
        filled("client_id", &self.id)?;
        if self.id.contains(':') {
            return Err(Error::invalid_argument("client_id", "holds a colon, which no id has"));
        }
        self.secret.iter().try_for_each(|secret| filled("client_secret", secret.expose()))
    }
}

impl Grant {
    fn check(&self, client: &ClientAuthentication) -> Result<(), Error> {
        match self {
            Grant::ClientCredentials => Ok(()),
            Grant::AuthorizationCode { code, redirect_uri, code_verifier } => {
                filled("code", code.expose())?;
                filled("redirect_uri", redirect_uri)?;
                if let Ok(redirect_uri) = Url::parse(redirect_uri) {
                    refuse_port_zero("redirect_uri", &redirect_uri)?;
                }
                match (code_verifier, &client.secret) {
                    (Some(verifier), _) => pkce::check(verifier),
                    (None, Some(_)) => Ok(()),
                    (None, None) => Err(neither_secret_nor_verifier()),
                }
            }
            Grant::RefreshToken(token) => filled("refresh_token", token.expose()),
            Grant::Saml2Bearer { org_name, assertion } => {
                unbroken("assertion", assertion.expose(), LONGEST_ASSERTION)?;
                if org_name.trim().is_empty() {
                    return Err(Error::invalid_argument("org_name", "is empty"));
                }
                not_longer("org_name", org_name, LONGEST)
            }
        }
    }
}

fn neither_secret_nor_verifier() -> Error {
    Error::invalid_argument("client_secret", "is missing; a client without one needs PKCE")
}

/// The longest id, secret, token or other parameter of a sign-in, in bytes; and the longest assertion.
const LONGEST: usize = 64 * 1024;
const LONGEST_ASSERTION: usize = 1024 * 1024;

/// Refuses a string that is empty, too long, or was not copied whole. The error does not repeat it.
fn filled(argument: &'static str, text: &str) -> Result<(), Error> {
    unbroken(argument, text, LONGEST)
}

fn unbroken(argument: &'static str, text: &str, longest: usize) -> Result<(), Error> {
    if text.is_empty() {
        return Err(Error::invalid_argument(argument, "is empty"));
    }
    not_longer(argument, text, longest)?;
    match text.chars().find(|c| c.is_control() || c.is_whitespace() || is_invisible(*c)) {
        Some(c) => {
            let reason = format!("holds {}; was it copied whole?", character(c));
            Err(Error::invalid_argument(argument, reason))
        }
        None => Ok(()),
    }
}

fn not_longer(argument: &'static str, text: &str, longest: usize) -> Result<(), Error> {
    if text.len() > longest {
        return Err(Error::invalid_argument(argument, format!("is longer than {longest} bytes")));
    }
    Ok(())
}

fn token_text(argument: &'static str, token: &Secret) -> Result<(), Error> {
    filled(argument, token.expose())?;
    if token.expose().is_ascii() {
        Ok(())
    } else {
        Err(Error::invalid_argument(argument, "holds more than ASCII"))
    }
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (name, client) = match &self.0 {
            Means::AccessToken { .. } => return f.write_str("AccessToken(***)"),
            Means::Forked => return f.write_str("Forked"),
            Means::Browser(authorization) => return write!(f, "Browser({authorization:?})"),
            Means::Session { client, .. } => ("Session", client),
            Means::Grant { client, grant } => (grant.name(), client),
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
