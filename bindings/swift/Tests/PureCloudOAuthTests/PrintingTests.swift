import Foundation
import PureCloudOAuth
import XCTest

final class PrintingTests: XCTestCase {
    private let secret = Secret(text: "mW4tS9xQhq3KpZ0v")

    /// Returns the value in every form in which Swift prints.
    private func printed(_ value: Any) -> [String] {
        var dumped = ""
        dump(value, to: &dumped)
        let parts = Mirror(reflecting: value).children.map { "\($0.label ?? ""): \($0.value)" }
        return [String(describing: value), String(reflecting: value), "\(value)", dumped] + parts
    }

    func testASecretIsMasked() {
        for output in printed(secret).dropLast() {
            XCTAssertEqual(output, "Secret(***)")
        }
        XCTAssertEqual(secret.expose(), "mW4tS9xQhq3KpZ0v")
    }

    func testValuesThatHoldASecretPrintItMasked() {
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
            for output in printed(value) {
                XCTAssertFalse(output.contains(secret.expose()), output)
            }
            XCTAssertTrue(printed(value).contains { $0.contains("***") }, "\(value)")
        }
        XCTAssertTrue("\(client)".contains("Nachtlauf"))
    }

    func testCredentialsPrintNoSecret() throws {
        let authorization = Authorization(
            clientId: "6f1c5a0e-3b1d-4f0e-9a53-0c2f1f6f7f10", redirectUri: "http://127.0.0.1:8765/callback",
            clientSecret: secret)
        let request = try AuthorizationRequest(host: .region(.euCentral1), authorization: authorization)
        let verifier = try XCTUnwrap(request.codeVerifier())
        let session = Session(accessToken: secret, refreshToken: secret)
        let id = authorization.clientId
        let credentials: [Credentials] = [
            .authorizationCode(clientId: id, code: secret, redirectUri: "app:/", codeVerifier: verifier),
            .refreshToken(clientId: id, refreshToken: secret, clientSecret: secret),
            .saml2Bearer(clientId: id, clientSecret: secret, orgName: "leitstelle", assertion: secret),
            .session(clientId: id, session: session, clientSecret: secret),
            .browser(authorization),
            try .implicitRedirect(redirect: "app:/#access_token=\(secret.expose())"),
        ]
        let values: [Any] = [authorization, request, session, Sources(credentials: credentials[0])]
        for value in values + credentials {
            for output in printed(value) {
                XCTAssertFalse(output.contains(secret.expose()) || output.contains(verifier.expose()), output)
                // An attacker who knows the state could forge the redirect.
                XCTAssertFalse(output.contains(request.state()), output)
            }
        }
        XCTAssertEqual(
            "\(session)", "Session(accessToken: Secret(***), expiresAt: nil, refreshToken: Optional(Secret(***)))")
        XCTAssertTrue("\(request)".hasPrefix("AuthorizationRequest") && "\(request)".contains(id), "\(request)")
        for credentials in credentials.dropLast() {
            XCTAssertTrue("\(credentials)".contains(id), "\(credentials)")
        }
    }

    func testAnObjectHasNoMirrorChildren() throws {
        let config = Config(host: .region(.euCentral1), credentials: .accessToken(secret))
        let authorization = Authorization(clientId: "leitstelle", redirectUri: "app:/")
        let request = try AuthorizationRequest(host: config.host, authorization: authorization)
        let objects: [Any] = [secret, config.credentials, config.host, request, try OAuthAPI(config: config)]
        for object in objects {
            XCTAssertEqual(Mirror(reflecting: object).children.count, 0)
        }
    }

    func testAnUnknownValueIsPrintedUnchanged() {
        XCTAssertEqual("\(ClientState.unknown(value: "hibernating"))", "hibernating")
        XCTAssertEqual("\(GrantType.clientCredentials)", "CLIENT-CREDENTIALS")
    }
}
