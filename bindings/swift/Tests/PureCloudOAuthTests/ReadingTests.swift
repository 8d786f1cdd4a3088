import Foundation
import PureCloudOAuthFFI
import XCTest

@testable import PureCloudOAuth

/// A type that can generate arbitrary values.
protocol Arbitrary {
    static func arbitrary() -> Self
}

/// A type whose values are exchanged with the native library. uniffi's code writes them; the patched code in
/// `reading.swift` reads them.
protocol Exchanged: Arbitrary, Equatable {
    static func read(_ buffer: RustBuffer) throws -> Self
    var written: RustBuffer { get }
}

final class ReadingTests: XCTestCase {
    func testEveryValueIsReadAsItWasWritten() throws {
        for type in exchanged {
            for _ in 0..<100 {
                try assertReadAsWritten(type.arbitrary())
            }
        }
    }

    private func assertReadAsWritten<Value: Exchanged>(_ value: Value) throws {
        XCTAssertEqual(try Value.read(value.written), value)
    }

    func testATruncatedBufferIsRefused() {
        for type in exchanged {
            for _ in 0..<100 {
                assertTruncatedIsRefused(type.arbitrary())
            }
        }
    }

    private func assertTruncatedIsRefused<Value: Exchanged>(_ value: Value) {
        var buffer = value.written
        buffer.len = .random(in: 0..<buffer.len)
        XCTAssertThrowsError(try Value.read(buffer), "\(Value.self) of \(buffer.len) of \(buffer.capacity) bytes")
    }
}

extension String: Arbitrary {
    static func arbitrary() -> String {
        let pieces = ["", "a", "\0", "\u{FEFF}", "ü", "🗝️", "Terminübersicht", "{\"name\": \"Nachtlauf\"}"]
        return (0..<Int.random(in: 0..<6)).map { _ in pieces.randomElement()! }.joined()
    }
}

extension Bool: Arbitrary {
    static func arbitrary() -> Bool { .random() }
}

extension Int32: Arbitrary {
    static func arbitrary() -> Int32 { .random(in: min...max) }
}

extension Int64: Arbitrary {
    static func arbitrary() -> Int64 { .random(in: min...max) }
}

// Fractions of a second that both a double and a whole number of nanoseconds can represent.
extension TimeInterval: Arbitrary {
    static func arbitrary() -> TimeInterval { TimeInterval(Int.random(in: 0...1_000_000_000)) / 64 }
}

extension Date: Arbitrary {
    static func arbitrary() -> Date { Date(timeIntervalSince1970: Bool.random() ? .arbitrary() : -.arbitrary()) }
}

extension Optional: Arbitrary where Wrapped: Arbitrary {
    static func arbitrary() -> Wrapped? { Bool.random() ? .some(.arbitrary()) : nil }
}

/// Returns a number of elements, on average below one, because a value may hold others of its own type.
private func arbitraryCount() -> Int { [0, 0, 0, 1, 2].randomElement()! }

extension Array: Arbitrary where Element: Arbitrary {
    static func arbitrary() -> [Element] { (0..<arbitraryCount()).map { _ in .arbitrary() } }
}

extension Dictionary: Arbitrary where Key: Arbitrary, Value: Arbitrary {
    static func arbitrary() -> [Key: Value] {
        let pairs = (0..<arbitraryCount()).map { _ in (Key.arbitrary(), Value.arbitrary()) }
        return Dictionary(pairs, uniquingKeysWith: { first, _ in first })
    }
}
