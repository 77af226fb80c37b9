// Letting fragments go: those of a judged datagram with what the judgement changed, and those whose
// time is over.

import PacketBuffer
import Wire

extension FragmentTable {
    /// The next fragment of a judged datagram, or nil when there are no more and the assembly is
    /// freed. The first call carries what NAT changed in the assembly over to all fragments.
    public func nextFragment(_ assembly: inout FragmentAssembly) -> PacketBuffer? {
        lockTable()
        defer { unlockTable() }
        let entry = state.pointee.lists + Int(assembly.list)
        if !assembly.isCopiedBack {
            copyBack(assembly)
            assembly.isCopiedBack = true
            state.pointee.pool.free(assembly.packet)
        }
        let item = entry.pointee.first
        guard assembly.count > 0, item != FragmentTable.none else {
            if assembly.count >= 0 { removeList(assembly.list) }
            assembly.count = -1
            return nil
        }
        count(entry.pointee.key.isIPv6, .completed)
        assembly.count -= 1
        return takeFirst(assembly.list)
    }

    /// A fragment whose datagram was not whole in time, or nil when there is none. The caller owns
    /// it.
    public func takeExpired(now: UInt64) -> PacketBuffer? {
        lockTable()
        defer { unlockTable() }
        while true {
            let list = state.pointee.oldest
            guard list != FragmentTable.none else { return nil }
            let entry = state.pointee.lists[Int(list)]
            guard now > entry.expiryMilliseconds, !entry.isComplete else { return nil }
            if entry.first == FragmentTable.none {
                removeList(list)
                continue
            }
            count(entry.key.isIPv6, .expired)
            return takeFirst(list)
        }
    }

    /// Takes the first fragment off a list, which stays even if empty.
    private func takeFirst(_ list: UInt32) -> PacketBuffer {
        let entry = state.pointee.lists + Int(list)
        let item = entry.pointee.first
        let fragment = state.pointee.items[Int(item)]
        entry.pointee.first = fragment.next
        entry.pointee.count -= 1
        state.pointee.itemSlots.give(item)
        return fragment.packet
    }

    /// Frees a list with its packets.
    func discard(_ list: UInt32) {
        let entry = state.pointee.lists + Int(list)
        while entry.pointee.first != FragmentTable.none {
            count(entry.pointee.key.isIPv6, .purged)
            state.pointee.pool.free(takeFirst(list))
        }
        removeList(list)
    }

    /// Forgets a list, which must be empty.
    func removeList(_ list: UInt32) {
        let entry = state.pointee.lists[Int(list)]
        state.pointee.index.remove(entry.key.hash(state.pointee.hash), value: list)
        if entry.older == FragmentTable.none {
            state.pointee.oldest = entry.newer
        } else {
            state.pointee.lists[Int(entry.older)].newer = entry.newer
        }
        if entry.newer == FragmentTable.none {
            state.pointee.newest = entry.older
        } else {
            state.pointee.lists[Int(entry.newer)].older = entry.older
        }
        state.pointee.listSlots.give(list)
    }

    /// Carries addresses to every fragment, and the transport header to the first.
    private func copyBack(_ assembly: FragmentAssembly) {
        let entry = state.pointee.lists[Int(assembly.list)]
        let items = state.pointee.items
        guard entry.first != FragmentTable.none else { return }
        let whole = assembly.packet
        let start = whole.l3Offset
        let ip = whole.data + start
        let first = items[Int(entry.first)]
        let headers = Int(first.headerBytes) - (entry.key.isIPv6 ? 8 : 0)
        // A helper that changed the text's length leaves the fragments' text alone.
        if whole.length == start + assembly.ipLength {
            let target = first.packet.data + first.packet.l3Offset + Int(first.headerBytes)
            target.copyMemory(from: ip + headers, byteCount: Int(first.end - first.start))
        }
        var item = entry.first
        while item != FragmentTable.none {
            let packet = items[Int(item)].packet
            let target = packet.data + packet.l3Offset
            if entry.key.isIPv6 {
                (target + 8).copyMemory(from: ip + 8, byteCount: 32)
            } else {
                let header = IPv4Header(unchecked: target)
                header.source = ip.network32(at: 12)
                header.destination = ip.network32(at: 16)
            }
            item = items[Int(item)].next
        }
    }
}
