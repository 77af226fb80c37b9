// "There is no connection for this tuple" is also something a flow record may depend on. Every
// tuple hashes to a counter; making a connection or an expectation for it moves the counter on, and
// records that were judged without one are judged again. Strangers that share a counter only cost a
// judgement.

import Bounded
import CIntrinsics

/// Counters of arrivals by tuple hash.
///
/// **Shape**: 65,536 words. **Owner**: written under the table's lock, read by any thread.
@frozen public struct AbsenceTable: @unchecked Sendable {
    @inlinable public static var count: Int { 65_536 }
    public let generations: UnsafeMutablePointer<UInt32>

    public init() {
        generations = .allocate(capacity: AbsenceTable.count)
        generations.initialize(repeating: 1, count: AbsenceTable.count)
    }

    @inlinable @inline(always)
    public static func index(_ hash: UInt64) -> UInt32 {
        UInt32(truncatingIfNeeded: hash &>> 24) & 0xffff
    }

    /// Asks for the counter of a hash.
    @inlinable @inline(always)
    public func prefetch(_ hash: UInt64) {
        vd_prefetch(UnsafeRawPointer(generations + Int(AbsenceTable.index(hash))))
    }

    /// Something now exists for tuples with this hash.
    @inlinable @inline(always)
    public func arrive(_ hash: UInt64) {
        let place = generations + Int(AbsenceTable.index(hash))
        vd_store_release32(UnsafeMutableRawPointer(place), place.pointee &+ 1)
    }
}

extension ConntrackTable {
    /// What a record depends on that found no connection; nil where that cannot be said.
    public func absence(
        of verdict: UnsafePointer<ConntrackVerdict>
    ) -> (index: UInt32, generation: UInt32)? {
        guard let index = absenceIndex(verdict) else { return nil }
        return (index, verdict.pointee.generation)
    }

    private func absenceIndex(_ verdict: UnsafePointer<ConntrackVerdict>) -> UInt32? {
        guard verdict.pointee.connection == ConntrackVerdict.noConnection,
            verdict.pointee.state == ConntrackState.new | ConntrackState.tracked,
            verdict.pointee.original.protocolNumber != 0
        else { return nil }
        return AbsenceTable.index(
            verdict.pointee.absentSince != 0
                ? verdict.pointee.absentHash
                : verdict.pointee.original.hash(state.pointee.hash))
    }

    /// Notes the counter of a packet without connection. The lock of its lookup is still held: what
    /// another thread makes afterwards must show.
    func noteAbsence(_ verdict: UnsafeMutablePointer<ConntrackVerdict>) {
        guard let index = absenceIndex(verdict) else { return }
        verdict.pointee.generation = absenceGeneration(index)
    }

    /// The counter at `index` now.
    @inlinable @inline(always)
    public func absenceGeneration(_ index: UInt32) -> UInt32 {
        vd_load_relaxed32(
            UnsafeRawPointer(state.pointee.absences.generations + Int(index & 0xffff)))
    }
}
