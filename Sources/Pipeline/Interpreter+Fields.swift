// Reading and writing bits of the key: masked words, bit ranges, the stack, and the guards that say
// whether a packet has a field at all.

import Flow

extension Interpreter {
    /// Remembers that an instruction wrote key word `index`.
    @inline(__always)
    func markDirty(_ index: Int) {
        if index < 64 {
            state.pointee.dirtyLow |= UInt64(1) &<< UInt64(index)
        } else {
            state.pointee.dirtyHigh |= UInt64(1) &<< UInt64(index &- 64)
        }
    }

    @inline(__always)
    func writeWord(_ index: UInt8, value: UInt64, mask: UInt64) {
        let words = state.pointee.key.base.assumingMemoryBound(to: UInt64.self)
        words[Int(index)] = words[Int(index)] & ~mask | value & mask
        markDirty(Int(index))
        if index == 30 { fixVLANTPID() }
    }

    /// Whether the packet has the fields that guard `raw` stands for.
    func holds(_ raw: UInt16) -> Bool {
        guard raw != 0, let check = FieldGuard(rawValue: raw) else { return true }
        let key = state.pointee.key
        let type = key.load16(FlowLayout.ethType)
        let isIP = type == 0x0800 || type == 0x86dd
        let isFirst = key.load8(FlowLayout.ipFragment) & 2 == 0
        let proto = key.load8(FlowLayout.ipProtocol)
        switch check {
        case .none: return true
        case .vlan: return key.load16(FlowLayout.vlanTCI) & 0x1000 != 0
        case .mpls: return type == 0x8847 || type == 0x8848
        case .ipv4: return type == 0x0800
        case .ipv6: return type == 0x86dd
        case .ip: return isIP
        case .arp: return type == 0x0806 || type == 0x8035
        case .tcp: return isIP && isFirst && proto == 6
        case .udp: return isIP && isFirst && proto == 17
        case .sctp: return isIP && isFirst && proto == 132
        case .icmpv4: return type == 0x0800 && isFirst && proto == 1
        case .icmpv6: return type == 0x86dd && isFirst && proto == 58
        case .nd, .ndSolicit, .ndAdvert:
            guard type == 0x86dd, isFirst, proto == 58, key.load16(FlowLayout.l4Destination) == 0
            else { return false }
            let icmp = key.load16(FlowLayout.l4Source)
            if check == .ndSolicit { return icmp == 135 }
            if check == .ndAdvert { return icmp == 136 }
            return icmp == 135 || icmp == 136
        case .l4: return isIP && isFirst && (proto == 6 || proto == 17 || proto == 132)
        }
    }

    // MARK: Bit ranges

    /// Up to 128 bits of the key, right aligned.
    func read(_ range: BitRange) -> (high: UInt64, low: UInt64) {
        // TCP flags are part of a record's key only where rules match them.
        if range.lastByte &- FlowLayout.tcpFlags < 2 && range.lastByte >= FlowLayout.tcpFlags {
            state.pointee.isCacheable = false
        }
        let count = min(range.count, 128)
        var low: UInt64 = 0
        var high: UInt64 = 0
        var done = 0
        while done < count {
            let bit = range.lowBit &+ done
            let byte = UInt64(state.pointee.key.load8(range.lastByte &- bit / 8))
            let shift = bit % 8
            let take = min(8 &- shift, count &- done)
            let part = byte &>> UInt64(shift) & (UInt64(1) &<< UInt64(take) &- 1)
            if done < 64 {
                low |= part &<< UInt64(done)
                if done &+ take > 64 { high |= part &>> UInt64(64 &- done) }
            } else {
                high |= part &<< UInt64(done &- 64)
            }
            done &+= take
        }
        return (high, low)
    }

