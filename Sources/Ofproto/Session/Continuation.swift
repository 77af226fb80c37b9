// What a controller keeps for the switch while a packet is paused. A value.

import OpenFlow

/// Names a packet that waits in the engine, so that no other bridge or forger can.
///
/// **Shape**: eight bytes that only this bridge knows, the engine's handle (8 bytes).
struct Continuation {
    let key: [UInt8]
    let handle: UInt64

    static let keyByteCount = 8

    init(key: [UInt8], handle: UInt64) {
        self.key = key
        self.handle = handle
    }

    /// From what a controller sent back.
    init?(_ bytes: [UInt8]) {
        guard let token = PausedPipeline.token(in: bytes) else { return nil }
        key = Array(token.prefix(Continuation.keyByteCount))
        handle = token.dropFirst(Continuation.keyByteCount).reduce(0) { $0 << 8 | UInt64($1) }
    }

    var token: [UInt8] {
        key + (0..<8).map { UInt8(truncatingIfNeeded: handle >> UInt64(56 - 8 * $0)) }
    }
}
