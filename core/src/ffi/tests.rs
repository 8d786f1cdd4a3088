//! Tests of the interface for other languages that are the same for all of them.

use std::future::pending;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use futures::FutureExt;
use purecloud_oauth_emulator::{Emulator, Endpoint, Fault};
use tokio::sync::oneshot;

use uniffi::{Lift, Lower};

use super::OAuthError;
use super::config::{CallOptions, Config};
use super::crossing::TryFromForeign;
use super::era::{Era, PerEra};
use super::error::ErrorDetails;
use super::fault::{CallContext, CallTarget};
use super::retry_policy::RetryPolicy;
use super::runtime::{Runtime, prepared};
use super::values::usage_interval;
use crate::UniFfiTag;
use crate::credentials::{Authorization, Credentials, Session};
use crate::error::{Error, ErrorKind};
use crate::host::Host;
use crate::models::{ApiUsageClientQuery, GrantType, OAuthClientRequest, Timestamp};
use crate::operation::Operation;
use crate::region::Region;
use crate::secret::Secret;

fn config() -> Config {
    let credentials =
        Credentials::client_credentials("7c1f1f6e-2b0d-4f8e-9a55-0a1f5f1d9a3e", "mW4tS9xQhq3KpZ0v");
    Config::new(Host::from(Region::EuCentral1), credentials)
}

fn refused(result: Result<impl Sized, Error>) -> ErrorDetails {
    let error = result.err().expect("a refusal");
    match OAuthError::from(error) {
        OAuthError::InvalidArgument { failure } => *failure,
        other => panic!("{other:?}"),
    }
}

/// Returns the context of a call of an operation, for the tests of the runtime.
fn context(operation: Operation, limit: Duration) -> CallContext {
    CallContext { target: CallTarget::Operation(operation), limit }
}

/// A call with a time limit that no test reaches.
const READING: CallContext = CallContext {
    target: CallTarget::Operation(Operation::GET_OAUTH_CLIENTS),
    limit: Duration::from_secs(90),
};
const ROTATING: CallContext = CallContext {
    target: CallTarget::Operation(Operation::POST_OAUTH_CLIENT_SECRET),
    limit: Duration::from_secs(90),
};

