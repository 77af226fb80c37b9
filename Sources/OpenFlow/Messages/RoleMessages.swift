// Controller roles and the choice of asynchronous messages.

/// OFPCR_ROLE_*.
public enum ControllerRole: UInt32, Hashable, Sendable {
    case noChange = 0
    case equal = 1
    case primary = 2
    case secondary = 3
}

/// OFPT_ROLE_REQUEST and _REPLY, NXT_ROLE_REQUEST and _REPLY.
public struct RoleRequest: Hashable, Sendable {
    public var role: ControllerRole
    /// Nil for none (all ones in a standard reply); OpenFlow 1.2 and later.
    public var generationID: UInt64?
    /// Nicira's form, answered alike.
    public var isNicira: Bool
    public init(role: ControllerRole, generationID: UInt64? = nil, isNicira: Bool = false) {
        self.role = role
        self.generationID = generationID
        self.isNicira = isNicira
    }
}

/// OFPT_ROLE_STATUS; OpenFlow 1.3 (an ONF extension) and later.
public struct RoleStatus: Hashable, Sendable {
    public enum Reason: UInt8, Hashable, Sendable {
        case primaryRequest = 0
        case config = 1
        case experimenter = 2
    }
    public var role: ControllerRole
    public var reason: Reason
    /// All ones for none.
    public var generationID: UInt64
    public init(role: ControllerRole, reason: Reason, generationID: UInt64) {
        self.role = role
        self.reason = reason
        self.generationID = generationID
    }
}

/// The kinds of asynchronous message a controller can choose among.
public enum AsyncMessageKind: UInt8, CaseIterable, Hashable, Sendable {
    case packetIn, portStatus, flowRemoved, roleStatus, tableStatus, requestForward
}

/// Which asynchronous messages a controller wants: bit n of a mask admits reason n.
public struct AsyncConfig: Hashable, Sendable {
    private var primaryMasks: [UInt32?]
    private var secondaryMasks: [UInt32?]

    /// Says nothing about any kind.
    public init() {
        primaryMasks = Array(repeating: nil, count: AsyncMessageKind.allCases.count)
        secondaryMasks = primaryMasks
    }

    /// The reasons wanted while primary or equal; nil where a request leaves them as they are.
    public func primary(_ kind: AsyncMessageKind) -> UInt32? {
        primaryMasks[Int(kind.rawValue)]
    }
    /// The reasons wanted while secondary; nil where a request leaves them as they are.
    public func secondary(_ kind: AsyncMessageKind) -> UInt32? {
        secondaryMasks[Int(kind.rawValue)]
    }
    public mutating func setPrimary(_ kind: AsyncMessageKind, _ mask: UInt32) {
        primaryMasks[Int(kind.rawValue)] = mask
    }
    public mutating func setSecondary(_ kind: AsyncMessageKind, _ mask: UInt32) {
        secondaryMasks[Int(kind.rawValue)] = mask
    }

    /// `basis` with what this one says put over it.
    public func applied(to basis: AsyncConfig) -> AsyncConfig {
        var result = basis
        for kind in AsyncMessageKind.allCases {
            if let mask = primary(kind) { result.setPrimary(kind, mask) }
            if let mask = secondary(kind) { result.setSecondary(kind, mask) }
        }
        return result
    }

    /// Whether a message of `kind` and `reason` is wanted in `role`.
    public func admits(_ kind: AsyncMessageKind, reason: UInt8, role: ControllerRole) -> Bool {
        let mask = (role == .secondary ? secondary(kind) : primary(kind)) ?? 0
        return reason < 32 && mask >> UInt32(reason) & 1 == 1
    }
}

/// OFPT_REQUESTFORWARD: another controller's change, told to this one.
public enum RequestForward: Hashable, Sendable {
    case group(GroupMod, xid: UInt32)
    case meter(MeterMod, xid: UInt32)
}
