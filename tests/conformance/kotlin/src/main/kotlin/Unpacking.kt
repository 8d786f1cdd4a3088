/** If JNA can't unpack the native library, the error names the property to set. Each attempt runs in a separate JVM. */
package conformance

import purecloud.oauth.Secret
import java.io.File
import java.nio.file.Files
import java.util.concurrent.TimeUnit
import kotlin.test.assertContains
import kotlin.test.assertEquals
import kotlin.test.assertTrue

/** Mounts the folder that is the script's first argument, for the command in the following arguments only. */
private val MOUNTING = listOf("unshare", "--mount", "--propagation", "private", "sh", "-c")
private const val NOEXEC = """mount -t tmpfs -o noexec tmpfs "$0" && exec "$@""""

fun main() {
    val folder = Files.createTempDirectory("purecloud-oauth-unpacking").toFile()
    try {
        assertEquals("loaded", load(folder))
        // No folder can be created in /proc.
        assertNamesTheProperty(load(File("/proc/nowhere")))

        val canMount = runCatching { runCommand(MOUNTING + "mount -t tmpfs tmpfs $folder") }.getOrNull() == ""
        if (!canMount) return println("skipped the test of a noexec folder: this machine does not permit mounts")
        val mounted = MOUNTING + NOEXEC + folder.path
        assertNamesTheProperty(load(folder, mounted))
        val another = Files.createTempDirectory("purecloud-oauth-another").toFile()
        try {
            assertEquals("loaded", load(folder, mounted, "-Djna.tmpdir=$another"))
        } finally {
            another.deleteRecursively()
        }
    } finally {
        folder.deleteRecursively()
    }
}

private fun assertNamesTheProperty(printed: String) {
    assertContains(printed, "the native library can't be loaded")
    assertContains(printed, "-Djna.tmpdir=")
    assertContains(printed, "noexec")
}

/** Runs [Loading] in a JVM that unpacks into this folder, and returns its output. */
private fun load(folder: File, prefix: List<String> = emptyList(), vararg options: String): String {
    val java = File(System.getProperty("java.home"), "bin/java").path
    val command = listOf(java, "-Djava.io.tmpdir=$folder", *options, "-cp", System.getProperty("java.class.path"))
    return runCommand(prefix + command + Loading::class.java.name) { it["XDG_CACHE_HOME"] = folder.path }
}

private fun runCommand(command: List<String>, change: (MutableMap<String, String>) -> Unit = {}): String {
    val process = ProcessBuilder(command).redirectErrorStream(true).apply { change(environment()) }.start()
    process.outputStream.close()
    val printed = process.inputStream.reader().readText().trim()
    assertTrue(process.waitFor(60, TimeUnit.SECONDS))
    return printed
}

/** Loads the native library, and prints the result. */
object Loading {
    @JvmStatic
    fun main(arguments: Array<String>) = try {
        Secret("hq3KpZ0vX1yT7wB9").close()
        println("loaded")
    } catch (failure: LinkageError) {
        println(failure.message)
    }
}
