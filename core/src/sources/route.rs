//! Reads a gateway or a proxy from the files of the vendor's SDKs and CLI.
//!
//! All files use the keys `host`, `protocol` and `port`. There are three spellings for the paths, the user name and the
//! password.

use serde_json::Value;
use url::Url;

use super::settings_file::{find, setting};
use crate::error::Error;
use crate::host::{Gateway, Host};
use crate::secret::Secret;

/// The settings of a gateway or a proxy: a separate section, or keys with a prefix.
pub(super) struct Route<'a> {
    pub(super) file: &'a str,
    pub(super) section: &'a Value,
    pub(super) prefix: &'static str,
}

impl Route<'_> {
    pub(super) fn gateway(&self) -> Result<Option<Host>, Error> {
        let Some(host) = self.string("host") else { return Ok(None) };
        let address = self.port().and_then(|port| {
            Host::gateway(&Gateway {
                host,
                protocol: self.string("protocol").unwrap_or_else(|| "https".to_owned()),
                port,
                path_params_login: self.path("login"),
                path_params_api: self.path("api"),
            })
            .ok()
        });
        // The error does not show the values, because the host may contain a password by mistake.
        address.map(Some).ok_or_else(|| {
            self.refusal("gateway", "https (or http to this machine), a host name, a port or -1, plain paths")
        })
    }

    /// Returns the address of the proxy. Its paths are ignored, because a proxy has none.
    pub(super) fn proxy(&self) -> Result<Option<Secret>, Error> {
        let Some(host) = self.string("host") else { return Ok(None) };
        let address = self.port().and_then(|port| {
            let protocol = self.string("protocol").unwrap_or_else(|| "http".to_owned());
            let mut url = Url::parse(&format!("{protocol}://{host}")).ok()?;
            let bare = url.path() == "/" && url.query().is_none() && url.fragment().is_none();
            if !matches!(url.scheme(), "http" | "https") || host.contains('@') || !bare {
                return None;
            }
            if port.is_some() {
                url.set_port(port).ok()?;
            }
            url.set_username(&self.user_name().unwrap_or_default()).ok()?;
            url.set_password(self.password().as_deref()).ok()?;
            Some(Secret::new(url))
        });
        address.map(Some).ok_or_else(|| self.refusal("proxy", "http or https, a host name, a port or -1"))
    }

    pub(super) fn password(&self) -> Option<String> {
        self.account("password")
    }

    fn user_name(&self) -> Option<String> {
        self.account("username")
    }

    fn account(&self, key: &str) -> Option<String> {
        let within_auth = || setting(self.section, &["auth", key]);
        self.string(key).or_else(|| self.string(&format!("auth-{key}"))).or_else(within_auth)
    }

    /// Returns the port, `Some(None)` if there is none, or `None` if it is invalid.
    fn port(&self) -> Option<Option<u16>> {
        match self.string("port").as_deref() {
            None | Some("-1") => Some(None),
            Some(port) => port.parse().ok().map(Some),
        }
    }

    /// Returns the path in front of sign-ins or calls, which has a separate key or is in a list of both.
    fn path(&self, name: &str) -> String {
        let listed = || match self.value("pathparams").or_else(|| self.value("path-params"))? {
            Value::String(list) => {
                let mut pairs =
                    list.trim_matches(['{', '}']).split(',').filter_map(|pair| pair.split_once(':'));
                pairs.find_map(|(key, path)| (key.trim() == name).then(|| path.trim().to_owned()))
            }
            Value::Array(list) => {
                let mut entries = list.iter();
                let entry = entries.find(|entry| setting(entry, &["pathname"]).as_deref() == Some(name))?;
                setting(entry, &["pathvalue"])
            }
            _ => None,
        };
        self.string(&format!("path_params_{name}")).or_else(listed).unwrap_or_default()
    }

    fn string(&self, key: &str) -> Option<String> {
        setting(self.section, &[&format!("{}{key}", self.prefix)])
    }

    fn value(&self, key: &str) -> Option<&Value> {
        find(self.section, &[&format!("{}{key}", self.prefix)])
    }

    fn refusal(&self, setting: &str, expected: &str) -> Error {
        Error::invalid_argument(
            setting,
            format!("in {} is not a valid address: expected {expected}", self.file),
        )
    }
}
