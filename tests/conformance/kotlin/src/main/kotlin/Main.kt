/**
 * The conformance cases in Kotlin: `cases.toml`, against a running emulator.
 *
 * Reads `EMULATOR_URL`, `EMULATOR_CLIENT_ID` and `EMULATOR_CLIENT_SECRET`; the vendor's variables name the same, and
 * `BROWSER` what stands in for one. Prints `ok NAME` or `failed NAME: REASON` for each case; only for those named by
 * arguments, if any are.
 */
package conformance

import kotlinx.coroutines.runBlocking
import kotlin.system.exitProcess

fun main(arguments: Array<String>) {
    val emulator = Emulator.fromEnvironment()
    val cases = operations + calls + errors + cancellation + values + signIn
    val unknown = arguments.filter { name -> cases.none { it.name == name } }
    unknown.forEach { println("failed $it: there is no such case") }

    var allWell = unknown.isEmpty()
    for (case in cases.filter { arguments.isEmpty() || it.name in arguments }) {
        val reason = runBlocking { case.fails(emulator) }
        println(if (reason == null) "ok ${case.name}" else "failed ${case.name}: $reason")
        allWell = allWell && reason == null
    }
    exitProcess(if (allWell) 0 else 1)
}
