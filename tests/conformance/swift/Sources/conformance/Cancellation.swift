// Ending a call before it is done: in Swift by cancelling the task that awaits it.

import Foundation
import PureCloudOAuth

let cancellationCases = [
    Case("cancelling_closes_the_request", cancellingClosesTheRequest),
    Case("cancelling_one_call_leaves_the_others", cancellingOneCallLeavesTheOthers),
    Case("many_calls_leave_nothing", manyCallsLeaveNothing),
]

@Sendable func cancellingClosesTheRequest(_ emulator: Emulator) async throws {
    try await emulator.fault(["endpoint": "get_oauth_clients", "times": nil, "kind": ["hang": [:]]])
    let api = try emulator.api
    let hanging = Task { try await api.getOauthClients() }
    try await hasArrived("get_oauth_clients", at: emulator)
    try expect(try await emulator.open().requests, 1)

    let clock = ContinuousClock()
    let start = clock.now
    hanging.cancel()
    try await endsAsCancelled(hanging)
    try await nothingIsOpen(at: emulator)
    try expect(clock.now - start < .seconds(1), "it took \(clock.now - start)")
}

@Sendable func cancellingOneCallLeavesTheOthers(_ emulator: Emulator) async throws {
    let api = try emulator.api
    try await emulator.fault(["endpoint": "get_oauth_clients", "kind": ["hang": [:]]])
    let hanging = Task { try await api.getOauthClients() }
    try await hasArrived("get_oauth_clients", at: emulator)

    let others = (0..<9).map { _ in Task { try await api.getOauthClients() } }
    hanging.cancel()
    try await endsAsCancelled(hanging)
    for other in others {
        try expect(try await !other.value.entities.isEmpty, "nothing is listed")
    }
    try expect(try await !api.getOauthClients().entities.isEmpty, "nothing is listed")
    try expect(try await emulator.counts("token").requests, 1)
    try await nothingIsOpen(at: emulator)
}

@Sendable func manyCallsLeaveNothing(_ emulator: Emulator) async throws {
    try await emulator.fault(["endpoint": "get_oauth_client", "times": nil, "kind": ["hang": [:]]])
    let api = try emulator.api
    try await calls(100, ofWhichATenthIsCancelled: api, emulator)
    try await atRest(emulator)
    let (threads, handles) = try (entries("/proc/self/task"), entries("/proc/self/fd"))

    try await calls(9_900, ofWhichATenthIsCancelled: api, emulator)
    try expect(try await emulator.counts("get_oauth_scope").executions, 9_000)
    try await atRest(emulator)
    try await until("no more than \(threads) threads and \(handles) handles") {
        try entries("/proc/self/task") <= threads && entries("/proc/self/fd") <= handles
    }
    _ = try await api.getOauthScope(scopeId: "users")
}

/// Each tenth call hangs until it is cancelled.
private func calls(_ count: Int, ofWhichATenthIsCancelled api: OAuthAPI, _ emulator: Emulator) async throws {
    let atOnce = 50
    try await withThrowingTaskGroup(of: Void.self) { group in
        for number in 0..<count {
            if number >= atOnce {
                try await group.next()
            }
            group.addTask {
                guard number % 10 == 0 else {
                    return try expect(try await api.getOauthScope(scopeId: "users").id, "users")
                }
                let hanging = Task { try await api.getOauthClient(clientId: emulator.clientId) }
                try await Task.sleep(for: .milliseconds(20))
                hanging.cancel()
                try await endsAsCancelled(hanging)
            }
        }
        try await group.waitForAll()
    }
}

private func endsAsCancelled(_ task: Task<some Sendable, any Error>) async throws {
    do {
        throw Broken("a call that hangs came to an end: \(try await task.value)")
    } catch is CancellationError {}
}

private func hasArrived(_ operation: String, at emulator: Emulator) async throws {
    try await until("the call arrived") { try await emulator.counts(operation).requests == 1 }
}

private func nothingIsOpen(at emulator: Emulator) async throws {
    try await until("no request is open") { try await emulator.open().requests == 0 }
}

/// No request is open, and no connection kept for the next one.
private func atRest(_ emulator: Emulator) async throws {
    try await nothingIsOpen(at: emulator)
    try await until("no connection is open") {
        try await emulator.closeIdleConnections()
        return try await emulator.open().connections == 0
    }
}

private func entries(_ folder: String) throws -> Int {
    try FileManager.default.contentsOfDirectory(atPath: folder).count
}
