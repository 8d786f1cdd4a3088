// Runs an implementation according to its arguments and the commands from standard input.

package bench

import java.io.File
import java.util.concurrent.Callable
import java.util.concurrent.Executors

/** An implementation that is measured. */
interface Implementation {
    /** Reads a listing and returns its length. */
    fun listing(size: Int): Int

    /** Reads the usage result and returns the number of its rows. */
    fun usage(): Int

    /** Creates a client, and returns whether the response contains it. */
    fun create(): Boolean

    /** Returns the costs of parts of a call, in nanoseconds. */
    fun callCosts(): Map<String, Double> = emptyMap()

    /** Makes `total` calls from `width` threads. */
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

/** Runs the implementation with the name and in the mode that the arguments give. */
fun run(arguments: Array<String>, make: (String) -> Implementation) {
    val (name, mode) = arguments
    if (mode != "bare") {
        val implementation = make(name)
        when (mode) {
            "import" -> {}
            "first" -> check(implementation.listing(1) == 1)
            else -> generateSequence(::readLine).forEach { println(execute(it.split(' '), implementation)) }
        }
    }
    if (mode != "obey") println(memory())
    // Implementations may have threads that would keep the process alive.
    Runtime.getRuntime().halt(0)
}

private fun execute(command: List<String>, implementation: Implementation): String {
    val numbers = command.drop(1).map(String::toInt)
    return when (command[0]) {
        "listing" -> measure(numbers[1]) { implementation.listing(numbers[0]) == numbers[0] }
        "usage" -> measure(numbers[0]) { implementation.usage() > 1 }
        "create" -> measure(numbers[0]) { implementation.create() }
        "at_once" -> {
            val start = System.nanoTime()
            implementation.atOnce(numbers[0], numbers[1])
            "${System.nanoTime() - start}"
        }
        "memory" -> "${memory()}"
        else -> implementation.callCosts().entries.joinToString("\t") { (part, taken) -> "$part=$taken" }
    }
}

/** Makes calls for the given time, at least one; returns the duration of each in nanoseconds. */
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

/** Returns the resident memory, in bytes. */
private fun memory(): Long {
    val status = File("/proc/self/status")
    val line = if (status.exists()) status.readLines().find { it.startsWith("VmRSS:") } else null
    return line?.split(Regex("\\s+"))?.get(1)?.toLong()?.times(1024) ?: 0
}
