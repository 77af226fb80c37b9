// A keyed hash over 64-bit words by folded 64 x 64 -> 128 bit multiplications, both factors masked
// by the secret. Tables that a tenant can fill use it, so that nobody can aim packets at one
// bucket.

/// Hashes words of memory under a secret.
///
/// **Shape**: a pointer to the 32 secret bytes. **Owner**: whoever created it; copies share the
/// secret.
/// **Cost**: about 5 cycles for two words and 5 at the end.
@frozen public struct KeyedHash: @unchecked Sendable {
    public let secret: UnsafePointer<HashSecret>

    /// Keeps a copy of `secret`, until `deallocate`.
    public init(_ secret: HashSecret) {
        let memory = UnsafeMutableRawPointer.allocate(byteCount: 64, alignment: 64)
            .bindMemory(to: HashSecret.self, capacity: 1)
        memory.initialize(to: secret)
        self.secret = UnsafePointer(memory)
    }

    public func deallocate() { secret.deallocate() }

    /// The hash of `words` 64-bit words at `data`, which need no alignment.
    @inlinable @inline(always)
    public func hash(_ data: UnsafeRawPointer, words: Int) -> UInt64 {
        let key = secret.pointee
        var state = key.word0 ^ UInt64(truncatingIfNeeded: words)
        var offset = 0
        var left = words
        while left >= 2 {
            let first = data.loadUnaligned(fromByteOffset: offset, as: UInt64.self)
            let second = data.loadUnaligned(fromByteOffset: offset &+ 8, as: UInt64.self)
            state = KeyedHash.fold(first ^ key.word1 ^ state, second ^ key.word2) &+ state
            offset &+= 16
            left &-= 2
        }
        if left > 0 {
            let last = data.loadUnaligned(fromByteOffset: offset, as: UInt64.self)
            state = KeyedHash.fold(last ^ key.word1 ^ state, key.word2) &+ state
        }
        return KeyedHash.fold(state ^ key.word3, key.word0 | 1)
            ^ (state &>> 29)
    }

    /// The hash of one number.
    @inlinable @inline(always)
    public func hash(_ value: UInt64) -> UInt64 {
        let key = secret.pointee
        let state = KeyedHash.fold(value ^ key.word1, key.word2)
        return KeyedHash.fold(state ^ key.word3, key.word0 | 1) ^ (state &>> 29)
    }

    @inlinable @inline(always)
    static func fold(_ first: UInt64, _ second: UInt64) -> UInt64 {
        let product = first.multipliedFullWidth(by: second)
        return product.high ^ product.low
    }
}
