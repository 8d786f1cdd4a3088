class _UniffiRustBufferBuilder:
    """
    Collects bytes that are passed to the native library in one call.
    """

    def __init__(self):
        self.data = bytearray()

    def finalize(self):
        return _UniffiRustBuffer.of(bytes(self.data))

    def write(self, value):
        self.data += value

    def write_u8(self, v):
        self.data.append(v)

    def write_i32(self, v):
        self.data += _UNIFFI_I32(v)

    def write_u32(self, v):
        self.data += _UNIFFI_U32(v)

    def write_i64(self, v):
        self.data += _UNIFFI_I64(v)

    def write_u64(self, v):
        self.data += _UNIFFI_U64(v)

_UNIFFI_I32, _UNIFFI_U32 = struct.Struct(">i").pack, struct.Struct(">I").pack
_UNIFFI_I64, _UNIFFI_U64 = struct.Struct(">q").pack, struct.Struct(">Q").pack

