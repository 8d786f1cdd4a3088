"""Uses most of the interface with type annotations. Type checkers check this file; it is never executed.

A comment that ignores an error requires this error: the type checkers report comments that ignore no error.
"""

import asyncio
import dataclasses
from datetime import datetime, timedelta, timezone
from typing import Optional

import purecloud_oauth
from purecloud_oauth import (
    ApiUsageClientQuery,
    ApiUsageQueryResult,
    Authorization,
    AuthorizationRequest,
    BlockingOAuthApi,
    CallOptions,
    ClientState,
    Config,
    Credentials,
    Detail,
    EmptyResponse,
    ErrorBody,
    Failure,
    GrantType,
    Granularity,
    Host,
    InternalError,
    Metric,
    OAuthApi,
    OAuthClient,
    OAuthClientRequest,
    OAuthClientResponse,
    OAuthError,
    QueryStatus,
    Region,
    ResponseMetadata,
    RetryPolicy,
    RoleDivision,
    Secret,
    Session,
    Sources,
    find_config,
    usage_interval,
)
from typing_extensions import assert_type


def config() -> Config:
    host = Host.gateway("gateway.example.com", port=8443, path_params_api="genesys")
    assert_type(host, Host)
    assert_type(Host.region(Region.EU_CENTRAL_1).api_url(), str)
    assert_type(Region.EU_CENTRAL_1.domain(), str)
    return Config(
        host=host,
        credentials=Credentials.client_credentials("id", Secret("secret")),
        deadline=timedelta(seconds=20),
        retry=RetryPolicy(max_attempts=2, first_backoff=timedelta(milliseconds=100)),
        default_headers={"x-ticket": Secret("CHG-4711")},
        root_certificates=["-----BEGIN CERTIFICATE-----"],
        no_proxy=True,
    )


def found_settings() -> Config:
    settings = find_config(Sources(environment=False, profile="leitstelle"))
    assert_type(settings, Config)
    assert_type(find_config().proxy, Optional[Secret])
    return dataclasses.replace(settings, user_agent_suffix="Nachtlauf/2.1")


async def signing_in(redirect: str) -> Optional[Session]:
    authorization = Authorization(
        client_id="id",
        redirect_uri="http://127.0.0.1:8765/callback",
        pkce=True,
        prompt_login=True,
        deadline=timedelta(minutes=2),
    )
    request = AuthorizationRequest(Host.region(Region.EU_CENTRAL_1), authorization)
    assert_type(request.url(), str)
    assert_type(request.code_verifier(), Optional[Secret])
    resumed = AuthorizationRequest.resumed(
        Host.named("mypurecloud.de"), authorization, request.state(), request.code_verifier()
    )
    assert_type(resumed, AuthorizationRequest)
    credentials = resumed.credentials(redirect)
    assert_type(credentials, Credentials)
    async with OAuthApi(Config(host=Host.named("mypurecloud.de"), credentials=credentials)) as api:
        session = await api.sign_in()
        assert_type(session, Session)
        assert_type(session.access_token, Secret)
        assert_type(session.expires_at, Optional[datetime])
        assert_type(await api.sign_out(), None)
        assert_type(api.host().logout_url("id", authorization.redirect_uri), str)
        return api.session()


def ways_to_sign_in(secret: Secret, session: Session, authorization: Authorization) -> list[Credentials]:
    return [
        Credentials.access_token(secret),
        Credentials.client_credentials("id", secret),
        Credentials.authorization_code("id", secret, "https://wartung.example.at/", code_verifier=secret),
        Credentials.refresh_token("id", secret, client_secret=secret),
        Credentials.saml2_bearer("id", secret, "acme", secret),
        Credentials.session("id", session),
        Credentials.implicit_redirect("https://wartung.example.at/#access_token=a", state="k3v9"),
        Credentials.browser(authorization),
    ]


async def from_the_environment() -> None:
    assert_type(OAuthApi.from_env(), OAuthApi)
    async with OAuthApi.from_env() as api:
        assert_type((await api.get_oauth_clients()).entities, list[OAuthClient])
    with BlockingOAuthApi.from_env() as blocking_api:
        assert_type(blocking_api, BlockingOAuthApi)
        assert_type(blocking_api.sign_in().refresh_token, Optional[Secret])
        assert_type(blocking_api.session(), Optional[Session])


