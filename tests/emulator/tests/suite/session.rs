//! An emulator with an HTTP client that is signed in to it.

use purecloud_oauth_emulator::{ClientCredentials, Emulator, EmulatorBuilder};
use reqwest::Method;
use reqwest::header::HeaderMap;
use serde_json::Value;

pub(crate) const CLIENTS: &str = "/api/v2/oauth/clients";

/// A response whose body has been read.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) body: String,
}

impl Reply {
    pub(crate) async fn read(response: reqwest::Response) -> Self {
        Self {
            status: response.status().as_u16(),
            headers: response.headers().clone(),
            body: response.text().await.unwrap(),
        }
    }

    #[track_caller]
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap()
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    /// Fails unless this is an error of the API with that status and code, in the service's format.
    #[track_caller]
    pub(crate) fn assert_error(&self, status: u16, code: &str) {
        assert_eq!(self.status, status, "{}", self.body);
        let body = self.json();
        assert_eq!(body["code"], code);
        assert_eq!(body["status"], status);
        assert_eq!(body["contextId"], self.header("inin-correlation-id"));
        assert!(body["message"].as_str().is_some_and(|message| !message.contains('{')), "{body}");
        assert!(body["messageWithParams"].is_string() && body["messageParams"].is_object(), "{body}");
        assert!(body["details"].is_array() && body["errors"].is_array(), "{body}");
    }
}

pub(crate) struct Session {
    pub(crate) emulator: Emulator,
    pub(crate) http: reqwest::Client,
    pub(crate) token: String,
}

/// Builds an HTTP client that neither retries nor follows redirects.
pub(crate) fn http() -> reqwest::ClientBuilder {
    reqwest::Client::builder()
        .no_proxy()
        .retry(reqwest::retry::never())
        .redirect(reqwest::redirect::Policy::none())
}

impl Session {
    pub(crate) async fn start() -> Self {
        Self::start_with(Emulator::builder()).await
    }

    pub(crate) async fn start_with(builder: EmulatorBuilder) -> Self {
        let emulator = builder.start().await.unwrap();
        let token = emulator.issue_token(&emulator.administrator().client_id);
        Self { emulator, http: http().build().unwrap(), token }
    }

    pub(crate) fn request(&self, method: Method, path: &str) -> reqwest::RequestBuilder {
        self.http.request(method, format!("{}{path}", self.emulator.base_url())).bearer_auth(&self.token)
    }

    pub(crate) async fn get(&self, path: &str) -> Reply {
        Reply::read(self.request(Method::GET, path).send().await.unwrap()).await
    }

    pub(crate) async fn send(&self, method: Method, path: &str, body: &Value) -> Reply {
        let request =
            self.request(method, path).header("content-type", "application/json").body(body.to_string());
        Reply::read(request.send().await.unwrap()).await
    }

    pub(crate) async fn post(&self, path: &str, body: &Value) -> Reply {
        self.send(Method::POST, path, body).await
    }

    pub(crate) async fn put(&self, path: &str, body: &Value) -> Reply {
        self.send(Method::PUT, path, body).await
    }

    pub(crate) async fn delete(&self, path: &str) -> Reply {
        Reply::read(self.request(Method::DELETE, path).send().await.unwrap()).await
    }

    /// Continues as another client.
    pub(crate) fn acting_as(&mut self, client: &ClientCredentials) {
        self.token = self.emulator.issue_token(&client.client_id);
    }

    /// Requests a token, with Basic credentials if a client is given.
    pub(crate) async fn token_for(&self, client: Option<&ClientCredentials>, form: &[(&str, &str)]) -> Reply {
        let mut request = self.http.post(format!("{}/oauth/token", self.emulator.login_url())).form(form);
        if let Some(ClientCredentials { client_id, client_secret }) = client {
            request = request.basic_auth(client_id, Some(client_secret));
        }
        Reply::read(request.send().await.unwrap()).await
    }

    /// Returns the last active seeded client of this grant type.
    pub(crate) fn seeded(&self, grant_type: &str) -> ClientCredentials {
        let clients = self.emulator.seeded_clients();
        let client = clients
            .iter()
            .rfind(|client| client["authorizedGrantType"] == grant_type && client["state"] == "active")
            .unwrap();
        let client_id = client["id"].as_str().unwrap().to_owned();
        ClientCredentials { client_secret: self.emulator.current_secret(&client_id).unwrap(), client_id }
    }
}
