//! Thousands of calls against servers that misbehave in every known way. Whatever the server does, a call ends within
//! its deadline, a creation or rotation is executed at most once, the error has the right kind, a success is a complete
//! response, and no error shows a secret.
//!
//! The seed is fixed. To use another seed or another number of calls:
//!
//! ```sh
//! HOSTILE_SEED=4711 HOSTILE_CALLS=100000 cargo test -p purecloud-oauth --release --test hostile
//! ```
//!
//! A failure prints the seed, and each affected call with the replies that it received. `plan::OUTCOMES` is the table
//! of the expected kinds of errors.

#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs, reason = "a test stops where it fails")]

mod floods;
mod http2;
mod plan;
mod raw;
mod server;
mod tls;

use std::collections::{BTreeMap, HashMap};
use std::error::Error as _;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use futures::StreamExt;
use purecloud_oauth::{
    ApiUsageClientQuery, Config, Credentials, Error, ErrorKind, GrantType, Host, OAuthApi, OAuthClient,
    OAuthClientEntityListing, OAuthClientRequest, Replay, RetryPolicy, UsageExecutionResult,
};

use plan::{Action, Broken, CallPlan, Effect, Plan, Reply, Retry, Route, TIMEOUT_COUNT};
use server::{Arrival, NEW_SECRET, Record, World, marker, token};
use tls::Certificates;

const SEED: u64 = 20_261_129;
const CALLS: usize = 10_000;
/// The number of concurrent calls.
const AT_ONCE: usize = 80;
/// The maximum size of a decompressed response, in bytes.
const CAP: usize = 256 * 1024;
/// The time by which a call may exceed its deadline, in addition to a timer's own delay.
const TOLERANCE: Duration = Duration::from_millis(200);
const TOKEN: &str = "Vb3nQ0xKp7LrT9sWc2YdZ5eHf8JgM1aN";
const CLIENT_ID: &str = "6f1c4a52-0d7e-4b9e-8c35-2f7a9d0e1b46";

/// Returns the secret of the client with which a call signs in.
fn client_secret(call: usize) -> String {
    format!("hq3{call:07}KpZ0vX1yT7wB9")
}

/// The result of a call, as returned to its caller.
struct CallResult {
    result: Result<Success, Error>,
    began: Instant,
    took: Duration,
    /// The lateness of a bare timer for the same deadline; zero if the call ended before its deadline.
    lateness: Duration,
}

struct Success {
    /// The name in the response, if it has one.
    name: Option<String>,
    attempts: u32,
}

/// The delays of bare timers of the same runtime while the calls run.
#[derive(Clone, Default)]
struct Delays(Arc<Mutex<Vec<(Instant, Duration)>>>);

impl Delays {
    /// Starts more timers than the runtime has threads, so that every thread is measured.
    fn watch(&self) {
        const PULSE: Duration = Duration::from_millis(5);
        for _ in 0..4 {
            let delays = self.clone();
            tokio::spawn(async move {
                loop {
                    let due = Instant::now() + PULSE;
                    tokio::time::sleep(PULSE).await;
                    let late = due.elapsed();
                    if late > PULSE {
                        delays.0.lock().unwrap().push((due, late));
                    }
                }
            });
        }
    }

    /// Returns the longest delay of a timer between two instants.
    fn longest(&self, from: Instant, to: Instant) -> Duration {
        let delays = self.0.lock().unwrap();
        let within = delays.iter().filter(|(due, late)| *due <= to && *due + *late >= from);
        within.map(|(_, late)| *late).max().unwrap_or_default()
    }
}

/// The API objects: one for each server and attempt timeout.
struct Apis {
    apis: HashMap<(Route, usize), OAuthApi>,
    sign_in: Host,
}

