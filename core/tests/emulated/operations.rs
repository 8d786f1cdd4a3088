//! Each operation: its success, its exact request, the permission it requires, and its errors.

use purecloud_oauth::*;
use purecloud_oauth_emulator::{Endpoint, Fault};
use serde_json::Value;

use crate::cases;
use crate::world::{World, error_of};

#[tokio::test]
async fn every_operation_sends_exactly_the_documented_request() {
    for case in cases::all() {
        let world = World::new().await;
        let ids = world.create_resources().await;
        let options = CallOptions::new().header("x-ticket", "CHG-4711").expect("a header");
        let metadata = (case.call)(&world.api(), &ids, options).await.expect(case.operation.name);
        assert!(matches!(metadata.status, Some(200 | 202 | 204)), "{:?}: {metadata:?}", case.operation);
        assert_eq!(metadata.attempts, 1);

        let request = world.emulator.last_request(case.endpoint).expect("a request");
        assert_eq!(request.method, case.operation.verb.as_str());
        assert_eq!(request.target, (case.target)(&ids), "{:?}", case.operation);
        let body: Option<Value> = Some(&request.body)
            .filter(|body| !body.is_empty())
            .map(|body| serde_json::from_slice(body).expect("JSON"));
        assert_eq!(body, case.body.map(|body| body()), "{:?}", case.operation);
        let content_type = case.body.map(|_| "application/json");
        assert_eq!(request.header("content-type"), content_type, "{:?}", case.operation);
        assert_eq!(request.header("accept"), Some("application/json"));
        assert_eq!(request.header("accept-encoding"), Some("gzip"));
        assert_eq!(request.header("accept-language"), case.language, "{:?}", case.operation);
        assert_eq!(
            request.header("user-agent"),
            Some(concat!("purecloud-oauth/", env!("CARGO_PKG_VERSION")))
        );
        assert_eq!(request.header("x-ticket"), Some("CHG-4711"));
        let length = match (case.operation.verb, case.body) {
            (Verb::Post, None) => Some("0".to_owned()),
            (_, Some(_)) => Some(request.body.len().to_string()),
            _ => None,
        };
        assert_eq!(request.header("content-length"), length.as_deref(), "{:?}", case.operation);
        let (scheme, token) =
            request.header("authorization").and_then(|value| value.split_once(' ')).expect("a token");
        assert_eq!(scheme, "Bearer");
        assert!(!token.is_empty());
        let expected = [
            "accept",
            "accept-encoding",
            "authorization",
            "content-length",
            "content-type",
            "accept-language",
            "host",
            "user-agent",
            "x-ticket",
        ];
        for (name, _) in &request.headers {
            assert!(expected.contains(&name.as_str()), "{:?} sends {name}", case.operation);
        }
    }
}

#[tokio::test]
async fn every_operation_requires_one_of_its_permissions_and_no_other() {
    let all = [
        "oauth:client:add",
        "oauth:client:authorize",
        "oauth:client:delete",
        "oauth:client:edit",
        "oauth:client:view",
        "usage:client:view",
    ];
    for case in cases::all() {
        let world = World::new().await;
        let ids = world.create_resources().await;
        let others: Vec<_> =
            all.into_iter().filter(|one| !case.operation.permissions.contains(one)).collect();
        let without = world.api_for(&world.emulator.client_with_permissions(&others));
        let refused = (case.call)(&without, &ids, CallOptions::new()).await;
        if case.operation.permissions.is_empty() {
            refused.unwrap_or_else(|error| panic!("{:?}: {error}", case.operation));
            continue;
        }
        let error = error_of(&world, refused);
        assert_eq!((error.kind(), error.status()), (ErrorKind::Api, Some(403)), "{error:?}");
        assert_eq!(error.code(), Some("missing.any.permissions"), "{error:?}");
        assert!(
            error.to_string().contains(case.operation.permissions[0]),
            "the error names the missing permission: {error}"
        );
        assert_eq!(world.emulator.executions(case.endpoint), 0);
    }
    for case in cases::all() {
        for permission in case.operation.permissions {
            let world = World::new().await;
            let ids = world.create_resources().await;
            let with = world.api_for(&world.emulator.client_with_permissions(&[permission]));
            let result = (case.call)(&with, &ids, CallOptions::new()).await;
            result.unwrap_or_else(|error| panic!("{:?} with {permission}: {error}", case.operation));
        }
    }
}

