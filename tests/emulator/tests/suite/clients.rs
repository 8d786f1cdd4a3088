use std::time::Duration;

use purecloud_oauth_emulator::{ClientCredentials, Emulator};
use serde_json::{Value, json};

use crate::session::{CLIENTS, Session};

fn path(client: &Value) -> String {
    format!("{CLIENTS}/{}", client["id"].as_str().unwrap())
}

#[tokio::test]
async fn the_same_seed_gives_the_same_organization_and_another_seed_another_one() {
    let same = [Emulator::builder().seed(5), Emulator::builder().seed(5)];
    let [first, second] = same.map(|builder| async { builder.start().await.unwrap() });
    let (first, second) = (first.await, second.await);
    let other = Emulator::builder().seed(6).start().await.unwrap();
    assert_eq!(first.seeded_clients(), second.seeded_clients());
    assert_eq!(first.administrator(), second.administrator());
    assert_eq!(first.organization_id(), second.organization_id());
    assert_ne!(first.administrator(), other.administrator());
    assert_ne!(first.seeded_clients(), other.seeded_clients());
}

#[tokio::test]
async fn the_listing_has_every_grant_type_and_state_and_no_secret() {
    let session = Session::start().await;
    let listing = session.get(CLIENTS).await.json();
    let entities = listing["entities"].as_array().unwrap();
    assert_eq!(*entities, session.emulator.seeded_clients());
    assert_eq!(listing["total"], entities.len());
    assert_eq!((&listing["pageNumber"], &listing["pageCount"]), (&json!(1), &json!(1)));
    for uri in ["firstUri", "lastUri", "selfUri"] {
        assert!(listing[uri].as_str().unwrap().starts_with(CLIENTS), "{uri}");
    }
    for (field, values) in [
        (
            "authorizedGrantType",
            ["CODE", "TOKEN", "SAML2-BEARER", "PASSWORD", "CLIENT-CREDENTIALS"].as_slice(),
        ),
        ("state", ["active", "disabled", "inactive"].as_slice()),
    ] {
        for value in values {
            assert!(entities.iter().any(|client| client[field] == *value), "{value}");
        }
    }
    assert!(entities.iter().all(|client| client.get("secret").is_none()));
    assert!(entities.iter().all(|client| client["selfUri"] == path(client)));
}

#[tokio::test]
async fn a_secret_is_shown_when_it_is_new_and_never_again() {
    let session = Session::start().await;
    let created =
        session.post(CLIENTS, &json!({"name": "Neu", "authorizedGrantType": "CLIENT-CREDENTIALS"})).await;
    assert_eq!(created.status, 200);
    let client = created.json();
    let first = client["secret"].as_str().unwrap().to_owned();
    assert_eq!(first.len(), 43);
    assert!(session.get(&path(&client)).await.json().get("secret").is_none());

    let rotated = session.post(&format!("{}/secret", path(&client)), &Value::Null).await;
    assert_eq!(rotated.status, 200);
    let second = rotated.json()["secret"].as_str().unwrap().to_owned();
    assert_ne!(first, second);

    let client_id = client["id"].as_str().unwrap().to_owned();
    let credentials =
        |client_secret: String| ClientCredentials { client_id: client_id.clone(), client_secret };
    let grant = [("grant_type", "client_credentials")];
    assert_eq!(session.token_for(Some(&credentials(first)), &grant).await.status, 401);
    assert_eq!(session.token_for(Some(&credentials(second)), &grant).await.status, 200);
}

#[tokio::test]
async fn a_put_replaces_everything() {
    let session = Session::start().await;
    let client = session
        .post(
            CLIENTS,
            &json!({
                "name": "Volltext",
                "authorizedGrantType": "CODE",
                "description": "wird entfernt",
                "accessTokenValiditySeconds": 600,
                "registeredRedirectUri": ["https://app.example.com/callback"],
                "scope": ["users:readonly"],
                "state": "disabled",
                "someday": {"unknown": true},
            }),
        )
        .await
        .json();
    session.emulator.clock().advance(Duration::from_secs(60));
    let replaced = session.put(&path(&client), &json!({"name": "Kahl", "authorizedGrantType": "CODE"})).await;
    assert_eq!(replaced.status, 200);
    let now = replaced.json();
    assert_eq!(now["name"], "Kahl");
    assert_eq!(now["accessTokenValiditySeconds"], 86_400);
    assert_eq!(now["state"], "active");
    assert_eq!((&now["scope"], &now["registeredRedirectUri"]), (&json!([]), &json!([])));
    assert!(now.get("description").is_none() && now.get("secret").is_none());
    assert_eq!(now["dateCreated"], client["dateCreated"]);
    assert_ne!(now["dateModified"], client["dateModified"]);
    assert_eq!(session.get(&path(&client)).await.json(), now);
}

