// A group's memory on the engine's side, and the list of all groups that a bridge publishes. Both
// are immutable but for the counters and are replaced as a whole.

import Flow
import OpenFlow
import Pipeline

/// Owns one compiled group.
///
/// **Owner**: the control loop, until a grace period after the group was taken off the list.
final class CompiledGroup {
    let group: UnsafeMutablePointer<Group>
    let learnHandles: [UInt64]
    private let buckets: UnsafeMutablePointer<GroupBucket>
    private let programs: [Program]
    private let hashWords: UnsafeMutablePointer<MatchWord>?

    init(_ source: GroupDescription, resolver: any ActionResolver) {
        let count = source.buckets.count
        buckets = .allocate(capacity: max(count, 1))
        var programs: [Program] = []
        var handles: [UInt64] = []
        for (index, bucket) in source.buckets.enumerated() {
            let compiled = ActionCompiler.compile(
                ActionSet.executionOrder(of: bucket.actions), resolver: resolver)
            programs.append(compiled.program)
            handles += compiled.learnHandles
            var block = GroupBucket(
                instructions: compiled.program.instructions,
                instructionCount: compiled.program.count)
            block.weight = bucket.weight
            block.bucketID = bucket.id
            block.watchPort = bucket.watchPort
            block.watchGroup = bucket.watchGroup
            (buckets + index).initialize(to: block)
        }
        self.programs = programs
        learnHandles = handles
        var block = Group(
            id: source.groupID, kind: GroupKind(rawValue: source.type.rawValue) ?? .all,
            buckets: buckets, bucketCount: count)
        hashWords = CompiledGroup.hash(source.selectionMethod, into: &block)
        group = .allocate(capacity: 1)
        group.initialize(to: block)
    }

    /// Fills in how a select group picks a bucket.
    private static func hash(
        _ method: SelectionMethod?, into group: inout Group
    ) -> UnsafeMutablePointer<MatchWord>? {
        guard let method else { return nil }
        group.methodParameter = method.parameter
        switch method.kind {
        case .datapathHash:
            group.method = 2
            return nil
        case .hash:
            group.method = 1
            var match = FlowMatch()
            for field in method.fields {
                match.set(field.field.info.location, value: field.mask, mask: field.mask)
            }
            let words = UnsafeMutablePointer<MatchWord>.allocate(
                capacity: max(match.words.count, 1))
            for (index, word) in match.words.enumerated() {
                (words + index).initialize(to: word)
            }
            group.hashWords = words
            group.hashWordCount = match.words.count
            return words
        }
    }

    /// Paths that still credit the group.
    var isReferenced: Bool { group.pointee.pathReferences != 0 }

    deinit {
        buckets.deallocate()
        hashWords?.deallocate()
        group.deallocate()
    }
}

/// The published list of a bridge's groups.
///
/// **Owner**: the control loop, until a grace period after it was replaced.
final class CompiledGroupList {
    let list: UnsafeMutablePointer<GroupList>
    private let pointers: UnsafeMutablePointer<UnsafeMutablePointer<Group>>

    /// - Parameter groups: in any order.
    init(_ groups: [CompiledGroup]) {
        let sorted = groups.map(\.group).sorted { $0.pointee.id < $1.pointee.id }
        pointers = .allocate(capacity: max(sorted.count, 1))
        for (index, group) in sorted.enumerated() { (pointers + index).initialize(to: group) }
        list = .allocate(capacity: 1)
        list.initialize(to: GroupList(count: sorted.count, groups: pointers))
    }

    deinit {
        pointers.deallocate()
        list.deallocate()
    }
}
