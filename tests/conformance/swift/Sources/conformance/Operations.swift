// Every operation: it returns the resource that the emulator serves, and sends the documented request.

import Foundation
import PureCloudOAuth

let operationCases = [
    Case("delete_oauth_client", deleteOauthClient),
    Case("get_oauth_authorization", getOauthAuthorization),
    Case("get_oauth_authorizations", getOauthAuthorizations),
    Case("get_oauth_client", getOauthClient),
    Case("get_oauth_client_usage_query_result", getOauthClientUsageQueryResult),
    Case("get_oauth_client_usage_summary", getOauthClientUsageSummary),
    Case("get_oauth_clients", getOauthClients),
    Case("get_oauth_scope", getOauthScope),
    Case("get_oauth_scopes", getOauthScopes),
    Case("post_oauth_client_secret", postOauthClientSecret),
    Case("post_oauth_client_usage_query", postOauthClientUsageQuery),
    Case("post_oauth_clients", postOauthClients),
    Case("put_oauth_client", putOauthClient),
]

@Sendable func deleteOauthClient(_ emulator: Emulator) async throws {
    let api = try emulator.api
    let id = try await createInactiveClient(api).id
    try await api.deleteOauthClient(clientId: id)

    let request = try await emulator.lastRequest("delete_oauth_client")
    try expect(request.method, "DELETE")
    try expect(request.target, "/api/v2/oauth/clients/\(id)")
    try expect(request.body, "")
    try expect(request.header("content-type"), nil)

    let gone = try await expectError("a deleted client") { try await api.getOauthClient(clientId: id) }
    try expect(gone.status, 404)
}

@Sendable func getOauthAuthorization(_ emulator: Emulator) async throws {
    let api = try emulator.api
    let id = try await authorizedClientId(api)
    let served = try await emulator.fetchJSON("/api/v2/oauth/authorizations/\(id)")
    let authorization = try await api.getOauthAuthorization(clientId: id, acceptLanguage: "de-at")
    try expectSame(try unwrap(authorization.client, "its client"), served["client"])
    try expect(JSON(authorization.scope), served["scope"])
    try expect(JSON(authorization.roles), served["roles"])
    try expect(JSON(authorization.resourceOwner?.id), served["resourceOwner"]["id"])
    try expect(JSON(authorization.dateCreated), served["dateCreated"])
    try expect(JSON(authorization.dateModified), served["dateModified"])
    try expect(JSON(authorization.pending), served["pending"])
    try expect(JSON(authorization.state?.description), served["state"])
    try expect(JSON(authorization.selfUri), served["selfUri"])

    let request = try await emulator.lastRequest("get_oauth_authorization")
    try expect(request.method, "GET")
    try expect(request.target, "/api/v2/oauth/authorizations/\(id)")
    try expect(request.header("accept-language"), "de-at")
    _ = try await api.getOauthAuthorization(clientId: id)
    try expect(try await emulator.lastRequest("get_oauth_authorization").header("accept-language"), nil)
}

@Sendable func getOauthAuthorizations(_ emulator: Emulator) async throws {
    let api = try emulator.api
    let served = try await emulator.fetchJSON("/api/v2/oauth/authorizations")
    let listing = try await api.getOauthAuthorizations(acceptLanguage: "fr")
    try expect(JSON(listing.total), served["total"])
    try expect(listing.entities.map { $0.client?.id }, served["entities"].list.map { $0["client"]["id"].string })
    try expect(listing.entities.map { $0.state?.description }, served["entities"].list.map { $0["state"].string })
    try expect(!listing.entities.isEmpty, "no authorization is listed")

    let request = try await emulator.lastRequest("get_oauth_authorizations")
    try expect([request.method, request.target], ["GET", "/api/v2/oauth/authorizations"])
    try expect(request.header("accept-language"), "fr")
    _ = try await api.getOauthAuthorizations()
    try expect(try await emulator.lastRequest("get_oauth_authorizations").header("accept-language"), nil)
}

@Sendable func getOauthClient(_ emulator: Emulator) async throws {
    let api = try emulator.api
    let codeClientId = try await createClient(api).id
    for id in [codeClientId, emulator.clientId] {
        let served = try await emulator.fetchJSON("/api/v2/oauth/clients/\(id)")
        let client = try await api.getOauthClient(clientId: id)
        try expectSame(client, served)
        try expect(client.secret, nil)

        let request = try await emulator.lastRequest("get_oauth_client")
        try expect([request.method, request.target], ["GET", "/api/v2/oauth/clients/\(id)"])
    }
}