    /// Writes the low bits of `high ‖ low` into `range`.
    func write(_ range: BitRange, high: UInt64, low: UInt64) {
        let count = min(range.count, 128)
        var done = 0
        while done < count {
            let bit = range.lowBit &+ done
            let offset = range.lastByte &- bit / 8
            let shift = bit % 8
            let take = min(8 &- shift, count &- done)
            var part: UInt64
            if done < 64 {
                part = low &>> UInt64(done)
                if done &+ take > 64 { part |= high &<< UInt64(64 &- done) }
            } else {
                part = high &>> UInt64(done &- 64)
            }
            let ones = UInt64(1) &<< UInt64(take) &- 1
            let mask = UInt8(truncatingIfNeeded: ones &<< UInt64(shift))
            let value = UInt8(truncatingIfNeeded: part &<< UInt64(shift)) & mask
            let old = state.pointee.key.load8(offset)
            state.pointee.key.store8(old & ~mask | value, at: offset)
            markDirty(offset / 8)
            done &+= take
        }
        if range.lastByte / 8 == 30 { fixVLANTPID() }
    }

    func move(_ instruction: Instruction) {
        guard holds(UInt16(instruction.a)), holds(instruction.b) else { return }
        let value = read(BitRange(packed: instruction.y))
        write(BitRange(packed: instruction.x), high: value.high, low: value.low)
    }

    // MARK: Stack

    func stackPush(_ range: BitRange) -> Bool {
        guard state.pointee.stackCount < InterpreterLimit.stack else {
            drop(.stackOverflow)
            state.pointee.exits = true
            return false
        }
        let value = read(range)
        state.pointee.stack[state.pointee.stackCount] = StackEntry(
            high: value.high, low: value.low, count: range.count)
        state.pointee.stackCount &+= 1
        return true
    }

    func stackPop(_ range: BitRange, guarded: UInt16) {
        guard state.pointee.stackCount > 0 else { return remark(.stackEmpty) }
        state.pointee.stackCount &-= 1
        let entry = state.pointee.stack[state.pointee.stackCount]
        if holds(guarded) { write(range, high: entry.high, low: entry.low) }
    }

    // MARK: Hashing

    /// A hash of the packet's fields that `fields` names, for multipath, bundle and select groups.
    func hash(fields: UInt16, basis: UInt32) -> UInt32 {
        let key = state.pointee.key
        var h = UInt64(basis) &+ 0x9e37_79b9_7f4a_7c15
        func mix(_ value: UInt64) {
            h = (h ^ value) &* 0xff51_afd7_ed55_8ccd
            h ^= h &>> 33
        }
        let isIPv6 = key.load16(FlowLayout.ethType) == 0x86dd
        let isIPv4 = key.load16(FlowLayout.ethType) == 0x0800
        func mixSource() {
            if isIPv6 {
                mix(key.load64(FlowLayout.ipv6Source))
                mix(key.load64(FlowLayout.ipv6Source &+ 8))
            } else if isIPv4 {
                mix(UInt64(key.load32(FlowLayout.ipv4Source)))
            }
        }
        func mixDestination() {
            if isIPv6 {
                mix(key.load64(FlowLayout.ipv6Destination))
                mix(key.load64(FlowLayout.ipv6Destination &+ 8))
            } else if isIPv4 {
                mix(UInt64(key.load32(FlowLayout.ipv4Destination)))
            }
        }
        switch fields {
        case 0: mix(key.load48(FlowLayout.ethSource))
        case 4: mixSource()
        case 5: mixDestination()
        default:
            if fields == 1 {
                mix(key.load48(FlowLayout.ethSource) ^ key.load48(FlowLayout.ethDestination))
                mix(UInt64(key.load16(FlowLayout.vlanTCI) & 0xfff))
            }
            mix(UInt64(key.load16(FlowLayout.ethType)))
            if isIPv4 {
                mix(
                    UInt64(
                        key.load32(FlowLayout.ipv4Source) ^ key.load32(FlowLayout.ipv4Destination)))
            } else if isIPv6 {
                mix(
                    key.load64(FlowLayout.ipv6Source) ^ key.load64(FlowLayout.ipv6Destination))
                mix(
                    key.load64(FlowLayout.ipv6Source &+ 8)
                        ^ key.load64(FlowLayout.ipv6Destination &+ 8))
            }
            let proto = key.load8(FlowLayout.ipProtocol)
            if isIPv4 || isIPv6 {
                mix(UInt64(proto))
                let hashesPorts =
                    proto == 6 || proto == 132 || proto == 17 && (fields == 3 || fields == 1)
                if hashesPorts && fields != 6 {
                    mix(
                        UInt64(
                            key.load16(FlowLayout.l4Source)
                                ^ key.load16(FlowLayout.l4Destination)))
                }
            }
        }
        return UInt32(truncatingIfNeeded: h &>> 32) ^ UInt32(truncatingIfNeeded: h)
    }

