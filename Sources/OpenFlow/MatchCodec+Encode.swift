// Writing a match as OXM or NXM entries, each field with the header that the version prefers, in
// the order in which Open vSwitch writes them: prerequisites come before what needs them.

import Flow

extension MatchCodec {
    /// - Parameter version: the OXM flavour, nil for NXM.
    func encodeEntries(
        _ match: FlowMatch, version: OpenFlowVersion?, cookie: CookieMatch? = nil,
        into writer: inout ByteWriter
    ) {
        var put = MatchEntryWriter(match, oxm: oxm, version: version)
        put.start()
        put.link()
        put.network()
        put.tunnel()
        put.registers()
        put.conntrack()
        put.field(.metadata)
        if let cookie, cookie.mask != 0 { put.cookie(cookie) }
        writer.put(put.writer.bytes)
    }
}

/// The state of writing one match.
private struct MatchEntryWriter {
    let match: FlowMatch
    let oxm: OXMCodec
    let version: OpenFlowVersion?
    let context: FieldContext
    var writer = ByteWriter(reserving: 128)

    init(_ match: FlowMatch, oxm: OXMCodec, version: OpenFlowVersion?) {
        self.match = match
        self.oxm = oxm
        self.version = version
        self.context = FieldContext(match)
    }

    private static let labelFields: [Field] = [.mplsTC, .mplsBOS, .mplsTTL, .mplsLabel]
    private static let arpFields: [Field] = [
        .arpSourceProtocol, .arpTargetProtocol, .arpSourceHardware, .arpTargetHardware,
    ]
    private static let tunnelFields: [Field] = [
        .tunnelSource, .tunnelDestination, .tunnelIPv6Source, .tunnelIPv6Destination,
        .tunnelGBPID, .tunnelGBPFlags,
    ]
    private static let encapsulationFields: [Field] = [
        .tunnelERSPANIndex, .tunnelERSPANVersion, .tunnelERSPANDirection,
        .tunnelERSPANHardwareID, .tunnelGTPUFlags, .tunnelGTPUMessageType,
    ]
    private static let conntrackFields: [Field] = [
        .packetMark, .ctState, .ctZone, .ctMark, .ctLabel, .ctIPv4Source, .ctIPv6Source,
        .ctIPv4Destination, .ctIPv6Destination,
    ]

    /// Whether the match constrains any of these words of the key.
    private func touches(_ range: ClosedRange<UInt8>) -> Bool {
        match.words.contains { range.contains($0.index) }
    }

    /// One field, masked if it is not exact, nothing if it is free.
    mutating func field(_ field: Field) { put(field, mayMask: true) }

    /// One field as exact, if any of its bits is constrained.
    mutating func exact(_ field: Field) { put(field, mayMask: false) }

    private mutating func put(_ field: Field, mayMask: Bool) {
        guard match.touches(field) else { return }
        guard field.byteCount <= 8 else {
            let (value, mask) = match.get(field)
            if mask.isZero { return }
            oxm.writeEntry(
                field, version: version, value: value, mask: mayMask ? mask : nil, into: &writer)
            return
        }
        let (value, mask) = match.bits(of: field)
        if mask == 0 { return }
        let isMasked = mayMask && !match.isExact(field, mask: mask)
        oxm.writeHeader(field, version: version, isMasked: isMasked, into: &writer)
        put(value, byteCount: field.byteCount)
        if isMasked { put(mask, byteCount: field.byteCount) }
    }

    private mutating func put(_ number: UInt64, byteCount: Int) {
        for step in 0..<byteCount {
            writer.u8(UInt8(truncatingIfNeeded: number >> UInt64((byteCount - 1 - step) * 8)))
        }
    }

    mutating func start() {
        field(.packetType)
        field(.dpHash)
        exact(.conjunctionID)
        if version != nil {
            exact(.inPort)
        } else if match.constrains(.inPort) {
            let port = ReservedPort.narrow(UInt32(match.bits(of: .inPort).value)) ?? 0xffff
            oxm.writeEntry(
                .inPort16, version: nil, value: FieldValue(UInt64(port), byteCount: 2),
                into: &writer)
        }
        exact(.actsetOutput)
    }

    mutating func link() {
        field(.ethSource)
        field(.ethDestination)
        field(.ethType)
        if version == nil {
            field(.vlanTCI)
        } else {
            field(.vlanVID)
            let tci = match.bits(of: .vlanTCI)
            if tci.value & 0x1000 != 0 { exact(.vlanPCP) }
        }
        if context.isMPLS {
            for field in Self.labelFields { exact(field) }
        }
    }

