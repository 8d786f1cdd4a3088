"""Values: what is read, sent, compared and printed."""

import copy
import json
import pickle
import random
from dataclasses import replace
from datetime import datetime, timedelta, timezone

from purecloud_oauth import (
    ApiUsageClientQuery,
    ClientState,
    Config,
    Credentials,
    Host,
    OAuthError,
    Region,
    RoleDivision,
    Secret,
    usage_interval,
)

from subject import NOBODY, a_client, ends_with, raises, usage_query, web_server


async def unknown_enum_value(emulator):
    api = emulator.api()
    id = (await a_client(api)).id
    said = {**as_said(emulator, id), "state": "hibernating"}
    emulator.replace_body("get_oauth_client", said)
    client = await api.get_oauth_client(id)
    assert client.state == ClientState.UNKNOWN(value="hibernating")
    assert str(client.state) == "hibernating"

    # The emulator's own answer would be that it knows no such state.
    emulator.answer("put_oauth_client", said)
    assert await api.put_oauth_client(id, client.to_request()) == client
    assert emulator.last_request("put_oauth_client").json()["state"] == "hibernating"


async def unknown_field(emulator):
    api = emulator.api()
    id = (await a_client(api)).id
    known = await api.get_oauth_client(id)
    said = as_said(emulator, id)
    said["riskScore"] = 0.25
    said["labels"] = labels = [{"key": "team", "values": ["a", None]}]
    said["createdBy"]["division"] = {"id": "*"}
    said["roleDivisions"] = [{"roleId": "r1", "divisionId": "*", "until": "2031-07-01"}]
    emulator.replace_body("get_oauth_client", said)
    client = await api.get_oauth_client(id)
    assert client.extra == {"riskScore": 0.25, "labels": labels}
    assert client.role_divisions == [
        RoleDivision(role_id="r1", division_id="*", extra={"until": "2031-07-01"})
    ]
    assert client == replace(known, role_divisions=client.role_divisions, extra=client.extra)
    assert all(name in repr(client) for name in ("'riskScore': ***", "'labels': ***", "extra={'until': ***}"))
    assert not any(value in repr(client) for value in ("0.25", "team", "2031")), client
    for same in (copy.copy(client), copy.deepcopy(client), pickle.loads(pickle.dumps(client.to_request()))):
        assert same.extra == client.extra

    body = client.to_request()
    del body.extra["riskScore"]
    body.extra["labels"][0]["values"].append("b")
    body.extra["owner"] = {"team": "Wien", "since": 2026}
    emulator.answer("put_oauth_client", said)
    await api.put_oauth_client(id, body)
    sent = emulator.last_request("put_oauth_client").json()
    assert sent["labels"] == [{"key": "team", "values": ["a", None, "b"]}]
    assert ("riskScore" in sent, sent["owner"]) == (False, {"team": "Wien", "since": 2026})
    assert sent["roleDivisions"] == said["roleDivisions"]


async def a_change_keeps_every_field(emulator):
    api = emulator.api()
    id = (await a_client(api)).id
    # A known field that is null or an empty list is absent.
    whole = {name: value for name, value in as_said(emulator, id).items() if value not in (None, [])}
    chosen = random.Random(20_260_301)
    changes = [{name: value} for name, value in UNREADABLE]
    changes += [{_text(chosen): _json(chosen) for _ in range(4)} for _ in range(20)]
    for change in changes:
        said = {**whole, **change}
        emulator.replace_body("get_oauth_client", said)
        client = await api.get_oauth_client(id)
        emulator.answer("put_oauth_client", said)
        await api.put_oauth_client(id, client.to_request())
        expected = {name: value for name, value in said.items() if name not in READ_ONLY}
        sent = emulator.last_request("put_oauth_client").json()
        assert json.dumps(sent, sort_keys=True) == json.dumps(expected, sort_keys=True), (sent, expected)
        emulator.start_over()

    # Numbers that Python's own have not, and more levels than it can go down.
    for text in ("1e999", "0.10000000000000000001", "-0", "1" * 5_000, "[" * 5_000 + "]" * 5_000):
        emulator.replace_body("get_oauth_client", f'{json.dumps(whole)[:-1]}, "weight": {text}}}')
        client = await api.get_oauth_client(id)
        emulator.answer("put_oauth_client", whole)
        await api.put_oauth_client(id, replace(client.to_request(), description="Termine"))
        sent = emulator.last_request("put_oauth_client").body
        assert f'"weight":{text}}}' in sent, (sent, text)
        emulator.start_over()


