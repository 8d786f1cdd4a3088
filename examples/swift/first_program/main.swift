import Foundation
import PureCloudOAuth

do {
    let api = try OAuthAPI.fromEnv()
    for client in try await api.getOauthClients().entities {
        print(client.id, client.name)
    }
} catch {
    print(error.localizedDescription)
    exit(1)
}
