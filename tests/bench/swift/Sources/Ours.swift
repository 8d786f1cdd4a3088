// The implementation with this project's library.

import Foundation
import PureCloudOAuth

/// Creates an API object for each size of the listing, because the server serves each size below a separate path.
private func apisBySize<Api>(_ url: String, upTo largest: Int, _ api: (Config) throws -> Api) throws -> [Int: Api] {
    let server = URLComponents(string: url)
    return try Dictionary(
        uniqueKeysWithValues: [1, 25, 1_000, 10_000].filter { $0 <= largest }.map { size in
            let host = try ServiceHost.gateway(
                host: server?.host ?? "", protocol: "http", port: Int32(server?.port ?? 0), pathParamsApi: "\(size)")
            return (size, try api(Config(host: host, credentials: .accessToken(Secret(text: "a-token")))))
        })
}

private func request() -> OAuthClientRequest {
    OAuthClientRequest(
        name: "Terminübersicht",
        authorizedGrantType: .code,
        accessTokenValiditySeconds: 86_400,
        description: "Liest die Termine der Filiale und schreibt sie in den Kalender",
        registeredRedirectUri: ["https://termine.example.at/callback", "https://termine.example.at/other"],
        roleIds: ["b3e2c1d0-5a4f-4e3d-9c8b-7a6f5e4d3c2b"],
        scope: ["users:readonly", "calendars"],
        roleDivisions: [RoleDivision(roleId: "b3e2c1d0-5a4f-4e3d-9c8b-7a6f5e4d3c2b", divisionId: "*")],
        state: .active,
        dateToDelete: Date(timeIntervalSince1970: 1_798_070_400)
    )
}

struct Ours: Implementation {
    private let apis: [Int: OAuthAPI]

    init(url: String, upTo largest: Int) throws {
        apis = try apisBySize(url, upTo: largest, OAuthAPI.init(config:))
    }

    func listing(_ size: Int) async throws -> Int {
        try await apis[size]!.getOauthClients().entities.count
    }

    func usage() async throws -> Int {
        try await apis[1]!.getOauthClientUsageQueryResult(executionId: "an-execution", clientId: "a-client").results
            .count
    }

    func create() async throws -> Bool {
        try await !apis[1]!.postOauthClients(body: request()).id.isEmpty
    }

    func callCosts() -> [(String, Double)] {
        let host = apis[1]!.host()
        let times = 20_000
        let taken = ContinuousClock().measure {
            for _ in 0..<times {
                _ = host.apiUrl()
            }
        }
        return [("call returning a string", Double(nanoseconds(taken)) / Double(times))]
    }
}

struct OursBlocking: Implementation {
    private let apis: [Int: BlockingOAuthAPI]

    init(url: String, upTo largest: Int) throws {
        apis = try apisBySize(url, upTo: largest, BlockingOAuthAPI.init(config:))
    }

    func listing(_ size: Int) async throws -> Int {
        try apis[size]!.getOauthClients().entities.count
    }

    func usage() async throws -> Int {
        try apis[1]!.getOauthClientUsageQueryResult(executionId: "an-execution", clientId: "a-client").results.count
    }

    func create() async throws -> Bool {
        try !apis[1]!.postOauthClients(body: request()).id.isEmpty
    }
}
