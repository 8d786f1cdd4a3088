// Each way to sign in, the refusals, and the session afterwards.

import Foundation
import PureCloudOAuth

let signInCases = [
    Case("access_token", accessToken),
    Case("code_with_pkce", codeWithPkce),
    Case("code_with_secret", codeWithSecret),
    Case("code_used_twice", codeUsedTwice),
    Case("wrong_verifier", wrongVerifier),
    Case("expired_code", expiredCode),
    Case("denied_consent", deniedConsent),
    Case("wrong_state", wrongState),
    Case("redirect_on_another_port", redirectOnAnotherPort),
    Case("refresh_token", refreshToken),
    Case("refused_refresh_token", refusedRefreshToken),
    Case("kept_session", keptSession),
    Case("saml2_bearer", saml2Bearer),
    Case("implicit_redirect", implicitRedirect),
    Case("authorize_address", authorizeAddress),
    Case("browser_sign_in", browserSignIn),
    Case("browser_denied", browserDenied),
    Case("browser_deadline", browserDeadline),
    Case("sign_out", signOut),
    Case("logout_page", logoutPage),
    Case("revoked_token", revokedToken),
    Case("refused_renewal", refusedRenewal),
    Case("renewal_by_all_at_once", renewalByAllAtOnce),
    Case("from_environment", fromEnvironment),
    Case("from_profile", fromProfile),
    Case("from_nowhere", fromNowhere),
    Case("signing_in_is_not_printed", signingInIsNotPrinted),
]

private let redirectUri = "http://127.0.0.1:8765/callback"
/// A redirect URI without a port: the library listens on any free port.
private let loopback = "http://127.0.0.1/callback"
/// The beginning of an assertion of an identity provider.
private let assertion = "PHNhbWxwOlJlc3BvbnNlIElEPSJfOGU4ZGM1ZjY5YTk4Y2M0YzFmZjM0MjdlNWNlMzQ2MDYiPg=="

@Sendable func accessToken(_ emulator: Emulator) async throws {
    let api = try emulator.api(.accessToken(Secret(text: try await emulator.issueToken())))
    _ = try await api.signIn()
    _ = try await api.getOauthClients()
    try await emulator.revokeTokens()
    let error = try await expectError("a revoked token") { try await api.getOauthClients() }
    guard case .api = error else { throw CaseFailure("\(error)") }
    try expect(error.status, 401)
    try expect(try await emulator.tokenRequests(), 0)
}

@Sendable func codeWithPkce(_ emulator: Emulator) async throws {
    let client = try await emulator.createSignInClient()
    let request = try emulator.request(client)
    let api = try emulator.api(try await emulator.consent(to: request))
    let session = try await api.signIn()
    let lifetime = try unwrap(session.expiresAt, "the expiry").timeIntervalSinceNow
    try expect(lifetime > 590 && lifetime <= 600, "the lifetime is \(lifetime) s")
    try expect(session.refreshToken != nil, "there is no refresh token")

    let verifier = try unwrap(request.codeVerifier(), "a verifier").expose()
    let page = try await emulator.lastRequest("authorize")
    try expect(page.query.contains(URLQueryItem(name: "code_challenge_method", value: "S256")), page.target)
    try expect(!page.target.contains(verifier), page.target)
    let sent = try await emulator.lastRequest("token")
    try expect(sent.form.map(\.name), ["grant_type", "code", "redirect_uri", "code_verifier", "client_id"])
    try expect(sent.form.dropFirst(2).map(\.value), [redirectUri, verifier, client.id])
    try expect(sent.header("authorization"), nil)

    _ = try await api.getOauthScopes()
    try expect(try await emulator.tokenRequests(), 1)
}