fn failure(error: OAuthError) -> (&'static str, ErrorDetails) {
    match error {
        OAuthError::Connection { failure } => ("Connection", *failure),
        OAuthError::Timeout { failure } => ("Timeout", *failure),
        OAuthError::OutcomeUnknown { failure } => ("OutcomeUnknown", *failure),
        OAuthError::Internal { failure } => ("Internal", *failure),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn dropping_the_future_cancels_the_work() {
    let (alive, ended) = oneshot::channel::<()>();
    let work = Runtime::current().expect("a runtime").run(READING, async move {
        let _alive = alive;
        pending::<Result<(), Error>>().await
    });
    let mut work = Box::pin(work);
    assert!(work.as_mut().now_or_never().is_none());
    drop(work);
    assert!(ended.await.is_err(), "the work goes on");
}

#[test]
fn a_panic_becomes_an_error_that_never_contains_the_panic_message() {
    let runtime = Runtime::current().expect("a runtime");
    let panicking = || async { panic!("mW4tS9xQhq3KpZ0v") as Result<(), Error> };
    for (context, kind) in [(READING, "Internal"), (ROTATING, "OutcomeUnknown")] {
        let (found, failure) = failure(runtime.wait(context, panicking()).expect_err("a panic"));
        assert_eq!(found, kind);
        assert!(failure.text.contains("a defect of the native library"), "{failure}");
        assert!(!format!("{failure:?}").contains("mW4tS9xQ"), "{failure:?}");
        assert!(failure.server_may_have_acted && !failure.worth_retrying, "{failure:?}");
    }
    assert_eq!(runtime.wait(READING, async { Ok(7) }), Ok(7));
}

#[test]
fn a_panic_of_a_broken_runtime_is_reported_as_a_lost_connection() {
    for (context, kind) in [(READING, "Connection"), (ROTATING, "OutcomeUnknown")] {
        let runtime = Runtime::start_separate();
        let panicking = async {
            runtime.mark_broken();
            panic!("Bad file descriptor") as Result<(), Error>
        };
        let (found, failure) = failure(runtime.wait(context, panicking).expect_err("a panic"));
        assert_eq!(found, kind);
        assert!(!failure.text.contains("defect"), "{failure}");
        assert!(failure.server_may_have_acted, "{failure:?}");
    }
}

#[test]
fn a_panic_before_the_request_reports_that_nothing_was_sent() {
    let result: Result<(), OAuthError> = prepared(|| panic!("mW4tS9xQhq3KpZ0v"));
    let (kind, failure) = failure(result.expect_err("a panic"));
    assert_eq!(kind, "Internal");
    assert!(failure.text.contains("nothing was sent") && !failure.text.contains("mW4tS9xQ"), "{failure}");
    assert!(!failure.server_may_have_acted, "{failure:?}");
}

/// Returns a runtime whose thread is blocked, and a sender that unblocks the thread when it is dropped.
fn blocked_runtime() -> (&'static Runtime, mpsc::Sender<()>) {
    let runtime = Runtime::start_separate();
    let (go_on, waiting) = mpsc::channel::<()>();
    let (blocked, is_blocked) = mpsc::channel();
    runtime.spawn(async move {
        blocked.send(()).expect("the test");
        let _ = waiting.recv();
    });
    is_blocked.recv().expect("the runtime");
    (runtime, go_on)
}

#[test]
fn a_call_of_an_unresponsive_runtime_fails_half_a_second_after_its_deadline() {
    let (runtime, _blocked) = blocked_runtime();
    let limit = Duration::from_millis(100);
    let began = Instant::now();
    let result = runtime.wait(context(Operation::POST_OAUTH_CLIENT_SECRET, limit), async { Ok(()) });
    let took = began.elapsed();
    let (kind, failure) = failure(result.expect_err("nothing responds"));
    assert!(took >= limit + Duration::from_millis(500), "gave up after {took:?}");
    assert!(took < Duration::from_secs(30), "gave up after {took:?}");
    assert_eq!(kind, "Timeout");
    assert!(failure.text.contains("nothing was sent"), "{failure}");
    assert!(!failure.server_may_have_acted && failure.worth_retrying, "{failure:?}");
}

#[test]
fn work_that_was_given_up_before_it_began_is_never_executed() {
    let (runtime, go_on) = blocked_runtime();
    let (begun, has_begun) = mpsc::channel();
    let work = async move {
        begun.send(()).expect("the test");
        Ok(())
    };
    runtime
        .wait(context(Operation::POST_OAUTH_CLIENT_SECRET, Duration::from_millis(1)), work)
        .expect_err("nothing responds");
    drop(go_on);
    assert_eq!(runtime.wait(READING, async { Ok(7) }), Ok(7), "the runtime goes on");
    has_begun.try_recv().expect_err("the work was dropped");
}

#[test]
fn an_overdue_call_that_has_begun_reports_that_the_server_may_have_acted() {
    let rows = [
        (Operation::POST_OAUTH_CLIENT_SECRET, "OutcomeUnknown", false),
        (Operation::GET_OAUTH_CLIENTS, "Timeout", true),
    ];
    for (operation, kind, worth_retrying) in rows {
        let runtime = Runtime::start_separate();
        let (_go_on, waiting) = mpsc::channel::<()>();
        let blocking = async move {
            let _ = waiting.recv();
            Ok(())
        };
        let result = runtime.wait(context(operation, Duration::from_millis(1)), blocking);
        let (found, failure) = failure(result.expect_err("nothing responds"));
        assert_eq!(found, kind);
        assert!(failure.server_may_have_acted, "{failure:?}");
        assert_eq!(failure.worth_retrying, worth_retrying, "{failure:?}");
    }
}

#[test]
fn a_runtime_that_breaks_fails_all_waiting_calls_at_once() {
    let runtime = Runtime::start_separate();
    let (begun, has_begun) = mpsc::channel();
    thread::scope(|scope| {
        let waiting = |context| {
            let begun = begun.clone();
            scope.spawn(move || {
                let work = async move {
                    begun.send(()).expect("the test");
                    pending::<Result<(), Error>>().await
                };
                failure(runtime.wait(context, work).expect_err("a broken runtime"))
            })
        };
        let (reading, rotating) = (waiting(READING), waiting(ROTATING));
        has_begun.recv().expect("one");
        has_begun.recv().expect("the other");
        let began = Instant::now();
        runtime.mark_broken();
        let (kind, failure) = reading.join().expect("no panic");
        assert_eq!((kind, failure.server_may_have_acted), ("Connection", true), "{failure}");
        let (kind, failure) = rotating.join().expect("no panic");
        assert_eq!((kind, failure.server_may_have_acted), ("OutcomeUnknown", true), "{failure}");
        assert!(began.elapsed() < Duration::from_secs(30));
    });
    let (kind, failure) = failure(runtime.wait(READING, async { Ok(()) }).expect_err("a broken runtime"));
    assert_eq!((kind, failure.server_may_have_acted), ("Connection", false), "{failure}");
}

#[test]
fn the_value_of_an_era_is_created_once() {
    let made = AtomicU32::new(0);
    let value = Arc::new(PerEra::new());
    let era = Era::now();
    thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                let make = |_: Option<&u32>| Ok::<_, Error>(made.fetch_add(1, Ordering::SeqCst) + 1);
                assert_eq!(*value.get_or_try_init(era, make).expect("a value"), 1);
            });
        }
    });
    assert_eq!(made.load(Ordering::SeqCst), 1);
}

