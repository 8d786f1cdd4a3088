//! Secrets occur in no printed form of anything, whatever goes wrong.
//!
//! Every other test in this folder searches its log and its errors as well (see `World`).

use std::collections::HashSet;

use purecloud_oauth::{
    ApiUsageClientQuery, Authorization, CallOptions, Config, Credentials, Gateway, GrantType, Host, OAuthApi,
    OAuthClientRequest, Region, Secret, Timestamp,
};
use purecloud_oauth_emulator::{Endpoint, Fault};

use crate::cases;
use crate::world::{World, assert_no_secret, error_of, logged_since};

const CANARY: &str = "canary-5Zq9tR2wX7vB4nM8kL1p";

fn canary() -> HashSet<String> {
    HashSet::from([CANARY.to_owned()])
}

#[tokio::test]
async fn no_operation_traces_returns_or_prints_a_secret() {
    let world = World::new().await;
    let ids = world.create_resources().await;
    for case in cases::all() {
        let api = world.api();
        let metadata = (case.call)(&api, &ids, CallOptions::new()).await.expect(case.operation.name);
        assert_no_secret(
            "metadata and API object",
            &format!("{metadata:?} {api:?} {api:#?}"),
            &world_secrets(&world),
        );
    }
    let created = world.api().post_oauth_clients(&cases::new_client()).response().await.expect("created");
    let secret = created.value.secret.clone().expect("its secret");
    let secrets = HashSet::from([secret.expose().to_owned()]);
    assert_no_secret("a response", &format!("{created:?} {created:#?}"), &secrets);
    let rotated = world.api().post_oauth_client_secret(&created.value.id).await.expect("rotated");
    let secrets = HashSet::from([rotated.secret.as_ref().expect("its secret").expose().to_owned()]);
    assert_no_secret("a client", &format!("{rotated:?} {rotated:#?}"), &secrets);
    assert_no_secret("the log", &logged_since(0), &secrets);
}

#[tokio::test]
async fn no_header_of_the_caller_is_traced() {
    for tls in [false, true] {
        let world = World::start_with(|builder| builder.tls(tls)).await;
        let mut config = world.config().default_header("x-api-key", CANARY);
        if let Some(roots) = world.emulator.ca_certificate_pem() {
            config = config.root_certificates(roots);
        }
        crate::world::api(config).get_oauth_clients().header("x-other-key", CANARY).await.expect("clients");
        let request = world.emulator.received().pop().expect("a request");
        assert_eq!(
            (request.header("x-api-key"), request.header("x-other-key")),
            (Some(CANARY), Some(CANARY))
        );
    }
    assert_no_secret("the log", &logged_since(0), &canary());
}

fn world_secrets(world: &World) -> HashSet<String> {
    let client = world.emulator.administrator();
    HashSet::from([client.client_secret])
}

#[tokio::test]
async fn no_error_shows_a_secret_that_the_service_repeats() {
    let world = World::new().await;
    let client = world.emulator.administrator();
    let token = world.emulator.issue_token(&client.client_id);
    let api = crate::world::api(world.config_for(Credentials::access_token(token.as_str())));
    let ids = world.create_resources().await;
    for case in cases::all() {
        for status in [400, 500] {
            let body = format!(
                r#"{{"code":"bad.request","message":"Bearer {token} may not","messageParams":{{"t":"{token}"}}}}"#
            );
            world.emulator.fault(Fault::on(case.endpoint).status(status).body("application/json", body));
            let error = error_of(&world, (case.call)(&api, &ids, CallOptions::new().without_retries()).await);
            let printed = format!("{error} {error:?} {:?}", error.body());
            assert_no_secret("an error", &printed, &HashSet::from([token.clone()]));
            assert!(printed.contains("Bearer *** may not"), "{printed}");
        }
    }
}

