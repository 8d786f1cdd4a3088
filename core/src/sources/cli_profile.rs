//! The file of the vendor's CLI: a table for each profile, in TOML.

use serde_json::Value;

use super::route::Route;
use super::settings_file::{SettingsFile, find, setting, toml};
use super::{Gap, Surroundings, named_host};
use crate::credentials::{Credentials, Session};
use crate::error::Error;
use crate::models::Timestamp;
use crate::printable::quoted_name;
use crate::region::Host;
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
    pub(super) fn find(name: Option<&str>, around: &Surroundings<'_>) -> Result<(Self, Credentials), Gap> {
        let Some(home) = &around.home else {
            return Err(Gap::Missing("the home folder is not known".to_owned()));
        };
        let file = SettingsFile::read(home, PATH, toml)?;
        let name = name.unwrap_or(DEFAULT_PROFILE);
        // The CLI writes a name with a dot as a table within a table.
        let path: Vec<&str> = name.split('.').collect();
        let Some(keys) = find(&file.settings, &path).filter(|keys| keys.is_object()) else {
            return Err(Gap::Missing(no_such_profile(name, &file.settings)));
        };
        let credentials = credentials(keys, around.now)
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

/// The credentials of a profile, or what is missing.
fn credentials(profile: &Value, now: Timestamp) -> Result<Credentials, String> {
    if let Some(token) = setting(profile, &["access_token"]) {
        return Ok(Credentials::access_token(token));
    }
    let id = setting(profile, &["client_credentials"]);
    let secret = setting(profile, &["client_secret"]);
    // The CLI's numbers for the implicit grant and PKCE; before it had them, the redirect URI told.
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
        Some(Session { expires_at: Some(end), .. }) => Err(format!("the access token ended on {end}")),
        Some(_) => Err("oauth_token_data does not say when its token ends".to_owned()),
        None if by_browser => Err("there is no token yet: sign in with the CLI first".to_owned()),
        None => Err(match (id, secret) {
            (Some(_), None) => "client_secret is not set".to_owned(),
            (None, Some(_)) => "client_credentials is not set".to_owned(),
            _ => "neither client_credentials nor access_token is set".to_owned(),
        }),
    }
}

/// The CLI keeps the answer to its last sign-in as JSON within TOML.
fn last_sign_in(profile: &Value) -> Option<Session> {
    let kept: Value = serde_json::from_str(&setting(profile, &["oauth_token_data"])?).ok()?;
    let mut session = Session::new(setting(&kept, &["access_token"])?);
    session.expires_at = setting(&kept, &["oauth_token_expiry"]).and_then(|end| end.parse().ok());
    Some(session)
}
