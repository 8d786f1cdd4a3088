// The type of a conformance case, its execution, and assertions.

import Foundation
import PureCloudOAuth

/// A case of `cases.toml`. A case fails if its function throws.
struct Case: Sendable {
    let name: String
    let run: @Sendable (Emulator) async throws -> Void

    init(_ name: String, _ run: @escaping @Sendable (Emulator) async throws -> Void) {
        self.name = name
        self.run = run
    }

    /// Resets the emulator and runs the case. Returns the reason if the case fails, or nil.
    func verdict(_ emulator: Emulator) async -> String? {
        do {
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask {
                    try await emulator.reset()
                    try await run(emulator)
                }
                group.addTask {
                    try await Task.sleep(for: .seconds(120))
                    throw CaseFailure("not finished after two minutes")
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

/// A failed assertion, with its location.
struct CaseFailure: Error, CustomStringConvertible {
    let description: String

    init(_ message: String, _ file: StaticString = #fileID, _ line: UInt = #line) {
        description = "\(message) (\(file):\(line))"
    }
}

/// Throws if the condition is false.
func expect(
    _ condition: Bool, _ message: String, _ file: StaticString = #fileID, _ line: UInt = #line
) throws {
    guard condition else { throw CaseFailure(message, file, line) }
}

/// Throws if the values differ.
func expect<Value: Equatable>(
    _ actual: Value, _ expected: Value, _ file: StaticString = #fileID, _ line: UInt = #line
) throws {
    guard actual == expected else { throw CaseFailure("\(actual) is not \(expected)", file, line) }
}

/// Returns the value, or throws if the value is nil.
func unwrap<Value>(
    _ value: Value?, _ name: String, _ file: StaticString = #fileID, _ line: UInt = #line
) throws -> Value {
    guard let value else { throw CaseFailure("\(name) is missing", file, line) }
    return value
}

/// Makes a call that must fail, and returns its error.
func expectError(
    _ reason: String, _ file: StaticString = #fileID, _ line: UInt = #line, of call: () async throws -> Any
) async throws -> OAuthError {
    do {
        throw CaseFailure("no error (\(reason)), but the result \(try await call())", file, line)
    } catch let error as OAuthError {
        return error
    }
}

/// Polls a condition until the condition holds. Throws after ten seconds.
func waitUntil(
    _ description: String, _ file: StaticString = #fileID, _ line: UInt = #line, condition: () async throws -> Bool
) async throws {
    let clock = ContinuousClock()
    let start = clock.now
    while try await !condition() {
        guard clock.now - start < .seconds(10) else {
            throw CaseFailure("after ten seconds this does not hold: \(description)", file, line)
        }
        try await Task.sleep(for: .milliseconds(5))
    }
}
