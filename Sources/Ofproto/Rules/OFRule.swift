// A rule as OpenFlow sees it: match, priority, cookie, timeouts, actions and times. The engine's
// half is in `CompiledRule`. Modifying a rule makes a new one that takes over counters and age.

import Flow
import OpenFlow
import Pipeline

/// One OpenFlow rule.
///
/// **Owner**: the control loop.
public final class OFRule {
    /// Unique in the datapath; the bridge's index is in the top 16 bits.
    public let id: UInt64
    public let table: UInt8
    public let match: FlowMatch
    /// 0 to 65535; higher for the switch's own rules, which OpenFlow cannot see.
    public let priority: Int32
    public internal(set) var cookie: UInt64
    public internal(set) var idleTimeout: UInt16
    public internal(set) var hardTimeout: UInt16
    public internal(set) var importance: UInt16
    public internal(set) var flags: FlowModFlags
    public let actions: [Action]
    /// Orders rules by age; a modified rule keeps its place.
    var place: UInt64
    /// Milliseconds on the engine's clock.
    public internal(set) var created: UInt64
    public internal(set) var modified: UInt64

    let compiled: CompiledRule
    let scan: ActionScan
    var counters: RuleCounters
    /// Set while the rule is in the tables.
    var isInstalled = false
    var removedReason: FlowRemovedReason?
    /// For flow monitors: numbers of the latest addition and change.
    var addSequence: UInt64 = 0
    var modifySequence: UInt64 = 0
    // Neighbours among the rules of one cookie; the table holds the strong references.
    unowned(unsafe) var cookieNext: OFRule?
    unowned(unsafe) var cookiePrevious: OFRule?
    /// Its entry in the table's eviction index; 0 for none.
    var evictionStamp: UInt64 = 0
    var evictionGroup: UInt64 = 0

    init(
        id: UInt64, table: UInt8, match: FlowMatch, priority: Int32, actions: [Action],
        scan: ActionScan, compiled: CompiledRule, now: UInt64
    ) {
        self.id = id
        self.table = table
        self.match = match
        self.priority = priority
        self.actions = actions
        self.scan = scan
        self.compiled = compiled
        counters = RuleCounters(now: now)
        cookie = 0
        idleTimeout = 0
        hardTimeout = 0
        importance = 0
        flags = []
        place = id
        created = now
        modified = now
    }

    public var isHidden: Bool { priority > 65535 }
    public var expires: Bool { idleTimeout != 0 || hardTimeout != 0 }

    /// Packets and bytes so far, exact up to the last flush of the engine's counters.
    public var packetCount: UInt64 { counters.packets(compiled) }
    public var byteCount: UInt64 { counters.bytes(compiled) }
    /// When it was last used, or made if it never was.
    public var lastUsed: UInt64 { counters.lastUsed(compiled) }

    /// Whether it sends to `port`; OFPP_ANY is sent to by all.
    func outputs(to port: UInt32) -> Bool {
        port == ReservedPort.any || actions.outputs(to: port)
    }

    /// Whether it uses group `id`; OFPG_ANY is used by all.
    func uses(group id: UInt32) -> Bool { id == GroupID.any || scan.groups.contains(id) }
}

/// A rule's counters across modifications: what was counted before its compiled rule was made, and
/// compiled rules of old that packets in flight may still credit.
struct RuleCounters {
    /// Wrapping: less than zero after a reset that keeps the compiled rule.
    private var packetBase: UInt64 = 0
    private var byteBase: UInt64 = 0
    private var usedBase: UInt64
    private var ancestors: [CompiledRule] = []

    init(now: UInt64) { usedBase = now }

    func packets(_ compiled: CompiledRule) -> UInt64 {
        ancestors.reduce(packetBase &+ compiled.rule.pointee.packetCount) {
            $0 &+ $1.rule.pointee.packetCount
        }
    }

    func bytes(_ compiled: CompiledRule) -> UInt64 {
        ancestors.reduce(byteBase &+ compiled.rule.pointee.byteCount) {
            $0 &+ $1.rule.pointee.byteCount
        }
    }

    func lastUsed(_ compiled: CompiledRule) -> UInt64 {
        ancestors.reduce(max(usedBase, compiled.rule.pointee.lastUsed)) {
            max($0, $1.rule.pointee.lastUsed)
        }
    }

    /// Goes on where `old` stands; `compiled` is the new rule's.
    mutating func inherit(_ old: OFRule, into compiled: CompiledRule, keepCounts: Bool) {
        usedBase = old.lastUsed
        guard keepCounts else {
            if compiled === old.compiled {
                packetBase = 0 &- compiled.rule.pointee.packetCount
                byteBase = 0 &- compiled.rule.pointee.byteCount
            }
            return
        }
        packetBase = old.counters.packetBase
        byteBase = old.counters.byteBase
        ancestors = old.counters.ancestors
        if compiled !== old.compiled { ancestors.append(old.compiled) }
        fold()
    }

    /// Absorbs ancestors that nothing credits any more.
    private mutating func fold() {
        while ancestors.count > 8, let first = ancestors.first, !first.isReferenced {
            packetBase &+= first.rule.pointee.packetCount
            byteBase &+= first.rule.pointee.byteCount
            ancestors.removeFirst()
        }
    }
}
