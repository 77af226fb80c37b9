// The metadata that goes with a packet to a controller and may come back with it: registers,
// metadata, the tunnel's fields, connection state and the ports. Pure.

import Flow
import OpenFlow

/// Picks the metadata fields out of a flow key.
enum PacketMetadataFields {
    /// The fields that are not zero, each whole, and `in_port`.
    static func match(_ key: [UInt8], tunnelOptions: TunnelOptionTable) -> FlowMatch {
        var match = FlowMatch()
        match.set(.inPort, to: KeyBytes.value(key, of: .inPort).low64)
        if KeyBytes.value(key, of: .ctState).low64 != 0 { addConnection(key, to: &match) }
        for field in fields {
            let value = KeyBytes.value(key, of: field)
            guard !value.isZero else { continue }
            match.set(
                field, value: value.resized(to: field.info.byteCount),
                mask: .exactMask(of: field))
        }
        let present = KeyBytes.word(key, FlowLayout.tunnelMetadataPresent / 8).bigEndian
        for mapping in tunnelOptions.mappings where present >> UInt64(mapping.index) & 1 == 1 {
            let value = KeyBytes.value(key, at: mapping.location)
            match.setTunnelOption(
                mapping, value: value,
                mask: .ones(bitCount: mapping.byteCount * 8, byteCount: mapping.byteCount))
        }
        return match
    }

    /// A flow key with the metadata that a controller gave, for a packet that has no action set.
    static func key(_ metadata: FlowMatch) -> [UInt8] {
        var metadata = metadata
        if !metadata.constrains(.actsetOutput) {
            metadata.set(.actsetOutput, to: UInt64(ReservedPort.unset))
        }
        var key = [UInt8](repeating: 0, count: FlowLayout.byteCount)
        KeyBytes.apply(metadata, to: &key)
        return key
    }

    /// The connection's state, of which OVS knows eight bits, its original tuple where it has one,
    /// and the Ethernet type without which a controller can't read them.
    private static func addConnection(_ key: [UInt8], to match: inout FlowMatch) {
        let state = KeyBytes.value(key, of: .ctState).low64
        match.set(
            .ctState, value: FieldValue(state, byteCount: 4), mask: FieldValue(0xff, byteCount: 4))
        let type = KeyBytes.value(key, of: .ethType).low64
        match.set(.ethType, to: type)
        let isValid = state & 0x20 != 0 && state & 0x10 == 0
        guard isValid, !KeyBytes.value(key, of: .ctProtocol).isZero else { return }
        let addresses: [Field]
        switch type {
        case 0x0800: addresses = [.ctIPv4Source, .ctIPv4Destination]
        case 0x86dd: addresses = [.ctIPv6Source, .ctIPv6Destination]
        default: return
        }
        for field in addresses + [.ctProtocol, .ctSourcePort, .ctDestinationPort] {
            match.set(
                field, value: KeyBytes.value(key, of: field).resized(to: field.info.byteCount),
                mask: .exactMask(of: field))
        }
    }

    private static let fields: [Field] =
        [
            .tunnelID, .tunnelSource, .tunnelDestination, .tunnelIPv6Source,
            .tunnelIPv6Destination, .tunnelGBPID, .tunnelGBPFlags, .metadata,
        ]
        + (0..<16).compactMap { Field.register($0) }
        + [.packetMark, .ctZone, .ctMark, .ctLabel]
}
