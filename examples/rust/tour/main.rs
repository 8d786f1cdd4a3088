//! A tour of the OAuth API: calls each of the 13 operations, in a typical order for an administrator.
//!
//! Reads the vendor's environment variables: `GENESYSCLOUD_REGION` (a region, domain or base address),
//! and `GENESYSCLOUD_OAUTHCLIENT_ID` with `GENESYSCLOUD_OAUTHCLIENT_SECRET`, or
//! `GENESYSCLOUD_ACCESS_TOKEN`; or a profile of the vendor's CLI. Against a real organization it creates one client,
//! and deletes it.

use std::process::ExitCode;
use std::time::{Duration, SystemTime};

use anyhow::{Context, Result, bail};
use purecloud_oauth::{
    ApiUsageClientQuery, ApiUsageQueryResult, ClientState, ErrorKind, GrantType, GroupBy, Metric, OAuthApi,
    OAuthClient, OAuthClientRequest, QueryStatus,
};

#[tokio::main]
async fn main() -> ExitCode {
    match tour().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            print_error(&error);
            ExitCode::FAILURE
        }
    }
}

async fn tour() -> Result<()> {
    let api = OAuthApi::from_env()
        .context("the settings can't be read (without an organization run: cargo xtask tour)")?;
    print_step("sign in", api.host().login_url());

    let clients = list_resources(&api).await?;
    let created = create(&api).await?;
    let worked = work_with(&api, &created, clients.first()).await;
    // The created client is deleted even if a step has failed.
    let removed = remove(&api, &created).await.context("the client created by the tour can't be deleted");
    worked.and(removed)
}

/// Reads the scopes, the authorizations and the clients of the organization, and returns the clients.
async fn list_resources(api: &OAuthApi) -> Result<Vec<OAuthClient>> {
    let scopes = api.get_oauth_scopes(None).await?;
    print_step("get_oauth_scopes", format!("{} scopes", scopes.entities.len()));

    let scope = api.get_oauth_scope("users:readonly", Some("de")).await?;
    print_step("get_oauth_scope", format!("{}: {}", scope.id, scope.description.unwrap_or_default()));

    let authorizations = api.get_oauth_authorizations(None).await?;
    print_step("get_oauth_authorizations", format!("{} authorizations", authorizations.entities.len()));

    match authorizations.entities.iter().find_map(|authorization| authorization.client.as_ref()) {
        Some(client) => {
            let authorization = api.get_oauth_authorization(&client.id, None).await?;
            let state =
                authorization.state.map_or("in an unknown state".to_owned(), |state| state.to_string());
            print_step(
                "get_oauth_authorization",
                format!("{} is {state}, with {}", client.name, authorization.scope.join(" ")),
            );
        }
        None => print_step("get_oauth_authorization", "skipped: this user has authorized no client"),
    }

    let response = api.get_oauth_clients().response().await?;
    let clients = response.value.entities;
    print_step("get_oauth_clients", format!("{} clients", clients.len()));
    for client in clients.iter().take(3) {
        print_detail(format!("{:<32} {}", client.name, describe(client.authorized_grant_type.as_ref())));
    }
    let limit = response.metadata.rate_limit;
    if let (Some(count), Some(allowed)) = (limit.count, limit.allowed) {
        print_detail(format!("(request {count} of {allowed} in this minute)"));
    }
    Ok(clients)
}

async fn create(api: &OAuthApi) -> Result<OAuthClient> {
    let mut body = OAuthClientRequest::new("purecloud-oauth tour", GrantType::Code);
    body.description = Some("Created by the tour of purecloud-oauth, which deletes it again".to_owned());
    body.registered_redirect_uri = Some(vec!["https://tour.example.com/callback".to_owned()]);
    body.scope = Some(vec!["users:readonly".to_owned()]);
    let created = api.post_oauth_clients(&body).await?;
    print_step(
        "post_oauth_clients",
        format!("{} {}, its secret: {}", created.id, created.name, describe_secret(&created)),
    );
    Ok(created)
}

