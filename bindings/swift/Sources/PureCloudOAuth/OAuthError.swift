import Foundation

extension OAuthError: LocalizedError {
    /// The error message, in one line for the user; the same as `localizedDescription`.
    public var errorDescription: String? { text }
}

extension OAuthError: CustomStringConvertible, CustomDebugStringConvertible {
    /// The error message, in one line for the user.
    public var description: String { text }

    /// The case and the error message, as printed when a program terminates with the error.
    public var debugDescription: String {
        let name = Mirror(reflecting: self).children.first?.label
        return "OAuthError.\(name ?? "unknown"): \(text)"
    }
}