@Sendable func codeWithSecret(_ emulator: Emulator) async throws {
    let client = try await emulator.createSignInClient()
    let secret = try unwrap(client.secret, "its secret")
    let authorization = Authorization(
        clientId: client.id, redirectUri: redirectUri, clientSecret: secret, pkce: false)
    let request = try AuthorizationRequest(host: emulator.host, authorization: authorization)
    try expect(request.codeVerifier(), nil)
    try expect(!request.url().contains("code_challenge"), request.url())
    let api = try emulator.api(try await emulator.consent(to: request))
    _ = try await api.getOauthScopes()

    let sent = try await emulator.lastRequest("token")
    try expect(sent.form.map(\.name), ["grant_type", "code", "redirect_uri"])
    let idAndSecret = Data("\(client.id):\(secret.expose())".utf8).base64EncodedString()
    try expect(sent.header("authorization"), "Basic \(idAndSecret)")
}

@Sendable func codeUsedTwice(_ emulator: Emulator) async throws {
    let credentials = try await emulator.consent(to: emulator.request(emulator.createSignInClient()))
    _ = try await emulator.api(credentials).signIn()
    let second = try emulator.api(credentials)
    let error = try await expectRefusal("invalid_grant") { try await second.signIn() }
    try expect(error.text.contains("sign in again"), error.text)
    // The code cannot be used again, so the second call sends no request for a token.
    _ = try await expectRefusal("invalid_grant") { try await second.getOauthScopes() }
    try expect(try await emulator.tokenRequests(), 2)
}

@Sendable func wrongVerifier(_ emulator: Emulator) async throws {
    let client = try await emulator.createSignInClient()
    let request = try emulator.request(client)
    let redirect = try await emulator.redirect(from: request.url())
    let wrong = try AuthorizationRequest.resumed(
        host: emulator.host, authorization: authorization(client), state: request.state(),
        codeVerifier: emulator.request(client).codeVerifier())
    let api = try emulator.api(wrong.credentials(redirect: redirect))
    let error = try await expectRefusal("invalid_grant") { try await api.signIn() }
    try expect(error.serverMessage, "code_verifier does not match the code challenge")
}

@Sendable func expiredCode(_ emulator: Emulator) async throws {
    let api = try emulator.api(try await emulator.consent(to: emulator.request(emulator.createSignInClient())))
    try await emulator.advanceClock(seconds: 301)
    let error = try await expectRefusal("invalid_grant") { try await api.signIn() }
    try expect(error.serverMessage, "the code has expired")
}

@Sendable func deniedConsent(_ emulator: Emulator) async throws {
    let request = try emulator.request(try await emulator.createSignInClient())
    try await emulator.denyConsent()
    let error = try await expectRefusal("access_denied") { try await emulator.consent(to: request) }
    try expect(error.serverMessage, "the user refused the consent")
    try expect(try await emulator.tokenRequests(), 0)
}

@Sendable func wrongState(_ emulator: Emulator) async throws {
    let request = try emulator.request(try await emulator.createSignInClient())
    let redirect = try await emulator.redirect(from: request.url())
    for forged in ["another", ""] {
        let error = try await expectError("another state") {
            try request.credentials(redirect: redirect.replacingOccurrences(of: request.state(), with: forged))
        }
        guard case .signIn = error else { throw CaseFailure("\(error)") }
        try expect(error.text.contains("its state is missing or another one"), error.text)
    }
    try expect(try await emulator.tokenRequests(), 0)
}

@Sendable func redirectOnAnotherPort(_ emulator: Emulator) async throws {
    let client = try await emulator.createSignInClient()
    let request = try emulator.request(client)
    let redirect = try await emulator.redirect(from: request.url())
    let error = try await expectError("another port") {
        try request.credentials(redirect: redirect.replacingOccurrences(of: "8765", with: "8766"))
    }
    guard case .invalidArgument = error else { throw CaseFailure("\(error)") }
    try expect(error.argument, "redirect")

    let credentials = Credentials.authorizationCode(
        clientId: client.id, code: Secret(text: try code(in: redirect)),
        redirectUri: "http://127.0.0.1:8766/callback", codeVerifier: request.codeVerifier())
    let refused = try await expectRefusal("invalid_grant") { try await emulator.api(credentials).signIn() }
    try expect(refused.serverMessage, "redirect_uri is not the one the code was issued for")
}

