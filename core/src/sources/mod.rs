//! Finds settings that the program does not set: in the environment, and in files on the machine.
//!
//! Each source has its own module. They share `SettingsFile`, a tree of sections and keys for all file formats, and
//! `Route`, which reads a gateway or a proxy in each of the vendor's spellings.

mod cli_profile;
mod environment;
mod route;
mod sdk_file;
mod settings_file;
#[cfg(test)]
mod tests;

use std::env;
use std::path::PathBuf;

use crate::config::{Config, ConfigBuilder};
use crate::credentials::Credentials;
use crate::error::Error;
use crate::host::Host;
use crate::models::Timestamp;
use crate::region::Region;
use crate::retry_policy::RetryPolicy;
use crate::secret::Secret;

use cli_profile::Profile;
use environment::Lack;
use sdk_file::SdkFile;

/// The sources of settings that the program does not set itself.
///
/// The credentials are taken from the first of these sources that is complete; sources are not combined:
///
/// 1. `credentials` of this object.
/// 2. The environment: `GENESYSCLOUD_ACCESS_TOKEN`, or `GENESYSCLOUD_OAUTHCLIENT_ID` and
///    `GENESYSCLOUD_OAUTHCLIENT_SECRET`. An empty variable counts as not set.
/// 3. A profile in `~/.gc/config.toml`, which the vendor's CLI writes: its access token; or else the id and secret
///    of its OAuth client; or else the token of its last sign-in, unless that has expired.
///
/// The host is taken from the first of these sources that names one:
///
/// 1. `host` of this object.
/// 2. The profile, if the credentials are from there: its gateway, or else its environment.
/// 3. The environment: `GENESYSCLOUD_REGION`, which is a region, a domain or a base URL.
/// 4. A configuration file of the vendor's SDKs: its gateway, or else its host.
/// 5. The region `us_east_1`, as in the vendor's SDKs.
///
/// The configuration files of the vendor's SDKs are named `config`, in the folders `.genesyscloudpython`,
/// `.genesyscloudjava`, `.genesyscloudjavascript`, `.genesysclouddotnet` and `.genesyscloudgo` of the home folder,
/// each in INI or JSON. Only the first of the five that has any of these settings is used:
///
/// - `host` in `general`, and the section `gateway`.
/// - The section `proxy`. It is not used for a host on this machine. The proxy of the profile takes precedence, if the
///   credentials are from there. A path in it is ignored.
/// - `retry_max` in `retry`: the maximum number of retries.
/// - `retry_wait_min` in `retry`, in whole seconds: the maximum pause before the first retry.
/// - `retry_wait_max` in `retry`, in whole seconds: the maximum pause between two attempts. In the files of Java and
///   .NET it is the time in which retries may start: it limits each pause and each wait that the service asks for, and
///   0 disables retries.
///
/// A missing file is not an error; a file that exists and can't be read is. There is a warning for incomplete
/// credentials in the environment that are ignored in favor of a profile, and for a file with a secret that is readable
/// by other users of the machine.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "uniffi", derive(uniffi::Record))]
#[non_exhaustive]
pub struct Sources {
    /// The host that calls and sign-ins go to; takes precedence over all other sources.
    #[cfg_attr(feature = "uniffi", uniffi(default))]
    pub host: Option<Host>,
    /// The credentials to sign in with; no other source of credentials is read then.
    #[cfg_attr(feature = "uniffi", uniffi(default))]
    pub credentials: Option<Credentials>,
    /// True to read environment variables; true by default.
    #[cfg_attr(feature = "uniffi", uniffi(default = true))]
    pub environment: bool,
    /// True to read the profiles of the vendor's CLI; true by default.
    #[cfg_attr(feature = "uniffi", uniffi(default = true))]
    pub cli_profile: bool,
    /// The name of the profile to read, in upper or lower case; `DEFAULT` by default, as in the CLI. Environment
    /// variables take precedence over it; set `environment` to false to avoid that.
    #[cfg_attr(feature = "uniffi", uniffi(default))]
    pub profile: Option<String>,
    /// True to read the configuration files of the vendor's SDKs; true by default.
    #[cfg_attr(feature = "uniffi", uniffi(default = true))]
    pub sdk_files: bool,
    /// The folder that contains the files; the user's home folder by default.
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

/// The settings that were found.
#[derive(Debug)]
pub(crate) struct Found {
    pub(crate) host: Host,
    pub(crate) credentials: Credentials,
    pub(crate) proxy: Option<Secret>,
    pub(crate) retry: Option<RetryPolicy>,
    /// The warnings for the user, a line each. They have been logged.
    pub(crate) warnings: Vec<String>,
}

/// The process environment, replaceable in tests.
struct Environment<'a> {
    variable: &'a dyn Fn(&str) -> Option<String>,
    home: Option<PathBuf>,
    now: Timestamp,
}

impl Environment<'_> {
    /// Returns the value of an environment variable, unless it is blank.
    fn variable(&self, name: &str) -> Option<String> {
        (self.variable)(name).filter(|value| !value.trim().is_empty())
    }
}

