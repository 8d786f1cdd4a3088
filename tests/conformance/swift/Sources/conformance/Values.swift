// Values: reading, sending, comparing and printing.

import Foundation
import PureCloudOAuth

let valueCases = [
    Case("unknown_enum_value", unknownEnumValue),
    Case("unknown_field", unknownField),
    Case("a_change_keeps_every_field", aChangeKeepsEveryField),
    Case("extra_field_that_is_not_json", extraFieldThatIsNotJSON),
    Case("unreadable_field", unreadableField),
    Case("counts_of_64_bits", countsOf64Bits),
    Case("moments", moments),
    Case("timestamps_of_the_whole_calendar", timestampsOfTheWholeCalendar),
    Case("unicode", unicode),
    Case("regions_and_hosts", regionsAndHosts),
    Case("interval_of_a_query", intervalOfAQuery),
    Case("equality_and_copies", equalityAndCopies),
    Case("secrets_are_not_printed", secretsAreNotPrinted),
]

@Sendable func unknownEnumValue(_ emulator: Emulator) async throws {
    let api = try emulator.api
    let id = try await createClient(api).id
    var served = try await clientJSON(emulator, id)
    served["state"] = "hibernating"
    try await emulator.replaceBody("get_oauth_client", served)
    let client = try await api.getOauthClient(clientId: id)
    let state = try unwrap(client.state, "a state")
    try expect(state, .unknown(value: "hibernating"))
    try expect("\(state)", "hibernating")

    // The emulator itself would reject the unknown state.
    let response: JSON = ["status": 200, "content_type": "application/json", "body": .string(try served.encoded)]
    try await emulator.injectFault(["endpoint": "put_oauth_client", "kind": ["answer": response]])
    try expect(try await api.putOauthClient(clientId: id, body: client.toRequest()), client)
    try expect(try await emulator.lastRequest("put_oauth_client").json["state"], "hibernating")
}