impl Apis {
    async fn new(world: &Arc<World>, servers: &tokio::runtime::Runtime) -> Self {
        let certificates = Arc::new(Certificates::new());
        let routes = [Route::Plain, Route::Tls, Route::Streams, Route::Connections, Route::SignIn];
        let mut apis = HashMap::new();
        let mut sign_in = None;
        for route in routes.into_iter().chain(Broken::ALL.map(Route::Broken)) {
            let started = server::start(route, Arc::clone(world), Arc::clone(&certificates));
            let address = servers.spawn(started).await.unwrap();
            let is_tls = match route {
                Route::Plain | Route::SignIn => false,
                Route::Tls | Route::Streams | Route::Connections => true,
                Route::Broken(broken) => broken.is_tls(),
            };
            let scheme = if is_tls { "https" } else { "http" };
            let host = Host::url(&format!("{scheme}://{address}")).unwrap();
            if route == Route::SignIn {
                sign_in = Some(host);
                continue;
            }
            for timeout_index in 0..TIMEOUT_COUNT {
                let roots = is_tls.then_some(certificates.root_pem.as_str());
                let credentials = Credentials::access_token(TOKEN);
                apis.insert(
                    (route, timeout_index),
                    api(host.clone(), credentials, route.attempt_timeout(timeout_index), roots),
                );
            }
        }
        Apis { apis, sign_in: sign_in.expect("a server for sign-ins") }
    }

    fn api(&self, call: usize, plan: &CallPlan) -> OAuthApi {
        match self.apis.get(&(plan.route, plan.timeout_index)) {
            Some(api) => api.clone(),
            // A new API object for each call, so that each call signs in.
            None => {
                let id = format!("client-{call}");
                let credentials = Credentials::client_credentials(id, client_secret(call));
                api(self.sign_in.clone(), credentials, plan.route.attempt_timeout(plan.timeout_index), None)
            }
        }
    }
}

fn api(host: Host, credentials: Credentials, attempt_timeout: Duration, roots: Option<&str>) -> OAuthApi {
    let retry = RetryPolicy {
        first_backoff: Duration::from_millis(10),
        max_backoff: Duration::from_millis(40),
        max_retry_after: Duration::from_millis(1_500),
        // A sequence of failures as long as this test would exhaust the default budget, so that nothing would be
        // retried.
        budget: u32::MAX,
        ..RetryPolicy::default()
    };
    let mut config = Config::builder(host, credentials)
        .attempt_timeout(attempt_timeout)
        .max_response_bytes(CAP as u64)
        .retry(retry)
        .no_proxy();
    if let Some(pem) = roots {
        config = config.root_certificates(pem);
    }
    OAuthApi::new(config.build().unwrap())
}

async fn run_call(call: usize, plan: CallPlan, api: OAuthApi) -> CallResult {
    let began = Instant::now();
    let timer = tokio::spawn(async move {
        tokio::time::sleep(plan.deadline).await;
        began.elapsed().saturating_sub(plan.deadline)
    });
    let result = send(call, &plan, &api).await;
    let took = began.elapsed();
    let lateness = if took > plan.deadline { timer.await.unwrap() } else { Duration::ZERO };
    CallResult { result, began, took, lateness }
}

async fn send(call: usize, plan: &CallPlan, api: &OAuthApi) -> Result<Success, Error> {
    let body = OAuthClientRequest::new("Wartungsfenster – Graz", GrantType::ClientCredentials);
    let query = ApiUsageClientQuery::new("2026-01-01T00:00:00/2026-02-01T00:00:00");
    macro_rules! send_call {
        ($call:expr, $name:expr) => {{
            let response =
                $call.header("x-call", &call.to_string()).deadline(plan.deadline).response().await?;
            Ok(Success { name: $name(response.value), attempts: response.metadata.attempts })
        }};
    }
    match plan.action {
        Action::List => send_call!(api.get_oauth_clients(), |listing: OAuthClientEntityListing| {
            listing.entities.into_iter().next().map(|client| client.name)
        }),
        Action::Replace => {
            send_call!(api.put_oauth_client(CLIENT_ID, &body), |client: OAuthClient| Some(client.name))
        }
        Action::Delete => send_call!(api.delete_oauth_client(CLIENT_ID), |()| None),
        Action::Query => {
            send_call!(
                api.post_oauth_client_usage_query(CLIENT_ID, &query),
                |execution: UsageExecutionResult| { Some(execution.execution_id) }
            )
        }
        Action::Rotate => {
            send_call!(api.post_oauth_client_secret(CLIENT_ID), |client: OAuthClient| Some(client.name))
        }
        Action::Create => send_call!(api.post_oauth_clients(&body), |client: OAuthClient| Some(client.name)),
        Action::SignIn => unreachable!("a sign-in is not an operation"),
    }
}

