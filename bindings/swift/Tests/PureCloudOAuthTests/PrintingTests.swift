import Foundation
import PureCloudOAuth
import XCTest

final class PrintingTests: XCTestCase {
    private let secret = Secret(text: "mW4tS9xQhq3KpZ0v")

    /// In every form in which Swift prints.
    private func printed(_ value: Any) -> [String] {
        var dumped = ""
        dump(value, to: &dumped)
        let parts = Mirror(reflecting: value).children.map { "\($0.label ?? ""): \($0.value)" }
        return [String(describing: value), String(reflecting: value), "\(value)", dumped] + parts
    }

    func testASecretIsStars() {
        for text in printed(secret).dropLast() {
            XCTAssertEqual(text, "Secret(***)")
        }
        XCTAssertEqual(secret.expose(), "mW4tS9xQhq3KpZ0v")
    }

    func testWhatHoldsASecretShowsThatThereIsOne() {
        let client = OAuthClient(id: "7c1f1f6e-2b0d-4f8e-9a55-0a1f5f1d9a3e", name: "Nachtlauf", secret: secret)
        let config = Config(
            host: .region(.euCentral1),
            credentials: .clientCredentials(clientId: client.id, clientSecret: secret),
            proxy: secret,
            clientCertificate: secret,
            defaultHeaders: ["x-api-key": secret]
        )
        let options = CallOptions(headers: ["x-api-key": secret])
        let listing = OAuthClientEntityListing(entities: [client])
        for value in [client, config, options, listing, config.credentials, [client], Optional(secret) as Any] {
            for text in printed(value) {
                XCTAssertFalse(text.contains(secret.expose()), text)
            }
            XCTAssertTrue(printed(value).contains { $0.contains("***") }, "\(value)")
        }
        XCTAssertTrue("\(client)".contains("Nachtlauf"))
    }

    func testAnObjectDoesNotShowWhatItIsMadeOf() throws {
        let config = Config(host: .region(.euCentral1), credentials: .accessToken(secret))
        let objects: [Any] = [secret, config.credentials, config.host, try OAuthAPI(config: config)]
        for object in objects {
            XCTAssertEqual(Mirror(reflecting: object).children.count, 0)
        }
    }

    func testAnUnknownValueIsPrintedAsItCame() {
        XCTAssertEqual("\(ClientState.unknown(value: "hibernating"))", "hibernating")
        XCTAssertEqual("\(GrantType.clientCredentials)", "CLIENT-CREDENTIALS")
    }
}
