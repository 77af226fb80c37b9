// The flow-mod that a `learn` action stands for, given the flow key of a packet. Pure.

import Flow
import OpenFlow

/// Builds learned flows.
///
/// **Source**: ovs-actions(7), the learn action.
enum LearnedFlow {
    static func flowMod(
        of learn: LearnAction, key: [UInt8], tunnelOptions: TunnelOptionTable
    ) -> FlowMod {
        var mod = FlowMod(.modifyStrict)
        mod.tableID = learn.table
        mod.priority = learn.priority
        mod.newCookie = learn.cookie
        mod.modifyCookie = learn.cookie != .max
        mod.idleTimeout = learn.idleTimeout
        mod.hardTimeout = learn.hardTimeout
        if learn.sendFlowRemoved { mod.flags.insert(.sendFlowRemoved) }
        if learn.finIdleTimeout != 0 || learn.finHardTimeout != 0 {
            mod.actions.append(
                .finTimeout(idleSeconds: learn.finIdleTimeout, hardSeconds: learn.finHardTimeout))
        }
        for specification in learn.specifications {
            let bits = source(specification, key: key, tunnelOptions: tunnelOptions)
            switch specification.destination {
            case .match(let target):
                constrain(&mod.match, target, to: bits, tunnelOptions: tunnelOptions)
            case .load(let target): mod.actions.append(load(target, bits, tunnelOptions))
            case .output:
                if let port = outputPort(bits, bitCount: specification.bitCount) {
                    mod.actions.append(.output(port: port, maxLength: 0))
                }
            }
        }
        mod.match.dropImpliedPacketType()
        return mod
    }

    /// The bits that a specification takes, right aligned.
    private static func source(
        _ specification: LearnAction.Specification, key: [UInt8],
        tunnelOptions: TunnelOptionTable
    ) -> FieldValue {
        switch specification.source {
        case .immediate(let value): return value
        case .field(let subfield):
            var result = FieldValue(0, byteCount: (subfield.bitCount + 7) / 8)
            guard let location = tunnelOptions.location(of: subfield.field) else { return result }
            let value = KeyBytes.value(key, at: location)
            for bit in 0..<subfield.bitCount where value.bit(subfield.offset + bit) {
                result.bytes[result.bytes.count - 1 - bit / 8] |= 1 << UInt8(bit % 8)
            }
            return result
        }
    }

    private static func constrain(
        _ match: inout FlowMatch, _ target: Subfield, to bits: FieldValue,
        tunnelOptions: TunnelOptionTable
    ) {
        guard let location = tunnelOptions.location(of: target.field) else { return }
        let byteCount = max(target.field.info.byteCount, location.byteCount)
        var value = FieldValue(0, byteCount: byteCount)
        value.setBits(at: target.offset, count: target.bitCount, from: bits)
        var mask = FieldValue(0, byteCount: byteCount)
        let ones = FieldValue.ones(bitCount: target.bitCount, byteCount: byteCount)
        mask.setBits(at: target.offset, count: target.bitCount, from: ones)
        if let index = target.field.tunnelMetadataIndex {
            if let mapping = tunnelOptions.mapping(index) {
                match.setTunnelOption(mapping, value: value, mask: mask)
            }
        } else if target.isWhole {
            match.set(target.field, value: value, mask: .exactMask(of: target.field))
        } else {
            match.set(location, value: value, mask: mask)
        }
    }

    private static func load(
        _ target: Subfield, _ bits: FieldValue, _ tunnelOptions: TunnelOptionTable
    ) -> Action {
        let byteCount =
            tunnelOptions.location(of: target.field)?.byteCount ?? target.field.info.byteCount
        let width =
            target.field.tunnelMetadataIndex == nil ? target.field.info.byteCount : byteCount
        var value = FieldValue(0, byteCount: width)
        value.setBits(at: target.offset, count: target.bitCount, from: bits)
        var mask = FieldValue(0, byteCount: width)
        let ones = FieldValue.ones(bitCount: target.bitCount, byteCount: width)
        mask.setBits(at: target.offset, count: target.bitCount, from: ones)
        return .registerLoad(SetFieldAction(field: target.field, value: value, mask: mask))
    }

    /// The port that the bits name, where a learned rule may output to it.
    private static func outputPort(_ bits: FieldValue, bitCount: Int) -> UInt32? {
        let number = bits.low64
        // The 16-bit form of a reserved port, or the 32-bit one.
        if bitCount > 16 && number > 0xffff && number < 0xffff_ff00 { return nil }
        let port = ReservedPort.widen(UInt16(truncatingIfNeeded: number))
        if port < UInt32(ReservedPort.max16) { return port }
        let allowed = [
            ReservedPort.inPort, ReservedPort.flood, ReservedPort.local, ReservedPort.all,
        ]
        return allowed.contains(port) ? port : nil
    }
}
