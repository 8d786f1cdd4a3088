//! `/api/v2/oauth/clients/{clientId}/usage`

use super::OAuthApi;
use crate::call::Call;
use crate::models::{ApiUsageClientQuery, ApiUsageQueryResult, UsageExecutionResult};
use crate::operation::Operation;

#[cfg_attr(feature = "uniffi", exported(usage_operations))]
impl OAuthApi {
    /// Reads the result of a usage query. While the query is running, the result has no rows: call again a little
    /// later, until the status is no longer `Running`.
    ///
    /// Retried after a failure.
    ///
    /// - `execution_id`: the id that was returned when the query was started.
    /// - `client_id`: the id of the client that the query is about.
    ///
    /// Specific errors: status 404 if there is no such execution, or if it belongs to another client.
    ///
    /// Needs the permission `oauth:client:view` or `usage:client:view`.
    ///
    /// Vendor's page: `OAuthApi.html#getOauthClientUsageQueryResult`.
    ///
    /// # Examples
    /// ```no_run
    /// # async fn example(
    /// #     api: purecloud_oauth::OAuthApi,
    /// #     execution_id: &str,
    /// #     client_id: &str,
    /// # ) -> Result<(), purecloud_oauth::Error> {
    /// use purecloud_oauth::QueryStatus;
    ///
    /// let mut result = api.get_oauth_client_usage_query_result(execution_id, client_id).await?;
    /// while result.query_status == Some(QueryStatus::Running) {
    ///     tokio::time::sleep(std::time::Duration::from_secs(1)).await;
    ///     result = api.get_oauth_client_usage_query_result(execution_id, client_id).await?;
    /// }
    /// println!("{:?}, {} rows", result.query_status, result.results.len());
    /// # Ok(())
    /// # }
    /// ```
    pub fn get_oauth_client_usage_query_result(
        &self,
        execution_id: &str,
        client_id: &str,
    ) -> Call<ApiUsageQueryResult> {
        self.call(Operation::GET_OAUTH_CLIENT_USAGE_QUERY_RESULT)
            .id("execution_id", execution_id)
            .id("client_id", client_id)
            .build()
    }

    /// Starts a query about an OAuth client's usage in the last days. The query takes a while: read its result with the
    /// execution id that is returned.
    ///
    /// Retried after a failure.
    ///
    /// - `client_id`: the client's id.
    /// - `days`: the number of days before today, from 1 (the documentation names no upper limit); 7 is the service's
    ///   default.
    ///
    /// Specific errors: status 400 if the service does not accept the number of days, 404 if there is no such client.
    ///
    /// Needs the permission `oauth:client:view` or `usage:client:view`.
    ///
    /// Vendor's page: `OAuthApi.html#getOauthClientUsageSummary`.
    ///
    /// # Examples
    /// ```no_run
    /// # async fn example(api: purecloud_oauth::OAuthApi) -> Result<(), purecloud_oauth::Error> {
    /// let id = "6f1c5a0e-3b1d-4f0e-9a53-0c2f1f6f7f10";
    /// let execution = api.get_oauth_client_usage_summary(id, Some(30)).await?;
    /// // The result may not be complete yet.
    /// let result = api.get_oauth_client_usage_query_result(&execution.execution_id, id).await?;
    /// println!("{:?}, {} rows", result.query_status, result.results.len());
    /// # Ok(())
    /// # }
    /// ```
    pub fn get_oauth_client_usage_summary(
        &self,
        client_id: &str,
        days: Option<u32>,
    ) -> Call<UsageExecutionResult> {
        self.call(Operation::GET_OAUTH_CLIENT_USAGE_SUMMARY)
            .id("client_id", client_id)
            .positive_query("days", days)
            .build()
    }

    /// Starts a query about an OAuth client's usage. The query takes a while: read its result with the execution id
    /// that is returned.
    ///
    /// Retried after a failure: a second execution costs the service some work, but has no other effect.
    ///
    /// - `client_id`: the client's id.
    /// - `body`: the interval, and the content of the rows.
    ///
    /// Specific errors: status 400 if the service does not accept the query, 404 if there is no such client.
    ///
    /// Needs the permission `oauth:client:view` or `usage:client:view`.
    ///
    /// Vendor's page: `OAuthApi.html#postOauthClientUsageQuery`.
    ///
    /// # Examples
    /// ```no_run
    /// # async fn example(api: purecloud_oauth::OAuthApi) -> Result<(), purecloud_oauth::Error> {
    /// use purecloud_oauth::{ApiUsageClientQuery, GroupBy, Metric};
    ///
    /// let id = "6f1c5a0e-3b1d-4f0e-9a53-0c2f1f6f7f10";
    /// let mut query = ApiUsageClientQuery::new("2026-03-01T00:00:00/2026-03-08T00:00:00");
    /// query.metrics = Some(vec![Metric::Requests, Metric::Status429]);
    /// query.group_by = Some(vec![GroupBy::TemplateUri]);
    /// let execution = api.post_oauth_client_usage_query(id, &query).await?;
    /// println!("the result is that of execution {}", execution.execution_id);
    /// # Ok(())
    /// # }
    /// ```
    pub fn post_oauth_client_usage_query(
        &self,
        client_id: &str,
        body: &ApiUsageClientQuery,
    ) -> Call<UsageExecutionResult> {
        self.call(Operation::POST_OAUTH_CLIENT_USAGE_QUERY).id("client_id", client_id).body(body).build()
    }
}
