// One OpenFlow table of a bridge: its rules by match and priority, its limits and its counters. The
// classifier that poll threads read is written through `writer`.

import Flow
import OpenFlow
import Pipeline

/// What identifies a rule within its table.
struct RuleKey: Hashable {
    let match: FlowMatch
    let priority: Int32
}

/// A table's configuration from the database.
public struct FlowTableSettings: Hashable, Sendable {
    public var name: String?
    /// Nil for no limit.
    public var flowLimit: Int?
    /// `overflow_policy=evict`.
    public var evicts = false
    /// Subfields that spread evictions fairly.
    public var groups: [Subfield] = []
    public init() {}
}

/// One flow table.
///
/// **Owner**: the control loop.
final class FlowTable {
    let id: UInt8
    let writer: TableWriter
    private(set) var rules: [RuleKey: OFRule] = [:]
    /// Hidden tables are passed over where a request says "all".
    let isHidden: Bool
    let isReadOnly: Bool
    /// Rules beyond this are refused or make others go.
    var flowLimit: Int?
    /// Its name and who set it: 1 OpenFlow, 2 the database.
    private(set) var name = ""
    private(set) var nameLevel = 0
    var miss: TableMiss = .byVersion
    var evictsByController = false
    var evictsByConfiguration = false
    /// The index of rules that may go when the table is full; nil where none may.
    var eviction: EvictionIndex?
    var evictionFields: [Subfield] = []
    var vacancy = TableVacancy(down: 0, up: 0)
    /// The next vacancy event to tell, nil where none is wanted.
    var nextVacancyEvent: TableStatus.Reason?
    /// Rules in the table that OpenFlow cannot see.
    private(set) var hiddenCount = 0

    init(_ id: UInt8, table: UnsafeMutablePointer<RuleTable>, reclaimer: any Reclaimer) {
        self.id = id
        writer = TableWriter(table, reclaimer: reclaimer)
        isHidden = id == FlowTable.internalID
        isReadOnly = isHidden
    }

    /// The table that holds the switch's own rules.
    static let internalID: UInt8 = 254
    /// Number of tables, the hidden one included.
    static let count = 255

    var visibleCount: Int { rules.count - hiddenCount }
    var evicts: Bool { evictsByController || evictsByConfiguration }
    var isFull: Bool { rules.count >= flowLimit ?? .max }

    /// Percent of the limit that is free.
    var vacancyPercent: UInt8 {
        let limit = flowLimit ?? Int(UInt32.max)
        if limit == 0 { return 100 }
        return rules.count >= limit ? 0 : UInt8((limit - rules.count) * 100 / limit)
    }

    func find(_ match: FlowMatch, priority: Int32) -> OFRule? {
        rules[RuleKey(match: match, priority: priority)]
    }

    func insert(_ rule: OFRule) {
        rules[RuleKey(match: rule.match, priority: rule.priority)] = rule
        if rule.isHidden { hiddenCount += 1 }
        if rule.expires { eviction?.insert(rule) }
    }

    func remove(_ rule: OFRule) {
        rules[RuleKey(match: rule.match, priority: rule.priority)] = nil
        if rule.isHidden { hiddenCount -= 1 }
        eviction?.remove(rule)
    }

    /// Names the table; a level below that of its present name has no effect.
    func setName(_ name: String?, level: Int) {
        guard level >= nameLevel else { return }
        if let name {
            self.name = name
            nameLevel = name.isEmpty ? 0 : level
        } else if nameLevel == level {
            self.name = ""
            nameLevel = 0
        }
    }

    /// Whether OpenFlow may name the table so.
    func maySetName(_ name: String) -> Bool {
        nameLevel <= 1 || self.name.isEmpty || self.name == name
    }

    /// Makes the eviction index agree with the settings.
    func configureEviction(fields: [Subfield]) {
        guard evicts else {
            eviction = nil
            evictionFields = fields
            return
        }
        if eviction != nil && fields == evictionFields { return }
        evictionFields = fields
        let index = EvictionIndex(fields: fields)
        eviction = index
        for rule in rules.values where rule.expires { index.insert(rule) }
    }
}
