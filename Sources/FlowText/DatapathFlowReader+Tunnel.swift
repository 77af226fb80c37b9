// The `tunnel(...)` attribute of the datapath syntax, with its options.

import Flow

extension DatapathFlowReader {
    mutating func readTunnel() -> Bool {
        if scanner.current == UInt8(ascii: ")") { return true }
        repeat {
            guard readTunnelPart() else { return false }
        } while scanner.take(",")
        return scanner.current == UInt8(ascii: ")")
    }

    private mutating func readTunnelPart() -> Bool {
        if scanner.take("tun_id=") {
            setTunnelFlag(8)
            return readNumber(FlowLayout.tunnelID, 8)
        }
        if scanner.take("src=") { return readIPv4(FlowLayout.tunnelSource) }
        if scanner.take("dst=") { return readIPv4(FlowLayout.tunnelDestination) }
        if scanner.take("ipv6_src=") { return readIPv6(FlowLayout.tunnelIPv6Source) }
        if scanner.take("ipv6_dst=") { return readIPv6(FlowLayout.tunnelIPv6Destination) }
        if scanner.take("tos=") { return readNumber(FlowLayout.tunnelTOS, 1) }
        if scanner.take("ttl=") { return readNumber(FlowLayout.tunnelTTL, 1) }
        if scanner.take("tp_src=") || scanner.take("tp_dst=") {
            return scanner.scanInt(base: 0) != nil && skipMask()
        }
        if scanner.take("vxlan(gbp(") { return readGroupPolicy() }
        if scanner.take("erspan(") { return readERSPAN() }
        if scanner.take("gtpu(") {
            return readPart("flags=", FlowLayout.tunnelGTPUFlags, 1)
                && readPart("msgtype=", FlowLayout.tunnelGTPUMessageType, 1) && scanner.take(")")
        }
        if scanner.take("geneve(") { return readGeneve() }
        if scanner.take("flags(") { return readTunnelFlags() }
        return false
    }

    private func setTunnelFlag(_ flag: UInt16) {
        key.store16(key.load16(FlowLayout.tunnelFlags) | flag, at: FlowLayout.tunnelFlags)
    }

    /// An optional `name=value` with an optional comma behind it.
    private mutating func readPart(_ name: StaticString, _ offset: Int, _ count: Int) -> Bool {
        if scanner.take(name), !readNumber(offset, count) { return false }
        _ = scanner.take(",")
        return true
    }

    private mutating func readGroupPolicy() -> Bool {
        readPart("id=", FlowLayout.tunnelGBPID, 2)
            && readPart("flags=", FlowLayout.tunnelGBPFlags, 1) && scanner.take("))")
    }

    private mutating func readERSPAN() -> Bool {
        readPart("ver=", FlowLayout.tunnelERSPANVersion, 1)
            && readPart("idx=", FlowLayout.tunnelERSPANIndex, 4)
            && readPart("dir=", FlowLayout.tunnelERSPANDirection, 1)
            && readPart("hwid=", FlowLayout.tunnelERSPANHardwareID, 1) && scanner.take(")")
    }

    private mutating func readTunnelFlags() -> Bool {
        let names = FlagNames(names: FlagNames.tunnel.names, allowed: 0xf, title: "tunnel")
        guard
            let (flags, mask, length) = try? names.parse(
                scanner, end: UInt8(ascii: ")"), masked: true)
        else { return false }
        scanner.index += length
        setTunnelFlag(UInt16(truncatingIfNeeded: flags & mask))
        return scanner.take(")")
    }

    private mutating func readGeneve() -> Bool {
        while scanner.take("{") {
            guard scanner.take("class="), let optionClass = scanner.scanInt(base: 0), skipMask(),
                scanner.take(",type="), let type = scanner.scanInt(base: 0), skipMask(),
                scanner.take(",len="), let length = scanner.scanInt(base: 0), skipMask(),
                length <= 124, length % 4 == 0
            else { return false }
            var value = [UInt8](repeating: 0, count: Int(length))
            if scanner.take(",") {
                guard case .success(let bytes) = CNumber.wide(&scanner, byteCount: Int(length))
                else { return false }
                value = bytes
            }
            if scanner.take("/"),
                case .failure = CNumber.wide(&scanner, byteCount: Int(length))
            {
                return false
            }
            guard scanner.take("}") else { return false }
            store(
                option: UInt16(truncatingIfNeeded: optionClass),
                UInt8(truncatingIfNeeded: type), value)
        }
        return scanner.take(")")
    }

    /// Stores an option that the bridge maps; others are not part of a key.
    private func store(option optionClass: UInt16, _ type: UInt8, _ value: [UInt8]) {
        guard let mapping = options?.mapping(optionClass: optionClass, type: type),
            mapping.byteCount == value.count
        else { return }
        for (index, byte) in value.enumerated() { key.store8(byte, at: mapping.offset + index) }
        let present = key.load64(FlowLayout.tunnelMetadataPresent)
        key.store64(present | 1 << UInt64(mapping.index), at: FlowLayout.tunnelMetadataPresent)
    }
}
