// The layout of the flow key: one flat block of bytes that describes a packet and its pipeline
// state, every field in network byte order at a fixed offset. OpenFlow matches, compiled
// tables, actions and the interpreter all speak in these offsets; xreg and xxreg overlap reg.

/// Byte offsets of the fields of a flow key.
///
/// **Shape**: `byteCount` bytes, 8-byte aligned, big-endian fields. Registers lie side by side so
/// that `xreg0` is `reg0‖reg1` and `xxreg0` is `reg0‖reg1‖reg2‖reg3`, as ovs-fields(7) defines.
@frozen public enum FlowLayout {
    @inlinable public static var byteCount: Int { 640 }
    @inlinable public static var wordCount: Int { 80 }

    @inlinable public static var reg: Int { 0 }
    @inlinable public static var metadata: Int { 64 }
    @inlinable public static var tunnelID: Int { 72 }
    @inlinable public static var tunnelSource: Int { 80 }
    @inlinable public static var tunnelDestination: Int { 84 }
    @inlinable public static var tunnelIPv6Source: Int { 88 }
    @inlinable public static var tunnelIPv6Destination: Int { 104 }
    @inlinable public static var tunnelFlags: Int { 120 }
    @inlinable public static var tunnelTOS: Int { 122 }
    @inlinable public static var tunnelTTL: Int { 123 }
    @inlinable public static var tunnelGBPID: Int { 124 }
    @inlinable public static var tunnelGBPFlags: Int { 126 }
    @inlinable public static var tunnelERSPANIndex: Int { 128 }
    @inlinable public static var tunnelERSPANVersion: Int { 132 }
    @inlinable public static var tunnelERSPANDirection: Int { 133 }
    @inlinable public static var tunnelERSPANHardwareID: Int { 134 }
    @inlinable public static var tunnelGTPUFlags: Int { 135 }
    @inlinable public static var tunnelGTPUMessageType: Int { 136 }
    /// OpenFlow port number, 32 bits (OXM form; `in_port` is its 16-bit view).
    @inlinable public static var inPort: Int { 140 }
    @inlinable public static var packetMark: Int { 144 }
    @inlinable public static var skbPriority: Int { 148 }
    @inlinable public static var conjunctionID: Int { 152 }
    @inlinable public static var dpHash: Int { 156 }
    @inlinable public static var actsetOutput: Int { 160 }
    @inlinable public static var packetType: Int { 164 }
    @inlinable public static var ctState: Int { 168 }
    @inlinable public static var ctMark: Int { 172 }
    @inlinable public static var ctLabel: Int { 176 }
    @inlinable public static var ctZone: Int { 192 }
    @inlinable public static var ctProtocol: Int { 194 }
    @inlinable public static var ctSourcePort: Int { 196 }
    @inlinable public static var ctDestinationPort: Int { 198 }
    @inlinable public static var ctIPv4Source: Int { 200 }
    @inlinable public static var ctIPv4Destination: Int { 204 }
    @inlinable public static var ctIPv6Source: Int { 208 }
    @inlinable public static var ctIPv6Destination: Int { 224 }
    @inlinable public static var ethDestination: Int { 240 }
    /// Outer VLAN TCI; bit 0x1000 says that the tag is present.
    @inlinable public static var vlanTCI: Int { 246 }
    @inlinable public static var ethSource: Int { 248 }
    /// Inner VLAN TCI, 0 where there is none.
    @inlinable public static var innerVLANTCI: Int { 254 }
    /// The Ethertype behind all VLAN tags that were parsed (at most two).
    @inlinable public static var ethType: Int { 256 }
    @inlinable public static var vlanTPID: Int { 258 }
    @inlinable public static var innerVLANTPID: Int { 260 }
    /// Bit 0: any fragment; bit 1: a later fragment.
    @inlinable public static var ipFragment: Int { 262 }
    /// IP protocol, or the low byte of the ARP opcode.
    @inlinable public static var ipProtocol: Int { 263 }
    @inlinable public static var ipTOS: Int { 264 }
    @inlinable public static var ipTTL: Int { 265 }
    /// L4 source port; ICMP type in the low byte.
    @inlinable public static var l4Source: Int { 266 }
    /// L4 destination port; ICMP code in the low byte.
    @inlinable public static var l4Destination: Int { 268 }
    @inlinable public static var tcpFlags: Int { 270 }
    /// IPv4 source, or the ARP sender address.
    @inlinable public static var ipv4Source: Int { 272 }
    /// IPv4 destination, or the ARP target address.
    @inlinable public static var ipv4Destination: Int { 276 }
    @inlinable public static var ipv6Source: Int { 280 }
    @inlinable public static var ipv6Destination: Int { 296 }
    @inlinable public static var ipv6Label: Int { 312 }
    @inlinable public static var ndTarget: Int { 316 }
    /// ARP sender hardware address, or the ND source link-layer address.
    @inlinable public static var arpSourceHardware: Int { 332 }
    /// ARP target hardware address, or the ND target link-layer address.
    @inlinable public static var arpTargetHardware: Int { 338 }
    /// Up to three label stack entries, outermost first.
    @inlinable public static var mplsStack: Int { 344 }
    @inlinable public static var ndReserved: Int { 356 }
    @inlinable public static var ndOptionsType: Int { 360 }
    /// 256 bytes shared by `tun_metadata0` … `63` as the bridge's option table lays them out.
    @inlinable public static var tunnelMetadata: Int { 368 }
    @inlinable public static var tunnelMetadataByteCount: Int { 256 }
    /// Bit n is set where `tun_metadata<n>` was present on the packet.
    @inlinable public static var tunnelMetadataPresent: Int { 624 }
}
