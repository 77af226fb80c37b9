// Parses the value of one field. What is wrong is told in the words of Open vSwitch's tools.

import Flow
import OpenFlow

extension FieldText {
    /// A value and its mask; the mask is all ones where the text has none.
    static func parse(
        _ field: Field, _ text: String, _ context: FlowTextContext
    ) throws(FlowTextError) -> (value: FieldValue, mask: FieldValue) {
        let count = field.info.byteCount
        if text == "*" {
            return (FieldValue(0, byteCount: count), FieldValue(0, byteCount: count))
        }
        let parsed = try parseUnchecked(field, text, context)
        if !field.info.maskable {
            let ones = parsed.mask.bytes.allSatisfy { $0 == 0xff }
            guard ones || parsed.mask.isZero else {
                throw FlowTextError("\(text): invalid mask for field \(field.info.name)")
            }
        }
        return parsed
    }

    /// A value that must be exact.
    static func parseExact(
        _ field: Field, _ text: String, _ context: FlowTextContext
    ) throws(FlowTextError) -> FieldValue {
        let (value, mask) = try parse(field, text, context)
        guard mask.bytes.allSatisfy({ $0 == 0xff }) else {
            throw FlowTextError("\(text): wildcards not allowed here")
        }
        return value
    }

    private static func parseUnchecked(
        _ field: Field, _ text: String, _ context: FlowTextContext
    ) throws(FlowTextError) -> (value: FieldValue, mask: FieldValue) {
        let info = field.info
        let count = info.byteCount
        let ones = FieldValue(bytes: [UInt8](repeating: 0xff, count: count))
        switch info.format {
        case .decimal, .hexadecimal:
            return try integer(field, text)
        case .ethernet:
            return try ethernet(text)
        case .ipv4:
            return try ipv4(text)
        case .ipv6:
            return try ipv6(text)
        case .port16, .port32:
            guard let port = context.port(text) else {
                throw FlowTextError(
                    info.format == .port16
                        ? "\(text): invalid or unknown port for \(info.name)"
                        : "\(text): port value out of range for \(info.name)")
            }
            return (FieldValue(UInt64(port), byteCount: count), ones)
        case .fragment:
            guard let (value, mask) = FragmentName.parse(text) else {
                throw FlowTextError(
                    "\(text): unknown fragment type (valid types are \"no\", \"yes\", \"first\", "
                        + "\"later\", \"not_later\"")
            }
            return (
                FieldValue(UInt64(value), byteCount: 1),
                FieldValue(UInt64(mask | 0xfc), byteCount: 1)
            )
        case .ctState: return try flags(.ctState, text, byteCount: count)
        case .tcpFlags: return try flags(.tcp, text, byteCount: count)
        case .tunnelFlags: return try flags(.tunnel, text, byteCount: count)
        case .packetType: return (try packetType(text), ones)
        }
    }

    private static func flags(
        _ names: FlagNames, _ text: String, byteCount: Int
    ) throws(FlowTextError) -> (value: FieldValue, mask: FieldValue) {
        let (flags, mask, _) = try names.parse(TextScanner(text), end: 0, masked: true)
        return (
            FieldValue(UInt64(flags), byteCount: byteCount),
            FieldValue(UInt64(mask), byteCount: byteCount)
        )
    }

    private static func integer(
        _ field: Field, _ text: String
    ) throws(FlowTextError) -> (value: FieldValue, mask: FieldValue) {
        let info = field.info
        var scanner = TextScanner(text)
        let slash = UInt8(ascii: "/")
        func failure(_ reason: CNumber.WideError?, _ what: String) -> FlowTextError {
            reason == .range
                ? FlowTextError(
                    "\(text): \(what) too large for \(info.byteCount)-byte field \(info.name)")
                : FlowTextError("\(text): bad syntax for \(info.name) \(what)")
        }
        let value: [UInt8]
        switch CNumber.wide(&scanner, byteCount: info.byteCount) {
        case .success(let bytes): value = bytes
        case .failure(let error): throw failure(error.reason, "value")
        }
        guard scanner.isAtEnd || scanner.current == slash else { throw failure(nil, "value") }
        guard scanner.current == slash else {
            let ones = [UInt8](repeating: 0xff, count: info.byteCount)
            return (FieldValue(bytes: value), FieldValue(bytes: ones))
        }
        scanner.index += 1
        switch CNumber.wide(&scanner, byteCount: info.byteCount) {
        case .success(let mask):
            guard scanner.isAtEnd else { throw failure(nil, "mask") }
            return (FieldValue(bytes: value), FieldValue(bytes: mask))
        case .failure(let error): throw failure(error.reason, "mask")
        }
    }

