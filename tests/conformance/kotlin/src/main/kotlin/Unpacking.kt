/** Where JNA can't unpack the native library, the error says what to set. Each attempt needs a JVM of its own. */
package conformance

import purecloud.oauth.Secret
import java.io.File
import java.nio.file.Files
import java.util.concurrent.TimeUnit
import kotlin.test.assertContains
import kotlin.test.assertEquals
import kotlin.test.assertTrue

/** Mounts the folder that the script gets as an argument, for the command behind it alone. */
private val MOUNTING = listOf("unshare", "--mount", "--propagation", "private", "sh", "-c")
private const val NOEXEC = """mount -t tmpfs -o noexec tmpfs "$0" && exec "$@""""

fun main() {
    val folder = Files.createTempDirectory("purecloud-oauth-unpacking").toFile()
    try {
        assertEquals("loaded", load(folder))
        // No folder can be made there.
        assertNamesTheSetting(load(File("/proc/nowhere")))

        val canMount = runCatching { output(MOUNTING + "mount -t tmpfs tmpfs $folder") }.getOrNull() == ""
        if (!canMount) return println("a folder with noexec was left out: this machine allows no mounts")
        val mounted = MOUNTING + NOEXEC + folder.path
        assertNamesTheSetting(load(folder, mounted))
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

private fun assertNamesTheSetting(printed: String) {
    assertContains(printed, "the native library can't be loaded")
    assertContains(printed, "-Djna.tmpdir=")
    assertContains(printed, "noexec")
}

/** What [Loading] prints in a JVM that may unpack into this folder. */
private fun load(folder: File, prefix: List<String> = emptyList(), vararg options: String): String {
    val java = File(System.getProperty("java.home"), "bin/java").path
    val command = listOf(java, "-Djava.io.tmpdir=$folder", *options, "-cp", System.getProperty("java.class.path"))
    return output(prefix + command + Loading::class.java.name) { it["XDG_CACHE_HOME"] = folder.path }
}

private fun output(command: List<String>, change: (MutableMap<String, String>) -> Unit = {}): String {
    val process = ProcessBuilder(command).redirectErrorStream(true).apply { change(environment()) }.start()
    process.outputStream.close()
    val printed = process.inputStream.reader().readText().trim()
    assertTrue(process.waitFor(60, TimeUnit.SECONDS))
    return printed
}

object Loading {
    @JvmStatic
    fun main(arguments: Array<String>) = try {
        Secret("hq3KpZ0vX1yT7wB9").close()
        println("loaded")
    } catch (failure: LinkageError) {
        println(failure.message)
    }
}
