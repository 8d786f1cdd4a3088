//! OAuth clients and queries that several cases use.

use purecloud_oauth::{
    ApiUsageClientQuery, ApiUsageQueryResult, ClientState, Error, GrantType, Granularity, GroupBy, Metric,
    OAuthApi, OAuthClient, OAuthClientRequest, QueryStatus, RoleDivision, Timestamp,
};
use serde_json::{Value, json};

use crate::emulator::Emulator;

/// The id of a client that does not exist.
pub(crate) const UNKNOWN_CLIENT_ID: &str = "00000000-0000-4000-8000-000000000000";

/// Builds the request for a web server's client, with every field that applies to the code grant.
pub(crate) fn web_server() -> OAuthClientRequest {
    let mut body = OAuthClientRequest::new("Rückrufe Zürich ☎", GrantType::Code);
    body.access_token_validity_seconds = Some(3_600);
    body.description = Some("Zeigt offene Rückrufe".to_owned());
    body.registered_redirect_uri = Some(vec!["https://rueckrufe.example.ch/callback".to_owned()]);
    body.scope = Some(vec!["users:readonly".to_owned(), "routing".to_owned()]);
    body.state = Some(ClientState::Active);
    body.date_to_delete = Some(timestamp("2027-01-31T00:00:00Z"));
    body
}

/// Returns the JSON that [`web_server`] must be sent as.
pub(crate) fn web_server_as_json() -> Value {
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

/// Builds the request for a client with the client credentials grant and a role of the administrator.
pub(crate) async fn client_credentials_request(
    emulator: &Emulator,
    api: &OAuthApi,
) -> Result<OAuthClientRequest, Error> {
    let administrator = api.get_oauth_client(&emulator.client_id).await?;
    let role = administrator.role_divisions.first().expect("a role");
    let mut body = OAuthClientRequest::new("Nachtlauf", GrantType::ClientCredentials);
    body.role_divisions = Some(vec![RoleDivision::new(&role.role_id, "*")]);
    Ok(body)
}

pub(crate) async fn create_client(api: &OAuthApi) -> Result<OAuthClient, Error> {
    api.post_oauth_clients(&web_server()).await
}

pub(crate) async fn create_inactive_client(api: &OAuthApi) -> Result<OAuthClient, Error> {
    let mut body = web_server();
    body.state = Some(ClientState::Inactive);
    api.post_oauth_clients(&body).await
}

/// Returns the id of a client that the administrator has authorized.
pub(crate) async fn authorized_client_id(api: &OAuthApi) -> Result<String, Error> {
    let authorizations = api.get_oauth_authorizations(None).await?.entities;
    Ok(authorizations
        .into_iter()
        .find_map(|authorization| authorization.client)
        .expect("an authorized client")
        .id)
}

pub(crate) fn usage_query() -> ApiUsageClientQuery {
    let mut query = ApiUsageClientQuery::new("2026-01-01T00:00:00/2026-02-01T00:00:00");
    query.granularity = Some(Granularity::Week);
    query.metrics = Some(vec![Metric::Requests, Metric::Status429]);
    query.group_by = Some(vec![GroupBy::TemplateUri, GroupBy::HttpMethod]);
    query
}

/// Polls the result of a query until the query is no longer running.
pub(crate) async fn wait_for_result(
    api: &OAuthApi,
    execution_id: &str,
    client_id: &str,
) -> Result<ApiUsageQueryResult, Error> {
    loop {
        let result = api.get_oauth_client_usage_query_result(execution_id, client_id).await?;
        if result.query_status != Some(QueryStatus::Running) {
            return Ok(result);
        }
    }
}

pub(crate) fn timestamp(string: &str) -> Timestamp {
    string.parse().expect("a timestamp")
}
