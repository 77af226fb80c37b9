// How conntrack puts fragments together, as dpctl/ipf-* sets and shows it.

/// The settings of reassembly.
public struct FragmentSettings: Equatable, Sendable {
    public struct Family: Equatable, Sendable {
        public var isEnabled = true
        /// The least IP length of a fragment that is not the last.
        public var bytesMin: UInt32
        public init(bytesMin: UInt32) { self.bytesMin = bytesMin }
    }
    public var ipv4 = Family(bytesMin: 1200)
    public var ipv6 = Family(bytesMin: 1280)
    /// Fragments held at a time.
    public var fragmentsMax: UInt32 = 1000
    public init() {}
}

/// What has become of fragments.
public struct FragmentStatistics: Equatable, Sendable {
    public struct Family: Equatable, Sendable {
        public var accepted: UInt64 = 0
        public var completed: UInt64 = 0
        public var expired: UInt64 = 0
        public var tooSmall: UInt64 = 0
        public var overlapping: UInt64 = 0
        public var purged: UInt64 = 0
        public init() {}
    }
    public var ipv4 = Family()
    public var ipv6 = Family()
    /// Fragments held now.
    public var held = 0
    /// The datagrams that they belong to.
    public var datagrams: [Datagram] = []
    public init() {}

    /// A datagram of which fragments are held.
    public struct Datagram: Equatable, Sendable {
        /// Four or sixteen bytes each.
        public var source: [UInt8]
        public var destination: [UInt8]
        public var identification: UInt32
        public var zone: UInt16
        public var protocolNumber: UInt8
        /// Tells apart the places in the pipeline where it may be put together.
        public var recirculation: UInt32
        public var fragments: Int
        public var hasFirst: Bool
        public var hasLast: Bool
        public var isComplete: Bool

        public init(
            source: [UInt8], destination: [UInt8], identification: UInt32, zone: UInt16,
            protocolNumber: UInt8, recirculation: UInt32, fragments: Int, hasFirst: Bool,
            hasLast: Bool, isComplete: Bool
        ) {
            self.source = source
            self.destination = destination
            self.identification = identification
            self.zone = zone
            self.protocolNumber = protocolNumber
            self.recirculation = recirculation
            self.fragments = fragments
            self.hasFirst = hasFirst
            self.hasLast = hasLast
            self.isComplete = isComplete
        }
    }
}
