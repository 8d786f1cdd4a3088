/**
 * Not a case of every language's: with a library that panics where an id is `panic` and counts its secrets, each client
 * answers with an exception, and works afterwards. A cancelled call leaves no secret in memory, and a call whose
 * descriptors were closed by the program ends.
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
    panics()
    cancelledRotations()
    closedDescriptors()
}

private suspend fun panics() {
    OAuthApi.fromEnv().use { api ->
        expect(assertFailsWith<OAuthException.Internal> { api.getOauthClient("panic") })
        assertTrue(api.getOauthClients().entities.isNotEmpty())
    }
    BlockingOAuthApi.fromEnv().use { api ->
        expect(assertFailsWith<OAuthException.Internal> { api.getOauthClient("panic") })
        assertTrue(api.getOauthClients().entities.isNotEmpty())
    }
    val outside: OAuthException = InternalException("it panicked")
    assertTrue(outside.serverMayHaveActed)
}

private fun expect(panic: OAuthException) {
    assertContains(panic.message.orEmpty(), "nothing was sent")
    // What a panic says may hold a secret.
    assertFalse("a mistake of ours" in panic.toString())
    assertFalse(panic.serverMayHaveActed)
}

/** Whenever a rotation is cancelled, also as its response arrives: nobody gets its secret, and it is freed. */
private suspend fun cancelledRotations() = OAuthApi.fromEnv().use { api ->
    val library = NativeLibrary.getInstance(System.getProperty("uniffi.component.purecloud_oauth.libraryOverride"))
    val counting = library.getFunction("purecloud_oauth_living_secrets")
    fun living() = counting.invokeLong(emptyArray())

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
    val before = living()
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
    until("$cancelled cancelled rotations have left ${living() - before} secrets") {
        System.gc()
        living() <= before
    }
}

/** The descriptors of the library alone: the machine does not survive the loss of its own. */
private suspend fun closedDescriptors() {
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
