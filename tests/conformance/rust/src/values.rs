//! Values: reading, sending, comparing and printing.

use std::time::{Duration, SystemTime};

use purecloud_oauth::{
    ApiUsageClientQuery, ClientState, Config, Credentials, ErrorKind, Gateway, Host, OAuthApi, Region,
    Timestamp,
};
use serde_json::{Value, json};

use crate::case::Outcome;
use crate::emulator::Emulator;
use crate::subject::{UNKNOWN_CLIENT_ID, create_client, timestamp, usage_query, web_server};

cases![
    unknown_enum_value,
    unknown_field,
    a_change_keeps_every_field,
    extra_field_that_is_not_json,
    unreadable_field,
    counts_of_64_bits,
    moments,
    timestamps_of_the_whole_calendar,
    unicode,
    regions_and_hosts,
    interval_of_a_query,
    equality_and_copies,
    secrets_are_not_printed,
];

async fn unknown_enum_value(emulator: &Emulator) -> Outcome {
    let api = emulator.api();
    let id = create_client(&api).await?.id;
    let mut served = client_json(emulator, &id).await;
    served["state"] = json!("hibernating");
    emulator.replace_body("get_oauth_client", &served).await;
    let client = api.get_oauth_client(&id).await?;
    let state = client.state.clone().expect("a state");
    assert_eq!(state, ClientState::Unknown { value: "hibernating".to_owned() });
    assert_eq!(state.to_string(), "hibernating");

    // The emulator itself would reject the unknown state.
    let response = json!({"status": 200, "content_type": "application/json", "body": served.to_string()});
    emulator.inject_fault(json!({"endpoint": "put_oauth_client", "kind": {"answer": response}})).await;
    assert_eq!(api.put_oauth_client(&id, &client.to_request()).await?, client);
    assert_eq!(emulator.last_request("put_oauth_client").await.json()["state"], "hibernating");
    Ok(())
}

