//! Where a token comes from, and when it is renewed.
//!
//! A way to sign in is a variant of `Grant` and a form in `token_endpoint`; the session that keeps,
//! shares and renews the token is the same for all.

mod session;
mod token_endpoint;

use std::fmt;

use crate::error::Error;
use crate::secret::Secret;

pub(crate) use session::Session;

/// How a client signs in.
#[derive(Clone, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "uniffi", derive(uniffi::Object), uniffi::export(Debug, Eq, Hash))]
pub struct Credentials(Grant);

#[derive(Clone, PartialEq, Eq, Hash)]
pub(crate) enum Grant {
    AccessToken(Secret),
    ClientCredentials { id: String, secret: Secret },
}

impl Credentials {
    /// An access token as it is. It can't be renewed: when it ends, calls fail with status 401.
    #[must_use]
    pub fn access_token(token: impl Into<Secret>) -> Self {
        Credentials(Grant::AccessToken(token.into()))
    }

    /// The id and the secret of an OAuth client whose grant type is client credentials. The token is
    /// fetched with the first call, kept, renewed before it ends, and shared by clones.
    #[must_use]
    pub fn client_credentials(client_id: impl Into<String>, client_secret: impl Into<Secret>) -> Self {
        Credentials(Grant::ClientCredentials { id: client_id.into(), secret: client_secret.into() })
    }

    pub(crate) fn grant(&self) -> &Grant {
        &self.0
    }

    /// Refuses what no request could carry, before one is made.
    pub(crate) fn check(&self) -> Result<(), Error> {
        let filled = |argument: &'static str, text: &str| {
            if text.is_empty() {
                Err(Error::invalid_argument(argument, "is empty"))
            } else if text.chars().any(|c| c.is_control() || c.is_whitespace()) {
                Err(Error::invalid_argument(argument, "holds a space or a line break; was it copied whole?"))
            } else {
                Ok(())
            }
        };
        match &self.0 {
            Grant::AccessToken(token) => {
                filled("access_token", token.expose())?;
                if !token.expose().is_ascii() {
                    return Err(Error::invalid_argument("access_token", "holds more than ASCII"));
                }
                Ok(())
            }
            Grant::ClientCredentials { id, secret } => {
                filled("client_id", id)?;
                filled("client_secret", secret.expose())?;
                if id.contains(':') {
                    return Err(Error::invalid_argument("client_id", "holds a colon, which no id has"));
                }
                Ok(())
            }
        }
    }
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Grant::AccessToken(_) => f.write_str("AccessToken(***)"),
            Grant::ClientCredentials { id, secret } => {
                f.debug_struct("ClientCredentials").field("id", id).field("secret", secret).finish()
            }
        }
    }
}
