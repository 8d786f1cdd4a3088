"""The request values and URLs that all implementations use."""

import os
from datetime import datetime, timezone

URL = os.environ["BENCH_URL"]
TOKEN = "a-token"
CLIENTS = "/api/v2/oauth/clients"
USAGE = f"{URL}/1{CLIENTS}/a-client/usage/query/results/an-execution"

# The values of a client to create, for every field.
REQUEST = {
    "name": "Terminübersicht",
    "description": "Liest die Termine der Filiale und schreibt sie in den Kalender",
    "registered_redirect_uri": ["https://termine.example.at/callback", "https://termine.example.at/other"],
    "role_ids": ["b3e2c1d0-5a4f-4e3d-9c8b-7a6f5e4d3c2b"],
    "scope": ["users:readonly", "calendars"],
    "access_token_validity_seconds": 86_400,
    "date_to_delete": datetime(2026, 12, 24, tzinfo=timezone.utc),
}
ROLE_DIVISION = ("b3e2c1d0-5a4f-4e3d-9c8b-7a6f5e4d3c2b", "*")


def listing(size):
    return f"{URL}/{size}{CLIENTS}"


def request():
    """Returns the client to create, as a JSON object."""
    role_id, division_id = ROLE_DIVISION
    return {
        "name": REQUEST["name"],
        "authorizedGrantType": "CODE",
        "accessTokenValiditySeconds": REQUEST["access_token_validity_seconds"],
        "description": REQUEST["description"],
        "registeredRedirectUri": REQUEST["registered_redirect_uri"],
        "roleIds": REQUEST["role_ids"],
        "scope": REQUEST["scope"],
        "roleDivisions": [{"roleId": role_id, "divisionId": division_id}],
        "state": "active",
        "dateToDelete": REQUEST["date_to_delete"].isoformat(),
    }
