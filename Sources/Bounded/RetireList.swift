// What the control room wants to free once no poll thread can hold it any more: a bounded first-in
// first-out list of words (pointers or record numbers) with the epoch each must wait for.

/// A queue of retired words, freed in order when their epoch has passed.
///
/// **Owner**: one control thread.
@frozen public struct RetireList: @unchecked Sendable {
    @frozen public struct Item {
        public var epoch: UInt64
        public var word: UInt64
    }
    @frozen public struct State {
        public var head: Int
        public var count: Int
    }
    public let domain: EpochDomain
    public let items: UnsafeMutablePointer<Item>
    public let state: UnsafeMutablePointer<State>
    public let capacity: Int

    /// A list of at most `capacity` words waiting on `domain`.
    public init(capacity: Int, domain: EpochDomain) {
        precondition(capacity > 0)
        self.capacity = capacity
        self.domain = domain
        items = .allocate(capacity: capacity)
        state = .allocate(capacity: 1)
        state.initialize(to: State(head: 0, count: 0))
    }

    public func deallocate() {
        items.deallocate()
        state.deallocate()
    }

    public var count: Int { state.pointee.count }

    /// Queues `word`, which new readers can no longer find; false when the list is full (reclaim
    /// first).
    public func retire(_ word: UInt64) -> Bool {
        guard state.pointee.count < capacity else { return false }
        let at = (state.pointee.head + state.pointee.count) % capacity
        items[at] = Item(epoch: domain.advance(), word: word)
        state.pointee.count += 1
        return true
    }

    /// Hands every word whose epoch has passed to `free`, oldest first, and returns how many there
    /// were.
    @discardableResult
    public func reclaim(_ free: (UInt64) -> Void) -> Int {
        var freed = 0
        while state.pointee.count > 0 {
            let item = items[state.pointee.head]
            guard domain.hasPassed(item.epoch) else { break }
            state.pointee.head = (state.pointee.head + 1) % capacity
            state.pointee.count -= 1
            free(item.word)
            freed += 1
        }
        return freed
    }
}
