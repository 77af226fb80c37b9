// Writes header fields into packets with their checksums. Positions are those that the engine
// tracks for the packet in hand; nothing here parses.

import Flow
import PacketBuffer
import Wire

/// Where the headers of the packet in hand lie.
@frozen public struct PacketPositions {
    public var l3: Int = 0
    public var l4: Int = 0
    /// Behind the last VLAN tag and its Ethertype: where MPLS labels go.
    public var mplsOffset: Int = 0
    public var isIPv6 = false
    public var proto: UInt8 = 0
    /// A later fragment has no L4 header.
    public var hasL4 = false
    @inlinable public init() {}
}

/// Field writers.
@frozen public enum PacketEditor {
    @inline(__always)
    static func store16(_ value: UInt16, _ base: UnsafeMutableRawPointer, _ offset: Int) {
        base.storeBytes(of: value.bigEndian, toByteOffset: offset, as: UInt16.self)
    }
    @inline(__always)
    static func store32(_ value: UInt32, _ base: UnsafeMutableRawPointer, _ offset: Int) {
        base.storeBytes(of: value.bigEndian, toByteOffset: offset, as: UInt32.self)
    }
    @inline(__always)
    static func load16(_ base: UnsafeMutableRawPointer, _ offset: Int) -> UInt16 {
        UInt16(bigEndian: base.loadUnaligned(fromByteOffset: offset, as: UInt16.self))
    }
    @inline(__always)
    static func load32(_ base: UnsafeMutableRawPointer, _ offset: Int) -> UInt32 {
        UInt32(bigEndian: base.loadUnaligned(fromByteOffset: offset, as: UInt32.self))
    }
    @inline(__always)
    static func store48(_ value: UInt64, _ base: UnsafeMutableRawPointer, _ offset: Int) {
        store32(UInt32(truncatingIfNeeded: value &>> 16), base, offset)
        store16(UInt16(truncatingIfNeeded: value), base, offset &+ 4)
    }

    /// The change of a ones-complement sum when `old` becomes `new`.
    @inline(__always)
    static func change(_ old: UInt32, _ new: UInt32) -> UInt32 {
        var sum: UInt32 = 0
        sum &+= ~old &>> 16 & 0xffff
        sum &+= ~old & 0xffff
        sum &+= new &>> 16
        sum &+= new & 0xffff
        return sum
    }

    @inline(__always)
    static func fold(_ sum: UInt32) -> UInt16 {
        var value = sum
        value = (value & 0xffff) &+ value &>> 16
        value = (value & 0xffff) &+ value &>> 16
        return UInt16(truncatingIfNeeded: value)
    }

    /// Applies a change to the checksum at `offset`; `partial` sums are kept uncomplemented.
    @inline(__always)
    static func patch(
        _ data: UnsafeMutableRawPointer, _ offset: Int, change: UInt32, partial: Bool = false
    ) {
        let old = load16(data, offset)
        if partial {
            store16(fold(UInt32(old) &+ change), data, offset)
        } else {
            store16(~fold(UInt32(~old) &+ change), data, offset)
        }
    }

    /// Offset of the L4 checksum field from the L4 header, or nil.
    @inline(__always)
    static func checksumOffset(_ proto: UInt8) -> Int? {
        switch proto {
        case 6: return 16
        case 17: return 6
        case 58: return 2
        case 136: return 6
        default: return nil
        }
    }

    /// Applies a change of the pseudo-header or the ports to the L4 checksum. SCTP's is left to
    /// `refreshSCTP`; a UDP checksum of 0 means "none" and stays.
    static func patchL4(
        _ packet: PacketBuffer, _ p: PacketPositions, change: UInt32, isPseudoHeader: Bool
    ) {
        guard p.hasL4, let field = checksumOffset(p.proto) else { return }
        let data = packet.data
        let partial = packet.needsChecksum
        // A partial sum covers the pseudo-header only: ports are summed by whoever completes it.
        if partial && !isPseudoHeader { return }
        if p.proto == 17 && !partial && load16(data, p.l4 &+ field) == 0 { return }
        patch(data, p.l4 &+ field, change: change, partial: partial)
        if p.proto == 17 && !partial && load16(data, p.l4 &+ field) == 0 {
            store16(0xffff, data, p.l4 &+ field)
        }
    }

    static func setEthernet(_ packet: PacketBuffer, _ o: DatapathOperation) {
        let data = packet.data
        if o.flags & 1 != 0 { store48(o.c, data, 0) }
        if o.flags & 2 != 0 { store48(o.d, data, 6) }
    }

