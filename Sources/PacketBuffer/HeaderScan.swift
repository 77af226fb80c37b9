// Finds the TCP or UDP header of a packet for offload work: checksums and segmentation. It trusts
// nothing that a sender claimed about offsets. Anything unusual (fragments, routing headers,
// truncation, other protocols) is "not found", and callers then do without offload or drop.

/// Where the headers of an unfragmented TCP or UDP packet lie, all within the packet.
///
/// **Shape**: offsets in bytes from the packet's first byte.
@frozen public struct HeaderScan {
    public var l3: Int
    public var l4: Int
    /// First byte after the TCP or UDP header.
    public var payload: Int
    /// Bytes from `l4` to the end that the IP header names; Ethernet padding is not in it.
    public var l4Bytes: Int
    public var protocolNumber: UInt8
    public var isIPv6: Bool

    @inlinable public static var tcp: UInt8 { 6 }
    @inlinable public static var udp: UInt8 { 17 }

    @inlinable public var isTCP: Bool { @inline(always) get { protocolNumber == 6 } }

    /// Offset of the checksum field in the L4 header.
    @inlinable public var checksumOffset: Int { @inline(always) get { isTCP ? 16 : 6 } }

    /// Scans `packet`; nil when it has no whole TCP or UDP header, or is a fragment.
    #if !DEBUG
        @_noAllocation
    #endif
    public init?(_ packet: PacketBuffer) {
        let data = UnsafeRawPointer(packet.data)
        let length = packet.length
        guard length >= 14 else { return nil }
        var type = HeaderScan.load16(data, 12)
        var offset = 14
        var tags = 0
        while type == 0x8100 || type == 0x88a8, tags < 2 {
            guard offset &+ 4 <= length else { return nil }
            type = HeaderScan.load16(data, offset &+ 2)
            offset &+= 4
            tags &+= 1
        }
        let found: Bool
        l3 = offset
        l4 = 0
        payload = 0
        l4Bytes = 0
        protocolNumber = 0
        isIPv6 = type == 0x86dd
        switch type {
        case 0x0800: found = scanIPv4(data, length: length)
        case 0x86dd: found = scanIPv6(data, length: length)
        default: found = false
        }
        guard found, scanL4(data) else { return nil }
    }

    private mutating func scanIPv4(_ data: UnsafeRawPointer, length: Int) -> Bool {
        guard l3 &+ 20 <= length else { return false }
        let first = data.load(fromByteOffset: l3, as: UInt8.self)
        let headerBytes = Int(truncatingIfNeeded: first & 15) &* 4
        let totalBytes = Int(truncatingIfNeeded: HeaderScan.load16(data, l3 &+ 2))
        guard first &>> 4 == 4, headerBytes >= 20, totalBytes >= headerBytes,
            totalBytes <= length &- l3
        else { return false }
        // More fragments, or a fragment offset: no L4 offload.
        guard HeaderScan.load16(data, l3 &+ 6) & 0x3fff == 0 else { return false }
        protocolNumber = data.load(fromByteOffset: l3 &+ 9, as: UInt8.self)
        l4 = l3 &+ headerBytes
        l4Bytes = totalBytes &- headerBytes
        return true
    }

    private mutating func scanIPv6(_ data: UnsafeRawPointer, length: Int) -> Bool {
        guard l3 &+ 40 <= length,
            data.load(fromByteOffset: l3, as: UInt8.self) &>> 4 == 6
        else { return false }
        let end = l3 &+ 40 &+ Int(truncatingIfNeeded: HeaderScan.load16(data, l3 &+ 4))
        guard end <= length else { return false }
        var next = data.load(fromByteOffset: l3 &+ 6, as: UInt8.self)
        var offset = l3 &+ 40
        var headers = 0
        // Hop-by-hop and destination options; others move the destination or hide the L4 header.
        while next == 0 || next == 60 {
            guard headers < 8, offset &+ 8 <= end else { return false }
            next = data.load(fromByteOffset: offset, as: UInt8.self)
            offset &+=
                8 &+ Int(
                    truncatingIfNeeded: data.load(fromByteOffset: offset &+ 1, as: UInt8.self)) &* 8
            guard offset <= end else { return false }
            headers &+= 1
        }
        protocolNumber = next
        l4 = offset
        l4Bytes = end &- offset
        return true
    }

    private mutating func scanL4(_ data: UnsafeRawPointer) -> Bool {
        switch protocolNumber {
        case HeaderScan.tcp:
            guard l4Bytes >= 20 else { return false }
            let word = data.load(fromByteOffset: l4 &+ 12, as: UInt8.self)
            let headerBytes = Int(truncatingIfNeeded: word &>> 4) &* 4
            guard headerBytes >= 20, headerBytes <= l4Bytes else { return false }
            payload = l4 &+ headerBytes
        case HeaderScan.udp:
            guard l4Bytes >= 8 else { return false }
            payload = l4 &+ 8
        default:
            return false
        }
        return true
    }

    /// Sum of the pseudo-header for an L4 part of `bytes` bytes.
    @inlinable
    public func pseudoSum(_ data: UnsafeRawPointer, l4Bytes bytes: Int) -> UInt64 {
        var sum = UInt64(truncatingIfNeeded: UInt32(truncatingIfNeeded: bytes).bigEndian)
        sum &+= UInt64(truncatingIfNeeded: UInt16(truncatingIfNeeded: protocolNumber).bigEndian)
        return isIPv6
            ? InternetSum.add(data + l3 + 8, count: 32, to: sum)
            : InternetSum.add(data + l3 + 12, count: 8, to: sum)
    }

    @inlinable @inline(always)
    static func load16(_ data: UnsafeRawPointer, _ offset: Int) -> UInt16 {
        UInt16(bigEndian: data.loadUnaligned(fromByteOffset: offset, as: UInt16.self))
    }
}
