//! The HTTP client underneath: connections, TLS, proxies.

use std::time::Duration;

use reqwest::{Certificate, Client, ClientBuilder, Identity, Proxy, redirect};

use crate::error::Error;

/// How long a connection waits unused before it is closed: less than the service's own patience, so
/// that a request seldom meets a connection that is closing.
const IDLE: Duration = Duration::from_secs(50);

/// What connections are made by, checked one by one.
pub(crate) struct Connections {
    pub(crate) connect_timeout: Duration,
    pub(crate) pool_max_idle_per_host: usize,
    pub(crate) proxy: ProxyChoice,
    pub(crate) root_certificates: Vec<Certificate>,
    pub(crate) client_certificate: Option<Identity>,
}

pub(crate) enum ProxyChoice {
    /// What the environment, or the operating system's settings, say.
    System,
    None,
    Given(Box<Proxy>),
}

impl Connections {
    /// The HTTP client for these settings, or the setting that it can't be made with.
    pub(crate) fn open(self) -> Result<Client, Error> {
        let with_roots =
            |builder: ClientBuilder| builder.tls_certs_merge(self.root_certificates.iter().cloned());
        let mut builder = with_roots(Client::builder())
            .connect_timeout(self.connect_timeout)
            .pool_max_idle_per_host(self.pool_max_idle_per_host)
            .pool_idle_timeout(IDLE)
            // Both would send on their own what only the failure table may send again.
            .redirect(redirect::Policy::none())
            .retry(reqwest::retry::never())
            .referer(false);
        if let Some(identity) = &self.client_certificate {
            builder = builder.identity(identity.clone());
        }
        builder = match &self.proxy {
            ProxyChoice::System => builder,
            ProxyChoice::None => builder.no_proxy(),
            ProxyChoice::Given(proxy) => builder.proxy((**proxy).clone()),
        };
        builder.build().map_err(|error| {
            let setting = if with_roots(Client::builder().no_proxy()).build().is_err() {
                "root_certificates"
            } else if self.client_certificate.is_some() {
                "client_certificate"
            } else {
                "proxy"
            };
            Error::invalid_setting(setting, "can't be used", error)
        })
    }
}
