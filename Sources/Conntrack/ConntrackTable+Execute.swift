// Level 2: what a `ct` action does to one packet. The order of the steps is that of Open vSwitch's
// userspace datapath, because what a packet sees of a connection depends on it.

import Bounded
import Flow
import PacketBuffer
import Wire

/// What the state machine of a protocol says of a packet of a known connection.
enum ConntrackUpdate {
    /// Out of order or window.
    case invalid
    /// Of an established flow.
    case valid
    /// Still the beginning of the flow.
    case beginning
    /// The old connection is over and this packet begins another.
    case reopen
}

extension ConntrackTable {
    /// Runs a `ct` action on a packet.
    ///
    /// The packet's network header is found by `packet.l3Offset`, its family by the key's
    /// Ethertype. NAT and helpers rewrite the packet with its checksums, and NAT the addresses and
    /// ports in `key`. The `ct_*` fields of `key` are left alone: `verdict.write(to:)` sets them
    /// for the table behind `ct(table=…)`.
    ///
    /// - Parameters:
    ///   - request: the action's arguments.
    ///   - verdict: the packet's conntrack metadata, empty for a fresh packet, kept between
    ///     actions.
    public func execute(
        _ request: UnsafePointer<ConntrackRequest>, key: FlowKey, packet: PacketBuffer,
        now: UInt64, verdict: UnsafeMutablePointer<ConntrackVerdict>
    ) {
        verdict.pointee.outcome = .done
        verdict.pointee.didRewrite = false
        verdict.pointee.didCreate = false
        let zone = request.pointee.zone
        if verdict.pointee.state == ConntrackState.invalid {
            finishInvalid(verdict, zone: zone)
            return
        }
        var tracked = TrackedPacket(packet)
        let refusal = tracked.check(
            etherType: key.load16(FlowLayout.ethType), zone: zone,
            isChecksumKnown: verdict.pointee.isChecksumKnown)
        if let refusal {
            count(refusal)
            verdict.pointee.state = ConntrackState.invalid
            verdict.pointee.outcome = .malformed
            finishInvalid(verdict, zone: zone)
            return
        }
        verdict.pointee.isChecksumKnown = true
        lockTable()
        var context = ConntrackContext(request: request, key: key, verdict: verdict, now: now)
        if !executeCached(&context, &tracked) { executeFull(&context, &tracked) }
        noteAbsence(verdict)
        unlockTable()
    }

    /// A second action in the zone of the first: the connection and its state are known. False when
    /// the full way must be gone.
    private func executeCached(
        _ context: inout ConntrackContext, _ tracked: inout TrackedPacket
    ) -> Bool {
        let request = context.request
        let verdict = context.verdict
        let index = verdict.pointee.connection
        guard verdict.pointee.isCached, index < state.pointee.capacity,
            verdict.pointee.zone == request.pointee.zone, !request.pointee.force,
            hot(index).pointee.generation == verdict.pointee.generation,
            tracked.controlHelper(request) == .none
        else { return false }
        context.index = index
        context.isReply = verdict.pointee.isReply
        if request.pointee.hasNAT {
            applyNAT(&context, &tracked)
            verdict.pointee.isCached = false
        }
        verdict.pointee.mark = hot(index).pointee.mark
        verdict.pointee.labelHigh = cold(index).pointee.labelHigh
        verdict.pointee.labelLow = cold(index).pointee.labelLow
        setMarkAndLabel(&context)
        verdict.pointee.generation = hot(index).pointee.generation
        return true
    }

    private func executeFull(
        _ context: inout ConntrackContext, _ tracked: inout TrackedPacket
    ) {
        let request = context.request
        let verdict = context.verdict
        let zone = request.pointee.zone
        if verdict.pointee.state != 0 && verdict.pointee.zone != zone { verdict.pointee.state = 0 }
        context.helper = tracked.controlHelper(request)
        find(&context, &tracked)
        if request.pointee.force, context.isReply, let index = context.index {
            remove(index)
            context.index = nil
            context.isReply = false
        }
        var mustCreate = false
        if context.index != nil {
            mustCreate = updateWithSkew(&context, &tracked)
            if request.pointee.hasNAT && !mustCreate { applyNAT(&context, &tracked) }
        } else if findByOriginalTuple(&context, tracked) {
            mustCreate = updateState(&context, tracked)
        } else if tracked.isError {
            verdict.pointee.state = ConntrackState.invalid
            verdict.pointee.outcome = .unknownError
            state.pointee.counters.unknownError &+= 1
        } else {
            mustCreate = true
        }
        var expectation: UnsafePointer<Expectation>? = nil
        if mustCreate {
            if state.pointee.expectations.count > 0 {
                expectation = state.pointee.expectations.find(tracked.tuple, state.pointee.hash)
            }
            if context.absentHash != nil || lookup(tracked.tuple, now: context.now) == nil {
                create(&context, &tracked, expectation)
            }
        }
        writeMetadata(context, tracked, expectation)
        setMarkAndLabel(&context)
        if context.helper != .none, let index = context.index,
            hot(index).pointee.flags & ConnectionFlags.helpers != 0
        {
            watch(&context, &tracked)
        }
        count(context, tracked)
        verdict.pointee.isCached = context.index != nil && !request.pointee.hasNAT
    }

