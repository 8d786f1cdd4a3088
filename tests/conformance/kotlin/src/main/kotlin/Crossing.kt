/**
 * Not a case of every language's: values cross in memory that each thread keeps, so many threads at once get back what
 * they gave, and after an error, too.
 */
package conformance

import kotlinx.coroutines.runBlocking
import kotlinx.serialization.json.JsonArray
import kotlinx.serialization.json.JsonObject
import kotlinx.serialization.json.JsonPrimitive
import purecloud.oauth.GrantType
import purecloud.oauth.Host
import purecloud.oauth.OAuthClientRequest
import purecloud.oauth.OAuthException
import purecloud.oauth.Secret
import java.time.Instant
import java.util.concurrent.Callable
import java.util.concurrent.Executors
import kotlin.random.Random
import kotlin.test.assertEquals
import kotlin.test.assertFailsWith

fun main() {
    val threads = Executors.newFixedThreadPool(8)
    val each = threads.invokeAll(List(8) { Callable { texts(Random(it)) } })
    threads.shutdown()
    each.forEach { it.get() }
    moments(Random(8))
    halves()
}

/** A string of the JVM may hold half of a surrogate pair; the argument is named before anything is sent. */
private fun halves() = runBlocking {
    val emulator = Emulator.fromTheVendorsVariables()
    emulator.startOver()
    val api = emulator.api()
    val body = OAuthClientRequest("Rückrufe Zürich ☎", GrantType.Code, scope = listOf("users:readonly", "\ud83d"))
    for ((expected, call) in listOf<Pair<String, suspend () -> Unit>>(
        "clientId holds half of a surrogate pair" to { api.getOauthClient("half of 😀: \ud83d") },
        "clientId holds half of a surrogate pair" to { api.getOauthClient("\udc00\ud83d") },
        "body.scope[1] holds half of a surrogate pair" to { api.postOauthClients(body) },
    )) {
        assertEquals(expected, assertFailsWith<IllegalArgumentException> { call() }.message)
    }
    assertEquals(emptyList(), emulator.received())
}

private fun texts(random: Random) = repeat(500) {
    val text = random.text()
    Secret(text).use { secret -> assertEquals(text, secret.expose()) }
    val refused = assertFailsWith<OAuthException.InvalidArgument> { Host.domain("$it no domain") }
    assertEquals("host", refused.argument)
    assertEquals("https://api.region$it.example/", Host.domain("region$it.example").apiUrl())
}

private fun moments(random: Random) = runBlocking {
    val emulator = Emulator.fromTheVendorsVariables()
    val api = emulator.api()
    val execution = api.postOauthClientUsageQuery(emulator.clientId, usageQuery).executionId
    val years = Instant.parse("0001-01-01T00:00:00Z").epochSecond until Instant.parse("9999-12-31T00:00:00Z").epochSecond
    val moments = List(1_000) {
        Instant.ofEpochSecond(random.nextLong(years.first, years.last), random.nextLong(1_000_000_000))
    }
    val rows = moments.map { JsonObject(mapOf("date" to JsonPrimitive("$it"), "userId" to JsonPrimitive(random.text()))) }
    val said = JsonObject(mapOf("results" to JsonArray(rows)))
    emulator.replaceBody("get_oauth_client_usage_query_result", "$said")
    val read = api.getOauthClientUsageQueryResult(execution, emulator.clientId).results
    assertEquals(moments, read.map { it.date })
    assertEquals(rows.map { it.getValue("userId").text }, read.map { it.userId })
}

/** Of up to 40 characters of one to four bytes each. */
private fun Random.text() = buildString {
    repeat(nextInt(40)) {
        appendCodePoint(listOf(nextInt(0x80), nextInt(0x800), nextInt(0xD800), nextInt(0x10000, 0x110000)).random(this@text))
    }
}
