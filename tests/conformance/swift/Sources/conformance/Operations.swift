// Every operation: it returns what the emulator says, and sends the documented request.

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
    let id = try await anInactiveClient(api).id
    try await api.deleteOauthClient(clientId: id)

    let request = try await emulator.lastRequest("delete_oauth_client")
    try expect(request.method, "DELETE")
    try expect(request.target, "/api/v2/oauth/clients/\(id)")
    try expect(request.body, "")
    try expect(request.header("content-type"), nil)

    let gone = try await failure("it is gone") { try await api.getOauthClient(clientId: id) }
    try expect(gone.status, 404)
}

@Sendable func getOauthAuthorization(_ emulator: Emulator) async throws {
    let api = try emulator.api
    let id = try await anAuthorizedId(api)
    let said = try await emulator.says("/api/v2/oauth/authorizations/\(id)")
    let authorization = try await api.getOauthAuthorization(clientId: id, acceptLanguage: "de-at")
    try expectSame(try present(authorization.client, "its client"), said["client"])
    try expect(JSON(authorization.scope), said["scope"])
    try expect(JSON(authorization.roles), said["roles"])
    try expect(JSON(authorization.resourceOwner?.id), said["resourceOwner"]["id"])
    try expect(JSON(authorization.dateCreated), said["dateCreated"])
    try expect(JSON(authorization.dateModified), said["dateModified"])
    try expect(JSON(authorization.pending), said["pending"])
    try expect(JSON(authorization.state?.description), said["state"])
    try expect(JSON(authorization.selfUri), said["selfUri"])

    let request = try await emulator.lastRequest("get_oauth_authorization")
    try expect(request.method, "GET")
    try expect(request.target, "/api/v2/oauth/authorizations/\(id)")
    try expect(request.header("accept-language"), "de-at")
    _ = try await api.getOauthAuthorization(clientId: id)
    try expect(try await emulator.lastRequest("get_oauth_authorization").header("accept-language"), nil)
}

@Sendable func getOauthAuthorizations(_ emulator: Emulator) async throws {
    let api = try emulator.api
    let said = try await emulator.says("/api/v2/oauth/authorizations")
    let listing = try await api.getOauthAuthorizations(acceptLanguage: "fr")
    try expect(JSON(listing.total), said["total"])
    try expect(listing.entities.map { $0.client?.id }, said["entities"].list.map { $0["client"]["id"].text })
    try expect(listing.entities.map { $0.state?.description }, said["entities"].list.map { $0["state"].text })
    try expect(!listing.entities.isEmpty, "no authorization is listed")

    let request = try await emulator.lastRequest("get_oauth_authorizations")
    try expect([request.method, request.target], ["GET", "/api/v2/oauth/authorizations"])
    try expect(request.header("accept-language"), "fr")
    _ = try await api.getOauthAuthorizations()
    try expect(try await emulator.lastRequest("get_oauth_authorizations").header("accept-language"), nil)
}

