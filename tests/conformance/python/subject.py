"""What the cases are tried on."""

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

# An id that no client has.
NOBODY = "00000000-0000-4000-8000-000000000000"


def web_server(**changes):
    """A client for a web server, with every field that suits one."""
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


async def robot(emulator, api):
    """A client that signs in by itself, with a role of the administrator."""
    administrator = await api.get_oauth_client(emulator.client_id)
    role = administrator.role_divisions[0].role_id
    return OAuthClientRequest(
        name="Nachtlauf",
        authorized_grant_type=GrantType.CLIENT_CREDENTIALS,
        role_divisions=[RoleDivision(role_id=role, division_id="*")],
    )


async def a_client(api):
    return await api.post_oauth_clients(web_server())


async def an_inactive_client(api):
    return await api.post_oauth_clients(web_server(state=ClientState.INACTIVE))


async def an_authorized_id(api):
    """The id of a client that the administrator has authorized."""
    authorizations = await api.get_oauth_authorizations()
    return next(one.client for one in authorizations.entities if one.client).id


def usage_query():
    return ApiUsageClientQuery(
        interval="2026-01-01T00:00:00/2026-02-01T00:00:00",
        granularity=Granularity.WEEK,
        metrics=[Metric.REQUESTS, Metric.STATUS429],
        group_by=[GroupBy.TEMPLATE_URI, GroupBy.HTTP_METHOD],
    )


async def complete(api, execution_id, client_id):
    """Asks for the result of a query until it is no longer running."""
    while True:
        result = await api.get_oauth_client_usage_query_result(execution_id, client_id)
        if result.query_status != QueryStatus.RUNNING:
            return result


def as_moment(text):
    """What the service writes for a moment, as Python has it; nothing stays nothing."""
    return None if text is None else datetime.fromisoformat(text.replace("Z", "+00:00"))


def raises(kind, call):
    """The error of this kind that a blocking call ends with."""
    try:
        call()
    except kind as error:
        return error
    raise AssertionError(f"it should have failed with {kind.__name__}")


async def ends_with(kind, call):
    """The error of this kind that a call ends with."""
    try:
        await call
    except kind as error:
        return error
    raise AssertionError(f"it should have failed with {kind.__name__}")
