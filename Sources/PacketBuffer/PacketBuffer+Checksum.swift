// Completing partial L4 checksums in software, and making them ready for a device that completes
// them. While `PacketFlags.needsChecksum` is set nobody needs to keep the L4 checksum field in step
// with rewritten addresses or ports: both functions here start again from the headers as they are
// now.

extension PacketBuffer {
    /// Computes the L4 checksum of a packet that still needs it; for outputs that cannot.
    ///
    /// **Errors**: false, and the packet unchanged, for a super-packet (segment it first) and where
    /// the claimed field lies outside of the packet.
    /// **Cost**: reads the whole packet once.
    #if !DEBUG
        @_noAllocation
    #endif
    @discardableResult
    public func finishChecksum() -> Bool {
        guard needsChecksum else { return true }
        let start = checksumStart
        let field = start &+ Int(truncatingIfNeeded: metadata.pointee.checksumOffset)
        let bytes = length
        guard !isSuperPacket, start >= 14, field &+ 2 <= bytes else { return false }
        let first = data
        var sum: UInt64
        if let scan = HeaderScan(self), scan.l4 == start, scan.checksumOffset == field &- start {
            first.storeBytes(of: 0, toByteOffset: field, as: UInt16.self)
            sum = scan.pseudoSum(first, l4Bytes: scan.l4Bytes)
            sum = InternetSum.add(first + start, count: scan.l4Bytes, to: sum)
        } else {
            // An inner packet: the field already holds the pseudo-header's sum.
            sum = InternetSum.add(first + start, count: bytes &- start, to: 0)
        }
        first.storeBytes(of: InternetSum.checksum(sum), toByteOffset: field, as: UInt16.self)
        metadata.pointee.flags.clear(.needsChecksum)
        metadata.pointee.flags.add(.checksumValid)
        return true
    }

    /// Writes the pseudo-header's sum of the headers as they are now, for an output that completes
    /// the checksum itself.
    @inlinable
    public func refreshPartialChecksum(_ scan: HeaderScan) {
        let first = data
        let sum = scan.pseudoSum(first, l4Bytes: scan.l4Bytes)
        first.storeBytes(
            of: InternetSum.fold(sum), toByteOffset: scan.l4 &+ scan.checksumOffset,
            as: UInt16.self)
    }
}
