// The eight bytes that every message begins with, and the headers that statistics and vendor
// messages add. Together they say which format the body has.

/// The header of an OpenFlow message.
///
/// **Shape**: version 8, type 8, length 16, transaction id 32 bits, big-endian.
public struct MessageHeader: Hashable, Sendable {
    /// As on the wire; may be a version that this switch does not know.
    public var version: UInt8
    public var type: UInt8
    /// Of the whole message.
    public var length: UInt16
    public var xid: UInt32

    public static let byteCount = 8

    public init(version: UInt8, type: UInt8, length: UInt16, xid: UInt32) {
        self.version = version
        self.type = type
        self.length = length
        self.xid = xid
    }

    /// The header at the start of `frame`; nil if it is too short.
    public init?(_ frame: [UInt8]) {
        guard frame.count >= MessageHeader.byteCount else { return nil }
        version = frame[0]
        type = frame[1]
        length = UInt16(frame[2]) << 8 | UInt16(frame[3])
        xid = frame[4..<8].reduce(0) { $0 << 8 | UInt32($1) }
    }
}

/// What in a message's headers selects its format.
struct MessageKey: Hashable, Sendable {
    var version: UInt8
    var type: UInt8
    /// Of statistics messages.
    var stat: UInt16 = 0
    /// Of vendor messages and vendor statistics.
    var vendor: UInt32 = 0
    var subtype: UInt32 = 0

    static let vendorType: UInt8 = 4
    static let vendorStat: UInt16 = 0xffff

    /// Statistics request and reply types.
    static func statTypes(version: UInt8) -> (request: UInt8, reply: UInt8) {
        version == OpenFlowVersion.v1_0.rawValue ? (16, 17) : (18, 19)
    }

    var isStatRequest: Bool { type == MessageKey.statTypes(version: version).request }
    var isStat: Bool {
        let types = MessageKey.statTypes(version: version)
        return type == types.request || type == types.reply
    }

    /// Bytes of all headers, up to the body.
    var headerByteCount: Int {
        if type == MessageKey.vendorType { return 16 }
        guard isStat else { return 8 }
        if version == OpenFlowVersion.v1_0.rawValue {
            return stat == MessageKey.vendorStat ? 24 : 12
        }
        return stat == MessageKey.vendorStat ? 24 : 16
    }

    init(version: UInt8, type: UInt8) {
        self.version = version
        self.type = type
    }

    /// Reads the headers of a message.
    ///
    /// **Errors**: OFPBRC_BAD_LEN if cut short, OFPBRC_BAD_VENDOR for a vendor unknown here.
    init(reading frame: [UInt8]) throws(OpenFlowError) {
        var reader = ByteReader(frame)
        version = try reader.u8()
        type = try reader.u8()
        try reader.skip(6)
        if type == MessageKey.vendorType {
            vendor = try reader.u32()
            subtype = try reader.u32()
            try MessageKey.check(vendor: vendor, onf: true)
        } else if isStat {
            let isFirstVersion = version == OpenFlowVersion.v1_0.rawValue
            stat = try reader.u16()
            try reader.skip(isFirstVersion ? 2 : 6)
            guard stat == MessageKey.vendorStat else { return }
            vendor = try reader.u32()
            try MessageKey.check(vendor: vendor, onf: !isFirstVersion)
            subtype = try reader.u32()
            if isFirstVersion { try reader.skip(4) }
        }
    }

    private static func check(vendor: UInt32, onf: Bool) throws(OpenFlowError) {
        guard vendor == VendorID.nicira || onf && vendor == VendorID.onf else {
            throw OpenFlowError(.ofpbrcBadVendor)
        }
    }

    /// Writes the headers, with a length to be patched.
    func write(xid: UInt32, into writer: inout ByteWriter) {
        writer.u8(version)
        writer.u8(type)
        writer.u16(0)
        writer.u32(xid)
        if type == MessageKey.vendorType {
            writer.u32(vendor)
            writer.u32(subtype)
        } else if isStat {
            let isFirstVersion = version == OpenFlowVersion.v1_0.rawValue
            writer.u16(stat)
            writer.zeros(isFirstVersion ? 2 : 6)
            guard stat == MessageKey.vendorStat else { return }
            writer.u32(vendor)
            writer.u32(subtype)
            if isFirstVersion { writer.zeros(4) }
        }
    }

    /// Where the flags of a statistics message are.
    static let statFlagsOffset = 10
}
