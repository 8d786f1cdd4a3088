//! Thousands of calls against servers that misbehave in every way a peer can: whatever the server does, a call ends
//! within its deadline, a creation or rotation is executed at most once, the error is of the right kind, a success is
//! a whole one, and no error shows a secret.
//!
//! The seed is fixed. Other seeds, and other numbers of calls:
//!
//! ```sh
//! HOSTILE_SEED=4711 HOSTILE_CALLS=100000 cargo test -p purecloud-oauth --release --test hostile
//! ```
//!
//! A failure prints the seed, and each call with the replies that it met. `plan::OUTCOMES` is the table of the kinds
//! of errors expected.

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

use plan::{Action, Again, Broken, CallPlan, Effect, PATIENCES, Plan, Reply, Route};
use server::{Arrival, NEW_SECRET, Record, World, marker, token};
use tls::Certificates;

const SEED: u64 = 20_261_129;
const CALLS: usize = 10_000;
/// The number of calls under way at once.
const AT_ONCE: usize = 80;
/// The largest response allowed, unpacked.
const CAP: usize = 256 * 1024;
/// How much later than its deadline a call may end, beyond a timer's own delay.
const TOLERANCE: Duration = Duration::from_millis(200);
const TOKEN: &str = "Vb3nQ0xKp7LrT9sWc2YdZ5eHf8JgM1aN";
const CLIENT_ID: &str = "6f1c4a52-0d7e-4b9e-8c35-2f7a9d0e1b46";

/// The secret of the client by which a call signs in.
fn client_secret(call: usize) -> String {
    format!("hq3{call:07}KpZ0vX1yT7wB9")
}

/// The result of a call, as its caller saw it.
struct Ended {
    result: Result<Success, Error>,
    began: Instant,
    took: Duration,
    /// How late a bare timer for the same deadline was, where the call outlasted its deadline.
    lateness: Duration,
}

struct Success {
    /// The name in the response, of what has one.
    name: Option<String>,
    attempts: u32,
}

/// The times at which a bare timer of the same runtime was late, for as long as the calls last.
#[derive(Clone, Default)]
struct Delays(Arc<Mutex<Vec<(Instant, Duration)>>>);

impl Delays {
    /// Starts more timers than the runtime has threads, so that none of them is left out.
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

    /// The longest delay of a timer between two times.
    fn longest(&self, from: Instant, to: Instant) -> Duration {
        let delays = self.0.lock().unwrap();
        let within = delays.iter().filter(|(due, late)| *due <= to && *due + *late >= from);
        within.map(|(_, late)| *late).max().unwrap_or_default()
    }
}

/// The API objects: one for each server and attempt timeout.
struct Clients {
    apis: HashMap<(Route, usize), OAuthApi>,
    sign_in: Host,
}

impl Clients {
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
            for patience in 0..PATIENCES {
                let roots = is_tls.then_some(certificates.root_pem.as_str());
                let credentials = Credentials::access_token(TOKEN);
                apis.insert(
                    (route, patience),
                    api(host.clone(), credentials, route.attempt_timeout(patience), roots),
                );
            }
        }
        Clients { apis, sign_in: sign_in.expect("a server for sign-ins") }
    }

    fn api(&self, call: usize, plan: &CallPlan) -> OAuthApi {
        match self.apis.get(&(plan.route, plan.patience)) {
            Some(api) => api.clone(),
            // Each has a client of its own, so that each signs in.
            None => {
                let id = format!("client-{call}");
                let credentials = Credentials::client_credentials(id, client_secret(call));
                api(self.sign_in.clone(), credentials, plan.route.attempt_timeout(plan.patience), None)
            }
        }
    }
}

fn api(host: Host, credentials: Credentials, attempt_timeout: Duration, roots: Option<&str>) -> OAuthApi {
    let retry = RetryPolicy {
        first_backoff: Duration::from_millis(10),
        max_backoff: Duration::from_millis(40),
        max_retry_after: Duration::from_millis(1_500),
        // An outage of this length would use it up, and leave no retry to look at.
        budget: u32::MAX,
        ..RetryPolicy::default()
    };
    let mut config = Config::builder(host, credentials)
        .attempt_timeout(attempt_timeout)
        .max_response_bytes(CAP)
        .retry(retry)
        .no_proxy();
    if let Some(pem) = roots {
        config = config.root_certificates(pem);
    }
    OAuthApi::new(config.build().unwrap())
}

async fn perform(call: usize, plan: CallPlan, api: OAuthApi) -> Ended {
    let began = Instant::now();
    let timer = tokio::spawn(async move {
        tokio::time::sleep(plan.deadline).await;
        began.elapsed().saturating_sub(plan.deadline)
    });
    let result = send(call, &plan, &api).await;
    let took = began.elapsed();
    let lateness = if took > plan.deadline { timer.await.unwrap() } else { Duration::ZERO };
    Ended { result, began, took, lateness }
}