    /// Finds the packet's connection. A packet that NAT has already rewritten is looked up by what
    /// its answer would look like.
    private func find(_ context: inout ConntrackContext, _ tracked: inout TrackedPacket) {
        guard context.verdict.pointee.state & ConntrackState.anyNAT == 0 else {
            guard let (index, isReply) = lookup(tracked.tuple.reversed, now: context.now) else {
                state.pointee.counters.nattedMiss &+= 1
                return
            }
            context.index = index
            context.isReply = !isReply
            tracked.tuple = isReply ? original(index) : reply(index)
            return
        }
        withUnsafePointer(to: &tracked.tuple) { tuple in
            if isKnownAbsent(tuple, context.verdict) {
                context.absentHash = context.verdict.pointee.absentHash
                return
            }
            let hash = tuple.pointee.hash(state.pointee.hash)
            if let (index, isReply) = lookup(tuple, hash: hash, now: context.now) {
                context.index = index
                context.isReply = isReply
            } else {
                context.absentHash = hash
            }
        }
    }

    /// Whether an earlier action found no connection for `tuple`, and none was made since.
    @inline(__always)
    private func isKnownAbsent(
        _ tuple: UnsafePointer<ConntrackTuple>, _ verdict: UnsafePointer<ConntrackVerdict>
    ) -> Bool {
        verdict.pointee.absentSince == state.pointee.counters.created &+ 1
            && verdict.pointee.original == tuple.pointee
    }

    /// A packet that was rewritten, and whose connection is not found by its addresses, is looked
    /// up by the original tuple that an earlier action left.
    private func findByOriginalTuple(
        _ context: inout ConntrackContext, _ tracked: borrowing TrackedPacket
    ) -> Bool {
        let verdict = context.verdict
        guard verdict.pointee.state & ConntrackState.anyNAT != 0,
            verdict.pointee.original.protocolNumber == tracked.tuple.protocolNumber,
            tracked.tuple.protocolNumber != 0,
            verdict.pointee.original.isIPv6 == tracked.isIPv6, !context.request.pointee.hasNAT
        else { return false }
        var tuple = verdict.pointee.original
        tuple.zone = verdict.pointee.zone
        if tracked.tuple.isICMP {
            tuple.identifier = tracked.tuple.identifier
            guard
                let answer = TrackedPacket.answer(
                    to: UInt8(truncatingIfNeeded: tuple.sourcePort), isIPv6: tuple.isIPv6)
            else { return false }
            tuple.destinationPort = UInt16(answer)
        }
        guard let (index, _) = lookup(tuple, now: context.now) else { return false }
        context.index = index
        return true
    }

    /// Runs the state machine and sets the packet's state; true when a new connection must be made.
    func updateState(
        _ context: inout ConntrackContext, _ tracked: borrowing TrackedPacket
    ) -> Bool {
        guard let index = context.index else { return true }
        let verdict = context.verdict
        if tracked.isError {
            verdict.pointee.state |= ConntrackState.related
            if context.isReply { verdict.pointee.state |= ConntrackState.reply }
            return false
        }
        let hot = hot(index)
        if hot.pointee.flags & ConnectionFlags.related != 0 {
            verdict.pointee.state |= ConntrackState.related
        }
        lockConnection(hot)
        let result = updateProtocol(index, tracked, isReply: context.isReply, now: context.now)
        unlockConnection(hot)
        switch result {
        case .valid:
            verdict.pointee.state |= ConntrackState.established
            verdict.pointee.state &= ~ConntrackState.new
            if context.isReply { verdict.pointee.state |= ConntrackState.reply }
        case .beginning:
            verdict.pointee.state |= ConntrackState.new
        case .invalid:
            verdict.pointee.state = ConntrackState.invalid
            verdict.pointee.outcome = .badState
        case .reopen:
            remove(index)
            context.index = nil
            return true
        }
        return false
    }

    private func updateProtocol(
        _ index: UInt32, _ tracked: borrowing TrackedPacket, isReply: Bool, now: UInt64
    ) -> ConntrackUpdate {
        switch hot(index).pointee.protocolNumber {
        case IPProtocol.tcp:
            return updateTCP(index, tracked, isReply: isReply, now: now)
        case IPProtocol.sctp:
            return updateSCTP(index, tracked, isReply: isReply, now: now)
        default:
            return updateFlow(index, isReply: isReply, now: now)
        }
    }