    private static func ethernet(
        _ text: String
    ) throws(FlowTextError) -> (value: FieldValue, mask: FieldValue) {
        var scanner = TextScanner(text)
        if let value = scanner.scanEthernet() {
            if scanner.isAtEnd {
                return (FieldValue(value, byteCount: 6), FieldValue(.max, byteCount: 6))
            }
            if scanner.take("/"), let mask = scanner.scanEthernet(), scanner.isAtEnd {
                return (FieldValue(value, byteCount: 6), FieldValue(mask, byteCount: 6))
            }
        }
        throw FlowTextError("\(text): invalid Ethernet address")
    }

    static func ipv4(
        _ text: String
    ) throws(FlowTextError) -> (value: FieldValue, mask: FieldValue) {
        var scanner = TextScanner(text)
        let invalid = FlowTextError("\(text): invalid IP address")
        guard let address = scanner.scanIPv4() else { throw invalid }
        var mask = UInt32.max
        var masked = scanner
        if masked.take("/") {
            var dotted = masked
            if let value = dotted.scanIPv4() {
                mask = value
                scanner = dotted
            } else if let prefix = masked.scanInt(base: 10) {
                let length = Int32(truncatingIfNeeded: prefix)
                guard (0...32).contains(length) else {
                    throw FlowTextError(
                        "\(text): IPv4 network prefix bits not between 0 and 32, inclusive")
                }
                mask = length == 0 ? 0 : UInt32.max << UInt32(32 - length)
                scanner = masked
            }
        }
        guard scanner.isAtEnd else { throw invalid }
        return (
            FieldValue(UInt64(address), byteCount: 4), FieldValue(UInt64(mask), byteCount: 4)
        )
    }

    static func ipv6(
        _ text: String
    ) throws(FlowTextError) -> (value: FieldValue, mask: FieldValue) {
        var scanner = TextScanner(text)
        let invalid = FlowTextError("\(text): invalid IPv6 address")
        scanner.skipSpace()
        guard let address = scanner.scanIPv6() else { throw invalid }
        var mask = [UInt8](repeating: 0xff, count: 16)
        var masked = scanner
        if masked.take("/") {
            var number = masked
            var long = masked
            if let prefix = number.scanInt(base: 10) {
                let length = Int(Int32(truncatingIfNeeded: prefix))
                guard (0...128).contains(length) else {
                    throw FlowTextError(
                        "\(text): IPv6 network prefix bits not between 0 and 128, inclusive")
                }
                mask = (~FieldValue.ones(bitCount: 128 - length, byteCount: 16)).bytes
                scanner = number
            } else if let bytes = long.scanIPv6() {
                mask = bytes
                scanner = long
            } else if masked.current.hexDigit != nil || masked.current == UInt8(ascii: ":") {
                throw FlowTextError("\(text): Invalid IPv6 mask")
            }
        }
        guard scanner.isAtEnd else { throw invalid }
        return (FieldValue(bytes: address), FieldValue(bytes: mask))
    }

    private static func packetType(_ text: String) throws(FlowTextError) -> FieldValue {
        var scanner = TextScanner(text)
        func failure(_ what: String) -> FlowTextError {
            FlowTextError("\(scanner.rest): bad syntax for packet type \(what)")
        }
        guard scanner.take("(") else { throw failure("missing '('") }
        let start = scanner
        guard case .success(let space) = CNumber.wide(&scanner, byteCount: 2) else {
            throw FlowTextError("\(start.rest): bad syntax for packet type ns")
        }
        guard scanner.current == UInt8(ascii: ",") else {
            throw FlowTextError("\(start.rest): bad syntax for packet type missing ','")
        }
        scanner.index += 1
        let second = scanner
        guard case .success(let type) = CNumber.wide(&scanner, byteCount: 2) else {
            throw FlowTextError("\(second.rest): bad syntax for packet type ns_type")
        }
        guard scanner.current == UInt8(ascii: ")") else {
            throw FlowTextError("\(second.rest): bad syntax for packet type missing ')'")
        }
        return FieldValue(bytes: space + type)
    }
}
