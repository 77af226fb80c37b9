// Groups: change, description, statistics and features.

import Flow

/// Group numbers with a meaning of their own (OFPG_*).
public enum GroupID {
    public static let max: UInt32 = 0xffff_ff00
    public static let all: UInt32 = 0xffff_fffc
    public static let any: UInt32 = 0xffff_ffff
}

/// Bucket numbers with a meaning of their own (OFPG_BUCKET_*).
public enum BucketID {
    public static let max: UInt32 = 0xffff_ff00
    public static let first: UInt32 = 0xffff_fffd
    public static let last: UInt32 = 0xffff_fffe
    public static let all: UInt32 = 0xffff_ffff
}

/// OFPGT_*.
public enum GroupType: UInt8, CaseIterable, Hashable, Sendable {
    case all = 0
    case select = 1
    case indirect = 2
    case fastFailover = 3
}

/// One bucket of a group.
public struct Bucket: Hashable, Sendable {
    public var id: UInt32
    public var weight: UInt16 = 0
    /// `ReservedPort.any` for none.
    public var watchPort: UInt32 = ReservedPort.any
    /// `GroupID.any` for none.
    public var watchGroup: UInt32 = GroupID.any
    public var actions: [Action] = []
    public init(id: UInt32, actions: [Action] = []) {
        self.id = id
        self.actions = actions
    }
    /// Whether it watches a port or group.
    public var watches: Bool { watchPort != ReservedPort.any || watchGroup != GroupID.any }
}

/// How a select group picks a bucket (Netronome's extension); OpenFlow 1.0 and 1.5.
public struct SelectionMethod: Hashable, Sendable {
    public enum Kind: String, Hashable, Sendable {
        case hash
        case datapathHash = "dp_hash"
    }
    /// A field that the hash covers, in the bits of `mask`.
    public struct HashedField: Hashable, Sendable {
        public var field: Field
        public var mask: FieldValue
        public init(field: Field, mask: FieldValue) {
            self.field = field
            self.mask = mask
        }
    }
    public var kind: Kind
    public var parameter: UInt64 = 0
    /// With `hash` only; empty for all the packet's fields.
    public var fields: [HashedField] = []
    public init(_ kind: Kind) { self.kind = kind }
}

/// OFPGC_*.
public enum GroupModCommand: UInt16, Hashable, Sendable {
    case add = 0
    case modify = 1
    case delete = 2
    case insertBucket = 3
    case removeBucket = 5
    case addOrModify = 0x8000
}

/// OFPT_GROUP_MOD and NXT_GROUP_MOD.
public struct GroupMod: Hashable, Sendable {
    public var command: GroupModCommand
    public var type: GroupType
    public var groupID: UInt32
    /// Where `insertBucket` and `removeBucket` act.
    public var commandBucketID: UInt32 = BucketID.all
    public var buckets: [Bucket] = []
    public var selectionMethod: SelectionMethod?
    public init(_ command: GroupModCommand, type: GroupType, groupID: UInt32) {
        self.command = command
        self.type = type
        self.groupID = groupID
    }
}

/// One group of a group description reply.
public struct GroupDescription: Hashable, Sendable {
    public var type: GroupType
    public var groupID: UInt32
    public var buckets: [Bucket] = []
    public var selectionMethod: SelectionMethod?
    public init(type: GroupType, groupID: UInt32) {
        self.type = type
        self.groupID = groupID
    }
}

/// One group of a group statistics reply. All ones where unknown.
public struct GroupStats: Hashable, Sendable {
    /// One bucket's counters.
    public struct BucketCounter: Hashable, Sendable {
        public var packetCount: UInt64
        public var byteCount: UInt64
        public init(packetCount: UInt64, byteCount: UInt64) {
            self.packetCount = packetCount
            self.byteCount = byteCount
        }
    }
    public var groupID: UInt32
    public var referenceCount: UInt32 = 0
    public var packetCount: UInt64 = 0
    public var byteCount: UInt64 = 0
    /// Not in OpenFlow 1.1 and 1.2.
    public var durationSeconds: UInt32 = 0
    public var durationNanoseconds: UInt32 = 0
    public var buckets: [BucketCounter] = []
    public init(groupID: UInt32) { self.groupID = groupID }
}

/// What groups the switch can make.
public struct GroupFeatures: Hashable, Sendable {
    /// Bit n: group type n.
    public var types: UInt32 = 0xf
    /// OFPGFC_*: weight 1, liveness 2, chaining 4, checks 8.
    public var capabilities: UInt32 = 0x7
    /// By group type.
    public var maxGroups: [UInt32] = Array(repeating: GroupID.max, count: 4)
    /// By group type, bit n for action type n of the connection's version; nil for all that
    /// the version has.
    public var actions: [UInt32]?
    public init() {}
}
