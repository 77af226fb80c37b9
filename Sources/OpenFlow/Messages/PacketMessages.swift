// Packets to and from a controller.

import Flow

/// Why a packet goes to a controller.
public enum PacketInReason: UInt8, Hashable, Sendable {
    case noMatch = 0
    case action = 1
    case invalidTTL = 2
    case actionSet = 3
    case group = 4
    case packetOut = 5
    /// A table-miss rule sent it: "action" up to OpenFlow 1.2, "no match" later.
    case explicitMiss = 6
    /// No rule matched.
    case implicitMiss = 7
}

/// OFPT_PACKET_IN, NXT_PACKET_IN, NXT_PACKET_IN2 and NXT_RESUME.
public struct PacketIn: Hashable, Sendable {
    /// The packet, perhaps only its start.
    public var packet: [UInt8]
    /// Length of the whole packet.
    public var totalLength: UInt32
    public var bufferID: UInt32 = noBuffer
    public var reason: PacketInReason = .action
    public var tableID: UInt8 = 0
    /// All ones where no rule is behind it.
    public var cookie: UInt64 = .max
    /// The metadata fields that are not zero, with masks; includes `in_port`.
    public var metadata = FlowMatch()
    /// From `controller(userdata=...)`; NXT_PACKET_IN2 only.
    public var userdata: [UInt8] = []
    /// What the switch needs to go on with a paused packet, opaque to the controller; nil if
    /// not paused. NXT_PACKET_IN2 and NXT_RESUME only.
    public var continuation: [UInt8]?
    /// The same as a switch makes it; it has precedence over `continuation`.
    public var paused: PausedPipeline?
    public init(packet: [UInt8]) {
        self.packet = packet
        self.totalLength = UInt32(truncatingIfNeeded: packet.count)
    }
}

/// `buffer_id` of a packet that is not buffered.
public let noBuffer: UInt32 = .max

/// OFPT_PACKET_OUT.
public struct PacketOut: Hashable, Sendable {
    public var bufferID: UInt32 = noBuffer
    /// Metadata to run the packet with; always names `in_port`.
    public var metadata = FlowMatch()
    public var actions: [Action] = []
    /// Empty where `bufferID` names one.
    public var packet: [UInt8] = []
    public init() {}

    /// The ingress port, as the 32-bit number.
    public var inPort: UInt32 {
        UInt32(truncatingIfNeeded: metadata.get(.inPort).value.low64)
    }
}
