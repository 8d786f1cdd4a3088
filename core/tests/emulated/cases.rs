//! The operations as test cases: the call, the expected request, and the errors that any operation may return.

use futures::FutureExt;
use futures::future::BoxFuture;
use purecloud_oauth::{
    ApiUsageClientQuery, Call, CallOptions, ClientState, Error, GrantType, Granularity, GroupBy, Metric,
    OAuthApi, OAuthClientRequest, Operation, Replay, ResponseMetadata, RoleDivision,
};
use purecloud_oauth_emulator::Endpoint;
use serde_json::{Value, json};

use crate::world::Ids;

type Outcome = Result<ResponseMetadata, Error>;

/// An operation with a call and the request that is expected for it.
pub(crate) struct Case {
    pub(crate) operation: Operation,
    pub(crate) endpoint: Endpoint,
    pub(crate) call: fn(&OAuthApi, &Ids, CallOptions) -> BoxFuture<'static, Outcome>,
    /// The expected path and query.
    pub(crate) target: fn(&Ids) -> String,
    /// The expected body.
    pub(crate) body: Option<fn() -> Value>,
    /// The expected `Accept-Language`.
    pub(crate) language: Option<&'static str>,
}

/// The errors that the service's contract lists for every operation.
pub(crate) const ERROR_CODES: [(u16, &str); 18] = [
    (400, "bad.request"),
    (400, "response.entity.too.large"),
    (400, "invalid.date"),
    (400, "invalid.value"),
    (401, "no.bearer"),
    (401, "authentication.required"),
    (401, "bad.credentials"),
    (403, "not.authorized"),
    (403, "missing.permissions"),
    (403, "missing.any.permissions"),
    (403, "missing.division.permission"),
    (404, "not.found"),
    (409, "conflict"),
    (413, "request.entity.too.large"),
    (415, "unsupported.media.type"),
    (429, "too.many.requests"),
    (500, "internal.server.error"),
    (503, "service.unavailable"),
];

/// Makes a call with its options, and reduces the result to the response's metadata.
macro_rules! send_call {
    ($call:expr, $options:expr) => {{
        let call: Call<_> = $call.options($options);
        async move { call.response().await.map(|response| response.metadata) }.boxed()
    }};
}

/// Returns the cases of all operations.
pub(crate) fn all() -> Vec<Case> {
    let delete = Case {
        operation: Operation::DELETE_OAUTH_CLIENT,
        endpoint: Endpoint::DeleteOauthClient,
        call: |api, ids, options| send_call!(api.delete_oauth_client(&ids.deletable_id), options),
        target: |ids| format!("/api/v2/oauth/clients/{}", ids.deletable_id),
        body: None,
        language: None,
    };
    vec![
        Case {
            operation: Operation::GET_OAUTH_AUTHORIZATION,
            endpoint: Endpoint::GetOauthAuthorization,
            call: |api, ids, options| {
                send_call!(api.get_oauth_authorization(&ids.authorized_id, Some("de-at")), options)
            },
            target: |ids| format!("/api/v2/oauth/authorizations/{}", ids.authorized_id),
            language: Some("de-at"),
            ..delete
        },
        Case {
            operation: Operation::GET_OAUTH_AUTHORIZATIONS,
            endpoint: Endpoint::GetOauthAuthorizations,
            call: |api, _, options| send_call!(api.get_oauth_authorizations(Some("fr")), options),
            target: |_| "/api/v2/oauth/authorizations".to_owned(),
            language: Some("fr"),
            ..delete
        },
        Case {
            operation: Operation::GET_OAUTH_CLIENT,
            endpoint: Endpoint::GetOauthClient,
            call: |api, ids, options| send_call!(api.get_oauth_client(&ids.client_id), options),
            target: |ids| format!("/api/v2/oauth/clients/{}", ids.client_id),
            ..delete
        },
        Case {
            operation: Operation::GET_OAUTH_CLIENT_USAGE_QUERY_RESULT,
            endpoint: Endpoint::GetOauthClientUsageQueryResult,
            call: |api, ids, options| {
                send_call!(
                    api.get_oauth_client_usage_query_result(&ids.execution_id, &ids.client_id),
                    options
                )
            },
            target: |ids| {
                format!("/api/v2/oauth/clients/{}/usage/query/results/{}", ids.client_id, ids.execution_id)
            },
            ..delete
        },
        Case {
            operation: Operation::GET_OAUTH_CLIENT_USAGE_SUMMARY,
            endpoint: Endpoint::GetOauthClientUsageSummary,
            call: |api, ids, options| {
                send_call!(api.get_oauth_client_usage_summary(&ids.client_id, Some(30)), options)
            },
            target: |ids| format!("/api/v2/oauth/clients/{}/usage/summary?days=30", ids.client_id),
            ..delete
        },
        Case {
            operation: Operation::GET_OAUTH_CLIENTS,
            endpoint: Endpoint::GetOauthClients,
            call: |api, _, options| send_call!(api.get_oauth_clients(), options),
            target: |_| "/api/v2/oauth/clients".to_owned(),
            ..delete
        },
        Case {
            operation: Operation::GET_OAUTH_SCOPE,
            endpoint: Endpoint::GetOauthScope,
            call: |api, ids, options| send_call!(api.get_oauth_scope(&ids.scope_id, Some("ja")), options),
            target: |ids| format!("/api/v2/oauth/scopes/{}", ids.scope_id.replace(':', "%3A")),
            language: Some("ja"),
            ..delete
        },
        Case {
            operation: Operation::GET_OAUTH_SCOPES,
            endpoint: Endpoint::GetOauthScopes,
            call: |api, _, options| send_call!(api.get_oauth_scopes(None), options),
            target: |_| "/api/v2/oauth/scopes".to_owned(),
            ..delete
        },
        Case {
            operation: Operation::POST_OAUTH_CLIENT_SECRET,
            endpoint: Endpoint::PostOauthClientSecret,
            call: |api, ids, options| send_call!(api.post_oauth_client_secret(&ids.client_id), options),
            target: |ids| format!("/api/v2/oauth/clients/{}/secret", ids.client_id),
            ..delete
        },
        Case {
            operation: Operation::POST_OAUTH_CLIENT_USAGE_QUERY,
            endpoint: Endpoint::PostOauthClientUsageQuery,
            call: |api, ids, options| {
                send_call!(api.post_oauth_client_usage_query(&ids.client_id, &usage_query()), options)
            },
            target: |ids| format!("/api/v2/oauth/clients/{}/usage/query", ids.client_id),
            body: Some(|| {
                json!({
                    "interval": "2026-01-01T00:00:00/2026-02-01T00:00:00",
                    "granularity": "Week",
                    "metrics": ["Requests", "Status429"],
                    "groupBy": ["TemplateUri", "HttpMethod"],
                })
            }),
            ..delete
        },
        Case {
            operation: Operation::POST_OAUTH_CLIENTS,
            endpoint: Endpoint::PostOauthClients,
            call: |api, _, options| send_call!(api.post_oauth_clients(&new_client()), options),
            target: |_| "/api/v2/oauth/clients".to_owned(),
            body: Some(new_client_json),
            ..delete
        },
        Case {
            operation: Operation::PUT_OAUTH_CLIENT,
            endpoint: Endpoint::PutOauthClient,
            call: |api, ids, options| {
                send_call!(api.put_oauth_client(&ids.client_id, &new_client()), options)
            },
            target: |ids| format!("/api/v2/oauth/clients/{}", ids.client_id),
            body: Some(new_client_json),
            ..delete
        },
        delete,
    ]
}

