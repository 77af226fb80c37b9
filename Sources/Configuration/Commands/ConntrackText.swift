// Connections as dpctl prints them, and tuples as it reads them. Pure.
//
// The same syntax serves `dpctl/dump-conntrack`, `dpctl/flush-conntrack` and `ct-stats-show`.

import Dpif

/// Prints connections.
///
/// **Source**: ovs-dpctl(8), dump-conntrack.
enum ConntrackText {
    static func line(
        _ connection: ConnectionInfo, isVerbose: Bool, showsStatistics: Bool
    ) -> String {
        var text = protocolName(connection.proto) + ",orig=("
        text += tuple(connection.original, connection.proto)
        if showsStatistics {
            text += counters(connection.originalPackets, connection.originalBytes)
        }
        text += "),reply=(" + tuple(connection.reply, connection.proto)
        if showsStatistics { text += counters(connection.replyPackets, connection.replyBytes) }
        text += ")"
        if isVerbose { text += ",id=0" }
        if connection.zone != 0 { text += ",zone=\(connection.zone)" }
        if isVerbose { text += ",status=0" }
        if showsStatistics { text += ",timeout=\(connection.timeoutSeconds)" }
        if connection.mark != 0 { text += ",mark=\(connection.mark)" }
        if connection.labelHigh | connection.labelLow != 0 {
            text += ",labels=" + label(connection.labelHigh, connection.labelLow)
        }
        if isVerbose, let original = connection.originalEnd, let reply = connection.replyEnd {
            text += ",protoinfo=(\(ends(original, reply)))"
        } else if let state = connection.protocolState {
            text += ",protoinfo=(state=\(coalesced(state)))"
        }
        if let helper = connection.helper { text += ",helper=\(helper)" }
        if isVerbose, let parent = connection.parent {
            text += ",parent=(\(tuple(parent, connection.proto)))"
        }
        return text
    }

    private static func ends(
        _ original: ConnectionInfo.TCPEnd, _ reply: ConnectionInfo.TCPEnd
    ) -> String {
        var text = "state_orig=\(original.state),state_reply=\(reply.state)"
        if original.windowShift != 0 || reply.windowShift != 0 {
            text += ",wscale_orig=\(original.windowShift),wscale_reply=\(reply.windowShift)"
        }
        func flags(_ end: ConnectionInfo.TCPEnd) -> String {
            end.hasWindowScale ? "WINDOW_SCALE" : end.isLiberal ? "BE_LIBERAL" : "0"
        }
        return text + ",flags_orig=\(flags(original)),flags_reply=\(flags(reply))"
    }

    static func protocolName(_ number: UInt8) -> String {
        switch number {
        case 1: "icmp"
        case 58: "icmpv6"
        case 6: "tcp"
        case 17: "udp"
        case 132: "sctp"
        case 136: "udplite"
        case 33: "dccp"
        case 2: "igmp"
        default: String(number)
        }
    }

    static func isICMP(_ proto: UInt8) -> Bool { proto == 1 || proto == 58 }

    private static func tuple(_ tuple: ConnectionInfo.Tuple, _ proto: UInt8) -> String {
        let addresses =
            "src=\(AddressText.text(tuple.source)),dst=\(AddressText.text(tuple.destination))"
        guard isICMP(proto) else {
            return addresses + ",sport=\(tuple.sourcePort),dport=\(tuple.destinationPort)"
        }
        return addresses
            + ",id=\(tuple.sourcePort),type=\(tuple.icmpType),code=\(tuple.icmpCode)"
    }

    private static func counters(_ packets: UInt64, _ bytes: UInt64) -> String {
        packets | bytes == 0 ? "" : ",packets=\(packets),bytes=\(bytes)"
    }

    /// Hexadecimal without zeros in front.
    private static func label(_ high: UInt64, _ low: UInt64) -> String {
        high == 0
            ? "0x" + String(low, radix: 16)
            : "0x" + String(high, radix: 16) + EthernetText.hex(low, digits: 16)
    }

    /// The kernel's tracker knows fewer states; short dumps speak its language.
    static func coalesced(_ state: String) -> String {
        switch state {
        case "FIN_WAIT_2": "TIME_WAIT"
        case "SYN_RECV": "ESTABLISHED"
        default: state
        }
    }

    /// The states in their order.
    static let states = [
        "CLOSED", "LISTEN", "SYN_SENT", "SYN_RECV", "ESTABLISHED", "CLOSE_WAIT", "FIN_WAIT_1",
        "CLOSING", "LAST_ACK", "FIN_WAIT_2", "TIME_WAIT",
    ]
}

