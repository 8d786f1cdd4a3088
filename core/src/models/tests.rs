//! Tests of reading models from response bodies with any content.

use std::time::{Duration, SystemTime};

use proptest::prelude::*;
use serde_json::{Value, json};

use super::clients::is_read_only;
use super::*;

/// Returns a client as the service writes it, with every field.
fn whole_client() -> Value {
    json!({
        "id": "6f1c8a52-9d3e-4b7a-8c21-5e0f4d9b7a63",
        "name": "Terminübersicht – Wien 🕐",
        "accessTokenValiditySeconds": 86400,
        "description": "Liest die Termine der Filiale",
        "registeredRedirectUri": ["https://termine.example.at/callback"],
        "secret": "hq3KpZ0vX1yT7wB9nR4sL6uD8mF2cJ5gA0eV1iQ",
        "roleIds": ["b3e2c1d0-5a4f-4e3d-9c8b-7a6f5e4d3c2b"],
        "dateCreated": "2026-03-01T08:30:00.000Z",
        "dateModified": "2026-05-02T09:31:01.250Z",
        "createdBy": {"id": "u1", "name": "Eva Huber", "selfUri": "/api/v2/users/u1"},
        "modifiedBy": {"id": "u2", "name": "Jan Nowák", "selfUri": "/api/v2/users/u2"},
        "authorizedGrantType": "CODE",
        "scope": ["users:readonly", "calendars"],
        "roleDivisions": [{"roleId": "r1", "divisionId": "*"}],
        "state": "active",
        "dateToDelete": "2026-12-24T00:00:00.000Z",
        "selfUri": "/api/v2/oauth/clients/6f1c8a52-9d3e-4b7a-8c21-5e0f4d9b7a63"
    })
}

fn authorization() -> Value {
    json!({
        "client": whole_client(), "scope": ["users"], "roles": ["employee"],
        "resourceOwner": {"id": "u1"}, "dateCreated": "2026-03-01T08:30:00Z",
        "dateModified": "2026-03-01T08:30:00Z", "createdBy": {"id": "u1"}, "modifiedBy": {"id": "u1"},
        "pending": false, "state": "Authorized", "selfUri": "/api/v2/oauth/authorizations/c1"
    })
}

fn usage_result() -> Value {
    json!({
        "results": [{
            "clientId": "c1", "clientName": "Reports", "organizationId": "o1", "userId": "u1",
            "templateUri": "/api/v2/users/{userId}", "httpMethod": "GET", "status200": 9007199254740993_i64,
            "status300": 0, "status400": 7, "status500": 1, "status429": 3, "requests": i64::MAX,
            "date": "2026-03-01T00:00:00Z"
        }],
        "queryStatus": "Complete", "cursors": {"before": "b", "after": "a"}
    })
}

fn error_body() -> Value {
    json!({
        "message": "no", "code": "bad.request", "status": 400, "contextId": "x", "entityId": "e", "entityName": "n",
        "messageWithParams": "no {x}", "messageParams": {"x": "y"},
        "details": [{"errorCode": "required", "fieldName": "name", "entityId": "e", "entityName": "n"}],
        "errors": [{"code": "inner"}], "limit": {"key": "k", "namespace": "n", "value": 300}
    })
}

fn read<M: Model>(value: &Value) -> Result<M, Unreadable> {
    decode(value.to_string().as_bytes())
}

fn timestamp(string: &str) -> Option<Timestamp> {
    Some(string.parse().expect("a timestamp"))
}

#[test]
fn every_field_of_a_client_is_read() {
    let client: OAuthClient = read(&whole_client()).expect("a client");
    let user = |id: &str, name: &str| {
        Some(DomainEntityRef {
            id: Some(id.to_owned()),
            name: Some(name.to_owned()),
            self_uri: Some(format!("/api/v2/users/{id}")),
        })
    };
    let expected = OAuthClient {
        id: "6f1c8a52-9d3e-4b7a-8c21-5e0f4d9b7a63".to_owned(),
        name: "Terminübersicht – Wien 🕐".to_owned(),
        access_token_validity_seconds: Some(86_400),
        description: Some("Liest die Termine der Filiale".to_owned()),
        registered_redirect_uri: vec!["https://termine.example.at/callback".to_owned()],
        secret: Some("hq3KpZ0vX1yT7wB9nR4sL6uD8mF2cJ5gA0eV1iQ".into()),
        role_ids: vec!["b3e2c1d0-5a4f-4e3d-9c8b-7a6f5e4d3c2b".to_owned()],
        date_created: timestamp("2026-03-01T08:30:00Z"),
        date_modified: timestamp("2026-05-02T09:31:01.25Z"),
        created_by: user("u1", "Eva Huber"),
        modified_by: user("u2", "Jan Nowák"),
        authorized_grant_type: Some(GrantType::Code),
        scope: vec!["users:readonly".to_owned(), "calendars".to_owned()],
        role_divisions: vec![RoleDivision::new("r1", "*")],
        state: Some(ClientState::Active),
        date_to_delete: timestamp("2026-12-24T00:00:00Z"),
        self_uri: Some("/api/v2/oauth/clients/6f1c8a52-9d3e-4b7a-8c21-5e0f4d9b7a63".to_owned()),
        extra: Extra::new(),
    };
    assert_eq!(client, expected);
}

