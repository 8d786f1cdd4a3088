//! Time limits, connections, sizes, content codings, TLS, proxies, and the effects of dropping a call.

use std::net::TcpListener;
use std::time::Duration;

use futures::future::join_all;
use purecloud_oauth::{Clock, Config, Credentials, ErrorKind, Host, Wait};
use purecloud_oauth_emulator::{Endpoint, Fault};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::world::{TestClock, World, api, error_of, log_length, logged_since};

const SECOND: Duration = Duration::from_secs(1);

#[tokio::test]
async fn no_wait_exceeds_the_deadline() {
    let world = World::new().await;
    let api = world.api();
    world.emulator.fault(
        Fault::on(Endpoint::GetOauthScopes).error(429, "too.many.requests").header("Retry-After", "30"),
    );
    let error = error_of(&world, api.get_oauth_scopes(None).deadline(20 * SECOND).await);
    assert_eq!((error.kind(), error.status()), (ErrorKind::Api, Some(429)), "returned immediately: {error}");
    assert_eq!(error.retry_after(), Some(30 * SECOND));
    assert_eq!(world.clock.waits(), []);
    assert_eq!(error.metadata().map(|metadata| metadata.elapsed), Some(Duration::ZERO));
}

#[tokio::test]
async fn the_deadline_ends_a_running_attempt() {
    let world = World::new().await;
    let ids = world.create_resources().await;
    world.emulator.fault(Fault::on(Endpoint::GetOauthClient).hang());
    world.emulator.fault(Fault::on(Endpoint::PostOauthClientSecret).hang());
    let read = world.api().get_oauth_client(&ids.client_id).deadline(4 * SECOND).into_future();
    let rotate = world.api().post_oauth_client_secret(&ids.client_id).deadline(4 * SECOND).into_future();
    let (read, rotate, ()) = tokio::join!(read, rotate, async {
        world.emulator.wait_for_requests(Endpoint::GetOauthClient, 1).await;
        world.emulator.wait_for_requests(Endpoint::PostOauthClientSecret, 1).await;
        world.clock.advance(4 * SECOND);
    });
    let error = error_of(&world, read);
    assert_eq!(error.kind(), ErrorKind::Timeout);
    assert_eq!(error.to_string(), "get_oauth_client: no result within the deadline of 4s");
    assert!(error.worth_retrying());
    let error = error_of(&world, rotate);
    assert_eq!(error.kind(), ErrorKind::OutcomeUnknown);
    assert_eq!(
        error.to_string(),
        "post_oauth_client_secret: outcome unknown: no result within the deadline of 4s; the operation may have been executed, and is not retried"
    );
    world.emulator.wait_until_idle().await;
}

#[tokio::test]
async fn the_deadline_holds_over_all_attempts_and_waits() {
    let world = World::new().await;
    let api = world.api();
    world.emulator.fault(
        Fault::on(Endpoint::GetOauthScopes).error(503, "service.unavailable").header("Retry-After", "9"),
    );
    world.emulator.fault(Fault::on(Endpoint::GetOauthScopes).hang());
    let call = api.get_oauth_scopes(None).deadline(10 * SECOND).into_future();
    let (result, ()) = tokio::join!(call, async {
        world.emulator.wait_for_requests(Endpoint::GetOauthScopes, 2).await;
        world.clock.advance(SECOND);
    });
    let error = error_of(&world, result);
    assert_eq!(error.kind(), ErrorKind::Timeout, "{error}");
    assert_eq!(error.metadata().map(|metadata| metadata.elapsed), Some(10 * SECOND));
    assert!(error.server_may_have_acted());
    assert_eq!(world.clock.waits(), [(Wait::RetryAfter, 9 * SECOND)]);
}

/// A clock whose timers never fire, so that only measured time reveals that a limit has been reached.
struct ClockWithoutTimers(TestClock);

impl Clock for ClockWithoutTimers {
    fn now(&self) -> std::time::Instant {
        self.0.now()
    }

