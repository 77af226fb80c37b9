// `ct(...)` and `nat(...)`: parsing.

import Flow
import OpenFlow

extension ActionParser {
    mutating func parseConntrack(_ text: String) throws(FlowTextError) -> ConntrackAction {
        var action = ConntrackAction()
        var reader = KeyValueReader(text)
        while let pair = reader.next() {
            let value = pair.value
            switch pair.key {
            case "commit": action.commit = true
            case "force": action.force = true
            case "table":
                guard let table = context.table(value) else {
                    throw FlowTextError("unknown table \(value)")
                }
                guard table != 255 else { throw FlowTextError("invalid table 0xff") }
                action.recircTable = table
            case "zone":
                if let zone = CNumber.int32(value, base: 0), let word = UInt16(exactly: zone) {
                    action.zone = word
                } else {
                    action.zoneField = try SubfieldText.parse(value)
                }
            case "alg":
                switch value {
                case "ftp": action.alg = 21
                case "tftp": action.alg = 69
                default: throw FlowTextError("invalid conntrack helper \"\(value)\"")
                }
            case "nat": action.nat = try parseNAT(value)
            case "exec":
                action.exec += try parse(value, instructions: false, outer: .ct)
                if case .nat(let nat) = action.exec.first, action.nat == nil {
                    action.nat = nat
                    action.exec.removeFirst()
                }
            default:
                throw FlowTextError("invalid argument to \"ct\" action: `\(pair.key)'")
            }
        }
        if action.force, !action.commit {
            throw FlowTextError("\"force\" flag requires \"commit\" flag.")
        }
        return action
    }

    func parseNAT(_ text: String) throws(FlowTextError) -> NATAction {
        var nat = NATAction()
        var source = false
        var destination = false
        var reader = KeyValueReader(text)
        while let pair = reader.next() {
            switch pair.key {
            case "src":
                source = true
                try parseRange(pair.value, into: &nat)
            case "dst":
                destination = true
                try parseRange(pair.value, into: &nat)
            case "persistent": nat.persistent = true
            case "hash": nat.hash = true
            case "random": nat.random = true
            default:
                throw FlowTextError("invalid key \"\(pair.key)\" in \"nat\" argument")
            }
        }
        if source, destination {
            throw FlowTextError("May only specify one of \"src\" or \"dst\".")
        }
        if !source, !destination, nat.persistent || nat.hash || nat.random {
            throw FlowTextError("Flags allowed only with \"src\" or \"dst\".")
        }
        if nat.hash, nat.random {
            throw FlowTextError("Both \"hash\" and \"random\" are not allowed.")
        }
        nat.kind = source ? .source : destination ? .destination : .existing
        return nat
    }

    /// `address[-address][:port[-port]]`; IPv6 addresses in brackets where ports follow.
    private func parseRange(_ text: String, into nat: inout NATAction) throws(FlowTextError) {
        let invalid = FlowTextError("invalid nat range \"\(text)\"")
        (nat.ipv4Min, nat.ipv4Max, nat.ipv6Min, nat.ipv6Max) = (nil, nil, nil, nil)
        (nat.portMin, nat.portMax) = (nil, nil)
        var scanner = TextScanner(text)
        if let low = scanner.scanIPv4() {
            nat.ipv4Min = low
            if scanner.take("-") {
                guard let high = scanner.scanIPv4(), high >= low else { throw invalid }
                nat.ipv4Max = high
            }
        } else if let low = bracketed(&scanner) {
            nat.ipv6Min = FieldValue(bytes: low)
            if scanner.take("-") {
                guard let high = bracketed(&scanner), !high.lexicographicallyPrecedes(low) else {
                    throw invalid
                }
                nat.ipv6Max = FieldValue(bytes: high)
            }
        }
        if nat.ipv4Min != nil || nat.ipv6Min != nil, scanner.take(":") {
            guard let low = scanner.scanInt(base: 10) else { throw invalid }
            nat.portMin = UInt16(truncatingIfNeeded: low)
            if scanner.take("-") {
                guard let high = scanner.scanInt(base: 10),
                    UInt16(truncatingIfNeeded: high) >= UInt16(truncatingIfNeeded: low)
                else { throw invalid }
                nat.portMax = UInt16(truncatingIfNeeded: high)
            }
        }
        guard scanner.isAtEnd else {
            throw FlowTextError(
                "garbage (\(scanner.rest)) after nat range \"\(text)\" (pos: \(scanner.index))")
        }
    }

    /// An IPv6 address, in brackets or not. What looks like one is passed over even if it is none:
    /// the error then points behind it.
    private func bracketed(_ scanner: inout TextScanner) -> [UInt8]? {
        var place = scanner
        let hasBracket = place.take("[")
        let start = place.index
        place.skipIPv6()
        guard place.index > start else { return nil }
        let address = TextScanner.ipv6(Array(place.bytes[start..<place.index]))
        if hasBracket, !place.take("]") { return nil }
        scanner = place
        return address
    }
}
