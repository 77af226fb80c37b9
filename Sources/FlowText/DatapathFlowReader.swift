// Reads the datapath syntax of a flow key. Attributes may come in any order; masks are read and
// dropped, as a key is exact. Nested `encap()` holds what stands behind a VLAN tag.

import Flow

struct DatapathFlowReader {
    var scanner: TextScanner
    let key: FlowKey
    private let portNames: NameMap
    let options: TunnelOptionTable?
    private var extras = DatapathFlowText.Extras()
    /// Ethertype and tag of each level of `encap()`.
    private var levels: [Level] = [Level()]
    private var hasEthernet = false

    private struct Level {
        var ethType: UInt16?
        var tci: UInt16?
    }

    init(_ text: String, _ key: FlowKey, _ portNames: NameMap, _ options: TunnelOptionTable?) {
        scanner = TextScanner(text)
        self.key = key
        self.portNames = portNames
        self.options = options
    }

    mutating func read() throws(FlowTextError) -> DatapathFlowText.Extras {
        while true {
            scanner.skip(", \t\r\n")
            if scanner.isAtEnd { break }
            let start = scanner
            skipIdentifier()
            guard readAttribute(depth: 0) else {
                throw FlowTextError("syntax error at \(start.rest)")
            }
        }
        finish()
        return extras
    }

    /// `ufid:…` says which flow it is; it is not part of the key.
    private mutating func skipIdentifier() {
        guard scanner.take("ufid:") else { return }
        while !scanner.isAtEnd, scanner.current != UInt8(ascii: ","), !scanner.current.isSpace {
            scanner.index += 1
        }
        scanner.skip(", \t\r\n")
    }

    /// Puts Ethertypes and tags where they belong.
    private mutating func finish() {
        var tags = levels[...]
        if let outer = tags.first, let tci = outer.tci {
            key.store16(tci, at: FlowLayout.vlanTCI)
            key.store16(outer.ethType ?? EthType.vlan, at: FlowLayout.vlanTPID)
            tags = tags.dropFirst()
            if let inner = tags.first, let tci = inner.tci {
                key.store16(tci, at: FlowLayout.innerVLANTCI)
                key.store16(inner.ethType ?? EthType.vlan, at: FlowLayout.innerVLANTPID)
                tags = tags.dropFirst()
            }
        }
        let ethType = tags.first?.ethType
        key.store16(ethType ?? EthType.none, at: FlowLayout.ethType)
        if hasEthernet {
            key.store32(0, at: FlowLayout.packetType)
        } else if let ethType {
            key.store32(1 << 16 | UInt32(ethType), at: FlowLayout.packetType)
        }
    }

    // MARK: Attributes

    private mutating func readAttribute(depth: Int) -> Bool {
        let start = scanner.index
        while scanner.current.isLetter || scanner.current.isDigit
            || scanner.current == UInt8(ascii: "_")
        {
            scanner.index += 1
        }
        let name = scanner.text(from: start)
        guard scanner.take("(") else { return false }
        if name == "encap" { return readEncapsulation(depth: depth) }
        if let done = readSingle(name, depth) { return done && scanner.take(")") }
        guard let fields = DatapathAttribute.fields(name) else { return false }
        if name == "eth" { hasEthernet = true }
        if name == "vlan" {
            guard depth < 2 else { return false }
            levels[depth].tci = levels[depth].tci ?? 0x1000
        }
        return readFields(name, fields, depth: depth)
    }

    private mutating func readEncapsulation(depth: Int) -> Bool {
        guard depth < 2 else { return false }
        levels.append(Level())
        while true {
            scanner.skip(", \t\r\n")
            if scanner.isAtEnd { return false }
            if scanner.take(")") { return true }
            guard readAttribute(depth: depth + 1) else { return false }
        }
    }

    /// An attribute with one value; nil if this is none.
    private mutating func readSingle(_ name: String, _ depth: Int) -> Bool? {
        switch name {
        case "skb_priority": return readNumber(FlowLayout.skbPriority, 4)
        case "skb_mark": return readNumber(FlowLayout.packetMark, 4)
        case "dp_hash": return readNumber(FlowLayout.dpHash, 4)
        case "ct_zone": return readNumber(FlowLayout.ctZone, 2)
        case "ct_mark": return readNumber(FlowLayout.ctMark, 4)
        case "ct_label": return readWide(FlowLayout.ctLabel, 16)
        case "ct_state": return readFlags(.ctState, FlowLayout.ctState, 4)
        case "tcp_flags": return readFlags(.tcp, FlowLayout.tcpFlags, 2)
        case "recirc_id":
            guard let value = scanner.scanInt(base: 0) else { return false }
            extras.recirculationID = UInt32(truncatingIfNeeded: value)
            return skipMask()
        case "in_port": return readPort()
        case "eth_type":
            guard let value = scanner.scanInt(base: 0), depth < levels.count else { return false }
            levels[depth].ethType = UInt16(truncatingIfNeeded: value)
            return skipMask()
        case "tunnel": return readTunnel()
        default: return nil
        }
    }

