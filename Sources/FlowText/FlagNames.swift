// Sets of named bits: connection state, TCP flags and tunnel flags, as text and back.

/// The names of the bits of one kind of flag field.
struct FlagNames: Sendable {
    /// Name of bit n, nil where it has none.
    let names: [String?]
    /// The bits that text may use.
    let allowed: UInt32
    /// How errors call the field.
    let title: String

    static let ctState = FlagNames(
        names: ["new", "est", "rel", "rpl", "inv", "trk", "snat", "dnat"], allowed: 0xff,
        title: "ct_state")
    static let tcp = FlagNames(
        names: [
            "fin", "syn", "rst", "psh", "ack", "urg", "ece", "cwr", "ns", "[200]", "[400]", "[800]",
        ], allowed: 0xfff, title: "TCP")
    static let tunnel = FlagNames(
        names: ["oam", "df", "csum", "key"], allowed: 1, title: "tunnel")

    func name(ofBit bit: Int) -> String? { bit < names.count ? names[bit] : nil }

    /// All bits known: `new|trk`, or `0`.
    func text(_ flags: UInt32) -> String {
        guard flags != 0 else { return "0" }
        var parts: [String] = []
        var unnamed: UInt32 = 0
        for bit in 0..<32 where flags >> UInt32(bit) & 1 == 1 {
            if let name = name(ofBit: bit) {
                parts.append(name)
            } else {
                unnamed |= 1 << UInt32(bit)
            }
        }
        if unnamed != 0 { parts.append("0x" + String(unnamed, radix: 16)) }
        return parts.joined(separator: "|")
    }

    /// Some bits known: `+new-est`. Where all of `full` are known, as `text(_:)`.
    func text(_ flags: UInt32, mask: UInt32, full: UInt32) -> String {
        if mask == full { return text(flags) }
        guard mask != 0 else { return "0/0" }
        var result = ""
        for bit in 0..<32 where mask >> UInt32(bit) & 1 == 1 {
            result += flags >> UInt32(bit) & 1 == 1 ? "+" : "-"
            result += name(ofBit: bit) ?? "[Unknown]"
        }
        return result
    }

    /// The value and mask that text means, read up to `end` (0 for the end of the text).
    ///
    /// - Returns: flags, mask, and how many bytes were read.
    func parse(
        _ scanner: TextScanner, end: UInt8, masked: Bool
    ) throws(FlowTextError) -> (flags: UInt32, mask: UInt32, count: Int) {
        if masked {
            var numeric = scanner
            if let flags = numeric.scanInt(base: 0), numeric.take("/"),
                let mask = numeric.scanInt(base: 0)
            {
                let flags = UInt32(truncatingIfNeeded: flags)
                let mask = UInt32(truncatingIfNeeded: mask)
                guard (flags | mask) & ~allowed == 0 else { throw unknown(scanner) }
                return (flags, mask, numeric.index - scanner.index)
            }
            if scanner.current == UInt8(ascii: "+") || scanner.current == UInt8(ascii: "-") {
                return try parseSigned(scanner, end: end)
            }
        }
        return try parsePlain(scanner, end: end)
    }

    private func parseSigned(
        _ start: TextScanner, end: UInt8
    ) throws(FlowTextError) -> (flags: UInt32, mask: UInt32, count: Int) {
        var scanner = start
        var flags: UInt32 = 0
        var mask: UInt32 = 0
        while scanner.current != end {
            let sign = scanner.current
            guard sign == UInt8(ascii: "+") || sign == UInt8(ascii: "-") else {
                throw FlowTextError(
                    "\(scanner.rest): \(title) must be preceded by '+' (for SET) or '-' (NOT SET)")
            }
            scanner.index += 1
            let name = scanner
            let plus = UInt8(ascii: "+")
            let minus = UInt8(ascii: "-")
            guard let bit = scanner.takeName(names, before: [plus, minus, end]) else {
                throw unknown(name)
            }
            let value = UInt32(1) << UInt32(bit)
            guard mask & value == 0 else {
                throw FlowTextError("\(name.rest): Each \(title) flag can be specified only once")
            }
            guard allowed & value != 0 else { throw unknown(name) }
            if sign == plus { flags |= value }
            mask |= value
        }
        return (flags, mask, scanner.index - start.index)
    }

    private func parsePlain(
        _ start: TextScanner, end: UInt8
    ) throws(FlowTextError) -> (flags: UInt32, mask: UInt32, count: Int) {
        var scanner = start
        var flags: UInt32 = 0
        let bar = UInt8(ascii: "|")
        while scanner.current != end {
            var number = scanner
            if let value = number.scanInt(base: 0) {
                guard value & ~UInt64(allowed) == 0 else { throw unknown(start) }
                flags |= UInt32(truncatingIfNeeded: value)
                scanner = number
            } else if let bit = scanner.takeName(names, before: [bar, end]) {
                guard allowed >> UInt32(bit) & 1 == 1 else { throw unknown(start) }
                flags |= 1 << UInt32(bit)
            } else {
                throw unknown(start)
            }
            if scanner.current == bar { scanner.index += 1 }
        }
        return (flags, .max, scanner.index - start.index)
    }

    private func unknown(_ scanner: TextScanner) -> FlowTextError {
        FlowTextError("\(scanner.rest): unknown \(title) flag(s)")
    }
}