@Sendable func getOauthClient(_ emulator: Emulator) async throws {
    let api = try emulator.api
    let forAWebServer = try await aClient(api).id
    for id in [forAWebServer, emulator.clientId] {
        let said = try await emulator.says("/api/v2/oauth/clients/\(id)")
        let client = try await api.getOauthClient(clientId: id)
        try expectSame(client, said)
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

    let result = try await complete(api, execution, client)
    try expect(result.queryStatus, .complete)
    let path = "/api/v2/oauth/clients/\(client)/usage/query/results/\(execution)"
    try expect(try await emulator.lastRequest("get_oauth_client_usage_query_result").target, path)

    let said = try await emulator.says(path)["results"].list
    try expect(!said.isEmpty, "there are no rows")
    try expect(result.results.count, said.count)
    for (row, said) in zip(result.results, said) {
        try expect(JSON(row.templateUri), said["templateUri"])
        try expect(JSON(row.httpMethod), said["httpMethod"])
        try expect(JSON(row.requests), said["requests"])
        try expect(JSON(row.status429), said["status429"])
        try expect(JSON(row.date), said["date"])
        // These were not asked for.
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
        try expect(try await complete(api, summary.executionId, client).queryStatus, .complete)
    }
}

@Sendable func getOauthClients(_ emulator: Emulator) async throws {
    let api = try emulator.api
    let new = try await aClient(api).id
    let said = try await emulator.says("/api/v2/oauth/clients")
    let listing = try await api.getOauthClients()
    try expect(listing.entities.count, said["entities"].list.count)
    for (client, said) in zip(listing.entities, said["entities"].list) {
        try expectSame(client, said)
        try expect(client.secret, nil)
    }
    try expect(listing.entities.contains { $0.id == new }, "the new client is not listed")
    try expect(JSON(listing.total), said["total"])
    try expect(JSON(listing.pageSize), said["pageSize"])
    try expect(JSON(listing.pageNumber), said["pageNumber"])
    try expect(JSON(listing.pageCount), said["pageCount"])
    try expect(JSON(listing.firstUri), said["firstUri"])
    try expect(JSON(listing.lastUri), said["lastUri"])
    try expect(JSON(listing.selfUri), said["selfUri"])

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
    let said = try await emulator.says("/api/v2/oauth/scopes")
    let spoken = [
        ("ja", "ユーザーへの読み取り専用アクセス"),
        ("es", "Acceso de solo lectura: usuarios"),
        (nil, "Read-only access to users"),
    ]
    for (language, description) in spoken {
        let listing = try await api.getOauthScopes(acceptLanguage: language)
        try expect(JSON(listing.total), said["total"])
        try expect(listing.entities.map(\.id), said["entities"].list.compactMap { $0["id"].text })
        let users = listing.entities.first { $0.id == "users:readonly" }
        try expect(users?.description, description)

        let request = try await emulator.lastRequest("get_oauth_scopes")
        try expect([request.method, request.target], ["GET", "/api/v2/oauth/scopes"])
        try expect(request.header("accept-language"), language)
    }
}

@Sendable func postOauthClientSecret(_ emulator: Emulator) async throws {
    let api = try emulator.api
    let created = try await api.postOauthClients(body: try await robot(emulator, api))
    let rotated = try await api.postOauthClientSecret(clientId: created.id)
    let request = try await emulator.lastRequest("post_oauth_client_secret")
    try expect([request.method, request.target], ["POST", "/api/v2/oauth/clients/\(created.id)/secret"])
    try expect(request.body, "")
    try expect(request.header("content-length"), "0")

    try expect(rotated.id, created.id)
    let before = try present(created.secret, "a secret")
    let after = try present(rotated.secret, "a secret")
    try expect(before != after, "the secret is the same")
    func client(_ secret: Secret) throws -> OAuthAPI {
        try OAuthAPI(config: emulator.config(.clientCredentials(clientId: created.id, clientSecret: secret)))
    }
    _ = try await client(after).getOauthClients()
    let refused = try await failure("it is dead") { try await client(before).getOauthClients() }
    guard case .signIn = refused else { throw Broken("\(refused)") }
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
    let given: JSON = [
        "interval": "2026-01-01T00:00:00/2026-02-01T00:00:00",
        "granularity": "Week",
        "metrics": ["Requests", "Status429"],
        "groupBy": ["TemplateUri", "HttpMethod"],
    ]
    try expect(try request.json, given)
}

@Sendable func postOauthClients(_ emulator: Emulator) async throws {
    let api = try emulator.api
    let created = try await api.postOauthClients(body: webServer)
    try expect(try present(created.secret, "the secret").expose().isEmpty, false)
    try expectSame(created, try await emulator.says("/api/v2/oauth/clients/\(created.id)"))

    let request = try await emulator.lastRequest("post_oauth_clients")
    try expect([request.method, request.target], ["POST", "/api/v2/oauth/clients"])
    try expect(request.header("content-type"), "application/json")
    try expect(try request.json, webServerAsJSON)

    _ = try await api.postOauthClients(body: OAuthClientRequest(name: "Telefonbuch", authorizedGrantType: .token))
    let little: JSON = ["name": "Telefonbuch", "authorizedGrantType": "TOKEN"]
    try expect(try await emulator.lastRequest("post_oauth_clients").json, little)
}

@Sendable func putOauthClient(_ emulator: Emulator) async throws {
    let api = try emulator.api
    let id = try await aClient(api).id
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

/// Field by field, in the service's spelling; what it left out is empty or missing.
private func expectSame(_ client: OAuthClient, _ said: JSON) throws {
    func list(_ name: String) -> JSON { .list(said[name].list) }
    try expect(JSON(client.id), said["id"])
    try expect(JSON(client.name), said["name"])
    try expect(JSON(client.accessTokenValiditySeconds), said["accessTokenValiditySeconds"])
    try expect(JSON(client.description), said["description"])
    try expect(JSON(client.registeredRedirectUri), list("registeredRedirectUri"))
    try expect(JSON(client.roleIds), list("roleIds"))
    try expect(JSON(client.dateCreated), said["dateCreated"])
    try expect(JSON(client.dateModified), said["dateModified"])
    for (person, said) in [(client.createdBy, said["createdBy"]), (client.modifiedBy, said["modifiedBy"])] {
        try expect(JSON(try present(person, "who it was").id), said["id"])
        try expect(JSON(person?.name), said["name"])
        try expect(JSON(person?.selfUri), said["selfUri"])
    }
    try expect(JSON(client.authorizedGrantType?.description), said["authorizedGrantType"])
    try expect(JSON(client.scope), list("scope"))
    let divisions = client.roleDivisions.map {
        JSON.object(["roleId": .text($0.roleId), "divisionId": .text($0.divisionId)])
    }
    try expect(.list(divisions), list("roleDivisions"))
    try expect(JSON(client.state?.description), said["state"])
    try expect(JSON(client.dateToDelete), said["dateToDelete"])
    try expect(JSON(client.selfUri), said["selfUri"])
}
