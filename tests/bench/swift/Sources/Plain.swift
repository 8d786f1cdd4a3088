// The implementation with `URLSession` and `Codable`, as in a program without this project's library.

import Foundation

#if canImport(FoundationNetworking)
    import FoundationNetworking
#endif

private enum GrantType: String, Codable {
    case code = "CODE"
    case token = "TOKEN"
    case saml2Bearer = "SAML2-BEARER"
    case password = "PASSWORD"
    case clientCredentials = "CLIENT-CREDENTIALS"
}

private enum ClientState: String, Codable {
    case active, disabled, inactive
}

private struct Reference: Codable {
    var id: String?
    var name: String?
    var selfUri: String?
}

private struct RoleDivision: Codable {
    var roleId: String
    var divisionId: String
}

private struct OAuthClient: Codable {
    var id: String
    var name: String
    var accessTokenValiditySeconds: Int64?
    var description: String?
    var registeredRedirectUri: [String]?
    var secret: String?
    var roleIds: [String]?
    var dateCreated: Date?
    var dateModified: Date?
    var createdBy: Reference?
    var modifiedBy: Reference?
    var authorizedGrantType: GrantType?
    var scope: [String]?
    var roleDivisions: [RoleDivision]?
    var state: ClientState?
    var dateToDelete: Date?
    var selfUri: String?
}

private struct Listing: Codable {
    var entities: [OAuthClient]
    var pageSize: Int32?
    var pageNumber: Int32?
    var total: Int64?
    var firstUri: String?
    var previousUri: String?
    var nextUri: String?
    var lastUri: String?
    var selfUri: String?
    var pageCount: Int32?
}

private struct Row: Codable {
    var clientId: String?
    var clientName: String?
    var organizationId: String?
    var userId: String?
    var templateUri: String?
    var httpMethod: String?
    var status200: Int64?
    var status300: Int64?
    var status400: Int64?
    var status500: Int64?
    var status429: Int64?
    var requests: Int64?
    var date: Date?
}

private struct Usage: Codable {
    var results: [Row]
    var queryStatus: String?
}

private struct Request: Codable {
    var name = "Terminübersicht"
    var authorizedGrantType = GrantType.code
    var accessTokenValiditySeconds = 86_400
    var description = "Liest die Termine der Filiale und schreibt sie in den Kalender"
    var registeredRedirectUri = ["https://termine.example.at/callback", "https://termine.example.at/other"]
    var roleIds = ["b3e2c1d0-5a4f-4e3d-9c8b-7a6f5e4d3c2b"]
    var scope = ["users:readonly", "calendars"]
    var roleDivisions = [RoleDivision(roleId: "b3e2c1d0-5a4f-4e3d-9c8b-7a6f5e4d3c2b", divisionId: "*")]
    var state = ClientState.active
    var dateToDelete = Date(timeIntervalSince1970: 1_798_070_400)
}

struct Plain: Implementation {
    let url: String
    private let session: URLSession
    private let decoder: JSONDecoder
    private let encoder: JSONEncoder

    init(url: String) {
        self.url = url
        let configuration = URLSessionConfiguration.default
        configuration.httpMaximumConnectionsPerHost = 100
        session = URLSession(configuration: configuration)
        decoder = JSONDecoder()
        // The fastest of the standard ways to parse timestamps with milliseconds.
        let style = Date.ISO8601FormatStyle(includingFractionalSeconds: true)
        decoder.dateDecodingStrategy = .custom { try style.parse($0.singleValueContainer().decode(String.self)) }
        encoder = JSONEncoder()
        encoder.dateEncodingStrategy = .iso8601
    }

    private func fetch<T: Decodable>(_ path: String, body: Data? = nil) async throws -> T {
        guard let address = URL(string: "\(url)/\(path)") else { throw UnexpectedResponse() }
        var request = URLRequest(url: address)
        request.setValue("Bearer a-token", forHTTPHeaderField: "Authorization")
        if let body {
            request.httpMethod = "POST"
            request.httpBody = body
            request.setValue("application/json", forHTTPHeaderField: "Content-Type")
        }
        let (data, response) = try await session.data(for: request)
        guard (response as? HTTPURLResponse)?.statusCode == 200 else { throw UnexpectedResponse() }
        return try decoder.decode(T.self, from: data)
    }

    func listing(_ size: Int) async throws -> Int {
        let listing: Listing = try await fetch("\(size)/api/v2/oauth/clients")
        return listing.entities.count
    }

    func usage() async throws -> Int {
        let usage: Usage = try await fetch("1/api/v2/oauth/clients/a-client/usage/query/results/an-execution")
        return usage.results.count
    }

    func create() async throws -> Bool {
        let client: OAuthClient = try await fetch("1/api/v2/oauth/clients", body: encoder.encode(Request()))
        return !client.id.isEmpty
    }
}