/// Returns the promises that a call broke.
fn broken_promises(
    call: usize,
    plan: &CallPlan,
    ended: &CallResult,
    record: &Record,
    delays: &Delays,
) -> Vec<String> {
    let mut broken = Vec::new();
    let once = plan.action.replay() == Replay::Once;
    let arrivals = &record.arrivals;

    if ended.took > plan.deadline + TOLERANCE {
        let delay = delays.longest(ended.began + plan.deadline, ended.began + ended.took);
        let lateness = ended.lateness.max(delay);
        if ended.took > plan.deadline + TOLERANCE + lateness {
            broken.push(format!("ended after {:.3?}, a timer {lateness:.3?} late", ended.took));
        }
    }
    // Executed at most once, and no request sent after a final response.
    let refused = |arrival: &Arrival| arrival.effect.outcome().retry == Retry::ForAll;
    let executed = arrivals.iter().filter(|arrival| !refused(arrival)).count();
    if once && executed > 1 {
        broken.push(format!("executed {executed} times"));
    }
    for arrival in arrivals.iter().rev().skip(1) {
        let is_renewed = plan.route == Route::SignIn || arrival.effect != Effect::Rejected;
        let may_follow = match arrival.effect.outcome().retry {
            Retry::Never => arrival.collateral && !once,
            Retry::ForAll => is_renewed || (arrival.collateral && !once),
            Retry::ExceptOnce => !once,
        };
        // A response that was later than the attempt timeout counts as lost.
        if !may_follow && (once || !was_slow(plan, ended)) {
            broken.push(format!("retried after {:?}", arrival.effect));
        }
    }
    let server_errors = arrivals.iter().filter(|arrival| arrival.effect == Effect::ServerError).count();
    if server_errors > 2 {
        broken.push(format!("retried after {server_errors} responses with status 500"));
    }
    match &ended.result {
        Ok(success) => broken.extend(false_success(call, plan, success, arrivals)),
        Err(error) => {
            broken.extend(wrong_error(plan, ended, error, record));
            broken.extend(leaked_secrets(call, error));
        }
    }
    broken
}

/// Returns whether the service may have executed a request.
fn may_have_executed(arrival: &Arrival) -> bool {
    arrival.effect.outcome().may_have_acted != Some(false) || arrival.collateral
}

fn is_success(arrival: &Arrival) -> bool {
    matches!(arrival.effect, Effect::Success | Effect::SuccessOrLost)
}

/// Returns whether an attempt of the call may have reached its time limit or the deadline.
fn was_slow(plan: &CallPlan, ended: &CallResult) -> bool {
    let limit = plan.deadline.min(plan.route.shortest_limit(plan.timeout_index));
    // An attempt and the following pause may end slightly before the measured time.
    ended.took + Duration::from_millis(50) >= limit
}

/// Returns the status of a reply that has one.
fn status(arrival: &Arrival) -> Option<u16> {
    match arrival.reply {
        Reply::Composed(composed) => Some(composed.status),
        Reply::Raw(_) | Reply::Kill(_) => None,
    }
}

/// Returns a description of a false success: one without a complete response, or with the response to another request.
fn false_success(call: usize, plan: &CallPlan, success: &Success, arrivals: &[Arrival]) -> Option<String> {
    let Some(last) = arrivals.last() else {
        return Some("success without a request".to_owned());
    };
    let is_missing =
        last.effect == Effect::Missing || (last.effect == Effect::Overtaken && status(last) == Some(404));
    // An earlier attempt may have been lost on a connection that the server had already closed.
    let is_unseen = success.attempts as usize > arrivals.len();
    let was_lost = is_unseen || arrivals.iter().rev().skip(1).any(may_have_executed);
    let is_done = plan.action == Action::Delete && is_missing && was_lost;
    if !is_success(last) && !is_done {
        return Some(format!("success after {:?}", last.effect));
    }
    let expected = marker(call, arrivals.len() - 1);
    (plan.action != Action::Delete && success.name.as_deref() != Some(&expected))
        .then(|| format!("success with the response to another request: {:?}", success.name))
}

