//! Each grant: the request that is sent for it, the reasons for its refusal, and the lifetime of its session.

use std::time::Duration;

use futures::future::join_all;
use purecloud_oauth::{
    Authorization, AuthorizationRequest, Credentials, Error, ErrorKind, GrantType, OAuthApi,
    OAuthClientRequest, Secret, Session,
};
use purecloud_oauth_emulator::{ClientCredentials, Endpoint, Fault};

use crate::world::{World, api, error_of};

const REDIRECT_URI: &str = "http://127.0.0.1:8765/callback";
/// The beginning of an assertion from an identity provider, in Base64.
const ASSERTION: &str = "PHNhbWxwOlJlc3BvbnNlIElEPSJfOGU4ZGM1ZjY5YTk4Y2M0YzFmZjM0MjdlNWNlMzQ2MDYiPg==";

impl World {
    async fn create_client(&self, grant_type: GrantType) -> ClientCredentials {
        let mut body = OAuthClientRequest::new("Einsatzplanung", grant_type);
        body.registered_redirect_uri = Some(vec![REDIRECT_URI.to_owned()]);
        body.access_token_validity_seconds = Some(300);
        body.scope = Some(vec!["oauth".to_owned()]);
        let client = self.api().post_oauth_clients(&body).await.expect("a client");
        self.emulator.reset_counts();
        ClientCredentials {
            client_id: client.id,
            client_secret: client.secret.expect("its secret").expose().to_owned(),
        }
    }

    fn request(&self, authorization: Authorization) -> AuthorizationRequest {
        AuthorizationRequest::new(self.host(), authorization).expect("a request")
    }

    /// Creates a public client of the code grant and signs in with it. Returns the API object and the client's id.
    async fn sign_in_user(&self) -> (OAuthApi, String) {
        let client = self.create_client(GrantType::Code).await;
        let request = self.request(Authorization::new(&client.client_id, REDIRECT_URI));
        let redirect = consent(request.url()).await;
        let api = api(self.config_for(request.credentials(&redirect).expect("credentials")));
        api.sign_in().await.expect("a session");
        (api, client.client_id)
    }

    fn token_form(&self) -> Vec<(String, String)> {
        let request = self.emulator.last_request(Endpoint::Token).expect("a request");
        url::form_urlencoded::parse(request.body_string().as_bytes()).into_owned().collect()
    }

    fn token_requests(&self) -> usize {
        self.emulator.requests(Endpoint::Token)
    }

    fn advance_seconds(&self, seconds: u64) {
        self.clock.advance(Duration::from_secs(seconds));
        self.emulator.clock().advance(Duration::from_secs(seconds));
    }
}

/// Consents as a user with a browser does: opens the page and returns the redirect.
async fn consent(url: &str) -> String {
    let browser =
        reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build().expect("a browser");
    let response = browser.get(url).send().await.expect("a page");
    let location = response.headers().get("location").unwrap_or_else(|| panic!("no redirect: {response:?}"));
    location.to_str().expect("a URL").to_owned()
}

fn names(form: &[(String, String)]) -> Vec<&str> {
    form.iter().map(|(name, _)| name.as_str()).collect()
}

fn assert_sign_in_error(error: &Error, code: &str) {
    assert_eq!((error.kind(), error.code()), (ErrorKind::SignIn, Some(code)), "{error:?}");
}

#[tokio::test]
async fn the_authorize_url_has_every_parameter_that_was_set() {
    let world = World::new().await;
    let mut authorization = Authorization::new("6f1c5a0e-3b1d-4f0e-9a53-0c2f1f6f7f10", REDIRECT_URI);
    authorization.org = Some("landeswarnzentrale".to_owned());
    authorization.provider = Some("adfs".to_owned());
    authorization.target = Some("b1c2d3e4-0000-4000-8000-000000000001".to_owned());
    authorization.login_hint = Some("anna.gruber+dienst@example.at".to_owned());
    authorization.prompt_login = true;
    let request = world.request(authorization.clone());
    let url = url::Url::parse(request.url()).expect("a URL");
    assert!(request.url().starts_with(&format!("{}/oauth/authorize?", world.emulator.login_url())));
    let mut query: Vec<(String, String)> = url.query_pairs().into_owned().collect();
    let challenge =
        query.iter().position(|(name, _)| name == "code_challenge").map(|place| query.remove(place).1);
    assert_eq!(challenge.expect("a challenge").len(), 43);
    let expected = [
        ("response_type", "code"),
        ("client_id", "6f1c5a0e-3b1d-4f0e-9a53-0c2f1f6f7f10"),
        ("redirect_uri", REDIRECT_URI),
        ("state", request.state()),
        ("code_challenge_method", "S256"),
        ("org", "landeswarnzentrale"),
        ("provider", "adfs"),
        ("target", "b1c2d3e4-0000-4000-8000-000000000001"),
        ("login_hint", "anna.gruber+dienst@example.at"),
        ("prompt", "login"),
    ];
    assert_eq!(query, expected.map(|(name, value)| (name.to_owned(), value.to_owned())));
    assert!(!request.url().contains(request.code_verifier().expect("a verifier").expose()));

    authorization.provider = None;
    let error = AuthorizationRequest::new(world.host(), authorization).expect_err("org without provider");
    assert_eq!((error.kind(), error.argument()), (ErrorKind::InvalidArgument, Some("provider")));
}

