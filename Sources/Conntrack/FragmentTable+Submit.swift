// Taking fragments in: each is checked, placed in its datagram in order, and may complete it.

import Bounded
import PacketBuffer
import Wire

/// A fragment as `submit` reads it.
struct FragmentView {
    var key: FragmentKey
    var start: Int
    var end: Int
    var headerBytes: Int
    var isLast: Bool
    var ipLength: Int
}

extension FragmentTable {
    /// Takes a fragment in.
    ///
    /// - Parameters:
    ///   - packet: its IP header lies at `packet.l3Offset`.
    ///   - zone: fragments of different zones never meet.
    ///   - context: nor do those of different contexts, such as the `ct` action that they wait at.
    ///   - assembly: written when the answer is `complete`.
    public func submit(
        _ packet: PacketBuffer, etherType: UInt16, zone: UInt16, context: UInt64, now: UInt64,
        assembly: UnsafeMutablePointer<FragmentAssembly?>
    ) -> FragmentOutcome {
        assembly.pointee = nil
        var isFragment = true
        let isIPv6 = etherType == EtherType.ipv6
        let view =
            isIPv6
            ? readIPv6(packet, &isFragment)
            : etherType == EtherType.ipv4 ? readIPv4(packet, &isFragment) : nil
        guard isFragment, isIPv6 || etherType == EtherType.ipv4 else { return .notFragment }
        guard var view, isEnabled(isIPv6: isIPv6) else { return .invalid }
        view.key.zone = zone
        view.key.context = context
        lockTable()
        defer { unlockTable() }
        guard view.isLast || view.ipLength >= minSize(isIPv6: isIPv6) else {
            count(isIPv6, .tooSmall)
            return .invalid
        }
        guard state.pointee.itemSlots.usedCount < state.pointee.maxFragments,
            let list = findOrAdd(view.key, now: now)
        else { return .invalid }
        guard place(packet, view, in: list) else {
            if state.pointee.lists[Int(list)].count == 0 { removeList(list) }
            return .invalid
        }
        count(isIPv6, .accepted)
        guard isWhole(list) else { return .held }
        guard let whole = assemble(list) else {
            // No buffer, or too large: the fragments are gone as if they had expired.
            discard(list)
            return .held
        }
        assembly.pointee = whole
        return .complete
    }

    private func readIPv4(_ packet: PacketBuffer, _ isFragment: inout Bool) -> FragmentView? {
        let offset = packet.l3Offset
        let available = packet.length - offset
        guard offset >= 14, available >= 20 else { return nil }
        let ip = packet.data + offset
        guard IPv4Header(unchecked: ip).isFragment else {
            isFragment = false
            return nil
        }
        let flags = packet.metadata.pointee.flags.rawValue
        guard flags & PacketFlags.checksumBad.rawValue == 0,
            let header = IPv4Header(ip, available: available), header.isChecksumValid,
            header.payloadLength > 0
        else { return nil }
        let start = header.fragmentOffset
        let end = start + header.payloadLength
        guard end <= 65_535 else { return nil }
        return FragmentView(
            key: FragmentKey(
                source: ConntrackAddress(ipv4: header.source),
                destination: ConntrackAddress(ipv4: header.destination), context: 0,
                identification: UInt32(header.identification), zone: 0,
                protocolNumber: header.protocolNumber, isIPv6: false),
            start: start, end: end, headerBytes: header.headerBytes,
            isLast: !header.hasMoreFragments, ipLength: header.totalLength)
    }

    private func readIPv6(_ packet: PacketBuffer, _ isFragment: inout Bool) -> FragmentView? {
        let offset = packet.l3Offset
        let available = packet.length - offset
        guard offset >= 14, available >= 40 else { return nil }
        let ip = packet.data + offset
        guard let header = IPv6Header(ip, available: available) else { return nil }
        let ipLength = header.payloadLength + 40
        guard let extensions = IPv6ExtensionHeaders(ip, length: ipLength) else { return nil }
        guard extensions.isFragment else {
            isFragment = false
            return nil
        }
        let at = extensions.fragmentHeaderOffset
        guard let fragment = IPv6FragmentHeader(ip + at, available: ipLength - at) else {
            return nil
        }
        let payload = ipLength - at - 8
        let end = fragment.offset + payload
        guard payload > 0, end <= 65_535 else { return nil }
        return FragmentView(
            key: FragmentKey(
                source: ConntrackAddress(ipv6: ip + 8),
                destination: ConntrackAddress(ipv6: ip + 24), context: 0,
                identification: fragment.identification, zone: 0, protocolNumber: 0,
                isIPv6: true),
            start: fragment.offset, end: end, headerBytes: at + 8, isLast: !fragment.hasMore,
            ipLength: ipLength)
    }

