//! Settings: validated when they are built, named in errors, and applied.

use std::time::Duration;

use purecloud_oauth::{
    Authorization, Config, ConfigBuilder, Credentials, ErrorKind, Gateway, Host, OAuthApi, Region,
    RetryPolicy, Session,
};
use purecloud_oauth_emulator::{Endpoint, Fault};

use crate::world::{World, api, error_of};

/// PEM that contains no valid certificate.
const NO_CERTIFICATE: &str =
    "-----BEGIN CERTIFICATE-----\nMIIBszCCAVmgAwIBAgIUQ2Vy\n-----END CERTIFICATE-----\n";

fn builder() -> ConfigBuilder {
    Config::builder(
        Region::EuCentral1,
        Credentials::client_credentials("6f1c8a52", "hq3KpZ0vX1yT7wB9nR4sL6uD8"),
    )
}

#[test]
fn an_invalid_setting_is_refused_by_name() {
    let policy = RetryPolicy::default;
    let refused = [
        (builder().connect_timeout(Duration::ZERO), "connect_timeout"),
        (builder().attempt_timeout(Duration::ZERO), "attempt_timeout"),
        (builder().deadline(Duration::ZERO), "deadline"),
        (builder().connect_timeout(Duration::from_secs(30)), "connect_timeout"),
        (builder().retry(RetryPolicy { max_attempts: 0, ..policy() }), "retry.max_attempts"),
        (
            builder().retry(RetryPolicy { first_backoff: Duration::from_secs(60), ..policy() }),
            "retry.first_backoff",
        ),
        (builder().proxy("not an address"), "proxy"),
        (builder().root_certificates("not a certificate"), "root_certificates"),
        (builder().root_certificates(""), "root_certificates"),
        (builder().client_certificate("not a certificate"), "client_certificate"),
        (builder().user_agent_suffix("tür/1.0"), "user_agent_suffix"),
        (builder().user_agent_suffix("a\r\nb"), "user_agent_suffix"),
        (builder().default_header("authorization", "Bearer mine"), "default_headers"),
        (builder().default_header("x y", "1"), "default_headers"),
        (builder().default_header("x", "a\nb"), "default_headers"),
        (
            (0..25_000).fold(builder(), |builder, number| builder.default_header(format!("x-{number}"), "1")),
            "default_headers",
        ),
        (builder().default_header("x", "a".repeat(100_000)), "default_headers"),
        (builder().user_agent_suffix("a".repeat(100_000)), "user_agent_suffix"),
        (builder().max_response_bytes(0), "max_response_bytes"),
        (builder().http_client(reqwest::Client::new()).proxy("http://127.0.0.1:3128"), "proxy"),
        (builder().http_client(reqwest::Client::new()).client_certificate("x"), "client_certificate"),
        (
            builder().http_client(reqwest::Client::new()).connect_timeout(Duration::from_secs(1)),
            "connect_timeout",
        ),
        (builder().http_client(reqwest::Client::new()).pool_max_idle_per_host(1), "pool_max_idle_per_host"),
        (builder().root_certificates(NO_CERTIFICATE), "root_certificates"),
        (Config::builder(Region::UsEast1, Credentials::access_token("")), "access_token"),
        (Config::builder(Region::UsEast1, Credentials::access_token("a\n")), "access_token"),
        (Config::builder(Region::UsEast1, Credentials::access_token("a".repeat(100_000))), "access_token"),
        (
            Config::builder(
                Region::UsEast1,
                Credentials::authorization_code("id", "code", "http://127.0.0.1:0/", Some("s".into()), None),
            ),
            "redirect_uri",
        ),
        (
            Config::builder(
                Region::UsEast1,
                Credentials::browser(Authorization::new("id", "http://127.0.0.1:0/callback")),
            ),
            "redirect_uri",
        ),
        (Config::builder(Region::UsEast1, Credentials::access_token("ä")), "access_token"),
        (Config::builder(Region::UsEast1, Credentials::client_credentials("", "s")), "client_id"),
        (Config::builder(Region::UsEast1, Credentials::client_credentials("a:b", "s")), "client_id"),
        (Config::builder(Region::UsEast1, Credentials::client_credentials("a", "")), "client_secret"),
        (Config::builder(Region::UsEast1, Credentials::client_credentials("a", "s t")), "client_secret"),
    ];
    for (builder, setting) in refused {
        let error = builder.build().expect_err(setting);
        assert_eq!(
            (error.kind(), error.argument()),
            (ErrorKind::InvalidArgument, Some(setting)),
            "{error:?}"
        );
        assert!(error.to_string().starts_with(setting), "{error}");
    }
    builder().build().expect("the defaults");
}

