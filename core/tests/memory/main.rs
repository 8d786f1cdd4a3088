//! No response takes more memory than a few times the cap on responses, outlasts the deadline, or delays other calls.
//!
//! Every response comes in two sizes: sixty times larger than the cap, where reading must stop at the cap, and just
//! within the cap, where the parsed objects dominate.

#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs, reason = "a test stops where it fails")]

mod allocator;
mod bodies;
mod server;

use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::{Arc, LazyLock, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use allocator::{Counting, Measurement};
use bodies::{
    BRACKETS, DETAILS, ENTITIES, ERRORS, ESCAPES, LOGIN_ERROR, MESSAGE, NESTED_ERRORS, NO_JSON, PARAMS,
    Shape, TOKEN, UNKNOWN, URI, ZEROS,
};
use purecloud_oauth::{Config, ConfigBuilder, Credentials, Error, Host, OAuthApi, RetryPolicy};
use server::{HOSTILE, Server};

#[global_allocator]
static ALLOCATOR: Counting = Counting;

const MIB: usize = 1024 * 1024;
/// The maximum size of a decompressed response, in bytes.
const CAP: usize = MIB;
/// The maximum memory that a call may use, in bytes.
const MEMORY: usize = 4 * CAP;
const DEADLINE: Duration = Duration::from_secs(1);
/// The maximum time by which a call may exceed its deadline, and by which another call may be delayed.
const DELAY: Duration = Duration::from_millis(200);

/// A cap with which parsing a body takes about as long as the deadline in an unoptimized build.
const LARGE_CAP: usize = 8 * MIB;

/// A response of the API or of the login host.
#[derive(Clone)]
struct Row {
    name: String,
    cap: usize,
    response: Arc<[u8]>,
    is_sign_in: bool,
}

/// All responses, created once.
static ROWS: LazyLock<Vec<Row>> = LazyLock::new(|| {
    let mut rows = Vec::new();
    let refusals =
        [ZEROS, ERRORS, DETAILS, UNKNOWN, PARAMS, MESSAGE, ESCAPES, BRACKETS, NESTED_ERRORS, NO_JSON];
    for shape in refusals {
        for status in [400, 500] {
            rows.extend(sizes(&shape, status, false));
        }
    }
    for shape in [ZEROS, ENTITIES, URI, UNKNOWN, BRACKETS] {
        rows.extend(sizes(&shape, 200, false));
    }
    for (shape, status) in [(TOKEN, 200), (ZEROS, 200), (UNKNOWN, 200), (LOGIN_ERROR, 400), (UNKNOWN, 400)] {
        rows.extend(sizes(&shape, status, true));
    }
    for status in [200, 500] {
        let many: String =
            (0..1_000_000).map(|number| format!("X-Trace-{number:07}: 0123456789\r\n")).collect();
        let huge = format!("X-Trace: {}\r\n", "a".repeat(60 * MIB));
        for (name, headers) in [("many headers", many), ("a huge header", huge)] {
            let response = format!("HTTP/1.1 {status} Status\r\n{headers}Content-Length: 2\r\n\r\n{{}}");
            let response = response.into_bytes().into();
            rows.push(Row {
                name: format!("{name}, status {status}"),
                cap: CAP,
                response,
                is_sign_in: false,
            });
        }
    }
    rows
});

/// Responses whose parsing, rather than their transfer, takes time.
static LARGE_ROWS: LazyLock<Vec<Row>> = LazyLock::new(|| {
    let api = [(ERRORS, 400), (PARAMS, 400), (UNKNOWN, 500), (ENTITIES, 200), (UNKNOWN, 200), (URI, 200)];
    let login = [(UNKNOWN, 200), (UNKNOWN, 400)];
    let row = |(shape, status), is_sign_in| within(&shape, LARGE_CAP, status, is_sign_in);
    let api = api.into_iter().map(|response| row(response, false));
    api.chain(login.into_iter().map(|response| row(response, true))).collect()
});

fn sizes(shape: &Shape, status: u16, is_sign_in: bool) -> [Row; 2] {
    let beyond = Row {
        response: response(status, "Content-Encoding: gzip\r\n", &shape.gzipped(60 * MIB)),
        ..row_without_response(shape, "60 MiB unpacked", CAP, status, is_sign_in)
    };
    [beyond, within(shape, CAP, status, is_sign_in)]
}

/// Builds a response whose body is exactly as large as the cap permits.
fn within(shape: &Shape, cap: usize, status: u16, is_sign_in: bool) -> Row {
    let size = format!("just within the cap of {} MiB", cap / MIB);
    let response = response(status, "", &shape.body(cap));
    Row { response, ..row_without_response(shape, &size, cap, status, is_sign_in) }
}

fn row_without_response(shape: &Shape, size: &str, cap: usize, status: u16, is_sign_in: bool) -> Row {
    let host = if is_sign_in { "a sign-in: " } else { "" };
    let name = format!("{host}{}, {size}, status {status}", shape.name);
    Row { name, cap, response: Arc::default(), is_sign_in }
}

fn response(status: u16, encoding: &str, body: &[u8]) -> Arc<[u8]> {
    let length = body.len();
    let head = format!(
        "HTTP/1.1 {status} Status\r\nContent-Type: application/json\r\n{encoding}Content-Length: {length}\r\n\r\n"
    );
    [head.as_bytes(), body].concat().into()
}

/// Makes the tests run one after the other, because the memory of the whole process is counted.
fn run_exclusively() -> MutexGuard<'static, ()> {
    static ALONE: Mutex<()> = Mutex::new(());
    ALONE.lock().unwrap_or_else(PoisonError::into_inner)
}

