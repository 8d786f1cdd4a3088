
/** Calls a function that searches for settings and logs the warnings about them, even if the function fails. */
private inline fun <U, E : kotlin.Exception> uniffiFindSettings(
    errorHandler: UniffiRustCallStatusErrorHandler<E>,
    callback: (UniffiRustCallStatus) -> U,
): U =
    try {
        uniffiRustCallWithError(errorHandler, callback)
    } finally {
        takeWarnings().forEach(Warnings::log)
    }

/** The platform's logger: `System.Logger`, which logging frameworks can receive, or `java.util.logging` without it. */
private object Warnings {
    private const val NAME = "purecloud.oauth"

    private val write: (String) -> Unit = systemLogger() ?: { message ->
        java.util.logging.Logger.getLogger(NAME).warning(message)
    }

    fun log(message: String) = write(message)

    // By reflection, because Java 8 and Android don't have the class.
    private fun systemLogger(): ((String) -> Unit)? = try {
        val level = Class.forName("java.lang.System\$Logger\$Level")
        val log = Class.forName("java.lang.System\$Logger").getMethod("log", level, String::class.java)
        val logger = System::class.java.getMethod("getLogger", String::class.java).invoke(null, NAME)
        val warning = level.getField("WARNING").get(null)
        val write: (String) -> Unit = { message -> log.invoke(logger, warning, message) }
        write
    } catch (e: ReflectiveOperationException) {
        null
    }
}
