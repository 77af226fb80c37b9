// What a sender says about its packet's checksum and segmentation. A tenant may say anything, so
// the claim is held against the packet's own headers before the packet is let in: a checksum
// "completed" at an offset of the sender's choice would rewrite headers after they were judged.

/// The offload fields of a virtio-net header, still unchecked.
@frozen public struct OffloadClaim {
    public var needsChecksum: Bool
    public var gsoType: UInt8
    public var gsoSize: UInt16
    /// Offset from the packet's first byte.
    public var checksumStart: UInt16
    public var checksumOffset: UInt16

    @inlinable @inline(always)
    public init(
        needsChecksum: Bool, gsoType: UInt8, gsoSize: UInt16, checksumStart: UInt16,
        checksumOffset: UInt16
    ) {
        self.needsChecksum = needsChecksum
        self.gsoType = gsoType
        self.gsoSize = gsoSize
        self.checksumStart = checksumStart
        self.checksumOffset = checksumOffset
    }

    /// Segments that one super-packet may stand for: 64 KiB at TCP's least segment size.
    @inlinable public static var segmentsMax: Int { 1366 }
}

extension PacketBuffer {
    /// Takes over `claim`, or refuses it.
    ///
    /// A partial checksum of the packet's own TCP or UDP header is kept for the output to complete.
    /// One anywhere else is completed here, so that the bytes judged are the bytes sent.
    ///
    /// **Errors**: false when the claim does not fit the packet; it must be dropped.
    #if !DEBUG
        @_noAllocation
    #endif
    public func accept(_ claim: OffloadClaim) -> Bool {
        let gsoType = claim.gsoType & ~GSOType.ecnBit
        if !claim.needsChecksum && gsoType == GSOType.none { return claim.gsoType == GSOType.none }
        let scan = HeaderScan(self)
        if gsoType != GSOType.none {
            guard let scan, acceptSegmentation(claim, scan) else { return false }
            return true
        }
        let start = Int(truncatingIfNeeded: claim.checksumStart)
        let offset = Int(truncatingIfNeeded: claim.checksumOffset)
        guard start >= 14, start &+ offset &+ 2 <= length else { return false }
        checksumStart = start
        metadata.pointee.checksumOffset = claim.checksumOffset
        metadata.pointee.flags.add(.needsChecksum)
        if let scan, scan.l4 == start, scan.checksumOffset == offset {
            l3Offset = scan.l3
            l4Offset = scan.l4
            return true
        }
        return finishChecksum()
    }

    private func acceptSegmentation(_ claim: OffloadClaim, _ scan: HeaderScan) -> Bool {
        let fits: Bool
        switch claim.gsoType {
        case GSOType.tcp4, GSOType.tcp4 | GSOType.ecnBit: fits = scan.isTCP && !scan.isIPv6
        case GSOType.tcp6, GSOType.tcp6 | GSOType.ecnBit: fits = scan.isTCP && scan.isIPv6
        case GSOType.udpL4: fits = !scan.isTCP
        default: fits = false
        }
        guard fits else { return false }
        if claim.needsChecksum {
            guard Int(truncatingIfNeeded: claim.checksumStart) == scan.l4,
                Int(truncatingIfNeeded: claim.checksumOffset) == scan.checksumOffset
            else { return false }
        }
        let payloadBytes = scan.l4 &+ scan.l4Bytes &- scan.payload
        let segmentBytes = Int(truncatingIfNeeded: claim.gsoSize)
        guard segmentBytes > 0, payloadBytes <= segmentBytes &* OffloadClaim.segmentsMax
        else { return false }
        l3Offset = scan.l3
        l4Offset = scan.l4
        checksumStart = scan.l4
        metadata.pointee.checksumOffset = UInt16(truncatingIfNeeded: scan.checksumOffset)
        metadata.pointee.flags.add(.needsChecksum)
        if payloadBytes > segmentBytes {
            metadata.pointee.gsoType = claim.gsoType
            metadata.pointee.gsoSize = claim.gsoSize
            metadata.pointee.headerLength = UInt16(truncatingIfNeeded: scan.payload)
        }
        return true
    }
}