fn config(server: &Server, cap: usize, credentials: Credentials) -> ConfigBuilder {
    Config::builder(Host::url(&server.url).unwrap(), credentials)
        .max_response_bytes(cap as u64)
        .retry(RetryPolicy { max_attempts: 1, ..RetryPolicy::default() })
}

fn api(server: &Server, cap: usize) -> OAuthApi {
    let credentials = Credentials::access_token("Vb3nQ0xKp7LrT9sWc2YdZ5eHf8JgM1aN");
    OAuthApi::new(config(server, cap, credentials).build().unwrap())
}

/// Returns an API object that is already connected, or that signs in when it is called if the row is a sign-in.
async fn connected_api(server: &Server, row: &Row) -> OAuthApi {
    let api = if row.is_sign_in {
        let credentials = Credentials::client_credentials("6f1c4a52-0d7e-4b9e-8c35-2f7a", "hq3KpZ0vX1yT7wB9");
        OAuthApi::new(config(server, row.cap, credentials).build().unwrap())
    } else {
        let api = api(server, row.cap);
        api.get_oauth_clients().await.expect("an empty listing");
        api
    };
    server.respond_with(Arc::clone(&row.response));
    api
}

fn outcome(result: &Result<usize, Error>) -> String {
    match result {
        Ok(entities) => format!("a listing of {entities}"),
        Err(error) => format!("{:?}", error.kind()),
    }
}

fn in_mib(bytes: usize) -> String {
    format!("{}.{:02} MiB", bytes / MIB, bytes % MIB * 100 / MIB)
}

/// Fails with the list of all rows that broke their promise.
fn assert_none_broken(broken: &[String]) {
    assert!(broken.is_empty(), "{} broken:\n{}", broken.len(), broken.join("\n"));
}

async fn measure_memory(rows: &[Row], broken: &mut Vec<String>) {
    let server = Server::start();
    for row in rows {
        let api = connected_api(&server, row).await;
        let measurement = Measurement::start();
        // A generous deadline, because this test is about memory only.
        let call = api.get_oauth_clients().header(HOSTILE, "1").deadline(Duration::from_secs(60));
        let result = call.await.map(|listing| listing.entities.len());
        let peak = measurement.peak();
        if peak > MEMORY {
            broken.push(format!("{}: a peak of {} ({})", row.name, in_mib(peak), outcome(&result)));
        }
    }
}

#[test]
fn no_response_takes_more_than_four_times_the_cap() {
    let _guard = run_exclusively();
    let mut broken = Vec::new();
    let rows = &*ROWS;
    let mut runtime = tokio::runtime::Builder::new_current_thread();
    runtime.enable_all().build().unwrap().block_on(measure_memory(rows, &mut broken));
    assert_none_broken(&broken);
}

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
            let mut latest = Duration::ZERO;
            while !stopped.load(Relaxed) {
                let began = Instant::now();
                std::thread::sleep(NAP);
                latest = latest.max(began.elapsed().saturating_sub(NAP));
            }
            latest
        });
        DelayMonitor { stop, thread }
    }

    fn stop(self) -> Duration {
        self.stop.store(true, Relaxed);
        self.thread.join().unwrap()
    }
}

/// Receives each response with a deadline, while other calls go to the same server from the same runtime.
async fn measure_time(rows: &[Row], broken: &mut Vec<String>, runtime: &str) {
    let server = Server::start();
    let other = api(&server, CAP);
    other.get_oauth_clients().await.expect("an empty listing");
    for row in rows {
        let api = connected_api(&server, row).await;
        let monitor = DelayMonitor::start();
        let began = Instant::now();
        let call = tokio::spawn(async move {
            let call = api.get_oauth_clients().header(HOSTILE, "1").deadline(DEADLINE);
            let result = call.await.map(|listing| listing.entities.len());
            (outcome(&result), began.elapsed())
        });
        let mut slowest = Duration::ZERO;
        while !call.is_finished() {
            // The pause leaves the processor to the other call. Its delay is measured, too, because the timer may be
            // what is delayed.
            const PAUSE: Duration = Duration::from_millis(5);
            let began = Instant::now();
            other.get_oauth_clients().await.expect("an empty listing");
            tokio::time::sleep(PAUSE).await;
            slowest = slowest.max(began.elapsed().saturating_sub(PAUSE));
        }
        let (outcome, took) = call.await.unwrap();
        let lateness = monitor.stop();
        if took > DEADLINE + DELAY + lateness {
            broken.push(format!("{runtime}: {}: ended after {took:.2?} ({outcome})", row.name));
        }
        if slowest > DELAY + lateness {
            broken.push(format!("{runtime}: {}: another call took {slowest:.2?} ({outcome})", row.name));
        }
    }
}

fn time_on_both_runtimes(rows: &[Row]) {
    let _guard = run_exclusively();
    let mut broken = Vec::new();
    let mut single = tokio::runtime::Builder::new_current_thread();
    let mut several = tokio::runtime::Builder::new_multi_thread();
    for (name, builder) in [("one thread", &mut single), ("two threads", several.worker_threads(2))] {
        builder.enable_all().build().unwrap().block_on(measure_time(rows, &mut broken, name));
    }
    assert_none_broken(&broken);
}

#[test]
fn no_response_outlasts_the_deadline_or_holds_up_another_call() {
    time_on_both_runtimes(&ROWS);
}

#[test]
fn no_large_response_outlasts_the_deadline_or_holds_up_another_call() {
    time_on_both_runtimes(&LARGE_ROWS);
}