/// Returns a client for a web server, with every field that applies to one.
pub(crate) fn new_client() -> OAuthClientRequest {
    let mut body = OAuthClientRequest::new("Rückrufe Zürich ☎", GrantType::Code);
    body.access_token_validity_seconds = Some(3_600);
    body.description = Some("Zeigt offene Rückrufe".to_owned());
    body.registered_redirect_uri = Some(vec!["https://rueckrufe.example.ch/callback".to_owned()]);
    body.scope = Some(vec!["users:readonly".to_owned(), "routing".to_owned()]);
    body.state = Some(ClientState::Active);
    body.date_to_delete = Some("2027-01-31T00:00:00Z".parse().expect("a timestamp"));
    body
}

fn new_client_json() -> Value {
    json!({
        "name": "Rückrufe Zürich ☎",
        "authorizedGrantType": "CODE",
        "accessTokenValiditySeconds": 3600,
        "description": "Zeigt offene Rückrufe",
        "registeredRedirectUri": ["https://rueckrufe.example.ch/callback"],
        "scope": ["users:readonly", "routing"],
        "state": "active",
        "dateToDelete": "2027-01-31T00:00:00.000Z",
    })
}

/// Returns a client with client credentials and a role in all divisions.
pub(crate) fn client_with_role(role_id: &str) -> OAuthClientRequest {
    let mut body = OAuthClientRequest::new("Nachtlauf", GrantType::ClientCredentials);
    body.role_divisions = Some(vec![RoleDivision::new(role_id, "*")]);
    body
}

pub(crate) fn usage_query() -> ApiUsageClientQuery {
    let mut query = ApiUsageClientQuery::new("2026-01-01T00:00:00/2026-02-01T00:00:00");
    query.granularity = Some(Granularity::Week);
    query.metrics = Some(vec![Metric::Requests, Metric::Status429]);
    query.group_by = Some(vec![GroupBy::TemplateUri, GroupBy::HttpMethod]);
    query
}

#[test]
fn every_operation_of_the_table_is_a_case() {
    let mut missing: Vec<_> = Operation::ALL.iter().map(|operation| operation.name).collect();
    for case in all() {
        assert_eq!(case.operation.name, case.endpoint.name());
        missing.retain(|name| *name != case.operation.name);
    }
    assert_eq!(missing, Vec::<&str>::new());
    assert_eq!(all().len(), Operation::ALL.len());
}

#[test]
fn the_readme_has_a_row_for_every_operation() {
    let readme = include_str!("../../../README.md");
    for operation in Operation::ALL {
        let row = readme.lines().find(|line| line.starts_with(&format!("| `{}(", operation.name)));
        let columns: Vec<_> =
            row.unwrap_or_else(|| panic!("{operation:?}")).split('|').map(str::trim).collect();
        let permissions: Vec<_> = operation.permissions.iter().map(|one| format!("`{one}`")).collect();
        let needed = if permissions.is_empty() { "none".to_owned() } else { permissions.join(", ") };
        assert_eq!(columns[3], needed, "{operation:?}");
        assert_eq!(columns[4] == "**never**", operation.replay == Replay::Once, "{operation:?}");
    }
}
