//! The API usage of clients: executions of usage queries, and rows that depend on the seed alone.

use std::collections::BTreeMap;

use hyper::StatusCode;
use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};

use crate::call::Call;
use crate::clients::{instant, not_found};
use crate::errors::ServiceError;
use crate::fields::{Fields, parse_one_of};
use crate::organization::Organization;
use crate::response::ServiceResponse;

/// The operations that clients call, with their share in relation to the others.
const CALLS: &[(&str, &str, u64)] = &[
    ("api/v2/users", "GET", 120),
    ("api/v2/users/{userId}", "GET", 340),
    ("api/v2/users/{userId}", "PATCH", 18),
    ("api/v2/routing/queues", "GET", 90),
    ("api/v2/routing/queues/{queueId}/members", "GET", 60),
    ("api/v2/routing/queues/{queueId}/members", "POST", 12),
    ("api/v2/analytics/conversations/details/query", "POST", 220),
    ("api/v2/conversations/{conversationId}", "GET", 410),
    ("api/v2/notifications/channels", "POST", 24),
    ("api/v2/oauth/clients", "GET", 6),
];

#[derive(Clone, Copy, Debug)]
enum Granularity {
    Day,
    Week,
    Month,
}

const GRANULARITIES: &[(&str, Granularity)] =
    &[("Day", Granularity::Day), ("Week", Granularity::Week), ("Month", Granularity::Month)];

