//! Tokens: obtained once, shared, renewed in time, and lost only with a clear error.

use std::time::Duration;

use futures::future::join_all;
use purecloud_oauth::{Credentials, ErrorKind, OAuthApi};
use purecloud_oauth_emulator::{Endpoint, Fault};
use tokio::runtime::Runtime;

use crate::world::{World, api, as_credentials, error_of};

const SECOND: Duration = Duration::from_secs(1);
const MINUTE: Duration = Duration::from_secs(60);

impl World {
    /// Advances the clocks of the API object and of the emulator.
    fn advance_clocks(&self, time: Duration) {
        self.clock.advance(time);
        self.emulator.clock().advance(time);
    }

    fn sign_ins(&self) -> usize {
        self.emulator.requests(Endpoint::Token)
    }
}

#[tokio::test]
async fn id_and_secret_are_sent_once_verbatim_and_the_token_is_reused() {
    let world = World::new().await;
    let client = world.emulator.administrator();
    let api = world.api();
    for _ in 0..5 {
        api.get_oauth_scopes(None).await.expect("scopes");
        api.clone().get_oauth_clients().await.expect("clients");
    }
    assert_eq!(world.sign_ins(), 1);
    let request = world.emulator.last_request(Endpoint::Token).expect("a request");
    assert_eq!((request.method.as_str(), request.target.as_str()), ("POST", "/oauth/token"));
    assert_eq!(request.body_string(), "grant_type=client_credentials");
    assert_eq!(request.header("content-type"), Some("application/x-www-form-urlencoded"));
    let expected = basic_authorization(&client.client_id, &client.client_secret);
    assert_eq!(request.header("authorization"), Some(expected.as_str()));
}

