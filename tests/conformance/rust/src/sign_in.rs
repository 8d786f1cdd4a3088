//! Each way to sign in, the refusals, and the session afterwards.

use std::env;
use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use futures::future::join_all;
use purecloud_oauth::{
    Authorization, AuthorizationRequest, Config, Credentials, Error, ErrorKind, GrantType, Host, OAuthApi,
    OAuthClientRequest, Secret, Session, Sources,
};
use serde_json::json;

use crate::case::Outcome;
use crate::emulator::Emulator;

cases![
    access_token,
    code_with_pkce,
    code_with_secret,
    code_used_twice,
    wrong_verifier,
    expired_code,
    denied_consent,
    wrong_state,
    redirect_on_another_port,
    refresh_token,
    refused_refresh_token,
    kept_session,
    saml2_bearer,
    implicit_redirect,
    authorize_address,
    browser_sign_in,
    browser_denied,
    browser_deadline,
    sign_out,
    logout_page,
    revoked_token,
    refused_renewal,
    renewal_by_all_at_once,
    from_environment,
    from_profile,
    from_nowhere,
    signing_in_is_not_printed,
];

const REDIRECT_URI: &str = "http://127.0.0.1:8765/callback";
const ANY_PORT: &str = "http://127.0.0.1/callback";
const ASSERTION: &str = "PHNhbWxwOlJlc3BvbnNlIElEPSJfOGU4ZGM1ZjY5YTk4Y2M0YzFmZjM0MjdlNWNlMzQ2MDYiPg==";

/// An OAuth client that users sign in to.
struct Client {
    id: String,
    secret: Secret,
}

impl Client {
    async fn create(emulator: &Emulator, grant_type: GrantType) -> Result<Self, Error> {
        let mut body = OAuthClientRequest::new("Einsatzplanung", grant_type);
        body.registered_redirect_uri = Some(vec![REDIRECT_URI.to_owned(), ANY_PORT.to_owned()]);
        body.access_token_validity_seconds = Some(600);
        body.scope = Some(vec!["oauth".to_owned()]);
        let client = emulator.api().post_oauth_clients(&body).await?;
        emulator.forget_requests().await;
        Ok(Client { id: client.id, secret: client.secret.expect("its secret") })
    }

    fn authorization(&self) -> Authorization {
        Authorization::new(&self.id, REDIRECT_URI)
    }

    /// Returns credentials with an authorization code that the user consented to.
    async fn consent(&self, emulator: &Emulator) -> Result<Credentials, Error> {
        let request = AuthorizationRequest::new(emulator.host(), self.authorization())?;
        request.credentials(&emulator.consent(request.url()).await)
    }

    async fn sign_in(&self, emulator: &Emulator) -> Result<OAuthApi, Error> {
        let api = emulator.api_with(self.consent(emulator).await?)?;
        api.sign_in().await?;
        Ok(api)
    }
}

async fn token_requests(emulator: &Emulator) -> usize {
    emulator.counts("token").await.requests
}

fn expect_refusal<T>(result: Result<T, Error>, code: &str) -> Error {
    let error = result.err().expect("an error");
    assert_eq!((error.kind(), error.code()), (ErrorKind::SignIn, Some(code)), "{error:?}");
    error
}

async fn access_token(emulator: &Emulator) -> Outcome {
    let api = emulator.api_with(Credentials::access_token(emulator.issue_token().await))?;
    api.sign_in().await?;
    api.get_oauth_clients().await?;
    emulator.revoke_tokens().await;
    let error = api.get_oauth_clients().await.expect_err("a revoked token");
    assert_eq!((error.kind(), error.status()), (ErrorKind::Api, Some(401)));
    assert_eq!(token_requests(emulator).await, 0);
    Ok(())
}

async fn code_with_pkce(emulator: &Emulator) -> Outcome {
    let client = Client::create(emulator, GrantType::Code).await?;
    let request = AuthorizationRequest::new(emulator.host(), client.authorization())?;
    assert!(
        request.url().contains("code_challenge=") && request.url().contains("code_challenge_method=S256")
    );
    let api = emulator.api_with(request.credentials(&emulator.consent(request.url()).await)?)?;
    let session = api.sign_in().await?;
    assert!(session.expires_at.is_some() && session.refresh_token.is_some());
    let sent = emulator.last_request("token").await;
    let verifier = request.code_verifier().expect("a verifier").expose();
    assert!(sent.body.contains(&format!("code_verifier={verifier}")));
    assert!(sent.body.contains(&format!("client_id={}", client.id)));
    assert_eq!(sent.header("authorization"), None);
    api.get_oauth_scopes(None).await?;
    assert_eq!(token_requests(emulator).await, 1);
    Ok(())
}

