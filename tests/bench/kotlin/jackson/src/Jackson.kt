// An implementation with `java.net.http` and Jackson.

package bench

import com.fasterxml.jackson.databind.DeserializationFeature
import com.fasterxml.jackson.databind.SerializationFeature
import com.fasterxml.jackson.databind.json.JsonMapper
import com.fasterxml.jackson.datatype.jsr310.JavaTimeModule
import java.net.URI
import java.net.http.HttpClient
import java.net.http.HttpRequest
import java.net.http.HttpResponse.BodyHandlers

fun main(arguments: Array<String>) = run(arguments) { Jackson() }

private class Jackson : Implementation {
    private val http = HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build()
    private val mapper = JsonMapper.builder()
        .addModule(JavaTimeModule())
        .disable(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES)
        .disable(SerializationFeature.WRITE_DATES_AS_TIMESTAMPS)
        .build()
    private val listings = mapper.readerFor(Listing::class.java)
    private val usages = mapper.readerFor(Usage::class.java)
    private val clients = mapper.readerFor(OAuthClient::class.java)

    private fun body(address: String, body: ByteArray? = null): ByteArray {
        val request = HttpRequest.newBuilder(URI(address)).header("Authorization", "Bearer $TOKEN")
        if (body != null) {
            request.header("Content-Type", "application/json").POST(HttpRequest.BodyPublishers.ofByteArray(body))
        }
        val response = http.send(request.build(), BodyHandlers.ofByteArray())
        check(response.statusCode() == 200)
        return response.body()
    }

    override fun listing(size: Int) = listings.readValue<Listing>(body(listingAt(size))).entities.size

    override fun usage() = usages.readValue<Usage>(body(usageAt)).results.size

    override fun create() =
        clients.readValue<OAuthClient>(body(listingAt(1), mapper.writeValueAsBytes(request()))).id.isNotEmpty()
}