    fn sleep(&self, _: Duration, _: Wait) -> std::pin::Pin<Box<dyn Future<Output = ()> + Send>> {
        Box::pin(std::future::pending())
    }
}

#[tokio::test]
async fn no_request_is_sent_after_the_deadline() {
    let world = World::new().await;
    let ids = world.create_resources().await;
    let api = api(world.config().clock(ClockWithoutTimers(world.clock.clone())));
    world.emulator.fault(Fault::on(Endpoint::Token).delay(Duration::from_millis(50)));
    let call = api.post_oauth_client_secret(&ids.client_id).deadline(3 * SECOND).into_future();
    let (result, ()) = tokio::join!(call, async {
        world.emulator.wait_for_requests(Endpoint::Token, 1).await;
        world.clock.advance(3 * SECOND);
    });
    let error = error_of(&world, result);
    assert_eq!(error.kind(), ErrorKind::Timeout, "{error:?}");
    assert!(!error.server_may_have_acted());
    assert_eq!(world.emulator.requests(Endpoint::PostOauthClientSecret), 0);
}

#[tokio::test]
async fn retry_after_as_a_date_is_relative_to_the_date_of_the_response() {
    let world = World::new().await;
    let fault = Fault::on(Endpoint::GetOauthScopes).error(503, "service.unavailable");
    world.emulator.fault(
        fault
            .header("Date", "Fri, 20 Nov 2026 10:00:00 GMT")
            .header("Retry-After", "Fri, 20 Nov 2026 10:00:42 GMT"),
    );
    world.api().get_oauth_scopes(None).await.expect("scopes");
    assert_eq!(world.clock.waits(), [(Wait::RetryAfter, 42 * SECOND)]);
}

#[tokio::test]
async fn without_retries_means_one_request() {
    for fault in [
        Fault::reset,
        |fault: Fault| fault.error(503, "service.unavailable"),
        |fault: Fault| fault.error(401, "bad.credentials"),
    ] {
        let world = World::new().await;
        world.emulator.fault(fault(Fault::on(Endpoint::GetOauthScopes)));
        error_of(&world, world.api().get_oauth_scopes(None).without_retries().await);
        assert_eq!(world.emulator.requests(Endpoint::GetOauthScopes), 1);
    }
}

#[tokio::test]
async fn metadata_has_status_correlation_id_rate_limit_attempts_and_time() {
    let world = World::start_with(|builder| builder.rate_limit(300, Duration::from_secs(60))).await;
    let api = world.api();
    world.emulator.fault(
        Fault::on(Endpoint::GetOauthScopes).error(503, "service.unavailable").header("Retry-After", "2"),
    );
    let response = api.get_oauth_scopes(None).response().await.expect("scopes");
    let metadata = response.metadata;
    assert_eq!((metadata.status, metadata.attempts, metadata.elapsed), (Some(200), 2, 2 * SECOND));
    assert_eq!(metadata.correlation_id.as_deref().map(str::len), Some(36));
    assert_eq!((metadata.rate_limit.count, metadata.rate_limit.allowed), (Some(1), Some(300)));
    assert!(metadata.rate_limit.reset.is_some_and(|reset| reset <= Duration::from_secs(60)));
}

#[tokio::test]
async fn beyond_the_rate_limit_the_error_has_the_time_to_wait() {
    let world = World::start_with(|builder| builder.rate_limit(3, Duration::from_secs(60))).await;
    let api = world.api();
    for _ in 0..3 {
        api.get_oauth_scopes(None).await.expect("scopes");
    }
    let error = error_of(&world, api.get_oauth_scopes(None).without_retries().await);
    assert_eq!((error.status(), error.code()), (Some(429), Some("too.many.requests")));
    assert!(error.retry_after().is_some_and(|wait| wait > Duration::ZERO));
    assert_eq!(error.body().and_then(|body| body.limit.as_ref()).and_then(|limit| limit.value), Some(3));
}

