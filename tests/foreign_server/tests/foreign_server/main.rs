//! The library against a third-party OAuth server, to find standards that core and emulator both misread.
//!
//! `cargo xtask test` starts the server and passes its address in `FOREIGN_SERVER_URL`.

mod world;

use std::time::{Duration, SystemTime};

use purecloud_oauth::{AuthorizationRequest, Credentials, Error, ErrorKind, Secret, Session, Timestamp};
use url::Url;

use crate::world::{Client, api, follow_redirect, host, is_valid, open, request};

/// Signs in through an emulated browser, and returns the session.
async fn sign_in_by_browser(request: &AuthorizationRequest) -> Session {
    let credentials = request.credentials(&follow_redirect(request).await).expect("a code");
    api(credentials).sign_in().await.expect("a session")
}

async fn expect_refusal(credentials: Credentials) -> Error {
    let error = api(credentials).sign_in().await.expect_err("the server refuses");
    assert_eq!(error.kind(), ErrorKind::SignIn, "{error:?}");
    error
}

fn refresh_token(session: &Session) -> &Secret {
    session.refresh_token.as_ref().expect("a refresh token")
}

#[tokio::test]
#[ignore = "needs the server"]
async fn client_credentials_give_a_token() {
    let before = SystemTime::now();
    let session =
        api(Client::named("nightly report").client_credentials()).sign_in().await.expect("a session");
    assert!(is_valid(&session.access_token).await);
    let end = session.expires_at.expect("an expiry time").as_system_time();
    assert!(
        end <= SystemTime::now() + Duration::from_secs(300),
        "the token expires later than the server announced"
    );
    assert!(
        end > before + Duration::from_secs(200),
        "the token expires long before the time that the server announced"
    );
    assert_eq!(session.refresh_token, None);
}

#[tokio::test]
#[ignore = "needs the server"]
async fn a_wrong_secret_is_refused() {
    let client = Client::named("nightly report");
    let error = expect_refusal(Credentials::client_credentials(client.id(), "V1C2-not-the-secret")).await;
    assert_eq!((error.code(), error.status()), (Some("invalid_client"), Some(401)), "{error:?}");
    assert_eq!(error.server_message(), Some("client authentication failed"));
}

#[tokio::test]
#[ignore = "needs the server"]
async fn a_grant_that_the_client_may_not_use_is_refused() {
    let error = expect_refusal(Client::named("web portal").client_credentials()).await;
    // The error code of RFC 6749 for this is `unauthorized_client`; this server deviates from it.
    assert_eq!((error.code(), error.status()), (Some("invalid_request"), Some(400)), "{error:?}");
    assert_eq!(error.server_message(), Some("requested grant type is not allowed for this client"));
}

#[tokio::test]
#[ignore = "needs the server"]
async fn a_grant_that_the_server_does_not_offer_is_refused() {
    let client = Client::named("nightly report");
    let secret = client.secret().expect("a secret");
    let error =
        expect_refusal(Credentials::saml2_bearer(client.id(), secret, "acme", "PHNhbWxwOlJlc3BvbnNl")).await;
    assert_eq!(error.code(), Some("unsupported_grant_type"), "{error:?}");
}

#[tokio::test]
#[ignore = "needs the server"]
async fn an_app_without_a_secret_signs_a_user_in_with_pkce() {
    let session = sign_in_by_browser(&request(Client::named("desktop app").authorization())).await;
    assert!(is_valid(&session.access_token).await);
    assert!(session.refresh_token.is_some());
}

#[tokio::test]
#[ignore = "needs the server"]
async fn a_web_server_signs_a_user_in_with_its_secret_with_and_without_pkce() {
    for pkce in [true, false] {
        let mut authorization = Client::named("web portal").authorization();
        authorization.pkce = pkce;
        let session = sign_in_by_browser(&request(authorization)).await;
        assert!(is_valid(&session.access_token).await, "with PKCE: {pkce}");
    }
}

#[tokio::test]
#[ignore = "needs the server"]
async fn all_parameters_of_the_authorize_url_are_accepted() {
    let mut authorization = Client::named("desktop app").authorization();
    authorization.org = Some("acme".to_owned());
    authorization.provider = Some("okta".to_owned());
    authorization.target = Some("3a1f0c52-6c7b-4f5e-9d0a-b8e4d2c1f097".to_owned());
    authorization.login_hint = Some("ada.keller+test@example.com".to_owned());
    authorization.prompt_login = true;
    let session = sign_in_by_browser(&request(authorization)).await;
    assert!(is_valid(&session.access_token).await);
}

#[tokio::test]
#[ignore = "needs the server"]
async fn an_app_that_was_restarted_resumes_the_same_request() {
    let client = Client::named("desktop app");
    let request = request(client.authorization());
    let redirect = follow_redirect(&request).await;
    let verifier = request.code_verifier().cloned();
    let resumed = AuthorizationRequest::resumed(host(), client.authorization(), request.state(), verifier);
    let credentials = resumed.expect("a request").credentials(&redirect).expect("a code");
    let session = api(credentials).sign_in().await.expect("a session");
    assert!(is_valid(&session.access_token).await);
}

#[tokio::test]
#[ignore = "needs the server"]
async fn a_code_from_an_unexpected_issuer_is_rejected() {
    let mut authorization = Client::named("desktop app").authorization();
    authorization.issuer = Some("https://login.mypurecloud.de".to_owned());
    let request = request(authorization);
    let redirect = follow_redirect(&request).await;
    assert!(redirect.contains("iss="), "the server states its issuer");
    let error = request.credentials(&redirect).expect_err("the issuer is not the expected one");
    assert_eq!(error.kind(), ErrorKind::SignIn, "{error:?}");
    assert!(error.to_string().contains("`iss`"), "{error}");
}