#[test]
fn the_value_of_the_next_era_is_created_from_the_previous_one() {
    let value = PerEra::new();
    let (era, next) = (Era::now(), Era::of_the_process());
    let make = |before: Option<&u8>| Ok::<_, &str>(before.map_or(1, |before| before + 1));
    assert_eq!(value.get_or_try_init(era, make), Ok(&1));
    assert_eq!(value.get_or_try_init(next, make), Ok(&2));
    assert_eq!(value.get_or_try_init(era, make), Ok(&1));
}

#[test]
fn creating_a_value_is_retried_after_a_failure() {
    let value = PerEra::new();
    let era = Era::now();
    value.get_or_try_init(era, |_| Err::<u8, _>("no threads")).expect_err("the first time");
    assert_eq!(value.get_or_try_init(era, |_| Ok::<_, &str>(7)), Ok(&7));
}

#[test]
fn values_of_an_era_that_has_ended_are_never_dropped() {
    let held = Arc::new(());
    let value = PerEra::new();
    let ended = Era::ended();
    value.get_or_try_init(ended, |_| Ok::<_, Error>(Arc::clone(&held))).expect("a value");
    drop(value);
    assert_eq!(Arc::strong_count(&held), 2);
}

/// Returns settings for an emulator.
fn settings(emulator: &Emulator, credentials: Credentials) -> crate::Config {
    let host = Host::url(emulator.base_url()).expect("the emulator's address");
    crate::Config::builder(host, credentials).build().expect("settings")
}

#[tokio::test]
async fn another_runtime_reuses_the_token_of_the_previous_one() {
    let emulator = Emulator::start().await.expect("an emulator");
    let administrator = emulator.administrator();
    let credentials = Credentials::client_credentials(administrator.client_id, administrator.client_secret);
    let before = crate::OAuthApi::new(settings(&emulator, credentials.clone()));
    before.get_oauth_clients().await.expect("clients");
    let after = before.with_new_connections(settings(&emulator, credentials));
    after.get_oauth_clients().await.expect("clients");
    assert_eq!(after.session(), before.session());
    assert_eq!(emulator.requests(Endpoint::Token), 1);
}