@Sendable func refreshToken(_ emulator: Emulator) async throws {
    let client = try await emulator.createSignInClient()
    let kept = try unwrap(try await emulator.signIn(client).session()?.refreshToken, "a refresh token")
    try await emulator.forgetRequests()
    let api = try emulator.api(.refreshToken(clientId: client.id, refreshToken: kept))
    try expect(api.session(), nil)
    _ = try await api.getOauthScopes()

    let sent = try await emulator.lastRequest("token")
    try expect(sent.form.map(\.name), ["grant_type", "refresh_token", "client_id"])
    try expect(sent.form.map(\.value), ["refresh_token", kept.expose(), client.id])
    let current = try unwrap(api.session()?.refreshToken, "another refresh token")
    try expect(current != kept, "the session holds the used refresh token")
    try expect(try await emulator.tokenRequests(), 1)
}

@Sendable func refusedRefreshToken(_ emulator: Emulator) async throws {
    let client = try await emulator.createSignInClient()
    let used = try unwrap(try await emulator.signIn(client).session()?.refreshToken, "a refresh token")
    let credentials = Credentials.refreshToken(clientId: client.id, refreshToken: used)
    _ = try await emulator.api(credentials).signIn()
    try await emulator.forgetRequests()
    let api = try emulator.api(credentials)
    for _ in 0..<2 {
        _ = try await expectRefusal("invalid_grant") { try await api.getOauthScopes() }
    }
    try expect(try await emulator.tokenRequests(), 1)
}

@Sendable func keptSession(_ emulator: Emulator) async throws {
    let client = try await emulator.createSignInClient()
    let kept = try unwrap(try await emulator.signIn(client).session(), "a session")
    try await emulator.forgetRequests()
    let api = try emulator.api(.session(clientId: client.id, session: kept))
    _ = try await api.getOauthScopes()
    let held = try unwrap(api.session(), "a session")
    try expect([held.accessToken, held.refreshToken], [kept.accessToken, kept.refreshToken])
    let ends = (try unwrap(held.expiresAt, "the expiry"), try unwrap(kept.expiresAt, "the expiry"))
    try expect(abs(ends.0.timeIntervalSince(ends.1)) < 0.1, "\(ends)")
    try expect(try await emulator.tokenRequests(), 0)
}

@Sendable func saml2Bearer(_ emulator: Emulator) async throws {
    let client = try await emulator.createSignInClient(.saml2Bearer)
    let secret = try unwrap(client.secret, "its secret")
    func api(_ organization: String) throws -> OAuthAPI {
        try emulator.api(
            .saml2Bearer(
                clientId: client.id, clientSecret: secret, orgName: organization,
                assertion: Secret(text: assertion)))
    }
    let name = try await emulator.organizationName()
    _ = try await api(name).getOauthScopes()
    let sent = try await emulator.lastRequest("token")
    try expect(sent.form.map(\.name), ["grant_type", "orgName", "assertion"])
    let grant = "urn:ietf:params:oauth:grant-type:saml2-bearer"
    try expect(sent.form.map(\.value), [grant, name, assertion])
    _ = try await expectRefusal("invalid_grant") { try await api("somebody-else").signIn() }
}