#[tokio::test]
async fn each_request_has_a_unique_state_and_verifier() {
    let world = World::new().await;
    let authorization = Authorization::new("6f1c5a0e-3b1d-4f0e-9a53-0c2f1f6f7f10", REDIRECT_URI);
    let (one, other) = (world.request(authorization.clone()), world.request(authorization));
    assert_ne!(one.state(), other.state());
    assert_ne!(one.code_verifier(), other.code_verifier());
    assert!(!format!("{one:?}{:#?}", other).contains(one.code_verifier().expect("a verifier").expose()));
}

#[tokio::test]
async fn a_code_is_exchanged_with_its_verifier_by_a_client_without_a_secret() {
    let world = World::new().await;
    let (api, client_id) = world.sign_in_user().await;
    let form = world.token_form();
    assert_eq!(names(&form), ["grant_type", "code", "redirect_uri", "code_verifier", "client_id"]);
    assert_eq!(form[2].1, REDIRECT_URI);
    assert_eq!(form[4].1, client_id);
    let request = world.emulator.last_request(Endpoint::Token).expect("a request");
    assert_eq!(request.header("authorization"), None);
    api.get_oauth_scopes(None).await.expect("scopes");
    assert_eq!(world.token_requests(), 1);
}

#[tokio::test]
async fn a_code_is_exchanged_with_the_secret_with_and_without_a_verifier() {
    for pkce in [true, false] {
        let world = World::new().await;
        let client = world.create_client(GrantType::Code).await;
        let mut authorization = Authorization::new(&client.client_id, REDIRECT_URI);
        authorization.client_secret = Some(client.client_secret.as_str().into());
        authorization.pkce = pkce;
        let request = world.request(authorization);
        assert_eq!(request.code_verifier().is_some(), pkce);
        assert_eq!(request.url().contains("code_challenge"), pkce);
        let credentials = request.credentials(&consent(request.url()).await).expect("credentials");
        api(world.config_for(credentials)).get_oauth_scopes(None).await.expect("scopes");
        let expected: &[&str] = match pkce {
            true => &["grant_type", "code", "redirect_uri", "code_verifier"],
            false => &["grant_type", "code", "redirect_uri"],
        };
        assert_eq!(names(&world.token_form()), expected);
        let sent = world.emulator.last_request(Endpoint::Token).expect("a request");
        assert!(sent.header("authorization").is_some_and(|header| header.starts_with("Basic ")));
    }
}

#[tokio::test]
async fn a_client_without_a_secret_is_refused_without_pkce() {
    let world = World::new().await;
    let mut authorization = Authorization::new("6f1c5a0e-3b1d-4f0e-9a53-0c2f1f6f7f10", REDIRECT_URI);
    authorization.pkce = false;
    let error =
        AuthorizationRequest::new(world.host(), authorization).expect_err("neither a secret nor PKCE");
    assert_eq!(error.to_string(), "client_secret is missing; a client without one needs PKCE");
}

#[tokio::test]
async fn a_code_can_be_exchanged_only_once() {
    let world = World::new().await;
    let client = world.create_client(GrantType::Code).await;
    let request = world.request(Authorization::new(&client.client_id, REDIRECT_URI));
    let credentials = request.credentials(&consent(request.url()).await).expect("credentials");
    api(world.config_for(credentials.clone())).sign_in().await.expect("a session");
    let second = api(world.config_for(credentials));
    let error = error_of(&world, second.sign_in().await);
    assert_sign_in_error(&error, "invalid_grant");
    assert!(error.to_string().contains("the code was used before"), "{error}");
    // The code is known to be used, so no further request is sent.
    let again = error_of(&world, second.get_oauth_scopes(None).await);
    assert_sign_in_error(&again, "invalid_grant");
    assert_eq!(world.token_requests(), 2);
}

#[tokio::test]
async fn a_lost_code_exchange_is_not_retried() {
    let world = World::new().await;
    let client = world.create_client(GrantType::Code).await;
    let request = world.request(Authorization::new(&client.client_id, REDIRECT_URI));
    let credentials = request.credentials(&consent(request.url()).await).expect("credentials");
    let api = api(world.config_for(credentials));
    world.emulator.fault(Fault::on(Endpoint::Token).reset().after_execution());
    let error = error_of(&world, api.sign_in().await);
    assert_eq!(error.kind(), ErrorKind::SignIn);
    assert!(error.to_string().contains("outcome unknown"), "{error}");
    assert!(error.server_may_have_acted() && !error.worth_retrying());
    error_of(&world, api.get_oauth_scopes(None).await);
    error_of(&world, api.sign_in().await);
    assert_eq!(world.token_requests(), 1);
}

