// The exact key of a flow record: 64 bytes made straight from the frame of a common packet (IPv4 or
// IPv6, whole, TCP, UDP, ICMP echo or another protocol by addresses). Every other packet, and every
// packet whose outcome may not be a function of this key, goes to the pipeline.

import CIntrinsics
import Flow
import PacketBuffer

/// What the fast extraction found besides the key.
@frozen public struct PacketFacts {
    /// Offsets from the start of the frame.
    public var l3: UInt16 = 0
    public var l4: UInt16 = 0
    /// End of the IP datagram.
    public var end: UInt16 = 0
    public var proto: UInt8 = 0
    /// False: judge by the pipeline, no record is looked up or made.
    public var hasKey = false
    public var isIPv6 = false
    @inlinable public init() {}
}

/// Makes record keys.
///
/// **Shape**: eight words: port (12 bits), IPv6 label, type; destination, tag; source, tag;
/// protocol, TOS, TTL, TCP flags, ports; four words of addresses. Compared and hashed as memory.
/// The flags are 0 where no rule matches them. A narrow key has `narrowBit` in its first word,
/// no label, and zeros from the fourth word on, which are not hashed.
@frozen public enum RecordKey {
    @inlinable public static var wordCount: Int { 8 }
    /// Words of a narrow key that are hashed.
    @inlinable static var narrowWordCount: Int { 4 }
    @inlinable static var narrowBit: UInt64 { 1 &<< 47 }

    @inlinable @inline(always)
    static func load16(_ base: UnsafeRawPointer, _ offset: Int) -> UInt16 {
        base.loadUnaligned(fromByteOffset: offset, as: UInt16.self)
    }
    @inlinable @inline(always)
    static func load32(_ base: UnsafeRawPointer, _ offset: Int) -> UInt32 {
        base.loadUnaligned(fromByteOffset: offset, as: UInt32.self)
    }
    @inlinable @inline(always)
    static func load64(_ base: UnsafeRawPointer, _ offset: Int) -> UInt64 {
        base.loadUnaligned(fromByteOffset: offset, as: UInt64.self)
    }

    /// Writes the key of `packet` to `words`.
    ///
    /// - Parameters:
    ///   - vlanLimit: tags looked through, as for `FlowExtractor`.
    ///   - keepsFlags: whether some rule matches TCP flags, which are part of the key then.
    /// - Returns: facts; `hasKey` false where the packet must be judged.
    @inlinable @inline(always)
    public static func make(
        _ packet: PacketBuffer, vlanLimit: UInt32, keepsFlags: Bool,
        into words: UnsafeMutablePointer<UInt64>
    ) -> PacketFacts {
        var facts = PacketFacts()
        let frame = UnsafeRawPointer(packet.data)
        let length = packet.length
        let type = makeLink(frame, length: length, vlanLimit: vlanLimit, words, &facts)
        if type == 0x0008 || type == 0xdd86 {
            words[0] |= UInt64(packet.metadata.pointee.inPort)
        }
        let offset = Int(facts.l3)
        if type == 0x0008 {
            makeIPv4(frame, length: length, offset: offset, keepsFlags: keepsFlags, words, &facts)
        } else if type == 0xdd86 {
            makeIPv6(frame, length: length, offset: offset, keepsFlags: keepsFlags, words, &facts)
        }
        return facts
    }

    /// Writes a key that says nothing of what is behind the Ethertype, which must be that of IPv4
    /// or IPv6. A super-packet must not have one: how long its segments are, its headers say.
    @inlinable @inline(always)
    public static func makeNarrow(
        _ packet: PacketBuffer, vlanLimit: UInt32, into words: UnsafeMutablePointer<UInt64>
    ) -> PacketFacts {
        var facts = PacketFacts()
        let frame = UnsafeRawPointer(packet.data)
        let type = makeLink(
            frame, length: packet.length, vlanLimit: vlanLimit, words, &facts)
        guard type == 0x0008 || type == 0xdd86 else { return facts }
        words[0] |= UInt64(packet.metadata.pointee.inPort) | narrowBit
        words[3] = 0
        words[4] = 0
        words[5] = 0
        words[6] = 0
        words[7] = 0
        facts.isIPv6 = type == 0xdd86
        facts.hasKey = true
        return facts
    }

    /// Writes Ethertype, addresses and tags; the Ethertype as it lies in memory, 0 for frames that
    /// are too short or have more tags than are looked through.
    @inlinable @inline(always)
    static func makeLink(
        _ frame: UnsafeRawPointer, length: Int, vlanLimit: UInt32,
        _ words: UnsafeMutablePointer<UInt64>, _ facts: inout PacketFacts
    ) -> UInt16 {
        guard length >= 34 else { return 0 }
        let first = load64(frame, 0)
        let second = load64(frame, 8)
        var destination = first & 0xffff_ffff_ffff
        var source = first &>> 48 | (second & 0xffff_ffff) &<< 16
        var type = UInt16(truncatingIfNeeded: second &>> 32)
        var offset = 14
        var tpids: UInt64 = 0
        if type == 0x0081 || type == 0xa888 {
            guard vlanLimit >= 1, length >= 38 else { return 0 }
            destination |= UInt64(load16(frame, 14) | 0x0010) &<< 48
            tpids = type == 0x0081 ? 1 : 2
            type = load16(frame, 16)
            offset = 18
            if type == 0x0081 || type == 0xa888 {
                guard vlanLimit >= 2, length >= 42 else { return 0 }
                source |= UInt64(load16(frame, 18) | 0x0010) &<< 48
                tpids |= type == 0x0081 ? 4 : 8
                type = load16(frame, 20)
                offset = 22
            }
        }
        words[0] = tpids &<< 32 | UInt64(type) &<< 48
        words[1] = destination
        words[2] = source
        facts.l3 = UInt16(truncatingIfNeeded: offset)
        return type
    }

