/** Checks the entries of the jar. The argument is the path of the jar. */
package conformance

import purecloud.oauth.OAuthApi
import java.util.jar.JarFile
import kotlin.test.assertContains
import kotlin.test.assertEquals
import kotlin.test.assertTrue

fun main(arguments: Array<String>) = JarFile(arguments.single()).use { jar ->
    val files = jar.entries().asSequence().filterNot { it.isDirectory }.map { it.name }.toList()
    val readEntry = { name: String -> jar.getInputStream(jar.getEntry(name)).reader().readText() }

    // JNA loads the native library only from the folder for its platform.
    val libraries = files.filter { "purecloud_oauth_native" in it }
    val library = System.mapLibraryName("purecloud_oauth_native")
    assertEquals(listOf("${com.sun.jna.Platform.RESOURCE_PREFIX}/$library"), libraries)

    // R8 and ProGuard read their rules from this entry. Without the rules they rename classes that JNA finds by name.
    val rules = readEntry("META-INF/proguard/purecloud-oauth.pro")
    for (rule in listOf("-keep class purecloud.oauth.**", "-keep class com.sun.jna.**", "-dontwarn java.awt.**")) {
        assertContains(rules, rule)
    }

    assertTrue(files.containsAll(listOf("META-INF/LICENSE-MIT", "META-INF/LICENSE-APACHE")), "the licenses are missing")
    assertEquals("purecloud.oauth", jar.manifest.mainAttributes.getValue("Automatic-Module-Name"))
    val expected = listOf("purecloud/oauth/", "META-INF/")
    val unexpected = files.filterNot { file -> file in libraries || expected.any(file::startsWith) }
    assertEquals(emptyList(), unexpected)

    // Java 8 supports class files up to version 52.
    jar.getInputStream(jar.getEntry("${OAuthApi::class.java.name.replace('.', '/')}.class")).use {
        assertEquals(52, it.readNBytes(8)[7].toInt())
    }
}