#[tokio::test]
async fn a_throttled_code_exchange_can_be_retried() {
    let world = World::new().await;
    let client = world.create_client(GrantType::Code).await;
    let request = world.request(Authorization::new(&client.client_id, REDIRECT_URI));
    let credentials = request.credentials(&consent(request.url()).await).expect("credentials");
    let api = api(world.config_for(credentials));
    world.emulator.fault(Fault::on(Endpoint::Token).error(429, "too.many.requests").times(3));
    let error = error_of(&world, api.sign_in().await);
    assert!(error.worth_retrying() && !error.server_may_have_acted(), "{error:?}");
    api.sign_in().await.expect("a session");
}

#[tokio::test]
async fn a_wrong_verifier_a_late_code_and_another_redirect_uri_are_refused() {
    let world = World::new().await;
    let client = world.create_client(GrantType::Code).await;
    let authorization = Authorization::new(&client.client_id, REDIRECT_URI);

    let request = world.request(authorization.clone());
    let redirect = consent(request.url()).await;
    let other_verifier = world.request(authorization.clone()).code_verifier().cloned();
    let wrong =
        AuthorizationRequest::resumed(world.host(), authorization.clone(), request.state(), other_verifier)
            .expect("a request");
    let credentials = wrong.credentials(&redirect).expect("credentials");
    let error = error_of(&world, api(world.config_for(credentials)).sign_in().await);
    assert_sign_in_error(&error, "invalid_grant");
    assert_eq!(error.server_message(), Some("code_verifier does not match the code challenge"));

    let request = world.request(authorization.clone());
    let credentials = request.credentials(&consent(request.url()).await).expect("credentials");
    world.emulator.clock().advance(Duration::from_secs(301));
    let error = error_of(&world, api(world.config_for(credentials)).sign_in().await);
    assert_sign_in_error(&error, "invalid_grant");
    assert_eq!(error.server_message(), Some("the code has expired"));

    let request = world.request(authorization);
    let redirect = url::Url::parse(&consent(request.url()).await).expect("an address");
    let code = redirect.query_pairs().find(|(name, _)| name == "code").expect("a code").1.into_owned();
    let verifier = request.code_verifier().cloned();
    let other_port = "http://127.0.0.1:9876/callback";
    let credentials = Credentials::authorization_code(&client.client_id, code, other_port, None, verifier);
    let error = error_of(&world, api(world.config_for(credentials)).sign_in().await);
    assert_sign_in_error(&error, "invalid_grant");
    assert_eq!(error.server_message(), Some("redirect_uri is not the one the code was issued for"));
}

#[tokio::test]
async fn a_denied_consent_is_reported_with_the_services_message() {
    let world = World::new().await;
    let client = world.create_client(GrantType::Code).await;
    let request = world.request(Authorization::new(&client.client_id, REDIRECT_URI));
    world.emulator.deny_consent(1);
    let error = request.credentials(&consent(request.url()).await).expect_err("denied");
    assert_sign_in_error(&error, "access_denied");
    assert_eq!(error.server_message(), Some("the user refused the consent"));
    assert_eq!(
        error.to_string(),
        "the sign-in was refused: access_denied: the user refused the consent; the user or an administrator did \
         not consent"
    );
}

#[tokio::test]
async fn a_redirect_of_another_request_is_refused_before_anything_is_sent() {
    let world = World::new().await;
    let mut authorization = Authorization::new("6f1c5a0e-3b1d-4f0e-9a53-0c2f1f6f7f10", REDIRECT_URI);
    authorization.issuer = Some("https://login.mypurecloud.de".to_owned());
    let request = world.request(authorization);
    let state = request.state();
    let code = "R4b2Qm8tLk1Zc7Vn";
    let good = format!("{REDIRECT_URI}?code={code}&state={state}");
    request.credentials(&good).expect("credentials");
    request.credentials(&format!("{good}&iss=https%3A%2F%2Flogin.mypurecloud.de%2F")).expect("the issuer");
    for (redirect, kind, expected) in [
        (
            format!("{REDIRECT_URI}?code={code}&state=x"),
            ErrorKind::SignIn,
            "its state is missing or another one",
        ),
        (format!("{REDIRECT_URI}?code={code}"), ErrorKind::SignIn, "its state is missing or another one"),
        (format!("{REDIRECT_URI}?error=access_denied"), ErrorKind::SignIn, "its state is missing"),
        (format!("{good}&state={state}"), ErrorKind::InvalidArgument, "holds `state` twice"),
        (format!("{good}&code={code}"), ErrorKind::InvalidArgument, "holds `code` twice"),
        (
            format!("{good}&iss=https://login.mypurecloud.ie"),
            ErrorKind::SignIn,
            "its `iss` is not the issuer",
        ),
        (format!("{REDIRECT_URI}?state={state}"), ErrorKind::InvalidArgument, "neither a code nor an error"),
        (good.replace("8765", "8766"), ErrorKind::InvalidArgument, "another port than redirect_uri"),
        (good.replace("/callback", "/"), ErrorKind::InvalidArgument, "another path than redirect_uri"),
        (
            good.replace("127.0.0.1", "127.0.0.2"),
            ErrorKind::InvalidArgument,
            "another host than redirect_uri",
        ),
        (good.replace("http:", "https:"), ErrorKind::InvalidArgument, "another scheme than redirect_uri"),
        (format!("?code={code}&state={state}"), ErrorKind::InvalidArgument, "is not the whole address"),
    ] {
        let error = request.credentials(&redirect).expect_err(&redirect);
        assert_eq!(error.kind(), kind, "{redirect}: {error}");
        assert!(error.to_string().contains(expected), "{redirect}: {error}");
        assert!(!format!("{error:#?}").contains(code), "{error:#?}");
    }
    assert_eq!(world.emulator.received().len(), 0);
}

