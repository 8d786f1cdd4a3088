// Every kind of error, with its case, its message and its fields.

import Foundation
import PureCloudOAuth

let errorCases = [
    Case("invalid_argument", invalidArgument),
    Case("invalid_setting", invalidSetting),
    Case("sign_in", signIn),
    Case("api", api),
    Case("api_field_details", apiFieldDetails),
    Case("retry_after", retryAfter),
    Case("connection", connection),
    Case("timeout", timeout),
    Case("unreadable_answer", unreadableAnswer),
    Case("outcome_unknown", outcomeUnknown),
]

@Sendable func invalidArgument(_ emulator: Emulator) async throws {
    let error = try await expectError("a slash") { try await emulator.api.getOauthClient(clientId: "a/b") }
    guard case .invalidArgument = error else { throw CaseFailure("\(error)") }
    try expect(error.operation, "get_oauth_client")
    try expect(error.argument, "client_id")
    try expect(error.localizedDescription.hasPrefix("get_oauth_client: client_id "), error.localizedDescription)
    try expect(!error.serverMayHaveActed && !error.worthRetrying, "serverMayHaveActed or worthRetrying is wrong")
    try expect(error.status, nil)
    try expect(error.metadata, nil)
    // Nothing is sent, not even for a token.
    try expect(try await emulator.received().count, 0)
}

@Sendable func invalidSetting(_ emulator: Emulator) async throws {
    var config = try emulator.config
    config.deadline = 0
    let error = try await expectError("a deadline of zero") { try OAuthAPI(config: config) }
    guard case .invalidArgument = error else { throw CaseFailure("\(error)") }
    try expect(error.operation, nil)
    try expect(error.argument, "deadline")
    try expect(error.localizedDescription.hasPrefix("deadline is zero"), error.localizedDescription)
    try expect(try await emulator.received().count, 0)
}

@Sendable func signIn(_ emulator: Emulator) async throws {
    let wrong = "qV7-not-the-secret-Zp3"
    let credentials = Credentials.clientCredentials(
        clientId: emulator.clientId, clientSecret: Secret(text: wrong))
    let api = try OAuthAPI(config: emulator.config(credentials))
    let error = try await expectError("a wrong secret") { try await api.getOauthClients() }
    guard case .signIn = error else { throw CaseFailure("\(error)") }
    try expect(error.operation, "get_oauth_clients")
    try expect(error.status, 401)
    try expect(error.code, "invalid_client")
    try expect(error.localizedDescription.hasPrefix("get_oauth_clients: no token: "), error.localizedDescription)
    try expect(!printed(error).contains(wrong), "the error shows the secret")
    try expect(!error.serverMayHaveActed && !error.worthRetrying, "serverMayHaveActed or worthRetrying is wrong")
    try expect(try await emulator.counts("get_oauth_clients").requests, 0)
}

@Sendable func api(_ emulator: Emulator) async throws {
    let error = try await expectError("an unknown client") {
        try await emulator.api.getOauthClient(clientId: unknownClientId)
    }
    guard case .api = error else { throw CaseFailure("\(error)") }
    try expect(error.operation, "get_oauth_client")
    try expect(error.status, 404)
    try expect(error.code, "not.found")
    try expect(error.serverMessage, "The requested OAuthClient with id \(unknownClientId) was not found.")
    let correlationId = try unwrap(error.correlationId, "the correlation id")
    try expect(error.body?.contextId, correlationId)
    let message = """
        get_oauth_client: 404 not.found: The requested OAuthClient with id \(unknownClientId) was not found \
        [correlation id \(correlationId)]
        """
    try expect(error.localizedDescription, message)
    try expect("\(error)", message)
    try expect(!error.serverMayHaveActed && !error.worthRetrying, "serverMayHaveActed or worthRetrying is wrong")
}

@Sendable func apiFieldDetails(_ emulator: Emulator) async throws {
    let body: JSON = [
        "message": "The request has two fields that can't be right.",
        "code": "bad.request",
        "status": 400,
        "details": [
            ["errorCode": "value.too.long", "fieldName": "description"],
            ["errorCode": "uri.not.absolute", "fieldName": "registeredRedirectUri"],
        ],
    ]
    let response: JSON = ["status": 400, "content_type": "application/json", "body": .string(try body.encoded)]
    try await emulator.injectFault(["endpoint": "post_oauth_clients", "kind": ["answer": response]])
    let error = try await expectError("two invalid fields") { try await emulator.api.postOauthClients(body: webServer) }
    guard case .api = error else { throw CaseFailure("\(error)") }
    try expect(error.status, 400)
    let details = [
        Detail(errorCode: "value.too.long", fieldName: "description"),
        Detail(errorCode: "uri.not.absolute", fieldName: "registeredRedirectUri"),
    ]
    try expect(error.details, details)
}

