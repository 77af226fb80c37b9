// The flow key in memory: a pointer to `FlowLayout.byteCount` bytes with typed access in host
// order. Filled by extraction, read and written by the interpreter; the owner of the memory is the
// poll thread (or the trace) that judges the packet.

/// A flow key by reference.
///
/// **Owner**: whoever allocated the block; a `FlowKey` never frees it.
@frozen public struct FlowKey: @unchecked Sendable {
    public let base: UnsafeMutableRawPointer

    @inlinable @inline(always)
    public init(_ base: UnsafeMutableRawPointer) { self.base = base }

    /// A zeroed key on the heap; free it with `deallocate()`.
    public static func allocate() -> FlowKey {
        let base = UnsafeMutableRawPointer.allocate(
            byteCount: FlowLayout.byteCount, alignment: 64)
        base.initializeMemory(as: UInt8.self, repeating: 0, count: FlowLayout.byteCount)
        return FlowKey(base)
    }

    public func deallocate() { base.deallocate() }

    @inlinable @inline(always)
    public func clear() {
        base.assumingMemoryBound(to: UInt64.self).update(repeating: 0, count: FlowLayout.wordCount)
    }

    @inlinable @inline(always)
    public func copy(from other: FlowKey) {
        base.copyMemory(from: other.base, byteCount: FlowLayout.byteCount)
    }

    /// The 64-bit word at `index`, in memory order, as `MatchWord` compares it.
    @inlinable @inline(always)
    public func word(_ index: Int) -> UInt64 {
        base.assumingMemoryBound(to: UInt64.self)[index]
    }

    @inlinable @inline(always)
    public func load8(_ offset: Int) -> UInt8 { base.load(fromByteOffset: offset, as: UInt8.self) }
    @inlinable @inline(always)
    public func load16(_ offset: Int) -> UInt16 {
        UInt16(bigEndian: base.loadUnaligned(fromByteOffset: offset, as: UInt16.self))
    }
    @inlinable @inline(always)
    public func load32(_ offset: Int) -> UInt32 {
        UInt32(bigEndian: base.loadUnaligned(fromByteOffset: offset, as: UInt32.self))
    }
    @inlinable @inline(always)
    public func load64(_ offset: Int) -> UInt64 {
        UInt64(bigEndian: base.loadUnaligned(fromByteOffset: offset, as: UInt64.self))
    }
    /// Six bytes as an integer, first byte most significant.
    @inlinable @inline(always)
    public func load48(_ offset: Int) -> UInt64 {
        UInt64(load32(offset)) << 16 | UInt64(load16(offset &+ 4))
    }
    @inlinable @inline(always)
    public func store8(_ value: UInt8, at offset: Int) {
        base.storeBytes(of: value, toByteOffset: offset, as: UInt8.self)
    }
    @inlinable @inline(always)
    public func store16(_ value: UInt16, at offset: Int) {
        base.storeBytes(of: value.bigEndian, toByteOffset: offset, as: UInt16.self)
    }
    @inlinable @inline(always)
    public func store32(_ value: UInt32, at offset: Int) {
        base.storeBytes(of: value.bigEndian, toByteOffset: offset, as: UInt32.self)
    }
    @inlinable @inline(always)
    public func store64(_ value: UInt64, at offset: Int) {
        base.storeBytes(of: value.bigEndian, toByteOffset: offset, as: UInt64.self)
    }
    @inlinable @inline(always)
    public func store48(_ value: UInt64, at offset: Int) {
        store32(UInt32(truncatingIfNeeded: value &>> 16), at: offset)
        store16(UInt16(truncatingIfNeeded: value), at: offset &+ 4)
    }
    /// Copies `count` bytes at `offset` from raw memory.
    @inlinable @inline(always)
    public func copyBytes(from source: UnsafeRawPointer, count: Int, to offset: Int) {
        (base + offset).copyMemory(from: source, byteCount: count)
    }
}
