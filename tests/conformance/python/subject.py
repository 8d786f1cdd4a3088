"""OAuth clients and queries that several cases use."""

from datetime import datetime, timezone

from purecloud_oauth import (
    ApiUsageClientQuery,
    ClientState,
    GrantType,
    Granularity,
    GroupBy,
    Metric,
    OAuthClientRequest,
    QueryStatus,
    RoleDivision,
)

# The id of a client that does not exist.
UNKNOWN_CLIENT_ID = "00000000-0000-4000-8000-000000000000"


def web_server(**changes):
    """Builds the request for a web server's client, with every field that applies to the code grant."""
    fields = {
        "name": "Rückrufe Zürich ☎",
        "authorized_grant_type": GrantType.CODE,
        "access_token_validity_seconds": 3_600,
        "description": "Zeigt offene Rückrufe",
        "registered_redirect_uri": ["https://rueckrufe.example.ch/callback"],
        "scope": ["users:readonly", "routing"],
        "state": ClientState.ACTIVE,
        "date_to_delete": datetime(2027, 1, 31, tzinfo=timezone.utc),
    }
    return OAuthClientRequest(**{**fields, **changes})


def web_server_as_json():
    """Returns the JSON that `web_server()` must be sent as."""
    return {
        "name": "Rückrufe Zürich ☎",
        "authorizedGrantType": "CODE",
        "accessTokenValiditySeconds": 3600,
        "description": "Zeigt offene Rückrufe",
        "registeredRedirectUri": ["https://rueckrufe.example.ch/callback"],
        "scope": ["users:readonly", "routing"],
        "state": "active",
        "dateToDelete": "2027-01-31T00:00:00.000Z",
    }


async def client_credentials_request(emulator, api):
    """Builds the request for a client with the client credentials grant and a role of the administrator."""
    administrator = await api.get_oauth_client(emulator.client_id)
    role = administrator.role_divisions[0].role_id
    return OAuthClientRequest(
        name="Nachtlauf",
        authorized_grant_type=GrantType.CLIENT_CREDENTIALS,
        role_divisions=[RoleDivision(role_id=role, division_id="*")],
    )


async def create_client(api):
    return await api.post_oauth_clients(web_server())


async def create_inactive_client(api):
    return await api.post_oauth_clients(web_server(state=ClientState.INACTIVE))


async def authorized_client_id(api):
    """Returns the id of a client that the administrator has authorized."""
    authorizations = await api.get_oauth_authorizations()
    return next(one.client for one in authorizations.entities if one.client).id


def usage_query():
    return ApiUsageClientQuery(
        interval="2026-01-01T00:00:00/2026-02-01T00:00:00",
        granularity=Granularity.WEEK,
        metrics=[Metric.REQUESTS, Metric.STATUS429],
        group_by=[GroupBy.TEMPLATE_URI, GroupBy.HTTP_METHOD],
    )


async def wait_for_result(api, execution_id, client_id):
    """Polls the result of a query, up to the end of the query."""
    while True:
        result = await api.get_oauth_client_usage_query_result(execution_id, client_id)
        if result.query_status != QueryStatus.RUNNING:
            return result


def parse_timestamp(string):
    """Parses a timestamp of the service. Returns None for None."""
    return None if string is None else datetime.fromisoformat(string.replace("Z", "+00:00"))


def expect_error(kind, call):
    """Makes a blocking call that must fail with an error of this kind, and returns the error."""
    try:
        call()
    except kind as error:
        return error
    raise AssertionError(f"the call did not fail with {kind.__name__}")


async def expect_async_error(kind, call):
    """Awaits a call that must fail with an error of this kind, and returns the error."""
    try:
        await call
    except kind as error:
        return error
    raise AssertionError(f"the call did not fail with {kind.__name__}")
