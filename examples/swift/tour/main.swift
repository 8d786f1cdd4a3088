// A tour of the OAuth API: each of the 13 operations once, in the order an administrator would.
//
// Takes its settings from where the vendor's tools have them: `GENESYSCLOUD_REGION` (a region, domain or base address)
// and `GENESYSCLOUD_OAUTHCLIENT_ID` with `GENESYSCLOUD_OAUTHCLIENT_SECRET`, or a profile of the CLI. Against a real
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
    tell("sign in", api.host().loginUrl())

    let clients = try await lookAround(api)
    let created = try await create(api)
    do {
        try await work(api, with: created, and: clients.first)
    } catch {
        // Whatever went wrong before, nothing of the tour stays behind.
        try? await remove(api, created)
        throw error
    }
    do {
        try await remove(api, created)
    } catch {
        throw Stopped("the tour's own client could not be removed: \(error.localizedDescription)")
    }
}

/// What the organization has; returns its clients.
func lookAround(_ api: OAuthAPI) async throws -> [OAuthClient] {
    let scopes = try await api.getOauthScopes()
    tell("getOauthScopes", "\(scopes.entities.count) scopes")

    let scope = try await api.getOauthScope(scopeId: "users:readonly", acceptLanguage: "de")
    tell("getOauthScope", "\(scope.id): \(scope.description ?? "")")

    let authorizations = try await api.getOauthAuthorizations()
    tell("getOauthAuthorizations", "\(authorizations.entities.count) authorizations")

    if let client = authorizations.entities.compactMap(\.client).first {
        let authorization = try await api.getOauthAuthorization(clientId: client.id)
        let state = authorization.state?.description ?? "in an unknown state"
        let scopes = authorization.scope.joined(separator: " ")
        tell("getOauthAuthorization", "\(client.name) is \(state), with \(scopes)")
    } else {
        tell("getOauthAuthorization", "left out: this user has authorized no client")
    }

    let response = try await api.getOauthClientsWithHttpInfo()
    let clients = response.value.entities
    tell("getOauthClients", "\(clients.count) clients")
    for client in clients.prefix(3) {
        more("\(padded(client.name, to: 32)) \(client.authorizedGrantType?.description ?? "not told")")
    }
    let limit = response.metadata.rateLimit
    if let count = limit.count, let allowed = limit.allowed {
        more("(request \(count) of \(allowed) in this minute)")
    }
    return clients
}

func create(_ api: OAuthAPI) async throws -> OAuthClient {
    let body = OAuthClientRequest(
        name: "purecloud-oauth tour",
        authorizedGrantType: .code,
        description: "Made by the tour of purecloud-oauth, which deletes it again",
        registeredRedirectUri: ["https://tour.example.com/callback"],
        scope: ["users:readonly"]
    )
    let created = try await api.postOauthClients(body: body)
    tell("postOauthClients", "\(created.id) \(created.name), its secret: \(shown(created))")
    return created
}

/// Read, change, rotate; and see how much an older client is used.
func work(_ api: OAuthAPI, with created: OAuthClient, and older: OAuthClient?) async throws {
    let client = try await api.getOauthClient(clientId: created.id)
    tell("getOauthClient", "\(client.name), its secret: \(shown(client))")

    var body = client.toRequest()
    body.accessTokenValiditySeconds = 3_600
    let changed = try await api.putOauthClient(clientId: created.id, body: body)
    tell("putOauthClient", "tokens now last \(changed.accessTokenValiditySeconds ?? 0) s")

    // Sent at most once: where the answer is lost, the old secret may be dead already.
    do {
        let rotated = try await api.postOauthClientSecret(clientId: created.id)
        let old = rotated.secret != created.secret ? "the old one is dead" : "and it is the old one"
        tell("postOauthClientSecret", "\(shown(rotated)); \(old)")
    } catch OAuthError.outcomeUnknown(let failure) {
        throw Stopped("rotate once more to have a secret that is known: \(failure.text)")
    }
    try await usage(api, of: older ?? created)
}

/// A summary of the last days, and a question of one's own; the second one is waited for.
func usage(_ api: OAuthAPI, of client: OAuthClient) async throws {
    let summary = try await api.getOauthClientUsageSummary(clientId: client.id, days: 7)
    tell("getOauthClientUsageSummary", "\(client.name): execution \(summary.executionId)")

    let now = Date()
    let thirtyDays: TimeInterval = 30 * 24 * 60 * 60
    let query = ApiUsageClientQuery(
        interval: try usageInterval(start: now - thirtyDays, end: now),
        metrics: [.requests, .status429],
        groupBy: [.templateUri, .httpMethod]
    )
    let execution = try await api.postOauthClientUsageQuery(clientId: client.id, body: query)
    tell("postOauthClientUsageQuery", "execution \(execution.executionId)")

    let rows = try await results(api, of: execution.executionId, about: client.id)
    let requests = rows.compactMap(\.requests).reduce(0, +)
    tell("getOauthClientUsageQueryResult", "\(rows.count) rows, \(requests) requests")
}

/// Asks until the query is no longer running.
func results(_ api: OAuthAPI, of executionId: String, about clientId: String) async throws -> [ApiUsageRow] {
    for _ in 0..<60 {
        let result = try await api.getOauthClientUsageQueryResult(executionId: executionId, clientId: clientId)
        switch result.queryStatus {
        case .complete:
            return result.results
        case .running:
            try await Task.sleep(nanoseconds: 500_000_000)
        case let status:
            throw Stopped("the usage query is \(status?.description ?? "not told")")
        }
    }
    throw Stopped("the usage query was still running after half a minute")
}

/// Only an inactive client can be deleted.
func remove(_ api: OAuthAPI, _ created: OAuthClient) async throws {
    var body = try await api.getOauthClient(clientId: created.id).toRequest()
    body.state = .inactive
    _ = try await api.putOauthClient(clientId: created.id, body: body)
    tell("putOauthClient", "now inactive")
    try await api.deleteOauthClient(clientId: created.id)
    tell("deleteOauthClient", "gone")
}

/// Whether there is a secret, not which.
func shown(_ client: OAuthClient) -> String {
    client.secret == nil ? "not shown" : "shown, this once"
}

func tell(_ operation: String, _ what: String) {
    print(padded(operation, to: 36), what)
}

func more(_ what: String) {
    tell("", what)
}

func padded(_ text: String, to width: Int) -> String {
    text + String(repeating: " ", count: max(0, width - text.count))
}

/// Why the tour does not go on, where the service is not to blame.
struct Stopped: LocalizedError {
    let errorDescription: String?

    init(_ reason: String) {
        errorDescription = reason
    }
}
