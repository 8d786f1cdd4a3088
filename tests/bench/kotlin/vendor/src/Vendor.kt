// The implementation with the vendor's SDK.

package bench

import com.mypurecloud.sdk.v2.ApiClient
import com.mypurecloud.sdk.v2.api.OAuthApi
import com.mypurecloud.sdk.v2.model.OAuthClientRequest
import com.mypurecloud.sdk.v2.model.RoleDivision
import java.time.Instant
import java.util.Date

fun main(arguments: Array<String>) = run(arguments) { Vendor() }

private class Vendor : Implementation {
    private val apis = mutableMapOf<Int, OAuthApi>()

    @Synchronized
    private fun api(size: Int) = apis.getOrPut(size) {
        OAuthApi(ApiClient.Builder.standard().withBasePath("$url/$size").withAccessToken(TOKEN).build())
    }

    override fun listing(size: Int) = api(size).getOauthClients().entities.size

    override fun usage() = api(1).getOauthClientUsageQueryResult("an-execution", "a-client").results.size

    override fun create(): Boolean {
        val request = OAuthClientRequest().apply {
            name = "Terminübersicht"
            authorizedGrantType = OAuthClientRequest.AuthorizedGrantTypeEnum.CODE
            accessTokenValiditySeconds = 86_400
            description = "Liest die Termine der Filiale und schreibt sie in den Kalender"
            registeredRedirectUri = listOf("https://termine.example.at/callback", "https://termine.example.at/other")
            roleIds = listOf("b3e2c1d0-5a4f-4e3d-9c8b-7a6f5e4d3c2b")
            scope = listOf("users:readonly", "calendars")
            roleDivisions = listOf(
                RoleDivision().apply {
                    roleId = "b3e2c1d0-5a4f-4e3d-9c8b-7a6f5e4d3c2b"
                    divisionId = "*"
                },
            )
            state = OAuthClientRequest.StateEnum.ACTIVE
            dateToDelete = Date.from(Instant.parse("2026-12-24T00:00:00Z"))
        }
        return api(1).postOauthClients(request).id.isNotEmpty()
    }
}