@Sendable func implicitRedirect(_ emulator: Emulator) async throws {
    let token = try await emulator.issueToken()
    let parameters = "access_token=\(token)&expires_in=86400&token_type=bearer&state=k3v9"
    let redirect = "\(redirectUri)#\(parameters)"
    let api = try emulator.api(.implicitRedirect(redirect: redirect, state: "k3v9"))
    _ = try await api.getOauthScopes()
    try expect(api.session()?.expiresAt != nil, "the expiry is missing")

    let forged = try await expectError("another state") {
        try Credentials.implicitRedirect(redirect: redirect, state: "another")
    }
    guard case .signIn = forged else { throw CaseFailure("\(forged)") }
    _ = try await expectRefusal("access_denied") {
        try Credentials.implicitRedirect(redirect: "\(redirectUri)#error=access_denied")
    }
    let misplaced = try await expectError("a query") {
        try Credentials.implicitRedirect(redirect: "\(redirectUri)?\(parameters)")
    }
    guard case .invalidArgument = misplaced else { throw CaseFailure("\(misplaced)") }
    for error in [forged, misplaced] {
        try expect(!printed(error).contains(token), "the error shows the token")
    }
}

@Sendable func authorizeAddress(_ emulator: Emulator) async throws {
    var authorization = Authorization(
        clientId: "6f1c5a0e-3b1d-4f0e-9a53-0c2f1f6f7f10",
        redirectUri: redirectUri,
        org: "landeswarnzentrale",
        provider: "adfs",
        target: "b1c2d3e4-0000-4000-8000-000000000001",
        loginHint: "anna.gruber+dienst@example.at",
        promptLogin: true
    )
    let request = try AuthorizationRequest(host: emulator.host, authorization: authorization)
    try expect(request.url().hasPrefix("\(emulator.url)/oauth/authorize?"), request.url())
    var query = URLComponents(string: request.url())?.queryItems ?? []
    let challenge = try unwrap(query.firstIndex { $0.name == "code_challenge" }, "a challenge")
    try expect(query.remove(at: challenge).value?.count, 43)
    let expected = [
        ("response_type", "code"),
        ("client_id", "6f1c5a0e-3b1d-4f0e-9a53-0c2f1f6f7f10"),
        ("redirect_uri", redirectUri),
        ("state", request.state()),
        ("code_challenge_method", "S256"),
        ("org", "landeswarnzentrale"),
        ("provider", "adfs"),
        ("target", "b1c2d3e4-0000-4000-8000-000000000001"),
        ("login_hint", "anna.gruber+dienst@example.at"),
        ("prompt", "login"),
    ]
    try expect(query, expected.map { URLQueryItem(name: $0.0, value: $0.1) })

    authorization.provider = nil
    let error = try await expectError("org without provider") {
        try AuthorizationRequest(host: emulator.host, authorization: authorization)
    }
    guard case .invalidArgument = error else { throw CaseFailure("\(error)") }
    try expect(error.argument, "provider")
}

@Sendable func browserSignIn(_ emulator: Emulator) async throws {
    let client = try await emulator.createSignInClient()
    let api = try emulator.api(.browser(Authorization(clientId: client.id, redirectUri: loopback)))
    let error = try await expectError("not signed in") { try await api.getOauthScopes() }
    guard case .signIn = error else { throw CaseFailure("\(error)") }
    try expect(try await emulator.received().count, 0)

    let session = try await api.signIn()
    try expect(session.refreshToken != nil, "there is no refresh token")
    try expect(try await api.signIn().accessToken, session.accessToken)
    _ = try await api.getOauthScopes()
    try expect(try await emulator.counts("authorize").requests, 1)
    try expect(try await emulator.tokenRequests(), 1)
}

@Sendable func browserDenied(_ emulator: Emulator) async throws {
    let client = try await emulator.createSignInClient()
    try await emulator.denyConsent()
    let api = try emulator.api(.browser(Authorization(clientId: client.id, redirectUri: loopback)))
    let error = try await expectRefusal("access_denied") { try await api.signIn() }
    try expect(error.serverMessage, "the user refused the consent")
    try expect(try await emulator.tokenRequests(), 0)
}

