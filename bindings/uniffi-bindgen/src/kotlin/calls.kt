/** A call that is waiting for the native library. */
private fun interface WaitingCall {
    /**
     * Resumes the call. Runs on the native library's only thread for calls, so it must continue on another thread and
     * must not run code of the user.
     */
    fun wake(pollResult: Byte)
}

private val uniffiContinuationHandleMap = UniffiHandleMap<WaitingCall>()

// FFI type for Rust future continuations
internal object uniffiRustFutureContinuationCallbackImpl: UniffiRustFutureContinuationCallback {
    override fun callback(data: Long, pollResult: Byte) {
        uniffiContinuationHandleMap.remove(data).wake(pollResult)
    }
}

private class SuspendedCall(private val continuation: CancellableContinuation<Byte>) : WaitingCall {
    override fun wake(pollResult: Byte) {
        val context = continuation.context
        val dispatcher = context[ContinuationInterceptor] as? CoroutineDispatcher
        if (dispatcher?.isDispatchNeeded(context) == true) {
            continuation.resume(pollResult)
        } else {
            // Without a dispatcher, as in `suspend fun main`, the coroutine would continue on this thread.
            CompletableFuture.runAsync { continuation.resume(pollResult) }
        }
    }
}

private suspend fun<T, F, E: kotlin.Exception> uniffiRustCallAsync(
    rustFuture: Long,
    pollFunc: (Long, Pointer, Long) -> Unit,
    completeFunc: (Long, UniffiRustCallStatus) -> F,
    freeFunc: (Long) -> Unit,
    liftFunc: (F) -> T,
    errorHandler: UniffiRustCallStatusErrorHandler<E>
): T {
    try {
        do {
            val pollResult = suspendCancellableCoroutine<Byte> { continuation ->
                val call = SuspendedCall(continuation)
                pollFunc(rustFuture, uniffiContinuation, uniffiContinuationHandleMap.insert(call))
            }
        } while (pollResult != UNIFFI_RUST_FUTURE_POLL_READY)
        return liftFunc(
            uniffiRustCallWithError(errorHandler, { status -> completeFunc(rustFuture, status) })
        )
    } finally {
        freeFunc(rustFuture)
    }
}

/** A call that parks its thread. Not a monitor: before JDK 24, waiting in a monitor pins a virtual thread. */
private class ParkedCall : WaitingCall {
    private val thread = Thread.currentThread()

    @Volatile
    private var pollResult: Byte? = null

    override fun wake(pollResult: Byte) {
        this.pollResult = pollResult
        LockSupport.unpark(thread)
    }

    fun await(): Byte {
        while (true) {
            pollResult?.let { return it }
            throwIfInterrupted("the thread was interrupted; the request is closed, and may have been executed")
            LockSupport.park(this)
        }
    }
}

/** Throws if the thread is interrupted, and leaves it interrupted: other code on it may have to stop as well. */
private fun throwIfInterrupted(message: String) {
    if (Thread.currentThread().isInterrupted) throw CancellationException(message)
}

private fun<T, F, E: kotlin.Exception> uniffiRustCallBlocking(
    rustFuture: Long,
    pollFunc: (Long, Pointer, Long) -> Unit,
    completeFunc: (Long, UniffiRustCallStatus) -> F,
    freeFunc: (Long) -> Unit,
    liftFunc: (F) -> T,
    errorHandler: UniffiRustCallStatusErrorHandler<E>
): T {
    try {
        throwIfInterrupted("the thread was interrupted; nothing was sent")
        do {
            val call = ParkedCall()
            pollFunc(rustFuture, uniffiContinuation, uniffiContinuationHandleMap.insert(call))
        } while (call.await() != UNIFFI_RUST_FUTURE_POLL_READY)
        return liftFunc(
            uniffiRustCallWithError(errorHandler, { status -> completeFunc(rustFuture, status) })
        )
    } finally {
        // Freeing the future closes the request if it is still open.
        freeFunc(rustFuture)
    }
}

/** A call as a future. Completing it in any way frees the Rust future, which closes the request. */
private class CallAsFuture<T, F, E: kotlin.Exception>(
    private val rustFuture: Long,
    private val pollFunc: (Long, Pointer, Long) -> Unit,
    private val completeFunc: (Long, UniffiRustCallStatus) -> F,
    private val freeFunc: (Long) -> Unit,
    private val liftFunc: (F) -> T,
    private val errorHandler: UniffiRustCallStatusErrorHandler<E>
) : CompletableFuture<T>(), WaitingCall {
    /** The number of threads that use the Rust future, plus one for the call itself. The future is freed at zero. */
    private val users = AtomicInteger(1)
    private val isReleased = AtomicBoolean(false)

    fun poll() {
        if (!enter()) return
        try {
            pollFunc(rustFuture, uniffiContinuation, uniffiContinuationHandleMap.insert(this))
        } finally {
            leave()
        }
    }

    override fun wake(pollResult: Byte) {
        if (!isDone) runAsync { proceed(pollResult) }
    }

    private fun proceed(pollResult: Byte) {
        if (pollResult != UNIFFI_RUST_FUTURE_POLL_READY) return poll()
        if (!enter()) return
        val value = try {
            liftFunc(uniffiRustCallWithError(errorHandler, { status -> completeFunc(rustFuture, status) }))
        } catch (failure: Throwable) {
            completeExceptionally(failure)
            return
        } finally {
            leave()
        }
        // The future may have been cancelled in the meantime.
        if (!complete(value)) Disposable.destroy(value)
    }

    // The request is closed first, because completing this future runs dependent actions, which may take long.

    override fun complete(value: T): Boolean {
        release()
        return super.complete(value)
    }

    override fun completeExceptionally(failure: Throwable): Boolean {
        release()
        return super.completeExceptionally(failure)
    }

    override fun cancel(mayInterruptIfRunning: Boolean): Boolean {
        release()
        return super.cancel(mayInterruptIfRunning)
    }

    private fun release() {
        if (isReleased.compareAndSet(false, true)) leave()
    }

    private fun enter(): Boolean {
        while (true) {
            val now = users.get()
            if (now == 0) return false
            if (users.compareAndSet(now, now + 1)) return true
        }
    }

    private fun leave() {
        if (users.decrementAndGet() == 0) freeFunc(rustFuture)
    }
}

private fun<T, F, E: kotlin.Exception> uniffiRustCallFuture(
    rustFuture: Long,
    pollFunc: (Long, Pointer, Long) -> Unit,
    completeFunc: (Long, UniffiRustCallStatus) -> F,
    freeFunc: (Long) -> Unit,
    liftFunc: (F) -> T,
    errorHandler: UniffiRustCallStatusErrorHandler<E>
): CompletableFuture<T> =
    CallAsFuture(rustFuture, pollFunc, completeFunc, freeFunc, liftFunc, errorHandler).also { it.poll() }

