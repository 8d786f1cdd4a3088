//! Settings, checked when they are put together.

use std::env;
use std::ffi::OsString;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use http::{HeaderMap, HeaderValue};

use crate::certificates::{client_certificate, root_certificates};
use crate::clock::{Clock, SystemClock, check_duration};
use crate::connections::{ConnectionSettings, Connections};
use crate::credentials::Credentials;
use crate::error::Error;
use crate::headers;
use crate::proxy::{ProxyRoute, ProxySetting};
use crate::region::Host;
use crate::secret::Secret;
use crate::sources::{self, Sources};

/// When and how often a failed operation is sent again.
///
/// Which operations may be sent again after which failures is not a setting: see `Replay`.
#[derive(Clone, Debug, PartialEq)]
pub struct RetryPolicy {
    /// How often an operation is sent at most, the first time included: 3. With 1 nothing is sent again
    /// after a failure. The one repetition with a new token, where the present one is rejected, comes
    /// beside.
    pub max_attempts: u32,
    /// The longest pause before the first retry: 0.5 s. Each further retry may wait twice as long;
    /// the actual pause is anywhere between nothing and that.
    pub first_backoff: Duration,
    /// The longest pause between two attempts: 20 s.
    pub max_backoff: Duration,
    /// The longest wait that the service may ask for: 120 s. If it asks for more, the error is
    /// returned at once and tells it.
    pub max_retry_after: Duration,
    /// What retries may cost before successes give it back, for all clones of a client: 500.
    pub budget: u32,
    /// What a retry after a failure costs: 14.
    pub failure_cost: u32,
    /// What a retry costs that the service asked for because of too many requests: 5.
    pub throttle_cost: u32,
}

impl Default for RetryPolicy {
    fn default() -> Self {
        RetryPolicy {
            max_attempts: 3,
            first_backoff: Duration::from_millis(500),
            max_backoff: Duration::from_secs(20),
            max_retry_after: Duration::from_secs(120),
            budget: 500,
            failure_cost: 14,
            throttle_cost: 5,
        }
    }
}

/// Where the service is, how to sign in there, and how patient to be: checked, and ready for use.
#[derive(Clone)]
pub struct Config {
    pub(crate) host: Host,
    pub(crate) credentials: Credentials,
    pub(crate) attempt_timeout: Duration,
    pub(crate) deadline: Duration,
    pub(crate) retry: RetryPolicy,
    pub(crate) user_agent: HeaderValue,
    pub(crate) default_headers: HeaderMap,
    pub(crate) max_response_bytes: usize,
    pub(crate) connections: Connections,
    pub(crate) clock: Arc<dyn Clock>,
}

impl Config {
    /// Settings from the environment and from files on this machine, as `Sources` says by default.
    ///
    /// # Errors
    /// `InvalidArgument` when no place has credentials, with each place and what it lacks; or when a setting or
    /// a file that counts can't be used.
    pub fn from_env() -> Result<ConfigBuilder, Error> {
        Config::find(&Sources::default())
    }

    /// Settings from the places that `sources` allows.
    ///
    /// # Errors
    /// As those of `from_env`.
    pub fn find(sources: &Sources) -> Result<ConfigBuilder, Error> {
        let found = sources::find(sources)?;
        let mut builder = Config::builder(found.host, found.credentials);
        if let Some(address) = found.proxy {
            builder = builder.proxy(address);
        }
        if let Some(policy) = found.retry {
            builder = builder.retry(policy);
        }
        Ok(builder)
    }

    /// Settings for a region (or another host), with these credentials and the defaults.
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

    /// Where calls and sign-ins go.
    #[must_use]
    pub fn host(&self) -> &Host {
        &self.host
    }
}

impl fmt::Debug for Config {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The HTTP client's own text may hold a proxy's password, and a header's value a key.
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

/// Without a setting: this, or half of what an attempt or the operation may take.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
const POOL_MAX_IDLE_PER_HOST: usize = 100;

/// Puts settings together; `build()` checks them.
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
    max_response_bytes: usize,
    http_client: Option<reqwest::Client>,
    clock: Arc<dyn Clock>,
    #[cfg(test)]
    network: Option<TestNetwork>,
}

/// The names and variables of a test, in place of those of the machine.
#[cfg(test)]
#[derive(Clone)]
pub(crate) struct TestNetwork {
    pub(crate) resolver: Arc<dyn reqwest::dns::Resolve>,
    pub(crate) variables: std::collections::HashMap<&'static str, OsString>,
}

impl ConfigBuilder {
    /// How long a connection may take to come about, TLS included: 5 s, and less than an attempt may
    /// take, so that a connection that never comes about is known as one.
    pub fn connect_timeout(mut self, timeout: Duration) -> Self {
        self.connect_timeout = Some(timeout);
        self
    }

    /// How long one attempt may take, from the connection to the end of the answer: 30 s.
    pub fn attempt_timeout(mut self, timeout: Duration) -> Self {
        self.attempt_timeout = timeout;
        self
    }

    /// How long a whole operation may take, with all its attempts and waits: 90 s. A call may set
    /// its own.
    pub fn deadline(mut self, deadline: Duration) -> Self {
        self.deadline = deadline;
        self
    }

    /// When and how often a failed operation is sent again.
    pub fn retry(mut self, policy: RetryPolicy) -> Self {
        self.retry = policy;
        self
    }

