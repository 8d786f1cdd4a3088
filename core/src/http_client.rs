//! The HTTP client: connections, TLS, and connection pools that are replaced when a connection may be dead.
//!
//! An attempt that timed out may have failed because its connection died silently, as after a change of the network.
//! Other requests would time out on the same connection. So the next attempts use a new pool, while requests that are
//! in progress on the old one continue.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use reqwest::{Certificate, Client, Identity, redirect};
use tokio::sync::OnceCell;
use tokio::task::spawn_blocking;

use crate::error::{Error, ErrorKind, innermost};
use crate::proxy::ProxyRoute;

/// The time after which an idle connection is closed: less than the service's own limit, so that a request rarely uses
/// a connection that is being closed.
const IDLE_TIMEOUT: Duration = Duration::from_secs(50);
/// The maximum interval between two pings of an HTTP/2 connection.
const PING_INTERVAL: Duration = Duration::from_secs(10);
/// The maximum wait for the response to a ping.
const PING_TIMEOUT: Duration = Duration::from_secs(5);
/// The minimum of `PING_INTERVAL` and of `PING_TIMEOUT`: a healthy peer, or this machine, may be busy for a short time.
const MIN_PING_TIME: Duration = Duration::from_secs(1);

/// The settings of connections, checked one by one.
pub(crate) struct ConnectionSettings {
    pub(crate) connect_timeout: Duration,
    pub(crate) attempt_timeout: Duration,
    pub(crate) pool_max_idle_per_host: usize,
    pub(crate) route: ProxyRoute,
    /// True if TLS is used, which needs the root certificates of this machine.
    pub(crate) needs_certificates: bool,
    pub(crate) root_certificates: Vec<Certificate>,
    pub(crate) client_certificate: Option<Identity>,
    #[cfg(test)]
    pub(crate) resolver: Option<Arc<dyn reqwest::dns::Resolve>>,
}

impl ConnectionSettings {
    /// Builds an HTTP client with its own pool.
    fn open(&self) -> Result<Client, Error> {
        // A dead connection is detected before an attempt over it times out, unless that takes about 2 s or less.
        let third = (self.attempt_timeout / 3).max(MIN_PING_TIME);
        let certificates = self.root_certificates.iter().cloned();
        let mut builder = Client::builder()
            .connect_timeout(self.connect_timeout)
            .pool_max_idle_per_host(self.pool_max_idle_per_host)
            .pool_idle_timeout(IDLE_TIMEOUT)
            .http2_keep_alive_interval(PING_INTERVAL.min(third))
            .http2_keep_alive_timeout(PING_TIMEOUT.min(third))
            .http2_keep_alive_while_idle(true)
            // Redirects and retries would repeat requests that only the failure table may repeat.
            .redirect(redirect::Policy::none())
            .retry(reqwest::retry::never())
            .referer(false)
            // This crate decompresses bodies itself, even if another crate of the program enables these features.
            .no_gzip()
            .no_brotli()
            .no_deflate()
            .no_zstd();
        builder = match self.needs_certificates {
            true => builder.tls_certs_merge(certificates),
            false => builder.tls_certs_only(certificates),
        };
        if let Some(identity) = &self.client_certificate {
            builder = builder.identity(identity.clone());
        }
        #[cfg(test)]
        if let Some(resolver) = &self.resolver {
            builder = builder.dns_resolver(Arc::clone(resolver));
        }
        self.route.apply(builder).build().map_err(|error| self.describe(error))
    }

    /// Describes why the HTTP client can't be built. Each setting has been checked on its own before.
    fn describe(&self, error: reqwest::Error) -> Error {
        let cause = innermost(&error);
        let message = match self.needs_certificates && self.root_certificates.is_empty() {
            true => format!(
                "no HTTPS: this machine has no certificates to trust ({cause}); install them (on Debian and Alpine \
                 the package ca-certificates) or name their file in SSL_CERT_FILE, or give root_certificates"
            ),
            false => format!("the settings for connections can't be used: {cause}"),
        };
        Error::builder(ErrorKind::InvalidArgument, message).source(error).build()
    }
}

/// The connections of one API object and its clones.
#[derive(Clone)]
pub(crate) struct Connections {
    client: Client,
    /// The settings to open another pool with; `None` if the HTTP client is the caller's.
    settings: Option<Arc<ConnectionSettings>>,
}

impl Connections {
    pub(crate) fn open(settings: ConnectionSettings) -> Result<Self, Error> {
        Ok(Connections { client: settings.open()?, settings: Some(Arc::new(settings)) })
    }

    pub(crate) fn from_caller(client: Client) -> Self {
        Connections { client, settings: None }
    }

    /// Returns true if the HTTP client is the caller's, whose configuration is unknown.
    pub(crate) fn are_callers(&self) -> bool {
        self.settings.is_none()
    }

    /// Returns the route of the requests; `None` if the HTTP client is the caller's.
    pub(crate) fn route(&self) -> Option<&ProxyRoute> {
        self.settings.as_ref().map(|settings| &settings.route)
    }
}

/// The current connection pool. After an attempt timed out, another pool replaces it, because the HTTP client would use
/// the same connection for further attempts and has no function to close it.
pub(crate) struct Pools {
    connections: Connections,
    state: Mutex<State>,
}

struct State {
    pool: Pool,
    /// The pool that replaces the current one, opened by the first attempt that needs it.
    next: Option<Arc<OnceCell<Client>>>,
}

/// A pool, numbered so that several attempts that time out on it replace it once.
#[derive(Clone)]
pub(crate) struct Pool {
    number: u64,
    pub(crate) client: Client,
}

impl Pools {
    pub(crate) fn new(connections: &Connections) -> Self {
        let pool = Pool { number: 0, client: connections.client.clone() };
        Pools { connections: connections.clone(), state: Mutex::new(State { pool, next: None }) }
    }

    pub(crate) fn connections(&self) -> &Connections {
        &self.connections
    }

    /// Returns the pool for the next attempt.
    pub(crate) async fn current(&self) -> Pool {
        let (next, present) = {
            let state = self.lock();
            match &state.next {
                None => return state.pool.clone(),
                Some(next) => (Arc::clone(next), state.pool.clone()),
            }
        };
        let client = next.get_or_init(|| self.open(present.client.clone())).await.clone();
        let mut state = self.lock();
        if state.pool.number == present.number {
            state.pool.client = client;
            state.next = None;
        }
        state.pool.clone()
    }

    /// Marks a pool as doubtful: attempts that start from now on use another one. Running calls keep theirs.
    pub(crate) fn suspect(&self, pool: &Pool) {
        let mut state = self.lock();
        if state.pool.number == pool.number && self.connections.settings.is_some() {
            state.pool.number += 1;
            state.next = Some(Arc::default());
        }
    }

    /// Opens another pool, or returns the current one if that fails. Opening reads the certificates of the machine,
    /// which would block a thread that serves calls for too long.
    async fn open(&self, present: Client) -> Client {
        let Some(settings) = self.connections.settings.clone() else { return present };
        match spawn_blocking(move || settings.open()).await {
            Ok(Ok(client)) => client,
            Ok(Err(_)) | Err(_) => present,
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // Nothing panics while the lock is held.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
