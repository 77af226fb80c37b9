// Group-mods, as steps of a change like flow-mods; deleting a group deletes the rules that use it.

import Flow
import OpenFlow
import Pipeline

extension OfprotoBridge {
    /// Applies a group-mod within the change in progress.
    ///
    /// **Errors**: those of OFPGMFC_*. Nothing has changed then.
    func apply(_ mod: GroupMod, requester: Requester?) throws(OpenFlowError) {
        switch mod.command {
        case .add: try addGroup(mod, requester: requester)
        case .modify, .insertBucket, .removeBucket: try modifyGroup(mod, requester: requester)
        case .addOrModify:
            if groups[mod.groupID] == nil {
                try addGroup(mod, requester: requester)
            } else {
                try modifyGroup(mod, requester: requester)
            }
        case .delete: deleteGroups(mod.groupID, requester: requester)
        }
    }

    private func addGroup(_ mod: GroupMod, requester: Requester?) throws(OpenFlowError) {
        if groups[mod.groupID] != nil { throw OpenFlowError(.ofpgmfcGroupExists) }
        guard mod.groupID <= GroupID.max else { throw OpenFlowError(.ofpgmfcInvalidGroup) }
        var description = GroupDescription(type: mod.type, groupID: mod.groupID)
        description.buckets = mod.buckets
        description.selectionMethod = mod.selectionMethod
        let group = OFGroup(description, created: now, resolver: self)
        groups[group.id] = group
        openChange().note(.groupAdded(group), requester)
    }

    private func modifyGroup(_ mod: GroupMod, requester: Requester?) throws(OpenFlowError) {
        guard let old = groups[mod.groupID] else {
            throw OpenFlowError(.ofpgmfcUnknownGroup)
        }
        let description: GroupDescription
        switch mod.command {
        case .insertBucket: description = try old.description.inserting(mod)
        case .removeBucket: description = try old.description.removing(mod)
        case .add, .modify, .delete, .addOrModify:
            var changed = GroupDescription(type: mod.type, groupID: mod.groupID)
            changed.buckets = mod.buckets
            changed.selectionMethod = mod.selectionMethod
            description = changed
        }
        let new = OFGroup(description, created: old.created, resolver: self)
        groups[new.id] = new
        openChange().note(.groupReplaced(old: old, new: new), requester)
    }

    private func deleteGroups(_ id: UInt32, requester: Requester?) {
        if id == GroupID.all {
            for group in groups.keys.sorted() { deleteGroup(group, requester: requester) }
        } else {
            deleteGroup(id, requester: requester)
        }
    }

    private func deleteGroup(_ id: UInt32, requester: Requester?) {
        guard let group = groups[id] else { return }
        let rules = rulesByGroup[id].map { Array($0.values) } ?? []
        remove(sorted(rules), reason: .groupDelete, requester: nil)
        groups[id] = nil
        openChange().note(.groupRemoved(group), requester)
    }

    func removeAllGroups() { deleteGroups(GroupID.all, requester: nil) }

    /// How many rules use a group.
    func ruleCount(ofGroup id: UInt32) -> Int { rulesByGroup[id]?.count ?? 0 }
}
