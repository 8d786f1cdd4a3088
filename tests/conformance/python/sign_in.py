"""Each way to sign in, the refusals, and the session afterwards."""

import asyncio
import json
import tempfile
from base64 import urlsafe_b64encode
from dataclasses import dataclass, replace
from datetime import datetime, timedelta, timezone
from hashlib import sha256
from pathlib import Path
from urllib.parse import parse_qs, parse_qsl, urlsplit

from purecloud_oauth import (
    Authorization,
    AuthorizationRequest,
    BlockingOAuthApi,
    Credentials,
    GrantType,
    OAuthApi,
    OAuthClientRequest,
    OAuthError,
    Secret,
    Session,
    Sources,
    find_config,
)

from subject import expect_async_error, expect_error

REDIRECT_URI = "http://127.0.0.1:8765/callback"
ANY_PORT = "http://127.0.0.1/callback"
# A shortened assertion of an identity provider.
ASSERTION = "PHNhbWxwOlJlc3BvbnNlIElEPSJfOGU4ZGM1ZjY5YTk4Y2M0YzFmZjM0MjdlNWNlMzQ2MDYiPg=="


@dataclass
class Client:
    """An OAuth client that users sign in to."""

    id: str
    secret: Secret

    @classmethod
    async def create(cls, emulator, grant_type=GrantType.CODE):
        created = await emulator.api().post_oauth_clients(
            OAuthClientRequest(
                name="Einsatzplanung",
                authorized_grant_type=grant_type,
                registered_redirect_uri=[REDIRECT_URI, ANY_PORT],
                access_token_validity_seconds=600,
                scope=["oauth"],
            )
        )
        emulator.forget_requests()
        return cls(created.id, created.secret)

    def authorization(self, **others):
        return Authorization(client_id=self.id, redirect_uri=REDIRECT_URI, **others)

    def request(self, emulator, **others):
        return AuthorizationRequest(emulator.host(), self.authorization(**others))

    def consent(self, emulator):
        """Returns credentials with an authorization code that the user consented to."""
        request = self.request(emulator)
        return request.credentials(emulator.consent(request.url()))

    async def sign_in(self, emulator):
        api = emulator.api(credentials=self.consent(emulator))
        await api.sign_in()
        return api

    def browser_credentials(self, **others):
        return Credentials.browser(Authorization(client_id=self.id, redirect_uri=ANY_PORT, **others))


def form(emulator):
    """Returns the form of the last request for a token."""
    return dict(parse_qsl(emulator.last_request("token").body))


def token_requests(emulator):
    return emulator.counts("token")[0]


def query(address):
    return dict(parse_qsl(urlsplit(address).query))


async def expect_refusal(code, call):
    """Awaits a call whose sign-in must be refused with this code, and returns the error."""
    error = await expect_async_error(OAuthError.SignIn, call)
    assert error.code == code, repr(error)
    return error


async def access_token(emulator):
    token = Secret(emulator.issue_token())
    api = emulator.api(credentials=Credentials.access_token(token))
    assert await api.sign_in() == Session(access_token=token)
    await api.get_oauth_clients()
    emulator.revoke_tokens()
    error = await expect_async_error(OAuthError.Api, api.get_oauth_clients())
    assert error.status == 401
    assert token_requests(emulator) == 0


async def code_with_pkce(emulator):
    client = await Client.create(emulator)
    request = client.request(emulator)
    verifier = request.code_verifier().expose()
    parameters = query(request.url())
    challenge = urlsafe_b64encode(sha256(verifier.encode()).digest()).rstrip(b"=").decode()
    assert (parameters["code_challenge"], parameters["code_challenge_method"]) == (challenge, "S256")
    redirect = emulator.consent(request.url())

    api = emulator.api(credentials=request.credentials(redirect))
    session = await api.sign_in()
    assert session.access_token and session.refresh_token
    left = session.expires_at - datetime.now(timezone.utc)
    assert timedelta(seconds=590) < left <= timedelta(seconds=600), left
    assert form(emulator) == {
        "grant_type": "authorization_code",
        "code": query(redirect)["code"],
        "redirect_uri": REDIRECT_URI,
        "code_verifier": verifier,
        "client_id": client.id,
    }
    assert emulator.last_request("token").header("authorization") is None
    assert (await api.get_oauth_scopes()).entities
    assert api.session() == session
    assert token_requests(emulator) == 1


async def code_with_secret(emulator):
    client = await Client.create(emulator)
    request = client.request(emulator, client_secret=client.secret, pkce=False)
    assert request.code_verifier() is None
    assert "code_challenge" not in query(request.url())
    api = emulator.api(credentials=request.credentials(emulator.consent(request.url())))
    await api.get_oauth_scopes()
    assert emulator.last_request("token").header("authorization").startswith("Basic ")
    assert list(form(emulator)) == ["grant_type", "code", "redirect_uri"]


