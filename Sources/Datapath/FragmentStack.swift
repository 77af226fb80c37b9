// Datagrams whose fragments are being let go, innermost last: a fragment of one may complete another
// at a `ct()` further on. Used by Engine+Fragments on the poll thread that owns the engine.

import Conntrack
import Flow
import PacketBuffer

/// A bounded stack of assemblies, each with the key and the verdict that its fragments share.
@frozen public struct FragmentStack {
    @inlinable public static var capacity: Int { 8 }

    private let assemblies: UnsafeMutablePointer<FragmentAssembly>
    private let verdicts: UnsafeMutablePointer<ConntrackVerdict>
    private let keys: UnsafeMutableRawPointer
    public private(set) var depth = 0

    public init() {
        assemblies = .allocate(capacity: Self.capacity)
        verdicts = .allocate(capacity: Self.capacity)
        keys = .allocate(byteCount: Self.capacity * FlowLayout.byteCount, alignment: 64)
    }

    public var isFull: Bool { depth == Self.capacity }

    /// The key of the innermost datagram. There must be one.
    public var topKey: FlowKey { FlowKey(keys + (depth &- 1) &* FlowLayout.byteCount) }

    /// What the innermost datagram was judged to be. There must be one.
    public var topVerdict: UnsafeMutablePointer<ConntrackVerdict> { verdicts + (depth &- 1) }

    /// Adds a datagram that became whole with the packet whose key is `key`. There must be room.
    public mutating func push(
        _ assembly: FragmentAssembly, key: FlowKey, verdict: ConntrackVerdict
    ) {
        (assemblies + depth).initialize(to: assembly)
        (verdicts + depth).initialize(to: verdict)
        depth &+= 1
        topKey.copy(from: key)
    }

    /// The next fragment of the innermost datagram; nil, and the datagram forgotten, when there are
    /// no more.
    public mutating func next(_ table: FragmentTable) -> PacketBuffer? {
        guard depth > 0 else { return nil }
        if let packet = table.nextFragment(&assemblies[depth &- 1]) { return packet }
        depth &-= 1
        return nil
    }
}