fn wrong_error(plan: &CallPlan, ended: &CallResult, error: &Error, record: &Record) -> Vec<String> {
    let mut broken = Vec::new();
    let once = plan.action.replay() == Replay::Once;
    let mut allowed: Vec<ErrorKind> = Vec::new();
    let mut may_retry = true;
    match record.arrivals.last() {
        Some(last) => {
            let outcome = last.effect.outcome();
            allowed.extend(if once { outcome.once } else { outcome.repeatable });
            may_retry = outcome.retry == Retry::ForAll || (outcome.retry == Retry::ExceptOnce && !once);
            if last.collateral {
                let kinds = [ErrorKind::Connection, ErrorKind::UnreadableAnswer, ErrorKind::Timeout];
                allowed.extend(if once { &[ErrorKind::OutcomeUnknown][..] } else { &kinds });
            }
        }
        // A broken server fails before it receives a request: the error is a connection error or a timeout, or
        // `OutcomeUnknown` if bytes may have been received and the operation must not be repeated.
        None if matches!(plan.route, Route::Broken(broken) if broken.nothing_written()) => {
            allowed.extend([ErrorKind::Connection, ErrorKind::Timeout]);
            may_retry = false;
        }
        None => {}
    }
    if may_retry {
        // One more attempt that the server has not seen, over an idle connection that was just closed.
        allowed.extend([ErrorKind::Connection, ErrorKind::Timeout]);
        if once {
            allowed.push(ErrorKind::OutcomeUnknown);
        }
    }
    if was_slow(plan, ended) {
        let may_have_acted = record.arrivals.iter().any(may_have_executed);
        match (once, may_have_acted) {
            (true, true) => allowed.push(ErrorKind::OutcomeUnknown),
            (true, false) => allowed.extend([ErrorKind::OutcomeUnknown, ErrorKind::Timeout]),
            // A connection on which a ping is not acknowledged is abandoned.
            (false, _) => allowed.extend([ErrorKind::Timeout, ErrorKind::Connection]),
        }
    }
    let has_signed_in = record.sign_ins.last().is_some_and(|last| last.effect == Effect::Success);
    let was_rejected = record.arrivals.last().is_some_and(|last| last.effect == Effect::Rejected);
    if plan.route == Route::SignIn && (!has_signed_in || record.arrivals.is_empty() || was_rejected) {
        allowed.push(ErrorKind::SignIn);
    }
    let kind = error.kind();
    if !allowed.contains(&kind) {
        broken.push(format!("{kind:?}, but only {allowed:?} are allowed"));
    }
    let status = record.arrivals.last().and_then(status);
    if kind == ErrorKind::Api && status.is_some() && error.status() != status {
        broken.push(format!("reports status {:?} instead of {status:?}", error.status()));
    }
    let may_have_acted = record.arrivals.iter().any(|arrival| {
        // An earlier loss stays relevant even if a later attempt ends with a time limit.
        arrival.effect.outcome().may_have_acted == Some(true)
    });
    if may_have_acted && !error.server_may_have_acted() {
        broken.push("does not report that the service may have acted".to_owned());
    }
    // If the time ran out, the attempt may have been at any stage.
    let untouched = match plan.route {
        Route::Broken(broken) => broken.nothing_written() && !was_slow(plan, ended),
        _ => false,
    };
    if untouched && error.server_may_have_acted() {
        broken.push("reports that the service may have acted, although it received nothing".to_owned());
    }
    broken
}

