/**
 * A tour of the OAuth API: each of the 13 operations once, in the order an administrator would.
 *
 * Reads the vendor's environment variables: `GENESYSCLOUD_REGION` (a region, domain or base address), and
 * `GENESYSCLOUD_OAUTHCLIENT_ID` with `GENESYSCLOUD_OAUTHCLIENT_SECRET`, or `GENESYSCLOUD_ACCESS_TOKEN`; or a profile of
 * the vendor's CLI. Against a real organization it creates one client, and deletes it.
 */

import kotlinx.coroutines.NonCancellable
import kotlinx.coroutines.delay
import kotlinx.coroutines.runBlocking
import kotlinx.coroutines.withContext
import purecloud.oauth.ApiUsageClientQuery
import purecloud.oauth.ApiUsageQueryResult
import purecloud.oauth.ClientState
import purecloud.oauth.GrantType
import purecloud.oauth.GroupBy
import purecloud.oauth.Metric
import purecloud.oauth.OAuthApi
import purecloud.oauth.OAuthClient
import purecloud.oauth.OAuthClientRequest
import purecloud.oauth.OAuthException
import purecloud.oauth.QueryStatus
import purecloud.oauth.usageInterval
import java.time.Instant
import java.time.temporal.ChronoUnit.DAYS
import kotlin.system.exitProcess
import kotlin.time.Duration.Companion.milliseconds

fun main() = runBlocking {
    try {
        client().use { api ->
            tell("sign in", api.host().loginUrl())
            tour(api)
        }
    } catch (problem: OAuthException) {
        complain(problem.message)
    } catch (problem: IllegalStateException) {
        complain(problem.message)
    }
}

suspend fun tour(api: OAuthApi) {
    val clients = lookAround(api)
    val created = create(api)
    try {
        workWith(api, created, clients.firstOrNull())
    } finally {
        // Whatever went wrong before, nothing of the tour stays behind.
        withContext(NonCancellable) { remove(api, created) }
    }
}

/** What the organization has; returns its clients. */
suspend fun lookAround(api: OAuthApi): List<OAuthClient> {
    val scopes = api.getOauthScopes().entities
    tell("getOauthScopes", "${scopes.size} scopes")

    val scope = api.getOauthScope("users:readonly", acceptLanguage = "de")
    tell("getOauthScope", "${scope.id}: ${scope.description}")

    val authorizations = api.getOauthAuthorizations().entities
    tell("getOauthAuthorizations", "${authorizations.size} authorizations")

    val client = authorizations.firstNotNullOfOrNull { it.client }
    if (client != null) {
        val authorization = api.getOauthAuthorization(client.id)
        val state = authorization.state ?: "in an unknown state"
        tell("getOauthAuthorization", "${client.name} is $state, with ${authorization.scope.joinToString(" ")}")
    } else {
        tell("getOauthAuthorization", "left out: this user has authorized no client")
    }

    val response = api.getOauthClientsWithHttpInfo()
    val clients = response.value.entities
    tell("getOauthClients", "${clients.size} clients")
    for (one in clients.take(3)) {
        more("%-32s %s".format(one.name, one.authorizedGrantType ?: "not told"))
    }
    val limit = response.metadata.rateLimit
    if (limit.count != null && limit.allowed != null) {
        more("(request ${limit.count} of ${limit.allowed} in this minute)")
    }
    return clients
}

suspend fun create(api: OAuthApi): OAuthClient {
    val body = OAuthClientRequest(
        name = "purecloud-oauth tour",
        authorizedGrantType = GrantType.Code,
        description = "Made by the tour of purecloud-oauth, which deletes it again",
        registeredRedirectUri = listOf("https://tour.example.com/callback"),
        scope = listOf("users:readonly"),
    )
    val created = api.postOauthClients(body)
    tell("postOauthClients", "${created.id} ${created.name}, its secret: ${shown(created)}")
    return created
}

/** Read, change, rotate; and see how much an older client is used. */
suspend fun workWith(api: OAuthApi, created: OAuthClient, older: OAuthClient?) {
    val client = api.getOauthClient(created.id)
    tell("getOauthClient", "${client.name}, its secret: ${shown(client)}")

    val changed = api.putOauthClient(created.id, client.toRequest().copy(accessTokenValiditySeconds = 3_600))
    tell("putOauthClient", "tokens now last ${changed.accessTokenValiditySeconds} s")

    // Sent at most once: where the answer is lost, the old secret may be dead already.
    try {
        val rotated = api.postOauthClientSecret(created.id)
        val old = if (rotated.secret != created.secret) "the old one is dead" else "and it is the old one"
        tell("postOauthClientSecret", "${shown(rotated)}; $old")
    } catch (lost: OAuthException.OutcomeUnknown) {
        throw IllegalStateException("rotate once more to have a secret that is known: ${lost.message}", lost)
    }
    usage(api, older ?: created)
}

/** A summary of the last days, and a question of one's own; the second one is waited for. */
suspend fun usage(api: OAuthApi, client: OAuthClient) {
    val summary = api.getOauthClientUsageSummary(client.id, days = 7)
    tell("getOauthClientUsageSummary", "${client.name}: execution ${summary.executionId}")

    val now = Instant.now()
    val query = ApiUsageClientQuery(
        interval = usageInterval(now.minus(30, DAYS), now),
        metrics = listOf(Metric.Requests, Metric.Status429),
        groupBy = listOf(GroupBy.TemplateUri, GroupBy.HttpMethod),
    )
    val execution = api.postOauthClientUsageQuery(client.id, query)
    tell("postOauthClientUsageQuery", "execution ${execution.executionId}")

    val rows = complete(api, execution.executionId, client.id).results
    tell("getOauthClientUsageQueryResult", "${rows.size} rows, ${rows.sumOf { it.requests ?: 0 }} requests")
}

/** Asks until the query is no longer running. */
suspend fun complete(api: OAuthApi, executionId: String, clientId: String): ApiUsageQueryResult {
    repeat(60) {
        val result = api.getOauthClientUsageQueryResult(executionId, clientId)
        when (val status = result.queryStatus) {
            QueryStatus.Complete -> return result
            QueryStatus.Running -> delay(500.milliseconds)
            else -> error("the usage query is ${status ?: "not told"}")
        }
    }
    error("the usage query was still running after half a minute")
}

/** Only an inactive client can be deleted. */
suspend fun remove(api: OAuthApi, created: OAuthClient) {
    val client = api.getOauthClient(created.id)
    api.putOauthClient(created.id, client.toRequest().copy(state = ClientState.Inactive))
    tell("putOauthClient", "now inactive")
    api.deleteOauthClient(created.id)
    tell("deleteOauthClient", "gone")
}

fun client(): OAuthApi = try {
    OAuthApi.fromEnv()
} catch (problem: OAuthException) {
    throw IllegalStateException("${problem.message}; without an organization: cargo xtask tour kotlin", problem)
}

/** Whether there is a secret, not which. */
fun shown(client: OAuthClient) = if (client.secret != null) "shown, this once" else "not shown"

fun complain(text: String?) {
    System.err.println("tour: $text")
    exitProcess(1)
}

fun tell(operation: String, what: String) = println("%-36s %s".format(operation, what))

fun more(what: String) = tell("", what)
