//! Ending a call before it is done: in Rust by dropping its future, or aborting the task that awaits it.

use std::fs;
use std::time::{Duration, Instant};

use futures::StreamExt;
use futures::future::join_all;
use purecloud_oauth::{Error, OAuthApi};
use serde_json::json;

use crate::case::Outcome;
use crate::emulator::{Emulator, until};

cases![cancelling_closes_the_request, cancelling_one_call_leaves_the_others, many_calls_leave_nothing];

async fn cancelling_closes_the_request(emulator: &Emulator) -> Outcome {
    let hang = json!({"endpoint": "get_oauth_clients", "times": null, "kind": {"hang": {}}});
    emulator.fault(hang).await;
    let api = emulator.api();
    let hanging = tokio::spawn(api.get_oauth_clients().into_future());
    has_arrived(emulator, "get_oauth_clients").await;
    assert_eq!(emulator.open().await.requests, 1);

    let start = Instant::now();
    hanging.abort();
    let ended = hanging.await.expect_err("it was aborted");
    assert!(ended.is_cancelled(), "{ended}");
    nothing_is_open(emulator).await;
    assert!(start.elapsed() < Duration::from_secs(1), "{:?}", start.elapsed());
    Ok(())
}

async fn cancelling_one_call_leaves_the_others(emulator: &Emulator) -> Outcome {
    let api = emulator.api();
    let call = || tokio::spawn(api.get_oauth_clients().into_future());
    emulator.fault(json!({"endpoint": "get_oauth_clients", "kind": {"hang": {}}})).await;
    let hanging = call();
    has_arrived(emulator, "get_oauth_clients").await;

    let others: Vec<_> = (0..9).map(|_| call()).collect();
    hanging.abort();
    assert!(hanging.await.expect_err("it was aborted").is_cancelled());
    for other in join_all(others).await {
        assert!(!other.expect("nobody aborted it")?.entities.is_empty());
    }
    assert!(!api.get_oauth_clients().await?.entities.is_empty());
    assert_eq!(emulator.counts("token").await.requests, 1);
    nothing_is_open(emulator).await;
    Ok(())
}

async fn many_calls_leave_nothing(emulator: &Emulator) -> Outcome {
    emulator.fault(json!({"endpoint": "get_oauth_client", "times": null, "kind": {"hang": {}}})).await;
    let api = emulator.api();
    calls_of_which_a_tenth_is_cancelled(emulator, &api, 100).await?;
    at_rest(emulator).await;
    let (threads, handles) = (entries("/proc/self/task"), entries("/proc/self/fd"));

    calls_of_which_a_tenth_is_cancelled(emulator, &api, 9_900).await?;
    assert_eq!(emulator.counts("get_oauth_scope").await.executions, 9_000);
    at_rest(emulator).await;
    until(&format!("no more than {threads} threads and {handles} handles"), async || {
        entries("/proc/self/task") <= threads && entries("/proc/self/fd") <= handles
    })
    .await;
    api.get_oauth_scope("users", None).await?;
    Ok(())
}

/// Each tenth call hangs until it is dropped.
async fn calls_of_which_a_tenth_is_cancelled(
    emulator: &Emulator,
    api: &OAuthApi,
    calls: usize,
) -> Result<(), Error> {
    const AT_ONCE: usize = 50;
    const PATIENCE: Duration = Duration::from_millis(20);
    let calls = futures::stream::iter(0..calls).map(async |number| {
        if number % 10 != 0 {
            let scope = api.get_oauth_scope("users", None).await?;
            assert_eq!(scope.id, "users");
            return Ok(());
        }
        let hanging = api.get_oauth_client(&emulator.client_id).into_future();
        assert!(tokio::time::timeout(PATIENCE, hanging).await.is_err(), "a call that hangs came to an end");
        Ok(())
    });
    calls.buffer_unordered(AT_ONCE).collect::<Vec<_>>().await.into_iter().collect()
}

async fn has_arrived(emulator: &Emulator, operation: &str) {
    until("the call arrived", async || emulator.counts(operation).await.requests == 1).await;
}

async fn nothing_is_open(emulator: &Emulator) {
    until("no request is open", async || emulator.open().await.requests == 0).await;
}

/// No request is open, and no connection kept for the next one.
async fn at_rest(emulator: &Emulator) {
    nothing_is_open(emulator).await;
    until("no connection is open", async || {
        emulator.close_idle_connections().await;
        emulator.open().await.connections == 0
    })
    .await;
}

fn entries(folder: &str) -> usize {
    fs::read_dir(folder).expect("a folder of this process").count()
}