@Sendable func retryAfter(_ emulator: Emulator) async throws {
    let tooMany: JSON = [
        "error": ["status": 429, "code": "too.many.requests", "headers": ["Retry-After": "7"]]
    ]
    try await emulator.injectFault(["endpoint": "get_oauth_clients", "kind": tooMany])
    let error = try await expectError("too many requests") {
        try await emulator.api.getOauthClients(options: CallOptions(withoutRetries: true))
    }
    guard case .api = error else { throw CaseFailure("\(error)") }
    try expect(error.status, 429)
    try expect(error.retryAfter, 7)
    try expect(error.worthRetrying && !error.serverMayHaveActed, "serverMayHaveActed or worthRetrying is wrong")
}

@Sendable func connection(_ emulator: Emulator) async throws {
    try await emulator.injectFault(["endpoint": "get_oauth_clients", "times": nil, "kind": ["reset": [:]]])
    let error = try await expectError("a reset") { try await emulator.api.getOauthClients() }
    guard case .connection = error else { throw CaseFailure("\(error)") }
    try expect(error.operation, "get_oauth_clients")
    try expect(error.status, nil)
    try expect(error.text.hasPrefix("get_oauth_clients: the connection to "), error.text)
    try expect(error.worthRetrying, "serverMayHaveActed or worthRetrying is wrong")
    try expect(error.metadata?.attempts, 3)
    let counts = try await emulator.counts("get_oauth_clients")
    try expect(counts, Emulator.Counts(requests: 3, executions: 0))
}

@Sendable func timeout(_ emulator: Emulator) async throws {
    let api = try emulator.api
    _ = try await api.getOauthScopes()
    try await emulator.injectFault(["endpoint": "get_oauth_clients", "times": nil, "kind": ["hang": [:]]])
    let clock = ContinuousClock()
    let start = clock.now
    let error = try await expectError("a timeout") {
        try await api.getOauthClients(options: CallOptions(deadline: 0.2))
    }
    let elapsed = clock.now - start
    try expect(elapsed >= .milliseconds(200) && elapsed < .seconds(2), "it took \(elapsed)")
    guard case .timeout = error else { throw CaseFailure("\(error)") }
    try expect(error.status, nil)
    try expect(error.text.contains("no result within the deadline of 200ms"), error.text)
    try expect(error.worthRetrying, "serverMayHaveActed or worthRetrying is wrong")
}

@Sendable func unreadableAnswer(_ emulator: Emulator) async throws {
    let page: JSON = ["status": 200, "content_type": "text/html", "body": "<html>Please sign in</html>"]
    try await emulator.injectFault(["endpoint": "get_oauth_clients", "times": nil, "kind": ["answer": page]])
    let error = try await expectError("a web page") {
        try await emulator.api.getOauthClients(options: CallOptions(withoutRetries: true))
    }
    guard case .unreadableAnswer = error else { throw CaseFailure("\(error)") }
    try expect(error.status, 200)
    try expect(error.text.contains("a web page"), error.text)
    try expect(!error.text.contains("Please sign in"), error.text)
}

@Sendable func outcomeUnknown(_ emulator: Emulator) async throws {
    let api = try emulator.api
    let id = try await createClient(api).id
    try await emulator.injectFault([
        "endpoint": "post_oauth_client_secret",
        "times": nil,
        "after_execution": true,
        "kind": ["reset": [:]],
    ])
    let error = try await expectError("a lost response") { try await api.postOauthClientSecret(clientId: id) }
    guard case .outcomeUnknown = error else { throw CaseFailure("\(error)") }
    try expect(error.operation, "post_oauth_client_secret")
    try expect(error.text.contains("the operation may have been executed"), error.text)
    try expect(error.serverMayHaveActed && !error.worthRetrying, "serverMayHaveActed or worthRetrying is wrong")
    let counts = try await emulator.counts("post_oauth_client_secret")
    try expect(counts, Emulator.Counts(requests: 1, executions: 1))
}
