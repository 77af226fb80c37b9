// The ring that carries events of variable size from a poll thread to the control room: one writer,
// one reader, bounded; an event that does not fit is refused and counted.

import CIntrinsics

/// A single-producer single-consumer ring of byte records.
///
/// **Shape**: `byteCount` bytes (a power of two); each record is a length word and its bytes,
/// padded to 8; a record never wraps, a filler skips to the start.
/// **Owner**: the poll thread writes, the control room reads.
@frozen public struct EventRing: @unchecked Sendable {
    /// Head (read) at 0, tail (written) at 64, refusals at 128; data from 192.
    let base: UnsafeMutableRawPointer
    let mask: UInt64

    public init(byteCount: Int = 1 << 22) {
        var size = 4096
        while size < byteCount { size *= 2 }
        base = .allocate(byteCount: size + 192, alignment: 64)
        base.initializeMemory(as: UInt8.self, repeating: 0, count: 192)
        mask = UInt64(size - 1)
    }

    /// Events that did not fit.
    public var refused: UInt64 { vd_load_relaxed64(base + 128) }

    /// Room for a record of `count` bytes, or nil; fill it, then `commit(count)`.
    public func reserve(_ count: Int) -> UnsafeMutableRawPointer? {
        let need = UInt64((count &+ 8 &+ 7) & ~7)
        let size = mask &+ 1
        let head = vd_load_acquire64(base)
        var tail = vd_load_relaxed64(base + 64)
        let offset = tail & mask
        let skip = offset &+ need > size ? size &- offset : 0
        guard need <= size / 2, tail &+ skip &+ need &- head <= size else {
            vd_store_relaxed64(base + 128, refused &+ 1)
            return nil
        }
        if skip != 0 {
            (base + 192 + Int(offset)).storeBytes(of: UInt64.max, as: UInt64.self)
            tail &+= skip
            vd_store_release64(base + 64, tail)
        }
        return base + 192 + Int(tail & mask) + 8
    }

    /// Publishes the record that `reserve` gave room for.
    public func commit(_ count: Int) {
        let tail = vd_load_relaxed64(base + 64)
        (base + 192 + Int(tail & mask)).storeBytes(of: UInt64(count), as: UInt64.self)
        vd_store_release64(base + 64, tail &+ UInt64((count &+ 8 &+ 7) & ~7))
    }

    /// Whether a record waits.
    public var isEmpty: Bool { vd_load_acquire64(base + 64) == vd_load_relaxed64(base) }

    /// Takes the next record; the bytes are valid within `body` only. False if there is none.
    public func consume(_ body: (UnsafeRawBufferPointer) -> Void) -> Bool {
        while true {
            let head = vd_load_relaxed64(base)
            guard head != vd_load_acquire64(base + 64) else { return false }
            let place = base + 192 + Int(head & mask)
            let count = place.load(as: UInt64.self)
            if count == .max {
                vd_store_release64(base, head &+ (mask &+ 1 &- head & mask))
                continue
            }
            body(UnsafeRawBufferPointer(start: place + 8, count: Int(count)))
            vd_store_release64(base, head &+ ((count &+ 15) & ~7))
            return true
        }
    }
}