@Sendable func getOauthClientUsageQueryResult(_ emulator: Emulator) async throws {
    let api = try emulator.api
    let client = emulator.clientId
    let execution = try await api.postOauthClientUsageQuery(clientId: client, body: usageQuery).executionId

    let early = try await api.getOauthClientUsageQueryResult(executionId: execution, clientId: client)
    try expect(early.queryStatus, .running)
    try expect(early.results, [])

    let result = try await waitForResult(api, execution, client)
    try expect(result.queryStatus, .complete)
    let path = "/api/v2/oauth/clients/\(client)/usage/query/results/\(execution)"
    try expect(try await emulator.lastRequest("get_oauth_client_usage_query_result").target, path)

    let served = try await emulator.fetchJSON(path)["results"].list
    try expect(!served.isEmpty, "there are no rows")
    try expect(result.results.count, served.count)
    for (row, served) in zip(result.results, served) {
        try expect(JSON(row.templateUri), served["templateUri"])
        try expect(JSON(row.httpMethod), served["httpMethod"])
        try expect(JSON(row.requests), served["requests"])
        try expect(JSON(row.status429), served["status429"])
        try expect(JSON(row.date), served["date"])
        // The query does not request these fields.
        try expect(row.status200, nil)
        try expect(row.organizationId, nil)
    }
}

@Sendable func getOauthClientUsageSummary(_ emulator: Emulator) async throws {
    let api = try emulator.api
    let client = emulator.clientId
    let path = "/api/v2/oauth/clients/\(client)/usage/summary"
    for (days, target) in [(30, "\(path)?days=30"), (nil, path)] as [(Int32?, String)] {
        let summary = try await api.getOauthClientUsageSummary(clientId: client, days: days)
        let request = try await emulator.lastRequest("get_oauth_client_usage_summary")
        try expect([request.method, request.target], ["GET", target])
        let results = "/api/v2/oauth/clients/\(client)/usage/query/results/\(summary.executionId)"
        try expect(summary.resultsUri, results)
        try expect(try await waitForResult(api, summary.executionId, client).queryStatus, .complete)
    }
}

@Sendable func getOauthClients(_ emulator: Emulator) async throws {
    let api = try emulator.api
    let new = try await createClient(api).id
    let served = try await emulator.fetchJSON("/api/v2/oauth/clients")
    let listing = try await api.getOauthClients()
    try expect(listing.entities.count, served["entities"].list.count)
    for (client, served) in zip(listing.entities, served["entities"].list) {
        try expectSame(client, served)
        try expect(client.secret, nil)
    }
    try expect(listing.entities.contains { $0.id == new }, "the new client is not listed")
    try expect(JSON(listing.total), served["total"])
    try expect(JSON(listing.pageSize), served["pageSize"])
    try expect(JSON(listing.pageNumber), served["pageNumber"])
    try expect(JSON(listing.pageCount), served["pageCount"])
    try expect(JSON(listing.firstUri), served["firstUri"])
    try expect(JSON(listing.lastUri), served["lastUri"])
    try expect(JSON(listing.selfUri), served["selfUri"])

    let request = try await emulator.lastRequest("get_oauth_clients")
    try expect([request.method, request.target], ["GET", "/api/v2/oauth/clients"])
}

@Sendable func getOauthScope(_ emulator: Emulator) async throws {
    let api = try emulator.api
    let german = try await api.getOauthScope(scopeId: "users:readonly", acceptLanguage: "de")
    try expect(german.id, "users:readonly")
    try expect(german.description, "Nur lesender Zugriff: Benutzer")
    try expect(german.selfUri, "/api/v2/oauth/scopes/users:readonly")

    let request = try await emulator.lastRequest("get_oauth_scope")
    try expect([request.method, request.target], ["GET", "/api/v2/oauth/scopes/users%3Areadonly"])
    try expect(request.header("accept-language"), "de")

    let english = try await api.getOauthScope(scopeId: "users:readonly")
    try expect(english.description, "Read-only access to users")
    try expect(try await emulator.lastRequest("get_oauth_scope").header("accept-language"), nil)
}

@Sendable func getOauthScopes(_ emulator: Emulator) async throws {
    let api = try emulator.api
    let served = try await emulator.fetchJSON("/api/v2/oauth/scopes")
    let descriptions = [
        ("ja", "ユーザーへの読み取り専用アクセス"),
        ("es", "Acceso de solo lectura: usuarios"),
        (nil, "Read-only access to users"),
    ]
    for (language, description) in descriptions {
        let listing = try await api.getOauthScopes(acceptLanguage: language)
        try expect(JSON(listing.total), served["total"])
        try expect(listing.entities.map(\.id), served["entities"].list.compactMap { $0["id"].string })
        let users = listing.entities.first { $0.id == "users:readonly" }
        try expect(users?.description, description)

        let request = try await emulator.lastRequest("get_oauth_scopes")
        try expect([request.method, request.target], ["GET", "/api/v2/oauth/scopes"])
        try expect(request.header("accept-language"), language)
    }
}

@Sendable func postOauthClientSecret(_ emulator: Emulator) async throws {
    let api = try emulator.api
    let created = try await api.postOauthClients(body: try await clientCredentialsRequest(emulator, api))
    let rotated = try await api.postOauthClientSecret(clientId: created.id)
    let request = try await emulator.lastRequest("post_oauth_client_secret")
    try expect([request.method, request.target], ["POST", "/api/v2/oauth/clients/\(created.id)/secret"])
    try expect(request.body, "")
    try expect(request.header("content-length"), "0")

    try expect(rotated.id, created.id)
    let before = try unwrap(created.secret, "a secret")
    let after = try unwrap(rotated.secret, "a secret")
    try expect(before != after, "the secret is the same")
    func apiWith(_ secret: Secret) throws -> OAuthAPI {
        try OAuthAPI(config: emulator.config(.clientCredentials(clientId: created.id, clientSecret: secret)))
    }
    _ = try await apiWith(after).getOauthClients()
    let refused = try await expectError("an invalid secret") { try await apiWith(before).getOauthClients() }
    guard case .signIn = refused else { throw CaseFailure("\(refused)") }
}

