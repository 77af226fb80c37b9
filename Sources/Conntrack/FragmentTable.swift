// Fragments on their way through conntrack. They are held until the datagram is whole; it is then
// put together once more for the judgement, and the fragments go on as they came, with the verdict
// and what NAT changed. Everything is bounded: fragments in all and per datagram, their least size,
// and the time they are held.
//
// `submit` takes a fragment over or refuses it. When it answers `complete`, the caller judges
// `assembly.packet`, and then asks `nextFragment` until nil for the fragments to go on with.

import Bounded
import PacketBuffer

/// What became of a fragment.
@frozen public enum FragmentOutcome: Sendable {
    /// Not a fragment; nothing was done.
    case notFragment
    /// The table owns the packet now.
    case held
    /// The table owns the packet, and the datagram is whole: judge the assembly.
    case complete
    /// The caller keeps the packet, whose ct_state is INVALID: malformed, too small, overlapping,
    /// or there is no room.
    case invalid
}

/// A whole datagram to be judged.
@frozen public struct FragmentAssembly: Sendable {
    /// The datagram put together, with the first fragment's metadata. `nextFragment` frees it.
    public var packet: PacketBuffer
    /// The slot of the fragments.
    public var list: UInt32
    /// Fragments that `nextFragment` will give.
    public var count: Int
    /// IP bytes of `packet` when it was put together.
    public var ipLength: Int
    var isCopiedBack = false
}

/// Events since start, for one IP version.
@frozen public struct FragmentCounters: Sendable {
    public var accepted: UInt64 = 0
    public var completed: UInt64 = 0
    public var expired: UInt64 = 0
    public var tooSmall: UInt64 = 0
    public var overlapping: UInt64 = 0
    public var purged: UInt64 = 0
    public init() {}
}

/// Fragments of datagrams that are not whole yet.
///
/// **Shape**: one pointer. **Owner**: any thread; a spin lock unless made for one thread.
/// **Units**: milliseconds.
@frozen public struct FragmentTable: @unchecked Sendable {
    /// Fragments that a table can hold; `maxFragments` may be less.
    public static var capacity: Int { 5000 }
    /// Fragments of one datagram.
    public static var perDatagramMax: Int { 200 }
    public static var timeoutMilliseconds: UInt64 { 15_000 }
    /// The least that the least sizes may be set to.
    public static var sizeMinFloor: Int { 400 }
    static var none: UInt32 { UInt32.max }

    public let state: UnsafeMutablePointer<FragmentTableState>

    /// An empty table that takes packets for assemblies from `pool`; nil when memory is short.
    public init?(pool: PacketPool, isShared: Bool = true, secret: HashSecret = .random()) {
        guard let lists = SlotPool(capacity: FragmentTable.capacity),
            let items = SlotPool(capacity: FragmentTable.capacity),
            let index = TagIndex(capacity: FragmentTable.capacity)
        else { return nil }
        let lock = UnsafeMutableRawPointer.allocate(byteCount: 64, alignment: 64)
        lock.initializeMemory(as: UInt8.self, repeating: 0, count: 64)
        state = .allocate(capacity: 1)
        state.initialize(
            to: FragmentTableState(
                lists: .allocate(capacity: FragmentTable.capacity),
                items: .allocate(capacity: FragmentTable.capacity), listSlots: lists,
                itemSlots: items, index: index, hash: KeyedHash(secret), lock: SpinLock(lock),
                pool: pool, isShared: isShared, oldest: FragmentTable.none,
                newest: FragmentTable.none))
    }

    /// Frees the table and every packet in it. No thread may use it any more.
    public func deallocate() {
        while let packet = takeExpired(now: UInt64.max) { state.pointee.pool.free(packet) }
        let table = state.pointee
        table.lists.deallocate()
        table.items.deallocate()
        table.listSlots.deallocate()
        table.itemSlots.deallocate()
        table.index.deallocate()
        table.hash.deallocate()
        table.lock.word.deallocate()
        state.deallocate()
    }

    /// Fragments held now.
    public var count: Int { state.pointee.itemSlots.usedCount }

    /// Fragments allowed, at most `capacity`.
    public var maxFragments: Int { state.pointee.maxFragments }
    /// `ipf-set-max-nfrags`; false when `limit` is more than `capacity`.
    @discardableResult
    public func setMaxFragments(_ limit: Int) -> Bool {
        guard limit >= 0, limit <= FragmentTable.capacity else { return false }
        state.pointee.maxFragments = limit
        return true
    }

    /// `ipf-set-enabled`, `ipf-set-disabled`: a family that is off has its fragments invalid.
    public func setEnabled(_ isEnabled: Bool, isIPv6: Bool) {
        if isIPv6 {
            state.pointee.isEnabledIPv6 = isEnabled
        } else {
            state.pointee.isEnabledIPv4 = isEnabled
        }
    }
    public func isEnabled(isIPv6: Bool) -> Bool {
        isIPv6 ? state.pointee.isEnabledIPv6 : state.pointee.isEnabledIPv4
    }