    @inlinable @inline(always)
    static func makeIPv4(
        _ frame: UnsafeRawPointer, length: Int, offset: Int, keepsFlags: Bool,
        _ words: UnsafeMutablePointer<UInt64>, _ facts: inout PacketFacts
    ) {
        guard length >= offset &+ 20 else { return }
        let versionLength = frame.load(fromByteOffset: offset, as: UInt8.self)
        let headerLength = Int(versionLength & 0x0f) &* 4
        let total = Int(UInt16(bigEndian: load16(frame, offset &+ 2)))
        // Fragments (any offset or more to come) have state of their own.
        guard versionLength &>> 4 == 4, headerLength >= 20, total >= headerLength,
            length >= offset &+ total, load16(frame, offset &+ 6) & 0xff3f == 0
        else { return }
        let proto = frame.load(fromByteOffset: offset &+ 9, as: UInt8.self)
        let tos = UInt64(frame.load(fromByteOffset: offset &+ 1, as: UInt8.self))
        let ttl = UInt64(frame.load(fromByteOffset: offset &+ 8, as: UInt8.self))
        words[4] = load64(frame, offset &+ 12)
        words[5] = 0
        words[6] = 0
        words[7] = 0
        facts.proto = proto
        facts.end = UInt16(truncatingIfNeeded: min(offset &+ total, 0xffff))
        words[3] = UInt64(proto) | tos &<< 8 | ttl &<< 16
        finish(
            frame, end: offset &+ total, l4: offset &+ headerLength, keepsFlags: keepsFlags,
            icmp: 1, words, &facts)
    }

    @inlinable @inline(always)
    static func makeIPv6(
        _ frame: UnsafeRawPointer, length: Int, offset: Int, keepsFlags: Bool,
        _ words: UnsafeMutablePointer<UInt64>, _ facts: inout PacketFacts
    ) {
        guard length >= offset &+ 40 else { return }
        let head = UInt32(bigEndian: load32(frame, offset))
        let payload = Int(UInt16(bigEndian: load16(frame, offset &+ 4)))
        guard head &>> 28 == 6, length >= offset &+ 40 &+ payload else { return }
        words[0] |= UInt64(head & 0xfffff) &<< 12
        let proto = frame.load(fromByteOffset: offset &+ 6, as: UInt8.self)
        // Extension headers are walked by the full extraction only.
        if proto == 0 || proto == 43 || proto == 44 || proto == 51 || proto == 60 { return }
        let ttl = UInt64(frame.load(fromByteOffset: offset &+ 7, as: UInt8.self))
        words[4] = load64(frame, offset &+ 8)
        words[5] = load64(frame, offset &+ 16)
        words[6] = load64(frame, offset &+ 24)
        words[7] = load64(frame, offset &+ 32)
        facts.proto = proto
        facts.isIPv6 = true
        facts.end = UInt16(truncatingIfNeeded: min(offset &+ 40 &+ payload, 0xffff))
        words[3] = UInt64(proto) | UInt64(head &>> 20 & 0xff) &<< 8 | ttl &<< 16
        finish(
            frame, end: offset &+ 40 &+ payload, l4: offset &+ 40, keepsFlags: keepsFlags,
            icmp: 58, words, &facts)
    }

    @inlinable @inline(always)
    static func finish(
        _ frame: UnsafeRawPointer, end: Int, l4: Int, keepsFlags: Bool, icmp: UInt8,
        _ words: UnsafeMutablePointer<UInt64>, _ facts: inout PacketFacts
    ) {
        facts.l4 = UInt16(truncatingIfNeeded: l4)
        let size = end &- l4
        switch facts.proto {
        case 6:
            guard size >= 20 else { return }
            // A header that the tracker would call malformed must not pass by a record.
            let headerBytes = Int(frame.load(fromByteOffset: l4 &+ 12, as: UInt8.self) &>> 4) &* 4
            guard headerBytes >= 20, headerBytes <= size else { return }
            let flags = frame.load(fromByteOffset: l4 &+ 13, as: UInt8.self)
            words[3] |= UInt64(load32(frame, l4)) &<< 32
            // SYN, FIN and RST change state; the others matter where rules match them.
            facts.hasKey = flags & 0x07 == 0
            if keepsFlags {
                words[3] |= UInt64(flags) &<< 24
                if frame.load(fromByteOffset: l4 &+ 12, as: UInt8.self) & 0x0f != 0 {
                    facts.hasKey = false
                }
            }
        case 17:
            guard size >= 8 else { return }
            let length = Int(UInt16(bigEndian: load16(frame, l4 &+ 4)))
            guard length >= 8, length <= size else { return }
            words[3] |= UInt64(load32(frame, l4)) &<< 32
            facts.hasKey = true
        case icmp:
            guard size >= 8 else { return }
            let type = frame.load(fromByteOffset: l4, as: UInt8.self)
            let isEcho = icmp == 1 ? type == 8 || type == 0 : type == 128 || type == 129
            guard isEcho else { return }
            words[3] |= UInt64(load16(frame, l4)) &<< 32
            words[3] |= UInt64(load16(frame, l4 &+ 4)) &<< 48
            facts.hasKey = true
        case 132, 1, 2, 58, 136: return
        default: facts.hasKey = true
        }
    }
}
