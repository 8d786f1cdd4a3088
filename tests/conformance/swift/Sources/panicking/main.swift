// Calls a library that has a mistake and counts its secrets: a panic in it is an error here, and the client works
// afterwards. A cancelled call leaves no secret in memory, and a call whose descriptors were closed by the program ends.
//
// Reads the variables that the tour reads.

import Foundation
import PureCloudOAuth

func descriptors() -> Set<Int32> {
    Set((3..<900).filter { fcntl($0, F_GETFD) != -1 })
}

// Those that Swift's own runtime opens for its timers: it ends the process where they are closed.
try await Task.sleep(nanoseconds: 1_000_000)
let swiftsOwn = descriptors()

let config = try findConfig()
let api = try OAuthAPI(config: config)
let waiting = try BlockingOAuthAPI(config: config)

func require(_ isSo: Bool, _ otherwise: @autoclosure () -> String) {
    guard isSo else {
        print(otherwise())
        exit(1)
    }
}

// A panic.

func expectPanic(_ client: String, _ call: () async throws -> OAuthClient) async {
    do {
        print("\(client) returned \(try await call())")
        exit(1)
    } catch OAuthError.internal(let failure) {
        // What a panic says may hold a secret.
        require(!"\(failure)".contains("a mistake of ours"), "\(client): \(failure)")
        require(failure.text.contains("nothing was sent"), "\(client): \(failure)")
        require(!failure.serverMayHaveActed, "\(client): \(failure)")
    } catch {
        print("\(client) failed with another error: \(error)")
        exit(1)
    }
}

for _ in 0..<3 {
    await expectPanic("the client") { try await api.getOauthClient(clientId: "panic") }
    await expectPanic("the waiting client") { try waiting.getOauthClient(clientId: "panic") }
}
let clients = try await api.getOauthClients().entities
let same = try waiting.getOauthClients().entities
require(clients == same && !clients.isEmpty, "the clients do not work after a panic")

// Rotations that are cancelled, also as their responses arrive: nobody gets their secrets, and they are freed.

typealias Counting = @convention(c) () -> UInt64

func counting() -> Counting? {
    dlsym(dlopen(nil, RTLD_NOW), "purecloud_oauth_living_secrets").map { unsafeBitCast($0, to: Counting.self) }
}

func rotate(_ id: String, cancelledAfter nanoseconds: UInt64) async -> Bool {
    let rotation = Task { try await api.postOauthClientSecret(clientId: id) }
    try? await Task.sleep(nanoseconds: nanoseconds)
    rotation.cancel()
    if case .failure(is CancellationError) = await rotation.result { return true }
    return false
}

guard let living = counting() else {
    print("the library counts no secrets")
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
let before = living()
var cancelled = 0
for _ in 0..<20 {
    await withTaskGroup(of: Bool.self) { group in
        for _ in 0..<20 {
            group.addTask { await rotate(id, cancelledAfter: .random(in: 0...4 * took)) }
        }
        for await one in group where one { cancelled += 1 }
    }
}
require(cancelled > 0, "no rotation was cancelled in time")
// A task of the library that is cancelled ends soon.
let end = Date() + 10
while living() > before && Date() < end {
    try await Task.sleep(nanoseconds: 10_000_000)
}
require(living() <= before, "\(cancelled) cancelled rotations have left \(living() - before) secrets")

// The descriptors of the library.

// The library may still be closing the connections of the cancelled calls, and Rust ends the process of a debug build
// where it finds closed what it closes. So they are closed once there have been the same ones for a while.
var settled = descriptors()
var unchanged = 0
while unchanged < 10 {
    try await Task.sleep(nanoseconds: 100_000_000)
    let now = descriptors()
    unchanged = now == settled ? unchanged + 1 : 0
    settled = now
}

for round in 1...3 {
    for number in descriptors().subtracting(swiftsOwn) {
        close(number)
    }
    for attempt in 1...2 {
        do {
            _ = try await api.getOauthClients()
            _ = try waiting.getOauthClients()
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
