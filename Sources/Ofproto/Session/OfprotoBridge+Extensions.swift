// Nicira's extensions that change the switch: the table of tunnel options and the flushing of
// connections.

import Dpif
import Flow
import OpenFlow

extension OfprotoBridge {
    /// Changes the table of tunnel options, wholly or not at all.
    ///
    /// **Errors**: those of NXTTMFC_*.
    func apply(_ mod: TunnelOptionTableMod) throws(OpenFlowError) {
        var table = tunnelOptions
        do throws(TunnelOptionError) {
            switch mod.command {
            case .add:
                for mapping in mod.mappings {
                    try table.add(
                        optionClass: mapping.optionClass, type: mapping.optionType,
                        byteCount: Int(mapping.length), index: Int(mapping.index))
                }
            case .delete:
                let used = tunnelOptionsUsed
                for mapping in mod.mappings {
                    try table.delete(Int(mapping.index), used: used)
                }
            case .clear: try table.clear(used: tunnelOptionsUsed)
            }
        } catch {
            throw OpenFlowError(OfprotoBridge.code(of: error))
        }
        tunnelOptions = table
        owner.onTunnelOptions?(self)
        pipeline.invalidateRecords()
    }

    private static func code(of error: TunnelOptionError) -> OpenFlowErrorCode {
        switch error {
        case .badIndex: .nxttmfcBadFieldIdx
        case .badLength: .nxttmfcBadOptLen
        case .alreadyMapped: .nxttmfcAlreadyMapped
        case .duplicate: .nxttmfcDupEntry
        case .full: .nxttmfcTableFull
        case .inUse: .nxttmfcInvalidTlvDel
        }
    }

    /// Bit n is set where some rule needs `tun_metadata<n>`.
    private var tunnelOptionsUsed: UInt64 {
        var used: UInt64 = 0
        for rule in rulesByID.values {
            used |= rule.match.tunnelOptionsUsed | rule.actions.tunnelOptionsUsed
        }
        return used
    }

    func tunnelOptionReply() -> TunnelOptionTableReply {
        var reply = TunnelOptionTableReply()
        reply.mappings = tunnelOptions.mappings.map {
            TunnelOptionMapping(
                optionClass: $0.optionClass, optionType: $0.type,
                length: UInt8(truncatingIfNeeded: $0.byteCount),
                index: UInt16(truncatingIfNeeded: $0.index))
        }
        return reply
    }

    /// Forgets the connections that a flush names.
    func flush(_ flush: ConntrackFlush) {
        if flush.ipProtocol == 0 && flush.original.isEmpty && flush.reply.isEmpty {
            control.flushConnections(zone: flush.zone)
            return
        }
        for connection in control.dumpConnections(zone: flush.zone, limit: 1 << 22)
        where flush.names(connection) {
            _ = control.flushConnection(
                zone: connection.zone, proto: connection.proto, tuple: connection.original)
        }
    }
}

extension ConntrackFlush {
    func names(_ connection: ConnectionInfo) -> Bool {
        (ipProtocol == 0 || ipProtocol == connection.proto)
            && original.fits(connection.original, isICMP: connection.isICMP)
            && reply.fits(connection.reply, isICMP: connection.isICMP)
    }
}

extension ConnectionInfo {
    fileprivate var isICMP: Bool { proto == 1 || proto == 58 }
}

extension ConntrackTuple {
    /// Whether all that this one says is so of `tuple`.
    fileprivate func fits(_ tuple: ConnectionInfo.Tuple, isICMP: Bool) -> Bool {
        func isEqual(_ wanted: [UInt8]?, _ address: [UInt8]) -> Bool {
            guard let wanted else { return true }
            if wanted == address { return true }
            return address.count == 4
                && wanted == [UInt8](repeating: 0, count: 10) + [0xff, 0xff] + address
        }
        guard isEqual(source, tuple.source), isEqual(destination, tuple.destination) else {
            return false
        }
        if isICMP {
            return (icmpID == nil || icmpID == tuple.sourcePort)
                && (icmpType == nil || icmpType == tuple.icmpType)
                && (icmpCode == nil || icmpCode == tuple.icmpCode)
        }
        return (sourcePort == nil || sourcePort == tuple.sourcePort)
            && (destinationPort == nil || destinationPort == tuple.destinationPort)
    }
}
