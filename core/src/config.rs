//! The settings of an API object, checked when they are built.

use std::env;
use std::ffi::OsString;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use http::{HeaderMap, HeaderValue};

use crate::certificates::{client_certificate, root_certificates};
use crate::clock::{Clock, SystemClock, check_duration};
use crate::credentials::Credentials;
use crate::error::Error;
use crate::headers;
use crate::host::Host;
use crate::http_client::{ConnectionSettings, Connections};
use crate::proxy::{ProxyRoute, ProxySetting};
use crate::retry_policy::RetryPolicy;
use crate::secret::Secret;

/// The settings of an API object: host, credentials, connections, time limits and retries. They have been checked.
#[derive(Clone)]
pub struct Config {
    pub(crate) host: Host,
    pub(crate) credentials: Credentials,
    pub(crate) attempt_timeout: Duration,
    pub(crate) deadline: Duration,
    pub(crate) retry: RetryPolicy,
    pub(crate) user_agent: HeaderValue,
    pub(crate) default_headers: HeaderMap,
    pub(crate) max_response_bytes: u64,
    pub(crate) connections: Connections,
    pub(crate) clock: Arc<dyn Clock>,
}

impl Config {
    /// Returns a builder with the default settings for a region (or another host) and these credentials.
    ///
    /// # Examples
    /// ```
    /// use purecloud_oauth::{Config, Credentials, Region};
    ///
    /// let credentials = Credentials::client_credentials("6f1c5a0e-3b1d-4f0e-9a53-0c2f1f6f7f10", "hq3KpZ0vX1yT7wB9");
    /// let config = Config::builder(Region::EuCentral1, credentials).build()?;
    /// assert_eq!(config.host().login_url(), "https://login.mypurecloud.de/");
    /// # Ok::<(), purecloud_oauth::Error>(())
    /// ```
    pub fn builder(host: impl Into<Host>, credentials: Credentials) -> ConfigBuilder {
        ConfigBuilder {
            host: host.into(),
            credentials,
            connect_timeout: None,
            attempt_timeout: Duration::from_secs(30),
            deadline: Duration::from_secs(90),
            retry: RetryPolicy::default(),
            proxy: ProxySetting::Environment,
            root_certificates: Vec::new(),
            client_certificate: None,
            pool_max_idle_per_host: None,
            user_agent_suffix: None,
            default_headers: Vec::new(),
            max_response_bytes: 64 * 1024 * 1024,
            http_client: None,
            clock: Arc::new(SystemClock),
            #[cfg(test)]
            network: None,
        }
    }

    /// Returns the host that calls and sign-ins go to.
    #[must_use]
    pub fn host(&self) -> &Host {
        &self.host
    }
}

impl fmt::Debug for Config {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The `Debug` output of the HTTP client may contain a proxy's password, and the value of a header an API key.
        f.debug_struct("Config")
            .field("host", &self.host)
            .field("credentials", &self.credentials)
            .field("attempt_timeout", &self.attempt_timeout)
            .field("deadline", &self.deadline)
            .field("retry", &self.retry)
            .field("user_agent", &self.user_agent)
            .field("default_headers", &self.default_headers.keys().collect::<Vec<_>>())
            .field("max_response_bytes", &self.max_response_bytes)
            .finish_non_exhaustive()
    }
}

/// The default connect timeout, unless half of the attempt timeout or of the deadline is shorter.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// The default maximum number of idle connections per host.
const POOL_MAX_IDLE_PER_HOST: usize = 100;

/// A builder of `Config`; `build()` checks the settings.
///
/// # Examples
/// ```
/// use purecloud_oauth::{Config, Credentials, Region};
///
/// let config = Config::builder(Region::EuCentral1, Credentials::access_token("hq3KpZ0vX1yT7wB9"))
///     .deadline(std::time::Duration::from_secs(25))
///     .user_agent_suffix("nachtlauf/1.4")
///     .build()?;
/// # Ok::<(), purecloud_oauth::Error>(())
/// ```
#[derive(Clone)]
#[must_use = "settings take effect when they are built"]
pub struct ConfigBuilder {
    host: Host,
    credentials: Credentials,
    connect_timeout: Option<Duration>,
    attempt_timeout: Duration,
    deadline: Duration,
    retry: RetryPolicy,
    proxy: ProxySetting,
    root_certificates: Vec<Vec<u8>>,
    client_certificate: Option<Secret>,
    pool_max_idle_per_host: Option<usize>,
    user_agent_suffix: Option<String>,
    default_headers: Vec<(String, Secret)>,
    max_response_bytes: u64,
    http_client: Option<reqwest::Client>,
    clock: Arc<dyn Clock>,
    #[cfg(test)]
    network: Option<TestNetwork>,
}

