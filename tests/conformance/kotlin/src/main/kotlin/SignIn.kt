/** Each way to sign in, the refusals, and the session afterwards. */
package conformance

import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.async
import kotlinx.coroutines.awaitAll
import purecloud.oauth.Authorization
import purecloud.oauth.AuthorizationRequest
import purecloud.oauth.BlockingOAuthApi
import purecloud.oauth.Credentials
import purecloud.oauth.GrantType
import purecloud.oauth.OAuthApi
import purecloud.oauth.OAuthClientRequest
import purecloud.oauth.OAuthException
import purecloud.oauth.Secret
import purecloud.oauth.Session
import purecloud.oauth.Sources
import purecloud.oauth.findConfig
import java.io.File
import java.net.URI
import java.net.URLDecoder
import java.nio.file.Files
import java.nio.file.attribute.PosixFilePermissions
import java.security.MessageDigest
import java.time.Duration
import java.time.Instant
import java.util.Base64
import kotlin.test.assertContains
import kotlin.test.assertEquals
import kotlin.test.assertFailsWith
import kotlin.test.assertFalse
import kotlin.test.assertNotEquals
import kotlin.test.assertNotNull
import kotlin.test.assertNull
import kotlin.test.assertTrue

private const val REDIRECT_URI = "http://127.0.0.1:8765/callback"
private const val ANY_PORT = "http://127.0.0.1/callback"
private const val NAMED_ID = "6f1c5a0e-3b1d-4f0e-9a53-0c2f1f6f7f10"
private const val ASSERTION =
    "PHNhbWxwOlJlc3BvbnNlIElEPSJfOGU4ZGM1ZjY5YTk4Y2M0YzFmZjM0MjdlNWNlMzQ2MDYiPg=="

