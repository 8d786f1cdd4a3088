//! Every operation: it returns the resource that the emulator serves, and sends the documented request.

use purecloud_oauth::{
    ClientState, Credentials, ErrorKind, GrantType, OAuthApi, OAuthClient, OAuthClientRequest, QueryStatus,
};
use serde_json::{Value, json};

use crate::case::Outcome;
use crate::emulator::Emulator;
use crate::subject::{
    authorized_client_id, client_credentials_request, create_client, create_inactive_client, usage_query,
    wait_for_result, web_server, web_server_as_json,
};

cases![
    delete_oauth_client,
    get_oauth_authorization,
    get_oauth_authorizations,
    get_oauth_client,
    get_oauth_client_usage_query_result,
    get_oauth_client_usage_summary,
    get_oauth_clients,
    get_oauth_scope,
    get_oauth_scopes,
    post_oauth_client_secret,
    post_oauth_client_usage_query,
    post_oauth_clients,
    put_oauth_client,
];

async fn delete_oauth_client(emulator: &Emulator) -> Outcome {
    let api = emulator.api();
    let id = create_inactive_client(&api).await?.id;
    let response = api.delete_oauth_client(&id).response().await?;
    assert_eq!(response.metadata.status, Some(204));

    let request = emulator.last_request("delete_oauth_client").await;
    assert_eq!(request.method, "DELETE");
    assert_eq!(request.target, format!("/api/v2/oauth/clients/{id}"));
    assert_eq!((request.body.as_str(), request.header("content-type")), ("", None));

    let gone = api.get_oauth_client(&id).await.expect_err("a deleted client");
    assert_eq!((gone.kind(), gone.status()), (ErrorKind::Api, Some(404)));
    Ok(())
}

async fn get_oauth_authorization(emulator: &Emulator) -> Outcome {
    let api = emulator.api();
    let id = authorized_client_id(&api).await?;
    let served = emulator.fetch_json(&format!("/api/v2/oauth/authorizations/{id}")).await;
    let authorization = api.get_oauth_authorization(&id, Some("de-at")).await?;
    assert_same_client(authorization.client.as_ref().expect("its client"), &served["client"]);
    assert_eq!(json!(authorization.scope), served["scope"]);
    assert_eq!(json!(authorization.roles), served["roles"]);
    let owner = authorization.resource_owner.expect("its owner");
    assert_eq!(json!(owner.id), served["resourceOwner"]["id"]);
    assert_eq!(json!(authorization.date_created), served["dateCreated"]);
    assert_eq!(json!(authorization.date_modified), served["dateModified"]);
    assert_eq!(json!(authorization.pending), served["pending"]);
    assert_eq!(json!(authorization.state), served["state"]);
    assert_eq!(json!(authorization.self_uri), served["selfUri"]);

    let request = emulator.last_request("get_oauth_authorization").await;
    assert_eq!(request.method, "GET");
    assert_eq!(request.target, format!("/api/v2/oauth/authorizations/{id}"));
    assert_eq!(request.header("accept-language"), Some("de-at"));
    api.get_oauth_authorization(&id, None).await?;
    assert_eq!(emulator.last_request("get_oauth_authorization").await.header("accept-language"), None);
    Ok(())
}

async fn get_oauth_authorizations(emulator: &Emulator) -> Outcome {
    let api = emulator.api();
    let served = emulator.fetch_json("/api/v2/oauth/authorizations").await;
    let listing = api.get_oauth_authorizations(Some("fr")).await?;
    assert_eq!(json!(listing.total), served["total"]);
    let ids: Vec<_> = listing.entities.iter().flat_map(|one| &one.client).map(|one| &one.id).collect();
    assert_eq!(ids, strings_at(&served["entities"], "/client/id"));
    let states: Vec<_> = listing.entities.iter().flat_map(|one| &one.state).map(|one| one.as_str()).collect();
    assert_eq!(states, strings_at(&served["entities"], "/state"));

    let request = emulator.last_request("get_oauth_authorizations").await;
    assert_eq!((request.method.as_str(), request.target.as_str()), ("GET", "/api/v2/oauth/authorizations"));
    assert_eq!(request.header("accept-language"), Some("fr"));
    api.get_oauth_authorizations(None).await?;
    assert_eq!(emulator.last_request("get_oauth_authorizations").await.header("accept-language"), None);
    Ok(())
}

