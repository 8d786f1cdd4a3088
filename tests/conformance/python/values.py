"""Values: reading, sending, comparing and printing."""

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

from subject import (
    UNKNOWN_CLIENT_ID,
    create_client,
    expect_async_error,
    expect_error,
    usage_query,
    web_server,
)


async def unknown_enum_value(emulator):
    api = emulator.api()
    id = (await create_client(api)).id
    served = {**client_json(emulator, id), "state": "hibernating"}
    emulator.replace_body("get_oauth_client", served)
    client = await api.get_oauth_client(id)
    assert client.state == ClientState.UNKNOWN(value="hibernating")
    assert str(client.state) == "hibernating"

    # The emulator itself would reject the unknown state.
    emulator.respond("put_oauth_client", served)
    assert await api.put_oauth_client(id, client.to_request()) == client
    assert emulator.last_request("put_oauth_client").json()["state"] == "hibernating"


async def unknown_field(emulator):
    api = emulator.api()
    id = (await create_client(api)).id
    known = await api.get_oauth_client(id)
    served = client_json(emulator, id)
    served["riskScore"] = 0.25
    served["labels"] = labels = [{"key": "team", "values": ["a", None]}]
    served["createdBy"]["division"] = {"id": "*"}
    served["roleDivisions"] = [{"roleId": "r1", "divisionId": "*", "until": "2031-07-01"}]
    emulator.replace_body("get_oauth_client", served)
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
    emulator.respond("put_oauth_client", served)
    await api.put_oauth_client(id, body)
    sent = emulator.last_request("put_oauth_client").json()
    assert sent["labels"] == [{"key": "team", "values": ["a", None, "b"]}]
    assert ("riskScore" in sent, sent["owner"]) == (False, {"team": "Wien", "since": 2026})
    assert sent["roleDivisions"] == served["roleDivisions"]


async def a_change_keeps_every_field(emulator):
    api = emulator.api()
    id = (await create_client(api)).id
    # A known field that is null or an empty list is the same as an absent one.
    original = {name: value for name, value in client_json(emulator, id).items() if value not in (None, [])}
    generator = random.Random(20_260_301)
    changes = [{name: value} for name, value in UNREADABLE]
    changes += [{_random_string(generator): _random_json(generator) for _ in range(4)} for _ in range(20)]
    for change in changes:
        served = {**original, **change}
        emulator.replace_body("get_oauth_client", served)
        client = await api.get_oauth_client(id)
        emulator.respond("put_oauth_client", served)
        await api.put_oauth_client(id, client.to_request())
        expected = {name: value for name, value in served.items() if name not in READ_ONLY}
        sent = emulator.last_request("put_oauth_client").json()
        assert json.dumps(sent, sort_keys=True) == json.dumps(expected, sort_keys=True), (sent, expected)
        emulator.reset()

    # Numbers that Python's types can't represent, and deeper nesting than Python can parse.
    for number in ("1e999", "0.10000000000000000001", "-0", "1" * 5_000, "[" * 5_000 + "]" * 5_000):
        emulator.replace_body("get_oauth_client", f'{json.dumps(original)[:-1]}, "weight": {number}}}')
        client = await api.get_oauth_client(id)
        emulator.respond("put_oauth_client", original)
        await api.put_oauth_client(id, replace(client.to_request(), description="Termine"))
        sent = emulator.last_request("put_oauth_client").body
        assert f'"weight":{number}}}' in sent, (sent, number)
        emulator.reset()


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


def _random_string(generator):
    return "x" + "".join(generator.choices('aé🕐"\\\n\0 /', k=generator.randrange(6)))


def _random_json(generator, depth=0):
    kind = generator.randrange(8 if depth < 3 else 6)
    if kind > 5:
        items = [_random_json(generator, depth + 1) for _ in range(generator.randrange(4))]
        return items if kind == 6 else {_random_string(generator): item for item in items}
    return (
        None,
        True,
        False,
        _random_string(generator),
        generator.randrange(-(2**70), 2**70),
        generator.random() * 1e9,
    )[kind]


async def extra_field_that_is_not_json(emulator):
    api = emulator.api()
    id = (await create_client(api)).id

    async def refusal(**fields):
        return str(await expect_async_error(TypeError, api.put_oauth_client(id, web_server(**fields))))

    circular = []
    circular.append(circular)
    for value in ({1, 2}, object(), b"", float("nan"), [float("inf")], circular, {("a",): 1}):
        message = await refusal(extra={"hook": value})
        assert message.startswith("body.extra['hook']: can't be written as JSON"), message
    message = await refusal(
        role_divisions=[RoleDivision(role_id="r1", division_id="*", extra={"until": {1}})]
    )
    assert message.startswith("body.role_divisions[0].extra['until']: can't be written as JSON"), message
    assert await refusal(extra=["hook"]) == "body.extra: a dict is required, not list"
    assert emulator.counts("put_oauth_client") == (0, 0)


