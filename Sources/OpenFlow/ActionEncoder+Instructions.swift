// Writing a flow's actions as OpenFlow 1.1's instructions: runs of actions become apply-actions.

import Flow

extension ActionEncoder {
    mutating func encodeInstructions(_ actions: [Action]) {
        guard version > .v1_0 else {
            encode(actions)
            return
        }
        var index = 0
        while index < actions.count {
            var end = index
            while end < actions.count, actions[end].instruction(in: version) == .applyActions {
                end += 1
            }
            if end > index {
                let run = Array(actions[index..<end])
                putInstruction(.applyActions, dropIfEmpty: true) { $0.encode(run) }
                index = end
            } else {
                putInstruction(of: actions[index])
                index += 1
            }
        }
    }

    private mutating func putInstruction(of action: Action) {
        switch action {
        case .meter(let meter):
            guard version == .v1_3 || version == .v1_4 else { return }
            let start = writer.count
            writer.u16(InstructionKind.meter.number)
            writer.u16(8)
            writer.u32(meter)
            assert(writer.count == start + 8)
        case .clearActions: putInstruction(.clearActions) { _ in }
        case .writeActions(let set):
            putInstruction(.writeActions, dropIfEmpty: true) { $0.encode(set) }
        case .writeMetadata(let value, let mask):
            putInstruction(.writeMetadata) { encoder in
                encoder.writer.u64(value)
                encoder.writer.u64(mask)
            }
        case .gotoTable(let table):
            let start = writer.count
            writer.u16(InstructionKind.gotoTable.number)
            writer.u16(8)
            writer.u8(table)
            writer.zeros(start + 8 - writer.count)
        default: break
        }
    }

    private mutating func putInstruction(
        _ kind: InstructionKind, dropIfEmpty: Bool = false, _ body: (inout ActionEncoder) -> Void
    ) {
        let start = writer.count
        writer.u16(kind.number)
        writer.u16(0)
        writer.zeros(4)
        body(&self)
        if dropIfEmpty && writer.count == start + 8 {
            writer.truncate(to: start)
        } else {
            writer.patchLength(at: start + 2, from: start)
        }
    }
}