async def code_used_twice(emulator):
    client = await Client.create(emulator)
    credentials = client.consent(emulator)
    await emulator.api(credentials=credentials).sign_in()
    error = await expect_refusal("invalid_grant", emulator.api(credentials=credentials).sign_in())
    assert "sign in again" in str(error), str(error)
    assert error.operation == "sign_in"


async def wrong_verifier(emulator):
    client = await Client.create(emulator)
    request, other = client.request(emulator), client.request(emulator)
    assert request.state() != other.state() and request.code_verifier() != other.code_verifier()

    def resume_with(verifier):
        redirect = emulator.consent(request.url())
        resumed = AuthorizationRequest.resumed(
            emulator.host(), client.authorization(), request.state(), verifier
        )
        return emulator.api(credentials=resumed.credentials(redirect))

    await resume_with(request.code_verifier()).sign_in()
    await expect_refusal("invalid_grant", resume_with(other.code_verifier()).sign_in())


async def expired_code(emulator):
    client = await Client.create(emulator)
    credentials = client.consent(emulator)
    emulator.advance_clock(301)
    await expect_refusal("invalid_grant", emulator.api(credentials=credentials).sign_in())


async def denied_consent(emulator):
    client = await Client.create(emulator)
    emulator.deny_consent()
    error = expect_error(OAuthError.SignIn, lambda: client.consent(emulator))
    assert (error.code, error.server_message) == ("access_denied", "the user refused the consent")
    assert token_requests(emulator) == 0


async def wrong_state(emulator):
    client = await Client.create(emulator)
    request = client.request(emulator)
    redirect = emulator.consent(request.url())
    forged = redirect.replace(request.state(), "another")
    error = expect_error(OAuthError.SignIn, lambda: request.credentials(forged))
    assert error.code is None
    assert query(redirect)["code"] not in f"{error!r} {vars(error)}"
    assert token_requests(emulator) == 0


async def redirect_on_another_port(emulator):
    client = await Client.create(emulator)
    request = client.request(emulator)
    redirect = emulator.consent(request.url())
    elsewhere = redirect.replace("8765", "8766")
    error = expect_error(OAuthError.InvalidArgument, lambda: request.credentials(elsewhere))
    assert error.argument == "redirect"
    credentials = Credentials.authorization_code(
        client.id,
        Secret(query(redirect)["code"]),
        REDIRECT_URI.replace("8765", "8766"),
        code_verifier=request.code_verifier(),
    )
    await expect_refusal("invalid_grant", emulator.api(credentials=credentials).sign_in())


async def refresh_token(emulator):
    client = await Client.create(emulator)
    kept = (await client.sign_in(emulator)).session().refresh_token
    api = emulator.api(credentials=Credentials.refresh_token(client.id, kept))
    assert api.session() is None
    await api.get_oauth_scopes()
    assert form(emulator) == {
        "grant_type": "refresh_token",
        "refresh_token": kept.expose(),
        "client_id": client.id,
    }
    present = api.session().refresh_token
    assert present and present != kept


async def refused_refresh_token(emulator):
    client = await Client.create(emulator)
    used = (await client.sign_in(emulator)).session().refresh_token
    credentials = Credentials.refresh_token(client.id, used)
    await emulator.api(credentials=credentials).sign_in()
    api = emulator.api(credentials=credentials)
    emulator.forget_requests()
    await expect_refusal("invalid_grant", api.get_oauth_scopes())
    await expect_refusal("invalid_grant", api.get_oauth_scopes())
    assert token_requests(emulator) == 1


async def kept_session(emulator):
    client = await Client.create(emulator)
    kept = (await client.sign_in(emulator)).session()
    emulator.forget_requests()
    api = emulator.api(credentials=Credentials.session(client.id, kept))
    assert api.session() == kept
    await api.get_oauth_scopes()
    assert api.session() == kept
    assert token_requests(emulator) == 0


async def saml2_bearer(emulator):
    client = await Client.create(emulator, GrantType.SAML2_BEARER)

    def api_for(organization):
        assertion = Secret(ASSERTION)
        credentials = Credentials.saml2_bearer(client.id, client.secret, organization, assertion)
        return emulator.api(credentials=credentials)

    name = emulator.organization_name()
    await api_for(name).get_oauth_scopes()
    assert form(emulator) == {
        "grant_type": "urn:ietf:params:oauth:grant-type:saml2-bearer",
        "orgName": name,
        "assertion": ASSERTION,
    }
    await expect_refusal("invalid_grant", api_for("somebody-else").sign_in())


