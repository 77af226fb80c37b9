// How an error code maps to the numbers in an error message and back. Nicira's errors are nested
// in a vendor error in OpenFlow 1.0 and 1.1 and are experimenter errors from 1.2 on.

/// The numbers of an error message: a standard error has `vendor` 0.
public struct OpenFlowErrorWire: Hashable, Sendable {
    /// 0, Nicira's 0x2320 or the ONF's 0x4f4e4600.
    public let vendor: UInt32
    /// Type, or the experimenter's error number.
    public let type: UInt16
    /// 0 for an experimenter error of OpenFlow 1.2 and later.
    public let code: UInt16

    public init(vendor: UInt32, type: UInt16, code: UInt16) {
        self.vendor = vendor
        self.type = type
        self.code = code
    }
}

/// One row of the error table: a name and its numbers in ranges of versions.
struct OpenFlowErrorRow: Sendable {
    struct Range: Sendable {
        let versions: ClosedRange<UInt8>
        let wire: OpenFlowErrorWire

        static func of(_ versions: ClosedRange<UInt8>, _ type: UInt16, _ code: UInt16) -> Range {
            Range(
                versions: versions, wire: OpenFlowErrorWire(vendor: 0, type: type, code: code))
        }

        static func nx(
            _ versions: ClosedRange<UInt8>, _ type: UInt16, _ code: UInt16 = 0
        ) -> Range {
            Range(
                versions: versions,
                wire: OpenFlowErrorWire(vendor: VendorID.nicira, type: type, code: code))
        }

        static func onf(_ versions: ClosedRange<UInt8>, _ type: UInt16) -> Range {
            Range(
                versions: versions,
                wire: OpenFlowErrorWire(vendor: VendorID.onf, type: type, code: 0))
        }
    }

    let name: String
    let ranges: [Range]

    init(_ name: String, _ ranges: Range...) {
        self.name = name
        self.ranges = ranges
    }
}

/// Experimenter identifiers on the wire.
public enum VendorID {
    public static let nicira: UInt32 = 0x0000_2320
    public static let onf: UInt32 = 0x4f4e_4600
    public static let intel: UInt32 = 0x0000_aa01
}

extension OpenFlowErrorCode {
    /// Open vSwitch's name, such as `OFPBMC_BAD_PREREQ`.
    public var name: String { OpenFlowErrorCode.table[Int(rawValue)].name }

    /// The code of that name.
    public init?(name: String) {
        guard let index = OpenFlowErrorCode.table.firstIndex(where: { $0.name == name }),
            let code = OpenFlowErrorCode(rawValue: UInt8(index))
        else { return nil }
        self = code
    }

    /// Its numbers in `version`, or nil where the version cannot express it.
    public func wire(in version: OpenFlowVersion) -> OpenFlowErrorWire? {
        let row = OpenFlowErrorCode.table[Int(rawValue)]
        return row.ranges.first { $0.versions.contains(version.rawValue - 1) }?.wire
    }

    /// The first code that has these numbers in `version`.
    public init?(wire: OpenFlowErrorWire, version: OpenFlowVersion) {
        for code in OpenFlowErrorCode.allCases where code.wire(in: version) == wire {
            self = code
            return
        }
        return nil
    }

    /// Type, code and, for a vendor's error, what names it: the body of an error message up to
    /// its data. An error that `version` lacks becomes NXBRC_UNENCODABLE_ERROR.
    public func encodeBody(version: OpenFlowVersion, into writer: inout ByteWriter) {
        guard let wire = wire(in: version) ?? Self.nxbrcUnencodableError.wire(in: version) else {
            return
        }
        if wire.vendor == 0 {
            writer.u16(wire.type)
            writer.u16(wire.code)
        } else if version <= .v1_1 {
            writer.u16(Self.nestedVendorType)
            writer.u16(0)
            writer.u32(wire.vendor)
            writer.u16(wire.type)
            writer.u16(wire.code)
        } else {
            writer.u16(Self.experimenterType)
            writer.u16(wire.type)
            writer.u32(wire.vendor)
        }
    }

    /// Reads type, code and vendor of an error message's body; the data remains in `reader`.
    /// Nil where the numbers mean nothing to us.
    public static func decodeBody(
        version: OpenFlowVersion, from reader: inout ByteReader
    ) throws(OpenFlowError) -> OpenFlowErrorCode? {
        let type = try reader.u16()
        let code = try reader.u16()
        if type == nestedVendorType && code == 0 && version <= .v1_1 {
            let vendor = try reader.u32()
            let wire = OpenFlowErrorWire(
                vendor: vendor, type: try reader.u16(), code: try reader.u16())
            return OpenFlowErrorCode(wire: wire, version: version)
        }
        if type == experimenterType && version >= .v1_2 {
            let vendor = try reader.u32()
            let wire = OpenFlowErrorWire(vendor: vendor, type: code, code: 0)
            return OpenFlowErrorCode(wire: wire, version: version)
        }
        let wire = OpenFlowErrorWire(vendor: 0, type: type, code: code)
        return OpenFlowErrorCode(wire: wire, version: version)
    }

    /// The error type under which OpenFlow 1.0 and 1.1 carry a vendor's errors.
    static let nestedVendorType: UInt16 = 0xb0c2
    /// The error type of an experimenter's errors from OpenFlow 1.2 on.
    static let experimenterType: UInt16 = 0xffff
}
