//! A running emulator: starting, inspecting and stopping it.

use std::io;
use std::net::Ipv4Addr;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use hyper::StatusCode;
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use crate::clients::{Client, GrantType, RoleDivision};
use crate::clock::Clock;
use crate::connection;
use crate::endpoint::Endpoint;
use crate::fault::Fault;
use crate::permissions::Grants;
use crate::record::ReceivedRequest;
use crate::seed;
use crate::service::Service;
use crate::tls::Tls;

/// The maximum time that a test waits for an expected state.
const PATIENCE: Duration = Duration::from_secs(30);

/// The settings that affect responses, fixed at the start.
#[derive(Clone, Debug)]
pub(crate) struct Rules {
    pub(crate) rate_limit: u32,
    pub(crate) rate_window: Duration,
    pub(crate) usage_polls: u32,
    pub(crate) usage_duration: Duration,
    pub(crate) accepted_status: StatusCode,
    pub(crate) token_lifetime: Option<Duration>,
}

/// The id and the secret of a client.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClientCredentials {
    /// The client's id, a UUID.
    pub client_id: String,
    /// The client's secret at the time when these credentials were created.
    pub client_secret: String,
}

/// The reason why an emulator could not be started.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StartError {
    /// The port could not be opened; usually because another process listens on it.
    #[error("cannot listen on 127.0.0.1:{port}")]
    Listen {
        /// The requested port; 0 stands for any free one.
        port: u16,
        /// The error of the operating system.
        source: io::Error,
    },
    /// No certificates could be generated for TLS.
    #[error("cannot generate certificates: {0}")]
    Certificates(#[source] Box<dyn std::error::Error + Send + Sync>),
}

/// The settings of an emulator that has not been started.
#[derive(Clone, Debug)]
#[must_use = "a builder does nothing until it is started"]
pub struct EmulatorBuilder {
    seed: u64,
    port: u16,
    rules: Rules,
    tls: bool,
    client_certificate_required: bool,
    clock_start: Option<SystemTime>,
}

impl Default for EmulatorBuilder {
    fn default() -> Self {
        Self {
            seed: 1,
            port: 0,
            rules: Rules {
                rate_limit: 300,
                rate_window: Duration::from_secs(60),
                usage_polls: 3,
                usage_duration: Duration::from_secs(2),
                accepted_status: StatusCode::OK,
                token_lifetime: None,
            },
            tls: false,
            client_certificate_required: false,
            clock_start: None,
        }
    }
}