async def implicit_redirect(emulator):
    token = emulator.issue_token()
    redirect = f"{REDIRECT_URI}#access_token={token}&expires_in=86400&token_type=bearer&state=k3v9"
    api = emulator.api(credentials=Credentials.implicit_redirect(redirect, state="k3v9"))
    await api.get_oauth_scopes()
    session = api.session()
    assert session.access_token == Secret(token) and session.expires_at
    error = expect_error(OAuthError.SignIn, lambda: Credentials.implicit_redirect(redirect, state="another"))
    assert token not in f"{error!r} {vars(error)}"


async def authorize_address(emulator):
    authorization = Authorization(
        client_id="6f1c5a0e-3b1d-4f0e-9a53-0c2f1f6f7f10",
        redirect_uri=REDIRECT_URI,
        org="landeswarnzentrale",
        provider="adfs",
        target="b1c2d3e4-0000-4000-8000-000000000001",
        login_hint="anna.gruber+dienst@example.at",
        prompt_login=True,
    )
    request = AuthorizationRequest(emulator.host(), authorization)
    page, _, _ = request.url().partition("?")
    assert page == f"{emulator.host().login_url()}oauth/authorize"
    parameters = parse_qs(urlsplit(request.url()).query, strict_parsing=True)
    (challenge,) = parameters.pop("code_challenge")
    assert len(challenge) == 43
    assert parameters == {
        "client_id": ["6f1c5a0e-3b1d-4f0e-9a53-0c2f1f6f7f10"],
        "redirect_uri": [REDIRECT_URI],
        "response_type": ["code"],
        "state": [request.state()],
        "org": ["landeswarnzentrale"],
        "provider": ["adfs"],
        "target": ["b1c2d3e4-0000-4000-8000-000000000001"],
        "login_hint": ["anna.gruber+dienst@example.at"],
        "prompt": ["login"],
        "code_challenge_method": ["S256"],
    }
    org_alone = replace(authorization, provider=None)
    error = expect_error(OAuthError.InvalidArgument, lambda: AuthorizationRequest(emulator.host(), org_alone))
    assert error.argument == "provider"


async def browser_sign_in(emulator):
    client = await Client.create(emulator)
    api = emulator.api(credentials=client.browser_credentials())
    error = await expect_async_error(OAuthError.SignIn, api.get_oauth_scopes())
    assert "sign in first" in str(error), str(error)
    assert emulator.counts("authorize")[0] == 0
    session = await api.sign_in()
    assert session.refresh_token and session.expires_at
    await api.get_oauth_scopes()
    assert await api.sign_in() == session
    assert (emulator.counts("authorize")[0], token_requests(emulator)) == (1, 1)


async def browser_denied(emulator):
    client = await Client.create(emulator)
    emulator.deny_consent()
    await expect_refusal("access_denied", emulator.api(credentials=client.browser_credentials()).sign_in())


async def browser_deadline(emulator):
    client = await Client.create(emulator)
    emulator.inject_fault("authorize", times=None, kind={"hang": {}})
    credentials = client.browser_credentials(deadline=timedelta(milliseconds=200))
    error = await expect_async_error(OAuthError.SignIn, emulator.api(credentials=credentials).sign_in())
    assert "200ms" in str(error), str(error)


async def sign_out(emulator):
    client = await Client.create(emulator)
    api = await client.sign_in(emulator)
    held = api.session().access_token
    assert await api.sign_out() is None
    assert emulator.counts("delete_tokens_me") == (1, 1)
    assert api.session() is None
    await expect_async_error(OAuthError.SignIn, api.get_oauth_scopes())
    ended = emulator.api(credentials=Credentials.access_token(held))
    assert (await expect_async_error(OAuthError.Api, ended.get_oauth_scopes())).status == 401


async def logout_page(emulator):
    page = emulator.host().logout_url("6f1c5a0e-3b1d-4f0e-9a53-0c2f1f6f7f10", REDIRECT_URI)
    assert page == (
        f"{emulator.host().login_url()}logout?client_id=6f1c5a0e-3b1d-4f0e-9a53-0c2f1f6f7f10"
        "&redirect_uri=http%3A%2F%2F127.0.0.1%3A8765%2Fcallback"
    )


async def revoked_token(emulator):
    api = await signed_in_with_a_revoked_token(emulator)
    for _ in range(3):
        assert (await api.get_oauth_scopes()).entities
    assert token_requests(emulator) == 1


async def refused_renewal(emulator):
    api = await signed_in_with_a_revoked_token(emulator)
    refusal = {"error": "invalid_grant", "error_description": "the session was ended"}
    emulator.respond("token", refusal, status=400, times=None)
    for _ in range(3):
        await expect_refusal("invalid_grant", api.get_oauth_scopes())
    assert token_requests(emulator) == 1


