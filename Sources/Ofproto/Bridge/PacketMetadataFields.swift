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
        for field in fields { set(field, of: key, in: &match) }
        setConntrack(key, in: &match)
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

    private static func set(_ field: Field, of key: [UInt8], in match: inout FlowMatch) {
        let value = KeyBytes.value(key, of: field)
        guard !value.isZero else { return }
        match.set(
            field, value: value.resized(to: field.info.byteCount), mask: .exactMask(of: field))
    }

    /// The state, with the Ethertype that its tuple is read by, and the tuple of a valid
    /// connection.
    private static func setConntrack(_ key: [UInt8], in match: inout FlowMatch) {
        let state = KeyBytes.value(key, of: .ctState).low64
        guard state != 0 else { return }
        match.setBits(Field.ctState.info.location, value: state, mask: 0xff)
        let etherType = KeyBytes.value(key, of: .ethType).low64
        match.set(.ethType, to: etherType)
        let hasTuple =
            state & validStates != 0 && !KeyBytes.value(key, of: .ctProtocol).isZero
            && (etherType == 0x0800 || etherType == 0x86dd)
        guard hasTuple else { return }
        let addresses: [Field] =
            etherType == 0x0800
            ? [.ctIPv4Source, .ctIPv4Destination] : [.ctIPv6Source, .ctIPv6Destination]
        for field in addresses + [.ctProtocol, .ctSourcePort, .ctDestinationPort] {
            match.set(
                field,
                value: KeyBytes.value(key, of: field).resized(to: field.info.byteCount),
                mask: .exactMask(of: field))
        }
    }

    /// NEW, ESTABLISHED, reply direction.
    private static let validStates: UInt64 = 0x0b

    private static let fields: [Field] =
        [
            .tunnelID, .tunnelSource, .tunnelDestination, .tunnelIPv6Source,
            .tunnelIPv6Destination, .tunnelGBPID, .tunnelGBPFlags, .metadata,
        ]
        + (0..<16).compactMap { Field.register($0) }
        + [.packetMark, .ctZone, .ctMark, .ctLabel]
}
