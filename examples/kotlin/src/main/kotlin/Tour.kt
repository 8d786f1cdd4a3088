/**
 * A tour of the OAuth API: calls each of the 13 operations, in a typical order for an administrator.
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
        createApi().use { api ->
            printStep("sign in", api.host().loginUrl())
            tour(api)
        }
    } catch (problem: OAuthException) {
        printErrorAndExit(problem.message)
    } catch (problem: IllegalStateException) {
        printErrorAndExit(problem.message)
    }
}

suspend fun tour(api: OAuthApi) {
    val clients = listResources(api)
    val created = create(api)
    try {
        workWith(api, created, clients.firstOrNull())
    } finally {
        // The created client is deleted even if a step has failed.
        withContext(NonCancellable) { remove(api, created) }
    }
}

/** Reads the scopes, the authorizations and the clients of the organization, and returns the clients. */
suspend fun listResources(api: OAuthApi): List<OAuthClient> {
    val scopes = api.getOauthScopes().entities
    printStep("getOauthScopes", "${scopes.size} scopes")

    val scope = api.getOauthScope("users:readonly", acceptLanguage = "de")
    printStep("getOauthScope", "${scope.id}: ${scope.description}")

    val authorizations = api.getOauthAuthorizations().entities
    printStep("getOauthAuthorizations", "${authorizations.size} authorizations")

    val client = authorizations.firstNotNullOfOrNull { it.client }
    if (client != null) {
        val authorization = api.getOauthAuthorization(client.id)
        val state = authorization.state ?: "in an unknown state"
        printStep("getOauthAuthorization", "${client.name} is $state, with ${authorization.scope.joinToString(" ")}")
    } else {
        printStep("getOauthAuthorization", "skipped: this user has authorized no client")
    }

    val response = api.getOauthClientsWithHttpInfo()
    val clients = response.value.entities
    printStep("getOauthClients", "${clients.size} clients")
    for (listed in clients.take(3)) {
        printDetail("%-32s %s".format(listed.name, listed.authorizedGrantType ?: "unknown"))
    }
    val limit = response.metadata.rateLimit
    if (limit.count != null && limit.allowed != null) {
        printDetail("(request ${limit.count} of ${limit.allowed} in this minute)")
    }
    return clients
}

suspend fun create(api: OAuthApi): OAuthClient {
    val body = OAuthClientRequest(
        name = "purecloud-oauth tour",
        authorizedGrantType = GrantType.Code,
        description = "Created by the tour of purecloud-oauth, which deletes it again",
        registeredRedirectUri = listOf("https://tour.example.com/callback"),
        scope = listOf("users:readonly"),
    )
    val created = api.postOauthClients(body)
    printStep("postOauthClients", "${created.id} ${created.name}, its secret: ${describeSecret(created)}")
    return created
}

/** Reads and changes the created client, rotates its secret, and queries the usage of an older client. */
suspend fun workWith(api: OAuthApi, created: OAuthClient, older: OAuthClient?) {
    val client = api.getOauthClient(created.id)
    printStep("getOauthClient", "${client.name}, its secret: ${describeSecret(client)}")

    val changed = api.putOauthClient(created.id, client.toRequest().copy(accessTokenValiditySeconds = 3_600))
    printStep("putOauthClient", "tokens now last ${changed.accessTokenValiditySeconds} s")

    // A lost rotation is never retried, because the old secret may already be invalid.
    try {
        val rotated = api.postOauthClientSecret(created.id)
        val different = rotated.secret != created.secret
        val old = if (different) "the old secret is no longer valid" else "but it equals the old secret"
        printStep("postOauthClientSecret", "${describeSecret(rotated)}; $old")
    } catch (lost: OAuthException.OutcomeUnknown) {
        throw IllegalStateException("the outcome of the rotation is unknown, so rotate again: ${lost.message}", lost)
    }
    queryUsage(api, older ?: created)
}

/** Starts a usage summary and a usage query, and waits for the result of the query. */
suspend fun queryUsage(api: OAuthApi, client: OAuthClient) {
    val summary = api.getOauthClientUsageSummary(client.id, days = 7)
    printStep("getOauthClientUsageSummary", "${client.name}: execution ${summary.executionId}")

    val now = Instant.now()
    val query = ApiUsageClientQuery(
        interval = usageInterval(now.minus(30, DAYS), now),
        metrics = listOf(Metric.Requests, Metric.Status429),
        groupBy = listOf(GroupBy.TemplateUri, GroupBy.HttpMethod),
    )
    val execution = api.postOauthClientUsageQuery(client.id, query)
    printStep("postOauthClientUsageQuery", "execution ${execution.executionId}")

    val rows = waitForResult(api, execution.executionId, client.id).results
    printStep("getOauthClientUsageQueryResult", "${rows.size} rows, ${rows.sumOf { it.requests ?: 0 }} requests")
}

/** Polls the result until the query is no longer running. */
suspend fun waitForResult(api: OAuthApi, executionId: String, clientId: String): ApiUsageQueryResult {
    repeat(60) {
        val result = api.getOauthClientUsageQueryResult(executionId, clientId)
        when (val status = result.queryStatus) {
            QueryStatus.Complete -> return result
            QueryStatus.Running -> delay(500.milliseconds)
            else -> error("the status of the usage query is ${status ?: "unknown"}")
        }
    }
    error("the usage query was still running after half a minute")
}

/** Deactivates and deletes a client: only inactive clients can be deleted. */
suspend fun remove(api: OAuthApi, created: OAuthClient) {
    val client = api.getOauthClient(created.id)
    api.putOauthClient(created.id, client.toRequest().copy(state = ClientState.Inactive))
    printStep("putOauthClient", "now inactive")
    api.deleteOauthClient(created.id)
    printStep("deleteOauthClient", "deleted")
}

fun createApi(): OAuthApi = try {
    OAuthApi.fromEnv()
} catch (problem: OAuthException) {
    val hint = "to run the tour without an organization: cargo xtask tour kotlin"
    throw IllegalStateException("${problem.message}; $hint", problem)
}

/** Describes whether the response contains a secret, without showing the secret. */
fun describeSecret(client: OAuthClient) =
    if (client.secret != null) "returned in this response only" else "not returned"

fun printErrorAndExit(message: String?) {
    System.err.println("tour: $message")
    exitProcess(1)
}

fun printStep(operation: String, result: String) = println("%-36s %s".format(operation, result))

fun printDetail(detail: String) = printStep("", detail)
