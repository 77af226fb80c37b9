// What identifies a connection from one side: addresses, ports, protocol and zone. ICMP messages
// carry their type where ports would be, and their identifier beside.

import Bounded

/// One direction of a connection.
///
/// **Shape**: 48 bytes. Ports are in host order; for ICMP the source port is the message's type,
/// the destination port the type of its answer, and `identifier` its identifier.
@frozen public struct ConntrackTuple: Equatable, Sendable {
    public var source = ConntrackAddress()
    public var destination = ConntrackAddress()
    public var sourcePort: UInt16 = 0
    public var destinationPort: UInt16 = 0
    public var identifier: UInt16 = 0
    public var zone: UInt16 = 0
    public var protocolNumber: UInt8 = 0
    public var isIPv6 = false

    @inlinable @inline(always)
    public init() {}

    @inlinable @inline(always)
    public var reversed: ConntrackTuple {
        var other = self
        other.source = destination
        other.destination = source
        other.sourcePort = destinationPort
        other.destinationPort = sourcePort
        return other
    }

    @inlinable public var isICMP: Bool {
        protocolNumber == (isIPv6 ? 58 : 1)
    }

    /// The same for both directions: the endpoints are put in order first.
    @inlinable @inline(always)
    public func hash(_ hash: KeyedHash) -> UInt64 {
        let isSwapped =
            source.word0 != destination.word0
            ? source.word0 > destination.word0
            : source.word1 != destination.word1
                ? source.word1 > destination.word1 : sourcePort > destinationPort
        let first = isSwapped ? destination : source
        let second = isSwapped ? source : destination
        let firstPort = isSwapped ? destinationPort : sourcePort
        let secondPort = isSwapped ? sourcePort : destinationPort
        let ports = UInt64(firstPort) | UInt64(secondPort) << 16
        let rest = UInt64(zone) << 32 | UInt64(protocolNumber) << 48 | (isIPv6 ? 1 << 56 : 0)
        let words: InlineArray<5, UInt64> = [
            first.word0, first.word1, second.word0, second.word1,
            (ports | rest) ^ (UInt64(identifier) &* 0x9e37_79b9_7f4a_7c15),
        ]
        return words.span.withUnsafeBufferPointer {
            hash.hash(UnsafeRawPointer($0.baseAddress.unsafelyUnwrapped), words: 5)
        }
    }
}
