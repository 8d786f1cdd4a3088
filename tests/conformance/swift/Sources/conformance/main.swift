// The runner of the conformance cases in `cases.toml` for Swift, against a running emulator.
//
// Reads `EMULATOR_URL`, `EMULATOR_CLIENT_ID` and `EMULATOR_CLIENT_SECRET`, the same values from the vendor's variables,
// and from `BROWSER` the replacement for the system's browser. Prints `ok NAME` or `failed NAME: REASON` for each case.
// Arguments select cases by name; without arguments all cases run.

import Foundation

let emulator: Emulator
do {
    emulator = try Emulator(environment: ProcessInfo.processInfo.environment)
} catch {
    FileHandle.standardError.write(Data("conformance: \(error)\n".utf8))
    exit(1)
}

let cases = operationCases + callCases + errorCases + cancellationCases + valueCases + signInCases
let requested = CommandLine.arguments.dropFirst()
var allPassed = true

@MainActor func printVerdict(_ name: String, _ reason: String?) {
    print(reason.map { "failed \(name): \($0)" } ?? "ok \(name)")
    fflush(nil)
    allPassed = allPassed && reason == nil
}

for unknown in requested where !cases.contains(where: { $0.name == unknown }) {
    printVerdict(unknown, "there is no such case")
}
for testCase in cases where requested.isEmpty || requested.contains(testCase.name) {
    printVerdict(testCase.name, await testCase.verdict(emulator))
}
exit(allPassed ? 0 : 1)
