// From key to operations: whatever the instructions changed in the key since the last commit
// becomes operations on the packet, as late as possible and no more than needed.

import Flow

extension Interpreter {
    /// Appends one operation; a path that grows too long drops the packet.
    @inline(__always)
    func append(_ operation: DatapathOperation) {
        guard state.pointee.operationCount < InterpreterLimit.operations else {
            state.pointee.isCacheable = false
            state.pointee.exits = true
            return drop(.pathTooLong)
        }
        state.pointee.operations[state.pointee.operationCount] = operation
        state.pointee.operationCount &+= 1
    }

    /// Executes what is recorded so far on the packet.
    @inline(__always)
    func flush() {
        if let flush = state.pointee.hooks.flush {
            flush(state.pointee.hooks.context, UnsafeMutableRawPointer(state))
        }
        state.pointee.executedCount = state.pointee.operationCount
    }

    /// Records operations for every difference between key and base.
    func commit() {
        let key = state.pointee.key
        let base = state.pointee.base
        commitEthernet(key, base)
        let type = key.load16(FlowLayout.ethType)
        // Without a protocol the packet has no L3 header, whatever its Ethertype says.
        let hasNetwork = key.load8(FlowLayout.ipProtocol) != 0
        switch type {
        case 0x0800 where hasNetwork: commitIPv4(key, base)
        case 0x86dd where hasNetwork: commitIPv6(key, base)
        case 0x0806 where hasNetwork, 0x8035 where hasNetwork: commitARP(key, base)
        case 0x8847, 0x8848:
            let entry = key.load32(FlowLayout.mplsStack)
            if entry != base.load32(FlowLayout.mplsStack) {
                append(DatapathOperation(.setMPLS, b: entry))
                base.store32(entry, at: FlowLayout.mplsStack)
            }
        default: break
        }
        commitVLAN(key, base)
        let mark = key.load32(FlowLayout.packetMark)
        if mark != base.load32(FlowLayout.packetMark) {
            append(DatapathOperation(.setMark, b: mark))
            base.store32(mark, at: FlowLayout.packetMark)
        }
        if state.pointee.queue != state.pointee.baseQueue {
            append(DatapathOperation(.setPriority, b: state.pointee.queue))
            state.pointee.baseQueue = state.pointee.queue
        }
    }

    private func commitEthernet(_ key: FlowKey, _ base: FlowKey) {
        let destination = key.load48(FlowLayout.ethDestination)
        let source = key.load48(FlowLayout.ethSource)
        var flags: UInt8 = 0
        if destination != base.load48(FlowLayout.ethDestination) { flags |= 1 }
        if source != base.load48(FlowLayout.ethSource) { flags |= 2 }
        guard flags != 0 else { return }
        append(DatapathOperation(.setEthernet, flags: flags, c: destination, d: source))
        base.store48(destination, at: FlowLayout.ethDestination)
        base.store48(source, at: FlowLayout.ethSource)
    }

    private func commitVLAN(_ key: FlowKey, _ base: FlowKey) {
        func tag(_ from: FlowKey, inner: Bool) -> UInt32 {
            let tci = from.load16(inner ? FlowLayout.innerVLANTCI : FlowLayout.vlanTCI)
            guard tci & 0x1000 != 0 else { return 0 }
            let tpid = from.load16(inner ? FlowLayout.innerVLANTPID : FlowLayout.vlanTPID)
            return UInt32(tpid) &<< 16 | UInt32(tci)
        }
        let oldOuter = tag(base, inner: false)
        let oldInner = tag(base, inner: true)
        let newOuter = tag(key, inner: false)
        let newInner = tag(key, inner: true)
        guard oldOuter != newOuter || oldInner != newInner else { return }
        let oldCount = oldOuter == 0 ? 0 : (oldInner == 0 ? 1 : 2)
        let newCount = newOuter == 0 ? 0 : (newInner == 0 ? 1 : 2)
        // Keep what is equal from the innermost tag outwards.
        let oldLast = oldCount == 2 ? oldInner : oldOuter
        let newLast = newCount == 2 ? newInner : newOuter
        var kept = 0
        if oldCount > 0 && newCount > 0 && oldLast == newLast {
            kept = oldCount == 2 && newCount == 2 && oldOuter == newOuter ? 2 : 1
        }
        for _ in kept..<max(oldCount, kept) {
            append(DatapathOperation(.popVLAN))
            state.pointee.frameLength &-= 4
        }
        if newCount == 2 && kept < 1 { push(tag: newInner) }
        if newCount >= 1 && kept < newCount { push(tag: newOuter) }
        base.store16(key.load16(FlowLayout.vlanTCI), at: FlowLayout.vlanTCI)
        base.store16(key.load16(FlowLayout.vlanTPID), at: FlowLayout.vlanTPID)
        base.store16(key.load16(FlowLayout.innerVLANTCI), at: FlowLayout.innerVLANTCI)
        base.store16(key.load16(FlowLayout.innerVLANTPID), at: FlowLayout.innerVLANTPID)
    }

