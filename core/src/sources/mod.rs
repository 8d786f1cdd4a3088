//! Settings that the program does not give: from the environment, and from files that stand on the machine.
//!
//! Each place is one file here. What they share is `SettingsFile`, one tree of sections and keys whatever the
//! format, and `Route`, which reads a gateway or a proxy in each of the vendor's spellings.

mod cli_profile;
mod environment;
mod route;
mod sdk_file;
mod settings_file;
#[cfg(test)]
mod tests;

use std::env;
use std::path::PathBuf;

use crate::config::RetryPolicy;
use crate::credentials::Credentials;
use crate::error::Error;
use crate::models::Timestamp;
use crate::region::{Host, Region};
use crate::secret::Secret;

use cli_profile::Profile;
use environment::Lack;
use sdk_file::SdkFile;

/// Where settings come from that the program does not give itself.
///
/// The credentials come from the first of these places that has all it takes; places are not mixed:
///
/// 1. `credentials`, as given here.
/// 2. The environment: `GENESYSCLOUD_ACCESS_TOKEN`, or `GENESYSCLOUD_OAUTHCLIENT_ID` and
///    `GENESYSCLOUD_OAUTHCLIENT_SECRET`. A variable that is empty counts as not set.
/// 3. A profile in `~/.gc/config.toml`, which the vendor's CLI writes: its access token; or else the id and secret
///    of its client; or else the token of its last sign-in, unless that has ended.
///
/// The host comes from the first of these that names one:
///
/// 1. `host`, as given here.
/// 2. The profile, if the credentials are from there: its gateway, or else its environment.
/// 3. The environment: `GENESYSCLOUD_REGION`, which is a region, a domain or an address.
/// 4. A configuration file of the vendor's SDKs: its gateway, or else its host.
/// 5. The region `us_east_1`, as in the vendor's SDKs.
///
/// The configuration files of the vendor's SDKs are named `config`, in the folders `.genesyscloudpython`,
/// `.genesyscloudjava`, `.genesyscloudjavascript`, `.genesysclouddotnet` and `.genesyscloudgo` of the home folder,
/// each in INI or JSON. The first of the five that has any of these settings counts, and it alone:
///
/// - `host` in `general`, and the section `gateway`.
/// - The section `proxy`. It is not used for a host on this machine. The proxy of the profile goes before it, if
///   the credentials are from there. A path in it has no meaning.
/// - `retry_max` in `retry`: an operation is sent that many times more after the first.
/// - `retry_wait_min` in `retry`, in whole seconds: the longest pause before the first retry.
/// - `retry_wait_max` in `retry`, in whole seconds: the longest pause between two attempts. In the files of Java
///   and .NET it is the time in which retries may begin: there no single wait is longer than that, be it a pause
///   or what the service asks for, and with 0 nothing is sent again.
///
/// A file that is not there is no error; one that is there and can't be read is. Half of the credentials in the
/// environment, passed over for a profile, is warned of, and so is a file with a secret that other users of the
/// machine may read.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "uniffi", derive(uniffi::Record))]
#[non_exhaustive]
pub struct Sources {
    /// Where calls and sign-ins go, whatever the other places say.
    #[cfg_attr(feature = "uniffi", uniffi(default))]
    pub host: Option<Host>,
    /// How to sign in. No other place is then asked for credentials.
    #[cfg_attr(feature = "uniffi", uniffi(default))]
    pub credentials: Option<Credentials>,
    /// Whether environment variables count: yes by default.
    #[cfg_attr(feature = "uniffi", uniffi(default = true))]
    pub environment: bool,
    /// Whether the profiles of the vendor's CLI count: yes by default.
    #[cfg_attr(feature = "uniffi", uniffi(default = true))]
    pub cli_profile: bool,
    /// The profile to take, in any case of letters: `DEFAULT` by default, as in the CLI. Environment variables
    /// still go before it; switch `environment` off where they must not.
    #[cfg_attr(feature = "uniffi", uniffi(default))]
    pub profile: Option<String>,
    /// Whether the configuration files of the vendor's SDKs count: yes by default.
    #[cfg_attr(feature = "uniffi", uniffi(default = true))]
    pub sdk_files: bool,
    /// The folder in which the files are looked for: the user's home folder by default.
    #[cfg_attr(feature = "uniffi", uniffi(default))]
    pub home: Option<String>,
}

impl Default for Sources {
    fn default() -> Self {
        Sources {
            host: None,
            credentials: None,
            environment: true,
            cli_profile: true,
            profile: None,
            sdk_files: true,
            home: None,
        }
    }
}

