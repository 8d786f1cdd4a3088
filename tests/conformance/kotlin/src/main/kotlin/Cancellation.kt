/** Ending a call before it is done: by cancelling the coroutine that waits for it, or by a timeout around it. */
package conformance

import kotlinx.coroutines.CancellationException
import kotlinx.coroutines.async
import kotlinx.coroutines.awaitAll
import kotlinx.coroutines.coroutineScope
import kotlinx.coroutines.launch
import kotlinx.coroutines.sync.Semaphore
import kotlinx.coroutines.sync.withPermit
import kotlinx.coroutines.withTimeoutOrNull
import purecloud.oauth.OAuthApi
import java.io.File
import java.lang.management.ManagementFactory
import kotlin.test.assertEquals
import kotlin.test.assertFailsWith
import kotlin.test.assertNull
import kotlin.test.assertTrue
import kotlin.time.Duration.Companion.milliseconds
import kotlin.time.Duration.Companion.seconds
import kotlin.time.measureTime

private const val HANG = """{"hang": {}}"""

val cancellation = listOf(
    Case("cancelling_closes_the_request") { emulator ->
        emulator.fault("get_oauth_clients", HANG, times = null)
        val api = emulator.api()
        val hanging = async { api.getOauthClients() }
        hasArrived(emulator, "get_oauth_clients")
        assertEquals(1, emulator.openRequests())

        val taken = measureTime {
            hanging.cancel()
            assertFailsWith<CancellationException> { hanging.await() }
            nothingIsOpen(emulator)
        }
        assertTrue(taken < 1.seconds, "$taken")

        assertNull(withTimeoutOrNull(200.milliseconds) { api.getOauthClients() })
        nothingIsOpen(emulator)
    },
    Case("cancelling_one_call_leaves_the_others") { emulator ->
        val api = emulator.api()
        emulator.fault("get_oauth_clients", HANG)
        val hanging = async { api.getOauthClients() }
        hasArrived(emulator, "get_oauth_clients")

        val others = List(9) { async { api.getOauthClients() } }
        hanging.cancel()
        assertFailsWith<CancellationException> { hanging.await() }
        assertTrue(others.awaitAll().all { it.entities.isNotEmpty() })
        assertTrue(api.getOauthClients().entities.isNotEmpty())
        assertEquals(1, emulator.counts("token").requests)
        nothingIsOpen(emulator)
    },
    Case("many_calls_leave_nothing") { emulator ->
        emulator.fault("get_oauth_client", HANG, times = null)
        val api = emulator.api()
        callsOfWhichATenthIsCancelled(emulator, api, 100)
        atRest(emulator)
        val (threads, handles) = threads() to handles()

        callsOfWhichATenthIsCancelled(emulator, api, 9_900)
        assertEquals(9_000, emulator.counts("get_oauth_scope").executions)
        atRest(emulator)
        until("no more than $threads threads and $handles handles") { threads() <= threads && handles() <= handles }
        api.getOauthScope("users")
    },
)

/** Each tenth call hangs until its time is up. */
private suspend fun callsOfWhichATenthIsCancelled(emulator: Emulator, api: OAuthApi, calls: Int) = coroutineScope {
    val atOnce = Semaphore(50)
    repeat(calls) { number ->
        launch {
            atOnce.withPermit {
                if (number % 10 == 0) {
                    assertNull(withTimeoutOrNull(20.milliseconds) { api.getOauthClient(emulator.clientId) })
                } else {
                    assertEquals("users", api.getOauthScope("users").id)
                }
            }
        }
    }
}

private suspend fun hasArrived(emulator: Emulator, operation: String) =
    until("the call arrived") { emulator.counts(operation).requests == 1L }

private suspend fun nothingIsOpen(emulator: Emulator) = until("no request is open") { emulator.openRequests() == 0L }

/** No request is open, and no connection kept for the next one. */
private suspend fun atRest(emulator: Emulator) {
    nothingIsOpen(emulator)
    until("no connection is open") {
        emulator.closeIdleConnections()
        emulator.openConnections() == 0L
    }
}

/** Java's threads and the library's own; the compiler's come and go as they like. */
private fun threads(): Int {
    val tasks = File("/proc/self/task").listFiles().orEmpty()
    val own = tasks.count { runCatching { it.resolve("comm").readText() }.getOrDefault("").startsWith("purecloud") }
    return ManagementFactory.getThreadMXBean().threadCount + own
}

private fun handles() = File("/proc/self/fd").list().orEmpty().size
