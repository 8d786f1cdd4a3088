//! The implementation with this project's library, and the alternatives that it is compared with.

use std::future::Future;
use std::sync::{Arc, OnceLock};

use anyhow::{Context, Result, ensure};
use http::{Request, Response, header};
use http_body_util::{BodyExt, Full};
use hyper::body::{Bytes, Incoming};
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use purecloud_oauth::{
    Config, Credentials, Gateway, GrantType, Host, OAuthApi, OAuthClientRequest, RoleDivision,
};
use serde::de::DeserializeOwned;

use crate::models;

const TOKEN: &str = "a-token";

/// An implementation that is measured.
pub(crate) trait Implementation: Clone + Send + Sync + 'static {
    /// Reads a listing and returns its length.
    fn listing(&self, size: usize) -> impl Future<Output = Result<usize>> + Send;

    /// Reads the usage result and returns the number of its rows.
    fn usage(&self) -> impl Future<Output = Result<usize>> + Send;

    /// Creates a client, and returns whether the response contains it.
    fn create(&self) -> impl Future<Output = Result<bool>> + Send;
}

/// Builds a request to create a client, with every field set.
fn request() -> Result<OAuthClientRequest> {
    let mut request = OAuthClientRequest::new("Terminübersicht", GrantType::Code);
    request.access_token_validity_seconds = Some(86_400);
    request.description = Some("Liest die Termine der Filiale und schreibt sie in den Kalender".to_owned());
    request.registered_redirect_uri = Some(vec![
        "https://termine.example.at/callback".to_owned(),
        "https://termine.example.at/other".to_owned(),
    ]);
    request.role_ids = Some(vec!["b3e2c1d0-5a4f-4e3d-9c8b-7a6f5e4d3c2b".to_owned()]);
    request.scope = Some(vec!["users:readonly".to_owned(), "calendars".to_owned()]);
    request.role_divisions = Some(vec![RoleDivision::new("b3e2c1d0-5a4f-4e3d-9c8b-7a6f5e4d3c2b", "*")]);
    request.state = Some("active".into());
    request.date_to_delete = Some("2026-12-24T00:00:00Z".parse()?);
    Ok(request)
}

/// The implementation with this project's library: an API object for each size, because the server serves each size
/// below a separate path.
#[derive(Clone)]
pub(crate) struct Ours {
    url: String,
    apis: [(usize, Arc<OnceLock<OAuthApi>>); 4],
}

impl Ours {
    pub(crate) fn new(url: &str) -> Self {
        Ours { url: url.to_owned(), apis: [1, 25, 1_000, 10_000].map(|size| (size, Arc::default())) }
    }

    fn api(&self, size: usize) -> Result<&OAuthApi> {
        let (_, api) = self.apis.iter().find(|(known, _)| *known == size).context("unknown size")?;
        match api.get() {
            Some(api) => Ok(api),
            None => {
                let new = self.new_api(size)?;
                Ok(api.get_or_init(|| new))
            }
        }
    }

    fn new_api(&self, size: usize) -> Result<OAuthApi> {
        let authority = self.url.strip_prefix("http://").context("BENCH_URL must start with http://")?;
        let (host, port) = authority.split_once(':').context("BENCH_URL must contain a port")?;
        let gateway = Gateway {
            host: host.to_owned(),
            protocol: "http".to_owned(),
            port: Some(port.parse()?),
            path_params_login: String::new(),
            path_params_api: size.to_string(),
        };
        let config = Config::builder(Host::gateway(&gateway)?, Credentials::access_token(TOKEN));
        Ok(OAuthApi::new(config.build()?))
    }
}

impl Implementation for Ours {
    async fn listing(&self, size: usize) -> Result<usize> {
        Ok(self.api(size)?.get_oauth_clients().await?.entities.len())
    }

    async fn usage(&self) -> Result<usize> {
        let usage = self.api(1)?.get_oauth_client_usage_query_result("an-execution", "a-client").await?;
        Ok(usage.results.len())
    }

    async fn create(&self) -> Result<bool> {
        Ok(!self.api(1)?.post_oauth_clients(&request()?).await?.id.is_empty())
    }
}

fn listing_url(url: &str, size: usize) -> String {
    format!("{url}/{size}/api/v2/oauth/clients")
}

