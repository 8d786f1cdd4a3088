/**
 * Not a case of every language's: with a library that panics where an id is `panic`, each client answers with an
 * exception, and works afterwards.
 */
package conformance

import kotlinx.coroutines.runBlocking
import purecloud.oauth.BlockingOAuthApi
import purecloud.oauth.Config
import purecloud.oauth.Credentials
import purecloud.oauth.Host
import purecloud.oauth.InternalException
import purecloud.oauth.OAuthApi
import purecloud.oauth.Secret
import java.lang.System.getenv
import kotlin.test.assertContains
import kotlin.test.assertFailsWith
import kotlin.test.assertTrue

fun main(): Unit = runBlocking {
    val credentials = Credentials.clientCredentials(
        getenv("GENESYSCLOUD_OAUTHCLIENT_ID"),
        Secret(getenv("GENESYSCLOUD_OAUTHCLIENT_SECRET")),
    )
    val config = Config(Host.named(getenv("GENESYSCLOUD_REGION")), credentials)
    OAuthApi(config).use { api ->
        val panic = assertFailsWith<InternalException> { api.getOauthClient("panic") }
        assertContains(panic.message.orEmpty(), "a mistake of ours")
        assertTrue(api.getOauthClients().entities.isNotEmpty())
    }
    BlockingOAuthApi(config).use { api ->
        val panic = assertFailsWith<InternalException> { api.getOauthClient("panic") }
        assertContains(panic.message.orEmpty(), "a mistake of ours")
        assertTrue(api.getOauthClients().entities.isNotEmpty())
    }
}