/// A secret that was copied incompletely is refused with the name of its defect, and without the secret itself.
#[test]
fn the_defect_of_a_secret_is_reported_without_the_secret() {
    for (broken, message) in [
        ("hq3KpZ0v\0X1yT7wB9", "holds a control character (U+0000); was it copied whole?"),
        ("hq3KpZ0v\u{1b}X1yT7wB9", "holds a control character (U+001B); was it copied whole?"),
        ("hq3KpZ0v X1yT7wB9", "holds a space; was it copied whole?"),
        ("hq3KpZ0v\tX1yT7wB9", "holds a tab; was it copied whole?"),
        ("hq3KpZ0vX1yT7wB9\r\n", "holds a line break; was it copied whole?"),
        ("hq3KpZ0v\u{200b}X1yT7wB9", "holds an invisible character (U+200B); was it copied whole?"),
        ("\u{feff}hq3KpZ0vX1yT7wB9", "holds an invisible character (U+FEFF); was it copied whole?"),
    ] {
        let session = Session::new("t");
        for (credentials, argument) in [
            (Credentials::access_token(broken), "access_token"),
            (Credentials::client_credentials(broken, "s"), "client_id"),
            (Credentials::client_credentials("id", broken), "client_secret"),
            (
                Credentials::authorization_code("id", broken, "https://a.example/", Some("s".into()), None),
                "code",
            ),
            (Credentials::refresh_token("id", broken, None), "refresh_token"),
            (Credentials::saml2_bearer("id", "s", "org", broken), "assertion"),
            (Credentials::session(broken, session, None), "client_id"),
        ] {
            let error = Config::builder(Region::UsEast1, credentials).build().expect_err(argument);
            assert_eq!(error.to_string(), format!("{argument} {message}"));
        }
    }
}

#[tokio::test]
async fn a_gateway_stands_in_front_of_both_hosts() {
    let world = World::new().await;
    let gateway = Gateway {
        protocol: "http".to_owned(),
        port: Some(world.emulator.port()),
        path_params_login: "login".to_owned(),
        path_params_api: "/genesys/".to_owned(),
        ..Gateway::new("127.0.0.1")
    };
    let host = Host::gateway(&gateway).expect("a gateway");
    let config = Config::builder(host, world.credentials()).clock(world.clock.clone());
    let error = error_of(&world, api(config).get_oauth_clients().await);
    assert_eq!(error.kind(), ErrorKind::SignIn, "the emulator does not serve this path: {error}");
    let targets: Vec<_> = world.emulator.received().into_iter().map(|request| request.target).collect();
    assert_eq!(targets, ["/login/oauth/token"]);

    let token = world.emulator.issue_token(&world.emulator.administrator().client_id);
    let host = Host::gateway(&gateway).expect("a gateway");
    let config = Config::builder(host, Credentials::access_token(token)).clock(world.clock.clone());
    let error = error_of(&world, api(config).get_oauth_clients().await);
    assert_eq!(error.status(), Some(404));
    let target = world.emulator.received().pop().expect("a request").target;
    assert_eq!(target, "/genesys/api/v2/oauth/clients");
}

#[tokio::test]
async fn headers_and_user_agent_are_sent_with_every_operation() {
    let world = World::new().await;
    let config = world.config().default_header("genesys-app", "console/2.1").user_agent_suffix("console/2.1");
    let api = api(config);
    api.get_oauth_clients()
        .header("Genesys-App", "no")
        .header("Genesys-App", "nightly")
        .await
        .expect("clients");
    api.get_oauth_scopes(None).await.expect("scopes");
    let overridden = world.emulator.last_request(Endpoint::GetOauthClients).expect("a request");
    let sent: Vec<_> = overridden.headers.iter().filter(|(name, _)| name == "genesys-app").collect();
    assert_eq!(
        sent,
        [&("genesys-app".to_owned(), "nightly".to_owned())],
        "the call's last value replaces the others"
    );
    let usual = world.emulator.last_request(Endpoint::GetOauthScopes).expect("a request");
    assert_eq!(usual.header("genesys-app"), Some("console/2.1"));
    assert!(usual.header("user-agent").is_some_and(|agent| agent.ends_with(" console/2.1")));
    let sign_in = world.emulator.last_request(Endpoint::Token).expect("a request");
    assert_eq!(sign_in.header("genesys-app"), None);
}

