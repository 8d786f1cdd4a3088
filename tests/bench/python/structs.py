"""The models for `msgspec`."""

from __future__ import annotations

from datetime import datetime
from enum import Enum

import msgspec


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


class Model(msgspec.Struct, rename="camel"):
    pass


class Reference(Model):
    id: str | None = None
    name: str | None = None
    self_uri: str | None = None


class RoleDivision(Model):
    role_id: str
    division_id: str


class Client(Model):
    id: str
    name: str
    access_token_validity_seconds: int | None = None
    description: str | None = None
    registered_redirect_uri: list[str] = []
    secret: str | None = None
    role_ids: list[str] = []
    date_created: datetime | None = None
    date_modified: datetime | None = None
    created_by: Reference | None = None
    modified_by: Reference | None = None
    authorized_grant_type: GrantType | None = None
    scope: list[str] = []
    role_divisions: list[RoleDivision] = []
    state: ClientState | None = None
    date_to_delete: datetime | None = None
    self_uri: str | None = None


class Listing(Model):
    entities: list[Client]
    page_size: int | None = None
    page_number: int | None = None
    total: int | None = None
    first_uri: str | None = None
    previous_uri: str | None = None
    next_uri: str | None = None
    last_uri: str | None = None
    self_uri: str | None = None
    page_count: int | None = None


class Row(Model):
    client_id: str | None = None
    client_name: str | None = None
    organization_id: str | None = None
    user_id: str | None = None
    template_uri: str | None = None
    http_method: str | None = None
    status200: int | None = None
    status300: int | None = None
    status400: int | None = None
    status500: int | None = None
    status429: int | None = None
    requests: int | None = None
    date: datetime | None = None


class Usage(Model):
    results: list[Row]
    query_status: str | None = None


class Request(Model, kw_only=True):
    name: str
    authorized_grant_type: GrantType
    access_token_validity_seconds: int
    description: str
    registered_redirect_uri: list[str]
    role_ids: list[str]
    scope: list[str]
    role_divisions: list[RoleDivision]
    state: ClientState
    date_to_delete: datetime


def encoded_request():
    from values import REQUEST, ROLE_DIVISION

    request = Request(
        **REQUEST,
        authorized_grant_type=GrantType.CODE,
        role_divisions=[RoleDivision(*ROLE_DIVISION)],
        state=ClientState.ACTIVE,
    )
    return msgspec.json.encode(request)


read_listing = msgspec.json.Decoder(Listing).decode
read_usage = msgspec.json.Decoder(Usage).decode
read_client = msgspec.json.Decoder(Client).decode
