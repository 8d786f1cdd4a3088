class _UniffiHandle(int):
    """Frees what it stands for when the last one who uses it is done."""

    @classmethod
    def of(cls, owner, number):
        handle = cls(number)
        handle.free = owner._uniffi_free
        return handle

    def __del__(self):
        _uniffi_rust_call(self.free, self)

_waiting.declare(_UniffiLib)

def _uniffi_rust_call_async(rust_future, functions, ffi_complete, lift_func, error_ffi_converter):
    def result(rust_future):
        return lift_func(_uniffi_rust_call_with_error(error_ffi_converter, ffi_complete, rust_future))

    return _waiting.in_event_loop(rust_future, functions, result)

def _uniffi_rust_call_blocking(rust_future, functions, ffi_complete, lift_func, error_ffi_converter):
    def result(rust_future):
        return lift_func(_uniffi_rust_call_with_error(error_ffi_converter, ffi_complete, rust_future))

    return _waiting.in_this_thread(rust_future, functions, result)