fn usage_url(url: &str) -> String {
    format!("{url}/1/api/v2/oauth/clients/a-client/usage/query/results/an-execution")
}

/// `reqwest` and `serde_json`, as in a program without this project's library.
#[derive(Clone)]
pub(crate) struct Plain {
    http: reqwest::Client,
    url: String,
}

impl Plain {
    pub(crate) fn new(url: &str) -> Self {
        Plain { http: reqwest::Client::new(), url: url.to_owned() }
    }

    async fn body(&self, request: reqwest::RequestBuilder) -> Result<Bytes> {
        Ok(request.bearer_auth(TOKEN).send().await?.error_for_status()?.bytes().await?)
    }
}

impl Implementation for Plain {
    async fn listing(&self, size: usize) -> Result<usize> {
        let body = self.body(self.http.get(listing_url(&self.url, size))).await?;
        Ok(serde_json::from_slice::<models::Listing>(&body)?.entities.len())
    }

    async fn usage(&self) -> Result<usize> {
        let body = self.body(self.http.get(usage_url(&self.url))).await?;
        Ok(serde_json::from_slice::<models::Usage>(&body)?.results.len())
    }

    async fn create(&self) -> Result<bool> {
        let body = serde_json::to_vec(&request()?)?;
        let request =
            self.http.post(listing_url(&self.url, 1)).header(header::CONTENT_TYPE, "application/json");
        let body = self.body(request.body(body)).await?;
        Ok(!serde_json::from_slice::<models::Client>(&body)?.id.is_empty())
    }
}

/// `hyper` with a connection pool, and `serde_json`.
#[derive(Clone)]
pub(crate) struct Bare {
    http: hyper_util::client::legacy::Client<HttpConnector, Full<Bytes>>,
    url: String,
}

impl Bare {
    pub(crate) fn new(url: &str) -> Self {
        let mut connector = HttpConnector::new();
        connector.set_nodelay(true);
        let http = hyper_util::client::legacy::Client::builder(TokioExecutor::new()).build(connector);
        Bare { http, url: url.to_owned() }
    }

    async fn request<T: DeserializeOwned>(&self, verb: &str, url: String, body: Vec<u8>) -> Result<T> {
        let request = Request::builder()
            .method(verb)
            .uri(url)
            .header(header::AUTHORIZATION, format!("Bearer {TOKEN}"))
            .header(header::CONTENT_TYPE, "application/json")
            .body(Full::from(body))?;
        let response: Response<Incoming> = self.http.request(request).await?;
        ensure!(response.status().is_success(), "status {}", response.status());
        let body = response.into_body().collect().await?.to_bytes();
        Ok(serde_json::from_slice(&body)?)
    }
}

impl Implementation for Bare {
    async fn listing(&self, size: usize) -> Result<usize> {
        Ok(self
            .request::<models::Listing>("GET", listing_url(&self.url, size), Vec::new())
            .await?
            .entities
            .len())
    }

    async fn usage(&self) -> Result<usize> {
        Ok(self.request::<models::Usage>("GET", usage_url(&self.url), Vec::new()).await?.results.len())
    }

    async fn create(&self) -> Result<bool> {
        let body = serde_json::to_vec(&request()?)?;
        Ok(!self.request::<models::Client>("POST", listing_url(&self.url, 1), body).await?.id.is_empty())
    }
}

/// `reqwest` that discards the body: a lower bound for the time of every implementation.
#[derive(Clone)]
pub(crate) struct Transfer(pub(crate) Plain);

impl Implementation for Transfer {
    async fn listing(&self, size: usize) -> Result<usize> {
        let body = self.0.body(self.0.http.get(listing_url(&self.0.url, size))).await?;
        Ok(if body.is_empty() { 0 } else { size })
    }

    async fn usage(&self) -> Result<usize> {
        Ok(self.0.body(self.0.http.get(usage_url(&self.0.url))).await?.len())
    }

    async fn create(&self) -> Result<bool> {
        let body = serde_json::to_vec(&request()?)?;
        Ok(!self.0.body(self.0.http.post(listing_url(&self.0.url, 1)).body(body)).await?.is_empty())
    }
}
