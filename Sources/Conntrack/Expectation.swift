// Connections that helpers have announced: a data connection of FTP, the answer of a TFTP server.
// Known by all but the source port; remembered until the control connection ends. The table is
// bounded, and so is what one control connection may announce: its oldest expectation gives way.

import Bounded

/// A connection to come.
@frozen public struct Expectation: Sendable {
    /// With source port zero, which stands for any.
    public var tuple: ConntrackTuple
    /// The original tuple of the control connection.
    public var parent: ConntrackTuple
    public var replacement: ConntrackAddress
    public var labelHigh: UInt64
    public var labelLow: UInt64
    public var mark: UInt32
    /// Index of the control connection.
    public var parentIndex: UInt32
    /// Under NAT the replacement becomes the reply's destination, else its source.
    public var rewritesDestination: Bool
    public var isUsed: Bool
    public var next: UInt32
    public var previous: UInt32
}

/// All expectations.
///
/// **Owner**: the lock of the connection table. **Cost**: O(1), removal O(expectations of the
/// parent).
@frozen public struct ExpectationTable: @unchecked Sendable {
    static var none: UInt32 { UInt32.max }
    /// What one control connection may have announced at a time.
    public static var perParentMax: Int { 64 }

    public let items: UnsafeMutablePointer<Expectation>
    public let slots: SlotPool
    public let index: TagIndex
    /// List heads by parent, `bucketCount` of them.
    public let chains: UnsafeMutablePointer<UInt32>
    public let bucketMask: UInt32

    init?(capacity: Int) {
        guard let slots = SlotPool(capacity: capacity), let index = TagIndex(capacity: capacity)
        else { return nil }
        self.slots = slots
        self.index = index
        items = .allocate(capacity: capacity)
        let buckets = Int.powerOfTwo(atLeast: capacity)
        chains = .allocate(capacity: buckets)
        chains.initialize(repeating: ExpectationTable.none, count: buckets)
        bucketMask = UInt32(buckets - 1)
    }

    func deallocate() {
        items.deallocate()
        chains.deallocate()
        slots.deallocate()
        index.deallocate()
    }

    public var count: Int { slots.usedCount }

    /// The expectation that a packet with `tuple` meets. It stays readable while the lock is held
    /// and none is added.
    func find(_ tuple: ConntrackTuple, _ hash: KeyedHash) -> UnsafePointer<Expectation>? {
        guard slots.usedCount > 0 else { return nil }
        var wanted = tuple
        wanted.sourcePort = 0
        let found = index.find(wanted.hash(hash)) { items[Int($0)].tuple == wanted }
        return found.map { UnsafePointer(items + Int($0)) }
    }

    /// Adds an expectation; one that is already there stays. False when the table is full.
    @discardableResult
    func add(_ expectation: Expectation, _ hash: KeyedHash) -> Bool {
        if find(expectation.tuple, hash) != nil { return true }
        makeRoom(parent: expectation.parentIndex, hash)
        guard let slot = slots.take() else { return false }
        guard index.insert(expectation.tuple.hash(hash), value: slot) else {
            slots.give(slot)
            return false
        }
        let chain = Int(expectation.parentIndex & bucketMask)
        let head = chains[chain]
        items[Int(slot)] = expectation
        items[Int(slot)].isUsed = true
        items[Int(slot)].next = head
        items[Int(slot)].previous = ExpectationTable.none
        if head != ExpectationTable.none { items[Int(head)].previous = slot }
        chains[chain] = slot
        return true
    }

    /// Removes the oldest expectation of a parent that has as many as it may.
    private func makeRoom(parent: UInt32, _ hash: KeyedHash) {
        var count = 0
        var oldest = ExpectationTable.none
        var slot = chains[Int(parent & bucketMask)]
        while slot != ExpectationTable.none {
            if items[Int(slot)].parentIndex == parent {
                count += 1
                oldest = slot
            }
            slot = items[Int(slot)].next
        }
        if count >= ExpectationTable.perParentMax { remove(oldest, hash) }
    }

    /// Forgets what a control connection announced.
    func removeAll(parent: UInt32, _ hash: KeyedHash) {
        var slot = chains[Int(parent & bucketMask)]
        while slot != ExpectationTable.none {
            let next = items[Int(slot)].next
            if items[Int(slot)].parentIndex == parent { remove(slot, hash) }
            slot = next
        }
    }

    private func remove(_ slot: UInt32, _ hash: KeyedHash) {
        let item = items[Int(slot)]
        index.remove(item.tuple.hash(hash), value: slot)
        if item.previous == ExpectationTable.none {
            chains[Int(item.parentIndex & bucketMask)] = item.next
        } else {
            items[Int(item.previous)].next = item.next
        }
        if item.next != ExpectationTable.none { items[Int(item.next)].previous = item.previous }
        items[Int(slot)].isUsed = false
        slots.give(slot)
    }
}