val signIn = listOf(
    Case("access_token") { emulator ->
        val token = Secret(emulator.issueToken())
        val api = emulator.api(Credentials.accessToken(token))
        assertEquals(Session(token), api.signIn())
        api.getOauthClients()
        emulator.revokeTokens()
        assertEquals(401, assertFailsWith<OAuthException.Api> { api.getOauthClients() }.status)
        assertEquals(0, tokenRequests(emulator))
    },
    Case("code_with_pkce") { emulator ->
        val client = createSignInClient(emulator)
        val request = client.request(emulator)
        val verifier = assertNotNull(request.codeVerifier()).expose()
        val query = parameters(request.url())
        assertEquals(challengeOf(verifier) to "S256", query["code_challenge"] to query["code_challenge_method"])
        val redirect = emulator.consent(request.url())

        val api = emulator.api(request.credentials(redirect))
        val session = api.signIn()
        assertNotNull(session.refreshToken)
        val left = Duration.between(Instant.now(), session.expiresAt)
        assertTrue(left > Duration.ofSeconds(590) && left <= Duration.ofSeconds(600), "$left")
        val expected = mapOf(
            "grant_type" to "authorization_code",
            "code" to parameters(redirect)["code"],
            "redirect_uri" to REDIRECT_URI,
            "code_verifier" to verifier,
            "client_id" to client.id,
        )
        assertEquals(expected, form(emulator))
        assertNull(emulator.lastRequest("token").header("authorization"))
        assertTrue(api.getOauthScopes().entities.isNotEmpty())
        assertEquals(session, api.session())
        assertEquals(1, tokenRequests(emulator))
    },
    Case("code_with_secret") { emulator ->
        val client = createSignInClient(emulator)
        val request = client.request(emulator, client.authorization.copy(clientSecret = client.secret, pkce = false))
        assertNull(request.codeVerifier())
        assertFalse("code_challenge" in parameters(request.url()))
        emulator.api(request.credentials(emulator.consent(request.url()))).getOauthScopes()
        val basic = Base64.getEncoder().encodeToString("${client.id}:${client.secret.expose()}".toByteArray())
        assertEquals("Basic $basic", emulator.lastRequest("token").header("authorization"))
        assertEquals(setOf("grant_type", "code", "redirect_uri"), form(emulator).keys)
    },
    Case("code_used_twice") { emulator ->
        val credentials = createSignInClient(emulator).consent(emulator)
        emulator.api(credentials).signIn()
        val error = expectRefusal("invalid_grant") { emulator.api(credentials).signIn() }
        assertEquals("sign_in", error.operation)
        assertContains(error.message, "sign in again")
    },
    Case("wrong_verifier") { emulator ->
        val client = createSignInClient(emulator)
        val (request, other) = client.request(emulator) to client.request(emulator)
        assertNotEquals(request.state(), other.state())
        assertNotEquals(request.codeVerifier(), other.codeVerifier())
        val resumeWith = { verifier: Secret? ->
            val redirect = emulator.consent(request.url())
            val resumed =
                AuthorizationRequest.resumed(emulator.host(), client.authorization, request.state(), verifier)
            emulator.api(resumed.credentials(redirect))
        }
        resumeWith(request.codeVerifier()).signIn()
        expectRefusal("invalid_grant") { resumeWith(other.codeVerifier()).signIn() }
    },
    Case("expired_code") { emulator ->
        val credentials = createSignInClient(emulator).consent(emulator)
        emulator.advanceClock(301)
        expectRefusal("invalid_grant") { emulator.api(credentials).signIn() }
    },
    Case("denied_consent") { emulator ->
        val client = createSignInClient(emulator)
        emulator.denyConsent()
        val error = expectRefusal("access_denied") { client.consent(emulator) }
        assertEquals("the user refused the consent", error.serverMessage)
        assertEquals(0, tokenRequests(emulator))
    },
    Case("wrong_state") { emulator ->
        val request = createSignInClient(emulator).request(emulator)
        val redirect = emulator.consent(request.url())
        val forged = redirect.replace(request.state(), "another")
        val error = assertFailsWith<OAuthException.SignIn> { request.credentials(forged) }
        assertNull(error.code)
        assertFalse(parameters(redirect).getValue("code") in "${error.stackTraceToString()} ${error.failure}")
        assertEquals(0, tokenRequests(emulator))
    },
    Case("redirect_on_another_port") { emulator ->
        val client = createSignInClient(emulator)
        val request = client.request(emulator)
        val redirect = emulator.consent(request.url())
        val elsewhere = redirect.replace("8765", "8766")
        val error = assertFailsWith<OAuthException.InvalidArgument> { request.credentials(elsewhere) }
        assertEquals("redirect", error.argument)
        val credentials = Credentials.authorizationCode(
            client.id,
            Secret(parameters(redirect).getValue("code")),
            REDIRECT_URI.replace("8765", "8766"),
            codeVerifier = request.codeVerifier(),
        )
        expectRefusal("invalid_grant") { emulator.api(credentials).signIn() }
    },
    Case("refresh_token") { emulator ->
        val client = createSignInClient(emulator)
        val kept = assertNotNull(client.signIn(emulator).session()?.refreshToken)
        val api = emulator.api(Credentials.refreshToken(client.id, kept))
        assertNull(api.session())
        api.getOauthScopes()
        val expected = mapOf(
            "grant_type" to "refresh_token",
            "refresh_token" to kept.expose(),
            "client_id" to client.id,
        )
        assertEquals(expected, form(emulator))
        assertNotEquals(kept, assertNotNull(api.session()?.refreshToken))
    },
    Case("refused_refresh_token") { emulator ->
        val client = createSignInClient(emulator)
        val used = assertNotNull(client.signIn(emulator).session()?.refreshToken)
        val credentials = Credentials.refreshToken(client.id, used)
        emulator.api(credentials).signIn()
        val api = emulator.api(credentials)
        emulator.forgetRequests()
        repeat(2) {
            expectRefusal("invalid_grant") { api.getOauthScopes() }
        }
        assertEquals(1, tokenRequests(emulator))
    },
    Case("kept_session") { emulator ->
        val client = createSignInClient(emulator)
        val kept = assertNotNull(client.signIn(emulator).session())
        emulator.forgetRequests()
        val api = emulator.api(Credentials.session(client.id, kept))
        assertEquals(kept, api.session())
        api.getOauthScopes()
        assertEquals(kept, api.session())
        assertEquals(0, tokenRequests(emulator))
    },
    Case("saml2_bearer") { emulator ->
        val client = createSignInClient(emulator, GrantType.Saml2Bearer)
        val apiFor = { organization: String ->
            emulator.api(Credentials.saml2Bearer(client.id, client.secret, organization, Secret(ASSERTION)))
        }
        val name = emulator.organizationName()
        apiFor(name).getOauthScopes()
        val expected = mapOf(
            "grant_type" to "urn:ietf:params:oauth:grant-type:saml2-bearer",
            "orgName" to name,
            "assertion" to ASSERTION,
        )
        assertEquals(expected, form(emulator))
        expectRefusal("invalid_grant") { apiFor("somebody-else").signIn() }
    },
    Case("implicit_redirect") { emulator ->
        val token = emulator.issueToken()
        val redirect = "$REDIRECT_URI#access_token=$token&expires_in=86400&token_type=bearer&state=k3v9"
        val api = emulator.api(Credentials.implicitRedirect(redirect, "k3v9"))
        api.getOauthScopes()
        val session = assertNotNull(api.session())
        assertEquals(Secret(token), session.accessToken)
        assertNotNull(session.expiresAt)
        val error = assertFailsWith<OAuthException.SignIn> { Credentials.implicitRedirect(redirect, "another") }
        assertFalse(token in "${error.stackTraceToString()} ${error.failure}")
    },
    Case("authorize_address") { emulator ->
        val authorization = Authorization(
            clientId = NAMED_ID,
            redirectUri = REDIRECT_URI,
            org = "landeswarnzentrale",
            provider = "adfs",
            target = "b1c2d3e4-0000-4000-8000-000000000001",
            loginHint = "anna.gruber+dienst@example.at",
            promptLogin = true,
        )
        val request = AuthorizationRequest(emulator.host(), authorization)
        assertEquals("${emulator.host().loginUrl()}oauth/authorize", request.url().substringBefore('?'))
        val query = parameters(request.url())
        assertEquals(43, query["code_challenge"]?.length)
        val expected = mapOf(
            "client_id" to NAMED_ID,
            "redirect_uri" to REDIRECT_URI,
            "response_type" to "code",
            "state" to request.state(),
            "org" to "landeswarnzentrale",
            "provider" to "adfs",
            "target" to "b1c2d3e4-0000-4000-8000-000000000001",
            "login_hint" to "anna.gruber+dienst@example.at",
            "prompt" to "login",
            "code_challenge_method" to "S256",
        )
        assertEquals(expected, query - "code_challenge")
        val orgAlone = authorization.copy(provider = null)
        val error = assertFailsWith<OAuthException.InvalidArgument> { AuthorizationRequest(emulator.host(), orgAlone) }
        assertEquals("provider", error.argument)
    },
    Case("browser_sign_in") { emulator ->
        val api = emulator.api(createSignInClient(emulator).browserCredentials())
        val error = assertFailsWith<OAuthException.SignIn> { api.getOauthScopes() }
        assertContains(error.message, "sign in first")
        assertEquals(0, emulator.counts("authorize").requests)
        val session = api.signIn()
        assertNotNull(session.refreshToken)
        assertNotNull(session.expiresAt)
        api.getOauthScopes()
        assertEquals(session, api.signIn())
        assertEquals(1L to 1L, emulator.counts("authorize").requests to tokenRequests(emulator))
    },
    Case("browser_denied") { emulator ->
        val client = createSignInClient(emulator)
        emulator.denyConsent()
        expectRefusal("access_denied") { emulator.api(client.browserCredentials()).signIn() }
    },
    Case("browser_deadline") { emulator ->
        val client = createSignInClient(emulator)
        emulator.injectFault("authorize", """{"hang": {}}""", times = null)
        val credentials = client.browserCredentials(deadline = Duration.ofMillis(200))
        val error = assertFailsWith<OAuthException.SignIn> { emulator.api(credentials).signIn() }
        assertContains(error.message, "200ms")
    },
    Case("sign_out") { emulator ->
        val api = createSignInClient(emulator).signIn(emulator)
        val held = assertNotNull(api.session()).accessToken
        api.signOut()
        assertEquals(Counts(requests = 1, executions = 1), emulator.counts("delete_tokens_me"))
        assertNull(api.session())
        assertFailsWith<OAuthException.SignIn> { api.getOauthScopes() }
        val ended = emulator.api(Credentials.accessToken(held))
        assertEquals(401, assertFailsWith<OAuthException.Api> { ended.getOauthScopes() }.status)
    },
    Case("logout_page") { emulator ->
        val query = "client_id=$NAMED_ID&redirect_uri=http%3A%2F%2F127.0.0.1%3A8765%2Fcallback"
        assertEquals("${emulator.host().loginUrl()}logout?$query", emulator.host().logoutUrl(NAMED_ID, REDIRECT_URI))
    },
    Case("revoked_token") { emulator ->
        val api = signInAndRevokeToken(emulator)
        repeat(3) {
            assertTrue(api.getOauthScopes().entities.isNotEmpty())
        }
        assertEquals(1, tokenRequests(emulator))
    },
    Case("refused_renewal") { emulator ->
        val api = signInAndRevokeToken(emulator)
        val refusal = """{"error": "invalid_grant", "error_description": "the session was ended"}"""
        emulator.respond("token", 400, refusal, times = null)
        repeat(3) {
            expectRefusal("invalid_grant") { api.getOauthScopes() }
        }
        assertEquals(1, tokenRequests(emulator))
    },
    Case("renewal_by_all_at_once") { emulator ->
        val api = signInAndRevokeToken(emulator)
        val scopes = List(200) { async(Dispatchers.Default) { api.getOauthScope("users") } }.awaitAll()
        assertTrue(scopes.all { it.id == "users" })
        assertEquals(1, tokenRequests(emulator))
    },
    Case("from_environment") { emulator ->
        val clients = OAuthApi.fromEnv().use { api ->
            assertEquals(emulator.host(), api.host())
            api.getOauthClients().entities
        }
        assertTrue(clients.any { it.id == emulator.clientId })
        BlockingOAuthApi.fromEnv().use { blocking -> assertEquals(clients, blocking.getOauthClients().entities) }

        val changed = findConfig().copy(userAgentSuffix = "Nachtlauf/2.1")
        OAuthApi(changed).use { api -> assertEquals(clients, api.getOauthClients().entities) }
        val userAgent = emulator.lastRequest("get_oauth_clients").header("user-agent").orEmpty()
        assertTrue(userAgent.endsWith(" Nachtlauf/2.1"), userAgent)
    },
    Case("from_profile") { emulator ->
        val (id, secret) = emulator.createClient()
        val profile = """
            [leitstelle]
            environment = "${emulator.host().apiUrl()}"
            client_credentials = "$id"
            client_secret = "$secret"
        """
        val config = withHome { home ->
            home.resolve(".gc").mkdir()
            val ownerOnly = PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------"))
            val file = Files.createFile(home.resolve(".gc/config.toml").toPath(), ownerOnly)
            Files.writeString(file, profile.trimIndent())
            findConfig(Sources(environment = false, profile = "leitstelle", home = "$home"))
        }
        assertEquals(emulator.config(Credentials.clientCredentials(id, Secret(secret))), config)
        assertTrue(OAuthApi(config).getOauthClients().entities.isNotEmpty())
    },
    Case("from_nowhere") { emulator ->
        val error = withHome { home ->
            assertFailsWith<OAuthException.InvalidArgument> {
                findConfig(Sources(environment = false, home = "$home"))
            }
        }
        assertEquals("credentials", error.argument)
        assertContains(error.message, ".gc/config.toml")
        assertFalse("environment:" in error.message, "the environment is switched off")
        assertEquals(0, emulator.received().size)
    },
    Case("signing_in_is_not_printed") { emulator ->
        val client = createSignInClient(emulator)
        val authorization = client.authorization.copy(clientSecret = client.secret)
        val request = client.request(emulator, authorization)
        val redirect = emulator.consent(request.url())
        val credentials = request.credentials(redirect)
        val api = emulator.api(credentials)
        val session = api.signIn()
        val error = expectRefusal("invalid_grant") { emulator.api(credentials).signIn() }

        val code = Secret(parameters(redirect).getValue("code"))
        val verifier = assertNotNull(request.codeVerifier())
        val refreshToken = assertNotNull(session.refreshToken)
        val allCredentials = listOf(
            credentials,
            Credentials.session(client.id, session, client.secret),
            Credentials.refreshToken(client.id, refreshToken, client.secret),
            Credentials.authorizationCode(client.id, code, REDIRECT_URI, client.secret, verifier),
            Credentials.saml2Bearer(client.id, client.secret, "acme", session.accessToken),
            Credentials.browser(authorization),
        )
        val printed = mapOf(
            "credentials" to "$allCredentials ${emulator.config(credentials)}",
            "a request" to "$authorization $request",
            "a session" to "$session $api",
            "an error" to error.stackTraceToString() + error.failure,
        )
        for ((kind, output) in printed) {
            for (secret in listOf(code, verifier, session.accessToken, refreshToken, client.secret)) {
                assertFalse(secret.expose() in output, "$kind shows a secret")
            }
        }
    },
)