#[tokio::test]
async fn a_users_session_lasts_a_day_of_calls_and_stores_each_rotated_refresh_token() {
    let world = World::new().await;
    let (api, _) = world.sign_in_user().await;
    let refresh_token = || api.session().expect("a session").refresh_token.expect("a refresh token");
    let mut refresh_tokens = std::collections::HashSet::new();
    let mut minutes = 0;
    for _ in 0..24 * 60 / 2 {
        let before = refresh_token();
        api.get_oauth_scope("users", None).await.expect("a scope");
        // The renewal runs in the background; advancing the clock meanwhile would make its response look lost.
        while minutes >= 4 && refresh_token() == before {
            tokio::task::yield_now().await;
        }
        minutes = if refresh_token() == before { minutes + 2 } else { 2 };
        refresh_tokens.insert(refresh_token().expose().to_owned());
        world.advance_seconds(120);
    }
    assert_eq!(names(&world.token_form()), ["grant_type", "refresh_token", "client_id"]);
    let renewals = world.token_requests() - 1;
    assert!((24 * 60 / 6..=24 * 60 / 3).contains(&renewals), "{renewals}");
    assert!(refresh_tokens.len() >= renewals, "{} of {renewals}", refresh_tokens.len());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_thousand_calls_at_the_end_of_a_token_use_the_refresh_token_once() {
    let world = World::new().await;
    let (api, _) = world.sign_in_user().await;
    world.advance_seconds(301);
    let calls = (0..1_000).map(|_| tokio::spawn(api.clone().get_oauth_scope("users", None).into_future()));
    for result in join_all(calls).await {
        result.expect("no panic").expect("a scope");
    }
    assert_eq!(world.token_requests(), 2);
}

#[tokio::test]
async fn a_refused_renewal_fails_no_call_until_the_old_token_expires_and_then_ends_the_session() {
    let world = World::new().await;
    let (api, _) = world.sign_in_user().await;
    world.emulator.fault(Fault::on(Endpoint::Token).error(400, "invalid_grant").always());
    world.advance_seconds(250);
    api.get_oauth_scopes(None).await.expect("scopes");
    world.emulator.wait_for_requests(Endpoint::Token, 2).await;
    world.emulator.wait_until_idle().await;
    for _ in 0..4 {
        api.get_oauth_scopes(None).await.expect("scopes, with the old token");
        world.advance_seconds(11);
    }
    assert_eq!(api.session().expect("still signed in").refresh_token, None);
    world.advance_seconds(60);
    for _ in 0..3 {
        let error = error_of(&world, api.get_oauth_scopes(None).await);
        assert_sign_in_error(&error, "invalid_grant");
        assert!(error.to_string().contains("sign in again"), "{error}");
    }
    assert_eq!(api.session(), None);
    assert_eq!(world.token_requests(), 2, "a refused refresh token is not tried again");
}

#[tokio::test]
async fn a_token_revoked_on_the_service_is_renewed_once() {
    let world = World::new().await;
    let (api, _) = world.sign_in_user().await;
    world.emulator.revoke_all_tokens();
    for _ in 0..3 {
        api.get_oauth_scopes(None).await.expect("scopes");
    }
    assert_eq!(world.token_requests(), 2);
    world.emulator.revoke_all_tokens();
    world.emulator.fault(Fault::on(Endpoint::Token).error(400, "invalid_grant").always());
    for _ in 0..3 {
        assert_sign_in_error(&error_of(&world, api.get_oauth_scopes(None).await), "invalid_grant");
    }
    assert_eq!(world.token_requests(), 3);
}

#[tokio::test]
async fn a_lost_refresh_is_retried() {
    let world = World::new().await;
    let (api, _) = world.sign_in_user().await;
    world.advance_seconds(301);
    world.emulator.fault(Fault::on(Endpoint::Token).reset());
    world.emulator.fault(Fault::on(Endpoint::Token).error(503, "unavailable"));
    api.get_oauth_scopes(None).await.expect("scopes");
    assert_eq!(world.token_requests(), 4);
}

#[tokio::test]
async fn a_stored_session_continues_without_a_request_and_is_renewed_when_it_expires() {
    let world = World::new().await;
    let (first, client_id) = world.sign_in_user().await;
    let stored = first.session().expect("a session");
    let left = stored
        .expires_at
        .expect("an expiry time")
        .as_system_time()
        .duration_since(std::time::SystemTime::now());
    assert!((290..=300).contains(&left.expect("in the future").as_secs()));

    let second = api(world.config_for(Credentials::session(&client_id, stored.clone(), None)));
    assert_eq!(second.session().map(|session| session.access_token), Some(stored.access_token.clone()));
    second.get_oauth_scopes(None).await.expect("scopes");
    assert_eq!(world.token_requests(), 1);
    world.advance_seconds(301);
    second.get_oauth_scopes(None).await.expect("scopes");
    assert_eq!(world.token_requests(), 2);
    let renewed = second.session().expect("a session");
    assert_ne!(renewed.refresh_token, stored.refresh_token);

    let refresh_token = renewed.refresh_token.expect("a refresh token");
    let third = api(world.config_for(Credentials::refresh_token(&client_id, refresh_token, None)));
    assert_eq!(third.session(), None, "no session before the first call");
    third.get_oauth_scopes(None).await.expect("scopes");

    let mut without = Session::new(stored.access_token);
    without.expires_at = Some(std::time::SystemTime::UNIX_EPOCH.try_into().expect("a timestamp"));
    let expired = api(world.config_for(Credentials::session(&client_id, without, None)));
    let error = error_of(&world, expired.get_oauth_scopes(None).await);
    assert_eq!(error.kind(), ErrorKind::SignIn);
    assert!(error.to_string().contains("the access token has expired"), "{error}");
}

#[tokio::test]
async fn a_session_without_a_refresh_token_ends_with_its_token() {
    let world = World::new().await;
    let session = Session::new(world.emulator.issue_token(&world.emulator.administrator().client_id));
    let credentials = Credentials::session("6f1c5a0e-3b1d-4f0e-9a53-0c2f1f6f7f10", session, None);
    let api = api(world.config_for(credentials));
    api.get_oauth_scopes(None).await.expect("scopes");
    world.emulator.revoke_all_tokens();
    let error = error_of(&world, api.get_oauth_scopes(None).await);
    assert_eq!((error.kind(), error.status()), (ErrorKind::Api, Some(401)));
    let error = error_of(&world, api.get_oauth_scopes(None).await);
    assert_eq!(error.kind(), ErrorKind::SignIn);
    assert!(error.to_string().contains("sign in again"), "{error}");
    assert_eq!((api.session(), world.token_requests()), (None, 0));
}

#[tokio::test]
async fn an_assertion_signs_in_for_its_organization() {
    let world = World::new().await;
    let client = world.create_client(GrantType::Saml2Bearer).await;
    let api_with = |org_name: &str, assertion: &str| {
        api(world.config_for(Credentials::saml2_bearer(
            &client.client_id,
            client.client_secret.as_str(),
            org_name,
            assertion,
        )))
    };
    let name = world.emulator.organization_name();
    api_with(&name, ASSERTION).get_oauth_scopes(None).await.expect("scopes");
    let form = world.token_form();
    assert_eq!(form[0].1, "urn:ietf:params:oauth:grant-type:saml2-bearer");
    assert_eq!(names(&form), ["grant_type", "orgName", "assertion"]);
    assert_eq!((form[1].1.as_str(), form[2].1.as_str()), (name.as_str(), ASSERTION));
    let error = error_of(&world, api_with("another-organization", ASSERTION).get_oauth_scopes(None).await);
    assert_sign_in_error(&error, "invalid_grant");
    assert!(error.to_string().contains("check the organization's name"), "{error}");
    let error = error_of(&world, api_with(&name, "<saml:Assertion>").sign_in().await);
    assert_sign_in_error(&error, "invalid_grant");
}

#[tokio::test]
async fn a_grant_that_the_client_may_not_use_is_refused_with_advice() {
    let world = World::new().await;
    let client = world.create_client(GrantType::Code).await;
    let credentials = Credentials::client_credentials(&client.client_id, client.client_secret.as_str());
    let error = error_of(&world, api(world.config_for(credentials)).sign_in().await);
    assert_sign_in_error(&error, "unauthorized_client");
    assert!(error.to_string().contains("the client is not of the grant type that was used"), "{error}");
    assert_eq!(error.operation(), Some("sign_in"));
}

#[tokio::test]
async fn a_token_in_a_fragment_is_parsed() {
    let world = World::new().await;
    let token = world.emulator.issue_token(&world.emulator.administrator().client_id);
    let redirect =
        format!("{REDIRECT_URI}#access_token={token}&expires_in=86400&token_type=bearer&state=k3v9");
    let credentials = Credentials::implicit_redirect(&redirect, Some("k3v9")).expect("credentials");
    let api = api(world.config_for(credentials));
    api.get_oauth_scopes(None).await.expect("scopes");
    assert!(api.session().expect("a session").expires_at.is_some());
    for (redirect, state, kind) in [
        (redirect.clone(), Some("other"), ErrorKind::SignIn),
        (format!("{REDIRECT_URI}#error=access_denied&state=k3v9"), Some("k3v9"), ErrorKind::SignIn),
        (format!("{REDIRECT_URI}?access_token={token}"), None, ErrorKind::InvalidArgument),
    ] {
        let error = error_of(&world, Credentials::implicit_redirect(&redirect, state));
        assert_eq!(error.kind(), kind, "{error}");
        assert!(!format!("{error:#?}").contains(&token));
    }
}

#[tokio::test]
async fn signing_out_ends_the_session_on_the_service_and_in_the_api_object() {
    let world = World::new().await;
    let (api, _) = world.sign_in_user().await;
    let stored = api.session().expect("a session");
    api.sign_out().await.expect("signed out");
    let request = world.emulator.last_request(Endpoint::DeleteTokensMe).expect("a request");
    assert_eq!(request.target, "/api/v2/tokens/me");
    assert_eq!(api.session(), None);
    let error = error_of(&world, api.get_oauth_scopes(None).await);
    assert_eq!(error.kind(), ErrorKind::SignIn);
    assert_eq!(
        error.to_string(),
        "get_oauth_scopes: no token: signed out: create another API object to sign in again"
    );
    let thief = crate::world::api(world.config_for(Credentials::access_token(stored.access_token)));
    assert_eq!(error_of(&world, thief.get_oauth_scopes(None).await).status(), Some(401));
    api.sign_out().await.expect("signed out already");
    assert_eq!(world.emulator.requests(Endpoint::DeleteTokensMe), 1);
}

#[tokio::test]
async fn signing_out_before_signing_in_sends_nothing() {
    let world = World::new().await;
    let api = world.api();
    api.sign_out().await.expect("nothing to end");
    assert_eq!(world.emulator.received().len(), 0);
}

#[tokio::test]
async fn signing_out_ends_a_refresh_token_whose_access_token_has_expired() {
    let world = World::new().await;
    let (api, _) = world.sign_in_user().await;
    world.advance_seconds(301);
    api.sign_out().await.expect("signed out");
    assert_eq!((world.token_requests(), world.emulator.requests(Endpoint::DeleteTokensMe)), (2, 1));
}

#[tokio::test]
async fn a_failed_sign_out_keeps_the_session() {
    let world = World::new().await;
    let (api, _) = world.sign_in_user().await;
    world.emulator.fault(Fault::on(Endpoint::DeleteTokensMe).error(503, "unavailable").times(3));
    let error = error_of(&world, api.sign_out().await);
    assert_eq!((error.kind(), error.operation()), (ErrorKind::Api, Some("sign_out")));
    api.get_oauth_scopes(None).await.expect("scopes");
    world.emulator.revoke_all_tokens();
    api.sign_out().await.expect("a token that is not accepted has ended");
    assert_eq!(api.session(), None);
}

#[tokio::test]
async fn a_renewal_response_after_signing_out_is_discarded() {
    let world = World::new().await;
    let (api, _) = world.sign_in_user().await;
    world.advance_seconds(250);
    world.emulator.fault(Fault::on(Endpoint::Token).delay(Duration::from_millis(50)));
    api.get_oauth_scopes(None).await.expect("scopes");
    world.emulator.wait_for_requests(Endpoint::Token, 2).await;
    api.sign_out().await.expect("signed out");
    world.emulator.wait_until_idle().await;
    assert_eq!(error_of(&world, api.get_oauth_scopes(None).await).kind(), ErrorKind::SignIn);
}

#[tokio::test]
async fn a_session_that_begins_while_signing_out_is_ended_with_it() {
    let world = World::new().await;
    let client = world.create_client(GrantType::Code).await;
    let request = world.request(Authorization::new(&client.client_id, REDIRECT_URI));
    let credentials = request.credentials(&consent(request.url()).await).expect("credentials");
    let api = api(world.config_for(credentials));
    world.emulator.fault(Fault::on(Endpoint::Token).after_execution().delay(Duration::from_millis(50)));
    let signing_in = tokio::spawn({
        let api = api.clone();
        async move { api.sign_in().await }
    });
    world.emulator.wait_for_requests(Endpoint::Token, 1).await;
    api.sign_out().await.expect("signed out");
    let _ = signing_in.await.expect("no panic");
    assert_eq!(world.emulator.executions(Endpoint::DeleteTokensMe), 1);
    assert_eq!(api.session(), None);
}

#[tokio::test]
async fn signing_out_ends_the_refresh_token_of_a_rejected_access_token() {
    let world = World::new().await;
    let (api, client_id) = world.sign_in_user().await;
    let stored = api.session().and_then(|session| session.refresh_token).expect("a refresh token");
    world.emulator.revoke_all_tokens();
    api.sign_out().await.expect("signed out");
    assert_eq!(world.emulator.requests(Endpoint::DeleteTokensMe), 2);
    let thief = crate::world::api(world.config_for(Credentials::refresh_token(&client_id, stored, None)));
    assert_sign_in_error(&error_of(&world, thief.sign_in().await), "invalid_grant");
}

#[tokio::test]
async fn no_call_renews_during_a_sign_out() {
    let world = World::new().await;
    let (api, _) = world.sign_in_user().await;
    world
        .emulator
        .fault(Fault::on(Endpoint::DeleteTokensMe).after_execution().delay(Duration::from_millis(50)));
    let signing_out = tokio::spawn({
        let api = api.clone();
        async move { api.sign_out().await }
    });
    world.emulator.wait_for_requests(Endpoint::DeleteTokensMe, 1).await;
    world.emulator.revoke_all_tokens();
    error_of(&world, api.get_oauth_scopes(None).await);
    signing_out.await.expect("no panic").expect("signed out");
    assert_eq!(world.token_requests(), 1);
    assert_eq!(api.session(), None);
}

/// Starts to exchange a code on a separate runtime, and stops driving that runtime before the response arrives.
async fn abandon_code_exchange(world: &World) -> (OAuthApi, tokio::runtime::Runtime) {
    let client = world.create_client(GrantType::Code).await;
    let request = world.request(Authorization::new(&client.client_id, REDIRECT_URI));
    let credentials = request.credentials(&consent(request.url()).await).expect("credentials");
    let api = api(world.config_for(credentials));
    world.emulator.fault(Fault::on(Endpoint::Token).hang());
    let signing_in = api.clone();
    let (arrived, until_arrived) = tokio::sync::oneshot::channel::<()>();
    let thread = std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        runtime.block_on(async {
            tokio::select! { _ = signing_in.sign_in() => panic!("unexpected response"), _ = until_arrived => {} }
        });
        runtime
    });
    world.emulator.wait_for_requests(Endpoint::Token, 1).await;
    arrived.send(()).expect("the thread waits");
    (api, thread.join().expect("no panic"))
}

