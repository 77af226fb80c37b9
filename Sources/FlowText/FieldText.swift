// The value and mask of one field as text and back: what stands behind `=` in a match and before
// `->` in set_field. The field's format decides.

import Flow
import OpenFlow

enum FieldText {
    /// The text of a value; a nil or full mask is left out, an empty one gives `ANY`.
    static func text(
        _ field: Field, _ value: FieldValue, mask: FieldValue?, _ context: FlowTextContext
    ) -> String {
        let info = field.info
        var mask = mask
        if let given = mask {
            if given.isZero { return "ANY" }
            if isFull(given, of: field) { mask = nil }
        }
        switch info.format {
        case .port16 where mask == nil:
            return context.portText(ReservedPort.widen(UInt16(truncatingIfNeeded: value.low64)))
        case .port32 where mask == nil:
            return context.portText(UInt32(truncatingIfNeeded: value.low64))
        case .decimal, .port16, .port32:
            return String(Int64(bitPattern: value.low64)) + maskText(mask)
        case .hexadecimal:
            return TextForm.hex(value.bytes) + maskText(mask)
        case .ctState:
            return FlagNames.ctState.text(value32(value), mask: mask32(mask), full: 0xffff)
        case .tcpFlags:
            return FlagNames.tcp.text(value32(value), mask: mask32(mask) & 0xfff, full: 0xfff)
        case .tunnelFlags:
            return FlagNames.tunnel.text(value32(value), mask: mask32(mask) & 1, full: 1)
        case .ethernet:
            let suffix = mask.map { "/" + TextForm.ethernet($0.low64) } ?? ""
            return TextForm.ethernet(value.low64) + suffix
        case .ipv4:
            return TextForm.ipv4(value32(value), mask: mask32(mask))
        case .ipv6:
            let ones = [UInt8](repeating: 0xff, count: 16)
            return TextForm.ipv6(value.bytes, mask: mask?.bytes ?? ones)
        case .fragment:
            return FragmentName.text(value32(value), mask: mask32(mask)) ?? "<error>"
        case .packetType:
            return packetType(value32(value))
        }
    }

    /// `eth` or `packet_type=(1,0x800)`.
    static func packetType(_ value: UInt32) -> String {
        if value == 0 { return "eth" }
        func part(_ number: UInt32) -> String {
            number > 9 ? TextForm.hex(UInt64(number)) : "\(number)"
        }
        return "packet_type=(\(part(value >> 16)),\(part(value & 0xffff)))"
    }

    /// Whether a mask covers all of the field's bits.
    static func isFull(_ mask: FieldValue, of field: Field) -> Bool {
        if mask.bytes.allSatisfy({ $0 == 0xff }) { return true }
        let exact = FieldValue.exactMask(of: field)
        return mask.bytes.count == exact.bytes.count && (mask & exact) == exact
    }

    private static func maskText(_ mask: FieldValue?) -> String {
        mask.map { "/" + TextForm.hex($0.bytes) } ?? ""
    }

    private static func value32(_ value: FieldValue) -> UInt32 {
        UInt32(truncatingIfNeeded: value.low64)
    }

    private static func mask32(_ mask: FieldValue?) -> UInt32 {
        mask.map { UInt32(truncatingIfNeeded: $0.low64) } ?? .max
    }
}

/// What a match can say about fragments.
enum FragmentName {
    /// Name, mask and value; bit 0 any fragment, bit 1 a later one.
    private static let all: [(name: String, mask: UInt32, value: UInt32)] = [
        ("no", 3, 0), ("first", 3, 1), ("later", 3, 3), ("no", 1, 0), ("yes", 1, 1),
        ("not_later", 2, 0), ("later", 2, 2),
    ]

    static func text(_ value: UInt32, mask: UInt32) -> String? {
        all.first { $0.mask == mask & 3 && $0.value == value & mask & 3 }?.name
    }

    static func parse(_ text: String) -> (value: UInt32, mask: UInt32)? {
        let lower = text.lowercased()
        return all.first { $0.name == lower }.map { ($0.value, $0.mask) }
    }
}