@Sendable func browserDeadline(_ emulator: Emulator) async throws {
    let client = try await emulator.createSignInClient()
    try await emulator.injectFault(["endpoint": "authorize", "kind": ["hang": [:]]])
    let authorization = Authorization(clientId: client.id, redirectUri: loopback, deadline: 0.2)
    let clock = ContinuousClock()
    let start = clock.now
    let error = try await expectError("a timeout") {
        try await emulator.api(.browser(authorization)).signIn()
    }
    let elapsed = clock.now - start
    guard case .signIn = error else { throw CaseFailure("\(error)") }
    try expect(error.text.contains("200ms"), error.text)
    try expect(elapsed >= .milliseconds(200) && elapsed < .seconds(2), "it took \(elapsed)")
}

@Sendable func signOut(_ emulator: Emulator) async throws {
    let api = try await emulator.signIn(emulator.createSignInClient())
    let token = try unwrap(api.session(), "a session").accessToken
    try await api.signOut()
    let sent = try await emulator.lastRequest("delete_tokens_me")
    try expect([sent.method, sent.target], ["DELETE", "/api/v2/tokens/me"])
    try expect(api.session(), nil)
    let error = try await expectError("signed out") { try await api.getOauthScopes() }
    guard case .signIn = error else { throw CaseFailure("\(error)") }
    let revoked = try await expectError("a revoked token") {
        try await emulator.api(.accessToken(token)).getOauthScopes()
    }
    try expect(revoked.status, 401)
    // The token is already revoked, so a second sign-out sends no request.
    try await api.signOut()
    try expect(try await emulator.counts("delete_tokens_me").requests, 1)
    try expect(try await emulator.tokenRequests(), 1)
}

@Sendable func logoutPage(_ emulator: Emulator) async throws {
    let client = try await emulator.createSignInClient()
    let page = try emulator.api.host().logoutUrl(clientId: client.id, redirectUri: redirectUri)
    let query = "client_id=\(client.id)&redirect_uri=http%3A%2F%2F127.0.0.1%3A8765%2Fcallback"
    try expect(page, "\(emulator.url)/logout?\(query)")
    try expect(try await emulator.redirect(from: page), redirectUri)
}

@Sendable func revokedToken(_ emulator: Emulator) async throws {
    let api = try await emulator.signIn(emulator.createSignInClient())
    try await emulator.revokeTokens()
    try await emulator.forgetRequests()
    for _ in 0..<3 {
        _ = try await api.getOauthScopes()
    }
    try expect(try await emulator.tokenRequests(), 1)
}

@Sendable func refusedRenewal(_ emulator: Emulator) async throws {
    let api = try await emulator.signIn(emulator.createSignInClient())
    try await emulator.revokeTokens()
    try await emulator.forgetRequests()
    let refusal: JSON = ["error": "invalid_grant", "error_description": "the session was ended"]
    let response: JSON = ["status": 400, "content_type": "application/json", "body": .string(try refusal.encoded)]
    try await emulator.injectFault(["endpoint": "token", "times": nil, "kind": ["answer": response]])
    for _ in 0..<3 {
        let error = try await expectRefusal("invalid_grant") { try await api.getOauthScopes() }
        try expect(error.serverMessage, "the session was ended")
    }
    try expect(try await emulator.tokenRequests(), 1)
}

@Sendable func renewalByAllAtOnce(_ emulator: Emulator) async throws {
    let api = try await emulator.signIn(emulator.createSignInClient())
    try await emulator.revokeTokens()
    try await emulator.forgetRequests()
    try await withThrowingTaskGroup(of: OAuthScope.self) { group in
        for _ in 0..<200 {
            group.addTask { try await api.getOauthScope(scopeId: "users") }
        }
        for try await scope in group {
            try expect(scope.id, "users")
        }
    }
    // A later call uses the renewed token.
    _ = try await api.getOauthScope(scopeId: "users")
    try expect(try await emulator.counts("get_oauth_scope").executions, 201)
    try expect(try await emulator.tokenRequests(), 1)
}

