/** Every operation: it returns what the emulator says, and sends the documented request. */
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
        val id = anInactiveClient(api).id
        assertEquals(204, api.deleteOauthClientWithHttpInfo(id).metadata.status)

        val request = emulator.lastRequest("delete_oauth_client")
        assertEquals("DELETE" to "/api/v2/oauth/clients/$id", request.method to request.target)
        assertEquals("" to null, request.body to request.header("content-type"))

        val gone = assertFailsWith<OAuthException.Api> { api.getOauthClient(id) }
        assertEquals(404, gone.status)
    },
    Case("get_oauth_authorization") { emulator ->
        val api = emulator.api()
        val id = anAuthorizedId(api)
        val said = emulator.says("/api/v2/oauth/authorizations/$id")
        val authorization = api.getOauthAuthorization(id, "de-at")
        assertSameClient(assertNotNull(authorization.client), said["client"])
        assertEquals(said["scope"].texts, authorization.scope)
        assertEquals(said["roles"].texts, authorization.roles)
        assertEquals(said["resourceOwner"]["id"].text, assertNotNull(authorization.resourceOwner).id)
        assertEquals(said["dateCreated"].moment, authorization.dateCreated)
        assertEquals(said["dateModified"].moment, authorization.dateModified)
        assertEquals(said["pending"].flag, authorization.pending)
        assertEquals(said["state"].text, "${authorization.state}")
        assertEquals(said["selfUri"].text, authorization.selfUri)

        val request = emulator.lastRequest("get_oauth_authorization")
        assertEquals("GET" to "/api/v2/oauth/authorizations/$id", request.method to request.target)
        assertEquals("de-at", request.header("accept-language"))
        api.getOauthAuthorization(id)
        assertNull(emulator.lastRequest("get_oauth_authorization").header("accept-language"))
    },
    Case("get_oauth_authorizations") { emulator ->
        val api = emulator.api()
        val said = emulator.says("/api/v2/oauth/authorizations")
        val listing = api.getOauthAuthorizations("fr")
        assertEquals(said["total"].number, listing.total)
        assertEquals(said["entities"].list.map { it["client"]["id"].text }, listing.entities.map { it.client?.id })
        assertEquals(said["entities"].list.map { it["state"].text }, listing.entities.map { "${it.state}" })

        val request = emulator.lastRequest("get_oauth_authorizations")
        assertEquals("GET" to "/api/v2/oauth/authorizations", request.method to request.target)
        assertEquals("fr", request.header("accept-language"))
        api.getOauthAuthorizations()
        assertNull(emulator.lastRequest("get_oauth_authorizations").header("accept-language"))
    },
    Case("get_oauth_client") { emulator ->
        val api = emulator.api()
        for (id in listOf(aClient(api).id, emulator.clientId)) {
            val said = emulator.says("/api/v2/oauth/clients/$id")
            val client = api.getOauthClient(id)
            assertSameClient(client, said)
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

        val result = complete(api, execution, client)
        assertEquals(QueryStatus.Complete, result.queryStatus)
        val path = "/api/v2/oauth/clients/$client/usage/query/results/$execution"
        assertEquals(path, emulator.lastRequest("get_oauth_client_usage_query_result").target)

        val said = emulator.says(path)["results"].list
        assertTrue(said.isNotEmpty())
        assertEquals(said.size, result.results.size)
        for ((row, saidRow) in result.results.zip(said)) {
            assertEquals(saidRow["templateUri"].text, row.templateUri)
            assertEquals(saidRow["httpMethod"].text, row.httpMethod)
            assertEquals(saidRow["requests"].number, row.requests)
            assertEquals(saidRow["status429"].number, row.status429)
            assertEquals(saidRow["date"].moment, row.date)
            assertEquals(null to null, row.status200 to row.organizationId, "was not asked for")
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
            assertEquals(QueryStatus.Complete, complete(api, summary.executionId, client).queryStatus)
        }
    },
    Case("get_oauth_clients") { emulator ->
        val api = emulator.api()
        val new = aClient(api).id
        val said = emulator.says("/api/v2/oauth/clients")
        val listing = api.getOauthClients()
        assertEquals(said["entities"].list.size, listing.entities.size)
        for ((client, saidClient) in listing.entities.zip(said["entities"].list)) {
            assertSameClient(client, saidClient)
            assertNull(client.secret)
        }
        assertTrue(listing.entities.any { it.id == new })
        assertEquals(said["total"].number, listing.total)
        assertEquals(
            listOf("pageSize", "pageNumber", "pageCount").map { said[it].number },
            listOf(listing.pageSize, listing.pageNumber, listing.pageCount).map { it?.toLong() },
        )
        assertEquals(
            listOf("firstUri", "lastUri", "selfUri").map { said[it].text },
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
        val said = emulator.says("/api/v2/oauth/scopes")
        val spoken = mapOf(
            "ja" to "ユーザーへの読み取り専用アクセス",
            "es" to "Acceso de solo lectura: usuarios",
            null to "Read-only access to users",
        )
        for ((language, description) in spoken) {
            val listing = api.getOauthScopes(language)
            assertEquals(said["total"].number, listing.total)
            assertEquals(said["entities"].list.map { it["id"].text }, listing.entities.map { it.id })
            assertEquals(description, listing.entities.first { it.id == "users:readonly" }.description)

            val request = emulator.lastRequest("get_oauth_scopes")
            assertEquals("GET" to "/api/v2/oauth/scopes", request.method to request.target)
            assertEquals(language, request.header("accept-language"))
        }
    },
    Case("post_oauth_client_secret") { emulator ->
        val api = emulator.api()
        val created = api.postOauthClients(robot(emulator, api))
        val rotated = api.postOauthClientSecret(created.id)
        val request = emulator.lastRequest("post_oauth_client_secret")
        assertEquals("POST" to "/api/v2/oauth/clients/${created.id}/secret", request.method to request.target)
        assertEquals("" to "0", request.body to request.header("content-length"))

        assertEquals(created.id, rotated.id)
        val before = assertNotNull(created.secret)
        val after = assertNotNull(rotated.secret)
        assertNotEquals(before, after)
        val with = { secret: Secret -> OAuthApi(emulator.config(Credentials.clientCredentials(created.id, secret))) }
        with(after).getOauthClients()
        assertFailsWith<OAuthException.SignIn> { with(before).getOauthClients() }
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
        val given = """
            {
                "interval": "2026-01-01T00:00:00/2026-02-01T00:00:00",
                "granularity": "Week",
                "metrics": ["Requests", "Status429"],
                "groupBy": ["TemplateUri", "HttpMethod"]
            }
        """
        assertEquals(Json.parseToJsonElement(given), request.bodyAsJson)
    },
    Case("post_oauth_clients") { emulator ->
        val api = emulator.api()
        val created = api.postOauthClients(webServer)
        assertTrue(assertNotNull(created.secret).expose().isNotEmpty())
        assertSameClient(created, emulator.says("/api/v2/oauth/clients/${created.id}"))

        val request = emulator.lastRequest("post_oauth_clients")
        assertEquals("POST" to "/api/v2/oauth/clients", request.method to request.target)
        assertEquals("application/json", request.header("content-type"))
        assertEquals(webServerAsJson, request.bodyAsJson)

        api.postOauthClients(OAuthClientRequest("Telefonbuch", GrantType.Token))
        val little = """{"name": "Telefonbuch", "authorizedGrantType": "TOKEN"}"""
        assertEquals(Json.parseToJsonElement(little), emulator.lastRequest("post_oauth_clients").bodyAsJson)
    },
    Case("put_oauth_client") { emulator ->
        val api = emulator.api()
        val id = aClient(api).id
        val before = api.getOauthClient(id)
        val changed = api.putOauthClient(id, before.toRequest().copy(state = ClientState.Disabled))
        assertEquals(ClientState.Disabled, changed.state)
        assertNull(changed.secret)

        val request = emulator.lastRequest("put_oauth_client")
        assertEquals("PUT" to "/api/v2/oauth/clients/$id", request.method to request.target)
        assertEquals("application/json", request.header("content-type"))
        assertEquals(webServerAsJson.with("state" to JsonPrimitive("disabled")), request.bodyAsJson)

        val (modified, person) = before.dateModified to before.modifiedBy
        assertEquals(before, changed.copy(state = before.state, dateModified = modified, modifiedBy = person))
        assertEquals(changed, api.getOauthClient(id))
    },
)

/** Field by field; what the service left out is empty or missing. */
private fun assertSameClient(client: OAuthClient, said: JsonElement?) {
    assertEquals(said["id"].text, client.id)
    assertEquals(said["name"].text, client.name)
    assertEquals(said["accessTokenValiditySeconds"].number, client.accessTokenValiditySeconds)
    assertEquals(said["description"].text, client.description)
    assertEquals(said["registeredRedirectUri"].texts, client.registeredRedirectUri)
    assertEquals(said["roleIds"].texts, client.roleIds)
    assertEquals(said["dateCreated"].moment, client.dateCreated)
    assertEquals(said["dateModified"].moment, client.dateModified)
    assertEquals(person(said["createdBy"]), client.createdBy)
    assertEquals(person(said["modifiedBy"]), client.modifiedBy)
    assertEquals(said["authorizedGrantType"].text, "${client.authorizedGrantType}")
    assertEquals(said["scope"].texts, client.scope)
    val divisions = said["roleDivisions"].list.map { RoleDivision(it["roleId"].text!!, it["divisionId"].text!!) }
    assertEquals(divisions, client.roleDivisions)
    assertEquals(said["state"].text, "${client.state}")
    assertEquals(said["dateToDelete"].moment, client.dateToDelete)
    assertEquals(said["selfUri"].text, client.selfUri)
}

private fun person(said: JsonElement?) = DomainEntityRef(said["id"].text, said["name"].text, said["selfUri"].text)
