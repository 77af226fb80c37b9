// The flags of a flow by the names that flow text has for them.

/// Flags of a flow that tools print and accept.
public struct FlowFlags: OptionSet, Hashable, Sendable {
    public let rawValue: UInt16
    public init(rawValue: UInt16) { self.rawValue = rawValue }

    public static let sendFlowRemoved = FlowFlags(rawValue: 1)
    public static let checkOverlap = FlowFlags(rawValue: 2)
    public static let resetCounts = FlowFlags(rawValue: 4)
    public static let noPacketCounts = FlowFlags(rawValue: 8)
    public static let noByteCounts = FlowFlags(rawValue: 16)

    /// Each flag's name, in the order of the text.
    static let names: [(FlowFlags, String)] = [
        (.sendFlowRemoved, "send_flow_rem"), (.checkOverlap, "check_overlap"),
        (.resetCounts, "reset_counts"), (.noPacketCounts, "no_packet_counts"),
        (.noByteCounts, "no_byte_counts"),
    ]

    /// Every set flag with a space behind it.
    var text: String {
        FlowFlags.names.filter { contains($0.0) }.map { $0.1 + " " }.joined()
    }
}
