// How calls cross into the library. Of each structure that crosses JNA makes an object, and finds its fields by
// reflection; so buffers and the status of a call cross in memory that each thread keeps.

/** Bytes in the library's memory, until they are freed or given to one of its functions. */
internal class RustBuffer(val capacity: Long, var len: Long, val data: Pointer?) {
    fun asByteBuffer(): ByteBuffer? = data?.getByteBuffer(0, len)?.order(ByteOrder.BIG_ENDIAN)

    companion object {
        fun alloc(size: ULong): RustBuffer = uniffiRustCall { status ->
            UniffiLib.ffi_purecloud_oauth_rustbuffer_alloc(size.toLong(), status)
        }

        fun free(buffer: RustBuffer) = uniffiRustCall { status ->
            UniffiLib.ffi_purecloud_oauth_rustbuffer_free(buffer, status)
        }
    }
}

/** How a call ended. */
internal class UniffiRustCallStatus {
    @JvmField var code: Byte = UNIFFI_CALL_SUCCESS
    @JvmField var error_buf: RustBuffer = NOTHING

    fun isSuccess() = code == UNIFFI_CALL_SUCCESS

    fun isError() = code == UNIFFI_CALL_ERROR

    fun isPanic() = code == UNIFFI_CALL_UNEXPECTED_ERROR

    private companion object {
        val NOTHING = RustBuffer(0, 0, null)
    }
}

/** A thread's memory for the call that it is just making: for what it gives, what it is returned, and the status. */
internal class Crossing private constructor() {
    private val memory = ByteBuffer.allocateDirect(STATUS_AT + STATUS).order(ByteOrder.nativeOrder())

    val arguments: Pointer = Native.getDirectBufferPointer(memory)
    val returned: Pointer = arguments.share(RETURNED_AT.toLong())
    val status: Pointer = arguments.share(STATUS_AT.toLong())

    fun give(value: Long) {
        memory.putLong(value)
    }

    fun give(buffer: RustBuffer) {
        memory.putLong(buffer.capacity).putLong(buffer.len).putLong(Pointer.nativeValue(buffer.data))
    }

    fun lookAt(place: Int) {
        memory.position(place)
    }

    fun takeUnit() = Unit

    fun takeLong(): Long = memory.getLong()

    fun takeByte(): Byte = memory.get().also { memory.position(memory.position() + ELEMENT - 1) }

    fun takeRustBuffer() = RustBuffer(memory.getLong(), memory.getLong(), Pointer(memory.getLong()))

    fun takeStatus(status: UniffiRustCallStatus) {
        status.code = takeByte()
        if (!status.isSuccess()) status.error_buf = takeRustBuffer()
    }

    companion object {
        private val ofThreads = object : ThreadLocal<Crossing>() {
            override fun initialValue() = Crossing()
        }

        /** This thread's, for the next call. What was in it has been read by the library or here. */
        fun begin(): Crossing = ofThreads.get().also {
            it.memory.clear()
            it.memory.putLong(STATUS_AT, 0)
        }
    }
}

/** By what the library says that a call can go on. Its threads stay known to Java: that takes longer than a call. */
private val uniffiContinuation: Pointer by lazy {
    uniffiRustFutureContinuationCallbackImpl.let {
        Native.setCallbackThreadInitializer(it, CallbackThreadInitializer(true, false, "purecloud-oauth"))
        CallbackReference.getFunctionPointer(it)
    }
}

/** Loads the native library. If that fails, the error says what to set; JNA's names an unpacked file at most. */
private fun loadNativeLibrary(load: () -> Unit) {
    try {
        load()
    } catch (failure: LinkageError) {
        val message = "the native library can't be loaded: $failure. JNA unpacks it into the cache folder of the " +
            "user or the folder of java.io.tmpdir (${System.getProperty("java.io.tmpdir")}). If programs can't write " +
            "there, or the folder is mounted with noexec, start Java with -Djna.tmpdir=FOLDER and name another folder"
        throw UnsatisfiedLinkError(message).apply { initCause(failure) }
    }
}
