// What is known about a packet's checksums and hash, and the segmentation types of virtio-net.

/// Facts about one packet, kept in its metadata.
@frozen public struct PacketFlags: OptionSet, Sendable {
    public var rawValue: UInt16

    @inlinable @inline(always)
    public init(rawValue: UInt16) { self.rawValue = rawValue }

    // The set's verbs on the bits themselves: the generic ones may allocate metadata.

    @inlinable @inline(always)
    public func contains(_ member: PacketFlags) -> Bool {
        rawValue & member.rawValue == member.rawValue
    }
    @inlinable @inline(always)
    public mutating func add(_ member: PacketFlags) { rawValue |= member.rawValue }
    @inlinable @inline(always)
    public mutating func clear(_ member: PacketFlags) { rawValue &= ~member.rawValue }

    /// The L4 checksum is partial: the pseudo-header sum is stored at `checksumStart +
    /// checksumOffset` and the sum over `checksumStart...` remains to be folded in.
    @inlinable public static var needsChecksum: PacketFlags { .init(rawValue: 1) }
    /// The sender's checksums were verified by the kernel or the device.
    @inlinable public static var checksumValid: PacketFlags { .init(rawValue: 2) }
    /// The device found a wrong checksum.
    @inlinable public static var checksumBad: PacketFlags { .init(rawValue: 4) }
    /// `PacketBuffer.rssHash` holds the device's flow hash.
    @inlinable public static var rssValid: PacketFlags { .init(rawValue: 8) }
}

/// Segmentation types, with the numbers of virtio-net's `gso_type`.
@frozen public enum GSOType {
    @inlinable public static var none: UInt8 { 0 }
    @inlinable public static var tcp4: UInt8 { 1 }
    /// UDP fragmentation (UFO), which we neither ask for nor accept.
    @inlinable public static var udpFragment: UInt8 { 3 }
    @inlinable public static var tcp6: UInt8 { 4 }
    /// UDP segmentation (USO): one datagram per segment.
    @inlinable public static var udpL4: UInt8 { 5 }
    /// May be set beside `tcp4` and `tcp6`: CWR is set on the first segment alone.
    @inlinable public static var ecnBit: UInt8 { 0x80 }
}
