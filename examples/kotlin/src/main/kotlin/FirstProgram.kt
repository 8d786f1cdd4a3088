import kotlinx.coroutines.runBlocking
import purecloud.oauth.Config
import purecloud.oauth.Credentials
import purecloud.oauth.Host
import purecloud.oauth.OAuthApi
import purecloud.oauth.Secret

fun main() = runBlocking {
    val host = Host.named(System.getenv("GENESYSCLOUD_REGION"))
    val id = System.getenv("GENESYSCLOUD_OAUTHCLIENT_ID")
    val secret = Secret(System.getenv("GENESYSCLOUD_OAUTHCLIENT_SECRET"))

    OAuthApi(Config(host, Credentials.clientCredentials(id, secret))).use { api ->
        for (client in api.getOauthClients().entities) {
            println("${client.id} ${client.name}")
        }
    }
}
