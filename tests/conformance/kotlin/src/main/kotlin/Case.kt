package conformance

import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.withTimeout
import kotlin.time.Duration.Companion.minutes

/** A case of `cases.toml`. A case fails if its function throws. */
class Case(val name: String, private val run: suspend CoroutineScope.(Emulator) -> Unit) {
    /** Resets the emulator and runs the case. Returns the reason if the case fails, or null. */
    suspend fun failureReason(emulator: Emulator): String? = try {
        withTimeout(2.minutes) {
            emulator.reset()
            run(emulator)
        }
        null
    } catch (failure: Throwable) {
        val place = failure.stackTrace.firstOrNull { it.className.startsWith("conformance.") }
        "$failure".lines().joinToString("; ", transform = String::trim) + " ($place)"
    }
}
