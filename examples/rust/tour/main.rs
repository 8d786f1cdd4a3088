//! A tour of the OAuth API: each of the 13 operations once, in the order an administrator would.
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
            complain(&error);
            ExitCode::FAILURE
        }
    }
}

async fn tour() -> Result<()> {
    let api = OAuthApi::from_env().context("without an organization: cargo xtask tour")?;
    tell("sign in", api.host().login_url());

    let clients = look_around(&api).await?;
    let created = create(&api).await?;
    let worked = work_with(&api, &created, clients.first()).await;
    // Whatever went wrong before, nothing of the tour stays behind.
    let removed = remove(&api, &created).await.context("the tour's own client could not be removed");
    worked.and(removed)
}

/// What the organization has; returns its clients.
async fn look_around(api: &OAuthApi) -> Result<Vec<OAuthClient>> {
    let scopes = api.get_oauth_scopes(None).await?;
    tell("get_oauth_scopes", format!("{} scopes", scopes.entities.len()));

    let scope = api.get_oauth_scope("users:readonly", Some("de")).await?;
    tell("get_oauth_scope", format!("{}: {}", scope.id, scope.description.unwrap_or_default()));

    let authorizations = api.get_oauth_authorizations(None).await?;
    tell("get_oauth_authorizations", format!("{} authorizations", authorizations.entities.len()));

    match authorizations.entities.iter().find_map(|authorization| authorization.client.as_ref()) {
        Some(client) => {
            let authorization = api.get_oauth_authorization(&client.id, None).await?;
            let state =
                authorization.state.map_or("in an unknown state".to_owned(), |state| state.to_string());
            tell(
                "get_oauth_authorization",
                format!("{} is {state}, with {}", client.name, authorization.scope.join(" ")),
            );
        }
        None => tell("get_oauth_authorization", "left out: this user has authorized no client"),
    }

    let response = api.get_oauth_clients().response().await?;
    let clients = response.value.entities;
    tell("get_oauth_clients", format!("{} clients", clients.len()));
    for client in clients.iter().take(3) {
        more(format!("{:<32} {}", client.name, text(client.authorized_grant_type.as_ref())));
    }
    let limit = response.metadata.rate_limit;
    if let (Some(count), Some(allowed)) = (limit.count, limit.allowed) {
        more(format!("(request {count} of {allowed} in this minute)"));
    }
    Ok(clients)
}

async fn create(api: &OAuthApi) -> Result<OAuthClient> {
    let mut body = OAuthClientRequest::new("purecloud-oauth tour", GrantType::Code);
    body.description = Some("Made by the tour of purecloud-oauth, which deletes it again".to_owned());
    body.registered_redirect_uri = Some(vec!["https://tour.example.com/callback".to_owned()]);
    body.scope = Some(vec!["users:readonly".to_owned()]);
    let created = api.post_oauth_clients(&body).await?;
    tell("post_oauth_clients", format!("{} {}, its secret: {}", created.id, created.name, shown(&created)));
    Ok(created)
}

/// Read, change, rotate; and see how much an older client is used.
async fn work_with(api: &OAuthApi, created: &OAuthClient, older: Option<&OAuthClient>) -> Result<()> {
    let client = api.get_oauth_client(&created.id).await?;
    tell("get_oauth_client", format!("{}, its secret: {}", client.name, shown(&client)));

    let mut body = client.to_request();
    body.access_token_validity_seconds = Some(3_600);
    let changed = api.put_oauth_client(&created.id, &body).await?;
    tell(
        "put_oauth_client",
        format!("tokens now last {} s", changed.access_token_validity_seconds.unwrap_or_default()),
    );

    // Sent at most once: where the answer is lost, the old secret may be dead already.
    match api.post_oauth_client_secret(&created.id).await {
        Ok(rotated) => {
            let different = rotated.secret != created.secret;
            let old = if different { "the old one is dead" } else { "and it is the old one" };
            tell("post_oauth_client_secret", format!("{}; {old}", shown(&rotated)));
        }
        Err(error) if error.kind() == ErrorKind::OutcomeUnknown => {
            bail!("rotate once more to have a secret that is known: {error}")
        }
        Err(error) => return Err(error.into()),
    }
    usage(api, older.unwrap_or(created)).await
}

/// A summary of the last days, and a question of one's own; the second one is waited for.
async fn usage(api: &OAuthApi, client: &OAuthClient) -> Result<()> {
    let summary = api.get_oauth_client_usage_summary(&client.id, Some(7)).await?;
    tell("get_oauth_client_usage_summary", format!("{}: execution {}", client.name, summary.execution_id));

    const DAY: Duration = Duration::from_secs(24 * 60 * 60);
    let now = SystemTime::now();
    let mut query = ApiUsageClientQuery::between((now - 30 * DAY).try_into()?, now.try_into()?);
    query.metrics = Some(vec![Metric::Requests, Metric::Status429]);
    query.group_by = Some(vec![GroupBy::TemplateUri, GroupBy::HttpMethod]);
    let execution = api.post_oauth_client_usage_query(&client.id, &query).await?;
    tell("post_oauth_client_usage_query", format!("execution {}", execution.execution_id));

    let result = complete(api, &execution.execution_id, &client.id).await?;
    let requests: i64 = result.results.iter().filter_map(|row| row.requests).sum();
    tell(
        "get_oauth_client_usage_query_result",
        format!("{} rows, {requests} requests", result.results.len()),
    );
    Ok(())
}

/// Asks until the query is no longer running.
async fn complete(api: &OAuthApi, execution_id: &str, client_id: &str) -> Result<ApiUsageQueryResult> {
    for _ in 0..60 {
        let result = api.get_oauth_client_usage_query_result(execution_id, client_id).await?;
        match result.query_status {
            Some(QueryStatus::Complete) => return Ok(result),
            Some(QueryStatus::Running) => tokio::time::sleep(Duration::from_millis(500)).await,
            status => bail!("the usage query is {}", text(status.as_ref())),
        }
    }
    bail!("the usage query was still running after half a minute")
}

/// Only an inactive client can be deleted.
async fn remove(api: &OAuthApi, created: &OAuthClient) -> Result<()> {
    let mut body = api.get_oauth_client(&created.id).await?.to_request();
    body.state = Some(ClientState::Inactive);
    api.put_oauth_client(&created.id, &body).await?;
    tell("put_oauth_client", "now inactive");
    api.delete_oauth_client(&created.id).await?;
    tell("delete_oauth_client", "gone");
    Ok(())
}

/// Whether there is a secret, not which.
fn shown(client: &OAuthClient) -> &'static str {
    if client.secret.is_some() { "shown, this once" } else { "not shown" }
}

fn text(value: Option<&impl ToString>) -> String {
    value.map_or("not told".to_owned(), ToString::to_string)
}

fn complain(error: &anyhow::Error) {
    eprintln!("tour: {error:#}");
}

fn tell(operation: &str, what: impl AsRef<str>) {
    println!("{operation:<36} {}", what.as_ref());
}

fn more(what: impl AsRef<str>) {
    tell("", what);
}
