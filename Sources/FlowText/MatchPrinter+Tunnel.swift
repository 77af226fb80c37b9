// The tunnel part of a match's text, with the options that a bridge maps to `tun_metadata<n>`.

import Flow

extension MatchFormatter {
    mutating func tunnel() {
        hex("tun_id", FlowLayout.tunnelID, 8)
        ipv4("tun_src", FlowLayout.tunnelSource)
        ipv4("tun_dst", FlowLayout.tunnelDestination)
        ipv6("tun_ipv6_src", FlowLayout.tunnelIPv6Source)
        ipv6("tun_ipv6_dst", FlowLayout.tunnelIPv6Destination)
        decimal("tun_gbp_id", FlowLayout.tunnelGBPID, 2)
        plain("tun_gbp_flags", FlowLayout.tunnelGBPFlags, 1, TextForm.hex)
        plain("tun_tos", FlowLayout.tunnelTOS, 1) { String($0, radix: 16) }
        plain("tun_ttl", FlowLayout.tunnelTTL, 1) { String($0) }
        erspan()
        plain("gtpu_flags", FlowLayout.tunnelGTPUFlags, 1, TextForm.hex)
        plain("gtpu_msgtype", FlowLayout.tunnelGTPUMessageType, 1) { String($0) }
        let flagMask = UInt32(match.maskNumber(FlowLayout.tunnelFlags, 2) & 0xf)
        if flagMask != 0 {
            let flags = UInt32(match.number(FlowLayout.tunnelFlags, 2) & 0xf)
            append("tun_flags=" + FlagNames.tunnel.text(flags, mask: flagMask, full: 0xf) + ",")
        }
        options()
    }

    private mutating func erspan() {
        plain("tun_erspan_ver", FlowLayout.tunnelERSPANVersion, 1) { String($0) }
        let version = match.number(FlowLayout.tunnelERSPANVersion, 1)
        if version == 1 {
            plain("tun_erspan_idx", FlowLayout.tunnelERSPANIndex, 4, TextForm.hex)
        }
        if version == 2 {
            plain("tun_erspan_dir", FlowLayout.tunnelERSPANDirection, 1) { String($0) }
            plain("tun_erspan_hwid", FlowLayout.tunnelERSPANHardwareID, 1, TextForm.hex)
        }
    }

    /// A field whose mask is never printed.
    private mutating func plain(
        _ name: String, _ offset: Int, _ count: Int, _ form: (UInt64) -> String
    ) {
        guard match.maskNumber(offset, count) != 0 else { return }
        append(name + "=" + form(match.number(offset, count)) + ",")
    }

    private mutating func options() {
        guard let layout = context.tunnelOptions else { return }
        let wanted = match.maskNumber(FlowLayout.tunnelMetadataPresent, 8)
        let present = match.number(FlowLayout.tunnelMetadataPresent, 8)
        for index in 0..<64 where wanted >> UInt64(index) & 1 == 1 {
            guard let place = layout.locations[index] else { continue }
            append("tun_metadata\(index)")
            let mask = match.maskBytes(place.offset, place.byteCount)
            if present >> UInt64(index) & 1 == 0 {
                append("=NP")
            } else if mask.contains(where: { $0 != 0 }) {
                append("=" + TextForm.hex(match.bytes(place.offset, place.byteCount)))
                if mask.contains(where: { $0 != 0xff }) { append("/" + TextForm.hex(mask)) }
            }
            append(",")
        }
    }
}