/** An OAuth client that users sign in to. */
private class SignInClient(val id: String, val secret: Secret) {
    val authorization = Authorization(id, REDIRECT_URI)

    fun request(emulator: Emulator, authorization: Authorization = this.authorization) =
        AuthorizationRequest(emulator.host(), authorization)

    /** Returns credentials with an authorization code that the user consented to. */
    fun consent(emulator: Emulator): Credentials {
        val request = request(emulator)
        return request.credentials(emulator.consent(request.url()))
    }

    suspend fun signIn(emulator: Emulator): OAuthApi = emulator.api(consent(emulator)).also { it.signIn() }

    fun browserCredentials(deadline: Duration? = null): Credentials =
        Credentials.browser(Authorization(id, ANY_PORT, deadline = deadline))
}

private suspend fun createSignInClient(emulator: Emulator, grantType: GrantType = GrantType.Code): SignInClient {
    val body = OAuthClientRequest(
        name = "Einsatzplanung",
        authorizedGrantType = grantType,
        registeredRedirectUri = listOf(REDIRECT_URI, ANY_PORT),
        accessTokenValiditySeconds = 600,
        scope = listOf("oauth"),
    )
    val client = emulator.api().postOauthClients(body)
    emulator.forgetRequests()
    return SignInClient(client.id, assertNotNull(client.secret))
}