async fn code_with_secret(emulator: &Emulator) -> Outcome {
    let client = Client::create(emulator, GrantType::Code).await?;
    let mut authorization = client.authorization();
    authorization.client_secret = Some(client.secret.clone());
    authorization.pkce = false;
    let request = AuthorizationRequest::new(emulator.host(), authorization)?;
    assert_eq!(request.code_verifier(), None);
    let api = emulator.api_with(request.credentials(&emulator.consent(request.url()).await)?)?;
    api.get_oauth_scopes(None).await?;
    let sent = emulator.last_request("token").await;
    assert!(sent.header("authorization").is_some_and(|header| header.starts_with("Basic ")));
    assert!(!sent.body.contains("code_verifier"));
    Ok(())
}

async fn code_used_twice(emulator: &Emulator) -> Outcome {
    let client = Client::create(emulator, GrantType::Code).await?;
    let credentials = client.consent(emulator).await?;
    emulator.api_with(credentials.clone())?.sign_in().await?;
    let error = expect_refusal(emulator.api_with(credentials)?.sign_in().await, "invalid_grant");
    assert!(error.to_string().contains("sign in again"), "{error}");
    Ok(())
}

async fn wrong_verifier(emulator: &Emulator) -> Outcome {
    let client = Client::create(emulator, GrantType::Code).await?;
    let request = AuthorizationRequest::new(emulator.host(), client.authorization())?;
    let redirect = emulator.consent(request.url()).await;
    let other = AuthorizationRequest::new(emulator.host(), client.authorization())?;
    let verifier = other.code_verifier().cloned();
    let resumed =
        AuthorizationRequest::resumed(emulator.host(), client.authorization(), request.state(), verifier)?;
    expect_refusal(emulator.api_with(resumed.credentials(&redirect)?)?.sign_in().await, "invalid_grant");
    Ok(())
}

async fn expired_code(emulator: &Emulator) -> Outcome {
    let client = Client::create(emulator, GrantType::Code).await?;
    let credentials = client.consent(emulator).await?;
    emulator.advance_clock(Duration::from_secs(301)).await;
    expect_refusal(emulator.api_with(credentials)?.sign_in().await, "invalid_grant");
    Ok(())
}

async fn denied_consent(emulator: &Emulator) -> Outcome {
    let client = Client::create(emulator, GrantType::Code).await?;
    emulator.deny_consent().await;
    let error = expect_refusal(client.consent(emulator).await, "access_denied");
    assert_eq!(error.server_message(), Some("the user refused the consent"));
    assert_eq!(token_requests(emulator).await, 0);
    Ok(())
}

async fn wrong_state(emulator: &Emulator) -> Outcome {
    let client = Client::create(emulator, GrantType::Code).await?;
    let request = AuthorizationRequest::new(emulator.host(), client.authorization())?;
    let redirect = emulator.consent(request.url()).await.replace(request.state(), "another");
    let error = request.credentials(&redirect).expect_err("another state");
    assert_eq!(error.kind(), ErrorKind::SignIn);
    assert_eq!(token_requests(emulator).await, 0);
    Ok(())
}

async fn redirect_on_another_port(emulator: &Emulator) -> Outcome {
    let client = Client::create(emulator, GrantType::Code).await?;
    let request = AuthorizationRequest::new(emulator.host(), client.authorization())?;
    let redirect = emulator.consent(request.url()).await;
    let error = request.credentials(&redirect.replace("8765", "8766")).expect_err("another port");
    assert_eq!((error.kind(), error.argument()), (ErrorKind::InvalidArgument, Some("redirect")));
    let code = redirect.split_once("code=").and_then(|(_, rest)| rest.split('&').next()).expect("a code");
    let verifier = request.code_verifier().cloned();
    let other_port = "http://127.0.0.1:8766/callback";
    let credentials = Credentials::authorization_code(&client.id, code, other_port, None, verifier);
    expect_refusal(emulator.api_with(credentials)?.sign_in().await, "invalid_grant");
    Ok(())
}

