// Cancellation of calls: in Swift by cancelling the task that awaits a call.

import Foundation
import PureCloudOAuth

let cancellationCases = [
    Case("cancelling_closes_the_request", cancellingClosesTheRequest),
    Case("cancelling_one_call_leaves_the_others", cancellingOneCallLeavesTheOthers),
    Case("many_calls_leave_nothing", manyCallsLeaveNothing),
]

@Sendable func cancellingClosesTheRequest(_ emulator: Emulator) async throws {
    try await emulator.injectFault(["endpoint": "get_oauth_clients", "times": nil, "kind": ["hang": [:]]])
    let api = try emulator.api
    let hanging = Task { try await api.getOauthClients() }
    try await waitForArrival("get_oauth_clients", at: emulator)
    try expect(try await emulator.open().requests, 1)

    let clock = ContinuousClock()
    let start = clock.now
    hanging.cancel()
    try await expectCancelled(hanging)
    try await waitForNoOpenRequests(at: emulator)
    try expect(clock.now - start < .seconds(1), "it took \(clock.now - start)")
}

@Sendable func cancellingOneCallLeavesTheOthers(_ emulator: Emulator) async throws {
    let api = try emulator.api
    try await emulator.injectFault(["endpoint": "get_oauth_clients", "kind": ["hang": [:]]])
    let hanging = Task { try await api.getOauthClients() }
    try await waitForArrival("get_oauth_clients", at: emulator)

    let others = (0..<9).map { _ in Task { try await api.getOauthClients() } }
    hanging.cancel()
    try await expectCancelled(hanging)
    for other in others {
        try expect(try await !other.value.entities.isEmpty, "the listing is empty")
    }
    try expect(try await !api.getOauthClients().entities.isEmpty, "the listing is empty")
    try expect(try await emulator.counts("token").requests, 1)
    try await waitForNoOpenRequests(at: emulator)
}

@Sendable func manyCallsLeaveNothing(_ emulator: Emulator) async throws {
    try await emulator.injectFault(["endpoint": "get_oauth_client", "times": nil, "kind": ["hang": [:]]])
    let api = try emulator.api
    try await makeCallsAndCancelATenth(100, api, emulator)
    try await waitUntilIdle(emulator)
    let (threads, handles) = try (countEntries("/proc/self/task"), countEntries("/proc/self/fd"))

    try await makeCallsAndCancelATenth(9_900, api, emulator)
    try expect(try await emulator.counts("get_oauth_scope").executions, 9_000)
    try await waitUntilIdle(emulator)
    try await waitUntil("no more than \(threads) threads and \(handles) handles") {
        try countEntries("/proc/self/task") <= threads && countEntries("/proc/self/fd") <= handles
    }
    _ = try await api.getOauthScope(scopeId: "users")
}

/// Makes the given number of calls. Each tenth call hangs, and is cancelled.
private func makeCallsAndCancelATenth(_ count: Int, _ api: OAuthAPI, _ emulator: Emulator) async throws {
    let concurrentCalls = 50
    try await withThrowingTaskGroup(of: Void.self) { group in
        for number in 0..<count {
            if number >= concurrentCalls {
                try await group.next()
            }
            group.addTask {
                guard number % 10 == 0 else {
                    return try expect(try await api.getOauthScope(scopeId: "users").id, "users")
                }
                let hanging = Task { try await api.getOauthClient(clientId: emulator.clientId) }
                try await Task.sleep(for: .milliseconds(20))
                hanging.cancel()
                try await expectCancelled(hanging)
            }
        }
        try await group.waitForAll()
    }
}

private func expectCancelled(_ task: Task<some Sendable, any Error>) async throws {
    do {
        throw CaseFailure("a hanging call has returned \(try await task.value)")
    } catch is CancellationError {}
}

private func waitForArrival(_ operation: String, at emulator: Emulator) async throws {
    try await waitUntil("the call arrived") { try await emulator.counts(operation).requests == 1 }
}

private func waitForNoOpenRequests(at emulator: Emulator) async throws {
    try await waitUntil("no request is open") { try await emulator.open().requests == 0 }
}

/// Waits until no request is open, and closes idle connections until none is left.
private func waitUntilIdle(_ emulator: Emulator) async throws {
    try await waitForNoOpenRequests(at: emulator)
    try await waitUntil("no connection is open") {
        try await emulator.closeIdleConnections()
        return try await emulator.open().connections == 0
    }
}

private func countEntries(_ folder: String) throws -> Int {
    try FileManager.default.contentsOfDirectory(atPath: folder).count
}
