// Offsets from the packet's first byte, computed from the positions kept in its metadata.

extension PacketBuffer {
    /// Offset of the L3 header from the first byte, as the last writer left it.
    @inlinable public var l3Offset: Int {
        @inline(always) get { Int(metadata.pointee.l3Position) &- headroom }
        @inline(always) nonmutating set {
            metadata.pointee.l3Position = UInt16(truncatingIfNeeded: newValue &+ headroom)
        }
    }

    /// Offset of the L4 header from the first byte, as the last writer left it.
    @inlinable public var l4Offset: Int {
        @inline(always) get { Int(metadata.pointee.l4Position) &- headroom }
        @inline(always) nonmutating set {
            metadata.pointee.l4Position = UInt16(truncatingIfNeeded: newValue &+ headroom)
        }
    }

    /// Offset from the first byte where a partial checksum begins.
    @inlinable public var checksumStart: Int {
        @inline(always) get { Int(metadata.pointee.checksumPosition) &- headroom }
        @inline(always) nonmutating set {
            metadata.pointee.checksumPosition = UInt16(truncatingIfNeeded: newValue &+ headroom)
        }
    }

    /// Whether the L4 checksum remains to be completed.
    @inlinable public var needsChecksum: Bool {
        @inline(always) get { metadata.pointee.flags.rawValue & 1 != 0 }
    }
}