fn basic_authorization(id: &str, secret: &str) -> String {
    let request = reqwest::Client::new()
        .get("http://127.0.0.1")
        .basic_auth(id, Some(secret))
        .build()
        .expect("a request");
    request.headers()["authorization"].to_str().expect("ASCII").to_owned()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_thousand_calls_with_an_expired_token_sign_in_once() {
    let world = World::new().await;
    let client = world.emulator.client_with_token_lifetime(300);
    let api = world.api_for(&client);
    api.get_oauth_scopes(None).await.expect("scopes");
    assert_eq!(world.sign_ins(), 1);
    world.advance_clocks(Duration::from_secs(301));
    let results =
        join_all((0..1_000).map(|_| tokio::spawn(api.clone().get_oauth_scope("users", None).into_future())))
            .await;
    for result in results {
        result.expect("no panic").expect("a scope");
    }
    assert_eq!(world.sign_ins(), 2);
    assert_eq!(world.emulator.requests(Endpoint::GetOauthScope), 1_000);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_simultaneous_rejections_sign_in_once() {
    let world = World::new().await;
    let api = world.api();
    api.get_oauth_scopes(None).await.expect("scopes");
    world.emulator.revoke_all_tokens();
    let results =
        join_all((0..200).map(|_| tokio::spawn(api.clone().get_oauth_scope("users", None).into_future())))
            .await;
    for result in results {
        result.expect("no panic").expect("a scope");
    }
    assert_eq!(world.sign_ins(), 2);
}

#[tokio::test]
async fn a_late_rejection_of_an_old_token_uses_the_new_token() {
    let world = World::new().await;
    let api = world.api();
    api.get_oauth_scopes(None).await.expect("scopes");
    let late = Fault::on(Endpoint::GetOauthClients).delay(Duration::from_millis(100));
    world.emulator.fault(late.error(401, "bad.credentials"));
    world.emulator.fault(Fault::on(Endpoint::GetOauthScopes).error(401, "bad.credentials"));
    let clients = tokio::spawn(api.get_oauth_clients().into_future());
    world.emulator.wait_for_requests(Endpoint::GetOauthClients, 1).await;
    api.get_oauth_scopes(None).await.expect("scopes, with a new token");
    assert_eq!(world.sign_ins(), 2);
    clients.await.expect("no panic").expect("clients, with the same new token");
    assert_eq!(world.sign_ins(), 2);
}

#[tokio::test]
async fn a_token_is_renewed_before_it_expires_while_calls_go_on() {
    let world = World::new().await;
    let client = world.emulator.client_with_token_lifetime(300);
    let api = world.api_for(&client);
    api.get_oauth_scopes(None).await.expect("scopes");
    world.advance_clocks(Duration::from_secs(224));
    api.get_oauth_scopes(None).await.expect("scopes");
    assert_eq!(world.sign_ins(), 1, "the renewal margin and its jitter are not reached yet");
    world.advance_clocks(Duration::from_secs(17));
    api.get_oauth_scopes(None).await.expect("scopes");
    world.emulator.wait_for_requests(Endpoint::Token, 2).await;
    world.emulator.wait_until_idle().await;
    world.advance_clocks(Duration::from_secs(60));
    api.get_oauth_scopes(None).await.expect("scopes, with the new token");
    assert_eq!(world.sign_ins(), 2);
    assert_eq!(world.emulator.requests(Endpoint::GetOauthScopes), 4, "no call was rejected");
}

#[tokio::test]
async fn a_failed_renewal_fails_no_call_while_the_old_token_is_valid() {
    let world = World::new().await;
    let client = world.emulator.client_with_token_lifetime(300);
    let api = world.api_for(&client);
    api.get_oauth_scopes(None).await.expect("scopes");
    world.emulator.fault(Fault::on(Endpoint::Token).error(401, "invalid_client").always());
    world.advance_clocks(Duration::from_secs(250));
    for call in 0..4 {
        api.get_oauth_scopes(None).await.expect("scopes, with the old token");
        world.emulator.wait_for_requests(Endpoint::Token, 2 + call).await;
        world.emulator.wait_until_idle().await;
        api.get_oauth_scopes(None).await.expect("scopes, without another immediate renewal");
        world.advance_clocks(Duration::from_secs(11));
    }
    assert_eq!(world.sign_ins(), 5);
    world.advance_clocks(MINUTE);
    let error = error_of(&world, api.get_oauth_scopes(None).await);
    assert_eq!((error.kind(), error.code()), (ErrorKind::SignIn, Some("invalid_client")), "{error:?}");
    world.emulator.clear_faults();
    api.get_oauth_scopes(None).await.expect("scopes, signed in again");
}

#[tokio::test]
async fn a_day_of_calls_with_short_tokens_has_no_failure() {
    let world = World::new().await;
    let client = world.emulator.client_with_token_lifetime(300);
    let api = world.api_for(&client);
    for _ in 0..24 * 60 / 2 {
        api.get_oauth_scope("users", None).await.expect("a scope");
        world.advance_clocks(2 * MINUTE);
    }
    // Each token lives for 5 minutes, and a call is made every 2 minutes.
    let sign_ins = world.sign_ins();
    assert!((24 * 60 / 6..=24 * 60 / 3).contains(&sign_ins), "{sign_ins}");
}

#[tokio::test]
async fn a_refused_sign_in_is_one_clear_error() {
    let world = World::new().await;
    let mut client = world.emulator.administrator();
    client.client_secret = "wrong-but-long-enough-to-be-noticed".to_owned();
    let error = error_of(&world, world.api_for(&client).get_oauth_clients().await);
    assert_eq!(
        (error.kind(), error.status(), error.code()),
        (ErrorKind::SignIn, Some(401), Some("invalid_client"))
    );
    assert_eq!(error.operation(), Some("get_oauth_clients"));
    assert!(!error.server_may_have_acted() && !error.worth_retrying());
    let message = error.to_string();
    assert!(message.starts_with("get_oauth_clients: no token: 401 invalid_client: "), "{message}");
    assert!(message.contains("check the client id and secret"), "{message}");
    assert_eq!(
        error.server_message(),
        Some("client authentication failed: client not found or wrong secret")
    );
    assert_eq!(world.sign_ins(), 1);
    assert_eq!(world.emulator.requests(Endpoint::GetOauthClients), 0);
}

#[tokio::test]
async fn an_error_of_the_login_host_is_kept_in_every_format_and_status() {
    let api_format = r#"{"message": "This client is locked.", "code": "client.locked", "status": 401,
        "contextId": "3c2f7f0e-5b1d-4a52-9d0c-7b1a2f3e4d5c"}"#;
    let rfc_6749_format = r#"{"error": "client.locked", "error_description": "This client is locked.",
        "contextId": "3c2f7f0e-5b1d-4a52-9d0c-7b1a2f3e4d5c"}"#;
    for (status, body) in
        [(401, api_format), (401, rfc_6749_format), (200, rfc_6749_format), (200, api_format)]
    {
        let world = World::new().await;
        let fault = Fault::on(Endpoint::Token).status(status).body("application/json", body);
        world.emulator.fault(fault.always());
        let error = error_of(&world, world.api().get_oauth_clients().await);
        assert_eq!(
            (error.kind(), error.status(), error.code()),
            (ErrorKind::SignIn, Some(status), Some("client.locked")),
            "{error:?}"
        );
        assert_eq!(error.server_message(), Some("This client is locked."));
        let context_id = error.body().and_then(|body| body.context_id.as_deref());
        assert_eq!(context_id, Some("3c2f7f0e-5b1d-4a52-9d0c-7b1a2f3e4d5c"));
        assert_eq!(world.sign_ins(), 1, "a refusal is not retried");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_refused_renewal_is_one_error_for_each_caller_and_not_a_loop() {
    let world = World::new().await;
    let api = world.api();
    api.get_oauth_scopes(None).await.expect("scopes");
    world.emulator.revoke_all_tokens();
    world.emulator.fault(Fault::on(Endpoint::Token).error(401, "invalid_client").always());
    let error = error_of(&world, api.get_oauth_scopes(None).await);
    assert_eq!((error.kind(), error.code()), (ErrorKind::SignIn, Some("invalid_client")), "{error:?}");
    assert_eq!(world.sign_ins(), 2);
}

#[tokio::test]
async fn a_refused_sign_in_after_a_lost_attempt_reports_that_the_service_may_have_acted() {
    let world = World::new().await;
    let ids = world.create_resources().await;
    let api = world.api();
    api.get_oauth_scopes(None).await.expect("scopes");
    world.emulator.fault(Fault::on(Endpoint::PutOauthClient).reset().after_execution());
    world.emulator.fault(Fault::on(Endpoint::PutOauthClient).error(401, "bad.credentials"));
    world.emulator.fault(Fault::on(Endpoint::Token).error(401, "invalid_client"));
    let error = error_of(&world, api.put_oauth_client(&ids.client_id, &crate::cases::new_client()).await);
    assert_eq!((error.kind(), error.operation()), (ErrorKind::SignIn, Some("put_oauth_client")));
    assert_eq!(world.emulator.executions(Endpoint::PutOauthClient), 1);
    assert!(error.server_may_have_acted());
}

#[tokio::test]
async fn a_fixed_token_is_used_verbatim_and_its_expiry_is_reported() {
    let world = World::new().await;
    let token = world.emulator.issue_token(&world.emulator.administrator().client_id);
    let api = api(world.config_for(Credentials::access_token(token.as_str())));
    api.get_oauth_scopes(None).await.expect("scopes");
    world.emulator.revoke_all_tokens();
    let error = error_of(&world, api.get_oauth_scopes(None).await);
    assert_eq!(
        (error.kind(), error.status(), error.code()),
        (ErrorKind::Api, Some(401), Some("bad.credentials"))
    );
    assert_eq!(error.metadata().map(|metadata| metadata.attempts), Some(1));
    assert_eq!(world.sign_ins(), 0);
}

#[tokio::test]
async fn a_sign_in_is_retried_like_a_read() {
    let world = World::new().await;
    world.emulator.fault(Fault::on(Endpoint::Token).reset());
    world.emulator.fault(Fault::on(Endpoint::Token).error(503, "unavailable"));
    world.api().get_oauth_scopes(None).await.expect("scopes");
    assert_eq!(world.sign_ins(), 3);
}

#[tokio::test]
async fn a_sign_in_with_an_unreadable_response_is_reported_as_such() {
    for (body, expected) in [
        ("<html>Sign in to the Wi-Fi</html>", "the response is a web page or XML, expected TokenResponse"),
        ("{}", "the response is a JSON object without any field of TokenResponse"),
        (
            "{\"token_type\":\"bearer\",\"expires_in\":300}",
            "the response is a TokenResponse without its access token",
        ),
        (
            "{\"access_token\":\"\",\"expires_in\":300}",
            "the response is a TokenResponse without its access token",
        ),
        (
            "{\"access_token\":\"a\\nb\",\"expires_in\":300}",
            "the response is a TokenResponse without its access token",
        ),
    ] {
        let world = World::new().await;
        world.emulator.fault(Fault::on(Endpoint::Token).replace_body("text/html", body).always());
        let error = error_of(&world, world.api().get_oauth_scopes(None).await);
        assert_eq!(error.kind(), ErrorKind::SignIn);
        assert!(error.to_string().contains(expected), "{error}");
    }
}

#[tokio::test]
async fn a_cancelled_call_does_not_cancel_the_sign_in_of_other_calls() {
    let world = World::new().await;
    world.emulator.fault(Fault::on(Endpoint::Token).delay(Duration::from_millis(50)));
    let api = world.api();
    let first = tokio::spawn(api.clone().get_oauth_scopes(None).into_future());
    world.emulator.wait_for_requests(Endpoint::Token, 1).await;
    first.abort();
    api.get_oauth_scopes(None).await.expect("scopes");
    assert_eq!(world.sign_ins(), 1);
}

#[tokio::test]
async fn the_deadline_of_an_operation_includes_the_sign_in() {
    let world = World::new().await;
    world.emulator.fault(Fault::on(Endpoint::Token).hang());
    let call = world.api().get_oauth_scopes(None).deadline(Duration::from_secs(3)).into_future();
    let (result, ()) = tokio::join!(call, async {
        world.emulator.wait_for_requests(Endpoint::Token, 1).await;
        world.clock.advance(Duration::from_secs(3));
    });
    let error = error_of(&world, result);
    assert_eq!(error.kind(), ErrorKind::Timeout);
    assert!(!error.server_may_have_acted() && error.worth_retrying());
    assert_eq!(error.to_string(), "get_oauth_scopes: no token within the deadline of 3s");
}

/// Starts a sign-in that hangs, and leaves it on a runtime that is no longer driven.
async fn sign_in_on_a_stalled_runtime(world: &World, api: &OAuthApi) -> Runtime {
    world.emulator.fault(Fault::on(Endpoint::Token).hang());
    let call = api.get_oauth_scopes(None).into_future();
    let (arrived, until_arrived) = tokio::sync::oneshot::channel::<()>();
    let thread = std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        runtime.block_on(async {
            tokio::select! { _ = call => panic!("unexpected response"), _ = until_arrived => {} }
        });
        runtime
    });
    world.emulator.wait_for_requests(Endpoint::Token, 1).await;
    arrived.send(()).expect("the thread waits");
    thread.join().expect("no panic")
}

