// Stands in for the system's browser, like browser.py: a system that is there for Swift alone has no Python.
//
// Opens the address that it is given, goes where it is sent, and prints nothing. Ends with 0 if it got a page at last.

import Foundation

#if canImport(FoundationNetworking)
    import FoundationNetworking
#endif

let configuration = URLSessionConfiguration.ephemeral
configuration.timeoutIntervalForRequest = 30
guard let address = CommandLine.arguments.last.flatMap(URL.init(string:)) else { exit(1) }
let answer = try? await URLSession(configuration: configuration).data(from: address)
exit((answer?.1 as? HTTPURLResponse)?.statusCode == 200 ? 0 : 1)
