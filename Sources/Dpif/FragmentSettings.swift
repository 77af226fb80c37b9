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
    public init() {}
}
