// From bytes to a flow key: each header is checked once and read once. Nothing downstream checks
// lengths again: what did not fit is simply not in the key, and the offsets say how far the packet
// was understood. Behaviour follows Open vSwitch: a truncated L3 header leaves an L2 packet.

/// How far a frame was understood, and where its headers lie.
///
/// **Units**: byte offsets from the start of the frame; 0 means "not there".
@frozen public struct FrameLayout: Sendable {
    /// Start of the network header (behind VLAN tags), 0 if unknown.
    public var l3: UInt16 = 0
    /// Start of the transport header, 0 if unknown or a later fragment.
    public var l4: UInt16 = 0
    /// First MPLS label stack entry, 0 if none.
    public var mpls: UInt16 = 0
    /// Bytes behind the end of the IP datagram (Ethernet padding).
    public var padding: UInt16 = 0
    /// A TCP, UDP, SCTP or ICMP header was complete.
    public var hasL4 = false
    /// The kind of packet whose fate may not be a function of the record's key.
    public var alwaysJudge = false
    /// Identifier of an ICMP or ICMPv6 echo, else 0.
    public var icmpID: UInt16 = 0

    @inlinable public init() {}
}

/// Parses frames into flow keys.
@frozen public enum FlowExtractor {
    /// Fills the packet fields of `key` (already zeroed) from `length` bytes at `frame`.
    ///
    /// - Parameter vlanLimit: how many VLAN tags are looked through: 0, 1 or 2
    ///   (`other_config:vlan-limit`).
    /// - Returns: the layout, or nil if there is no complete Ethernet header.
    public static func extract(
        _ frame: UnsafeRawPointer, length: Int, vlanLimit: Int, into key: FlowKey
    ) -> FrameLayout? {
        guard length >= 14 else { return nil }
        var layout = FrameLayout()
        key.copyBytes(from: frame, count: 6, to: FlowLayout.ethDestination)
        key.copyBytes(from: frame + 6, count: 6, to: FlowLayout.ethSource)
        var offset = 12
        var type = load16(frame, offset)
        var tags = 0
        while isVLAN(type) && tags < vlanLimit && length >= offset &+ 6 {
            let tci = load16(frame, offset &+ 2) | 0x1000
            if tags == 0 {
                key.store16(tci, at: FlowLayout.vlanTCI)
                key.store16(type, at: FlowLayout.vlanTPID)
            } else {
                key.store16(tci, at: FlowLayout.innerVLANTCI)
                key.store16(type, at: FlowLayout.innerVLANTPID)
            }
            tags &+= 1
            offset &+= 4
            type = load16(frame, offset)
        }
        offset &+= 2
        if type < 0x600 {
            type = snapType(frame, length: length, offset: &offset)
        }
        key.store16(type, at: FlowLayout.ethType)
        layout.l3 = UInt16(truncatingIfNeeded: offset)
        switch type {
        case 0x0800: extractIPv4(frame, length: length, offset: offset, key, &layout)
        case 0x86dd: extractIPv6(frame, length: length, offset: offset, key, &layout)
        case 0x0806, 0x8035: extractARP(frame, length: length, offset: offset, key, &layout)
        case 0x8847, 0x8848: extractMPLS(frame, length: length, offset: offset, key, &layout)
        default: break
        }
        return layout
    }

    @inlinable @inline(always)
    static func isVLAN(_ type: UInt16) -> Bool { type == 0x8100 || type == 0x88a8 }

    @inlinable @inline(always)
    static func load16(_ base: UnsafeRawPointer, _ offset: Int) -> UInt16 {
        UInt16(bigEndian: base.loadUnaligned(fromByteOffset: offset, as: UInt16.self))
    }
    @inlinable @inline(always)
    static func load32(_ base: UnsafeRawPointer, _ offset: Int) -> UInt32 {
        UInt32(bigEndian: base.loadUnaligned(fromByteOffset: offset, as: UInt32.self))
    }
    @inlinable @inline(always)
    static func load8(_ base: UnsafeRawPointer, _ offset: Int) -> UInt8 {
        base.load(fromByteOffset: offset, as: UInt8.self)
    }

    /// The type behind an 802.3 length: the SNAP type, or 0x05ff for "none".
    private static func snapType(
        _ frame: UnsafeRawPointer, length: Int, offset: inout Int
    ) -> UInt16 {
        guard length >= offset &+ 8, load8(frame, offset) == 0xaa,
            load8(frame, offset &+ 1) == 0xaa, load8(frame, offset &+ 2) == 0x03,
            load8(frame, offset &+ 3) == 0, load16(frame, offset &+ 4) == 0
        else { return 0x05ff }
        let type = load16(frame, offset &+ 6)
        guard type >= 0x600 else { return 0x05ff }
        offset &+= 8
        return type
    }

