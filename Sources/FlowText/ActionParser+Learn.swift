// `learn(...)`: parsing. Whatever is not an option of the learned flow is a specification.

import Flow
import OpenFlow

extension ActionParser {
    func parseLearn(_ text: String) throws(FlowTextError) -> LearnAction {
        var action = LearnAction()
        var reader = KeyValueReader(text)
        while let pair = reader.next() {
            let value = pair.value
            switch pair.key {
            case "table":
                guard let table = context.table(value) else {
                    throw FlowTextError("unknown table \"\(value)\"")
                }
                guard table != 255 else {
                    throw FlowTextError("\(text): table id 255 not valid for `learn' action")
                }
                action.table = table
            case "priority": action.priority = small(value)
            case "idle_timeout": action.idleTimeout = small(value)
            case "hard_timeout": action.hardTimeout = small(value)
            case "fin_idle_timeout": action.finIdleTimeout = small(value)
            case "fin_hard_timeout": action.finHardTimeout = small(value)
            case "cookie": action.cookie = CNumber.unsigned(TextScanner(value), base: 0).value
            case "send_flow_rem": action.sendFlowRemoved = true
            case "delete_learned": action.deleteLearned = true
            case "limit": action.limit = UInt32(bitPattern: CNumber.prefixInt(value))
            case "result_dst":
                let result = try SubfieldText.parse(value)
                guard result.field.info.writable else {
                    throw FlowTextError("\(value) is read-only")
                }
                guard result.bitCount == 1 else {
                    throw FlowTextError("result_dst in 'learn' action must be a single bit")
                }
                action.resultDestination = result
            default:
                action.specifications.append(try specification(pair, in: text))
            }
        }
        return action
    }

    private func small(_ text: String) -> UInt16 {
        UInt16(truncatingIfNeeded: CNumber.prefixInt(text))
    }

    private func specification(
        _ pair: KeyValue, in text: String
    ) throws(FlowTextError) -> LearnAction.Specification {
        if let target = try? SubfieldText.parse(pair.key) {
            guard FieldNames.hasShortHeader(target.field) else {
                throw FlowTextError(
                    "\(text): experimenter OXM field '\(pair.key)' not supported")
            }
            return try matchSpecification(pair, target, in: text)
        }
        switch pair.key {
        case "load": return try loadSpecification(pair.value)
        case "output":
            let source = try SubfieldText.parse(pair.value)
            return LearnAction.Specification(
                bitCount: source.bitCount, source: .field(source), destination: .output)
        default:
            throw FlowTextError("\(text): unknown keyword \(pair.key)")
        }
    }

    private func matchSpecification(
        _ pair: KeyValue, _ target: Subfield, in text: String
    ) throws(FlowTextError) -> LearnAction.Specification {
        var result = LearnAction.Specification(
            bitCount: target.bitCount, source: .field(target), destination: .match(target))
        guard !pair.value.isEmpty else { return result }
        let source: Subfield
        do throws(FlowTextError) {
            source = try SubfieldText.parse(pair.value)
        } catch {
            result.source = .immediate(
                try immediate(pair, target, in: text, subfieldError: error))
            return result
        }
        guard source.bitCount == target.bitCount else {
            throw FlowTextError(
                "\(text): bit widths of \(pair.key) (\(source.bitCount)) and \(pair.value) "
                    + "(\(target.bitCount)) differ")
        }
        result.source = .field(source)
        return result
    }

    private func immediate(
        _ pair: KeyValue, _ target: Subfield, in text: String, subfieldError: FlowTextError
    ) throws(FlowTextError) -> FieldValue {
        let value: FieldValue
        do throws(FlowTextError) {
            if target.isWhole {
                value = try FieldText.parseExact(target.field, pair.value, context)
            } else {
                value = try MatchParser.integer(pair.value, for: target) {
                    FlowTextError("\(text): cannot parse integer value")
                } overflow: { shown in
                    FlowTextError(
                        "\(text): value \(shown) does not fit into \(target.bitCount) bits")
                }
            }
        } catch {
            throw FlowTextError(
                "\(text): \(pair.key) value \(pair.value) cannot be parsed as a subfield "
                    + "(\(subfieldError.message)) or an immediate value (\(error.message))")
        }
        let count = (target.bitCount + 7) / 8
        return FieldValue(bytes: LearnText.rightAligned(value.bytes, byteCount: count))
    }

    private func loadSpecification(
        _ text: String
    ) throws(FlowTextError) -> LearnAction.Specification {
        guard let arrow = LearnText.arrow(text) else {
            throw FlowTextError("load: missing `->' in `\(text)'")
        }
        guard arrow > 0 else {
            throw FlowTextError("load: missing source before `->' in `\(text)'")
        }
        var scanner = TextScanner(text)
        guard case .success(let bytes) = CNumber.wide(&scanner, byteCount: 128),
            scanner.index > 0
        else {
            let (source, target) = try SetFieldSyntax.move(text)
            return LearnAction.Specification(
                bitCount: source.bitCount, source: .field(source), destination: .load(target))
        }
        guard scanner.index == arrow else {
            throw FlowTextError("load: garbage before `->' in `\(text)'")
        }
        scanner.index += 2
        let name = scanner.rest
        let target = try SubfieldText.parse(name)
        guard FieldNames.hasShortHeader(target.field) else {
            throw FlowTextError("\(text): experimenter OXM field '\(name)' not supported")
        }
        let value = FieldValue(bytes: bytes)
        for bit in target.bitCount..<1024 where value.bit(bit) {
            throw FlowTextError("\(text): value does not fit into \(target.bitCount) bits")
        }
        let count = (target.bitCount + 7) / 8
        return LearnAction.Specification(
            bitCount: target.bitCount,
            source: .immediate(
                FieldValue(bytes: LearnText.rightAligned(bytes, byteCount: count))),
            destination: .load(target))
    }
}

extension LearnText {
    /// Where the first `->` stands.
    static func arrow(_ text: String) -> Int? {
        let bytes = TextScanner(text).bytes
        return bytes.indices.dropLast().first {
            bytes[$0] == UInt8(ascii: "-") && bytes[$0 + 1] == UInt8(ascii: ">")
        }
    }
}
