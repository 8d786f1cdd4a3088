/** Every kind of error, with its type, its message and its fields. */
package conformance

import purecloud.oauth.CallOptions
import purecloud.oauth.Credentials
import purecloud.oauth.OAuthApi
import purecloud.oauth.OAuthException
import purecloud.oauth.Secret
import java.time.Duration
import kotlin.test.assertContains
import kotlin.test.assertEquals
import kotlin.test.assertFailsWith
import kotlin.test.assertFalse
import kotlin.test.assertNotNull
import kotlin.test.assertNull
import kotlin.test.assertTrue
import kotlin.time.Duration.Companion.milliseconds
import kotlin.time.Duration.Companion.seconds
import kotlin.time.measureTime

private const val HANG = """{"hang": {}}"""
private const val RESET = """{"reset": {}}"""

val errors = listOf(
    Case("invalid_argument") { emulator ->
        val error = assertFailsWith<OAuthException.InvalidArgument> { emulator.api().getOauthClient("a/b") }
        assertEquals("get_oauth_client" to "client_id", error.operation to error.argument)
        assertTrue(error.message.startsWith("get_oauth_client: client_id "), error.message)
        assertFalse(error.serverMayHaveActed || error.worthRetrying)
        assertEquals(null to null, error.status to error.metadata)
        assertEquals(0, emulator.received().size, "nothing is sent, not even for a token")
    },
    Case("invalid_setting") { emulator ->
        val config = emulator.config().copy(deadline = Duration.ZERO)
        val error = assertFailsWith<OAuthException.InvalidArgument> { OAuthApi(config) }
        assertEquals(null to "deadline", error.operation to error.argument)
        assertTrue(error.message.startsWith("deadline is zero"), error.message)
        assertEquals(0, emulator.received().size)
    },
    Case("sign_in") { emulator ->
        val wrong = "qV7-not-the-secret-Zp3"
        val api = OAuthApi(emulator.config(Credentials.clientCredentials(emulator.clientId, Secret(wrong))))
        val error = assertFailsWith<OAuthException.SignIn> { api.getOauthClients() }
        assertEquals("get_oauth_clients", error.operation)
        assertEquals(401 to "invalid_client", error.status to error.code)
        assertTrue(error.message.startsWith("get_oauth_clients: no token: "), error.message)
        assertFalse(wrong in "${error.stackTraceToString()} ${error.failure}")
        assertFalse(error.serverMayHaveActed || error.worthRetrying)
        assertEquals(0, emulator.counts("get_oauth_clients").requests)
    },
    Case("api") { emulator ->
        val error = assertFailsWith<OAuthException.Api> { emulator.api().getOauthClient(UNKNOWN_CLIENT_ID) }
        assertEquals("get_oauth_client", error.operation)
        assertEquals(404 to "not.found", error.status to error.code)
        val serverMessage = "The requested OAuthClient with id $UNKNOWN_CLIENT_ID was not found."
        assertEquals(serverMessage, error.serverMessage)
        val correlationId = assertNotNull(error.correlationId)
        assertEquals(correlationId, error.body?.contextId)
        val message = "get_oauth_client: 404 not.found: ${serverMessage.trimEnd('.')} [correlation id $correlationId]"
        assertEquals(message, error.message)
        assertEquals("purecloud.oauth.OAuthException\$Api: $message", error.toString())
        assertFalse(error.serverMayHaveActed || error.worthRetrying)
    },
    Case("api_field_details") { emulator ->
        val body = """
            {
                "message": "The request has two fields that can't be right.",
                "code": "bad.request",
                "status": 400,
                "details": [
                    {"errorCode": "value.too.long", "fieldName": "description"},
                    {"errorCode": "uri.not.absolute", "fieldName": "registeredRedirectUri"}
                ]
            }
        """
        emulator.respond("post_oauth_clients", 400, body)
        val error = assertFailsWith<OAuthException.Api> { emulator.api().postOauthClients(webServer) }
        assertEquals(400, error.status)
        assertEquals(
            listOf("description" to "value.too.long", "registeredRedirectUri" to "uri.not.absolute"),
            error.details.map { it.fieldName to it.errorCode },
        )
    },
    Case("retry_after") { emulator ->
        val tooMany = """{"status": 429, "code": "too.many.requests", "headers": {"Retry-After": "7"}}"""
        emulator.injectFault("get_oauth_clients", """{"error": $tooMany}""")
        val options = CallOptions(withoutRetries = true)
        val error = assertFailsWith<OAuthException.Api> { emulator.api().getOauthClients(options) }
        assertEquals(429 to Duration.ofSeconds(7), error.status to error.retryAfter)
        assertTrue(error.worthRetrying && !error.serverMayHaveActed)
    },
    Case("connection") { emulator ->
        emulator.injectFault("get_oauth_clients", RESET, times = null)
        val error = assertFailsWith<OAuthException.Connection> { emulator.api().getOauthClients() }
        assertEquals("get_oauth_clients" to null, error.operation to error.status)
        assertTrue(error.message.startsWith("get_oauth_clients: the connection to "), error.message)
        assertTrue(error.worthRetrying)
        assertEquals(3, error.metadata?.attempts)
        assertEquals(Counts(requests = 3, executions = 0), emulator.counts("get_oauth_clients"))
    },
    Case("timeout") { emulator ->
        val api = emulator.api()
        api.getOauthScopes()
        emulator.injectFault("get_oauth_clients", HANG, times = null)
        val options = CallOptions(deadline = Duration.ofMillis(200))
        val taken = measureTime {
            val error = assertFailsWith<OAuthException.Timeout> { api.getOauthClients(options) }
            assertNull(error.status)
            assertContains(error.message, "no result within the deadline of 200ms")
            assertTrue(error.worthRetrying)
        }
        assertTrue(taken >= 200.milliseconds && taken < 2.seconds, "$taken")
    },
    Case("unreadable_answer") { emulator ->
        emulator.respond("get_oauth_clients", 200, "<html>Please sign in</html>", contentType = "text/html")
        val options = CallOptions(withoutRetries = true)
        val error = assertFailsWith<OAuthException.UnreadableAnswer> { emulator.api().getOauthClients(options) }
        assertEquals(200, error.status)
        assertContains(error.message, "a web page")
        assertFalse("Please sign in" in error.message)
    },
    Case("outcome_unknown") { emulator ->
        val api = emulator.api()
        val id = createClient(api).id
        emulator.injectFault("post_oauth_client_secret", RESET, times = null, afterExecution = true)
        val error = assertFailsWith<OAuthException.OutcomeUnknown> { api.postOauthClientSecret(id) }
        assertEquals("post_oauth_client_secret", error.operation)
        assertContains(error.message, "the operation may have been executed")
        assertTrue(error.serverMayHaveActed && !error.worthRetrying)
        assertEquals(Counts(requests = 1, executions = 1), emulator.counts("post_oauth_client_secret"))
    },
)