/// The name resolver and the environment variables of a test, in place of those of the machine.
#[cfg(test)]
#[derive(Clone)]
pub(crate) struct TestNetwork {
    pub(crate) resolver: Arc<dyn reqwest::dns::Resolve>,
    pub(crate) variables: std::collections::HashMap<&'static str, OsString>,
}

#[cfg_attr(feature = "uniffi", exported(fields config_builder_declaration))]
impl ConfigBuilder {
    /// Sets the maximum time to establish a connection, including the TLS handshake: 5 s by default. It must be shorter
    /// than the attempt timeout, so that a connection that can't be established is reported as such.
    pub fn connect_timeout(mut self, timeout: Duration) -> Self {
        self.connect_timeout = Some(timeout);
        self
    }

    /// Sets the maximum time of one attempt, from the connection to the end of the response: 30 s by default.
    pub fn attempt_timeout(mut self, timeout: Duration) -> Self {
        self.attempt_timeout = timeout;
        self
    }

    /// Sets the maximum time of a whole operation, including all its attempts and pauses: 90 s by default. A call may
    /// set its own deadline.
    pub fn deadline(mut self, deadline: Duration) -> Self {
        self.deadline = deadline;
        self
    }

    /// Sets the limits for retrying a failed operation.
    pub fn retry(mut self, policy: RetryPolicy) -> Self {
        self.retry = policy;
        self
    }

    /// Sets a proxy for every request, such as `http://user:password@proxy.example.com:3128`.
    ///
    /// The schemes are `http` (the default), `https`, `socks5`, which resolves host names on this machine, and
    /// `socks5h`, which leaves that to the proxy. Reserved characters in user name and password are percent-encoded
    /// (`%23` for `#`). The default ports are 80, 443 and 1080.
    ///
    /// Without this setting, the proxy is named by the first of the variables `HTTPS_PROXY` and `ALL_PROXY` (in upper
    /// or lower case) that is not empty, or else by the settings of the operating system. `NO_PROXY` lists hosts that
    /// are reached without the environment's proxy: `*`, `domain` including its subdomains, `.domain` or `*.domain` for
    /// the subdomains only, addresses, and networks like `10.0.0.0/8`. A domain or an address may be followed by a
    /// port. `HTTP_PROXY` is not read: plain http is sent to loopback only, and in a CGI program a visitor can set that
    /// variable. The proxies of the environment and of the operating system are ignored for loopback addresses. A proxy
    /// set here ignores `NO_PROXY`.
    ///
    /// If the proxy can't be used, the settings are refused with an error that names the setting or variable.
    ///
    /// # Examples
    /// ```
    /// # use purecloud_oauth::{Config, Credentials, Region};
    /// # let builder = Config::builder(Region::EuCentral1, Credentials::access_token("hq3KpZ0vX1yT7wB9"));
    /// let config = builder.proxy("http://ada:mW4t%23S9xQ@proxy.example.com:3128").build()?;
    /// assert!(!format!("{config:?}").contains("S9xQ"));
    /// # Ok::<(), purecloud_oauth::Error>(())
    /// ```
    pub fn proxy(mut self, address: impl Into<Secret>) -> Self {
        self.proxy = ProxySetting::Address(address.into());
        self
    }

    /// Disables proxies, including those of the environment and of the operating system.
    pub fn no_proxy(mut self) -> Self {
        self.proxy = ProxySetting::None;
        self
    }