#[tokio::test]
async fn only_an_inactive_client_can_be_deleted() {
    let session = Session::start().await;
    let body = json!({"name": "Kurzlebig", "authorizedGrantType": "CODE"});
    let client = session.post(CLIENTS, &body).await.json();
    session.delete(&path(&client)).await.assert_error(400, "cannot.delete.client");

    let inactive = json!({"name": "Kurzlebig", "authorizedGrantType": "CODE", "state": "inactive"});
    let put = session.put(&path(&client), &inactive).await.json();
    assert_eq!(put["dateToDelete"], put["dateModified"], "a new client is deleted immediately");
    let deleted = session.delete(&path(&client)).await;
    assert_eq!((deleted.status, deleted.body.as_str()), (204, ""));
    session.get(&path(&client)).await.assert_error(404, "not.found");
    session.delete(&path(&client)).await.assert_error(404, "not.found");
}

#[tokio::test]
async fn an_old_client_can_be_restored_for_seven_days() {
    let session = Session::start().await;
    let client = session.post(CLIENTS, &json!({"name": "Alt", "authorizedGrantType": "CODE"})).await.json();
    session.emulator.clock().advance(Duration::from_secs(31 * 86_400));
    let administrator = session.emulator.administrator();
    let mut session = session;
    session.acting_as(&administrator);
    let inactive = json!({"name": "Alt", "authorizedGrantType": "CODE", "state": "inactive"});
    let put = session.put(&path(&client), &inactive).await.json();
    let date = |name: &str| put[name].as_str().unwrap().parse::<jiff::Timestamp>().unwrap();
    assert_eq!(date("dateToDelete").duration_since(date("dateModified")).as_secs(), 7 * 86_400);
    let restored =
        session.put(&path(&client), &json!({"name": "Alt", "authorizedGrantType": "CODE"})).await.json();
    assert!(restored.get("dateToDelete").is_none(), "{restored}");
}

#[tokio::test]
async fn an_invalid_client_is_rejected_with_the_field_and_the_reason() {
    let session = Session::start().await;
    let role = json!({"roleId": "no-such-role", "divisionId": "*"});
    for (change, code, field) in [
        (json!({"name": null}), "bad.request", "name"),
        (json!({"name": " "}), "bad.request", "name"),
        (json!({"name": 7}), "bad.request", "name"),
        (json!({"authorizedGrantType": null}), "bad.request", "authorizedGrantType"),
        (json!({"authorizedGrantType": "CLIENT_CREDENTIALS"}), "invalid.value", "authorizedGrantType"),
        (json!({"state": "deleted"}), "invalid.value", "state"),
        (json!({"dateToDelete": "tomorrow"}), "invalid.date", "dateToDelete"),
        (json!({"accessTokenValiditySeconds": 299}), "bad.request", "accessTokenValiditySeconds"),
        (json!({"accessTokenValiditySeconds": 172_801}), "bad.request", "accessTokenValiditySeconds"),
        (json!({"registeredRedirectUri": ["callback"]}), "bad.request", "registeredRedirectUri"),
        (json!({"registeredRedirectUri": "https://a.example"}), "bad.request", "registeredRedirectUri"),
        (json!({"roleDivisions": [role]}), "bad.request", "roleDivisions"),
        (json!({"roleDivisions": [{"roleId": "x"}]}), "bad.request", "divisionId"),
    ] {
        let mut body = json!({"name": "Fehler", "authorizedGrantType": "CLIENT-CREDENTIALS"});
        for (name, value) in change.as_object().unwrap() {
            body[name] = value.clone();
        }
        let reply = session.post(CLIENTS, &body).await;
        reply.assert_error(400, code);
        assert_eq!(reply.json()["details"][0]["fieldName"], field, "{change}");
    }
    let on_code = json!({"name": "Rolle", "authorizedGrantType": "CODE", "roleDivisions": [role]});
    session.post(CLIENTS, &on_code).await.assert_error(400, "bad.request");
    assert_eq!(session.get(CLIENTS).await.json()["total"], session.emulator.seeded_clients().len());
}

