// All commands of the switch, family by family.

extension VirtualSwitch {
    /// The commands, for the control socket.
    public var commands: [CommandDefinition] {
        bridgeCommands + addressCommands + traceCommands + dpifCommands + dpctlCommands
            + conntrackCommands + fragmentCommands + pollThreadCommands + deviceCommands
            + protocolCommands + policyCommands + selfCheckCommands + budgetCommands
            + housekeepingCommands
    }

    /// The bridge of that name.
    ///
    /// **Errors**: there is none, in `words`.
    func bridge(
        _ name: String, orFail words: String = "no such bridge"
    ) throws(CommandFailure) -> BridgeRuntime {
        guard let bridge = bridges[name] else { throw CommandFailure(words) }
        return bridge
    }

    /// The open interface of that name, in whichever bridge.
    func interface(
        _ name: String, orFail words: String = "no such interface"
    ) throws(CommandFailure) -> (OpenInterface, BridgeRuntime) {
        for bridge in orderedBridges {
            if let interface = bridge.interfaces[name] { return (interface, bridge) }
        }
        throw CommandFailure(words)
    }
}