async def unreadable_field(emulator):
    api = emulator.api()
    id = (await create_client(api)).id
    served = client_json(emulator, id)
    served["secret"] = "mW4tS9xQ-kept"
    served["accessTokenValiditySeconds"] = {"hours": 1}
    served["dateCreated"] = "the day before yesterday"
    emulator.replace_body("post_oauth_client_secret", served)
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
    id = (await create_client(api)).id
    served = client_json(emulator, id)
    served["dateCreated"] = "2026-03-01T09:30:00+01:00"
    served["dateModified"] = "2026-03-01T08:30:00.123Z"
    served["dateToDelete"] = "2026-03-01T08:30:00"
    emulator.replace_body("get_oauth_client", served)
    client = await api.get_oauth_client(id)
    timestamps = [client.date_created, client.date_modified, client.date_to_delete]
    assert timestamps == [half_past_eight, milliseconds, half_past_eight]
    assert all(timestamp.utcoffset() == timedelta(0) for timestamp in timestamps)

    elsewhere = milliseconds.astimezone(timezone(timedelta(hours=-5)))
    changed = await api.put_oauth_client(id, web_server(date_to_delete=elsewhere))
    assert emulator.last_request("put_oauth_client").json()["dateToDelete"] == "2026-03-01T08:30:00.123Z"
    assert changed.date_to_delete == milliseconds


async def timestamps_of_the_whole_calendar(emulator):
    api = emulator.api()
    id = (await create_client(api)).id
    served = client_json(emulator, id)
    for string, expected in (
        ("0001-01-01T00:00:00.000Z", datetime(1, 1, 1, tzinfo=timezone.utc)),
        ("1969-12-31T23:59:59.999Z", datetime(1970, 1, 1, tzinfo=timezone.utc) - timedelta(milliseconds=1)),
        ("9999-12-31T23:59:59.999Z", datetime(9999, 12, 31, 23, 59, 59, 999_000, timezone.utc)),
    ):
        served["dateToDelete"] = string
        emulator.replace_body("get_oauth_client", served)
        client = await api.get_oauth_client(id)
        assert client.date_to_delete == expected, string

        # The emulator itself supports fewer years.
        emulator.respond("put_oauth_client", served)
        assert await api.put_oauth_client(id, client.to_request()) == client
        assert emulator.last_request("put_oauth_client").json()["dateToDelete"] == string
        emulator.reset()


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
        for host_name in (name, name.replace("_", "-"), domain, f"https://api.{domain}"):
            assert Host.named(host_name) == host, host_name

    local = Host.named("http://127.0.0.1:8080")
    assert (local.api_url(), local.login_url()) == ("http://127.0.0.1:8080/", "http://127.0.0.1:8080/")
    assert Host.domain("xyz9.pure.cloud").api_url() == "https://api.xyz9.pure.cloud/"
    gateway = Host.gateway(
        "gateway.example.com", port=8443, path_params_login="login/eu", path_params_api="genesys"
    )
    assert gateway.api_url() == "https://gateway.example.com:8443/genesys/"
    assert gateway.login_url() == "https://gateway.example.com:8443/login/eu/"

    for nonsense in ("", "mars", "my purecloud.de", "ftp://api.mypurecloud.de", "http://api.mypurecloud.de"):
        error = expect_error(OAuthError.InvalidArgument, lambda: Host.named(nonsense))
        assert error.argument == "host", nonsense
    assert expect_error(OAuthError.InvalidArgument, lambda: Host.gateway("a/b")).argument == "gateway.host"


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
    id = (await create_client(api)).id
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
    created = await create_client(api)
    assert len(created.secret.expose()) > 8

    served = emulator.fetch_json("/api/v2/oauth/clients")
    served["entities"][0]["secret"] = canary
    emulator.replace_body("get_oauth_clients", served)
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
    emulator.respond("get_oauth_client", refusal, status=400)
    token_api = emulator.api(credentials=credentials[1])
    error = await expect_async_error(OAuthError.Api, token_api.get_oauth_client(UNKNOWN_CLIENT_ID))
    assert error.server_message == "Bearer *** may not"
    spaced = Config(
        host=Host.region(Region.EU_WEST_1), credentials=Credentials.access_token(Secret(f"{canary} "))
    )
    setting = expect_error(OAuthError.InvalidArgument, lambda: type(api)(spaced))

    printed = {
        "a client": [created],
        "a secret": [created.secret],
        "a listing": [listing],
        "a credential": credentials,
        "a configuration": [config, spaced, api, token_api],
        "an error": [error, setting, error.failure, error.args],
    }
    for kind, values in printed.items():
        for value in values:
            output = f"{value} {value!r} {value!s} {[value]} {getattr(value, '__dict__', '')}"
            for secret in (canary, created.secret.expose(), emulator.client_secret):
                assert secret not in output, f"{kind} shows a secret"


def client_json(emulator, id):
    """Fetches the JSON of a client directly."""
    return emulator.fetch_json(f"/api/v2/oauth/clients/{id}")


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