    private static func extractARP(
        _ frame: UnsafeRawPointer, length: Int, offset: Int, _ key: FlowKey,
        _ layout: inout FrameLayout
    ) {
        layout.alwaysJudge = true
        guard length >= offset &+ 28, load16(frame, offset) == 1,
            load16(frame, offset &+ 2) == 0x0800, load16(frame, offset &+ 4) == 0x0604
        else { return }
        let opcode = load16(frame, offset &+ 6)
        if opcode <= 0xff {
            key.store8(UInt8(truncatingIfNeeded: opcode), at: FlowLayout.ipProtocol)
        }
        key.copyBytes(from: frame + offset + 8, count: 6, to: FlowLayout.arpSourceHardware)
        key.copyBytes(from: frame + offset + 14, count: 4, to: FlowLayout.ipv4Source)
        key.copyBytes(from: frame + offset + 18, count: 6, to: FlowLayout.arpTargetHardware)
        key.copyBytes(from: frame + offset + 24, count: 4, to: FlowLayout.ipv4Destination)
    }

    private static func extractMPLS(
        _ frame: UnsafeRawPointer, length: Int, offset: Int, _ key: FlowKey,
        _ layout: inout FrameLayout
    ) {
        layout.alwaysJudge = true
        layout.mpls = UInt16(truncatingIfNeeded: offset)
        var position = offset
        var depth = 0
        while length >= position &+ 4 {
            let entry = load32(frame, position)
            if depth < 3 { key.store32(entry, at: FlowLayout.mplsStack &+ depth &* 4) }
            depth &+= 1
            position &+= 4
            if entry & 0x100 != 0 || depth > 16 { break }
        }
        layout.l3 = UInt16(truncatingIfNeeded: position)
    }

    private static func extractIPv4(
        _ frame: UnsafeRawPointer, length: Int, offset: Int, _ key: FlowKey,
        _ layout: inout FrameLayout
    ) {
        guard length >= offset &+ 20 else { return }
        let versionLength = load8(frame, offset)
        let headerLength = Int(versionLength & 0x0f) &* 4
        let total = Int(load16(frame, offset &+ 2))
        guard versionLength >> 4 == 4, headerLength >= 20, length >= offset &+ headerLength,
            total >= headerLength, length >= offset &+ total
        else { return }
        layout.padding = UInt16(truncatingIfNeeded: min(length &- offset &- total, 0xffff))
        key.copyBytes(from: frame + offset + 12, count: 8, to: FlowLayout.ipv4Source)
        let proto = load8(frame, offset &+ 9)
        key.store8(proto, at: FlowLayout.ipProtocol)
        key.store8(load8(frame, offset &+ 1), at: FlowLayout.ipTOS)
        key.store8(load8(frame, offset &+ 8), at: FlowLayout.ipTTL)
        let fragment = load16(frame, offset &+ 6)
        if fragment & 0x3fff != 0 {
            layout.alwaysJudge = true
            key.store8(fragment & 0x1fff != 0 ? 3 : 1, at: FlowLayout.ipFragment)
            if fragment & 0x1fff != 0 { return }
        }
        extractL4(
            frame, end: offset &+ total, offset: offset &+ headerLength, proto, isIPv6: false, key,
            &layout)
    }

    private static func extractIPv6(
        _ frame: UnsafeRawPointer, length: Int, offset: Int, _ key: FlowKey,
        _ layout: inout FrameLayout
    ) {
        guard length >= offset &+ 40 else { return }
        let first = load32(frame, offset)
        let payload = Int(load16(frame, offset &+ 4))
        guard first >> 28 == 6, length >= offset &+ 40 &+ payload else { return }
        let end = offset &+ 40 &+ payload
        layout.padding = UInt16(truncatingIfNeeded: min(length &- end, 0xffff))
        key.copyBytes(from: frame + offset + 8, count: 32, to: FlowLayout.ipv6Source)
        key.store32(first & 0xfffff, at: FlowLayout.ipv6Label)
        key.store8(UInt8(truncatingIfNeeded: first >> 20), at: FlowLayout.ipTOS)
        key.store8(load8(frame, offset &+ 7), at: FlowLayout.ipTTL)
        var proto = load8(frame, offset &+ 6)
        var position = offset &+ 40
        var headers = 0
        var isLater = false
        // Hop-by-hop, routing, destination options, authentication, fragment.
        while proto == 0 || proto == 43 || proto == 60 || proto == 51 || proto == 44 {
            headers &+= 1
            guard headers <= 8, end >= position &+ 8 else { return }
            let next = load8(frame, position)
            if proto == 44 {
                layout.alwaysJudge = true
                let fragment = load16(frame, position &+ 2)
                if fragment & 0xfff9 != 0 {
                    isLater = fragment & 0xfff8 != 0
                    key.store8(isLater ? 3 : 1, at: FlowLayout.ipFragment)
                }
                position &+= 8
            } else if proto == 51 {
                position &+= (Int(load8(frame, position &+ 1)) &+ 2) &* 4
            } else {
                position &+= (Int(load8(frame, position &+ 1)) &+ 1) &* 8
            }
            proto = next
            if position > end { return }
            if isLater {
                // What follows is not known to begin a header: the fragment is all there is to say.
                proto = 44
                break
            }
        }
        key.store8(proto, at: FlowLayout.ipProtocol)
        if isLater { return }
        extractL4(frame, end: end, offset: position, proto, isIPv6: true, key, &layout)
    }