    private mutating func readPort() -> Bool {
        if let value = scanner.scanInt(base: 0) {
            key.store32(UInt32(truncatingIfNeeded: value), at: FlowLayout.inPort)
            return skipMask()
        }
        let start = scanner.index
        while !scanner.isAtEnd, scanner.current != UInt8(ascii: ")") { scanner.index += 1 }
        guard let port = portNames.number(of: scanner.text(from: start)) else { return false }
        key.store32(port, at: FlowLayout.inPort)
        return true
    }

    private mutating func readFields(
        _ name: String, _ fields: [DatapathAttribute.Member], depth: Int
    ) -> Bool {
        if scanner.take(")") { return true }
        var labels = 0
        repeat {
            guard let member = takeMember(fields) else { return false }
            if name == "mpls", member.name == "label" { labels += 1 }
            guard labels <= 3 else { return false }
            guard read(member, depth: depth, label: max(labels - 1, 0)) else { return false }
            if scanner.take(")") { return true }
        } while scanner.take(",")
        return false
    }

    private mutating func takeMember(
        _ fields: [DatapathAttribute.Member]
    ) -> DatapathAttribute.Member? {
        let start = scanner.index
        while !scanner.isAtEnd, scanner.current != UInt8(ascii: "=") { scanner.index += 1 }
        let name = scanner.text(from: start)
        guard scanner.take("=") else { return nil }
        return fields.first { $0.name == name }
    }

    private mutating func read(
        _ member: DatapathAttribute.Member, depth: Int, label: Int
    ) -> Bool {
        switch member.kind {
        case .number(let offset, let count): return readNumber(offset, count)
        case .ipv4(let offset): return readIPv4(offset)
        case .ipv6(let offset): return readIPv6(offset)
        case .ethernet(let offset):
            guard let value = scanner.scanEthernet() else { return false }
            key.store48(value, at: offset)
            if scanner.take("/") { return scanner.scanEthernet() != nil }
            return true
        case .fragment:
            guard let index = scanner.takeName(["no", "first", "later"], before: ends) else {
                return false
            }
            key.store8([0, 1, 3][index], at: FlowLayout.ipFragment)
            return true
        case .tag(let shift, let width):
            guard let value = scanner.scanInt(base: 0), value >> UInt64(width) == 0 else {
                return false
            }
            let mask = UInt16((1 << width - 1) << shift)
            let tci = levels[depth].tci ?? 0x1000
            levels[depth].tci = tci & ~mask | UInt16(truncatingIfNeeded: value) << UInt16(shift)
            return skipMask()
        case .label(let shift, let width):
            guard let value = scanner.scanInt(base: 0), value >> UInt64(width) == 0 else {
                return false
            }
            let offset = FlowLayout.mplsStack + label * 4
            let mask = UInt32((1 << width - 1) << shift)
            let entry =
                key.load32(offset) & ~mask | UInt32(truncatingIfNeeded: value) << UInt32(shift)
            key.store32(entry, at: offset)
            return skipMask()
        case .packetType(let shift):
            guard let value = scanner.scanInt(base: 0) else { return false }
            let type = key.load32(FlowLayout.packetType)
            let kept = type & ~(UInt32(0xffff) << UInt32(shift))
            key.store32(
                kept | UInt32(value & 0xffff) << UInt32(shift), at: FlowLayout.packetType)
            return skipMask()
        }
    }

    private var ends: [UInt8] { [UInt8(ascii: ","), UInt8(ascii: ")"), UInt8(ascii: "/")] }

    // MARK: Values

    mutating func readNumber(_ offset: Int, _ count: Int) -> Bool {
        guard let value = scanner.scanInt(base: 0) else { return false }
        for index in 0..<count {
            key.store8(
                UInt8(truncatingIfNeeded: value >> UInt64((count - 1 - index) * 8)),
                at: offset + index)
        }
        return skipMask()
    }

    mutating func readIPv4(_ offset: Int) -> Bool {
        guard let value = scanner.scanIPv4() else { return false }
        key.store32(value, at: offset)
        if scanner.take("/") { return scanner.scanIPv4() != nil }
        return true
    }

    mutating func readIPv6(_ offset: Int) -> Bool {
        guard let value = scanner.scanIPv6() else { return false }
        for (index, byte) in value.enumerated() { key.store8(byte, at: offset + index) }
        if scanner.take("/") { return scanner.scanIPv6() != nil }
        return true
    }

    private mutating func readWide(_ offset: Int, _ count: Int) -> Bool {
        guard case .success(let bytes) = CNumber.wide(&scanner, byteCount: count) else {
            return false
        }
        for (index, byte) in bytes.enumerated() { key.store8(byte, at: offset + index) }
        if scanner.take("/"), case .failure = CNumber.wide(&scanner, byteCount: count) {
            return false
        }
        return true
    }

    private mutating func readFlags(_ names: FlagNames, _ offset: Int, _ count: Int) -> Bool {
        guard
            let (flags, mask, length) = try? names.parse(
                scanner, end: UInt8(ascii: ")"), masked: true)
        else { return false }
        scanner.index += length
        if count == 2 {
            key.store16(UInt16(truncatingIfNeeded: flags & mask), at: offset)
        } else {
            key.store32(flags & mask, at: offset)
        }
        return true
    }

    mutating func skipMask() -> Bool {
        scanner.take("/") ? scanner.scanInt(base: 0) != nil : true
    }
}
