// What a case is, and how one is tried.

import Foundation
import PureCloudOAuth

struct Case: Sendable {
    let name: String
    let run: @Sendable (Emulator) async throws -> Void

    init(_ name: String, _ run: @escaping @Sendable (Emulator) async throws -> Void) {
        self.name = name
        self.run = run
    }

    /// Tries it; the reason if it does not hold.
    func verdict(_ emulator: Emulator) async -> String? {
        do {
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask {
                    try await emulator.startOver()
                    try await run(emulator)
                }
                group.addTask {
                    try await Task.sleep(for: .seconds(120))
                    throw Broken("not at its end after two minutes")
                }
                try await group.next()
                group.cancelAll()
            }
            return nil
        } catch {
            return String(reflecting: error).split(whereSeparator: \.isNewline).joined(separator: "; ")
        }
    }
}

/// A promise that does not hold.
struct Broken: Error, CustomStringConvertible {
    let description: String

    init(_ what: String, _ file: StaticString = #fileID, _ line: UInt = #line) {
        description = "\(what) (\(file):\(line))"
    }
}

func expect(_ holds: Bool, _ what: String, _ file: StaticString = #fileID, _ line: UInt = #line) throws {
    guard holds else { throw Broken(what, file, line) }
}

func expect<Value: Equatable>(
    _ actual: Value, _ expected: Value, _ file: StaticString = #fileID, _ line: UInt = #line
) throws {
    guard actual == expected else { throw Broken("\(actual) is not \(expected)", file, line) }
}

func present<Value>(
    _ value: Value?, _ what: String, _ file: StaticString = #fileID, _ line: UInt = #line
) throws -> Value {
    guard let value else { throw Broken("\(what) is missing", file, line) }
    return value
}

/// The error with which a call has to fail.
func failure(
    _ what: String, _ file: StaticString = #fileID, _ line: UInt = #line, of call: () async throws -> Any
) async throws -> OAuthError {
    do {
        throw Broken("\(what), and there is an answer: \(try await call())", file, line)
    } catch let error as OAuthError {
        return error
    }
}

/// Asks again and again until it is so, for at most ten seconds.
func until(
    _ what: String, _ file: StaticString = #fileID, _ line: UInt = #line, isSo: () async throws -> Bool
) async throws {
    let clock = ContinuousClock()
    let start = clock.now
    while try await !isSo() {
        guard clock.now - start < .seconds(10) else { throw Broken("not so in ten seconds: \(what)", file, line) }
        try await Task.sleep(for: .milliseconds(5))
    }
}