async fn refresh_token(emulator: &Emulator) -> Outcome {
    let client = Client::create(emulator, GrantType::Code).await?;
    let kept = session_of(&client.sign_in(emulator).await?).refresh_token.expect("a refresh token");
    let api = emulator.api_with(Credentials::refresh_token(&client.id, kept.clone(), None))?;
    assert_eq!(api.session(), None);
    api.get_oauth_scopes(None).await?;
    assert!(emulator.last_request("token").await.body.starts_with("grant_type=refresh_token&"));
    assert!(session_of(&api).refresh_token.is_some_and(|present| present != kept));
    Ok(())
}

async fn refused_refresh_token(emulator: &Emulator) -> Outcome {
    let client = Client::create(emulator, GrantType::Code).await?;
    let used = session_of(&client.sign_in(emulator).await?).refresh_token.expect("a refresh token");
    let credentials = Credentials::refresh_token(&client.id, used, None);
    emulator.api_with(credentials.clone())?.sign_in().await?;
    let api = emulator.api_with(credentials)?;
    emulator.forget_requests().await;
    expect_refusal(api.get_oauth_scopes(None).await, "invalid_grant");
    expect_refusal(api.get_oauth_scopes(None).await, "invalid_grant");
    assert_eq!(token_requests(emulator).await, 1);
    Ok(())
}

async fn kept_session(emulator: &Emulator) -> Outcome {
    let client = Client::create(emulator, GrantType::Code).await?;
    let kept = session_of(&client.sign_in(emulator).await?);
    emulator.forget_requests().await;
    let api = emulator.api_with(Credentials::session(&client.id, kept.clone(), None))?;
    api.get_oauth_scopes(None).await?;
    assert_eq!(session_of(&api), kept);
    assert_eq!(token_requests(emulator).await, 0);
    Ok(())
}

async fn saml2_bearer(emulator: &Emulator) -> Outcome {
    let client = Client::create(emulator, GrantType::Saml2Bearer).await?;
    let credentials_for = |organization: &str| {
        Credentials::saml2_bearer(&client.id, client.secret.clone(), organization, ASSERTION)
    };
    emulator.api_with(credentials_for(&emulator.organization_name().await))?.get_oauth_scopes(None).await?;
    let sent = emulator.last_request("token").await.body;
    assert!(sent.starts_with("grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Asaml2-bearer&orgName="));
    expect_refusal(emulator.api_with(credentials_for("somebody-else"))?.sign_in().await, "invalid_grant");
    Ok(())
}

async fn implicit_redirect(emulator: &Emulator) -> Outcome {
    let token = emulator.issue_token().await;
    let redirect =
        format!("{REDIRECT_URI}#access_token={token}&expires_in=86400&token_type=bearer&state=k3v9");
    let api = emulator.api_with(Credentials::implicit_redirect(&redirect, Some("k3v9"))?)?;
    api.get_oauth_scopes(None).await?;
    assert!(session_of(&api).expires_at.is_some());
    let error = Credentials::implicit_redirect(&redirect, Some("another")).expect_err("another state");
    assert_eq!(error.kind(), ErrorKind::SignIn);
    Ok(())
}

async fn authorize_address(emulator: &Emulator) -> Outcome {
    let mut authorization = Authorization::new("6f1c5a0e-3b1d-4f0e-9a53-0c2f1f6f7f10", REDIRECT_URI);
    authorization.org = Some("landeswarnzentrale".to_owned());
    authorization.provider = Some("adfs".to_owned());
    authorization.target = Some("b1c2d3e4-0000-4000-8000-000000000001".to_owned());
    authorization.login_hint = Some("anna.gruber+dienst@example.at".to_owned());
    authorization.prompt_login = true;
    let request = AuthorizationRequest::new(emulator.host(), authorization.clone())?;
    let (page, query) = request.url().split_once('?').expect("a query");
    assert_eq!(page, format!("{}oauth/authorize", emulator.host().login_url()));
    for expected in [
        "client_id=6f1c5a0e-3b1d-4f0e-9a53-0c2f1f6f7f10",
        "redirect_uri=http%3A%2F%2F127.0.0.1%3A8765%2Fcallback",
        "response_type=code",
        &format!("state={}", request.state()),
        "org=landeswarnzentrale",
        "provider=adfs",
        "target=b1c2d3e4-0000-4000-8000-000000000001",
        "login_hint=anna.gruber%2Bdienst%40example.at",
        "prompt=login",
        "code_challenge_method=S256",
    ] {
        assert!(query.split('&').any(|pair| pair == expected), "{expected} in {query}");
    }
    assert!(query.split('&').any(|pair| pair.starts_with("code_challenge=")));
    authorization.provider = None;
    let error = AuthorizationRequest::new(emulator.host(), authorization).expect_err("org without provider");
    assert_eq!((error.kind(), error.argument()), (ErrorKind::InvalidArgument, Some("provider")));
    Ok(())
}