async fn get_oauth_client(emulator: &Emulator) -> Outcome {
    let api = emulator.api();
    let code_client = create_client(&api).await?.id;
    let credentials_client = &emulator.client_id;
    for id in [&code_client, credentials_client] {
        let served = emulator.fetch_json(&format!("/api/v2/oauth/clients/{id}")).await;
        let client = api.get_oauth_client(id).await?;
        assert_same_client(&client, &served);
        assert_eq!(client.secret, None);

        let request = emulator.last_request("get_oauth_client").await;
        assert_eq!(request.method, "GET");
        assert_eq!(request.target, format!("/api/v2/oauth/clients/{id}"));
    }
    Ok(())
}

async fn get_oauth_client_usage_query_result(emulator: &Emulator) -> Outcome {
    let api = emulator.api();
    let client = &emulator.client_id;
    let execution = api.post_oauth_client_usage_query(client, &usage_query()).await?.execution_id;

    let early = api.get_oauth_client_usage_query_result(&execution, client).await?;
    assert_eq!(early.query_status, Some(QueryStatus::Running));
    assert!(early.results.is_empty(), "{early:?}");

    let result = wait_for_result(&api, &execution, client).await?;
    assert_eq!(result.query_status, Some(QueryStatus::Complete));
    let path = format!("/api/v2/oauth/clients/{client}/usage/query/results/{execution}");
    assert_eq!(emulator.last_request("get_oauth_client_usage_query_result").await.target, path);

    let served = emulator.fetch_json(&path).await;
    let served = served["results"].as_array().expect("rows");
    assert!(!served.is_empty());
    assert_eq!(result.results.len(), served.len());
    for (row, served) in result.results.iter().zip(served) {
        assert_eq!(json!(row.template_uri), served["templateUri"]);
        assert_eq!(json!(row.http_method), served["httpMethod"]);
        assert_eq!(json!(row.requests), served["requests"]);
        assert_eq!(json!(row.status429), served["status429"]);
        assert_eq!(json!(row.date), served["date"]);
        assert_eq!((row.status200, &row.organization_id), (None, &None), "not requested");
    }
    Ok(())
}

async fn get_oauth_client_usage_summary(emulator: &Emulator) -> Outcome {
    let api = emulator.api();
    let client = &emulator.client_id;
    let path = format!("/api/v2/oauth/clients/{client}/usage/summary");
    for (days, target) in [(Some(30), format!("{path}?days=30")), (None, path)] {
        let summary = api.get_oauth_client_usage_summary(client, days).await?;
        let request = emulator.last_request("get_oauth_client_usage_summary").await;
        assert_eq!((request.method.as_str(), request.target), ("GET", target));
        let results = format!("/api/v2/oauth/clients/{client}/usage/query/results/{}", summary.execution_id);
        assert_eq!(summary.results_uri, Some(results));
        let result = wait_for_result(&api, &summary.execution_id, client).await?;
        assert_eq!(result.query_status, Some(QueryStatus::Complete));
    }
    Ok(())
}

async fn get_oauth_clients(emulator: &Emulator) -> Outcome {
    let api = emulator.api();
    let new = create_client(&api).await?.id;
    let served = emulator.fetch_json("/api/v2/oauth/clients").await;
    let listing = api.get_oauth_clients().await?;
    assert_eq!(listing.entities.len(), served["entities"].as_array().map_or(0, Vec::len));
    for (client, served) in listing.entities.iter().zip(served["entities"].as_array().into_iter().flatten()) {
        assert_same_client(client, served);
        assert_eq!(client.secret, None);
    }
    assert!(listing.entities.iter().any(|client| client.id == new));
    assert_eq!(json!(listing.total), served["total"]);
    assert_eq!(json!([listing.page_size, listing.page_number, listing.page_count]), {
        json!([served["pageSize"], served["pageNumber"], served["pageCount"]])
    });
    assert_eq!(json!([listing.first_uri, listing.last_uri, listing.self_uri]), {
        json!([served["firstUri"], served["lastUri"], served["selfUri"]])
    });

    let request = emulator.last_request("get_oauth_clients").await;
    assert_eq!((request.method.as_str(), request.target.as_str()), ("GET", "/api/v2/oauth/clients"));
    Ok(())
}

