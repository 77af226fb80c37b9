// Meters: change, configuration, statistics and features.

/// Meter numbers with a meaning of their own (OFPM_*).
public enum MeterID {
    public static let max: UInt32 = 0xffff_0000
    public static let slowPath: UInt32 = 0xffff_fffd
    public static let controller: UInt32 = 0xffff_fffe
    public static let all: UInt32 = 0xffff_ffff
}

/// OFPMF_*.
public struct MeterFlags: OptionSet, Hashable, Sendable {
    public let rawValue: UInt16
    public init(rawValue: UInt16) { self.rawValue = rawValue }
    public static let kilobitsPerSecond = MeterFlags(rawValue: 1 << 0)
    public static let packetsPerSecond = MeterFlags(rawValue: 1 << 1)
    public static let burst = MeterFlags(rawValue: 1 << 2)
    public static let stats = MeterFlags(rawValue: 1 << 3)
}

/// What happens above a rate.
public struct MeterBand: Hashable, Sendable {
    public enum Kind: UInt16, Hashable, Sendable { case drop = 1, dscpRemark = 2 }
    public var kind: Kind
    /// Kilobits or packets a second.
    public var rate: UInt32
    public var burstSize: UInt32
    /// With `dscpRemark`: drop precedence to add.
    public var precedenceLevel: UInt8
    public init(_ kind: Kind, rate: UInt32, burstSize: UInt32 = 0, precedenceLevel: UInt8 = 0) {
        self.kind = kind
        self.rate = rate
        self.burstSize = burstSize
        self.precedenceLevel = precedenceLevel
    }
}

/// One meter.
public struct MeterConfig: Hashable, Sendable {
    public var meterID: UInt32
    public var flags: MeterFlags
    public var bands: [MeterBand]
    public init(meterID: UInt32, flags: MeterFlags = [], bands: [MeterBand] = []) {
        self.meterID = meterID
        self.flags = flags
        self.bands = bands
    }
}

/// OFPT_METER_MOD.
public struct MeterMod: Hashable, Sendable {
    public enum Command: UInt16, Hashable, Sendable { case add = 0, modify = 1, delete = 2 }
    public var command: Command
    public var meter: MeterConfig
    public init(_ command: Command, meter: MeterConfig) {
        self.command = command
        self.meter = meter
    }
}

/// One meter's counters.
public struct MeterStats: Hashable, Sendable {
    /// One band's counters.
    public struct BandCounter: Hashable, Sendable {
        public var packetCount: UInt64
        public var byteCount: UInt64
        public init(packetCount: UInt64, byteCount: UInt64) {
            self.packetCount = packetCount
            self.byteCount = byteCount
        }
    }
    public var meterID: UInt32
    public var flowCount: UInt32 = 0
    public var packetInCount: UInt64 = 0
    public var byteInCount: UInt64 = 0
    public var durationSeconds: UInt32 = 0
    public var durationNanoseconds: UInt32 = 0
    public var bands: [BandCounter] = []
    public init(meterID: UInt32) { self.meterID = meterID }
}

/// What meters the switch can make.
public struct MeterFeatures: Hashable, Sendable {
    public var maxMeters: UInt32 = 0
    /// Bit n: band type n.
    public var bandTypes: UInt32 = 0
    public var capabilities: MeterFlags = []
    public var maxBands: UInt8 = 0
    public var maxColor: UInt8 = 0
    public init() {}
}
