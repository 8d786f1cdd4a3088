// What the emulator is told and says.

import Foundation

enum JSON: Codable, Equatable, Sendable {
    case null
    case flag(Bool)
    case integer(Int64)
    case number(Double)
    case text(String)
    case list([JSON])
    case object([String: JSON])

    /// A field that is not there is null.
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

    var text: String? {
        guard case .text(let text) = self else { return nil }
        return text
    }

    init(from decoder: any Decoder) throws {
        let value = try decoder.singleValueContainer()
        if value.decodeNil() {
            self = .null
        } else if let flag = try? value.decode(Bool.self) {
            self = .flag(flag)
        } else if let integer = try? value.decode(Int64.self) {
            self = .integer(integer)
        } else if let number = try? value.decode(Double.self) {
            self = .number(number)
        } else if let text = try? value.decode(String.self) {
            self = .text(text)
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
        case .flag(let flag): try value.encode(flag)
        case .integer(let integer): try value.encode(integer)
        case .number(let number): try value.encode(number)
        case .text(let text): try value.encode(text)
        case .list(let elements): try value.encode(elements)
        case .object(let fields): try value.encode(fields)
        }
    }

    /// As it is sent.
    var encoded: String {
        get throws { String(decoding: try JSONEncoder().encode(self), as: UTF8.self) }
    }

    init(encoded: String) throws {
        self = try JSONDecoder().decode(JSON.self, from: Data(encoded.utf8))
    }
}

// The values of this program, for comparing them with what the service says.
extension JSON {
    init(_ text: String?) { self = text.map(JSON.text) ?? .null }
    init(_ flag: Bool?) { self = flag.map(JSON.flag) ?? .null }
    init(_ integer: (some BinaryInteger)?) { self = integer.map { .integer(Int64($0)) } ?? .null }
    init(_ texts: [String]) { self = .list(texts.map(JSON.text)) }

    /// As the service writes it: in UTC, to the millisecond.
    init(_ moment: Date?) {
        guard let moment else {
            self = .null
            return
        }
        let milliseconds = Int64((moment.timeIntervalSince1970 * 1_000).rounded())
        let second = Date(timeIntervalSince1970: TimeInterval(milliseconds / 1_000))
        let fraction = String(format: "%03d", milliseconds % 1_000)
        self = .text(second.formatted(.iso8601).replacingOccurrences(of: "Z", with: ".\(fraction)Z"))
    }
}

extension JSON: ExpressibleByNilLiteral, ExpressibleByBooleanLiteral, ExpressibleByIntegerLiteral,
    ExpressibleByFloatLiteral, ExpressibleByStringLiteral, ExpressibleByStringInterpolation,
    ExpressibleByArrayLiteral, ExpressibleByDictionaryLiteral
{
    init(nilLiteral: ()) { self = .null }
    init(booleanLiteral flag: Bool) { self = .flag(flag) }
    init(integerLiteral integer: Int64) { self = .integer(integer) }
    init(floatLiteral number: Double) { self = .number(number) }
    init(stringLiteral text: String) { self = .text(text) }
    init(arrayLiteral elements: JSON...) { self = .list(elements) }
    init(dictionaryLiteral fields: (String, JSON)...) { self = .object(Dictionary(uniqueKeysWithValues: fields)) }
}
