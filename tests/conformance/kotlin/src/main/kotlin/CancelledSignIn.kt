/**
 * A test for Kotlin only: a sign-in by browser can be cancelled while it waits for the user. The next sign-in, with the
 * same or another API object, can then listen on the same port.
 */
package conformance

import kotlinx.coroutines.CancellationException
import kotlinx.coroutines.async
import kotlinx.coroutines.runBlocking
import purecloud.oauth.Authorization
import purecloud.oauth.Credentials
import java.lang.System.getenv
import java.net.InetAddress
import java.net.ServerSocket
import kotlin.test.assertEquals
import kotlin.test.assertFailsWith
import kotlin.test.assertNotNull
import kotlin.test.assertNull

fun main(): Unit = runBlocking {
    val emulator = Emulator.fromVendorVariables()
    val port = ServerSocket(0, 1, InetAddress.getLoopbackAddress()).use { it.localPort }
    val authorization = Authorization(getenv("SIGN_IN_CLIENT_ID"), "http://127.0.0.1:$port/callback")
    val apis = List(2) { emulator.api(Credentials.browser(authorization)) }

    // The emulator serves a page, but does not redirect.
    emulator.respond("authorize", 200, "<title>Sign in</title>", contentType = "text/html", times = null)
    for (round in 1L..20L) {
        val api = apis[(round / 2 % 2).toInt()]
        val signIn = async { api.signIn() }
        waitUntil("the page was opened") { signIn.isCompleted || emulator.counts("authorize").requests == round }
        signIn.cancel()
        assertFailsWith<CancellationException>("round $round") { signIn.await() }
        assertNull(api.session())
    }

    emulator.reset()
    for (api in apis) {
        assertNotNull(api.signIn().refreshToken)
    }
    assertEquals(2, emulator.counts("token").requests)
}