#[tokio::test]
async fn every_error_of_the_contract_keeps_the_services_error_body() {
    let codes = cases::ERROR_CODES.into_iter().chain([
        (408, "request.timeout"),
        (504, "authentication.request.timeout"),
        (504, "request.timeout"),
        (400, "cannot.delete.client"),
    ]);
    for (status, code) in codes {
        let world = World::new().await;
        let ids = world.create_resources().await;
        let api = world.api();
        for case in cases::all() {
            world.emulator.fault(Fault::on(case.endpoint).error(status, code));
            let options = CallOptions::new().without_retries();
            let error = error_of(&world, (case.call)(&api, &ids, options).await);
            let place = format!("{status} {code}, {:?}: {error:?}", case.operation);
            let unknown = case.operation.replay == Replay::Once && (status >= 500 || status == 408);
            let kind = if unknown { ErrorKind::OutcomeUnknown } else { ErrorKind::Api };
            assert_eq!(error.kind(), kind, "{place}");
            assert_eq!((error.status(), error.code()), (Some(status), Some(code)), "{place}");
            let body = error.body().expect("an error body");
            assert_eq!(body.status, Some(i32::from(status)), "{place}");
            assert!(body.message.is_some() && body.context_id.is_some(), "{place}");
            assert_eq!(error.correlation_id(), body.context_id.as_deref(), "{place}");
            assert!(error.to_string().starts_with(case.operation.name), "{place}");
            assert!(error.to_string().contains(code), "{place}");
            world.emulator.clear_faults();
        }
    }
}

#[tokio::test]
async fn field_details_nested_errors_and_the_limit_are_kept() {
    let world = World::new().await;
    let body = r#"{
        "message": "Rate limit exceeded the maximum [300] requests within [60] seconds", "code": "too.many.requests",
        "status": 429, "contextId": "4f0c7c0e-6f1d-4a52-9a3f-1f5a2d3c4b5e", "entityId": "e1", "entityName": "Nachtlauf",
        "messageWithParams": "Rate limit exceeded the maximum [{limit}]", "messageParams": {"limit": "300"},
        "details": [{"errorCode": "too.long", "fieldName": "name", "entityId": "e2", "entityName": "n"}],
        "errors": [{"code": "inner", "message": "why"}],
        "limit": {"key": "client.credentials.token.rate.per.minute", "namespace": "platform.api", "value": 300}
    }"#;
    let fault = Fault::on(Endpoint::GetOauthClients).status(429).body("application/json", body);
    world.emulator.fault(fault.header("Retry-After", "600"));
    let error = error_of(&world, world.api().get_oauth_clients().await);
    assert_eq!(
        error.retry_after(),
        Some(std::time::Duration::from_secs(600)),
        "returned immediately instead of waiting"
    );
    assert_eq!(world.clock.waits(), []);
    let body = error.body().expect("a body");
    assert_eq!(body.details[0].field_name.as_deref(), Some("name"));
    assert_eq!(body.details[0].error_code.as_deref(), Some("too.long"));
    assert_eq!(body.errors[0].code.as_deref(), Some("inner"));
    assert_eq!(body.limit.as_ref().and_then(|limit| limit.value), Some(300));
    assert_eq!(body.message_params["limit"], "300");
    assert_eq!((body.entity_id.as_deref(), body.entity_name.as_deref()), (Some("e1"), Some("Nachtlauf")));
    assert!(error.to_string().contains("name: too.long"), "{error}");
}

#[tokio::test]
async fn the_debug_format_of_an_error_is_one_line() {
    let world = World::new().await;
    let error = error_of(&world, world.api().get_oauth_client("6f1c8a52").await);
    assert_eq!(format!("{error:?}"), format!("Api: {error}"));
    let whole = format!("{error:#?}");
    for part in ["kind: Api", "code: Some", "status: Some", "rate_limit"] {
        assert!(whole.contains(part), "{part} in {whole}");
    }
}

#[tokio::test]
async fn an_error_that_does_not_come_from_the_service_is_reported_as_such() {
    let world = World::new().await;
    let api = world.api();
    let page = Fault::on(Endpoint::GetOauthClient)
        .status(403)
        .body("text/html", "<html>Blocked by your company</html>");
    world.emulator.fault(page);
    let error = error_of(&world, api.get_oauth_client("6f1c8a52").await);
    assert_eq!((error.kind(), error.status(), error.code()), (ErrorKind::Api, Some(403), None));
    assert!(error.to_string().contains("with a body that is not an error of the service"), "{error}");
    assert!(error.correlation_id().is_some());
}

