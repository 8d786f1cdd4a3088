"""Every operation: it returns the resource that the emulator serves, and sends the documented request."""

from dataclasses import replace

from purecloud_oauth import ClientState, Credentials, GrantType, OAuthClientRequest, OAuthError, QueryStatus

from subject import (
    authorized_client_id,
    client_credentials_request,
    create_client,
    create_inactive_client,
    expect_async_error,
    parse_timestamp,
    usage_query,
    wait_for_result,
    web_server,
    web_server_as_json,
)


async def delete_oauth_client(emulator):
    api = emulator.api()
    id = (await create_inactive_client(api)).id
    response = await api.delete_oauth_client_with_http_info(id)
    assert response.metadata.status == 204

    request = emulator.last_request("delete_oauth_client")
    assert (request.method, request.target) == ("DELETE", f"/api/v2/oauth/clients/{id}")
    assert (request.body, request.header("content-type")) == ("", None)

    gone = await expect_async_error(OAuthError.Api, api.get_oauth_client(id))
    assert gone.status == 404
    other = (await create_inactive_client(api)).id
    assert await api.delete_oauth_client(other) is None


async def get_oauth_authorization(emulator):
    api = emulator.api()
    id = await authorized_client_id(api)
    served = emulator.fetch_json(f"/api/v2/oauth/authorizations/{id}")
    authorization = await api.get_oauth_authorization(id, accept_language="de-at")
    assert_same_client(authorization.client, served["client"])
    assert authorization.scope == served["scope"]
    assert authorization.roles == served.get("roles", [])
    assert authorization.resource_owner.id == served["resourceOwner"]["id"]
    assert authorization.date_created == parse_timestamp(served["dateCreated"])
    assert authorization.date_modified == parse_timestamp(served["dateModified"])
    assert authorization.pending == served["pending"]
    assert str(authorization.state) == served["state"]
    assert authorization.self_uri == served["selfUri"]

    request = emulator.last_request("get_oauth_authorization")
    assert (request.method, request.target) == ("GET", f"/api/v2/oauth/authorizations/{id}")
    assert request.header("accept-language") == "de-at"
    await api.get_oauth_authorization(id)
    assert emulator.last_request("get_oauth_authorization").header("accept-language") is None


async def get_oauth_authorizations(emulator):
    api = emulator.api()
    served = emulator.fetch_json("/api/v2/oauth/authorizations")
    listing = await api.get_oauth_authorizations(accept_language="fr")
    assert listing.total == served.get("total")
    assert [one.client.id for one in listing.entities] == [one["client"]["id"] for one in served["entities"]]
    assert [str(one.state) for one in listing.entities] == [one["state"] for one in served["entities"]]

    request = emulator.last_request("get_oauth_authorizations")
    assert (request.method, request.target) == ("GET", "/api/v2/oauth/authorizations")
    assert request.header("accept-language") == "fr"
    await api.get_oauth_authorizations()
    assert emulator.last_request("get_oauth_authorizations").header("accept-language") is None


async def get_oauth_client(emulator):
    api = emulator.api()
    for id in ((await create_client(api)).id, emulator.client_id):
        served = emulator.fetch_json(f"/api/v2/oauth/clients/{id}")
        client = await api.get_oauth_client(id)
        assert_same_client(client, served)
        assert client.secret is None

        request = emulator.last_request("get_oauth_client")
        assert (request.method, request.target) == ("GET", f"/api/v2/oauth/clients/{id}")


async def get_oauth_client_usage_query_result(emulator):
    api, client = emulator.api(), emulator.client_id
    execution = (await api.post_oauth_client_usage_query(client, usage_query())).execution_id

    early = await api.get_oauth_client_usage_query_result(execution, client)
    assert (early.query_status, early.results) == (QueryStatus.RUNNING, [])

    result = await wait_for_result(api, execution, client)
    assert result.query_status == QueryStatus.COMPLETE
    path = f"/api/v2/oauth/clients/{client}/usage/query/results/{execution}"
    assert emulator.last_request("get_oauth_client_usage_query_result").target == path

    served = emulator.fetch_json(path)["results"]
    assert served and len(result.results) == len(served)
    for row, expected in zip(result.results, served):
        assert row.template_uri == expected["templateUri"]
        assert row.http_method == expected["httpMethod"]
        assert row.requests == expected["requests"]
        assert row.status429 == expected["status429"]
        assert row.date == parse_timestamp(expected["date"])
        assert (row.status200, row.organization_id) == (None, None), "not requested"