private suspend fun signInAndRevokeToken(emulator: Emulator): OAuthApi {
    val api = createSignInClient(emulator).signIn(emulator)
    emulator.revokeTokens()
    emulator.forgetRequests()
    return api
}

/** Makes a call whose sign-in must be refused with this code, and returns the error. */
private inline fun expectRefusal(code: String, call: () -> Unit): OAuthException.SignIn {
    val error = assertFailsWith<OAuthException.SignIn> { call() }
    assertEquals(code, error.code, error.message)
    return error
}

private fun tokenRequests(emulator: Emulator) = emulator.counts("token").requests

/** Returns the form of the last request for a token. */
private fun form(emulator: Emulator) = decode(emulator.lastRequest("token").body)

/** Returns the query parameters of an address. */
private fun parameters(address: String) = decode(URI(address).rawQuery)

private fun decode(form: String) = form.split('&').associate { pair ->
    URLDecoder.decode(pair.substringBefore('='), Charsets.UTF_8) to
        URLDecoder.decode(pair.substringAfter('='), Charsets.UTF_8)
}

private fun challengeOf(verifier: String): String {
    val digest = MessageDigest.getInstance("SHA-256").digest(verifier.toByteArray())
    return Base64.getUrlEncoder().withoutPadding().encodeToString(digest)
}

/** Creates a home folder, and deletes it afterwards. */
private fun <T> withHome(use: (File) -> T): T {
    val home = Files.createTempDirectory("purecloud-oauth").toFile()
    try {
        return use(home)
    } finally {
        home.deleteRecursively()
    }
}