#[tokio::test]
async fn a_code_is_not_sent_again_after_its_runtime_is_lost() {
    let world = World::new().await;
    let (api, runtime) = abandon_code_exchange(&world).await;
    runtime.shutdown_background();
    for _ in 0..2 {
        let error = error_of(&world, api.sign_in().await);
        assert_eq!(error.kind(), ErrorKind::SignIn);
        assert!(error.to_string().contains("a code can be used only once"), "{error}");
    }
    assert_eq!(world.token_requests(), 1);
}

#[tokio::test]
async fn a_call_that_waits_for_a_stalled_runtime_ends_at_its_deadline() {
    let world = World::new().await;
    let (api, stalled) = abandon_code_exchange(&world).await;
    let (result, ()) = tokio::join!(api.sign_in(), async {
        tokio::task::yield_now().await;
        world.clock.advance(Duration::from_secs(101));
    });
    assert_eq!(error_of(&world, result).kind(), ErrorKind::SignIn);
    assert_eq!(world.token_requests(), 1);
    stalled.shutdown_background();
}

#[tokio::test]
async fn a_runtime_that_shuts_down_is_an_error_and_not_a_loop() {
    let world = World::new().await;
    let api = world.api();
    let leaving = tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("a runtime");
    let handle = leaving.handle().clone();
    leaving.shutdown_background();
    let error = std::thread::spawn(move || handle.block_on(api.sign_in())).join().expect("no panic");
    assert!(error.expect_err("no token").to_string().contains("the runtime is shutting down"));
}

