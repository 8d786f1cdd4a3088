//! The session of a signed-in API object, for programs that resume it later.

use crate::models::Timestamp;
use crate::secret::Secret;

/// The session of a signed-in API object. Store it to resume it later without signing in again.
///
/// Every renewal may use up the refresh token and replace it. So store the latest session of the API object, not only
/// the first one.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "uniffi", derive(uniffi::Record))]
#[non_exhaustive]
pub struct Session {
    /// The access token.
    pub access_token: Secret,
    /// The time when the access token expires, if the service reported it.
    #[cfg_attr(feature = "uniffi", uniffi(default))]
    pub expires_at: Option<Timestamp>,
    /// The refresh token, which is exchanged for another access token, if the grant returns one.
    #[cfg_attr(feature = "uniffi", uniffi(default))]
    pub refresh_token: Option<Secret>,
}

impl Session {
    /// Returns a session with an access token only. The other fields can be set afterwards.
    ///
    /// # Examples
    /// ```
    /// use purecloud_oauth::{Credentials, Secret, Session};
    ///
    /// let mut session = Session::new("hq3KpZ0vX1yT7wB9");
    /// session.expires_at = Some("2026-03-01T08:30:00Z".parse()?);
    /// session.refresh_token = Some(Secret::new("mW4tS9xQ"));
    /// let credentials = Credentials::session("6f1c5a0e-3b1d-4f0e-9a53-0c2f1f6f7f10", session, None);
    /// # Ok::<(), purecloud_oauth::Error>(())
    /// ```
    #[must_use]
    pub fn new(access_token: impl Into<Secret>) -> Self {
        Session { access_token: access_token.into(), expires_at: None, refresh_token: None }
    }
}