#[tokio::test]
async fn a_renewal_of_a_dead_runtime_is_abandoned_and_a_code_is_never_sent_twice() {
    let emulator = Emulator::start().await.expect("an emulator");
    let administrator = emulator.administrator();
    let by_code = Credentials::authorization_code(
        administrator.client_id.clone(),
        "Xw4tK9bQ",
        "https://wartung.example.at/callback",
        Some(Secret::new(administrator.client_secret.clone())),
        None,
    );
    let by_secret = Credentials::client_credentials(administrator.client_id, administrator.client_secret);
    // The first request never ends, like a request on a runtime that has stopped working.
    for (credentials, requests) in [(by_code, 1), (by_secret, 2)] {
        emulator.reset_counts();
        emulator.fault(Fault::on(Endpoint::Token).hang());
        let before = crate::OAuthApi::new(settings(&emulator, credentials.clone()));
        let signing_in = tokio::spawn({
            let before = before.clone();
            async move { before.sign_in().await }
        });
        emulator.wait_for_requests(Endpoint::Token, 1).await;
        let after = before.with_new_connections(settings(&emulator, credentials));
        let result = after.get_oauth_clients().await;
        match requests {
            1 => {
                let error = result.expect_err("the code was sent");
                assert_eq!(error.kind(), crate::ErrorKind::SignIn, "{error}");
            }
            _ => drop(result.expect("clients")),
        }
        assert_eq!(emulator.requests(Endpoint::Token), requests);
        signing_in.abort();
    }
}

#[tokio::test]
async fn a_sign_out_on_a_dead_runtime_leaves_the_api_object_signed_in() {
    let emulator = Emulator::start().await.expect("an emulator");
    let administrator = emulator.administrator();
    let credentials = Credentials::client_credentials(administrator.client_id, administrator.client_secret);
    let before = crate::OAuthApi::new(settings(&emulator, credentials.clone()));
    before.sign_in().await.expect("a session");
    emulator.fault(Fault::on(Endpoint::DeleteTokensMe).hang());
    let signing_out = tokio::spawn({
        let before = before.clone();
        async move { before.sign_out().await }
    });
    emulator.wait_for_requests(Endpoint::DeleteTokensMe, 1).await;
    let after = before.with_new_connections(settings(&emulator, credentials));
    emulator.revoke_all_tokens();
    after.get_oauth_clients().await.expect("another token is fetched");
    signing_out.abort();
}

#[test]
fn settings_out_of_range_are_refused_by_name() {
    let refused_settings = [
        ("pool_max_idle_per_host", Config { pool_max_idle_per_host: Some(-1), ..config() }),
        ("max_response_bytes", Config { max_response_bytes: Some(-1), ..config() }),
        (
            "no_proxy",
            Config { proxy: Some(Secret::new("http://127.0.0.1:3128")), no_proxy: true, ..config() },
        ),
        (
            "retry.max_attempts",
            Config {
                retry: Some(RetryPolicy { max_attempts: Some(-3), ..RetryPolicy::default() }),
                ..config()
            },
        ),
        ("deadline", Config { deadline: Some(Duration::ZERO), ..config() }),
    ];
    for (setting, config) in refused_settings {
        let failure = refused(config.build());
        assert_eq!(failure.argument.as_deref(), Some(setting), "{failure}");
    }
    let failure = refused(<Option<u32>>::try_from_foreign("days", &mut Some(-7)));
    assert_eq!(failure.text, "days is -7, which is out of range");
}

#[test]
fn unset_settings_have_the_defaults_of_the_core() {
    let ours = config().build().expect("settings");
    let cores = crate::Config::builder(Region::EuCentral1, config().credentials).build().expect("settings");
    assert_eq!(format!("{ours:?}"), format!("{cores:?}"));
}

