import Foundation
import PureCloudOAuth

let environment = ProcessInfo.processInfo.environment
let credentials = Credentials.clientCredentials(
    clientId: environment["GENESYSCLOUD_OAUTHCLIENT_ID"] ?? "",
    clientSecret: Secret(text: environment["GENESYSCLOUD_OAUTHCLIENT_SECRET"] ?? "")
)
do {
    let host = try ServiceHost.named(environment["GENESYSCLOUD_REGION"] ?? "us_east_1")
    let api = try OAuthAPI(config: Config(host: host, credentials: credentials))
    for client in try await api.getOauthClients().entities {
        print(client.id, client.name)
    }
} catch {
    print(error.localizedDescription)
    exit(1)
}