#[tokio::test]
async fn dropping_a_call_closes_its_request() {
    let world = World::new().await;
    let api = world.api();
    api.get_oauth_scopes(None).await.expect("scopes");
    world.emulator.fault(Fault::on(Endpoint::GetOauthClients).hang().always());
    let calls: Vec<_> = (0..20).map(|_| tokio::spawn(api.get_oauth_clients().into_future())).collect();
    world.emulator.wait_for_requests(Endpoint::GetOauthClients, 20).await;
    assert_eq!(world.emulator.open_requests(), 20);
    for call in &calls {
        call.abort();
    }
    world.emulator.wait_until_idle().await;
    assert_eq!(world.emulator.requests(Endpoint::GetOauthClients), 20, "no request was retried");
}

#[tokio::test]
async fn connections_are_reused_and_shared_by_clones() {
    let world = World::new().await;
    let api = world.api();
    for _ in 0..10 {
        api.clone().get_oauth_scopes(None).await.expect("scopes");
    }
    let connections: std::collections::HashSet<_> =
        world.emulator.received().iter().map(|request| request.connection).collect();
    assert_eq!(connections.len(), 1);
}

#[tokio::test]
async fn a_rotation_over_connections_that_close_is_executed_at_most_once() {
    let world = World::new().await;
    let ids = world.create_resources().await;
    let api = world.api();
    for round in 0..50 {
        api.get_oauth_client(&ids.client_id).await.expect("a client, over a connection that stays open");
        world.emulator.reset_counts();
        world.emulator.close_idle_connections();
        let result = api.post_oauth_client_secret(&ids.client_id).await;
        let (requests, executions) = (
            world.emulator.requests(Endpoint::PostOauthClientSecret),
            world.emulator.executions(Endpoint::PostOauthClientSecret),
        );
        match result {
            Ok(_) => assert_eq!((requests, executions), (1, 1), "round {round}"),
            Err(error) => {
                assert_eq!(error.kind(), ErrorKind::OutcomeUnknown, "{error:?}");
                assert!(requests <= 1 && executions <= 1, "round {round}: {requests}, {executions}");
            }
        }
    }
}

#[tokio::test]
async fn a_connection_closed_unannounced_after_each_response_loses_no_read() {
    let world = World::new().await;
    let api = world.api();
    world.emulator.fault(Fault::on(Endpoint::GetOauthScopes).close_after_response().always());
    for _ in 0..20 {
        api.get_oauth_scopes(None).await.expect("scopes");
    }
}

#[tokio::test]
async fn a_response_larger_than_allowed_is_refused_before_and_while_it_is_read() {
    let world = World::new().await;
    let ids = world.create_resources().await;
    let large = format!("{{\"id\":\"x\",\"name\":\"{}\"}}", "n".repeat(10_000));
    let api = api(world.config().max_response_bytes(9_999));
    // Announced by `Content-Length`, or compressed, where the length says little about the size.
    let replaced = |fault: Fault| fault.replace_body("application/json", large.clone());
    for endpoint in [Endpoint::GetOauthClient, Endpoint::PostOauthClientSecret] {
        world.emulator.fault(replaced(Fault::on(endpoint)));
        let result = match endpoint {
            Endpoint::GetOauthClient => api.get_oauth_client(&ids.client_id).await.map(|_| ()),
            _ => api.post_oauth_client_secret(&ids.client_id).await.map(|_| ()),
        };
        let error = error_of(&world, result);
        assert!(error.to_string().contains("more than the 9999 bytes allowed"), "{error}");
        assert_eq!(world.emulator.requests(endpoint), 1, "a retry would receive the same size");
        let once = endpoint == Endpoint::PostOauthClientSecret;
        let kind = if once { ErrorKind::OutcomeUnknown } else { ErrorKind::UnreadableAnswer };
        assert_eq!((error.kind(), error.status()), (kind, Some(200)));
    }
}