async def renewal_by_all_at_once(emulator):
    api = await signed_in_with_a_revoked_token(emulator)
    scopes = await asyncio.gather(*(api.get_oauth_scope("users") for _ in range(200)))
    assert [scope.id for scope in scopes] == ["users"] * 200
    assert token_requests(emulator) == 1


async def signed_in_with_a_revoked_token(emulator):
    client = await Client.create(emulator)
    api = await client.sign_in(emulator)
    emulator.revoke_tokens()
    emulator.forget_requests()
    return api


async def from_environment(emulator):
    async with OAuthApi.from_env() as api:
        assert api.host() == emulator.host()
        clients = (await api.get_oauth_clients()).entities
    assert emulator.client_id in [client.id for client in clients]
    with BlockingOAuthApi.from_env() as blocking:
        assert blocking.get_oauth_clients().entities == clients

    changed = replace(find_config(), user_agent_suffix="Nachtlauf/2.1")
    assert (await OAuthApi(changed).get_oauth_clients()).entities == clients
    user_agent = emulator.last_request("get_oauth_clients").header("user-agent")
    assert user_agent.endswith(" Nachtlauf/2.1"), user_agent


async def from_profile(emulator):
    id, secret = emulator.create_client()
    with tempfile.TemporaryDirectory() as home:
        write_profile(
            home, "leitstelle", environment=emulator.url, client_credentials=id, client_secret=secret
        )
        config = find_config(Sources(environment=False, profile="leitstelle", home=home))
    assert config.host == emulator.host()
    assert config.credentials == Credentials.client_credentials(id, Secret(secret))
    assert (await OAuthApi(config).get_oauth_clients()).entities


def write_profile(home, name, **keys):
    """Writes a profile in the file of the vendor's CLI."""
    file = Path(home, ".gc", "config.toml")
    file.parent.mkdir()
    file.touch(mode=0o600)
    # A JSON string is also a TOML string.
    lines = (f"{key} = {json.dumps(value)}\n" for key, value in keys.items())
    file.write_text(f"[{name}]\n{''.join(lines)}")


async def from_nowhere(emulator):
    with tempfile.TemporaryDirectory() as home:
        sources = Sources(environment=False, home=home)
        error = expect_error(OAuthError.InvalidArgument, lambda: find_config(sources))
    assert error.argument == "credentials"
    assert ".gc/config.toml" in str(error), str(error)
    assert "environment:" not in str(error), "the environment is switched off"
    assert emulator.received() == []


async def signing_in_is_not_printed(emulator):
    client = await Client.create(emulator)
    request = client.request(emulator, client_secret=client.secret)
    redirect = emulator.consent(request.url())
    credentials = request.credentials(redirect)
    api = emulator.api(credentials=credentials)
    session = await api.sign_in()
    error = await expect_refusal("invalid_grant", emulator.api(credentials=credentials).sign_in())

    secrets = [
        query(redirect)["code"],
        request.code_verifier().expose(),
        session.access_token.expose(),
        session.refresh_token.expose(),
        client.secret.expose(),
    ]
    authorization = client.authorization(client_secret=client.secret)
    printed = {
        "credentials": [
            credentials,
            Credentials.session(client.id, session, client.secret),
            Credentials.refresh_token(client.id, session.refresh_token, client.secret),
            Credentials.authorization_code(
                client.id, Secret(secrets[0]), REDIRECT_URI, client.secret, request.code_verifier()
            ),
            Credentials.saml2_bearer(client.id, client.secret, "acme", session.access_token),
            Credentials.browser(authorization),
            emulator.config(credentials=credentials),
        ],
        "a request": [authorization, request],
        "a session": [session, api],
        "an error": [error, error.failure, error.args],
    }
    for kind, values in printed.items():
        for value in values:
            output = f"{value} {value!r} {[value]} {getattr(value, '__dict__', '')}"
            for secret in secrets:
                assert secret not in output, f"{kind} shows a secret"


CASES = [
    access_token,
    code_with_pkce,
    code_with_secret,
    code_used_twice,
    wrong_verifier,
    expired_code,
    denied_consent,
    wrong_state,
    redirect_on_another_port,
    refresh_token,
    refused_refresh_token,
    kept_session,
    saml2_bearer,
    implicit_redirect,
    authorize_address,
    browser_sign_in,
    browser_denied,
    browser_deadline,
    sign_out,
    logout_page,
    revoked_token,
    refused_renewal,
    renewal_by_all_at_once,
    from_environment,
    from_profile,
    from_nowhere,
    signing_in_is_not_printed,
]
