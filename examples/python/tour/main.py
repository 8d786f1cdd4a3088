"""A tour of the OAuth API: each of the 13 operations once, in the order an administrator would.

Reads the vendor's environment variables: GENESYSCLOUD_REGION (a region, domain or base address), and
GENESYSCLOUD_OAUTHCLIENT_ID with GENESYSCLOUD_OAUTHCLIENT_SECRET, or GENESYSCLOUD_ACCESS_TOKEN; or a profile of the
vendor's CLI. Against a real organization it creates one client, and deletes it.
"""

import asyncio
import sys
from dataclasses import replace
from datetime import datetime, timedelta, timezone

from purecloud_oauth import (
    ApiUsageClientQuery,
    ApiUsageQueryResult,
    ClientState,
    GrantType,
    GroupBy,
    Metric,
    OAuthApi,
    OAuthClient,
    OAuthClientRequest,
    OAuthError,
    QueryStatus,
    usage_interval,
)


async def tour() -> None:
    try:
        api = OAuthApi.from_env()
    except OAuthError as error:
        sys.exit(f"tour: {error}; without an organization: cargo xtask tour python")
    tell("sign in", api.host().login_url())
    async with api:
        clients = await look_around(api)
        created = await create(api)
        try:
            await work_with(api, created, clients[0] if clients else created)
        finally:
            # Whatever went wrong before, nothing of the tour stays behind.
            await remove(api, created)


async def look_around(api: OAuthApi) -> list[OAuthClient]:
    """What the organization has; returns its clients."""
    scopes = await api.get_oauth_scopes()
    tell("get_oauth_scopes", f"{len(scopes.entities)} scopes")

    scope = await api.get_oauth_scope("users:readonly", accept_language="de")
    tell("get_oauth_scope", f"{scope.id}: {scope.description or ''}")

    authorizations = await api.get_oauth_authorizations()
    tell("get_oauth_authorizations", f"{len(authorizations.entities)} authorizations")

    authorized = next((one.client for one in authorizations.entities if one.client), None)
    if authorized:
        authorization = await api.get_oauth_authorization(authorized.id)
        state = authorization.state or "in an unknown state"
        scope_names = " ".join(authorization.scope)
        tell("get_oauth_authorization", f"{authorized.name} is {state}, with {scope_names}")
    else:
        tell("get_oauth_authorization", "left out: this user has authorized no client")

    response = await api.get_oauth_clients_with_http_info()
    clients = response.value.entities
    tell("get_oauth_clients", f"{len(clients)} clients")
    for client in clients[:3]:
        tell("", f"{client.name:<32} {client.authorized_grant_type or 'not told'}")
    limit = response.metadata.rate_limit
    if limit.count is not None and limit.allowed is not None:
        tell("", f"(request {limit.count} of {limit.allowed} in this minute)")
    return clients


async def create(api: OAuthApi) -> OAuthClient:
    created = await api.post_oauth_clients(
        OAuthClientRequest(
            name="purecloud-oauth tour",
            authorized_grant_type=GrantType.CODE,
            description="Made by the tour of purecloud-oauth, which deletes it again",
            registered_redirect_uri=["https://tour.example.com/callback"],
            scope=["users:readonly"],
        )
    )
    tell("post_oauth_clients", f"{created.id} {created.name}, its secret: {shown(created)}")
    return created


async def work_with(api: OAuthApi, created: OAuthClient, older: OAuthClient) -> None:
    """Read, change, rotate; and see how much an older client is used."""
    client = await api.get_oauth_client(created.id)
    tell("get_oauth_client", f"{client.name}, its secret: {shown(client)}")

    body = replace(client.to_request(), access_token_validity_seconds=3_600)
    changed = await api.put_oauth_client(created.id, body)
    tell("put_oauth_client", f"tokens now last {changed.access_token_validity_seconds} s")

    # Sent at most once: where the answer is lost, the old secret may be dead already.
    try:
        rotated = await api.post_oauth_client_secret(created.id)
    except OAuthError.OutcomeUnknown as error:
        sys.exit(f"tour: rotate once more to have a secret that is known: {error}")
    old = "the old one is dead" if rotated.secret != created.secret else "and it is the old one"
    tell("post_oauth_client_secret", f"{shown(rotated)}; {old}")

    await usage(api, older)


async def usage(api: OAuthApi, client: OAuthClient) -> None:
    """A summary of the last days, and a question of one's own; the second one is waited for."""
    summary = await api.get_oauth_client_usage_summary(client.id, days=7)
    tell("get_oauth_client_usage_summary", f"{client.name}: execution {summary.execution_id}")

    now = datetime.now(timezone.utc)
    query = ApiUsageClientQuery(
        interval=usage_interval(now - timedelta(days=30), now),
        metrics=[Metric.REQUESTS, Metric.STATUS429],
        group_by=[GroupBy.TEMPLATE_URI, GroupBy.HTTP_METHOD],
    )
    execution = await api.post_oauth_client_usage_query(client.id, query)
    tell("post_oauth_client_usage_query", f"execution {execution.execution_id}")

    result = await complete(api, execution.execution_id, client.id)
    requests = sum(row.requests or 0 for row in result.results)
    tell("get_oauth_client_usage_query_result", f"{len(result.results)} rows, {requests} requests")


async def complete(api: OAuthApi, execution_id: str, client_id: str) -> ApiUsageQueryResult:
    """Asks until the query is no longer running."""
    for _ in range(60):
        result = await api.get_oauth_client_usage_query_result(execution_id, client_id)
        if result.query_status == QueryStatus.COMPLETE:
            return result
        if result.query_status != QueryStatus.RUNNING:
            sys.exit(f"tour: the usage query is {result.query_status or 'in an unknown state'}")
        await asyncio.sleep(0.5)
    sys.exit("tour: the usage query was still running after half a minute")


async def remove(api: OAuthApi, created: OAuthClient) -> None:
    """Only an inactive client can be deleted."""
    client = await api.get_oauth_client(created.id)
    await api.put_oauth_client(created.id, replace(client.to_request(), state=ClientState.INACTIVE))
    tell("put_oauth_client", "now inactive")
    await api.delete_oauth_client(created.id)
    tell("delete_oauth_client", "gone")


def shown(client: OAuthClient) -> str:
    """Whether there is a secret, not which."""
    return "shown, this once" if client.secret else "not shown"


def tell(operation: str, what: str) -> None:
    print(f"{operation:<36} {what}")


if __name__ == "__main__":
    try:
        asyncio.run(tour())
    except OAuthError as error:
        sys.exit(f"tour: {error}")