    mutating func network() {
        if context.isIP {
            ip()
        } else if context.isARP {
            exact(.arpOpcode)
            for field in Self.arpFields { self.field(field) }
        }
    }

    private mutating func ip() {
        field(context.isIPv4 ? .ipv4Source : .ipv6Source)
        field(context.isIPv4 ? .ipv4Destination : .ipv6Destination)
        let fragment = match.bits(of: .ipFragment)
        if fragment.mask != 0 {
            oxm.writeEntry(
                .ipFragment, version: version, value: FieldValue(fragment.value, byteCount: 1),
                mask: FieldValue(fragment.mask, byteCount: 1), into: &writer)
        }
        let dscp = match.bits(of: .ipDSCP)
        if dscp.mask != 0 {
            let isShifted = version != nil
            oxm.writeEntry(
                isShifted ? .ipDSCP : .ipTOS, version: version,
                value: FieldValue(isShifted ? dscp.value : dscp.value << 2, byteCount: 1),
                into: &writer)
        }
        exact(.ipECN)
        exact(.ipTTL)
        field(.ipv6Label)
        guard match.constrains(.ipProtocol) else { return }
        exact(.ipProtocol)
        transport()
    }

    private mutating func transport() {
        switch (context.ipProtocol, context.isIPv4) {
        case (6, _):
            field(.tcpSource)
            field(.tcpDestination)
            field(.tcpFlags)
        case (17, _):
            field(.udpSource)
            field(.udpDestination)
        case (132, _):
            field(.sctpSource)
            field(.sctpDestination)
        case (1, true):
            exact(.icmpType)
            exact(.icmpCode)
        case (58, false):
            exact(.icmpv6Type)
            exact(.icmpv6Code)
            guard context.isNeighborDiscovery else { return }
            exact(.ndReserved)
            field(.ndTarget)
            exact(.ndOptionsType)
            field(context.l4Source == 135 ? .ndSourceLinkLayer : .ndTargetLinkLayer)
        default: break
        }
    }

    mutating func tunnel() {
        let words = UInt8(FlowLayout.tunnelID / 8)...UInt8(FlowLayout.tunnelGTPUMessageType / 8)
        guard touches(words) || match.tunnelOptionsUsed != 0 else { return }
        field(.tunnelID)
        let flags = match.bits(of: .tunnelFlags)
        if flags.mask != 0 {
            // Only one of the sixteen bits can be matched, so the mask is always spelled out.
            oxm.writeHeader(.tunnelFlags, version: version, isMasked: true, into: &writer)
            writer.u16(UInt16(flags.value))
            writer.u16(UInt16(flags.mask))
        }
        for field in Self.tunnelFields { self.field(field) }
        options()
        for field in Self.encapsulationFields { self.field(field) }
    }

    /// Options are written also where only their presence is matched.
    private mutating func options() {
        let used = match.tunnelOptionsUsed
        guard used != 0, let table = oxm.tunnelOptions else { return }
        for mapping in table.mappings where used >> UInt64(mapping.index) & 1 == 1 {
            guard let field = Field.tunnelMetadata(mapping.index) else { continue }
            let (value, mask) = match.get(mapping.location, byteCount: mapping.byteCount)
            oxm.writeEntry(field, version: version, value: value, mask: mask, into: &writer)
        }
    }

    mutating func registers() {
        guard touches(0...UInt8(FlowLayout.metadata / 8 - 1)) else { return }
        let isWide = version.map { $0 >= .v1_5 } ?? false
        let first = isWide ? Field.xreg0.rawValue : Field.reg0.rawValue
        for number in first..<first + (isWide ? 8 : 16) {
            if let field = Field(rawValue: number) { self.field(field) }
        }
    }

    mutating func conntrack() {
        let words = UInt8(FlowLayout.packetMark / 8)...UInt8(FlowLayout.ctIPv6Destination / 8 + 1)
        guard touches(words) else { return }
        for field in Self.conntrackFields { self.field(field) }
        if match.bits(of: .ctProtocol).value != 0 {
            field(.ctProtocol)
            field(.ctSourcePort)
            field(.ctDestinationPort)
        }
    }

    mutating func cookie(_ cookie: CookieMatch) {
        let isMasked = cookie.mask != .max
        writer.u16(1)
        writer.u8(30 << 1 | (isMasked ? 1 : 0))
        writer.u8(isMasked ? 16 : 8)
        writer.u64(cookie.value & cookie.mask)
        if isMasked { writer.u64(cookie.mask) }
    }
}
