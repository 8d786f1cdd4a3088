//! The failure table, cell by cell, for each operation: the number of requests, of executions, and the result for the
//! caller.

use std::time::Duration;

use purecloud_oauth::{CallOptions, Credentials, ErrorKind, Host, Replay, Verb, Wait};
use purecloud_oauth_emulator::{Endpoint, Fault};

use crate::cases::{self, Case};
use crate::world::{World, api, error_of};

/// The expected result of a cell.
#[derive(Clone, Copy)]
enum Then {
    Works,
    Fails(ErrorKind),
}
use Then::{Fails, Works};

/// A cell of the table: the expected requests, executions and result.
#[derive(Clone, Copy)]
struct Cell {
    requests: usize,
    executions: usize,
    then: Then,
    may_have_acted: bool,
}

const fn cell(requests: usize, executions: usize, then: Then) -> Cell {
    Cell { requests, executions, then, may_have_acted: matches!(then, Fails(ErrorKind::OutcomeUnknown)) }
}

impl Cell {
    const fn possibly_executed(mut self) -> Self {
        self.may_have_acted = true;
        self
    }
}

/// Returns the cell of a call that is sent once and whose outcome is unknown; `executions` is the real number.
const fn unknown(executions: usize) -> Cell {
    cell(1, executions, Fails(ErrorKind::OutcomeUnknown))
}

/// Checks a row of the table for all operations; `expected` returns the cell of a case.
async fn row(name: &str, fault: impl Fn(Endpoint) -> Fault, expected: impl Fn(&Case) -> Cell) {
    for case in cases::all() {
        let world = World::new().await;
        let ids = world.create_resources().await;
        world.emulator.fault(fault(case.endpoint));
        let result = (case.call)(&world.api(), &ids, CallOptions::new()).await;
        check(name, &world, &case, result, expected(&case));
    }
}

fn check(
    name: &str,
    world: &World,
    case: &Case,
    result: Result<purecloud_oauth::ResponseMetadata, purecloud_oauth::Error>,
    expected: Cell,
) {
    let place = format!("{name}, {:?}", case.operation);
    let sent = world.emulator.requests(case.endpoint);
    let carried_out = world.emulator.executions(case.endpoint);
    assert_eq!((sent, carried_out), (expected.requests, expected.executions), "{place}: {result:?}");
    match expected.then {
        Works => {
            let metadata = result.unwrap_or_else(|error| panic!("{place}: {error:?}"));
            assert_eq!(metadata.attempts as usize, sent, "{place}");
        }
        Fails(kind) => {
            let error = error_of(world, result);
            assert_eq!(error.kind(), kind, "{place}: {error:?}");
            assert_eq!(error.operation(), Some(case.operation.name), "{place}");
            assert_eq!(error.server_may_have_acted(), expected.may_have_acted, "{place}: {error:?}");
            assert_eq!(error.metadata().map(|metadata| metadata.attempts as usize), Some(sent), "{place}");
            if kind == ErrorKind::OutcomeUnknown {
                assert!(!error.worth_retrying(), "{place}");
                assert!(error.to_string().contains("outcome unknown"), "{place}: {error}");
            }
        }
    }
}

fn once(case: &Case) -> bool {
    case.operation.replay == Replay::Once
}

fn delete(case: &Case) -> bool {
    case.operation.verb == Verb::Delete
}

#[tokio::test]
async fn every_operation_retries_a_failed_connection() {
    for case in cases::all() {
        let world = World::new().await;
        let ids = world.create_resources().await;
        let closed = {
            let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
            listener.local_addr().expect("its address")
        };
        let token = world.emulator.issue_token(&world.emulator.administrator().client_id);
        let unreachable = Host::url(&format!("http://{closed}")).expect("an address");
        let config = purecloud_oauth::Config::builder(unreachable, Credentials::access_token(token));
        let result = (case.call)(&api(config.clock(world.clock.clone())), &ids, CallOptions::new()).await;
        let error = error_of(&world, result);
        assert_eq!(error.kind(), ErrorKind::Connection, "{error:?}");
        assert!(!error.server_may_have_acted(), "{error:?}");
        assert!(error.worth_retrying(), "{error:?}");
        assert_eq!(error.metadata().map(|metadata| metadata.attempts), Some(3), "{error:?}");
        assert!(error.to_string().contains(&format!("no connection to {closed}: ")), "{error}");
        assert_eq!(world.emulator.requests(case.endpoint), 0);
    }
}

