// The models for Jackson, which sets the fields directly because reflection through Kotlin's module takes longer.

package bench

import com.fasterxml.jackson.annotation.JsonProperty
import java.time.Instant

enum class GrantType {
    @JsonProperty("CODE")
    Code,

    @JsonProperty("TOKEN")
    Token,

    @JsonProperty("SAML2-BEARER")
    Saml2Bearer,

    @JsonProperty("PASSWORD")
    Password,

    @JsonProperty("CLIENT-CREDENTIALS")
    ClientCredentials,
}

enum class ClientState {
    @JsonProperty("active")
    Active,

    @JsonProperty("disabled")
    Disabled,

    @JsonProperty("inactive")
    Inactive,
}

data class OAuthClient(
    var id: String = "",
    var name: String = "",
    var accessTokenValiditySeconds: Long? = null,
    var description: String? = null,
    var registeredRedirectUri: List<String> = emptyList(),
    var secret: String? = null,
    var roleIds: List<String> = emptyList(),
    var dateCreated: Instant? = null,
    var dateModified: Instant? = null,
    var createdBy: Reference? = null,
    var modifiedBy: Reference? = null,
    var authorizedGrantType: GrantType? = null,
    var scope: List<String> = emptyList(),
    var roleDivisions: List<RoleDivision> = emptyList(),
    var state: ClientState? = null,
    var dateToDelete: Instant? = null,
    var selfUri: String? = null,
)

data class Listing(
    var entities: List<OAuthClient> = emptyList(),
    var pageSize: Int? = null,
    var pageNumber: Int? = null,
    var total: Long? = null,
    var firstUri: String? = null,
    var previousUri: String? = null,
    var nextUri: String? = null,
    var lastUri: String? = null,
    var selfUri: String? = null,
    var pageCount: Int? = null,
)

data class Reference(
    var id: String? = null,
    var name: String? = null,
    var selfUri: String? = null,
)

data class RoleDivision(
    var roleId: String = "",
    var divisionId: String = "",
)

data class Row(
    var clientId: String? = null,
    var clientName: String? = null,
    var organizationId: String? = null,
    var userId: String? = null,
    var templateUri: String? = null,
    var httpMethod: String? = null,
    var status200: Long? = null,
    var status300: Long? = null,
    var status400: Long? = null,
    var status500: Long? = null,
    var status429: Long? = null,
    var requests: Long? = null,
    var date: Instant? = null,
)

data class Usage(
    var results: List<Row> = emptyList(),
    var queryStatus: String? = null,
)

class Request(
    val name: String,
    val authorizedGrantType: GrantType,
    val accessTokenValiditySeconds: Long,
    val description: String,
    val registeredRedirectUri: List<String>,
    val roleIds: List<String>,
    val scope: List<String>,
    val roleDivisions: List<RoleDivision>,
    val state: ClientState,
    val dateToDelete: Instant,
)

fun request() =
    Request(
        "Terminübersicht",
        GrantType.Code,
        86_400,
        "Liest die Termine der Filiale und schreibt sie in den Kalender",
        listOf("https://termine.example.at/callback", "https://termine.example.at/other"),
        listOf("b3e2c1d0-5a4f-4e3d-9c8b-7a6f5e4d3c2b"),
        listOf("users:readonly", "calendars"),
        listOf(RoleDivision("b3e2c1d0-5a4f-4e3d-9c8b-7a6f5e4d3c2b", "*")),
        ClientState.Active,
        Instant.parse("2026-12-24T00:00:00Z"),
    )