    func multipath(_ operands: UnsafeMutablePointer<MultipathOperands>) {
        let hashed = hash(fields: operands.pointee.fields, basis: UInt32(operands.pointee.basis))
        let links = max(operands.pointee.links, 1)
        let link: UInt32
        switch operands.pointee.algorithm {
        case 1: link = UInt32(truncatingIfNeeded: UInt64(hashed) &* UInt64(links) &>> 32)
        case 2: link = highestRandomWeight(hashed, count: links)
        case 3: link = iterativeHash(hashed, links: links, argument: operands.pointee.argument)
        default: link = hashed % links
        }
        write(operands.pointee.destination, high: 0, low: UInt64(link))
    }

    private func highestRandomWeight(_ hashed: UInt32, count: UInt32) -> UInt32 {
        var best: UInt32 = 0
        var bestWeight: UInt32 = 0
        for index in 0..<min(count, 65_536) {
            let weight = weigh(hashed, index)
            if weight >= bestWeight {
                best = index
                bestWeight = weight
            }
        }
        return best
    }

    private func iterativeHash(_ hashed: UInt32, links: UInt32, argument: UInt32) -> UInt32 {
        var modulo = max(argument, 1)
        var bits: UInt32 = 1
        while bits < modulo && bits < 1 << 31 { bits &*= 2 }
        modulo = bits
        var current = hashed
        for round in 0..<UInt32(64) {
            let link = current & (modulo &- 1)
            if link < links { return link }
            current = weigh(current, round)
        }
        return 0
    }

    @inline(__always)
    func weigh(_ hashed: UInt32, _ index: UInt32) -> UInt32 {
        var h = (UInt64(hashed) ^ (UInt64(index) &<< 32)) &* 0xff51_afd7_ed55_8ccd
        h ^= h &>> 33
        h &*= 0xc4ce_b9fe_1a85_ec53
        return UInt32(truncatingIfNeeded: h &>> 32)
    }

    func bundle(_ operands: UnsafeMutablePointer<BundleOperands>, isLast: Bool) {
        let chosen = chooseMember(operands.pointee)
        if operands.pointee.destination.count > 0 {
            write(
                operands.pointee.destination, high: 0,
                low: UInt64(chosen ?? ReservedOpenFlowPort.any) & 0xffff_ffff)
        } else if let chosen {
            output(chosen, maxLength: 0, isLast: isLast)
        }
    }

    private func chooseMember(_ operands: BundleOperands) -> UInt32? {
        if operands.algorithm == 0 {
            for index in 0..<operands.memberCount where isLive(port: operands.members[index]) {
                return operands.members[index]
            }
            return nil
        }
        let hashed = hash(fields: operands.fields, basis: UInt32(operands.basis))
        var best: UInt32?
        var bestWeight: UInt32 = 0
        for index in 0..<operands.memberCount where isLive(port: operands.members[index]) {
            let weight = weigh(hashed, UInt32(truncatingIfNeeded: index))
            if best == nil || weight > bestWeight {
                best = operands.members[index]
                bestWeight = weight
            }
        }
        return best
    }

    /// Whether fast failover and bundles may use OpenFlow port `number`.
    func isLive(port number: UInt32) -> Bool {
        if number == ReservedOpenFlowPort.controller { return true }
        guard let index = state.pointee.configuration.index(ofPort: number) else { return false }
        let port = state.pointee.configuration.pointee.ports[Int(index)]
        return port.flags & PortFlag.notLive == 0 && port.kind != .broken
    }
}
