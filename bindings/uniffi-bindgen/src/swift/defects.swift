// Defects of the native library that uniffi detects. The message of a panic is omitted, because it may hold a secret.
fileprivate enum UniffiInternalError {
    static var bufferOverflow: OAuthError { defect("a value extends beyond its buffer") }
    static var incompleteData: OAuthError { defect("a buffer holds more than its value") }
    static var unexpectedOptionalTag: OAuthError { defect("an optional value is neither absent nor present") }
    static var unexpectedEnumCase: OAuthError { defect("an enumeration has no such case") }
    static var unexpectedNullPointer: OAuthError { defect("the address of an object is null") }
    static var unexpectedRustCallStatusCode: OAuthError { defect("a call ended with an unknown status") }
    static var unexpectedRustCallError: OAuthError { defect("a call that can't fail has failed") }
    static var unexpectedStaleHandle: OAuthError { defect("an object has been freed already") }

    static func rustPanic(_ message: String) -> OAuthError { defect("it panicked") }

    private static func defect(_ description: String) -> OAuthError {
        .internal(failure: Failure(
            text: "a defect of the native library: \(description); a request in progress may have been executed",
            serverMayHaveActed: true
        ))
    }
}