    private func push(tag: UInt32) {
        append(
            DatapathOperation(
                .pushVLAN, a: UInt16(truncatingIfNeeded: tag &>> 16), b: tag & 0xefff))
        state.pointee.frameLength &+= 4
    }

    private func commitIPv4(_ key: FlowKey, _ base: FlowKey) {
        let source = key.load32(FlowLayout.ipv4Source)
        let destination = key.load32(FlowLayout.ipv4Destination)
        let tos = key.load8(FlowLayout.ipTOS)
        let ttl = key.load8(FlowLayout.ipTTL)
        var flags: UInt8 = 0
        if source != base.load32(FlowLayout.ipv4Source) { flags |= 1 }
        if destination != base.load32(FlowLayout.ipv4Destination) { flags |= 2 }
        if tos != base.load8(FlowLayout.ipTOS) { flags |= 4 }
        if ttl != base.load8(FlowLayout.ipTTL) { flags |= 8 }
        if flags != 0 {
            append(
                DatapathOperation(
                    .setIPv4, flags: flags, a: UInt16(tos) &<< 8 | UInt16(ttl),
                    c: UInt64(source) &<< 32 | UInt64(destination)))
            base.store32(source, at: FlowLayout.ipv4Source)
            base.store32(destination, at: FlowLayout.ipv4Destination)
            base.store8(tos, at: FlowLayout.ipTOS)
            base.store8(ttl, at: FlowLayout.ipTTL)
        }
        commitTransport(key, base, icmp: 1)
    }

    private func commitIPv6(_ key: FlowKey, _ base: FlowKey) {
        commitAddress(key, base, FlowLayout.ipv6Source, .setIPv6Source)
        commitAddress(key, base, FlowLayout.ipv6Destination, .setIPv6Destination)
        let tos = key.load8(FlowLayout.ipTOS)
        let ttl = key.load8(FlowLayout.ipTTL)
        let label = key.load32(FlowLayout.ipv6Label)
        var flags: UInt8 = 0
        if tos != base.load8(FlowLayout.ipTOS) { flags |= 4 }
        if ttl != base.load8(FlowLayout.ipTTL) { flags |= 8 }
        if label != base.load32(FlowLayout.ipv6Label) { flags |= 16 }
        if flags != 0 {
            append(
                DatapathOperation(
                    .setIPv6, flags: flags, a: UInt16(tos) &<< 8 | UInt16(ttl), b: label))
            base.store8(tos, at: FlowLayout.ipTOS)
            base.store8(ttl, at: FlowLayout.ipTTL)
            base.store32(label, at: FlowLayout.ipv6Label)
        }
        commitTransport(key, base, icmp: 58)
    }

    private func commitAddress(
        _ key: FlowKey, _ base: FlowKey, _ offset: Int, _ code: DatapathOperationCode
    ) {
        let high = key.load64(offset)
        let low = key.load64(offset &+ 8)
        guard high != base.load64(offset) || low != base.load64(offset &+ 8) else { return }
        append(DatapathOperation(code, c: high, d: low))
        base.store64(high, at: offset)
        base.store64(low, at: offset &+ 8)
    }

