// Replaces the system's browser in tests, like browser.py: the Swift toolchain's system has no Python.
//
// Opens the address in its argument, follows redirects, and prints nothing. Exits with 0 if the last response is a page
// with status 200, and with 1 otherwise.

import Foundation

#if canImport(FoundationNetworking)
    import FoundationNetworking
#endif

let configuration = URLSessionConfiguration.ephemeral
configuration.timeoutIntervalForRequest = 30
guard let address = CommandLine.arguments.last.flatMap(URL.init(string:)) else { exit(1) }
let result = try? await URLSession(configuration: configuration).data(from: address)
exit((result?.1 as? HTTPURLResponse)?.statusCode == 200 ? 0 : 1)
