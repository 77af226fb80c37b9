// Statistics and features of tables, and the little that a controller may change of them.

import Flow
import OpenFlow
import Pipeline

extension OfprotoBridge {
    func tableStats() -> [TableStats] {
        control.flushCounters()
        return tables.filter { !$0.isHidden }.map { table in
            var stats = TableStats(tableID: table.id)
            stats.activeCount = UInt32(truncatingIfNeeded: table.visibleCount)
            let counts = table.writer.table.pointee
            stats.lookupCount = counts.matchedCount &+ counts.missedCount
            stats.matchedCount = counts.matchedCount
            stats.features = features(of: table)
            return stats
        }
    }

    func tableFeatures() -> [TableFeatures] {
        tables.filter { !$0.isHidden }.map(features)
    }

    private func features(of table: FlowTable) -> TableFeatures {
        var features = TableFeatures(tableID: table.id)
        features.name = table.name
        features.metadataMatch = .max
        features.metadataWrite = .max
        features.miss = table.miss
        features.maxEntries = UInt32(min(table.flowLimit ?? 1_000_000, 1_000_000))
        features.rules.instructions = .all
        let next = UInt8(min(Int(table.id) + 1, FlowTable.count))
        features.rules.nextTables = (next..<FlowTable.internalID).map { $0 }
        if features.rules.nextTables.isEmpty { features.rules.instructions.remove(.gotoTable) }
        features.rules.write.setFields = FieldSets.writable
        features.rules.apply.setFields = FieldSets.writable
        features.missRule = features.rules
        features.match = FieldSets.matchable
        features.maskable = FieldSets.maskable
        features.wildcards = FieldSets.matchable
        return features
    }

    /// Changes tables as far as may be: their names.
    ///
    /// **Errors**: OFPTFFC_EPERM for anything else, OFPTFFC_BAD_TABLE, NXTFFC_DUP_TABLE,
    /// OFPTFFC_TOO_MANY.
    func change(_ wanted: [TableFeatures]) throws(OpenFlowError) {
        var seen: Set<UInt8> = []
        let command = wanted.first?.command ?? .replace
        for features in wanted {
            guard features.tableID < FlowTable.internalID else {
                throw OpenFlowError(.ofptffcBadTable)
            }
            guard seen.insert(features.tableID).inserted else {
                throw OpenFlowError(.nxtffcDupTable)
            }
            guard features.command == command else { throw OpenFlowError(.ofptffcBadFeatures) }
        }
        switch command {
        case .enable, .disable: throw OpenFlowError(.ofptffcEperm)
        case .modify: break
        case .replace:
            guard seen.count == FlowTable.count - 1 else { throw OpenFlowError(.ofptffcEperm) }
        }
        for features in wanted { try check(features) }
        for features in wanted {
            tables[Int(features.tableID)].setName(features.name, level: 1)
        }
    }

    /// - Throws: OFPTFFC_EPERM where more is wanted than there is.
    private func check(_ wanted: TableFeatures) throws(OpenFlowError) {
        let table = tables[Int(wanted.tableID)]
        let current = features(of: table)
        guard wanted.maxEntries == current.maxEntries, table.maySetName(wanted.name),
            !wanted.hasProperties
                || (wanted.rules.instructions.isSubset(of: current.rules.instructions)
                    && Set(wanted.rules.nextTables).isSubset(of: current.rules.nextTables)
                    && Set(wanted.match).isSubset(of: current.match)
                    && Set(wanted.maskable).isSubset(of: current.maskable))
        else { throw OpenFlowError(.ofptffcEperm) }
    }
}

/// Which fields tables can match and actions can write, by what has a code on the wire.
enum FieldSets {
    static let matchable = Field.allCases.filter { $0.info.oxm != nil || $0.info.nxm != nil }
    static let maskable = matchable.filter { $0.info.maskable }
    static let writable = matchable.filter { $0.info.writable }
}