#[tokio::test]
async fn no_error_shows_a_secret_in_whatever_form_it_is_repeated() {
    let world = World::new().await;
    let client = world.emulator.administrator();
    // The credentials in the form of the header, and a token with JSON escapes and in headers.
    world.api().get_oauth_scopes(None).await.expect("scopes");
    let sign_in = world.emulator.last_request(Endpoint::Token).expect("a request");
    let basic = sign_in.header("authorization").expect("a credential").to_owned();
    let body =
        format!("{{\"error\":\"invalid_client\",\"description\":\"{basic} of {}\"}}", client.client_secret);
    world.emulator.fault(Fault::on(Endpoint::Token).status(401).body("application/json", body));
    let error = error_of(&world, world.api().get_oauth_scopes(None).await);
    assert!(error.to_string().contains("Basic *** of ***"), "{error}");

    let token = "canary/5Zq9tR2w/X7vB4nM8kL1p";
    let api =
        crate::world::api(world.config_for(Credentials::access_token(token)).clock(world.clock.clone()));
    let escaped = token.replace('/', "\\/");
    let body = format!(
        "{{\"code\":\"bad.request\",\"message\":\"no {escaped}\",\"messageParams\":{{\"{escaped}\":\"t\"}}}}"
    );
    let fault = Fault::on(Endpoint::GetOauthScopes).status(400).body("application/json", body);
    world.emulator.fault(fault.header("ININ-Correlation-Id", token));
    let error = error_of(&world, api.get_oauth_scopes(None).await);
    assert_no_secret("an error", &format!("{error} {error:?}"), &HashSet::from([token.to_owned()]));
    assert!(error.to_string().contains("no ***"), "{error}");
    let fault = Fault::on(Endpoint::GetOauthScopes).status(400).body("text/plain", format!("no {token}"));
    world.emulator.fault(fault);
    let error = error_of(&world, api.get_oauth_scopes(None).await);
    assert_no_secret("an error", &format!("{error} {error:?}"), &HashSet::from([token.to_owned()]));
}

