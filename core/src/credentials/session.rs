//! What a signed-in client holds, for programs that go on with it later.

use crate::models::Timestamp;
use crate::secret::Secret;

/// What a client is signed in with: what has to be kept to go on later without signing in again.
///
/// A refresh token may be used up and replaced with every renewal. So keep what the client holds last, and not
/// only what it held first.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "uniffi", derive(uniffi::Record))]
#[non_exhaustive]
pub struct Session {
    /// The access token.
    pub access_token: Secret,
    /// When the access token ends; nothing where the service did not tell.
    #[cfg_attr(feature = "uniffi", uniffi(default))]
    pub expires_at: Option<Timestamp>,
    /// What another access token can be had with; nothing where the way to sign in gives none.
    #[cfg_attr(feature = "uniffi", uniffi(default))]
    pub refresh_token: Option<Secret>,
}

impl Session {
    /// A session that was kept: an access token, and nothing else. The rest may be set afterwards.
    #[must_use]
    pub fn new(access_token: impl Into<Secret>) -> Self {
        Session { access_token: access_token.into(), expires_at: None, refresh_token: None }
    }
}
