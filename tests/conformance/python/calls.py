"""Metadata and options of a call, retries, blocking calls, and concurrent calls."""

import asyncio
from dataclasses import replace
from datetime import timedelta

from purecloud_oauth import CallOptions, ClientState, OAuthError, QueryStatus, Secret

from subject import (
    authorized_client_id,
    client_credentials_request,
    create_inactive_client,
    expect_async_error,
    expect_error,
    usage_query,
)

UNAVAILABLE = {"error": {"status": 503, "code": "service.unavailable"}}


async def metadata_of_an_answer(emulator):
    api = emulator.api()
    id = (await create_inactive_client(api)).id
    for endpoint in ("get_oauth_client", "delete_oauth_client"):
        headers = {
            "ININ-Correlation-Id": "6d1e9b0c-3f5a-4a77-9c1d-2b8f0e4a7c65",
            "inin-ratelimit-count": "42",
            "inin-ratelimit-allowed": "300",
            "inin-ratelimit-reset": "17",
        }
        emulator.inject_fault(endpoint, after_execution=True, kind={"answer": {"headers": headers}})

    def assert_metadata(metadata):
        assert metadata.correlation_id == "6d1e9b0c-3f5a-4a77-9c1d-2b8f0e4a7c65"
        assert (metadata.rate_limit.count, metadata.rate_limit.allowed) == (42, 300)
        assert metadata.rate_limit.reset == timedelta(seconds=17)
        assert metadata.attempts == 1
        assert timedelta(0) < metadata.elapsed < timedelta(seconds=10)

    read = await api.get_oauth_client_with_http_info(id)
    assert (read.value.id, read.metadata.status) == (id, 200)
    assert_metadata(read.metadata)
    deleted = await api.delete_oauth_client_with_http_info(id)
    assert deleted.metadata.status == 204
    assert_metadata(deleted.metadata)


async def options_of_one_call(emulator):
    api = emulator.api()
    await api.get_oauth_clients(options=CallOptions(headers={"x-ticket": Secret("CHG-4711")}))
    assert emulator.last_request("get_oauth_clients").header("x-ticket") == "CHG-4711"
    await api.get_oauth_clients()
    assert emulator.last_request("get_oauth_clients").header("x-ticket") is None

    emulator.forget_requests()
    emulator.inject_fault("get_oauth_clients", kind=UNAVAILABLE)
    call = api.get_oauth_clients(options=CallOptions(without_retries=True))
    assert (await expect_async_error(OAuthError.Api, call)).status == 503
    assert emulator.counts("get_oauth_clients")[0] == 1


async def reads_are_sent_again(emulator):
    emulator.inject_fault("get_oauth_client", kind=UNAVAILABLE)
    response = await emulator.api().get_oauth_client_with_http_info(emulator.client_id)
    assert response.value.id == emulator.client_id
    assert (response.metadata.status, response.metadata.attempts) == (200, 2)
    assert emulator.counts("get_oauth_client")[0] == 2


async def waiting_client(emulator):
    api = emulator.api()
    authorized_id = await authorized_client_id(api)
    authorization = await api.get_oauth_authorization(authorized_id, accept_language="de")
    authorizations = await api.get_oauth_authorizations()
    scope = await api.get_oauth_scope("users:readonly", accept_language="de")
    scopes = await api.get_oauth_scopes()
    new = await client_credentials_request(emulator, api)

    with emulator.blocking_api() as blocking:
        assert blocking.get_oauth_authorization(authorized_id, accept_language="de") == authorization
        assert blocking.get_oauth_authorizations() == authorizations
        assert blocking.get_oauth_scope("users:readonly", accept_language="de") == scope
        assert blocking.get_oauth_scopes() == scopes

        created = blocking.post_oauth_clients(new)
        client = blocking.get_oauth_client(created.id)
        assert client in blocking.get_oauth_clients().entities
        rotated = blocking.post_oauth_client_secret(created.id)
        assert rotated.secret and rotated.secret != created.secret

        summary = blocking.get_oauth_client_usage_summary(created.id, days=30)
        query = blocking.post_oauth_client_usage_query(created.id, usage_query())
        assert summary.execution_id != query.execution_id
        result = blocking.get_oauth_client_usage_query_result(query.execution_id, created.id)
        assert result.query_status == QueryStatus.RUNNING

        inactive = replace(client.to_request(), state=ClientState.INACTIVE)
        assert blocking.put_oauth_client(created.id, inactive).state == ClientState.INACTIVE
        assert blocking.delete_oauth_client(created.id) is None
        gone = expect_error(OAuthError.Api, lambda: blocking.get_oauth_client(created.id))
        assert gone.status == 404
        assert blocking.get_oauth_scopes_with_http_info().metadata.status == 200


async def two_hundred_calls_at_once(emulator):
    api, id = emulator.api(), emulator.client_id
    clients = await asyncio.gather(*(api.get_oauth_client(id) for _ in range(200)))
    assert [client.id for client in clients] == [id] * 200
    await api.get_oauth_client(id)
    assert emulator.counts("get_oauth_client") == (201, 201)
    assert emulator.counts("token")[0] == 1


CASES = [
    metadata_of_an_answer,
    options_of_one_call,
    reads_are_sent_again,
    waiting_client,
    two_hundred_calls_at_once,
]
