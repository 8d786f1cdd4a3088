/** Access to the service's JSON. Missing values are null or empty lists. */
package conformance

import kotlinx.serialization.json.JsonArray
import kotlinx.serialization.json.JsonElement
import kotlinx.serialization.json.JsonObject
import kotlinx.serialization.json.JsonPrimitive
import kotlinx.serialization.json.booleanOrNull
import kotlinx.serialization.json.contentOrNull
import kotlinx.serialization.json.longOrNull
import java.time.Instant

operator fun JsonElement?.get(name: String): JsonElement? = (this as? JsonObject)?.get(name)

val JsonElement?.string: String? get() = (this as? JsonPrimitive)?.contentOrNull

val JsonElement?.number: Long? get() = (this as? JsonPrimitive)?.longOrNull

val JsonElement?.boolean: Boolean? get() = (this as? JsonPrimitive)?.booleanOrNull

val JsonElement?.timestamp: Instant? get() = string?.let(Instant::parse)

val JsonElement?.list: List<JsonElement> get() = (this as? JsonArray).orEmpty()

val JsonElement?.strings: List<String?> get() = list.map { it.string }

/** Returns a copy of an object with these fields added or replaced. */
fun JsonElement.withFields(vararg fields: Pair<String, JsonElement>): JsonElement =
    JsonObject((this as JsonObject) + fields)
