// Finds the OpenFlow action that a compiled instruction belongs to, so that a trace can print it.
// One action may have become several instructions, or none.

import Flow
import Ofproto
import OpenFlow
import Pipeline

/// A list of actions with the instructions made of it.
struct TraceActionList {
    /// What to print for the instruction at an address.
    struct Match {
        var action: Action
        /// Whether it is the first instruction of the action.
        var isFirst: Bool
    }

    private let base: UInt
    private let actions: [Action]
    /// For each instruction the action it came from, and whether it is its first.
    private var places: [(action: Int, isFirst: Bool)] = []
    private let instructions: UnsafeMutablePointer<Instruction>

    init(_ instructions: UnsafeMutablePointer<Instruction>, count: Int, actions: [Action]) {
        base = UInt(bitPattern: instructions)
        self.instructions = instructions
        self.actions = actions
        var position = 0
        for (index, action) in actions.enumerated() {
            let isPlain = Self.isOneInstruction(action)
            var taken = 0
            while position < count {
                let code = instructions[position].code
                if taken > 0, isPlain || !Self.continues(code) { break }
                if taken == 0, !isPlain, !Self.begins(code, action) { break }
                places.append((index, taken == 0))
                position += 1
                taken += 1
                if !isPlain, taken >= Self.wordCount(action) { break }
            }
        }
    }

    /// The action of the instruction at `pointer`; nil where it is not of this list.
    func action(at pointer: UnsafeMutablePointer<Instruction>) -> Match? {
        let address = UInt(bitPattern: pointer)
        let stride = UInt(MemoryLayout<Instruction>.stride)
        guard address >= base, (address - base) % stride == 0 else { return nil }
        let index = Int((address - base) / stride)
        guard index < places.count else { return nil }
        return Match(action: actions[places[index].action], isFirst: places[index].isFirst)
    }

    /// The action whose instruction says the same as a copy that is run on its own, as those of
    /// action sets and buckets are.
    func action(like copy: Instruction) -> Match? {
        for (index, place) in places.enumerated() {
            let own = instructions[index]
            if own.code == copy.code, own.a == copy.a, own.b == copy.b, own.c == copy.c,
                own.x == copy.x, own.y == copy.y
            {
                return Match(action: actions[place.action], isFirst: place.isFirst)
            }
        }
        return nil
    }

    private static func isOneInstruction(_ action: Action) -> Bool {
        switch action {
        case .setField, .registerLoad, .setEthSource, .setEthDestination, .setIPv4Source,
            .setIPv4Destination, .setIPDSCP, .setIPECN, .setIPTTL, .setL4SourcePort,
            .setL4DestinationPort, .setTunnel, .writeMetadata, .stackPop, .registerMove:
            false
        default: true
        }
    }

    private static func begins(_ code: Opcode, _ action: Action) -> Bool {
        switch action {
        case .stackPop: code == .stackPop
        case .registerMove: code == .move
        default: code == .setWord
        }
    }

    private static func continues(_ code: Opcode) -> Bool { code == .setWord }

    /// How many instructions a write of a field becomes: one for each 64-bit word it touches, and
    /// one more for a tunnel option's presence.
    private static func wordCount(_ action: Action) -> Int {
        let field: Field
        let mask: FieldValue
        switch action {
        case .setField(let set), .registerLoad(let set): (field, mask) = (set.field, set.mask)
        case .stackPop(let target): return target.field.tunnelMetadataIndex == nil ? 1 : 2
        case .registerMove(_, let to): return to.field.tunnelMetadataIndex == nil ? 1 : 2
        default: return 1
        }
        var match = FlowMatch()
        match.set(field, value: mask, mask: mask)
        let extra = field.tunnelMetadataIndex == nil ? 0 : 1
        return max(match.words.count, 1) + extra
    }
}
