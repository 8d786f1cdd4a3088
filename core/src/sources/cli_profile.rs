//! The configuration file of the vendor's CLI: TOML with a table for each profile.

use serde_json::Value;

use super::route::Route;
use super::settings_file::{SettingsFile, find, setting, toml};
use super::{Environment, Gap, named_host};
use crate::credentials::{Credentials, Session};
use crate::error::Error;
use crate::host::Host;
use crate::models::Timestamp;
use crate::printable::quoted_name;
use crate::secret::Secret;

pub(super) const NAME: &str = "~/.gc/config.toml";
const PATH: &str = ".gc/config.toml";
const DEFAULT_PROFILE: &str = "DEFAULT";

/// The profile that the credentials are from.
#[derive(Default)]
pub(super) struct Profile {
    file: SettingsFile,
    keys: Value,
}

impl Profile {
    pub(super) fn find(
        name: Option<&str>,
        environment: &Environment<'_>,
    ) -> Result<(Self, Credentials), Gap> {
        let Some(home) = &environment.home else {
            return Err(Gap::Missing("the home folder is not known".to_owned()));
        };
        let file = SettingsFile::read(home, PATH, toml)?;
        let name = name.unwrap_or(DEFAULT_PROFILE);
        // The CLI writes a profile whose name contains a dot as a nested table.
        let path: Vec<&str> = name.split('.').collect();
        let Some(keys) = find(&file.settings, &path).filter(|keys| keys.is_object()) else {
            return Err(Gap::Missing(no_such_profile(name, &file.settings)));
        };
        let credentials = credentials(keys, environment.now)
            .map_err(|lack| Gap::Missing(format!("in the profile {} {lack}", quoted_name(name))))?;
        Ok((Profile { keys: keys.clone(), file }, credentials))
    }

    pub(super) fn host(&self) -> Result<Option<Host>, Error> {
        if let Some(gateway) = self.route("gateway_").gateway()? {
            return Ok(Some(gateway));
        }
        setting(&self.keys, &["environment"]).map(|name| named_host(NAME, &name)).transpose()
    }

    pub(super) fn proxy(&self) -> Result<Option<Secret>, Error> {
        self.route("proxy_").proxy()
    }

    pub(super) fn warning(&self) -> Option<String> {
        self.file.warning()
    }

    fn route(&self, prefix: &'static str) -> Route<'_> {
        Route { file: NAME, section: &self.keys, prefix }
    }
}

fn no_such_profile(name: &str, settings: &Value) -> String {
    let profiles = settings.as_object().into_iter().flatten().filter(|(_, keys)| keys.is_object());
    let names: Vec<_> = profiles.map(|(name, _)| quoted_name(name)).collect();
    let others =
        if names.is_empty() { "nor any other".to_owned() } else { format!("only {}", names.join(", ")) };
    format!("there is no profile {}, {others}", quoted_name(name))
}

/// Returns the credentials of a profile, or a description of what is missing.
fn credentials(profile: &Value, now: Timestamp) -> Result<Credentials, String> {
    if let Some(token) = setting(profile, &["access_token"]) {
        return Ok(Credentials::access_token(token));
    }
    let id = setting(profile, &["client_credentials"]);
    let secret = setting(profile, &["client_secret"]);
    // 2 and 3 are the CLI's numbers for the implicit grant and PKCE. Older versions of the CLI write no grant type, but
    // only those grants have a redirect URI.
    let by_browser = matches!(setting(profile, &["grant_type"]).as_deref(), Some("2" | "3"))
        || setting(profile, &["redirect_uri"]).is_some();
    if !by_browser && let (Some(id), Some(secret)) = (&id, &secret) {
        return Ok(Credentials::client_credentials(id, secret.as_str()));
    }
    match last_sign_in(profile) {
        Some(session) if session.expires_at.is_some_and(|end| end > now) => Ok(match id {
            Some(id) => Credentials::session(id, session, None),
            None => Credentials::access_token(session.access_token),
        }),
        Some(Session { expires_at: Some(end), .. }) => Err(format!("the access token expired on {end}")),
        Some(_) => Err("oauth_token_data has no valid oauth_token_expiry".to_owned()),
        None if by_browser => Err("there is no token yet: sign in with the CLI first".to_owned()),
        None => Err(match (id, secret) {
            (Some(_), None) => "client_secret is not set".to_owned(),
            (None, Some(_)) => "client_credentials is not set".to_owned(),
            _ => "neither client_credentials nor access_token is set".to_owned(),
        }),
    }
}

/// Returns the session of the CLI's last sign-in, which the CLI stores as JSON in a TOML string.
fn last_sign_in(profile: &Value) -> Option<Session> {
    let kept: Value = serde_json::from_str(&setting(profile, &["oauth_token_data"])?).ok()?;
    let mut session = Session::new(setting(&kept, &["access_token"])?);
    session.expires_at = setting(&kept, &["oauth_token_expiry"]).and_then(|end| end.parse().ok());
    Some(session)
}
