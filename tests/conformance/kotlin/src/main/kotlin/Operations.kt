/** Every operation: it returns the resource that the emulator serves, and sends the documented request. */
package conformance

import kotlinx.serialization.json.Json
import kotlinx.serialization.json.JsonElement
import kotlinx.serialization.json.JsonPrimitive
import purecloud.oauth.ClientState
import purecloud.oauth.Credentials
import purecloud.oauth.DomainEntityRef
import purecloud.oauth.GrantType
import purecloud.oauth.OAuthApi
import purecloud.oauth.OAuthClient
import purecloud.oauth.OAuthClientRequest
import purecloud.oauth.OAuthException
import purecloud.oauth.QueryStatus
import purecloud.oauth.RoleDivision
import purecloud.oauth.Secret
import kotlin.test.assertEquals
import kotlin.test.assertFailsWith
import kotlin.test.assertNotEquals
import kotlin.test.assertNotNull
import kotlin.test.assertNull
import kotlin.test.assertTrue

val operations = listOf(
    Case("delete_oauth_client") { emulator ->
        val api = emulator.api()
        val id = createInactiveClient(api).id
        assertEquals(204, api.deleteOauthClientWithHttpInfo(id).metadata.status)

        val request = emulator.lastRequest("delete_oauth_client")
        assertEquals("DELETE" to "/api/v2/oauth/clients/$id", request.method to request.target)
        assertEquals("" to null, request.body to request.header("content-type"))

        val gone = assertFailsWith<OAuthException.Api> { api.getOauthClient(id) }
        assertEquals(404, gone.status)
    },
    Case("get_oauth_authorization") { emulator ->
        val api = emulator.api()
        val id = authorizedClientId(api)
        val served = emulator.fetchJson("/api/v2/oauth/authorizations/$id")
        val authorization = api.getOauthAuthorization(id, "de-at")
        assertSameClient(assertNotNull(authorization.client), served["client"])
        assertEquals(served["scope"].strings, authorization.scope)
        assertEquals(served["roles"].strings, authorization.roles)
        assertEquals(served["resourceOwner"]["id"].string, assertNotNull(authorization.resourceOwner).id)
        assertEquals(served["dateCreated"].timestamp, authorization.dateCreated)
        assertEquals(served["dateModified"].timestamp, authorization.dateModified)
        assertEquals(served["pending"].boolean, authorization.pending)
        assertEquals(served["state"].string, "${authorization.state}")
        assertEquals(served["selfUri"].string, authorization.selfUri)

        val request = emulator.lastRequest("get_oauth_authorization")
        assertEquals("GET" to "/api/v2/oauth/authorizations/$id", request.method to request.target)
        assertEquals("de-at", request.header("accept-language"))
        api.getOauthAuthorization(id)
        assertNull(emulator.lastRequest("get_oauth_authorization").header("accept-language"))
    },
    Case("get_oauth_authorizations") { emulator ->
        val api = emulator.api()
        val served = emulator.fetchJson("/api/v2/oauth/authorizations")
        val listing = api.getOauthAuthorizations("fr")
        assertEquals(served["total"].number, listing.total)
        assertEquals(served["entities"].list.map { it["client"]["id"].string }, listing.entities.map { it.client?.id })
        assertEquals(served["entities"].list.map { it["state"].string }, listing.entities.map { "${it.state}" })

        val request = emulator.lastRequest("get_oauth_authorizations")
        assertEquals("GET" to "/api/v2/oauth/authorizations", request.method to request.target)
        assertEquals("fr", request.header("accept-language"))
        api.getOauthAuthorizations()
        assertNull(emulator.lastRequest("get_oauth_authorizations").header("accept-language"))
    },
    Case("get_oauth_client") { emulator ->
        val api = emulator.api()
        for (id in listOf(createClient(api).id, emulator.clientId)) {
            val served = emulator.fetchJson("/api/v2/oauth/clients/$id")
            val client = api.getOauthClient(id)
            assertSameClient(client, served)
            assertNull(client.secret)

            val request = emulator.lastRequest("get_oauth_client")
            assertEquals("GET" to "/api/v2/oauth/clients/$id", request.method to request.target)
        }
    },
    Case("get_oauth_client_usage_query_result") { emulator ->
        val api = emulator.api()
        val client = emulator.clientId
        val execution = api.postOauthClientUsageQuery(client, usageQuery).executionId

        val early = api.getOauthClientUsageQueryResult(execution, client)
        assertEquals(QueryStatus.Running to emptyList(), early.queryStatus to early.results)

        val result = waitForResult(api, execution, client)
        assertEquals(QueryStatus.Complete, result.queryStatus)
        val path = "/api/v2/oauth/clients/$client/usage/query/results/$execution"
        assertEquals(path, emulator.lastRequest("get_oauth_client_usage_query_result").target)

        val served = emulator.fetchJson(path)["results"].list
        assertTrue(served.isNotEmpty())
        assertEquals(served.size, result.results.size)
        for ((row, expectedRow) in result.results.zip(served)) {
            assertEquals(expectedRow["templateUri"].string, row.templateUri)
            assertEquals(expectedRow["httpMethod"].string, row.httpMethod)
            assertEquals(expectedRow["requests"].number, row.requests)
            assertEquals(expectedRow["status429"].number, row.status429)
            assertEquals(expectedRow["date"].timestamp, row.date)
            assertEquals(null to null, row.status200 to row.organizationId, "not requested")
        }
    },
    Case("get_oauth_client_usage_summary") { emulator ->
        val api = emulator.api()
        val client = emulator.clientId
        val path = "/api/v2/oauth/clients/$client/usage/summary"
        for ((days, target) in listOf(30 to "$path?days=30", null to path)) {
            val summary = api.getOauthClientUsageSummary(client, days)
            val request = emulator.lastRequest("get_oauth_client_usage_summary")
            assertEquals("GET" to target, request.method to request.target)
            val results = "/api/v2/oauth/clients/$client/usage/query/results/${summary.executionId}"
            assertEquals(results, summary.resultsUri)
            assertEquals(QueryStatus.Complete, waitForResult(api, summary.executionId, client).queryStatus)
        }
    },
    Case("get_oauth_clients") { emulator ->
        val api = emulator.api()
        val new = createClient(api).id
        val served = emulator.fetchJson("/api/v2/oauth/clients")
        val listing = api.getOauthClients()
        assertEquals(served["entities"].list.size, listing.entities.size)
        for ((client, expectedClient) in listing.entities.zip(served["entities"].list)) {
            assertSameClient(client, expectedClient)
            assertNull(client.secret)
        }
        assertTrue(listing.entities.any { it.id == new })
        assertEquals(served["total"].number, listing.total)
        assertEquals(
            listOf("pageSize", "pageNumber", "pageCount").map { served[it].number },
            listOf(listing.pageSize, listing.pageNumber, listing.pageCount).map { it?.toLong() },
        )
        assertEquals(
            listOf("firstUri", "lastUri", "selfUri").map { served[it].string },
            listOf(listing.firstUri, listing.lastUri, listing.selfUri),
        )

        val request = emulator.lastRequest("get_oauth_clients")
        assertEquals("GET" to "/api/v2/oauth/clients", request.method to request.target)
    },
    Case("get_oauth_scope") { emulator ->
        val api = emulator.api()
        val scope = api.getOauthScope("users:readonly", "de")
        assertEquals("users:readonly", scope.id)
        assertEquals("Nur lesender Zugriff: Benutzer", scope.description)
        assertEquals("/api/v2/oauth/scopes/users:readonly", scope.selfUri)

        val request = emulator.lastRequest("get_oauth_scope")
        assertEquals("GET" to "/api/v2/oauth/scopes/users%3Areadonly", request.method to request.target)
        assertEquals("de", request.header("accept-language"))

        assertEquals("Read-only access to users", api.getOauthScope("users:readonly").description)
        assertNull(emulator.lastRequest("get_oauth_scope").header("accept-language"))
    },
    Case("get_oauth_scopes") { emulator ->
        val api = emulator.api()
        val served = emulator.fetchJson("/api/v2/oauth/scopes")
        val descriptions = mapOf(
            "ja" to "ユーザーへの読み取り専用アクセス",
            "es" to "Acceso de solo lectura: usuarios",
            null to "Read-only access to users",
        )
        for ((language, description) in descriptions) {
            val listing = api.getOauthScopes(language)
            assertEquals(served["total"].number, listing.total)
            assertEquals(served["entities"].list.map { it["id"].string }, listing.entities.map { it.id })
            assertEquals(description, listing.entities.first { it.id == "users:readonly" }.description)

            val request = emulator.lastRequest("get_oauth_scopes")
            assertEquals("GET" to "/api/v2/oauth/scopes", request.method to request.target)
            assertEquals(language, request.header("accept-language"))
        }
    },
    Case("post_oauth_client_secret") { emulator ->
        val api = emulator.api()
        val created = api.postOauthClients(clientCredentialsRequest(emulator, api))
        val rotated = api.postOauthClientSecret(created.id)
        val request = emulator.lastRequest("post_oauth_client_secret")
        assertEquals("POST" to "/api/v2/oauth/clients/${created.id}/secret", request.method to request.target)
        assertEquals("" to "0", request.body to request.header("content-length"))

        assertEquals(created.id, rotated.id)
        val before = assertNotNull(created.secret)
        val after = assertNotNull(rotated.secret)
        assertNotEquals(before, after)
        val apiWith = { secret: Secret -> OAuthApi(emulator.config(Credentials.clientCredentials(created.id, secret))) }
        apiWith(after).getOauthClients()
        assertFailsWith<OAuthException.SignIn> { apiWith(before).getOauthClients() }
    },
    Case("post_oauth_client_usage_query") { emulator ->
        val api = emulator.api()
        val client = emulator.clientId
        val execution = api.postOauthClientUsageQuery(client, usageQuery)
        assertTrue(execution.executionId.isNotEmpty())
        val results = "/api/v2/oauth/clients/$client/usage/query/results/${execution.executionId}"
        assertEquals(results, execution.resultsUri)

        val request = emulator.lastRequest("post_oauth_client_usage_query")
        assertEquals("POST" to "/api/v2/oauth/clients/$client/usage/query", request.method to request.target)
        assertEquals("application/json", request.header("content-type"))
        val expected = """
            {
                "interval": "2026-01-01T00:00:00/2026-02-01T00:00:00",
                "granularity": "Week",
                "metrics": ["Requests", "Status429"],
                "groupBy": ["TemplateUri", "HttpMethod"]
            }
        """
        assertEquals(Json.parseToJsonElement(expected), request.bodyAsJson)
    },
    Case("post_oauth_clients") { emulator ->
        val api = emulator.api()
        val created = api.postOauthClients(webServer)
        assertTrue(assertNotNull(created.secret).expose().isNotEmpty())
        assertSameClient(created, emulator.fetchJson("/api/v2/oauth/clients/${created.id}"))

        val request = emulator.lastRequest("post_oauth_clients")
        assertEquals("POST" to "/api/v2/oauth/clients", request.method to request.target)
        assertEquals("application/json", request.header("content-type"))
        assertEquals(webServerAsJson, request.bodyAsJson)

        api.postOauthClients(OAuthClientRequest("Telefonbuch", GrantType.Token))
        val minimal = """{"name": "Telefonbuch", "authorizedGrantType": "TOKEN"}"""
        assertEquals(Json.parseToJsonElement(minimal), emulator.lastRequest("post_oauth_clients").bodyAsJson)
    },
    Case("put_oauth_client") { emulator ->
        val api = emulator.api()
        val id = createClient(api).id
        val before = api.getOauthClient(id)
        val changed = api.putOauthClient(id, before.toRequest().copy(state = ClientState.Disabled))
        assertEquals(ClientState.Disabled, changed.state)
        assertNull(changed.secret)

        val request = emulator.lastRequest("put_oauth_client")
        assertEquals("PUT" to "/api/v2/oauth/clients/$id", request.method to request.target)
        assertEquals("application/json", request.header("content-type"))
        assertEquals(webServerAsJson.withFields("state" to JsonPrimitive("disabled")), request.bodyAsJson)

        val (modified, person) = before.dateModified to before.modifiedBy
        assertEquals(before, changed.copy(state = before.state, dateModified = modified, modifiedBy = person))
        assertEquals(changed, api.getOauthClient(id))
    },
)

