// Limits, names, eviction and vacancy of tables, from the database and from OpenFlow.

import Flow
import OpenFlow
import Pipeline

extension OfprotoBridge {
    /// Applies the `Flow_Table` rows.
    func apply(tables settings: [UInt8: FlowTableSettings]) {
        for table in tables where !table.isHidden {
            let row = settings[table.id]
            table.setName(row?.name, level: 2)
            table.flowLimit = row?.flowLimit
            table.evictsByConfiguration = row?.evicts ?? false
            table.configureEviction(fields: row?.groups ?? [])
            evictExcess(table)
        }
        commitChange()
    }

    /// Gives up rules until the table keeps its limit, as far as any may go.
    private func evictExcess(_ table: FlowTable) {
        while table.rules.count > table.flowLimit ?? .max,
            let victim = table.eviction?.choose()
        {
            remove([victim], reason: .eviction, requester: nil)
        }
    }

    /// Applies a table-mod.
    ///
    /// **Errors**: OFPTMFC_BAD_TABLE, OFPTMFC_BAD_CONFIG, OFPTMFC_EPERM.
    func apply(_ mod: TableMod) throws(OpenFlowError) {
        guard mod.tableID == 255 || Int(mod.tableID) < tables.count else {
            throw OpenFlowError(.ofptmfcBadTable)
        }
        if let flags = mod.evictionFlags, flags != OfprotoBridge.evictionFlags {
            throw OpenFlowError(.ofptmfcBadConfig)
        }
        if mod.tableID == 255 {
            for table in tables where !table.isReadOnly { apply(mod, to: table) }
        } else {
            let table = tables[Int(mod.tableID)]
            if table.isReadOnly { throw OpenFlowError(.ofptmfcEperm) }
            apply(mod, to: table)
        }
        pipeline.invalidateRecords()
    }

    private func apply(_ mod: TableMod, to table: FlowTable) {
        if mod.miss != .byVersion {
            table.miss = mod.miss
            table.writer.table.pointee.missBehaviour = mod.miss.rawValue
        }
        if let eviction = mod.eviction {
            table.evictsByController = eviction
            table.configureEviction(fields: table.evictionFields)
        }
        guard let wants = mod.vacancyEvents else { return }
        if let vacancy = mod.vacancy { table.vacancy = vacancy }
        if !wants {
            table.nextVacancyEvent = nil
        } else if table.nextVacancyEvent == nil {
            table.nextVacancyEvent =
                table.vacancyPercent < table.vacancy.up ? .vacancyUp : .vacancyDown
        }
    }

    /// OFPTMPEF_OTHER, _IMPORTANCE and _LIFETIME: what eviction looks at.
    static let evictionFlags: UInt32 = 1 | 2 | 4

    func describe(_ table: FlowTable) -> TableDescription {
        var description = TableDescription(tableID: table.id)
        description.eviction = table.evictsByController
        description.evictionFlags = OfprotoBridge.evictionFlags
        description.vacancyEvents = table.nextVacancyEvent != nil
        description.vacancy = TableVacancy(
            down: table.vacancy.down, up: table.vacancy.up, current: table.vacancyPercent)
        return description
    }

    /// Tells controllers when a table's free space crosses a mark they have set.
    func checkVacancy(_ table: FlowTable) {
        guard let next = table.nextVacancyEvent else { return }
        let vacancy = table.vacancyPercent
        let event: TableStatus.Reason
        if vacancy < table.vacancy.down {
            event = .vacancyDown
        } else if vacancy > table.vacancy.up {
            event = .vacancyUp
        } else {
            return
        }
        guard event == next else { return }
        let status = TableStatus(reason: event, description: describe(table))
        for session in sessions { session.tell(status) }
        table.nextVacancyEvent = event == .vacancyDown ? .vacancyUp : .vacancyDown
    }
}
