// What is known of each match field: its names, its place in the flow key, how tools print it and
// its OXM/NXM codes. Read by the control room; the engine room only sees resolved offsets.

/// The class, field number and experimenter of an OXM or NXM type-length-value header.
public struct OXMHeader: Hashable, Sendable {
    /// 0x0000 and 0x0001 Nicira, 0x8000 OpenFlow basic, 0x8001 packet registers, 0xffff of an
    /// experimenter.
    public let oxmClass: UInt16
    /// The 7-bit field number.
    public let field: UInt8
    /// The experimenter identifier of class 0xffff, else 0.
    public let experimenter: UInt32

    public init(oxmClass: UInt16, field: UInt8, experimenter: UInt32) {
        self.oxmClass = oxmClass
        self.field = field
        self.experimenter = experimenter
    }
}

/// How `ovs-ofctl` writes a field's value.
public enum FieldFormat: Sendable {
    case decimal, hexadecimal, ethernet, ipv4, ipv6, port16, port32, fragment, tunnelFlags
    case tcpFlags, ctState, packetType
}

/// What else a match must say before it may name a field.
public enum FieldPrerequisite: Sendable {
    case none, ct, ethernet, vlanVID, mpls, ipv4, ipv6, ip, arp, tcp, udp, sctp, icmpv4, icmpv6
    case nd, ndSolicit, ndAdvert
}

/// Where bits live in the flow key: a big-endian container and the position of the field in it.
public struct FieldLocation: Hashable, Sendable {
    /// First byte of the container in the flow key.
    public let offset: Int
    /// Size of the container in bytes.
    public let byteCount: Int
    /// Bits of the container below the field's least significant bit.
    public let shift: Int
    /// Width of the field in bits.
    public let bitCount: Int

    public init(offset: Int, byteCount: Int, shift: Int, bitCount: Int) {
        self.offset = offset
        self.byteCount = byteCount
        self.shift = shift
        self.bitCount = bitCount
    }
}

/// The properties of one match field.
public struct FieldInfo: Sendable {
    public let field: Field
    /// The name `ovs-ofctl` prints.
    public let name: String
    /// A second name that tools accept.
    public let alias: String?
    /// Bytes of the value on the wire.
    public let byteCount: Int
    /// Significant (low) bits of the value.
    public let bitCount: Int
    /// Where it lives in a flow key. For `tun_metadata<n>` the bridge's option table decides;
    /// this one then is the start of the shared region.
    public let location: FieldLocation
    /// Whether a match may wildcard single bits.
    public let maskable: Bool
    /// Whether actions may write it.
    public let writable: Bool
    public let format: FieldFormat
    public let prerequisite: FieldPrerequisite
    public let nxm: OXMHeader?
    public let oxm: OXMHeader?

    init(
        _ field: Field, _ name: String, alias: String?, bytes: Int, bits: Int, at offset: Int,
        container: Int, shift: Int, maskable: Bool, writable: Bool, _ format: FieldFormat,
        _ prerequisite: FieldPrerequisite, nxm: OXMHeader?, oxm: OXMHeader?
    ) {
        self.field = field
        self.name = name
        self.alias = alias
        self.byteCount = bytes
        self.bitCount = bits
        self.location = FieldLocation(
            offset: offset, byteCount: container, shift: shift,
            bitCount: min(bits, container * 8 - shift))
        self.maskable = maskable
        self.writable = writable
        self.format = format
        self.prerequisite = prerequisite
        self.nxm = nxm
        self.oxm = oxm
    }

    /// Every field by the names that tools accept.
    public static let byName: [String: FieldInfo] = {
        var names: [String: FieldInfo] = [:]
        for info in table {
            names[info.name] = info
            if let alias = info.alias { names[alias] = info }
        }
        return names
    }()

    /// Every field by its OXM and NXM header.
    public static let byHeader: [OXMHeader: FieldInfo] = {
        var headers: [OXMHeader: FieldInfo] = [:]
        for info in table {
            if let nxm = info.nxm { headers[nxm] = info }
            if let oxm = info.oxm { headers[oxm] = info }
        }
        return headers
    }()
}

extension Field {
    /// The properties of this field.
    public var info: FieldInfo { FieldInfo.table[Int(rawValue)] }

    /// Bytes of the value on the wire: `info.byteCount`, at less cost.
    public var byteCount: Int { Int(Field.byteCounts[Int(rawValue)]) }

    private static let byteCounts: [UInt8] = FieldInfo.table.map { UInt8($0.byteCount) }

    /// n for `tun_metadata<n>`, else nil.
    public var tunnelMetadataIndex: Int? {
        let first = Int(Field.tunnelMetadata0.rawValue)
        let index = Int(rawValue) - first
        return (0..<64).contains(index) ? index : nil
    }

    /// `tun_metadata<index>`.
    public static func tunnelMetadata(_ index: Int) -> Field? {
        guard (0..<64).contains(index) else { return nil }
        return Field(rawValue: Field.tunnelMetadata0.rawValue + UInt8(index))
    }

    /// `reg<index>`.
    public static func register(_ index: Int) -> Field? {
        guard (0..<16).contains(index) else { return nil }
        return Field(rawValue: Field.reg0.rawValue + UInt8(index))
    }
}
