// Actions that output, and actions that move values between fields: parsing.

import Flow
import OpenFlow

extension ActionParser {
    func parseOutput(_ name: String, _ value: String) throws(FlowTextError) -> Action? {
        switch name {
        case "output", "output_reg": return try output(value)
        case "output_trunc": throw FlowTextError("unknown action \(value)")
        case "controller": return .controller(try controller(value))
        case "enqueue":
            var tokens = Tokens(value)
            guard let port = tokens.next(":q,"), !tokens.rest.isEmpty else {
                throw FlowTextError(
                    "\"enqueue\" syntax is \"enqueue:PORT:QUEUE\" or \"enqueue(PORT,QUEUE)\"")
            }
            guard let number = context.port(port) else {
                throw FlowTextError("\(port): enqueue to unknown port")
            }
            return .enqueue(port: number, queue: try CNumber.u32(tokens.rest))
        case "bundle":
            return .bundle(try HashActionText.parseBundle(value, load: false, context))
        case "bundle_load":
            return .bundle(try HashActionText.parseBundle(value, load: true, context))
        case "group": return .group(try CNumber.u32(value))
        default: return nil
        }
    }

    private func output(_ text: String) throws(FlowTextError) -> Action {
        if text.contains("port"), text.contains("max_len") { return try truncated(text) }
        if let port = context.port(text) {
            guard port == ReservedPort.controller else {
                return .output(port: port, maxLength: 0)
            }
            var action = ControllerAction()
            action.isPlainOutput = true
            return .controller(action)
        }
        do throws(FlowTextError) {
            return .outputRegister(try SubfieldText.parse(text), maxLength: 0xffff)
        } catch {
            throw FlowTextError("\(text): output to unknown port")
        }
    }

    private func truncated(_ text: String) throws(FlowTextError) -> Action {
        var reader = KeyValueReader(text)
        var port: UInt32 = 0
        var maxLength: UInt32 = 0
        while let pair = reader.next() {
            switch pair.key {
            case "port":
                guard let number = context.port(pair.value) else {
                    throw FlowTextError("output to unknown truncate port: \(pair.value)")
                }
                let special = number == ReservedPort.local || number == ReservedPort.inPort
                guard number < ReservedPort.max || special else {
                    throw FlowTextError("output to unsupported truncate port: \(pair.value)")
                }
                port = number
            case "max_len":
                maxLength = try CNumber.u32(pair.value)
                guard maxLength >= 14 else {
                    throw FlowTextError(
                        "max_len \(maxLength) is less than the minimum value 14")
                }
            default:
                throw FlowTextError("invalid key '\(pair.key)' in output_trunc argument")
            }
        }
        return .outputTruncated(port: port, maxLength: maxLength)
    }

    private func controller(_ text: String) throws(FlowTextError) -> ControllerAction {
        var action = ControllerAction()
        var userdata: String?
        if !text.isEmpty, text.utf8.allSatisfy({ $0.isDigit }) {
            action.maxLength = try CNumber.u16(text, "max_len")
        } else {
            var reader = KeyValueReader(text)
            while let pair = reader.next() {
                switch pair.key {
                case "reason":
                    guard let reason = PacketInReason.parse(pair.value) else {
                        throw FlowTextError("unknown reason \"\(pair.value)\"")
                    }
                    action.reason = reason
                case "max_len": action.maxLength = try CNumber.u16(pair.value, "max_len")
                case "id": action.controllerID = try CNumber.u16(pair.value, "id")
                case "userdata": userdata = pair.value
                case "pause": action.pause = true
                case "meter_id": action.meterID = try CNumber.u32(pair.value)
                default:
                    throw FlowTextError(
                        "unknown key \"\(pair.key)\" parsing controller action")
                }
            }
        }
        action.isPlainOutput =
            action.reason == 1 && action.controllerID == 0 && userdata == nil && !action.pause
            && action.meterID == 0
        if let userdata {
            guard let bytes = HexBytes.parse(userdata) else {
                throw FlowTextError("bad hex digit in `controller' action `userdata'")
            }
            action.userdata = bytes
        }
        return action
    }

    // MARK: Values of fields

    func parseField(_ name: String, _ value: String) throws(FlowTextError) -> Action? {
        switch name {
        case "set_field": return .setField(try setField(value))
        case "load": return .registerLoad(try registerLoad(value))
        case "move": return try registerMove(value)
        case "push": return .stackPush(try stackSubfield(value))
        case "pop": return .stackPop(try stackSubfield(value))
        case "delete_field":
            guard let field = FieldNames.subfieldField(value) else {
                throw FlowTextError("unknown field `\(value)'")
            }
            return .deleteField(field)
        default: return nil
        }
    }

