//! Usage: the number of API requests of a client, by status.

use serde::Serialize;

use crate::error::Error;
use crate::models::{RequestBody, Timestamp};
use crate::printable::quoted_time;

open_enum! {
    /// The length of the time interval that one row of a usage result covers.
    pub enum Granularity {
        /// A day, in UTC.
        Day = "Day",
        /// A week.
        Week = "Week",
        /// A month.
        Month = "Month",
    }
}

open_enum! {
    /// A count of a usage result.
    pub enum Metric {
        /// Requests with a response status of 200 to 299.
        Status200 = "Status200",
        /// Requests with a response status of 300 to 399.
        Status300 = "Status300",
        /// Requests with a response status of 400 to 499.
        Status400 = "Status400",
        /// Requests with a response status of 500 to 599.
        Status500 = "Status500",
        /// Requests rejected with 429, too many requests; included in the count of 400 to 499.
        Status429 = "Status429",
        /// All requests.
        Requests = "Requests",
    }
}

open_enum! {
    /// A dimension by which the rows of a usage result are split.
    pub enum GroupBy {
        /// The client.
        OAuthClientId = "OAuthClientId",
        /// The organization.
        OrganizationId = "OrganizationId",
        /// The path template that was called.
        TemplateUri = "TemplateUri",
        /// The HTTP verb.
        HttpMethod = "HttpMethod",
    }
}

open_enum! {
    /// The status of a usage query.
    pub enum QueryStatus {
        /// The rows are available.
        Complete = "Complete",
        /// The query failed; there are no rows.
        Failed = "Failed",
        /// The query is still running; request the result again later.
        Running = "Running",
    }
}

/// A query for the usage of a client.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "uniffi", derive(uniffi::Record))]
#[serde(rename_all = "camelCase")]
pub struct ApiUsageClientQuery {
    /// The interval: two ISO 8601 timestamps, start and end, joined by a slash, such as
    /// `2026-03-01T00:00:00/2026-03-08T00:00:00`; without an offset they are in UTC.
    pub interval: String,
    /// The length of the time interval that one row covers; if absent, the service chooses it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "uniffi", uniffi(default))]
    pub granularity: Option<Granularity>,
    /// The counts to return; if absent, all.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "uniffi", uniffi(default))]
    pub metrics: Option<Vec<Metric>>,
    /// The dimensions by which the rows are split; if absent, they are not split.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "uniffi", uniffi(default))]
    pub group_by: Option<Vec<GroupBy>>,
}

impl ApiUsageClientQuery {
    /// Creates a query for an interval, with the service's defaults for everything else.
    #[must_use]
    pub fn new(interval: impl Into<String>) -> Self {
        ApiUsageClientQuery { interval: interval.into(), granularity: None, metrics: None, group_by: None }
    }

    /// Creates a query for the interval from one timestamp to another, in whole seconds.
    ///
    /// # Examples
    /// ```
    /// use purecloud_oauth::{ApiUsageClientQuery, Timestamp};
    ///
    /// let start: Timestamp = "2026-03-01T00:00:00Z".parse()?;
    /// let end: Timestamp = "2026-03-08T00:00:00+01:00".parse()?;
    /// let query = ApiUsageClientQuery::between(start, end);
    /// assert_eq!(query.interval, "2026-03-01T00:00:00/2026-03-07T23:00:00");
    /// # Ok::<(), purecloud_oauth::Error>(())
    /// ```
    #[must_use]
    pub fn between(start: Timestamp, end: Timestamp) -> Self {
        ApiUsageClientQuery::new(format!("{}/{}", start.for_interval(), end.for_interval()))
    }
}

impl RequestBody for ApiUsageClientQuery {
    fn check(&self) -> Result<(), Error> {
        let refuse = |reason: &str| {
            let found = quoted_time(&self.interval);
            Err(Error::invalid_argument("body.interval", format!("{found} {reason}")))
        };
        let Some((start, end)) = self.interval.split_once('/') else {
            return refuse("is not two timestamps joined by a slash");
        };
        match (start.parse::<Timestamp>(), end.parse::<Timestamp>()) {
            (Ok(start), Ok(end)) if start < end => Ok(()),
            (Ok(_), Ok(_)) => refuse("does not end after its start"),
            (Err(_), _) => refuse("does not start with a timestamp like 2026-03-01T00:00:00"),
            (_, Err(_)) => refuse("does not end with a timestamp like 2026-03-08T00:00:00"),
        }
    }
}

model! {
    /// A usage query that the service has started.
    #[derive(Eq)]
    #[non_exhaustive]
    pub struct UsageExecutionResult {
        /// The id by which the result can be requested.
        pub execution_id: String,
        /// The path at which the result can be requested.
        pub results_uri: Option<String>,
    }
    with metadata UsageExecutionResultResponse
    lacks |execution, _| execution.execution_id.is_empty().then_some("execution id")
}

model! {
    /// The result of a usage query, once it is complete.
    #[derive(Eq)]
    #[non_exhaustive]
    pub struct ApiUsageQueryResult {
        /// The rows; empty while the query is running.
        pub results: Vec<ApiUsageRow> => complete,
        /// The status of the query.
        pub query_status: Option<QueryStatus> => required,
        /// The positions of further rows; this operation takes no cursor.
        pub cursors: Option<Cursors>,
    }
    with metadata ApiUsageQueryResultResponse
}

model! {
    /// Positions in a longer result.
    #[derive(Eq)]
    #[non_exhaustive]
    pub struct Cursors {
        /// The position before the first row.
        pub before: Option<String>,
        /// The position after the last row.
        pub after: Option<String>,
    }
}

model! {
    /// One row of a usage result. Counts and dimensions that were not requested are absent.
    #[derive(Eq)]
    #[non_exhaustive]
    pub struct ApiUsageRow {
        /// The client's id.
        pub client_id: Option<String>,
        /// The client's name.
        pub client_name: Option<String>,
        /// The organization's id.
        pub organization_id: Option<String>,
        /// The user's id.
        pub user_id: Option<String>,
        /// The path template that was called.
        pub template_uri: Option<String>,
        /// The HTTP verb.
        pub http_method: Option<String>,
        /// Requests with a response status of 200 to 299.
        pub status200: Option<i64>,
        /// Requests with a response status of 300 to 399.
        pub status300: Option<i64>,
        /// Requests with a response status of 400 to 499.
        pub status400: Option<i64>,
        /// Requests with a response status of 500 to 599.
        pub status500: Option<i64>,
        /// Requests rejected with 429, too many requests; included in the count of 400 to 499.
        pub status429: Option<i64>,
        /// All requests.
        pub requests: Option<i64>,
        /// The start of the time interval that the row covers.
        pub date: Option<Timestamp>,
    }
}
