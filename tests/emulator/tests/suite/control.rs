use purecloud_oauth_emulator::{ClientCredentials, Endpoint, Fault};
use serde_json::{Value, json};

use crate::session::{CLIENTS, Session};

#[tokio::test]
async fn faults_and_counts_are_available_over_http() {
    let session = Session::start().await;
    let fault = json!({
        "endpoint": "post_oauth_client_secret",
        "times": 1,
        "after_execution": true,
        "kind": {"reset": {}},
    });
    assert_eq!(session.post("/emulator/faults", &fault).await.status, 204);
    let path = format!("{CLIENTS}/{}/secret", session.emulator.administrator().client_id);
    assert!(session.request(reqwest::Method::POST, &path).send().await.is_err());
    let counts = session.get("/emulator/counts").await.json();
    assert_eq!(counts["post_oauth_client_secret"], json!({"requests": 1, "executions": 1}));
    assert_eq!(counts["put_oauth_client"], json!({"requests": 0, "executions": 0}));
    assert_eq!(counts.as_object().unwrap().len(), Endpoint::ALL.len());
    let requests = session.get("/emulator/requests").await.json();
    assert_eq!(requests.as_array().unwrap().len(), 1, "control requests are not recorded");
    assert_eq!(requests[0]["endpoint"], "post_oauth_client_secret");
    assert_eq!(requests[0]["target"], path);
    assert_eq!(session.delete("/emulator/counts").await.status, 204);
    assert_eq!(session.emulator.requests(Endpoint::PostOauthClientSecret), 0);

    let down = json!({
        "endpoint": "get_oauth_clients",
        "times": null,
        "kind": {"answer": {"status": 503, "headers": {"Retry-After": "1"}, "content_type": "text/html", "body": "down"}},
    });
    session.post("/emulator/faults", &down).await;
    let reply = session.get(CLIENTS).await;
    assert_eq!((reply.status, reply.body.as_str(), reply.header("retry-after")), (503, "down", "1"));
    assert_eq!(session.delete("/emulator/faults").await.status, 204);
    assert_eq!(session.get(CLIENTS).await.status, 200);

    for wrong in
        [json!({}), json!({"endpoint": "nothing"}), json!({"endpoint": "token", "kind": {"explode": {}}})]
    {
        assert_eq!(session.post("/emulator/faults", &wrong).await.status, 400);
    }
    assert_eq!(session.get("/emulator/nothing").await.status, 404);
}

#[test]
fn every_fault_survives_a_round_trip_through_json() {
    let on = || Fault::on(Endpoint::Token);
    let second = std::time::Duration::from_secs(1);
    for fault in [
        on().status(503).header("Retry-After", "1").body("text/html", "<p>").times(3),
        on().error(409, "conflict").header("X", "y").always(),
        on().delay(second),
        on().hang(),
        on().reset().after_execution(),
        on().cut_body(3),
        on().drip_body(2, second),
        on().wrong_length(-4),
        on().broken_gzip(),
        on().truncated_gzip(),
        on().replace_body("application/json", "[]").status(201),
        on().close_after_response(),
    ] {
        let json = serde_json::to_string(&fault).unwrap();
        assert_eq!(serde_json::from_str::<Fault>(&json).unwrap(), fault, "{json}");
    }
}

#[tokio::test]
async fn clock_clients_tokens_and_consents_are_controlled_over_http() {
    let mut session = Session::start().await;
    let created =
        session.post("/emulator/clients", &json!({"permissions": ["oauth:client:view"]})).await.json();
    let string = |value: &Value, name: &str| value[name].as_str().unwrap().to_owned();
    let viewer = ClientCredentials {
        client_id: string(&created, "client_id"),
        client_secret: string(&created, "client_secret"),
    };
    let granted = session.token_for(Some(&viewer), &[("grant_type", "client_credentials")]).await;
    session.token = string(&granted.json(), "access_token");
    assert_eq!(session.get(CLIENTS).await.status, 200);
    assert_eq!(session.get("/api/v2/oauth/authorizations").await.status, 403);

    let short =
        session.post("/emulator/clients", &json!({"access_token_validity_seconds": 300})).await.json();
    let issued = session.post("/emulator/tokens", &json!({"client_id": short["client_id"]})).await.json();
    session.token = string(&issued, "access_token");
    assert_eq!(session.get("/api/v2/oauth/authorizations").await.status, 200);
    assert_eq!(session.post("/emulator/clock", &json!({"advance_seconds": 300})).await.status, 200);
    assert_eq!(session.get(CLIENTS).await.status, 401);
    assert_eq!(session.post("/emulator/clock", &json!({"advance_seconds": -1})).await.status, 400);

    session.acting_as(&viewer);
    assert_eq!(session.post("/emulator/tokens/revoke", &json!({})).await.status, 204);
    assert_eq!(session.get(CLIENTS).await.status, 401);
    for path in ["/emulator/consent/deny", "/emulator/usage/fail"] {
        assert_eq!(session.post(path, &json!({"times": 1})).await.status, 204);
    }
    let organization = session.get("/emulator/organization").await.json();
    assert_eq!(organization["name"], session.emulator.organization_name());
}

#[tokio::test]
async fn control_requests_are_not_counted() {
    let session = Session::start().await;
    assert_eq!(session.get("/emulator/open").await.json(), json!({"requests": 0, "connections": 0}));
    assert!(session.emulator.received().is_empty());
    assert_eq!(session.post("/emulator/connections/close", &json!({})).await.status, 204);
}

#[tokio::test]
async fn an_impossible_control_request_is_refused_with_its_reason() {
    let session = Session::start().await;
    let on = |kind: Value| json!({"endpoint": "get_oauth_clients", "kind": kind});
    let refused = [
        ("faults", on(json!({"answer": {"status": 9999}})), "its status is not between"),
        ("faults", on(json!({"error": {"status": 0, "code": "x"}})), "its status is not between"),
        ("faults", json!({"endpoint": "get_oauth_clients"}), "neither a kind nor a delay"),
        (
            "faults",
            json!({"endpoint": "get_oauth_clients", "after_execution": false, "kind": {"cut_body": {"bytes": 1}}}),
            "has to be executed",
        ),
        ("faults", on(json!({"explode": {}})), "explode"),
        ("clients", json!({"permissions": ["oauth:client:veiw"]}), "oauth:client:veiw"),
        ("clients", json!({"access_token_validity_seconds": 0}), "must be at least 1"),
        ("clock", json!({"advance_seconds": -1}), "must not be negative"),
    ];
    for (path, body, reason) in refused {
        let reply = session.post(&format!("/emulator/{path}"), &body).await;
        assert_eq!(reply.status, 400, "{body}");
        assert!(reply.json()["error"].as_str().unwrap().contains(reason), "{}", reply.body);
    }
    assert_eq!(session.post("/emulator/nowhere", &json!({})).await.status, 404);
    assert_eq!(session.post("/emulator/tokens", &json!({"client_id": "nobody"})).await.status, 404);
}

#[test]
fn the_readme_names_every_endpoint() {
    let readme = include_str!("../../README.md");
    for endpoint in Endpoint::ALL {
        assert!(readme.contains(&format!("`{endpoint}`")), "{endpoint}");
    }
}