async fn browser_sign_in(emulator: &Emulator) -> Outcome {
    let client = Client::create(emulator, GrantType::Code).await?;
    let api = emulator.api_with(Credentials::browser(Authorization::new(&client.id, ANY_PORT)))?;
    let error = api.get_oauth_scopes(None).await.expect_err("not signed in");
    assert_eq!(error.kind(), ErrorKind::SignIn);
    assert!(api.sign_in().await?.refresh_token.is_some());
    api.get_oauth_scopes(None).await?;
    assert_eq!(emulator.counts("authorize").await.requests, 1);
    Ok(())
}

async fn browser_denied(emulator: &Emulator) -> Outcome {
    let client = Client::create(emulator, GrantType::Code).await?;
    emulator.deny_consent().await;
    let credentials = Credentials::browser(Authorization::new(&client.id, ANY_PORT));
    expect_refusal(emulator.api_with(credentials)?.sign_in().await, "access_denied");
    Ok(())
}

async fn browser_deadline(emulator: &Emulator) -> Outcome {
    let client = Client::create(emulator, GrantType::Code).await?;
    emulator.inject_fault(json!({"endpoint": "authorize", "kind": {"hang": {}}})).await;
    let mut authorization = Authorization::new(&client.id, ANY_PORT);
    authorization.deadline = Some(Duration::from_millis(200));
    let error =
        emulator.api_with(Credentials::browser(authorization))?.sign_in().await.expect_err("a timeout");
    assert_eq!(error.kind(), ErrorKind::SignIn);
    assert!(error.to_string().contains("200ms"), "{error}");
    Ok(())
}

async fn sign_out(emulator: &Emulator) -> Outcome {
    let client = Client::create(emulator, GrantType::Code).await?;
    let api = client.sign_in(emulator).await?;
    let token = session_of(&api).access_token;
    api.sign_out().await?;
    assert_eq!(emulator.counts("delete_tokens_me").await.executions, 1);
    assert_eq!(api.session(), None);
    let error = api.get_oauth_scopes(None).await.expect_err("signed out");
    assert_eq!(error.kind(), ErrorKind::SignIn);
    let error = emulator.api_with(Credentials::access_token(token))?.get_oauth_scopes(None).await;
    assert_eq!(error.expect_err("a revoked token").status(), Some(401));
    Ok(())
}

async fn logout_page(emulator: &Emulator) -> Outcome {
    let url = emulator.host().logout_url("6f1c5a0e-3b1d-4f0e-9a53-0c2f1f6f7f10", REDIRECT_URI)?;
    let expected = "logout?client_id=6f1c5a0e-3b1d-4f0e-9a53-0c2f1f6f7f10&redirect_uri=http%3A%2F%2F127.0.0.1%3A8765%2Fcallback";
    assert_eq!(url, format!("{}{expected}", emulator.host().login_url()));
    Ok(())
}

async fn revoked_token(emulator: &Emulator) -> Outcome {
    let client = Client::create(emulator, GrantType::Code).await?;
    let api = client.sign_in(emulator).await?;
    emulator.revoke_tokens().await;
    emulator.forget_requests().await;
    for _ in 0..3 {
        api.get_oauth_scopes(None).await?;
    }
    assert_eq!(token_requests(emulator).await, 1);
    Ok(())
}

async fn refused_renewal(emulator: &Emulator) -> Outcome {
    let client = Client::create(emulator, GrantType::Code).await?;
    let api = client.sign_in(emulator).await?;
    emulator.revoke_tokens().await;
    emulator.forget_requests().await;
    let body = json!({"error": "invalid_grant", "error_description": "the session was ended"}).to_string();
    let refusal = json!({"status": 400, "content_type": "application/json", "body": body});
    emulator.inject_fault(json!({"endpoint": "token", "times": null, "kind": {"answer": refusal}})).await;
    for _ in 0..3 {
        expect_refusal(api.get_oauth_scopes(None).await, "invalid_grant");
    }
    assert_eq!(token_requests(emulator).await, 1);
    Ok(())
}

