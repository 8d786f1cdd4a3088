"""The implementation with `requests`, and dataclasses that are filled by hand."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import Enum

import requests

from running import Blocking, check


class GrantType(Enum):
    CODE = "CODE"
    TOKEN = "TOKEN"
    SAML2_BEARER = "SAML2-BEARER"
    PASSWORD = "PASSWORD"
    CLIENT_CREDENTIALS = "CLIENT-CREDENTIALS"


class ClientState(Enum):
    ACTIVE = "active"
    DISABLED = "disabled"
    INACTIVE = "inactive"


@dataclass
class Reference:
    id: str | None
    name: str | None
    self_uri: str | None

    @classmethod
    def read(cls, found):
        return found and cls(found.get("id"), found.get("name"), found.get("selfUri"))


@dataclass
class RoleDivision:
    role_id: str
    division_id: str


@dataclass
class Client:
    id: str
    name: str
    access_token_validity_seconds: int | None
    description: str | None
    registered_redirect_uri: list[str]
    secret: str | None
    role_ids: list[str]
    date_created: datetime | None
    date_modified: datetime | None
    created_by: Reference | None
    modified_by: Reference | None
    authorized_grant_type: GrantType | None
    scope: list[str]
    role_divisions: list[RoleDivision]
    state: ClientState | None
    date_to_delete: datetime | None
    self_uri: str | None

    @classmethod
    def read(cls, found):
        return cls(
            id=found["id"],
            name=found["name"],
            access_token_validity_seconds=found.get("accessTokenValiditySeconds"),
            description=found.get("description"),
            registered_redirect_uri=found.get("registeredRedirectUri", []),
            secret=found.get("secret"),
            role_ids=found.get("roleIds", []),
            date_created=parse_timestamp(found.get("dateCreated")),
            date_modified=parse_timestamp(found.get("dateModified")),
            created_by=Reference.read(found.get("createdBy")),
            modified_by=Reference.read(found.get("modifiedBy")),
            authorized_grant_type=optional(GrantType, found.get("authorizedGrantType")),
            scope=found.get("scope", []),
            role_divisions=[
                RoleDivision(item["roleId"], item["divisionId"]) for item in found.get("roleDivisions", [])
            ],
            state=optional(ClientState, found.get("state")),
            date_to_delete=parse_timestamp(found.get("dateToDelete")),
            self_uri=found.get("selfUri"),
        )


@dataclass
class Listing:
    entities: list[Client]
    page_size: int | None
    page_number: int | None
    total: int | None
    first_uri: str | None
    previous_uri: str | None
    next_uri: str | None
    last_uri: str | None
    self_uri: str | None
    page_count: int | None

    @classmethod
    def read(cls, found):
        return cls(
            entities=[Client.read(client) for client in found["entities"]],
            page_size=found.get("pageSize"),
            page_number=found.get("pageNumber"),
            total=found.get("total"),
            first_uri=found.get("firstUri"),
            previous_uri=found.get("previousUri"),
            next_uri=found.get("nextUri"),
            last_uri=found.get("lastUri"),
            self_uri=found.get("selfUri"),
            page_count=found.get("pageCount"),
        )


@dataclass
class Row:
    client_id: str | None
    client_name: str | None
    organization_id: str | None
    user_id: str | None
    template_uri: str | None
    http_method: str | None
    status200: int | None
    status300: int | None
    status400: int | None
    status500: int | None
    status429: int | None
    requests: int | None
    date: datetime | None

    @classmethod
    def read(cls, found):
        return cls(
            client_id=found.get("clientId"),
            client_name=found.get("clientName"),
            organization_id=found.get("organizationId"),
            user_id=found.get("userId"),
            template_uri=found.get("templateUri"),
            http_method=found.get("httpMethod"),
            status200=found.get("status200"),
            status300=found.get("status300"),
            status400=found.get("status400"),
            status500=found.get("status500"),
            status429=found.get("status429"),
            requests=found.get("requests"),
            date=parse_timestamp(found.get("date")),
        )


def optional(kind, value):
    return None if value is None else kind(value)


def parse_timestamp(value):
    # Python before 3.11 does not parse the suffix Z.
    return value and datetime.fromisoformat(value.replace("Z", "+00:00"))


class WithRequests(Blocking):
    def __init__(self):
        from requests.adapters import HTTPAdapter
        from values import TOKEN

        self._session = requests.Session()
        self._session.mount("http://", HTTPAdapter(pool_maxsize=100))
        self._session.headers["authorization"] = f"Bearer {TOKEN}"

    def _request(self, verb, url, body=None):
        response = self._session.request(verb, url, json=body, timeout=30)
        response.raise_for_status()
        return response.json()

    def listing(self, size):
        from values import listing

        check(len(Listing.read(self._request("GET", listing(size))).entities) == size)

    def usage(self):
        from values import USAGE

        check(len([Row.read(row) for row in self._request("GET", USAGE)["results"]]) > 1)

    def create(self):
        from values import listing, request

        check(Client.read(self._request("POST", listing(1), request())).id)


IMPLEMENTATIONS = {"requests": WithRequests}
