// One interface as it ought to be: what the Interface row and its surroundings say, with defaults
// filled in. Pure values that the planner compares.

import Dpif
import OVSDB

/// What an interface is to lead to.
public enum InterfaceKind: Hashable, Sendable {
    /// A device that the datapath opens; the type as `PortType` spells it.
    case device(String)
    /// One end of a patch.
    case patch(peer: String)
    /// A type that can't be had, and why.
    case unsupported(String)
}

/// An interface's configuration.
public struct InterfaceSettings: Hashable, Sendable {
    public var uuid: RowUUID?
    public var name: String
    /// The type as users see it, such as `internal`; `system` where the row names none.
    public var type: String
    public var kind: InterfaceKind
    public var options: [String: String] = [:]
    public var requestedPort: UInt16?
    public var requestedMTU: UInt32?
    /// The address wanted of an internal interface.
    public var address: UInt64?
    public var receiveQueues = 1
    /// CPUs of pinned receive queues, by queue.
    public var affinity: [Int: Int] = [:]
    public var isLocal = false
    /// What it may send into the switch.
    public var policing = RateLimit()
    /// What it may take of what all ports share.
    public var budget = PortBudget()
    /// `external_ids:iface-id`, by which a policy names the port; nil where it is empty.
    public var interfaceID: String?
    /// The interface as configuration for the engine: what needs reopening when it changes.
    var identity: Identity {
        Identity(
            uuid: uuid, type: type, kind: kind, options: hasOptions ? options : [:],
            queues: hasOptions ? receiveQueues : 1)
    }

    /// Whether options make another device of it. Kernel devices have none that do.
    private var hasOptions: Bool {
        guard case .device(let type) = kind else { return true }
        return !["system", "internal", "tap"].contains(type)
    }

    struct Identity: Hashable {
        let uuid: RowUUID?
        let type: String
        let kind: InterfaceKind
        let options: [String: String]
        let queues: Int
    }

    public init(name: String, type: String, kind: InterfaceKind) {
        self.name = name
        self.type = type
        self.kind = kind
    }
}

/// A port of the database: one interface, or a bond of several.
public struct PortSettings: Hashable, Sendable {
    public var row: PortRow
    public var interfaces: [InterfaceSettings]
    /// Numbers of the queues that its QoS row has.
    public var queues: [UInt32] = []
    /// How what leaves by it is held back, and what the QoS row asks that can't be done.
    public var shaping: EgressShaping?
    public var shapingRemark: String?
    public var name: String { row.name }

    public init(row: PortRow, interfaces: [InterfaceSettings]) {
        self.row = row
        self.interfaces = interfaces
    }
}
