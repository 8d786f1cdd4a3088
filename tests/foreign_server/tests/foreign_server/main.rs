//! The client against an OAuth server that is not ours: whether both have read the same in the standards.
//!
//! `cargo xtask test` starts the server, and tells where it is in `FOREIGN_SERVER_URL`.

mod world;

use std::time::{Duration, SystemTime};

use purecloud_oauth::{AuthorizationRequest, Credentials, Error, ErrorKind, Secret, Session, Timestamp};
use url::Url;

use crate::world::{Client, api, host, is_valid, open, redirect, request};

/// The same person is signed in from now on, without a browser.
async fn signed_in(request: &AuthorizationRequest) -> Session {
    let credentials = request.credentials(&redirect(request).await).expect("a code");
    api(credentials).sign_in().await.expect("a session")
}

async fn refused(credentials: Credentials) -> Error {
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
    let session = api(Client::named("nightly report").by_its_secret()).sign_in().await.expect("a session");
    assert!(is_valid(&session.access_token).await);
    let end = session.expires_at.expect("an end").as_system_time();
    assert!(end <= SystemTime::now() + Duration::from_secs(300), "it ends later than the server said");
    assert!(end > before + Duration::from_secs(200), "it ends long before the server said");
    assert_eq!(session.refresh_token, None);
}

#[tokio::test]
#[ignore = "needs the server"]
async fn a_wrong_secret_is_refused() {
    let client = Client::named("nightly report");
    let error = refused(Credentials::client_credentials(client.id(), "V1C2-not-the-secret")).await;
    assert_eq!((error.code(), error.status()), (Some("invalid_client"), Some(401)), "{error:?}");
    assert_eq!(error.server_message(), Some("client authentication failed"));
}

#[tokio::test]
#[ignore = "needs the server"]
async fn a_grant_that_the_client_may_not_use_is_refused() {
    let error = refused(Client::named("web portal").by_its_secret()).await;
    // The standard's code for it is `unauthorized_client`; this server has its own mind.
    assert_eq!((error.code(), error.status()), (Some("invalid_request"), Some(400)), "{error:?}");
    assert_eq!(error.server_message(), Some("requested grant type is not allowed for this client"));
}

#[tokio::test]
#[ignore = "needs the server"]
async fn a_grant_that_the_server_does_not_offer_is_refused() {
    let client = Client::named("nightly report");
    let secret = client.secret().expect("a secret");
    let error = refused(Credentials::saml2_bearer(client.id(), secret, "acme", "PHNhbWxwOlJlc3BvbnNl")).await;
    assert_eq!(error.code(), Some("unsupported_grant_type"), "{error:?}");
}

#[tokio::test]
#[ignore = "needs the server"]
async fn an_app_without_a_secret_signs_a_person_in_with_pkce() {
    let session = signed_in(&request(Client::named("desktop app").authorization())).await;
    assert!(is_valid(&session.access_token).await);
    assert!(session.refresh_token.is_some());
}

#[tokio::test]
#[ignore = "needs the server"]
async fn a_web_server_signs_a_person_in_with_its_secret_and_pkce_or_without() {
    for pkce in [true, false] {
        let mut authorization = Client::named("web portal").authorization();
        authorization.pkce = pkce;
        let session = signed_in(&request(authorization)).await;
        assert!(is_valid(&session.access_token).await, "with PKCE: {pkce}");
    }
}

#[tokio::test]
#[ignore = "needs the server"]
async fn everything_that_the_page_can_be_asked_for_is_taken() {
    let mut authorization = Client::named("desktop app").authorization();
    authorization.org = Some("acme".to_owned());
    authorization.provider = Some("okta".to_owned());
    authorization.target = Some("3a1f0c52-6c7b-4f5e-9d0a-b8e4d2c1f097".to_owned());
    authorization.login_hint = Some("ada.keller+test@example.com".to_owned());
    authorization.prompt_login = true;
    let session = signed_in(&request(authorization)).await;
    assert!(is_valid(&session.access_token).await);
}

#[tokio::test]
#[ignore = "needs the server"]
async fn an_app_that_was_ended_meanwhile_goes_on_with_the_same_request() {
    let client = Client::named("desktop app");
    let request = request(client.authorization());
    let redirect = redirect(&request).await;
    let verifier = request.code_verifier().cloned();
    let resumed = AuthorizationRequest::resumed(host(), client.authorization(), request.state(), verifier);
    let credentials = resumed.expect("a request").credentials(&redirect).expect("a code");
    let session = api(credentials).sign_in().await.expect("a session");
    assert!(is_valid(&session.access_token).await);
}

#[tokio::test]
#[ignore = "needs the server"]
async fn a_code_of_another_server_is_not_taken() {
    let mut authorization = Client::named("desktop app").authorization();
    authorization.issuer = Some("https://login.mypurecloud.de".to_owned());
    let request = request(authorization);
    let redirect = redirect(&request).await;
    assert!(redirect.contains("iss="), "the server says who it is");
    let error = request.credentials(&redirect).expect_err("another one was expected");
    assert_eq!(error.kind(), ErrorKind::SignIn, "{error:?}");
    assert!(error.to_string().contains("`iss`"), "{error}");
}