#[tokio::test]
async fn a_renewal_lost_with_its_runtime_is_restarted() {
    let world = World::new().await;
    let api = world.api();
    let runtime = sign_in_on_a_stalled_runtime(&world, &api).await;
    runtime.shutdown_background();
    api.get_oauth_scopes(None).await.expect("scopes");
    assert_eq!(world.sign_ins(), 2);
}

#[tokio::test]
async fn a_renewal_on_a_stalled_runtime_is_not_awaited_forever() {
    let world = World::new().await;
    let api = world.api();
    let stalled = sign_in_on_a_stalled_runtime(&world, &api).await;
    world.clock.advance(Duration::from_secs(101));
    api.get_oauth_scopes(None).await.expect("scopes");
    assert_eq!(world.sign_ins(), 2);
    stalled.shutdown_background();
}

#[tokio::test]
async fn a_rotated_secret_signs_in_and_the_old_one_does_not() {
    let world = World::new().await;
    let client = world.emulator.administrator();
    let rotated = world.api().post_oauth_client_secret(&client.client_id).await.expect("rotated");
    let error = error_of(&world, api(world.config_for(as_credentials(&client))).get_oauth_scopes(None).await);
    assert_eq!(error.code(), Some("invalid_client"));
    let secret = rotated.secret.expect("its secret");
    api(world.config_for(Credentials::client_credentials(client.client_id, secret)))
        .get_oauth_scopes(None)
        .await
        .expect("scopes");
}