async fn unknown_field(emulator: &Emulator) -> Outcome {
    let api = emulator.api();
    let id = create_client(&api).await?.id;
    let known = api.get_oauth_client(&id).await?;
    let mut served = client_json(emulator, &id).await;
    served["riskScore"] = json!(0.25);
    served["labels"] = json!([{"key": "team", "values": ["a", null]}]);
    served["createdBy"]["division"] = json!({"id": "*"});
    served["roleDivisions"] = json!([{"roleId": "r1", "divisionId": "*", "until": "2031-07-01"}]);
    emulator.replace_body("get_oauth_client", &served).await;
    let client = api.get_oauth_client(&id).await?;
    assert_eq!(client.extra.get("riskScore"), Some(json!(0.25)));
    assert_eq!(client.extra.get("labels").as_ref(), Some(&served["labels"]));
    assert_eq!(client.role_divisions[0].extra.get("until"), Some(json!("2031-07-01")));
    let printed = format!("{client:?} {:?}", client.to_request());
    assert!(printed.contains(r#"extra: {"labels": ***, "riskScore": ***}"#), "{printed}");
    assert!(!["0.25", "team", "2031"].iter().any(|value| printed.contains(value)), "{printed}");
    let mut same = known;
    same.role_divisions.clone_from(&client.role_divisions);
    same.extra = client.extra.clone();
    assert_eq!(client, same);

    let mut body = client.to_request();
    assert!(body.extra.remove("riskScore"));
    body.extra.insert("owner", json!({"team": "Wien"}));
    respond_to_change(emulator, &served).await;
    api.put_oauth_client(&id, &body).await?;
    let sent = emulator.last_request("put_oauth_client").await.json();
    assert_eq!((sent.get("riskScore"), &sent["owner"]["team"]), (None, &json!("Wien")));
    assert_eq!((&sent["labels"], &sent["roleDivisions"]), (&served["labels"], &served["roleDivisions"]));
    Ok(())
}

/// Makes this client the response to the next change, whatever the request contains.
async fn respond_to_change(emulator: &Emulator, served: &Value) {
    let response = json!({"status": 200, "content_type": "application/json", "body": served.to_string()});
    emulator.inject_fault(json!({"endpoint": "put_oauth_client", "kind": {"answer": response}})).await;
}

async fn a_change_keeps_every_field(emulator: &Emulator) -> Outcome {
    const READ_ONLY: [&str; 7] =
        ["id", "secret", "dateCreated", "dateModified", "createdBy", "modifiedBy", "selfUri"];
    let api = emulator.api();
    let id = create_client(&api).await?.id;
    let original = client_json(emulator, &id).await;
    for (name, value) in [
        ("ipRestrictions", json!(null)),
        ("", json!("a field without a name")),
        ("labels", json!([{"key": "team", "values": ["é\n", null, 0.25, u64::MAX]}])),
        ("scope", json!("users")),
        ("scope", json!(["users", null, 7])),
        ("dateToDelete", json!("24:00:00")),
        ("roleDivisions", json!(["x", {"roleId": "r1", "divisionId": "*"}])),
        (
            "roleDivisions",
            json!([{"roleId": "r1", "divisionId": "*", "condition": {"ranges": ["192.0.2.0/24"]}}]),
        ),
        ("accessTokenValiditySeconds", json!("3600")),
        ("accessTokenValiditySeconds", json!(u64::MAX)),
        ("description", json!({"de": "Wien"})),
        ("state", json!(7)),
        ("name", json!({"de": "Wien"})),
        ("authorizedGrantType", json!(["CODE"])),
    ] {
        let mut served = original.clone();
        // A known field that is null or an empty list is the same as an absent one.
        served.as_object_mut().expect("a client").retain(|_, value| !value.is_null() && *value != json!([]));
        served[name] = value;
        emulator.replace_body("get_oauth_client", &served).await;
        let client = api.get_oauth_client(&id).await?;
        respond_to_change(emulator, &served).await;
        api.put_oauth_client(&id, &client.to_request()).await?;
        served.as_object_mut().expect("a client").retain(|name, _| !READ_ONLY.contains(&name.as_str()));
        assert_eq!(emulator.last_request("put_oauth_client").await.json(), served);
        emulator.reset().await;
    }
    Ok(())
}

async fn extra_field_that_is_not_json(emulator: &Emulator) -> Outcome {
    let mut body = web_server();
    for json in ["", "{", "NaN", "1 2", "canary"] {
        let error = body.extra.insert_json("hook", json).expect_err("not JSON");
        assert_eq!(error.argument(), Some("extra.hook"));
        assert!(!error.to_string().contains("canary"));
    }
    assert!(body.extra.is_empty());
    assert_eq!(emulator.counts("put_oauth_client").await.requests, 0);
    Ok(())
}

async fn unreadable_field(emulator: &Emulator) -> Outcome {
    let api = emulator.api();
    let id = create_client(&api).await?.id;
    let mut served = client_json(emulator, &id).await;
    served["secret"] = json!("mW4tS9xQ-kept");
    served["accessTokenValiditySeconds"] = json!({"hours": 1});
    served["dateCreated"] = json!("the day before yesterday");
    emulator.replace_body("post_oauth_client_secret", &served).await;
    let client = api.post_oauth_client_secret(&id).await?;
    assert_eq!(client.secret.as_ref().map(|secret| secret.expose()), Some("mW4tS9xQ-kept"));
    assert_eq!((client.access_token_validity_seconds, client.date_created), (None, None));
    assert_eq!((client.id, client.name), (id, web_server().name));
    assert_eq!(client.date_to_delete, web_server().date_to_delete);
    Ok(())
}

async fn counts_of_64_bits(emulator: &Emulator) -> Outcome {
    let api = emulator.api();
    let client = &emulator.client_id;
    let execution = api.post_oauth_client_usage_query(client, &usage_query()).await?.execution_id;
    let result = json!({"queryStatus": "Complete", "results": [{"requests": 9_007_199_254_740_993_i64}]});
    emulator.replace_body("get_oauth_client_usage_query_result", &result).await;
    let result = api.get_oauth_client_usage_query_result(&execution, client).await?;
    assert_eq!(result.results[0].requests, Some(9_007_199_254_740_993));
    Ok(())
}

async fn moments(emulator: &Emulator) -> Outcome {
    let half_past_eight = SystemTime::UNIX_EPOCH + Duration::from_secs(1_772_353_800);
    let api = emulator.api();
    let id = create_client(&api).await?.id;
    let mut served = client_json(emulator, &id).await;
    served["dateCreated"] = json!("2026-03-01T09:30:00+01:00");
    served["dateModified"] = json!("2026-03-01T08:30:00.123Z");
    served["dateToDelete"] = json!("2026-03-01T08:30:00");
    emulator.replace_body("get_oauth_client", &served).await;
    let client = api.get_oauth_client(&id).await?;
    let timestamps = [client.date_created, client.date_modified, client.date_to_delete];
    let milliseconds = half_past_eight + Duration::from_millis(123);
    assert_eq!(
        timestamps.map(|timestamp| timestamp.map(SystemTime::from)),
        [Some(half_past_eight), Some(milliseconds), Some(half_past_eight)]
    );

    let mut body = web_server();
    body.date_to_delete = Some(Timestamp::try_from(milliseconds)?);
    let changed = api.put_oauth_client(&id, &body).await?;
    let sent = emulator.last_request("put_oauth_client").await.json();
    assert_eq!(sent["dateToDelete"], "2026-03-01T08:30:00.123Z");
    assert_eq!(changed.date_to_delete, body.date_to_delete);
    Ok(())
}

async fn timestamps_of_the_whole_calendar(emulator: &Emulator) -> Outcome {
    let api = emulator.api();
    let id = create_client(&api).await?.id;
    let mut served = client_json(emulator, &id).await;
    for string in ["0001-01-01T00:00:00.000Z", "1969-12-31T23:59:59.999Z", "9999-12-31T23:59:59.999Z"] {
        served["dateToDelete"] = json!(string);
        emulator.replace_body("get_oauth_client", &served).await;
        let client = api.get_oauth_client(&id).await?;
        assert_eq!(client.date_to_delete, Some(timestamp(string)));

        // The emulator itself supports fewer years.
        let response = json!({"status": 200, "content_type": "application/json", "body": served.to_string()});
        emulator.inject_fault(json!({"endpoint": "put_oauth_client", "kind": {"answer": response}})).await;
        assert_eq!(api.put_oauth_client(&id, &client.to_request()).await?, client);
        assert_eq!(emulator.last_request("put_oauth_client").await.json()["dateToDelete"], string);
        emulator.reset().await;
    }
    Ok(())
}

async fn unicode(emulator: &Emulator) -> Outcome {
    const NAME: &str = "👩‍💻 e\u{301}te\u{301} שלום \u{202b}مرحبا\u{202c} \"quoted\" \\ 😀";
    let api = emulator.api();
    let mut body = web_server();
    body.name = NAME.to_owned();
    body.description = Some(NAME.to_owned());
    let created = api.post_oauth_clients(&body).await?;
    assert_eq!(emulator.last_request("post_oauth_clients").await.json()["name"], NAME);
    let client = api.get_oauth_client(&created.id).await?;
    assert_eq!((client.name.as_str(), client.description.as_deref()), (NAME, Some(NAME)));
    Ok(())
}

async fn regions_and_hosts(_: &Emulator) -> Outcome {
    let regions = [
        (Region::UsEast1, "us_east_1", "mypurecloud.com"),
        (Region::EuWest1, "eu_west_1", "mypurecloud.ie"),
        (Region::ApSoutheast2, "ap_southeast_2", "mypurecloud.com.au"),
        (Region::ApNortheast1, "ap_northeast_1", "mypurecloud.jp"),
        (Region::EuCentral1, "eu_central_1", "mypurecloud.de"),
        (Region::UsWest2, "us_west_2", "usw2.pure.cloud"),
        (Region::CaCentral1, "ca_central_1", "cac1.pure.cloud"),
        (Region::ApNortheast2, "ap_northeast_2", "apne2.pure.cloud"),
        (Region::EuWest2, "eu_west_2", "euw2.pure.cloud"),
        (Region::ApSouth1, "ap_south_1", "aps1.pure.cloud"),
        (Region::UsEast2, "us_east_2", "use2.us-gov-pure.cloud"),
        (Region::SaEast1, "sa_east_1", "sae1.pure.cloud"),
        (Region::MeCentral1, "me_central_1", "mec1.pure.cloud"),
        (Region::ApNortheast3, "ap_northeast_3", "apne3.pure.cloud"),
        (Region::EuCentral2, "eu_central_2", "euc2.pure.cloud"),
        (Region::MxCentral1, "mx_central_1", "mxc1.pure.cloud"),
        (Region::ApSoutheast1, "ap_southeast_1", "apse1.pure.cloud"),
        (Region::EuscDeEast1, "eusc_de_east_1", "edee1.eusc-pure.cloud"),
    ];
    assert_eq!(Region::ALL, regions.map(|(region, ..)| region));
    for (region, name, domain) in regions {
        assert_eq!((region.name(), region.domain()), (name, domain));
        let host = Host::from(region);
        assert_eq!(host.api_url(), format!("https://api.{domain}/"));
        assert_eq!(host.login_url(), format!("https://login.{domain}/"));
        let hyphenated = name.replace('_', "-");
        for host_name in [name, &hyphenated, domain, &format!("https://api.{domain}")] {
            assert_eq!(host_name.parse::<Host>()?, host, "{host_name}");
        }
    }

    let local: Host = "http://127.0.0.1:8080".parse()?;
    assert_eq!((local.api_url(), local.login_url()), ("http://127.0.0.1:8080/", "http://127.0.0.1:8080/"));
    let unlisted: Host = "xyz9.pure.cloud".parse()?;
    assert_eq!(unlisted.api_url(), "https://api.xyz9.pure.cloud/");
    let mut gateway = Gateway::new("gateway.example.com");
    gateway.port = Some(8443);
    gateway.path_params_login = "login/eu".to_owned();
    gateway.path_params_api = "genesys".to_owned();
    let gateway = Host::gateway(&gateway)?;
    assert_eq!(gateway.api_url(), "https://gateway.example.com:8443/genesys/");
    assert_eq!(gateway.login_url(), "https://gateway.example.com:8443/login/eu/");

    for nonsense in ["", "mars", "my purecloud.de", "ftp://api.mypurecloud.de", "http://api.mypurecloud.de"] {
        let error = nonsense.parse::<Host>().expect_err(nonsense);
        assert_eq!((error.kind(), error.argument()), (ErrorKind::InvalidArgument, Some("host")), "{error}");
    }
    let error = Host::gateway(&Gateway::new("a/b")).expect_err("no host name");
    assert_eq!(error.argument(), Some("gateway.host"));
    Ok(())
}

async fn interval_of_a_query(emulator: &Emulator) -> Outcome {
    let start = timestamp("2026-03-01T01:00:00.987+01:00");
    let end = timestamp("2026-03-08T00:00:00Z");
    let query = ApiUsageClientQuery::between(start, end);
    assert_eq!(query.interval, "2026-03-01T00:00:00/2026-03-08T00:00:00");
    emulator.api().post_oauth_client_usage_query(&emulator.client_id, &query).await?;
    let sent = emulator.last_request("post_oauth_client_usage_query").await.json();
    assert_eq!(sent, json!({"interval": "2026-03-01T00:00:00/2026-03-08T00:00:00"}));
    Ok(())
}

async fn equality_and_copies(emulator: &Emulator) -> Outcome {
    let api = emulator.api();
    let id = create_client(&api).await?.id;
    let client = api.get_oauth_client(&id).await?;
    assert_eq!(api.get_oauth_client(&id).await?, client);

    let mut copy = client.clone();
    assert_eq!(copy, client);
    copy.name = "Rückrufe Basel".to_owned();
    assert_ne!(copy, client);
    assert_eq!(client.name, web_server().name);

    let printed = format!("{client:?}");
    for field in ["OAuthClient", "id", "name", "registered_redirect_uri", "authorized_grant_type", "state"] {
        assert!(printed.contains(field), "{field} is not in: {printed}");
    }
    assert!(printed.contains(&id) && printed.contains("Rückrufe Zürich ☎"), "{printed}");
    Ok(())
}

async fn secrets_are_not_printed(emulator: &Emulator) -> Outcome {
    const CANARY: &str = "canary-5Zq9tR2wX7vB4nM8kL1p";
    let api = emulator.api();
    let created = create_client(&api).await?;
    let secret = created.secret.clone().expect("a secret");
    assert!(secret.expose().len() > 8);

    let mut served = emulator.fetch_json("/api/v2/oauth/clients").await;
    served["entities"][0]["secret"] = json!(CANARY);
    emulator.replace_body("get_oauth_clients", &served).await;
    let listing = api.get_oauth_clients().await?;
    let listed = listing.entities[0].secret.as_ref().map(|secret| secret.expose());
    assert_eq!(listed, Some(CANARY));

    let credentials = [Credentials::client_credentials("id", CANARY), Credentials::access_token(CANARY)];
    let token = credentials[1].clone();
    let config = emulator.config_with(token.clone()).default_header("x-api-key", CANARY).build()?;
    let refusal =
        json!({"code": "bad.request", "status": 400, "message": format!("Bearer {CANARY} may not")});
    let response = json!({"status": 400, "content_type": "application/json", "body": refusal.to_string()});
    emulator.inject_fault(json!({"endpoint": "get_oauth_client", "kind": {"answer": response}})).await;
    let token_api = OAuthApi::new(config.clone());
    let error = token_api.get_oauth_client(UNKNOWN_CLIENT_ID).await.expect_err("a refusal");
    assert_eq!(error.server_message(), Some("Bearer *** may not"));
    let spaced = Credentials::access_token(format!("{CANARY} "));
    let setting = Config::builder(Region::EuWest1, spaced).build().expect_err("a space");

    let printed = [
        ("a client", format!("{created:?} {created:#?}")),
        ("a secret", format!("{secret:?} {secret:#?}")),
        ("a listing", format!("{listing:?} {listing:#?}")),
        ("a credential", format!("{credentials:?} {credentials:#?}")),
        ("a configuration", format!("{config:?} {config:#?} {api:?} {token_api:?}")),
        ("an error", format!("{error} {error:?} {error:#?} {setting} {setting:?} {setting:#?}")),
    ];
    for (kind, output) in &printed {
        for secret in [CANARY, secret.expose(), &emulator.client_secret] {
            assert!(!output.contains(secret), "{kind} shows a secret");
        }
    }
    Ok(())
}

/// Fetches the JSON of a client directly.
async fn client_json(emulator: &Emulator, id: &str) -> Value {
    emulator.fetch_json(&format!("/api/v2/oauth/clients/{id}")).await
}
