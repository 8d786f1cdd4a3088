import Foundation

extension OAuthError: LocalizedError {
    /// What went wrong, in one line for a person; `localizedDescription` is the same.
    public var errorDescription: String? { text }
}

extension OAuthError: CustomStringConvertible, CustomDebugStringConvertible {
    /// What went wrong, in one line for a person.
    public var description: String { text }

    /// The case, and what went wrong: this is shown where a program ends with the error.
    public var debugDescription: String {
        let name = Mirror(reflecting: self).children.first?.label
        return "OAuthError.\(name ?? "unknown"): \(text)"
    }
}
