//! What holds at the boundary, whatever the language behind it.

use std::future::pending;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use futures::FutureExt;
use tokio::sync::oneshot;

use uniffi::{Lift, Lower};

use super::argument::Lent;
use super::config::{CallOptions, Config, RetryPolicy};
use super::runtime::{PerProcess, run};
use super::values::usage_interval;
use super::{Failure, OAuthError};
use crate::UniFfiTag;
use crate::credentials::{Authorization, Credentials, Session};
use crate::error::Error;
use crate::models::{ApiUsageClientQuery, GrantType, OAuthClientRequest, Timestamp};
use crate::region::{Host, Region};
use crate::secret::Secret;

fn config() -> Config {
    let credentials =
        Credentials::client_credentials("7c1f1f6e-2b0d-4f8e-9a55-0a1f5f1d9a3e", "mW4tS9xQhq3KpZ0v");
    Config::new(Host::from(Region::EuCentral1), credentials)
}

fn refused(result: Result<impl Sized, Error>) -> Failure {
    let error = result.err().expect("a refusal");
    match OAuthError::from(error) {
        OAuthError::InvalidArgument { failure } => *failure,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn dropping_the_future_ends_the_work() {
    let (alive, ended) = oneshot::channel::<()>();
    let work = run(async move {
        let _alive = alive;
        pending::<Result<(), Error>>().await
    });
    let mut work = Box::pin(work);
    assert!(work.as_mut().now_or_never().is_none());
    drop(work);
    assert!(ended.await.is_err(), "the work goes on");
}

#[tokio::test]
async fn a_panic_in_the_work_is_the_callers() {
    let work = run(async { panic!("a mistake of ours") as Result<(), Error> });
    let panic = std::panic::AssertUnwindSafe(work).catch_unwind().await.expect_err("a panic");
    assert_eq!(panic.downcast_ref(), Some(&"a mistake of ours"));
    let after = run(async { Ok(7) }).await.expect("the runtime goes on");
    assert_eq!(after, 7);
}

#[test]
fn a_process_makes_its_value_once() {
    let made = AtomicU32::new(0);
    let value = Arc::new(PerProcess::new());
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                let got = value.get_or_try_init(|| Ok::<_, Error>(made.fetch_add(1, Ordering::SeqCst) + 1));
                assert_eq!(*got.expect("a value"), 1);
            });
        }
    });
    assert_eq!(made.load(Ordering::SeqCst), 1);
}

#[test]
fn a_value_that_could_not_be_made_is_tried_again() {
    let value = PerProcess::new();
    value.get_or_try_init(|| Err::<u8, _>("no threads")).expect_err("the first time");
    assert_eq!(value.get_or_try_init(|| Ok::<_, &str>(7)), Ok(&7));
}

#[test]
fn numbers_that_no_setting_can_have_are_refused_by_name() {
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
    let failure = refused(<Option<u32>>::lent("days", &Some(-7)));
    assert_eq!(failure.text, "days is -7, which is out of range");
}

#[test]
fn what_is_left_out_has_the_cores_defaults() {
    let ours = config().build().expect("settings");
    let cores = crate::Config::builder(Region::EuCentral1, config().credentials).build().expect("settings");
    assert_eq!(format!("{ours:?}"), format!("{cores:?}"));
}