UNREADABLE = [
    ("ipRestrictions", None),
    ("", "a field without a name"),
    ("scope", "users"),
    ("scope", ["users", None, 7]),
    ("dateToDelete", "24:00:00"),
    ("roleDivisions", ["x", {"roleId": "r1", "divisionId": "*"}]),
    ("roleDivisions", [{"roleId": "r1", "divisionId": "*", "condition": {"ranges": ["192.0.2.0/24"]}}]),
    ("accessTokenValiditySeconds", "3600"),
    ("accessTokenValiditySeconds", 2**64 - 1),
    ("description", {"de": "Wien"}),
    ("state", 7),
    ("name", {"de": "Wien"}),
    ("authorizedGrantType", ["CODE"]),
]

READ_ONLY = {"id", "secret", "dateCreated", "dateModified", "createdBy", "modifiedBy", "selfUri"}


def _text(chosen):
    return "x" + "".join(chosen.choices('aé🕐"\\\n\0 /', k=chosen.randrange(6)))


def _json(chosen, depth=0):
    kind = chosen.randrange(8 if depth < 3 else 6)
    if kind > 5:
        items = [_json(chosen, depth + 1) for _ in range(chosen.randrange(4))]
        return items if kind == 6 else {_text(chosen): item for item in items}
    return (None, True, False, _text(chosen), chosen.randrange(-(2**70), 2**70), chosen.random() * 1e9)[kind]


async def extra_field_that_is_not_json(emulator):
    api = emulator.api()
    id = (await a_client(api)).id

    async def refusal(**fields):
        return str(await ends_with(TypeError, api.put_oauth_client(id, web_server(**fields))))

    endless = []
    endless.append(endless)
    for value in ({1, 2}, object(), b"", float("nan"), [float("inf")], endless, {("a",): 1}):
        text = await refusal(extra={"hook": value})
        assert text.startswith("body.extra['hook']: can't be written as JSON"), text
    text = await refusal(role_divisions=[RoleDivision(role_id="r1", division_id="*", extra={"until": {1}})])
    assert text.startswith("body.role_divisions[0].extra['until']: can't be written as JSON"), text
    assert await refusal(extra=["hook"]) == "body.extra: a dict is required, not list"
    assert emulator.counts("put_oauth_client") == (0, 0)


async def unreadable_field(emulator):
    api = emulator.api()
    id = (await a_client(api)).id
    said = as_said(emulator, id)
    said["secret"] = "mW4tS9xQ-kept"
    said["accessTokenValiditySeconds"] = {"hours": 1}
    said["dateCreated"] = "the day before yesterday"
    emulator.replace_body("post_oauth_client_secret", said)
    client = await api.post_oauth_client_secret(id)
    assert client.secret.expose() == "mW4tS9xQ-kept"
    assert (client.access_token_validity_seconds, client.date_created) == (None, None)
    assert (client.id, client.name) == (id, web_server().name)
    assert client.date_to_delete == web_server().date_to_delete


async def counts_of_64_bits(emulator):
    api, client = emulator.api(), emulator.client_id
    execution = (await api.post_oauth_client_usage_query(client, usage_query())).execution_id
    result = {"queryStatus": "Complete", "results": [{"requests": 9_007_199_254_740_993}]}
    emulator.replace_body("get_oauth_client_usage_query_result", result)
    result = await api.get_oauth_client_usage_query_result(execution, client)
    assert result.results[0].requests == 9_007_199_254_740_993