    /// A proxy for every request, such as `http://user:password@proxy.example.com:3128`.
    ///
    /// The schemes are `http` (also where none is written), `https`, `socks5`, which resolves host names on this
    /// machine, and `socks5h`, which leaves that to the proxy. Characters that have a meaning in an address are
    /// percent-encoded in user name and password (`%23` for `#`). The default ports are 80, 443 and 1080.
    ///
    /// Without this setting the first of the variables `HTTPS_PROXY` and `ALL_PROXY` (in capitals or in small letters)
    /// that is not empty names the proxy, or else the operating system's settings do. `NO_PROXY` lists hosts that are
    /// reached without the environment's proxy: `*`, `domain` with its subdomains, `.domain` or `*.domain` for the
    /// subdomains alone, addresses and networks like `10.0.0.0/8`, each with a port if need be. `HTTP_PROXY` is not
    /// read: plain http is sent to loopback only, and in a CGI program a visitor can set that variable. Neither is used
    /// for a host on this machine. This setting ignores `NO_PROXY`.
    ///
    /// A proxy that can't be used is an error of `build()`, which names the setting or variable.
    pub fn proxy(mut self, address: impl Into<Secret>) -> Self {
        self.proxy = ProxySetting::Address(address.into());
        self
    }

    /// No proxy, whatever the environment or the operating system say.
    pub fn no_proxy(mut self) -> Self {
        self.proxy = ProxySetting::None;
        self
    }

    /// Certificates in PEM to trust in addition to the system's own.
    pub fn root_certificates(mut self, pem: impl Into<Vec<u8>>) -> Self {
        self.root_certificates.push(pem.into());
        self
    }

    /// The certificate that this program shows, with its private key, both in one PEM.
    pub fn client_certificate(mut self, pem: impl Into<Secret>) -> Self {
        self.client_certificate = Some(pem.into());
        self
    }

    /// How many unused connections are kept: 100.
    pub fn pool_max_idle_per_host(mut self, connections: usize) -> Self {
        self.pool_max_idle_per_host = Some(connections);
        self
    }

    /// What to add to the user agent, such as the program's name and version.
    pub fn user_agent_suffix(mut self, suffix: impl Into<String>) -> Self {
        self.user_agent_suffix = Some(suffix.into());
        self
    }

    /// A header for every operation; not for sign-ins. A second one of the same name replaces it, and so
    /// does a call's own. There may be 200 of them, with 64 KiB of names and values.
    pub fn default_header(mut self, name: impl Into<String>, value: impl Into<Secret>) -> Self {
        self.default_headers.push((name.into(), value.into()));
        self
    }

    /// How large an answer may be once unpacked, in bytes: 64 MiB.
    pub fn max_response_bytes(mut self, bytes: usize) -> Self {
        self.max_response_bytes = bytes;
        self
    }

    /// An HTTP client of the `reqwest` crate, version 0.13, in place of the one that would be made from
    /// the settings for connections, proxy and TLS; those are refused beside it. It must neither follow
    /// redirects nor retry by itself: switch both off, or a rotation may be sent twice. Since that can't
    /// be seen from outside, a connection that fails counts as one that may have been used. Its pool is kept after an
    /// attempt that timed out, so give it HTTP/2 keep-alive pings of its own.
    pub fn http_client(mut self, client: reqwest::Client) -> Self {
        self.http_client = Some(client);
        self
    }

    /// The clock to go by, for tests.
    pub fn clock(mut self, clock: impl Clock) -> Self {
        self.clock = Arc::new(clock);
        self
    }

    /// Checks the settings.
    ///
    /// # Errors
    /// `InvalidArgument` with the name of the first setting that can't be used. Nothing is sent.
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
                return Err(Error::invalid_argument(setting, "is zero; nothing could come in time"));
            }
        }
        if self.connect_timeout.is_some_and(|timeout| timeout >= self.attempt_timeout) {
            return Err(Error::invalid_argument("connect_timeout", "is not shorter than attempt_timeout"));
        }
        if self.retry.max_attempts == 0 {
            return Err(Error::invalid_argument("retry.max_attempts", "is 0; 1 sends once and never again"));
        }
        for (setting, duration) in [
            ("retry.first_backoff", self.retry.first_backoff),
            ("retry.max_backoff", self.retry.max_backoff),
            ("retry.max_retry_after", self.retry.max_retry_after),
        ] {
            check_duration(setting, duration)?;
        }
        if self.retry.first_backoff > self.retry.max_backoff {
            return Err(Error::invalid_argument("retry.first_backoff", "is longer than retry.max_backoff"));
        }
        if self.max_response_bytes == 0 {
            return Err(Error::invalid_argument("max_response_bytes", "is 0; no answer would fit"));
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

    /// Opens connections by these settings, or takes those of the caller's HTTP client.
    fn connections(&self) -> Result<Connections, Error> {
        if let Some(client) = &self.http_client {
            return self.nothing_but_the_client().map(|()| Connections::of_caller(client.clone()));
        }
        let route = ProxyRoute::resolve(&self.proxy, &self.host, &|name| self.variable(name))?;
        let is_https = [self.host.api(), self.host.login()].iter().any(|url| url.scheme() == "https");
        // The hosts of a test are trusted by its own root alone.
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

    /// Refuses settings for connections beside an HTTP client that has its own.
    fn nothing_but_the_client(&self) -> Result<(), Error> {
        let beside = [
            ("connect_timeout", self.connect_timeout.is_some()),
            ("proxy", !matches!(self.proxy, ProxySetting::Environment)),
            ("root_certificates", !self.root_certificates.is_empty()),
            ("client_certificate", self.client_certificate.is_some()),
            ("pool_max_idle_per_host", self.pool_max_idle_per_host.is_some()),
        ];
        match beside.iter().find(|(_, is_set)| *is_set) {
            Some((setting, _)) => {
                Err(Error::invalid_argument(*setting, "has no effect beside http_client; set it there"))
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
    let text = match suffix.map(str::trim) {
        None | Some("") => own.to_owned(),
        Some(suffix) => format!("{own} {suffix}"),
    };
    headers::printable_value("user_agent_suffix", &text)
}
