// The TCP options that a tracker cares for, in one bounded walk.

/// What the options of a TCP header say.
///
/// **Source**: RFC 9293 (MSS), RFC 7323 (window scale, timestamps), RFC 2018 (SACK).
@frozen public struct TCPOptions: Sendable {
    /// The shift of the window scale option, at most 14; meaningful with `hasWindowScale`.
    public var windowScale: UInt8 = 0
    public var hasWindowScale = false
    public var isSACKPermitted = false
    public var hasTimestamp = false
    public var maximumSegment: UInt16 = 0
    /// Highest right edge among the SACK blocks; meaningful with `sackBlockCount` over zero.
    public var sackRightEdge: UInt32 = 0
    public var sackBlockCount: UInt8 = 0

    /// Parses the options of `header`. A malformed option ends the walk.
    @inlinable
    public init(_ header: TCPHeader) {
        let end = header.headerBytes
        var at = 20
        while at < end {
            let kind = header.base.network8(at: at)
            if kind == 0 { return }
            if kind == 1 {
                at &+= 1
                continue
            }
            guard at &+ 1 < end else { return }
            let size = Int(header.base.network8(at: at &+ 1))
            guard size >= 2, at &+ size <= end else { return }
            take(kind, size: size, header.base + at)
            at &+= size
        }
    }

    @inlinable
    mutating func take(_ kind: UInt8, size: Int, _ option: UnsafeRawPointer) {
        switch kind {
        case 2 where size == 4:
            maximumSegment = option.network16(at: 2)
        case 3 where size == 3:
            hasWindowScale = true
            let shift = option.network8(at: 2)
            windowScale = shift > 14 ? 14 : shift
        case 4 where size == 2:
            isSACKPermitted = true
        case 5:
            var block = 2
            while block &+ 8 <= size {
                let edge = option.network32(at: block &+ 4)
                if sackBlockCount == 0 || Int32(bitPattern: edge &- sackRightEdge) > 0 {
                    sackRightEdge = edge
                }
                sackBlockCount &+= 1
                block &+= 8
            }
        case 8 where size == 10:
            hasTimestamp = true
        default:
            break
        }
    }
}
