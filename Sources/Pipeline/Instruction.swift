// The compiled form of OpenFlow actions: a flat array of fixed-size instructions, with operands of
// the larger ones in blocks that the same program owns. Made by Ofproto, run by the interpreter.

import Flow

/// What one instruction does; the operands are those of `Instruction`.
@frozen public enum Opcode: UInt8, Sendable {
    /// Port `c`, packet-in length `b` where the port is CONTROLLER.
    case output
    /// Port `c`, at most `x` bytes.
    case outputTruncated
    /// The port number is in bits `x`.
    case outputRegister
    /// `x` points to `ControllerOperands`.
    case controller
    /// Port `c`, queue `x`.
    case enqueue
    /// `x` points to `BundleOperands`.
    case bundle
    /// Group `c`.
    case group
    /// Key word `a` := word & ~y | x, if guard `b` holds.
    case setWord
    /// VLAN id `b`, pushed if there is none and `a` is 1.
    case setVLANVID
    /// VLAN priority `b`, pushed if there is none and `a` is 1.
    case setVLANPCP
    case stripVLAN
    /// TPID `b`.
    case pushVLAN
    /// Bits `x` := bits `y`, if guards `a` (target) and `b` (source) hold.
    case move
    /// Bits `x`.
    case stackPush
    /// Bits `x`, if guard `b` holds.
    case stackPop
    /// Controllers: `x` holds up to four 16-bit ids, `c` their number.
    case decrementTTL
    case decrementMPLSTTL
    /// Bits `y` of the outer label stack entry := `x`.
    case setMPLS
    /// Ethertype `b`.
    case pushMPLS
    /// Ethertype `b`.
    case popMPLS
    /// Queue `c`.
    case setQueue
    case popQueue
    /// Idle `a`… as `x` idle seconds, `y` hard seconds.
    case finTimeout
    /// Port `c` (OFPP_IN_PORT keeps), table `a` (255: this one), `b` 1 with the conntrack tuple.
    case resubmit
    /// `x` points to `LearnOperands`.
    case learn
    /// Does nothing by itself.
    case conjunction
    /// `x` points to `MultipathOperands`.
    case multipath
    case exit
    /// `x` points to `ConntrackOperands`.
    case ct
    case ctClear
    /// `x` points to `c` instructions.
    case clone
    /// Bits `x` := 1 if the packet is longer than `c`.
    case checkPacketLarger
    /// Tunnel option `a` is removed.
    case deleteField
    /// Meter `c`.
    case meter
    case clearActions
    /// `x` points to `c` instructions for the action set.
    case writeActions
    /// Table `a`.
    case gotoTable
}

/// A condition on the packet under which a field exists and may be written.
@frozen public enum FieldGuard: UInt16, Sendable {
    case none, vlan, mpls, ipv4, ipv6, ip, arp, tcp, udp, sctp, icmpv4, icmpv6, nd, ndSolicit
    case ndAdvert
    /// TCP, UDP or SCTP with its header present.
    case l4
}

/// One instruction.
@frozen public struct Instruction: Sendable {
    public var code: Opcode
    public var a: UInt8
    public var b: UInt16
    public var c: UInt32
    public var x: UInt64
    public var y: UInt64

    @inlinable public init(
        _ code: Opcode, a: UInt8 = 0, b: UInt16 = 0, c: UInt32 = 0, x: UInt64 = 0, y: UInt64 = 0
    ) {
        self.code = code
        self.a = a
        self.b = b
        self.c = c
        self.x = x
        self.y = y
    }
}

/// A run of bits in a flow key, packed so that it fits an instruction.
@frozen public struct BitRange: Hashable, Sendable {
    /// Bits 0–15 last byte of the container, 16–31 lowest bit, 32–47 number of bits.
    public var packed: UInt64

    @inlinable public init(packed: UInt64) { self.packed = packed }

