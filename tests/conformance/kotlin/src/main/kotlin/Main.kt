/**
 * The runner of the conformance cases in `cases.toml` for Kotlin, against a running emulator.
 *
 * Reads `EMULATOR_URL`, `EMULATOR_CLIENT_ID` and `EMULATOR_CLIENT_SECRET`, the same values from the vendor's variables,
 * and from `BROWSER` the replacement for the system's browser. Prints `ok NAME` or `failed NAME: REASON` for each case.
 * Arguments select cases by name; without arguments all cases run.
 */
package conformance

import kotlinx.coroutines.runBlocking
import kotlin.system.exitProcess

fun main(arguments: Array<String>) {
    val emulator = Emulator.fromEnvironment()
    val cases = operations + calls + errors + cancellation + values + signIn
    val unknown = arguments.filter { name -> cases.none { it.name == name } }
    unknown.forEach { println("failed $it: there is no such case") }

    var allPassed = unknown.isEmpty()
    for (case in cases.filter { arguments.isEmpty() || it.name in arguments }) {
        val reason = runBlocking { case.failureReason(emulator) }
        println(if (reason == null) "ok ${case.name}" else "failed ${case.name}: $reason")
        allPassed = allPassed && reason == null
    }
    exitProcess(if (allPassed) 0 else 1)
}
