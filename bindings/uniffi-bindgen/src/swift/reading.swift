// Reads a buffer of the native library in place: values are created without an intermediate copy.
struct BufferReader {
    private var unread: UnsafeRawBufferPointer

    fileprivate init(_ buffer: RustBuffer) {
        unread = UnsafeRawBufferPointer(start: buffer.data, count: Int(buffer.len))
    }

    fileprivate var isAtEnd: Bool { unread.isEmpty }

    @inline(__always)
    fileprivate mutating func next(_ count: Int) throws -> UnsafeRawBufferPointer {
        guard count >= 0, count <= unread.count else {
            throw UniffiInternalError.bufferOverflow
        }
        defer { unread = UnsafeRawBufferPointer(rebasing: unread[count...]) }
        return UnsafeRawBufferPointer(rebasing: unread[..<count])
    }
}

@inline(__always)
fileprivate func readInt<T: FixedWidthInteger & BitwiseCopyable>(_ reader: inout BufferReader) throws -> T {
    T(bigEndian: try reader.next(MemoryLayout<T>.size).loadUnaligned(as: T.self))
}

@inline(__always)
fileprivate func readBytes(_ reader: inout BufferReader, count: Int) throws -> UnsafeRawBufferPointer {
    try reader.next(count)
}

