use std::time::Duration;

use purecloud_oauth_emulator::{Emulator, Endpoint};
use reqwest::Method;
use serde_json::json;

use crate::session::{CLIENTS, Reply, Session, http};

const SCOPES: &str = "/api/v2/oauth/scopes";

#[tokio::test]
async fn a_token_is_required_and_checked() {
    let mut session = Session::start().await;
    let url = format!("{}{CLIENTS}", session.emulator.base_url());
    Reply::read(session.http.get(&url).send().await.unwrap())
        .await
        .assert_error(401, "authentication.required");
    let basic = session.http.get(&url).basic_auth("id", Some("secret")).send().await.unwrap();
    Reply::read(basic).await.assert_error(401, "authentication.required");
    let lower = session.http.get(&url).header("authorization", format!("bearer {}", session.token));
    assert_eq!(lower.send().await.unwrap().status(), 200);
    session.token = "nonsense".to_owned();
    session.get(CLIENTS).await.assert_error(401, "bad.credentials");
}

#[tokio::test]
async fn a_request_that_is_not_part_of_the_api_is_refused() {
    let session = Session::start().await;
    session.get("/api/v2/oauth/nothing").await.assert_error(404, "not.found");
    session.get("/").await.assert_error(404, "not.found");
    let patched = session.send(Method::PATCH, CLIENTS, &json!({})).await;
    patched.assert_error(405, "method.not.allowed");
    assert_eq!(patched.header("allow"), "GET, POST");
    let post = || session.request(Method::POST, CLIENTS);
    let plain_text = post().header("content-type", "text/plain").body("{}").send().await.unwrap();
    Reply::read(plain_text).await.assert_error(415, "unsupported.media.type");
    for body in ["{", "[]", "null", ""] {
        let reply = post().header("content-type", "application/json; charset=utf-8").body(body);
        Reply::read(reply.send().await.unwrap()).await.assert_error(400, "bad.request");
    }
    let large = "x".repeat(1024 * 1024 + 1);
    let reply = post().header("content-type", "application/json").body(large).send().await.unwrap();
    Reply::read(reply).await.assert_error(413, "request.entity.too.large");
}

#[tokio::test]
async fn a_secret_is_rotated_whatever_the_body() {
    let session = Session::start().await;
    let path = format!("{CLIENTS}/{}/secret", session.emulator.administrator().client_id);
    for body in ["", "null"] {
        let request =
            session.request(Method::POST, &path).header("content-type", "application/json").body(body);
        assert_eq!(request.send().await.unwrap().status(), 200, "{body:?}");
    }
    let bare = session.request(Method::POST, &path).send().await.unwrap();
    assert_eq!(bare.status(), 200);
}

#[tokio::test]
async fn every_response_has_the_headers_of_the_service() {
    let session = Session::start().await;
    for path in [CLIENTS, "/api/v2/none", "/oauth/authorize", "/logout"] {
        let reply = session.get(path).await;
        assert_eq!(reply.header("inin-correlation-id").len(), 36, "{path}");
        assert!(reply.header("date").ends_with(" GMT"), "{path}");
        assert_eq!(reply.headers.contains_key("inin-ratelimit-allowed"), path.starts_with("/api/"), "{path}");
    }
}

#[tokio::test]
async fn the_date_follows_the_clock() {
    let start = jiff::Timestamp::from_second(1_700_000_000).unwrap();
    let session = Session::start_with(Emulator::builder().clock_start(start.into())).await;
    assert!(session.get(SCOPES).await.header("date").starts_with("Tue, 14 Nov 2023 22:13:2"));
    session.emulator.clock().advance(Duration::from_secs(3600));
    assert!(session.get(SCOPES).await.header("date").starts_with("Tue, 14 Nov 2023 23:13:2"));
}

#[tokio::test]
async fn requests_beyond_the_rate_limit_are_refused_until_the_window_ends() {
    let session = Session::start_with(Emulator::builder().rate_limit(3, Duration::from_secs(60))).await;
    for count in ["1", "2", "3"] {
        let reply = session.get(SCOPES).await;
        assert_eq!(reply.status, 200);
        assert_eq!(
            (reply.header("inin-ratelimit-count"), reply.header("inin-ratelimit-allowed")),
            (count, "3")
        );
        let reset: u64 = reply.header("inin-ratelimit-reset").parse().unwrap();
        assert!((50..=60).contains(&reset), "{reset}");
    }
    let refused = session.get(SCOPES).await;
    refused.assert_error(429, "too.many.requests");
    let body = refused.json();
    assert_eq!(body["message"], "Rate limit exceeded the maximum [3] requests within [60] seconds");
    assert_eq!(body["limit"]["key"], "client.credentials.token.rate.per.minute");
    assert_eq!(body["limit"]["value"], 3);
    let wait: u64 = refused.header("retry-after").parse().unwrap();
    session.emulator.clock().advance(Duration::from_secs(wait));
    assert_eq!(session.get(SCOPES).await.status, 200);
}