async def asynchronous() -> Optional[OAuthClient]:
    async with OAuthApi(config()) as api:
        listing = await api.get_oauth_clients()
        assert_type(listing.entities, list[OAuthClient])
        response = await api.get_oauth_client_with_http_info("id", options=CallOptions(without_retries=True))
        assert_type(response, OAuthClientResponse)
        assert_type(response.metadata, ResponseMetadata)
        assert_type(response.metadata.rate_limit.reset, Optional[timedelta])
        assert_type(await api.delete_oauth_client("id"), None)
        assert_type(await api.delete_oauth_client_with_http_info("id"), EmptyResponse)
        together = await asyncio.gather(api.get_oauth_client("a"), api.get_oauth_client("b"))
        assert_type(together[0], OAuthClient)
        task = asyncio.create_task(api.get_oauth_scope("users", accept_language="de"))
        assert_type((await task).description, Optional[str])
        return listing.entities[0] if listing.entities else None


def blocking() -> None:
    with BlockingOAuthApi(config()) as api:
        client = api.get_oauth_client("id")
        assert_type(client.state, Optional[ClientState])
        assert_type(client.date_created, Optional[datetime])
        assert_type(client.secret, Optional[Secret])
        body = client.to_request()
        assert_type(body, OAuthClientRequest)
        body.state = ClientState.INACTIVE
        changed = dataclasses.replace(
            body, name="other", role_divisions=[RoleDivision(role_id="a", division_id="*")]
        )
        assert_type(changed, OAuthClientRequest)
        api.put_oauth_client("id", changed)
        query = ApiUsageClientQuery(
            interval=usage_interval(datetime(2026, 1, 1, tzinfo=timezone.utc), datetime.now(timezone.utc)),
            granularity=Granularity.WEEK,
            metrics=[Metric.REQUESTS, Metric.UNKNOWN(value="Status418")],
        )
        execution = api.post_oauth_client_usage_query("id", query)
        result = api.get_oauth_client_usage_query_result(execution.execution_id, "id")
        assert_type(result, ApiUsageQueryResult)
        if result.query_status == QueryStatus.COMPLETE:
            print(sum(row.requests or 0 for row in result.results))
    api.close()


def errors(api: BlockingOAuthApi) -> Optional[str]:
    try:
        api.post_oauth_client_secret("id")
    except OAuthError.OutcomeUnknown as error:
        assert_type(error, OAuthError.OutcomeUnknown)
        assert_type(error.correlation_id, Optional[str])
        return f"{error.text} {error.server_may_have_acted}"
    except (OAuthError.Connection, OAuthError.Timeout) as error:
        assert_type(error.retry_after, Optional[timedelta])
        assert_type(error.worth_retrying, bool)
    except InternalError as error:
        assert_type(error.failure, Failure)
    except OAuthError as error:
        assert_type(error.details, list[Detail])
        assert_type(error.body, Optional[ErrorBody])
        assert_type(error.failure, Failure)
        return kind(error)
    return None


def kind(error: OAuthError) -> str:
    if isinstance(error, OAuthError.Api):
        return error.code or "without code"
    return type(error).__name__


def grant(client: OAuthClient) -> str:
    grant_type = client.authorized_grant_type
    assert_type(GrantType.CODE, GrantType)
    if grant_type is GrantType.CODE:
        return str(grant_type)
    if isinstance(grant_type, GrantType.UNKNOWN):
        assert_type(grant_type, GrantType.UNKNOWN)
        return grant_type.value
    return repr(purecloud_oauth.GrantType.TOKEN)


def in_a_test(error: type[OAuthError]) -> OAuthError:
    return OAuthError.Api(Failure(text="404", status=404))


def dataclass_functions(client: OAuthClient) -> None:
    assert_type(dataclasses.replace(client, id="b"), OAuthClient)
    assert_type([field.name for field in dataclasses.fields(client)], list[str])
    assert_type(client == OAuthClient(id="b"), bool)


def wrong(api: OAuthApi, blocking_api: BlockingOAuthApi) -> None:
    OAuthClientRequest(name="a")  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    OAuthClientRequest("a", GrantType.CODE)  # type: ignore  # pyright: ignore[reportCallIssue]
    OAuthClientRequest(name="a", authorized_grant_type="CODE")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    Credentials.client_credentials("id", "secret")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    Credentials.refresh_token("id", "token")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    Authorization(client_id="id")  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    find_config("leitstelle")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    blocking_api.session().access_token  # type: ignore[union-attr]  # pyright: ignore[reportOptionalMemberAccess]
    CallOptions(deadline=5)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    blocking_api.get_oauth_client(5)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    blocking_api.get_oauth_client()  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    api.get_oauth_client("id").name  # type: ignore[attr-defined]  # pyright: ignore
    GrantType.NOTHING  # type: ignore[attr-defined]  # pyright: ignore
    OAuthError.Nothing  # type: ignore[attr-defined]  # pyright: ignore
