package conformance

import kotlinx.coroutines.delay
import kotlinx.serialization.json.Json
import kotlinx.serialization.json.JsonElement
import kotlinx.serialization.json.JsonPrimitive
import purecloud.oauth.Config
import purecloud.oauth.Credentials
import purecloud.oauth.Host
import purecloud.oauth.OAuthApi
import purecloud.oauth.Secret
import java.net.HttpURLConnection
import java.net.URI
import kotlin.time.Duration.Companion.milliseconds
import kotlin.time.Duration.Companion.seconds
import kotlin.time.TimeSource

/** The emulator, controlled over HTTP, and API objects that use the emulator. */
class Emulator(private val url: String, val clientId: String, val clientSecret: String) {
    fun host() = Host.url(url)

    /** Returns settings, by default with the administrator's credentials. */
    fun config(credentials: Credentials = Credentials.clientCredentials(clientId, Secret(clientSecret))) =
        Config(host(), credentials)

    /** Returns an API object with all permissions that has not signed in yet. */
    fun api() = OAuthApi(config())

    fun api(credentials: Credentials) = OAuthApi(config(credentials))

    /** Deletes all faults, counts and recorded requests. */
    fun reset() {
        send("DELETE", "/emulator/faults")
        forgetRequests()
    }

    fun forgetRequests() {
        send("DELETE", "/emulator/counts")
    }

    /** Injects a fault, for all requests if [times] is null. The emulator's README lists the kinds of faults. */
    fun injectFault(operation: String, kind: String, times: Int? = 1, afterExecution: Boolean? = null) {
        val after = if (afterExecution == null) "" else """, "after_execution": $afterExecution"""
        send("POST", "/emulator/faults", """{"endpoint": "$operation", "times": $times, "kind": $kind$after}""")
    }

    /** Replaces the next response of the operation, or all responses if [times] is null. */
    fun respond(
        operation: String,
        status: Int,
        body: String,
        contentType: String = "application/json",
        times: Int? = 1,
    ) {
        val string = JsonPrimitive(body)
        val response = """{"status": $status, "content_type": "$contentType", "body": $string}"""
        injectFault(operation, """{"answer": $response}""", times)
    }

    /** Replaces the body of every response of the operation. */
    fun replaceBody(operation: String, body: String) {
        val replacement = """{"content_type": "application/json", "body": ${JsonPrimitive(body)}}"""
        injectFault(operation, """{"replace_body": $replacement}""", times = null)
    }

    fun counts(operation: String): Counts {
        val counts = getJson("/emulator/counts")[operation] ?: error("the emulator has no operation $operation")
        return Counts(counts["requests"].number!!, counts["executions"].number!!)
    }

    /** Returns all requests that the emulator received, including sign-ins. */
    fun received(): List<ReceivedRequest> = getJson("/emulator/requests").list.map(::ReceivedRequest)

    fun lastRequest(operation: String): ReceivedRequest =
        received().lastOrNull { it.endpoint == operation } ?: error("the emulator received no $operation")

    fun openRequests() = getJson("/emulator/open")["requests"].number

    fun openConnections() = getJson("/emulator/open")["connections"].number

    fun closeIdleConnections() {
        send("POST", "/emulator/connections/close")
    }

    /** Fetches a resource directly, without the library under test. */
    fun fetchJson(path: String): JsonElement = Json.parseToJsonElement(send("GET", path, token = issueToken()))

    /** Issues an access token of the administrator, without a request that the emulator counts. */
    fun issueToken(): String {
        val token = Json.parseToJsonElement(send("POST", "/emulator/tokens", """{"client_id": "$clientId"}"""))
        return token["access_token"].string!!
    }

    fun revokeTokens() {
        send("POST", "/emulator/tokens/revoke")
    }

    /** Advances the emulator's clock only. */
    fun advanceClock(seconds: Int) {
        send("POST", "/emulator/clock", """{"advance_seconds": $seconds}""")
    }

    fun organizationName(): String = getJson("/emulator/organization")["name"].string!!

    /** Creates a client with all permissions, and returns its id and its secret. */
    fun createClient(): Pair<String, String> {
        val created = Json.parseToJsonElement(send("POST", "/emulator/clients", "{}"))
        return created["client_id"].string!! to created["client_secret"].string!!
    }

    /** Makes the next user deny consent. */
    fun denyConsent() {
        send("POST", "/emulator/consent/deny", """{"times": 1}""")
    }

    /** Consents at this authorize page like a user, and returns the address that the browser is redirected to. */
    fun consent(page: String): String = connect(page).getHeaderField("Location") ?: error("there is no redirect")

    private fun getJson(path: String): JsonElement = Json.parseToJsonElement(send("GET", path))

    private fun connect(address: String): HttpURLConnection {
        val connection = URI(address).toURL().openConnection() as HttpURLConnection
        connection.instanceFollowRedirects = false
        // `closeIdleConnections` would close an idle control connection too, so none is kept.
        connection.setRequestProperty("Connection", "close")
        return connection
    }

    private fun send(method: String, path: String, body: String? = null, token: String? = null): String {
        val connection = connect(url + path)
        connection.requestMethod = method
        token?.let { connection.setRequestProperty("Authorization", "Bearer $it") }
        body?.let {
            connection.doOutput = true
            connection.outputStream.use { stream -> stream.write(it.toByteArray()) }
        }
        val status = connection.responseCode
        val stream = if (status < 400) connection.inputStream else connection.errorStream
        val responseBody = stream?.use { it.readBytes().decodeToString() }.orEmpty()
        check(status < 300) { "the emulator returned $status: $responseBody" }
        return responseBody
    }

    companion object {
        fun fromEnvironment() =
            Emulator(variable("EMULATOR_URL"), variable("EMULATOR_CLIENT_ID"), variable("EMULATOR_CLIENT_SECRET"))

        /** Returns the emulator that the vendor's variables refer to, for the tests that are specific to Kotlin. */
        fun fromVendorVariables() = Emulator(
            variable("GENESYSCLOUD_REGION"),
            variable("GENESYSCLOUD_OAUTHCLIENT_ID"),
            variable("GENESYSCLOUD_OAUTHCLIENT_SECRET"),
        )

        private fun variable(name: String) =
            System.getenv(name) ?: error("$name is not set; the emulator prints its value when it starts")
    }
}

/** The number of requests for an operation, and of its executions. */
data class Counts(val requests: Long, val executions: Long)

/** A request as the emulator received it. [target] is the path and the query, exactly as sent. */
class ReceivedRequest(private val json: JsonElement) {
    val endpoint get() = json["endpoint"].string
    val method get() = json["method"].string
    val target get() = json["target"].string
    val body get() = json["body"].string!!
    val bodyAsJson get() = Json.parseToJsonElement(body)

    fun header(name: String) = json["headers"].list.firstOrNull { it.list[0].string == name }?.list?.get(1)?.string
}

/** Polls a condition until the condition holds. Throws after ten seconds. */
suspend fun waitUntil(description: String, condition: () -> Boolean) {
    val start = TimeSource.Monotonic.markNow()
    while (!condition()) {
        check(start.elapsedNow() < 10.seconds) { "after ${start.elapsedNow()} this does not hold: $description" }
        delay(5.milliseconds)
    }
}
