// What a trace tells, as a tree, and the text of it: which bridge and table was entered, which rule
// was found, what its actions did. Pure.

/// One remark of a trace, with what belongs under it.
final class TraceNode {
    enum Kind {
        /// A bridge is entered.
        case bridge
        /// A table was looked up.
        case table
        /// A bucket of a group.
        case bucket
        /// The pipeline goes on after a recirculation.
        case thaw
        /// An action begins.
        case action
        /// An explanation.
        case detail
        /// Something that may not be what was meant.
        case warning
        /// What is wrong with the packet or the configuration.
        case error

        /// Whether what follows is never set further in.
        var isTerminal: Bool {
            switch self {
            case .action, .detail, .warning, .error, .bucket: true
            case .bridge, .table, .thaw: false
            }
        }
    }

    let kind: Kind
    let text: String
    var children: [TraceNode] = []

    init(_ kind: Kind, _ text: String) {
        self.kind = kind
        self.text = text
    }

    @discardableResult
    func add(_ kind: Kind, _ text: String) -> TraceNode {
        let node = TraceNode(kind, text)
        children.append(node)
        return node
    }

    /// The text of `nodes`: what is last in its list is not set further in.
    static func text(_ nodes: [TraceNode], level: Int = 0) -> String {
        var result = ""
        for (place, node) in nodes.enumerated() {
            let step = place + 1 < nodes.count || node.kind.isTerminal ? 1 : 0
            let margin = String(repeating: " ", count: (level + step) * 4)
            switch node.kind {
            case .detail: result += "\(margin) -> \(node.text)\n"
            case .warning: result += "\(margin) >> \(node.text)\n"
            case .error: result += "\(margin) >>>> \(node.text) <<<<\n"
            case .bridge:
                let rule = String(repeating: "-", count: node.text.count)
                result += "\n\(margin)\(node.text)\n\(margin)\(rule)\n"
            case .table, .bucket, .thaw, .action: result += "\(margin)\(node.text)\n"
            }
            result += text(node.children, level: level + step + step)
        }
        return result
    }
}
