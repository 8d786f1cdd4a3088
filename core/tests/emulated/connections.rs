//! Connections that stall, responses with unusual content codings, and statuses that end an exchange.

use std::io::Write;
use std::time::Duration;

use flate2::Compression;
use flate2::write::GzEncoder;
use purecloud_oauth::{Credentials, ErrorKind, Host};
use purecloud_oauth_emulator::{Endpoint, Fault};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use crate::world::{World, api, error_of};

const SECOND: Duration = Duration::from_secs(1);

/// Returns the connections over which the emulator received requests for scopes.
fn connections(world: &World) -> Vec<u64> {
    let received = world.emulator.received();
    received
        .iter()
        .filter(|request| request.endpoint == Some(Endpoint::GetOauthScopes))
        .map(|request| request.connection)
        .collect()
}

#[tokio::test]
async fn an_attempt_that_times_out_is_repeated_over_another_connection() {
    let world = World::start_with(|builder| builder.tls(true)).await;
    let roots = world.emulator.ca_certificate_pem().expect("a root").to_owned();
    let api = api(world.config().root_certificates(roots));
    api.get_oauth_scopes(None).await.expect("scopes");
    world.emulator.fault(Fault::on(Endpoint::GetOauthScopes).hang());
    let call = api.get_oauth_scopes(None).into_future();
    let (result, ()) = tokio::join!(call, async {
        world.emulator.wait_for_requests(Endpoint::GetOauthScopes, 2).await;
        world.clock.advance(30 * SECOND);
    });
    result.expect("scopes from the second attempt");
    let [first, silent, second] = connections(&world)[..] else { panic!("three requests") };
    assert_eq!(first, silent, "HTTP/2 has one connection");
    assert_ne!(silent, second, "the doubtful connection is not reused");
    api.get_oauth_scopes(None).await.expect("scopes");
    assert_eq!(connections(&world)[3], second, "the new connection is reused");
}

#[tokio::test]
async fn many_attempts_that_time_out_together_replace_the_connection_once() {
    let world = World::start_with(|builder| builder.tls(true)).await;
    let roots = world.emulator.ca_certificate_pem().expect("a root").to_owned();
    let api = api(world.config().root_certificates(roots));
    api.get_oauth_scopes(None).await.expect("scopes");
    world.emulator.fault(Fault::on(Endpoint::GetOauthScopes).hang().times(20));
    let calls = (0..20).map(|_| api.get_oauth_scopes(None).into_future());
    let (results, ()) = tokio::join!(futures::future::join_all(calls), async {
        world.emulator.wait_for_requests(Endpoint::GetOauthScopes, 21).await;
        world.clock.advance(30 * SECOND);
    });
    results.into_iter().for_each(|result| drop(result.expect("scopes")));
    let mut used = connections(&world);
    used.sort_unstable();
    used.dedup();
    assert_eq!(used.len(), 2, "{used:?}");
}

#[tokio::test]
async fn a_deadline_below_one_second_does_not_discard_the_connection() {
    let world = World::start_with(|builder| builder.tls(true)).await;
    let roots = world.emulator.ca_certificate_pem().expect("a root").to_owned();
    let api = api(world.config().root_certificates(roots));
    api.get_oauth_scopes(None).await.expect("scopes");
    for (deadline, is_kept) in [(SECOND / 2, true), (SECOND, false)] {
        world.emulator.fault(Fault::on(Endpoint::GetOauthScopes).hang());
        let before = connections(&world).len();
        let call = api.get_oauth_scopes(None).deadline(deadline).into_future();
        let (result, ()) = tokio::join!(call, async {
            world.emulator.wait_for_requests(Endpoint::GetOauthScopes, before + 1).await;
            world.clock.advance(deadline);
        });
        assert_eq!(error_of(&world, result).kind(), ErrorKind::Timeout);
        api.get_oauth_scopes(None).await.expect("scopes");
        let used = &connections(&world)[before..];
        assert_eq!(used[0] == used[1], is_kept, "{deadline:?}");
    }
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(bytes).expect("memory");
    encoder.finish().expect("memory")
}

