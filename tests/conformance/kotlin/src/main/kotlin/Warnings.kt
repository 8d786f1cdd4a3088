/** Warnings about settings are logged by the library's logger and contain no secret. */
package conformance

import purecloud.oauth.OAuthException
import purecloud.oauth.Sources
import purecloud.oauth.findConfig
import java.nio.file.Files
import java.nio.file.attribute.PosixFilePermissions
import java.util.logging.Handler
import java.util.logging.Level
import java.util.logging.LogRecord
import java.util.logging.Logger
import kotlin.test.assertContains
import kotlin.test.assertEquals
import kotlin.test.assertFailsWith
import kotlin.test.assertFalse

private class RecordingHandler : Handler() {
    val records = mutableListOf<LogRecord>()

    override fun publish(record: LogRecord) {
        records += record
    }

    override fun flush() = Unit

    override fun close() = Unit
}

fun main() {
    val handler = RecordingHandler()
    val logger = Logger.getLogger("purecloud.oauth").apply {
        useParentHandlers = false
        addHandler(handler)
    }
    val home = Files.createTempDirectory("warnings")
    val file = Files.createDirectory(home.resolve(".gc")).resolve("config.toml")
    val profile = """
        [DEFAULT]
        client_credentials = "7c1f1f6e-2b0d-4f8e-9a55-0a1f5f1d9a3e"
        client_secret = "mW4tS9xQhq3KpZ0v"
    """.trimIndent()
    Files.write(file, profile.toByteArray())
    Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rw-r--r--"))
    val sources = Sources(environment = false, home = home.toString())
    findConfig(sources)
    val record = handler.records.single()
    assertEquals(Level.WARNING, record.level)
    assertContains(record.message, "~/.gc/config.toml")
    assertFalse("mW4tS9xQ" in record.message)

    // A failing call leaves no warning for the next call.
    handler.records.clear()
    Files.write(file, "[DEFAULT".toByteArray())
    assertFailsWith<OAuthException.InvalidArgument> { findConfig(sources) }
    assertEquals(emptyList(), handler.records.map { it.message })
    logger.removeHandler(handler)
}
