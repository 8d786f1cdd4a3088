use std::collections::HashMap;
use std::time::Duration;

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use purecloud_oauth_emulator::{ClientCredentials, Endpoint};
use serde_json::json;
use sha2::{Digest, Sha256};
use url::Url;

use crate::session::{CLIENTS, Reply, Session};

const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
/// A redirect URI that is registered without a port; a loopback address may differ in its port.
const LOOPBACK: &str = "http://127.0.0.1:49152/callback";

fn challenge() -> String {
    BASE64_URL_SAFE_NO_PAD.encode(Sha256::digest(VERIFIER))
}

impl Session {
    async fn authorize(&self, query: &[(&str, &str)]) -> Reply {
        let mut url = Url::parse(&format!("{}/oauth/authorize", self.emulator.login_url())).unwrap();
        url.query_pairs_mut().extend_pairs(query);
        Reply::read(self.http.get(url).send().await.unwrap()).await
    }

    /// Returns the query parameters of the redirect.
    async fn redirect_parameters(&self, query: &[(&str, &str)]) -> HashMap<String, String> {
        let reply = self.authorize(query).await;
        assert_eq!(reply.status, 302, "{}", reply.body);
        let url = Url::parse(reply.header("location")).unwrap();
        url.query_pairs().into_owned().collect()
    }

    async fn code(&self, client: &ClientCredentials, more: &[(&str, &str)]) -> String {
        let query = [
            ("client_id", client.client_id.as_str()),
            ("redirect_uri", LOOPBACK),
            ("response_type", "code"),
            ("state", "a b"),
        ];
        let redirected = self.redirect_parameters(&[&query, more].concat()).await;
        assert_eq!(redirected["state"], "a b");
        redirected["code"].clone()
    }

    fn assert_refused(reply: &Reply, status: u16, error: &str) {
        assert_eq!(reply.status, status, "{}", reply.body);
        let body = reply.json();
        assert_eq!(body["error"], error);
        assert_eq!(body["description"], body["error_description"]);
    }
}

fn exchange(code: &str) -> Vec<(&str, &str)> {
    vec![("grant_type", "authorization_code"), ("code", code), ("redirect_uri", LOOPBACK)]
}

#[tokio::test]
async fn client_credentials_give_a_token_that_expires_by_the_clock() {
    let mut session = Session::start().await;
    let client = session.emulator.client_with_token_lifetime(600);
    let granted = session.token_for(Some(&client), &[("grant_type", "client_credentials")]).await;
    assert_eq!(granted.status, 200);
    let body = granted.json();
    assert_eq!((&body["token_type"], &body["expires_in"]), (&json!("bearer"), &json!(600)));
    assert!(body.get("refresh_token").is_none());
    session.token = body["access_token"].as_str().unwrap().to_owned();
    session.emulator.clock().advance(Duration::from_secs(590));
    assert_eq!(session.get(CLIENTS).await.status, 200);
    session.emulator.clock().advance(Duration::from_secs(10));
    session.get(CLIENTS).await.assert_error(401, "bad.credentials");
}

#[tokio::test]
async fn the_token_endpoint_refuses_in_its_own_shape() {
    let session = Session::start().await;
    let administrator = session.emulator.administrator();
    let grant = [("grant_type", "client_credentials")];
    let wrong = ClientCredentials { client_secret: "wrong".into(), ..administrator.clone() };
    let reply = session.token_for(Some(&wrong), &grant).await;
    Session::assert_refused(&reply, 401, "invalid_client");
    assert!(reply.header("www-authenticate").starts_with("Basic"));
    Session::assert_refused(&session.token_for(None, &grant).await, 401, "invalid_client");
    let code_client = session.seeded("CODE");
    Session::assert_refused(&session.token_for(Some(&code_client), &grant).await, 400, "unauthorized_client");
    let password = [("grant_type", "password")];
    Session::assert_refused(
        &session.token_for(Some(&administrator), &password).await,
        400,
        "unsupported_grant_type",
    );
    Session::assert_refused(&session.token_for(Some(&administrator), &[]).await, 400, "invalid_request");
    assert_eq!(session.emulator.requests(Endpoint::Token), 5);
    assert_eq!(session.emulator.executions(Endpoint::Token), 0);
}

#[tokio::test]
async fn credentials_are_not_form_decoded() {
    let session = Session::start().await;
    let administrator = session.emulator.administrator();
    let encoded =
        ClientCredentials { client_id: administrator.client_id.replace('-', "%2D"), ..administrator };
    let reply = session.token_for(Some(&encoded), &[("grant_type", "client_credentials")]).await;
    Session::assert_refused(&reply, 401, "invalid_client");
}

