class _UniffiKeeper:
    """Frees a handle once neither the object nor a call uses it."""

    __slots__ = ("free", "number")

    def __init__(self, free, number):
        self.free, self.number = free, number

    def __del__(self):
        _uniffi_rust_call(self.free, self.number)

_waiting.declare(_UniffiLib)

def _uniffi_rust_call_async(rust_future, functions, ffi_complete, lift_func, error_ffi_converter):
    def result(rust_future):
        return lift_func(_uniffi_rust_call_with_error(error_ffi_converter, ffi_complete, rust_future))

    return _waiting.wait_in_event_loop(rust_future, functions, result)

def _uniffi_rust_call_blocking(rust_future, functions, ffi_complete, lift_func, error_ffi_converter):
    def result(rust_future):
        return lift_func(_uniffi_rust_call_with_error(error_ffi_converter, ffi_complete, rust_future))

    return _waiting.wait_in_thread(rust_future, functions, result)