async def get_oauth_client_usage_summary(emulator):
    api, client = emulator.api(), emulator.client_id
    path = f"/api/v2/oauth/clients/{client}/usage/summary"
    for days, target in ((30, f"{path}?days=30"), (None, path)):
        summary = await api.get_oauth_client_usage_summary(client, days=days)
        request = emulator.last_request("get_oauth_client_usage_summary")
        assert (request.method, request.target) == ("GET", target)
        results = f"/api/v2/oauth/clients/{client}/usage/query/results/{summary.execution_id}"
        assert summary.results_uri == results
        result = await wait_for_result(api, summary.execution_id, client)
        assert result.query_status == QueryStatus.COMPLETE


async def get_oauth_clients(emulator):
    api = emulator.api()
    new = (await create_client(api)).id
    served = emulator.fetch_json("/api/v2/oauth/clients")
    listing = await api.get_oauth_clients()
    assert len(listing.entities) == len(served["entities"])
    for client, expected in zip(listing.entities, served["entities"]):
        assert_same_client(client, expected)
        assert client.secret is None
    assert new in [client.id for client in listing.entities]
    assert (listing.total, listing.page_size, listing.page_number, listing.page_count) == (
        served.get("total"),
        served.get("pageSize"),
        served.get("pageNumber"),
        served.get("pageCount"),
    )
    assert listing.self_uri == served.get("selfUri")

    request = emulator.last_request("get_oauth_clients")
    assert (request.method, request.target) == ("GET", "/api/v2/oauth/clients")


async def get_oauth_scope(emulator):
    api = emulator.api()
    scope = await api.get_oauth_scope("users:readonly", accept_language="de")
    assert scope.id == "users:readonly"
    assert scope.description == "Nur lesender Zugriff: Benutzer"
    assert scope.self_uri == "/api/v2/oauth/scopes/users:readonly"

    request = emulator.last_request("get_oauth_scope")
    assert (request.method, request.target) == ("GET", "/api/v2/oauth/scopes/users%3Areadonly")
    assert request.header("accept-language") == "de"

    scope = await api.get_oauth_scope("users:readonly")
    assert scope.description == "Read-only access to users"
    assert emulator.last_request("get_oauth_scope").header("accept-language") is None


async def get_oauth_scopes(emulator):
    api = emulator.api()
    served = emulator.fetch_json("/api/v2/oauth/scopes")
    descriptions = {
        "ja": "ユーザーへの読み取り専用アクセス",
        "es": "Acceso de solo lectura: usuarios",
        None: "Read-only access to users",
    }
    for language, description in descriptions.items():
        listing = await api.get_oauth_scopes(accept_language=language)
        assert listing.total == served.get("total")
        assert [scope.id for scope in listing.entities] == [scope["id"] for scope in served["entities"]]
        users = next(scope for scope in listing.entities if scope.id == "users:readonly")
        assert users.description == description

        request = emulator.last_request("get_oauth_scopes")
        assert (request.method, request.target) == ("GET", "/api/v2/oauth/scopes")
        assert request.header("accept-language") == language


async def post_oauth_client_secret(emulator):
    api = emulator.api()
    created = await api.post_oauth_clients(await client_credentials_request(emulator, api))
    rotated = await api.post_oauth_client_secret(created.id)
    request = emulator.last_request("post_oauth_client_secret")
    assert (request.method, request.target) == ("POST", f"/api/v2/oauth/clients/{created.id}/secret")
    assert (request.body, request.header("content-length")) == ("", "0")

    assert rotated.id == created.id
    assert rotated.secret != created.secret

    def api_with(secret):
        return emulator.api(credentials=Credentials.client_credentials(created.id, secret))

    await api_with(rotated.secret).get_oauth_clients()
    await expect_async_error(OAuthError.SignIn, api_with(created.secret).get_oauth_clients())