@Sendable func postOauthClientUsageQuery(_ emulator: Emulator) async throws {
    let api = try emulator.api
    let client = emulator.clientId
    let execution = try await api.postOauthClientUsageQuery(clientId: client, body: usageQuery)
    try expect(!execution.executionId.isEmpty, "there is no execution id")
    let results = "/api/v2/oauth/clients/\(client)/usage/query/results/\(execution.executionId)"
    try expect(execution.resultsUri, results)

    let request = try await emulator.lastRequest("post_oauth_client_usage_query")
    try expect([request.method, request.target], ["POST", "/api/v2/oauth/clients/\(client)/usage/query"])
    try expect(request.header("content-type"), "application/json")
    let expected: JSON = [
        "interval": "2026-01-01T00:00:00/2026-02-01T00:00:00",
        "granularity": "Week",
        "metrics": ["Requests", "Status429"],
        "groupBy": ["TemplateUri", "HttpMethod"],
    ]
    try expect(try request.json, expected)
}

@Sendable func postOauthClients(_ emulator: Emulator) async throws {
    let api = try emulator.api
    let created = try await api.postOauthClients(body: webServer)
    try expect(try unwrap(created.secret, "the secret").expose().isEmpty, false)
    try expectSame(created, try await emulator.fetchJSON("/api/v2/oauth/clients/\(created.id)"))

    let request = try await emulator.lastRequest("post_oauth_clients")
    try expect([request.method, request.target], ["POST", "/api/v2/oauth/clients"])
    try expect(request.header("content-type"), "application/json")
    try expect(try request.json, webServerAsJSON)

    _ = try await api.postOauthClients(body: OAuthClientRequest(name: "Telefonbuch", authorizedGrantType: .token))
    let minimal: JSON = ["name": "Telefonbuch", "authorizedGrantType": "TOKEN"]
    try expect(try await emulator.lastRequest("post_oauth_clients").json, minimal)
}

@Sendable func putOauthClient(_ emulator: Emulator) async throws {
    let api = try emulator.api
    let id = try await createClient(api).id
    let before = try await api.getOauthClient(clientId: id)
    var body = before.toRequest()
    body.state = .disabled
    let changed = try await api.putOauthClient(clientId: id, body: body)
    try expect(changed.state, .disabled)
    try expect(changed.secret, nil)

    let request = try await emulator.lastRequest("put_oauth_client")
    try expect([request.method, request.target], ["PUT", "/api/v2/oauth/clients/\(id)"])
    try expect(request.header("content-type"), "application/json")
    var asItWas = webServerAsJSON
    asItWas["state"] = "disabled"
    try expect(try request.json, asItWas)

    var rest = changed
    rest.state = before.state
    rest.dateModified = before.dateModified
    rest.modifiedBy = before.modifiedBy
    try expect(rest, before)
    try expect(try await api.getOauthClient(clientId: id), changed)
}

/// Compares a client with its JSON, field by field. A field that the JSON omits must be empty or nil.
private func expectSame(_ client: OAuthClient, _ served: JSON) throws {
    func list(_ name: String) -> JSON { .list(served[name].list) }
    try expect(JSON(client.id), served["id"])
    try expect(JSON(client.name), served["name"])
    try expect(JSON(client.accessTokenValiditySeconds), served["accessTokenValiditySeconds"])
    try expect(JSON(client.description), served["description"])
    try expect(JSON(client.registeredRedirectUri), list("registeredRedirectUri"))
    try expect(JSON(client.roleIds), list("roleIds"))
    try expect(JSON(client.dateCreated), served["dateCreated"])
    try expect(JSON(client.dateModified), served["dateModified"])
    for (person, served) in [(client.createdBy, served["createdBy"]), (client.modifiedBy, served["modifiedBy"])] {
        try expect(JSON(try unwrap(person, "the user").id), served["id"])
        try expect(JSON(person?.name), served["name"])
        try expect(JSON(person?.selfUri), served["selfUri"])
    }
    try expect(JSON(client.authorizedGrantType?.description), served["authorizedGrantType"])
    try expect(JSON(client.scope), list("scope"))
    let divisions = client.roleDivisions.map {
        JSON.object(["roleId": .string($0.roleId), "divisionId": .string($0.divisionId)])
    }
    try expect(.list(divisions), list("roleDivisions"))
    try expect(JSON(client.state?.description), served["state"])
    try expect(JSON(client.dateToDelete), served["dateToDelete"])
    try expect(JSON(client.selfUri), served["selfUri"])
}
