class _UniffiHandle(int):
    """Frees what it stands for when the last one who uses it is done."""

    @classmethod
    def of(cls, owner, number):
        handle = cls(number)
        handle.free = owner._uniffi_free
        return handle

    def __del__(self):
        _uniffi_rust_call(self.free, self)

_uniffi_continuation_callback = _UNIFFI_RUST_FUTURE_CONTINUATION_CALLBACK(_waiting.wake)

async def _uniffi_rust_call_async(
    rust_future, ffi_poll, ffi_complete, ffi_free, ffi_cancel, lift_func, error_ffi_converter
):
    try:
        await _waiting.in_event_loop(
            lambda number: ffi_poll(rust_future, _uniffi_continuation_callback, number),
            lambda: ffi_cancel(rust_future),
        )
        return lift_func(_uniffi_rust_call_with_error(error_ffi_converter, ffi_complete, rust_future))
    finally:
        # However the waiting ended: this is what ends the call.
        ffi_free(rust_future)

def _uniffi_rust_call_blocking(
    rust_future, ffi_poll, ffi_complete, ffi_free, ffi_cancel, lift_func, error_ffi_converter
):
    try:
        _waiting.in_this_thread(
            lambda number: ffi_poll(rust_future, _uniffi_continuation_callback, number),
            lambda: ffi_cancel(rust_future),
        )
        return lift_func(_uniffi_rust_call_with_error(error_ffi_converter, ffi_complete, rust_future))
    finally:
        ffi_free(rust_future)

