/** Values: reading, sending, comparing and printing. */
package conformance

import kotlinx.serialization.json.Json
import kotlinx.serialization.json.JsonArray
import kotlinx.serialization.json.JsonElement
import kotlinx.serialization.json.JsonNull
import kotlinx.serialization.json.JsonObject
import kotlinx.serialization.json.JsonPrimitive
import purecloud.oauth.ApiUsageClientQuery
import purecloud.oauth.ClientState
import purecloud.oauth.Credentials
import purecloud.oauth.Host
import purecloud.oauth.OAuthApi
import purecloud.oauth.OAuthException
import purecloud.oauth.Region
import purecloud.oauth.RoleDivision
import purecloud.oauth.Secret
import purecloud.oauth.usageInterval
import java.time.Instant
import kotlin.random.Random
import kotlin.test.assertContains
import kotlin.test.assertEquals
import kotlin.test.assertFailsWith
import kotlin.test.assertFalse
import kotlin.test.assertNotEquals
import kotlin.test.assertNotNull
import kotlin.test.assertTrue

val values = listOf(
    Case("unknown_enum_value") { emulator ->
        val api = emulator.api()
        val id = createClient(api).id
        val served = clientJson(emulator, id).withFields("state" to JsonPrimitive("hibernating"))
        emulator.replaceBody("get_oauth_client", "$served")
        val client = api.getOauthClient(id)
        assertEquals(ClientState.Unknown("hibernating"), client.state)
        assertEquals("hibernating", client.state.toString())

        // The emulator itself would reject the unknown state.
        emulator.respond("put_oauth_client", 200, "$served")
        assertEquals(client, api.putOauthClient(id, client.toRequest()))
        assertEquals("hibernating", emulator.lastRequest("put_oauth_client").bodyAsJson["state"].string)
    },
    Case("unknown_field") { emulator ->
        val api = emulator.api()
        val id = createClient(api).id
        val known = api.getOauthClient(id)
        val original = clientJson(emulator, id)
        val extended = original.withFields(
            "riskScore" to JsonPrimitive(0.25),
            "labels" to Json.parseToJsonElement("""[{"key": "team", "values": ["a", null]}]"""),
            "createdBy" to original["createdBy"]!!.withFields("division" to Json.parseToJsonElement("""{"id": "*"}""")),
        )
        val division = """{"roleId": "r1", "divisionId": "*", "until": "2031-07-01"}"""
        val labels = """[{"key":"team","values":["a",null]}]"""
        val served = extended.withFields("roleDivisions" to Json.parseToJsonElement("[$division]"))
        emulator.replaceBody("get_oauth_client", "$served")
        val client = api.getOauthClient(id)
        assertEquals(mapOf("riskScore" to "0.25", "labels" to labels), client.extra)
        assertEquals(listOf(RoleDivision("r1", "*", mapOf("until" to "\"2031-07-01\""))), client.roleDivisions)
        assertEquals(known.copy(roleDivisions = client.roleDivisions, extra = client.extra), client)
        for (output in listOf("$client", "${client.toRequest()}")) {
            assertContains(output, "riskScore=***")
            assertContains(output, "extra={until=***}")
            assertFalse("0.25" in output || "team" in output || "2031" in output, output)
        }

        val body = client.toRequest()
        emulator.respond("put_oauth_client", 200, "$served")
        api.putOauthClient(id, body.withExtra(body.extra - "riskScore" + ("owner" to """{"team": "Wien"}""")))
        val sent = emulator.lastRequest("put_oauth_client").bodyAsJson
        assertEquals(null, sent["riskScore"])
        assertEquals("Wien", sent["owner"]["team"].string)
        assertEquals(served["labels"] to served["roleDivisions"], sent["labels"] to sent["roleDivisions"])
    },
    Case("a_change_keeps_every_field") { emulator ->
        val api = emulator.api()
        val id = createClient(api).id
        // A known field that is null or an empty list is the same as an absent one.
        val fields = clientJson(emulator, id) as JsonObject
        val original = JsonObject(fields.filterValues { "$it" != "null" && "$it" != "[]" })
        val random = Random(20_260_301)
        val changes = unreadable.map { (name, json) -> arrayOf(name to Json.parseToJsonElement(json)) } +
            List(20) { Array(4) { randomString(random) to randomJson(random) } }
        for (change in changes) {
            val served = original.withFields(*change) as JsonObject
            emulator.replaceBody("get_oauth_client", "$served")
            val client = api.getOauthClient(id)
            emulator.respond("put_oauth_client", 200, "$served")
            api.putOauthClient(id, client.toRequest())
            val expected = JsonObject(served.filterKeys { it !in readOnly })
            assertEquals<JsonElement>(expected, emulator.lastRequest("put_oauth_client").bodyAsJson)
            emulator.reset()
        }
    },
    Case("extra_field_that_is_not_json") { emulator ->
        val api = emulator.api()
        val id = createClient(api).id
        for (json in listOf("", "{", "NaN", "1 2", "canary")) {
            val body = webServer.withExtra(mapOf("hook" to json))
            val refused = assertFailsWith<OAuthException.InvalidArgument> { api.putOauthClient(id, body) }
            assertEquals("body.extra.hook", refused.argument)
            assertFalse("canary" in "$refused")
        }
        assertEquals(0, emulator.counts("put_oauth_client").requests)
    },
    Case("unreadable_field") { emulator ->
        val api = emulator.api()
        val id = createClient(api).id
        val served = clientJson(emulator, id).withFields(
            "secret" to JsonPrimitive("mW4tS9xQ-kept"),
            "accessTokenValiditySeconds" to Json.parseToJsonElement("""{"hours": 1}"""),
            "dateCreated" to JsonPrimitive("the day before yesterday"),
        )
        emulator.replaceBody("post_oauth_client_secret", "$served")
        val client = api.postOauthClientSecret(id)
        assertEquals("mW4tS9xQ-kept", client.secret?.expose())
        assertEquals(null to null, client.accessTokenValiditySeconds to client.dateCreated)
        assertEquals(id to webServer.name, client.id to client.name)
        assertEquals(webServer.dateToDelete, client.dateToDelete)
    },
    Case("counts_of_64_bits") { emulator ->
        val api = emulator.api()
        val execution = api.postOauthClientUsageQuery(emulator.clientId, usageQuery).executionId
        val many = """{"queryStatus": "Complete", "results": [{"requests": 9007199254740993}]}"""
        emulator.replaceBody("get_oauth_client_usage_query_result", many)
        val result = api.getOauthClientUsageQueryResult(execution, emulator.clientId)
        assertEquals(9_007_199_254_740_993, result.results.single().requests)
    },
    Case("moments") { emulator ->
        val halfPastEight = Instant.parse("2026-03-01T08:30:00Z")
        val milliseconds = halfPastEight.plusMillis(123)
        val api = emulator.api()
        val id = createClient(api).id
        val served = clientJson(emulator, id).withFields(
            "dateCreated" to JsonPrimitive("2026-03-01T09:30:00+01:00"),
            "dateModified" to JsonPrimitive("2026-03-01T08:30:00.123Z"),
            "dateToDelete" to JsonPrimitive("2026-03-01T08:30:00"),
        )
        emulator.replaceBody("get_oauth_client", "$served")
        val client = api.getOauthClient(id)
        assertEquals(
            listOf(halfPastEight, milliseconds, halfPastEight),
            listOf(client.dateCreated, client.dateModified, client.dateToDelete),
        )

        emulator.reset()
        api.putOauthClient(id, webServer.copy(dateToDelete = milliseconds))
        val sent = emulator.lastRequest("put_oauth_client").bodyAsJson
        assertEquals("2026-03-01T08:30:00.123Z", sent["dateToDelete"].string)
        assertEquals(milliseconds, api.getOauthClient(id).dateToDelete)
    },
    Case("timestamps_of_the_whole_calendar") { emulator ->
        val api = emulator.api()
        val id = createClient(api).id
        val served = clientJson(emulator, id)
        for (string in listOf("0001-01-01T00:00:00.000Z", "1969-12-31T23:59:59.999Z", "9999-12-31T23:59:59.999Z")) {
            val dated = served.withFields("dateToDelete" to JsonPrimitive(string))
            emulator.replaceBody("get_oauth_client", "$dated")
            val client = api.getOauthClient(id)
            assertEquals(Instant.parse(string), client.dateToDelete)

            // The emulator itself supports fewer years.
            emulator.respond("put_oauth_client", 200, "$dated")
            assertEquals(client, api.putOauthClient(id, client.toRequest()))
            assertEquals(string, emulator.lastRequest("put_oauth_client").bodyAsJson["dateToDelete"].string)
            emulator.reset()
        }
    },
    Case("unicode") { emulator ->
        val name = "👩‍💻 e\u0301te\u0301 שלום \u202bمرحبا\u202c \"quoted\" \\ 😀"
        val api = emulator.api()
        val created = api.postOauthClients(webServer.copy(name = name, description = name))
        assertEquals(name, emulator.lastRequest("post_oauth_clients").bodyAsJson["name"].string)
        val client = api.getOauthClient(created.id)
        assertEquals(name to name, client.name to client.description)
    },
    Case("regions_and_hosts") { _ ->
        assertEquals(domains.keys.toList(), Region.entries)
        for ((region, domain) in domains) {
            assertEquals(domain, region.domain())
            val host = Host.region(region)
            assertEquals("https://api.$domain/" to "https://login.$domain/", host.apiUrl() to host.loginUrl())
            val name = region.name.lowercase()
            for (hostName in listOf(name, name.replace('_', '-'), domain, "https://api.$domain")) {
                assertEquals(host, Host.named(hostName), hostName)
            }
        }

        val local = Host.url("http://127.0.0.1:8080")
        assertEquals("http://127.0.0.1:8080/" to "http://127.0.0.1:8080/", local.apiUrl() to local.loginUrl())
        assertEquals(local, Host.named("http://127.0.0.1:8080"))
        assertEquals("https://api.xyz9.pure.cloud/", Host.domain("xyz9.pure.cloud").apiUrl())
        val gateway = Host.gateway(
            "gateway.example.com",
            port = 8443,
            pathParamsLogin = "login/eu",
            pathParamsApi = "genesys",
        )
        assertEquals("https://gateway.example.com:8443/genesys/", gateway.apiUrl())
        assertEquals("https://gateway.example.com:8443/login/eu/", gateway.loginUrl())

        val nonsense = listOf("", "mars", "my purecloud.de", "ftp://api.mypurecloud.de", "http://api.mypurecloud.de")
        for (name in nonsense) {
            val error = assertFailsWith<OAuthException.InvalidArgument>(name) { Host.named(name) }
            assertEquals("host", error.argument, name)
        }
        val error = assertFailsWith<OAuthException.InvalidArgument> { Host.gateway("a/b") }
        assertEquals("gateway.host", error.argument)
    },
    Case("interval_of_a_query") { emulator ->
        val start = Instant.parse("2026-03-01T00:00:00.987Z")
        val interval = usageInterval(start, Instant.parse("2026-03-08T00:00:00Z"))
        assertEquals("2026-03-01T00:00:00/2026-03-08T00:00:00", interval)
        emulator.api().postOauthClientUsageQuery(emulator.clientId, ApiUsageClientQuery(interval))
        val sent = emulator.lastRequest("post_oauth_client_usage_query").bodyAsJson
        assertEquals(Json.parseToJsonElement("""{"interval": "$interval"}"""), sent)
    },
    Case("equality_and_copies") { emulator ->
        val api = emulator.api()
        val id = createClient(api).id
        val client = api.getOauthClient(id)
        val again = api.getOauthClient(id)
        assertEquals(client to client.hashCode(), again to again.hashCode())

        val other = client.copy(name = "Rückrufe Basel")
        assertNotEquals(client, other)
        assertEquals(webServer.name, client.name)

        val fields = listOf("id=$id", "name=Rückrufe Zürich ☎", "authorizedGrantType=CODE", "state=active")
        for (field in fields) {
            assertContains("$client", field)
        }
    },
    Case("secrets_are_not_printed") { emulator ->
        val canary = "canary-5Zq9tR2wX7vB4nM8kL1p"
        val api = emulator.api()
        val created = createClient(api)
        val secret = assertNotNull(created.secret)
        assertTrue(secret.expose().length > 8)

        val served = emulator.fetchJson("/api/v2/oauth/clients")
        val entities = served["entities"].list
        val shown = JsonArray(listOf(entities.first().withFields("secret" to JsonPrimitive(canary))) + entities.drop(1))
        emulator.replaceBody("get_oauth_clients", "${served.withFields("entities" to shown)}")
        val listing = api.getOauthClients()
        assertEquals(canary, listing.entities.first().secret?.expose())

        val token = Credentials.accessToken(Secret(canary))
        val credentials = listOf(token, Credentials.clientCredentials("id", Secret(canary)))
        val config = emulator.config(token).copy(
            proxy = Secret("http://wartung:$canary@127.0.0.1:3128"),
            defaultHeaders = mapOf("x-api-key" to Secret(canary)),
        )
        val refusal = """{"code": "bad.request", "status": 400, "message": "Bearer $canary may not"}"""
        emulator.respond("get_oauth_client", 400, refusal)
        val tokenApi = OAuthApi(emulator.config(token))
        val error = assertFailsWith<OAuthException.Api> { tokenApi.getOauthClient(UNKNOWN_CLIENT_ID) }
        assertEquals("Bearer *** may not", error.serverMessage)
        val spaced = emulator.config(Credentials.accessToken(Secret("$canary ")))
        val setting = assertFailsWith<OAuthException.InvalidArgument> { OAuthApi(spaced) }

        assertEquals("Secret(***)", "$secret")
        assertContains("$created", "secret=Secret(***)")
        val printed = mapOf(
            "a client" to "$created",
            "a listing" to "$listing",
            "a credential" to "$credentials",
            "a configuration" to "$config $api $tokenApi",
            "an error" to listOf(error, setting).joinToString { it.stackTraceToString() + it.failure },
        )
        for ((kind, output) in printed) {
            for (hidden in listOf(canary, secret.expose(), emulator.clientSecret)) {
                assertFalse(hidden in output, "$kind shows a secret")
            }
        }
    },
)

