// Writing actions: each in the form that Open vSwitch sends for the version. What the packet is
// known to be (VLAN tag, transport) is tracked along the list, as some forms depend on it.

import Flow

/// The state of writing one action list.
struct ActionEncoder {
    let version: OpenFlowVersion
    let oxm: OXMCodec
    /// What the match and the actions before say of the packet.
    var context: FieldContext
    var writer = ByteWriter(reserving: 64)

    init(version: OpenFlowVersion, oxm: OXMCodec, match: FlowMatch?) {
        self.version = version
        self.oxm = oxm
        self.context = match.map { FieldContext($0) } ?? FieldContext()
    }

    mutating func encode(_ actions: [Action]) {
        for action in actions {
            encode(action)
            context.apply(action)
        }
    }

    private mutating func encode(_ action: Action) {
        if encodeHeaderChange(action) { return }
        if encodeLabelChange(action) { return }
        if encodeFieldAction(action) { return }
        if encodeOutput(action) { return }
        encodePipeline(action)
    }

    /// Writes the header of a layout, runs `body` and pads and completes the length. Does nothing
    /// where the version lacks the layout.
    mutating func put(_ wire: ActionWire, _ body: (inout ActionEncoder) -> Void = { _ in }) {
        guard let form = wire.form(in: version) else { return }
        let start = writer.count
        writer.u16(form.vendor == 0 ? form.number : 0xffff)
        writer.u16(0)
        if form.vendor != 0 {
            writer.u32(form.vendor)
            writer.u16(form.number)
        }
        body(&self)
        let minimum = form.vendor == 0 ? wire.row.length : max(wire.row.length, 16)
        writer.zeros(start + minimum - writer.count)
        writer.pad(to: 8, from: start)
        writer.patchLength(at: start + 2, from: start)
    }

    /// A layout with one integer argument, aligned to its size.
    mutating func put8(_ wire: ActionWire, _ value: UInt8) { put(wire) { $0.writer.u8(value) } }
    mutating func put16(_ wire: ActionWire, _ value: UInt16) { put(wire) { $0.writer.u16(value) } }
    mutating func put32(_ wire: ActionWire, _ value: UInt32) {
        let isOwn = wire.form(in: version)?.vendor == 0
        put(wire) { encoder in
            if !isOwn { encoder.writer.zeros(2) }
            encoder.writer.u32(value)
        }
    }

    /// A whole field as set-field.
    mutating func putSetField(_ field: Field, _ value: UInt64) {
        putSetField(field, FieldValue(value, byteCount: field.info.byteCount), mask: nil)
    }

    mutating func putSetField(
        _ field: Field, _ value: FieldValue, mask: FieldValue?, keepsWholeMask: Bool = false
    ) {
        put(version >= .v1_5 ? .setField15 : .setField12) { encoder in
            encoder.oxm.writeEntry(
                field, version: encoder.version, value: value, mask: mask,
                keepsWholeMask: keepsWholeMask, into: &encoder.writer)
        }
    }

    /// Nicira's load of at most 64 bits.
    mutating func putRegisterLoad(_ target: Subfield, _ value: UInt64) {
        put(.regLoad) { encoder in
            encoder.writer.u16(target.packed)
            encoder.writer.u32(encoder.oxm.header32(of: target.field))
            encoder.writer.u64(value)
        }
    }

    // MARK: Header fields

