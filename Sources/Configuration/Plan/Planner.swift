// Finds out what is to be done to get from one configuration to another. Pure: the same arguments
// give the same steps. All closing comes before all opening, because what is opened may need a
// name or a number that is about to be free; requested numbers come before those that are free to
// choose, as OVS does.

import OVSDB

/// Interfaces that are open now: OpenFlow numbers by name, by bridge.
public typealias OpenInterfaces = [String: [String: UInt32]]

/// Makes plans.
public enum Planner {
    /// The steps from one snapshot of the database to another.
    ///
    /// `open` are the interfaces open now: one that ought to be open and isn't (because its device
    /// was missing) is tried again.
    public static func plan(
        from old: VSwitchSnapshot, to new: VSwitchSnapshot, open: OpenInterfaces,
        options: SwitchOptions = SwitchOptions()
    ) -> [PlanStep] {
        plan(
            from: DesiredState(old, options: options), to: DesiredState(new, options: options),
            open: open)
    }

    /// The steps from one configuration to another.
    public static func plan(
        from old: DesiredState, to new: DesiredState, open: OpenInterfaces
    ) -> [PlanStep] {
        var planner = Plan(old: old, new: new, open: open)
        planner.make()
        return planner.steps
    }
}

private struct Plan {
    let old: DesiredState
    let new: DesiredState
    let open: OpenInterfaces
    var steps: [PlanStep] = []
    /// Bridges that are made anew, or whose interfaces come or go.
    var fresh: Set<String> = []
    var touched: Set<String> = []
    var staying: [String: Set<String>] = [:]

    mutating func make() {
        removeBridges()
        for name in new.bridges.keys.sorted() where !fresh.contains(name) {
            closeInterfaces(of: name)
        }
        if old.globals != new.globals { steps.append(.setGlobals(new.globals)) }
        for name in fresh.sorted() {
            if let bridge = new.bridges[name] { steps.append(.addBridge(bridge)) }
        }
        openInterfaces(requested: true)
        openInterfaces(requested: false)
        for name in new.bridges.keys.sorted() { configure(name) }
    }

    private mutating func removeBridges() {
        for (name, bridge) in old.bridges.sorted(by: { $0.key < $1.key }) {
            guard let wanted = new.bridges[name],
                wanted.datapathType == bridge.datapathType
            else {
                steps.append(.removeBridge(name))
                continue
            }
        }
        for (name, wanted) in new.bridges
        where old.bridges[name]?.datapathType != wanted.datapathType {
            fresh.insert(name)
        }
    }

    /// Closes what is gone, what has become something else, and what has to change its number.
    private mutating func closeInterfaces(of name: String) {
        guard let before = old.bridges[name], let wanted = new.bridges[name] else { return }
        let current = open[name] ?? [:]
        var doomed: Set<String> = []
        for interface in current.keys {
            let now = wanted.interface(named: interface)
            guard let now, let then = before.interface(named: interface),
                then.identity == now.identity
            else {
                doomed.insert(interface)
                continue
            }
        }
        for interface in wanted.interfaces where !interface.isLocal {
            guard let number = current[interface.name], !doomed.contains(interface.name),
                let request = interface.requestedPort, UInt32(request) != number
            else { continue }
            guard let holder = current.first(where: { $0.value == UInt32(request) })?.key else {
                doomed.insert(interface.name)
                continue
            }
            // One that asked for the number itself keeps it.
            if wanted.interface(named: holder)?.requestedPort != request {
                doomed.formUnion([holder, interface.name])
            } else if doomed.contains(holder) {
                doomed.insert(interface.name)
            }
        }
        for interface in doomed.sorted() {
            steps.append(.closeInterface(bridge: name, name: interface))
        }
        if !doomed.isEmpty { touched.insert(name) }
        staying[name] = Set(current.keys).subtracting(doomed)
    }

    private mutating func openInterfaces(requested: Bool) {
        for (name, bridge) in new.bridges.sorted(by: { $0.key < $1.key }) {
            var seen = staying[name] ?? []
            // The bridge's own port comes first, then the others by name.
            let ordered = bridge.interfaces.filter(\.isLocal)
                + bridge.interfaces.filter { !$0.isLocal }
            for interface in ordered
            where (interface.requestedPort != nil) == requested
                && seen.insert(interface.name).inserted
            {
                steps.append(.openInterface(bridge: name, interface))
                touched.insert(name)
            }
        }
    }

    private mutating func configure(_ name: String) {
        guard let bridge = new.bridges[name] else { return }
        let before = fresh.contains(name) ? nil : old.bridges[name]
        for interface in bridge.interfaces where staying[name]?.contains(interface.name) == true {
            if before?.interface(named: interface.name) != interface {
                steps.append(.adjustInterface(bridge: name, interface))
            }
        }
        let isSame = before == bridge && !touched.contains(name)
        let globalsChanged = old.globals != new.globals
        if isSame && !globalsChanged { return }
        if touched.contains(name) || before?.ports != bridge.ports
            || before?.mirrors != bridge.mirrors || before?.row != bridge.row
        {
            steps.append(.configurePorts(bridge))
        }
        steps.append(.configureBridge(bridge))
        if before?.controllers != bridge.controllers || before?.row != bridge.row
            || old.globals.tls != new.globals.tls
        {
            steps.append(.configureControllers(bridge))
        }
    }
}
