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

/** The emulator, controlled over HTTP, and clients that use it. */
class Emulator(private val url: String, val clientId: String, val clientSecret: String) {
    fun host() = Host.url(url)

    /** Settings with the administrator's credentials, unless others are given. */
    fun config(credentials: Credentials = Credentials.clientCredentials(clientId, Secret(clientSecret))) =
        Config(host(), credentials)

    /** A client that may do everything, and has not signed in yet. */
    fun api() = OAuthApi(config())

    fun api(credentials: Credentials) = OAuthApi(config(credentials))

    /** Forgets faults, counts and requests. */
    fun startOver() {
        ask("DELETE", "/emulator/faults")
        forgetRequests()
    }

    fun forgetRequests() {
        ask("DELETE", "/emulator/counts")
    }

    /** Lets something go wrong; its README says what there is. [times] is null for always. */
    fun fault(operation: String, kind: String, times: Int? = 1, afterExecution: Boolean? = null) {
        val after = if (afterExecution == null) "" else """, "after_execution": $afterExecution"""
        ask("POST", "/emulator/faults", """{"endpoint": "$operation", "times": $times, "kind": $kind$after}""")
    }

    /** Lets the next answer of the operation be this one; every answer, where [times] is null. */
    fun answer(
        operation: String,
        status: Int,
        body: String,
        contentType: String = "application/json",
        times: Int? = 1,
    ) {
        val text = JsonPrimitive(body)
        fault(operation, """{"answer": {"status": $status, "content_type": "$contentType", "body": $text}}""", times)
    }

    /** Lets every answer of the operation have this body in place of its own. */
    fun replaceBody(operation: String, body: String) {
        val text = JsonPrimitive(body)
        fault(operation, """{"replace_body": {"content_type": "application/json", "body": $text}}""", times = null)
    }

    fun counts(operation: String): Counts {
        val counts = look("/emulator/counts")[operation] ?: error("the emulator knows no $operation")
        return Counts(counts["requests"].number!!, counts["executions"].number!!)
    }

    /** All requests that arrived, sign-ins included. */
    fun received(): List<Received> = look("/emulator/requests").list.map(::Received)

    fun lastRequest(operation: String): Received =
        received().lastOrNull { it.endpoint == operation } ?: error("no $operation arrived")

    fun openRequests() = look("/emulator/open")["requests"].number

    fun openConnections() = look("/emulator/open")["connections"].number

    fun closeIdleConnections() {
        ask("POST", "/emulator/connections/close")
    }

    /** What the API says at this path, asked past the client under test. */
    fun says(path: String): JsonElement = Json.parseToJsonElement(ask("GET", path, token = token()))

    /** An access token of the administrator, had without a request that counts. */
    fun token(): String {
        val token = Json.parseToJsonElement(ask("POST", "/emulator/tokens", """{"client_id": "$clientId"}"""))
        return token["access_token"].text!!
    }

    fun revokeTokens() {
        ask("POST", "/emulator/tokens/revoke")
    }

    /** Moves the emulator's clock, and that one alone. */
    fun advance(seconds: Int) {
        ask("POST", "/emulator/clock", """{"advance_seconds": $seconds}""")
    }

    fun organizationName(): String = look("/emulator/organization")["name"].text!!

    /** The id and the secret of a new client that may do everything. */
    fun anotherClient(): Pair<String, String> {
        val made = Json.parseToJsonElement(ask("POST", "/emulator/clients", "{}"))
        return made["client_id"].text!! to made["client_secret"].text!!
    }

    /** Lets the next person who is asked refuse. */
    fun denyConsent() {
        ask("POST", "/emulator/consent/deny", """{"times": 1}""")
    }

    /** Where a browser is sent whose person consents at this page. */
    fun consent(page: String): String = connection(page).getHeaderField("Location") ?: error("it is sent nowhere")

    private fun look(path: String): JsonElement = Json.parseToJsonElement(ask("GET", path))

    private fun connection(address: String): HttpURLConnection {
        val connection = URI(address).toURL().openConnection() as HttpURLConnection
        connection.instanceFollowRedirects = false
        // An idle connection of its own would be closed with those of the client under test.
        connection.setRequestProperty("Connection", "close")
        return connection
    }

    private fun ask(method: String, path: String, body: String? = null, token: String? = null): String {
        val connection = connection(url + path)
        connection.requestMethod = method
        token?.let { connection.setRequestProperty("Authorization", "Bearer $it") }
        body?.let {
            connection.doOutput = true
            connection.outputStream.use { stream -> stream.write(it.toByteArray()) }
        }
        val status = connection.responseCode
        val stream = if (status < 400) connection.inputStream else connection.errorStream
        val text = stream?.use { it.readBytes().decodeToString() }.orEmpty()
        check(status < 300) { "the emulator answered $status: $text" }
        return text
    }

    companion object {
        fun fromEnvironment() =
            Emulator(variable("EMULATOR_URL"), variable("EMULATOR_CLIENT_ID"), variable("EMULATOR_CLIENT_SECRET"))

        /** The one that the programs get that are not about every language. */
        fun fromTheVendorsVariables() = Emulator(
            variable("GENESYSCLOUD_REGION"),
            variable("GENESYSCLOUD_OAUTHCLIENT_ID"),
            variable("GENESYSCLOUD_OAUTHCLIENT_SECRET"),
        )

        private fun variable(name: String) =
            System.getenv(name) ?: error("$name is not set; the emulator prints its value when it starts")
    }
}

/** How often an operation arrived, and how often it was carried out. */
data class Counts(val requests: Long, val executions: Long)

/** A request as it arrived; [target] is path and query, as they were on the wire. */
class Received(private val json: JsonElement) {
    val endpoint get() = json["endpoint"].text
    val method get() = json["method"].text
    val target get() = json["target"].text
    val body get() = json["body"].text!!
    val bodyAsJson get() = Json.parseToJsonElement(body)

    fun header(name: String) = json["headers"].list.firstOrNull { it.list[0].text == name }?.list?.get(1)?.text
}

/** Asks again and again until it is so, for at most ten seconds. */
suspend fun until(what: String, isSo: () -> Boolean) {
    val start = TimeSource.Monotonic.markNow()
    while (!isSo()) {
        check(start.elapsedNow() < 10.seconds) { "not so after ${start.elapsedNow()}: $what" }
        delay(5.milliseconds)
    }
}
