// What each port may take of what all share: the limits that the database sets, or those chosen
// here so that no port can take everything.

import Conntrack
import Dpif

extension DatapathController {
    /// A table for fewer connections than this has no limits but its own.
    private static let sharedConnectionsMin: UInt32 = 100_000
    private static let packetInsPerSecond: UInt32 = 10_000

    public func setBudget(_ budget: PortBudget, ofPort datapathPort: UInt32) {
        guard ports[datapathPort] != nil else { return }
        ports[datapathPort]?.budget = budget
        withThreadsHeld { applyBudget(ofPort: datapathPort) }
    }

    /// Puts all budgets in force: a new thread has none yet, and what is chosen here follows the
    /// number of connections that are allowed. Threads are held.
    func applyBudgets() {
        let allowed = conntrack.maxConnections
        // Every connection begins half-open: half of the table is always for others.
        conntrack.setHalfOpenLimit(allowed < Self.sharedConnectionsMin ? 0 : allowed / 2)
        for number in ports.keys { applyBudget(ofPort: number) }
    }

    private func applyBudget(ofPort number: UInt32) {
        guard let budget = ports[number]?.budget else { return }
        let allowed = conntrack.maxConnections
        let isShared = allowed >= Self.sharedConnectionsMin
        conntrack.setOwnerBudget(
            number, connectionLimit: budget.connections ?? (isShared ? allowed - allowed / 8 : 0),
            halfOpenLimit: budget.halfOpenConnections ?? (isShared ? allowed / 8 : 0))
        let records = UInt32(clamping: settings.engine.recordCapacity)
        for thread in threads {
            thread.shared.pointee.engine.setBudget(
                ofPort: number, records: budget.records ?? records - records / 8,
                judgementsPerSecond: budget.newFlowsPerSecond ?? 0,
                packetInsPerSecond: budget.packetInsPerSecond ?? Self.packetInsPerSecond)
        }
    }

    public func usage(ofPort datapathPort: UInt32) -> PortUsage {
        var usage = PortUsage()
        if let owner = conntrack.ownerBudget(datapathPort) {
            usage.connections = PortUsage.Share(
                used: UInt64(owner.connectionCount), limit: UInt64(owner.connectionLimit),
                refused: owner.connectionsRefused)
            usage.halfOpenConnections = PortUsage.Share(
                used: UInt64(owner.halfOpenCount), limit: UInt64(owner.halfOpenLimit),
                refused: owner.halfOpenRefused)
        }
        for thread in threads {
            let account = thread.shared.pointee.engine.account(ofPort: datapathPort).pointee
            usage.records.used += UInt64(account.records)
            usage.records.limit += UInt64(account.recordLimit)
            usage.records.refused += account.recordsRefused
            usage.newFlows.limit += account.judgements.rate
            usage.newFlows.refused += account.judgements.refused
            usage.packetIns.limit += account.packetIns.rate
            usage.packetIns.refused += account.packetIns.refused
        }
        return usage
    }
}
