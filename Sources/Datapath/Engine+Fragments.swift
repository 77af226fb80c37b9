// Fragments on their way through ct(): held until whole, judged as one, and then each run through
// the pipeline again with the verdict its datagram got.

import Conntrack
import Flow
import PacketBuffer
import Pipeline

extension Engine {
    /// Gives up datagrams that never became whole.
    public func expireFragments(now: UInt64) {
        guard let fragments = state.pointee.fragments else { return }
        while let packet = fragments.takeExpired(now: now) {
            state.pointee.counters.drop(.fragment)
            state.pointee.pool.free(packet)
        }
    }

    /// A fragment at a `ct()`: held, or the last one of its datagram, which is judged as a whole.
    /// False where the tracker shall see the fragment as it is (and call it invalid).
    func trackFragment(
        _ packet: PacketBuffer, _ call: UnsafeMutablePointer<ConntrackCall>
    ) -> Bool {
        let s = state
        guard let fragments = s.pointee.fragments, !s.pointee.released.isFull else { return false }
        let key = s.pointee.interpreter.state.pointee.key
        var assembly: FragmentAssembly?
        let outcome = fragments.submit(
            packet, etherType: key.load16(FlowLayout.ethType), zone: call.pointee.zone,
            context: call.pointee.context, now: s.pointee.now, assembly: &assembly)
        switch outcome {
        case .notFragment, .invalid: return false
        case .held:
            s.pointee.execution.pointee.packet = nil
            call.pointee.isConsumed = true
            return true
        case .complete:
            s.pointee.execution.pointee.packet = nil
            guard let whole = assembly else {
                call.pointee.isConsumed = true
                return true
            }
            let verdict = s.pointee.verdict
            verdict.pointee = ConntrackVerdict()
            s.pointee.revalidationKey.copy(from: key)
            s.pointee.conntrack.execute(
                s.pointee.request, key: s.pointee.revalidationKey, packet: whole.packet,
                now: s.pointee.now, verdict: verdict)
            s.pointee.released.push(whole, verdict.pointee, key: key)
            call.pointee.hasFragments = true
            return true
        }
    }

    /// The next fragment becomes the packet in hand, with the verdict of its datagram in the key.
    func nextFragment(_ call: UnsafeMutablePointer<ConntrackCall>) {
        let s = state
        let x = s.pointee.execution
        if let rest = x.pointee.packet {
            x.pointee.packet = nil
            s.pointee.pool.free(rest)
        }
        guard let fragments = s.pointee.fragments,
            let packet = s.pointee.released.take(from: fragments)
        else {
            call.pointee.isConsumed = true
            return
        }
        let key = s.pointee.interpreter.state.pointee.key
        let fresh = s.pointee.revalidationKey
        fresh.clear()
        key.copy(from: s.pointee.released.key)
        if let layout = FlowExtractor.extract(
            packet.data, length: packet.length, vlanLimit: Int(s.pointee.vlanLimit), into: fresh)
        {
            let start = FlowLayout.ethDestination
            key.copyBytes(
                from: fresh.base + start, count: FlowLayout.tunnelMetadata - start, to: start)
            setPositions(layout, key)
        }
        s.pointee.verdict.pointee = s.pointee.released.verdict
        s.pointee.verdict.pointee.write(to: key)
        s.pointee.interpreter.state.pointee.frameLength = packet.length
        x.pointee.packet = packet
    }

    /// Frees the fragments of datagrams that a judgement which ended early has left.
    func dropReleased() {
        let s = state
        guard let fragments = s.pointee.fragments else { return }
        while !s.pointee.released.isEmpty {
            guard let packet = s.pointee.released.take(from: fragments) else { continue }
            s.pointee.counters.drop(.fragment)
            s.pointee.pool.free(packet)
        }
    }
}