/// Reads and changes the created client, rotates its secret, and queries the usage of an older client.
async fn work_with(api: &OAuthApi, created: &OAuthClient, older: Option<&OAuthClient>) -> Result<()> {
    let client = api.get_oauth_client(&created.id).await?;
    print_step("get_oauth_client", format!("{}, its secret: {}", client.name, describe_secret(&client)));

    let mut body = client.to_request();
    body.access_token_validity_seconds = Some(3_600);
    let changed = api.put_oauth_client(&created.id, &body).await?;
    print_step(
        "put_oauth_client",
        format!("tokens now last {} s", changed.access_token_validity_seconds.unwrap_or_default()),
    );

    // A lost rotation is never retried, because the old secret may already be invalid.
    match api.post_oauth_client_secret(&created.id).await {
        Ok(rotated) => {
            let different = rotated.secret != created.secret;
            let old =
                if different { "the old secret is no longer valid" } else { "but it equals the old secret" };
            print_step("post_oauth_client_secret", format!("{}; {old}", describe_secret(&rotated)));
        }
        Err(error) if error.kind() == ErrorKind::OutcomeUnknown => {
            bail!("the outcome of the rotation is unknown, so rotate again: {error}")
        }
        Err(error) => return Err(error.into()),
    }
    query_usage(api, older.unwrap_or(created)).await
}

/// Starts a usage summary and a usage query, and waits for the result of the query.
async fn query_usage(api: &OAuthApi, client: &OAuthClient) -> Result<()> {
    let summary = api.get_oauth_client_usage_summary(&client.id, Some(7)).await?;
    print_step(
        "get_oauth_client_usage_summary",
        format!("{}: execution {}", client.name, summary.execution_id),
    );

    const DAY: Duration = Duration::from_secs(24 * 60 * 60);
    let now = SystemTime::now();
    let mut query = ApiUsageClientQuery::between((now - 30 * DAY).try_into()?, now.try_into()?);
    query.metrics = Some(vec![Metric::Requests, Metric::Status429]);
    query.group_by = Some(vec![GroupBy::TemplateUri, GroupBy::HttpMethod]);
    let execution = api.post_oauth_client_usage_query(&client.id, &query).await?;
    print_step("post_oauth_client_usage_query", format!("execution {}", execution.execution_id));

    let result = wait_for_result(api, &execution.execution_id, &client.id).await?;
    let requests: i64 = result.results.iter().filter_map(|row| row.requests).sum();
    print_step(
        "get_oauth_client_usage_query_result",
        format!("{} rows, {requests} requests", result.results.len()),
    );
    Ok(())
}

/// Polls the result until the query is no longer running.
async fn wait_for_result(api: &OAuthApi, execution_id: &str, client_id: &str) -> Result<ApiUsageQueryResult> {
    for _ in 0..60 {
        let result = api.get_oauth_client_usage_query_result(execution_id, client_id).await?;
        match result.query_status {
            Some(QueryStatus::Complete) => return Ok(result),
            Some(QueryStatus::Running) => tokio::time::sleep(Duration::from_millis(500)).await,
            status => bail!("the status of the usage query is {}", describe(status.as_ref())),
        }
    }
    bail!("the usage query was still running after half a minute")
}

/// Deactivates and deletes a client: only inactive clients can be deleted.
async fn remove(api: &OAuthApi, created: &OAuthClient) -> Result<()> {
    let mut body = api.get_oauth_client(&created.id).await?.to_request();
    body.state = Some(ClientState::Inactive);
    api.put_oauth_client(&created.id, &body).await?;
    print_step("put_oauth_client", "now inactive");
    api.delete_oauth_client(&created.id).await?;
    print_step("delete_oauth_client", "deleted");
    Ok(())
}

/// Describes whether the response contains a secret, without showing the secret.
fn describe_secret(client: &OAuthClient) -> &'static str {
    if client.secret.is_some() { "returned in this response only" } else { "not returned" }
}

/// Formats a value that the service may omit.
fn describe(value: Option<&impl ToString>) -> String {
    value.map_or("unknown".to_owned(), ToString::to_string)
}

fn print_error(error: &anyhow::Error) {
    eprintln!("tour: {error:#}");
}

fn print_step(operation: &str, result: impl AsRef<str>) {
    println!("{operation:<36} {}", result.as_ref());
}

fn print_detail(detail: impl AsRef<str>) {
    print_step("", detail);
}
