// How deep rules look into packets. Where nothing that a bridge does can depend on more than the
// port, the Ethernet addresses, the Ethertype and VLAN tags, its records' keys leave the rest out.
// A list of what is known to be shallow: everything else is deep. The control room asks this of
// every rule; poll threads only read what came of it.

import CIntrinsics
import Flow

/// The analysis of rules.
public enum KeyDepth {
    /// Whether what lies at `byte` of the flow key follows from a narrow key: registers, metadata,
    /// ports and conjunctions, which no packet sets; Ethernet addresses, Ethertype and VLAN tags.
    static func isShallow(byte: Int) -> Bool {
        switch byte {
        case FlowLayout.reg..<FlowLayout.metadata + 8: true
        case FlowLayout.inPort..<FlowLayout.inPort + 4: true
        case FlowLayout.conjunctionID..<FlowLayout.conjunctionID + 4: true
        case FlowLayout.actsetOutput..<FlowLayout.actsetOutput + 4: true
        case FlowLayout.ethDestination..<FlowLayout.innerVLANTPID + 2: true
        default: false
        }
    }

    /// Whether a match looks at nothing deeper.
    public static func isShallow(_ match: FlowMatch) -> Bool {
        match.words.allSatisfy { isShallow(word: Int($0.index), mask: $0.mask) }
    }

    /// Whether `count` instructions and those within them read and write nothing deeper.
    public static func isShallow(
        _ list: UnsafeMutablePointer<Instruction>, count: Int
    ) -> Bool {
        (0..<count).allSatisfy { isShallow(list[$0]) }
    }

    private static func isShallow(word: Int, mask: UInt64) -> Bool {
        // Words are compared in memory order.
        (0..<8).allSatisfy {
            UInt8(truncatingIfNeeded: mask >> UInt64($0 * 8)) == 0
                || isShallow(byte: word * 8 + $0)
        }
    }

    private static func isShallow(_ packed: UInt64) -> Bool {
        let range = BitRange(packed: packed)
        guard range.count > 0 else { return true }
        let first = range.lastByte - (range.lowBit + range.count - 1) / 8
        return (first...range.lastByte - range.lowBit / 8).allSatisfy { isShallow(byte: $0) }
    }

    private static func isShallow(condition: UInt16) -> Bool {
        condition == FieldGuard.none.rawValue || condition == FieldGuard.vlan.rawValue
    }

    private static func isShallow(_ instruction: Instruction) -> Bool {
        switch instruction.code {
        case .output, .outputTruncated, .controller, .enqueue, .setQueue, .popQueue, .resubmit,
            .conjunction, .exit, .meter, .clearActions, .gotoTable, .setVLANVID, .setVLANPCP,
            .stripVLAN, .pushVLAN:
            return true
        case .outputRegister, .checkPacketLarger, .stackPush:
            return isShallow(instruction.x)
        case .setWord:
            return isShallow(word: Int(instruction.a), mask: instruction.y)
                && isShallow(condition: instruction.b)
        case .move:
            return isShallow(instruction.x) && isShallow(instruction.y)
                && isShallow(condition: UInt16(instruction.a))
                && isShallow(condition: instruction.b)
        case .stackPop:
            return isShallow(instruction.x) && isShallow(condition: instruction.b)
        case .clone, .writeActions:
            guard let body = UnsafeMutablePointer<Instruction>(bitPattern: UInt(instruction.x))
            else { return instruction.c == 0 }
            return isShallow(body, count: Int(instruction.c))
        case .bundle, .group, .decrementTTL, .decrementMPLSTTL, .setMPLS, .pushMPLS, .popMPLS,
            .finTimeout, .learn, .multipath, .ct, .ctClear, .deleteField:
            return false
        }
    }
}

extension UnsafeMutablePointer where Pointee == BridgeState {
    /// Whether records of packets that enter here may have narrow keys.
    public var hasNarrowKeys: Bool { vd_load_acquire32(depthPlace) != 0 }

    /// Has keys made wide, before anything deep can be reached from here, or narrow, when nothing
    /// deep can be reached any more by any reader.
    public func setNarrowKeys(_ isNarrow: Bool) {
        vd_store_release32(depthPlace, isNarrow ? 1 : 0)
    }

    @inlinable var depthPlace: UnsafeMutableRawPointer {
        @inline(always) get { UnsafeMutableRawPointer(self) + 4 }
    }
}

extension UnsafeMutablePointer where Pointee == PipelineState {
    /// Whether packets of datapath port `port` may have narrow keys. To be read after the version:
    /// a reader that sees a deep rule sees that keys are wide.
    @inlinable @inline(always)
    public func hasNarrowKeys(port: UInt32) -> Bool {
        guard Int(port) < PipelineState.portsMax else { return false }
        let bridge = Int(pointee.ingress[Int(port)].bridge)
        guard bridge < PipelineState.bridgesMax, let state = pointee.bridges[bridge] else {
            return false
        }
        return vd_load_acquire32(state.depthPlace) != 0
    }
}
