// The models for kotlinx.serialization.

package bench

import java.time.Instant
import kotlinx.serialization.KSerializer
import kotlinx.serialization.SerialName
import kotlinx.serialization.Serializable
import kotlinx.serialization.descriptors.PrimitiveKind
import kotlinx.serialization.descriptors.PrimitiveSerialDescriptor
import kotlinx.serialization.encoding.Decoder
import kotlinx.serialization.encoding.Encoder

object TimestampSerializer : KSerializer<Instant> {
    override val descriptor = PrimitiveSerialDescriptor("bench.Timestamp", PrimitiveKind.STRING)

    override fun deserialize(decoder: Decoder): Instant = Instant.parse(decoder.decodeString())

    override fun serialize(encoder: Encoder, value: Instant) = encoder.encodeString(value.toString())
}

@Serializable
enum class GrantType {
    @SerialName("CODE")
    Code,

    @SerialName("TOKEN")
    Token,

    @SerialName("SAML2-BEARER")
    Saml2Bearer,

    @SerialName("PASSWORD")
    Password,

    @SerialName("CLIENT-CREDENTIALS")
    ClientCredentials,
}

@Serializable
enum class ClientState {
    @SerialName("active")
    Active,

    @SerialName("disabled")
    Disabled,

    @SerialName("inactive")
    Inactive,
}

@Serializable
data class OAuthClient(
    val id: String = "",
    val name: String = "",
    val accessTokenValiditySeconds: Long? = null,
    val description: String? = null,
    val registeredRedirectUri: List<String> = emptyList(),
    val secret: String? = null,
    val roleIds: List<String> = emptyList(),
    val dateCreated: @Serializable(TimestampSerializer::class) Instant? = null,
    val dateModified: @Serializable(TimestampSerializer::class) Instant? = null,
    val createdBy: Reference? = null,
    val modifiedBy: Reference? = null,
    val authorizedGrantType: GrantType? = null,
    val scope: List<String> = emptyList(),
    val roleDivisions: List<RoleDivision> = emptyList(),
    val state: ClientState? = null,
    val dateToDelete: @Serializable(TimestampSerializer::class) Instant? = null,
    val selfUri: String? = null,
)

@Serializable
data class Listing(
    val entities: List<OAuthClient> = emptyList(),
    val pageSize: Int? = null,
    val pageNumber: Int? = null,
    val total: Long? = null,
    val firstUri: String? = null,
    val previousUri: String? = null,
    val nextUri: String? = null,
    val lastUri: String? = null,
    val selfUri: String? = null,
    val pageCount: Int? = null,
)

@Serializable
data class Reference(
    val id: String? = null,
    val name: String? = null,
    val selfUri: String? = null,
)

@Serializable
data class RoleDivision(
    val roleId: String = "",
    val divisionId: String = "",
)

@Serializable
data class Row(
    val clientId: String? = null,
    val clientName: String? = null,
    val organizationId: String? = null,
    val userId: String? = null,
    val templateUri: String? = null,
    val httpMethod: String? = null,
    val status200: Long? = null,
    val status300: Long? = null,
    val status400: Long? = null,
    val status500: Long? = null,
    val status429: Long? = null,
    val requests: Long? = null,
    val date: @Serializable(TimestampSerializer::class) Instant? = null,
)

@Serializable
data class Usage(
    val results: List<Row> = emptyList(),
    val queryStatus: String? = null,
)

@Serializable
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
    val dateToDelete: @Serializable(TimestampSerializer::class) Instant,
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