async def moments(emulator):
    half_past_eight = datetime(2026, 3, 1, 8, 30, tzinfo=timezone.utc)
    milliseconds = half_past_eight + timedelta(milliseconds=123)
    api = emulator.api()
    id = (await a_client(api)).id
    said = as_said(emulator, id)
    said["dateCreated"] = "2026-03-01T09:30:00+01:00"
    said["dateModified"] = "2026-03-01T08:30:00.123Z"
    said["dateToDelete"] = "2026-03-01T08:30:00"
    emulator.replace_body("get_oauth_client", said)
    client = await api.get_oauth_client(id)
    arrived = [client.date_created, client.date_modified, client.date_to_delete]
    assert arrived == [half_past_eight, milliseconds, half_past_eight]
    assert all(moment.utcoffset() == timedelta(0) for moment in arrived)

    elsewhere = milliseconds.astimezone(timezone(timedelta(hours=-5)))
    changed = await api.put_oauth_client(id, web_server(date_to_delete=elsewhere))
    assert emulator.last_request("put_oauth_client").json()["dateToDelete"] == "2026-03-01T08:30:00.123Z"
    assert changed.date_to_delete == milliseconds


async def timestamps_of_the_whole_calendar(emulator):
    api = emulator.api()
    id = (await a_client(api)).id
    said = as_said(emulator, id)
    for text, expected in (
        ("0001-01-01T00:00:00.000Z", datetime(1, 1, 1, tzinfo=timezone.utc)),
        ("1969-12-31T23:59:59.999Z", datetime(1970, 1, 1, tzinfo=timezone.utc) - timedelta(milliseconds=1)),
        ("9999-12-31T23:59:59.999Z", datetime(9999, 12, 31, 23, 59, 59, 999_000, timezone.utc)),
    ):
        said["dateToDelete"] = text
        emulator.replace_body("get_oauth_client", said)
        client = await api.get_oauth_client(id)
        assert client.date_to_delete == expected, text

        # The emulator's own calendar is shorter.
        emulator.answer("put_oauth_client", said)
        assert await api.put_oauth_client(id, client.to_request()) == client
        assert emulator.last_request("put_oauth_client").json()["dateToDelete"] == text
        emulator.start_over()


async def unicode(emulator):
    name = '👩‍💻 e\u0301te\u0301 שלום \u202bمرحبا\u202c "quoted" \\ 😀'
    api = emulator.api()
    created = await api.post_oauth_clients(web_server(name=name, description=name))
    assert emulator.last_request("post_oauth_clients").json()["name"] == name
    client = await api.get_oauth_client(created.id)
    assert (client.name, client.description) == (name, name)


async def regions_and_hosts(emulator):
    regions = {
        Region.US_EAST_1: "mypurecloud.com",
        Region.EU_WEST_1: "mypurecloud.ie",
        Region.AP_SOUTHEAST_2: "mypurecloud.com.au",
        Region.AP_NORTHEAST_1: "mypurecloud.jp",
        Region.EU_CENTRAL_1: "mypurecloud.de",
        Region.US_WEST_2: "usw2.pure.cloud",
        Region.CA_CENTRAL_1: "cac1.pure.cloud",
        Region.AP_NORTHEAST_2: "apne2.pure.cloud",
        Region.EU_WEST_2: "euw2.pure.cloud",
        Region.AP_SOUTH_1: "aps1.pure.cloud",
        Region.US_EAST_2: "use2.us-gov-pure.cloud",
        Region.SA_EAST_1: "sae1.pure.cloud",
        Region.ME_CENTRAL_1: "mec1.pure.cloud",
        Region.AP_NORTHEAST_3: "apne3.pure.cloud",
        Region.EU_CENTRAL_2: "euc2.pure.cloud",
        Region.MX_CENTRAL_1: "mxc1.pure.cloud",
        Region.AP_SOUTHEAST_1: "apse1.pure.cloud",
        Region.EUSC_DE_EAST_1: "edee1.eusc-pure.cloud",
    }
    assert list(Region) == list(regions)
    for region, domain in regions.items():
        assert region.domain() == domain
        host = Host.region(region)
        assert host.api_url() == f"https://api.{domain}/"
        assert host.login_url() == f"https://login.{domain}/"
        name = region.name.lower()
        for text in (name, name.replace("_", "-"), domain, f"https://api.{domain}"):
            assert Host.named(text) == host, text

    local = Host.named("http://127.0.0.1:8080")
    assert (local.api_url(), local.login_url()) == ("http://127.0.0.1:8080/", "http://127.0.0.1:8080/")
    assert Host.domain("xyz9.pure.cloud").api_url() == "https://api.xyz9.pure.cloud/"
    gateway = Host.gateway(
        "gateway.example.com", port=8443, path_params_login="login/eu", path_params_api="genesys"
    )
    assert gateway.api_url() == "https://gateway.example.com:8443/genesys/"
    assert gateway.login_url() == "https://gateway.example.com:8443/login/eu/"

    for nonsense in ("", "mars", "my purecloud.de", "ftp://api.mypurecloud.de", "http://api.mypurecloud.de"):
        error = raises(OAuthError.InvalidArgument, lambda: Host.named(nonsense))
        assert error.argument == "host", nonsense
    assert raises(OAuthError.InvalidArgument, lambda: Host.gateway("a/b")).argument == "gateway.host"