async fn get_oauth_scope(emulator: &Emulator) -> Outcome {
    let api = emulator.api();
    let scope = api.get_oauth_scope("users:readonly", Some("de")).await?;
    assert_eq!(scope.id, "users:readonly");
    assert_eq!(scope.description.as_deref(), Some("Nur lesender Zugriff: Benutzer"));
    assert_eq!(scope.self_uri.as_deref(), Some("/api/v2/oauth/scopes/users:readonly"));

    let request = emulator.last_request("get_oauth_scope").await;
    assert_eq!(request.method, "GET");
    assert_eq!(request.target, "/api/v2/oauth/scopes/users%3Areadonly");
    assert_eq!(request.header("accept-language"), Some("de"));

    let scope = api.get_oauth_scope("users:readonly", None).await?;
    assert_eq!(scope.description.as_deref(), Some("Read-only access to users"));
    assert_eq!(emulator.last_request("get_oauth_scope").await.header("accept-language"), None);
    Ok(())
}

async fn get_oauth_scopes(emulator: &Emulator) -> Outcome {
    let api = emulator.api();
    let served = emulator.fetch_json("/api/v2/oauth/scopes").await;
    let descriptions = [
        (Some("ja"), "ユーザーへの読み取り専用アクセス"),
        (Some("es"), "Acceso de solo lectura: usuarios"),
        (None, "Read-only access to users"),
    ];
    for (language, description) in descriptions {
        let listing = api.get_oauth_scopes(language).await?;
        assert_eq!(json!(listing.total), served["total"]);
        let ids: Vec<_> = listing.entities.iter().map(|scope| &scope.id).collect();
        assert_eq!(ids, strings_at(&served["entities"], "/id"));
        let users = listing.entities.iter().find(|scope| scope.id == "users:readonly");
        assert_eq!(users.and_then(|scope| scope.description.as_deref()), Some(description));

        let request = emulator.last_request("get_oauth_scopes").await;
        assert_eq!((request.method.as_str(), request.target.as_str()), ("GET", "/api/v2/oauth/scopes"));
        assert_eq!(request.header("accept-language"), language);
    }
    Ok(())
}

async fn post_oauth_client_secret(emulator: &Emulator) -> Outcome {
    let api = emulator.api();
    let created = api.post_oauth_clients(&client_credentials_request(emulator, &api).await?).await?;
    let rotated = api.post_oauth_client_secret(&created.id).await?;
    let request = emulator.last_request("post_oauth_client_secret").await;
    assert_eq!(request.method, "POST");
    assert_eq!(request.target, format!("/api/v2/oauth/clients/{}/secret", created.id));
    assert_eq!((request.body.as_str(), request.header("content-length")), ("", Some("0")));

    assert_eq!(rotated.id, created.id);
    let (before, after) = (created.secret.expect("a secret"), rotated.secret.expect("a secret"));
    assert_ne!(before, after);
    let config_with =
        |secret| emulator.config_with(Credentials::client_credentials(&created.id, secret)).build();
    OAuthApi::new(config_with(after)?).get_oauth_clients().await?;
    let refused =
        OAuthApi::new(config_with(before)?).get_oauth_clients().await.expect_err("an invalid secret");
    assert_eq!(refused.kind(), ErrorKind::SignIn);
    Ok(())
}

async fn post_oauth_client_usage_query(emulator: &Emulator) -> Outcome {
    let api = emulator.api();
    let client = &emulator.client_id;
    let execution = api.post_oauth_client_usage_query(client, &usage_query()).await?;
    assert!(!execution.execution_id.is_empty());
    let results = format!("/api/v2/oauth/clients/{client}/usage/query/results/{}", execution.execution_id);
    assert_eq!(execution.results_uri, Some(results));

    let request = emulator.last_request("post_oauth_client_usage_query").await;
    assert_eq!(request.method, "POST");
    assert_eq!(request.target, format!("/api/v2/oauth/clients/{client}/usage/query"));
    assert_eq!(request.header("content-type"), Some("application/json"));
    let expected = json!({
        "interval": "2026-01-01T00:00:00/2026-02-01T00:00:00",
        "granularity": "Week",
        "metrics": ["Requests", "Status429"],
        "groupBy": ["TemplateUri", "HttpMethod"],
    });
    assert_eq!(request.json(), expected);
    Ok(())
}

