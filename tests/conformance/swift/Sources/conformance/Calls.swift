// Metadata and options of a call, retries, blocking calls, and concurrent calls.

import Foundation
import PureCloudOAuth

let callCases = [
    Case("metadata_of_an_answer", metadataOfAnAnswer),
    Case("options_of_one_call", optionsOfOneCall),
    Case("reads_are_sent_again", readsAreSentAgain),
    Case("waiting_client", waitingClient),
    Case("two_hundred_calls_at_once", twoHundredCallsAtOnce),
]

@Sendable func metadataOfAnAnswer(_ emulator: Emulator) async throws {
    let api = try emulator.api
    let id = try await createInactiveClient(api).id
    for operation in ["get_oauth_client", "delete_oauth_client"] {
        let headers: JSON = [
            "ININ-Correlation-Id": "6d1e9b0c-3f5a-4a77-9c1d-2b8f0e4a7c65",
            "inin-ratelimit-count": "42",
            "inin-ratelimit-allowed": "300",
            "inin-ratelimit-reset": "17",
        ]
        let kind: JSON = ["answer": ["headers": headers]]
        try await emulator.injectFault(["endpoint": .string(operation), "after_execution": true, "kind": kind])
    }
    func expectMetadata(_ metadata: ResponseMetadata) throws {
        try expect(metadata.correlationId, "6d1e9b0c-3f5a-4a77-9c1d-2b8f0e4a7c65")
        try expect(metadata.rateLimit, RateLimit(count: 42, allowed: 300, reset: 17))
        try expect(metadata.attempts, 1)
        try expect(metadata.elapsed > 0 && metadata.elapsed < 10, "it took \(metadata.elapsed) s")
    }
    let read = try await api.getOauthClientWithHttpInfo(clientId: id)
    try expect(read.value.id, id)
    try expect(read.metadata.status, 200)
    try expectMetadata(read.metadata)
    let deleted = try await api.deleteOauthClientWithHttpInfo(clientId: id)
    try expect(deleted.metadata.status, 204)
    try expectMetadata(deleted.metadata)
}

@Sendable func optionsOfOneCall(_ emulator: Emulator) async throws {
    let api = try emulator.api
    let options = CallOptions(headers: ["x-ticket": Secret(text: "CHG-4711")])
    _ = try await api.getOauthClients(options: options)
    try expect(try await emulator.lastRequest("get_oauth_clients").header("x-ticket"), "CHG-4711")
    _ = try await api.getOauthClients()
    try expect(try await emulator.lastRequest("get_oauth_clients").header("x-ticket"), nil)

    try await emulator.forgetRequests()
    let unavailable: JSON = ["error": ["status": 503, "code": "service.unavailable"]]
    try await emulator.injectFault(["endpoint": "get_oauth_clients", "kind": unavailable])
    let error = try await expectError("a final error") {
        try await api.getOauthClients(options: CallOptions(withoutRetries: true))
    }
    guard case .api = error else { throw CaseFailure("\(error)") }
    try expect(error.status, 503)
    try expect(try await emulator.counts("get_oauth_clients").requests, 1)
}

@Sendable func readsAreSentAgain(_ emulator: Emulator) async throws {
    let unavailable: JSON = ["error": ["status": 503, "code": "service.unavailable"]]
    try await emulator.injectFault(["endpoint": "get_oauth_client", "kind": unavailable])
    let response = try await emulator.api.getOauthClientWithHttpInfo(clientId: emulator.clientId)
    try expect(response.value.id, emulator.clientId)
    try expect(response.metadata.status, 200)
    try expect(response.metadata.attempts, 2)
    try expect(try await emulator.counts("get_oauth_client").requests, 2)
}

@Sendable func waitingClient(_ emulator: Emulator) async throws {
    let api = try emulator.api
    let authorizedId = try await authorizedClientId(api)
    let authorization = try await api.getOauthAuthorization(clientId: authorizedId, acceptLanguage: "de")
    let authorizations = try await api.getOauthAuthorizations()
    let scope = try await api.getOauthScope(scopeId: "users:readonly", acceptLanguage: "de")
    let scopes = try await api.getOauthScopes()
    let new = try await clientCredentialsRequest(emulator, api)

    let blocking = try BlockingOAuthAPI(config: emulator.config)
    try await onSeparateThread {
        try expect(
            try blocking.getOauthAuthorization(clientId: authorizedId, acceptLanguage: "de"), authorization)
        try expect(try blocking.getOauthAuthorizations(), authorizations)
        try expect(try blocking.getOauthScope(scopeId: "users:readonly", acceptLanguage: "de"), scope)
        try expect(try blocking.getOauthScopes(), scopes)

        let created = try blocking.postOauthClients(body: new)
        let client = try blocking.getOauthClient(clientId: created.id)
        let clients = try blocking.getOauthClients()
        try expect(clients.entities.first { $0.id == created.id }, client)
        let rotated = try blocking.postOauthClientSecret(clientId: created.id)
        try expect(rotated.secret != nil && rotated.secret != created.secret, "the secret is the same")

        let summary = try blocking.getOauthClientUsageSummary(clientId: created.id, days: 30)
        let query = try blocking.postOauthClientUsageQuery(clientId: created.id, body: usageQuery)
        try expect(summary.executionId != query.executionId, "the executions are the same")
        let result = try blocking.getOauthClientUsageQueryResult(
            executionId: query.executionId, clientId: created.id)
        try expect(result.queryStatus, .running)

        var inactive = client.toRequest()
        inactive.state = .inactive
        let changed = try blocking.putOauthClient(clientId: created.id, body: inactive)
        try expect(changed.state, .inactive)
        try blocking.deleteOauthClient(clientId: created.id)
        do {
            throw CaseFailure("a deleted client is returned: \(try blocking.getOauthClient(clientId: created.id))")
        } catch OAuthError.api(let failure) {
            try expect(failure.status, 404)
        }
    }
}

/// Runs blocking code in a new thread, because the threads that run tasks are few and must not block.
func onSeparateThread(_ work: @escaping @Sendable () throws -> Void) async throws {
    try await withCheckedThrowingContinuation { continuation in
        Thread.detachNewThread { continuation.resume(with: Result(catching: work)) }
    }
}

@Sendable func twoHundredCallsAtOnce(_ emulator: Emulator) async throws {
    let id = try await createClient(try emulator.api).id
    try await emulator.forgetRequests()
    let newAPI = try emulator.api
    try await withThrowingTaskGroup(of: OAuthClient.self) { group in
        for _ in 0..<200 {
            group.addTask { try await newAPI.getOauthClient(clientId: id) }
        }
        for try await client in group {
            try expect(client.id, id)
        }
    }
    try expect(try await emulator.counts("get_oauth_client").executions, 200)
    try expect(try await emulator.counts("token").requests, 1)
}
