//! Every kind of error, with its type, its message and its fields.

use std::time::{Duration, Instant};

use purecloud_oauth::{Credentials, ErrorKind, OAuthApi};
use serde_json::json;

use crate::case::Outcome;
use crate::emulator::{Counts, Emulator};
use crate::subject::{UNKNOWN_CLIENT_ID, create_client, web_server};

cases![
    invalid_argument,
    invalid_setting,
    sign_in,
    api,
    api_field_details,
    retry_after,
    connection,
    timeout,
    unreadable_answer,
    outcome_unknown,
];

async fn invalid_argument(emulator: &Emulator) -> Outcome {
    let error = emulator.api().get_oauth_client("a/b").await.expect_err("a slash");
    assert_eq!(error.kind(), ErrorKind::InvalidArgument);
    assert_eq!(error.operation(), Some("get_oauth_client"));
    assert_eq!(error.argument(), Some("client_id"));
    assert!(error.to_string().starts_with("get_oauth_client: client_id "), "{error}");
    assert!(!error.server_may_have_acted() && !error.worth_retrying());
    assert_eq!((error.status(), error.metadata()), (None, None));
    assert_eq!(emulator.received().await.len(), 0, "nothing is sent, not even for a token");
    Ok(())
}

async fn invalid_setting(emulator: &Emulator) -> Outcome {
    let error = emulator.config().deadline(Duration::ZERO).build().expect_err("a deadline of zero");
    assert_eq!(error.kind(), ErrorKind::InvalidArgument);
    assert_eq!((error.operation(), error.argument()), (None, Some("deadline")));
    assert!(error.to_string().starts_with("deadline is zero"), "{error}");
    assert_eq!(emulator.received().await.len(), 0);
    Ok(())
}

async fn sign_in(emulator: &Emulator) -> Outcome {
    const WRONG: &str = "qV7-not-the-secret-Zp3";
    let credentials = Credentials::client_credentials(&emulator.client_id, WRONG);
    let api = OAuthApi::new(emulator.config_with(credentials).build()?);
    let error = api.get_oauth_clients().await.expect_err("a wrong secret");
    assert_eq!(error.kind(), ErrorKind::SignIn);
    assert_eq!(error.operation(), Some("get_oauth_clients"));
    assert_eq!((error.status(), error.code()), (Some(401), Some("invalid_client")));
    assert!(error.to_string().starts_with("get_oauth_clients: no token: "), "{error}");
    assert!(!format!("{error} {error:?} {error:#?}").contains(WRONG));
    assert!(!error.server_may_have_acted() && !error.worth_retrying());
    assert_eq!(emulator.counts("get_oauth_clients").await.requests, 0);
    Ok(())
}

async fn api(emulator: &Emulator) -> Outcome {
    let error = emulator.api().get_oauth_client(UNKNOWN_CLIENT_ID).await.expect_err("an unknown client");
    assert_eq!(error.kind(), ErrorKind::Api);
    assert_eq!(error.operation(), Some("get_oauth_client"));
    assert_eq!((error.status(), error.code()), (Some(404), Some("not.found")));
    let message = format!("The requested OAuthClient with id {UNKNOWN_CLIENT_ID} was not found.");
    assert_eq!(error.server_message(), Some(message.as_str()));
    let correlation_id = error.correlation_id().expect("a correlation id");
    assert_eq!(error.body().and_then(|body| body.context_id.as_deref()), Some(correlation_id));
    assert_eq!(
        error.to_string(),
        format!(
            "get_oauth_client: 404 not.found: The requested OAuthClient with id {UNKNOWN_CLIENT_ID} was not \
             found [correlation id {correlation_id}]"
        )
    );
    assert!(!error.server_may_have_acted() && !error.worth_retrying());
    Ok(())
}

async fn api_field_details(emulator: &Emulator) -> Outcome {
    let body = json!({
        "message": "The request has two fields that can't be right.",
        "code": "bad.request",
        "status": 400,
        "details": [
            {"errorCode": "value.too.long", "fieldName": "description"},
            {"errorCode": "uri.not.absolute", "fieldName": "registeredRedirectUri"},
        ],
    });
    let response = json!({"status": 400, "content_type": "application/json", "body": body.to_string()});
    emulator.inject_fault(json!({"endpoint": "post_oauth_clients", "kind": {"answer": response}})).await;
    let error = emulator.api().post_oauth_clients(&web_server()).await.expect_err("two invalid fields");
    assert_eq!((error.kind(), error.status()), (ErrorKind::Api, Some(400)));
    let details = &error.body().expect("an error body").details;
    let details: Vec<_> =
        details.iter().map(|one| (one.field_name.as_deref(), one.error_code.as_deref())).collect();
    let both = [
        (Some("description"), Some("value.too.long")),
        (Some("registeredRedirectUri"), Some("uri.not.absolute")),
    ];
    assert_eq!(details, both);
    Ok(())
}

