// Going on with the fragments of a datagram that a `ct()` has judged as a whole. The lists in hand
// are left as for a pause; then each fragment, one after the other, goes through the table behind
// the `ct()` and through what is left of the lists.

import Flow

/// Fragments that wait until the lists in hand have been left.
@frozen public struct PendingFragments {
    /// The table of `ct(table=…)`, if any.
    public var recircTable: UInt8?
    public var rule: UnsafeMutablePointer<Rule>?
    public var bridge: UInt16
    public var table: UInt8
    /// What `InterpreterState.recirculation` is behind the `ct()`.
    public var recirculation: UInt64
}

extension Interpreter {
    /// The most fragments that go on at once; the tracker holds no more of one datagram.
    private static var fragmentsMax: Int { 256 }

    /// Runs all fragments of the datagram in hand; then nothing is in hand.
    func finish(_ pending: PendingFragments) {
        let s = state
        s.pointee.pending = nil
        guard let next = s.pointee.hooks.nextFragment else { return }
        let base = s.pointee.frameBase
        let count = s.pointee.frameCount &- base
        let actionSetCount = s.pointee.actionSetCount
        let stackCount = s.pointee.stackCount
        let lengthChange = s.pointee.lengthChange
        let recirculation = s.pointee.recirculation
        let wasUncredited = s.pointee.isUncredited
        s.pointee.frameBase = s.pointee.frameCount
        for number in 0..<Self.fragmentsMax {
            var call = ConntrackCall()
            next(s.pointee.hooks.context, &call)
            if call.isConsumed { break }
            guard enter(bridge: pending.bridge) else { continue }
            s.pointee.base.copy(from: s.pointee.key)
            s.pointee.exits = false
            // Each fragment has the set that the datagram's judgement left.
            s.pointee.actionSetCount = actionSetCount
            s.pointee.stackCount = stackCount
            s.pointee.table = pending.table
            s.pointee.rule = pending.rule
            recirculate(pending, hasRest: count > 0 || !hasEmptyActionSet)
            clearConntrack(recorded: false)
            // What is left of the lists is credited with the datagram's last fragment alone: the
            // others were when they came.
            s.pointee.lengthChange = lengthChange
            s.pointee.recirculation = recirculation
            s.pointee.isUncredited = wasUncredited || number > 0
            runFrames(s.pointee.frames + base, count: count)
            finishActionSet(isLast: true)
            if s.pointee.isPausing { finishPause() }
            s.pointee.isUncredited = wasUncredited
            flush()
        }
        s.pointee.frameCount = base
        s.pointee.frameBase = base
        s.pointee.actionSetCount = s.pointee.actionSetBase
        s.pointee.exits = true
    }

    /// Sends the fragment in hand through the table behind the `ct()`, on a copy if it is needed
    /// after.
    private func recirculate(_ pending: PendingFragments, hasRest: Bool) {
        guard let table = pending.recircTable else { return }
        countAnew()
        state.pointee.recirculation = pending.recirculation
        onCopy(isLast: !hasRest) { interpreter, _ in interpreter.fork(to: table) }
    }
}