    /// The open list of a datagram, made if need be; nil when it is complete or there is no room.
    private func findOrAdd(_ key: FragmentKey, now: UInt64) -> UInt32? {
        let hash = key.hash(state.pointee.hash)
        if let list = state.pointee.index.find(
            hash, where: { state.pointee.lists[Int($0)].key == key })
        {
            let entry = state.pointee.lists[Int(list)]
            let isOpen = !entry.isComplete && entry.count < FragmentTable.perDatagramMax
            return isOpen ? list : nil
        }
        guard let list = state.pointee.listSlots.take() else { return nil }
        guard state.pointee.index.insert(hash, value: list) else {
            state.pointee.listSlots.give(list)
            return nil
        }
        let newest = state.pointee.newest
        (state.pointee.lists + Int(list)).initialize(
            to: FragmentList(
                key: key, expiryMilliseconds: now &+ FragmentTable.timeoutMilliseconds,
                first: FragmentTable.none, count: 0, older: newest, newer: FragmentTable.none,
                hasLast: false, isComplete: false, byteCount: 0, endByte: 0))
        if newest == FragmentTable.none {
            state.pointee.oldest = list
        } else {
            state.pointee.lists[Int(newest)].newer = list
        }
        state.pointee.newest = list
        return list
    }

    /// Places a fragment in order; false when it overlaps another, contradicts the last one or the
    /// pool is empty.
    private func place(_ packet: PacketBuffer, _ view: FragmentView, in list: UInt32) -> Bool {
        let entry = state.pointee.lists + Int(list)
        let items = state.pointee.items
        var previous = FragmentTable.none
        var next = entry.pointee.first
        while next != FragmentTable.none, Int(items[Int(next)].start) < view.start {
            previous = next
            next = items[Int(next)].next
        }
        let overlapsPrevious =
            previous != FragmentTable.none && Int(items[Int(previous)].end) > view.start
        let overlapsNext =
            next != FragmentTable.none && Int(items[Int(next)].start) < view.end
        if overlapsPrevious || overlapsNext {
            count(view.key.isIPv6, .overlapping)
            return false
        }
        if view.isLast {
            guard !entry.pointee.hasLast, next == FragmentTable.none else { return false }
        } else if entry.pointee.hasLast && view.end > Int(entry.pointee.endByte) {
            return false
        }
        guard let item = state.pointee.itemSlots.take() else { return false }
        (items + Int(item)).initialize(
            to: Fragment(
                packet: packet, start: Int32(view.start), end: Int32(view.end), next: next,
                headerBytes: UInt32(view.headerBytes)))
        if previous == FragmentTable.none {
            entry.pointee.first = item
        } else {
            items[Int(previous)].next = item
        }
        entry.pointee.count += 1
        entry.pointee.byteCount += Int32(view.end - view.start)
        if view.isLast {
            entry.pointee.hasLast = true
            entry.pointee.endByte = Int32(view.end)
        }
        return true
    }

    /// No byte is missing: nothing overlaps, so it is enough to count them.
    private func isWhole(_ list: UInt32) -> Bool {
        let entry = state.pointee.lists[Int(list)]
        return entry.hasLast && entry.byteCount == entry.endByte
    }

    /// Puts the datagram together in a packet of its own.
    private func assemble(_ list: UInt32) -> FragmentAssembly? {
        let entry = state.pointee.lists + Int(list)
        let items = state.pointee.items
        let first = items[Int(entry.pointee.first)]
        let isIPv6 = entry.pointee.key.isIPv6
        let start = first.packet.l3Offset
        // The fragment header goes; it is the last before the payload.
        let headers = Int(first.headerBytes) - (isIPv6 ? 8 : 0)
        let ipLength = headers + Int(entry.pointee.endByte)
        guard ipLength - (isIPv6 ? 40 : 0) <= 65_535,
            let whole = state.pointee.pool.allocate(length: start + ipLength)
        else { return nil }
        guard whole.append(start + ipLength) != nil else {
            state.pointee.pool.free(whole)
            return nil
        }
        whole.data.copyMemory(from: first.packet.data, byteCount: start + headers)
        var item = entry.pointee.first
        while item != FragmentTable.none {
            let part = items[Int(item)]
            let source = part.packet.data + part.packet.l3Offset + Int(part.headerBytes)
            (whole.data + start + headers + Int(part.start)).copyMemory(
                from: source, byteCount: Int(part.end - part.start))
            item = part.next
        }
        let ip = whole.data + start
        if isIPv6 {
            guard
                let extensions = IPv6ExtensionHeaders(
                    first.packet.data + start, length: Int(first.headerBytes))
            else {
                state.pointee.pool.free(whole)
                return nil
            }
            let fragment = first.packet.data + start + extensions.fragmentHeaderOffset
            ip.setNetwork8(
                fragment.network8(at: 0), at: extensions.fragmentNextHeaderOffset)
            ip.setNetwork16(UInt16(truncatingIfNeeded: ipLength - 40), at: 4)
        } else {
            let header = IPv4Header(unchecked: ip)
            header.totalLength = ipLength
            header.fragmentField &= IPv4Header.dontFragment
        }
        whole.inPort = first.packet.inPort
        whole.metadata.pointee.mark = first.packet.metadata.pointee.mark
        whole.l3Offset = start
        whole.l4Offset = start + headers
        entry.pointee.isComplete = true
        return FragmentAssembly(
            packet: whole, list: list, count: Int(entry.pointee.count), ipLength: ipLength)
    }
}
