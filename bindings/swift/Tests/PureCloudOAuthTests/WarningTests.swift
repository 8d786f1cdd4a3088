import Foundation
import PureCloudOAuth
import XCTest

#if !canImport(os)
    /// Warnings about settings, on systems that log to standard error.
    final class WarningTests: XCTestCase {
        func testASecretReadableByOtherUsersIsLogged() throws {
            let home = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString)
            defer { try? FileManager.default.removeItem(at: home) }
            let folder = home.appendingPathComponent(".gc")
            try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
            let profile = "[DEFAULT]\nenvironment = \"mypurecloud.de\"\naccess_token = \"kT7vQ2-not-to-be-seen\"\n"
            let written = FileManager.default.createFile(
                atPath: folder.appendingPathComponent("config.toml").path, contents: Data(profile.utf8),
                attributes: [.posixPermissions: 0o644])
            XCTAssertTrue(written)

            let logged = try logged {
                _ = try findConfig(sources: Sources(environment: false, home: home.path))
            }
            XCTAssertTrue(logged.contains("purecloud-oauth: ") && logged.contains("config.toml"), logged)
            XCTAssertFalse(logged.contains("not-to-be-seen"), logged)
        }

        /// Returns the output that the closure writes to standard error.
        private func logged(_ body: () throws -> Void) throws -> String {
            let pipe = Pipe()
            let before = dup(2)
            dup2(pipe.fileHandleForWriting.fileDescriptor, 2)
            defer { close(before) }
            do {
                defer { dup2(before, 2) }
                try body()
            }
            try pipe.fileHandleForWriting.close()
            return String(decoding: pipe.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        }
    }
#endif
