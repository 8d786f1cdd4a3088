//! An emulator that runs: start it, look into it, stop it.

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

/// How long a test waits for something that should have happened long ago.
const PATIENCE: Duration = Duration::from_secs(30);

/// What can be set before the start.
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
    /// The client's secret, as it was when these credentials were made.
    pub client_secret: String,
}

/// Why an emulator could not be started.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StartError {
    /// Its port could not be opened; most often because something else listens there.
    #[error("cannot listen on 127.0.0.1:{port}")]
    Listen {
        /// The port that was asked for; 0 is any free one.
        port: u16,
        /// What the operating system says.
        source: io::Error,
    },
    /// No certificates could be made for TLS.
    #[error("cannot make certificates: {0}")]
    Certificates(#[source] Box<dyn std::error::Error + Send + Sync>),
}

/// Settings of an emulator that is yet to start.
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
    /// The same seed gives the same organization, with the same ids and secrets.
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = seed;
        self
    }

    /// The port to listen on; 0, the default, is any free one.
    pub fn port(mut self, port: u16) -> Self {
        self.port = port;
        self
    }

    /// How many API requests each token may make in a window; 300 in 60 seconds by default.
    pub fn rate_limit(mut self, count: u32, window: Duration) -> Self {
        self.rules.rate_limit = count;
        self.rules.rate_window = window;
        self
    }

    /// The poll at which a usage query is complete at the latest; the third by default.
    pub fn usage_polls(mut self, polls: u32) -> Self {
        self.rules.usage_polls = polls;
        self
    }

    /// The time after which a usage query is complete at the latest; 2 seconds by default.
    pub fn usage_duration(mut self, duration: Duration) -> Self {
        self.rules.usage_duration = duration;
        self
    }

    /// The status with which a usage query is accepted; 200 by default. What is no success becomes 202.
    pub fn accepted_status(mut self, status: u16) -> Self {
        self.rules.accepted_status =
            StatusCode::from_u16(status).ok().filter(StatusCode::is_success).unwrap_or(StatusCode::ACCEPTED);
        self
    }

    /// How long every token lives, whatever its client says.
    pub fn token_lifetime(mut self, lifetime: Duration) -> Self {
        self.rules.token_lifetime = Some(lifetime);
        self
    }

    /// The time at which the emulator's clock starts; by default the present time.
    pub fn clock_start(mut self, start: SystemTime) -> Self {
        self.clock_start = Some(start);
        self
    }

    /// Whether to serve HTTPS, with a certificate of an authority made for this emulator.
    pub fn tls(mut self, tls: bool) -> Self {
        self.tls = tls;
        self
    }

    /// Whether clients must show a certificate of that authority too; if so, TLS is on.
    pub fn client_certificate_required(mut self, required: bool) -> Self {
        self.client_certificate_required = required;
        self.tls |= required;
        self
    }

    /// Starts the emulator on the current tokio runtime.
    ///
    /// # Errors
    ///
    /// If the port cannot be opened or no certificates can be made.
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
/// println!("talk to {}", emulator.base_url());
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
    /// If no port can be opened.
    pub async fn start() -> Result<Self, StartError> {
        Self::builder().start().await
    }

    /// Settings for an emulator.
    pub fn builder() -> EmulatorBuilder {
        EmulatorBuilder::default()
    }

    /// Where the API is, such as `http://127.0.0.1:4711`, without a slash at the end.
    #[must_use]
    pub fn base_url(&self) -> &str {
        &self.base_url
    }

    /// Where the login host is; the same server answers for both.
    #[must_use]
    pub fn login_url(&self) -> &str {
        &self.base_url
    }

    /// The port it listens on.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The authority to trust, if the emulator serves HTTPS.
    #[must_use]
    pub fn ca_certificate_pem(&self) -> Option<&str> {
        self.authority_pem.as_deref()
    }

    /// A certificate, followed by its key, by which a client is known, if the emulator serves HTTPS.
    #[must_use]
    pub fn client_identity_pem(&self) -> Option<&str> {
        self.client_identity_pem.as_deref()
    }

    /// The name of the organization, which the SAML2 grant asks for.
    #[must_use]
    pub fn organization_name(&self) -> String {
        self.service.organization().name.clone()
    }

    /// The id of the organization.
    #[must_use]
    pub fn organization_id(&self) -> String {
        self.service.organization().id.clone()
    }

    /// The seeded client that may do everything, with the secret it has at this moment.
    #[must_use]
    pub fn administrator(&self) -> ClientCredentials {
        let client_id = self.service.organization().administrator_client.clone();
        ClientCredentials { client_secret: self.current_secret(&client_id).unwrap_or_default(), client_id }
    }

    /// The seeded client without a need for its secret that people sign in to with PKCE, on whatever loopback port:
    /// its redirect URI is `http://127.0.0.1/callback`.
    #[must_use]
    pub fn sign_in_client_id(&self) -> String {
        let clients = self.seeded_clients();
        let loopback = |client: &&Value| client["registeredRedirectUri"][0] == "http://127.0.0.1/callback";
        clients.iter().find(loopback).and_then(|client| client["id"].as_str()).unwrap_or_default().to_owned()
    }

    /// A new client-credentials client whose only role grants exactly these permissions.
    #[must_use]
    pub fn client_with_permissions(&self, permissions: &[&str]) -> ClientCredentials {
        let permissions: Vec<String> = permissions.iter().copied().map(str::to_owned).collect();
        self.service.add_client(Some(&permissions), None)
    }

    /// A new client-credentials client that may do everything and whose tokens live this long.
    #[must_use]
    pub fn client_with_token_lifetime(&self, seconds: i64) -> ClientCredentials {
        self.service.add_client(None, Some(seconds))
    }

    /// A valid token of a client, without a request.
    ///
    /// # Panics
    ///
    /// If there is no such client.
    #[must_use]
    pub fn issue_token(&self, client_id: &str) -> String {
        self.service
            .issue_token(client_id)
            .unwrap_or_else(|| panic!("there is no client {client_id} to issue a token for"))
    }

    /// The clients the organization started with, as the API would list them now; those deleted since are missing.
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

    /// A client as the API would show it, without its secret.
    #[must_use]
    pub fn client(&self, client_id: &str) -> Option<Value> {
        let organization = self.service.organization();
        organization.client(client_id).map(Client::to_json)
    }

    /// The secret that a client has at this moment.
    #[must_use]
    pub fn current_secret(&self, client_id: &str) -> Option<String> {
        let organization = self.service.organization();
        organization.client(client_id).map(|client| client.secret.clone())
    }

    /// Makes every access token invalid that was issued so far; refresh tokens stay good.
    pub fn revoke_all_tokens(&self) {
        self.service.organization().tokens.clear();
    }

    /// The clock by which things expire.
    #[must_use]
    pub fn clock(&self) -> &Clock {
        &self.service.clock
    }

    /// Adds a fault to those still to come.
    pub fn fault(&self, fault: Fault) {
        self.service.faults.add(fault);
    }

    /// Forgets all faults still to come.
    pub fn clear_faults(&self) {
        self.service.faults.clear();
    }

    /// How many requests have arrived at an endpoint, body included.
    #[must_use]
    pub fn requests(&self, endpoint: Endpoint) -> usize {
        self.service.record.counts(endpoint).requests
    }

    /// How many requests the endpoint has carried out: those that the service itself did not answer with an error,
    /// whatever then became of the answer.
    #[must_use]
    pub fn executions(&self, endpoint: Endpoint) -> usize {
        self.service.record.counts(endpoint).executions
    }

    /// Starts all counts at zero again, and forgets the requests received.
    pub fn reset_counts(&self) {
        self.service.record.reset();
    }

    /// The requests received, in the order of arrival; the last ten thousand of them.
    #[must_use]
    pub fn received(&self) -> Vec<ReceivedRequest> {
        self.service.record.received()
    }

    /// The last request that an endpoint has received.
    #[must_use]
    pub fn last_request(&self, endpoint: Endpoint) -> Option<ReceivedRequest> {
        self.service.record.last(endpoint)
    }

    /// Waits until an endpoint has received that many requests.
    ///
    /// # Panics
    ///
    /// If that takes more than 30 seconds.
    pub async fn wait_for_requests(&self, endpoint: Endpoint, count: usize) {
        self.wait_until(
            || self.requests(endpoint) >= count,
            || format!("{endpoint} has received {} requests and not {count}", self.requests(endpoint)),
        )
        .await;
    }

    /// How many requests are being served; one whose client has hung up is not.
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

    /// How many connections are open, without those over which only the emulator itself was controlled.
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

    /// Closes every connection that serves no request, without a word. What a client has sent over one of them
    /// without having noticed is not carried out.
    pub fn close_idle_connections(&self) {
        self.service.connections.close_idle();
    }

    /// Refuses the next consents at `/oauth/authorize`.
    pub fn deny_consent(&self, times: usize) {
        self.service.organization().refused_consents = times;
    }

    /// Lets the next usage queries end as `Failed`.
    pub fn fail_usage_queries(&self, times: usize) {
        self.service.organization().failing_usage_queries = times;
    }

    /// Stops, and returns when the port is free again.
    pub async fn stop(mut self) {
        self.running.abort();
        // That it was cancelled is what was asked for.
        let _ = (&mut self.running).await;
    }

    async fn wait_until(&self, condition: impl Fn() -> bool, otherwise: impl Fn() -> String) {
        let waiting = self.service.record.until(|_| condition());
        if tokio::time::timeout(PATIENCE, waiting).await.is_err() {
            panic!("after {PATIENCE:?}, {}", otherwise());
        }
    }
}

impl Service {
    /// A new client-credentials client; without permissions it may do everything.
    pub(crate) fn add_client(
        &self,
        permissions: Option<&[String]>,
        access_token_validity_seconds: Option<i64>,
    ) -> ClientCredentials {
        let mut organization = self.organization();
        let grants = permissions
            .map_or(Grants::Everything, |permissions| Grants::of(permissions.iter().map(String::as_str)));
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
