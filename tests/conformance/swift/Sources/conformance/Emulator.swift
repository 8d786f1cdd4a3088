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
        Config(host: try .url(url), credentials: credentials)
    }

    /// A client that may do everything, and has not signed in yet.
    var api: OAuthAPI {
        get throws { try OAuthAPI(config: config) }
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
        let client: JSON = ["client_id": .text(clientId)]
        let issued: JSON = try read(try await ask("POST", "/emulator/tokens", client))
        return try read(try await ask("GET", path, token: issued["access_token"].text))
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