async fn renewal_by_all_at_once(emulator: &Emulator) -> Outcome {
    let client = Client::create(emulator, GrantType::Code).await?;
    let api = client.sign_in(emulator).await?;
    emulator.revoke_tokens().await;
    emulator.forget_requests().await;
    let calls = (0..200).map(|_| tokio::spawn(api.clone().get_oauth_scope("users", None).into_future()));
    for call in join_all(calls).await {
        call.expect("no panic")?;
    }
    assert_eq!(token_requests(emulator).await, 1);
    Ok(())
}

async fn from_environment(_emulator: &Emulator) -> Outcome {
    assert!(!OAuthApi::from_env()?.get_oauth_clients().await?.entities.is_empty());
    let changed = Config::from_env()?.user_agent_suffix("Nachtlauf/2.1").build()?;
    assert!(!OAuthApi::new(changed).get_oauth_clients().await?.entities.is_empty());
    Ok(())
}

async fn from_profile(emulator: &Emulator) -> Outcome {
    let home = Home::new("profile");
    home.write_profile(&format!(
        "[leitstelle]\nenvironment = \"{}\"\nclient_credentials = \"{}\"\nclient_secret = \"{}\"\n",
        emulator.host().api_url(),
        emulator.client_id,
        emulator.client_secret
    ));
    let mut sources = Sources::default();
    sources.environment = false;
    sources.profile = Some("leitstelle".to_owned());
    sources.home = Some(home.0.display().to_string());
    let api = OAuthApi::new(Config::find(&sources)?.build()?);
    assert!(!api.get_oauth_clients().await?.entities.is_empty());
    Ok(())
}

async fn from_nowhere(_emulator: &Emulator) -> Outcome {
    let home = Home::new("nowhere");
    let mut sources = Sources::default();
    sources.environment = false;
    sources.home = Some(home.0.display().to_string());
    let error = Config::find(&sources).err().expect("no settings");
    assert_eq!((error.kind(), error.argument()), (ErrorKind::InvalidArgument, Some("credentials")));
    assert!(error.to_string().contains(".gc/config.toml"), "{error}");
    Ok(())
}

async fn signing_in_is_not_printed(emulator: &Emulator) -> Outcome {
    let client = Client::create(emulator, GrantType::Code).await?;
    let mut authorization = client.authorization();
    authorization.client_secret = Some(client.secret.clone());
    let request = AuthorizationRequest::new(emulator.host(), authorization.clone())?;
    let redirect = emulator.consent(request.url()).await;
    let credentials = request.credentials(&redirect)?;
    let api = emulator.api_with(credentials.clone())?;
    let session = api.sign_in().await?;
    let kept = Credentials::session(&client.id, session.clone(), Some(client.secret.clone()));
    let error = expect_refusal(emulator.api_with(credentials.clone())?.sign_in().await, "invalid_grant");
    let printed =
        format!("{authorization:?}{request:?}{credentials:?}{session:?}{kept:?}{error:?}{error:#?}{api:?}");
    let code = redirect.split_once("code=").and_then(|(_, rest)| rest.split('&').next()).expect("a code");
    let verifier = request.code_verifier().expect("a verifier").expose();
    let refresh_token = session.refresh_token.as_ref().expect("a refresh token").expose();
    for secret in [code, verifier, refresh_token, session.access_token.expose(), client.secret.expose()] {
        assert!(!printed.contains(secret), "{printed}");
    }
    Ok(())
}

fn session_of(api: &OAuthApi) -> Session {
    api.session().expect("a session")
}

/// A separate home folder for a case, removed on drop.
struct Home(PathBuf);

impl Home {
    fn new(name: &str) -> Self {
        let folder = env::temp_dir().join(format!("purecloud-oauth-{name}-{}", std::process::id()));
        fs::create_dir_all(folder.join(".gc")).expect("a folder");
        Home(folder)
    }

    fn write_profile(&self, content: &str) {
        fs::write(self.0.join(".gc/config.toml"), content).expect("a file");
    }
}

impl Drop for Home {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

impl Emulator {
    fn host(&self) -> Host {
        self.config().build().expect("settings").host().clone()
    }

    fn api_with(&self, credentials: Credentials) -> Result<OAuthApi, Error> {
        Ok(OAuthApi::new(self.config_with(credentials).build()?))
    }
}