    private static func extractL4(
        _ frame: UnsafeRawPointer, end: Int, offset: Int, _ proto: UInt8, isIPv6: Bool,
        _ key: FlowKey, _ layout: inout FrameLayout
    ) {
        let size = end &- offset
        layout.l4 = UInt16(truncatingIfNeeded: offset)
        switch proto {
        case 6:
            guard size >= 20 else { return }
            key.copyBytes(from: frame + offset, count: 4, to: FlowLayout.l4Source)
            key.store16(load16(frame, offset &+ 12) & 0x0fff, at: FlowLayout.tcpFlags)
            layout.hasL4 = true
        case 17, 136:
            guard size >= 8 else { return }
            if proto == 17 {
                key.copyBytes(from: frame + offset, count: 4, to: FlowLayout.l4Source)
            }
            layout.hasL4 = true
        case 132:
            guard size >= 12 else { return }
            key.copyBytes(from: frame + offset, count: 4, to: FlowLayout.l4Source)
            layout.hasL4 = true
            layout.alwaysJudge = true
        case 1 where !isIPv6:
            guard size >= 8 else { return }
            let type = load8(frame, offset)
            key.store16(UInt16(type), at: FlowLayout.l4Source)
            key.store16(UInt16(load8(frame, offset &+ 1)), at: FlowLayout.l4Destination)
            layout.hasL4 = true
            if type == 0 || type == 8 {
                layout.icmpID = load16(frame, offset &+ 4)
            } else {
                layout.alwaysJudge = true
            }
        case 2 where !isIPv6:
            layout.alwaysJudge = true
            guard size >= 8 else { return }
            key.store16(UInt16(load8(frame, offset)), at: FlowLayout.l4Source)
            key.store16(UInt16(load8(frame, offset &+ 1)), at: FlowLayout.l4Destination)
            layout.hasL4 = true
        case 58 where isIPv6:
            extractICMPv6(frame, end: end, offset: offset, key, &layout)
        default:
            layout.l4 = UInt16(truncatingIfNeeded: offset)
        }
    }

    private static func extractICMPv6(
        _ frame: UnsafeRawPointer, end: Int, offset: Int, _ key: FlowKey,
        _ layout: inout FrameLayout
    ) {
        layout.alwaysJudge = true
        guard end &- offset >= 4 else { return }
        let type = load8(frame, offset)
        let code = load8(frame, offset &+ 1)
        key.store16(UInt16(type), at: FlowLayout.l4Source)
        key.store16(UInt16(code), at: FlowLayout.l4Destination)
        layout.hasL4 = true
        if (type == 128 || type == 129) && end &- offset >= 8 {
            layout.icmpID = load16(frame, offset &+ 4)
            layout.alwaysJudge = false
            return
        }
        guard (type == 135 || type == 136) && code == 0, end &- offset >= 24 else { return }
        key.store32(load32(frame, offset &+ 4), at: FlowLayout.ndReserved)
        key.copyBytes(from: frame + offset + 8, count: 16, to: FlowLayout.ndTarget)
        var position = offset &+ 24
        while end &- position >= 8 {
            let option = load8(frame, position)
            let size = Int(load8(frame, position &+ 1)) &* 8
            guard size > 0, size <= end &- position else { return clearND(key) }
            if size == 8 && option == 1 && type == 135 {
                guard key.load48(FlowLayout.arpSourceHardware) == 0 else { return clearND(key) }
                key.copyBytes(
                    from: frame + position + 2, count: 6, to: FlowLayout.arpSourceHardware)
                key.store8(option, at: FlowLayout.ndOptionsType)
            } else if size == 8 && option == 2 && type == 136 {
                guard key.load48(FlowLayout.arpTargetHardware) == 0 else { return clearND(key) }
                key.copyBytes(
                    from: frame + position + 2, count: 6, to: FlowLayout.arpTargetHardware)
                key.store8(option, at: FlowLayout.ndOptionsType)
            }
            position &+= size
        }
    }

    /// A malformed option list leaves no ND fields at all.
    private static func clearND(_ key: FlowKey) {
        key.store64(0, at: FlowLayout.ndTarget)
        key.store64(0, at: FlowLayout.ndTarget &+ 8)
        key.store48(0, at: FlowLayout.arpSourceHardware)
        key.store48(0, at: FlowLayout.arpTargetHardware)
    }
}
