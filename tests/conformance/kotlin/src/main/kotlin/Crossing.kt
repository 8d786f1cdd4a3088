/**
 * A test for Kotlin only: values are passed to the native library in a buffer that each thread reuses. Concurrent
 * threads get the same values back, also after an error.
 */
package conformance

import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.runBlocking
import kotlinx.serialization.json.JsonArray
import kotlinx.serialization.json.JsonObject
import kotlinx.serialization.json.JsonPrimitive
import purecloud.oauth.BlockingOAuthApi
import purecloud.oauth.CallOptions
import purecloud.oauth.Config
import purecloud.oauth.Credentials
import purecloud.oauth.GrantType
import purecloud.oauth.Host
import purecloud.oauth.OAuthApi
import purecloud.oauth.OAuthClientRequest
import purecloud.oauth.OAuthException
import purecloud.oauth.Region
import purecloud.oauth.RetryPolicy
import purecloud.oauth.Secret
import purecloud.oauth.Session
import purecloud.oauth.usageInterval
import java.time.Duration
import java.time.Instant
import java.util.concurrent.Callable
import java.util.concurrent.Executors
import kotlin.random.Random
import kotlin.test.assertEquals
import kotlin.test.assertFailsWith
import kotlin.test.assertFalse

fun main() {
    val threads = Executors.newFixedThreadPool(8)
    val results = threads.invokeAll(List(8) { Callable { checkStrings(Random(it)) } })
    threads.shutdown()
    results.forEach { it.get() }
    checkTimestamps(Random(8))
    checkSurrogatePairs()
    checkRefusedTimes()
    checkUnconfinedDispatcher()
}

/** Checks that an unconfined coroutine resumes outside the threads of the native library, so it may block there. */
private fun checkUnconfinedDispatcher() = runBlocking(Dispatchers.Unconfined) {
    val emulator = Emulator.fromVendorVariables()
    emulator.reset()
    emulator.api().use { api ->
        assertEquals("users", api.getOauthScope("users").id)
        assertFalse(Thread.currentThread().name.startsWith("purecloud-oauth"), Thread.currentThread().name)
        BlockingOAuthApi(emulator.config()).use { assertEquals("users", it.getOauthScope("users").id) }
    }
}

/** Checks that a string with half of a surrogate pair is refused by the name of its argument before any request. */
private fun checkSurrogatePairs() = runBlocking {
    val emulator = Emulator.fromVendorVariables()
    emulator.reset()
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

private fun checkStrings(random: Random) = repeat(500) {
    val string = random.nextString()
    Secret(string).use { secret -> assertEquals(string, secret.expose()) }
    val refused = assertFailsWith<OAuthException.InvalidArgument> { Host.domain("$it no domain") }
    assertEquals("host", refused.argument)
    assertEquals("https://api.region$it.example/", Host.domain("region$it.example").apiUrl())
}

private val calendar =
    Instant.parse("0001-01-01T00:00:00Z").epochSecond..Instant.parse("9999-12-31T23:59:59Z").epochSecond

/** Checks that times that the native library can't represent are refused by the name of their argument. */
private fun checkRefusedTimes() {
    fun assertRefused(argument: String, call: () -> Unit) =
        assertEquals(argument, assertFailsWith<OAuthException.InvalidArgument>(argument) { call() }.argument)

    val config = Config(Host.region(Region.EU_CENTRAL_1), Credentials.accessToken(Secret("hq3KpZ0vX1yT7wB9")))
    val body = OAuthClientRequest("Rückrufe", GrantType.ClientCredentials)
    val now = Instant.now()
    val outside = listOf(
        Instant.MIN,
        Instant.ofEpochSecond(calendar.first).minusNanos(1),
        Instant.ofEpochSecond(calendar.last + 1),
        Instant.MAX,
    )
    for (instant in outside) {
        assertRefused("start") { usageInterval(instant, now) }
        assertRefused("end") { usageInterval(now, instant) }
        val session = Session(Secret("hq3KpZ0vX1yT7wB9"), expiresAt = instant)
        assertRefused("session.expires_at") { OAuthApi(config.copy(credentials = Credentials.session("c1", session))) }
        BlockingOAuthApi(config).use { api ->
            assertRefused("body.date_to_delete") { api.postOauthClients(body.copy(dateToDelete = instant)) }
        }
    }
    assertRefused("start") { usageInterval(now, now) }

    for (negative in listOf(Duration.ofSeconds(-1), Duration.ofNanos(-1), Duration.ofSeconds(Long.MIN_VALUE))) {
        assertRefused("connect_timeout") { OAuthApi(config.copy(connectTimeout = negative)) }
        assertRefused("attempt_timeout") { OAuthApi(config.copy(attemptTimeout = negative)) }
        assertRefused("deadline") { OAuthApi(config.copy(deadline = negative)) }
        assertRefused("retry.first_backoff") { OAuthApi(config.copy(retry = RetryPolicy(firstBackoff = negative))) }
        assertRefused("retry.max_backoff") { OAuthApi(config.copy(retry = RetryPolicy(maxBackoff = negative))) }
        assertRefused("retry.max_retry_after") { OAuthApi(config.copy(retry = RetryPolicy(maxRetryAfter = negative))) }
        BlockingOAuthApi(config).use { api ->
            assertRefused("deadline") { api.getOauthClients(CallOptions(deadline = negative)) }
        }
    }
    val longest = Duration.ofSeconds(Long.MAX_VALUE, 999_999_999)
    val retry = RetryPolicy(firstBackoff = longest, maxBackoff = longest, maxRetryAfter = longest)
    OAuthApi(config.copy(attemptTimeout = longest, deadline = longest, retry = retry)).close()
}

private fun checkTimestamps(random: Random) = runBlocking {
    val emulator = Emulator.fromVendorVariables()
    val api = emulator.api()
    val execution = api.postOauthClientUsageQuery(emulator.clientId, usageQuery).executionId
    val timestamps = List(1_000) {
        Instant.ofEpochSecond(random.nextLong(calendar.first, calendar.last), random.nextLong(1_000_000_000))
    } + listOf(
        Instant.parse("0001-01-01T00:00:00Z"),
        Instant.parse("1969-12-31T23:59:59.000000001Z"),
        Instant.parse("9999-12-31T23:59:59.999999999Z"),
    )
    val rows = timestamps.map {
        JsonObject(mapOf("date" to JsonPrimitive("$it"), "userId" to JsonPrimitive(random.nextString())))
    }
    val served = JsonObject(mapOf("queryStatus" to JsonPrimitive("Complete"), "results" to JsonArray(rows)))
    emulator.replaceBody("get_oauth_client_usage_query_result", "$served")
    val read = api.getOauthClientUsageQueryResult(execution, emulator.clientId).results
    assertEquals(timestamps, read.map { it.date })
    assertEquals(rows.map { it.getValue("userId").string }, read.map { it.userId })
}

/** Returns a random string of up to 40 characters, which take one to four bytes each. */
private fun Random.nextString() = buildString {
    repeat(nextInt(40)) {
        val codePoints = listOf(nextInt(0x80), nextInt(0x800), nextInt(0xD800), nextInt(0x10000, 0x110000))
        appendCodePoint(codePoints.random(this@nextString))
    }
}
