/** What the cases are tried on. */
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

/** An id that no client has. */
const val NOBODY = "00000000-0000-4000-8000-000000000000"

/** A client for a web server, with every field that suits one. */
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

/** A client that signs in by itself, with a role of the administrator. */
suspend fun robot(emulator: Emulator, api: OAuthApi): OAuthClientRequest {
    val role = api.getOauthClient(emulator.clientId).roleDivisions.first()
    return OAuthClientRequest(
        name = "Nachtlauf",
        authorizedGrantType = GrantType.ClientCredentials,
        roleDivisions = listOf(RoleDivision(role.roleId, "*")),
    )
}

suspend fun aClient(api: OAuthApi): OAuthClient = api.postOauthClients(webServer)

suspend fun anInactiveClient(api: OAuthApi): OAuthClient =
    api.postOauthClients(webServer.copy(state = ClientState.Inactive))

/** The id of a client that the administrator has authorized. */
suspend fun anAuthorizedId(api: OAuthApi): String =
    api.getOauthAuthorizations().entities.firstNotNullOf { it.client }.id

/** Asks for the result of a query until it is no longer running. */
suspend fun complete(api: OAuthApi, executionId: String, clientId: String): ApiUsageQueryResult {
    while (true) {
        val result = api.getOauthClientUsageQueryResult(executionId, clientId)
        if (result.queryStatus != QueryStatus.Running) return result
    }
}