async fn post_oauth_clients(emulator: &Emulator) -> Outcome {
    let api = emulator.api();
    let created = api.post_oauth_clients(&web_server()).await?;
    assert!(created.secret.as_ref().is_some_and(|secret| !secret.expose().is_empty()));
    assert_same_client(
        &created,
        &emulator.fetch_json(&format!("/api/v2/oauth/clients/{}", created.id)).await,
    );

    let request = emulator.last_request("post_oauth_clients").await;
    assert_eq!((request.method.as_str(), request.target.as_str()), ("POST", "/api/v2/oauth/clients"));
    assert_eq!(request.header("content-type"), Some("application/json"));
    assert_eq!(request.json(), web_server_as_json());

    api.post_oauth_clients(&OAuthClientRequest::new("Telefonbuch", GrantType::Token)).await?;
    let minimal = json!({"name": "Telefonbuch", "authorizedGrantType": "TOKEN"});
    assert_eq!(emulator.last_request("post_oauth_clients").await.json(), minimal);
    Ok(())
}

async fn put_oauth_client(emulator: &Emulator) -> Outcome {
    let api = emulator.api();
    let id = create_client(&api).await?.id;
    let before = api.get_oauth_client(&id).await?;
    let mut body = before.to_request();
    body.state = Some(ClientState::Disabled);
    let changed = api.put_oauth_client(&id, &body).await?;
    assert_eq!(changed.state, Some(ClientState::Disabled));
    assert_eq!(changed.secret, None);

    let request = emulator.last_request("put_oauth_client").await;
    assert_eq!(request.method, "PUT");
    assert_eq!(request.target, format!("/api/v2/oauth/clients/{id}"));
    assert_eq!(request.header("content-type"), Some("application/json"));
    let mut as_it_was = web_server_as_json();
    as_it_was["state"] = json!("disabled");
    assert_eq!(request.json(), as_it_was);

    let mut rest = changed.clone();
    rest.state = before.state.clone();
    rest.date_modified = before.date_modified;
    rest.modified_by = before.modified_by.clone();
    assert_eq!(rest, before);
    assert_eq!(api.get_oauth_client(&id).await?, changed);
    Ok(())
}

/// Compares a client with its JSON, field by field. A field that the JSON omits must be empty or `None`.
fn assert_same_client(client: &OAuthClient, served: &Value) {
    let list = |name: &str| if served[name].is_null() { json!([]) } else { served[name].clone() };
    assert_eq!(json!(client.id), served["id"]);
    assert_eq!(json!(client.name), served["name"]);
    assert_eq!(json!(client.access_token_validity_seconds), served["accessTokenValiditySeconds"]);
    assert_eq!(json!(client.description), served["description"]);
    assert_eq!(json!(client.registered_redirect_uri), list("registeredRedirectUri"));
    assert_eq!(json!(client.role_ids), list("roleIds"));
    assert_eq!(json!(client.date_created), served["dateCreated"]);
    assert_eq!(json!(client.date_modified), served["dateModified"]);
    for (person, served) in
        [(&client.created_by, &served["createdBy"]), (&client.modified_by, &served["modifiedBy"])]
    {
        let person = person.as_ref().expect("a user");
        assert_eq!(json!([person.id, person.name, person.self_uri]), {
            json!([served["id"], served["name"], served["selfUri"]])
        });
    }
    assert_eq!(json!(client.authorized_grant_type), served["authorizedGrantType"]);
    assert_eq!(json!(client.scope), list("scope"));
    assert_eq!(json!(client.role_divisions), list("roleDivisions"));
    assert_eq!(json!(client.state), served["state"]);
    assert_eq!(json!(client.date_to_delete), served["dateToDelete"]);
    assert_eq!(json!(client.self_uri), served["selfUri"]);
}

/// Returns the string at this JSON pointer in each element of a list.
fn strings_at<'a>(list: &'a Value, pointer: &str) -> Vec<&'a str> {
    let elements = list.as_array().into_iter().flatten();
    elements.map(|element| element.pointer(pointer).and_then(Value::as_str).expect("a string")).collect()
}
