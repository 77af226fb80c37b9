// The steps that lead from one configuration to another. Values with a text each, so that a plan
// can be read, compared and tested before anything is done.

import OVSDB

/// One step of a plan.
public enum PlanStep: Hashable, Sendable {
    /// Remove a bridge with all it holds.
    case removeBridge(String)
    /// Close an interface and forget its number.
    case closeInterface(bridge: String, name: String)
    /// What bridges have in common.
    case setGlobals(DesiredGlobals)
    /// Make an empty bridge.
    case addBridge(DesiredBridge)
    /// Open an interface.
    case openInterface(bridge: String, InterfaceSettings)
    /// Change an open interface where that needs no reopening.
    case adjustInterface(bridge: String, InterfaceSettings)
    /// Bring the bridge's address, identifier and switching options up to date.
    case configureBridge(DesiredBridge)
    /// Tell the bridge its bundles and mirrors.
    case configurePorts(DesiredBridge)
    /// Controllers and management sockets.
    case configureControllers(DesiredBridge)
}

extension PlanStep: CustomStringConvertible {
    public var description: String {
        switch self {
        case .removeBridge(let name): "remove bridge \(name)"
        case .closeInterface(let bridge, let name): "close interface \(name) of \(bridge)"
        case .setGlobals: "set globals"
        case .addBridge(let bridge): "add bridge \(bridge.name) (\(bridge.datapathType))"
        case .openInterface(let bridge, let interface):
            "open interface \(interface.name) (\(interface.type)) of \(bridge)"
                + (interface.requestedPort.map { " as \($0)" } ?? "")
        case .adjustInterface(let bridge, let interface):
            "adjust interface \(interface.name) of \(bridge)"
        case .configureBridge(let bridge): "configure bridge \(bridge.name)"
        case .configurePorts(let bridge): "configure ports of \(bridge.name)"
        case .configureControllers(let bridge): "configure controllers of \(bridge.name)"
        }
    }
}