/// What the places gave.
#[derive(Debug)]
pub(crate) struct Found {
    pub(crate) host: Host,
    pub(crate) credentials: Credentials,
    pub(crate) proxy: Option<Secret>,
    pub(crate) retry: Option<RetryPolicy>,
    /// What a person should know of, a line each. The log has them already.
    pub(crate) warnings: Vec<String>,
}

/// What is around the program, so that a test can make it up.
struct Surroundings<'a> {
    variable: &'a dyn Fn(&str) -> Option<String>,
    home: Option<PathBuf>,
    now: Timestamp,
}

impl Surroundings<'_> {
    /// An environment variable that is set, and to something.
    fn variable(&self, name: &str) -> Option<String> {
        (self.variable)(name).filter(|value| !value.trim().is_empty())
    }
}

/// Why a file gives nothing.
enum Gap {
    /// It is not there, or something in it: the next place is asked.
    Missing(String),
    /// It can't be used: no other place is asked.
    Refused(Error),
}

impl From<Error> for Gap {
    fn from(error: Error) -> Self {
        Gap::Refused(error)
    }
}

/// Looks into the places.
pub(crate) fn find(sources: &Sources) -> Result<Found, Error> {
    let home = sources.home.as_ref().map(PathBuf::from).or_else(env::home_dir);
    let found = find_in(
        sources,
        &Surroundings {
            // What is not Unicode is refused as it stands, rather than passed over for another place.
            variable: &|name| env::var_os(name).map(|value| value.to_string_lossy().into_owned()),
            home: home.filter(|home| !home.as_os_str().is_empty()),
            now: Timestamp::now(),
        },
    )?;
    for warning in &found.warnings {
        tracing::warn!("{warning}");
    }
    Ok(found)
}

fn find_in(sources: &Sources, around: &Surroundings<'_>) -> Result<Found, Error> {
    let mut warnings = Vec::new();
    let (credentials, profile) = credentials(sources, around, &mut warnings)?;
    let sdk_file = match &around.home {
        Some(home) if sources.sdk_files => SdkFile::find(home)?,
        _ => SdkFile::default(),
    };
    warnings.extend(profile.warning());
    warnings.extend(sdk_file.warning());
    let host = host(sources, around, &profile, &sdk_file)?;
    let proxy = match profile.proxy()? {
        Some(proxy) => Some(proxy),
        None => sdk_file.proxy()?,
    };
    let proxy = proxy.filter(|_| !host.is_loopback());
    Ok(Found { host, credentials, proxy, retry: sdk_file.retry()?, warnings })
}

/// The credentials, with the profile that they are from or an empty one.
fn credentials(
    sources: &Sources,
    around: &Surroundings<'_>,
    warnings: &mut Vec<String>,
) -> Result<(Credentials, Profile), Error> {
    if let Some(given) = &sources.credentials {
        return Ok((given.clone(), Profile::default()));
    }
    let mut looked_at = Vec::new();
    if sources.environment {
        match environment::credentials(around) {
            Ok(credentials) => return Ok((credentials, Profile::default())),
            Err(Lack { what, is_half }) => {
                let lack = format!("{}: {what}", environment::NAME);
                warnings.extend(is_half.then(|| format!("credentials were passed over in the {lack}")));
                looked_at.push(lack);
            }
        }
    }
    if sources.cli_profile {
        match Profile::find(sources.profile.as_deref(), around) {
            Ok((profile, credentials)) => return Ok((credentials, profile)),
            Err(Gap::Missing(lack)) => looked_at.push(format!("{}: {lack}", cli_profile::NAME)),
            Err(Gap::Refused(error)) => return Err(error),
        }
    }
    let reason = match looked_at.as_slice() {
        [] => "are not given, and every other place is switched off".to_owned(),
        places => format!("were found nowhere: {}", places.join("; ")),
    };
    Err(Error::invalid_argument("credentials", reason))
}

fn host(
    sources: &Sources,
    around: &Surroundings<'_>,
    profile: &Profile,
    sdk_file: &SdkFile,
) -> Result<Host, Error> {
    if let Some(given) = &sources.host {
        return Ok(given.clone());
    }
    if let Some(host) = profile.host()? {
        return Ok(host);
    }
    if sources.environment
        && let Some(host) = environment::host(around)?
    {
        return Ok(host);
    }
    Ok(sdk_file.host()?.unwrap_or_else(|| Region::UsEast1.into()))
}

/// The host that a place names. What stands there may be anything, so it is not repeated.
fn named_host(place: &str, name: &str) -> Result<Host, Error> {
    name.parse().map_err(|_| {
        Error::invalid_argument(
            "host",
            format!(
                "in {place} is neither a region like `eu_central_1`, nor a domain like `mypurecloud.de`, nor an \
                 address with https"
            ),
        )
    })
}
