/**
 * Not a case of every language's: while a person is at the browser the coroutine may be cancelled, and whoever signs in
 * next, with the same client or another one, gets the port.
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
    val emulator = Emulator.fromTheVendorsVariables()
    val port = ServerSocket(0, 1, InetAddress.getLoopbackAddress()).use { it.localPort }
    val authorization = Authorization(getenv("SIGN_IN_CLIENT_ID"), "http://127.0.0.1:$port/callback")
    val clients = List(2) { emulator.api(Credentials.browser(authorization)) }

    // The page comes, and nobody does anything there.
    emulator.answer("authorize", 200, "<title>Sign in</title>", contentType = "text/html", times = null)
    for (round in 1L..20L) {
        val api = clients[(round / 2 % 2).toInt()]
        val waiting = async { api.signIn() }
        until("the page was opened") { waiting.isCompleted || emulator.counts("authorize").requests == round }
        waiting.cancel()
        assertFailsWith<CancellationException>("round $round") { waiting.await() }
        assertNull(api.session())
    }

    emulator.startOver()
    for (api in clients) {
        assertNotNull(api.signIn().refreshToken)
    }
    assertEquals(2, emulator.counts("token").requests)
}
