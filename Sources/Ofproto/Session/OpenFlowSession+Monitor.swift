// Flow monitors: sessions that are told of every change of the rules they chose. A session that
// does not keep up is paused, and told the sum of what it missed when it has caught up.

import Flow
import OpenFlow

extension OpenFlowSession {
    /// Makes, changes or removes monitors; all or none of those that are added.
    func handle(_ requests: [FlowMonitorRequest], xid: UInt32) throws(OpenFlowError) {
        var made: [FlowMonitorRequest] = []
        do throws(OpenFlowError) {
            for request in requests { try handle(request, made: &made) }
        } catch {
            for monitor in made { monitors[monitor.id] = nil }
            throw error
        }
        var chosen = MonitorChoice()
        for monitor in made where monitor.flags.contains(.initial) {
            bridge.collect(monitor, since: 0, into: &chosen)
        }
        write(.multipartReply(.flowMonitor(chosen.updates)), xid: xid)
    }

    private func handle(
        _ request: FlowMonitorRequest, made: inout [FlowMonitorRequest]
    ) throws(OpenFlowError) {
        guard request.tableID == 255 || Int(request.tableID) < FlowTable.count else {
            throw OpenFlowError(.ofpbrcBadTableId)
        }
        switch request.command {
        case .add:
            if monitors[request.id] != nil { throw OpenFlowError(.ofpmofcMonitorExists) }
        case .modify, .delete:
            guard monitors.removeValue(forKey: request.id) != nil else {
                throw OpenFlowError(.ofpmofcUnknownMonitor)
            }
            if request.command == .delete { return }
        }
        guard monitors.count < 1024 else { throw OpenFlowError(.ofpbrcEperm) }
        monitors[request.id] = request
        made.append(request)
    }

    /// Notes a change for the session if one of its monitors is about it.
    func report(
        _ rule: OFRule, _ event: FlowUpdate.Event, reason: FlowRemovedReason,
        requester: Requester?, oldActions: [Action]?
    ) {
        if monitorPausedAt != 0,
            event != .removed || rule.addSequence > monitorPausedAt
        {
            return
        }
        let wanted: FlowMonitorFlags
        switch event {
        case .added: wanted = .add
        case .removed: wanted = .removed
        case .modified, .initial: wanted = .modify
        }
        var flags: FlowMonitorFlags = []
        for monitor in monitors.values
        where !monitor.flags.isDisjoint(with: wanted)
            && (monitor.tableID == 255 || monitor.tableID == rule.table)
            && (rule.outputs(to: monitor.outPort)
                || oldActions?.outputs(to: monitor.outPort) == true)
            && rule.uses(group: monitor.outGroup) && monitor.match.covers(rule.match)
        {
            flags.formUnion(monitor.flags)
        }
        guard !flags.isEmpty else { return }
        let isOwn = requester?.session === self
        if !flags.isDisjoint(with: [.own, .noAbbreviation]) || !isOwn || monitorPausedAt != 0 {
            updates.append(
                .full(
                    rule.update(
                        event, reason: reason, withActions: flags.contains(.instructions))))
        } else if !hasSentAbbreviation, let requester {
            updates.append(.abbreviated(xid: requester.xid))
            hasSentAbbreviation = true
        }
    }

    /// Sends the updates noted, and pauses the session if too many wait.
    func flushUpdates() {
        guard !updates.isEmpty else { return }
        let all = updates
        updates = []
        hasSentAbbreviation = false
        tell(.multipartReply(.flowMonitor(all)))
        guard monitorPausedAt == 0, pendingByteCount() > OpenFlowSession.monitorBytesMax else {
            return
        }
        monitorPausedAt = bridge.nextMonitorSequence()
        if context.version >= .v1_4 {
            tell(.multipartReply(.flowMonitor([.paused])))
        } else {
            tell(.flowMonitorPaused)
        }
    }

