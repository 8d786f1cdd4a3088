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

    func testAnInvalidDurationIsRefused() {
        for wrong in [-1, -1e-9, -1e300, .infinity, -.infinity, .nan] as [TimeInterval] {
            for (setting, set) in [
                ("connect_timeout", { $0.connectTimeout = wrong }),
                ("attempt_timeout", { $0.attemptTimeout = wrong }),
                ("deadline", { $0.deadline = wrong }),
                ("retry.first_backoff", { $0.retry = RetryPolicy(firstBackoff: wrong) }),
                ("retry.max_backoff", { $0.retry = RetryPolicy(maxBackoff: wrong) }),
                ("retry.max_retry_after", { $0.retry = RetryPolicy(maxRetryAfter: wrong) }),
            ] as [(String, (inout Config) -> Void)] {
                var config = config()
                set(&config)
                assertRefused(setting) { try OAuthAPI(config: config) }
            }
        }
    }

    /// Dates that are valid in Swift but not in the years 1 to 9999: `.distantPast` is two days before the year 1.
    private var outside: [Date] {
        let dates = [.infinity, -.infinity, .nan, 1e300, -1e300, 253_402_300_800, -62_135_596_800.001] as [TimeInterval]
        return [.distantPast] + dates.map { Date(timeIntervalSince1970: $0) }
    }

    func testADateOutsideTheCalendarIsRefusedByTheNameOfItsArgument() throws {
        for date in outside {
            assertRefused("start") { try usageInterval(start: date, end: Date()) }
            assertRefused("end") { try usageInterval(start: Date(), end: date) }

            var config = config()
            let session = Session(accessToken: Secret(text: "hq3KpZ0vX1yT7wB9"), expiresAt: date)
            config.credentials = .session(clientId: "6f1c8a52", session: session)
            assertRefused("session.expires_at") { try OAuthAPI(config: config) }

            let request = OAuthClient(
                name: "Nachtlauf", authorizedGrantType: .clientCredentials, dateToDelete: date
            ).toRequest()
            let api = try BlockingOAuthAPI(config: self.config())
            assertRefused("body.date_to_delete") { try api.postOauthClients(body: request) }
        }
        assertRefused("start") { try usageInterval(start: Date(), end: Date()) }
    }

    func testAVeryLongDeadlineIsAllowed() throws {
        for long in [.greatestFiniteMagnitude, 1e15, 1e9] as [TimeInterval] {
            var config = config()
            config.deadline = long
            XCTAssertNoThrow(try OAuthAPI(config: config))
        }
    }

    /// The API object and its values are passed between actors, which the compiler allows only for sendable types.
    func testTheAPIObjectIsSharedBetweenActors() async throws {
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
