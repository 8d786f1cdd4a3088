//! Reduces the overhead of a call. uniffi's buffers call the native library for space with each value that is written,
//! and each of its calls creates three structures. The patched code passes an argument's bytes in a single call.

use anyhow::Result;

use crate::draft::Draft;

pub(super) fn patch(draft: &mut Draft) -> Result<()> {
    let (start, end) = ("class _UniffiRustBufferBuilder:\n", "# A handful of classes and functions");
    draft.replace_between(start, end, include_str!("buffers.py"))?;
    draft.replace_between(
        "    @staticmethod\n    def alloc(size):\n",
        "    def free(self):\n",
        "    @staticmethod
    def of(data):
        _base.check_size(data)
        return _uniffi_rust_call(
            _UniffiLib.ffi_purecloud_oauth_rustbuffer_from_bytes, _UniffiForeignBytes(len(data), data)
        )

    def take(self):
        try:
            return ctypes.string_at(self.data, self.len)
        finally:
            self.free()

",
    )?;
    let contexts = "    @contextlib.contextmanager\n    def ";
    draft.replace_between(
        &format!("{contexts}alloc_with_builder("),
        &format!("{contexts}consume_with_stream("),
        "",
    )?;
    for (old, new) in [
        (
            "return cls(buf.data, buf.len)",
            "return cls(ctypes.string_at(buf.data, buf.len) if buf.len else b\"\", buf.len)",
        ),
        (
            "value = struct.unpack(format, self.data[self.offset:self.offset+size])[0]",
            "value = struct.unpack_from(format, self.data, self.offset)[0]",
        ),
        (
            "        (\"len\", ctypes.c_int32),\n        (\"data\", ctypes.POINTER(ctypes.c_char)),\n",
            "        (\"len\", ctypes.c_int32),\n        (\"data\", ctypes.c_char_p),\n",
        ),
        (
            "        with _UniffiRustBuffer.alloc_with_builder() as builder:
            cls.write(value, builder)
            return builder.finalize()
",
            "        builder = _UniffiRustBufferBuilder()
        cls.write(value, builder)
        return builder.finalize()
",
        ),
        (
            "        with buf.consume_with_stream() as stream:
            return stream.read(stream.remaining()).decode(\"utf-8\")
",
            "        return buf.take().decode(\"utf-8\")\n",
        ),
        (
            "        with _UniffiRustBuffer.alloc_with_builder() as builder:
            builder.write(value.encode(\"utf-8\"))
            return builder.finalize()
",
            "        return _UniffiRustBuffer.of(value.encode(\"utf-8\"))\n",
        ),
        (
            "    call_status = _UniffiRustCallStatus.default()

    args_with_error = args + (ctypes.byref(call_status),)
    result = fn(*args_with_error)
    _uniffi_check_call_status(error_ffi_converter, call_status)
    return result
",
            "    call_status = _UniffiRustCallStatus()
    result = fn(*args, ctypes.byref(call_status))
    if call_status.code:
        _uniffi_check_call_status(error_ffi_converter, call_status)
    return result
",
        ),
        (
            "    return _uniffi_rust_call_with_error(None, fn, *args)\n",
            "    call_status = _UniffiRustCallStatus()
    result = fn(*args, ctypes.byref(call_status))
    if call_status.code:
        _uniffi_check_call_status(None, call_status)
    return result

# For functions that can't fail.
_uniffi_no_status = ctypes.byref(_UniffiRustCallStatus())
",
        ),
    ] {
        draft.replace(1, old, new)?;
    }
    Ok(())
}
