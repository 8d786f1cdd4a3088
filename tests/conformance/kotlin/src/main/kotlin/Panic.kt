/**
 * Not a case of every language's: with a library that panics where an id is `panic`, each client answers with an
 * exception, and works afterwards.
 */
package conformance

import kotlinx.coroutines.runBlocking
import purecloud.oauth.BlockingOAuthApi
import purecloud.oauth.InternalException
import purecloud.oauth.OAuthApi
import kotlin.test.assertContains
import kotlin.test.assertFailsWith
import kotlin.test.assertTrue

fun main(): Unit = runBlocking {
    OAuthApi.fromEnv().use { api ->
        val panic = assertFailsWith<InternalException> { api.getOauthClient("panic") }
        assertContains(panic.message.orEmpty(), "a mistake of ours")
        assertTrue(api.getOauthClients().entities.isNotEmpty())
    }
    BlockingOAuthApi.fromEnv().use { api ->
        val panic = assertFailsWith<InternalException> { api.getOauthClient("panic") }
        assertContains(panic.message.orEmpty(), "a mistake of ours")
        assertTrue(api.getOauthClients().entities.isNotEmpty())
    }
}