#[tokio::test]
async fn a_sign_in_without_waiting_callers_is_cancelled() {
    let world = World::new().await;
    let api = world.api();
    world.emulator.fault(Fault::on(Endpoint::Token).hang());
    let [first, second] = [(); 2].map(|()| tokio::spawn(api.get_oauth_clients().into_future()));
    world.emulator.wait_for_requests(Endpoint::Token, 1).await;
    first.abort();
    tokio::task::yield_now().await;
    assert_eq!(world.emulator.open_requests(), 1, "the other caller still waits");
    second.abort();
    world.emulator.wait_until_idle().await;
    api.get_oauth_clients().await.expect("clients, after another sign-in");
    assert_eq!(world.sign_ins(), 2);
}

#[tokio::test]
async fn a_sign_in_with_a_refresh_token_outlives_its_callers_but_not_the_api_object() {
    let world = World::new().await;
    let refresh_token = "rK8sVn2QwYxT4mZbPc6LdEfGh9";
    let credentials = Credentials::refresh_token("6f1c5a0e-3b1d-4f0e-9a53-0c2f1f6f7f10", refresh_token, None);
    let api = api(world.config_for(credentials));
    world.emulator.fault(Fault::on(Endpoint::Token).hang());
    let call = tokio::spawn(api.get_oauth_scopes(None).into_future());
    world.emulator.wait_for_requests(Endpoint::Token, 1).await;
    call.abort();
    assert!(call.await.is_err_and(|ended| ended.is_cancelled()));
    assert_eq!(world.emulator.open_requests(), 1, "cancelling the request would lose the response");
    drop(api);
    world.emulator.wait_until_idle().await;
}

