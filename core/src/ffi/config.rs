//! Settings as plain values, so that each language can name the few that differ from the defaults.

use std::collections::HashMap;
use std::time::Duration;

use crate::call::CallOptions as CoreOptions;
use crate::config::{Config as CoreConfig, RetryPolicy as CorePolicy};
use crate::credentials::Credentials;
use crate::error::Error;
use crate::ffi::OAuthError;
use crate::ffi::argument::count;
use crate::ffi::warnings;
use crate::region::Host;
use crate::secret::Secret;
use crate::sources::{self, Sources};

/// Where the service is, how to sign in there, and how patient to be. What is left out has its default.
#[derive(Clone, Debug, uniffi::Record)]
pub(crate) struct Config {
    /// Where calls and sign-ins go.
    pub(super) host: Host,
    /// How to sign in.
    pub(super) credentials: Credentials,
    /// How long a connection may take to come about, TLS included; 5 s by default, and less than an attempt
    /// may take.
    #[uniffi(default)]
    pub(super) connect_timeout: Option<Duration>,
    /// How long one attempt may take, from the connection to the end of the answer; 30 s by default.
    #[uniffi(default)]
    pub(super) attempt_timeout: Option<Duration>,
    /// How long a whole operation may take, with all its attempts and waits; 90 s by default. A call may set
    /// its own.
    #[uniffi(default)]
    pub(super) deadline: Option<Duration>,
    /// When and how often a failed operation is sent again.
    #[uniffi(default)]
    pub(super) retry: Option<RetryPolicy>,
    /// A proxy for every request, such as `http://user:password@proxy.example.com:3128`; `https`, `socks5` and
    /// `socks5h` are the other schemes. By default the first of the variables `HTTPS_PROXY` and `ALL_PROXY` that is
    /// not empty names it, or else the operating system, except for a host on this machine and those in `NO_PROXY`.
    /// A proxy that can't be used is an error that names the setting or variable.
    #[uniffi(default)]
    pub(super) proxy: Option<Secret>,
    /// No proxy, whatever the environment or the operating system say.
    #[uniffi(default = false)]
    pub(super) no_proxy: bool,
    /// Certificates in PEM to trust in addition to the system's own.
    #[uniffi(default)]
    pub(super) root_certificates: Vec<String>,
    /// The certificate that this program shows, with its private key, both in one PEM.
    #[uniffi(default)]
    pub(super) client_certificate: Option<Secret>,
    /// How many unused connections are kept; 100 by default.
    #[uniffi(default)]
    pub(super) pool_max_idle_per_host: Option<i32>,
    /// What to add to the user agent, such as the program's name and version.
    #[uniffi(default)]
    pub(super) user_agent_suffix: Option<String>,
    /// Headers for every operation; not for sign-ins. A call's own header of the same name replaces one. There
    /// may be 200 of them, with 64 KiB of names and values.
    #[uniffi(default)]
    pub(super) default_headers: HashMap<String, Secret>,
    /// How large an answer may be once unpacked, in bytes; 64 MiB by default.
    #[uniffi(default)]
    pub(super) max_response_bytes: Option<i64>,
}

/// When and how often a failed operation is sent again. What is left out has its default.
///
/// Which operations may be sent again after which failures is not a setting.
#[derive(Clone, Debug, Default, PartialEq, Eq, uniffi::Record)]
pub(crate) struct RetryPolicy {
    /// How often an operation is sent at most, the first time included; 3 by default. With 1 nothing is sent
    /// again after a failure. The one repetition with a new token, where the present one is rejected, comes
    /// beside.
    #[uniffi(default)]
    pub(super) max_attempts: Option<i32>,
    /// The longest pause before the first retry; 0.5 s by default. Each further retry may wait twice as
    /// long; the actual pause is anywhere between nothing and that.
    #[uniffi(default)]
    pub(super) first_backoff: Option<Duration>,
    /// The longest pause between two attempts; 20 s by default.
    #[uniffi(default)]
    pub(super) max_backoff: Option<Duration>,
    /// The longest wait that the service may ask for; 120 s by default. If it asks for more, the error is
    /// returned at once and tells it.
    #[uniffi(default)]
    pub(super) max_retry_after: Option<Duration>,
    /// What retries may cost before successes give it back; 500 by default.
    #[uniffi(default)]
    pub(super) budget: Option<i32>,
    /// What a retry after a failure costs; 14 by default.
    #[uniffi(default)]
    pub(super) failure_cost: Option<i32>,
    /// What a retry costs that the service asked for because of too many requests; 5 by default.
    #[uniffi(default)]
    pub(super) throttle_cost: Option<i32>,
}

/// What may be set for one call in place of the client's settings.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Record)]
pub(crate) struct CallOptions {
    /// How long the call may take, with all its attempts and waits.
    #[uniffi(default)]
    pub(super) deadline: Option<Duration>,
    /// Sends the request once and never again, whatever happens: not even with a new token when the
    /// present one is rejected. Signing in, where that is needed first, is still tried again.
    #[uniffi(default = false)]
    pub(super) without_retries: bool,
    /// Headers of the caller's own. `InvalidArgument` follows where one is not a header, or one that the
    /// client sets itself: `Accept`, `Authorization`, `User-Agent`, and those for the body, the connection
    /// and a proxy; and where there are more than 200, or more than 64 KiB of names and values.
    #[uniffi(default)]
    pub(super) headers: HashMap<String, Secret>,
}

