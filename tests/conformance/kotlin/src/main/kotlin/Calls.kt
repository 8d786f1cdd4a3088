/** Metadata and options of a call, retries, blocking calls, and concurrent calls. */
package conformance

import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.async
import kotlinx.coroutines.awaitAll
import purecloud.oauth.BlockingOAuthApi
import purecloud.oauth.CallOptions
import purecloud.oauth.ClientState
import purecloud.oauth.OAuthException
import purecloud.oauth.QueryStatus
import purecloud.oauth.ResponseMetadata
import purecloud.oauth.Secret
import java.time.Duration
import kotlin.test.assertEquals
import kotlin.test.assertFailsWith
import kotlin.test.assertNotEquals
import kotlin.test.assertNotNull
import kotlin.test.assertNull
import kotlin.test.assertTrue

private const val UNAVAILABLE = """{"error": {"status": 503, "code": "service.unavailable"}}"""

val calls = listOf(
    Case("metadata_of_an_answer") { emulator ->
        val api = emulator.api()
        val id = createInactiveClient(api).id
        val headers = """
            {
                "ININ-Correlation-Id": "6d1e9b0c-3f5a-4a77-9c1d-2b8f0e4a7c65",
                "inin-ratelimit-count": "42",
                "inin-ratelimit-allowed": "300",
                "inin-ratelimit-reset": "17"
            }
        """
        for (operation in listOf("get_oauth_client", "delete_oauth_client")) {
            emulator.injectFault(operation, """{"answer": {"headers": $headers}}""", afterExecution = true)
        }
        val assertMetadata = { metadata: ResponseMetadata ->
            assertEquals("6d1e9b0c-3f5a-4a77-9c1d-2b8f0e4a7c65", metadata.correlationId)
            assertEquals(42L to 300L, metadata.rateLimit.count to metadata.rateLimit.allowed)
            assertEquals(Duration.ofSeconds(17), metadata.rateLimit.reset)
            assertEquals(1, metadata.attempts)
            assertTrue(metadata.elapsed > Duration.ZERO && metadata.elapsed < Duration.ofSeconds(10))
        }
        val read = api.getOauthClientWithHttpInfo(id)
        assertEquals(id to 200, read.value.id to read.metadata.status)
        assertMetadata(read.metadata)
        val deleted = api.deleteOauthClientWithHttpInfo(id)
        assertEquals(204, deleted.metadata.status)
        assertMetadata(deleted.metadata)
    },
    Case("options_of_one_call") { emulator ->
        val api = emulator.api()
        api.getOauthClients(CallOptions(headers = mapOf("x-ticket" to Secret("CHG-4711"))))
        assertEquals("CHG-4711", emulator.lastRequest("get_oauth_clients").header("x-ticket"))
        api.getOauthClients()
        assertNull(emulator.lastRequest("get_oauth_clients").header("x-ticket"))

        emulator.forgetRequests()
        emulator.injectFault("get_oauth_clients", UNAVAILABLE)
        val error = assertFailsWith<OAuthException.Api> { api.getOauthClients(CallOptions(withoutRetries = true)) }
        assertEquals(503, error.status)
        assertEquals(1, emulator.counts("get_oauth_clients").requests)
    },
    Case("reads_are_sent_again") { emulator ->
        emulator.injectFault("get_oauth_client", UNAVAILABLE)
        val response = emulator.api().getOauthClientWithHttpInfo(emulator.clientId)
        assertEquals(emulator.clientId, response.value.id)
        assertEquals(200 to 2, response.metadata.status to response.metadata.attempts)
        assertEquals(2, emulator.counts("get_oauth_client").requests)
    },
    Case("waiting_client") { emulator ->
        val api = emulator.api()
        BlockingOAuthApi(emulator.config()).use { blocking ->
            val authorizedId = authorizedClientId(api)
            val authorization = api.getOauthAuthorization(authorizedId, "de")
            assertEquals(authorization, blocking.getOauthAuthorization(authorizedId, "de"))
            assertEquals(api.getOauthAuthorizations(), blocking.getOauthAuthorizations())
            assertEquals(api.getOauthScope("users:readonly", "de"), blocking.getOauthScope("users:readonly", "de"))
            assertEquals(api.getOauthScopes(), blocking.getOauthScopes())

            val created = blocking.postOauthClients(clientCredentialsRequest(emulator, api))
            val client = blocking.getOauthClient(created.id)
            assertEquals(client, blocking.getOauthClients().entities.single { it.id == created.id })
            val rotated = blocking.postOauthClientSecret(created.id)
            assertNotEquals(assertNotNull(created.secret), assertNotNull(rotated.secret))

            val summary = blocking.getOauthClientUsageSummary(created.id, 30)
            val query = blocking.postOauthClientUsageQuery(created.id, usageQuery)
            assertNotEquals(summary.executionId, query.executionId)
            val result = blocking.getOauthClientUsageQueryResult(query.executionId, created.id)
            assertEquals(QueryStatus.Running, result.queryStatus)

            val inactive = client.toRequest().copy(state = ClientState.Inactive)
            assertEquals(ClientState.Inactive, blocking.putOauthClient(created.id, inactive).state)
            blocking.deleteOauthClient(created.id)
            val gone = assertFailsWith<OAuthException.Api> { blocking.getOauthClient(created.id) }
            assertEquals(404, gone.status)
        }
    },
    Case("two_hundred_calls_at_once") { emulator ->
        val id = createClient(emulator.api()).id
        emulator.forgetRequests()
        val api = emulator.api()
        val clients = List(200) { async(Dispatchers.Default) { api.getOauthClient(id) } }.awaitAll()
        assertTrue(clients.all { it.id == id && it.name == webServer.name })
        assertEquals(200, emulator.counts("get_oauth_client").executions)
        assertEquals(1, emulator.counts("token").requests)
    },
)