async fn send(call: usize, plan: &CallPlan, api: &OAuthApi) -> Result<Success, Error> {
    let body = OAuthClientRequest::new("Wartungsfenster – Graz", GrantType::ClientCredentials);
    let query = ApiUsageClientQuery::new("2026-01-01T00:00:00/2026-02-01T00:00:00");
    macro_rules! sent {
        ($call:expr, $name:expr) => {{
            let response =
                $call.header("x-call", &call.to_string()).deadline(plan.deadline).response().await?;
            Ok(Success { name: $name(response.value), attempts: response.metadata.attempts })
        }};
    }
    match plan.action {
        Action::List => sent!(api.get_oauth_clients(), |listing: OAuthClientEntityListing| {
            listing.entities.into_iter().next().map(|client| client.name)
        }),
        Action::Replace => {
            sent!(api.put_oauth_client(CLIENT_ID, &body), |client: OAuthClient| Some(client.name))
        }
        Action::Delete => sent!(api.delete_oauth_client(CLIENT_ID), |()| None),
        Action::Query => {
            sent!(api.post_oauth_client_usage_query(CLIENT_ID, &query), |execution: UsageExecutionResult| {
                Some(execution.execution_id)
            })
        }
        Action::Rotate => {
            sent!(api.post_oauth_client_secret(CLIENT_ID), |client: OAuthClient| Some(client.name))
        }
        Action::Create => sent!(api.post_oauth_clients(&body), |client: OAuthClient| Some(client.name)),
        Action::SignIn => unreachable!("it is no operation"),
    }
}

/// The promises that a call broke.
fn broken_promises(
    call: usize,
    plan: &CallPlan,
    ended: &Ended,
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
    // Executed at most once, and nothing sent after a result that stands.
    let refused = |arrival: &Arrival| arrival.effect.outcome().again == Again::ForAll;
    let executed = arrivals.iter().filter(|arrival| !refused(arrival)).count();
    if once && executed > 1 {
        broken.push(format!("executed {executed} times"));
    }
    for arrival in arrivals.iter().rev().skip(1) {
        let is_renewed = plan.route == Route::SignIn || arrival.effect != Effect::Rejected;
        let may_follow = match arrival.effect.outcome().again {
            Again::Never => arrival.collateral && !once,
            Again::ForAll => is_renewed || (arrival.collateral && !once),
            Again::ButOnce => !once,
        };
        // A response that came too late for its attempt was as good as lost.
        if !may_follow && (once || !was_slow(plan, ended)) {
            broken.push(format!("sent again after {:?}", arrival.effect));
        }
    }
    let server_errors = arrivals.iter().filter(|arrival| arrival.effect == Effect::ServerError).count();
    if server_errors > 2 {
        broken.push(format!("sent again after {server_errors} times status 500"));
    }
    match &ended.result {
        Ok(success) => broken.extend(false_success(call, plan, success, arrivals)),
        Err(error) => {
            broken.extend(wrong_error(plan, ended, error, record));
            broken.extend(shown_secrets(call, error));
        }
    }
    broken
}

/// Whether the service may have acted on a request.
fn has_acted(arrival: &Arrival) -> bool {
    arrival.effect.outcome().may_have_acted != Some(false) || arrival.collateral
}

fn is_success(arrival: &Arrival) -> bool {
    matches!(arrival.effect, Effect::Success | Effect::SuccessOrLost)
}

/// Whether an attempt of the call may have run into its own limit or into the deadline.
fn was_slow(plan: &CallPlan, ended: &Ended) -> bool {
    let limit = plan.deadline.min(plan.route.shortest_limit(plan.patience));
    // An attempt and its pause may end a little before the clock says so.
    ended.took + Duration::from_millis(50) >= limit
}

/// The status of a reply that has one.
fn status(arrival: &Arrival) -> Option<u16> {
    match arrival.reply {
        Reply::Composed(composed) => Some(composed.status),
        Reply::Raw(_) | Reply::Kill(_) => None,
    }
}

/// A success is only what really was one, and the response to the request that the caller made.
fn false_success(call: usize, plan: &CallPlan, success: &Success, arrivals: &[Arrival]) -> Option<String> {
    let Some(last) = arrivals.last() else {
        return Some("success without a request".to_owned());
    };
    let is_missing =
        last.effect == Effect::Missing || (last.effect == Effect::Overtaken && status(last) == Some(404));
    // An attempt before may have been lost on a connection that the server had done with.
    let is_unseen = success.attempts as usize > arrivals.len();
    let was_lost = is_unseen || arrivals.iter().rev().skip(1).any(has_acted);
    let is_done = plan.action == Action::Delete && is_missing && was_lost;
    if !is_success(last) && !is_done {
        return Some(format!("success after {:?}", last.effect));
    }
    let expected = marker(call, arrivals.len() - 1);
    (plan.action != Action::Delete && success.name.as_deref() != Some(&expected))
        .then(|| format!("success with the response to another request: {:?}", success.name))
}