#[tokio::test]
#[ignore = "needs the server"]
async fn a_refusal_by_the_user_is_an_error_with_the_servers_code() {
    let mut authorization = Client::named("desktop app").authorization();
    authorization.login_hint = Some("deny".to_owned());
    let request = request(authorization);
    let error = request.credentials(&follow_redirect(&request).await).expect_err("the user refused");
    assert_eq!((error.kind(), error.code()), (ErrorKind::SignIn, Some("access_denied")), "{error:?}");
    assert_eq!(error.server_message(), Some("the user refused"));
}

#[tokio::test]
#[ignore = "needs the server"]
async fn a_code_can_be_exchanged_only_once() {
    let request = request(Client::named("desktop app").authorization());
    let redirect = follow_redirect(&request).await;
    let credentials = request.credentials(&redirect).expect("a code");
    api(credentials.clone()).sign_in().await.expect("a session");
    let error = expect_refusal(credentials).await;
    assert_eq!(error.code(), Some("invalid_grant"), "{error:?}");
    assert!(!error.worth_retrying());
}

#[tokio::test]
#[ignore = "needs the server"]
async fn a_code_is_useless_without_its_verifier() {
    let authorization = Client::named("desktop app").authorization();
    let original = request(authorization.clone());
    let another = request(authorization.clone()).code_verifier().cloned();
    let thief = AuthorizationRequest::resumed(host(), authorization, original.state(), another);
    let credentials =
        thief.expect("a request").credentials(&follow_redirect(&original).await).expect("a code");
    let error = expect_refusal(credentials).await;
    assert_eq!(error.code(), Some("invalid_grant"), "{error:?}");
}

#[tokio::test]
#[ignore = "needs the server"]
async fn a_code_is_useless_for_another_redirect_uri() {
    let client = Client::named("web portal");
    let request = request(client.authorization());
    let redirect = Url::parse(&follow_redirect(&request).await).expect("a URL");
    let (_, code) = redirect.query_pairs().find(|(name, _)| name == "code").expect("a code");
    let elsewhere = client.redirect_uri().replace("8443", "9443");
    let verifier = request.code_verifier().cloned();
    let error = expect_refusal(Credentials::authorization_code(
        client.id(),
        &*code,
        elsewhere,
        client.secret(),
        verifier,
    ))
    .await;
    assert_eq!(error.code(), Some("invalid_grant"), "{error:?}");
}

#[tokio::test]
#[ignore = "needs the server"]
async fn the_authorize_page_does_not_redirect_to_another_port() {
    let mut authorization = Client::named("web portal").authorization();
    authorization.redirect_uri = authorization.redirect_uri.replace("8443", "9443");
    let page = open(request(authorization).url()).await;
    assert_eq!(page.status(), 400);
    assert!(page.text().await.expect("a page").contains("invalid_redirect_uri"));
}

#[tokio::test]
#[ignore = "needs the server"]
async fn a_refresh_token_is_used_once_and_replaced() {
    for client in [Client::named("desktop app"), Client::named("web portal")] {
        let first = sign_in_by_browser(&request(client.authorization())).await;
        let api = api(client.refresh_token_credentials(refresh_token(&first)));
        let second = api.sign_in().await.expect("a session");
        assert!(is_valid(&second.access_token).await);
        assert_ne!(second.access_token, first.access_token);
        assert_ne!(second.refresh_token, first.refresh_token);
        assert_eq!(
            api.session(),
            Some(second),
            "the session to store is the one that the server returned last"
        );
        let error = expect_refusal(client.refresh_token_credentials(refresh_token(&first))).await;
        assert_eq!(error.code(), Some("invalid_grant"), "{error:?}");
    }
}

#[tokio::test]
#[ignore = "needs the server"]
async fn a_stored_session_continues_without_the_user() {
    let client = Client::named("desktop app");
    let mut stored = sign_in_by_browser(&request(client.authorization())).await;

    let valid = api(Credentials::session(client.id(), stored.clone(), None));
    assert_eq!(valid.sign_in().await.expect("a session").access_token, stored.access_token);

    stored.expires_at =
        Some(Timestamp::try_from(SystemTime::now() - Duration::from_secs(60)).expect("a timestamp"));
    let expired = api(Credentials::session(client.id(), stored.clone(), None));
    let renewed = expired.sign_in().await.expect("a session");
    assert!(is_valid(&renewed.access_token).await);
    assert_ne!(renewed.refresh_token, stored.refresh_token);
}

#[tokio::test]
#[ignore = "needs the server"]
async fn the_local_browser_signs_a_user_in() {
    let api = api(Credentials::browser(Client::named("desktop app").authorization()));
    assert_eq!(api.session(), None);
    let session = api.sign_in().await.expect("a session");
    assert!(is_valid(&session.access_token).await);
    assert!(session.refresh_token.is_some());
    let again = api.sign_in().await.expect("a session");
    assert_eq!(again.access_token, session.access_token, "the user is not asked a second time");
}

#[tokio::test]
#[ignore = "needs the server"]
async fn a_refusal_in_the_local_browser_ends_the_wait() {
    let mut authorization = Client::named("desktop app").authorization();
    authorization.login_hint = Some("deny".to_owned());
    let error = expect_refusal(Credentials::browser(authorization)).await;
    assert_eq!(error.code(), Some("access_denied"), "{error:?}");
}
