//! The HTTP client underneath: connections, TLS, and pools that are replaced when a connection is in doubt.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use reqwest::{Certificate, Client, Identity, redirect};
use tokio::sync::OnceCell;
use tokio::task::spawn_blocking;

use crate::error::{Error, ErrorKind, innermost};
use crate::proxy::ProxyRoute;

/// The time after which an unused connection is closed: less than the service's own limit, so that a request seldom
/// meets a connection that is closing.
const IDLE: Duration = Duration::from_secs(50);
/// The longest time between two pings of an HTTP/2 connection, and the longest wait for a ping to be answered.
const PING_INTERVAL: Duration = Duration::from_secs(10);
const PING_TIMEOUT: Duration = Duration::from_secs(5);
/// The shortest of both: a healthy peer, or this machine, may be busy for a moment.
const PATIENCE: Duration = Duration::from_secs(1);

/// The settings of connections, checked one by one.
pub(crate) struct ConnectionSettings {
    pub(crate) connect_timeout: Duration,
    pub(crate) attempt_timeout: Duration,
    pub(crate) pool_max_idle_per_host: usize,
    pub(crate) route: ProxyRoute,
    /// Whether TLS is used at all, and with it the certificates of this machine.
    pub(crate) needs_certificates: bool,
    pub(crate) root_certificates: Vec<Certificate>,
    pub(crate) client_certificate: Option<Identity>,
    #[cfg(test)]
    pub(crate) resolver: Option<Arc<dyn reqwest::dns::Resolve>>,
}

impl ConnectionSettings {
    /// Builds an HTTP client with a pool of its own.
    fn open(&self) -> Result<Client, Error> {
        // A silent connection is found out before an attempt over it has to time out.
        let third = (self.attempt_timeout / 3).max(PATIENCE);
        let certificates = self.root_certificates.iter().cloned();
        let mut builder = Client::builder()
            .connect_timeout(self.connect_timeout)
            .pool_max_idle_per_host(self.pool_max_idle_per_host)
            .pool_idle_timeout(IDLE)
            .http2_keep_alive_interval(PING_INTERVAL.min(third))
            .http2_keep_alive_timeout(PING_TIMEOUT.min(third))
            .http2_keep_alive_while_idle(true)
            // Both would send on their own what only the failure table may send again.
            .redirect(redirect::Policy::none())
            .retry(reqwest::retry::never())
            .referer(false)
            // Bodies are unpacked here, also where another crate of the program enables these features.
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

    /// Names what is to blame for a client that can't be built. Each setting by itself has been tried before.
    fn describe(&self, error: reqwest::Error) -> Error {
        let cause = innermost(&error);
        let text = match self.needs_certificates && self.root_certificates.is_empty() {
            true => format!(
                "no HTTPS: this machine has no certificates to trust ({cause}); install them (on Debian and Alpine \
                 the package ca-certificates) or name their file in SSL_CERT_FILE, or give root_certificates"
            ),
            false => format!("the settings for connections can't be used: {cause}"),
        };
        Error::builder().kind(ErrorKind::InvalidArgument, text).source(error).build()
    }
}

/// The connections of one API object and its clones.
#[derive(Clone)]
pub(crate) struct Connections {
    client: Client,
    /// The settings to open another pool with; `None` for an HTTP client of the caller's own.
    settings: Option<Arc<ConnectionSettings>>,
}

impl Connections {
    pub(crate) fn open(settings: ConnectionSettings) -> Result<Self, Error> {
        Ok(Connections { client: settings.open()?, settings: Some(Arc::new(settings)) })
    }

    pub(crate) fn of_caller(client: Client) -> Self {
        Connections { client, settings: None }
    }

    /// Returns true for an HTTP client of the caller's own, of which nothing is known.
    pub(crate) fn are_callers(&self) -> bool {
        self.settings.is_none()
    }

    /// Returns the route of the requests; `None` for an HTTP client of the caller's own.
    pub(crate) fn route(&self) -> Option<&ProxyRoute> {
        self.settings.as_ref().map(|settings| &settings.route)
    }
}

/// The pool of connections in use. After an attempt that timed out another pool takes its place, because the HTTP
/// client would give further attempts the same connection, and can't be told to close one.
pub(crate) struct Pools {
    connections: Connections,
    state: Mutex<State>,
}

struct State {
    pool: Pool,
    /// The pool that takes the place of one in doubt, once it is opened.
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

    /// Casts doubt on a pool: the attempts that begin from now on use another one. Calls under way keep theirs.
    pub(crate) fn doubt(&self, pool: &Pool) {
        let mut state = self.lock();
        if state.pool.number == pool.number && self.connections.settings.is_some() {
            state.pool.number += 1;
            state.next = Some(Arc::default());
        }
    }

    /// Opens another pool, or keeps the present one where that fails. It reads the certificates of the machine, which
    /// takes too long for a thread that serves calls.
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