@Sendable func fromEnvironment(_ emulator: Emulator) async throws {
    let clients = try await OAuthAPI.fromEnv().getOauthClients().entities
    try expect(clients.contains { $0.id == emulator.clientId }, "the clients are of another organization")
    try await onSeparateThread {
        try expect(try BlockingOAuthAPI.fromEnv().getOauthClients().entities, clients)
    }

    var config = try findConfig()
    config.userAgentSuffix = "Nachtlauf/2.1"
    try expect(try await OAuthAPI(config: config).getOauthClients().entities, clients)
    let userAgent = try await emulator.lastRequest("get_oauth_clients").header("user-agent") ?? ""
    try expect(userAgent.hasSuffix(" Nachtlauf/2.1"), userAgent)
}

@Sendable func fromProfile(_ emulator: Emulator) async throws {
    try await withHome { home in
        let folder = home.appendingPathComponent(".gc")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: false)
        let profile = """
            [leitstelle]
            environment = "\(emulator.url)"
            client_credentials = "\(emulator.clientId)"
            client_secret = "\(emulator.clientSecret)"

            """
        // Like the vendor's CLI, this makes the file readable for its owner only.
        let written = FileManager.default.createFile(
            atPath: folder.appendingPathComponent("config.toml").path, contents: Data(profile.utf8),
            attributes: [.posixPermissions: 0o600])
        try expect(written, "the profile can't be written")

        let config = try findConfig(
            sources: Sources(environment: false, profile: "leitstelle", home: home.path))
        let clients = try await OAuthAPI(config: config).getOauthClients().entities
        try expect(clients.contains { $0.id == emulator.clientId }, "the clients are of another organization")

        let error = try await expectError("no such profile") {
            try findConfig(sources: Sources(environment: false, home: home.path))
        }
        try expect(error.text.contains("only `leitstelle`"), error.text)
    }
}

@Sendable func fromNowhere(_: Emulator) async throws {
    try await withHome { home in
        let error = try await withoutVariables {
            try await expectError("no settings") { try findConfig(sources: Sources(home: home.path)) }
        }
        guard case .invalidArgument = error else { throw CaseFailure("\(error)") }
        try expect(error.argument, "credentials")
        for place in ["environment: neither GENESYSCLOUD_OAUTHCLIENT_ID nor ", "; ~/.gc/config.toml: no such file"] {
            try expect(error.text.contains(place), error.text)
        }
    }
}

@Sendable func signingInIsNotPrinted(_ emulator: Emulator) async throws {
    let client = try await emulator.createSignInClient()
    let clientSecret = try unwrap(client.secret, "its secret")
    let authorization = Authorization(
        clientId: client.id, redirectUri: redirectUri, clientSecret: clientSecret)
    let request = try AuthorizationRequest(host: emulator.host, authorization: authorization)
    let redirect = try await emulator.redirect(from: request.url())
    let code = Secret(text: try code(in: redirect))
    let verifier = try unwrap(request.codeVerifier(), "a verifier")
    let credentials = try request.credentials(redirect: redirect)
    let api = try emulator.api(credentials)
    let session = try await api.signIn()
    let refreshToken = try unwrap(session.refreshToken, "a refresh token")
    let usedCode = try await expectRefusal("invalid_grant") { try await emulator.api(credentials).signIn() }

    let echoed: JSON = ["error": "invalid_grant", "error_description": .string("not \(refreshToken.expose())")]
    let response: JSON = ["status": 400, "content_type": "application/json", "body": .string(try echoed.encoded)]
    try await emulator.injectFault(["endpoint": "token", "kind": ["answer": response]])
    let refreshed = Credentials.refreshToken(clientId: client.id, refreshToken: refreshToken)
    let echoError = try await expectRefusal("invalid_grant") { try await emulator.api(refreshed).signIn() }
    try expect(echoError.serverMessage, "not ***")
    let forged = try await expectError("another state") {
        try request.credentials(redirect: redirect.replacingOccurrences(of: request.state(), with: "another"))
    }

    let allCredentials: [Credentials] = [
        credentials, refreshed, .accessToken(session.accessToken), .browser(authorization),
        .authorizationCode(
            clientId: client.id, code: code, redirectUri: redirectUri, clientSecret: clientSecret,
            codeVerifier: verifier),
        .session(clientId: client.id, session: session, clientSecret: clientSecret),
        .saml2Bearer(clientId: client.id, clientSecret: clientSecret, orgName: "acme", assertion: refreshToken),
        try .implicitRedirect(redirect: "\(redirectUri)#access_token=\(session.accessToken.expose())"),
    ]
    let values: [(String, Any)] = [
        ("an authorization", authorization), ("a request", request), ("a session", session), ("an API", api),
        ("sources", Sources(credentials: credentials)), ("an error", usedCode),
        ("an error that echoes a token", echoError),
        ("an error of a redirect", forged),
    ]
    for (kind, value) in values + allCredentials.map({ ("credentials", $0) }) {
        for secret in [code, verifier, session.accessToken, refreshToken, clientSecret] {
            try expect(!printed(value).contains(secret.expose()), "\(kind) shows a secret")
        }
    }
}