/// Which connections a flush is about: what is nil or 0 passes any.
struct ConntrackPattern {
    struct Half {
        var source: [UInt8]?
        var destination: [UInt8]?
        var sourcePort: UInt16 = 0
        var destinationPort: UInt16 = 0
        var icmpType: UInt8 = 0
        var icmpCode: UInt8 = 0
    }

    var proto: UInt8 = 0
    private(set) var isIPv6: Bool?
    var original = Half()
    var reply = Half()

    var isEmpty: Bool {
        proto == 0 && isIPv6 == nil
    }

    /// Reads one tuple such as `ct_nw_src=10.0.0.1,ct_nw_proto=6,ct_tp_dst=80`.
    mutating func read(
        _ text: String, into half: WritableKeyPath<ConntrackPattern, Half>
    ) throws(CommandFailure) {
        for pair in text.split(separator: ",") {
            let parts = pair.split(separator: "=", maxSplits: 1)
            let key = String(parts[0])
            guard parts.count == 2 else { throw Self.failure("field \(key) missing value") }
            try take(key, String(parts[1]), half)
        }
        let ports = (self[keyPath: half].sourcePort, self[keyPath: half].destinationPort)
        if proto == 0, ports != (0, 0) {
            throw Self.failure("port is set without protocol")
        }
    }

    private mutating func take(
        _ key: String, _ value: String, _ half: WritableKeyPath<ConntrackPattern, Half>
    ) throws(CommandFailure) {
        switch key {
        case "ct_nw_src", "ct_ipv6_src":
            let address = try address(key, value, isSet: self[keyPath: half].source != nil)
            self[keyPath: half].source = address
        case "ct_nw_dst", "ct_ipv6_dst":
            let address = try address(key, value, isSet: self[keyPath: half].destination != nil)
            self[keyPath: half].destination = address
        case "ct_nw_proto": proto = try Self.number(key, value)
        case "ct_tp_src": self[keyPath: half].sourcePort = try Self.number(key, value)
        case "ct_tp_dst": self[keyPath: half].destinationPort = try Self.number(key, value)
        case "icmp_type", "icmp_code", "icmp_id":
            guard ConntrackText.isICMP(proto) else { throw Self.failure("invalid L4 fields") }
            switch key {
            case "icmp_type": self[keyPath: half].icmpType = try Self.number(key, value)
            case "icmp_code": self[keyPath: half].icmpCode = try Self.number(key, value)
            default: self[keyPath: half].sourcePort = try Self.number(key, value)
            }
        default: throw Self.failure("invalid conntrack tuple field: \(key)")
        }
    }

    private mutating func address(
        _ key: String, _ value: String, isSet: Bool
    ) throws(CommandFailure) -> [UInt8] {
        let wantsIPv6 = key.hasPrefix("ct_ipv6")
        if let isIPv6, isIPv6 != wantsIPv6 {
            throw Self.failure("the L3 protocol does not match \(value)")
        }
        if isSet { throw Self.failure("\(key) is set multiple times") }
        guard let bytes = AddressText.bytes(value), bytes.count == (wantsIPv6 ? 16 : 4) else {
            throw Self.failure("failed to parse field \(key)")
        }
        isIPv6 = wantsIPv6
        return bytes
    }

    private static func number<Number: FixedWidthInteger>(
        _ key: String, _ value: String
    ) throws(CommandFailure) -> Number {
        let isHex = value.hasPrefix("0x")
        let digits = isHex ? String(value.dropFirst(2)) : value
        guard let number = Number(digits, radix: isHex ? 16 : 10) else {
            throw failure("failed to parse field \(key)")
        }
        return number
    }

    private static func failure(_ text: String) -> CommandFailure {
        VirtualSwitch.dpctlError(text)
    }

    func matches(_ connection: ConnectionInfo) -> Bool {
        if let isIPv6, connection.original.source.count != (isIPv6 ? 16 : 4) { return false }
        if proto != 0 && proto != connection.proto { return false }
        return Self.matches(original, connection.original, proto)
            && Self.matches(reply, connection.reply, proto)
    }

    private static func matches(
        _ half: Half, _ tuple: ConnectionInfo.Tuple, _ proto: UInt8
    ) -> Bool {
        if let source = half.source, source != tuple.source { return false }
        if let destination = half.destination, destination != tuple.destination { return false }
        if ConntrackText.isICMP(proto) {
            return (half.sourcePort == 0 || half.sourcePort == tuple.sourcePort)
                && (half.icmpType == 0 || half.icmpType == tuple.icmpType)
                && (half.icmpCode == 0 || half.icmpCode == tuple.icmpCode)
        }
        return (half.sourcePort == 0 || half.sourcePort == tuple.sourcePort)
            && (half.destinationPort == 0 || half.destinationPort == tuple.destinationPort)
    }
}