#[tokio::test]
async fn a_disabled_client_loses_its_tokens_and_gets_none() {
    let mut session = Session::start().await;
    let client = session.emulator.client_with_permissions(&["oauth:client:view"]);
    let path = format!("{CLIENTS}/{}", client.client_id);
    let mut body = session.emulator.client(&client.client_id).unwrap();
    let grant = [("grant_type", "client_credentials")];
    for (state, still_good) in [("inactive", 200), ("disabled", 401)] {
        let administrator = session.emulator.administrator();
        session.acting_as(&administrator);
        body["state"] = json!(state);
        assert_eq!(session.put(&path, &body).await.status, 200);
        Session::assert_refused(&session.token_for(Some(&client), &grant).await, 401, "invalid_client");
        session.acting_as(&client);
        assert_eq!(session.get(CLIENTS).await.status, still_good, "{state}");
    }
}

#[tokio::test]
async fn a_code_works_once_for_its_client_and_redirect_uri() {
    let session = Session::start().await;
    let client = session.seeded("CODE");
    let code = session.code(&client, &[]).await;
    let granted = session.token_for(Some(&client), &exchange(&code)).await;
    assert_eq!(granted.status, 200, "{}", granted.body);
    assert!(granted.json()["refresh_token"].is_string());
    Session::assert_refused(&session.token_for(Some(&client), &exchange(&code)).await, 400, "invalid_grant");

    let code = session.code(&client, &[]).await;
    let elsewhere = [
        ("grant_type", "authorization_code"),
        ("code", &*code),
        ("redirect_uri", "http://127.0.0.1/callback"),
    ];
    Session::assert_refused(&session.token_for(Some(&client), &elsewhere).await, 400, "invalid_grant");

    let code = session.code(&client, &[]).await;
    Session::assert_refused(&session.token_for(None, &exchange(&code)).await, 401, "invalid_client");

    let code = session.code(&client, &[]).await;
    session.emulator.clock().advance(Duration::from_secs(300));
    Session::assert_refused(&session.token_for(Some(&client), &exchange(&code)).await, 400, "invalid_grant");
}

#[tokio::test]
async fn pkce_requires_the_verifier_and_no_secret() {
    let session = Session::start().await;
    let client = session.seeded("CODE");
    let challenge = challenge();
    let pkce = [("code_challenge", challenge.as_str()), ("code_challenge_method", "S256")];
    let public = |code, verifier| {
        let mut form = exchange(code);
        form.extend([("client_id", client.client_id.as_str()), ("code_verifier", verifier)]);
        form
    };

    let code = session.code(&client, &pkce).await;
    let granted = session.token_for(None, &public(&code, VERIFIER)).await;
    assert_eq!(granted.status, 200, "{}", granted.body);

    let code = session.code(&client, &pkce).await;
    assert_eq!(session.token_for(Some(&client), &public(&code, VERIFIER)).await.status, 200);

    let code = session.code(&client, &pkce).await;
    let other = VERIFIER.to_uppercase();
    Session::assert_refused(&session.token_for(None, &public(&code, &other)).await, 400, "invalid_grant");

    let code = session.code(&client, &pkce).await;
    Session::assert_refused(&session.token_for(Some(&client), &exchange(&code)).await, 400, "invalid_grant");

    let code = session.code(&client, &[]).await;
    Session::assert_refused(
        &session.token_for(Some(&client), &public(&code, VERIFIER)).await,
        400,
        "invalid_grant",
    );

    let query = [
        ("client_id", client.client_id.as_str()),
        ("redirect_uri", LOOPBACK),
        ("response_type", "code"),
        ("code_challenge", VERIFIER),
        ("code_challenge_method", "plain"),
    ];
    assert_eq!(session.redirect_parameters(&query).await["error"], "invalid_request");
}

#[tokio::test]
async fn a_refresh_token_is_replaced_by_its_use() {
    let mut session = Session::start().await;
    let client = session.seeded("CODE");
    let code = session.code(&client, &[]).await;
    let first = session.token_for(Some(&client), &exchange(&code)).await.json();
    let refresh = |granted: &serde_json::Value| granted["refresh_token"].as_str().unwrap().to_owned();
    let first_refresh = refresh(&first);
    let form = [("grant_type", "refresh_token"), ("refresh_token", first_refresh.as_str())];
    let second = session.token_for(Some(&client), &form).await;
    assert_eq!(second.status, 200);
    let second = second.json();
    assert_ne!(first["access_token"], second["access_token"]);
    assert_ne!(first_refresh, refresh(&second));
    Session::assert_refused(&session.token_for(Some(&client), &form).await, 400, "invalid_grant");
    session.token = second["access_token"].as_str().unwrap().to_owned();
    assert_eq!(session.get(CLIENTS).await.status, 200, "the token of a user who has all permissions");
}

