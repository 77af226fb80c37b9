// Builds a match from the keys and values of flow text. A field's value lands in the flow key where
// `FlowLayout` has it; the fields that share bits (VLAN, TOS, ports) follow ovs-fields(7).

import Flow
import OpenFlow

/// A match under construction.
struct MatchParser {
    private var match = FlowMatch()
    let context: FlowTextContext
    /// The option places: the context's, or those handed out while parsing.
    private(set) var tunnelOptions: TunnelOptionLayout
    private let allocatesOptions: Bool

    init(_ context: FlowTextContext) {
        self.context = context
        allocatesOptions = context.tunnelOptions == nil
        tunnelOptions = context.tunnelOptions ?? TunnelOptionLayout()
    }

    /// Takes a pair if it names a protocol, a field or bits of a field.
    mutating func take(_ pair: KeyValue) throws(FlowTextError) -> Bool {
        if let (ethType, proto) = ProtocolName.parse(pair.key) {
            match.set(.ethType, to: UInt64(ethType))
            if proto != 0 { match.set(.ipProtocol, to: UInt64(proto)) }
            return true
        }
        if pair.key == "eth" {
            match.set(.packetType, to: 0)
            return true
        }
        return false
    }

    /// The match, without what its fields imply anyway.
    var result: FlowMatch {
        var match = match
        match.dropImpliedPacketType()
        return match
    }

    /// Takes a pair whose key is a field's name or a subfield.
    mutating func takeField(_ pair: KeyValue) throws(FlowTextError) -> Bool {
        if let field = FieldNames.field(pair.key) {
            let text = pair.value.isEmpty ? "0/0" : pair.value
            let (value, mask) = try FieldText.parse(field, text, context)
            try set(field, value, mask)
            return true
        }
        if pair.key.contains("[") {
            try takeSubfield(pair)
            return true
        }
        return false
    }

    private mutating func takeSubfield(_ pair: KeyValue) throws(FlowTextError) {
        let subfield = try SubfieldText.parse(pair.key)
        let field = subfield.field
        let number = try MatchParser.integer(pair.value, for: subfield) {
            FlowTextError("\(pair.key): cannot parse integer value: \(pair.value)")
        } overflow: { shown in
            FlowTextError("\(pair.key): value \(shown) does not fit into \(subfield.bitCount) bits")
        }
        var (value, mask) = current(field)
        SubfieldBits.write(number, to: subfield, value: &value, mask: &mask)
        if !field.info.maskable, !mask.bytes.allSatisfy({ $0 == 0xff }) {
            throw FlowTextError(
                "actions are invalid with specified match (OFPBAC_MATCH_INCONSISTENT)")
        }
        try set(field, value, mask)
    }

    private func current(_ field: Field) -> (value: FieldValue, mask: FieldValue) {
        if let index = field.tunnelMetadataIndex {
            let count = field.info.byteCount
            guard let place = tunnelOptions.locations[index] else {
                return (FieldValue(0, byteCount: count), FieldValue(0, byteCount: count))
            }
            return match.get(place, byteCount: count)
        }
        return match.get(field)
    }

    /// A number for a subfield, as wide as its field.
    static func integer(
        _ text: String, for subfield: Subfield, allowingTail: Bool = false,
        syntax: () -> FlowTextError, overflow: (String) -> FlowTextError
    ) throws(FlowTextError) -> FieldValue {
        let count = subfield.field.info.byteCount
        var scanner = TextScanner(text)
        guard case .success(let bytes) = CNumber.wide(&scanner, byteCount: count),
            allowingTail || scanner.isAtEnd
        else { throw syntax() }
        let value = FieldValue(bytes: bytes)
        for bit in subfield.bitCount..<max(count * 8, subfield.bitCount) where value.bit(bit) {
            throw overflow(
                FieldText.text(subfield.field, value, mask: nil, FlowTextContext()))
        }
        return value
    }

    // MARK: Setting fields