    /// Sets root certificates in PEM, to trust in addition to those of the system.
    ///
    /// # In Rust
    /// Each call adds certificates to those before.
    pub fn root_certificates(mut self, pem: impl Into<Vec<u8>>) -> Self {
        self.root_certificates.push(pem.into());
        self
    }

    /// Sets the TLS client certificate of this program and its private key, both in one PEM.
    pub fn client_certificate(mut self, pem: impl Into<Secret>) -> Self {
        self.client_certificate = Some(pem.into());
        self
    }

    /// Sets the maximum number of idle connections that are kept per host: 100 by default.
    pub fn pool_max_idle_per_host(mut self, connections: usize) -> Self {
        self.pool_max_idle_per_host = Some(connections);
        self
    }

    /// Sets a suffix for the `User-Agent` header, such as the program's name and version.
    pub fn user_agent_suffix(mut self, suffix: impl Into<String>) -> Self {
        self.user_agent_suffix = Some(suffix.into());
        self
    }

    /// Sets headers that every operation sends, but not a sign-in. A header of the same name in a call replaces one. At
    /// most 200 headers with 64 KiB of names and values are allowed.
    ///
    /// # Examples
    /// ```
    /// # use purecloud_oauth::{Config, Credentials, Region};
    /// # let builder = Config::builder(Region::EuCentral1, Credentials::access_token("hq3KpZ0vX1yT7wB9"));
    /// let config = builder.default_header("X-Api-Key", "mW4tS9xQ").build()?;
    /// assert!(!format!("{config:?}").contains("mW4tS9xQ"));
    /// # Ok::<(), purecloud_oauth::Error>(())
    /// ```
    pub fn default_header(mut self, name: impl Into<String>, value: impl Into<Secret>) -> Self {
        self.default_headers.push((name.into(), value.into()));
        self
    }

    /// Sets the maximum size of a response after decompression, in bytes: 64 MiB by default.
    pub fn max_response_bytes(mut self, bytes: u64) -> Self {
        self.max_response_bytes = bytes;
        self
    }
}