/** Compares a client with its JSON, field by field. A field that the JSON omits must be empty or null. */
private fun assertSameClient(client: OAuthClient, served: JsonElement?) {
    assertEquals(served["id"].string, client.id)
    assertEquals(served["name"].string, client.name)
    assertEquals(served["accessTokenValiditySeconds"].number, client.accessTokenValiditySeconds)
    assertEquals(served["description"].string, client.description)
    assertEquals(served["registeredRedirectUri"].strings, client.registeredRedirectUri)
    assertEquals(served["roleIds"].strings, client.roleIds)
    assertEquals(served["dateCreated"].timestamp, client.dateCreated)
    assertEquals(served["dateModified"].timestamp, client.dateModified)
    assertEquals(person(served["createdBy"]), client.createdBy)
    assertEquals(person(served["modifiedBy"]), client.modifiedBy)
    assertEquals(served["authorizedGrantType"].string, "${client.authorizedGrantType}")
    assertEquals(served["scope"].strings, client.scope)
    val divisions = served["roleDivisions"].list.map { RoleDivision(it["roleId"].string!!, it["divisionId"].string!!) }
    assertEquals(divisions, client.roleDivisions)
    assertEquals(served["state"].string, "${client.state}")
    assertEquals(served["dateToDelete"].timestamp, client.dateToDelete)
    assertEquals(served["selfUri"].string, client.selfUri)
}

private fun person(served: JsonElement?) =
    DomainEntityRef(served["id"].string, served["name"].string, served["selfUri"].string)