async def post_oauth_client_usage_query(emulator):
    api, client = emulator.api(), emulator.client_id
    execution = await api.post_oauth_client_usage_query(client, usage_query())
    assert execution.execution_id
    results = f"/api/v2/oauth/clients/{client}/usage/query/results/{execution.execution_id}"
    assert execution.results_uri == results

    request = emulator.last_request("post_oauth_client_usage_query")
    assert (request.method, request.target) == ("POST", f"/api/v2/oauth/clients/{client}/usage/query")
    assert request.header("content-type") == "application/json"
    assert request.json() == {
        "interval": "2026-01-01T00:00:00/2026-02-01T00:00:00",
        "granularity": "Week",
        "metrics": ["Requests", "Status429"],
        "groupBy": ["TemplateUri", "HttpMethod"],
    }


async def post_oauth_clients(emulator):
    api = emulator.api()
    created = await api.post_oauth_clients(web_server())
    assert created.secret.expose()
    assert_same_client(created, emulator.fetch_json(f"/api/v2/oauth/clients/{created.id}"))

    request = emulator.last_request("post_oauth_clients")
    assert (request.method, request.target) == ("POST", "/api/v2/oauth/clients")
    assert request.header("content-type") == "application/json"
    assert request.json() == web_server_as_json()

    minimal = OAuthClientRequest(name="Telefonbuch", authorized_grant_type=GrantType.TOKEN)
    await api.post_oauth_clients(minimal)
    sent = emulator.last_request("post_oauth_clients").json()
    assert sent == {"name": "Telefonbuch", "authorizedGrantType": "TOKEN"}


async def put_oauth_client(emulator):
    api = emulator.api()
    id = (await create_client(api)).id
    before = await api.get_oauth_client(id)
    changed = await api.put_oauth_client(id, replace(before.to_request(), state=ClientState.DISABLED))
    assert (changed.state, changed.secret) == (ClientState.DISABLED, None)

    request = emulator.last_request("put_oauth_client")
    assert (request.method, request.target) == ("PUT", f"/api/v2/oauth/clients/{id}")
    assert request.header("content-type") == "application/json"
    assert request.json() == {**web_server_as_json(), "state": "disabled"}

    rest = {"state": before.state, "date_modified": before.date_modified, "modified_by": before.modified_by}
    assert replace(changed, **rest) == before
    assert await api.get_oauth_client(id) == changed


def assert_same_client(client, served):
    """Compares a client with its JSON. A field that the JSON omits must be empty or None."""
    assert client.id == served["id"]
    assert client.name == served.get("name", "")
    assert client.access_token_validity_seconds == served.get("accessTokenValiditySeconds")
    assert client.description == served.get("description")
    assert client.registered_redirect_uri == served.get("registeredRedirectUri", [])
    assert client.role_ids == served.get("roleIds", [])
    assert client.date_created == parse_timestamp(served.get("dateCreated"))
    assert client.date_modified == parse_timestamp(served.get("dateModified"))
    for person, expected in (
        (client.created_by, served.get("createdBy")),
        (client.modified_by, served.get("modifiedBy")),
    ):
        assert (person is None) == (expected is None)
        if person:
            found = (person.id, person.name, person.self_uri)
            assert found == (expected.get("id"), expected.get("name"), expected.get("selfUri"))
    assert to_string(client.authorized_grant_type) == served.get("authorizedGrantType")
    assert client.scope == served.get("scope", [])
    assert [(one.role_id, one.division_id) for one in client.role_divisions] == [
        (one["roleId"], one["divisionId"]) for one in served.get("roleDivisions", [])
    ]
    assert to_string(client.state) == served.get("state")
    assert client.date_to_delete == parse_timestamp(served.get("dateToDelete"))
    assert client.self_uri == served.get("selfUri")


def to_string(value):
    return None if value is None else str(value)


CASES = [
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
]
