// Tests panics, cancelled calls and closed descriptors, with a native library that panics on demand and counts its
// secrets. A panic becomes an error, and the API object still works afterwards. A cancelled call leaves no secret in
// memory. A call ends if the program closes its descriptors.
//
// Reads the same variables as the tour.

import Foundation
import PureCloudOAuth

func openDescriptors() -> Set<Int32> {
    Set((3..<900).filter { fcntl($0, F_GETFD) != -1 })
}

// The descriptors of Swift's runtime for its timers. The runtime ends the process if they are closed.
try await Task.sleep(nanoseconds: 1_000_000)
let runtimeDescriptors = openDescriptors()

let config = try findConfig()
let api = try OAuthAPI(config: config)
let blockingAPI = try BlockingOAuthAPI(config: config)

func require(_ condition: Bool, _ message: @autoclosure () -> String) {
    guard condition else {
        print(message())
        exit(1)
    }
}

// Panics.

func expectPanic(_ name: String, _ call: () async throws -> OAuthClient) async {
    do {
        print("\(name) returned \(try await call())")
        exit(1)
    } catch OAuthError.internal(let failure) {
        // The message of a panic may contain a secret.
        require(!"\(failure)".contains("a mistake of ours"), "\(name): \(failure)")
        require(failure.text.contains("nothing was sent"), "\(name): \(failure)")
        require(!failure.serverMayHaveActed, "\(name): \(failure)")
    } catch {
        print("\(name) failed with another error: \(error)")
        exit(1)
    }
}

for _ in 0..<3 {
    await expectPanic("OAuthAPI") { try await api.getOauthClient(clientId: "panic") }
    await expectPanic("BlockingOAuthAPI") { try blockingAPI.getOauthClient(clientId: "panic") }
}
let clients = try await api.getOauthClients().entities
let same = try blockingAPI.getOauthClients().entities
require(clients == same && !clients.isEmpty, "calls fail after a panic")

// Cancelled rotations: their secrets are freed, also if the response arrives during the cancellation.

typealias SecretCounter = @convention(c) () -> UInt64

func loadSecretCounter() -> SecretCounter? {
    dlsym(dlopen(nil, RTLD_NOW), "purecloud_oauth_living_secrets").map { unsafeBitCast($0, to: SecretCounter.self) }
}

func rotate(_ id: String, cancelledAfter nanoseconds: UInt64) async -> Bool {
    let rotation = Task { try await api.postOauthClientSecret(clientId: id) }
    try? await Task.sleep(nanoseconds: nanoseconds)
    rotation.cancel()
    if case .failure(is CancellationError) = await rotation.result { return true }
    return false
}

guard let countSecrets = loadSecretCounter() else {
    print("the native library counts no secrets")
    exit(1)
}
let request = OAuthClientRequest(
    name: "Nachtlauf",
    authorizedGrantType: .code,
    registeredRedirectUri: ["https://nachtlauf.example.at/callback"],
    scope: ["users:readonly"]
)
let id = try await api.postOauthClients(body: request).id
let start = Date()
_ = try await api.postOauthClientSecret(clientId: id)
let took = UInt64(Date().timeIntervalSince(start) * 1e9)
let before = countSecrets()
var cancelled = 0
for _ in 0..<20 {
    await withTaskGroup(of: Bool.self) { group in
        for _ in 0..<20 {
            group.addTask { await rotate(id, cancelledAfter: .random(in: 0...4 * took)) }
        }
        for await isCancelled in group where isCancelled { cancelled += 1 }
    }
}
require(cancelled > 0, "no rotation was cancelled in time")
// A cancelled task of the native library ends shortly afterwards.
let end = Date() + 10
while countSecrets() > before && Date() < end {
    try await Task.sleep(nanoseconds: 10_000_000)
}
require(
    countSecrets() <= before,
    "\(cancelled) cancelled rotations have left \(countSecrets() - before) secrets in memory")

// Closed descriptors.

// The native library may still be closing the connections of the cancelled calls, and a debug build of Rust aborts the
// process if a descriptor that it closes is already closed. So the test waits until the set of descriptors is stable.
var settled = openDescriptors()
var unchanged = 0
while unchanged < 10 {
    try await Task.sleep(nanoseconds: 100_000_000)
    let now = openDescriptors()
    unchanged = now == settled ? unchanged + 1 : 0
    settled = now
}

for round in 1...3 {
    for number in openDescriptors().subtracting(runtimeDescriptors) {
        close(number)
    }
    for attempt in 1...2 {
        do {
            _ = try await api.getOauthClients()
            _ = try blockingAPI.getOauthClients()
            break
        } catch is OAuthError where attempt == 1 {
            continue
        } catch {
            print("no call works after descriptors were closed in round \(round): \(error)")
            exit(1)
        }
    }
}
exit(0)