#[tokio::test]
async fn a_caller_with_a_longer_deadline_starts_another_sign_in() {
    let world = World::new().await;
    let api = api(world.config().deadline(5 * SECOND));
    world.emulator.fault(Fault::on(Endpoint::Token).hang());
    let call = api.get_oauth_clients().deadline(60 * SECOND).into_future();
    let (result, ()) = tokio::join!(call, async {
        world.emulator.wait_for_requests(Endpoint::Token, 1).await;
        world.clock.advance(5 * SECOND);
    });
    result.expect("clients");
    assert_eq!(world.sign_ins(), 2);
}

#[tokio::test]
async fn a_timeout_during_sign_in_has_the_same_error_kind_for_every_caller() {
    let world = World::new().await;
    let api = api(world.config().deadline(5 * SECOND));
    world.emulator.fault(Fault::on(Endpoint::Token).hang().always());
    let calls = [3, 5, 7].map(|seconds| api.get_oauth_clients().deadline(seconds * SECOND).into_future());
    let (results, signed_in, ()) = tokio::join!(futures::future::join_all(calls), api.sign_in(), async {
        world.emulator.wait_for_requests(Endpoint::Token, 1).await;
        for _ in 0..7 {
            world.clock.advance(SECOND);
            tokio::task::yield_now().await;
        }
    });
    for result in results {
        let error = error_of(&world, result);
        assert_eq!(error.kind(), ErrorKind::Timeout, "{error:?}");
        assert!(!error.server_may_have_acted() && error.worth_retrying());
    }
    assert_eq!(error_of(&world, signed_in).kind(), ErrorKind::Timeout);
}