#[tokio::test]
async fn the_limit_applies_to_the_decompressed_response() {
    let world = World::new().await;
    let whole = world.api().get_oauth_clients().response().await.expect("clients");
    assert!(whole.value.entities.len() > 3);
    // Larger than the compressed size and smaller than the decompressed one.
    let between = api(world.config().max_response_bytes(5_000));
    let error = error_of(&world, between.get_oauth_clients().await);
    assert_eq!(error.kind(), ErrorKind::UnreadableAnswer, "{error}");
}

#[tokio::test]
async fn the_error_of_a_truncated_response_has_its_status_and_correlation_id() {
    for damage in [|fault: Fault| fault.cut_body(10), Fault::broken_gzip, Fault::truncated_gzip] {
        let world = World::new().await;
        let ids = world.create_resources().await;
        world.emulator.fault(damage(Fault::on(Endpoint::GetOauthClient)).always());
        world.emulator.fault(damage(Fault::on(Endpoint::PostOauthClientSecret)));
        let read = error_of(&world, world.api().get_oauth_client(&ids.client_id).await);
        let rotate = error_of(&world, world.api().post_oauth_client_secret(&ids.client_id).await);
        for (error, kind) in [(read, ErrorKind::UnreadableAnswer), (rotate, ErrorKind::OutcomeUnknown)] {
            assert_eq!((error.kind(), error.status()), (kind, Some(200)), "{error:?}");
            assert!(error.correlation_id().is_some(), "{error:?}");
            assert!(
                error.to_string().contains("the response is truncated or can't be decompressed: "),
                "{error}"
            );
            assert!(std::error::Error::source(&error).is_some());
        }
    }
}

#[tokio::test]
async fn a_refusal_with_an_unreadable_body_is_still_a_refusal() {
    let world = World::new().await;
    let ids = world.create_resources().await;
    let fault = Fault::on(Endpoint::PostOauthClientSecret).status(403).header("Content-Encoding", "gzip");
    world.emulator.fault(fault.body("application/json", "not packed"));
    let error = error_of(&world, world.api().post_oauth_client_secret(&ids.client_id).await);
    assert_eq!((error.kind(), error.status()), (ErrorKind::Api, Some(403)), "{error:?}");
    assert!(!error.server_may_have_acted());
    assert_eq!(world.emulator.requests(Endpoint::PostOauthClientSecret), 1);
}

#[test]
fn a_call_outside_a_runtime_is_a_clear_error() {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("a runtime");
    let world = runtime.block_on(World::new());
    let error =
        error_of(&world, futures::executor::block_on(world.api().get_oauth_scopes(None).into_future()));
    assert_eq!((error.kind(), error.argument()), (ErrorKind::InvalidArgument, Some("runtime")));
    assert!(error.to_string().contains("inside a Tokio runtime"), "{error}");
}

#[tokio::test]
async fn a_response_in_small_pieces_is_read_completely() {
    let world = World::new().await;
    world.emulator.fault(Fault::on(Endpoint::GetOauthScope).drip_body(7, Duration::from_millis(1)));
    let scope = world.api().get_oauth_scope("users:readonly", None).await.expect("a scope");
    assert_eq!(scope.id, "users:readonly");
}

#[tokio::test]
async fn http2_and_extra_roots_over_tls() {
    let world = World::start_with(|builder| builder.tls(true)).await;
    let roots = world.emulator.ca_certificate_pem().expect("a root").to_owned();
    let api = api(world.config().root_certificates(roots));
    join_all((0..50).map(|_| api.get_oauth_scopes(None).into_future())).await.into_iter().for_each(
        |scopes| {
            scopes.expect("scopes");
        },
    );
    let request = world.emulator.last_request(Endpoint::GetOauthScopes).expect("a request");
    assert_eq!(request.http_version, "HTTP/2.0");
    let error = error_of(&world, world.api().get_oauth_scopes(None).await);
    assert_eq!(error.kind(), ErrorKind::SignIn, "without the root the server is not trusted: {error}");
    assert!(error.to_string().contains("certificate"), "{error}");
    assert!(!error.server_may_have_acted());
}