    /// Tells a paused session what it missed, once all it was sent has left.
    func resumeMonitors() {
        guard monitorPausedAt != 0, pendingByteCount() == 0 else { return }
        var chosen = MonitorChoice()
        for monitor in monitors.values {
            bridge.collect(monitor, since: monitorPausedAt, into: &chosen)
        }
        monitorPausedAt = 0
        var all = chosen.updates
        if context.version >= .v1_4 {
            all.append(.resumed)
            tell(.multipartReply(.flowMonitor(all)))
        } else {
            if !all.isEmpty { tell(.multipartReply(.flowMonitor(all))) }
            tell(.flowMonitorResumed)
        }
    }

    private static let monitorBytesMax = 128 << 10
}

/// Rules that monitors have chosen, each once, with all that was asked of it.
struct MonitorChoice {
    private var order: [OFRule] = []
    private var flags: [UInt64: FlowMonitorFlags] = [:]

    mutating func add(_ rule: OFRule, _ more: FlowMonitorFlags) {
        if flags[rule.id] == nil { order.append(rule) }
        flags[rule.id, default: []].formUnion(more)
    }

    var updates: [FlowUpdate] {
        order.map { rule in
            let flags = flags[rule.id] ?? []
            let event: FlowUpdate.Event =
                flags.contains(.initial) ? .initial : flags.contains(.add) ? .added : .modified
            return .full(
                rule.update(
                    event, reason: .idleTimeout, withActions: flags.contains(.instructions)))
        }
    }
}

extension OFRule {
    func update(
        _ event: FlowUpdate.Event, reason: FlowRemovedReason, withActions: Bool
    ) -> FlowUpdate.Full {
        var update = FlowUpdate.Full(event)
        update.reason = reason
        update.tableID = table
        update.priority = UInt16(truncatingIfNeeded: priority)
        update.idleTimeout = idleTimeout
        update.hardTimeout = hardTimeout
        update.cookie = cookie
        update.match = match
        if withActions { update.actions = actions }
        return update
    }
}

extension OfprotoBridge {
    func nextMonitorSequence() -> UInt64 {
        defer { monitorSequence += 1 }
        return monitorSequence
    }

    /// Numbers a change of a rule and notes it for the sessions that monitor it.
    func report(
        _ rule: OFRule, _ event: FlowUpdate.Event, reason: FlowRemovedReason = .idleTimeout,
        requester: Requester?, oldActions: [Action]? = nil
    ) {
        guard !rule.isHidden else { return }
        switch event {
        case .added:
            rule.addSequence = nextMonitorSequence()
            rule.modifySequence = rule.addSequence
        case .modified: rule.modifySequence = nextMonitorSequence()
        case .removed, .initial: break
        }
        for session in sessions where !session.monitors.isEmpty {
            session.report(
                rule, event, reason: reason, requester: requester, oldActions: oldActions)
        }
    }

    func flushMonitors() {
        for session in sessions where !session.monitors.isEmpty { session.flushUpdates() }
    }

    /// The rules that a monitor is about; with a number, only those changed after it.
    func collect(
        _ monitor: FlowMonitorRequest, since sequence: UInt64, into choice: inout MonitorChoice
    ) {
        var criteria = RuleCriteria()
        criteria.table = monitor.tableID
        criteria.match = monitor.match
        criteria.outPort = monitor.outPort
        criteria.outGroup = monitor.outGroup
        guard let rules = try? select(loosely: criteria) else { return }
        for rule in sorted(rules) {
            let news: FlowMonitorFlags
            if sequence == 0 {
                news = .initial
            } else if rule.addSequence > sequence {
                news = [.add, .modify]
            } else if rule.modifySequence > sequence {
                news = .modify
            } else {
                continue
            }
            guard sequence == 0 || !monitor.flags.isDisjoint(with: news) else { continue }
            choice.add(rule, news.union(monitor.flags.intersection(.instructions)))
        }
    }
}
