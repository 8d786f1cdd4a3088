//! The emulator, controlled over HTTP, and API objects that use the emulator.

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

/// A request as the emulator received it.
#[derive(Deserialize)]
pub(crate) struct ReceivedRequest {
    endpoint: Option<String>,
    pub(crate) method: String,
    /// The path and the query, exactly as sent.
    pub(crate) target: String,
    headers: Vec<(String, String)>,
    pub(crate) body: String,
}

impl ReceivedRequest {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(present, _)| present == name).map(|(_, value)| value.as_str())
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).expect("a JSON body")
    }
}

/// The number of requests for an operation, and of its executions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
pub(crate) struct Counts {
    pub(crate) requests: usize,
    pub(crate) executions: usize,
}

/// The numbers of requests and connections that are currently open.
#[derive(Debug, Deserialize)]
pub(crate) struct Open {
    pub(crate) requests: usize,
    pub(crate) connections: usize,
}

impl Emulator {
    /// Builds the emulator from environment variables. Returns the name of a missing variable as the error.
    pub(crate) fn from_environment() -> Result<Self, &'static str> {
        let variable = |name| env::var(name).map_err(|_| name);
        // `close_idle_connections` would close an idle control connection too, so none is kept.
        let control =
            reqwest::Client::builder().no_proxy().pool_max_idle_per_host(0).redirect(Policy::none());
        Ok(Emulator {
            url: variable("EMULATOR_URL")?,
            client_id: variable("EMULATOR_CLIENT_ID")?,
            client_secret: variable("EMULATOR_CLIENT_SECRET")?,
            control: control.build().expect("an HTTP client"),
        })
    }

    /// Returns settings with the administrator's credentials.
    pub(crate) fn config(&self) -> ConfigBuilder {
        self.config_with(Credentials::client_credentials(&self.client_id, self.client_secret.as_str()))
    }

    pub(crate) fn config_with(&self, credentials: Credentials) -> ConfigBuilder {
        Config::builder(Host::url(&self.url).expect("the emulator's address"), credentials)
    }

    /// Returns an API object with all permissions that has not signed in yet.
    pub(crate) fn api(&self) -> OAuthApi {
        OAuthApi::new(self.config().build().expect("settings"))
    }

    /// Deletes all faults, counts and recorded requests.
    pub(crate) async fn reset(&self) {
        self.send(Method::DELETE, "/emulator/faults", None).await;
        self.forget_requests().await;
    }

    pub(crate) async fn forget_requests(&self) {
        self.send(Method::DELETE, "/emulator/counts", None).await;
    }

    /// Injects a fault. The emulator's README lists the kinds of faults.
    pub(crate) async fn inject_fault(&self, fault: Value) {
        self.send(Method::POST, "/emulator/faults", Some(fault)).await;
    }

    /// Replaces the body of every response of the operation. A read is retried after an unreadable response,
    /// and the retry must not get the original body.
    pub(crate) async fn replace_body(&self, operation: &str, body: &Value) {
        let replaced = json!({"content_type": "application/json", "body": body.to_string()});
        self.inject_fault(json!({"endpoint": operation, "times": null, "kind": {"replace_body": replaced}}))
            .await;
    }

    pub(crate) async fn counts(&self, operation: &str) -> Counts {
        let counts: HashMap<String, Counts> = self.get("/emulator/counts").await;
        *counts.get(operation).unwrap_or_else(|| panic!("the emulator has no operation {operation}"))
    }

    /// Returns all requests that the emulator received, including sign-ins.
    pub(crate) async fn received(&self) -> Vec<ReceivedRequest> {
        self.get("/emulator/requests").await
    }

    pub(crate) async fn last_request(&self, operation: &str) -> ReceivedRequest {
        let mut received = self.received().await;
        received.retain(|request| request.endpoint.as_deref() == Some(operation));
        received.pop().unwrap_or_else(|| panic!("the emulator received no {operation}"))
    }

    pub(crate) async fn open(&self) -> Open {
        self.get("/emulator/open").await
    }

    pub(crate) async fn close_idle_connections(&self) {
        self.send(Method::POST, "/emulator/connections/close", None).await;
    }

    /// Fetches a resource directly, without the library under test.
    pub(crate) async fn fetch_json(&self, path: &str) -> Value {
        parse(&fetch_body(self.request(Method::GET, path).bearer_auth(self.issue_token().await)).await)
    }

    /// Issues an access token of the administrator, without a request that the emulator counts.
    pub(crate) async fn issue_token(&self) -> String {
        let client = json!({"client_id": self.client_id});
        let token = parse::<Value>(&self.send(Method::POST, "/emulator/tokens", Some(client)).await);
        token["access_token"].as_str().expect("a token").to_owned()
    }

    pub(crate) async fn revoke_tokens(&self) {
        self.send(Method::POST, "/emulator/tokens/revoke", None).await;
    }

    pub(crate) async fn deny_consent(&self) {
        self.send(Method::POST, "/emulator/consent/deny", Some(json!({"times": 1}))).await;
    }

    /// Advances the emulator's clock only.
    pub(crate) async fn advance_clock(&self, time: Duration) {
        self.send(Method::POST, "/emulator/clock", Some(json!({"advance_seconds": time.as_secs()}))).await;
    }

    pub(crate) async fn organization_name(&self) -> String {
        let organization: Value = self.get("/emulator/organization").await;
        organization["name"].as_str().expect("a name").to_owned()
    }

    /// Consents at this authorize page like a user, and returns the address that the browser is redirected to.
    pub(crate) async fn consent(&self, page: &str) -> String {
        let response = self.control.get(page).send().await.expect("a response from the emulator");
        let location = response.headers().get("location").expect("a redirect");
        location.to_str().expect("an address").to_owned()
    }

    async fn get<T: DeserializeOwned>(&self, path: &str) -> T {
        parse(&self.send(Method::GET, path, None).await)
    }

    async fn send(&self, method: Method, path: &str, body: Option<Value>) -> Vec<u8> {
        let request = self.request(method, path);
        fetch_body(body.into_iter().fold(request, |request, body| request.body(body.to_string()))).await
    }

    fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.control.request(method, format!("{}{path}", self.url))
    }
}

async fn fetch_body(request: RequestBuilder) -> Vec<u8> {
    let response = request.send().await.expect("a response from the emulator");
    let status = response.status();
    let body = response.bytes().await.expect("the body of a response");
    assert!(status.is_success(), "the emulator returned {status}: {}", String::from_utf8_lossy(&body));
    body.to_vec()
}

fn parse<T: DeserializeOwned>(body: &[u8]) -> T {
    serde_json::from_slice(body).expect("the emulator's JSON")
}

/// Polls a condition until the condition holds. Panics after ten seconds.
pub(crate) async fn wait_until(condition: &str, holds: impl AsyncFn() -> bool) {
    let start = Instant::now();
    while !holds().await {
        assert!(
            start.elapsed() < Duration::from_secs(10),
            "after {:.1?} this does not hold: {condition}",
            start.elapsed()
        );
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}