impl EmulatorBuilder {
    /// Sets the seed; 1 by default. The same seed gives the same organization, with the same ids and secrets.
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = seed;
        self
    }

    /// Sets the port to listen on; 0, the default, stands for any free one.
    pub fn port(mut self, port: u16) -> Self {
        self.port = port;
        self
    }

    /// Sets the number of API requests that each token may make per window; 300 in 60 seconds by default.
    pub fn rate_limit(mut self, count: u32, window: Duration) -> Self {
        self.rules.rate_limit = count;
        self.rules.rate_window = window;
        self
    }

    /// Sets the poll at which a usage query is complete at the latest; the third by default.
    pub fn usage_polls(mut self, polls: u32) -> Self {
        self.rules.usage_polls = polls;
        self
    }

    /// Sets the time after which a usage query is complete at the latest; 2 seconds by default.
    pub fn usage_duration(mut self, duration: Duration) -> Self {
        self.rules.usage_duration = duration;
        self
    }

    /// Sets the status with which a usage query is accepted; 200 by default. A status outside 2xx is replaced by 202.
    pub fn accepted_status(mut self, status: u16) -> Self {
        self.rules.accepted_status =
            StatusCode::from_u16(status).ok().filter(StatusCode::is_success).unwrap_or(StatusCode::ACCEPTED);
        self
    }

    /// Sets the lifetime of every token, overriding the setting of its client.
    pub fn token_lifetime(mut self, lifetime: Duration) -> Self {
        self.rules.token_lifetime = Some(lifetime);
        self
    }

    /// Sets the time at which the emulator's clock starts; the current time by default.
    pub fn clock_start(mut self, start: SystemTime) -> Self {
        self.clock_start = Some(start);
        self
    }

    /// Sets whether the emulator serves HTTPS, with a certificate issued by an authority created for this emulator.
    pub fn tls(mut self, tls: bool) -> Self {
        self.tls = tls;
        self
    }

    /// Sets whether clients must present a certificate issued by that authority, which also enables TLS.
    pub fn client_certificate_required(mut self, required: bool) -> Self {
        self.client_certificate_required = required;
        self.tls |= required;
        self
    }

    /// Starts the emulator on the current tokio runtime.
    ///
    /// # Errors
    ///
    /// Returns an error if the port cannot be opened or no certificates can be generated.
    pub async fn start(self) -> Result<Emulator, StartError> {
        let Self { port, seed, .. } = self;
        let listening = async {
            let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await?;
            let port = listener.local_addr()?.port();
            Ok((listener, port))
        };
        let (listener, port) = listening.await.map_err(|source| StartError::Listen { port, source })?;
        let tls = self
            .tls
            .then(|| Tls::new(self.client_certificate_required))
            .transpose()
            .map_err(|error| StartError::Certificates(Box::new(error)))?;
        let (scheme, acceptor, authority_pem, client_identity_pem) = match tls {
            None => ("http", None, None, None),
            Some(tls) => {
                ("https", Some(tls.acceptor), Some(tls.authority_pem), Some(tls.client_identity_pem))
            }
        };
        let clock = Clock::starting_at(self.clock_start.unwrap_or_else(SystemTime::now));
        let service = Arc::new(Service::new(clock, self.rules, seed::organization(seed), seed));
        let running = tokio::spawn(connection::accept(listener, acceptor, Arc::clone(&service)));
        Ok(Emulator {
            base_url: format!("{scheme}://127.0.0.1:{port}"),
            port,
            authority_pem,
            client_identity_pem,
            service,
            running,
        })
    }
}