#[test]
fn every_setting_reaches_the_core() {
    let policy = RetryPolicy {
        max_attempts: Some(5),
        first_backoff: Some(Duration::from_millis(250)),
        max_backoff: Some(Duration::from_secs(10)),
        max_retry_after: Some(Duration::from_secs(60)),
        budget: Some(100),
        failure_cost: Some(10),
        throttle_cost: Some(3),
    };
    let given = Config {
        connect_timeout: Some(Duration::from_secs(2)),
        attempt_timeout: Some(Duration::from_secs(10)),
        deadline: Some(Duration::from_secs(45)),
        retry: Some(policy),
        user_agent_suffix: Some("rueckrufe/2.4".to_owned()),
        default_headers: [("x-api-key".to_owned(), Secret::new("hq3KpZ0vX1yT7wB9"))].into(),
        max_response_bytes: Some(1_048_576),
        ..config()
    };
    let cores = crate::Config::builder(Region::EuCentral1, config().credentials)
        .connect_timeout(Duration::from_secs(2))
        .attempt_timeout(Duration::from_secs(10))
        .deadline(Duration::from_secs(45))
        .retry(crate::RetryPolicy {
            max_attempts: 5,
            first_backoff: Duration::from_millis(250),
            max_backoff: Duration::from_secs(10),
            max_retry_after: Duration::from_secs(60),
            budget: 100,
            failure_cost: 10,
            throttle_cost: 3,
        })
        .user_agent_suffix("rueckrufe/2.4")
        .default_header("x-api-key", "hq3KpZ0vX1yT7wB9")
        .max_response_bytes(1_048_576)
        .build()
        .expect("settings");
    assert_eq!(format!("{:?}", given.build().expect("settings")), format!("{cores:?}"));
}

#[test]
fn the_options_of_a_call_reach_the_core_and_are_checked() {
    let headers = |name: &str| [(name.to_owned(), Secret::new("CHG-4711"))].into();
    let given = CallOptions {
        deadline: Some(Duration::from_secs(5)),
        without_retries: true,
        headers: headers("x-ticket"),
    };
    let cores = crate::CallOptions::new().deadline(Duration::from_secs(5)).without_retries();
    let cores = cores.header("x-ticket", "CHG-4711").expect("a header");
    assert_eq!(format!("{:?}", given.build().expect("options")), format!("{cores:?}"));

    let own = CallOptions { deadline: None, without_retries: false, headers: headers("Authorization") };
    assert_eq!(refused(own.build()).argument.as_deref(), Some("headers"));
}

/// `http::HeaderMap` panics if it exceeds its maximum size.
#[test]
fn more_headers_than_a_map_can_hold_are_refused_by_the_settings_name() {
    let many = || (0..25_000).map(|number| (format!("x-{number}"), Secret::new("CHG-4711"))).collect();
    let options = CallOptions { deadline: None, without_retries: false, headers: many() };
    let config = Config { default_headers: many(), ..config() };
    for (failure, setting) in
        [(refused(options.build()), "headers"), (refused(config.build()), "default_headers")]
    {
        assert_eq!(failure.argument.as_deref(), Some(setting));
        assert_eq!(failure.text, format!("{setting} holds more than 200 headers"));
    }
}

#[test]
fn an_error_keeps_its_message_and_names_its_argument() {
    let failure = refused("mars".parse::<Host>());
    assert_eq!(failure.argument.as_deref(), Some("host"));
    assert_eq!(failure.text, failure.to_string());
    assert!(!failure.server_may_have_acted && !failure.worth_retrying);
}

