// One stretch of a trace between recirculations: what went in, what was said, what came out.

import Flow
import Pipeline

/// A stretch of a trace.
final class TraceSection {
    /// Its number as a recirculation; 0 for the first.
    let number: Int
    let root: TraceNode
    /// The list that new remarks are added to, outermost first.
    var stack: [TraceNode]
    /// The key it began with, and the one it ended with.
    let initialKey = FlowKey.allocate()
    let finalKey = FlowKey.allocate()
    var hasEnded = false
    var operations: [DatapathOperation] = []
    /// Recirculations by how many operations come before them.
    var recirculations: [(position: Int, number: Int)] = []
    /// The bits that the rules found looked at, by key word.
    var matched: [Int: UInt64] = [:]
    /// For a recirculation: the state that was presumed, and whether it was asked for.
    var conntrackState: UInt32 = 0
    var isStateGiven = false
    /// Depth of the rule whose `ct()` began it.
    var depth: Int32 = 0
    /// The bridge that it began in.
    let bridge: BridgeRuntime

    init(number: Int, bridge: BridgeRuntime, key: FlowKey) {
        self.number = number
        self.bridge = bridge
        root = TraceNode(.bridge, "bridge(\"\(bridge.name)\")")
        stack = [root]
        initialKey.copy(from: key)
        finalKey.copy(from: key)
    }

    deinit {
        initialKey.deallocate()
        finalKey.deallocate()
    }

    /// Where remarks go now.
    var current: TraceNode { stack.last ?? root }
}