#[tokio::test]
async fn a_refresh_token_whose_client_is_refused_is_not_retried_with_every_call() {
    let world = World::new().await;
    let (api, _) = world.sign_in_user().await;
    world.advance_seconds(301);
    world.emulator.fault(Fault::on(Endpoint::Token).error(401, "invalid_client").always());
    for _ in 0..5 {
        assert_sign_in_error(&error_of(&world, api.get_oauth_scopes(None).await), "invalid_client");
    }
    assert_eq!(world.token_requests(), 2);
}

#[tokio::test]
async fn a_secret_repeated_by_the_login_host_is_masked() {
    let world = World::new().await;
    let token = "q8Zt4Lw1Vb6Rn3Xc9Km5Hj7Pd2Fs0GaY";
    let description = format!("the refresh token {token} is unknown");
    let body = format!("{{\"error\":\"invalid_grant\",\"error_description\":\"{description}\"}}");
    world.emulator.fault(Fault::on(Endpoint::Token).status(400).body("application/json", body));
    let credentials = Credentials::refresh_token("6f1c5a0e-3b1d-4f0e-9a53-0c2f1f6f7f10", token, None);
    let error = api(world.config_for(credentials)).sign_in().await.expect_err("refused");
    assert_eq!(error.server_message(), Some("the refresh token *** is unknown"));
    assert!(!format!("{error:#?}").contains(token));

    let sent: String = url::form_urlencoded::byte_serialize(ASSERTION.as_bytes()).collect();
    let body =
        format!("{{\"error\":\"invalid_request\",\"error_description\":\"not allowed: assertion={sent}\"}}");
    world.emulator.fault(Fault::on(Endpoint::Token).status(400).body("application/json", body));
    let client = "6f1c5a0e-3b1d-4f0e-9a53-0c2f1f6f7f10";
    let credentials = Credentials::saml2_bearer(client, "hq3KpZ0vX1yT7wB9", "acme", ASSERTION);
    let error = crate::world::api(world.config_for(credentials)).sign_in().await.expect_err("refused");
    assert_eq!(error.server_message(), Some("not allowed: assertion=***"));
}

