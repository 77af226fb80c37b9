// From a frame to what it asks for. Errors go back with the first bytes of the message; flow-mods
// in a row share one publication, and every other message first waits for it.

import Flow
import OpenFlow

/// A request of several messages, of which some are still to come.
struct MultipartAssembly {
    var requests: [MultipartRequest] = []
    var frame: [UInt8]
    var byteCount: Int
    var started: UInt64
}

extension OpenFlowSession {
    func handle(_ frame: [UInt8]) {
        context.tunnelOptions = bridge.tunnelOptions
        let xid = MessageHeader(frame)?.xid ?? 0
        do throws(OpenFlowError) {
            let (xid, message) = try OpenFlowCodec.decode(frame: frame, context: context)
            try handle(message, xid: xid, frame: frame)
        } catch {
            fail(error, frame: frame, xid: xid)
        }
    }

    private func handle(
        _ message: Message, xid: UInt32, frame: [UInt8]
    ) throws(OpenFlowError) {
        if case .flowMod(let mod) = message {
            try requirePrimary()
            try bridge.apply(mod, requester: Requester(session: self, xid: xid))
            return
        }
        bridge.commitChange()
        if try handleChange(message, xid: xid, frame: frame) { return }
        if try handleConnection(message, xid: xid) { return }
        switch message {
        case .bundleControl(let control): try handle(control, xid: xid, frame: frame)
        case .bundleAdd(let add): try handle(add, xid: xid, frame: frame)
        case .flowMonitorCancel(let id):
            guard monitors.removeValue(forKey: id) != nil else {
                throw OpenFlowError(.ofpmofcUnknownMonitor)
            }
        case .tunnelOptionTableMod(let mod):
            try requirePrimary()
            try bridge.apply(mod)
        case .tunnelOptionTableRequest:
            write(.tunnelOptionTableReply(bridge.tunnelOptionReply()), xid: xid)
        case .ctFlushZone(let zone): bridge.control.flushConnections(zone: zone)
        case .ctFlush(let flush): bridge.flush(flush)
        case .resume(let packet): try bridge.resume(packet)
        case .queueGetConfigRequest(let request):
            let queues = try bridge.queueConfiguration(request)
            write(
                .queueGetConfigReply(QueueGetConfigReply(port: request.port, queues: queues)),
                xid: xid)
        case .multipartRequest(let request):
            try handlePart(request, xid: xid, frame: frame)
        case .echoReply, .flowAge: break
        default: throw OpenFlowError(.ofpbrcBadType)
        }
    }

    /// Messages that change the switch; false for others.
    private func handleChange(
        _ message: Message, xid: UInt32, frame: [UInt8]
    ) throws(OpenFlowError) -> Bool {
        switch message {
        case .groupMod(let mod):
            try requirePrimary()
            try bridge.apply(mod, requester: Requester(session: self, xid: xid))
            bridge.commitChange()
            bridge.forward(.group(mod, xid: xid), reason: 0, from: self)
        case .meterMod(let mod):
            try requirePrimary()
            try bridge.apply(mod)
            bridge.forward(.meter(mod, xid: xid), reason: 1, from: self)
        case .portMod(let mod):
            try requirePrimary()
            try bridge.apply(mod, source: self)
        case .tableMod(let mod):
            try requirePrimary()
            try bridge.apply(mod)
        case .packetOut(let message):
            try requirePrimary()
            try bridge.check(message, context)
            try bridge.send(message)
        default: return false
        }
        return true
    }

    /// A secondary controller may look but not touch.
    ///
    /// **Errors**: OFPBRC_IS_SECONDARY.
    func requirePrimary() throws(OpenFlowError) {
        if role == .secondary { throw OpenFlowError(.ofpbrcIsSecondary) }
    }

    /// Puts the parts of a multipart request together. Only those that may be long come in parts.
    private func handlePart(
        _ request: MultipartRequest, xid: UInt32, frame: [UInt8]
    ) throws(OpenFlowError) {
        let hasMore = OpenFlowCodec.hasMoreToCome(frame)
        guard hasMore || multiparts[xid] != nil else {
            return try handle(request, xid: xid)
        }
        switch request {
        case .tableFeatures, .flowMonitor: break
        default: throw OpenFlowError(.ofpbrcBadStat)
        }
        var assembly =
            multiparts.removeValue(forKey: xid)
            ?? MultipartAssembly(
                frame: frame, byteCount: 0, started: bridge.now)
        assembly.requests.append(request)
        assembly.byteCount += frame.count
        guard assembly.byteCount <= 16 << 20, multiparts.count < 64 else {
            throw OpenFlowError(.ofpbrcMultipartBufferOverflow)
        }
        if hasMore {
            multiparts[xid] = assembly
        } else {
            try handle(try joined(assembly.requests), xid: xid)
        }
    }

    private func joined(
        _ requests: [MultipartRequest]
    ) throws(OpenFlowError) -> MultipartRequest {
        var features: [TableFeatures] = []
        var monitors: [FlowMonitorRequest] = []
        for request in requests {
            switch request {
            case .tableFeatures(let more): features += more
            case .flowMonitor(let more): monitors += more
            default: break
            }
        }
        if features.isEmpty && monitors.isEmpty { return requests[0] }
        guard features.isEmpty || monitors.isEmpty else { throw OpenFlowError(.ofpbrcBadStat) }
        return monitors.isEmpty ? .tableFeatures(features) : .flowMonitor(monitors)
    }

    /// Gives up requests whose rest does not come.
    func expireMultiparts(_ now: UInt64) {
        for (xid, assembly) in multiparts where now > assembly.started + 1000 {
            multiparts[xid] = nil
            fail(
                OpenFlowError(.ofpbrcMultipartRequestTimeout), frame: assembly.frame, xid: xid)
        }
    }
}
