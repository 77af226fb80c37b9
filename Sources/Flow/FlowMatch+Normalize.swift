// Canonical forms of a match. OpenFlow 1.0's fixed structure can name fields that mean nothing
// without others; and an Ethernet packet type says nothing beside fields that imply it.

extension FlowMatch {
    /// Frees the fields whose prerequisites the match does not fulfil, as is done with every
    /// match of OpenFlow 1.0's fixed structure.
    ///
    /// **Source**: ovs-ofctl(8), "Flow Syntax": fields without prerequisites are ignored.
    public mutating func dropUnmetFields() {
        let context = FieldContext(self)
        let number = context.ipProtocol
        let hasPorts =
            context.isIP && [6, 17, 132].contains(number) || context.isIPv4 && number == 1
            || context.isICMPv6
        if context.packetType != 0 {
            clear(.ethSource)
            clear(.ethDestination)
        }
        if !context.isIPv4 && !context.isARP {
            clear(.ipv4Source)
            clear(.ipv4Destination)
        }
        if !hasPorts {
            clear(.tcpSource)
            clear(.tcpDestination)
        }
        if !context.isIP && !context.isARP { clear(.ipProtocol) }
        if !context.isIP {
            clear(.ipTOS)
            clear(.ipTTL)
        }
        let solicits = context.isICMPv6 && context.l4Source == 135
        let advertises = context.isICMPv6 && context.l4Source == 136
        if !context.isARP && !solicits { clear(.arpSourceHardware) }
        if !context.isARP && !advertises { clear(.arpTargetHardware) }
        if !context.isIPv6 {
            clear(.ipv6Source)
            clear(.ipv6Destination)
            clear(.ipv6Label)
        }
        if !solicits && !advertises { clear(.ndTarget) }
        if !context.isMPLS {
            clear(
                FieldLocation(
                    offset: FlowLayout.mplsStack, byteCount: 4, shift: 0, bitCount: 32))
        }
    }

    /// Forgets `packet_type=(0,0)` where another field implies an Ethernet frame, so that a
    /// match has one form whether or not it spells the type out.
    public mutating func dropImpliedPacketType() {
        let type = bits(of: .packetType)
        guard type.mask == 0xffff_ffff, type.value == 0 else { return }
        let first = UInt8(FlowLayout.ethDestination / 8)
        let last = UInt8(FlowLayout.ndOptionsType / 8)
        if words.contains(where: { $0.index >= first && $0.index <= last }) { clear(.packetType) }
    }
}
