// The implementations in Swift. `tests/bench/README.md` describes the modes and commands.

import Foundation

#if canImport(FoundationNetworking)
    import FoundationNetworking
#endif

/// An implementation that is measured.
protocol Implementation: Sendable {
    /// Reads a listing and returns its length.
    func listing(_ size: Int) async throws -> Int
    /// Reads the usage result and returns the number of its rows.
    func usage() async throws -> Int
    /// Creates a client, and returns whether the response contains it.
    func create() async throws -> Bool
    /// Returns the costs of parts of a call, in nanoseconds.
    func callCosts() -> [(String, Double)]
}

extension Implementation {
    func callCosts() -> [(String, Double)] { [] }
}

struct UnexpectedResponse: Error {}

let arguments = CommandLine.arguments
let (name, mode) = (arguments[1], arguments[2])
let url = ProcessInfo.processInfo.environment["BENCH_URL"] ?? ""

if mode != "bare" {
    let implementation = try implementation(upTo: mode == "first" ? 1 : 10_000)
    switch mode {
    case "import": break
    case "first": guard try await implementation.listing(1) == 1 else { throw UnexpectedResponse() }
    default:
        while let line = readLine() {
            print(try await execute(line.split(separator: " "), with: implementation))
            fflush(nil)
        }
    }
}
if mode != "obey" {
    print(memory())
}

func implementation(upTo largest: Int) throws -> any Implementation {
    switch name {
    case "purecloud-oauth": try Ours(url: url, upTo: largest)
    case "purecloud-oauth, waiting": try OursBlocking(url: url, upTo: largest)
    case "URLSession + Codable": Plain(url: url)
    default: fatalError("unknown implementation: \(name)")
    }
}

func execute(_ command: [Substring], with implementation: any Implementation) async throws -> String {
    let numbers = command.dropFirst().map { Int($0) ?? 0 }
    switch command[0] {
    case "listing":
        let size = numbers[0]
        return try await measure(numbers[1]) { try await implementation.listing(size) == size }
    case "usage": return try await measure(numbers[0]) { try await implementation.usage() > 1 }
    case "create": return try await measure(numbers[0]) { try await implementation.create() }
    case "at_once":
        let calls = numbers[0] / numbers[1]
        let taken = try await ContinuousClock().measure {
            try await withThrowingTaskGroup(of: Void.self) { group in
                for _ in 0..<numbers[1] {
                    group.addTask {
                        for _ in 0..<calls {
                            guard try await implementation.listing(1) == 1 else { throw UnexpectedResponse() }
                        }
                    }
                }
                try await group.waitForAll()
            }
        }
        return String(nanoseconds(taken))
    case "memory": return String(memory())
    default: return implementation.callCosts().map { part, taken in "\(part)=\(taken)" }.joined(separator: "\t")
    }
}

/// Makes calls for the given time, at least one; returns the duration of each in nanoseconds.
func measure(_ milliseconds: Int, _ call: () async throws -> Bool) async throws -> String {
    let clock = ContinuousClock()
    let end = clock.now + .milliseconds(milliseconds)
    var taken: [String] = []
    repeat {
        let start = clock.now
        guard try await call() else { throw UnexpectedResponse() }
        taken.append(String(nanoseconds(clock.now - start)))
    } while clock.now < end
    return taken.joined(separator: " ")
}

func nanoseconds(_ duration: Duration) -> Int {
    Int(duration.components.seconds) * 1_000_000_000 + Int(duration.components.attoseconds / 1_000_000_000)
}

/// Returns the resident memory, in bytes.
func memory() -> Int {
    let status = (try? String(contentsOfFile: "/proc/self/status", encoding: .utf8)) ?? ""
    let line = status.split(separator: "\n").first { $0.hasPrefix("VmRSS:") }
    return (line?.split(whereSeparator: \.isWhitespace).compactMap { Int($0) }.first ?? 0) * 1024
}
