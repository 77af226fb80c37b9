// Bundles: changes that are applied together.

/// OFPBF_*.
public struct BundleFlags: OptionSet, Hashable, Sendable {
    public let rawValue: UInt16
    public init(rawValue: UInt16) { self.rawValue = rawValue }
    public static let atomic = BundleFlags(rawValue: 1 << 0)
    public static let ordered = BundleFlags(rawValue: 1 << 1)
}

/// OFPT_BUNDLE_CONTROL.
public struct BundleControl: Hashable, Sendable {
    public enum Kind: UInt16, Hashable, Sendable {
        case openRequest = 0
        case openReply = 1
        case closeRequest = 2
        case closeReply = 3
        case commitRequest = 4
        case commitReply = 5
        case discardRequest = 6
        case discardReply = 7
    }
    public var bundleID: UInt32
    public var kind: Kind
    public var flags: BundleFlags
    public init(bundleID: UInt32, kind: Kind, flags: BundleFlags = []) {
        self.bundleID = bundleID
        self.kind = kind
        self.flags = flags
    }
}

/// OFPT_BUNDLE_ADD_MESSAGE: a message to apply when the bundle commits.
public struct BundleAdd: Hashable, Sendable {
    public var bundleID: UInt32
    public var flags: BundleFlags
    /// The whole message inside, header and all; its type may be bundled and its version and
    /// transaction id are the outer ones.
    public var frame: [UInt8]
    public init(bundleID: UInt32, flags: BundleFlags, frame: [UInt8]) {
        self.bundleID = bundleID
        self.flags = flags
        self.frame = frame
    }
}
