import Foundation
import PureCloudOAuth
import XCTest

final class CancellationTests: XCTestCase {
    private func api(port: UInt16) throws -> OAuthAPI {
        let credentials = Credentials.accessToken(Secret(text: "hq3KpZ0vX1yT7wB9"))
        return try OAuthAPI(config: Config(host: .url("http://127.0.0.1:\(port)"), credentials: credentials))
    }

    private func assertCancelled(_ task: Task<some Sendable, any Error>) async {
        switch await task.result {
        case .failure(is CancellationError): break
        case .failure(let error): XCTFail("unexpected error: \(error)")
        case .success: XCTFail("a call without a response succeeded")
        }
    }

    func testACallOfACancelledTaskSendsNoRequest() async throws {
        let server = try SilentServer()
        let api = try api(port: server.port)
        let task = Task {
            withUnsafeCurrentTask { $0?.cancel() }
            return try await api.getOauthClients()
        }
        await assertCancelled(task)
        XCTAssertFalse(server.isReached)
    }

    func testAHangingCallIsCancelled() async throws {
        let server = try SilentServer()
        let api = try api(port: server.port)
        let task = Task { try await api.getOauthClients() }
        while !server.isReached {
            try await Task.sleep(nanoseconds: 1_000_000)
        }
        let start = Date()
        task.cancel()
        await assertCancelled(task)
        XCTAssertLessThan(Date().timeIntervalSince(start), 1)
    }

    func testACancelledGroupCancelsItsCalls() async throws {
        let server = try SilentServer()
        let api = try api(port: server.port)
        struct GroupFailure: Error {}
        let start = Date()
        do {
            try await withThrowingTaskGroup(of: Void.self) { group in
                for _ in 0..<10 {
                    group.addTask { _ = try await api.getOauthClients() }
                }
                group.addTask {
                    try await Task.sleep(nanoseconds: 20_000_000)
                    throw GroupFailure()
                }
                for try await _ in group {}
            }
            XCTFail("calls without a response succeeded")
        } catch is GroupFailure {}
        XCTAssertLessThan(Date().timeIntervalSince(start), 2)
    }

    /// Cancels before the first poll of the call, while it is waiting, and between two polls.
    func testACallCanBeCancelledAtAnyTime() async throws {
        let server = try SilentServer()
        let api = try api(port: server.port)
        for number in 0..<2_000 {
            let task = Task { try await api.getOauthClients() }
            if number % 3 > 0 {
                try await Task.sleep(nanoseconds: .random(in: 0..<(number % 3 == 1 ? 50_000 : 1_000_000)))
            }
            task.cancel()
            await assertCancelled(task)
        }
    }

    /// Cancels a call while it completes by itself: the call ends with one of both errors, and only once.
    func testACallMayCompleteBeforeItsCancellation() async throws {
        let port = try SilentServer().port
        let api = try api(port: port)
        let once = CallOptions(withoutRetries: true)
        var ended = 0
        for _ in 0..<2_000 {
            let task = Task { try await api.getOauthClients(options: once) }
            try await Task.sleep(nanoseconds: .random(in: 0..<500_000))
            task.cancel()
            switch await task.result {
            case .failure(OAuthError.connection): ended += 1
            case .failure(is CancellationError): break
            case let other: XCTFail("\(other)")
            }
        }
        XCTAssertGreaterThan(ended, 0)
        XCTAssertLessThan(ended, 2_000)
    }

    #if os(Linux)
        /// The port is free for the next sign-in, through the same API object or another one.
        func testACancelledSignInFreesItsPort() async throws {
            let browser = try IdleBrowser()
            let port = try SilentServer().port
            let redirectUri = "http://127.0.0.1:\(port)/callback"
            let credentials = Credentials.browser(Authorization(clientId: "leitstelle", redirectUri: redirectUri))
            let config = Config(host: .region(.euCentral1), credentials: credentials)
            let api = try OAuthAPI(config: config)
            for number in 0..<200 {
                let api = number % 2 == 0 ? api : try OAuthAPI(config: config)
                let task = Task { try await api.signIn() }
                let opened = try await browser.waitUntilOpened()
                task.cancel()
                await assertCancelled(task)
                guard opened else { return XCTFail("no browser was opened") }
            }
        }
    #endif

    func testCancellingACompletedCallHasNoEffect() async throws {
        let port = try SilentServer().port
        let api = try api(port: port)
        let task = Task { try await api.getOauthClients(options: CallOptions(withoutRetries: true)) }
        let before = await task.result
        task.cancel()
        let after = await task.result
        for result in [before, after] {
            guard case .failure(OAuthError.connection) = result else { return XCTFail("\(result)") }
        }
    }
}

/// A local port that accepts connections but never responds.
private final class SilentServer: Sendable {
    let port: UInt16
    private let listener: Int32

    init() throws {
        #if canImport(Glibc)
            let listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        #else
            let listener = socket(AF_INET, SOCK_STREAM, 0)
        #endif
        _ = fcntl(listener, F_SETFL, O_NONBLOCK)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = inet_addr("127.0.0.1")
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let opened = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
                bind(listener, address, length) == 0 && listen(listener, 4_096) == 0
                    && getsockname(listener, address, &length) == 0
            }
        }
        guard opened else { throw POSIXError(.EADDRNOTAVAIL) }
        self.listener = listener
        port = UInt16(bigEndian: address.sin_port)
    }

    deinit { close(listener) }

    /// True if a call has arrived since the last access. Its connection stays open.
    var isReached: Bool { accept(listener, nil, nil) >= 0 }
}

#if os(Linux)
    /// A browser in which the user does nothing.
    private final class IdleBrowser {
        private let folder = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString)
        private var opened: URL { folder.appendingPathComponent("opened") }

        init() throws {
            let program = folder.appendingPathComponent("browser").path
            try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: false)
            let script = Data("#!/bin/sh\nexec touch \(opened.path)\n".utf8)
            let executable: [FileAttributeKey: Any] = [.posixPermissions: 0o700]
            guard FileManager.default.createFile(atPath: program, contents: script, attributes: executable) else {
                throw CocoaError(.fileWriteUnknown)
            }
            setenv("BROWSER", program, 1)
        }

        deinit { try? FileManager.default.removeItem(at: folder) }

        /// Waits until the browser is opened, for at most five seconds. Returns whether it was.
        func waitUntilOpened() async throws -> Bool {
            let start = Date()
            while (try? FileManager.default.removeItem(at: opened)) == nil {
                guard Date().timeIntervalSince(start) < 5 else { return false }
                try await Task.sleep(nanoseconds: 1_000_000)
            }
            return true
        }
    }
#endif