    static func setIPv4(_ packet: PacketBuffer, _ p: PacketPositions, _ o: DatapathOperation) {
        guard packet.length >= p.l3 &+ 20 else { return }
        let data = packet.data
        let l3 = p.l3
        if o.flags & 1 != 0 {
            setAddress(packet, p, l3 &+ 12, UInt32(truncatingIfNeeded: o.c &>> 32))
        }
        if o.flags & 2 != 0 {
            setAddress(packet, p, l3 &+ 16, UInt32(truncatingIfNeeded: o.c))
        }
        if o.flags & 4 != 0 {
            let old = UInt32(load16(data, l3))
            let new = old & 0xff00 | UInt32(o.a &>> 8)
            patch(data, l3 &+ 10, change: change(old, new))
            store16(UInt16(truncatingIfNeeded: new), data, l3)
        }
        if o.flags & 8 != 0 {
            let old = UInt32(load16(data, l3 &+ 8))
            let new = old & 0x00ff | UInt32(o.a & 0xff) &<< 8
            patch(data, l3 &+ 10, change: change(old, new))
            store16(UInt16(truncatingIfNeeded: new), data, l3 &+ 8)
        }
    }

    private static func setAddress(
        _ packet: PacketBuffer, _ p: PacketPositions, _ offset: Int, _ new: UInt32
    ) {
        let data = packet.data
        let difference = change(load32(data, offset), new)
        patch(data, p.l3 &+ 10, change: difference)
        patchL4(packet, p, change: difference, isPseudoHeader: true)
        store32(new, data, offset)
    }

    static func setIPv6Address(
        _ packet: PacketBuffer, _ p: PacketPositions, _ offset: Int, high: UInt64, low: UInt64
    ) {
        guard packet.length >= p.l3 &+ 40 else { return }
        let data = packet.data
        var sum: UInt32 = 0
        for index in 0..<4 {
            let source = index < 2 ? high : low
            let new = UInt32(truncatingIfNeeded: index % 2 == 0 ? source &>> 32 : source)
            let difference = change(load32(data, offset &+ index &* 4), new)
            sum = UInt32(fold(sum)) &+ UInt32(fold(difference))
            store32(new, data, offset &+ index &* 4)
        }
        patchL4(packet, p, change: sum, isPseudoHeader: true)
    }

    static func setIPv6(_ packet: PacketBuffer, _ p: PacketPositions, _ o: DatapathOperation) {
        guard packet.length >= p.l3 &+ 40 else { return }
        let data = packet.data
        var head = load32(data, p.l3)
        if o.flags & 4 != 0 { head = head & 0xf00f_ffff | UInt32(o.a &>> 8) &<< 20 }
        if o.flags & 16 != 0 { head = head & 0xfff0_0000 | o.b & 0xfffff }
        store32(head, data, p.l3)
        if o.flags & 8 != 0 {
            data.storeBytes(
                of: UInt8(truncatingIfNeeded: o.a), toByteOffset: p.l3 &+ 7, as: UInt8.self)
        }
    }

    static func setL4(_ packet: PacketBuffer, _ p: PacketPositions, _ o: DatapathOperation) {
        guard p.hasL4 else { return }
        let data = packet.data
        let old = load32(data, p.l4)
        var new = old
        if o.flags & 1 != 0 { new = new & 0xffff | o.b & 0xffff_0000 }
        if o.flags & 2 != 0 { new = new & 0xffff_0000 | o.b & 0xffff }
        guard p.proto != 132 else { return setSCTP(packet, p, ports: new) }
        patchL4(packet, p, change: change(old, new), isPseudoHeader: false)
        store32(new, data, p.l4)
    }

    /// Sets both ports; a wrong checksum stays as wrong as it was.
    private static func setSCTP(_ packet: PacketBuffer, _ p: PacketPositions, ports: UInt32) {
        let data = packet.data
        let end =
            p.isIPv6
            ? p.l3 &+ 40 &+ Int(load16(data, p.l3 &+ 4)) : p.l3 &+ Int(load16(data, p.l3 &+ 2))
        let count = min(end, packet.length) &- p.l4
        guard count >= SCTPHeader.byteCount else { return }
        let header = SCTPHeader(unchecked: data + p.l4)
        let before = CRC32C.sctp(data + p.l4, count: count)
        store32(ports, data, p.l4)
        header.checksum ^= before ^ CRC32C.sctp(data + p.l4, count: count)
    }

