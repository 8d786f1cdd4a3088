// The clients of the bench in Swift. See `tests/bench/README.md` for what they are told and what they answer.

import Foundation

#if canImport(FoundationNetworking)
    import FoundationNetworking
#endif

/// What every client can.
protocol Client: Sendable {
    /// Reads a listing and tells its length.
    func listing(_ size: Int) async throws -> Int
    /// Reads the usage result and tells the number of its rows.
    func usage() async throws -> Int
    /// Creates a client, and says whether it came back.
    func create() async throws -> Bool
    /// What a call costs inside.
    func inside() -> [(String, Double)]
}

extension Client {
    func inside() -> [(String, Double)] { [] }
}

struct NotAsked: Error {}

let arguments = CommandLine.arguments
let (name, mode) = (arguments[1], arguments[2])
let url = ProcessInfo.processInfo.environment["BENCH_URL"] ?? ""

if mode != "bare" {
    let client = try client(upTo: mode == "first" ? 1 : 10_000)
    switch mode {
    case "import": break
    case "first": guard try await client.listing(1) == 1 else { throw NotAsked() }
    default:
        while let line = readLine() {
            print(try await answer(to: line.split(separator: " "), by: client))
            fflush(nil)
        }
    }
}
if mode != "obey" {
    print(memory())
}

func client(upTo largest: Int) throws -> any Client {
    switch name {
    case "purecloud-oauth": try Ours(url: url, upTo: largest)
    case "purecloud-oauth, waiting": try OursWaiting(url: url, upTo: largest)
    case "URLSession + Codable": Plain(url: url)
    default: fatalError("there is no client \(name)")
    }
}

func answer(to words: [Substring], by client: any Client) async throws -> String {
    let numbers = words.dropFirst().map { Int($0) ?? 0 }
    switch words[0] {
    case "listing":
        let size = numbers[0]
        return try await measure(numbers[1]) { try await client.listing(size) == size }
    case "usage": return try await measure(numbers[0]) { try await client.usage() > 1 }
    case "create": return try await measure(numbers[0]) { try await client.create() }
    case "at_once":
        let calls = numbers[0] / numbers[1]
        let taken = try await ContinuousClock().measure {
            try await withThrowingTaskGroup(of: Void.self) { group in
                for _ in 0..<numbers[1] {
                    group.addTask {
                        for _ in 0..<calls {
                            guard try await client.listing(1) == 1 else { throw NotAsked() }
                        }
                    }
                }
                try await group.waitForAll()
            }
        }
        return String(nanoseconds(taken))
    case "memory": return String(memory())
    default: return client.inside().map { part, taken in "\(part)=\(taken)" }.joined(separator: "\t")
    }
}

/// Calls for as long, and at least once; says how many nanoseconds each call took.
func measure(_ milliseconds: Int, _ call: () async throws -> Bool) async throws -> String {
    let clock = ContinuousClock()
    let end = clock.now + .milliseconds(milliseconds)
    var taken: [String] = []
    repeat {
        let start = clock.now
        guard try await call() else { throw NotAsked() }
        taken.append(String(nanoseconds(clock.now - start)))
    } while clock.now < end
    return taken.joined(separator: " ")
}

func nanoseconds(_ duration: Duration) -> Int {
    Int(duration.components.seconds) * 1_000_000_000 + Int(duration.components.attoseconds / 1_000_000_000)
}

/// The resident memory, in bytes.
func memory() -> Int {
    let status = (try? String(contentsOfFile: "/proc/self/status", encoding: .utf8)) ?? ""
    let line = status.split(separator: "\n").first { $0.hasPrefix("VmRSS:") }
    return (line?.split(whereSeparator: \.isWhitespace).compactMap { Int($0) }.first ?? 0) * 1024
}
