//! The client that is measured, and those it is compared with.

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

/// What every client can.
pub(crate) trait Client: Clone + Send + Sync + 'static {
    /// Reads a listing and tells its length.
    fn listing(&self, size: usize) -> impl Future<Output = Result<usize>> + Send;

    /// Reads the usage result and tells the number of its rows.
    fn usage(&self) -> impl Future<Output = Result<usize>> + Send;

    /// Creates a client, and says whether it came back.
    fn create(&self) -> impl Future<Output = Result<bool>> + Send;
}

/// A client to create, with every field.
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

/// The client of this project: one for each size, since the server has the sizes below paths of their own.
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
        let (_, api) = self.apis.iter().find(|(of, _)| *of == size).context("no such size")?;
        match api.get() {
            Some(api) => Ok(api),
            None => {
                let made = self.made(size)?;
                Ok(api.get_or_init(|| made))
            }
        }
    }

    fn made(&self, size: usize) -> Result<OAuthApi> {
        let authority = self.url.strip_prefix("http://").context("the server speaks http")?;
        let (host, port) = authority.split_once(':').context("the server's address has a port")?;
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

impl Client for Ours {
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

fn listing(url: &str, size: usize) -> String {
    format!("{url}/{size}/api/v2/oauth/clients")
}

fn usage(url: &str) -> String {
    format!("{url}/1/api/v2/oauth/clients/a-client/usage/query/results/an-execution")
}

/// `reqwest` and `serde_json`, as a program would use them by itself.
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

impl Client for Plain {
    async fn listing(&self, size: usize) -> Result<usize> {
        let body = self.body(self.http.get(listing(&self.url, size))).await?;
        Ok(serde_json::from_slice::<models::Listing>(&body)?.entities.len())
    }

    async fn usage(&self) -> Result<usize> {
        let body = self.body(self.http.get(usage(&self.url))).await?;
        Ok(serde_json::from_slice::<models::Usage>(&body)?.results.len())
    }

    async fn create(&self) -> Result<bool> {
        let body = serde_json::to_vec(&request()?)?;
        let request = self.http.post(listing(&self.url, 1)).header(header::CONTENT_TYPE, "application/json");
        let body = self.body(request.body(body)).await?;
        Ok(!serde_json::from_slice::<models::Client>(&body)?.id.is_empty())
    }
}

/// `hyper` with its own pool, and `serde_json`.
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

    async fn answer<T: DeserializeOwned>(&self, verb: &str, url: String, body: Vec<u8>) -> Result<T> {
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

impl Client for Bare {
    async fn listing(&self, size: usize) -> Result<usize> {
        Ok(self.answer::<models::Listing>("GET", listing(&self.url, size), Vec::new()).await?.entities.len())
    }

    async fn usage(&self) -> Result<usize> {
        Ok(self.answer::<models::Usage>("GET", usage(&self.url), Vec::new()).await?.results.len())
    }

    async fn create(&self) -> Result<bool> {
        let body = serde_json::to_vec(&request()?)?;
        Ok(!self.answer::<models::Client>("POST", listing(&self.url, 1), body).await?.id.is_empty())
    }
}

/// `reqwest`, and nothing is done with what it brings: what no client can be faster than by much.
#[derive(Clone)]
pub(crate) struct Transfer(pub(crate) Plain);

impl Client for Transfer {
    async fn listing(&self, size: usize) -> Result<usize> {
        let body = self.0.body(self.0.http.get(listing(&self.0.url, size))).await?;
        Ok(if body.is_empty() { 0 } else { size })
    }

    async fn usage(&self) -> Result<usize> {
        Ok(self.0.body(self.0.http.get(usage(&self.0.url))).await?.len())
    }

    async fn create(&self) -> Result<bool> {
        let body = serde_json::to_vec(&request()?)?;
        Ok(!self.0.body(self.0.http.post(listing(&self.0.url, 1)).body(body)).await?.is_empty())
    }
}
