"""The emulator, controlled over HTTP, and clients that use it."""

import asyncio
import http.client
import json
import os
import time
import urllib.request
from urllib.parse import urlsplit

from purecloud_oauth import BlockingOAuthApi, Config, Credentials, Host, OAuthApi, Secret


class Received:
    """A request as it arrived."""

    def __init__(self, said):
        self.endpoint = said["endpoint"]
        self.method = said["method"]
        # Path and query, as they were on the wire.
        self.target = said["target"]
        self.body = said["body"]
        self._headers = dict(said["headers"])

    def header(self, name):
        return self._headers.get(name)

    def json(self):
        return json.loads(self.body)


class Emulator:
    def __init__(self, url, client_id, client_secret):
        self.url = url
        self.client_id = client_id
        self.client_secret = client_secret
        # Nothing of the environment stands between.
        self._opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))

    @classmethod
    def from_environment(cls):
        names = ("EMULATOR_URL", "EMULATOR_CLIENT_ID", "EMULATOR_CLIENT_SECRET")
        return cls(*(os.environ[name] for name in names))

    def credentials(self):
        return Credentials.client_credentials(self.client_id, Secret(self.client_secret))

    def host(self):
        return Host.url(self.url)

    def config(self, **settings):
        """Settings with the administrator's credentials, unless others are given."""
        settings.setdefault("credentials", self.credentials())
        return Config(host=self.host(), **settings)

    def api(self, **settings):
        """A client that may do everything, and has not signed in yet."""
        return OAuthApi(self.config(**settings))

    def blocking_api(self, **settings):
        return BlockingOAuthApi(self.config(**settings))

    def start_over(self):
        """Forgets faults, counts and requests."""
        self._ask("DELETE", "/emulator/faults")
        self.forget_requests()

    def forget_requests(self):
        self._ask("DELETE", "/emulator/counts")

    def fault(self, endpoint, **fault):
        """Lets something go wrong; the emulator's README says what there is."""
        self._ask("POST", "/emulator/faults", {"endpoint": endpoint, **fault})

    def answer(self, endpoint, body, status=200, **fault):
        """Lets the operation have this answer in JSON, without being carried out."""
        answer = {"status": status, "content_type": "application/json", "body": json.dumps(body)}
        self.fault(endpoint, kind={"answer": answer}, **fault)

    def replace_body(self, endpoint, body):
        """Lets every answer of the operation have this body in place of its own: a value, or JSON as it is sent."""
        body = body if isinstance(body, str) else json.dumps(body)
        replaced = {"content_type": "application/json", "body": body}
        self.fault(endpoint, times=None, kind={"replace_body": replaced})

    def counts(self, endpoint):
        """How often it arrived, and how often it was carried out."""
        counts = self._ask("GET", "/emulator/counts")[endpoint]
        return counts["requests"], counts["executions"]

    def received(self):
        """All requests that arrived, sign-ins included."""
        return [Received(said) for said in self._ask("GET", "/emulator/requests")]

    def last_request(self, endpoint):
        return [request for request in self.received() if request.endpoint == endpoint][-1]

    def open(self):
        """What the emulator still serves: requests, and connections."""
        said = self._ask("GET", "/emulator/open")
        return said["requests"], said["connections"]

    def close_idle_connections(self):
        self._ask("POST", "/emulator/connections/close")

    def says(self, path):
        """What the API says at this path, asked past the client under test."""
        return self._ask("GET", path, headers={"Authorization": f"Bearer {self.token()}"})

    def another_client(self):
        """The id and the secret of a new client that may do everything."""
        made = self._ask("POST", "/emulator/clients", {})
        return made["client_id"], made["client_secret"]

    def token(self):
        """An access token of the administrator, had without a request that counts."""
        return self._ask("POST", "/emulator/tokens", {"client_id": self.client_id})["access_token"]

    def revoke_tokens(self):
        self._ask("POST", "/emulator/tokens/revoke")

    def advance(self, seconds):
        """Moves the emulator's clock, and that one alone."""
        self._ask("POST", "/emulator/clock", {"advance_seconds": seconds})

    def organization_name(self):
        return self._ask("GET", "/emulator/organization")["name"]

    def deny_consent(self):
        """Lets the next person who is asked refuse."""
        self._ask("POST", "/emulator/consent/deny", {"times": 1})

    def consent(self, page):
        """Where a browser is sent whose person consents at this page."""
        address = urlsplit(page)
        connection = http.client.HTTPConnection(address.netloc, timeout=30)
        try:
            connection.request("GET", f"{address.path}?{address.query}")
            return connection.getresponse().headers["Location"]
        finally:
            connection.close()

    def _ask(self, method, path, body=None, headers=None):
        content = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.url + path, data=content, method=method, headers=headers or {})
        with self._opener.open(request, timeout=30) as answer:
            text = answer.read()
        return json.loads(text) if text else None


async def until(what, is_so):
    """Asks again and again until it is so, for at most ten seconds."""
    start = time.monotonic()
    while not is_so():
        assert time.monotonic() - start < 10, f"not so after ten seconds: {what}"
        await asyncio.sleep(0.005)
