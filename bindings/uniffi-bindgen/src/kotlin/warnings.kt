
/** Calls a function that finds settings, and logs the warnings about them, also where it fails. */
private inline fun <U, E : kotlin.Exception> uniffiFindSettings(
    errorHandler: UniffiRustCallStatusErrorHandler<E>,
    callback: (UniffiRustCallStatus) -> U,
): U =
    try {
        uniffiRustCallWithError(errorHandler, callback)
    } finally {
        takeWarnings().forEach(Warnings::log)
    }

/** The logger of the platform: `System.Logger`, which logging frameworks receive, or that of Java 8 and Android. */
private object Warnings {
    private const val NAME = "purecloud.oauth"

    private val write: (String) -> Unit = systemLogger() ?: { text ->
        java.util.logging.Logger.getLogger(NAME).warning(text)
    }

    fun log(text: String) = write(text)

    // By reflection: Java 8 and Android have none.
    private fun systemLogger(): ((String) -> Unit)? = try {
        val level = Class.forName("java.lang.System\$Logger\$Level")
        val log = Class.forName("java.lang.System\$Logger").getMethod("log", level, String::class.java)
        val logger = System::class.java.getMethod("getLogger", String::class.java).invoke(null, NAME)
        val warning = level.getField("WARNING").get(null)
        val write: (String) -> Unit = { text -> log.invoke(logger, warning, text) }
        write
    } catch (e: ReflectiveOperationException) {
        null
    }
}
