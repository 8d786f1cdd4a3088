//! Cancellation of calls: in Rust by dropping the future of a call, or by aborting the task that awaits the future.

use std::fs;
use std::time::{Duration, Instant};

use futures::StreamExt;
use futures::future::join_all;
use purecloud_oauth::{Error, OAuthApi};
use serde_json::json;

use crate::case::Outcome;
use crate::emulator::{Emulator, wait_until};

cases![cancelling_closes_the_request, cancelling_one_call_leaves_the_others, many_calls_leave_nothing];

async fn cancelling_closes_the_request(emulator: &Emulator) -> Outcome {
    let hang = json!({"endpoint": "get_oauth_clients", "times": null, "kind": {"hang": {}}});
    emulator.inject_fault(hang).await;
    let api = emulator.api();
    let hanging = tokio::spawn(api.get_oauth_clients().into_future());
    wait_for_arrival(emulator, "get_oauth_clients").await;
    assert_eq!(emulator.open().await.requests, 1);

    let start = Instant::now();
    hanging.abort();
    let error = hanging.await.expect_err("an aborted task");
    assert!(error.is_cancelled(), "{error}");
    wait_for_no_open_requests(emulator).await;
    assert!(start.elapsed() < Duration::from_secs(1), "{:?}", start.elapsed());
    Ok(())
}

async fn cancelling_one_call_leaves_the_others(emulator: &Emulator) -> Outcome {
    let api = emulator.api();
    let call = || tokio::spawn(api.get_oauth_clients().into_future());
    emulator.inject_fault(json!({"endpoint": "get_oauth_clients", "kind": {"hang": {}}})).await;
    let hanging = call();
    wait_for_arrival(emulator, "get_oauth_clients").await;

    let others: Vec<_> = (0..9).map(|_| call()).collect();
    hanging.abort();
    assert!(hanging.await.expect_err("an aborted task").is_cancelled());
    for other in join_all(others).await {
        assert!(!other.expect("a task that was not aborted")?.entities.is_empty());
    }
    assert!(!api.get_oauth_clients().await?.entities.is_empty());
    assert_eq!(emulator.counts("token").await.requests, 1);
    wait_for_no_open_requests(emulator).await;
    Ok(())
}

async fn many_calls_leave_nothing(emulator: &Emulator) -> Outcome {
    emulator.inject_fault(json!({"endpoint": "get_oauth_client", "times": null, "kind": {"hang": {}}})).await;
    let api = emulator.api();
    make_calls_and_cancel_a_tenth(emulator, &api, 100).await?;
    wait_until_idle(emulator).await;
    let (threads, handles) = (count_entries("/proc/self/task"), count_entries("/proc/self/fd"));

    make_calls_and_cancel_a_tenth(emulator, &api, 9_900).await?;
    assert_eq!(emulator.counts("get_oauth_scope").await.executions, 9_000);
    wait_until_idle(emulator).await;
    wait_until(&format!("no more than {threads} threads and {handles} handles"), async || {
        count_entries("/proc/self/task") <= threads && count_entries("/proc/self/fd") <= handles
    })
    .await;
    api.get_oauth_scope("users", None).await?;
    Ok(())
}

/// Makes the given number of calls. Each tenth call hangs until its future is dropped.
async fn make_calls_and_cancel_a_tenth(
    emulator: &Emulator,
    api: &OAuthApi,
    calls: usize,
) -> Result<(), Error> {
    const CONCURRENT_CALLS: usize = 50;
    const TIME_LIMIT: Duration = Duration::from_millis(20);
    let calls = futures::stream::iter(0..calls).map(async |number| {
        if number % 10 != 0 {
            let scope = api.get_oauth_scope("users", None).await?;
            assert_eq!(scope.id, "users");
            return Ok(());
        }
        let hanging = api.get_oauth_client(&emulator.client_id).into_future();
        assert!(tokio::time::timeout(TIME_LIMIT, hanging).await.is_err(), "a hanging call has finished");
        Ok(())
    });
    calls.buffer_unordered(CONCURRENT_CALLS).collect::<Vec<_>>().await.into_iter().collect()
}

async fn wait_for_arrival(emulator: &Emulator, operation: &str) {
    wait_until("the call arrived", async || emulator.counts(operation).await.requests == 1).await;
}

async fn wait_for_no_open_requests(emulator: &Emulator) {
    wait_until("no request is open", async || emulator.open().await.requests == 0).await;
}

/// Waits until no request is open, and closes idle connections until none is left.
async fn wait_until_idle(emulator: &Emulator) {
    wait_for_no_open_requests(emulator).await;
    wait_until("no connection is open", async || {
        emulator.close_idle_connections().await;
        emulator.open().await.connections == 0
    })
    .await;
}

fn count_entries(folder: &str) -> usize {
    fs::read_dir(folder).expect("a folder of this process").count()
}