private val domains = mapOf(
    Region.US_EAST_1 to "mypurecloud.com",
    Region.EU_WEST_1 to "mypurecloud.ie",
    Region.AP_SOUTHEAST_2 to "mypurecloud.com.au",
    Region.AP_NORTHEAST_1 to "mypurecloud.jp",
    Region.EU_CENTRAL_1 to "mypurecloud.de",
    Region.US_WEST_2 to "usw2.pure.cloud",
    Region.CA_CENTRAL_1 to "cac1.pure.cloud",
    Region.AP_NORTHEAST_2 to "apne2.pure.cloud",
    Region.EU_WEST_2 to "euw2.pure.cloud",
    Region.AP_SOUTH_1 to "aps1.pure.cloud",
    Region.US_EAST_2 to "use2.us-gov-pure.cloud",
    Region.SA_EAST_1 to "sae1.pure.cloud",
    Region.ME_CENTRAL_1 to "mec1.pure.cloud",
    Region.AP_NORTHEAST_3 to "apne3.pure.cloud",
    Region.EU_CENTRAL_2 to "euc2.pure.cloud",
    Region.MX_CENTRAL_1 to "mxc1.pure.cloud",
    Region.AP_SOUTHEAST_1 to "apse1.pure.cloud",
    Region.EUSC_DE_EAST_1 to "edee1.eusc-pure.cloud",
)