#[tokio::test]
#[ignore = "needs the server"]
async fn a_person_who_refuses_is_an_error_with_the_servers_code() {
    let mut authorization = Client::named("desktop app").authorization();
    authorization.login_hint = Some("deny".to_owned());
    let request = request(authorization);
    let error = request.credentials(&redirect(&request).await).expect_err("the person refused");
    assert_eq!((error.kind(), error.code()), (ErrorKind::SignIn, Some("access_denied")), "{error:?}");
    assert_eq!(error.server_message(), Some("the person refused"));
}

#[tokio::test]
#[ignore = "needs the server"]
async fn a_code_is_good_for_one_exchange() {
    let request = request(Client::named("desktop app").authorization());
    let redirect = redirect(&request).await;
    let credentials = request.credentials(&redirect).expect("a code");
    api(credentials.clone()).sign_in().await.expect("a session");
    let error = refused(credentials).await;
    assert_eq!(error.code(), Some("invalid_grant"), "{error:?}");
    assert!(!error.worth_retrying());
}

#[tokio::test]
#[ignore = "needs the server"]
async fn a_code_is_of_no_use_without_its_verifier() {
    let authorization = Client::named("desktop app").authorization();
    let asked = request(authorization.clone());
    let another = request(authorization.clone()).code_verifier().cloned();
    let thief = AuthorizationRequest::resumed(host(), authorization, asked.state(), another);
    let credentials = thief.expect("a request").credentials(&redirect(&asked).await).expect("a code");
    let error = refused(credentials).await;
    assert_eq!(error.code(), Some("invalid_grant"), "{error:?}");
}

#[tokio::test]
#[ignore = "needs the server"]
async fn a_code_is_of_no_use_for_another_redirect_uri() {
    let client = Client::named("web portal");
    let request = request(client.authorization());
    let redirect = Url::parse(&redirect(&request).await).expect("an address");
    let (_, code) = redirect.query_pairs().find(|(name, _)| name == "code").expect("a code");
    let elsewhere = client.redirect_uri().replace("8443", "9443");
    let verifier = request.code_verifier().cloned();
    let error =
        refused(Credentials::authorization_code(client.id(), &*code, elsewhere, client.secret(), verifier))
            .await;
    assert_eq!(error.code(), Some("invalid_grant"), "{error:?}");
}

#[tokio::test]
#[ignore = "needs the server"]
async fn the_page_sends_nobody_to_another_port() {
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
        let first = signed_in(&request(client.authorization())).await;
        let api = api(client.by_refresh_token(refresh_token(&first)));
        let second = api.sign_in().await.expect("a session");
        assert!(is_valid(&second.access_token).await);
        assert_ne!(second.access_token, first.access_token);
        assert_ne!(second.refresh_token, first.refresh_token);
        assert_eq!(api.session(), Some(second), "what is to be kept is what the server gave last");
        let error = refused(client.by_refresh_token(refresh_token(&first))).await;
        assert_eq!(error.code(), Some("invalid_grant"), "{error:?}");
    }
}

#[tokio::test]
#[ignore = "needs the server"]
async fn a_session_that_was_kept_goes_on_without_the_person() {
    let client = Client::named("desktop app");
    let mut kept = signed_in(&request(client.authorization())).await;

    let holds = api(Credentials::session(client.id(), kept.clone(), None));
    assert_eq!(holds.sign_in().await.expect("a session").access_token, kept.access_token);

    kept.expires_at =
        Some(Timestamp::try_from(SystemTime::now() - Duration::from_secs(60)).expect("a moment"));
    let ended = api(Credentials::session(client.id(), kept.clone(), None));
    let renewed = ended.sign_in().await.expect("a session");
    assert!(is_valid(&renewed.access_token).await);
    assert_ne!(renewed.refresh_token, kept.refresh_token);
}

#[tokio::test]
#[ignore = "needs the server"]
async fn the_browser_of_this_machine_signs_a_person_in() {
    let api = api(Credentials::browser(Client::named("desktop app").authorization()));
    assert_eq!(api.session(), None);
    let session = api.sign_in().await.expect("a session");
    assert!(is_valid(&session.access_token).await);
    assert!(session.refresh_token.is_some());
    let again = api.sign_in().await.expect("a session");
    assert_eq!(again.access_token, session.access_token, "nobody is asked twice");
}

#[tokio::test]
#[ignore = "needs the server"]
async fn a_person_who_refuses_at_the_browser_of_this_machine_ends_the_waiting() {
    let mut authorization = Client::named("desktop app").authorization();
    authorization.login_hint = Some("deny".to_owned());
    let error = refused(Credentials::browser(authorization)).await;
    assert_eq!(error.code(), Some("access_denied"), "{error:?}");
}
