/** The service's JSON as it is looked at here: what is missing is null, or an empty list. */
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

val JsonElement?.text: String? get() = (this as? JsonPrimitive)?.contentOrNull

val JsonElement?.number: Long? get() = (this as? JsonPrimitive)?.longOrNull

val JsonElement?.flag: Boolean? get() = (this as? JsonPrimitive)?.booleanOrNull

val JsonElement?.moment: Instant? get() = text?.let(Instant::parse)

val JsonElement?.list: List<JsonElement> get() = (this as? JsonArray).orEmpty()

val JsonElement?.texts: List<String?> get() = list.map { it.text }

/** With other fields in place of its own, each a piece of JSON. */
fun JsonElement.with(vararg fields: Pair<String, JsonElement>): JsonElement = JsonObject((this as JsonObject) + fields)