private val unreadable = listOf(
    "ipRestrictions" to "null",
    "" to "\"a field without a name\"",
    "scope" to "\"users\"",
    "scope" to """["users", null, 7]""",
    "dateToDelete" to "\"24:00:00\"",
    "roleDivisions" to """["x", {"roleId": "r1", "divisionId": "*"}]""",
    "roleDivisions" to """[{"roleId": "r1", "divisionId": "*", "condition": {"ranges": ["192.0.2.0/24"]}}]""",
    "accessTokenValiditySeconds" to "\"3600\"",
    "accessTokenValiditySeconds" to "18446744073709551615",
    "description" to """{"de": "Wien"}""",
    "weight" to "0.10000000000000000001",
    "weight" to "1e999",
    "state" to "7",
    "name" to """{"de": "Wien"}""",
    "authorizedGrantType" to """["CODE"]""",
)

private val readOnly =
    setOf("id", "secret", "dateCreated", "dateModified", "createdBy", "modifiedBy", "selfUri")

private fun randomString(random: Random) =
    "x" + List(random.nextInt(6)) { "aé\"\\\n\u0000 /".random(random) }.joinToString("")

private fun randomJson(random: Random, depth: Int = 0): JsonElement = when (random.nextInt(if (depth < 3) 7 else 5)) {
    0 -> JsonNull
    1 -> JsonPrimitive(random.nextBoolean())
    2 -> JsonPrimitive(randomString(random))
    3 -> JsonPrimitive(random.nextLong())
    4 -> JsonPrimitive(random.nextDouble())
    5 -> JsonArray(List(random.nextInt(4)) { randomJson(random, depth + 1) })
    else -> JsonObject(List(random.nextInt(4)) { randomString(random) to randomJson(random, depth + 1) }.toMap())
}

/** Fetches the JSON of a client directly. */
private fun clientJson(emulator: Emulator, id: String): JsonElement = emulator.fetchJson("/api/v2/oauth/clients/$id")
