/** What has to be in the jar, and what must not: its path is the argument. */
package conformance

import purecloud.oauth.OAuthApi
import java.util.jar.JarFile
import kotlin.test.assertContains
import kotlin.test.assertEquals
import kotlin.test.assertTrue

fun main(arguments: Array<String>) = JarFile(arguments.single()).use { jar ->
    val files = jar.entries().asSequence().filterNot { it.isDirectory }.map { it.name }.toList()
    val text = { name: String -> jar.getInputStream(jar.getEntry(name)).reader().readText() }

    // JNA looks in the folder of the machine that it runs on, and nowhere else.
    val libraries = files.filter { "purecloud_oauth_native" in it }
    val library = System.mapLibraryName("purecloud_oauth_native")
    assertEquals(listOf("${com.sun.jna.Platform.RESOURCE_PREFIX}/$library"), libraries)

    // R8 and ProGuard take the rules from here; without them they rename what JNA looks for by its name.
    val rules = text("META-INF/proguard/purecloud-oauth.pro")
    for (needed in listOf("-keep class purecloud.oauth.**", "-keep class com.sun.jna.**", "-dontwarn java.awt.**")) {
        assertContains(rules, needed)
    }

    assertTrue(files.containsAll(listOf("META-INF/LICENSE-MIT", "META-INF/LICENSE-APACHE")), "the licences")
    assertEquals("purecloud.oauth", jar.manifest.mainAttributes.getValue("Automatic-Module-Name"))
    val expected = listOf("purecloud/oauth/", "META-INF/")
    val strangers = files.filterNot { file -> file in libraries || expected.any(file::startsWith) }
    assertEquals(emptyList(), strangers)

    // Java 8 reads classes up to version 52.
    jar.getInputStream(jar.getEntry("${OAuthApi::class.java.name.replace('.', '/')}.class")).use {
        assertEquals(52, it.readNBytes(8)[7].toInt())
    }
}
