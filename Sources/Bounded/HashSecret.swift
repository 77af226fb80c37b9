// The secret under which tables hash what tenants send. Drawn once per process or table, at start.

import Glibc

/// 32 secret bytes for `KeyedHash`.
@frozen public struct HashSecret: Sendable {
    public var word0: UInt64
    public var word1: UInt64
    public var word2: UInt64
    public var word3: UInt64

    /// A known secret, for tests and reproducible simulation alone.
    public init(_ word0: UInt64, _ word1: UInt64, _ word2: UInt64, _ word3: UInt64) {
        self.word0 = word0
        self.word1 = word1
        self.word2 = word2
        self.word3 = word3
    }

    /// A fresh secret from the kernel's random source.
    public static func random() -> HashSecret {
        var secret = HashSecret(0, 0, 0, 0)
        withUnsafeMutableBytes(of: &secret) { bytes in
            let status = getentropy(bytes.baseAddress.unsafelyUnwrapped, bytes.count)
            precondition(status == 0, "the kernel has no random source")
        }
        return secret
    }
}