    private func commitTransport(_ key: FlowKey, _ base: FlowKey, icmp: UInt8) {
        guard key.load8(FlowLayout.ipFragment) & 2 == 0 else { return }
        let proto = key.load8(FlowLayout.ipProtocol)
        let source = key.load16(FlowLayout.l4Source)
        let destination = key.load16(FlowLayout.l4Destination)
        var flags: UInt8 = 0
        if source != base.load16(FlowLayout.l4Source) { flags |= 1 }
        if destination != base.load16(FlowLayout.l4Destination) { flags |= 2 }
        if proto == 6 || proto == 17 || proto == 132 {
            if flags != 0 {
                append(
                    DatapathOperation(
                        .setL4, flags: flags, b: UInt32(source) &<< 16 | UInt32(destination)))
            }
        } else if proto == icmp {
            if flags != 0 {
                append(
                    DatapathOperation(
                        .setICMP, flags: flags, a: source &<< 8 | destination & 0xff))
            }
            if icmp == 58 { commitND(key, base) }
        } else {
            return
        }
        base.store16(source, at: FlowLayout.l4Source)
        base.store16(destination, at: FlowLayout.l4Destination)
    }

    private func commitND(_ key: FlowKey, _ base: FlowKey) {
        commitAddress(key, base, FlowLayout.ndTarget, .setNDTarget)
        let source = key.load48(FlowLayout.arpSourceHardware)
        let target = key.load48(FlowLayout.arpTargetHardware)
        var flags: UInt8 = 0
        if source != base.load48(FlowLayout.arpSourceHardware) { flags |= 1 }
        if target != base.load48(FlowLayout.arpTargetHardware) { flags |= 2 }
        if flags != 0 {
            append(DatapathOperation(.setNDLinkLayer, flags: flags, c: source, d: target))
            base.store48(source, at: FlowLayout.arpSourceHardware)
            base.store48(target, at: FlowLayout.arpTargetHardware)
        }
        let reserved = key.load32(FlowLayout.ndReserved)
        let option = key.load8(FlowLayout.ndOptionsType)
        flags = 0
        if reserved != base.load32(FlowLayout.ndReserved) { flags |= 1 }
        if option != base.load8(FlowLayout.ndOptionsType) { flags |= 2 }
        if flags != 0 {
            append(DatapathOperation(.setNDExtension, flags: flags, a: UInt16(option), b: reserved))
            base.store32(reserved, at: FlowLayout.ndReserved)
            base.store8(option, at: FlowLayout.ndOptionsType)
        }
    }

    private func commitARP(_ key: FlowKey, _ base: FlowKey) {
        let opcode = key.load8(FlowLayout.ipProtocol)
        let sender = key.load32(FlowLayout.ipv4Source)
        let target = key.load32(FlowLayout.ipv4Destination)
        var flags: UInt8 = 0
        if opcode != base.load8(FlowLayout.ipProtocol) { flags |= 1 }
        if sender != base.load32(FlowLayout.ipv4Source) { flags |= 2 }
        if target != base.load32(FlowLayout.ipv4Destination) { flags |= 4 }
        if flags != 0 {
            append(
                DatapathOperation(
                    .setARP, flags: flags, a: UInt16(opcode),
                    c: UInt64(sender) &<< 32 | UInt64(target)))
            base.store8(opcode, at: FlowLayout.ipProtocol)
            base.store32(sender, at: FlowLayout.ipv4Source)
            base.store32(target, at: FlowLayout.ipv4Destination)
        }
        let senderHardware = key.load48(FlowLayout.arpSourceHardware)
        let targetHardware = key.load48(FlowLayout.arpTargetHardware)
        flags = 0
        if senderHardware != base.load48(FlowLayout.arpSourceHardware) { flags |= 1 }
        if targetHardware != base.load48(FlowLayout.arpTargetHardware) { flags |= 2 }
        if flags != 0 {
            append(
                DatapathOperation(
                    .setARPHardware, flags: flags, c: senderHardware, d: targetHardware))
            base.store48(senderHardware, at: FlowLayout.arpSourceHardware)
            base.store48(targetHardware, at: FlowLayout.arpTargetHardware)
        }
    }
}
