//! `/api/v2/oauth/clients/{clientId}/usage`

use crate::call::Call;
use crate::error::Error;
use crate::models::{ApiUsageClientQuery, ApiUsageQueryResult, UsageExecutionResult};
use crate::operation::Operation;

operations! {
    /// Reads the result of a usage query. While the query is running the result has no rows: ask
    /// again a little later, until the status is no longer `Running`.
    ///
    /// Sent again after a failure.
    ///
    /// - `execution_id`: the id that the query returned.
    /// - `client_id`: the id of the client that the query is about.
    ///
    /// Errors of its own: status 404 where there is no such execution, or it is of another client.
    ///
    /// Needs the permission `oauth:client:view` or `usage:client:view`.
    ///
    /// Vendor's page: `OAuthApi.html#getOauthClientUsageQueryResult`.
    pub fn get_oauth_client_usage_query_result(
        &self, execution_id: &str, client_id: &str
    ) -> Call<ApiUsageQueryResult> {
        self.call(Operation::GET_OAUTH_CLIENT_USAGE_QUERY_RESULT, |given| {
            given.id("executionId", "execution_id", execution_id)?.id("clientId", "client_id", client_id)?;
            Ok(())
        })
    }

    /// Starts a query about the latest days of a client's usage. It works for a while: ask for its
    /// result with the execution id that it returns.
    ///
    /// Sent again after a failure.
    ///
    /// - `client_id`: the client's id.
    /// - `days`: how many days before today to look at, from 1 (the documentation names no upper limit);
    ///   the service takes 7 when left out.
    ///
    /// Errors of its own: status 400 where the service does not accept the number of days, 404 where
    /// there is no such client.
    ///
    /// Needs the permission `oauth:client:view` or `usage:client:view`.
    ///
    /// Vendor's page: `OAuthApi.html#getOauthClientUsageSummary`.
    pub fn get_oauth_client_usage_summary(
        &self, client_id: &str;
        days: Option<u32>
    ) -> Call<UsageExecutionResult> {
        self.call(Operation::GET_OAUTH_CLIENT_USAGE_SUMMARY, |given| {
            given.id("clientId", "client_id", client_id)?;
            match days {
                None => {}
                Some(0) => return Err(Error::invalid_argument("days", "is 0; at least 1 day is needed")),
                Some(days) => {
                    given.query("days", days);
                }
            }
            Ok(())
        })
    }

    /// Starts a query about a client's usage. It works for a while: ask for its result with the
    /// execution id that it returns.
    ///
    /// Sent again after a failure: a second execution costs the service some work and nothing else.
    ///
    /// - `client_id`: the client's id.
    /// - `body`: the interval, and what the rows are to hold.
    ///
    /// Errors of its own: status 400 where the service does not accept the query, 404 where there is no
    /// such client.
    ///
    /// Needs the permission `oauth:client:view` or `usage:client:view`.
    ///
    /// Vendor's page: `OAuthApi.html#postOauthClientUsageQuery`.
    pub fn post_oauth_client_usage_query(
        &self, client_id: &str, body: &ApiUsageClientQuery
    ) -> Call<UsageExecutionResult> {
        self.call(Operation::POST_OAUTH_CLIENT_USAGE_QUERY, |given| {
            given.id("clientId", "client_id", client_id)?.body(body)
        })
    }
}