#[tokio::test]
async fn a_client_with_the_scim_role_may_have_long_lived_tokens() {
    let session = Session::start().await;
    let clients = session.emulator.seeded_clients();
    let scim = clients.iter().find(|client| client["accessTokenValiditySeconds"] == 38_880_000).unwrap();
    let mut body = json!({
        "name": "SCIM zwei",
        "authorizedGrantType": "CLIENT-CREDENTIALS",
        "accessTokenValiditySeconds": 38_880_000,
        "roleDivisions": scim["roleDivisions"],
    });
    assert_eq!(session.post(CLIENTS, &body).await.status, 200);
    body["accessTokenValiditySeconds"] = json!(38_880_001);
    session.post(CLIENTS, &body).await.assert_error(400, "bad.request");
}

#[tokio::test]
async fn permissions_come_from_the_roles_of_the_client() {
    let mut session = Session::start().await;
    let auditor = session.emulator.client_with_permissions(&["oauth:client:view"]);
    session.acting_as(&auditor);
    assert_eq!(session.get(CLIENTS).await.status, 200);
    assert_eq!(session.get("/api/v2/oauth/scopes").await.status, 200);
    let body = json!({"name": "Verboten", "authorizedGrantType": "CODE"});
    let refused = session.post(CLIENTS, &body).await;
    refused.assert_error(403, "missing.any.permissions");
    assert_eq!(refused.json()["messageParams"]["permissions"], "oauth:client:add");

    let powerless = session.emulator.client_with_permissions(&[]);
    let id = session.emulator.administrator().client_id;
    session.acting_as(&powerless);
    assert_eq!(session.get("/api/v2/oauth/scopes/users").await.status, 200);
    for path in [
        CLIENTS.to_owned(),
        format!("{CLIENTS}/{id}"),
        format!("{CLIENTS}/{id}/usage/summary"),
        format!("{CLIENTS}/{id}/usage/query/results/x"),
        "/api/v2/oauth/authorizations".to_owned(),
        format!("/api/v2/oauth/authorizations/{id}"),
    ] {
        session.get(&path).await.assert_error(403, "missing.any.permissions");
    }
    session.delete(&format!("{CLIENTS}/{id}")).await.assert_error(403, "missing.any.permissions");
    session
        .post(&format!("{CLIENTS}/{id}/secret"), &Value::Null)
        .await
        .assert_error(403, "missing.any.permissions");

    let usage = session.emulator.client_with_permissions(&["usage:client:view"]);
    session.acting_as(&usage);
    assert_eq!(session.get(&format!("{CLIENTS}/{id}/usage/summary")).await.status, 200);
}

#[tokio::test]
async fn only_a_client_that_holds_a_role_can_grant_it() {
    let mut session = Session::start().await;
    let clients = session.emulator.seeded_clients();
    let admin_role = clients[0]["roleDivisions"].clone();
    let limited = session.emulator.client_with_permissions(&["oauth:client:add", "oauth:client:view"]);
    let own_role = session.emulator.client(&limited.client_id).unwrap()["roleDivisions"].clone();
    session.acting_as(&limited);
    let mut body =
        json!({"name": "Aufstieg", "authorizedGrantType": "CLIENT-CREDENTIALS", "roleDivisions": admin_role});
    session.post(CLIENTS, &body).await.assert_error(403, "not.authorized");
    body["roleDivisions"] = own_role;
    assert_eq!(session.post(CLIENTS, &body).await.status, 200);
}

#[tokio::test]
async fn authorizations_show_their_client_and_have_all_states() {
    let session = Session::start().await;
    let listing = session.get("/api/v2/oauth/authorizations").await.json();
    let entities = listing["entities"].as_array().unwrap();
    assert_eq!(listing["total"], entities.len());
    for state in ["Unauthorized", "Requested", "Authorized", "Revoked"] {
        assert!(entities.iter().any(|one| one["state"] == state), "{state}");
    }
    for one in entities {
        assert_eq!(one["pending"], one["state"] == "Requested");
        assert!(one["client"].get("secret").is_none());
        let path = one["selfUri"].as_str().unwrap();
        assert_eq!(session.get(path).await.json(), *one);
    }
    session.get("/api/v2/oauth/authorizations/nobody").await.assert_error(404, "not.found");
}
