// Actions that change the shape of the packet: VLAN tags, MPLS labels and TTLs. Tags are changed in
// the key and written at the next commit; labels are written at once, as what is below a label is
// another packet.

import Flow

extension Interpreter {
    /// A tag that appeared by writing the TCI gets the customer TPID; one that vanished loses it.
    func fixVLANTPID() {
        let key = state.pointee.key
        if key.load16(FlowLayout.vlanTCI) & 0x1000 != 0 {
            if key.load16(FlowLayout.vlanTPID) == 0 {
                key.store16(0x8100, at: FlowLayout.vlanTPID)
            }
        } else if key.load16(FlowLayout.vlanTCI) == 0 {
            key.store16(0, at: FlowLayout.vlanTPID)
        }
    }

    func setVLAN(vid: UInt16?, pcp: UInt16?, pushes: Bool) {
        let key = state.pointee.key
        var tci = key.load16(FlowLayout.vlanTCI)
        guard tci & 0x1000 != 0 || pushes else { return }
        if let vid { tci = tci & 0xf000 | vid & 0xfff }
        if let pcp { tci = tci & 0x1fff | pcp &<< 13 }
        key.store16(tci | 0x1000, at: FlowLayout.vlanTCI)
        fixVLANTPID()
        markDirty(FlowLayout.vlanTCI / 8)
        markDirty(FlowLayout.vlanTPID / 8)
    }

    func stripVLAN() {
        let key = state.pointee.key
        key.store16(key.load16(FlowLayout.innerVLANTCI), at: FlowLayout.vlanTCI)
        key.store16(key.load16(FlowLayout.innerVLANTPID), at: FlowLayout.vlanTPID)
        key.store16(0, at: FlowLayout.innerVLANTCI)
        key.store16(0, at: FlowLayout.innerVLANTPID)
        markVLANDirty()
    }

    func pushVLAN(_ tpid: UInt16) {
        let key = state.pointee.key
        key.store16(key.load16(FlowLayout.vlanTCI), at: FlowLayout.innerVLANTCI)
        key.store16(key.load16(FlowLayout.vlanTPID), at: FlowLayout.innerVLANTPID)
        key.store16(tpid, at: FlowLayout.vlanTPID)
        key.store16(0x1000, at: FlowLayout.vlanTCI)
        markVLANDirty()
    }

    func markVLANDirty() {
        markDirty(FlowLayout.vlanTCI / 8)
        markDirty(FlowLayout.innerVLANTCI / 8)
        markDirty(FlowLayout.vlanTPID / 8)
    }

    func decrementTTL(_ instruction: Instruction) -> Bool {
        let key = state.pointee.key
        guard holds(FieldGuard.ip.rawValue) else { return true }
        let ttl = key.load8(FlowLayout.ipTTL)
        if ttl > 1 {
            key.store8(ttl &- 1, at: FlowLayout.ipTTL)
            markDirty(FlowLayout.ipTTL / 8)
            return true
        }
        remark(.ttlExceeded)
        for index in 0..<min(instruction.c, 4) {
            var call = PacketInCall()
            call.reason = 2
            call.controllerID = UInt16(
                truncatingIfNeeded: instruction.x &>> (UInt64(index) &* 16))
            sendPacketIn(&call)
        }
        drop(.ttlExceeded)
        return false
    }

    // MARK: MPLS

    func setMPLS(value: UInt32, mask: UInt32) {
        guard holds(FieldGuard.mpls.rawValue) else { return }
        let key = state.pointee.key
        let entry = key.load32(FlowLayout.mplsStack) & ~mask | value & mask
        key.store32(entry, at: FlowLayout.mplsStack)
        markDirty(FlowLayout.mplsStack / 8)
    }