async fn retry_after(emulator: &Emulator) -> Outcome {
    let kind =
        json!({"error": {"status": 429, "code": "too.many.requests", "headers": {"Retry-After": "7"}}});
    emulator.inject_fault(json!({"endpoint": "get_oauth_clients", "kind": kind})).await;
    let error = emulator.api().get_oauth_clients().without_retries().await.expect_err("too many requests");
    assert_eq!((error.kind(), error.status()), (ErrorKind::Api, Some(429)));
    assert_eq!(error.retry_after(), Some(Duration::from_secs(7)));
    assert!(error.worth_retrying() && !error.server_may_have_acted());
    Ok(())
}

async fn connection(emulator: &Emulator) -> Outcome {
    emulator
        .inject_fault(json!({"endpoint": "get_oauth_clients", "times": null, "kind": {"reset": {}}}))
        .await;
    let error = emulator.api().get_oauth_clients().await.expect_err("a reset");
    assert_eq!(error.kind(), ErrorKind::Connection);
    assert_eq!((error.operation(), error.status()), (Some("get_oauth_clients"), None));
    assert!(error.to_string().starts_with("get_oauth_clients: the connection to "), "{error}");
    assert!(error.worth_retrying());
    let attempts = error.metadata().expect("metadata").attempts;
    assert_eq!(attempts, 3);
    assert_eq!(emulator.counts("get_oauth_clients").await, Counts { requests: 3, executions: 0 });
    Ok(())
}

async fn timeout(emulator: &Emulator) -> Outcome {
    const FIFTH: Duration = Duration::from_millis(200);
    let api = emulator.api();
    api.get_oauth_scopes(None).await?;
    emulator
        .inject_fault(json!({"endpoint": "get_oauth_clients", "times": null, "kind": {"hang": {}}}))
        .await;
    let start = Instant::now();
    let error = api.get_oauth_clients().deadline(FIFTH).await.expect_err("a timeout");
    assert!((FIFTH..Duration::from_secs(2)).contains(&start.elapsed()), "{:?}", start.elapsed());
    assert_eq!((error.kind(), error.status()), (ErrorKind::Timeout, None));
    assert!(error.to_string().contains("no result within the deadline of 200ms"), "{error}");
    assert!(error.worth_retrying());
    Ok(())
}

async fn unreadable_answer(emulator: &Emulator) -> Outcome {
    let page = json!({"status": 200, "content_type": "text/html", "body": "<html>Please sign in</html>"});
    let fault = json!({"endpoint": "get_oauth_clients", "times": null, "kind": {"answer": page}});
    emulator.inject_fault(fault).await;
    let error = emulator.api().get_oauth_clients().without_retries().await.expect_err("a web page");
    assert_eq!((error.kind(), error.status()), (ErrorKind::UnreadableAnswer, Some(200)));
    assert!(error.to_string().contains("a web page"), "{error}");
    assert!(!error.to_string().contains("Please sign in"), "{error}");
    Ok(())
}

async fn outcome_unknown(emulator: &Emulator) -> Outcome {
    let api = emulator.api();
    let id = create_client(&api).await?.id;
    emulator
        .inject_fault(json!({
            "endpoint": "post_oauth_client_secret",
            "times": null,
            "after_execution": true,
            "kind": {"reset": {}},
        }))
        .await;
    let error = api.post_oauth_client_secret(&id).await.expect_err("a lost response");
    assert_eq!(error.kind(), ErrorKind::OutcomeUnknown);
    assert_eq!(error.operation(), Some("post_oauth_client_secret"));
    assert!(error.to_string().contains("the operation may have been executed"), "{error}");
    assert!(error.server_may_have_acted() && !error.worth_retrying());
    let counts = emulator.counts("post_oauth_client_secret").await;
    assert_eq!(counts, Counts { requests: 1, executions: 1 });
    Ok(())
}