#[tokio::test]
async fn an_error_message_is_one_line_whatever_the_service_sends() {
    let world = World::new().await;
    let body = r#"{"code":"bad\u000acode","message":"no\nERROR a forged line\u001b[2J","contextId":"a\nb"}"#;
    world.emulator.fault(Fault::on(Endpoint::GetOauthScopes).status(400).body("application/json", body));
    let error = error_of(&world, world.api().get_oauth_scopes(None).await);
    let message = error.to_string();
    assert!(!message.chars().any(char::is_control), "{message:?}");
    assert_eq!(
        error.server_message(),
        Some("no\nERROR a forged line\u{1b}[2J"),
        "the message is returned verbatim"
    );
    let long = format!(r#"{{"code":"x","message":"{}"}}"#, "long ".repeat(100_000));
    world.emulator.fault(Fault::on(Endpoint::GetOauthScopes).status(400).body("application/json", long));
    let error = error_of(&world, world.api().get_oauth_scopes(None).await);
    assert!(error.to_string().len() < 3_000);
}

#[tokio::test]
async fn the_error_of_a_lost_rotation_shows_no_secret() {
    let world = World::new().await;
    let ids = world.create_resources().await;
    for body in [
        format!("{{\"id\":\"x\",\"secret\":\"{CANARY}\""),
        format!("\"{CANARY}\""),
        format!("[\"{CANARY}\"]"),
        format!("{{\"Secret\":\"{CANARY}\"}}"),
        format!("<p>{CANARY}</p>"),
    ] {
        let fault = Fault::on(Endpoint::PostOauthClientSecret);
        world.emulator.fault(fault.replace_body("application/json", body));
        let error = error_of(&world, world.api().post_oauth_client_secret(&ids.client_id).await);
        assert_no_secret("an error", &format!("{error} {error:?} {error:#?}"), &canary());
    }
    assert_no_secret("the log", &logged_since(0), &canary());
}

#[test]
fn settings_credentials_and_options_show_no_secret() {
    let pem = "-----BEGIN CERTIFICATE-----\ncanary-5Zq9tR2wX7vB4nM8kL1p\n-----END CERTIFICATE-----";
    let credentials = [Credentials::access_token(CANARY), Credentials::client_credentials("id", CANARY)];
    for credentials in credentials {
        assert_no_secret("credentials", &format!("{credentials:?} {credentials:#?}"), &canary());
        let config = Config::builder(Region::EuWest1, credentials.clone())
            .proxy(format!("http://user:{CANARY}@proxy.example.com:3128"))
            .default_header("x-api-key", CANARY)
            .build()
            .expect("settings");
        assert_no_secret("settings", &format!("{config:?} {config:#?}"), &canary());
        let api = OAuthApi::new(config);
        assert_no_secret(
            "an API object",
            &format!("{api:?} {:?}", api.get_oauth_clients().header("x-key", CANARY)),
            &canary(),
        );
        let refused = Config::builder(Region::EuWest1, credentials)
            .client_certificate(pem)
            .build()
            .expect_err("not a certificate");
        assert_no_secret("an error", &format!("{refused} {refused:?}"), &canary());
    }
    let spaced = format!("{CANARY} ");
    for credentials in
        [Credentials::access_token(spaced.as_str()), Credentials::client_credentials("id", spaced.as_str())]
    {
        let refused = Config::builder(Region::EuWest1, credentials).build().expect_err("a space");
        assert_no_secret("an error", &format!("{refused} {refused:?}"), &canary());
    }
    let refused = Config::builder(Region::EuWest1, Credentials::access_token("t"))
        .proxy(format!("no address {CANARY}"))
        .build()
        .expect_err("no address");
    assert_no_secret("an error", &format!("{refused} {refused:?}"), &canary());
    let refused = CallOptions::new().header("x-key", &format!("{CANARY}\n")).expect_err("a line break");
    assert_no_secret("an error", &format!("{refused} {refused:?}"), &canary());
    let options = CallOptions::new().header("x-key", CANARY).expect("a header");
    assert_no_secret("options", &format!("{options:?}"), &canary());
    assert_eq!(format!("{:?}", Secret::new(CANARY)), "Secret(***)");
    let _ = OAuthClientRequest::new("a body has no secret", GrantType::Code);
}

/// A secret may be passed as any argument by mistake, alone or as a part of the value.
#[tokio::test]
async fn no_error_repeats_an_argument_that_may_be_a_secret() {
    let world = World::new().await;
    let api = world.api();
    for value in [
        format!("{CANARY}\n"),
        format!("user:{CANARY}@gateway.example.com"),
        format!("http://user:{CANARY}@gateway.example.com"),
        format!("https://gateway.example.com/?key={CANARY}#{CANARY}"),
        format!("{CANARY}/.."),
    ] {
        let mut refused = vec![
            value.parse::<Host>().expect_err("no host"),
            Host::domain(&value).expect_err("no domain"),
            Host::url(&value).expect_err("no address"),
            Host::gateway(&Gateway::new(&value)).expect_err("no gateway"),
            value.parse::<Timestamp>().expect_err("no timestamp"),
            Credentials::implicit_redirect(&value, None).expect_err("no redirect"),
            CallOptions::new().header(&value, "1").expect_err("no header"),
            CallOptions::new().header(CANARY, "1\n").expect_err("no value"),
            error_of(&world, api.get_oauth_client(&format!("{value}/")).await),
            error_of(&world, api.get_oauth_scopes(Some(&format!("ä{value}"))).await),
            error_of(&world, api.post_oauth_client_usage_query("a", &ApiUsageClientQuery::new(&value)).await),
        ];
        let config = |credentials| Config::builder(Region::EuWest1, credentials);
        let verifier = Some(Secret::new(value.as_str()));
        for builder in [
            config(Credentials::access_token(format!("{value} "))),
            config(Credentials::client_credentials(format!("{value}:"), "s")),
            config(Credentials::authorization_code("id", "c", "https://a.example/", None, verifier)),
            config(Credentials::browser(Authorization::new("id", value.as_str()))),
            config(Credentials::access_token("t")).default_header(&value, "1"),
            config(Credentials::access_token("t")).user_agent_suffix(format!("ä{value}")),
        ] {
            refused.push(builder.build().expect_err("no setting"));
        }
        for (protocol, path) in [(value.as_str(), ""), ("https", value.as_str())] {
            let gateway = Gateway {
                protocol: protocol.to_owned(),
                path_params_login: path.to_owned(),
                ..Gateway::new("gateway.example.com")
            };
            refused.extend(Host::gateway(&gateway).err());
        }
        for error in refused {
            assert_no_secret("an error", &format!("{error} {error:?} {error:#?}"), &canary());
        }
    }
    assert_eq!(world.emulator.received().len(), 0, "no request was sent");
}

/// Checks the search itself: it must find a secret.
#[test]
#[should_panic(expected = "holds a secret")]
fn a_secret_that_is_printed_is_found() {
    assert_no_secret("a line", &format!("one\nBearer {CANARY}\n"), &canary());
}