    /// `ipf-set-min-frag`: the least IP length of a fragment that is not the last; false when below
    /// 400.
    @discardableResult
    public func setMinSize(_ bytes: Int, isIPv6: Bool) -> Bool {
        guard bytes >= FragmentTable.sizeMinFloor else { return false }
        if isIPv6 {
            state.pointee.minSizeIPv6 = bytes
        } else {
            state.pointee.minSizeIPv4 = bytes
        }
        return true
    }
    public func minSize(isIPv6: Bool) -> Int {
        isIPv6 ? state.pointee.minSizeIPv6 : state.pointee.minSizeIPv4
    }

    public func counters(isIPv6: Bool) -> FragmentCounters {
        isIPv6 ? state.pointee.countersIPv6 : state.pointee.countersIPv4
    }

    /// Takes locks from now on, or no longer.
    ///
    /// **Owner**: the control room, while no thread is inside of the table.
    /// Of each datagram that has fragments here, the oldest first. The table must be at rest.
    public var datagrams: [FragmentedDatagram] {
        var found: [FragmentedDatagram] = []
        var list = state.pointee.oldest
        while list != Self.none {
            let entry = state.pointee.lists[Int(list)]
            found.append(
                FragmentedDatagram(
                    key: entry.key, count: Int(entry.count),
                    hasFirst: entry.first != Self.none
                        && state.pointee.items[Int(entry.first)].start == 0,
                    hasLast: entry.hasLast, isComplete: entry.isComplete))
            list = entry.newer
        }
        return found
    }

    public func setShared(_ isShared: Bool) { state.pointee.isShared = isShared }

    func lockTable() {
        if state.pointee.isShared { state.pointee.lock.lock() }
    }
    func unlockTable() {
        if state.pointee.isShared { state.pointee.lock.unlock() }
    }

    func count(_ isIPv6: Bool, _ event: FragmentEvent) {
        if isIPv6 {
            state.pointee.countersIPv6.add(event)
        } else {
            state.pointee.countersIPv4.add(event)
        }
    }
}

enum FragmentEvent {
    case accepted, completed, expired, tooSmall, overlapping, purged
}

extension FragmentCounters {
    mutating func add(_ event: FragmentEvent) {
        switch event {
        case .accepted: accepted &+= 1
        case .completed: completed &+= 1
        case .expired: expired &+= 1
        case .tooSmall: tooSmall &+= 1
        case .overlapping: overlapping &+= 1
        case .purged: purged &+= 1
        }
    }
}

/// What a `FragmentTable` points to.
public struct FragmentTableState {
    var lists: UnsafeMutablePointer<FragmentList>
    var items: UnsafeMutablePointer<Fragment>
    var listSlots: SlotPool
    var itemSlots: SlotPool
    var index: TagIndex
    var hash: KeyedHash
    var lock: SpinLock
    var pool: PacketPool
    var isShared: Bool
    /// Lists in order of age.
    var oldest: UInt32
    var newest: UInt32
    var maxFragments = 1000
    var minSizeIPv4 = 1200
    var minSizeIPv6 = 1280
    var isEnabledIPv4 = true
    var isEnabledIPv6 = true
    var countersIPv4 = FragmentCounters()
    var countersIPv6 = FragmentCounters()
}

/// One fragment: bytes `start` to `end`, exclusive, of its datagram's payload.
struct Fragment {
    var packet: PacketBuffer
    var start: Int32
    var end: Int32
    var next: UInt32
    /// Bytes of headers from the IP header to the fragment's payload.
    var headerBytes: UInt32
}

/// What the fragments of one datagram have in common.
public struct FragmentKey: Equatable, Sendable {
    public var source: ConntrackAddress
    public var destination: ConntrackAddress
    public var context: UInt64
    public var identification: UInt32
    public var zone: UInt16
    public var protocolNumber: UInt8
    public var isIPv6: Bool

    func hash(_ hash: KeyedHash) -> UInt64 {
        let words: InlineArray<6, UInt64> = [
            source.word0, source.word1, destination.word0, destination.word1, context,
            UInt64(identification) | UInt64(zone) << 32 | UInt64(protocolNumber) << 48
                | (isIPv6 ? 1 << 56 : 0),
        ]
        return words.span.withUnsafeBufferPointer {
            hash.hash(UnsafeRawPointer($0.baseAddress.unsafelyUnwrapped), words: 6)
        }
    }
}

/// What is held of one datagram.
public struct FragmentedDatagram: Sendable {
    public var key: FragmentKey
    public var count: Int
    public var hasFirst: Bool
    public var hasLast: Bool
    public var isComplete: Bool
}

/// The fragments of one datagram, in order of their place in it.
struct FragmentList {
    var key: FragmentKey
    var expiryMilliseconds: UInt64
    var first: UInt32
    var count: UInt32
    var older: UInt32
    var newer: UInt32
    var hasLast: Bool
    /// Judged: waits for its fragments to be taken, and no more are let in.
    var isComplete: Bool
    /// Payload bytes held.
    var byteCount: Int32
    /// Length of the datagram's payload, known from the last fragment.
    var endByte: Int32
}