#[test]
fn printing_settings_shows_no_secret() {
    let config = Config {
        proxy: Some(Secret::new("http://wartung:Zq8LkP2r@127.0.0.1:3128")),
        client_certificate: Some(Secret::new("-----BEGIN PRIVATE KEY-----")),
        default_headers: [("x-api-key".to_owned(), Secret::new("hq3KpZ0vX1yT7wB9"))].into(),
        ..config()
    };
    let printed = format!("{config:?} {config:#?}");
    for secret in ["mW4tS9xQhq3KpZ0v", "Zq8LkP2r", "PRIVATE KEY", "hq3KpZ0vX1yT7wB9"] {
        assert!(!printed.contains(secret), "{printed}");
    }
}

/// Lifts a value as another language passes it: seconds, rounded down, and the nanoseconds of that second.
fn lifted<T: Lift<UniFfiTag>>(seconds: i64, nanoseconds: u32) -> T {
    let bytes = [&seconds.to_be_bytes()[..], &nanoseconds.to_be_bytes()].concat();
    T::try_read(&mut &bytes[..]).expect("every value can be lifted")
}

#[test]
fn every_timestamp_crosses_the_boundary_unchanged() {
    for (text, seconds, nanoseconds) in [
        ("0001-01-01T00:00:00Z", -62_135_596_800, 0),
        ("1969-12-31T23:59:58.25Z", -2, 250_000_000),
        ("1969-12-31T23:59:59Z", -1, 0),
        ("1969-12-31T23:59:59.5Z", -1, 500_000_000),
        ("1970-01-01T00:00:00.5Z", 0, 500_000_000),
        ("2026-03-01T08:30:00.123456789Z", 1_772_353_800, 123_456_789),
        ("9999-12-31T23:59:59.999999999Z", 253_402_300_799, 999_999_999),
    ] {
        let timestamp: Timestamp = text.parse().expect(text);
        assert_eq!(lifted::<Timestamp>(seconds, nanoseconds), timestamp);
        let mut written = Vec::new();
        <Timestamp as Lower<UniFfiTag>>::write(timestamp, &mut written);
        assert_eq!(written, [&seconds.to_be_bytes()[..], &nanoseconds.to_be_bytes()].concat(), "{text}");
    }
}

/// Timestamps before the year 1 and after the year 9999, some of which are no valid `Date` in Swift.
const OUTSIDE: [i64; 4] = [i64::MIN, -62_135_596_801, 253_402_300_800, i64::MAX];

#[tokio::test]
async fn a_timestamp_outside_the_calendar_is_refused_by_the_arguments_name() {
    for seconds in OUTSIDE {
        let outside: Timestamp = lifted(seconds, 999_999_999);
        let mut session = Session::new("hq3KpZ0vX1yT7wB9");
        session.expires_at = Some(outside);
        let credentials = Credentials::session("7c1f1f6e-2b0d-4f8e-9a55-0a1f5f1d9a3e", session, None);
        let refusal = refused(Config { credentials, ..config() }.build());
        assert_eq!(refusal.argument.as_deref(), Some("session.expires_at"), "{seconds}");
        assert_eq!(refusal.text, "session.expires_at is outside the years 1 to 9999");

        let api = crate::OAuthApi::new(config().build().expect("settings"));
        let mut body = OAuthClientRequest::new("Terminübersicht", GrantType::ClientCredentials);
        body.date_to_delete = Some(outside);
        let refusal = refused(api.post_oauth_clients(&body).await);
        assert_eq!(refusal.argument.as_deref(), Some("body.date_to_delete"), "{seconds}");
    }
}

