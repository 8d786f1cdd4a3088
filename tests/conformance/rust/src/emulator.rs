//! The emulator, controlled over HTTP, and clients that use it.

use std::collections::HashMap;
use std::env;
use std::time::{Duration, Instant};

use purecloud_oauth::{Config, ConfigBuilder, Credentials, Host, OAuthApi};
use reqwest::redirect::Policy;
use reqwest::{Method, RequestBuilder};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

pub(crate) struct Emulator {
    url: String,
    pub(crate) client_id: String,
    pub(crate) client_secret: String,
    control: reqwest::Client,
}

/// A request as it arrived.
#[derive(Deserialize)]
pub(crate) struct Received {
    endpoint: Option<String>,
    pub(crate) method: String,
    /// Path and query, as they were on the wire.
    pub(crate) target: String,
    headers: Vec<(String, String)>,
    pub(crate) body: String,
}

impl Received {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(present, _)| present == name).map(|(_, value)| value.as_str())
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).expect("a body of JSON")
    }
}

/// How often an operation arrived, and how often it was carried out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
pub(crate) struct Counts {
    pub(crate) requests: usize,
    pub(crate) executions: usize,
}

/// What the emulator still serves.
#[derive(Debug, Deserialize)]
pub(crate) struct Open {
    pub(crate) requests: usize,
    pub(crate) connections: usize,
}

impl Emulator {
    /// The emulator that the environment tells of, or the variable that is missing.
    pub(crate) fn from_environment() -> Result<Self, &'static str> {
        let variable = |name| env::var(name).map_err(|_| name);
        // An idle connection of its own would be closed with those of the client under test.
        let control =
            reqwest::Client::builder().no_proxy().pool_max_idle_per_host(0).redirect(Policy::none());
        Ok(Emulator {
            url: variable("EMULATOR_URL")?,
            client_id: variable("EMULATOR_CLIENT_ID")?,
            client_secret: variable("EMULATOR_CLIENT_SECRET")?,
            control: control.build().expect("an HTTP client"),
        })
    }

    /// Settings with the administrator's credentials.
    pub(crate) fn config(&self) -> ConfigBuilder {
        self.config_with(Credentials::client_credentials(&self.client_id, self.client_secret.as_str()))
    }

    pub(crate) fn config_with(&self, credentials: Credentials) -> ConfigBuilder {
        Config::builder(Host::url(&self.url).expect("the emulator's address"), credentials)
    }

    /// A client that may do everything, and has not signed in yet.
    pub(crate) fn api(&self) -> OAuthApi {
        OAuthApi::new(self.config().build().expect("settings"))
    }

    /// Forgets faults, counts and requests.
    pub(crate) async fn start_over(&self) {
        self.ask(Method::DELETE, "/emulator/faults", None).await;
        self.forget_requests().await;
    }

    pub(crate) async fn forget_requests(&self) {
        self.ask(Method::DELETE, "/emulator/counts", None).await;
    }

    /// Lets something go wrong; its README says what there is.
    pub(crate) async fn fault(&self, fault: Value) {
        self.ask(Method::POST, "/emulator/faults", Some(fault)).await;
    }

    /// Lets every answer of the operation have this body in place of its own: after an unreadable one a read
    /// is sent again, and must not find the true one.
    pub(crate) async fn replace_body(&self, operation: &str, body: &Value) {
        let replaced = json!({"content_type": "application/json", "body": body.to_string()});
        self.fault(json!({"endpoint": operation, "times": null, "kind": {"replace_body": replaced}})).await;
    }

    pub(crate) async fn counts(&self, operation: &str) -> Counts {
        let counts: HashMap<String, Counts> = self.look("/emulator/counts").await;
        *counts.get(operation).unwrap_or_else(|| panic!("the emulator knows no {operation}"))
    }

    /// All requests that arrived, sign-ins included.
    pub(crate) async fn received(&self) -> Vec<Received> {
        self.look("/emulator/requests").await
    }

    pub(crate) async fn last_request(&self, operation: &str) -> Received {
        let mut received = self.received().await;
        received.retain(|request| request.endpoint.as_deref() == Some(operation));
        received.pop().unwrap_or_else(|| panic!("no {operation} arrived"))
    }

    pub(crate) async fn open(&self) -> Open {
        self.look("/emulator/open").await
    }

    pub(crate) async fn close_idle_connections(&self) {
        self.ask(Method::POST, "/emulator/connections/close", None).await;
    }

    /// What the API says at this path, asked past the client under test.
    pub(crate) async fn says(&self, path: &str) -> Value {
        read(&answer(self.request(Method::GET, path).bearer_auth(self.token().await)).await)
    }

    /// A token of the administrator, had without a request that counts.
    pub(crate) async fn token(&self) -> String {
        let client = json!({"client_id": self.client_id});
        let token = read::<Value>(&self.ask(Method::POST, "/emulator/tokens", Some(client)).await);
        token["access_token"].as_str().expect("a token").to_owned()
    }

    pub(crate) async fn revoke_tokens(&self) {
        self.ask(Method::POST, "/emulator/tokens/revoke", None).await;
    }

    pub(crate) async fn deny_consent(&self) {
        self.ask(Method::POST, "/emulator/consent/deny", Some(json!({"times": 1}))).await;
    }

    /// Moves the emulator's clock, and that one alone.
    pub(crate) async fn advance(&self, time: Duration) {
        self.ask(Method::POST, "/emulator/clock", Some(json!({"advance_seconds": time.as_secs()}))).await;
    }

    pub(crate) async fn organization_name(&self) -> String {
        let organization: Value = self.look("/emulator/organization").await;
        organization["name"].as_str().expect("a name").to_owned()
    }

    /// Where a browser is sent whose person consents at this page.
    pub(crate) async fn consent(&self, page: &str) -> String {
        let answer = self.control.get(page).send().await.expect("an answer of the emulator");
        let location = answer.headers().get("location").expect("a redirect");
        location.to_str().expect("an address").to_owned()
    }

    async fn look<T: DeserializeOwned>(&self, path: &str) -> T {
        read(&self.ask(Method::GET, path, None).await)
    }

    async fn ask(&self, method: Method, path: &str, body: Option<Value>) -> Vec<u8> {
        let request = self.request(method, path);
        answer(body.into_iter().fold(request, |request, body| request.body(body.to_string()))).await
    }

    fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.control.request(method, format!("{}{path}", self.url))
    }
}

async fn answer(request: RequestBuilder) -> Vec<u8> {
    let answer = request.send().await.expect("an answer of the emulator");
    let status = answer.status();
    let body = answer.bytes().await.expect("the body of an answer");
    assert!(status.is_success(), "the emulator answered {status}: {}", String::from_utf8_lossy(&body));
    body.to_vec()
}

fn read<T: DeserializeOwned>(body: &[u8]) -> T {
    serde_json::from_slice(body).expect("the emulator's JSON")
}

/// Asks again and again until it is so, for at most ten seconds.
pub(crate) async fn until(what: &str, is_so: impl AsyncFn() -> bool) {
    let start = Instant::now();
    while !is_so().await {
        assert!(start.elapsed() < Duration::from_secs(10), "not so after {:.1?}: {what}", start.elapsed());
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}