    /// Leaves mark, label and original tuple where the pipeline finds them.
    private func writeMetadata(
        _ context: borrowing ConntrackContext, _ tracked: borrowing TrackedPacket,
        _ expectation: UnsafePointer<Expectation>?
    ) {
        let verdict = context.verdict
        verdict.pointee.state |= ConntrackState.tracked
        verdict.pointee.zone = context.request.pointee.zone
        verdict.pointee.isReply = context.isReply
        verdict.pointee.isError = tracked.isError
        guard let index = context.index else {
            verdict.pointee.connection = ConntrackVerdict.noConnection
            verdict.pointee.generation = 0
            verdict.pointee.mark = expectation?.pointee.mark ?? 0
            verdict.pointee.labelHigh = expectation?.pointee.labelHigh ?? 0
            verdict.pointee.labelLow = expectation?.pointee.labelLow ?? 0
            verdict.pointee.original = expectation?.pointee.parent ?? tracked.tuple
            let hash = expectation == nil ? context.absentHash : nil
            verdict.pointee.absentHash = hash ?? 0
            verdict.pointee.absentSince =
                hash == nil ? 0 : state.pointee.counters.created &+ 1
            return
        }
        let hot = hot(index)
        let cold = cold(index)
        verdict.pointee.connection = index
        verdict.pointee.absentSince = 0
        verdict.pointee.generation = hot.pointee.generation
        verdict.pointee.mark = hot.pointee.mark
        verdict.pointee.labelHigh = cold.pointee.labelHigh
        verdict.pointee.labelLow = cold.pointee.labelLow
        verdict.pointee.original =
            hot.pointee.flags & ConnectionFlags.related != 0
            ? parent(index) : original(index)
    }

    /// Sets mark and label as the request asks. A related connection keeps what it inherited.
    private func setMarkAndLabel(_ context: inout ConntrackContext) {
        let request = context.request
        guard let index = context.index, request.pointee.hasMark || request.pointee.hasLabel,
            hot(index).pointee.flags & ConnectionFlags.related == 0
        else { return }
        let verdict = context.verdict
        let hot = hot(index)
        let cold = cold(index)
        var didChange = false
        if request.pointee.hasMark {
            let mark = request.pointee.mark | (verdict.pointee.mark & ~request.pointee.markMask)
            didChange = mark != hot.pointee.mark
            verdict.pointee.mark = mark
        }
        if request.pointee.hasLabel {
            verdict.pointee.labelHigh =
                request.pointee.labelHigh
                | (verdict.pointee.labelHigh & ~request.pointee.labelHighMask)
            verdict.pointee.labelLow =
                request.pointee.labelLow
                | (verdict.pointee.labelLow & ~request.pointee.labelLowMask)
            didChange =
                didChange || verdict.pointee.labelHigh != cold.pointee.labelHigh
                || verdict.pointee.labelLow != cold.pointee.labelLow
        }
        guard didChange else { return }
        lockConnection(hot)
        hot.pointee.mark = verdict.pointee.mark
        cold.pointee.labelHigh = verdict.pointee.labelHigh
        cold.pointee.labelLow = verdict.pointee.labelLow
        hot.pointee.generation &+= 1
        verdict.pointee.generation = hot.pointee.generation
        unlockConnection(hot)
    }

    private func count(_ context: borrowing ConntrackContext, _ tracked: borrowing TrackedPacket) {
        guard let index = context.index,
            context.verdict.pointee.state & ConntrackState.invalid == 0
        else { return }
        credit(index, isReply: context.isReply, packets: 1, bytes: UInt64(tracked.ipLength))
    }

    private func finishInvalid(
        _ verdict: UnsafeMutablePointer<ConntrackVerdict>, zone: UInt16
    ) {
        let isChecksumKnown = verdict.pointee.isChecksumKnown
        let outcome = verdict.pointee.outcome
        verdict.pointee = ConntrackVerdict()
        verdict.pointee.isChecksumKnown = isChecksumKnown
        verdict.pointee.outcome = outcome == .done ? .malformed : outcome
        verdict.pointee.state = ConntrackState.invalid | ConntrackState.tracked
        verdict.pointee.zone = zone
    }

    private func count(_ refusal: TrackingRefusal) {
        switch refusal {
        case .malformed: state.pointee.counters.malformed &+= 1
        case .ipChecksum: state.pointee.counters.badIPChecksum &+= 1
        case .transportChecksum: state.pointee.counters.badTransportChecksum &+= 1
        }
    }
}

/// What one `execute` knows so far.
@usableFromInline
struct ConntrackContext: ~Copyable {
    let request: UnsafePointer<ConntrackRequest>
    let key: FlowKey
    let verdict: UnsafeMutablePointer<ConntrackVerdict>
    let now: UInt64
    var index: UInt32? = nil
    var isReply = false
    /// The hash of the packet's tuple once it is known that it has no connection.
    var absentHash: UInt64? = nil
    /// The helper whose control port the packet uses.
    var helper = ConntrackHelper.none

    init(
        request: UnsafePointer<ConntrackRequest>, key: FlowKey,
        verdict: UnsafeMutablePointer<ConntrackVerdict>, now: UInt64
    ) {
        self.request = request
        self.key = key
        self.verdict = verdict
        self.now = now
    }
}
