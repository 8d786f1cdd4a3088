// The JSON that the emulator receives and sends.

import Foundation

enum JSON: Codable, Equatable, Sendable {
    case null
    case boolean(Bool)
    case integer(Int64)
    case number(Double)
    case string(String)
    case list([JSON])
    case object([String: JSON])

    /// The field with this name. A missing field is null.
    subscript(name: String) -> JSON {
        get {
            guard case .object(let fields) = self else { return .null }
            return fields[name] ?? .null
        }
        set {
            guard case .object(var fields) = self else { return }
            fields[name] = newValue
            self = .object(fields)
        }
    }

    var list: [JSON] {
        guard case .list(let elements) = self else { return [] }
        return elements
    }

    var string: String? {
        guard case .string(let string) = self else { return nil }
        return string
    }

    init(from decoder: any Decoder) throws {
        let value = try decoder.singleValueContainer()
        if value.decodeNil() {
            self = .null
        } else if let boolean = try? value.decode(Bool.self) {
            self = .boolean(boolean)
        } else if let integer = try? value.decode(Int64.self) {
            self = .integer(integer)
        } else if let number = try? value.decode(Double.self) {
            self = .number(number)
        } else if let string = try? value.decode(String.self) {
            self = .string(string)
        } else if let elements = try? value.decode([JSON].self) {
            self = .list(elements)
        } else {
            self = .object(try value.decode([String: JSON].self))
        }
    }

    func encode(to encoder: any Encoder) throws {
        var value = encoder.singleValueContainer()
        switch self {
        case .null: try value.encodeNil()
        case .boolean(let boolean): try value.encode(boolean)
        case .integer(let integer): try value.encode(integer)
        case .number(let number): try value.encode(number)
        case .string(let string): try value.encode(string)
        case .list(let elements): try value.encode(elements)
        case .object(let fields): try value.encode(fields)
        }
    }

    /// The JSON text of this value.
    var encoded: String {
        get throws { String(decoding: try JSONEncoder().encode(self), as: UTF8.self) }
    }

    init(encoded: String) throws {
        self = try JSONDecoder().decode(JSON.self, from: Data(encoded.utf8))
    }
}

// Converts Swift values to JSON, to compare them with the service's JSON.
extension JSON {
    init(_ string: String?) { self = string.map(JSON.string) ?? .null }
    init(_ boolean: Bool?) { self = boolean.map(JSON.boolean) ?? .null }
    init(_ integer: (some BinaryInteger)?) { self = integer.map { .integer(Int64($0)) } ?? .null }
    init(_ strings: [String]) { self = .list(strings.map(JSON.string)) }

    /// Formats a timestamp like the service: in UTC, with milliseconds.
    init(_ timestamp: Date?) {
        guard let timestamp else {
            self = .null
            return
        }
        let milliseconds = Int64((timestamp.timeIntervalSince1970 * 1_000).rounded())
        let second = Date(timeIntervalSince1970: TimeInterval(milliseconds / 1_000))
        let fraction = String(format: "%03d", milliseconds % 1_000)
        self = .string(second.formatted(.iso8601).replacingOccurrences(of: "Z", with: ".\(fraction)Z"))
    }
}

extension JSON: ExpressibleByNilLiteral, ExpressibleByBooleanLiteral, ExpressibleByIntegerLiteral,
    ExpressibleByFloatLiteral, ExpressibleByStringLiteral, ExpressibleByStringInterpolation,
    ExpressibleByArrayLiteral, ExpressibleByDictionaryLiteral
{
    init(nilLiteral: ()) { self = .null }
    init(booleanLiteral boolean: Bool) { self = .boolean(boolean) }
    init(integerLiteral integer: Int64) { self = .integer(integer) }
    init(floatLiteral number: Double) { self = .number(number) }
    init(stringLiteral string: String) { self = .string(string) }
    init(arrayLiteral elements: JSON...) { self = .list(elements) }
    init(dictionaryLiteral fields: (String, JSON)...) { self = .object(Dictionary(uniqueKeysWithValues: fields)) }
}
