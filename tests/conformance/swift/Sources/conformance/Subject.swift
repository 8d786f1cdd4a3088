// What the cases are tried on.

import Foundation
import PureCloudOAuth

/// An id that no client has.
let nobody = "00000000-0000-4000-8000-000000000000"

/// A client for a web server, with every field that suits one.
let webServer = OAuthClientRequest(
    name: "Rückrufe Zürich ☎",
    authorizedGrantType: .code,
    accessTokenValiditySeconds: 3_600,
    description: "Zeigt offene Rückrufe",
    registeredRedirectUri: ["https://rueckrufe.example.ch/callback"],
    scope: ["users:readonly", "routing"],
    state: .active,
    dateToDelete: Date(timeIntervalSince1970: 1_801_353_600)
)

let webServerAsJSON: JSON = [
    "name": "Rückrufe Zürich ☎",
    "authorizedGrantType": "CODE",
    "accessTokenValiditySeconds": 3_600,
    "description": "Zeigt offene Rückrufe",
    "registeredRedirectUri": ["https://rueckrufe.example.ch/callback"],
    "scope": ["users:readonly", "routing"],
    "state": "active",
    "dateToDelete": "2027-01-31T00:00:00.000Z",
]

/// A client that signs in by itself, with a role of the administrator.
func robot(_ emulator: Emulator, _ api: OAuthAPI) async throws -> OAuthClientRequest {
    let administrator = try await api.getOauthClient(clientId: emulator.clientId)
    let role = try present(administrator.roleDivisions.first, "a role")
    return OAuthClientRequest(
        name: "Nachtlauf",
        authorizedGrantType: .clientCredentials,
        roleDivisions: [RoleDivision(roleId: role.roleId, divisionId: "*")]
    )
}

func aClient(_ api: OAuthAPI) async throws -> OAuthClient {
    try await api.postOauthClients(body: webServer)
}

func anInactiveClient(_ api: OAuthAPI) async throws -> OAuthClient {
    var body = webServer
    body.state = .inactive
    return try await api.postOauthClients(body: body)
}

/// The id of a client that the administrator has authorized.
func anAuthorizedId(_ api: OAuthAPI) async throws -> String {
    let authorizations = try await api.getOauthAuthorizations().entities
    return try present(authorizations.compactMap(\.client).first, "an authorized client").id
}

let usageQuery = ApiUsageClientQuery(
    interval: "2026-01-01T00:00:00/2026-02-01T00:00:00",
    granularity: .week,
    metrics: [.requests, .status429],
    groupBy: [.templateUri, .httpMethod]
)

/// Asks for the result of a query until it is no longer running.
func complete(_ api: OAuthAPI, _ executionId: String, _ clientId: String) async throws -> ApiUsageQueryResult {
    while true {
        let result = try await api.getOauthClientUsageQueryResult(executionId: executionId, clientId: clientId)
        if result.queryStatus != .running {
            return result
        }
    }
}
