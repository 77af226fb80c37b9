// `learn(...)`: printing. A specification is `field=value`, `field`, `field=field`,
// `load:value->field`, `load:field->field` or `output:field`.

import Flow
import OpenFlow

enum LearnText {
    static func text(_ action: LearnAction, _ context: FlowTextContext) -> String {
        var text = "learn(table=" + context.tableText(action.table)
        if action.idleTimeout != 0 { text += ",idle_timeout=\(action.idleTimeout)" }
        if action.hardTimeout != 0 { text += ",hard_timeout=\(action.hardTimeout)" }
        if action.finIdleTimeout != 0 { text += ",fin_idle_timeout=\(action.finIdleTimeout)" }
        if action.finHardTimeout != 0 { text += ",fin_hard_timeout=\(action.finHardTimeout)" }
        if action.priority != MatchPrinter.defaultPriority {
            text += ",priority=\(action.priority)"
        }
        if action.sendFlowRemoved { text += ",send_flow_rem" }
        if action.deleteLearned { text += ",delete_learned" }
        if action.cookie != 0 { text += ",cookie=" + TextForm.hex(action.cookie) }
        if action.limit != 0 { text += ",limit=\(action.limit)" }
        if let result = action.resultDestination {
            text += ",result_dst=" + SubfieldText.text(result)
        }
        for specification in action.specifications {
            text += "," + self.text(specification, context)
        }
        return text + ")"
    }

    private static func text(
        _ spec: LearnAction.Specification, _ context: FlowTextContext
    ) -> String {
        let byteCount = (spec.bitCount + 7) / 8
        switch (spec.source, spec.destination) {
        case (.immediate(let value), .match(let target)):
            if target.isWhole {
                let width = target.field.info.byteCount
                let aligned = FieldValue(bytes: rightAligned(value.bytes, byteCount: width))
                let shown = FieldText.text(target.field, aligned, mask: nil, context)
                return "\(target.field.info.name)=\(shown)"
            }
            let bytes = rightAligned(value.bytes, byteCount: byteCount)
            return "\(SubfieldText.text(target))=\(TextForm.hex(bytes))"
        case (.field(let source), .match(let target)):
            let name = SubfieldText.text(target)
            if source.field == target.field, source.offset == target.offset { return name }
            return name + "=" + SubfieldText.text(source)
        case (.immediate(let value), .load(let target)):
            let bytes = rightAligned(value.bytes, byteCount: byteCount)
            return "load:\(TextForm.hex(bytes))->\(SubfieldText.text(target))"
        case (.field(let source), .load(let target)):
            return "load:\(SubfieldText.text(source))->\(SubfieldText.text(target))"
        case (.field(let source), .output):
            return "output:" + SubfieldText.text(source)
        case (.immediate(let value), .output):
            return "output:" + TextForm.hex(value.bytes)
        }
    }

    /// The low `byteCount` bytes, with zeros in front where there are fewer.
    static func rightAligned(_ bytes: [UInt8], byteCount: Int) -> [UInt8] {
        [UInt8](repeating: 0, count: max(byteCount - bytes.count, 0)) + bytes.suffix(byteCount)
    }
}
