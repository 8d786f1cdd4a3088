// What uniffi finds wrong in the library. What a panic says is left out: it may hold a secret.
fileprivate enum UniffiInternalError {
    static var bufferOverflow: OAuthError { defect("a value reaches past the end of its buffer") }
    static var incompleteData: OAuthError { defect("a buffer holds more than its value") }
    static var unexpectedOptionalTag: OAuthError { defect("an optional value is neither absent nor present") }
    static var unexpectedEnumCase: OAuthError { defect("an enumeration has no such case") }
    static var unexpectedNullPointer: OAuthError { defect("an object has no address") }
    static var unexpectedRustCallStatusCode: OAuthError { defect("a call ended in an unknown way") }
    static var unexpectedRustCallError: OAuthError { defect("a call that can't fail has failed") }
    static var unexpectedStaleHandle: OAuthError { defect("an object has been freed already") }

    static func rustPanic(_ message: String) -> OAuthError { defect("it panicked") }

    private static func defect(_ text: String) -> OAuthError {
        .internal(failure: Failure(
            text: "a defect of the native library: \(text); a request that was under way may have been executed",
            serverMayHaveActed: true
        ))
    }
}