#[test]
fn counts_are_exact_to_64_bits_and_times_to_the_fraction() {
    let result: ApiUsageQueryResult = read(&usage_result()).expect("a result");
    let row = &result.results[0];
    assert_eq!((row.status200, row.requests), (Some(9_007_199_254_740_993), Some(i64::MAX)));
    assert_eq!(
        row.date.map(SystemTime::from),
        Some(SystemTime::UNIX_EPOCH + Duration::from_secs(1_772_323_200))
    );
    assert_eq!(result.query_status, Some(QueryStatus::Complete));
    assert_eq!(result.cursors.and_then(|cursors| cursors.after).as_deref(), Some("a"));
}

#[test]
fn a_client_is_sent_back_unchanged_except_for_fields_that_only_the_service_sets() {
    let client: OAuthClient = read(&whole_client()).expect("a client");
    let sent = serde_json::to_value(OAuthClientRequest::from(client)).expect("JSON");
    let mut expected = whole_client();
    for own in ["id", "secret", "dateCreated", "dateModified", "createdBy", "modifiedBy", "selfUri"] {
        expected.as_object_mut().expect("an object").remove(own);
    }
    assert_eq!(sent, expected);
}

#[test]
fn unset_fields_of_a_body_are_not_sent() {
    let body = OAuthClientRequest::new("Reports", GrantType::ClientCredentials);
    let sent = serde_json::to_value(body).expect("JSON");
    assert_eq!(sent, json!({"name": "Reports", "authorizedGrantType": "CLIENT-CREDENTIALS"}));
    let query = serde_json::to_value(ApiUsageClientQuery::new("a/b")).expect("JSON");
    assert_eq!(query, json!({"interval": "a/b"}));
}

#[test]
fn an_unknown_enum_value_is_kept_printed_and_sent_back_verbatim() {
    let mut client = whole_client();
    client["authorizedGrantType"] = json!("DEVICE-CODE");
    client["state"] = json!("deleted");
    let client: OAuthClient = read(&client).expect("a client");
    assert_eq!(client.state, Some(ClientState::Unknown { value: "deleted".to_owned() }));
    assert_eq!(client.state.as_ref().map(ToString::to_string).as_deref(), Some("deleted"));
    let sent = serde_json::to_value(OAuthClientRequest::from(client)).expect("JSON");
    assert_eq!((&sent["authorizedGrantType"], &sent["state"]), (&json!("DEVICE-CODE"), &json!("deleted")));
}

#[test]
fn an_unreadable_field_never_affects_the_secret_or_another_field() {
    let whole: OAuthClient = read(&whole_client()).expect("a client");
    let unexpected = [
        json!(null),
        json!(true),
        json!(-1.5),
        json!(""),
        json!("?"),
        json!([]),
        json!([null, [1], {}]),
        json!({"a": [1]}),
    ];
    for field in whole_client().as_object().expect("an object").keys() {
        for value in &unexpected {
            let mut changed = whole_client();
            changed[field] = value.clone();
            let client: OAuthClient =
                read(&changed).unwrap_or_else(|error| panic!("{field}: {value}: {error}"));
            if field != "secret" {
                assert_eq!(client.secret, whole.secret, "{field}: {value}");
            }
            if field != "id" {
                assert_eq!(client.id, whole.id, "{field}: {value}");
            }
        }
    }
}

