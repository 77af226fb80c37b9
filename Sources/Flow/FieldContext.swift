// What a match says about the headers of its packets: the ground on which a field's prerequisite
// is checked, for matches as they are decoded and for actions as they change the packet.

/// The values that prerequisites look at.
public struct FieldContext: Hashable, Sendable {
    /// 0 is an Ethernet frame.
    public var packetType: UInt32 = 0
    public var ethType: UInt16 = 0
    public var vlanTCI: UInt16 = 0
    public var innerVLANTCI: UInt16 = 0
    public var ipProtocol: UInt8 = 0
    public var ipFragment: UInt8 = 0
    public var l4Source: UInt16 = 0
    public var l4Destination: UInt16 = 0
    public var ctState: UInt32 = 0
    public var ctStateMask: UInt32 = 0

    public init() {}

    public init(_ match: FlowMatch) {
        for word in match.words { absorb(word) }
    }

    /// What is known of the packet that a key was extracted from: everything.
    public init(_ key: FlowKey) {
        for index in 0..<FlowLayout.byteCount / 8 {
            absorb(MatchWord(index: UInt8(index), value: key.word(index), mask: .max))
        }
    }

    /// Whether the outer tag is known to be there.
    public var hasVLAN: Bool { vlanTCI & 0x1000 != 0 }

    /// The Ethertype, also where the packet starts at layer 3.
    public var networkType: UInt16 {
        if packetType == 0 { return ethType }
        return packetType >> 16 == 1 ? UInt16(truncatingIfNeeded: packetType) : 0
    }

    public var isIPv4: Bool { networkType == 0x0800 }
    public var isIPv6: Bool { networkType == 0x86dd }
    public var isIP: Bool { isIPv4 || isIPv6 }
    public var isARP: Bool { networkType == 0x0806 || networkType == 0x8035 }
    public var isMPLS: Bool { networkType == 0x8847 || networkType == 0x8848 }
    public var isICMPv6: Bool { isIPv6 && ipProtocol == 58 }

    /// Neighbour solicitation or advertisement.
    public var isNeighborDiscovery: Bool {
        isICMPv6 && l4Destination == 0 && (l4Source == 135 || l4Source == 136)
    }

    /// Whether the match implies a valid connection.
    ///
    /// **Source**: ovs-fields(7), "Connection Tracking Fields".
    public var isConnectionValid: Bool {
        let implying: UInt32 = 0x01 | 0x02 | 0x04 | 0x08 | 0x40 | 0x80
        if ctState & implying != 0 { return true }
        let invalid: UInt32 = 0x10
        return ctState & 0x20 != 0 && ctStateMask & invalid != 0 && ctState & invalid == 0
    }

    public func meets(_ prerequisite: FieldPrerequisite) -> Bool {
        switch prerequisite {
        case .none: return true
        case .ct: return isConnectionValid
        case .ethernet: return packetType == 0
        case .vlanVID: return hasVLAN
        case .mpls: return isMPLS
        case .ipv4: return isIPv4
        case .ipv6: return isIPv6
        case .ip: return isIP
        case .arp: return isARP
        case .tcp: return isTransport(6)
        case .udp: return isTransport(17)
        case .sctp: return isTransport(132)
        case .icmpv4: return isIPv4 && ipProtocol == 1
        case .icmpv6: return isICMPv6
        case .nd: return isNeighborDiscovery
        case .ndSolicit: return isNeighborDiscovery && l4Source == 135
        case .ndAdvert: return isNeighborDiscovery && l4Source == 136
        }
    }

    private func isTransport(_ number: UInt8) -> Bool {
        isIP && ipProtocol == number && ipFragment & 2 == 0
    }

    /// Takes over what one word of a match says.
    private mutating func absorb(_ word: MatchWord) {
        func at(_ offset: Int, _ count: Int, _ bits: UInt64) -> UInt64 {
            let value = (bits >> (UInt64(offset % 8) * 8)).bigEndian
            return value >> UInt64(64 - count * 8)
        }
        switch Int(word.index) {
        case FlowLayout.packetType / 8:
            packetType = UInt32(at(FlowLayout.packetType, 4, word.value))
        case FlowLayout.ethType / 8:
            ethType = UInt16(at(FlowLayout.ethType, 2, word.value))
            ipFragment = UInt8(at(FlowLayout.ipFragment, 1, word.value))
            ipProtocol = UInt8(at(FlowLayout.ipProtocol, 1, word.value))
        case FlowLayout.vlanTCI / 8:
            vlanTCI = UInt16(at(FlowLayout.vlanTCI, 2, word.value))
        case FlowLayout.innerVLANTCI / 8:
            innerVLANTCI = UInt16(at(FlowLayout.innerVLANTCI, 2, word.value))
        case FlowLayout.l4Source / 8:
            l4Source = UInt16(at(FlowLayout.l4Source, 2, word.value))
            l4Destination = UInt16(at(FlowLayout.l4Destination, 2, word.value))
        case FlowLayout.ctState / 8:
            ctState = UInt32(at(FlowLayout.ctState, 4, word.value))
            ctStateMask = UInt32(at(FlowLayout.ctState, 4, word.mask))
        default: break
        }
    }
}
