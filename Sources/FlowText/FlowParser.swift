// Parses flows in the syntax of ovs-ofctl(8): `table=1,priority=100,tcp,tp_dst=80
// actions=output:2`. Accepts what the tools of Open vSwitch accept and says what they say.

import Flow
import OpenFlow

/// Reads flow text.
///
/// **Source**: ovs-ofctl(8), ovs-fields(7), ovs-actions(7).
public enum FlowParser {
    /// A match alone: `in_port=1,tcp,nw_src=10.0.0.0/8`.
    ///
    /// **Errors**: any key that is not a field, or a value that does not fit.
    public static func match(
        _ text: String, context: FlowTextContext = FlowTextContext()
    ) throws(FlowTextError) -> FlowMatch {
        try flow(text, command: .request, context: context).match
    }

    /// Actions alone, as in a packet-out or a group's bucket.
    public static func actions(
        _ text: String, context: FlowTextContext = FlowTextContext()
    ) throws(FlowTextError) -> [Action] {
        try FlowTextError.checkLength(text)
        var parser = ActionParser(context)
        return try parser.parse(text, instructions: false, outer: .none)
    }

    /// Actions and instructions, as a flow has them.
    public static func instructions(
        _ text: String, context: FlowTextContext = FlowTextContext()
    ) throws(FlowTextError) -> [Action] {
        try FlowTextError.checkLength(text)
        var parser = ActionParser(context)
        return try parser.parse(text, instructions: true, outer: .none)
    }

    /// A flow, or a request about flows.
    ///
    /// - Parameter command: nil where the text may begin with one: `delete table=1`.
    public static func flow(
        _ text: String, command: FlowCommand? = .add,
        context: FlowTextContext = FlowTextContext()
    ) throws(FlowTextError) -> ParsedFlow {
        try FlowTextError.checkLength(text)
        var text = String(decoding: TextScanner(text).bytes, as: UTF8.self)
        var known: FlowCommand
        if let command { known = command } else { known = takeCommand(&text) }
        let keys = AllowedKeys(known)
        var actionText: String?
        if keys.actions {
            guard let (before, actions) = splitActions(text) else {
                throw FlowTextError("must specify an action")
            }
            text = before
            actionText = actions
        }
        var flow = ParsedFlow(command: known)
        var matchParser = MatchParser(context)
        var reader = KeyValueReader(text)
        while let pair = reader.next() {
            if try matchParser.take(pair) { continue }
            if keys.flags, let flag = FlowFlags.names.first(where: { $0.1 == pair.key })?.0 {
                flow.flags.insert(flag)
                continue
            }
            if pair.key == "no_readonly_table" || pair.key == "allow_hidden_fields" { continue }
            if try matchParser.takeField(pair) { continue }
            try takeProperty(pair, keys, context, into: &flow)
        }
        flow.match = matchParser.result
        flow.tunnelOptions = matchParser.tunnelOptions
        if let actionText {
            var parser = ActionParser(context)
            flow.actions = try parser.parse(actionText, instructions: true, outer: .none)
            try FlowConsistency.check(flow)
        }
        return flow
    }

    // MARK: Parts of a flow

    /// Which keys a command allows.
    private struct AllowedKeys {
        let actions: Bool
        let outPort: Bool
        let priority: Bool
        let timeouts: Bool
        let flags: Bool
        let importance: Bool
        let setsCookie: Bool

        init(_ command: FlowCommand) {
            let changes = command == .add || command == .modify || command == .modifyStrict
            actions = changes
            timeouts = changes
            flags = changes
            setsCookie = changes
            outPort = !changes
            priority = changes || command == .deleteStrict
            importance = command == .add
        }
    }

    private static func takeCommand(_ text: inout String) -> FlowCommand {
        var scanner = TextScanner(text)
        scanner.skip(" \t\r\n")
        let start = scanner.index
        let ends: StaticString = ", \t\r\n"
        while !scanner.isAtEnd, !ends.contains(scanner.current) { scanner.index += 1 }
        let word = scanner.text(from: start)
        let names: [(String, FlowCommand)] = [
            ("add", .add), ("delete", .delete), ("delete_strict", .deleteStrict),
            ("modify", .modify), ("modify_strict", .modifyStrict),
        ]
        // Any beginning of a command's name stands for it.
        guard let command = names.first(where: { $0.0.hasPrefix(word) })?.1 else { return .add }
        text = scanner.rest
        return command
    }

    /// Parts the text at the first `action`.
    private static func splitActions(_ text: String) -> (before: String, actions: String)? {
        let bytes = Array(text.utf8)
        let word = Array("action".utf8)
        guard bytes.count >= word.count else { return nil }
        for start in 0...(bytes.count - word.count)
        where bytes[start] == word[0] && bytes[start..<(start + word.count)].elementsEqual(word) {
            guard let equals = bytes[(start + 1)...].firstIndex(of: UInt8(ascii: "=")) else {
                return nil
            }
            return (
                String(decoding: bytes[..<start], as: UTF8.self),
                String(decoding: bytes[(equals + 1)...], as: UTF8.self)
            )
        }
        return nil
    }

    private static func takeProperty(
        _ pair: KeyValue, _ keys: AllowedKeys, _ context: FlowTextContext,
        into flow: inout ParsedFlow
    ) throws(FlowTextError) {
        let value = pair.value
        guard !value.isEmpty else { throw FlowTextError("field \(pair.key) missing value") }
        switch pair.key {
        case "table":
            guard let table = context.table(value) else {
                throw FlowTextError("unknown table \"\(value)\"")
            }
            flow.table = table
        case "out_port" where keys.outPort:
            guard let port = context.port(value) else {
                throw FlowTextError("\(value) is not a valid OpenFlow port")
            }
            flow.outPort = port
        case "out_group" where keys.outPort:
            guard let group = group(value) else {
                throw FlowTextError("\(value) is not a valid OpenFlow group")
            }
            flow.outGroup = group
        case "priority" where keys.priority:
            flow.priority = try CNumber.u16(value, pair.key)
        case "idle_timeout" where keys.timeouts:
            flow.idleTimeoutSeconds = try CNumber.u16(value, pair.key)
        case "hard_timeout" where keys.timeouts:
            flow.hardTimeoutSeconds = try CNumber.u16(value, pair.key)
        case "importance" where keys.importance:
            flow.importance = try CNumber.u16(value, pair.key)
        case "cookie":
            try takeCookie(value, keys.setsCookie, into: &flow)
        case "duration", "n_packets", "n_bytes", "idle_age", "hard_age":
            break
        default:
            throw FlowTextError("unknown keyword \(pair.key)")
        }
    }

    private static func takeCookie(
        _ value: String, _ sets: Bool, into flow: inout ParsedFlow
    ) throws(FlowTextError) {
        if let slash = value.firstIndex(of: "/") {
            if flow.command == .add {
                throw FlowTextError("flow additions cannot use a cookie mask")
            }
            flow.cookie = try CNumber.u64(String(value[..<slash]))
            flow.cookieMask = try CNumber.u64(String(value[value.index(after: slash)...]))
            return
        }
        guard sets else {
            throw FlowTextError(
                "cannot set cookie (to match on a cookie, specify a mask, e.g. "
                    + "cookie=\(value)/-1)")
        }
        flow.newCookie = try CNumber.u64(value)
    }

    private static func group(_ text: String) -> UInt32? {
        switch text.lowercased() {
        case "all": return 0xffff_fffc
        case "any": return 0xffff_ffff
        default: return CNumber.uint32(text, base: 10)
        }
    }
}