#[tokio::test]
async fn invalid_credentials_are_refused_by_the_name_of_the_argument() {
    let world = World::new().await;
    let (id, secret) = ("6f1c5a0e-3b1d-4f0e-9a53-0c2f1f6f7f10", || Some(Secret::new("hq3KpZ0vX1yT7wB9")));
    let verifier = || Some(Secret::new("short"));
    let browser = |redirect_uri: &str| Credentials::browser(Authorization::new(id, redirect_uri));
    for (credentials, argument) in [
        (Credentials::authorization_code(id, "", REDIRECT_URI, secret(), None), "code"),
        (Credentials::authorization_code(id, "a b", REDIRECT_URI, secret(), None), "code"),
        (Credentials::authorization_code(id, "R4b2Qm8t", REDIRECT_URI, None, None), "client_secret"),
        (Credentials::authorization_code(id, "R4b2Qm8t", REDIRECT_URI, None, verifier()), "code_verifier"),
        (Credentials::authorization_code("", "R4b2Qm8t", REDIRECT_URI, secret(), None), "client_id"),
        (Credentials::refresh_token(id, "", None), "refresh_token"),
        (Credentials::saml2_bearer(id, "hq3KpZ0vX1yT7wB9", " ", ASSERTION), "org_name"),
        (Credentials::saml2_bearer(id, "hq3KpZ0vX1yT7wB9", "acme", ""), "assertion"),
        (Credentials::session(id, Session::new(""), None), "session.access_token"),
        (browser("https://127.0.0.1:8765/callback"), "redirect_uri"),
        (browser("http://callback.example.com/"), "redirect_uri"),
        (browser("callback"), "redirect_uri"),
        (browser("http://anna:x@127.0.0.1:8765/callback"), "redirect_uri"),
        (browser("http://127.0.0.1:0/callback"), "redirect_uri"),
    ] {
        let error = world.config_for(credentials).build().expect_err(argument);
        assert_eq!((error.kind(), error.argument()), (ErrorKind::InvalidArgument, Some(argument)), "{error}");
    }
    assert_eq!(world.emulator.received().len(), 0);
}

