// The emulator, controlled over HTTP, and API objects that use the emulator.

import Foundation
import PureCloudOAuth

#if canImport(FoundationNetworking)
    import FoundationNetworking
#endif

struct Emulator: Sendable {
    let url: String
    let clientId: String
    let clientSecret: String
    /// The session for control requests. The emulator does not count connections that only serve control requests, so
    /// requests to the API use another session.
    private let control = URLSession(configuration: .ephemeral)
    private let directAPI = URLSession(configuration: .ephemeral)
    private let browser = URLSession(configuration: .ephemeral, delegate: RedirectBlocker(), delegateQueue: nil)

    /// A request as the emulator received it.
    struct ReceivedRequest: Decodable {
        let endpoint: String?
        let method: String
        /// The path and the query, exactly as sent.
        let target: String
        let headers: [[String]]
        let body: String

        func header(_ name: String) -> String? {
            headers.first { $0[0] == name }?[1]
        }

        var json: JSON {
            get throws { try JSON(encoded: body) }
        }

        /// The fields of the form in the body, in their order.
        var form: [URLQueryItem] {
            URLComponents(string: "?\(body.replacingOccurrences(of: "+", with: "%20"))")?.queryItems ?? []
        }

        /// The query parameters of the target, in their order.
        var query: [URLQueryItem] {
            URLComponents(string: target)?.queryItems ?? []
        }
    }

    /// The number of requests for an operation, and of its executions.
    struct Counts: Decodable, Equatable {
        let requests: Int
        let executions: Int
    }

    /// The numbers of requests and connections that are currently open.
    struct Open: Decodable {
        let requests: Int
        let connections: Int
    }

    init(environment: [String: String]) throws {
        func variable(_ name: String) throws -> String {
            try unwrap(environment[name], name)
        }
        url = try variable("EMULATOR_URL")
        clientId = try variable("EMULATOR_CLIENT_ID")
        clientSecret = try variable("EMULATOR_CLIENT_SECRET")
    }

    /// Settings with the administrator's credentials.
    var config: Config {
        get throws {
            try config(.clientCredentials(clientId: clientId, clientSecret: Secret(text: clientSecret)))
        }
    }

    func config(_ credentials: Credentials) throws -> Config {
        Config(host: try host, credentials: credentials)
    }

    var host: ServiceHost {
        get throws { try .url(url) }
    }

    /// A new API object with all permissions that has not signed in yet.
    var api: OAuthAPI {
        get throws { try OAuthAPI(config: config) }
    }

    func api(_ credentials: Credentials) throws -> OAuthAPI {
        try OAuthAPI(config: config(credentials))
    }

    /// Deletes all faults, counts and recorded requests.
    func reset() async throws {
        try await send("DELETE", "/emulator/faults")
        try await forgetRequests()
    }

    func forgetRequests() async throws {
        try await send("DELETE", "/emulator/counts")
    }

    /// Injects a fault. The emulator's README lists the kinds of faults.
    func injectFault(_ fault: JSON) async throws {
        try await send("POST", "/emulator/faults", fault)
    }

    /// Replaces the body of the next response of the operation.
    func replaceBody(_ operation: String, _ body: JSON) async throws {
        let replaced: JSON = ["content_type": "application/json", "body": .string(try body.encoded)]
        try await injectFault(["endpoint": .string(operation), "kind": ["replace_body": replaced]])
    }

    func counts(_ operation: String) async throws -> Counts {
        let counts: [String: Counts] = try await getJSON("/emulator/counts")
        return try unwrap(counts[operation], operation)
    }

    /// Returns all requests that the emulator received, including sign-ins.
    func received() async throws -> [ReceivedRequest] {
        try await getJSON("/emulator/requests")
    }

    func lastRequest(_ operation: String) async throws -> ReceivedRequest {
        try unwrap(try await received().last { $0.endpoint == operation }, operation)
    }

    func open() async throws -> Open {
        try await getJSON("/emulator/open")
    }

    func closeIdleConnections() async throws {
        try await send("POST", "/emulator/connections/close")
    }

    /// Fetches a resource directly, without the library under test.
    func fetchJSON(_ path: String) async throws -> JSON {
        try decode(try await send("GET", path, token: try await issueToken()))
    }

    /// Issues an access token of the administrator.
    func issueToken() async throws -> String {
        let client: JSON = ["client_id": .string(clientId)]
        let issued: JSON = try decode(try await send("POST", "/emulator/tokens", client))
        return try unwrap(issued["access_token"].string, "a token")
    }

    func revokeTokens() async throws {
        try await send("POST", "/emulator/tokens/revoke")
    }

    /// Advances the emulator's clock only.
    func advanceClock(seconds: Int64) async throws {
        try await send("POST", "/emulator/clock", ["advance_seconds": .integer(seconds)])
    }

    func denyConsent() async throws {
        try await send("POST", "/emulator/consent/deny", ["times": 1])
    }

    func organizationName() async throws -> String {
        let organization: JSON = try await getJSON("/emulator/organization")
        return try unwrap(organization["name"].string, "the organization's name")
    }

    /// Opens a page like a browser whose user consents, and returns the address of the redirect.
    func redirect(from page: String) async throws -> String {
        let (_, response) = try await browser.data(from: try unwrap(URL(string: page), "an address"))
        let location = (response as? HTTPURLResponse)?.value(forHTTPHeaderField: "Location")
        return try unwrap(location, "a redirect")
    }

    private func getJSON<Response: Decodable>(_ path: String) async throws -> Response {
        try decode(try await send("GET", path))
    }

    private func decode<Response: Decodable>(_ body: Data) throws -> Response {
        try JSONDecoder().decode(Response.self, from: body)
    }

    @discardableResult
    private func send(
        _ method: String, _ path: String, _ body: JSON? = nil, token: String? = nil
    ) async throws -> Data {
        var request = URLRequest(url: try unwrap(URL(string: url + path), "an address"))
        request.httpMethod = method
        request.httpBody = try body.map { Data(try $0.encoded.utf8) }
        if let token {
            request.setValue("Bearer \(token)", forHTTPHeaderField: "Authorization")
        }
        let session = token == nil ? control : directAPI
        let (content, response) = try await session.data(for: request)
        let status = (response as? HTTPURLResponse)?.statusCode ?? 0
        try expect((200..<300).contains(status), "the emulator returned \(status) for \(method) \(path)")
        return content
    }
}

/// Prevents a session from following redirects.
private final class RedirectBlocker: NSObject, URLSessionTaskDelegate {
    func urlSession(
        _ session: URLSession, task: URLSessionTask, willPerformHTTPRedirection response: HTTPURLResponse,
        newRequest request: URLRequest, completionHandler: @escaping @Sendable (URLRequest?) -> Void
    ) {
        completionHandler(nil)
    }
}
