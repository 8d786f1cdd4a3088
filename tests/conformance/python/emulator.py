"""The emulator, controlled over HTTP, and API objects that use the emulator."""

import asyncio
import http.client
import json
import os
import time
import urllib.request
from urllib.parse import urlsplit

from purecloud_oauth import BlockingOAuthApi, Config, Credentials, Host, OAuthApi, Secret


class ReceivedRequest:
    """A request as the emulator received it."""

    def __init__(self, recorded):
        self.endpoint = recorded["endpoint"]
        self.method = recorded["method"]
        # The path and the query, exactly as sent.
        self.target = recorded["target"]
        self.body = recorded["body"]
        self._headers = dict(recorded["headers"])

    def header(self, name):
        return self._headers.get(name)

    def json(self):
        return json.loads(self.body)


class Emulator:
    def __init__(self, url, client_id, client_secret):
        self.url = url
        self.client_id = client_id
        self.client_secret = client_secret
        # Proxies from the environment are ignored.
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
        """Returns settings, by default with the administrator's credentials."""
        settings.setdefault("credentials", self.credentials())
        return Config(host=self.host(), **settings)

    def api(self, **settings):
        """Returns an API object, by default with all permissions, that has not signed in yet."""
        return OAuthApi(self.config(**settings))

    def blocking_api(self, **settings):
        return BlockingOAuthApi(self.config(**settings))

    def reset(self):
        """Deletes all faults, counts and recorded requests."""
        self._send("DELETE", "/emulator/faults")
        self.forget_requests()

    def forget_requests(self):
        self._send("DELETE", "/emulator/counts")

    def inject_fault(self, endpoint, **fault):
        """Injects a fault. The emulator's README lists the kinds of faults."""
        self._send("POST", "/emulator/faults", {"endpoint": endpoint, **fault})

    def respond(self, endpoint, body, status=200, **fault):
        """Makes this JSON the response of the operation, which is not executed."""
        response = {"status": status, "content_type": "application/json", "body": json.dumps(body)}
        self.inject_fault(endpoint, kind={"answer": response}, **fault)

    def replace_body(self, endpoint, body):
        """Replaces the body of every response of the operation with a value or with JSON text."""
        body = body if isinstance(body, str) else json.dumps(body)
        replaced = {"content_type": "application/json", "body": body}
        self.inject_fault(endpoint, times=None, kind={"replace_body": replaced})

    def counts(self, endpoint):
        """Returns the number of requests for an operation and the number of its executions."""
        counts = self._send("GET", "/emulator/counts")[endpoint]
        return counts["requests"], counts["executions"]

    def received(self):
        """Returns all requests that the emulator received, including sign-ins."""
        return [ReceivedRequest(recorded) for recorded in self._send("GET", "/emulator/requests")]

    def last_request(self, endpoint):
        return [request for request in self.received() if request.endpoint == endpoint][-1]

    def open(self):
        """Returns the number of open requests and the number of open connections."""
        numbers = self._send("GET", "/emulator/open")
        return numbers["requests"], numbers["connections"]

    def close_idle_connections(self):
        self._send("POST", "/emulator/connections/close")

    def fetch_json(self, path):
        """Fetches a resource directly, without the library under test."""
        return self._send("GET", path, headers={"Authorization": f"Bearer {self.issue_token()}"})

    def create_client(self):
        """Creates a client with all permissions, and returns its id and its secret."""
        created = self._send("POST", "/emulator/clients", {})
        return created["client_id"], created["client_secret"]

    def issue_token(self):
        """Issues an access token of the administrator, without a request that the emulator counts."""
        return self._send("POST", "/emulator/tokens", {"client_id": self.client_id})["access_token"]

    def revoke_tokens(self):
        self._send("POST", "/emulator/tokens/revoke")

    def advance_clock(self, seconds):
        """Advances the emulator's clock only."""
        self._send("POST", "/emulator/clock", {"advance_seconds": seconds})

    def organization_name(self):
        return self._send("GET", "/emulator/organization")["name"]

    def deny_consent(self):
        """Makes the next user deny consent."""
        self._send("POST", "/emulator/consent/deny", {"times": 1})

    def consent(self, page):
        """Consents at this authorize page like a user, and returns the address that the browser is redirected to."""
        address = urlsplit(page)
        connection = http.client.HTTPConnection(address.netloc, timeout=30)
        try:
            connection.request("GET", f"{address.path}?{address.query}")
            return connection.getresponse().headers["Location"]
        finally:
            connection.close()

    def _send(self, method, path, body=None, headers=None):
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.url + path, data=data, method=method, headers=headers or {})
        with self._opener.open(request, timeout=30) as response:
            content = response.read()
        return json.loads(content) if content else None


async def wait_until(description, condition):
    """Polls a condition, for at most ten seconds, and fails if the condition does not become true."""
    start = time.monotonic()
    while not condition():
        assert time.monotonic() - start < 10, f"after ten seconds this does not hold: {description}"
        await asyncio.sleep(0.005)