#[tokio::test]
async fn the_logout_url_is_on_the_login_host() {
    let host: purecloud_oauth::Host = "eu_central_1".parse().expect("a region");
    let url = host.logout_url("6f1c5a0e", "https://wartung.example.at/?page=1").expect("a URL");
    assert_eq!(
        url,
        "https://login.mypurecloud.de/logout?client_id=6f1c5a0e&redirect_uri=https%3A%2F%2Fwartung.example.at%2F%3Fpage%3D1"
    );
    assert_eq!(
        host.logout_url("", "https://wartung.example.at/").expect_err("empty").argument(),
        Some("client_id")
    );
}

#[test]
fn an_http_redirect_behind_a_tls_proxy_is_refused_with_the_setting_that_accepts_it() {
    let mut authorization = Authorization::new("6f1c5a0e", "https://wartung.example.at/callback");
    let redirect = |request: &AuthorizationRequest| {
        format!("http://wartung.example.at/callback?code=R4b2Qm8tLk1Zc7Vn&state={}", request.state())
    };
    let host = purecloud_oauth::Host::from(purecloud_oauth::Region::EuCentral1);
    let strict = AuthorizationRequest::new(host.clone(), authorization.clone()).expect("a request");
    let error = strict.credentials(&redirect(&strict)).expect_err("another scheme");
    assert_eq!(error.argument(), Some("redirect"));
    assert!(
        error.to_string().contains("has the scheme http")
            && error.to_string().contains("accept_http_redirect")
    );

    authorization.accept_http_redirect = true;
    let lenient = AuthorizationRequest::new(host, authorization).expect("a request");
    lenient.credentials(&redirect(&lenient)).expect("credentials");
}