fn wrong_error(plan: &CallPlan, ended: &Ended, error: &Error, record: &Record) -> Vec<String> {
    let mut broken = Vec::new();
    let once = plan.action.replay() == Replay::Once;
    let mut allowed: Vec<ErrorKind> = Vec::new();
    let mut again = true;
    match record.arrivals.last() {
        Some(last) => {
            let outcome = last.effect.outcome();
            allowed.extend(if once { outcome.once } else { outcome.repeatable });
            again = outcome.again == Again::ForAll || (outcome.again == Again::ButOnce && !once);
            if last.collateral {
                let kinds = [ErrorKind::Connection, ErrorKind::UnreadableAnswer, ErrorKind::Timeout];
                allowed.extend(if once { &[ErrorKind::OutcomeUnknown][..] } else { &kinds });
            }
        }
        // A server that never serves fails before a request: no connection, no time, or, for what may not be
        // repeated, bytes that may have arrived.
        None if matches!(plan.route, Route::Broken(broken) if broken.nothing_written()) => {
            allowed.extend([ErrorKind::Connection, ErrorKind::Timeout]);
            again = false;
        }
        None => {}
    }
    if again {
        // One more attempt, of which the server saw nothing: an idle connection that was just closed.
        allowed.extend([ErrorKind::Connection, ErrorKind::Timeout]);
        if once {
            allowed.push(ErrorKind::OutcomeUnknown);
        }
    }
    if was_slow(plan, ended) {
        let has_arrived = record.arrivals.iter().any(has_acted);
        match (once, has_arrived) {
            (true, true) => allowed.push(ErrorKind::OutcomeUnknown),
            (true, false) => allowed.extend([ErrorKind::OutcomeUnknown, ErrorKind::Timeout]),
            // A connection that leaves a ping without a response is given up.
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
        broken.push(format!("{kind:?} where only {allowed:?} is right"));
    }
    let status = record.arrivals.last().and_then(status);
    if kind == ErrorKind::Api && status.is_some() && error.status() != status {
        broken.push(format!("says status {:?}, not {status:?}", error.status()));
    }
    let may_have_acted = record.arrivals.iter().any(|arrival| {
        // A later limit of the same call hides no earlier loss.
        arrival.effect.outcome().may_have_acted == Some(true)
    });
    if may_have_acted && !error.server_may_have_acted() {
        broken.push("does not say that the service may have acted".to_owned());
    }
    // Where the time ran out, it may have been in any part of an attempt.
    let untouched = match plan.route {
        Route::Broken(broken) => broken.nothing_written() && !was_slow(plan, ended),
        _ => false,
    };
    if untouched && error.server_may_have_acted() {
        broken.push("says that the service may have acted, which got nothing".to_owned());
    }
    broken
}

/// The secrets in anything that can be printed of an error.
fn shown_secrets(call: usize, error: &Error) -> Vec<String> {
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
        Ok(text) => text.parse().unwrap_or_else(|_| panic!("{variable} is not a number: {text}")),
        Err(_) => default,
    }
}

#[test]
fn whatever_the_server_does_each_call_keeps_its_promises() {
    let plan = Plan { seed: number("HOSTILE_SEED", SEED), flood: None };
    let calls = usize::try_from(number("HOSTILE_CALLS", CALLS as u64)).unwrap();
    let runtime = || {
        let mut builder = tokio::runtime::Builder::new_multi_thread();
        builder.worker_threads(2).enable_all().build().unwrap()
    };
    // Separate, so that the servers' work holds up no call.
    let (servers, clients) = (runtime(), runtime());
    let world = Arc::new(World::new(plan, calls));
    let (under_way, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let delays = Delays::default();
    let ended: BTreeMap<usize, Ended> = clients.block_on(async {
        delays.watch();
        let clients = Clients::new(&world, &servers).await;
        futures::stream::iter(0..calls)
            .map(|call| {
                let call_plan = plan.call(call);
                let api = clients.api(call, &call_plan);
                let (under_way, most) = (Arc::clone(&under_way), Arc::clone(&most));
                let task = tokio::spawn(async move {
                    most.fetch_max(under_way.fetch_add(1, SeqCst) + 1, SeqCst);
                    let ended = perform(call, call_plan, api).await;
                    under_way.fetch_sub(1, SeqCst);
                    ended
                });
                async move { (call, task.await.expect("a call that ends without a panic")) }
            })
            .buffer_unordered(AT_ONCE)
            .collect()
            .await
    });
    // Bytes under way still count.
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
    assert!(most.load(SeqCst) >= 64.min(calls), "only {most:?} calls at once");
    // Another seed may leave out what is rare.
    if plan.seed == SEED && calls >= CALLS {
        for outcome in &plan::OUTCOMES {
            for once in [false, true] {
                let times = seen.get(&(outcome.effect, once)).copied().unwrap_or_default();
                assert!(times > 0, "{:?} was not tried; once: {once}", outcome.effect);
            }
        }
    }
}
