// The conformance cases in Swift: `cases.toml`, against a running emulator.
//
// Reads `EMULATOR_URL`, `EMULATOR_CLIENT_ID` and `EMULATOR_CLIENT_SECRET`, the vendor's variables for the same, and
// `BROWSER`. Prints `ok NAME` or `failed NAME: REASON` for each case; only for those named by arguments, if any are.

import Foundation

let emulator: Emulator
do {
    emulator = try Emulator(environment: ProcessInfo.processInfo.environment)
} catch {
    FileHandle.standardError.write(Data("conformance: \(error)\n".utf8))
    exit(1)
}

let cases = operationCases + callCases + errorCases + cancellationCases + valueCases + signInCases
let wanted = CommandLine.arguments.dropFirst()
var allWell = true

@MainActor func tell(_ name: String, _ reason: String?) {
    print(reason.map { "failed \(name): \($0)" } ?? "ok \(name)")
    fflush(nil)
    allWell = allWell && reason == nil
}

for unknown in wanted where !cases.contains(where: { $0.name == unknown }) {
    tell(unknown, "there is no such case")
}
for one in cases where wanted.isEmpty || wanted.contains(one.name) {
    tell(one.name, await one.verdict(emulator))
}
exit(allWell ? 0 : 1)