/// The settings that code does not give: found in the environment and in the files of the vendor's tools. They may be
/// changed before a client is made of them.
///
/// - `sources`: where to look, and what code gives all the same; everywhere by default.
///
/// Fails with `InvalidArgument` where no credentials are found, and names the places that were looked at and what was
/// missing in each; and where a file can't be read. A risk, such as a file with a secret that others may read, is
/// reported as a warning, where programs in this language expect warnings.
#[uniffi::export(default(sources = None))]
pub(crate) fn find_config(sources: Option<Sources>) -> Result<Config, OAuthError> {
    Ok(Config::find(&sources.unwrap_or_default())?)
}

impl Config {
    pub(super) fn find(sources: &Sources) -> Result<Self, Error> {
        let found = sources::find(sources)?;
        warnings::keep(found.warnings);
        Ok(Config {
            proxy: found.proxy,
            retry: found.retry.map(RetryPolicy::from),
            ..Config::new(found.host, found.credentials)
        })
    }

    pub(super) fn new(host: Host, credentials: Credentials) -> Self {
        Config {
            host,
            credentials,
            connect_timeout: None,
            attempt_timeout: None,
            deadline: None,
            retry: None,
            proxy: None,
            no_proxy: false,
            root_certificates: Vec::new(),
            client_certificate: None,
            pool_max_idle_per_host: None,
            user_agent_suffix: None,
            default_headers: HashMap::new(),
            max_response_bytes: None,
        }
    }

    pub(super) fn build(self) -> Result<CoreConfig, Error> {
        let mut builder = CoreConfig::builder(self.host, self.credentials);
        if let Some(timeout) = self.connect_timeout {
            builder = builder.connect_timeout(timeout);
        }
        if let Some(timeout) = self.attempt_timeout {
            builder = builder.attempt_timeout(timeout);
        }
        if let Some(deadline) = self.deadline {
            builder = builder.deadline(deadline);
        }
        if let Some(policy) = self.retry {
            builder = builder.retry(policy.build()?);
        }
        match (self.proxy, self.no_proxy) {
            (Some(_), true) => return Err(Error::invalid_argument("no_proxy", "contradicts proxy; set one")),
            (Some(address), false) => builder = builder.proxy(address),
            (None, true) => builder = builder.no_proxy(),
            (None, false) => {}
        }
        for pem in self.root_certificates {
            builder = builder.root_certificates(pem);
        }
        if let Some(pem) = self.client_certificate {
            builder = builder.client_certificate(pem);
        }
        if let Some(connections) = self.pool_max_idle_per_host {
            builder = builder.pool_max_idle_per_host(count("pool_max_idle_per_host", connections)?);
        }
        if let Some(suffix) = self.user_agent_suffix {
            builder = builder.user_agent_suffix(suffix);
        }
        for (name, value) in self.default_headers {
            builder = builder.default_header(name, value);
        }
        if let Some(bytes) = self.max_response_bytes {
            builder = builder.max_response_bytes(count("max_response_bytes", bytes)?);
        }
        builder.build()
    }
}

impl From<CorePolicy> for RetryPolicy {
    fn from(policy: CorePolicy) -> Self {
        let signed = |number: u32| Some(i32::try_from(number).unwrap_or(i32::MAX));
        RetryPolicy {
            max_attempts: signed(policy.max_attempts),
            first_backoff: Some(policy.first_backoff),
            max_backoff: Some(policy.max_backoff),
            max_retry_after: Some(policy.max_retry_after),
            budget: signed(policy.budget),
            failure_cost: signed(policy.failure_cost),
            throttle_cost: signed(policy.throttle_cost),
        }
    }
}

impl RetryPolicy {
    fn build(self) -> Result<CorePolicy, Error> {
        let default = CorePolicy::default();
        let number = |name, given: Option<i32>, otherwise| given.map_or(Ok(otherwise), |n| count(name, n));
        Ok(CorePolicy {
            max_attempts: number("retry.max_attempts", self.max_attempts, default.max_attempts)?,
            first_backoff: self.first_backoff.unwrap_or(default.first_backoff),
            max_backoff: self.max_backoff.unwrap_or(default.max_backoff),
            max_retry_after: self.max_retry_after.unwrap_or(default.max_retry_after),
            budget: number("retry.budget", self.budget, default.budget)?,
            failure_cost: number("retry.failure_cost", self.failure_cost, default.failure_cost)?,
            throttle_cost: number("retry.throttle_cost", self.throttle_cost, default.throttle_cost)?,
        })
    }
}

impl CallOptions {
    pub(super) fn build(self) -> Result<CoreOptions, Error> {
        let mut options = CoreOptions::new();
        if let Some(deadline) = self.deadline {
            options = options.deadline(deadline);
        }
        if self.without_retries {
            options = options.without_retries();
        }
        for (name, value) in &self.headers {
            options = options.header(name, value.expose())?;
        }
        Ok(options)
    }
}