    func decrementMPLSTTL() -> Bool {
        guard holds(FieldGuard.mpls.rawValue) else { return true }
        let entry = state.pointee.key.load32(FlowLayout.mplsStack)
        if entry & 0xff > 1 {
            setMPLS(value: (entry & 0xff) &- 1, mask: 0xff)
            return true
        }
        var call = PacketInCall()
        call.reason = 2
        sendPacketIn(&call)
        drop(.ttlExceeded)
        return false
    }

    func pushMPLS(_ ethType: UInt16) {
        commit()
        let key = state.pointee.key
        var entry: UInt32
        if holds(FieldGuard.mpls.rawValue) {
            guard key.load32(FlowLayout.mplsStack &+ 8) == 0 else {
                drop(.headerStackFull)
                state.pointee.exits = true
                return
            }
            entry = key.load32(FlowLayout.mplsStack) & ~0x100
            key.store32(
                key.load32(FlowLayout.mplsStack &+ 4), at: FlowLayout.mplsStack &+ 8)
            key.store32(key.load32(FlowLayout.mplsStack), at: FlowLayout.mplsStack &+ 4)
        } else {
            // Label 0 or 2 (explicit null), TC from the DSCP's high bits, TTL of the packet.
            let isIPv6 = key.load16(FlowLayout.ethType) == 0x86dd
            let isIP = holds(FieldGuard.ip.rawValue)
            let trafficClass = isIP ? UInt32(key.load8(FlowLayout.ipTOS) & 0xfc) &>> 2 & 7 : 0
            let inner = isIP ? UInt32(key.load8(FlowLayout.ipTTL)) : 0
            let ttl = inner != 0 ? inner : 64
            entry = (isIPv6 ? 2 : 0) &<< 12 | trafficClass &<< 9 | 0x100 | ttl
            clearNetworkFields()
        }
        key.store32(entry, at: FlowLayout.mplsStack)
        key.store16(ethType, at: FlowLayout.ethType)
        append(DatapathOperation(.pushMPLS, a: ethType, b: entry))
        state.pointee.frameLength &+= 4
        state.pointee.base.copy(from: key)
        markDirty(FlowLayout.mplsStack / 8)
        markDirty(FlowLayout.ethType / 8)
    }

    func popMPLS(_ ethType: UInt16) {
        guard holds(FieldGuard.mpls.rawValue) else { return }
        commit()
        let key = state.pointee.key
        let wasBottom = key.load32(FlowLayout.mplsStack) & 0x100 != 0
        key.store32(key.load32(FlowLayout.mplsStack &+ 4), at: FlowLayout.mplsStack)
        key.store32(key.load32(FlowLayout.mplsStack &+ 8), at: FlowLayout.mplsStack &+ 4)
        key.store32(0, at: FlowLayout.mplsStack &+ 8)
        key.store16(ethType, at: FlowLayout.ethType)
        let last = state.pointee.operationCount &- 1
        if last >= state.pointee.executedCount
            && state.pointee.operations[last].code == .pushMPLS
        {
            // The label never was on the packet.
            state.pointee.operationCount = last
        } else {
            append(DatapathOperation(.popMPLS, a: ethType))
        }
        state.pointee.frameLength &-= 4
        markDirty(FlowLayout.mplsStack / 8)
        markDirty(FlowLayout.ethType / 8)
        if wasBottom && ethType != 0x8847 && ethType != 0x8848 {
            markNetworkDirty()
            flush()
            if let reparse = state.pointee.hooks.reparse {
                reparse(state.pointee.hooks.context, UnsafeMutableRawPointer(state))
            }
            countAnew()
        }
        state.pointee.base.copy(from: key)
    }

    private func clearNetworkFields() {
        let key = state.pointee.key
        let words = key.base.assumingMemoryBound(to: UInt64.self)
        // ip_frag … nd_options_type, without the MPLS stack, which the caller writes.
        key.store16(0, at: FlowLayout.ipFragment)
        for index in 33..<46 { words[index] = 0 }
        markNetworkDirty()
    }

    private func markNetworkDirty() {
        for index in 32..<46 { markDirty(index) }
    }
}
