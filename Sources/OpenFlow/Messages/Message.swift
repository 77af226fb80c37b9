// Every OpenFlow message that a switch receives or sends, as one value independent of the wire
// version. `OpenFlowCodec` maps it to and from bytes; sessions switch over it.

/// An OpenFlow message of any version, without its transaction id.
///
/// **Source**: OpenFlow 1.0 to 1.5; ovs-ofctl(8) for the Nicira and ONF extensions.
public enum Message: Hashable, Sendable {
    // Connection
    case hello(HelloMessage)
    case error(ErrorMessage)
    case echoRequest([UInt8])
    case echoReply([UInt8])
    case featuresRequest
    case featuresReply(SwitchFeatures)
    case getConfigRequest
    case getConfigReply(SwitchConfig)
    case setConfig(SwitchConfig)
    case barrierRequest
    case barrierReply
    // Packets
    case packetIn(PacketIn)
    /// NXT_RESUME: a paused packet comes back with its continuation.
    case resume(PacketIn)
    case packetOut(PacketOut)
    // Changes
    case flowMod(FlowMod)
    case groupMod(GroupMod)
    case meterMod(MeterMod)
    case portMod(PortMod)
    case tableMod(TableMod)
    // Events
    case flowRemoved(FlowRemoved)
    case portStatus(PortStatus)
    case tableStatus(TableStatus)
    case roleStatus(RoleStatus)
    case requestForward(RequestForward)
    // Roles and what a controller wants to hear
    case roleRequest(RoleRequest)
    case roleReply(RoleRequest)
    case getAsyncRequest
    case getAsyncReply(AsyncConfig)
    case setAsync(AsyncConfig)
    // Queues; from OpenFlow 1.4 on a multipart message on the wire
    case queueGetConfigRequest(QueueRequest)
    case queueGetConfigReply(QueueGetConfigReply)
    // Bundles
    case bundleControl(BundleControl)
    case bundleAdd(BundleAdd)
    // Flow monitors
    case flowMonitorCancel(UInt32)
    case flowMonitorPaused
    case flowMonitorResumed
    // Nicira extensions
    case setFlowFormat(FlowFormat)
    case flowModTableID(Bool)
    case setPacketInFormat(PacketInFormat)
    case flowAge
    case setControllerID(UInt16)
    case tunnelOptionTableMod(TunnelOptionTableMod)
    case tunnelOptionTableRequest
    case tunnelOptionTableReply(TunnelOptionTableReply)
    case ctFlushZone(UInt16)
    case ctFlush(ConntrackFlush)
    // Multipart
    case multipartRequest(MultipartRequest)
    case multipartReply(MultipartReply)
}

/// A multipart (in OpenFlow 1.0: statistics) request.
public enum MultipartRequest: Hashable, Sendable {
    case description
    case flow(FlowStatsRequest)
    case aggregate(FlowStatsRequest)
    case table
    /// Empty to ask; else the features to set.
    case tableFeatures([TableFeatures])
    case tableDescription
    /// `ReservedPort.any` for all.
    case port(UInt32)
    /// `ReservedPort.any` for all.
    case portDescription(UInt32)
    case queue(QueueRequest)
    case group(UInt32)
    case groupDescription(UInt32)
    case groupFeatures
    case meter(UInt32)
    case meterConfig(UInt32)
    case meterFeatures
    case flowMonitor([FlowMonitorRequest])
    case ipfixBridge
    case ipfixFlow
}

/// A multipart (in OpenFlow 1.0: statistics) reply; the encoder splits long ones over messages.
public enum MultipartReply: Hashable, Sendable {
    case description(SwitchDescription)
    /// `nicira`: as NXST_FLOW, in answer to such a request.
    case flow([FlowStats], nicira: Bool)
    case aggregate(AggregateStats, nicira: Bool)
    case table([TableStats])
    case tableFeatures([TableFeatures])
    case tableDescription([TableDescription])
    case port([PortStats])
    case portDescription([PortDescription])
    case queue([QueueStats])
    case group([GroupStats])
    case groupDescription([GroupDescription])
    case groupFeatures(GroupFeatures)
    case meter([MeterStats])
    case meterConfig([MeterConfig])
    case meterFeatures(MeterFeatures)
    case flowMonitor([FlowUpdate])
    case ipfixBridge(IPFIXStats)
    case ipfixFlow([IPFIXStats])
}