impl Granularity {
    /// Returns the first day of the bucket that contains a day; weeks start on Monday.
    fn bucket(self, day: Date) -> Date {
        match self {
            Self::Day => day,
            Self::Week => {
                let since_monday = i64::from(day.weekday().to_monday_zero_offset());
                day.saturating_sub(since_monday.days())
            }
            Self::Month => day.first_of_month(),
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Dimension {
    Client,
    Organization,
    TemplateUri,
    HttpMethod,
}

const DIMENSIONS: &[(&str, Dimension)] = &[
    ("OAuthClientId", Dimension::Client),
    ("OrganizationId", Dimension::Organization),
    ("TemplateUri", Dimension::TemplateUri),
    ("HttpMethod", Dimension::HttpMethod),
];

/// The metrics, with the field of a row that each of them fills.
const METRICS: &[(&str, &str)] = &[
    ("Status200", "status200"),
    ("Status300", "status300"),
    ("Status400", "status400"),
    ("Status500", "status500"),
    ("Status429", "status429"),
    ("Requests", "requests"),
];

/// A usage query.
#[derive(Clone, Debug)]
struct Query {
    /// The first day, and the day after the last.
    days: (Date, Date),
    granularity: Granularity,
    dimensions: Vec<Dimension>,
    columns: Vec<&'static str>,
}

/// A usage query that is being executed.
#[derive(Clone, Debug)]
pub(crate) struct Execution {
    pub(crate) client_id: String,
    query: Query,
    started: Timestamp,
    polls: u32,
    fails: bool,
}

/// The number of calls by status, from which a row is computed.
#[derive(Clone, Copy, Debug, Default)]
struct Calls {
    status200: u64,
    status300: u64,
    status400: u64,
    status500: u64,
    /// Included in `status400`.
    status429: u64,
}

impl Calls {
    fn add(&mut self, other: Self) {
        self.status200 += other.status200;
        self.status300 += other.status300;
        self.status400 += other.status400;
        self.status500 += other.status500;
        self.status429 += other.status429;
    }

    fn column(&self, name: &str) -> u64 {
        match name {
            "status200" => self.status200,
            "status300" => self.status300,
            "status400" => self.status400,
            "status500" => self.status500,
            "status429" => self.status429,
            _ => self.status200 + self.status300 + self.status400 + self.status500,
        }
    }

    /// Generates the calls of a client on one day to one operation; the same seed always gives the same calls.
    fn generate(seed: u64, client_id: &str, day: Date, (template, method, share): (&str, &str, u64)) -> Self {
        let digest = Sha256::digest(format!("{seed} {client_id} {day} {method} {template}"));
        let draw = |position: usize, below: u64| {
            u64::from(u16::from_be_bytes([digest[position], digest[position + 1]])) % below
        };
        let weekend = day.weekday().to_monday_zero_offset() >= 5;
        let busy = if weekend { share / 5 } else { share };
        let status429 = if draw(2, 10) == 0 { draw(4, 9) } else { 0 };
        Self {
            status200: busy + draw(0, busy + 1),
            status300: draw(6, 3),
            status400: status429 + draw(8, busy / 20 + 2),
            status500: if draw(10, 6) == 0 { draw(12, 4) } else { 0 },
            status429,
        }
    }
}

/// Handles `POST …/usage/query`.
pub(crate) fn query(call: &mut Call<'_>) -> Result<ServiceResponse, ServiceError> {
    let client_id = known_client(call)?;
    let fields = Fields::new(call.json_object()?);
    let query = Query {
        days: interval(fields.required_string("interval")?)?,
        granularity: fields
            .string("granularity")?
            .map_or(Ok(Granularity::Day), |name| parse_one_of("granularity", name, GRANULARITIES))?,
        dimensions: fields
            .strings("groupBy")?
            .iter()
            .map(|name| parse_one_of("groupBy", name, DIMENSIONS))
            .collect::<Result<_, _>>()?,
        columns: columns(&fields.strings("metrics")?)?,
    };
    start(call, client_id, query, call.rules.accepted_status)
}

/// Handles `GET …/usage/summary`.
pub(crate) fn summary(call: &mut Call<'_>) -> Result<ServiceResponse, ServiceError> {
    let client_id = known_client(call)?;
    let query = call.query();
    let value = query.get_even_empty("days").unwrap_or("7");
    let days = value
        .parse::<i64>()
        .ok()
        .filter(|days| (1..=365).contains(days))
        .ok_or_else(|| ServiceError::invalid_value("days", value, &["1 to 365"]))?;
    let today = utc_day(call.now);
    let query = Query {
        days: (today.saturating_sub(days.days()), today),
        granularity: Granularity::Day,
        dimensions: vec![Dimension::Client, Dimension::TemplateUri, Dimension::HttpMethod],
        columns: columns(&[])?,
    };
    start(call, client_id, query, StatusCode::OK)
}

/// Handles `GET …/usage/query/results/{executionId}`.
pub(crate) fn result(call: &mut Call<'_>) -> Result<ServiceResponse, ServiceError> {
    let client_id = known_client(call)?;
    let id = call.parameter(1).to_owned();
    let (now, rules) = (call.now, call.rules);
    let execution = call
        .organization
        .executions
        .get_mut(&id)
        .filter(|execution| execution.client_id == client_id)
        .ok_or_else(|| ServiceError::not_found("UsageExecution", &id))?;
    execution.polls = execution.polls.saturating_add(1);
    let done_at = execution.started.checked_add(rules.usage_duration).unwrap_or(Timestamp::MAX);
    if execution.polls < rules.usage_polls && now < done_at {
        return Call::ok(&json!({"queryStatus": "Running"}));
    }
    if execution.fails {
        return Call::ok(&json!({"queryStatus": "Failed"}));
    }
    let execution = execution.clone();
    Call::ok(&json!({
        "results": rows(call.organization, &execution),
        "queryStatus": "Complete",
    }))
}

fn known_client(call: &Call<'_>) -> Result<String, ServiceError> {
    let id = call.parameter(0);
    call.organization.client(id).map(|client| client.id.clone()).ok_or_else(|| not_found(id))
}

fn start(
    call: &mut Call<'_>,
    client_id: String,
    query: Query,
    status: StatusCode,
) -> Result<ServiceResponse, ServiceError> {
    let organization = &mut *call.organization;
    let id = organization.generator.uuid();
    let fails = organization.failing_usage_queries > 0;
    organization.failing_usage_queries = organization.failing_usage_queries.saturating_sub(1);
    let started = json!({
        "executionId": id,
        "resultsUri": format!("/api/v2/oauth/clients/{client_id}/usage/query/results/{id}"),
    });
    organization.executions.insert(id, Execution { client_id, query, started: call.now, polls: 0, fails });
    Ok(ServiceResponse::json(status, &started))
}

fn columns(metrics: &[String]) -> Result<Vec<&'static str>, ServiceError> {
    if metrics.is_empty() {
        return Ok(METRICS.iter().map(|(_, column)| *column).collect());
    }
    metrics.iter().map(|name| parse_one_of("metrics", name, METRICS)).collect()
}

fn utc_day(timestamp: Timestamp) -> Date {
    timestamp.to_zoned(TimeZone::UTC).date()
}

/// Returns the days that an ISO-8601 interval overlaps: the first, and the one after the last.
fn interval(value: &str) -> Result<(Date, Date), ServiceError> {
    let refused = |reason: &str| {
        ServiceError::bad_field(
            "interval",
            "The field {fieldName} must be two ISO-8601 instants joined by a slash, at most a year apart: {reason}",
        )
        .param("reason", reason)
    };
    let (start, end) = value
        .split_once('/')
        .and_then(|(start, end)| Some((utc_datetime(start)?, utc_datetime(end)?)))
        .ok_or_else(|| refused("it is malformed"))?;
    if end <= start {
        return Err(refused("its end is not after its start"));
    }
    if start.checked_add(1.year()).is_ok_and(|latest| end > latest) {
        return Err(refused("it is longer than a year"));
    }
    let overlaps_last_day = end.time() != jiff::civil::Time::midnight();
    let after_last = if overlaps_last_day { end.date().tomorrow().unwrap_or(Date::MAX) } else { end.date() };
    Ok((start.date(), after_last))
}

/// Parses an instant, in UTC if it has no offset.
fn utc_datetime(value: &str) -> Option<DateTime> {
    match value.parse::<Timestamp>() {
        Ok(timestamp) => Some(timestamp.to_zoned(TimeZone::UTC).datetime()),
        Err(_) => value.parse().ok(),
    }
}

/// Returns the rows of a query, starting at the client's creation; the day of the query is not included.
fn rows(organization: &Organization, execution: &Execution) -> Vec<Value> {
    let query = &execution.query;
    let (first, after_last) = query.days;
    let after_last = after_last.min(utc_day(execution.started));
    let client = organization.client(&execution.client_id);
    // A client has no calls from before its creation.
    let first = client.map_or(first, |client| first.max(utc_day(client.date_created)));
    let mut sums: BTreeMap<(Date, Option<&str>, Option<&str>), Calls> = BTreeMap::new();
    for day in first.series(1.day()).take_while(|day| *day < after_last) {
        for called in CALLS {
            let (template, method, _) = *called;
            let key = (
                query.granularity.bucket(day),
                query.dimensions.contains(&Dimension::TemplateUri).then_some(template),
                query.dimensions.contains(&Dimension::HttpMethod).then_some(method),
            );
            let calls = Calls::generate(organization.seed, &execution.client_id, day, *called);
            sums.entry(key).or_default().add(calls);
        }
    }
    sums.into_iter()
        .map(|((bucket, template, method), calls)| {
            let mut row = Map::new();
            if query.dimensions.contains(&Dimension::Client) {
                row.insert("clientId".into(), execution.client_id.as_str().into());
                if let Some(client) = client {
                    row.insert("clientName".into(), client.name.as_str().into());
                }
            }
            if query.dimensions.contains(&Dimension::Organization) {
                row.insert("organizationId".into(), organization.id.as_str().into());
            }
            if let Some(template) = template {
                row.insert("templateUri".into(), template.into());
            }
            if let Some(method) = method {
                row.insert("httpMethod".into(), method.into());
            }
            for column in &query.columns {
                row.insert((*column).into(), calls.column(column).into());
            }
            if let Ok(start) = bucket.to_zoned(TimeZone::UTC) {
                row.insert("date".into(), instant(start.timestamp()).into());
            }
            Value::Object(row)
        })
        .collect()
}
