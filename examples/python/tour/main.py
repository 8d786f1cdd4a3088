"""A tour of the OAuth API: calls each of the 13 operations, in a typical order for an administrator.

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
        sys.exit(f"tour: {error}; to run the tour without an organization: cargo xtask tour python")
    print_step("sign in", api.host().login_url())
    async with api:
        clients = await list_resources(api)
        created = await create(api)
        try:
            await work_with(api, created, clients[0] if clients else created)
        finally:
            # The created client is deleted even if a step has failed.
            await remove(api, created)


async def list_resources(api: OAuthApi) -> list[OAuthClient]:
    """Reads the scopes, the authorizations and the clients of the organization, and returns the clients."""
    scopes = await api.get_oauth_scopes()
    print_step("get_oauth_scopes", f"{len(scopes.entities)} scopes")

    scope = await api.get_oauth_scope("users:readonly", accept_language="de")
    print_step("get_oauth_scope", f"{scope.id}: {scope.description or ''}")

    authorizations = await api.get_oauth_authorizations()
    print_step("get_oauth_authorizations", f"{len(authorizations.entities)} authorizations")

    authorized = next((one.client for one in authorizations.entities if one.client), None)
    if authorized:
        authorization = await api.get_oauth_authorization(authorized.id)
        state = authorization.state or "in an unknown state"
        scope_names = " ".join(authorization.scope)
        print_step("get_oauth_authorization", f"{authorized.name} is {state}, with {scope_names}")
    else:
        print_step("get_oauth_authorization", "skipped: this user has authorized no client")

    response = await api.get_oauth_clients_with_http_info()
    clients = response.value.entities
    print_step("get_oauth_clients", f"{len(clients)} clients")
    for client in clients[:3]:
        print_step("", f"{client.name:<32} {client.authorized_grant_type or 'unknown'}")
    limit = response.metadata.rate_limit
    if limit.count is not None and limit.allowed is not None:
        print_step("", f"(request {limit.count} of {limit.allowed} in this minute)")
    return clients


async def create(api: OAuthApi) -> OAuthClient:
    created = await api.post_oauth_clients(
        OAuthClientRequest(
            name="purecloud-oauth tour",
            authorized_grant_type=GrantType.CODE,
            description="Created by the tour of purecloud-oauth, which deletes it again",
            registered_redirect_uri=["https://tour.example.com/callback"],
            scope=["users:readonly"],
        )
    )
    print_step("post_oauth_clients", f"{created.id} {created.name}, its secret: {describe_secret(created)}")
    return created


async def work_with(api: OAuthApi, created: OAuthClient, older: OAuthClient) -> None:
    """Reads and changes the created client, rotates its secret, and queries the usage of an older client."""
    client = await api.get_oauth_client(created.id)
    print_step("get_oauth_client", f"{client.name}, its secret: {describe_secret(client)}")

    body = replace(client.to_request(), access_token_validity_seconds=3_600)
    changed = await api.put_oauth_client(created.id, body)
    print_step("put_oauth_client", f"tokens now last {changed.access_token_validity_seconds} s")

    # A lost rotation is never retried, because the old secret may already be invalid.
    try:
        rotated = await api.post_oauth_client_secret(created.id)
    except OAuthError.OutcomeUnknown as error:
        sys.exit(f"tour: the outcome of the rotation is unknown, so rotate again: {error}")
    old = (
        "the old secret is no longer valid"
        if rotated.secret != created.secret
        else "but it equals the old secret"
    )
    print_step("post_oauth_client_secret", f"{describe_secret(rotated)}; {old}")

    await query_usage(api, older)


async def query_usage(api: OAuthApi, client: OAuthClient) -> None:
    """Starts a usage summary and a usage query, and waits for the result of the query."""
    summary = await api.get_oauth_client_usage_summary(client.id, days=7)
    print_step("get_oauth_client_usage_summary", f"{client.name}: execution {summary.execution_id}")

    now = datetime.now(timezone.utc)
    query = ApiUsageClientQuery(
        interval=usage_interval(now - timedelta(days=30), now),
        metrics=[Metric.REQUESTS, Metric.STATUS429],
        group_by=[GroupBy.TEMPLATE_URI, GroupBy.HTTP_METHOD],
    )
    execution = await api.post_oauth_client_usage_query(client.id, query)
    print_step("post_oauth_client_usage_query", f"execution {execution.execution_id}")

    result = await wait_for_result(api, execution.execution_id, client.id)
    requests = sum(row.requests or 0 for row in result.results)
    print_step("get_oauth_client_usage_query_result", f"{len(result.results)} rows, {requests} requests")


async def wait_for_result(api: OAuthApi, execution_id: str, client_id: str) -> ApiUsageQueryResult:
    """Polls the result until the query is no longer running."""
    for _ in range(60):
        result = await api.get_oauth_client_usage_query_result(execution_id, client_id)
        if result.query_status == QueryStatus.COMPLETE:
            return result
        if result.query_status != QueryStatus.RUNNING:
            sys.exit(f"tour: the status of the usage query is {result.query_status or 'unknown'}")
        await asyncio.sleep(0.5)
    sys.exit("tour: the usage query was still running after half a minute")


async def remove(api: OAuthApi, created: OAuthClient) -> None:
    """Deactivates and deletes a client: only inactive clients can be deleted."""
    client = await api.get_oauth_client(created.id)
    await api.put_oauth_client(created.id, replace(client.to_request(), state=ClientState.INACTIVE))
    print_step("put_oauth_client", "now inactive")
    await api.delete_oauth_client(created.id)
    print_step("delete_oauth_client", "deleted")


def describe_secret(client: OAuthClient) -> str:
    """Describes whether the response contains a secret, without showing the secret."""
    return "returned in this response only" if client.secret else "not returned"


def print_step(operation: str, result: str) -> None:
    print(f"{operation:<36} {result}")


if __name__ == "__main__":
    try:
        asyncio.run(tour())
    except OAuthError as error:
        sys.exit(f"tour: {error}")
