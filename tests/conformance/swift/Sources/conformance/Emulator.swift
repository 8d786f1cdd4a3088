// The emulator, controlled over HTTP, and clients that use it.

import Foundation
import PureCloudOAuth

#if canImport(FoundationNetworking)
    import FoundationNetworking
#endif

struct Emulator: Sendable {
    let url: String
    let clientId: String
    let clientSecret: String
    /// What only controls does not count as a connection: what asks the API goes another way.
    private let control = URLSession(configuration: .ephemeral)
    private let pastTheClient = URLSession(configuration: .ephemeral)
    private let browser = URLSession(configuration: .ephemeral, delegate: Stay(), delegateQueue: nil)

    /// A request as it arrived.
    struct Received: Decodable {
        let endpoint: String?
        let method: String
        /// Path and query, as they were on the wire.
        let target: String
        let headers: [[String]]
        let body: String

        func header(_ name: String) -> String? {
            headers.first { $0[0] == name }?[1]
        }

        var json: JSON {
            get throws { try JSON(encoded: body) }
        }

        /// The fields of a form, in their order.
        var form: [URLQueryItem] {
            URLComponents(string: "?\(body.replacingOccurrences(of: "+", with: "%20"))")?.queryItems ?? []
        }

        /// The parameters of the address, in their order.
        var query: [URLQueryItem] {
            URLComponents(string: target)?.queryItems ?? []
        }
    }

    /// How often an operation arrived, and how often it was carried out.
    struct Counts: Decodable, Equatable {
        let requests: Int
        let executions: Int
    }

    struct Open: Decodable {
        let requests: Int
        let connections: Int
    }

    init(environment: [String: String]) throws {
        func variable(_ name: String) throws -> String {
            try present(environment[name], name)
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

    /// A client that may do everything, and has not signed in yet.
    var api: OAuthAPI {
        get throws { try OAuthAPI(config: config) }
    }

    func api(_ credentials: Credentials) throws -> OAuthAPI {
        try OAuthAPI(config: config(credentials))
    }

    /// Forgets faults, counts and requests.
    func startOver() async throws {
        try await ask("DELETE", "/emulator/faults")
        try await forgetRequests()
    }

    func forgetRequests() async throws {
        try await ask("DELETE", "/emulator/counts")
    }

    /// Lets something go wrong; its README says what there is.
    func fault(_ fault: JSON) async throws {
        try await ask("POST", "/emulator/faults", fault)
    }

    /// Lets the next answer of the operation have this body in place of its own.
    func replaceBody(_ operation: String, _ body: JSON) async throws {
        let replaced: JSON = ["content_type": "application/json", "body": .text(try body.encoded)]
        try await fault(["endpoint": .text(operation), "kind": ["replace_body": replaced]])
    }

    func counts(_ operation: String) async throws -> Counts {
        let counts: [String: Counts] = try await look("/emulator/counts")
        return try present(counts[operation], operation)
    }

    /// All requests that arrived, sign-ins included.
    func received() async throws -> [Received] {
        try await look("/emulator/requests")
    }

    func lastRequest(_ operation: String) async throws -> Received {
        try present(try await received().last { $0.endpoint == operation }, operation)
    }

    func open() async throws -> Open {
        try await look("/emulator/open")
    }

    func closeIdleConnections() async throws {
        try await ask("POST", "/emulator/connections/close")
    }

    /// What the API says at this path, asked past the client under test.
    func says(_ path: String) async throws -> JSON {
        try read(try await ask("GET", path, token: try await token()))
    }

    /// An access token of the administrator.
    func token() async throws -> String {
        let client: JSON = ["client_id": .text(clientId)]
        let issued: JSON = try read(try await ask("POST", "/emulator/tokens", client))
        return try present(issued["access_token"].text, "a token")
    }

    func revokeTokens() async throws {
        try await ask("POST", "/emulator/tokens/revoke")
    }

    /// Lets time pass for the service, and not for its clients.
    func advance(seconds: Int64) async throws {
        try await ask("POST", "/emulator/clock", ["advance_seconds": .integer(seconds)])
    }

    func denyConsent() async throws {
        try await ask("POST", "/emulator/consent/deny", ["times": 1])
    }

    func organizationName() async throws -> String {
        let organization: JSON = try await look("/emulator/organization")
        return try present(organization["name"].text, "the organization's name")
    }

    /// What a person with a browser does: looks at the page, consents, and is sent away. Where to, is returned.
    func sentAway(from page: String) async throws -> String {
        let (_, response) = try await browser.data(from: try present(URL(string: page), "an address"))
        let location = (response as? HTTPURLResponse)?.value(forHTTPHeaderField: "Location")
        return try present(location, "a redirect")
    }

    private func look<Answer: Decodable>(_ path: String) async throws -> Answer {
        try read(try await ask("GET", path))
    }

    private func read<Answer: Decodable>(_ body: Data) throws -> Answer {
        try JSONDecoder().decode(Answer.self, from: body)
    }

    @discardableResult
    private func ask(
        _ method: String, _ path: String, _ body: JSON? = nil, token: String? = nil
    ) async throws -> Data {
        var request = URLRequest(url: try present(URL(string: url + path), "an address"))
        request.httpMethod = method
        request.httpBody = try body.map { Data(try $0.encoded.utf8) }
        if let token {
            request.setValue("Bearer \(token)", forHTTPHeaderField: "Authorization")
        }
        let session = token == nil ? control : pastTheClient
        let (answer, response) = try await session.data(for: request)
        let status = (response as? HTTPURLResponse)?.statusCode ?? 0
        try expect((200..<300).contains(status), "the emulator answered \(status) to \(method) \(path)")
        return answer
    }
}

/// Shows where a browser is sent, and does not go there.
private final class Stay: NSObject, URLSessionTaskDelegate {
    func urlSession(
        _ session: URLSession, task: URLSessionTask, willPerformHTTPRedirection response: HTTPURLResponse,
        newRequest request: URLRequest, completionHandler: @escaping @Sendable (URLRequest?) -> Void
    ) {
        completionHandler(nil)
    }
}
