// Flow_Table rows as the settings of an OpenFlow table.

import FlowText
import Ofproto
import OpenFlow
import OVSDB

extension FlowTableSettings {
    /// Reads a row; groups that can't be understood are left out.
    init(_ row: FlowTableRow) {
        self.init()
        name = row.name
        flowLimit = row.flowLimit.map { Int(clamping: $0) }
        evicts = row.overflowPolicy == .evict
        for text in row.groups {
            // The syntax of a subfield is that of the action that names just one.
            guard let actions = try? FlowParser.actions("push:" + text), actions.count == 1,
                case .stackPush(let subfield) = actions[0]
            else { continue }
            groups.append(subfield)
        }
    }
}