async def interval_of_a_query(emulator):
    start = datetime(2026, 3, 1, 1, 0, 0, 987_000, tzinfo=timezone(timedelta(hours=1)))
    end = datetime(2026, 3, 8, tzinfo=timezone.utc)
    query = ApiUsageClientQuery(interval=usage_interval(start, end))
    assert query.interval == "2026-03-01T00:00:00/2026-03-08T00:00:00"
    await emulator.api().post_oauth_client_usage_query(emulator.client_id, query)
    sent = emulator.last_request("post_oauth_client_usage_query").json()
    assert sent == {"interval": "2026-03-01T00:00:00/2026-03-08T00:00:00"}


async def equality_and_copies(emulator):
    api = emulator.api()
    id = (await a_client(api)).id
    client = await api.get_oauth_client(id)
    assert await api.get_oauth_client(id) == client

    copy = replace(client, name="Rückrufe Basel")
    assert copy != client
    assert (copy.name, client.name) == ("Rückrufe Basel", web_server().name)
    assert replace(copy, name=client.name) == client

    printed = repr(client)
    for field in (
        "OAuthClient",
        "id=",
        "name=",
        "registered_redirect_uri=",
        "authorized_grant_type=",
        "state=",
    ):
        assert field in printed, printed
    assert id in printed and "Rückrufe Zürich ☎" in printed, printed


async def secrets_are_not_printed(emulator):
    canary = "canary-5Zq9tR2wX7vB4nM8kL1p"
    api = emulator.api()
    created = await a_client(api)
    assert len(created.secret.expose()) > 8

    said = emulator.says("/api/v2/oauth/clients")
    said["entities"][0]["secret"] = canary
    emulator.replace_body("get_oauth_clients", said)
    listing = await api.get_oauth_clients()
    assert listing.entities[0].secret.expose() == canary

    credentials = [
        Credentials.client_credentials("id", Secret(canary)),
        Credentials.access_token(Secret(canary)),
    ]
    config = emulator.config(
        credentials=credentials[1],
        proxy=Secret(f"http://wartung:{canary}@127.0.0.1:3128"),
        default_headers={"x-api-key": Secret(canary)},
    )
    refusal = {"code": "bad.request", "status": 400, "message": f"Bearer {canary} may not"}
    emulator.answer("get_oauth_client", refusal, status=400)
    by_token = emulator.api(credentials=credentials[1])
    error = await ends_with(OAuthError.Api, by_token.get_oauth_client(NOBODY))
    assert error.server_message == "Bearer *** may not"
    spaced = Config(
        host=Host.region(Region.EU_WEST_1), credentials=Credentials.access_token(Secret(f"{canary} "))
    )
    setting = raises(OAuthError.InvalidArgument, lambda: type(api)(spaced))

    printed = {
        "a client": [created],
        "a secret": [created.secret],
        "a listing": [listing],
        "a credential": credentials,
        "a configuration": [config, spaced, api, by_token],
        "an error": [error, setting, error.failure, error.args],
    }
    for what, things in printed.items():
        for thing in things:
            text = f"{thing} {thing!r} {thing!s} {[thing]} {getattr(thing, '__dict__', '')}"
            for secret in (canary, created.secret.expose(), emulator.client_secret):
                assert secret not in text, f"{what} shows a secret"


def as_said(emulator, id):
    """A client in the service's own JSON."""
    return emulator.says(f"/api/v2/oauth/clients/{id}")


CASES = [
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
]
