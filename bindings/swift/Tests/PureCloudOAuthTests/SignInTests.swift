import Foundation
import PureCloudOAuth
import XCTest

/// Signing in from an app, which opens the page and is called with a redirect to its own scheme.
final class SignInTests: XCTestCase {
    private let host = ServiceHost.region(.euCentral1)
    private let authorization = Authorization(
        clientId: "6f1c5a0e-3b1d-4f0e-9a53-0c2f1f6f7f10", redirectUri: "com.example.leitstelle:/signed-in")

    private func redirect(to request: AuthorizationRequest) -> String {
        "com.example.leitstelle:/signed-in?code=R4b2Qm8tLk1Zc7Vn&state=\(request.state())"
    }

    private func assertThrows(_ expected: (Failure) -> OAuthError, _ call: () throws -> Any) {
        XCTAssertThrowsError(try call()) { error in
            guard let error = error as? OAuthError else { return XCTFail("\(error)") }
            XCTAssertEqual(error, expected(error.failure))
        }
    }

    func testARedirectToTheSchemeOfAnAppGivesCredentials() throws {
        let request = try AuthorizationRequest(host: host, authorization: authorization)
        XCTAssertTrue(request.url().hasPrefix("https://login.mypurecloud.de/oauth/authorize?"), request.url())
        let address = redirect(to: request)
        let credentials = try request.credentials(redirect: address)
        let same = Credentials.authorizationCode(
            clientId: authorization.clientId, code: Secret(text: "R4b2Qm8tLk1Zc7Vn"),
            redirectUri: authorization.redirectUri, codeVerifier: request.codeVerifier())
        XCTAssertEqual(credentials, same)

        assertThrows(OAuthError.signIn) { try request.credentials(redirect: address + "x") }
        let elsewhere = address.replacingOccurrences(of: "leitstelle", with: "anderswo")
        assertThrows(OAuthError.invalidArgument) { try request.credentials(redirect: elsewhere) }
    }

    func testEachRequestIsUnique() throws {
        let one = try AuthorizationRequest(host: host, authorization: authorization)
        let other = try AuthorizationRequest(host: host, authorization: authorization)
        XCTAssertNotEqual(one, other)
        XCTAssertNotEqual(one.state(), other.state())
        XCTAssertNotEqual(one.codeVerifier(), other.codeVerifier())
        assertThrows(OAuthError.signIn) { try one.credentials(redirect: redirect(to: other)) }
    }

    func testAnAppThatWasTerminatedResumesItsRequest() throws {
        let before = try AuthorizationRequest(host: host, authorization: authorization)
        let after = try AuthorizationRequest.resumed(
            host: host, authorization: authorization, state: before.state(), codeVerifier: before.codeVerifier())
        XCTAssertEqual(after, before)
        XCTAssertEqual(after.url(), before.url())
        let address = redirect(to: before)
        XCTAssertEqual(try after.credentials(redirect: address), try before.credentials(redirect: address))
    }

    func testASessionIsRestoredWithoutARequest() throws {
        let kept = Session(
            accessToken: Secret(text: "hq3KpZ0vX1yT7wB9"), expiresAt: Date() + 600,
            refreshToken: Secret(text: "mW4tS9xQhq3KpZ0v"))
        let credentials = Credentials.session(clientId: authorization.clientId, session: kept)
        let held = try BlockingOAuthAPI(config: Config(host: host, credentials: credentials)).session()
        XCTAssertEqual(held?.accessToken, kept.accessToken)
        XCTAssertEqual(held?.refreshToken, kept.refreshToken)
    }
}
