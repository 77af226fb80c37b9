// The OpenFlow protocol versions. Everything in this module that differs between versions is a
// switch over this type.

/// An OpenFlow version by its number in the message header.
public enum OpenFlowVersion: UInt8, CaseIterable, Comparable, Hashable, Sendable {
    case v1_0 = 1
    case v1_1 = 2
    case v1_2 = 3
    case v1_3 = 4
    case v1_4 = 5
    case v1_5 = 6

    public static func < (left: OpenFlowVersion, right: OpenFlowVersion) -> Bool {
        left.rawValue < right.rawValue
    }

    /// The name that OVSDB's `protocols` column uses: `OpenFlow13`.
    public var name: String { "OpenFlow1\(rawValue - 1)" }

    /// Whether matches are OXM: OpenFlow 1.2 and later.
    public var usesOXM: Bool { self >= .v1_2 }
}