    /// Constrains a field to value and mask; a mask of zeros frees it.
    mutating func set(
        _ field: Field, _ value: FieldValue, _ mask: FieldValue
    ) throws(FlowTextError) {
        if let index = field.tunnelMetadataIndex {
            try setOption(index, value, mask)
            return
        }
        switch field {
        case .vlanTCI, .dlVLAN, .vlanVID, .dlVLANPCP, .vlanPCP:
            setVLAN(field, UInt16(truncatingIfNeeded: value.low64), mask)
        case .inPort16:
            let port = ReservedPort.widen(UInt16(truncatingIfNeeded: value.low64))
            if mask.isZero { match.clear(.inPort) } else { match.set(.inPort, to: UInt64(port)) }
        case .ipTOS, .ipDSCP:
            let dscp = field == .ipTOS ? value.low64 >> 2 : value.low64
            match.clear(.ipDSCP)
            if !mask.isZero { match.set(.ipDSCP, to: dscp) }
        default:
            match.clear(field)
            match.set(field, value: value, mask: mask)
        }
    }

    private mutating func setVLAN(_ field: Field, _ value: UInt16, _ mask: FieldValue) {
        let place = Field.vlanTCI.info.location
        let (before, beforeMask) = match.get(.vlanTCI)
        var tci = UInt16(truncatingIfNeeded: before.low64)
        var tciMask = UInt16(truncatingIfNeeded: beforeMask.low64)
        let given = UInt16(truncatingIfNeeded: mask.low64)
        switch field {
        case .vlanTCI:
            (tci, tciMask) = (value & given, given)
        case _ where mask.isZero:
            let isPCP = field == .dlVLANPCP || field == .vlanPCP
            let gone: UInt16 = isPCP ? 0xe000 : 0x0fff
            let kept: UInt16 = isPCP ? 0x0fff : 0xe000
            if tciMask & kept != 0 {
                (tci, tciMask) = (tci & ~gone, tciMask & ~gone)
            } else {
                (tci, tciMask) = (0, 0)
            }
        case .dlVLAN where value == 0xffff:
            (tci, tciMask) = (0, 0xffff)
        case .dlVLAN:
            tci = tci & ~0x0fff | 0x1000 | value & 0x0fff
            tciMask |= 0x1fff
        case .vlanVID:
            let bits = given & 0x1fff
            tci = tci & ~0x1fff | value & bits
            tciMask = bits | tciMask & 0xe000
        default:
            tci = tci & 0x1fff | (value & 7) << 13 | 0x1000
            tciMask |= 0xf000
        }
        match.clear(place)
        match.set(
            place, value: FieldValue(UInt64(tci), byteCount: 2),
            mask: FieldValue(UInt64(tciMask), byteCount: 2))
    }

    private mutating func setOption(
        _ index: Int, _ value: FieldValue, _ mask: FieldValue
    ) throws(FlowTextError) {
        if allocatesOptions {
            let name = "tun_metadata\(index)"
            let full = mask.bytes.allSatisfy { $0 == 0xff }
            let length = max(
                MatchParser.optionLength(value), full ? 0 : MatchParser.optionLength(mask))
            let used = tunnelOptions.usedBytes + length
            if used > FlowLayout.tunnelMetadataByteCount {
                throw FlowTextError(
                    "field \(name) exceeds maximum size for tunnel metadata (used \(used), max "
                        + "\(FlowLayout.tunnelMetadataByteCount))")
            }
            guard tunnelOptions.locations[index] == nil else {
                throw FlowTextError("field \(name) set multiple times")
            }
            _ = tunnelOptions.allocate(index, byteCount: length)
        }
        guard let place = tunnelOptions.locations[index] else { return }
        match.clear(place)
        match.set(place, value: value & mask, mask: mask)
        let one = FieldValue(1, byteCount: 1)
        match.set(TunnelOptionTable.presence(ofIndex: index), value: one, mask: one)
    }

    /// Bytes that a value needs, in steps of four and at least four.
    private static func optionLength(_ value: FieldValue) -> Int {
        let first = value.bytes.firstIndex { $0 != 0 } ?? value.bytes.count
        return max((value.bytes.count - first + 3) / 4 * 4, 4)
    }
}

/// Moves bits between a number and a range of a field's value.
enum SubfieldBits {
    /// Writes the low bits of `number` into the subfield's place, in value and mask.
    static func write(
        _ number: FieldValue, to subfield: Subfield, value: inout FieldValue,
        mask: inout FieldValue
    ) {
        for bit in 0..<subfield.bitCount {
            let place = subfield.offset + bit
            let index = value.bytes.count - 1 - place / 8
            guard index >= 0 else { return }
            let one = UInt8(1) << UInt8(place % 8)
            if number.bit(bit) { value.bytes[index] |= one } else { value.bytes[index] &= ~one }
            mask.bytes[index] |= one
        }
    }
}
