// The operations a path is made of: what happens to the packet, with every decision already taken.
// The interpreter records them, the engine executes them on the packet of a miss and of each hit.

/// What one datapath operation does.
@frozen public enum DatapathOperationCode: UInt8, Sendable {
    /// Send a copy (or the packet itself, flag `last`) to datapath port `b`.
    case output
    /// Write Ethernet addresses: `c` destination, `d` source; flags 1 and 2 say which.
    case setEthernet
    /// Push a VLAN tag: TPID `a`, TCI `b`.
    case pushVLAN
    /// Remove the outer VLAN tag.
    case popVLAN
    /// IPv4: `c` is source ‖ destination, `a` is TOS ‖ TTL; flags 1 source, 2 destination, 4 TOS,
    /// 8 TTL.
    case setIPv4
    /// IPv6 source address `c` ‖ `d`.
    case setIPv6Source
    /// IPv6 destination address `c` ‖ `d`.
    case setIPv6Destination
    /// IPv6: label `b`, `a` is traffic class ‖ hop limit; flags 4 class, 8 hop limit, 16 label.
    case setIPv6
    /// TCP, UDP or SCTP ports: `b` is source ‖ destination; flags 1 source, 2 destination.
    case setL4
    /// ICMP or ICMPv6 type and code: `a` is type ‖ code; flags 1 type, 2 code.
    case setICMP
    /// ARP: opcode `a`, `c` is sender ‖ target protocol address; flags 1 opcode, 2 sender, 4
    /// target.
    case setARP
    /// ARP hardware addresses: `c` sender, `d` target; flags 1 and 2.
    case setARPHardware
    /// Neighbour discovery target `c` ‖ `d`.
    case setNDTarget
    /// Neighbour discovery link-layer options: `c` source, `d` target; flags 1 and 2.
    case setNDLinkLayer
    /// Neighbour discovery reserved word `b` (flag 1) and option type `a` (flag 2).
    case setNDExtension
    /// Push an MPLS label stack entry `b` with Ethertype `a`.
    case pushMPLS
    /// Pop an MPLS label stack entry; Ethertype `a` follows.
    case popMPLS
    /// Rewrite the outer MPLS label stack entry to `b`.
    case setMPLS
    /// A `ct()` in zone `a` with flags (1 commit, 2 force, 4 nat, 8 clear); dependency `b`.
    case conntrack
    /// Cut copies sent by the next output to `b` bytes.
    case truncate
    /// Police by datapath meter `b`.
    case meter
    /// What follows up to the matching `cloneEnd` works on a copy.
    case clone
    /// Back to the packet as it was at the matching `clone`.
    case cloneEnd
    /// Sent to the control room: reason `a`, controller `b`.
    case userspace
    /// Output queue `b` for what follows.
    case setPriority
    /// Packet mark `b` for what follows.
    case setMark
    /// Tunnel encapsulation to tunnel port `b` (metadata slot in `c`).
    case tunnel
    /// The packet ends here for reason `a`.
    case drop
}

/// One operation of a path.
///
/// **Shape**: 24 bytes, no pointers; addresses and numbers in host order.
@frozen public struct DatapathOperation: Hashable, Sendable {
    public var code: DatapathOperationCode
    public var flags: UInt8
    public var a: UInt16
    public var b: UInt32
    public var c: UInt64
    public var d: UInt64

    /// On `output`, `clone`: nothing after it needs the packet, so it is handed over, not copied.
    @inlinable public static var last: UInt8 { 0x80 }

    @inlinable @inline(always)
    public init(
        _ code: DatapathOperationCode, flags: UInt8 = 0, a: UInt16 = 0, b: UInt32 = 0,
        c: UInt64 = 0, d: UInt64 = 0
    ) {
        self.code = code
        self.flags = flags
        self.a = a
        self.b = b
        self.c = c
        self.d = d
    }
}
