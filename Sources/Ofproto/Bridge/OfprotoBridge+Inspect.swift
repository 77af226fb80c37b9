// What the rest of the control room may look at and do: the address table, and flow-mods that come
// from within.

import Flow
import OpenFlow
import Pipeline

/// One learned address, as `fdb/show` lists it.
public struct AddressTableEntry: Hashable, Sendable {
    public var port: UInt32
    public var vlan: UInt16
    public var address: UInt64
    public var ageSeconds: UInt32
    public var isStatic: Bool
}

/// The counts of `fdb/stats-show`.
public struct AddressTableStatistics: Hashable, Sendable {
    public var current: Int
    public var staticEntries: Int
    public var limit: UInt32
    public var learned: UInt64
    public var expired: UInt64
    public var evicted: UInt64
    public var moved: UInt64
}

extension OfprotoBridge {
    /// The learned addresses, by port, VLAN and address.
    public func addressTable() -> [AddressTableEntry] {
        let seconds = UInt32(truncatingIfNeeded: now / 1000) & 0x7fff_ffff
        return fdb.dump().map {
            AddressTableEntry(
                port: $0.port, vlan: $0.vlan, address: $0.address,
                ageSeconds: seconds &- min($0.used, seconds), isStatic: $0.fixed)
        }.sorted { ($0.port, $0.vlan, $0.address) < ($1.port, $1.vlan, $1.address) }
    }

    /// Forgets learned addresses; those of one port if it is given.
    public func flushAddressTable(port: UInt32? = nil) {
        _ = fdb.remove { entry in
            entry.lastUsed & 0x8000_0000 == 0 && (port == nil || entry.port == port)
        }
    }

    /// Forgets addresses that were not seen for the aging time.
    func ageAddresses(_ now: UInt64) {
        let seconds = UInt32(truncatingIfNeeded: now / 1000) & 0x7fff_ffff
        let aging = fdb.pointee.agingSeconds
        guard fdb.pointee.count > 0 else { return }
        let removed = fdb.remove { entry in
            entry.lastUsed & 0x8000_0000 == 0 && entry.lastUsed &+ aging < seconds
        }
        fdb.pointee.expired &+= UInt64(removed)
    }

    public var addressTableStatistics: AddressTableStatistics {
        AddressTableStatistics(
            current: Int(fdb.pointee.count),
            staticEntries: fdb.dump().reduce(0) { $0 + ($1.fixed ? 1 : 0) },
            limit: fdb.pointee.limit, learned: fdb.pointee.learned,
            expired: fdb.pointee.expired, evicted: fdb.pointee.evicted,
            moved: fdb.pointee.moved)
    }

    /// Applies a flow-mod that comes from within; call `commitChange()` after the last.
    ///
    /// **Errors**: as a controller would get them; nothing has changed then.
    public func execute(_ mod: FlowMod) throws(OpenFlowError) {
        try apply(mod, requester: nil)
    }

    /// Applies many flow-mods under one version, or none of them.
    public func executeTogether(_ mods: [FlowMod]) throws(OpenFlowError) {
        commitChange()
        for mod in mods {
            do throws(OpenFlowError) {
                try apply(mod, requester: nil)
            } catch {
                rollBack(to: 0)
                throw error
            }
        }
        commitChange()
    }
}
