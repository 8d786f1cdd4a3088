// How clients are run, and told what to do.

package bench

import java.io.File
import java.util.concurrent.Callable
import java.util.concurrent.Executors

/** What every client can. */
interface Client {
    /** Reads a listing and tells its length. */
    fun listing(size: Int): Int

    /** Reads the usage result and tells the number of its rows. */
    fun usage(): Int

    /** Creates a client, and says whether it came back. */
    fun create(): Boolean

    /** What a call costs inside, in nanoseconds. */
    fun inside(): Map<String, Double> = emptyMap()

    /** Makes so many calls, so many of them at once. */
    fun atOnce(total: Int, width: Int) {
        val threads = Executors.newFixedThreadPool(width)
        val calls = Callable { repeat(total / width) { check(listing(1) == 1) } }
        threads.invokeAll(List(width) { calls }).forEach { it.get() }
        threads.shutdown()
    }
}

val url: String = System.getenv("BENCH_URL")
const val TOKEN = "a-token"

fun listingAt(size: Int) = "$url/$size/api/v2/oauth/clients"

val usageAt = "$url/1/api/v2/oauth/clients/a-client/usage/query/results/an-execution"

/** Runs the client of this name as the program's arguments say. */
fun run(arguments: Array<String>, make: (String) -> Client) {
    val (name, mode) = arguments
    if (mode != "bare") {
        val client = make(name)
        when (mode) {
            "import" -> {}
            "first" -> check(client.listing(1) == 1)
            else -> generateSequence(::readLine).forEach { println(answer(it.split(' '), client)) }
        }
    }
    if (mode != "obey") println(memory())
    // Clients have threads that would stay.
    Runtime.getRuntime().halt(0)
}

private fun answer(words: List<String>, client: Client): String {
    val numbers = words.drop(1).map(String::toInt)
    return when (words[0]) {
        "listing" -> measure(numbers[1]) { client.listing(numbers[0]) == numbers[0] }
        "usage" -> measure(numbers[0]) { client.usage() > 1 }
        "create" -> measure(numbers[0]) { client.create() }
        "at_once" -> {
            val start = System.nanoTime()
            client.atOnce(numbers[0], numbers[1])
            "${System.nanoTime() - start}"
        }
        "memory" -> "${memory()}"
        else -> client.inside().entries.joinToString("\t") { (part, taken) -> "$part=$taken" }
    }
}

/** Calls for as long, and at least once; says how many nanoseconds each call took. */
private fun measure(milliseconds: Int, call: () -> Boolean): String {
    val end = System.nanoTime() + milliseconds * 1_000_000L
    val taken = mutableListOf<Long>()
    do {
        val start = System.nanoTime()
        check(call())
        taken += System.nanoTime() - start
    } while (System.nanoTime() < end)
    return taken.joinToString(" ")
}

/** The resident memory, in bytes. */
private fun memory(): Long {
    val status = File("/proc/self/status")
    val line = if (status.exists()) status.readLines().find { it.startsWith("VmRSS:") } else null
    return line?.split(Regex("\\s+"))?.get(1)?.toLong()?.times(1024) ?: 0
}
