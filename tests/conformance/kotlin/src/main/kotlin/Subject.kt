/** OAuth clients and queries that several cases use. */
package conformance

import kotlinx.serialization.json.Json
import purecloud.oauth.ApiUsageClientQuery
import purecloud.oauth.ApiUsageQueryResult
import purecloud.oauth.ClientState
import purecloud.oauth.Granularity
import purecloud.oauth.GrantType
import purecloud.oauth.GroupBy
import purecloud.oauth.Metric
import purecloud.oauth.OAuthApi
import purecloud.oauth.OAuthClient
import purecloud.oauth.OAuthClientRequest
import purecloud.oauth.QueryStatus
import purecloud.oauth.RoleDivision
import java.time.Instant

/** The id of a client that does not exist. */
const val UNKNOWN_CLIENT_ID = "00000000-0000-4000-8000-000000000000"

/** The request for a web server's client, with every field that applies to the code grant. */
val webServer = OAuthClientRequest(
    name = "Rückrufe Zürich ☎",
    authorizedGrantType = GrantType.Code,
    accessTokenValiditySeconds = 3_600,
    description = "Zeigt offene Rückrufe",
    registeredRedirectUri = listOf("https://rueckrufe.example.ch/callback"),
    scope = listOf("users:readonly", "routing"),
    state = ClientState.Active,
    dateToDelete = Instant.parse("2027-01-31T00:00:00Z"),
)

/** The JSON that [webServer] must be sent as. */
val webServerAsJson = Json.parseToJsonElement(
    """
    {
        "name": "Rückrufe Zürich ☎",
        "authorizedGrantType": "CODE",
        "accessTokenValiditySeconds": 3600,
        "description": "Zeigt offene Rückrufe",
        "registeredRedirectUri": ["https://rueckrufe.example.ch/callback"],
        "scope": ["users:readonly", "routing"],
        "state": "active",
        "dateToDelete": "2027-01-31T00:00:00.000Z"
    }
    """,
)

val usageQuery = ApiUsageClientQuery(
    interval = "2026-01-01T00:00:00/2026-02-01T00:00:00",
    granularity = Granularity.Week,
    metrics = listOf(Metric.Requests, Metric.Status429),
    groupBy = listOf(GroupBy.TemplateUri, GroupBy.HttpMethod),
)

/** Builds the request for a client with the client credentials grant and a role of the administrator. */
suspend fun clientCredentialsRequest(emulator: Emulator, api: OAuthApi): OAuthClientRequest {
    val role = api.getOauthClient(emulator.clientId).roleDivisions.first()
    return OAuthClientRequest(
        name = "Nachtlauf",
        authorizedGrantType = GrantType.ClientCredentials,
        roleDivisions = listOf(RoleDivision(role.roleId, "*")),
    )
}

suspend fun createClient(api: OAuthApi): OAuthClient = api.postOauthClients(webServer)

suspend fun createInactiveClient(api: OAuthApi): OAuthClient =
    api.postOauthClients(webServer.copy(state = ClientState.Inactive))

/** Returns the id of a client that the administrator has authorized. */
suspend fun authorizedClientId(api: OAuthApi): String =
    api.getOauthAuthorizations().entities.firstNotNullOf { it.client }.id

/** Polls the result of a query until the query is no longer running. */
suspend fun waitForResult(api: OAuthApi, executionId: String, clientId: String): ApiUsageQueryResult {
    while (true) {
        val result = api.getOauthClientUsageQueryResult(executionId, clientId)
        if (result.queryStatus != QueryStatus.Running) return result
    }
}