@Sendable func unknownField(_ emulator: Emulator) async throws {
    let api = try emulator.api
    let id = try await createClient(api).id
    let known = try await api.getOauthClient(clientId: id)
    var served = try await clientJSON(emulator, id)
    served["riskScore"] = 0.25
    served["labels"] = [["key": "team", "values": ["a", nil]]]
    served["createdBy"]["division"] = ["id": "*"]
    served["roleDivisions"] = [["roleId": "r1", "divisionId": "*", "until": "2031-07-01"]]
    try await emulator.replaceBody("get_oauth_client", served)
    let client = try await api.getOauthClient(clientId: id)
    try expect(client.extra.keys.sorted(), ["labels", "riskScore"])
    try expect(client.extra["riskScore"], "0.25")
    try expect(try JSON(encoded: client.extra["labels"] ?? ""), served["labels"])
    let division = RoleDivision(roleId: "r1", divisionId: "*", extra: ["until": #""2031-07-01""#])
    try expect(client.roleDivisions, [division])
    var same = known
    same.roleDivisions = [division]
    same.extra = client.extra
    try expect(client, same)
    var dumped = ""
    dump(client, to: &dumped)
    for output in ["\(client)", String(reflecting: client), "\(client.toRequest())", dumped] {
        try expect(output.contains(#""riskScore": ***"#) && output.contains(#"["until": ***]"#), output)
        try expect(!["0.25", "team", "2031"].contains { output.contains($0) }, output)
    }

    var body = client.toRequest()
    body.extra["riskScore"] = nil
    body.extra["owner"] = #"{"team": "Wien"}"#
    let response: JSON = ["status": 200, "content_type": "application/json", "body": .string(try served.encoded)]
    try await emulator.injectFault(["endpoint": "put_oauth_client", "kind": ["answer": response]])
    _ = try await api.putOauthClient(clientId: id, body: body)
    let sent = try await emulator.lastRequest("put_oauth_client").json
    try expect(sent["riskScore"], nil)
    try expect(sent["owner"]["team"], "Wien")
    try expect(sent["labels"], served["labels"])
    try expect(sent["roleDivisions"], served["roleDivisions"])
}

@Sendable func aChangeKeepsEveryField(_ emulator: Emulator) async throws {
    let api = try emulator.api
    let id = try await createClient(api).id
    guard case .object(let original) = try await clientJSON(emulator, id) else {
        throw CaseFailure("the client is not a JSON object")
    }
    var changes: [[String: JSON]] = unreadable.map { [$0.0: $0.1] }
    for _ in 0..<20 {
        changes.append(Dictionary((0..<4).map { _ in (randomString(), randomJSON()) }, uniquingKeysWith: { $1 }))
    }
    for change in changes {
        // A known field that is null or an empty list is the same as an absent one.
        let served = original.filter { $0.value != nil && $0.value != [] }.merging(change) { $1 }
        try await emulator.replaceBody("get_oauth_client", .object(served))
        let client = try await api.getOauthClient(clientId: id)
        let body = JSON.string(try JSON.object(served).encoded)
        let response: JSON = ["status": 200, "content_type": "application/json", "body": body]
        try await emulator.injectFault(["endpoint": "put_oauth_client", "kind": ["answer": response]])
        _ = try await api.putOauthClient(clientId: id, body: client.toRequest())
        let sent = try await emulator.lastRequest("put_oauth_client").json
        try expect(sent, .object(served.filter { !readOnly.contains($0.key) }))
        try await emulator.reset()
    }
}

private let unreadable: [(String, JSON)] = [
    ("ipRestrictions", nil),
    ("", "a field without a name"),
    ("scope", "users"),
    ("scope", ["users", nil, 7]),
    ("dateToDelete", "24:00:00"),
    ("roleDivisions", ["x", ["roleId": "r1", "divisionId": "*"]]),
    ("roleDivisions", [["roleId": "r1", "divisionId": "*", "condition": ["ranges": ["192.0.2.0/24"]]]]),
    ("accessTokenValiditySeconds", "3600"),
    ("accessTokenValiditySeconds", 1.5e30),
    ("description", ["de": "Wien"]),
    ("state", 7),
    ("name", ["de": "Wien"]),
    ("authorizedGrantType", ["CODE"]),
]

private let readOnly: Set = ["id", "secret", "dateCreated", "dateModified", "createdBy", "modifiedBy", "selfUri"]

private func randomString() -> String {
    "x" + String((0..<Int.random(in: 0..<6)).map { _ in "aé\"\\\n\0 /".randomElement() ?? "a" })
}

private func randomJSON(_ depth: Int = 0) -> JSON {
    switch Int.random(in: 0..<(depth < 3 ? 7 : 5)) {
    case 0: nil
    case 1: .boolean(.random())
    case 2: .string(randomString())
    case 3: .integer(.random(in: -1_000_000_000...1_000_000_000))
    case 4: .number(Double(Int.random(in: 0..<1_000)) + 0.25)
    case 5: .list((0..<Int.random(in: 0..<4)).map { _ in randomJSON(depth + 1) })
    default: .object(
        Dictionary(
            (0..<Int.random(in: 0..<4)).map { _ in (randomString(), randomJSON(depth + 1)) },
            uniquingKeysWith: { $1 }))
    }
}

@Sendable func extraFieldThatIsNotJSON(_ emulator: Emulator) async throws {
    let api = try emulator.api
    let id = try await createClient(api).id
    for json in ["", "{", "NaN", "1 2", "canary"] {
        var body = webServer
        body.extra["hook"] = json
        let error = try await expectError(json) { [body] in try await api.putOauthClient(clientId: id, body: body) }
        guard case .invalidArgument = error else { throw CaseFailure("\(error)") }
        try expect(error.argument, "body.extra.hook")
        try expect(!"\(error)".contains("canary"), "the error repeats the value")
    }
    try expect(try await emulator.counts("put_oauth_client").requests, 0)
}

@Sendable func unreadableField(_ emulator: Emulator) async throws {
    let api = try emulator.api
    let id = try await createClient(api).id
    var served = try await clientJSON(emulator, id)
    served["secret"] = "mW4tS9xQ-kept"
    served["accessTokenValiditySeconds"] = ["hours": 1]
    served["dateCreated"] = "the day before yesterday"
    try await emulator.replaceBody("post_oauth_client_secret", served)
    let client = try await api.postOauthClientSecret(clientId: id)
    try expect(client.secret?.expose(), "mW4tS9xQ-kept")
    try expect(client.accessTokenValiditySeconds, nil)
    try expect(client.dateCreated, nil)
    try expect([client.id, client.name], [id, webServer.name])
    try expect(client.dateToDelete, webServer.dateToDelete)
}

@Sendable func countsOf64Bits(_ emulator: Emulator) async throws {
    let api = try emulator.api
    let client = emulator.clientId
    let execution = try await api.postOauthClientUsageQuery(clientId: client, body: usageQuery).executionId
    let many: JSON = ["queryStatus": "Complete", "results": [["requests": 9_007_199_254_740_993]]]
    try await emulator.replaceBody("get_oauth_client_usage_query_result", many)
    let result = try await api.getOauthClientUsageQueryResult(executionId: execution, clientId: client)
    try expect(result.results.map(\.requests), [9_007_199_254_740_993])
}

@Sendable func moments(_ emulator: Emulator) async throws {
    let halfPastEight = Date(timeIntervalSince1970: 1_772_353_800)
    let milliseconds = Date(timeIntervalSince1970: 1_772_353_800.123)
    let api = try emulator.api
    let id = try await createClient(api).id
    var served = try await clientJSON(emulator, id)
    served["dateCreated"] = "2026-03-01T09:30:00+01:00"
    served["dateModified"] = "2026-03-01T08:30:00.123Z"
    served["dateToDelete"] = "2026-03-01T08:30:00"
    try await emulator.replaceBody("get_oauth_client", served)
    let client = try await api.getOauthClient(clientId: id)
    try expect(client.dateCreated, halfPastEight)
    let modified = try unwrap(client.dateModified, "a timestamp")
    try expect(abs(modified.timeIntervalSince(milliseconds)) < 1e-6, "\(modified.timeIntervalSince1970)")
    try expect(client.dateToDelete, halfPastEight)

    for timestamp in [milliseconds, modified] {
        var body = webServer
        body.dateToDelete = timestamp
        _ = try await api.putOauthClient(clientId: id, body: body)
        let sent = try await emulator.lastRequest("put_oauth_client").json
        try expect(sent["dateToDelete"], "2026-03-01T08:30:00.123Z")
        try expect(try await api.getOauthClient(clientId: id).dateToDelete, modified)
    }
}

@Sendable func timestampsOfTheWholeCalendar(_ emulator: Emulator) async throws {
    let api = try emulator.api
    let id = try await createClient(api).id
    var served = try await clientJSON(emulator, id)
    let timestamps: [(String, TimeInterval)] = [
        ("0001-01-01T00:00:00.000Z", -62_135_596_800),
        ("1969-12-31T23:59:59.999Z", -0.001),
        ("9999-12-31T23:59:59.999Z", 253_402_300_799.999),
    ]
    for (string, since1970) in timestamps {
        served["dateToDelete"] = .string(string)
        try await emulator.replaceBody("get_oauth_client", served)
        let client = try await api.getOauthClient(clientId: id)
        let date = try unwrap(client.dateToDelete, "a date")
        try expect(abs(date.timeIntervalSince1970 - since1970) < 1e-4, "\(date.timeIntervalSince1970)")

        // The emulator itself supports fewer years.
        let response: JSON = ["status": 200, "content_type": "application/json", "body": .string(try served.encoded)]
        try await emulator.injectFault(["endpoint": "put_oauth_client", "kind": ["answer": response]])
        try expect(try await api.putOauthClient(clientId: id, body: client.toRequest()), client)
        try expect(try await emulator.lastRequest("put_oauth_client").json["dateToDelete"], .string(string))
        try await emulator.reset()
    }
}

@Sendable func unicode(_ emulator: Emulator) async throws {
    let name = "👩‍💻 e\u{301}te\u{301} שלום \u{202b}مرحبا\u{202c} \"quoted\" \\ 😀"
    let api = try emulator.api
    var body = webServer
    body.name = name
    body.description = name
    let created = try await api.postOauthClients(body: body)
    let sent = try await emulator.lastRequest("post_oauth_clients").json["name"].string
    let client = try await api.getOauthClient(clientId: created.id)
    // In Swift canonically equivalent strings are equal, so the scalars are compared.
    for returned in [sent, client.name, client.description] {
        try expect(returned.map { Array($0.unicodeScalars) }, Array(name.unicodeScalars))
    }
}

@Sendable func regionsAndHosts(_: Emulator) async throws {
    let regions: [(Region, String, String)] = [
        (.usEast1, "us_east_1", "mypurecloud.com"),
        (.euWest1, "eu_west_1", "mypurecloud.ie"),
        (.apSoutheast2, "ap_southeast_2", "mypurecloud.com.au"),
        (.apNortheast1, "ap_northeast_1", "mypurecloud.jp"),
        (.euCentral1, "eu_central_1", "mypurecloud.de"),
        (.usWest2, "us_west_2", "usw2.pure.cloud"),
        (.caCentral1, "ca_central_1", "cac1.pure.cloud"),
        (.apNortheast2, "ap_northeast_2", "apne2.pure.cloud"),
        (.euWest2, "eu_west_2", "euw2.pure.cloud"),
        (.apSouth1, "ap_south_1", "aps1.pure.cloud"),
        (.usEast2, "us_east_2", "use2.us-gov-pure.cloud"),
        (.saEast1, "sa_east_1", "sae1.pure.cloud"),
        (.meCentral1, "me_central_1", "mec1.pure.cloud"),
        (.apNortheast3, "ap_northeast_3", "apne3.pure.cloud"),
        (.euCentral2, "eu_central_2", "euc2.pure.cloud"),
        (.mxCentral1, "mx_central_1", "mxc1.pure.cloud"),
        (.apSoutheast1, "ap_southeast_1", "apse1.pure.cloud"),
        (.euscDeEast1, "eusc_de_east_1", "edee1.eusc-pure.cloud"),
    ]
    try expect(Region.allCases, regions.map { $0.0 })
    for (region, name, domain) in regions {
        try expect(region.domain(), domain)
        let host = ServiceHost.region(region)
        try expect(host.apiUrl(), "https://api.\(domain)/")
        try expect(host.loginUrl(), "https://login.\(domain)/")
        let hyphenated = name.replacingOccurrences(of: "_", with: "-")
        for hostName in [name, hyphenated, domain, "https://api.\(domain)"] {
            try expect(try ServiceHost.named(hostName), host)
        }
        try expect(try ServiceHost.domain(domain), host)
    }

    let local = try ServiceHost.url("http://127.0.0.1:8080")
    try expect([local.apiUrl(), local.loginUrl()], ["http://127.0.0.1:8080/", "http://127.0.0.1:8080/"])
    try expect(try ServiceHost.domain("xyz9.pure.cloud").apiUrl(), "https://api.xyz9.pure.cloud/")
    let gateway = try ServiceHost.gateway(
        host: "gateway.example.com", port: 8443, pathParamsLogin: "login/eu", pathParamsApi: "genesys")
    try expect(gateway.apiUrl(), "https://gateway.example.com:8443/genesys/")
    try expect(gateway.loginUrl(), "https://gateway.example.com:8443/login/eu/")

    for nonsense in ["", "mars", "my purecloud.de", "ftp://api.mypurecloud.de", "http://api.mypurecloud.de"] {
        let error = try await expectError("`\(nonsense)`") { try ServiceHost.named(nonsense) }
        guard case .invalidArgument = error else { throw CaseFailure("\(error)") }
        try expect(error.argument, "host")
    }
    let error = try await expectError("no host name") { try ServiceHost.gateway(host: "a/b") }
    try expect(error.argument, "gateway.host")
}

@Sendable func intervalOfAQuery(_ emulator: Emulator) async throws {
    let start = Date(timeIntervalSince1970: 1_772_323_200.987)
    let end = Date(timeIntervalSince1970: 1_772_928_000)
    let interval = try usageInterval(start: start, end: end)
    try expect(interval, "2026-03-01T00:00:00/2026-03-08T00:00:00")
    let query = ApiUsageClientQuery(interval: interval)
    _ = try await emulator.api.postOauthClientUsageQuery(clientId: emulator.clientId, body: query)
    let sent = try await emulator.lastRequest("post_oauth_client_usage_query").json
    try expect(sent, ["interval": "2026-03-01T00:00:00/2026-03-08T00:00:00"])
}

@Sendable func equalityAndCopies(_ emulator: Emulator) async throws {
    let api = try emulator.api
    let id = try await createClient(api).id
    let client = try await api.getOauthClient(clientId: id)
    try expect(try await api.getOauthClient(clientId: id), client)

    var copy = client
    try expect(copy, client)
    try expect(Set([copy, client]).count, 1)
    copy.name = "Rückrufe Basel"
    try expect(copy != client, "a copy with another name is equal")
    try expect(client.name, webServer.name)

    for field in ["OAuthClient", "id", "name", "registeredRedirectUri", "authorizedGrantType", "state"] {
        try expect("\(client)".contains(field), "\(field) is not in: \(client)")
    }
    try expect("\(client)".contains(id) && "\(client)".contains("Rückrufe Zürich ☎"), "\(client)")
}

@Sendable func secretsAreNotPrinted(_ emulator: Emulator) async throws {
    let canary = "canary-5Zq9tR2wX7vB4nM8kL1p"
    let created = try await createClient(try emulator.api)
    let secret = try unwrap(created.secret, "a secret")
    try expect(secret.expose().count > 8, "the secret is too short")

    var served = try await emulator.fetchJSON("/api/v2/oauth/clients")
    var first = try unwrap(served["entities"].list.first, "a client")
    first["secret"] = .string(canary)
    served["entities"] = [first]
    try await emulator.replaceBody("get_oauth_clients", served)
    let listing = try await emulator.api.getOauthClients()
    try expect(listing.entities.first?.secret?.expose(), canary)

    let token = Credentials.accessToken(Secret(text: canary))
    let credentials = [.clientCredentials(clientId: "id", clientSecret: Secret(text: canary)), token]
    var config = try emulator.config(token)
    config.defaultHeaders = ["x-api-key": Secret(text: canary)]
    config.proxy = Secret(text: "http://wartung:\(canary)@127.0.0.1:3128")
    let options = CallOptions(headers: ["x-api-key": Secret(text: canary)])

    let refusal: JSON = ["code": "bad.request", "status": 400, "message": "Bearer \(canary) may not"]
    let response: JSON = ["status": 400, "content_type": "application/json", "body": .string(try refusal.encoded)]
    try await emulator.injectFault(["endpoint": "get_oauth_client", "kind": ["answer": response]])
    let tokenAPI = try OAuthAPI(config: emulator.config(token))
    let error = try await expectError("a refusal") { try await tokenAPI.getOauthClient(clientId: unknownClientId) }
    try expect(error.serverMessage, "Bearer *** may not")
    let spaced = Config(host: .region(.euWest1), credentials: .accessToken(Secret(text: "\(canary) ")))
    let setting = try await expectError("a space") { try OAuthAPI(config: spaced) }

    let values: [(String, Any)] = [
        ("a client", created), ("a secret", secret), ("a listing", listing), ("a credential", credentials),
        ("a configuration", config), ("options", options), ("an API", tokenAPI), ("an error", error),
        ("an error of a setting", setting),
    ]
    for (kind, value) in values {
        for secret in [canary, secret.expose(), emulator.clientSecret] {
            try expect(!printed(value).contains(secret), "\(kind) shows a secret")
        }
    }
    try expect("\(secret)", "Secret(***)")
}

/// Returns all printed forms of a value: its description, its debug description, its dump, its error message.
func printed(_ value: Any) -> String {
    var dumped = ""
    dump(value, to: &dumped)
    let described = (value as? any Error)?.localizedDescription ?? ""
    return [String(describing: value), String(reflecting: value), "\([value])", dumped, described]
        .joined(separator: "\n")
}

/// Fetches the JSON of a client directly.
private func clientJSON(_ emulator: Emulator, _ id: String) async throws -> JSON {
    try await emulator.fetchJSON("/api/v2/oauth/clients/\(id)")
}
