use std::collections::BTreeMap;
use std::time::Duration;

use purecloud_oauth_emulator::Emulator;
use serde_json::{Value, json};

use crate::session::{CLIENTS, Session};

impl Session {
    fn usage(&self) -> String {
        format!("{CLIENTS}/{}/usage", self.emulator.administrator().client_id)
    }

    /// Returns the rows of a query, on an emulator whose queries are complete at the first poll.
    async fn rows(&self, query: &Value) -> Vec<Value> {
        let started = self.post(&format!("{}/query", self.usage()), query).await;
        assert_eq!(started.status, 200, "{}", started.body);
        let result = self.get(started.json()["resultsUri"].as_str().unwrap()).await.json();
        assert_eq!(result["queryStatus"], "Complete");
        result["results"].as_array().unwrap().clone()
    }
}

/// Starts an emulator on 17 June 2026, 10:30 UTC, whose queries are complete at the first poll.
async fn complete_at_first_poll() -> Session {
    let now: jiff::Timestamp = "2026-06-17T10:30:00Z".parse().unwrap();
    Session::start_with(Emulator::builder().usage_polls(1).clock_start(now.into())).await
}

fn sum(rows: &[Value], column: &str) -> u64 {
    rows.iter().map(|row| row[column].as_u64().unwrap()).sum()
}

#[tokio::test]
async fn a_query_runs_until_the_third_poll_or_for_two_seconds() {
    let session = Session::start().await;
    let body = json!({"interval": "2026-01-01T00:00:00/2026-01-08T00:00:00"});
    for moved in [false, true] {
        let started = session.post(&format!("{}/query", session.usage()), &body).await.json();
        let uri = started["resultsUri"].as_str().unwrap().to_owned();
        assert!(uri.ends_with(started["executionId"].as_str().unwrap()));
        assert_eq!(session.get(&uri).await.json(), json!({"queryStatus": "Running"}));
        if moved {
            session.emulator.clock().advance(Duration::from_secs(2));
        } else {
            assert_eq!(session.get(&uri).await.json()["queryStatus"], "Running");
        }
        assert_eq!(session.get(&uri).await.json()["queryStatus"], "Complete");
    }
}

#[tokio::test]
async fn weeks_and_months_are_the_sums_of_their_days() {
    let session = complete_at_first_poll().await;
    // A whole month, which begins and ends in the middle of a week.
    let query = |granularity: &str| {
        json!({
            "interval": "2026-05-01T00:00:00Z/2026-06-01T00:00:00Z",
            "granularity": granularity,
            "groupBy": ["TemplateUri", "HttpMethod"],
        })
    };
    let days = session.rows(&query("Day")).await;
    assert_eq!(days, session.rows(&query("Day")).await, "the same query has the same rows");
    let mut weeks: BTreeMap<(jiff::civil::Date, String, String), u64> = BTreeMap::new();
    for day in &days {
        let date: jiff::Timestamp = day["date"].as_str().unwrap().parse().unwrap();
        let date = date.to_zoned(jiff::tz::TimeZone::UTC).date();
        let monday = date - jiff::Span::new().days(date.weekday().to_monday_zero_offset());
        let string = |name: &str| day[name].as_str().unwrap().to_owned();
        *weeks.entry((monday, string("templateUri"), string("httpMethod"))).or_default() +=
            day["requests"].as_u64().unwrap();
    }
    let rows = session.rows(&query("Week")).await;
    assert_eq!(rows.len(), weeks.len());
    let expected: Vec<u64> = weeks.into_values().collect();
    let actual: Vec<u64> = rows.iter().map(|row| row["requests"].as_u64().unwrap()).collect();
    assert_eq!(actual, expected);
    let month = session.rows(&query("Month")).await;
    assert!(month.iter().all(|row| row["date"] == "2026-05-01T00:00:00.000Z"));
    for column in ["status200", "status300", "status400", "status500", "status429", "requests"] {
        assert_eq!(sum(&month, column), sum(&days, column), "{column}");
    }
    for row in &days {
        let count = |column: &str| row[column].as_u64().unwrap();
        assert_eq!(
            count("requests"),
            count("status200") + count("status300") + count("status400") + count("status500")
        );
        assert!(count("status429") <= count("status400"));
    }
}