#[test]
fn an_interval_outside_the_calendar_or_in_the_wrong_order_is_refused() {
    let interval = |start, end| match usage_interval(start, end) {
        Ok(interval) => Ok(interval),
        Err(OAuthError::InvalidArgument { failure }) => Err(failure.argument.unwrap_or_default()),
        Err(other) => panic!("{other:?}"),
    };
    let second = |seconds| lifted::<Timestamp>(seconds, 0);
    for seconds in OUTSIDE {
        assert_eq!(interval(second(seconds), second(1_772_409_600)).err().as_deref(), Some("start"));
        assert_eq!(interval(second(1_772_323_200), second(seconds)).err().as_deref(), Some("end"));
    }
    assert_eq!(interval(second(1_772_409_600), second(1_772_323_200)).err().as_deref(), Some("start"));
    let within_a_second = interval(second(1_772_323_200), lifted(1_772_323_200, 500_000_000));
    assert_eq!(within_a_second.err().as_deref(), Some("start"), "intervals have whole seconds");

    let whole = interval(second(-62_135_596_800), second(253_402_300_799)).expect("an interval");
    assert_eq!(whole, "0001-01-01T00:00:00/9999-12-31T23:59:59");
    let query = ApiUsageClientQuery::new(whole);
    assert!(crate::models::RequestBody::check(&query).is_ok(), "the format of the service is accepted");
}

#[test]
fn a_negative_duration_is_refused_by_the_settings_name() {
    type Set = fn(&mut Config, Duration);
    let settings: [(&str, Set); 6] = [
        ("connect_timeout", |config, duration| config.connect_timeout = Some(duration)),
        ("attempt_timeout", |config, duration| config.attempt_timeout = Some(duration)),
        ("deadline", |config, duration| config.deadline = Some(duration)),
        ("retry.first_backoff", |config, duration| {
            config.retry = Some(RetryPolicy { first_backoff: Some(duration), ..RetryPolicy::default() });
        }),
        ("retry.max_backoff", |config, duration| {
            config.retry = Some(RetryPolicy { max_backoff: Some(duration), ..RetryPolicy::default() });
        }),
        ("retry.max_retry_after", |config, duration| {
            config.retry = Some(RetryPolicy { max_retry_after: Some(duration), ..RetryPolicy::default() });
        }),
    ];
    for (setting, set) in settings {
        for (seconds, nanoseconds, reason) in [
            (-1, 0, "is negative"),
            (-1, 500_000_000, "is negative"),
            (i64::MIN, 0, "is negative"),
            (i64::MIN, 999_999_999, "is not a finite number of seconds"),
        ] {
            let mut given = config();
            set(&mut given, lifted(seconds, nanoseconds));
            let refusal = refused(given.build());
            assert_eq!(refusal.argument.as_deref(), Some(setting));
            assert_eq!(refusal.text, format!("{setting} {reason}"));
        }
    }
}

#[tokio::test]
async fn a_negative_deadline_of_one_call_or_sign_in_is_refused() {
    let api = crate::OAuthApi::new(config().build().expect("settings"));
    let refusal = refused(api.get_oauth_clients().deadline(lifted(-5, 0)).await);
    assert_eq!(refusal.text, "get_oauth_clients: deadline is negative");

    let mut authorization = Authorization::new("7c1f1f6e-2b0d-4f8e-9a55", "http://127.0.0.1:8765/callback");
    authorization.deadline = Some(lifted(-5, 0));
    let credentials = Credentials::browser(authorization);
    let refusal = refused(Config { credentials, ..config() }.build());
    assert_eq!(refusal.text, "deadline is negative");
}

#[test]
fn a_wait_that_the_service_asks_for_is_limited_to_the_range_of_every_language() {
    let metadata = crate::ResponseMetadata {
        rate_limit: crate::RateLimit { reset: Some(Duration::MAX), ..crate::RateLimit::default() },
        ..crate::ResponseMetadata::default()
    };
    let error =
        Error::builder(ErrorKind::Api, "503").retry_after(Some(Duration::MAX)).metadata(metadata).build();
    let failure = ErrorDetails::from(&error);
    let reset = failure.metadata.and_then(|metadata| metadata.rate_limit.reset);
    // `timedelta.max` of Python, in whole seconds.
    let longest = Some(Duration::from_secs(86_399_999_999_999));
    assert_eq!((failure.retry_after, reset), (longest, longest));
}