#[tokio::test]
async fn every_operation_waits_for_retry_after() {
    for case in cases::all() {
        let world = World::new().await;
        let ids = world.create_resources().await;
        world
            .emulator
            .fault(Fault::on(case.endpoint).error(429, "too.many.requests").header("Retry-After", "7"));
        let result = (case.call)(&world.api(), &ids, CallOptions::new()).await;
        check("429", &world, &case, result, cell(2, 1, Works));
        assert_eq!(world.clock.waits(), [(Wait::RetryAfter, Duration::from_secs(7))], "{:?}", case.operation);
    }
}

#[tokio::test]
async fn every_operation_renews_a_rejected_token_once() {
    for case in cases::all() {
        let world = World::new().await;
        let ids = world.create_resources().await;
        world.emulator.fault(Fault::on(case.endpoint).error(401, "bad.credentials"));
        let result = (case.call)(&world.api(), &ids, CallOptions::new()).await;
        check("401", &world, &case, result, cell(2, 1, Works));
        assert_eq!(world.emulator.requests(Endpoint::Token), 2, "{:?}", case.operation);
    }
    row(
        "401 always",
        |at| Fault::on(at).error(401, "bad.credentials").always(),
        |_| cell(2, 0, Fails(ErrorKind::Api)),
    )
    .await;
}

#[tokio::test]
async fn a_connection_lost_before_execution() {
    let expected = |case: &Case| if once(case) { unknown(0) } else { cell(2, 1, Works) };
    row("reset before", |at| Fault::on(at).reset(), expected).await;
}

#[tokio::test]
async fn a_connection_lost_after_execution() {
    row(
        "reset after",
        |at| Fault::on(at).reset().after_execution(),
        |case| match case {
            case if once(case) => unknown(1),
            // The second deletion gets 404, because the first one was executed.
            case if delete(case) => cell(2, 1, Works),
            _ => cell(2, 2, Works),
        },
    )
    .await;
}

#[tokio::test]
async fn a_connection_lost_every_time() {
    row(
        "reset always",
        |at| Fault::on(at).reset().always(),
        |case| {
            if once(case) { unknown(0) } else { cell(3, 0, Fails(ErrorKind::Connection)).possibly_executed() }
        },
    )
    .await;
}

#[tokio::test]
async fn an_attempt_that_times_out() {
    for after_execution in [false, true] {
        for case in cases::all() {
            let world = World::new().await;
            let ids = world.create_resources().await;
            let hang = Fault::on(case.endpoint).hang();
            world.emulator.fault(if after_execution { hang.after_execution() } else { hang });
            let call = (case.call)(&world.api(), &ids, CallOptions::new());
            let (result, ()) = tokio::join!(call, async {
                world.emulator.wait_for_requests(case.endpoint, 1).await;
                world.clock.advance(Duration::from_secs(30));
            });
            let done = usize::from(after_execution);
            let expected = match &case {
                case if once(case) => unknown(done),
                case if delete(case) => cell(2, 1, Works),
                _ => cell(2, 1 + done, Works),
            };
            check("hang", &world, &case, result, expected);
            world.emulator.wait_until_idle().await;
        }
    }
}

#[tokio::test]
async fn an_unreadable_response() {
    type Damage = fn(Fault) -> Fault;
    let damages: [(&str, Damage); 7] = [
        ("truncated", |fault| fault.cut_body(10)),
        ("too short for its length", |fault| fault.wrong_length(64)),
        ("broken gzip", Fault::broken_gzip),
        ("a web page", |fault| fault.replace_body("text/html", "<html>Sign in to the Wi-Fi</html>")),
        ("truncated JSON", |fault| fault.replace_body("application/json", "{\"id\":\"6f1c")),
        ("a list", |fault| fault.replace_body("application/json", "[]")),
        ("an empty body", |fault| fault.replace_body("application/json", "")),
    ];
    for (name, damage) in damages {
        let fault = |at| damage(Fault::on(at).after_execution());
        row(name, fault, |case| match case {
            case if once(case) => unknown(1),
            // The body of the response to a deletion is ignored.
            case if delete(case) => cell(1, 1, Works),
            _ => cell(2, 2, Works),
        })
        .await;
    }
}