#[tokio::test]
async fn a_saml_assertion_needs_the_name_of_the_organization() {
    let session = Session::start().await;
    let client = session.seeded("SAML2-BEARER");
    let name = session.emulator.organization_name();
    let form = |name, assertion| {
        [
            ("grant_type", "urn:ietf:params:oauth:grant-type:saml2-bearer"),
            ("orgName", name),
            ("assertion", assertion),
        ]
    };
    assert_eq!(session.token_for(Some(&client), &form(&name, "PHNhbWwyOkFzc2VydGlvbi8+")).await.status, 200);
    let stranger = session.token_for(Some(&client), &form("Nobody Ltd", "PHNhbWwyOkFzc2VydGlvbi8+")).await;
    Session::assert_refused(&stranger, 400, "invalid_grant");
    let garbage = session.token_for(Some(&client), &form(&name, "<saml2:Assertion/>")).await;
    Session::assert_refused(&garbage, 400, "invalid_grant");
    Session::assert_refused(
        &session.token_for(Some(&client), &form(&name, "")).await,
        400,
        "invalid_request",
    );
}

#[tokio::test]
async fn the_implicit_grant_returns_the_token_in_the_fragment() {
    let session = Session::start().await;
    let client = session.seeded("TOKEN");
    let uri = session.emulator.client(&client.client_id).unwrap()["registeredRedirectUri"][0].clone();
    let query = [
        ("client_id", client.client_id.as_str()),
        ("redirect_uri", uri.as_str().unwrap()),
        ("response_type", "token"),
        ("state", "xyz"),
    ];
    let reply = session.authorize(&query).await;
    assert_eq!(reply.status, 302);
    let location = reply.header("location");
    let (before, fragment) = location.split_once('#').unwrap();
    assert_eq!(before, uri);
    assert!(fragment.starts_with("access_token="), "{fragment}");
    assert!(fragment.contains("&expires_in=28800&token_type=bearer&state=xyz"), "{fragment}");
}

#[tokio::test]
async fn a_consent_can_be_refused() {
    let session = Session::start().await;
    let client = session.seeded("CODE");
    session.emulator.deny_consent(1);
    let query = [
        ("client_id", client.client_id.as_str()),
        ("redirect_uri", LOOPBACK),
        ("response_type", "code"),
        ("state", ""),
    ];
    let redirected = session.redirect_parameters(&query).await;
    assert_eq!((redirected["error"].as_str(), redirected["state"].as_str()), ("access_denied", ""));
    assert!(!redirected["error_description"].is_empty() && !redirected.contains_key("code"));
    assert!(session.redirect_parameters(&query).await.contains_key("code"));
}

#[tokio::test]
async fn a_browser_is_not_redirected_to_an_unregistered_uri() {
    let session = Session::start().await;
    let client = session.seeded("CODE");
    let id = client.client_id.as_str();
    for (client_id, redirect_uri, more) in [
        ("nobody", LOOPBACK, None),
        (id, "https://evil.example/callback", None),
        (id, "http://127.0.0.1:49152/other", None),
        (id, "http://127.0.0.1.evil.example/callback", None),
        (id, LOOPBACK, Some(("org", "acme"))),
        (id, LOOPBACK, Some(("provider", "okta"))),
    ] {
        let mut query =
            vec![("client_id", client_id), ("redirect_uri", redirect_uri), ("response_type", "code")];
        query.extend(more);
        let reply = session.authorize(&query).await;
        assert_eq!(reply.status, 400, "{query:?}");
        assert!(reply.header("content-type").starts_with("text/html"));
    }
    let logout = |uri: &str| {
        let mut url = Url::parse(&format!("{}/logout", session.emulator.login_url())).unwrap();
        url.query_pairs_mut().extend_pairs([("client_id", id), ("redirect_uri", uri)]);
        session.http.get(url).send()
    };
    assert_eq!(logout(LOOPBACK).await.unwrap().status(), 302);
    assert_eq!(logout("https://evil.example/").await.unwrap().status(), 200);
}

#[tokio::test]
async fn a_token_can_be_revoked() {
    let mut session = Session::start().await;
    let reply = session.delete("/api/v2/tokens/me").await;
    assert_eq!((reply.status, reply.body.as_str()), (200, ""));
    session.get(CLIENTS).await.assert_error(401, "bad.credentials");
    let administrator = session.emulator.administrator();
    session.acting_as(&administrator);
    assert_eq!(session.get(CLIENTS).await.status, 200);
    session.emulator.revoke_all_tokens();
    session.get(CLIENTS).await.assert_error(401, "bad.credentials");
}
