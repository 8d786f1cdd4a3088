//! Tokens: fetched once, shared, renewed in time, and given up with a clear error.

use std::time::Duration;

use futures::future::join_all;
use purecloud_oauth::{Credentials, ErrorKind, OAuthApi};
use purecloud_oauth_emulator::{Endpoint, Fault};
use tokio::runtime::Runtime;

use crate::world::{World, api, as_credentials, error_of};

const SECOND: Duration = Duration::from_secs(1);
const MINUTE: Duration = Duration::from_secs(60);

impl World {
    /// Moves the clocks of both sides.
    fn pass(&self, time: Duration) {
        self.clock.advance(time);
        self.emulator.clock().advance(time);
    }

    fn sign_ins(&self) -> usize {
        self.emulator.requests(Endpoint::Token)
    }
}

#[tokio::test]
async fn id_and_secret_are_sent_once_as_they_are_and_the_token_is_kept() {
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
    let expected = reqwest_basic(&client.client_id, &client.client_secret);
    assert_eq!(request.header("authorization"), Some(expected.as_str()));
}

fn reqwest_basic(id: &str, secret: &str) -> String {
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
    world.pass(Duration::from_secs(301));
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
async fn a_storm_of_rejections_signs_in_once() {
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
async fn a_late_rejection_of_an_old_token_finds_the_new_one() {
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
async fn a_token_is_renewed_before_it_ends_while_calls_go_on() {
    let world = World::new().await;
    let client = world.emulator.client_with_token_lifetime(300);
    let api = world.api_for(&client);
    api.get_oauth_scopes(None).await.expect("scopes");
    world.pass(Duration::from_secs(224));
    api.get_oauth_scopes(None).await.expect("scopes");
    assert_eq!(world.sign_ins(), 1, "more than a minute and its jitter are left");
    world.pass(Duration::from_secs(17));
    api.get_oauth_scopes(None).await.expect("scopes");
    world.emulator.wait_for_requests(Endpoint::Token, 2).await;
    world.emulator.wait_until_idle().await;
    world.pass(Duration::from_secs(60));
    api.get_oauth_scopes(None).await.expect("scopes, with the new token");
    assert_eq!(world.sign_ins(), 2);
    assert_eq!(world.emulator.requests(Endpoint::GetOauthScopes), 4, "no call was rejected");
}

#[tokio::test]
async fn a_renewal_that_fails_costs_no_call_while_the_old_token_holds() {
    let world = World::new().await;
    let client = world.emulator.client_with_token_lifetime(300);
    let api = world.api_for(&client);
    api.get_oauth_scopes(None).await.expect("scopes");
    world.emulator.fault(Fault::on(Endpoint::Token).error(401, "invalid_client").always());
    world.pass(Duration::from_secs(250));
    for call in 0..4 {
        api.get_oauth_scopes(None).await.expect("scopes, with the old token");
        world.emulator.wait_for_requests(Endpoint::Token, 2 + call).await;
        world.emulator.wait_until_idle().await;
        api.get_oauth_scopes(None).await.expect("scopes, without another renewal at once");
        world.pass(Duration::from_secs(11));
    }
    assert_eq!(world.sign_ins(), 5);
    world.pass(MINUTE);
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
        world.pass(2 * MINUTE);
    }
    // Every token lasts 5 minutes, and calls come every 2.
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
    let text = error.to_string();
    assert!(text.starts_with("get_oauth_clients: no token: 401 invalid_client: "), "{text}");
    assert!(text.contains("check the client id and secret"), "{text}");
    assert_eq!(
        error.server_message(),
        Some("client authentication failed: client not found or wrong secret")
    );
    assert_eq!(world.sign_ins(), 1);
    assert_eq!(world.emulator.requests(Endpoint::GetOauthClients), 0);
}

#[tokio::test]
async fn an_error_of_the_login_host_is_kept_in_whatever_shape_and_status_it_comes() {
    let of_the_api = r#"{"message": "This client is locked.", "code": "client.locked", "status": 401,
        "contextId": "3c2f7f0e-5b1d-4a52-9d0c-7b1a2f3e4d5c"}"#;
    let of_rfc_6749 = r#"{"error": "client.locked", "error_description": "This client is locked.",
        "contextId": "3c2f7f0e-5b1d-4a52-9d0c-7b1a2f3e4d5c"}"#;
    for (status, body) in [(401, of_the_api), (401, of_rfc_6749), (200, of_rfc_6749), (200, of_the_api)] {
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
        assert_eq!(world.sign_ins(), 1, "a refusal is not repeated");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_refused_renewal_is_one_error_for_each_caller_and_no_loop() {
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
async fn a_sign_in_refused_after_a_lost_attempt_does_not_hide_that_it_may_have_acted() {
    let world = World::new().await;
    let ids = world.subject().await;
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
async fn a_given_token_is_used_as_it_is_and_its_end_is_told() {
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
async fn a_sign_in_is_tried_again_like_a_read() {
    let world = World::new().await;
    world.emulator.fault(Fault::on(Endpoint::Token).reset());
    world.emulator.fault(Fault::on(Endpoint::Token).error(503, "unavailable"));
    world.api().get_oauth_scopes(None).await.expect("scopes");
    assert_eq!(world.sign_ins(), 3);
}

#[tokio::test]
async fn a_sign_in_answered_with_something_else_says_so() {
    for (body, expected) in [
        ("<html>Sign in to the Wi-Fi</html>", "the answer is a web page or XML where TokenResponse is due"),
        ("{}", "the answer is a JSON object without any field of TokenResponse"),
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
async fn a_cancelled_call_does_not_take_the_token_of_the_others_with_it() {
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
async fn the_time_given_to_an_operation_includes_the_sign_in() {
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

/// Starts a sign-in that hangs, and leaves it on a runtime that nobody drives any more.
async fn sign_in_on_a_runtime_left_alone(world: &World, api: &OAuthApi) -> Runtime {
    world.emulator.fault(Fault::on(Endpoint::Token).hang());
    let call = api.get_oauth_scopes(None).into_future();
    let (arrived, until_arrived) = tokio::sync::oneshot::channel::<()>();
    let thread = std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        runtime.block_on(async {
            tokio::select! { _ = call => panic!("it hangs"), _ = until_arrived => {} }
        });
        runtime
    });
    world.emulator.wait_for_requests(Endpoint::Token, 1).await;
    arrived.send(()).expect("the thread waits");
    thread.join().expect("no panic")
}

#[tokio::test]
async fn a_renewal_lost_with_its_runtime_is_started_again() {
    let world = World::new().await;
    let api = world.api();
    let runtime = sign_in_on_a_runtime_left_alone(&world, &api).await;
    runtime.shutdown_background();
    api.get_oauth_scopes(None).await.expect("scopes");
    assert_eq!(world.sign_ins(), 2);
}

#[tokio::test]
async fn a_renewal_on_a_runtime_that_stands_still_is_not_waited_for_for_ever() {
    let world = World::new().await;
    let api = world.api();
    let standing = sign_in_on_a_runtime_left_alone(&world, &api).await;
    world.clock.advance(Duration::from_secs(101));
    api.get_oauth_scopes(None).await.expect("scopes");
    assert_eq!(world.sign_ins(), 2);
    standing.shutdown_background();
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
async fn a_sign_in_that_nobody_waits_for_any_more_is_closed() {
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
async fn a_sign_in_whose_response_holds_the_only_token_outlives_its_callers_but_not_the_api_object() {
    let world = World::new().await;
    let refresh_token = "rK8sVn2QwYxT4mZbPc6LdEfGh9";
    let credentials = Credentials::refresh_token("6f1c5a0e-3b1d-4f0e-9a53-0c2f1f6f7f10", refresh_token, None);
    let api = api(world.config_for(credentials));
    world.emulator.fault(Fault::on(Endpoint::Token).hang());
    let call = tokio::spawn(api.get_oauth_scopes(None).into_future());
    world.emulator.wait_for_requests(Endpoint::Token, 1).await;
    call.abort();
    assert!(call.await.is_err_and(|ended| ended.is_cancelled()));
    assert_eq!(world.emulator.open_requests(), 1, "its response would be lost");
    drop(api);
    world.emulator.wait_until_idle().await;
}

#[tokio::test]
async fn a_caller_with_a_longer_deadline_signs_in_anew() {
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
async fn time_that_runs_out_while_signing_in_is_one_kind_for_every_caller() {
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