#[tokio::test]
async fn scopes_are_described_in_the_requested_language() {
    let session = Session::start().await;
    let listing = session.get(SCOPES).await.json();
    assert_eq!(listing["total"], listing["entities"].as_array().unwrap().len());
    assert!(listing["total"].as_u64().unwrap() >= 45);
    let mut descriptions = std::collections::BTreeSet::new();
    for (asked, given) in [
        (None, "en-us"),
        (Some("de-AT"), "de"),
        (Some("xx, fr-CA;q=0.8, de;q=0.2"), "fr"),
        (Some("es"), "es"),
        (Some("ja-jp"), "ja"),
        (Some("de;q=0, *"), "en-us"),
        (Some("tlh"), "en-us"),
    ] {
        let mut request = session.request(Method::GET, "/api/v2/oauth/scopes/users%3Areadonly");
        if let Some(asked) = asked {
            request = request.header("accept-language", asked);
        }
        let reply = Reply::read(request.send().await.unwrap()).await;
        assert_eq!(reply.header("content-language"), given, "{asked:?}");
        let scope = reply.json();
        assert_eq!(scope["id"], "users:readonly");
        assert_eq!(scope["selfUri"], "/api/v2/oauth/scopes/users:readonly");
        descriptions.insert(scope["description"].as_str().unwrap().to_owned());
    }
    assert_eq!(descriptions.len(), 5);
    session.get("/api/v2/oauth/scopes/nothing").await.assert_error(404, "not.found");
}

#[tokio::test]
async fn responses_are_compressed_if_the_client_accepts_gzip() {
    let session = Session::start().await;
    let plain = http().no_gzip().build().unwrap();
    for (accepted, encoding) in
        [("gzip", "gzip"), ("br, gzip;q=0.5", "gzip"), ("gzip;q=0", ""), ("identity", "")]
    {
        let url = format!("{}{CLIENTS}", session.emulator.base_url());
        let reply = plain.get(url).bearer_auth(&session.token).header("accept-encoding", accepted);
        let reply = reply.send().await.unwrap();
        let given = reply.headers().get("content-encoding").map_or("", |value| value.to_str().unwrap());
        assert_eq!(given, encoding, "{accepted}");
    }
    assert_eq!(session.get(CLIENTS).await.json()["entities"].as_array().unwrap().len(), 13);
}

#[tokio::test]
async fn requests_are_recorded_as_they_were_sent() {
    let session = Session::start().await;
    let body = json!({"name": "Spur", "authorizedGrantType": "CODE"});
    session.post(&format!("{CLIENTS}?x=%2F%20"), &body).await;
    session.get("/api/v2/oauth/scopes/users%3areadonly").await;
    let request = session.emulator.last_request(Endpoint::PostOauthClients).unwrap();
    assert_eq!((request.method.as_str(), request.http_version.as_str()), ("POST", "HTTP/1.1"));
    assert_eq!(request.target, format!("{CLIENTS}?x=%2F%20"));
    assert_eq!(request.body_string(), body.to_string());
    assert_eq!(request.header("Content-Type"), Some("application/json"));
    let received = session.emulator.received();
    assert_eq!(received.len(), 2);
    assert_eq!(received[1].target, "/api/v2/oauth/scopes/users%3areadonly");
    assert_eq!(received[0].connection, received[1].connection, "the connection is reused");
}

#[tokio::test]
async fn tls_can_require_a_client_certificate() {
    let emulator = Emulator::builder().client_certificate_required(true).start().await.unwrap();
    assert!(emulator.base_url().starts_with("https://"));
    let authority =
        reqwest::Certificate::from_pem(emulator.ca_certificate_pem().unwrap().as_bytes()).unwrap();
    let url = format!("{}/logout", emulator.base_url());
    let stranger = http().tls_certs_only([authority.clone()]).build().unwrap();
    assert!(stranger.get(&url).send().await.is_err());
    let identity = reqwest::Identity::from_pem(emulator.client_identity_pem().unwrap().as_bytes()).unwrap();
    let known = http().tls_certs_only([authority]).identity(identity).build().unwrap();
    assert_eq!(known.get(&url).send().await.unwrap().status(), 200);
}

#[tokio::test]
async fn http_2_needs_no_tls() {
    let session = Session::start().await;
    let http = http().http2_prior_knowledge().build().unwrap();
    assert_eq!(
        http.get(format!("{}/logout", session.emulator.base_url())).send().await.unwrap().status(),
        200
    );
    assert_eq!(session.emulator.last_request(Endpoint::Logout).unwrap().http_version, "HTTP/2.0");
}

#[tokio::test]
async fn a_stopped_emulator_frees_its_port() {
    let emulator = Emulator::start().await.unwrap();
    let port = emulator.port();
    let taken = Emulator::builder().port(port).start().await.unwrap_err();
    assert!(taken.to_string().contains(&port.to_string()), "{taken}");
    emulator.stop().await;
    Emulator::builder().port(port).start().await.unwrap();
}
