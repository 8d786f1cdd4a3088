/** Cancellation of calls: by cancelling the coroutine that waits for a call, or by a timeout around the call. */
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
        emulator.injectFault("get_oauth_clients", HANG, times = null)
        val api = emulator.api()
        val hanging = async { api.getOauthClients() }
        waitForArrival(emulator, "get_oauth_clients")
        assertEquals(1, emulator.openRequests())

        val taken = measureTime {
            hanging.cancel()
            assertFailsWith<CancellationException> { hanging.await() }
            waitForNoOpenRequests(emulator)
        }
        assertTrue(taken < 1.seconds, "$taken")

        assertNull(withTimeoutOrNull(200.milliseconds) { api.getOauthClients() })
        waitForNoOpenRequests(emulator)
    },
    Case("cancelling_one_call_leaves_the_others") { emulator ->
        val api = emulator.api()
        emulator.injectFault("get_oauth_clients", HANG)
        val hanging = async { api.getOauthClients() }
        waitForArrival(emulator, "get_oauth_clients")

        val others = List(9) { async { api.getOauthClients() } }
        hanging.cancel()
        assertFailsWith<CancellationException> { hanging.await() }
        assertTrue(others.awaitAll().all { it.entities.isNotEmpty() })
        assertTrue(api.getOauthClients().entities.isNotEmpty())
        assertEquals(1, emulator.counts("token").requests)
        waitForNoOpenRequests(emulator)
    },
    Case("many_calls_leave_nothing") { emulator ->
        emulator.injectFault("get_oauth_client", HANG, times = null)
        val api = emulator.api()
        makeCallsAndCancelATenth(emulator, api, 100)
        waitUntilIdle(emulator)
        val (threads, handles) = countThreads() to countHandles()

        makeCallsAndCancelATenth(emulator, api, 9_900)
        assertEquals(9_000, emulator.counts("get_oauth_scope").executions)
        waitUntilIdle(emulator)
        waitUntil("no more than $threads threads and $handles handles") {
            countThreads() <= threads && countHandles() <= handles
        }
        api.getOauthScope("users")
    },
)

/** Makes the given number of calls. Each tenth call hangs, and is cancelled by a timeout. */
private suspend fun makeCallsAndCancelATenth(emulator: Emulator, api: OAuthApi, calls: Int) = coroutineScope {
    val semaphore = Semaphore(50)
    repeat(calls) { number ->
        launch {
            semaphore.withPermit {
                if (number % 10 == 0) {
                    assertNull(withTimeoutOrNull(20.milliseconds) { api.getOauthClient(emulator.clientId) })
                } else {
                    assertEquals("users", api.getOauthScope("users").id)
                }
            }
        }
    }
}

private suspend fun waitForArrival(emulator: Emulator, operation: String) =
    waitUntil("the call arrived") { emulator.counts(operation).requests == 1L }

private suspend fun waitForNoOpenRequests(emulator: Emulator) =
    waitUntil("no request is open") { emulator.openRequests() == 0L }

/** Waits for the end of all requests, and closes all idle connections. */
private suspend fun waitUntilIdle(emulator: Emulator) {
    waitForNoOpenRequests(emulator)
    waitUntil("no connection is open") {
        emulator.closeIdleConnections()
        emulator.openConnections() == 0L
    }
}

/** Counts the threads of Java and of the native library, but not those of the JIT compiler, whose number varies. */
private fun countThreads(): Int {
    val tasks = File("/proc/self/task").listFiles().orEmpty()
    val names = tasks.map { runCatching { it.resolve("comm").readText() }.getOrDefault("") }
    val nativeThreads = names.count { it.startsWith("purecloud") }
    return ManagementFactory.getThreadMXBean().threadCount + nativeThreads
}

private fun countHandles() = File("/proc/self/fd").list().orEmpty().size
