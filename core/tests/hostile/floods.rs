//! Floods as fast as a server can send: the call that meets one ends with its deadline, and no other call of the same
//! runtime waits for it.
//!
//! One call at a time meets a flood; `HOSTILE_FLOODS=8` lets more of them do so at once, on the same thread.

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

/// The longest time for which a thread that only sleeps was not woken: the machine's delay, and not the client's.
struct Machine {
    stop: Arc<AtomicBool>,
    thread: std::thread::JoinHandle<Duration>,
}

impl Machine {
    fn watch() -> Self {
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
        Machine { stop, thread }
    }

    fn delay(self) -> Duration {
        self.stop.store(true, Relaxed);
        self.thread.join().unwrap()
    }
}

/// Calls an API that floods while other calls go on, and returns the promises broken.
async fn meet(flood: Reply, servers: &tokio::runtime::Handle) -> Vec<String> {
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
            call.route.attempt_timeout(call.patience),
            Some(&certificates.root_pem),
        )
    };
    let scheme = if call.route == Route::Plain { "http" } else { "https" };
    let (flooded, other) = (api(scheme, address), api("http", quiet));
    let machine = Machine::watch();
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
    // Past its end: what it leaves behind must not go on.
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
    let delay = machine.delay();
    let mut broken = Vec::new();
    if is_success {
        broken.push(format!("{flood:?}: a success"));
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
        // A runtime of its own: what a flood leaves behind is none of the next one's.
        let clients =
            tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
        broken.extend(clients.block_on(meet(flood, servers.handle())));
    }
    assert!(broken.is_empty(), "{}", broken.join("\n"));
}