    private mutating func encodeHeaderChange(_ action: Action) -> Bool {
        let usesSetField = version.usesOXM
        switch action {
        case .setVLANVID(let vid, let pushIfNeeded):
            pushTagIfMissing(pushIfNeeded)
            if usesSetField {
                putSetField(.vlanVID, UInt64(vid | 0x1000))
            } else {
                put16(version == .v1_0 ? .setVLANVID10 : .setVLANVID11, vid)
            }
        case .setVLANPCP(let pcp, let pushIfNeeded):
            pushTagIfMissing(pushIfNeeded)
            if usesSetField {
                putSetField(.vlanPCP, UInt64(pcp))
            } else {
                put8(version == .v1_0 ? .setVLANPCP10 : .setVLANPCP11, pcp)
            }
        case .stripVLAN: put(version == .v1_0 ? .stripVLAN10 : .popVLAN11)
        case .pushVLAN(let type): put16(.pushVLAN, type)
        case .setEthSource(let address):
            putAddress(.setEthSource, .ethSource, address.value)
        case .setEthDestination(let address):
            putAddress(.setEthDestination, .ethDestination, address.value)
        case .setIPv4Source(let address):
            usesSetField
                ? putSetField(.ipv4Source, UInt64(address)) : put32(.setIPv4Source, address)
        case .setIPv4Destination(let address):
            usesSetField
                ? putSetField(.ipv4Destination, UInt64(address))
                : put32(.setIPv4Destination, address)
        case .setIPDSCP(let tos):
            usesSetField ? putSetField(.ipDSCP, UInt64(tos >> 2)) : put8(.setIPTOS, tos)
        case .setIPECN(let ecn): putECN(ecn)
        case .setIPTTL(let ttl): putTTL(ttl)
        case .setL4SourcePort(let port):
            putPort(.setL4Source, [.tcpSource, .udpSource, .sctpSource], port)
        case .setL4DestinationPort(let port):
            putPort(.setL4Destination, [.tcpDestination, .udpDestination, .sctpDestination], port)
        default: return false
        }
        return true
    }

    /// OpenFlow 1.0's VLAN actions add a tag where there is none; later ones do not.
    private mutating func pushTagIfMissing(_ pushIfNeeded: Bool) {
        if version > .v1_0 && pushIfNeeded && !context.hasVLAN { put16(.pushVLAN, 0x8100) }
    }

    private mutating func putAddress(_ wire: ActionWire, _ field: Field, _ address: UInt64) {
        if version.usesOXM {
            putSetField(field, address)
        } else {
            put(wire) { $0.writer.u48(address) }
        }
    }

    mutating func putECN(_ ecn: UInt8) {
        switch version {
        case .v1_0: putRegisterLoad(Subfield(.ipECN), UInt64(ecn))
        case .v1_1: put8(.setIPECN, ecn)
        default: putSetField(.ipECN, UInt64(ecn))
        }
    }

    private mutating func putTTL(_ ttl: UInt8) {
        if version == .v1_0 {
            putRegisterLoad(Subfield(.ipTTL), UInt64(ttl))
        } else {
            put8(.setIPTTL, ttl)
        }
    }

    /// - Parameter fields: of TCP, UDP and SCTP.
    private mutating func putPort(_ wire: ActionWire, _ fields: [Field], _ port: UInt16) {
        let protocols: [UInt8] = [6, 17, 132]
        if version.usesOXM, let index = protocols.firstIndex(of: context.ipProtocol) {
            putSetField(fields[index], UInt64(port))
        } else {
            put16(wire, port)
        }
    }

    private mutating func encodeLabelChange(_ action: Action) -> Bool {
        let usesSetField = version.usesOXM
        switch action {
        case .decrementTTL(let controllers):
            guard !controllers.isEmpty else {
                put(.decIPTTL)
                return true
            }
            put(.decTTLControllers) { encoder in
                encoder.writer.u16(UInt16(truncatingIfNeeded: controllers.count))
                encoder.writer.zeros(4)
                for id in controllers { encoder.writer.u16(id) }
            }
        case .setMPLSLabel(let label):
            usesSetField ? putSetField(.mplsLabel, UInt64(label)) : put32(.setMPLSLabel, label)
        case .setMPLSTC(let tc):
            usesSetField ? putSetField(.mplsTC, UInt64(tc)) : put8(.setMPLSTC, tc)
        case .setMPLSTTL(let ttl): put8(.setMPLSTTL, ttl)
        case .decrementMPLSTTL: put(.decMPLSTTL)
        case .pushMPLS(let type): put16(.pushMPLS, type)
        case .popMPLS(let type): put16(.popMPLS, type)
        default: return false
        }
        return true
    }
}