#[tokio::test]
async fn a_client_certificate_is_presented() {
    let world = World::start_with(|builder| builder.tls(true).client_certificate_required(true)).await;
    let roots = world.emulator.ca_certificate_pem().expect("a root").to_owned();
    let identity = world.emulator.client_identity_pem().expect("an identity").to_owned();
    let with_certificate = api(world.config().root_certificates(roots.clone()).client_certificate(identity));
    with_certificate.get_oauth_scopes(None).await.expect("scopes");
    error_of(&world, api(world.config().root_certificates(roots)).get_oauth_scopes(None).await);
}

#[tokio::test]
async fn a_tls_handshake_that_never_ends_is_a_connection_error() {
    let world = World::new().await;
    let silent = TcpListener::bind("127.0.0.1:0").expect("a port");
    let host = Host::url(&format!("https://{}", silent.local_addr().expect("its address"))).expect("a host");
    let token = world.emulator.issue_token(&world.emulator.administrator().client_id);
    let config = Config::builder(host, Credentials::access_token(token))
        .connect_timeout(Duration::from_millis(50))
        .clock(world.clock.clone());
    let error = error_of(&world, api(config).post_oauth_client_secret("6f1c8a52").await);
    assert_eq!(error.kind(), ErrorKind::Connection, "{error:?}");
    assert!(!error.server_may_have_acted() && error.worth_retrying());
    assert_eq!(error.metadata().map(|metadata| metadata.attempts), Some(3));
}

#[tokio::test]
async fn a_name_that_does_not_exist_is_a_connection_error() {
    let world = World::new().await;
    // A label of this length is invalid, so no name server is queried.
    let host = Host::domain(&format!("{}.example", "n".repeat(64))).expect("a domain");
    let config = Config::builder(host, Credentials::access_token("token-for-nobody")).no_proxy();
    let api = api(config.clock(world.clock.clone()));
    let error = error_of(&world, api.post_oauth_clients(&crate::cases::new_client()).await);
    assert_eq!(error.kind(), ErrorKind::Connection, "{error:?}");
    assert_eq!(error.metadata().map(|metadata| metadata.attempts), Some(3));
    assert!(
        !error.server_may_have_acted() && error.to_string().contains("no connection to api.nnn"),
        "{error}"
    );
}

#[tokio::test]
async fn a_configured_proxy_is_used_with_its_password() {
    let world = World::new().await;
    let proxy = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = proxy.local_addr().expect("its address");
    let seen = tokio::spawn(async move {
        let (mut connection, _) = proxy.accept().await.expect("a connection");
        let mut request = vec![0; 4096];
        let length = connection.read(&mut request).await.expect("a request");
        connection
            .write_all(b"HTTP/1.1 407 Proxy Authentication Required\r\ncontent-length: 0\r\n\r\n")
            .await
            .expect("sent");
        String::from_utf8_lossy(&request[..length]).into_owned()
    });
    let config =
        Config::builder(purecloud_oauth::Region::EuCentral1, Credentials::access_token("token-for-nobody"))
            .proxy(format!("http://user:pass-word@{address}"))
            .clock(world.clock.clone());
    let error = error_of(&world, api(config).get_oauth_clients().without_retries().await);
    assert_eq!(error.kind(), ErrorKind::Connection, "a tunnel that is refused: {error:?}");
    assert!(
        error.to_string().contains("the proxy refused the tunnel to api.mypurecloud.de: 407 Proxy"),
        "{error}"
    );
    assert!(!error.to_string().contains("pass-word") && !format!("{error:?}").contains("pass-word"));
    let request = seen.await.expect("a request");
    assert!(request.starts_with("CONNECT api.mypurecloud.de:443 "), "{request}");
    assert!(request.to_ascii_lowercase().contains("proxy-authorization: basic "), "{request}");
}

