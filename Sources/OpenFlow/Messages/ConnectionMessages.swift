// Messages of the connection itself: hello, error, features and configuration.

/// OFPT_HELLO.
public struct HelloMessage: Hashable, Sendable {
    /// Bit n set: the sender speaks wire version n. From the version bitmap or, where there is
    /// none, all versions up to the header's.
    public var versions: UInt32
    public init(versions: UInt32) { self.versions = versions }

    /// The sender speaks just these.
    public init(versions: [OpenFlowVersion]) {
        self.versions = versions.reduce(0) { $0 | 1 << UInt32($1.rawValue) }
    }

    /// The highest version that both speak.
    public func negotiate(with own: HelloMessage) -> OpenFlowVersion? {
        let common = versions & own.versions
        return OpenFlowVersion.allCases.last { common >> UInt32($0.rawValue) & 1 == 1 }
    }
}

/// OFPT_ERROR.
public struct ErrorMessage: Hashable, Sendable {
    /// Nil for an error that a peer sent and this switch has no name for.
    public var code: OpenFlowErrorCode?
    /// The start of the offending message (at most 64 bytes are sent), or text for a failed hello.
    public var data: [UInt8]
    public init(code: OpenFlowErrorCode?, data: [UInt8]) {
        self.code = code
        self.data = data
    }

    /// The most bytes of an offending message that an error carries.
    public static let dataBytesMax = 64

    /// The answer to a request that failed.
    public init(_ error: OpenFlowError, offending frame: [UInt8]) {
        self.init(code: error.code, data: Array(frame.prefix(Self.dataBytesMax)))
    }
}

/// What a switch can do, in its features reply.
public struct SwitchCapabilities: OptionSet, Hashable, Sendable {
    public let rawValue: UInt32
    public init(rawValue: UInt32) { self.rawValue = rawValue }
    public static let flowStats = SwitchCapabilities(rawValue: 1 << 0)
    public static let tableStats = SwitchCapabilities(rawValue: 1 << 1)
    public static let portStats = SwitchCapabilities(rawValue: 1 << 2)
    /// From OpenFlow 1.1 on.
    public static let groupStats = SwitchCapabilities(rawValue: 1 << 3)
    public static let ipReassembly = SwitchCapabilities(rawValue: 1 << 5)
    public static let queueStats = SwitchCapabilities(rawValue: 1 << 6)
    /// OpenFlow 1.0 and 1.1.
    public static let arpMatchIP = SwitchCapabilities(rawValue: 1 << 7)
    /// From OpenFlow 1.2 on.
    public static let portBlocked = SwitchCapabilities(rawValue: 1 << 8)
    /// From OpenFlow 1.4 on.
    public static let bundles = SwitchCapabilities(rawValue: 1 << 9)
    public static let flowMonitoring = SwitchCapabilities(rawValue: 1 << 10)
    /// 802.1D spanning tree; OpenFlow 1.0 only, where its bit is that of `groupStats`.
    public static let spanningTree = SwitchCapabilities(rawValue: 1 << 31)
}

/// OFPT_FEATURES_REPLY.
public struct SwitchFeatures: Hashable, Sendable {
    public var datapathID: UInt64
    public var bufferCount: UInt32 = 0
    public var tableCount: UInt8 = 254
    public var auxiliaryID: UInt8 = 0
    public var capabilities: SwitchCapabilities = []
    /// OpenFlow 1.0 only: bit n set if action type n is supported.
    public var actions: UInt32 = 0xfff
    /// OpenFlow 1.0 to 1.2; later versions ask with a multipart request.
    public var ports: [PortDescription] = []
    public init(datapathID: UInt64) { self.datapathID = datapathID }
}

/// The body of OFPT_SET_CONFIG and OFPT_GET_CONFIG_REPLY.
public struct SwitchConfig: Hashable, Sendable {
    /// What becomes of IP fragments.
    public enum Fragments: UInt16, Hashable, Sendable {
        case normal = 0
        case drop = 1
        case reassemble = 2
        /// Nicira's: first fragments match on ports.
        case match = 3
    }
    public var fragments: Fragments = .normal
    /// Nil: leave as it is (the bit has no meaning from OpenFlow 1.3 on).
    public var invalidTTLToController: Bool?
    public var missSendLength: UInt16 = 128
    public init() {}
}
