"""Every kind of error, with its type, its message and its fields."""

import time
from datetime import timedelta

from purecloud_oauth import CallOptions, Credentials, OAuthError, Secret

from subject import UNKNOWN_CLIENT_ID, create_client, expect_async_error, expect_error, web_server


async def invalid_argument(emulator):
    error = await expect_async_error(OAuthError.InvalidArgument, emulator.api().get_oauth_client("a/b"))
    assert (error.operation, error.argument) == ("get_oauth_client", "client_id")
    assert str(error).startswith("get_oauth_client: client_id "), str(error)
    assert not error.server_may_have_acted and not error.worth_retrying
    assert (error.status, error.metadata) == (None, None)
    assert emulator.received() == [], "nothing is sent, not even for a token"


async def invalid_setting(emulator):
    error = expect_error(OAuthError.InvalidArgument, lambda: emulator.api(deadline=timedelta(0)))
    assert (error.operation, error.argument) == (None, "deadline")
    assert str(error).startswith("deadline is zero"), str(error)
    assert emulator.received() == []


async def sign_in(emulator):
    wrong = "qV7-not-the-secret-Zp3"
    api = emulator.api(credentials=Credentials.client_credentials(emulator.client_id, Secret(wrong)))
    error = await expect_async_error(OAuthError.SignIn, api.get_oauth_clients())
    assert error.operation == "get_oauth_clients"
    assert (error.status, error.code) == (401, "invalid_client")
    assert str(error).startswith("get_oauth_clients: no token: "), str(error)
    assert wrong not in f"{error} {error!r} {vars(error)}"
    assert not error.server_may_have_acted and not error.worth_retrying
    assert emulator.counts("get_oauth_clients")[0] == 0


async def api(emulator):
    error = await expect_async_error(OAuthError.Api, emulator.api().get_oauth_client(UNKNOWN_CLIENT_ID))
    assert isinstance(error, OAuthError)
    assert error.operation == "get_oauth_client"
    assert (error.status, error.code) == (404, "not.found")
    assert error.server_message == f"The requested OAuthClient with id {UNKNOWN_CLIENT_ID} was not found."
    assert error.correlation_id and error.correlation_id == error.body.context_id
    assert str(error) == (
        f"get_oauth_client: 404 not.found: The requested OAuthClient with id {UNKNOWN_CLIENT_ID} was not found "
        f"[correlation id {error.correlation_id}]"
    )
    assert not error.server_may_have_acted and not error.worth_retrying


async def api_field_details(emulator):
    body = {
        "message": "The request has two fields that can't be right.",
        "code": "bad.request",
        "status": 400,
        "details": [
            {"errorCode": "value.too.long", "fieldName": "description"},
            {"errorCode": "uri.not.absolute", "fieldName": "registeredRedirectUri"},
        ],
    }
    emulator.respond("post_oauth_clients", body, status=400)
    error = await expect_async_error(OAuthError.Api, emulator.api().post_oauth_clients(web_server()))
    assert error.status == 400
    assert [(detail.field_name, detail.error_code) for detail in error.details] == [
        ("description", "value.too.long"),
        ("registeredRedirectUri", "uri.not.absolute"),
    ]


async def retry_after(emulator):
    too_many_requests = {
        "error": {"status": 429, "code": "too.many.requests", "headers": {"Retry-After": "7"}}
    }
    emulator.inject_fault("get_oauth_clients", kind=too_many_requests)
    call = emulator.api().get_oauth_clients(options=CallOptions(without_retries=True))
    error = await expect_async_error(OAuthError.Api, call)
    assert (error.status, error.retry_after) == (429, timedelta(seconds=7))
    assert error.worth_retrying and not error.server_may_have_acted


async def connection(emulator):
    emulator.inject_fault("get_oauth_clients", times=None, kind={"reset": {}})
    error = await expect_async_error(OAuthError.Connection, emulator.api().get_oauth_clients())
    assert (error.operation, error.status) == ("get_oauth_clients", None)
    assert str(error).startswith("get_oauth_clients: the connection to "), str(error)
    assert error.worth_retrying
    assert error.metadata.attempts == 3
    assert emulator.counts("get_oauth_clients") == (3, 0)


async def timeout(emulator):
    api = emulator.api()
    await api.get_oauth_scopes()
    emulator.inject_fault("get_oauth_clients", times=None, kind={"hang": {}})
    start = time.monotonic()
    call = api.get_oauth_clients(options=CallOptions(deadline=timedelta(milliseconds=200)))
    error = await expect_async_error(OAuthError.Timeout, call)
    assert 0.2 <= time.monotonic() - start < 2
    assert error.status is None
    assert "no result within the deadline of 200ms" in str(error), str(error)
    assert error.worth_retrying


async def unreadable_answer(emulator):
    page = {"status": 200, "content_type": "text/html", "body": "<html>Please sign in</html>"}
    emulator.inject_fault("get_oauth_clients", times=None, kind={"answer": page})
    call = emulator.api().get_oauth_clients(options=CallOptions(without_retries=True))
    error = await expect_async_error(OAuthError.UnreadableAnswer, call)
    assert error.status == 200
    assert "a web page" in str(error) and "Please sign in" not in str(error), str(error)


async def outcome_unknown(emulator):
    api = emulator.api()
    id = (await create_client(api)).id
    emulator.inject_fault("post_oauth_client_secret", times=None, after_execution=True, kind={"reset": {}})
    error = await expect_async_error(OAuthError.OutcomeUnknown, api.post_oauth_client_secret(id))
    assert error.operation == "post_oauth_client_secret"
    assert "the operation may have been executed" in str(error), str(error)
    assert error.server_may_have_acted and not error.worth_retrying
    assert emulator.counts("post_oauth_client_secret") == (1, 1)


CASES = [
    invalid_argument,
    invalid_setting,
    sign_in,
    api,
    api_field_details,
    retry_after,
    connection,
    timeout,
    unreadable_answer,
    outcome_unknown,
]
