//! The configuration files of the vendor's SDKs: INI or JSON with sections and keys.

use std::path::Path;
use std::time::Duration;

use serde_json::Value;

use super::route::Route;
use super::settings_file::{SettingsFile, find, json_or_ini, setting};
use super::{Gap, named_host};
use crate::error::Error;
use crate::host::Host;
use crate::retry_policy::RetryPolicy;
use crate::secret::Secret;

/// The files in the order in which they are read, with the meaning of their `retry_wait_max`.
const FILES: [(&str, WaitMax); 5] = [
    (".genesyscloudpython/config", WaitMax::LongestPause),
    (".genesyscloudjava/config", WaitMax::TimeForRetries),
    (".genesyscloudjavascript/config", WaitMax::LongestPause),
    (".genesysclouddotnet/config", WaitMax::TimeForRetries),
    (".genesyscloudgo/config", WaitMax::LongestPause),
];

/// The settings that make a file the one that is used.
const SETTINGS: [[&str; 2]; 6] = [
    ["general", "host"],
    ["gateway", "host"],
    ["proxy", "host"],
    ["retry", "retry_max"],
    ["retry", "retry_wait_min"],
    ["retry", "retry_wait_max"],
];

/// The meaning of `retry_wait_max` in an SDK.
#[derive(Clone, Copy, Default)]
enum WaitMax {
    #[default]
    LongestPause,
    TimeForRetries,
}

#[derive(Default)]
pub(super) struct SdkFile {
    file: SettingsFile,
    wait_max: WaitMax,
}

impl SdkFile {
    /// Reads the first file that has any of these settings; returns an empty one if there is none.
    pub(super) fn find(home: &Path) -> Result<Self, Error> {
        for (path, wait_max) in FILES {
            match SettingsFile::read(home, path, json_or_ini) {
                Ok(file) if SETTINGS.iter().any(|names| setting(&file.settings, names).is_some()) => {
                    return Ok(SdkFile { file, wait_max });
                }
                Err(Gap::Refused(error)) => return Err(error),
                Ok(_) | Err(_) => {}
            }
        }
        Ok(SdkFile::default())
    }

    pub(super) fn host(&self) -> Result<Option<Host>, Error> {
        if let Some(gateway) = self.route("gateway").gateway()? {
            return Ok(Some(gateway));
        }
        self.setting(&["general", "host"]).map(|name| named_host(&self.file.name, &name)).transpose()
    }

    pub(super) fn proxy(&self) -> Result<Option<Secret>, Error> {
        self.route("proxy").proxy()
    }

    pub(super) fn retry(&self) -> Result<Option<RetryPolicy>, Error> {
        let retries = self.number("retry_max")?;
        let wait_min = self.number("retry_wait_min")?;
        let wait_max = self.number("retry_wait_max")?;
        if retries.or(wait_min).or(wait_max).is_none() {
            return Ok(None);
        }
        let seconds = |number: u32| Duration::from_secs(number.into());
        let mut policy = RetryPolicy::default();
        if let Some(retries) = retries {
            policy.max_attempts = retries.saturating_add(1);
        }
        if let Some(pause) = wait_min.map(seconds) {
            policy.first_backoff = pause;
            policy.max_backoff = policy.max_backoff.max(pause);
        }
        match (self.wait_max, wait_max.map(seconds)) {
            (_, None) => {}
            (WaitMax::LongestPause, Some(pause)) => policy.max_backoff = pause,
            (WaitMax::TimeForRetries, Some(Duration::ZERO)) => policy.max_attempts = 1,
            (WaitMax::TimeForRetries, Some(time)) => {
                policy.max_backoff = policy.max_backoff.min(time);
                policy.max_retry_after = policy.max_retry_after.min(time);
            }
        }
        policy.first_backoff = policy.first_backoff.min(policy.max_backoff);
        Ok(Some(policy))
    }

    pub(super) fn warning(&self) -> Option<String> {
        let holds_password =
            ["gateway", "proxy"].iter().any(|section| self.route(section).password().is_some());
        self.file.warning().filter(|_| holds_password)
    }

    fn number(&self, key: &str) -> Result<Option<u32>, Error> {
        let Some(text) = self.setting(&["retry", key]) else { return Ok(None) };
        text.parse().map(Some).map_err(|_| {
            Error::invalid_argument(key, format!("in {} is not a whole number from 0", self.file.name))
        })
    }

    fn route(&self, section: &str) -> Route<'_> {
        let section = find(&self.file.settings, &[section]).unwrap_or(&Value::Null);
        Route { file: &self.file.name, section, prefix: "" }
    }

    fn setting(&self, names: &[&str]) -> Option<String> {
        setting(&self.file.settings, names)
    }
}