#[tokio::test]
async fn a_rotated_secret_is_read_with_every_supported_content_coding() {
    let body = br#"{"id": "6f1c8a52", "name": "Wien", "secret": "hq3KpZ0vX1yT7wB9"}"#;
    let (first, second) = body.split_at(20);
    let members = [gzip(first), gzip(second)].concat();
    for (coding, body) in [
        ("gzip", gzip(body)),
        ("GZIP", gzip(body)),
        ("x-gzip", gzip(body)),
        (" Gzip ,identity", gzip(body)),
        ("gzip", members),
        ("identity", body.to_vec()),
        ("", body.to_vec()),
    ] {
        let world = World::new().await;
        let ids = world.create_resources().await;
        let fault = Fault::on(Endpoint::PostOauthClientSecret).replace_body("application/json", body);
        world.emulator.fault(fault.header("Content-Encoding", coding));
        let client = world.api().post_oauth_client_secret(&ids.client_id).await.expect(coding);
        assert_eq!(client.secret.expect("a secret").expose(), "hq3KpZ0vX1yT7wB9", "{coding:?}");
    }
}

#[tokio::test]
async fn an_unrequested_content_coding_leaves_the_outcome_unknown() {
    for coding in ["br", "zstd", "deflate", "gzip, gzip", "aes128gcm"] {
        let world = World::new().await;
        let ids = world.create_resources().await;
        let fault = Fault::on(Endpoint::PostOauthClientSecret).replace_body("application/json", "packed");
        world.emulator.fault(fault.header("Content-Encoding", coding));
        let error = error_of(&world, world.api().post_oauth_client_secret(&ids.client_id).await);
        assert_eq!((error.kind(), error.status()), (ErrorKind::OutcomeUnknown, Some(200)), "{coding}");
        assert!(error.to_string().contains("its content coding is not gzip"), "{error}");
    }
}

#[tokio::test]
async fn an_error_body_is_read_up_to_a_mebibyte_and_a_larger_one_keeps_the_error() {
    let described = |length: usize| format!(r#"{{"code":"bad.request","message":"{}"}}"#, "x".repeat(length));
    for (length, is_read) in [(900_000, true), (1_100_000, false)] {
        let world = World::new().await;
        let fault = Fault::on(Endpoint::GetOauthScopes).status(400);
        world.emulator.fault(fault.body("application/json", described(length)));
        let error = error_of(&world, world.api().get_oauth_scopes(None).await);
        assert_eq!((error.kind(), error.status()), (ErrorKind::Api, Some(400)), "{length}");
        assert_eq!(error.code(), is_read.then_some("bad.request"), "{length}");
        assert_eq!(world.emulator.requests(Endpoint::GetOauthScopes), 1);
    }
}

#[tokio::test]
async fn a_rotation_with_status_101_has_an_unknown_outcome() {
    let world = World::new().await;
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let host = Host::url(&format!("http://{}", listener.local_addr().expect("an address"))).expect("a host");
    let server = tokio::spawn(async move {
        let mut requests = 0;
        while let Ok((mut connection, _)) = listener.accept().await {
            let mut request = [0; 4096];
            if connection.read(&mut request).await.is_ok_and(|length| length > 0) {
                requests += 1;
                let response =
                    b"HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: x\r\n\r\n";
                connection.write_all(response).await.expect("sent");
            }
            if requests == 1 {
                break;
            }
        }
        requests
    });
    let config = purecloud_oauth::Config::builder(host, Credentials::access_token("token-for-nobody"));
    let rotated = api(config.clock(world.clock.clone())).post_oauth_client_secret("6f1c8a52").await;
    let error = error_of(&world, rotated);
    assert_eq!((error.kind(), error.status()), (ErrorKind::OutcomeUnknown, Some(101)), "{error:?}");
    assert!(error.server_may_have_acted() && !error.worth_retrying());
    assert_eq!(server.await.expect("no panic"), 1, "sent once");
}
