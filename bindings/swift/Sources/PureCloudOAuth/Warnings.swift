import Foundation

#if canImport(os)
    import os
#endif

/// Logs the warnings of the last call on this thread, in the unified log or with `NSLog` on systems without it.
func publishWarnings() {
    for warning in takeWarnings() {
        #if canImport(os)
            // Warnings never contain a secret.
            Logger(subsystem: "purecloud-oauth", category: "settings").warning("\(warning, privacy: .public)")
        #else
            let line = "purecloud-oauth: \(warning)"
            NSLog(line.replacingOccurrences(of: "%", with: "%%"))
        #endif
    }
}