#[tokio::test]
async fn futures_of_calls_can_be_sent_to_other_threads() {
    fn sendable<T: Send + 'static>(value: T) -> T {
        value
    }
    let world = World::new().await;
    let api = sendable(world.api());
    let scope =
        tokio::spawn(sendable(api.get_oauth_scope("users", None).into_future())).await.expect("no panic");
    assert_eq!(scope.expect("a scope").id, "users");
}

#[tokio::test]
async fn metadata_and_log_contain_the_operation_and_not_the_ids() {
    // A separate seed, so that no other test has the same correlation id in the log.
    let world = World::start_with(|builder| builder.seed(4711)).await;
    let ids = world.create_resources().await;
    let from = log_length();
    let response = world.api().get_oauth_client(&ids.client_id).response().await.expect("a client");
    let id = response.metadata.correlation_id.expect("an id");
    let log = logged_since(from);
    let span = log
        .lines()
        .find(|line| line.contains(" close ") && line.contains(&id))
        .expect("the span of the operation, closed with its correlation id");
    for field in [
        "operation=\"get_oauth_client\"",
        "http.request.method=\"GET\"",
        "url.template=\"/api/v2/oauth/clients/{clientId}\"",
        "http.response.status_code=200",
        "attempts=1",
        "duration_ms=0",
    ] {
        assert!(span.contains(field), "{field} in {span}");
    }
    assert!(
        log.lines().any(|line| line.contains(": attempt attempt=1 ") && line.contains(&id)),
        "an event per attempt"
    );
}

/// The environment variables apply to the whole process, so the next test runs this one in a separate process.
#[tokio::test]
#[ignore = "needs the environment that the next test gives it"]
async fn with_a_proxy_in_the_environment() {
    let world = World::new().await;
    world.api().get_oauth_scopes(None).await.expect("loopback is reached without the proxy");
    let config =
        Config::builder(purecloud_oauth::Region::EuCentral1, Credentials::access_token("token-for-nobody"));
    let elsewhere = api(config.clock(world.clock.clone()));
    error_of(&world, elsewhere.get_oauth_clients().without_retries().await);
}

#[test]
fn the_environment_proxy_is_used_except_for_loopback() {
    use std::io::{Read, Write};
    let proxy = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = proxy.local_addr().expect("its address");
    let seen = std::thread::spawn(move || {
        let mut seen = Vec::new();
        for connection in proxy.incoming() {
            let mut connection = connection.expect("a connection");
            let mut request = vec![0; 4096];
            let length = connection.read(&mut request).expect("a request");
            let line =
                String::from_utf8_lossy(&request[..length]).lines().next().unwrap_or_default().to_owned();
            if line.is_empty() {
                break;
            }
            seen.push(line);
            let _ = connection.write_all(b"HTTP/1.1 502 Bad Gateway\r\ncontent-length: 0\r\n\r\n");
        }
        seen
    });
    let proxy = format!("http://{address}");
    let child = std::process::Command::new(std::env::current_exe().expect("the path of this test program"))
        .args(["--exact", "transport::with_a_proxy_in_the_environment", "--ignored"])
        .envs([
            ("HTTP_PROXY", &proxy),
            ("HTTPS_PROXY", &proxy),
            ("http_proxy", &proxy),
            ("https_proxy", &proxy),
        ])
        .env_remove("NO_PROXY")
        .env_remove("no_proxy")
        .output()
        .expect("a child process");
    assert!(child.status.success(), "{}", String::from_utf8_lossy(&child.stdout));
    // An empty request stops the proxy.
    drop(std::net::TcpStream::connect(address).expect("a connection"));
    let seen = seen.join().expect("no panic");
    assert_eq!(seen, ["CONNECT api.mypurecloud.de:443 HTTP/1.1"]);
}
