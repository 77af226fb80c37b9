// What a policy compiles to: rules for the policy's bridge, and the layout of its tables, registers
// and conntrack zones. docs/decisions/0012 says why it is so.

import Flow
import OpenFlow

/// One rule of the policy's bridge.
public struct PolicyFlow: Hashable, Sendable {
    public var table: UInt8
    public var priority: Int32
    public var match: FlowMatch
    public var actions: [Action]
    /// The number of its `PolicyCookie`.
    public var cookie: UInt64
}

/// What packets are counted under.
public enum PolicyCookie: Hashable, Sendable {
    /// What only leads on to other tables.
    case plumbing
    /// A rule of a group.
    case rule(String)
    /// No rule allowed the connection, at this port.
    case defaultDeny(port: String, RuleDirection)
    /// A port that the policy does not name.
    case noPolicy(port: String)
    /// The source is none that the port may use.
    case spoofed(port: String)
    /// The packet is for another station.
    case notForPort(port: String)
    case invalid
    case untracked
    case dhcpServer
    case routerAdvertisement
    /// DHCP, ARP and neighbour discovery, which no rule has to allow.
    case essential
    /// A port without port security.
    case unfiltered(port: String)
}

/// The tables of the policy's bridge.
public enum PolicyTable {
    static let entry: UInt8 = 0
    static let fromPort: UInt8 = 1
    static let toPort: UInt8 = 2
    static let state: UInt8 = 3
    static let chain: UInt8 = 4
    static let accept: UInt8 = 5
    static let deny: UInt8 = 6
    static let stateless: UInt8 = 7
    /// Rules, spread over many tables: a record is judged anew for changes in the tables that it
    /// visited alone.
    static let rules: UInt8 = 16
    static let rulesCount = 64
    /// Members of groups, spread likewise.
    static let members: UInt8 = 96
    static let membersCount = 32
    /// Those in which to find nothing is no news.
    public static let silent: ClosedRange<UInt8> = 16...127

    static func rules(ofList list: UInt32) -> UInt8 { rules + UInt8(Int(list) % rulesCount) }
    static func members(ofSet set: UInt32) -> UInt8 { members + UInt8(Int(set) % membersCount) }
}

/// The registers of the policy's bridge.
enum PolicyRegister {
    static let zone = Field.reg0
    static let chain = Field.reg1
    /// Which rules the connection is judged by: `RuleDirection.code`.
    static let direction = Field.reg2
    /// The list to look into if the remote address is a member; 0 or the list in force.
    static let candidate = Field.reg3
    static let list = Field.reg4
    static let set = Field.reg5
    static let ipProtocol = Field.reg6
    /// Source port or ICMP type above, destination port or code below.
    static let ports = Field.reg7
    /// An IPv4 address lies in its first register.
    static let remoteIPv4 = Field.reg8
    static let remoteIPv6 = Field.xxreg2
}

/// The conntrack zones of policies: one a port, above what controllers hand out.
public enum PolicyZone {
    public static let first: UInt16 = 0xf000
    public static let count = 4095
    /// The zone of a port by its number in the policy's bridge, from 1.
    public static func zone(ofPort number: UInt32) -> UInt16 {
        first + UInt16(truncatingIfNeeded: number)
    }
}

/// Makes actions.
enum PolicyAction {
    static let goOn = Action.output(port: ReservedPort.inPort, maxLength: 0)

    static func load(_ value: UInt64, _ field: Field) -> Action {
        .registerLoad(
            SetFieldAction(
                field: field, value: FieldValue(value, byteCount: field.info.byteCount),
                mask: .exactMask(of: field)))
    }

    static func go(_ table: UInt8) -> Action {
        .resubmit(ResubmitAction(inPort: ReservedPort.inPort, table: table))
    }

    static func move(_ from: Subfield, _ to: Subfield) -> Action {
        .registerMove(from: from, to: to)
    }

    static func move(_ from: Field, _ to: Field, bits: Int, at offset: Int = 0) -> Action {
        .registerMove(
            from: Subfield(from, offset: 0, bitCount: bits),
            to: Subfield(to, offset: offset, bitCount: bits))
    }
}

extension FlowMatch {
    /// Constrains a field to a prefix, as far as it has any length.
    mutating func set(_ ipv4: Field, _ ipv6: Field, prefix: AddressPrefix) {
        guard prefix.length > 0 else { return }
        let mask = AddressPrefix.mask(prefix.family, prefix.length)
        func bytes(_ high: UInt64, _ low: UInt64, _ count: Int) -> FieldValue {
            FieldValue(
                bytes: (0..<count).map { index in
                    let place = count - 1 - index
                    let word = place < 8 ? low : high
                    return UInt8(truncatingIfNeeded: word >> UInt64(place % 8 * 8))
                })
        }
        let count = prefix.family == .ipv4 ? 4 : 16
        set(
            prefix.family == .ipv4 ? ipv4 : ipv6, value: bytes(prefix.high, prefix.low, count),
            mask: bytes(mask.high, mask.low, count))
    }

    mutating func set(_ field: Field, to value: UInt64, mask: UInt64) {
        let count = field.info.byteCount
        set(
            field, value: FieldValue(value, byteCount: count),
            mask: FieldValue(mask, byteCount: count))
    }
}
