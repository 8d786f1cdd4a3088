import Foundation
import PureCloudOAuth
import XCTest

final class ValueTests: XCTestCase {
    private func config() -> Config {
        Config(host: .region(.euCentral1), credentials: .accessToken(Secret(text: "hq3KpZ0vX1yT7wB9")))
    }

    private func assertRefused(_ argument: String?, _ call: () throws -> Any) {
        XCTAssertThrowsError(try call()) { error in
            guard case OAuthError.invalidArgument(let failure) = error else { return XCTFail("\(error)") }
            XCTAssertEqual(failure.argument, argument)
        }
    }

    func testValuesWithSecretsAreCompared() {
        let client = OAuthClient(name: "Nachtlauf", secret: Secret(text: "mW4tS9xQhq3KpZ0v"))
        var same = OAuthClient(name: "Nachtlauf", secret: Secret(text: "mW4tS9xQhq3KpZ0v"))
        XCTAssertEqual(same, client)
        XCTAssertEqual(Set([same, client]).count, 1)
        same.secret = Secret(text: "another")
        XCTAssertNotEqual(same, client)
        XCTAssertEqual(config(), config())
    }

    func testATimeThatCannotBeIsRefused() {
        for wrong in [-1, -.infinity, .nan, 0] as [TimeInterval] {
            var config = config()
            config.deadline = wrong
            assertRefused("deadline") { try OAuthAPI(config: config) }
        }
        for wrong in [.infinity, -.infinity, .nan, 1e15] as [TimeInterval] {
            assertRefused("timestamp") {
                try usageInterval(start: Date(timeIntervalSince1970: wrong), end: Date())
            }
        }
    }

    func testAPatienceWithoutEndIsPossible() throws {
        for long in [.infinity, .greatestFiniteMagnitude, 1e9] as [TimeInterval] {
            var config = config()
            config.deadline = long
            XCTAssertNoThrow(try OAuthAPI(config: config))
        }
    }

    /// A client and its values go from one actor to another; the compiler would object if they could not.
    func testAClientIsShared() async throws {
        actor Register {
            private var clients: [String: OAuthClient] = [:]
            let api: OAuthAPI

            init(api: OAuthAPI) { self.api = api }
            func keep(_ client: OAuthClient) { clients[client.id] = client }
            var names: [String] { clients.values.map(\.name).sorted() }
        }
        let api = try OAuthAPI(config: config())
        let register = Register(api: api)
        await withTaskGroup(of: Void.self) { group in
            for number in 0..<100 {
                group.addTask { await register.keep(OAuthClient(id: "\(number)", name: "client \(number % 7)")) }
            }
        }
        let names = await register.names
        XCTAssertEqual(names.count, 100)
        XCTAssertTrue(register.api === api)
    }
}
