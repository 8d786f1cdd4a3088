// Calls into the native library. For each structure that is passed JNA creates an object and looks up its fields by
// reflection. To avoid that, buffers and the status of a call are passed in memory that each thread keeps.

/** Bytes in native memory, valid until they are freed or passed to a function of the native library. */
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

/** The status of a finished call. */
internal class UniffiRustCallStatus {
    @JvmField var code: Byte = UNIFFI_CALL_SUCCESS
    @JvmField var error_buf: RustBuffer = EMPTY

    fun isSuccess() = code == UNIFFI_CALL_SUCCESS

    fun isError() = code == UNIFFI_CALL_ERROR

    fun isPanic() = code == UNIFFI_CALL_UNEXPECTED_ERROR

    private companion object {
        val EMPTY = RustBuffer(0, 0, null)
    }
}

/** A thread's memory for its current call: the arguments, the returned value, and the status. */
internal class Crossing private constructor() {
    private val memory = ByteBuffer.allocateDirect(STATUS_AT + STATUS).order(ByteOrder.nativeOrder())

    val arguments: Pointer = Native.getDirectBufferPointer(memory)
    val returned: Pointer = arguments.share(RETURNED_AT.toLong())
    val status: Pointer = arguments.share(STATUS_AT.toLong())

    fun put(value: Long) {
        memory.putLong(value)
    }

    fun put(buffer: RustBuffer) {
        memory.putLong(buffer.capacity).putLong(buffer.len).putLong(Pointer.nativeValue(buffer.data))
    }

    fun seek(offset: Int) {
        memory.position(offset)
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
        private val threadLocal = object : ThreadLocal<Crossing>() {
            override fun initialValue() = Crossing()
        }

        /** Returns the memory of this thread, cleared for the next call. The previous call no longer needs it. */
        fun begin(): Crossing = threadLocal.get().also {
            it.memory.clear()
            it.memory.putLong(STATUS_AT, 0)
        }
    }
}

/** The callback that resumes calls. Its native threads stay attached to the JVM: attaching takes longer than a call. */
private val uniffiContinuation: Pointer by lazy {
    uniffiRustFutureContinuationCallbackImpl.let {
        Native.setCallbackThreadInitializer(it, CallbackThreadInitializer(true, false, "purecloud-oauth"))
        CallbackReference.getFunctionPointer(it)
    }
}

/** Loads the native library. If that fails, the error names the option to set, which JNA's own error does not. */
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
