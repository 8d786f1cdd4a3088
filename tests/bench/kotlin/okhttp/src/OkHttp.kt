// An implementation with OkHttp and kotlinx.serialization.

package bench

import java.util.concurrent.TimeUnit
import kotlinx.serialization.json.Json
import okhttp3.ConnectionPool
import okhttp3.MediaType.Companion.toMediaType
import okhttp3.OkHttpClient
import okhttp3.Request as HttpRequest
import okhttp3.RequestBody.Companion.toRequestBody

fun main(arguments: Array<String>) = run(arguments) { OkHttp() }

private class OkHttp : Implementation {
    private val http = OkHttpClient.Builder().connectionPool(ConnectionPool(100, 5, TimeUnit.MINUTES)).build()
    private val json = Json { ignoreUnknownKeys = true }
    private val jsonType = "application/json".toMediaType()

    private fun body(address: String, body: String? = null): String {
        val request = HttpRequest.Builder().url(address).header("Authorization", "Bearer $TOKEN")
        if (body != null) request.post(body.toRequestBody(jsonType))
        return http.newCall(request.build()).execute().use { response ->
            check(response.isSuccessful)
            response.body.string()
        }
    }

    override fun listing(size: Int) = json.decodeFromString<Listing>(body(listingAt(size))).entities.size

    override fun usage() = json.decodeFromString<Usage>(body(usageAt)).results.size

    override fun create() =
        json.decodeFromString<OAuthClient>(body(listingAt(1), json.encodeToString(request()))).id.isNotEmpty()
}