    /// Bits `offset ..< offset + count` of the field at `location`.
    public init(_ location: FieldLocation, offset: Int, count: Int) {
        packed =
            UInt64(location.offset + location.byteCount - 1)
            | UInt64(location.shift + offset) << 16 | UInt64(count) << 32
    }

    @inlinable public var lastByte: Int { Int(packed & 0xffff) }
    @inlinable public var lowBit: Int { Int(packed >> 16 & 0xffff) }
    @inlinable public var count: Int { Int(packed >> 32 & 0xffff) }
}

/// Operands of `controller`.
@frozen public struct ControllerOperands {
    public var maxLength: UInt16 = 0xffff
    public var controllerID: UInt16 = 0
    public var reason: UInt8 = 1
    public var pause: Bool = false
    public var meterID: UInt32 = 0
    public var userdata: UnsafeMutablePointer<UInt8>?
    public var userdataCount: Int = 0
    public init() {}
}

/// Operands of `bundle` and `bundle_load`.
@frozen public struct BundleOperands {
    public var fields: UInt16
    public var basis: UInt16
    /// 0 active-backup, 1 highest random weight.
    public var algorithm: UInt16
    public var members: UnsafeMutablePointer<UInt32>
    public var memberCount: Int
    /// `bundle_load`'s target; count 0 means output.
    public var destination: BitRange
    public init(
        fields: UInt16, basis: UInt16, algorithm: UInt16, members: UnsafeMutablePointer<UInt32>,
        memberCount: Int, destination: BitRange
    ) {
        self.fields = fields
        self.basis = basis
        self.algorithm = algorithm
        self.members = members
        self.memberCount = memberCount
        self.destination = destination
    }
}

/// Operands of `multipath`.
@frozen public struct MultipathOperands {
    public var fields: UInt16
    public var basis: UInt16
    public var algorithm: UInt16
    public var links: UInt32
    public var argument: UInt32
    public var destination: BitRange
    public init(
        fields: UInt16, basis: UInt16, algorithm: UInt16, links: UInt32, argument: UInt32,
        destination: BitRange
    ) {
        self.fields = fields
        self.basis = basis
        self.algorithm = algorithm
        self.links = links
        self.argument = argument
        self.destination = destination
    }
}

/// Address translation asked for by `ct(nat(...))`.
@frozen public struct NATOperands: Sendable {
    /// 0 none, 1 existing connections only, 2 source, 3 destination.
    public var kind: UInt8 = 0
    /// 1 persistent, 2 hash, 4 random, 8 IPv4 range given, 16 IPv6 range given, 32 ports given.
    public var flags: UInt8 = 0
    public var portMin: UInt16 = 0
    public var portMax: UInt16 = 0
    /// IPv4 in host order, in the low half of `…Low`; IPv6 as two big-endian-loaded halves.
    public var minHigh: UInt64 = 0
    public var minLow: UInt64 = 0
    public var maxHigh: UInt64 = 0
    public var maxLow: UInt64 = 0
    @inlinable public init() {}
}

/// Operands of `ct`.
@frozen public struct ConntrackOperands {
    public var commit = false
    public var force = false
    public var zone: UInt16 = 0
    /// Where the zone is read from; count 0 means `zone` is literal.
    public var zoneRange = BitRange(packed: 0)
    /// 255: none.
    public var recircTable: UInt8 = 255
    public var alg: UInt16 = 0
    public var nat = NATOperands()
    /// Instructions of `exec`, run on the key's ct_mark and ct_label.
    public var exec: UnsafeMutablePointer<Instruction>?
    public var execCount: Int = 0
    public init() {}
}

/// Operands of `learn`: an opaque handle that the control room resolves. The interpreter gathers
/// the field values it names and posts an event.
@frozen public struct LearnOperands {
    /// Identifies the learn action to the control room.
    public var handle: UInt64
    /// Where the outcome is written; count 0 for nowhere.
    public var resultDestination: BitRange
    public init(handle: UInt64, resultDestination: BitRange) {
        self.handle = handle
        self.resultDestination = resultDestination
    }
}
