package conformance

import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.withTimeout
import kotlin.time.Duration.Companion.minutes

/** A case holds when it comes to its end. */
class Case(val name: String, private val run: suspend CoroutineScope.(Emulator) -> Unit) {
    /** Tries it; the reason if it does not hold. */
    suspend fun fails(emulator: Emulator): String? = try {
        withTimeout(2.minutes) {
            emulator.startOver()
            run(emulator)
        }
        null
    } catch (broken: Throwable) {
        val place = broken.stackTrace.firstOrNull { it.className.startsWith("conformance.") }
        "$broken".lines().joinToString("; ", transform = String::trim) + " ($place)"
    }
}
