// OAuth clients and queries that several cases use.

import Foundation
import PureCloudOAuth

/// The id of a client that does not exist.
let unknownClientId = "00000000-0000-4000-8000-000000000000"

/// The request for a web server's client, with every field that applies to the code grant.
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

/// The JSON that `webServer` must be sent as.
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

/// Builds the request for a client with the client credentials grant and a role of the administrator.
func clientCredentialsRequest(_ emulator: Emulator, _ api: OAuthAPI) async throws -> OAuthClientRequest {
    let administrator = try await api.getOauthClient(clientId: emulator.clientId)
    let role = try unwrap(administrator.roleDivisions.first, "a role")
    return OAuthClientRequest(
        name: "Nachtlauf",
        authorizedGrantType: .clientCredentials,
        roleDivisions: [RoleDivision(roleId: role.roleId, divisionId: "*")]
    )
}

func createClient(_ api: OAuthAPI) async throws -> OAuthClient {
    try await api.postOauthClients(body: webServer)
}

func createInactiveClient(_ api: OAuthAPI) async throws -> OAuthClient {
    var body = webServer
    body.state = .inactive
    return try await api.postOauthClients(body: body)
}

/// Returns the id of a client that the administrator has authorized.
func authorizedClientId(_ api: OAuthAPI) async throws -> String {
    let authorizations = try await api.getOauthAuthorizations().entities
    return try unwrap(authorizations.compactMap(\.client).first, "an authorized client").id
}

let usageQuery = ApiUsageClientQuery(
    interval: "2026-01-01T00:00:00/2026-02-01T00:00:00",
    granularity: .week,
    metrics: [.requests, .status429],
    groupBy: [.templateUri, .httpMethod]
)

/// Polls the result of a query until the query is no longer running.
func waitForResult(_ api: OAuthAPI, _ executionId: String, _ clientId: String) async throws -> ApiUsageQueryResult {
    while true {
        let result = try await api.getOauthClientUsageQueryResult(executionId: executionId, clientId: clientId)
        if result.queryStatus != .running {
            return result
        }
    }
}