#[tokio::test]
async fn a_client_is_created_read_rotated_changed_and_deleted() {
    let world = World::new().await;
    let api = world.api();

    let created = api.post_oauth_clients(&cases::new_client()).await.expect("created");
    let first = created.secret.clone().expect("shown by create");
    assert_eq!(world.emulator.current_secret(&created.id).as_deref(), Some(first.expose()));

    let read = api.get_oauth_client(&created.id).await.expect("read");
    assert_eq!(read.secret, None, "shown once");
    assert_eq!(OAuthClientRequest::from(read.clone()), cases::new_client());
    assert!(read.date_created.is_some() && read.created_by.is_some());
    let listed = api.get_oauth_clients().await.expect("listed");
    assert!(listed.entities.iter().any(|client| client.id == created.id && client.secret.is_none()));
    assert_eq!(listed.total, Some(i64::try_from(listed.entities.len()).expect("few")));

    let rotated = api.post_oauth_client_secret(&created.id).await.expect("rotated");
    assert_ne!(rotated.secret, Some(first));
    assert_eq!(
        world.emulator.current_secret(&created.id).as_deref(),
        rotated.secret.as_ref().map(Secret::expose)
    );

    let error = error_of(&world, api.delete_oauth_client(&created.id).await);
    assert_eq!((error.status(), error.code()), (Some(400), Some("cannot.delete.client")));
    assert!(error.to_string().contains("; make it inactive first"), "{error}");

    let mut body = OAuthClientRequest::from(read);
    body.state = Some(ClientState::Inactive);
    body.description = None;
    let changed = api.put_oauth_client(&created.id, &body).await.expect("changed");
    assert_eq!(
        (changed.state, changed.description),
        (Some(ClientState::Inactive), None),
        "a change replaces all fields"
    );
    assert_eq!(changed.secret, None);

    let metadata = api.delete_oauth_client(&created.id).response().await.expect("deleted").metadata;
    assert_eq!(metadata.status, Some(204));
    let error = error_of(&world, api.get_oauth_client(&created.id).await);
    assert_eq!((error.status(), error.code()), (Some(404), Some("not.found")));
    let error = error_of(&world, api.delete_oauth_client(&created.id).await);
    assert_eq!(error.status(), Some(404), "status 404 means a successful deletion only after a lost attempt");
}

#[tokio::test]
async fn a_usage_query_is_polled_until_it_is_complete() {
    let world = World::new().await;
    let api = world.api();
    let client_id = world.emulator.administrator().client_id;
    for execution in [
        api.post_oauth_client_usage_query(&client_id, &cases::usage_query()).await.expect("an execution"),
        api.get_oauth_client_usage_summary(&client_id, None).await.expect("an execution"),
    ] {
        let mut result = ApiUsageQueryResult::default();
        for _ in 0..10 {
            result = api
                .get_oauth_client_usage_query_result(&execution.execution_id, &client_id)
                .await
                .expect("a result");
            if result.query_status != Some(QueryStatus::Running) {
                break;
            }
            assert!(result.results.is_empty());
        }
        assert_eq!(result.query_status, Some(QueryStatus::Complete));
        assert!(result.results.iter().any(|row| row.requests.unwrap_or_default() > 0), "{result:?}");
        assert!(result.results.iter().all(|row| row.date.is_some()));
    }
    let summary = world.emulator.last_request(Endpoint::GetOauthClientUsageSummary).expect("a request");
    assert_eq!(summary.query(), "", "an omitted parameter is not sent");
}

#[tokio::test]
async fn status_202_counts_as_success() {
    let world = World::start_with(|builder| builder.accepted_status(202)).await;
    let client_id = world.emulator.administrator().client_id;
    let call = world.api().post_oauth_client_usage_query(&client_id, &cases::usage_query());
    let response = call.response().await.expect("an execution");
    assert_eq!(response.metadata.status, Some(202));
    assert!(!response.value.execution_id.is_empty());
}

#[tokio::test]
async fn descriptions_are_in_the_requested_language() {
    let world = World::new().await;
    let api = world.api();
    let mut seen = Vec::new();
    for language in [None, Some("de"), Some("ja")] {
        let scope = api.get_oauth_scope("users:readonly", language).await.expect("a scope");
        assert_eq!(scope.id, "users:readonly");
        let listed = api.get_oauth_scopes(language).await.expect("scopes");
        assert!(listed.entities.contains(&scope));
        seen.push(scope.description);
    }
    seen.dedup();
    assert_eq!(seen.len(), 3, "{seen:?}");
}

#[tokio::test]
async fn authorizations_are_read_completely() {
    let world = World::new().await;
    let api = world.api();
    let listing = api.get_oauth_authorizations(None).await.expect("authorizations");
    assert_eq!(listing.total, Some(i64::try_from(listing.entities.len()).expect("few")));
    for authorization in listing.entities {
        let id = &authorization.client.as_ref().expect("a client").id;
        assert_eq!(api.get_oauth_authorization(id, None).await.as_ref().ok(), Some(&authorization));
        assert!(authorization.resource_owner.is_some() && authorization.state.is_some());
    }
}

