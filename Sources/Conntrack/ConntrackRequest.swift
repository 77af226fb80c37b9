// What a `ct` action asks of the tracker, as the compiled pipeline keeps it.

/// The addresses and ports that NAT may choose from.
@frozen public struct NATRange: Sendable {
    /// `NATAction` bits; none for the plain `nat` that applies what the connection already has.
    public var action: UInt8 = 0
    /// Choose at random rather than by a hash of the connection.
    public var isRandom = false
    /// The same source gets the same address, whatever it talks to.
    public var isPersistent = false
    public var minPort: UInt16 = 0
    public var maxPort: UInt16 = 0
    /// All zero: the address stays, only ports may change.
    public var minAddress = ConntrackAddress()
    public var maxAddress = ConntrackAddress()

    @inlinable public init() {}
}

/// The arguments of a `ct` action.
///
/// **Owner**: immutable while shared; the interpreter fills a copy where zone, mark or label come
/// from fields.
@frozen public struct ConntrackRequest: Sendable {
    public var zone: UInt16 = 0
    /// May create a connection.
    public var commit = false
    /// A connection whose originator is the other side is removed first. Implies `commit`.
    public var force = false
    /// A `nat` action was given.
    public var hasNAT = false
    public var helper = ConntrackHelper.none
    public var hasMark = false
    public var hasLabel = false
    public var nat = NATRange()
    /// Bits of the mark to set and their values (already within the mask).
    public var mark: UInt32 = 0
    public var markMask: UInt32 = 0
    public var labelHigh: UInt64 = 0
    public var labelLow: UInt64 = 0
    public var labelHighMask: UInt64 = 0
    public var labelLowMask: UInt64 = 0
    /// Zero is the default policy.
    public var timeoutPolicy: UInt32 = 0
    /// The datapath port whose budget a new connection counts against.
    public var ownerPort: UInt32 = 0
    public var policyVersion: UInt32 = 0

    @inlinable public init() {}
}
