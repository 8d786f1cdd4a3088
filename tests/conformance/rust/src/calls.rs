//! Metadata and options of a call, retries, blocking code, and concurrent calls.

use std::time::Duration;

use futures::future::try_join_all;
use purecloud_oauth::{ClientState, ErrorKind, QueryStatus, ResponseMetadata};
use serde_json::json;
use tokio::runtime::Runtime;

use crate::case::Outcome;
use crate::emulator::Emulator;
use crate::subject::{authorized_client_id, client_credentials_request, create_inactive_client, usage_query};

cases![
    metadata_of_an_answer,
    options_of_one_call,
    reads_are_sent_again,
    waiting_client,
    two_hundred_calls_at_once,
];

async fn metadata_of_an_answer(emulator: &Emulator) -> Outcome {
    let api = emulator.api();
    let id = create_inactive_client(&api).await?.id;
    for operation in ["get_oauth_client", "delete_oauth_client"] {
        let headers = json!({
            "ININ-Correlation-Id": "6d1e9b0c-3f5a-4a77-9c1d-2b8f0e4a7c65",
            "inin-ratelimit-count": "42",
            "inin-ratelimit-allowed": "300",
            "inin-ratelimit-reset": "17",
        });
        let kind = json!({"answer": {"headers": headers}});
        emulator.inject_fault(json!({"endpoint": operation, "after_execution": true, "kind": kind})).await;
    }
    let assert_metadata = |metadata: &ResponseMetadata| {
        assert_eq!(metadata.correlation_id.as_deref(), Some("6d1e9b0c-3f5a-4a77-9c1d-2b8f0e4a7c65"));
        let limit = &metadata.rate_limit;
        assert_eq!((limit.count, limit.allowed), (Some(42), Some(300)));
        assert_eq!(limit.reset, Some(Duration::from_secs(17)));
        assert_eq!(metadata.attempts, 1);
        assert!(metadata.elapsed > Duration::ZERO && metadata.elapsed < Duration::from_secs(10));
    };
    let read = api.get_oauth_client(&id).response().await?;
    assert_eq!((read.value.id, read.metadata.status), (id.clone(), Some(200)));
    assert_metadata(&read.metadata);
    let deleted = api.delete_oauth_client(&id).response().await?;
    assert_eq!(deleted.metadata.status, Some(204));
    assert_metadata(&deleted.metadata);
    Ok(())
}

async fn options_of_one_call(emulator: &Emulator) -> Outcome {
    let api = emulator.api();
    api.get_oauth_clients().header("x-ticket", "CHG-4711").await?;
    assert_eq!(emulator.last_request("get_oauth_clients").await.header("x-ticket"), Some("CHG-4711"));
    api.get_oauth_clients().await?;
    assert_eq!(emulator.last_request("get_oauth_clients").await.header("x-ticket"), None);

    emulator.forget_requests().await;
    let unavailable = json!({"error": {"status": 503, "code": "service.unavailable"}});
    emulator.inject_fault(json!({"endpoint": "get_oauth_clients", "kind": unavailable})).await;
    let error = api.get_oauth_clients().without_retries().await.expect_err("a final error");
    assert_eq!((error.kind(), error.status()), (ErrorKind::Api, Some(503)));
    assert_eq!(emulator.counts("get_oauth_clients").await.requests, 1);
    Ok(())
}

async fn reads_are_sent_again(emulator: &Emulator) -> Outcome {
    let unavailable = json!({"error": {"status": 503, "code": "service.unavailable"}});
    emulator.inject_fault(json!({"endpoint": "get_oauth_client", "kind": unavailable})).await;
    let response = emulator.api().get_oauth_client(&emulator.client_id).response().await?;
    assert_eq!(response.value.id, emulator.client_id);
    assert_eq!((response.metadata.status, response.metadata.attempts), (Some(200), 2));
    assert_eq!(emulator.counts("get_oauth_client").await.requests, 2);
    Ok(())
}

/// Rust has no separate blocking API object: blocking code uses `Runtime::block_on`.
async fn waiting_client(emulator: &Emulator) -> Outcome {
    let api = emulator.api();
    let authorized_id = authorized_client_id(&api).await?;
    let authorization = api.get_oauth_authorization(&authorized_id, Some("de")).await?;
    let authorizations = api.get_oauth_authorizations(None).await?;
    let scope = api.get_oauth_scope("users:readonly", Some("de")).await?;
    let scopes = api.get_oauth_scopes(None).await?;
    let new = client_credentials_request(emulator, &api).await?;

    // Like a blocking program, this creates its own runtime.
    tokio::task::block_in_place(|| {
        let runtime = Runtime::new().expect("a runtime");
        macro_rules! block_on {
            ($call:expr) => {
                runtime.block_on($call.into_future())
            };
        }
        let blocking = emulator.api();
        assert_eq!(block_on!(blocking.get_oauth_authorization(&authorized_id, Some("de")))?, authorization);
        assert_eq!(block_on!(blocking.get_oauth_authorizations(None))?, authorizations);
        assert_eq!(block_on!(blocking.get_oauth_scope("users:readonly", Some("de")))?, scope);
        assert_eq!(block_on!(blocking.get_oauth_scopes(None))?, scopes);

        let created = block_on!(blocking.post_oauth_clients(&new))?;
        let client = block_on!(blocking.get_oauth_client(&created.id))?;
        let clients = block_on!(blocking.get_oauth_clients())?;
        assert_eq!(clients.entities.iter().find(|one| one.id == created.id), Some(&client));
        let rotated = block_on!(blocking.post_oauth_client_secret(&created.id))?;
        assert!(rotated.secret.is_some() && rotated.secret != created.secret);

        let summary = block_on!(blocking.get_oauth_client_usage_summary(&created.id, Some(30)))?;
        let query = block_on!(blocking.post_oauth_client_usage_query(&created.id, &usage_query()))?;
        assert_ne!(summary.execution_id, query.execution_id);
        let result =
            block_on!(blocking.get_oauth_client_usage_query_result(&query.execution_id, &created.id))?;
        assert_eq!(result.query_status, Some(QueryStatus::Running));

        let mut inactive = client.to_request();
        inactive.state = Some(ClientState::Inactive);
        let changed = block_on!(blocking.put_oauth_client(&created.id, &inactive))?;
        assert_eq!(changed.state, inactive.state);
        block_on!(blocking.delete_oauth_client(&created.id))?;
        let gone = block_on!(blocking.get_oauth_client(&created.id)).expect_err("a deleted client");
        assert_eq!(gone.status(), Some(404));
        Ok(())
    })
}

async fn two_hundred_calls_at_once(emulator: &Emulator) -> Outcome {
    let api = emulator.api();
    let id = &emulator.client_id;
    let clients = try_join_all((0..200).map(|_| api.get_oauth_client(id).into_future())).await?;
    assert_eq!(clients.len(), 200);
    assert!(clients.iter().all(|client| client.id == *id));
    api.get_oauth_client(id).await?;
    assert_eq!(emulator.counts("get_oauth_client").await.executions, 201);
    assert_eq!(emulator.counts("token").await.requests, 1);
    Ok(())
}
