// Memory for what poll threads read of rules: whole cache lines packed into large pages, so that
// ten thousand rules lie in a few megabytes that few entries of the TLB cover.

import Bounded
import Synchronization

/// Blocks of cache lines.
///
/// **Owner**: the control room takes and gives back; a lock guards it. Chunks are never returned to
/// the system, blocks of one size serve again.
enum RuleMemory {
    /// Larger blocks come from the heap.
    static let largest = 4096
    private static let chunkBytes = 8 << 20

    private struct State: ~Copyable {
        var next: UnsafeMutableRawPointer?
        var left = 0
        /// The first free block of each size, which points to the next.
        var free = [UnsafeMutableRawPointer?](repeating: nil, count: largest / 64 + 1)
    }
    private static let state = Mutex(State())

    /// A block of at least `byteCount` bytes, uninitialized, at the begin of a cache line.
    static func allocate(byteCount: Int) -> UnsafeMutableRawPointer {
        let lines = (max(byteCount, 1) + 63) / 64
        guard lines * 64 <= largest else {
            return .allocate(byteCount: lines * 64, alignment: 64)
        }
        let block = state.withLock { state -> UInt in
            if let block = state.free[lines] {
                state.free[lines] = block.load(as: UnsafeMutableRawPointer?.self)
                return UInt(bitPattern: block)
            }
            if state.left < lines * 64 {
                guard let chunk = MappedMemory.reserve(byteCount: chunkBytes) else { return 0 }
                state.next = chunk.base
                state.left = chunk.byteCount
            }
            let block = state.next
            state.next = block.map { $0 + lines * 64 }
            state.left -= lines * 64
            return UInt(bitPattern: block)
        }
        guard let block = UnsafeMutableRawPointer(bitPattern: block) else {
            fatalError("out of memory for rules")
        }
        return block
    }

    /// Gives back a block of `allocate(byteCount:)` with the same number.
    static func free(_ block: UnsafeMutableRawPointer, byteCount: Int) {
        let lines = (max(byteCount, 1) + 63) / 64
        guard lines * 64 <= largest else { return block.deallocate() }
        let address = UInt(bitPattern: block)
        state.withLock { state in
            guard let block = UnsafeMutableRawPointer(bitPattern: address) else { return }
            block.storeBytes(of: state.free[lines], as: UnsafeMutableRawPointer?.self)
            state.free[lines] = block
        }
    }
}
