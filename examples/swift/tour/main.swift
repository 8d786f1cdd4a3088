// A tour of the OAuth API: calls each of the 13 operations, in a typical order for an administrator.
//
// Reads the settings of the vendor's tools: `GENESYSCLOUD_REGION` (a region, domain or base address) and
// `GENESYSCLOUD_OAUTHCLIENT_ID` with `GENESYSCLOUD_OAUTHCLIENT_SECRET`, or a profile of the CLI. Against a real
// organization it creates one client, and deletes it.

import Foundation
import PureCloudOAuth

do {
    try await tour()
} catch {
    FileHandle.standardError.write(Data("tour: \(error.localizedDescription)\n".utf8))
    exit(1)
}

func tour() async throws {
    let api = try OAuthAPI.fromEnv()
    printStep("sign in", api.host().loginUrl())

    let clients = try await listResources(api)
    let created = try await create(api)
    do {
        try await work(api, with: created, and: clients.first)
    } catch {
        // The created client is deleted even if a step has failed.
        try? await remove(api, created)
        throw error
    }
    do {
        try await remove(api, created)
    } catch {
        throw TourError("the client created by the tour can't be deleted: \(error.localizedDescription)")
    }
}

/// Reads the scopes, the authorizations and the clients of the organization, and returns the clients.
func listResources(_ api: OAuthAPI) async throws -> [OAuthClient] {
    let scopes = try await api.getOauthScopes()
    printStep("getOauthScopes", "\(scopes.entities.count) scopes")

    let scope = try await api.getOauthScope(scopeId: "users:readonly", acceptLanguage: "de")
    printStep("getOauthScope", "\(scope.id): \(scope.description ?? "")")

    let authorizations = try await api.getOauthAuthorizations()
    printStep("getOauthAuthorizations", "\(authorizations.entities.count) authorizations")

    if let client = authorizations.entities.compactMap(\.client).first {
        let authorization = try await api.getOauthAuthorization(clientId: client.id)
        let state = authorization.state?.description ?? "in an unknown state"
        let scopes = authorization.scope.joined(separator: " ")
        printStep("getOauthAuthorization", "\(client.name) is \(state), with \(scopes)")
    } else {
        printStep("getOauthAuthorization", "skipped: this user has authorized no client")
    }

    let response = try await api.getOauthClientsWithHttpInfo()
    let clients = response.value.entities
    printStep("getOauthClients", "\(clients.count) clients")
    for client in clients.prefix(3) {
        printDetail("\(padded(client.name, to: 32)) \(client.authorizedGrantType?.description ?? "unknown")")
    }
    let limit = response.metadata.rateLimit
    if let count = limit.count, let allowed = limit.allowed {
        printDetail("(request \(count) of \(allowed) in this minute)")
    }
    return clients
}

func create(_ api: OAuthAPI) async throws -> OAuthClient {
    let body = OAuthClientRequest(
        name: "purecloud-oauth tour",
        authorizedGrantType: .code,
        description: "Created by the tour of purecloud-oauth, which deletes it again",
        registeredRedirectUri: ["https://tour.example.com/callback"],
        scope: ["users:readonly"]
    )
    let created = try await api.postOauthClients(body: body)
    printStep("postOauthClients", "\(created.id) \(created.name), its secret: \(describeSecret(created))")
    return created
}

/// Reads and changes the created client, rotates its secret, and queries the usage of an older client.
func work(_ api: OAuthAPI, with created: OAuthClient, and older: OAuthClient?) async throws {
    let client = try await api.getOauthClient(clientId: created.id)
    printStep("getOauthClient", "\(client.name), its secret: \(describeSecret(client))")

    var body = client.toRequest()
    body.accessTokenValiditySeconds = 3_600
    let changed = try await api.putOauthClient(clientId: created.id, body: body)
    printStep("putOauthClient", "tokens now last \(changed.accessTokenValiditySeconds ?? 0) s")

    // A lost rotation is never retried, because the old secret may already be invalid.
    do {
        let rotated = try await api.postOauthClientSecret(clientId: created.id)
        let different = rotated.secret != created.secret
        let old = different ? "the old secret is no longer valid" : "but it equals the old secret"
        printStep("postOauthClientSecret", "\(describeSecret(rotated)); \(old)")
    } catch OAuthError.outcomeUnknown(let failure) {
        throw TourError("the outcome of the rotation is unknown, so rotate again: \(failure.text)")
    }
    try await usage(api, of: older ?? created)
}

/// Starts a usage summary and a usage query, and waits for the result of the query.
func usage(_ api: OAuthAPI, of client: OAuthClient) async throws {
    let summary = try await api.getOauthClientUsageSummary(clientId: client.id, days: 7)
    printStep("getOauthClientUsageSummary", "\(client.name): execution \(summary.executionId)")

    let now = Date()
    let thirtyDays: TimeInterval = 30 * 24 * 60 * 60
    let query = ApiUsageClientQuery(
        interval: try usageInterval(start: now - thirtyDays, end: now),
        metrics: [.requests, .status429],
        groupBy: [.templateUri, .httpMethod]
    )
    let execution = try await api.postOauthClientUsageQuery(clientId: client.id, body: query)
    printStep("postOauthClientUsageQuery", "execution \(execution.executionId)")

    let rows = try await results(api, of: execution.executionId, about: client.id)
    let requests = rows.compactMap(\.requests).reduce(0, +)
    printStep("getOauthClientUsageQueryResult", "\(rows.count) rows, \(requests) requests")
}

/// Polls the result until the query is no longer running.
func results(_ api: OAuthAPI, of executionId: String, about clientId: String) async throws -> [ApiUsageRow] {
    for _ in 0..<60 {
        let result = try await api.getOauthClientUsageQueryResult(executionId: executionId, clientId: clientId)
        switch result.queryStatus {
        case .complete:
            return result.results
        case .running:
            try await Task.sleep(nanoseconds: 500_000_000)
        case let status:
            throw TourError("the status of the usage query is \(status?.description ?? "unknown")")
        }
    }
    throw TourError("the usage query was still running after half a minute")
}

/// Deactivates and deletes a client: only inactive clients can be deleted.
func remove(_ api: OAuthAPI, _ created: OAuthClient) async throws {
    var body = try await api.getOauthClient(clientId: created.id).toRequest()
    body.state = .inactive
    _ = try await api.putOauthClient(clientId: created.id, body: body)
    printStep("putOauthClient", "now inactive")
    try await api.deleteOauthClient(clientId: created.id)
    printStep("deleteOauthClient", "deleted")
}

/// Describes whether the response contains a secret, without showing the secret.
func describeSecret(_ client: OAuthClient) -> String {
    client.secret == nil ? "not returned" : "returned in this response only"
}

func printStep(_ operation: String, _ result: String) {
    print(padded(operation, to: 36), result)
}

func printDetail(_ detail: String) {
    printStep("", detail)
}

func padded(_ string: String, to width: Int) -> String {
    string + String(repeating: " ", count: max(0, width - string.count))
}

/// An error of the tour itself, not of a call.
struct TourError: LocalizedError {
    let errorDescription: String?

    init(_ reason: String) {
        errorDescription = reason
    }
}
