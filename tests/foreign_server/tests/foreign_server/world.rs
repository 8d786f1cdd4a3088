//! The fixture of the tests: the running server, its clients, and the browser of a user.

use std::env;

use purecloud_oauth::{Authorization, AuthorizationRequest, Config, Credentials, Host, OAuthApi, Secret};
use reqwest::redirect::{Attempt, Policy};
use serde::Deserialize;

/// A client that is registered with the server.
#[derive(Deserialize)]
pub(crate) struct Client {
    client_name: String,
    client_id: String,
    client_secret: Option<String>,
    redirect_uris: Vec<String>,
}

impl Client {
    /// Returns the client with this name in the list that the server uses, too.
    pub(crate) fn named(name: &str) -> Self {
        let clients: Vec<Client> = serde_json::from_str(include_str!("../../clients.json")).expect("clients");
        clients.into_iter().find(|client| client.client_name == name).expect(name)
    }

    pub(crate) fn id(&self) -> &str {
        &self.client_id
    }

    pub(crate) fn secret(&self) -> Option<Secret> {
        self.client_secret.as_deref().map(Secret::new)
    }

    pub(crate) fn redirect_uri(&self) -> &str {
        self.redirect_uris.first().expect("a redirect URI")
    }

    /// Returns the browser sign-in settings of the client.
    pub(crate) fn authorization(&self) -> Authorization {
        let mut authorization = Authorization::new(self.id(), self.redirect_uri());
        authorization.client_secret = self.secret();
        authorization
    }

    pub(crate) fn client_credentials(&self) -> Credentials {
        Credentials::client_credentials(self.id(), self.secret().expect("a secret"))
    }

    pub(crate) fn refresh_token_credentials(&self, token: &Secret) -> Credentials {
        Credentials::refresh_token(self.id(), token.clone(), self.secret())
    }
}

pub(crate) fn host() -> Host {
    let address =
        env::var("FOREIGN_SERVER_URL").expect("FOREIGN_SERVER_URL is not set to the address of the server");
    Host::url(&address).expect("a loopback address")
}

pub(crate) fn api(credentials: Credentials) -> OAuthApi {
    OAuthApi::new(Config::builder(host(), credentials).build().expect("settings"))
}

pub(crate) fn request(authorization: Authorization) -> AuthorizationRequest {
    AuthorizationRequest::new(host(), authorization).expect("a request")
}

/// Opens a page as a browser does, and follows redirects as long as they lead to the server.
pub(crate) async fn open(url: &str) -> reqwest::Response {
    let login = host().login_url().to_owned();
    let on_the_server = move |attempt: Attempt<'_>| {
        if attempt.url().as_str().starts_with(&login) { attempt.follow() } else { attempt.stop() }
    };
    let browser = reqwest::Client::builder()
        .cookie_store(true)
        .no_proxy()
        .redirect(Policy::custom(on_the_server))
        .build()
        .expect("a browser");
    browser.get(url).send().await.expect("a page")
}

/// Returns the redirect to the client that the browser receives after the sign-in.
pub(crate) async fn follow_redirect(request: &AuthorizationRequest) -> String {
    let page = open(request.url()).await;
    let location = page.headers().get("location").expect("a redirect");
    location.to_str().expect("a URL").to_owned()
}

/// Returns whether the server knows an access token and considers it valid.
pub(crate) async fn is_valid(token: &Secret) -> bool {
    #[derive(Deserialize)]
    struct Introspection {
        active: bool,
    }
    let client = Client::named("nightly report");
    let response = reqwest::Client::new()
        .post(format!("{}token/introspection", host().login_url()))
        .basic_auth(&client.client_id, client.client_secret)
        .form(&[("token", token.expose())])
        .send()
        .await
        .expect("a response");
    let body = response.bytes().await.expect("a body");
    serde_json::from_slice::<Introspection>(&body).expect("an introspection").active
}