#[test]
fn the_secret_is_read_from_almost_valid_json() {
    let secret = "\"secret\":\"hq3KpZ0vX1yT7wB9\"";
    let bodies: [(&str, Vec<u8>); 9] = [
        ("Twice", format!("{{\"name\":\"Once\",{secret},\"name\":\"Twice\"}}").into()),
        ("Marked", format!("\u{feff}{{\"name\":\"Marked\",{secret}}}").into()),
        ("Vast", format!("{{\"name\":\"Vast\",\"accessTokenValiditySeconds\":1e999,{secret}}}").into()),
        ("Vast, unknown", format!("{{\"name\":\"Vast, unknown\",\"new\":[-1E+999,{{}}],{secret}}}").into()),
        ("half \u{fffd} pair", format!("{{\"name\":\"half \\ud83d pair\",{secret}}}").into()),
        ("other \u{fffd}\u{fffd}", format!("{{{secret},\"name\":\"other \\udd50\\uD83D\"}}").into()),
        ("line\u{fffd}break", format!("{{\"name\":\"line\nbreak\",{secret}}}").into()),
        ("Z\u{fffd}rich", [b"{\"name\":\"Z\xfcrich\",", secret.as_bytes(), b"}"].concat()),
        (
            "\\\u{1f550}\" \u{fffd}",
            format!("{{\"name\":\"\\\\\\ud83d\\udd50\\\" \\ud83d\",{secret}}}").into(),
        ),
    ];
    for (name, body) in bodies {
        let client: OAuthClient = decode(&body).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_eq!(client.secret, Some("hq3KpZ0vX1yT7wB9".into()), "{name}");
        assert_eq!(client.name, name);
    }
}

/// Returns the JSON of a request that leaves a client unchanged.
fn unchanged_request(client: &[u8]) -> Value {
    let client: OAuthClient = decode(client).unwrap_or_else(|error| panic!("{error}"));
    let sent = serde_json::to_vec(&client.to_request()).expect("JSON");
    serde_json::from_slice(&sent).expect("JSON")
}

/// Returns a client as the service writes it, with another value in one of its fields.
fn client_with(field: &str, value: Value) -> Value {
    let mut client = whole_client();
    client[field] = value;
    client
}

#[test]
fn a_change_keeps_unknown_fields() {
    let restrictions = json!({"mode": "allow", "ranges": ["192.0.2.0/24", null, 1.50]});
    let client = client_with("ipRestrictions", restrictions.clone());
    let read: OAuthClient = read(&client).expect("a client");
    assert_eq!(read.extra.get("ipRestrictions"), Some(restrictions.clone()));
    let mut body = read.to_request();
    body.description = Some("Liest die Termine aller Filialen".to_owned());
    let sent = serde_json::to_value(&body).expect("JSON");
    assert_eq!((&sent["ipRestrictions"], &sent["scope"]), (&restrictions, &client["scope"]));
    assert_eq!(sent["description"], "Liest die Termine aller Filialen");

    assert!(body.extra.remove("ipRestrictions"));
    body.extra.insert("owner", json!({"team": "Wien"}));
    let sent = serde_json::to_value(&body).expect("JSON");
    assert_eq!((sent.get("ipRestrictions"), &sent["owner"]["team"]), (None, &json!("Wien")));
}

#[test]
fn a_change_keeps_an_unreadable_field_until_the_caller_sets_it() {
    for (field, value) in [
        ("dateToDelete", json!("24:00:00")),
        ("dateToDelete", json!("2026-12-24T00:00:00.123456Z")),
        ("dateToDelete", json!("2016-12-31T23:59:60Z")),
        ("scope", json!("users")),
        ("scope", json!(["users", null])),
        ("roleIds", json!(["r1", 7])),
        ("roleDivisions", json!(["x", {"roleId": "r1", "divisionId": "*"}])),
        ("roleDivisions", json!([{"roleId": "r1", "divisionId": 7}])),
        (
            "roleDivisions",
            json!([{"roleId": "r1", "divisionId": "*", "condition": {"ipRange": "192.0.2.0/24"}}]),
        ),
        ("roleDivisions", json!([{"roleId": "r1", "divisionId": {"all": true}}])),
        ("accessTokenValiditySeconds", json!(u64::MAX)),
        ("accessTokenValiditySeconds", json!("86400")),
        ("accessTokenValiditySeconds", json!(86_400.0)),
        ("description", json!({"de": "Wien"})),
        ("name", json!({"de": "Wien"})),
        ("name", json!(7)),
        ("authorizedGrantType", json!(["CODE"])),
        ("state", json!(1)),
    ] {
        let client = client_with(field, value.clone());
        let sent = unchanged_request(client.to_string().as_bytes());
        assert_eq!(sent[field], value, "{field}");
        let read: OAuthClient = read(&client).expect("a client");
        read.to_request().check().unwrap_or_else(|error| panic!("{field}: {error}"));
    }

    let client: OAuthClient = read(&client_with("dateToDelete", json!("24:00:00"))).expect("a client");
    assert_eq!(client.date_to_delete, None);
    let mut body = client.to_request();
    body.date_to_delete = timestamp("2027-01-01T00:00:00Z");
    assert_eq!(serde_json::to_value(&body).expect("JSON")["dateToDelete"], "2027-01-01T00:00:00.000Z");
    body.date_to_delete = None;
    body.extra.remove("dateToDelete");
    assert_eq!(serde_json::to_value(&body).expect("JSON").get("dateToDelete"), None);

    let mut client: OAuthClient = read(&client_with("scope", json!(["users", 7]))).expect("a client");
    assert_eq!((client.scope.len(), client.to_request().scope), (2, None), "two elements could be read");
    client.scope.push("calendars".to_owned());
    assert_eq!(
        client.to_request().scope.map(|scope| scope.len()),
        Some(3),
        "set before the request was made"
    );
}