impl ConfigBuilder {
    /// Sets the HTTP client to use (of the `reqwest` crate, version 0.13), instead of one that is built from the
    /// settings for connections, proxy and TLS; those settings are rejected if it is set.
    ///
    /// The HTTP client must neither follow redirects nor retry by itself: disable both, or a rotation may be sent
    /// twice. Because its configuration can't be inspected, a failed connection counts as one over which the request
    /// may have been sent. Its pool is kept after an attempt that timed out, so enable its HTTP/2 keep-alive pings.
    ///
    /// # Examples
    /// ```
    /// # use purecloud_oauth::{Config, Credentials, Region};
    /// # let builder = Config::builder(Region::EuCentral1, Credentials::access_token("hq3KpZ0vX1yT7wB9"));
    /// let http_client = reqwest::Client::builder()
    ///     .redirect(reqwest::redirect::Policy::none())
    ///     .retry(reqwest::retry::never())
    ///     .http2_keep_alive_interval(std::time::Duration::from_secs(10))
    ///     .build()?;
    /// let config = builder.http_client(http_client).build()?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn http_client(mut self, client: reqwest::Client) -> Self {
        self.http_client = Some(client);
        self
    }

    /// Sets the clock, for tests.
    pub fn clock(mut self, clock: impl Clock) -> Self {
        self.clock = Arc::new(clock);
        self
    }

    /// Checks the settings and builds the `Config`. Nothing is sent.
    ///
    /// # Errors
    /// Fails with `InvalidArgument` with the name of the first setting that can't be used.
    ///
    /// # Examples
    /// ```
    /// # use purecloud_oauth::{Config, Credentials, Region};
    /// # let builder = Config::builder(Region::EuCentral1, Credentials::access_token("hq3KpZ0vX1yT7wB9"));
    /// let error = builder.deadline(std::time::Duration::ZERO).build().unwrap_err();
    /// assert_eq!(error.argument(), Some("deadline"));
    /// ```
    pub fn build(self) -> Result<Config, Error> {
        self.credentials.check()?;
        let durations = [
            ("connect_timeout", self.connect_timeout.unwrap_or(CONNECT_TIMEOUT)),
            ("attempt_timeout", self.attempt_timeout),
            ("deadline", self.deadline),
        ];
        for (setting, duration) in durations {
            check_duration(setting, duration)?;
            if duration.is_zero() {
                return Err(Error::invalid_argument(setting, "is zero; it must be greater than zero"));
            }
        }
        if self.connect_timeout.is_some_and(|timeout| timeout >= self.attempt_timeout) {
            return Err(Error::invalid_argument("connect_timeout", "is not shorter than attempt_timeout"));
        }
        self.retry.check()?;
        if self.max_response_bytes == 0 {
            return Err(Error::invalid_argument("max_response_bytes", "is 0; it must be greater than 0"));
        }
        let mut default_headers = HeaderMap::new();
        for (name, value) in &self.default_headers {
            headers::add(&mut default_headers, "default_headers", name, value.expose())?;
        }
        Ok(Config {
            user_agent: user_agent(self.user_agent_suffix.as_deref())?,
            connections: self.connections()?,
            default_headers,
            host: self.host,
            credentials: self.credentials,
            attempt_timeout: self.attempt_timeout,
            deadline: self.deadline,
            retry: self.retry,
            max_response_bytes: self.max_response_bytes,
            clock: self.clock,
        })
    }

    /// Builds the HTTP client from these settings, or returns that of the caller.
    fn connections(&self) -> Result<Connections, Error> {
        if let Some(client) = &self.http_client {
            return self.reject_connection_settings().map(|()| Connections::from_caller(client.clone()));
        }
        let route = ProxyRoute::resolve(&self.proxy, &self.host, &|name| self.variable(name))?;
        let is_https = [self.host.api(), self.host.login()].iter().any(|url| url.scheme() == "https");
        // The hosts of a test are trusted by the test's own root certificate only.
        #[cfg(test)]
        let is_https = is_https && self.network.is_none();
        Connections::open(ConnectionSettings {
            connect_timeout: self
                .connect_timeout
                .unwrap_or_else(|| CONNECT_TIMEOUT.min(self.attempt_timeout / 2).min(self.deadline / 2)),
            attempt_timeout: self.attempt_timeout,
            pool_max_idle_per_host: self.pool_max_idle_per_host.unwrap_or(POOL_MAX_IDLE_PER_HOST),
            needs_certificates: is_https || cfg!(not(test)) && route.has_tls_to_the_proxy(),
            route,
            root_certificates: root_certificates(&self.root_certificates)?,
            client_certificate: self.client_certificate.as_ref().map(client_certificate).transpose()?,
            #[cfg(test)]
            resolver: self.network.as_ref().map(|network| Arc::clone(&network.resolver)),
        })
    }

    /// Rejects settings for connections, which have no effect on the caller's HTTP client.
    fn reject_connection_settings(&self) -> Result<(), Error> {
        let settings = [
            ("connect_timeout", self.connect_timeout.is_some()),
            ("proxy", !matches!(self.proxy, ProxySetting::Environment)),
            ("root_certificates", !self.root_certificates.is_empty()),
            ("client_certificate", self.client_certificate.is_some()),
            ("pool_max_idle_per_host", self.pool_max_idle_per_host.is_some()),
        ];
        match settings.iter().find(|(_, is_set)| *is_set) {
            Some((setting, _)) => {
                Err(Error::invalid_argument(*setting, "has no effect if http_client is set; set it there"))
            }
            None => Ok(()),
        }
    }

    fn variable(&self, name: &str) -> Option<OsString> {
        #[cfg(test)]
        if let Some(network) = &self.network {
            return network.variables.get(name).cloned();
        }
        env::var_os(name)
    }

    #[cfg(test)]
    pub(crate) fn network(mut self, network: TestNetwork) -> Self {
        self.network = Some(network);
        self
    }
}

fn user_agent(suffix: Option<&str>) -> Result<HeaderValue, Error> {
    let own = concat!("purecloud-oauth/", env!("CARGO_PKG_VERSION"));
    let value = match suffix.map(str::trim) {
        None | Some("") => own.to_owned(),
        Some(suffix) => format!("{own} {suffix}"),
    };
    headers::printable_value("user_agent_suffix", &value)
}