#[test]
fn every_setting_arrives() {
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
fn the_options_of_a_call_arrive_and_are_checked() {
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

/// `http::HeaderMap` panics when it has to hold more than its maximum.
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
fn an_error_keeps_its_text_and_names_its_argument() {
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

/// A value as another language hands it over: seconds, rounded down, and the nanoseconds of that second.
fn crossed<T: Lift<UniFfiTag>>(seconds: i64, nanoseconds: u32) -> T {
    let bytes = [&seconds.to_be_bytes()[..], &nanoseconds.to_be_bytes()].concat();
    T::try_read(&mut &bytes[..]).expect("every value crosses")
}

#[test]
fn every_timestamp_crosses_as_it_is() {
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
        assert_eq!(crossed::<Timestamp>(seconds, nanoseconds), timestamp);
        let mut written = Vec::new();
        <Timestamp as Lower<UniFfiTag>>::write(timestamp, &mut written);
        assert_eq!(written, [&seconds.to_be_bytes()[..], &nanoseconds.to_be_bytes()].concat(), "{text}");
    }
}

/// Before the year 1 and after the year 9999, and what is no date at all in Swift.
const OUTSIDE: [i64; 4] = [i64::MIN, -62_135_596_801, 253_402_300_800, i64::MAX];

#[tokio::test]
async fn a_timestamp_outside_the_calendar_is_refused_by_the_arguments_name() {
    for seconds in OUTSIDE {
        let outside: Timestamp = crossed(seconds, 999_999_999);
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
fn an_interval_has_both_its_ends_in_the_calendar_and_in_order() {
    let interval = |start, end| match usage_interval(start, end) {
        Ok(interval) => Ok(interval),
        Err(OAuthError::InvalidArgument { failure }) => Err(failure.argument.unwrap_or_default()),
        Err(other) => panic!("{other:?}"),
    };
    let second = |seconds| crossed::<Timestamp>(seconds, 0);
    for seconds in OUTSIDE {
        assert_eq!(interval(second(seconds), second(1_772_409_600)).err().as_deref(), Some("start"));
        assert_eq!(interval(second(1_772_323_200), second(seconds)).err().as_deref(), Some("end"));
    }
    assert_eq!(interval(second(1_772_409_600), second(1_772_323_200)).err().as_deref(), Some("start"));
    let within_a_second = interval(second(1_772_323_200), crossed(1_772_323_200, 500_000_000));
    assert_eq!(within_a_second.err().as_deref(), Some("start"), "intervals are exact to the second");

    let whole = interval(second(-62_135_596_800), second(253_402_300_799)).expect("an interval");
    assert_eq!(whole, "0001-01-01T00:00:00/9999-12-31T23:59:59");
    let query = ApiUsageClientQuery::new(whole);
    assert!(crate::models::RequestBody::check(&query).is_ok(), "the service's own form is read");
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
            set(&mut given, crossed(seconds, nanoseconds));
            let refusal = refused(given.build());
            assert_eq!(refusal.argument.as_deref(), Some(setting));
            assert_eq!(refusal.text, format!("{setting} {reason}"));
        }
    }
}

#[tokio::test]
async fn a_negative_deadline_of_one_call_or_sign_in_is_refused() {
    let api = crate::OAuthApi::new(config().build().expect("settings"));
    let refusal = refused(api.get_oauth_clients().deadline(crossed(-5, 0)).await);
    assert_eq!(refusal.text, "get_oauth_clients: deadline is negative");

    let mut authorization = Authorization::new("7c1f1f6e-2b0d-4f8e-9a55", "http://127.0.0.1:8765/callback");
    authorization.deadline = Some(crossed(-5, 0));
    let credentials = Credentials::browser(authorization);
    let refusal = refused(Config { credentials, ..config() }.build());
    assert_eq!(refusal.text, "deadline is negative");
}

#[test]
fn a_wait_that_the_service_names_can_be_held_by_every_language() {
    let metadata = crate::ResponseMetadata {
        rate_limit: crate::RateLimit { reset: Some(Duration::MAX), ..crate::RateLimit::default() },
        ..crate::ResponseMetadata::default()
    };
    let error = Error::builder().retry_after(Some(Duration::MAX)).metadata(metadata).build();
    let failure = Failure::from(error);
    let reset = failure.metadata.and_then(|metadata| metadata.rate_limit.reset);
    // `timedelta.max` of Python, to the second.
    let longest = Some(Duration::from_secs(86_399_999_999_999));
    assert_eq!((failure.retry_after, reset), (longest, longest));
}
