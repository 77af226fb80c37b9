// A group as OpenFlow sees it, and how its buckets change.

import Flow
import OpenFlow

/// One OpenFlow group.
///
/// **Owner**: the control loop. Never changed: modifying a group makes a new one.
public final class OFGroup {
    public let description: GroupDescription
    public let created: UInt64
    let compiled: CompiledGroup

    public var id: UInt32 { description.groupID }

    init(_ description: GroupDescription, created: UInt64, resolver: any ActionResolver) {
        self.description = description
        self.created = created
        compiled = CompiledGroup(description, resolver: resolver)
    }

    /// The counters of each bucket.
    public var bucketCounters: [(packets: UInt64, bytes: UInt64)] {
        (0..<compiled.group.pointee.bucketCount).map {
            let bucket = compiled.group.pointee.buckets[$0]
            return (bucket.packetCount, bucket.byteCount)
        }
    }
    public var packetCount: UInt64 { compiled.group.pointee.packetCount }
    public var byteCount: UInt64 { compiled.group.pointee.byteCount }
}

extension GroupDescription {
    /// The group with the buckets of `mod` put in where it says.
    ///
    /// **Errors**: OFPGMFC_UNKNOWN_BUCKET, OFPGMFC_BUCKET_EXISTS.
    func inserting(_ mod: GroupMod) throws(OpenFlowError) -> GroupDescription {
        var result = self
        let place: Int
        switch mod.commandBucketID {
        case BucketID.first: place = 0
        case BucketID.last: place = buckets.count
        default:
            if mod.commandBucketID > BucketID.max {
                place = 0
            } else if let index = buckets.firstIndex(where: { $0.id == mod.commandBucketID }) {
                place = index + 1
            } else {
                throw OpenFlowError(.ofpgmfcUnknownBucket)
            }
        }
        result.buckets.insert(contentsOf: mod.buckets, at: place)
        guard Set(result.buckets.map(\.id)).count == result.buckets.count else {
            throw OpenFlowError(.ofpgmfcBucketExists)
        }
        return result
    }

    /// The group without the bucket that `mod` names.
    ///
    /// **Errors**: OFPGMFC_UNKNOWN_BUCKET.
    func removing(_ mod: GroupMod) throws(OpenFlowError) -> GroupDescription {
        var result = self
        switch mod.commandBucketID {
        case BucketID.all: result.buckets = []
        case BucketID.first: if !buckets.isEmpty { result.buckets.removeFirst() }
        case BucketID.last: if !buckets.isEmpty { result.buckets.removeLast() }
        default:
            guard let index = buckets.firstIndex(where: { $0.id == mod.commandBucketID }) else {
                throw OpenFlowError(.ofpgmfcUnknownBucket)
            }
            result.buckets.remove(at: index)
        }
        return result
    }
}
