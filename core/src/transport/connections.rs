//! The HTTP client underneath: connections, TLS, proxies.

use reqwest::{Client, redirect};

use crate::config::{Config, ProxyChoice};
use crate::error::Error;

/// How long a connection waits unused before it is closed: less than the service's own patience, so
/// that a request seldom meets a connection that is closing.
const IDLE: std::time::Duration = std::time::Duration::from_secs(50);

pub(crate) fn open(config: &Config) -> Result<Client, Error> {
    if let Some(given) = &config.http_client {
        return Ok(given.clone());
    }
    let mut builder = Client::builder()
        .connect_timeout(config.connect_timeout)
        .pool_max_idle_per_host(config.pool_max_idle_per_host)
        .pool_idle_timeout(IDLE)
        .user_agent(config.user_agent.clone())
        .tls_certs_merge(config.root_certificates.iter().cloned())
        // Both would send on their own what only the failure table may send again.
        .redirect(redirect::Policy::none())
        .retry(reqwest::retry::never())
        .referer(false);
    if let Some(identity) = &config.client_certificate {
        builder = builder.identity(identity.clone());
    }
    builder = match &config.proxy {
        ProxyChoice::Environment if config.host.is_loopback() => builder.no_proxy(),
        ProxyChoice::Environment => builder,
        ProxyChoice::None => builder.no_proxy(),
        ProxyChoice::Given(proxy) => builder.proxy((**proxy).clone()),
    };
    builder.build().map_err(|error| {
        Error::invalid_setting(
            "http_client",
            "can't be made from the TLS settings and the proxy given",
            error,
        )
    })
}
