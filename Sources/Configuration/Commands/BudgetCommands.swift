// vedette/budgets-show: what each port has taken of what all share, and may take. Open vSwitch has
// no such command.

import Dpif

extension VirtualSwitch {
    var budgetCommands: [CommandDefinition] {
        [
            CommandDefinition("vedette/budgets-show", "[bridge]", 0...1) {
                [unowned self] arguments throws(CommandFailure) in
                if let name = arguments.first, bridges[name] == nil {
                    throw CommandFailure("no such bridge")
                }
                let chosen = bridges.filter { arguments.isEmpty || $0.key == arguments[0] }
                return chosen.sorted { $0.key < $1.key }.map { budgets(of: $0.value) }.joined()
            }
        ]
    }

    private func budgets(of bridge: BridgeRuntime) -> String {
        var text = "\(bridge.name):\n"
        for interface in bridge.interfaces.values.sorted(by: { $0.number < $1.number }) {
            guard let port = interface.datapathPort else { continue }
            let usage = datapath.usage(ofPort: port)
            text += "  port \(interface.number & 0xffff) (\(interface.name)):\n"
            for (key, share) in usage.shares {
                let limit = share.limit == 0 ? "no limit" : "limit \(share.limit)"
                text += "    \(key): \(limit)"
                if !key.hasSuffix("-per-second") { text += ", used \(share.used)" }
                text += share.refused > 0 ? ", refused \(share.refused)\n" : "\n"
            }
        }
        return text
    }
}
