// What a message's meaning depends on beside its bytes: the negotiated version and what Nicira's
// extension messages have set for the connection.

import Flow

/// The state of a connection that its messages are read and written with.
///
/// **Owner**: the session, which changes it as the controller asks.
public struct CodecContext: Sendable {
    public var version: OpenFlowVersion
    /// The bridge's meaning of `tun_metadata<n>`.
    public var tunnelOptions: TunnelOptionTable
    public var flowFormat: FlowFormat
    public var packetInFormat: PacketInFormat
    /// Whether the high byte of a flow-mod's command is a table (OpenFlow 1.0).
    public var flowModTableID: Bool
    /// How many tables the switch has; `goto_table` beyond is refused.
    public var tableCount: UInt8
    /// Plain port numbers must be below; actions that name others are refused.
    public var portLimit: UInt32

    public init(
        version: OpenFlowVersion, tunnelOptions: TunnelOptionTable = TunnelOptionTable(),
        flowFormat: FlowFormat = .openFlow10, packetInFormat: PacketInFormat = .standard,
        flowModTableID: Bool = false, tableCount: UInt8 = 255, portLimit: UInt32 = 0xff00
    ) {
        self.version = version
        self.tunnelOptions = tunnelOptions
        self.flowFormat = flowFormat
        self.packetInFormat = packetInFormat
        self.flowModTableID = flowModTableID
        self.tableCount = tableCount
        self.portLimit = portLimit
    }
}