/// A running emulator of the OAuth API of Genesys Cloud. Dropping it stops it.
///
/// ```
/// # use purecloud_oauth_emulator::{Emulator, Endpoint, Fault};
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), purecloud_oauth_emulator::StartError> {
/// let emulator = Emulator::builder().seed(7).start().await?;
/// emulator.fault(Fault::on(Endpoint::GetOauthClients).error(503, "service.unavailable"));
/// println!("the emulator listens on {}", emulator.base_url());
/// assert_eq!(emulator.requests(Endpoint::GetOauthClients), 0);
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct Emulator {
    base_url: String,
    port: u16,
    authority_pem: Option<String>,
    client_identity_pem: Option<String>,
    service: Arc<Service>,
    running: JoinHandle<()>,
}

impl Drop for Emulator {
    fn drop(&mut self) {
        self.running.abort();
    }
}

impl Emulator {
    /// Starts an emulator with the default settings, on a free port.
    ///
    /// # Errors
    ///
    /// Returns an error if no port can be opened.
    pub async fn start() -> Result<Self, StartError> {
        Self::builder().start().await
    }

    /// Returns the default settings of an emulator.
    pub fn builder() -> EmulatorBuilder {
        EmulatorBuilder::default()
    }

    /// Returns the base URL of the API, such as `http://127.0.0.1:4711`, without a trailing slash.
    #[must_use]
    pub fn base_url(&self) -> &str {
        &self.base_url
    }

    /// Returns the base URL of the login host, which is the same server.
    #[must_use]
    pub fn login_url(&self) -> &str {
        &self.base_url
    }

    /// Returns the port on which the emulator listens.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Returns the certificate of the authority to trust, if the emulator serves HTTPS.
    #[must_use]
    pub fn ca_certificate_pem(&self) -> Option<&str> {
        self.authority_pem.as_deref()
    }

    /// Returns a client certificate, followed by its private key, if the emulator serves HTTPS.
    #[must_use]
    pub fn client_identity_pem(&self) -> Option<&str> {
        self.client_identity_pem.as_deref()
    }

    /// Returns the name of the organization, which the SAML2 grant requires.
    #[must_use]
    pub fn organization_name(&self) -> String {
        self.service.organization().name.clone()
    }

    /// Returns the id of the organization.
    #[must_use]
    pub fn organization_id(&self) -> String {
        self.service.organization().id.clone()
    }

    /// Returns the seeded client that has all permissions, with its current secret.
    #[must_use]
    pub fn administrator(&self) -> ClientCredentials {
        let client_id = self.service.organization().administrator_client.clone();
        ClientCredentials { client_secret: self.current_secret(&client_id).unwrap_or_default(), client_id }
    }

    /// Returns the id of the seeded client with which users sign in through PKCE, without its secret and on any
    /// loopback port: its redirect URI is `http://127.0.0.1/callback`.
    #[must_use]
    pub fn sign_in_client_id(&self) -> String {
        let clients = self.seeded_clients();
        let loopback = |client: &&Value| client["registeredRedirectUri"][0] == "http://127.0.0.1/callback";
        clients.iter().find(loopback).and_then(|client| client["id"].as_str()).unwrap_or_default().to_owned()
    }

    /// Creates a client-credentials client whose only role grants exactly these permissions.
    #[must_use]
    pub fn client_with_permissions(&self, permissions: &[&str]) -> ClientCredentials {
        let permissions: Vec<String> = permissions.iter().copied().map(str::to_owned).collect();
        self.service.add_client(Some(&permissions), None)
    }

    /// Creates a client-credentials client that has all permissions and whose tokens live for this many seconds.
    #[must_use]
    pub fn client_with_token_lifetime(&self, seconds: i64) -> ClientCredentials {
        self.service.add_client(None, Some(seconds))
    }

    /// Issues a valid token to a client, without a request.
    ///
    /// # Panics
    ///
    /// If the client does not exist.
    #[must_use]
    pub fn issue_token(&self, client_id: &str) -> String {
        self.service
            .issue_token(client_id)
            .unwrap_or_else(|| panic!("cannot issue a token: client {client_id} does not exist"))
    }

    /// Returns the clients that the organization started with, as the API would list them now, without deleted ones.
    #[must_use]
    pub fn seeded_clients(&self) -> Vec<Value> {
        let organization = self.service.organization();
        organization
            .seeded_clients
            .iter()
            .filter_map(|id| organization.client(id))
            .map(Client::to_json)
            .collect()
    }

    /// Returns a client as the API would represent it, without its secret.
    #[must_use]
    pub fn client(&self, client_id: &str) -> Option<Value> {
        let organization = self.service.organization();
        organization.client(client_id).map(Client::to_json)
    }

    /// Returns the current secret of a client.
    #[must_use]
    pub fn current_secret(&self, client_id: &str) -> Option<String> {
        let organization = self.service.organization();
        organization.client(client_id).map(|client| client.secret.clone())
    }

    /// Invalidates every access token issued so far. Refresh tokens stay valid.
    pub fn revoke_all_tokens(&self) {
        self.service.organization().tokens.clear();
    }

    /// Returns the clock by which tokens, codes and rate limits expire.
    #[must_use]
    pub fn clock(&self) -> &Clock {
        &self.service.clock
    }

    /// Adds a fault to the pending ones.
    pub fn fault(&self, fault: Fault) {
        self.service.faults.add(fault);
    }

    /// Removes all pending faults.
    pub fn clear_faults(&self) {
        self.service.faults.clear();
    }

    /// Returns the number of requests that an endpoint has received completely.
    #[must_use]
    pub fn requests(&self, endpoint: Endpoint) -> usize {
        self.service.record.counts(endpoint).requests
    }

    /// Returns the number of requests that an endpoint has executed: those that the service itself did not reject with
    /// an error, even if the response was lost or replaced by a fault.
    #[must_use]
    pub fn executions(&self, endpoint: Endpoint) -> usize {
        self.service.record.counts(endpoint).executions
    }

    /// Resets all counts to zero, and forgets the requests received.
    pub fn reset_counts(&self) {
        self.service.record.reset();
    }

    /// Returns the requests received, in the order of arrival; at most the last ten thousand.
    #[must_use]
    pub fn received(&self) -> Vec<ReceivedRequest> {
        self.service.record.received()
    }

    /// Returns the last request that an endpoint has received.
    #[must_use]
    pub fn last_request(&self, endpoint: Endpoint) -> Option<ReceivedRequest> {
        self.service.record.last(endpoint)
    }

    /// Waits until an endpoint has received this many requests.
    ///
    /// # Panics
    ///
    /// If that takes more than 30 seconds.
    pub async fn wait_for_requests(&self, endpoint: Endpoint, count: usize) {
        self.wait_until(
            || self.requests(endpoint) >= count,
            || format!("{endpoint} has received {} requests, expected {count}", self.requests(endpoint)),
        )
        .await;
    }

    /// Returns the number of requests being served, without those whose client has disconnected.
    #[must_use]
    pub fn open_requests(&self) -> usize {
        self.service.record.open()
    }

    /// Waits until no request is being served.
    ///
    /// # Panics
    ///
    /// If that takes more than 30 seconds.
    pub async fn wait_until_idle(&self) {
        self.wait_until(
            || self.open_requests() == 0,
            || format!("{} requests are still open", self.open_requests()),
        )
        .await;
    }

    /// Returns the number of open connections, without those over which only control requests have arrived.
    #[must_use]
    pub fn open_connections(&self) -> usize {
        self.service.connections.count()
    }

    /// Waits until no connection is open.
    ///
    /// # Panics
    ///
    /// If that takes more than 30 seconds.
    pub async fn wait_until_disconnected(&self) {
        self.wait_until(
            || self.open_connections() == 0,
            || format!("{} connections are still open", self.open_connections()),
        )
        .await;
    }

    /// Closes every connection that serves no request, without prior notice. A request that a client has sent over such
    /// a connection before noticing the close is not executed.
    pub fn close_idle_connections(&self) {
        self.service.connections.close_idle();
    }

    /// Makes the user refuse this many of the next consents at `/oauth/authorize`.
    pub fn deny_consent(&self, times: usize) {
        self.service.organization().refused_consents = times;
    }

    /// Lets this many of the next usage queries end as `Failed`.
    pub fn fail_usage_queries(&self, times: usize) {
        self.service.organization().failing_usage_queries = times;
    }

    /// Stops the emulator, and returns when the port is free again.
    pub async fn stop(mut self) {
        self.running.abort();
        // The task was aborted, so its error is the expected `JoinError`.
        let _ = (&mut self.running).await;
    }

    async fn wait_until(&self, condition: impl Fn() -> bool, describe: impl Fn() -> String) {
        let waiting = self.service.record.wait_until(|_| condition());
        if tokio::time::timeout(PATIENCE, waiting).await.is_err() {
            panic!("after {PATIENCE:?}, {}", describe());
        }
    }
}

impl Service {
    /// Creates a client-credentials client; if `permissions` is `None` it has all permissions.
    pub(crate) fn add_client(
        &self,
        permissions: Option<&[String]>,
        access_token_validity_seconds: Option<i64>,
    ) -> ClientCredentials {
        let mut organization = self.organization();
        let grants = permissions.map_or(Grants::Everything, |permissions| {
            Grants::from_permissions(permissions.iter().map(String::as_str))
        });
        let role_id = organization.add_role("Test role", grants);
        let client_id = organization.generator.uuid();
        let client_secret = organization.generator.secret();
        let author = organization.administrator.reference();
        let now = self.clock.timestamp();
        let (id, secret) = (client_id.clone(), client_secret.clone());
        let mut client = Client::new(id, secret, GrantType::ClientCredentials, author, now);
        client.name = format!("Test client {client_id}");
        client.role_divisions = vec![RoleDivision { role_id, division_id: "*".to_owned() }];
        if let Some(seconds) = access_token_validity_seconds {
            client.access_token_validity_seconds = seconds;
        }
        organization.clients.push(client);
        ClientCredentials { client_id, client_secret }
    }

    pub(crate) fn issue_token(&self, client_id: &str) -> Option<String> {
        let now = self.clock.timestamp();
        let mut organization = self.organization();
        organization.client(client_id)?;
        Some(organization.issue_token(client_id, &self.rules, now).0)
    }
}
