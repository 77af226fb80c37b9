// Datagrams whose fragments are being let go, innermost last: a fragment that has just been let go
// may complete another datagram at the next `ct()` before its fellows have gone on.

import Conntrack
import Flow
import PacketBuffer

/// A bounded stack of judged datagrams.
///
/// **Owner**: one poll thread.
public struct ReleasedFragments {
    private static var capacity: Int { 8 }

    private struct Entry {
        var assembly: FragmentAssembly
        var verdict: ConntrackVerdict
        /// The key that the fragments share but for what is in their headers.
        var key: FlowKey
    }

    private let entries: UnsafeMutablePointer<Entry>
    private let keys: UnsafeMutableRawPointer
    private var count = 0

    public init() {
        entries = .allocate(capacity: Self.capacity)
        keys = .allocate(byteCount: Self.capacity * FlowLayout.byteCount, alignment: 64)
    }

    var isEmpty: Bool { count == 0 }
    var isFull: Bool { count == Self.capacity }

    /// The shared key and the verdict of the innermost datagram.
    var key: FlowKey { entries[count &- 1].key }
    var verdict: ConntrackVerdict { entries[count &- 1].verdict }

    mutating func push(_ assembly: FragmentAssembly, _ verdict: ConntrackVerdict, key: FlowKey) {
        let kept = FlowKey(keys + count &* FlowLayout.byteCount)
        kept.copy(from: key)
        (entries + count).initialize(to: Entry(assembly: assembly, verdict: verdict, key: kept))
        count &+= 1
    }

    /// The next fragment of the innermost datagram; nil when there is none, and the datagram is
    /// done.
    mutating func take(from fragments: FragmentTable) -> PacketBuffer? {
        guard count > 0 else { return nil }
        if let packet = fragments.nextFragment(&entries[count &- 1].assembly) { return packet }
        count &-= 1
        return nil
    }
}
