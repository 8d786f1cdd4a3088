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
    pub fn post_oauth_client_usage_query(
        &self,
        client_id: &str,
        body: &ApiUsageClientQuery,
    ) -> Call<UsageExecutionResult> {
        self.call(Operation::POST_OAUTH_CLIENT_USAGE_QUERY).id("client_id", client_id).body(body).build()
    }
}