private func authorization(_ client: OAuthClient) -> Authorization {
    Authorization(clientId: client.id, redirectUri: redirectUri)
}

extension Emulator {
    /// Creates a client with this grant type, and deletes the recorded requests afterwards.
    fileprivate func createSignInClient(_ grantType: GrantType = .code) async throws -> OAuthClient {
        let body = OAuthClientRequest(
            name: "Einsatzplanung",
            authorizedGrantType: grantType,
            accessTokenValiditySeconds: 600,
            registeredRedirectUri: [redirectUri, loopback],
            scope: ["oauth"]
        )
        let client = try await api.postOauthClients(body: body)
        try await forgetRequests()
        return client
    }

    /// Builds the authorization request of a public client.
    fileprivate func request(_ client: OAuthClient) throws -> AuthorizationRequest {
        try AuthorizationRequest(host: host, authorization: authorization(client))
    }

    /// Consents to a request like a user, and returns the credentials with the authorization code.
    fileprivate func consent(to request: AuthorizationRequest) async throws -> Credentials {
        try request.credentials(redirect: try await redirect(from: request.url()))
    }

    /// Signs a user in to a public client.
    fileprivate func signIn(_ client: OAuthClient) async throws -> OAuthAPI {
        let signedIn = try api(try await consent(to: request(client)))
        _ = try await signedIn.signIn()
        return signedIn
    }

    fileprivate func tokenRequests() async throws -> Int {
        try await counts("token").requests
    }
}

/// Makes a call whose sign-in must be refused with this code, and returns the error.
private func expectRefusal(
    _ code: String, _ file: StaticString = #fileID, _ line: UInt = #line, of call: () async throws -> Any
) async throws -> OAuthError {
    let error = try await expectError("a refusal with \(code)", file, line, of: call)
    guard case .signIn = error else { throw CaseFailure("\(error)", file, line) }
    try expect(error.code, code, file, line)
    return error
}

/// Returns the authorization code in a redirect.
private func code(in redirect: String) throws -> String {
    let query = URLComponents(string: redirect)?.queryItems ?? []
    return try unwrap(query.first { $0.name == "code" }?.value, "a code")
}

/// Creates an empty home folder for a case, and deletes it afterwards.
private func withHome(_ work: (URL) async throws -> Void) async throws {
    let home = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString)
    try FileManager.default.createDirectory(at: home, withIntermediateDirectories: false)
    defer { try? FileManager.default.removeItem(at: home) }
    try await work(home)
}

/// Runs the work without the vendor's environment variables.
private func withoutVariables<Value>(_ work: () async throws -> Value) async throws -> Value {
    let variables = ProcessInfo.processInfo.environment.filter { $0.key.hasPrefix("GENESYSCLOUD_") }
    variables.keys.forEach { unsetenv($0) }
    defer { variables.forEach { setenv($0.key, $0.value, 1) } }
    return try await work()
}