#[tokio::test]
async fn invalid_arguments_are_refused_by_name_before_anything_is_sent() {
    let world = World::new().await;
    let api = world.api();
    let long = "é".repeat(257);
    let ids =
        ["", ".", "..", "../../tokens/me", "a/b", "a\\b", "a?b", "a#b", "%2E%2E", "a\nb", "\u{0}", &long];
    let mut refused: Vec<(Error, &str, &str)> = Vec::new();
    for id in ids {
        let query = cases::usage_query();
        let body = cases::new_client();
        refused.extend([
            (error_of(&world, api.delete_oauth_client(id).await), "delete_oauth_client", "client_id"),
            (
                error_of(&world, api.get_oauth_authorization(id, None).await),
                "get_oauth_authorization",
                "client_id",
            ),
            (error_of(&world, api.get_oauth_client(id).await), "get_oauth_client", "client_id"),
            (
                error_of(&world, api.get_oauth_client_usage_query_result(id, "c").await),
                "get_oauth_client_usage_query_result",
                "execution_id",
            ),
            (
                error_of(&world, api.get_oauth_client_usage_query_result("e", id).await),
                "get_oauth_client_usage_query_result",
                "client_id",
            ),
            (
                error_of(&world, api.get_oauth_client_usage_summary(id, None).await),
                "get_oauth_client_usage_summary",
                "client_id",
            ),
            (error_of(&world, api.get_oauth_scope(id, None).await), "get_oauth_scope", "scope_id"),
            (
                error_of(&world, api.post_oauth_client_secret(id).await),
                "post_oauth_client_secret",
                "client_id",
            ),
            (
                error_of(&world, api.post_oauth_client_usage_query(id, &query).await),
                "post_oauth_client_usage_query",
                "client_id",
            ),
            (error_of(&world, api.put_oauth_client(id, &body).await), "put_oauth_client", "client_id"),
        ]);
    }
    let nameless = OAuthClientRequest::new(" ", GrantType::Code);
    let mut hasty = cases::new_client();
    hasty.access_token_validity_seconds = Some(299);
    let roleless = cases::client_with_role("");
    let mut large = cases::new_client();
    large.description = Some("x".repeat(16 * 1024 * 1024));
    for (body, argument) in [
        (large, "body"),
        (nameless, "body.name"),
        (hasty, "body.access_token_validity_seconds"),
        (roleless, "body.role_divisions[0].role_id"),
    ] {
        refused.push((error_of(&world, api.post_oauth_clients(&body).await), "post_oauth_clients", argument));
        refused.push((
            error_of(&world, api.put_oauth_client("c", &body).await),
            "put_oauth_client",
            argument,
        ));
    }
    for interval in
        ["", "2026-01-01T00:00:00", "2026-01-01/soon", "2026-02-01T00:00:00/2026-01-01T00:00:00", "/"]
    {
        let query = ApiUsageClientQuery::new(interval);
        refused.push((
            error_of(&world, api.post_oauth_client_usage_query("c", &query).await),
            "post_oauth_client_usage_query",
            "body.interval",
        ));
    }
    refused.push((
        error_of(&world, api.get_oauth_client_usage_summary("c", Some(0)).await),
        "get_oauth_client_usage_summary",
        "days",
    ));
    for language in ["", "  ", "de\r\nx-evil: 1", "日本語", &"de, ".repeat(2_000)] {
        refused.push((
            error_of(&world, api.get_oauth_scopes(Some(language)).await),
            "get_oauth_scopes",
            "accept_language",
        ));
    }
    for (name, value) in [
        ("x y", "1"),
        ("x", "a\nb"),
        ("Authorization", "Bearer mine"),
        ("host", "elsewhere"),
        ("content-length", "0"),
    ] {
        refused.push((
            error_of(&world, api.get_oauth_clients().header(name, value).await),
            "get_oauth_clients",
            "headers",
        ));
    }
    refused.push((
        error_of(&world, api.get_oauth_clients().deadline(std::time::Duration::ZERO).await),
        "get_oauth_clients",
        "deadline",
    ));
    for (error, operation, argument) in &refused {
        assert_eq!(error.kind(), ErrorKind::InvalidArgument, "{error:?}");
        assert_eq!((error.operation(), error.argument()), (Some(*operation), Some(*argument)), "{error:?}");
        assert!(error.to_string().starts_with(&format!("{operation}: {argument} ")), "{error}");
        assert!(!error.server_may_have_acted() && !error.worth_retrying() && error.metadata().is_none());
    }
    assert_eq!(world.emulator.received().len(), 0, "no request was sent, not even for a token");
}