#[test]
fn a_change_keeps_json_that_no_value_can_hold() {
    let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    for (field, json) in [
        ("weight", "1e999"),
        ("weight", "0.1000000000000000055511151231257827021181583404541015625"),
        ("weight", "123456789012345678901234567890"),
        ("motto", r#""half \ud83d pair""#),
        ("tree", &deep),
        ("accessTokenValiditySeconds", "1e999"),
        ("description", r#""half \ud83d pair""#),
        ("roleDivisions", r#"[{"roleId":"r1","divisionId":"*","weight":-1E+999,"roleId":"r2"}]"#),
    ] {
        let body =
            format!(r#"{{"id": "c1", "name": "Wien", "authorizedGrantType": "CODE", "{field}": {json}}}"#);
        let client: OAuthClient = decode(body.as_bytes()).unwrap_or_else(|error| panic!("{field}: {error}"));
        let request = client.to_request();
        request.check().unwrap_or_else(|error| panic!("{field}: {error}"));
        let sent = String::from_utf8(serde_json::to_vec(&request).expect("JSON")).expect("UTF-8");
        let json = if field == "roleDivisions" {
            assert_eq!(client.role_divisions[0].role_id, "r2", "the last of duplicate fields counts");
            r#"[{"roleId":"r2","divisionId":"*","weight":-1E+999}]"#
        } else {
            json
        };
        assert!(sent.contains(&format!(r#""{field}":{json}"#)), "{field}");
    }
    assert_eq!(
        unchanged_request(
            br#"{"id": "c1", "color": "red", "name": "Wien", "name": "Graz", "color": "blue"}"#
        ),
        json!({"name": "Graz", "authorizedGrantType": "", "color": "blue"})
    );
}

#[test]
fn fields_that_only_the_service_sets_are_never_sent() {
    let mut client = whole_client();
    for field in ["id", "secret", "dateCreated", "dateModified", "createdBy", "modifiedBy", "selfUri"] {
        client[field] = json!(["unreadable"]);
    }
    client["name"] = json!("Wien");
    let read: OAuthClient = read(&client).expect("a client");
    assert!(read.extra.contains("dateCreated"));
    let mut body = read.to_request();
    assert!(body.extra.is_empty());
    body.extra.insert("selfUri", "/api/v2/oauth/clients/c1");
    assert_eq!(serde_json::to_value(&body).expect("JSON").get("selfUri"), None);
}

#[test]
fn null_and_an_empty_list_are_not_sent_for_known_fields_but_null_is_for_unknown_ones() {
    let mut client = whole_client();
    client["scope"] = json!([]);
    client["dateToDelete"] = json!(null);
    client["ipRestrictions"] = json!(null);
    let sent = unchanged_request(client.to_string().as_bytes());
    assert_eq!((sent.get("scope"), sent.get("dateToDelete")), (None, None));
    assert_eq!(sent.get("ipRestrictions"), Some(&json!(null)));
}

#[test]
fn printing_shows_the_names_of_extra_fields_and_no_value() {
    let division = json!({"roleId": "r1", "divisionId": "*", "key": "canary-1"});
    let mut client = client_with("hook", json!({"key": "canary-2"}));
    client["roleDivisions"] = json!([division]);
    let client: OAuthClient = read(&client).expect("a client");
    let printed = format!("{client:?} {:?}", client.to_request());
    assert!(printed.contains(r#"extra: {"hook": ***}"#) && printed.contains(r#"extra: {"key": ***}"#));
    assert!(!printed.contains("canary"), "{printed}");
}

#[test]
fn extra_fields_are_equal_as_json_values_are() {
    let extra_with = |json: &str| {
        let mut extra = Extra::new();
        extra.insert_json("limits", json).expect("JSON");
        extra
    };
    assert_eq!(extra_with(r#"{"a": [1, "é"], "b": 1e3}"#), extra_with(r#"{"b":1000.0,"a":[1,"\u00e9"]}"#));
    assert_eq!(extra_with("1e999"), extra_with(" 1e999 "));
    for other in ["2", "1.0", "\"1\"", "[1]", "null", "1e999"] {
        assert_ne!(extra_with("1"), extra_with(other));
    }
    assert_ne!(extra_with("1"), Extra::new());
    assert_eq!(extra_with("{\"a\" :\t\"b \\\" c\"\n}").get_json("limits"), Some(r#"{"a":"b \" c"}"#));
}

#[test]
fn extra_fields_that_are_not_json_are_refused_by_name() {
    let mut extra = Extra::new();
    let error = extra.insert_json("hook", "{canary").expect_err("invalid JSON");
    assert_eq!((error.argument(), extra.is_empty()), (Some("extra.hook"), true));
    assert!(!format!("{error} {error:?}").contains("canary"));
}

#[cfg(feature = "uniffi")]
#[test]
fn extra_fields_of_another_language_that_are_not_json_are_refused_by_name() {
    let invalid = || Extra::from_json_of_fields([("hook".to_owned(), "{canary".to_owned())]);
    let mut body = OAuthClientRequest::new("Reports", GrantType::ClientCredentials);
    body.extra = invalid();
    assert_eq!(body.check().expect_err("invalid JSON").argument(), Some("body.extra.hook"));
    let mut division = RoleDivision::new("r1", "*");
    division.extra = invalid();
    body = OAuthClientRequest::new("Reports", GrantType::ClientCredentials);
    body.role_divisions = Some(vec![division]);
    let error = body.check().expect_err("invalid JSON");
    assert_eq!(error.argument(), Some("body.role_divisions[0].extra.hook"));
    let error = serde_json::to_vec(&body).expect_err("invalid JSON");
    assert!(!error.to_string().contains("canary"));
}

#[test]
fn extra_fields_count_towards_the_memory_of_a_body() {
    let many: String = (0..1_000).map(|number| format!(r#","x{number}":[]"#)).collect();
    let body = format!(r#"{{"id":"c1","scope":"users"{many}}}"#);
    assert!(memory::limited(100_000, || decode::<OAuthClient>(body.as_bytes())).is_err());
    // The memory of the first reading is restored before the second one, which keeps the JSON of the scope.
    assert!(memory::limited(300_000, || decode::<OAuthClient>(body.as_bytes())).is_ok());
}

#[test]
fn an_unexpected_body_is_described_and_never_becomes_an_empty_model() {
    let cases: [(&[u8], &str); 11] = [
        (b"", "the response is empty, expected OAuthClient"),
        (b" \r\n", "the response is empty, expected OAuthClient"),
        (b"<!DOCTYPE html><html></html>", "the response is a web page or XML, expected OAuthClient"),
        (b"[]", "the response is a list, expected OAuthClient"),
        (b"null", "the response is null, expected OAuthClient"),
        (b"\"ok\"", "the response is a string, expected OAuthClient"),
        (b"Bad gateway", "the response is not a JSON object, expected OAuthClient"),
        (b"{}", "the response is a JSON object without any field of OAuthClient"),
        (
            b"{\"status\":\"UP\",\"id\":null}",
            "the response is a JSON object without any field of OAuthClient",
        ),
        (b"{\"id\":\"6f1c", "the response is truncated after 11 bytes, expected OAuthClient"),
        (b"{\"id\":nope}", "the response is not JSON (line 1, column 8), expected OAuthClient"),
    ];
    for (body, expected) in cases {
        let error = decode::<OAuthClient>(body).expect_err(expected);
        assert_eq!(error.to_string(), expected);
    }
    let empty: OAuthClientEntityListing =
        decode(b"{\"entities\":[]}").expect("an organization without clients");
    assert!(empty.entities.is_empty());
}

/// Asserts that a body is readable as the model, in Rust and in the other languages, and returns the model.
macro_rules! is_read {
    ($model:ty, $body:expr) => {{
        let body: Value = $body;
        #[cfg(feature = "uniffi")]
        crate::ffi::assert_other_languages_read_the_same::<$model>(body.to_string().as_bytes());
        read::<$model>(&body).unwrap_or_else(|error| panic!("{body}: {error}"))
    }};
}

/// Asserts that a body is unreadable for the given reason, in Rust and in the other languages.
macro_rules! is_unreadable {
    ($model:ty, $body:expr, $reason:expr) => {{
        let body: Value = $body;
        let error = read::<$model>(&body).expect_err("an incomplete body");
        assert_eq!(error.to_string(), $reason, "{body}");
        #[cfg(feature = "uniffi")]
        crate::ffi::assert_other_languages_read_the_same::<$model>(body.to_string().as_bytes());
    }};
}

#[test]
fn a_listing_without_its_list_or_with_an_unreadable_element_is_unreadable() {
    const LISTING: &str = "the response is an OAuthClientEntityListing";
    let without = format!("{LISTING} without its entities");
    is_unreadable!(OAuthClientEntityListing, json!({"total": 5}), without);
    is_unreadable!(OAuthClientEntityListing, json!({"total": 5, "entities": null}), without);
    is_unreadable!(OAuthClientEntityListing, json!({"message": "x", "status": 500, "total": 0}), without);
    for other in [json!("a"), json!(7), json!(1.5), json!(true), json!({"id": "c1"})] {
        let body = json!({"total": 5, "entities": other});
        is_unreadable!(OAuthClientEntityListing, body, format!("{LISTING} whose entities is not a list"));
    }
    let whole = whole_client();
    for element in [
        json!("a"),
        json!(null),
        json!(1.5),
        json!([]),
        json!({}),
        json!({"name": "Terminübersicht"}),
        json!({"name": "Terminübersicht", "id": null}),
        json!({"name": "Terminübersicht", "id": ""}),
        json!({"name": "Terminübersicht", "id": {}}),
    ] {
        let body = json!({"entities": [whole, element, whole], "total": 3});
        is_unreadable!(OAuthClientEntityListing, body, format!("{LISTING} whose entities[1] has no id"));
    }

    let listing = is_read!(OAuthClientEntityListing, json!({"entities": [], "total": 0}));
    assert_eq!((listing.entities.len(), listing.total), (0, Some(0)));
    let last = json!({"name": 7, "state": [], "roleIds": [{}], "dateCreated": "yesterday", "id": 42});
    let listing = is_read!(OAuthClientEntityListing, json!({"total": "?", "entities": [whole, last]}));
    assert_eq!((listing.entities[1].id.as_str(), listing.entities[1].name.as_str()), ("42", "7"));
}

#[test]
fn a_listing_with_a_scope_without_name_or_an_authorization_without_client_is_unreadable() {
    let scope = json!({"id": "users:readonly"});
    is_read!(OAuthScopeListing, json!({"entities": [scope]}));
    is_unreadable!(
        OAuthScopeListing,
        json!({"entities": [scope, {"description": "Users"}]}),
        "the response is an OAuthScopeListing whose entities[1] has no id"
    );
    is_unreadable!(
        OAuthScopeListing,
        json!({"total": 1}),
        "the response is an OAuthScopeListing without its entities"
    );

    is_read!(OAuthAuthorizationListing, json!({"entities": [authorization()], "total": 1}));
    for element in [json!({"id": "a1", "state": "Authorized"}), json!({"client": {"name": "Kalender"}})] {
        is_unreadable!(
            OAuthAuthorizationListing,
            json!({"entities": [element]}),
            "the response is an OAuthAuthorizationListing whose entities[0] has no client.id"
        );
    }
}

#[test]
fn a_usage_result_without_its_status_or_with_an_unreadable_row_is_unreadable() {
    const RESULT: &str = "the response is an ApiUsageQueryResult";
    for running in [json!({"queryStatus": "Running"}), json!({"queryStatus": "Running", "results": null})] {
        assert!(is_read!(ApiUsageQueryResult, running).results.is_empty());
    }
    let sparse =
        is_read!(ApiUsageQueryResult, json!({"queryStatus": "Complete", "results": [{}, {"requests": 7}]}));
    assert_eq!(sparse.results.len(), 2, "a row may lack counts that were not requested");
    for status in [json!(null), json!(""), json!([]), json!({})] {
        let body = json!({"results": [{"requests": 7}], "queryStatus": status});
        is_unreadable!(ApiUsageQueryResult, body, format!("{RESULT} without its queryStatus"));
    }
    is_unreadable!(ApiUsageQueryResult, json!({"results": []}), format!("{RESULT} without its queryStatus"));
    for other in [json!("a"), json!(0), json!(0.5), json!(false), json!({})] {
        let body = json!({"queryStatus": "Complete", "results": other});
        is_unreadable!(ApiUsageQueryResult, body, format!("{RESULT} whose results is not a list"));
    }
    for row in [json!("a"), json!(null), json!([])] {
        let body = json!({"queryStatus": "Complete", "results": [{"requests": 7}, row]});
        is_unreadable!(ApiUsageQueryResult, body, format!("{RESULT} whose results[1] is not an object"));
    }
}

#[test]
fn a_listing_of_almost_valid_json_must_be_complete_as_well() {
    let listing = |client: &str| format!("{{\"entities\": [{{\"id\": \"c1\"}}, {client}], \"total\": 2}}");
    let broken_name = listing("{\"id\": \"c2\", \"name\": \"half \\ud83d pair\"}");
    assert_eq!(
        decode::<OAuthClientEntityListing>(broken_name.as_bytes()).expect("a listing").entities.len(),
        2
    );
    let without_id = listing("{\"name\": \"half \\ud83d pair\"}");
    let error = decode::<OAuthClientEntityListing>(without_id.as_bytes()).expect_err("no id");
    assert_eq!(error.to_string(), "the response is an OAuthClientEntityListing whose entities[1] has no id");
    serde_json::from_str::<OAuthClientEntityListing>(&listing("{\"name\": \"Wien\"}")).expect_err("no id");
}

#[test]
fn a_decoding_error_contains_no_piece_of_the_body() {
    for body in [
        "{\"canary-secret\": 1, \"entities\": [{\"secret\": \"canary-secret\"}], \"total\": \"canary-secret\"}",
        "{\"entities\": \"canary-secret\", \"total\": 1}",
    ] {
        let error = decode::<OAuthClientEntityListing>(body.as_bytes()).expect_err(body);
        assert!(!format!("{error} {error:?}").contains("canary"), "{error:?}");
    }
    for body in
        ["\"canary-secret\"", "{\"secret\":\"canary-secret\",}", "{\"id\":canary-secret}", "<p>canary-secret"]
    {
        let error = decode::<OAuthClient>(body.as_bytes()).expect_err(body);
        assert!(!format!("{error} {error:?}").contains("canary"), "{error:?}");
    }
}

macro_rules! every_model {
    ($($model:ident),* $(,)?) => {
        fn decode_as_every_model(body: &[u8]) {
            $(
                let _ = decode::<$model>(body);
                #[cfg(feature = "uniffi")]
                crate::ffi::assert_other_languages_read_the_same::<$model>(body);
            )*
        }

        const MODELS: &[&str] = &[$(stringify!($model)),*];
    };
}

every_model![
    ApiUsageQueryResult,
    ApiUsageRow,
    Cursors,
    Detail,
    DomainEntityRef,
    ErrorBody,
    Limit,
    OAuthAuthorization,
    OAuthAuthorizationListing,
    OAuthClient,
    OAuthClientEntityListing,
    OAuthScope,
    OAuthScopeListing,
    RoleDivision,
    UsageExecutionResult,
];

#[test]
fn every_model_is_in_the_list() {
    let files = [
        include_str!("authorizations.rs"),
        include_str!("clients.rs"),
        include_str!("errors.rs"),
        include_str!("references.rs"),
        include_str!("scopes.rs"),
        include_str!("usage.rs"),
    ];
    let mut declared: Vec<_> = files.iter().flat_map(|file| file.split("\nmodel! {").skip(1)).collect();
    declared.retain(|rest| {
        let name =
            rest.split_once("pub struct ").and_then(|(_, rest)| rest.split_once(' ')).map(|(name, _)| name);
        !name.is_some_and(|name| MODELS.contains(&name))
    });
    assert!(declared.is_empty(), "not in the list: {declared:?}");
}

fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        any::<String>().prop_map(Value::from),
        Just(json!("2026-02-30T25:61:00Z")),
        Just(json!("+012026-01-01T00:00:00Z")),
    ];
    leaf.prop_recursive(4, 24, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::hash_map("[a-zA-Z]{1,12}", inner, 0..4)
                .prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

/// Replaces the value at the path that `choices` select.
fn mutate(value: &mut Value, choices: &[usize], replacement: Value) {
    let Some((choice, rest)) = choices.split_first() else {
        *value = replacement;
        return;
    };
    match value {
        Value::Object(map) if !map.is_empty() => {
            let key = map.keys().nth(choice % map.len()).expect("within").clone();
            mutate(&mut map[&key], rest, replacement);
        }
        Value::Array(list) if !list.is_empty() => {
            let index = choice % list.len();
            mutate(&mut list[index], rest, replacement);
        }
        other => *other = replacement,
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2048, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn decoding_any_mutation_of_any_model_does_not_panic(
        original in 0_usize..6,
        choices in prop::collection::vec(any::<usize>(), 1..6),
        replacement in any_json(),
        cut in any::<prop::sample::Index>(),
    ) {
        let scope = json!({"id": "users", "description": "Users", "selfUri": "/api/v2/oauth/scopes/users"});
        let mut value = match original {
            0 => json!({"entities": [whole_client()], "total": 1, "pageSize": 25, "pageNumber": 1, "pageCount": 1}),
            1 => json!({"entities": [authorization(), authorization()], "total": 2}),
            2 => json!({"entities": [scope, scope], "total": 2}),
            3 => usage_result(),
            4 => error_body(),
            _ => whole_client(),
        };
        mutate(&mut value, &choices, replacement);
        let body = value.to_string().into_bytes();
        decode_as_every_model(&body);
        decode_as_every_model(&body[..cut.index(body.len())]);
    }

    #[test]
    fn decoding_any_bytes_does_not_panic(body in prop::collection::vec(any::<u8>(), 0..200)) {
        decode_as_every_model(&body);
    }

    #[test]
    fn a_client_of_any_json_is_sent_back_with_every_field_that_is_not_read_only(
        known in prop::collection::vec((prop::sample::select(OAuthClient::FIELDS), any_json()), 0..4),
        unknown in prop::collection::vec(("\\PC{1,8}", any_json()), 0..4),
        of_division in prop::collection::vec(("(roleId|divisionId|\\PC{1,8})", any_json()), 0..3),
    ) {
        let mut client = whole_client();
        of_division.into_iter().for_each(|(name, value)| client["roleDivisions"][0][name] = value);
        unknown.into_iter().for_each(|(name, value)| client[name] = value);
        known.into_iter().for_each(|(name, value)| client[name] = value);
        let body = client.to_string();
        #[cfg(feature = "uniffi")]
        crate::ffi::assert_other_languages_read_the_same::<OAuthClient>(body.as_bytes());
        let sent = unchanged_request(body.as_bytes());
        let is_absent = |value: &Value| value.is_null() || value == &json!([]);
        // Parsed from the same string: parsing a number may change its last digit.
        let mut expected: Value = serde_json::from_str(&body).expect("JSON");
        expected.as_object_mut().expect("an object").retain(|name, value| {
            match OAuthClient::FIELDS.iter().position(|field| *field == name) {
                Some(_) => sent.get(name).is_some() || !(is_read_only(name) || is_absent(value)),
                None => true,
            }
        });
        // A name and a grant type that are absent are empty in the request, which is refused.
        for required in ["name", "authorizedGrantType"] {
            if is_absent(&expected[required]) && sent[required] == "" {
                expected[required] = json!("");
            }
        }
        let divisions = expected.get_mut("roleDivisions").and_then(Value::as_array_mut);
        for (index, division) in divisions.into_iter().flatten().enumerate() {
            for required in ["roleId", "divisionId"] {
                if division.is_object() && division[required].is_null() {
                    let absent = sent["roleDivisions"][index].get(required);
                    prop_assert!(absent.is_none_or(|absent| absent.is_null() || absent == ""));
                    division[required] = absent.cloned().unwrap_or_default();
                    if absent.is_none() {
                        division.as_object_mut().expect("an object").remove(required);
                    }
                }
            }
        }
        prop_assert_eq!(sent, expected);
    }

    #[test]
    fn a_mutation_of_another_field_keeps_the_secret(
        field in "(name|scope|state|dateCreated|createdBy|roleDivisions|accessTokenValiditySeconds|newField)",
        value in any_json(),
    ) {
        let mut client = whole_client();
        client[&field] = value;
        let read: OAuthClient = read(&client).expect("a client");
        prop_assert_eq!(read.secret, Some("hq3KpZ0vX1yT7wB9nR4sL6uD8mF2cJ5gA0eV1iQ".into()));
    }
}
