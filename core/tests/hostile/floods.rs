//! Floods at the highest rate that a server can send: a call that receives one ends at its deadline, and delays no
//! other call of the same runtime.
//!
//! One call at a time receives a flood; with `HOSTILE_FLOODS=8` eight of them do so at once, on the same thread.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::time::{Duration, Instant};

use futures::future::join_all;
use purecloud_oauth::{Credentials, Host, OAuthApi};

use crate::plan::{Kill, Plan, Reply, Route};
use crate::raw::RAW;
use crate::server::{self, World};
use crate::tls::Certificates;
use crate::{TOKEN, TOLERANCE, api, number};

/// Measures the longest delay with which a sleeping thread wakes up: a delay caused by the machine, not by the library.
struct DelayMonitor {
    stop: Arc<AtomicBool>,
    thread: std::thread::JoinHandle<Duration>,
}

impl DelayMonitor {
    fn start() -> Self {
        const NAP: Duration = Duration::from_millis(2);
        let stop = Arc::new(AtomicBool::new(false));
        let stopped = Arc::clone(&stop);
        let thread = std::thread::spawn(move || {
            let mut longest = Duration::ZERO;
            while !stopped.load(Relaxed) {
                let began = Instant::now();
                std::thread::sleep(NAP);
                longest = longest.max(began.elapsed().saturating_sub(NAP));
            }
            longest
        });
        DelayMonitor { stop, thread }
    }

    fn stop(self) -> Duration {
        self.stop.store(true, Relaxed);
        self.thread.join().unwrap()
    }
}

/// Makes a call that receives a flood while other calls go on, and returns the broken promises.
async fn run_flood(flood: Reply, servers: &tokio::runtime::Handle) -> Vec<String> {
    const MANY: usize = 1_000_000;
    let plan = Plan { seed: 0, flood: Some(flood) };
    let call = plan.call(0);
    let world = Arc::new(World::new(plan, 1));
    let certificates = Arc::new(Certificates::new());
    let start = |route| server::start(route, Arc::clone(&world), Arc::clone(&certificates));
    let address = servers.spawn(start(call.route)).await.unwrap();
    let quiet_world = Arc::new(World::new(plan, MANY));
    let quiet = server::start(Route::Plain, quiet_world, Arc::clone(&certificates));
    let quiet = servers.spawn(quiet).await.unwrap();
    let api = |scheme: &str, address| -> OAuthApi {
        let host = Host::url(&format!("{scheme}://{address}")).unwrap();
        api(
            host,
            Credentials::access_token(TOKEN),
            call.route.attempt_timeout(call.timeout_index),
            Some(&certificates.root_pem),
        )
    };
    let scheme = if call.route == Route::Plain { "http" } else { "https" };
    let (flooded, other) = (api(scheme, address), api("http", quiet));
    let monitor = DelayMonitor::start();
    let began = Instant::now();
    let task = tokio::spawn(async move {
        let calls = (0..number("HOSTILE_FLOODS", 1)).map(|_| {
            let call = flooded.get_oauth_clients().header("x-call", "0").deadline(call.deadline);
            call.into_future()
        });
        let results = join_all(calls).await;
        (results.iter().any(Result::is_ok), began.elapsed())
    });
    let mut slowest = Duration::ZERO;
    let mut call_number = 1;
    // Continues until after the deadline, because the flood must not go on in the background either.
    while !task.is_finished() || began.elapsed() < call.deadline + TOLERANCE {
        const PAUSE: Duration = Duration::from_millis(5);
        let began = Instant::now();
        let listing = other.get_oauth_clients().header("x-call", &call_number.to_string()).await;
        assert!(listing.is_ok(), "{listing:?}");
        tokio::time::sleep(PAUSE).await;
        slowest = slowest.max(began.elapsed().saturating_sub(PAUSE));
        call_number += 1;
    }
    let (is_success, took) = task.await.unwrap();
    let delay = monitor.stop();
    let mut broken = Vec::new();
    if is_success {
        broken.push(format!("{flood:?}: unexpected success"));
    }
    if took > call.deadline + TOLERANCE + delay {
        broken.push(format!("{flood:?}: ended after {took:.2?}, with a deadline of {:?}", call.deadline));
    }
    if slowest > TOLERANCE + delay {
        broken.push(format!("{flood:?}: another call took {slowest:.2?}"));
    }
    broken
}

#[test]
fn no_flood_outlasts_the_deadline_or_holds_up_another_call() {
    let raw = RAW.into_iter().filter(|raw| !raw.flood.is_empty()).map(Reply::Raw);
    let frames = [
        Kill::EndlessContinuation,
        Kill::PingFlood,
        Kill::SettingsFlood,
        Kill::EmptyDataFlood,
        Kill::ManyInterim,
    ];
    let servers = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let mut broken = Vec::new();
    for flood in raw.chain(frames.map(Reply::Kill)) {
        // A separate runtime for each flood, so that leftovers of one do not affect the next.
        let callers =
            tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
        broken.extend(callers.block_on(run_flood(flood, servers.handle())));
    }
    assert!(broken.is_empty(), "{}", broken.join("\n"));
}
