import Foundation
import PureCloudOAuth
import XCTest

final class ErrorTests: XCTestCase {
    private let lost = OAuthError.outcomeUnknown(
        failure: Failure(
            text: "post_oauth_client_secret: the response is lost",
            operation: "post_oauth_client_secret",
            status: 504,
            code: "gateway.timeout",
            serverMessage: "The gateway gave up.",
            details: [Detail(errorCode: "slow", fieldName: "secret")],
            correlationId: "6d1e9b0c-3f5a-4a77-9c1d-2b8f0e4a7c65",
            retryAfter: 7,
            serverMayHaveActed: true
        )
    )

    func testTheMessageIsTheDescription() {
        let message = "post_oauth_client_secret: the response is lost"
        let error: any Error = lost
        XCTAssertEqual(error.localizedDescription, message)
        XCTAssertEqual((error as? any LocalizedError)?.errorDescription, message)
        XCTAssertEqual("\(error)", message)
        XCTAssertEqual(String(reflecting: error), "OAuthError.outcomeUnknown: \(message)")
    }

    func testEveryCaseHasTheSameProperties() {
        XCTAssertEqual(lost.operation, "post_oauth_client_secret")
        XCTAssertEqual(lost.argument, nil)
        XCTAssertEqual(lost.status, 504)
        XCTAssertEqual(lost.code, "gateway.timeout")
        XCTAssertEqual(lost.serverMessage, "The gateway gave up.")
        XCTAssertEqual(lost.details.first?.fieldName, "secret")
        XCTAssertEqual(lost.correlationId, "6d1e9b0c-3f5a-4a77-9c1d-2b8f0e4a7c65")
        XCTAssertEqual(lost.retryAfter, 7)
        XCTAssertTrue(lost.serverMayHaveActed)
        XCTAssertFalse(lost.worthRetrying)
        let cases: [(Failure) -> OAuthError] = [
            OAuthError.invalidArgument, OAuthError.signIn, OAuthError.api, OAuthError.connection,
            OAuthError.timeout, OAuthError.unreadableAnswer, OAuthError.outcomeUnknown,
        ]
        for make in cases {
            XCTAssertEqual(make(lost.failure).failure, lost.failure)
        }
        XCTAssertEqual(Set(cases.map { $0(lost.failure) }).count, 7)
    }

    func testAnErrorIsCaughtByItsCase() {
        do {
            throw lost
        } catch OAuthError.outcomeUnknown(let failure) {
            XCTAssertEqual(failure.status, 504)
        } catch {
            XCTFail("\(error)")
        }
    }

    func testAnInvalidSettingIsRefusedByName() {
        XCTAssertThrowsError(try ServiceHost.named("mars")) { error in
            guard case OAuthError.invalidArgument(let failure) = error else { return XCTFail("\(error)") }
            XCTAssertEqual(failure.argument, "host")
        }
    }
}