    private func setField(_ text: String) throws(FlowTextError) -> SetFieldAction {
        let (value, key) = try SetFieldSyntax.split(text)
        guard let field = FieldNames.field(key) else {
            throw FlowTextError("\(key) is not a valid OXM field name")
        }
        guard field.info.writable else { throw FlowTextError("\(key) is read-only") }
        // What an empty mask is printed as.
        let isPort = field.info.format == .port16 || field.info.format == .port32
        let isEmpty = value == "ANY" && !isPort
        let (number, mask) = try FieldText.parse(field, isEmpty ? "*" : value, context)
        guard SetFieldSyntax.isValid(number, for: field) else {
            throw FlowTextError("\(value) is not a valid value for field \(key)")
        }
        let full = mask.bytes.allSatisfy { $0 == 0xff }
        return SetFieldAction(
            field: field, value: number, mask: full ? .exactMask(of: field) : mask)
    }

    private func registerLoad(_ text: String) throws(FlowTextError) -> SetFieldAction {
        let (value, key) = try SetFieldSyntax.split(text)
        let target = try SubfieldText.parse(key)
        let number = try MatchParser.integer(value, for: target, allowingTail: true) {
            FlowTextError("\(text): cannot parse integer value")
        } overflow: { shown in
            FlowTextError("\(text): value \(shown) does not fit into \(target.bitCount) bits")
        }
        let count = target.field.info.byteCount
        var result = FieldValue(0, byteCount: count)
        var mask = result
        SubfieldBits.write(number, to: target, value: &result, mask: &mask)
        return SetFieldAction(field: target.field, value: result, mask: mask)
    }

    private func registerMove(_ text: String) throws(FlowTextError) -> Action {
        let (source, target) = try SetFieldSyntax.move(text)
        return .registerMove(from: source, to: target)
    }

    private func stackSubfield(_ text: String) throws(FlowTextError) -> Subfield {
        var scanner = TextScanner(text)
        let subfield = try SubfieldText.parse(&scanner)
        guard scanner.isAtEnd else {
            throw FlowTextError("\(scanner.rest): trailing garbage following push or pop")
        }
        return subfield
    }
}

/// The forms `value->field` and `field->field`.
enum SetFieldSyntax {
    /// What stands before and behind the arrow.
    static func split(_ text: String) throws(FlowTextError) -> (value: String, key: String) {
        let scanner = TextScanner(text)
        let bytes = scanner.bytes
        var arrow = 0
        while arrow + 1 < bytes.count,
            bytes[arrow] != UInt8(ascii: "-") || bytes[arrow + 1] != UInt8(ascii: ">")
        {
            arrow += 1
        }
        guard arrow + 1 < bytes.count else { throw FlowTextError("\(text): missing `->'") }
        guard arrow + 2 < bytes.count else {
            throw FlowTextError("\(text): missing field name following `->'")
        }
        return (
            String(decoding: bytes[..<arrow], as: UTF8.self),
            String(decoding: bytes[(arrow + 2)...], as: UTF8.self)
        )
    }

    /// Two subfields of one width.
    static func move(_ text: String) throws(FlowTextError) -> (from: Subfield, to: Subfield) {
        var scanner = TextScanner(text)
        let source = try SubfieldText.parse(&scanner)
        guard scanner.take("->") else {
            throw FlowTextError("\(text): missing `->' following source")
        }
        let target = try SubfieldText.parse(scanner.rest)
        guard source.bitCount == target.bitCount else {
            throw FlowTextError(
                "\(text): source field is \(source.bitCount) bits wide but destination is "
                    + "\(target.bitCount) bits wide")
        }
        return (source, target)
    }

    /// Whether a field can have this value at all.
    static func isValid(_ value: FieldValue, for field: Field) -> Bool {
        let number = value.low64
        switch field {
        case .ipTOS: return number & 3 == 0
        case .ipDSCP: return number <= 0x3f
        case .ipECN, .ipFragment: return number <= 3
        case .tcpFlags: return number <= 0xfff
        case .arpOpcode: return number <= 0xff
        case .dlVLAN: return number <= 0xfff
        case .vlanVID: return number <= 0x1fff
        case .dlVLANPCP, .vlanPCP, .mplsTC: return number <= 7
        case .ipv6Label, .mplsLabel: return number <= 0xfffff
        case .mplsBOS, .tunnelFlags: return number <= 1
        case .ctState: return number <= 0xff
        default: return true
        }
    }
}