#[tokio::test]
async fn rows_have_the_requested_columns_only() {
    let session = complete_at_first_poll().await;
    let interval = "2026-06-10T00:00:00/2026-06-20T00:00:00";
    let plain = session.rows(&json!({"interval": interval, "metrics": ["Requests", "Status429"]})).await;
    assert_eq!(plain.len(), 7, "neither today nor future days");
    let names: Vec<&String> = plain[0].as_object().unwrap().keys().collect();
    assert_eq!(names, ["date", "requests", "status429"]);
    let grouped = session
        .rows(&json!({
            "interval": interval,
            "groupBy": ["OAuthClientId", "OrganizationId", "HttpMethod"],
            "metrics": ["Requests"],
        }))
        .await;
    assert_eq!(grouped[0]["organizationId"], session.emulator.organization_id());
    assert_eq!(grouped[0]["clientId"], session.emulator.administrator().client_id);
    assert_eq!(grouped[0]["clientName"], "Platform administration");
    assert!(grouped[0].get("templateUri").is_none());
    assert_eq!(sum(&grouped, "requests"), sum(&plain, "requests"));
}

#[tokio::test]
async fn a_summary_covers_the_days_before_today() {
    let session = complete_at_first_poll().await;
    for (path, days) in [("summary", 7), ("summary?days=3", 3)] {
        let started = session.get(&format!("{}/{path}", session.usage())).await.json();
        let result = session.get(started["resultsUri"].as_str().unwrap()).await.json();
        let rows = result["results"].as_array().unwrap();
        let dates: std::collections::BTreeSet<&str> =
            rows.iter().map(|row| row["date"].as_str().unwrap()).collect();
        assert_eq!(dates.len(), days);
        assert_eq!(dates.last(), Some(&"2026-06-16T00:00:00.000Z"));
    }
    for days in ["0", "366", "seven", "", "-1"] {
        let reply = session.get(&format!("{}/summary?days={days}", session.usage())).await;
        reply.assert_error(400, "invalid.value");
    }
}

#[tokio::test]
async fn an_invalid_query_is_refused() {
    let session = complete_at_first_poll().await;
    let path = format!("{}/query", session.usage());
    for interval in [
        json!(null),
        json!("2026-01-01T00:00:00"),
        json!("yesterday/today"),
        json!("2026-02-01T00:00:00/2026-01-01T00:00:00"),
        json!("2026-01-01T00:00:00/2026-01-01T00:00:00"),
        json!("2025-01-01T00:00:00/2026-01-01T00:00:01"),
    ] {
        let reply = session.post(&path, &json!({"interval": interval})).await;
        reply.assert_error(400, "bad.request");
        assert_eq!(reply.json()["details"][0]["fieldName"], "interval", "{interval}");
    }
    let interval = "2025-01-01T00:00:00.000-01:00/2026-01-01";
    for wrong in [
        json!({"interval": interval, "granularity": "Hour"}),
        json!({"interval": interval, "metrics": ["Status418"]}),
        json!({"interval": interval, "groupBy": ["UserId"]}),
    ] {
        session.post(&path, &wrong).await.assert_error(400, "invalid.value");
    }
}

#[tokio::test]
async fn an_execution_belongs_to_its_client() {
    let session = complete_at_first_poll().await;
    let body = json!({"interval": "2026-01-01T00:00:00/2026-01-02T00:00:00"});
    let started = session.post(&format!("{}/query", session.usage()), &body).await.json();
    let execution = started["executionId"].as_str().unwrap();
    let other = session.seeded("CODE").client_id;
    for path in [
        format!("{CLIENTS}/{other}/usage/query/results/{execution}"),
        format!("{}/query/results/none", session.usage()),
        format!("{CLIENTS}/nobody/usage/query/results/{execution}"),
        format!("{CLIENTS}/nobody/usage/summary"),
    ] {
        session.get(&path).await.assert_error(404, "not.found");
    }
    session.post(&format!("{CLIENTS}/nobody/usage/query"), &body).await.assert_error(404, "not.found");
}

#[tokio::test]
async fn a_query_can_fail_and_be_accepted_with_another_status() {
    let session = Session::start_with(Emulator::builder().usage_polls(1).accepted_status(202)).await;
    session.emulator.fail_usage_queries(1);
    let body = json!({"interval": "2026-01-01T00:00:00/2026-01-02T00:00:00"});
    for status in ["Failed", "Complete"] {
        let started = session.post(&format!("{}/query", session.usage()), &body).await;
        assert_eq!(started.status, 202);
        let result = session.get(started.json()["resultsUri"].as_str().unwrap()).await.json();
        assert_eq!(result["queryStatus"], status);
    }
}

#[tokio::test]
async fn a_client_has_no_usage_from_before_its_creation() {
    let session = complete_at_first_poll().await;
    let body = json!({"name": "Neuling", "authorizedGrantType": "CODE"});
    let client = session.post(CLIENTS, &body).await.json();
    let usage = format!("{CLIENTS}/{}/usage", client["id"].as_str().unwrap());
    let started = session.get(&format!("{usage}/summary")).await.json();
    let result = session.get(started["resultsUri"].as_str().unwrap()).await.json();
    assert_eq!(result, json!({"queryStatus": "Complete", "results": []}));
}