#[tokio::test]
async fn an_unreadable_response_every_time() {
    let fault = |at| Fault::on(at).replace_body("text/html", "<html></html>").always();
    row("web pages", fault, |case| match case {
        case if once(case) => unknown(1),
        case if delete(case) => cell(1, 1, Works),
        _ => cell(3, 3, Fails(ErrorKind::UnreadableAnswer)).possibly_executed(),
    })
    .await;
}

#[tokio::test]
async fn a_service_that_is_unavailable() {
    for status in [408, 502, 503, 504] {
        row(
            &status.to_string(),
            |at| Fault::on(at).error(status, "service.unavailable"),
            |case| {
                if once(case) { unknown(0) } else { cell(2, 1, Works) }
            },
        )
        .await;
    }
    row(
        "503 always",
        |at| Fault::on(at).error(503, "service.unavailable").always(),
        |case| {
            if once(case) { unknown(0) } else { cell(3, 0, Fails(ErrorKind::Api)).possibly_executed() }
        },
    )
    .await;
}

#[tokio::test]
async fn an_internal_error_is_retried_once() {
    row(
        "500",
        |at| Fault::on(at).error(500, "internal.server.error"),
        |case| {
            if once(case) { unknown(0) } else { cell(2, 1, Works) }
        },
    )
    .await;
    row(
        "500 always",
        |at| Fault::on(at).error(500, "internal.server.error").always(),
        |case| {
            if once(case) { unknown(0) } else { cell(2, 0, Fails(ErrorKind::Api)).possibly_executed() }
        },
    )
    .await;
}

#[tokio::test]
async fn a_refusal_is_final() {
    for status in [400, 403, 404, 405, 409, 410, 413, 415, 418, 422] {
        row(
            &status.to_string(),
            |at| Fault::on(at).error(status, "refused"),
            |_| cell(1, 0, Fails(ErrorKind::Api)),
        )
        .await;
    }
}

#[tokio::test]
async fn a_permanent_server_error_is_not_retried() {
    for status in [501, 505, 507, 520] {
        row(
            &status.to_string(),
            |at| Fault::on(at).error(status, "failed"),
            |case| {
                if once(case) { unknown(0) } else { cell(1, 0, Fails(ErrorKind::Api)).possibly_executed() }
            },
        )
        .await;
    }
}

#[tokio::test]
async fn a_redirect_is_an_error_and_is_not_followed() {
    for status in [301, 302, 303, 307, 308] {
        let fault = |at| Fault::on(at).status(status).header("Location", "http://127.0.0.1:1/elsewhere");
        // With a status up to 303 the service may have executed the request before it redirected the client.
        row(&status.to_string(), fault, |case| match case {
            case if once(case) && status <= 303 => unknown(0),
            _ if status <= 303 => cell(1, 0, Fails(ErrorKind::Api)).possibly_executed(),
            _ => cell(1, 0, Fails(ErrorKind::Api)),
        })
        .await;
    }
}

#[tokio::test]
async fn a_response_without_required_fields_is_unreadable() {
    let incomplete = |at| Fault::on(at).replace_body("application/json", "{\"selfUri\":\"/api/v2/oauth\"}");
    row("only its own path", incomplete, |case| match case.operation.name {
        _ if once(case) => unknown(1),
        _ if delete(case) => cell(1, 1, Works),
        // This model has no required field.
        "get_oauth_authorization" => cell(1, 1, Works),
        _ => cell(2, 2, Works),
    })
    .await;
    let world = World::new().await;
    let ids = world.create_resources().await;
    let without =
        Fault::on(Endpoint::PostOauthClientSecret).replace_body("application/json", "{\"id\":\"6f1c\"}");
    world.emulator.fault(without);
    let error = error_of(&world, world.api().post_oauth_client_secret(&ids.client_id).await);
    assert_eq!(error.kind(), ErrorKind::OutcomeUnknown);
    assert!(error.to_string().contains("the response is an OAuthClient without its secret"), "{error}");
}

