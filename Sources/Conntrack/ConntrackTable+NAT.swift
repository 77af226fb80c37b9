// Choosing what NAT turns a new connection into: an address of the range by a keyed hash of the
// connection, and ports such that no other connection answers to the same reply tuple. The search
// is bounded.

import Wire

extension ConntrackTable {
    /// Ports tried in one round of the search.
    static var portTriesMax: Int { 128 }

    /// Sets the reply tuple and the NAT action of a new connection; false when no free tuple was
    /// found.
    func chooseNAT(
        _ index: UInt32, _ context: borrowing ConntrackContext,
        _ expectation: UnsafePointer<Expectation>?
    ) -> Bool {
        let hot = hot(index)
        let original = original(index)
        var reply = original.reversed
        let range = context.request.pointee.nat
        if let expectation {
            // A data connection is rewritten as its control connection was.
            if expectation.pointee.rewritesDestination {
                reply.destination = expectation.pointee.replacement
                hot.pointee.natAction = NATAction.source
            } else {
                reply.source = expectation.pointee.replacement
                hot.pointee.natAction = NATAction.destination
            }
            return setReply(index, reply)
        }
        hot.pointee.natAction = range.action
        let number = hot.pointee.protocolNumber
        let hasPorts =
            number == IPProtocol.tcp || number == IPProtocol.udp || number == IPProtocol.sctp
        let pick = rangeHash(original, range)
        let address = address(for: original, range, pick.address)
        if range.action & NATAction.source != 0 {
            reply.destination = address
        } else {
            reply.source = address
        }
        let isFree = hasPorts
            ? choosePorts(&reply, original, range, pick.port, now: context.now)
            : lookup(reply, now: context.now) == nil
        return isFree && setReply(index, reply)
    }

    /// Where in the ranges the choice begins.
    private func rangeHash(
        _ tuple: ConntrackTuple, _ range: NATRange
    ) -> (address: UInt32, port: UInt32) {
        if range.isRandom {
            return (state.pointee.nextRandom(), state.pointee.nextRandom())
        }
        let words: InlineArray<8, UInt64> = [
            tuple.source.word0, tuple.source.word1, tuple.destination.word0,
            tuple.destination.word1, range.minAddress.word0 ^ (range.maxAddress.word0 << 1),
            range.minAddress.word1 ^ (range.maxAddress.word1 << 1),
            UInt64(tuple.sourcePort) | UInt64(tuple.destinationPort) << 16
                | UInt64(tuple.zone) << 32 | UInt64(tuple.protocolNumber) << 48,
            UInt64(range.minPort) | UInt64(range.maxPort) << 16
                | UInt64(tuple.identifier) << 32,
        ]
        let hash = words.span.withUnsafeBufferPointer {
            let bytes = UnsafeRawPointer($0.baseAddress.unsafelyUnwrapped)
            // The same source gets the same address where that is asked for.
            let whole = state.pointee.hash.hash(bytes, words: 8)
            let source = range.isPersistent ? state.pointee.hash.hash(bytes, words: 2) : whole
            return (source, whole)
        }
        return (
            UInt32(truncatingIfNeeded: hash.0), UInt32(truncatingIfNeeded: hash.1 >> 32)
        )
    }

    /// The address for the connection. An all-zero range keeps the one that it has.
    private func address(
        for tuple: ConntrackTuple, _ range: NATRange, _ pick: UInt32
    ) -> ConntrackAddress {
        if range.minAddress.isZero {
            return range.action & NATAction.source != 0 ? tuple.source : tuple.destination
        }
        if !tuple.isIPv6 {
            let low = range.minAddress.ipv4
            let span = UInt64(range.maxAddress.ipv4 &- low) + 1
            return ConntrackAddress(
                ipv4: low &+ UInt32(truncatingIfNeeded: UInt64(pick) % span))
        }
        let span = ConntrackTable.span(from: range.minAddress, to: range.maxAddress)
        let (low, carry) = range.minAddress.low.addingReportingOverflow(UInt64(pick) % span)
        return ConntrackAddress(high: range.minAddress.high &+ (carry ? 1 : 0), low: low)
    }

    /// Addresses from `first` to `last`, at most 2^32 - 1.
    private static func span(from first: ConntrackAddress, to last: ConntrackAddress) -> UInt64 {
        let (low, borrow) = last.low.subtractingReportingOverflow(first.low)
        let high = last.high &- first.high &- (borrow ? 1 : 0)
        return high != 0 || low > 0xffff_fffe ? 0xffff_ffff : low + 1
    }

    /// Finds ports that make `reply` unique. Destination ports of the range come first, then source
    /// ports.
    private func choosePorts(
        _ reply: inout ConntrackTuple, _ original: ConntrackTuple, _ range: NATRange,
        _ pick: UInt32, now: UInt64
    ) -> Bool {
        let low = Int(min(range.minPort, range.maxPort))
        let high = Int(max(range.minPort, range.maxPort))
        let start = low + Int(pick) % (high - low + 1)
        let sourcePort = Int(original.sourcePort)
        let hasSourceRange =
            range.action & NATAction.source != 0 && range.action & NATAction.sourcePort != 0
        let hasDestinationRange = range.action & NATAction.destinationPort != 0
        reply.destinationPort = UInt16(hasSourceRange ? start : sourcePort)
        if hasDestinationRange {
            reply.sourcePort = UInt16(start)
            if searchPort(&reply, isSource: true, start: start, low...high, now: now) {
                return true
            }
            reply.sourcePort = UInt16(start)
        }
        if hasSourceRange {
            return searchPort(&reply, isSource: false, start: start, low...high, now: now)
        }
        // The port that the sender chose, or others of its class.
        let ephemeral =
            sourcePort < 512 ? 1...511 : sourcePort < 1024 ? 600...1023 : 1024...65_535
        return searchPort(&reply, isSource: false, start: sourcePort, ephemeral, now: now)
    }

    /// Tries ports of `range` from `start` on, in rounds from random places, each half as long as
    /// the last.
    private func searchPort(
        _ reply: inout ConntrackTuple, isSource: Bool, start: Int, _ range: ClosedRange<Int>,
        now: UInt64
    ) -> Bool {
        var tries = min(range.count, ConntrackTable.portTriesMax)
        var port = start
        while true {
            var left = range.contains(port) ? tries : tries + 1
            while left > 0 {
                if isSource {
                    reply.sourcePort = UInt16(truncatingIfNeeded: port)
                } else {
                    reply.destinationPort = UInt16(truncatingIfNeeded: port)
                }
                if port != 0 && lookup(reply, now: now) == nil { return true }
                port = !range.contains(port) || port == range.upperBound
                    ? range.lowerBound : port + 1
                left -= 1
            }
            guard tries < range.count, tries >= 16 else { return false }
            tries /= 2
            port = range.lowerBound + Int(state.pointee.nextRandom()) % range.count
        }
    }
}
