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

    private static let fields: [Field] =
        [
            .tunnelID, .tunnelSource, .tunnelDestination, .tunnelIPv6Source,
            .tunnelIPv6Destination, .tunnelGBPID, .tunnelGBPFlags, .metadata,
        ]
        + (0..<16).compactMap { Field.register($0) }
        + [
            .packetMark, .ctState, .ctZone, .ctMark, .ctLabel, .ctProtocol, .ctIPv4Source,
            .ctIPv4Destination, .ctIPv6Source, .ctIPv6Destination, .ctSourcePort,
            .ctDestinationPort, .actsetOutput,
        ]
}