#[tokio::test]
async fn a_listing_without_valid_entities_is_unreadable() {
    let world = World::new().await;
    let id = "6f1c8a52-9d3e-4b7a-8c21-5e0f4d9b7a63";
    for (body, reason) in [
        (r#"{"total":5}"#.to_owned(), "an OAuthClientEntityListing without its entities"),
        (
            format!(r#"{{"entities":[{{"id":"{id}"}},{{"name":"Terminübersicht"}}],"total":2}}"#),
            "an OAuthClientEntityListing whose entities[1] has no id",
        ),
    ] {
        let incomplete = Fault::on(Endpoint::GetOauthClients).replace_body("application/json", body);
        world.emulator.fault(incomplete);
        let error = error_of(&world, world.api().get_oauth_clients().without_retries().await);
        assert_eq!(error.kind(), ErrorKind::UnreadableAnswer);
        assert!(error.to_string().contains(reason), "{error}");
        assert!(error.worth_retrying(), "{error:?}");
    }
    world.emulator.fault(
        Fault::on(Endpoint::GetOauthClients).replace_body("application/json", r#"{"entities":[],"total":0}"#),
    );
    let listing = world.api().get_oauth_clients().await.expect("an organization without clients");
    assert!(listing.entities.is_empty());
}

#[tokio::test]
async fn lost_responses_over_http2() {
    for (after_execution, status) in [(false, None), (true, None), (true, Some(503))] {
        let world = World::start_with(|builder| builder.tls(true)).await;
        let roots = world.emulator.ca_certificate_pem().expect("a root").to_owned();
        let ids = world.create_resources().await;
        let api = api(world.config().root_certificates(roots));
        api.get_oauth_client(&ids.client_id).await.expect("a client, over a connection that stays open");
        world.emulator.reset_counts();
        let fault = |at| match status {
            None => Fault::on(at).reset(),
            Some(status) => Fault::on(at).status(status),
        };
        for endpoint in [Endpoint::PostOauthClientSecret, Endpoint::GetOauthClient] {
            let fault = fault(endpoint);
            world.emulator.fault(if after_execution { fault.after_execution() } else { fault });
        }
        let error = error_of(&world, api.post_oauth_client_secret(&ids.client_id).await);
        assert_eq!(error.kind(), ErrorKind::OutcomeUnknown, "{error:?}");
        assert_eq!(world.emulator.requests(Endpoint::PostOauthClientSecret), 1);
        assert_eq!(world.emulator.executions(Endpoint::PostOauthClientSecret), usize::from(after_execution));
        api.get_oauth_client(&ids.client_id).await.expect("a client, after a retry");
        let read = world.emulator.last_request(Endpoint::GetOauthClient).expect("a request");
        assert_eq!(
            (world.emulator.requests(Endpoint::GetOauthClient), read.http_version.as_str()),
            (2, "HTTP/2.0")
        );
    }
}

#[tokio::test]
async fn a_lost_rotation_is_sent_once_and_executed_once() {
    let world = World::new().await;
    let ids = world.create_resources().await;
    let before = world.emulator.current_secret(&ids.client_id);
    world.emulator.fault(Fault::on(Endpoint::PostOauthClientSecret).reset().after_execution());
    let error = error_of(&world, world.api().post_oauth_client_secret(&ids.client_id).await);
    assert_eq!(error.kind(), ErrorKind::OutcomeUnknown);
    assert_eq!(world.emulator.requests(Endpoint::PostOauthClientSecret), 1);
    assert_eq!(world.emulator.executions(Endpoint::PostOauthClientSecret), 1);
    assert_ne!(world.emulator.current_secret(&ids.client_id), before);
    assert!(std::error::Error::source(&error).is_some(), "the cause is reachable");
}
