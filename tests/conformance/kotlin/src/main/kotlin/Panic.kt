/**
 * A test for Kotlin only, with a native library that panics if an id is `panic` and counts its secrets. A panic becomes
 * an exception, and the API object still works afterwards. A cancelled call leaves no secret in memory. A call ends if
 * the program closes its descriptors.
 */
package conformance

import com.sun.jna.Function
import com.sun.jna.NativeLibrary
import kotlinx.coroutines.CancellationException
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.async
import kotlinx.coroutines.awaitAll
import kotlinx.coroutines.coroutineScope
import kotlinx.coroutines.delay
import kotlinx.coroutines.runBlocking
import kotlinx.coroutines.withContext
import purecloud.oauth.BlockingOAuthApi
import purecloud.oauth.GrantType
import purecloud.oauth.InternalException
import purecloud.oauth.OAuthApi
import purecloud.oauth.OAuthClientRequest
import purecloud.oauth.OAuthException
import java.nio.file.Files
import java.nio.file.Path
import kotlin.random.Random
import kotlin.test.assertContains
import kotlin.test.assertFailsWith
import kotlin.test.assertFalse
import kotlin.test.assertTrue
import kotlin.time.Duration.Companion.microseconds
import kotlin.time.measureTime

fun main(): Unit = runBlocking {
    checkPanics()
    checkCancelledRotations()
    checkClosedDescriptors()
}

private suspend fun checkPanics() {
    OAuthApi.fromEnv().use { api ->
        assertPanic(assertFailsWith<OAuthException.Internal> { api.getOauthClient("panic") })
        assertTrue(api.getOauthClients().entities.isNotEmpty())
    }
    BlockingOAuthApi.fromEnv().use { api ->
        assertPanic(assertFailsWith<OAuthException.Internal> { api.getOauthClient("panic") })
        assertTrue(api.getOauthClients().entities.isNotEmpty())
    }
    val internalError: OAuthException = InternalException("it panicked")
    assertTrue(internalError.serverMayHaveActed)
}

private fun assertPanic(panic: OAuthException) {
    assertContains(panic.message.orEmpty(), "nothing was sent")
    // The message of a panic may contain a secret.
    assertFalse("a mistake of ours" in panic.toString())
    assertFalse(panic.serverMayHaveActed)
}

/** Checks that the secret of a cancelled rotation is freed, also if the response arrives during the cancellation. */
private suspend fun checkCancelledRotations() = OAuthApi.fromEnv().use { api ->
    val library = NativeLibrary.getInstance(System.getProperty("uniffi.component.purecloud_oauth.libraryOverride"))
    val counter = library.getFunction("purecloud_oauth_living_secrets")
    fun countSecrets() = counter.invokeLong(emptyArray())

    val request = OAuthClientRequest(
        name = "Nachtlauf",
        authorizedGrantType = GrantType.Code,
        registeredRedirectUri = listOf("https://nachtlauf.example.at/callback"),
        scope = listOf("users:readonly"),
    )
    val created = api.postOauthClients(request)
    val id = created.id
    created.destroy()
    val took = measureTime { api.postOauthClientSecret(id).destroy() }.inWholeMicroseconds
    System.gc()
    val before = countSecrets()
    var cancelled = 0
    withContext(Dispatchers.Default) {
        repeat(20) {
            coroutineScope {
                cancelled += List(20) {
                    async {
                        val rotation = async { api.postOauthClientSecret(id) }
                        delay(Random.nextLong(4 * took).microseconds)
                        rotation.cancel()
                        try {
                            rotation.await().destroy()
                            0
                        } catch (_: CancellationException) {
                            1
                        }
                    }
                }.awaitAll().sum()
            }
        }
    }
    assertTrue(cancelled > 0, "no rotation was cancelled in time")
    waitUntil("$cancelled cancelled rotations have left ${countSecrets() - before} secrets in memory") {
        System.gc()
        countSecrets() <= before
    }
}

/** Checks calls after the native library's descriptors are closed. The JVM needs all its other descriptors. */
private suspend fun checkClosedDescriptors() {
    val table = Path.of("/proc/self/fd")
    if (!Files.isDirectory(table)) return
    fun connections() = table.toFile().list().orEmpty().filter { number ->
        val target = runCatching { Files.readSymbolicLink(table.resolve(number)).toString() }.getOrDefault("")
        target.startsWith("socket:") || target.startsWith("anon_inode:")
    }
    val close = Function.getFunction("c", "close")
    OAuthApi.fromEnv().use { api ->
        BlockingOAuthApi.fromEnv().use { blocking ->
            api.getOauthClients()
            blocking.getOauthClients()
            repeat(3) {
                for (number in connections()) close.invokeInt(arrayOf(number.toInt()))
                for (attempt in 1..2) {
                    try {
                        api.getOauthClients()
                        blocking.getOauthClients()
                        break
                    } catch (e: OAuthException) {
                        if (attempt == 2) throw e
                    }
                }
            }
        }
    }
}