    static func setICMP(_ packet: PacketBuffer, _ p: PacketPositions, _ o: DatapathOperation) {
        guard p.hasL4 else { return }
        let data = packet.data
        let old = UInt32(load16(data, p.l4))
        var new = old
        if o.flags & 1 != 0 { new = new & 0xff | UInt32(o.a & 0xff00) }
        if o.flags & 2 != 0 { new = new & 0xff00 | UInt32(o.a & 0xff) }
        patch(data, p.l4 &+ 2, change: change(old, new))
        store16(UInt16(truncatingIfNeeded: new), data, p.l4)
    }

    static func setARP(_ packet: PacketBuffer, _ p: PacketPositions, _ o: DatapathOperation) {
        guard packet.length >= p.l3 &+ 28 else { return }
        let data = packet.data
        if o.flags & 1 != 0 { store16(o.a, data, p.l3 &+ 6) }
        if o.flags & 2 != 0 { store32(UInt32(truncatingIfNeeded: o.c &>> 32), data, p.l3 &+ 14) }
        if o.flags & 4 != 0 { store32(UInt32(truncatingIfNeeded: o.c), data, p.l3 &+ 24) }
    }

    static func setARPHardware(
        _ packet: PacketBuffer, _ p: PacketPositions, _ o: DatapathOperation
    ) {
        guard packet.length >= p.l3 &+ 28 else { return }
        if o.flags & 1 != 0 { store48(o.c, packet.data, p.l3 &+ 8) }
        if o.flags & 2 != 0 { store48(o.d, packet.data, p.l3 &+ 18) }
    }

    static func setNDTarget(_ packet: PacketBuffer, _ p: PacketPositions, _ o: DatapathOperation) {
        guard packet.length >= p.l4 &+ 24 else { return }
        let data = packet.data
        var sum: UInt32 = 0
        for index in 0..<4 {
            let source = index < 2 ? o.c : o.d
            let new = UInt32(truncatingIfNeeded: index % 2 == 0 ? source &>> 32 : source)
            let difference = change(load32(data, p.l4 &+ 8 &+ index &* 4), new)
            sum = UInt32(fold(sum)) &+ UInt32(fold(difference))
            store32(new, data, p.l4 &+ 8 &+ index &* 4)
        }
        patch(data, p.l4 &+ 2, change: sum)
    }

    static func setNDExtension(
        _ packet: PacketBuffer, _ p: PacketPositions, _ o: DatapathOperation
    ) {
        guard packet.length >= p.l4 &+ 24 else { return }
        let data = packet.data
        if o.flags & 1 != 0 {
            patch(data, p.l4 &+ 2, change: change(load32(data, p.l4 &+ 4), o.b))
            store32(o.b, data, p.l4 &+ 4)
        }
        if o.flags & 2 != 0 && packet.length >= p.l4 &+ 32 {
            let old = UInt32(load16(data, p.l4 &+ 24))
            let new = old & 0xff | UInt32(o.a & 0xff) &<< 8
            patch(data, p.l4 &+ 2, change: change(old, new))
            store16(UInt16(truncatingIfNeeded: new), data, p.l4 &+ 24)
        }
    }

    static func setNDLinkLayer(
        _ packet: PacketBuffer, _ p: PacketPositions, _ o: DatapathOperation
    ) {
        let data = packet.data
        let end = packet.length
        var position = p.l4 &+ 24
        while end >= position &+ 8 {
            let type = data.load(fromByteOffset: position, as: UInt8.self)
            let size = Int(data.load(fromByteOffset: position &+ 1, as: UInt8.self)) &* 8
            guard size > 0, position &+ size <= end else { return }
            let value: UInt64? =
                type == 1 && o.flags & 1 != 0 ? o.c : type == 2 && o.flags & 2 != 0 ? o.d : nil
            if let value, size == 8 {
                let oldHigh = UInt32(load16(data, position &+ 2))
                let oldLow = load32(data, position &+ 4)
                let sum =
                    UInt32(fold(change(oldHigh, UInt32(truncatingIfNeeded: value &>> 32))))
                    &+ UInt32(fold(change(oldLow, UInt32(truncatingIfNeeded: value))))
                patch(data, p.l4 &+ 2, change: sum)
                store48(value, data, position &+ 2)
            }
            position &+= size
        }
    }
}
