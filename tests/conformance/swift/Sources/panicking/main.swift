// Calls a library that has a mistake: a panic in it is an error here, and the client works afterwards.
//
// Reads the variables that the tour reads.

import Foundation
import PureCloudOAuth

let config = try findConfig()
let api = try OAuthAPI(config: config)
let waiting = try BlockingOAuthAPI(config: config)

func expectPanic(_ client: String, _ call: () async throws -> OAuthClient) async {
    do {
        print("\(client) returned \(try await call())")
        exit(1)
    } catch is OAuthError {
        print("\(client) failed as if the service or the caller were at fault")
        exit(1)
    } catch {
        print("\(client): \(error.localizedDescription)")
    }
}

for _ in 0..<3 {
    await expectPanic("the client") { try await api.getOauthClient(clientId: "panic") }
    await expectPanic("the waiting client") { try waiting.getOauthClient(clientId: "panic") }
}
let clients = try await api.getOauthClients().entities
let same = try waiting.getOauthClients().entities
exit(clients == same && !clients.isEmpty ? 0 : 1)