#[tokio::test]
async fn the_retry_policy_is_obeyed() {
    let world = World::new().await;
    let policy = RetryPolicy {
        max_attempts: 5,
        first_backoff: Duration::from_secs(2),
        max_backoff: Duration::from_secs(3),
        max_retry_after: Duration::from_secs(10),
        ..RetryPolicy::default()
    };
    let api = api(world.config().retry(policy));
    world.emulator.fault(Fault::on(Endpoint::GetOauthScopes).error(503, "service.unavailable").always());
    let error = error_of(&world, api.get_oauth_scopes(None).await);
    assert_eq!(error.metadata().map(|metadata| metadata.attempts), Some(5));
    let waits = world.clock.waits();
    assert_eq!(waits.len(), 4);
    assert!(
        waits[0].1 <= Duration::from_secs(2) && waits.iter().all(|(_, wait)| *wait <= Duration::from_secs(3))
    );
    assert!(
        waits.iter().map(|(_, wait)| wait).collect::<std::collections::HashSet<_>>().len() > 1,
        "jitter: {waits:?}"
    );

    world.emulator.clear_faults();
    world.emulator.fault(
        Fault::on(Endpoint::GetOauthScopes).error(429, "too.many.requests").header("Retry-After", "11"),
    );
    let error = error_of(&world, api.get_oauth_scopes(None).await);
    assert_eq!((error.status(), error.retry_after()), (Some(429), Some(Duration::from_secs(11))));
    assert_eq!(world.clock.waits().len(), 4, "a wait beyond the limit is returned as an error instead");
}

#[tokio::test]
async fn the_retry_budget_limits_retries_during_an_outage() {
    let world = World::new().await;
    let api = world.api();
    world.emulator.fault(Fault::on(Endpoint::GetOauthScopes).error(503, "service.unavailable").always());
    for _ in 0..100 {
        error_of(&world, api.clone().get_oauth_scopes(None).await);
    }
    // The budget of 500 tokens pays for 35 retries of 14 tokens each; without it there would be 200 retries.
    assert_eq!(world.emulator.requests(Endpoint::GetOauthScopes), 100 + 500 / 14);
}

#[tokio::test]
async fn a_custom_http_client_is_used() {
    let world = World::new().await;
    let headers = [(reqwest::header::FROM, "own".parse().expect("a value"))].into_iter().collect();
    let custom = reqwest::Client::builder().no_proxy().default_headers(headers).build().expect("a client");
    let config = world.config().http_client(custom).build().expect("settings");
    OAuthApi::new(config).get_oauth_clients().await.expect("clients");
    let request = world.emulator.last_request(Endpoint::GetOauthClients).expect("a request");
    assert_eq!(request.header("from"), Some("own"));
    assert!(request.header("user-agent").is_some_and(|agent| agent.starts_with("purecloud-oauth/")));
}

#[tokio::test]
async fn an_http_client_that_follows_redirects_to_an_unreachable_address_sends_a_rotation_once() {
    let world = World::new().await;
    let ids = world.create_resources().await;
    let custom = reqwest::Client::builder().no_proxy().build().expect("a client");
    let api = api(world.config().http_client(custom));
    for target in ["http://127.0.0.1:1/", "not an address", "ftp://127.0.0.1/"] {
        world.emulator.reset_counts();
        world.emulator.fault(
            Fault::on(Endpoint::PostOauthClientSecret)
                .status(303)
                .header("Location", target)
                .after_execution(),
        );
        let error = error_of(&world, api.post_oauth_client_secret(&ids.client_id).await);
        assert_eq!(error.kind(), ErrorKind::OutcomeUnknown, "{target}: {error:?}");
        assert_eq!(world.emulator.requests(Endpoint::PostOauthClientSecret), 1, "{target}");
        world.emulator.clear_faults();
    }
}

#[tokio::test]
async fn a_remote_proxy_is_refused_for_plain_http() {
    let world = World::new().await;
    let error = world
        .config()
        .proxy("http://proxy.example.com:3128")
        .build()
        .expect_err("the proxy would see the token");
    assert_eq!(error.argument(), Some("proxy"), "{error}");
    world.config().proxy("http://127.0.0.1:3128").build().expect("a proxy on loopback");
    builder().proxy("http://proxy.example.com:3128").build().expect("a tunnel for https");
}

#[tokio::test]
async fn an_http_client_that_follows_redirects_is_detected() {
    let world = World::new().await;
    let ids = world.create_resources().await;
    let custom = reqwest::Client::builder().no_proxy().build().expect("a client");
    let api = api(world.config().http_client(custom));
    let elsewhere = format!("{}/api/v2/oauth/clients/{}", world.emulator.base_url(), ids.client_id);
    for (endpoint, kind) in [
        (Endpoint::GetOauthClients, ErrorKind::UnreadableAnswer),
        (Endpoint::PostOauthClientSecret, ErrorKind::OutcomeUnknown),
    ] {
        world.emulator.fault(Fault::on(endpoint).status(303).header("Location", elsewhere.as_str()));
        let result = match endpoint {
            Endpoint::GetOauthClients => api.get_oauth_clients().await.map(|_| ()),
            _ => api.post_oauth_client_secret(&ids.client_id).await.map(|_| ()),
        };
        let error = error_of(&world, result);
        assert_eq!(error.kind(), kind, "{error:?}");
        assert!(error.to_string().contains("follows redirects"), "{error}");
    }
}
