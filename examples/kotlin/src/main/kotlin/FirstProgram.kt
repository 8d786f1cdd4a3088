import kotlinx.coroutines.runBlocking
import purecloud.oauth.OAuthApi

fun main() = runBlocking {
    OAuthApi.fromEnv().use { api ->
        for (client in api.getOauthClients().entities) {
            println("${client.id} ${client.name}")
        }
    }
}