/// Returns the secrets that occur in the printed forms of an error.
fn leaked_secrets(call: usize, error: &Error) -> Vec<String> {
    let mut printed = format!("{error}\n{error:?}\n{error:#?}\n{:?}\n{:?}", error.body(), error.metadata());
    let mut cause = error.source();
    while let Some(deeper) = cause {
        printed.push_str(&format!("\n{deeper}\n{deeper:?}"));
        cause = deeper.source();
    }
    let basic = {
        use base64::prelude::{BASE64_STANDARD, Engine};
        BASE64_STANDARD.encode(format!("client-{call}:{}", client_secret(call)))
    };
    [TOKEN, NEW_SECRET, &client_secret(call), &token(call), &basic]
        .into_iter()
        .filter(|secret| printed.contains(secret))
        .map(|secret| format!("shows the secret {secret}: {error}"))
        .collect()
}

fn number(variable: &str, default: u64) -> u64 {
    match std::env::var(variable) {
        Ok(value) => value.parse().unwrap_or_else(|_| panic!("{variable} is not a number: {value}")),
        Err(_) => default,
    }
}

#[test]
fn each_call_keeps_its_promises_whatever_the_server_does() {
    let plan = Plan { seed: number("HOSTILE_SEED", SEED), flood: None };
    let calls = usize::try_from(number("HOSTILE_CALLS", CALLS as u64)).unwrap();
    let runtime = || {
        let mut builder = tokio::runtime::Builder::new_multi_thread();
        builder.worker_threads(2).enable_all().build().unwrap()
    };
    // Separate runtimes, so that the servers' work delays no call.
    let (servers, callers) = (runtime(), runtime());
    let world = Arc::new(World::new(plan, calls));
    let (under_way, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let delays = Delays::default();
    let ended: BTreeMap<usize, CallResult> = callers.block_on(async {
        delays.watch();
        let apis = Apis::new(&world, &servers).await;
        futures::stream::iter(0..calls)
            .map(|call| {
                let call_plan = plan.call(call);
                let api = apis.api(call, &call_plan);
                let (under_way, most) = (Arc::clone(&under_way), Arc::clone(&most));
                let task = tokio::spawn(async move {
                    most.fetch_max(under_way.fetch_add(1, SeqCst) + 1, SeqCst);
                    let ended = run_call(call, call_plan, api).await;
                    under_way.fetch_sub(1, SeqCst);
                    ended
                });
                async move { (call, task.await.expect("a call panicked")) }
            })
            .buffer_unordered(AT_ONCE)
            .collect()
            .await
    });
    // Requests that are still in transit must be counted, too.
    std::thread::sleep(Duration::from_millis(300));
    let mut broken = Vec::new();
    let mut seen: BTreeMap<(Effect, bool), usize> = BTreeMap::new();
    let mut results: BTreeMap<String, usize> = BTreeMap::new();
    for (call, ended) in &ended {
        let call_plan = plan.call(*call);
        let record = world.records[*call].lock().unwrap();
        for arrival in &record.arrivals {
            *seen.entry((arrival.effect, call_plan.action.replay() == Replay::Once)).or_default() += 1;
        }
        let result = match &ended.result {
            Ok(_) => "success".to_owned(),
            Err(error) => format!("{:?}", error.kind()),
        };
        *results.entry(result.clone()).or_default() += 1;
        for promise in broken_promises(*call, &call_plan, ended, &record, &delays) {
            let error = ended.result.as_ref().err().map(ToString::to_string).unwrap_or_default();
            broken.push(format!(
                "call {call}: {promise}\n  {call_plan:?}\n  {result} after {:.3?}: {error}\n  sign-ins: {:?}\n  requests: {:?}",
                ended.took, record.sign_ins, record.arrivals
            ));
        }
    }
    let shown = broken.iter().take(20).cloned().collect::<Vec<_>>().join("\n");
    assert!(broken.is_empty(), "seed {}: {} promises broken\n{shown}\n{results:?}", plan.seed, broken.len());
    assert!(most.load(SeqCst) >= 64.min(calls), "only {most:?} concurrent calls");
    // With another seed, rare effects may be missing.
    if plan.seed == SEED && calls >= CALLS {
        for outcome in &plan::OUTCOMES {
            for once in [false, true] {
                let times = seen.get(&(outcome.effect, once)).copied().unwrap_or_default();
                assert!(times > 0, "{:?} did not occur; once: {once}", outcome.effect);
            }
        }
    }
}