/// The reason why a file yields no settings.
enum Gap {
    /// The file, or a setting in it, is missing: the next source is read.
    Missing(String),
    /// The file can't be used: no other source is read.
    Refused(Error),
}

impl From<Error> for Gap {
    fn from(error: Error) -> Self {
        Gap::Refused(error)
    }
}

impl Config {
    /// Finds settings in the environment and in files on this machine, by the defaults of `Sources`.
    ///
    /// # Errors
    /// Fails with `InvalidArgument` if no source has credentials: the error lists the sources and what is missing in
    /// each. Also if a setting or file that applies can't be used.
    ///
    /// # Examples
    /// ```no_run
    /// use purecloud_oauth::{Config, OAuthApi};
    /// use std::time::Duration;
    ///
    /// let config = Config::from_env()?.deadline(Duration::from_secs(30)).build()?;
    /// let api = OAuthApi::new(config);
    /// # Ok::<(), purecloud_oauth::Error>(())
    /// ```
    pub fn from_env() -> Result<ConfigBuilder, Error> {
        Config::find(&Sources::default())
    }

    /// Finds settings in the sources that `sources` enables.
    ///
    /// # Errors
    /// The same as those of `from_env`.
    ///
    /// # Examples
    /// ```no_run
    /// use purecloud_oauth::{Config, OAuthApi, Sources};
    ///
    /// let mut sources = Sources::default();
    /// sources.environment = false;
    /// sources.profile = Some("produktion".to_owned());
    /// let api = OAuthApi::new(Config::find(&sources)?.build()?);
    /// # Ok::<(), purecloud_oauth::Error>(())
    /// ```
    pub fn find(sources: &Sources) -> Result<ConfigBuilder, Error> {
        let found = find(sources)?;
        let mut builder = Config::builder(found.host, found.credentials);
        if let Some(address) = found.proxy {
            builder = builder.proxy(address);
        }
        if let Some(policy) = found.retry {
            builder = builder.retry(policy);
        }
        Ok(builder)
    }
}

/// Finds the settings, and logs the warnings.
pub(crate) fn find(sources: &Sources) -> Result<Found, Error> {
    let home = sources.home.as_ref().map(PathBuf::from).or_else(env::home_dir);
    let found = find_in(
        sources,
        &Environment {
            // A value that is not Unicode is rejected later, instead of being ignored in favor of another source.
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

fn find_in(sources: &Sources, environment: &Environment<'_>) -> Result<Found, Error> {
    let mut warnings = Vec::new();
    let (credentials, profile) = credentials(sources, environment, &mut warnings)?;
    let sdk_file = match &environment.home {
        Some(home) if sources.sdk_files => SdkFile::find(home)?,
        _ => SdkFile::default(),
    };
    warnings.extend(profile.warning());
    warnings.extend(sdk_file.warning());
    let host = host(sources, environment, &profile, &sdk_file)?;
    let proxy = match profile.proxy()? {
        Some(proxy) => Some(proxy),
        None => sdk_file.proxy()?,
    };
    let proxy = proxy.filter(|_| !host.is_loopback());
    Ok(Found { host, credentials, proxy, retry: sdk_file.retry()?, warnings })
}

/// Returns the credentials, with the profile that they are from or an empty one.
fn credentials(
    sources: &Sources,
    environment: &Environment<'_>,
    warnings: &mut Vec<String>,
) -> Result<(Credentials, Profile), Error> {
    if let Some(given) = &sources.credentials {
        return Ok((given.clone(), Profile::default()));
    }
    let mut looked_at = Vec::new();
    if sources.environment {
        match environment::credentials(environment) {
            Ok(credentials) => return Ok((credentials, Profile::default())),
            Err(Lack { missing, is_half }) => {
                let lack = format!("{}: {missing}", environment::NAME);
                warnings
                    .extend(is_half.then(|| format!("incomplete credentials were ignored in the {lack}")));
                looked_at.push(lack);
            }
        }
    }
    if sources.cli_profile {
        match Profile::find(sources.profile.as_deref(), environment) {
            Ok((profile, credentials)) => return Ok((credentials, profile)),
            Err(Gap::Missing(lack)) => looked_at.push(format!("{}: {lack}", cli_profile::NAME)),
            Err(Gap::Refused(error)) => return Err(error),
        }
    }
    let reason = match looked_at.as_slice() {
        [] => "are not set, and every other source is disabled".to_owned(),
        places => format!("were found nowhere: {}", places.join("; ")),
    };
    Err(Error::invalid_argument("credentials", reason))
}

fn host(
    sources: &Sources,
    environment: &Environment<'_>,
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
        && let Some(host) = environment::host(environment)?
    {
        return Ok(host);
    }
    Ok(sdk_file.host()?.unwrap_or_else(|| Region::UsEast1.into()))
}

/// Parses the host that a source names. The error does not show the value, which may be a secret.
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
