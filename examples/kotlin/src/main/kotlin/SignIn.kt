/**
 * Signs a user in with the browser of this machine, lists OAuth clients, and signs out.
 *
 * Reads `GENESYSCLOUD_REGION` (a region, domain or base address), and from `SIGN_IN_CLIENT_ID` the id of an OAuth
 * client with the grant type code and the redirect URI `http://127.0.0.1:8765/callback`. The client's secret is not
 * needed.
 */

import kotlinx.coroutines.runBlocking
import purecloud.oauth.Authorization
import purecloud.oauth.Config
import purecloud.oauth.Credentials
import purecloud.oauth.Host
import purecloud.oauth.OAuthApi
import purecloud.oauth.OAuthException
import java.time.ZoneId
import kotlin.system.exitProcess

private const val REDIRECT_URI = "http://127.0.0.1:8765/callback"

fun main() = runBlocking {
    val clientId = System.getenv("SIGN_IN_CLIENT_ID").orEmpty()
    val credentials = Credentials.browser(Authorization(clientId, REDIRECT_URI))
    try {
        val host = Host.named(System.getenv("GENESYSCLOUD_REGION") ?: "us_east_1")
        OAuthApi(Config(host, credentials)).use { api ->
            println("Sign in with the browser that opens now.")
            val session = api.signIn()
            session.expiresAt?.let { println("Signed in until %tF %<tR.".format(it.atZone(ZoneId.systemDefault()))) }
            session.refreshToken?.let { println("The access token is renewed automatically.") }

            for (client in api.getOauthClients().entities.take(5)) {
                println("  ${client.id} ${client.name}")
            }

            api.signOut()
            println("Signed out. To end the browser's session too, open")
            println(host.logoutUrl(clientId, REDIRECT_URI))
        }
    } catch (problem: OAuthException) {
        System.err.println("sign_in: ${problem.message}")
        exitProcess(1)
    }
}
