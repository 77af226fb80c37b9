// Flow tables: change, statistics, features, description.

import Flow

/// What a miss does in a table (OpenFlow 1.1 and 1.2).
public enum TableMiss: UInt8, Hashable, Sendable {
    /// As the version says: to the controller before OpenFlow 1.3, else a drop.
    case byVersion
    case controller
    case continueToNext
    case drop
}

/// When a table tells that it fills or empties, in percent free.
public struct TableVacancy: Hashable, Sendable {
    public var down: UInt8
    public var up: UInt8
    /// The present vacancy; in descriptions only.
    public var current: UInt8
    public init(down: UInt8, up: UInt8, current: UInt8 = 0) {
        self.down = down
        self.up = up
        self.current = current
    }
}

/// OFPT_TABLE_MOD.
public struct TableMod: Hashable, Sendable {
    /// 255 for all.
    public var tableID: UInt8
    /// OpenFlow 1.1 and 1.2.
    public var miss: TableMiss = .byVersion
    /// Nil where not told (before OpenFlow 1.4).
    public var eviction: Bool?
    public var evictionFlags: UInt32?
    /// Nil where not told (before OpenFlow 1.4).
    public var vacancyEvents: Bool?
    public var vacancy: TableVacancy?
    public init(tableID: UInt8) { self.tableID = tableID }
}

/// One table of a table description reply.
public struct TableDescription: Hashable, Sendable {
    public var tableID: UInt8
    public var eviction = false
    /// OFPTMPEF_*: 1 other, 2 importance, 4 lifetime. Nil where not told.
    public var evictionFlags: UInt32?
    public var vacancyEvents = false
    public var vacancy: TableVacancy?
    public init(tableID: UInt8) { self.tableID = tableID }
}

/// OFPT_TABLE_STATUS.
public struct TableStatus: Hashable, Sendable {
    public enum Reason: UInt8, Hashable, Sendable { case vacancyDown = 3, vacancyUp = 4 }
    public var reason: Reason
    public var description: TableDescription
    public init(reason: Reason, description: TableDescription) {
        self.reason = reason
        self.description = description
    }
}

/// Instructions, by bit n for OpenFlow's instruction type n.
public struct InstructionSet: OptionSet, Hashable, Sendable {
    public let rawValue: UInt32
    public init(rawValue: UInt32) { self.rawValue = rawValue }
    public static let gotoTable = InstructionSet(rawValue: 1 << 1)
    public static let writeMetadata = InstructionSet(rawValue: 1 << 2)
    public static let writeActions = InstructionSet(rawValue: 1 << 3)
    public static let applyActions = InstructionSet(rawValue: 1 << 4)
    public static let clearActions = InstructionSet(rawValue: 1 << 5)
    public static let meter = InstructionSet(rawValue: 1 << 6)
    public static let all: InstructionSet = [
        .gotoTable, .writeMetadata, .writeActions, .applyActions, .clearActions, .meter,
    ]
}

/// The actions an instruction may hold.
public struct TableActionFeatures: Hashable, Sendable {
    /// Bit n for action type n of the connection's version; nil for all that the version has.
    public var actions: UInt32?
    public var setFields: [Field] = []
    public init() {}
}

/// What a table's rules (or its miss rule) may do.
public struct TableRuleFeatures: Hashable, Sendable {
    public var instructions: InstructionSet = []
    /// Tables that `goto_table` may name.
    public var nextTables: [UInt8] = []
    public var write = TableActionFeatures()
    public var apply = TableActionFeatures()
    public init() {}
}

/// What a table can do.
public struct TableFeatures: Hashable, Sendable {
    /// OpenFlow 1.5: what a request wants; earlier ones replace.
    public enum Command: UInt8, Hashable, Sendable {
        case replace = 0
        case modify = 1
        case enable = 2
        case disable = 3
    }
    public var tableID: UInt8
    public var command: Command = .replace
    public var name: String = ""
    public var metadataMatch: UInt64 = 0
    public var metadataWrite: UInt64 = 0
    /// OpenFlow 1.1 and 1.2, in table statistics.
    public var miss: TableMiss = .byVersion
    /// OpenFlow 1.4 and later.
    public var supportsEviction = false
    public var supportsVacancyEvents = false
    public var maxEntries: UInt32 = 0
    /// Whether properties were or will be sent.
    public var hasProperties = true
    public var rules = TableRuleFeatures()
    public var missRule = TableRuleFeatures()
    /// Fields that rules may match.
    public var match: [Field] = []
    /// Those of them that may be masked bit by bit.
    public var maskable: [Field] = []
    /// Those of them that may be left out.
    public var wildcards: [Field] = []
    public init(tableID: UInt8) { self.tableID = tableID }
}

/// One table's counters.
public struct TableStats: Hashable, Sendable {
    public var tableID: UInt8
    public var activeCount: UInt32 = 0
    /// All ones where unknown.
    public var lookupCount: UInt64 = 0
    public var matchedCount: UInt64 = 0
    /// OpenFlow 1.0 to 1.2 tell these with the counters.
    public var features: TableFeatures?
    public init(tableID: UInt8) { self.tableID = tableID }
}
