// The implementation with this project's library.

package bench

import java.net.URI
import java.time.Instant
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.launch
import kotlinx.coroutines.runBlocking
import purecloud.oauth.BlockingOAuthApi
import purecloud.oauth.ClientState
import purecloud.oauth.Config
import purecloud.oauth.Credentials
import purecloud.oauth.GrantType
import purecloud.oauth.Host
import purecloud.oauth.OAuthApi
import purecloud.oauth.OAuthClientRequest
import purecloud.oauth.RoleDivision
import purecloud.oauth.Secret

fun main(arguments: Array<String>) = run(arguments) { name ->
    if (name.endsWith("coroutines")) OursWithCoroutines() else Ours()
}

/** API objects by the size of their listing, because the server serves each size below a separate path. */
private class ByPath<Api>(private val api: (Config) -> Api) {
    private val apis = mutableMapOf<Int, Api>()

    @Synchronized
    operator fun get(size: Int): Api = apis.getOrPut(size) {
        val server = URI(url)
        val host = Host.gateway(server.host, protocol = "http", port = server.port, pathParamsApi = "$size")
        api(Config(host, Credentials.accessToken(Secret(TOKEN))))
    }
}

private fun request() = OAuthClientRequest(
    name = "Terminübersicht",
    authorizedGrantType = GrantType.Code,
    accessTokenValiditySeconds = 86_400,
    description = "Liest die Termine der Filiale und schreibt sie in den Kalender",
    registeredRedirectUri = listOf("https://termine.example.at/callback", "https://termine.example.at/other"),
    roleIds = listOf("b3e2c1d0-5a4f-4e3d-9c8b-7a6f5e4d3c2b"),
    scope = listOf("users:readonly", "calendars"),
    roleDivisions = listOf(RoleDivision("b3e2c1d0-5a4f-4e3d-9c8b-7a6f5e4d3c2b", "*")),
    state = ClientState.Active,
    dateToDelete = Instant.parse("2026-12-24T00:00:00Z"),
)

private class Ours : Implementation {
    private val apis = ByPath(::BlockingOAuthApi)

    override fun listing(size: Int) = apis[size].getOauthClients().entities.size

    override fun usage() = apis[1].getOauthClientUsageQueryResult("an-execution", "a-client").results.size

    override fun create() = apis[1].postOauthClients(request()).id.isNotEmpty()

    override fun callCosts(): Map<String, Double> {
        val host = apis[1].host()
        val times = 20_000
        repeat(times) { host.apiUrl() }
        val start = System.nanoTime()
        repeat(times) { host.apiUrl() }
        return mapOf("call returning a string" to (System.nanoTime() - start) / times.toDouble())
    }
}

private class OursWithCoroutines : Implementation {
    private val apis = ByPath(::OAuthApi)

    override fun listing(size: Int) = runBlocking { apis[size].getOauthClients().entities.size }

    override fun usage() =
        runBlocking { apis[1].getOauthClientUsageQueryResult("an-execution", "a-client").results.size }

    override fun create() = runBlocking { apis[1].postOauthClients(request()).id.isNotEmpty() }

    override fun atOnce(total: Int, width: Int) = runBlocking(Dispatchers.Default) {
        repeat(width) {
            launch { repeat(total / width) { check(apis[1].getOauthClients().entities.size == 1) } }
        }
    }
}
