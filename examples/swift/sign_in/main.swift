// Signs a user in with the browser of this machine, lists OAuth clients, and signs out.
//
// Reads `GENESYSCLOUD_REGION` (a region, domain or base address) and `SIGN_IN_CLIENT_ID`: the id of an OAuth client
// with the grant type code and the redirect URI below. The client's secret is not needed.

import Foundation
import PureCloudOAuth

let redirectUri = "http://127.0.0.1:8765/callback"
let environment = ProcessInfo.processInfo.environment

guard let clientId = environment["SIGN_IN_CLIENT_ID"] else {
    print("Set SIGN_IN_CLIENT_ID to a client with the grant type code and the redirect URI \(redirectUri)")
    exit(1)
}
do {
    let host = try ServiceHost.named(environment["GENESYSCLOUD_REGION"] ?? "us_east_1")
    let credentials = Credentials.browser(Authorization(clientId: clientId, redirectUri: redirectUri))
    let api = try OAuthAPI(config: Config(host: host, credentials: credentials))

    print("Sign in with the browser that opens now, at \(host.loginUrl())")
    let session = try await api.signIn()
    print("Signed in", session.expiresAt.map { "until \($0.formatted()), or longer: the token is renewed" } ?? "")

    let clients = try await api.getOauthClients().entities
    print("There are \(clients.count) OAuth clients, such as:")
    for client in clients.prefix(3) {
        print("- \(client.name)")
    }

    try await api.signOut()
    print("Signed out. The browser is still signed in; to end that, open")
    print(try host.logoutUrl(clientId: clientId, redirectUri: redirectUri))
} catch {
    print(error.localizedDescription)
    exit(1)
}
