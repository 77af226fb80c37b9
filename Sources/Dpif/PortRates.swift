// What a port may send into the switch and be sent by it: limits as the database sets them, in
// units that both rooms agree on.

/// A limit on bytes and one on packets; zero means none.
///
/// **Units**: bytes and packets a second, and what may come at once beyond that.
public struct RateLimit: Hashable, Sendable {
    public var bytesPerSecond: UInt64 = 0
    public var burstBytes: UInt64 = 0
    public var packetsPerSecond: UInt64 = 0
    public var burstPackets: UInt64 = 0

    public init() {}

    /// Whether nothing is limited.
    public var isNone: Bool { bytesPerSecond == 0 && packetsPerSecond == 0 }
}

/// How packets that leave by a port are held back.
public enum EgressShaping: Hashable, Sendable {
    /// The kernel's hierarchical token bucket on the device: what exceeds a class's rate waits.
    case hierarchy(Hierarchy)
    /// What exceeds the rate is dropped.
    case policer(RateLimit)

    /// A device's rate and its classes.
    public struct Hierarchy: Hashable, Sendable {
        /// Bytes a second of the whole device; nil for its link's speed.
        public var bytesPerSecond: UInt64?
        /// By number. Packets go to class 0, which is always there.
        public var classes: [UInt16: Class]

        public init(bytesPerSecond: UInt64?, classes: [UInt16: Class]) {
            self.bytesPerSecond = bytesPerSecond
            self.classes = classes
        }
    }

    /// One class: what it is sure of, what it may have at most, and what may go at once.
    public struct Class: Hashable, Sendable {
        public var bytesPerSecondMin: UInt64 = 0
        /// Nil: as much as the device.
        public var bytesPerSecondMax: UInt64?
        public var burstBytes: UInt64 = 0
        public var priority: UInt32 = 0

        public init() {}
    }
}
