// Which OXM or NXM header stands for a field in each protocol version, and which field a header
// stands for. Some fields were given several headers over time; all are read, one is written.

import Flow

extension Field {
    /// The header to write in `version`, or in Nicira's older format where it is nil. Nil where
    /// the field has no header at all.
    ///
    /// **Source**: ovs-fields(7), "OXM" and "NXM" of each field.
    public func header(in version: OpenFlowVersion?) -> OXMHeader? {
        Field.headers[Int(rawValue) * 7 + Int(version?.rawValue ?? 0)]
    }

    /// Seven a field: NXM, then OpenFlow 1.0 to 1.5.
    private static let headers: [OXMHeader?] = allCases.flatMap { field in
        [field.preferredHeader(nil)]
            + OpenFlowVersion.allCases.map { field.preferredHeader($0) }
    }

    private func preferredHeader(_ version: OpenFlowVersion?) -> OXMHeader? {
        let info = self.info
        switch self {
        case .tcpFlags:
            guard let version, version >= .v1_3 else { return info.nxm }
            return version >= .v1_5 ? OXMHeader.basic(42) : OXMHeader.onf(42)
        case .actsetOutput:
            guard let version, version >= .v1_5 else { return OXMHeader.onf(43) }
            return OXMHeader.basic(43)
        case .tunnelID:
            guard let version, version >= .v1_3 else { return info.nxm }
            return info.oxm
        case .dpHash: return info.nxm
        default:
            guard let version, version.usesOXM else { return info.nxm ?? info.oxm }
            return info.oxm ?? info.nxm
        }
    }
}

extension OXMHeader {
    static let experimenterClass: UInt16 = 0xffff

    static func basic(_ field: UInt8) -> OXMHeader {
        OXMHeader(oxmClass: 0x8000, field: field, experimenter: 0)
    }

    static func onf(_ field: UInt8) -> OXMHeader {
        OXMHeader(oxmClass: experimenterClass, field: field, experimenter: VendorID.onf)
    }

    /// The field that this header stands for.
    public var knownField: Field? {
        switch oxmClass {
        case 0, 1: return OXMHeader.direct[Int(oxmClass) << 7 | Int(field)]
        case 0x8000, 0x8001: return OXMHeader.direct[Int(oxmClass & 1 | 2) << 7 | Int(field)]
        default: return OXMHeader.others[self]
        }
    }

    /// Fields of the four dense classes, 128 each: NXM 0 and 1, basic, packet registers.
    private static let direct: [Field?] = {
        var fields = [Field?](repeating: nil, count: 512)
        func put(_ header: OXMHeader?, _ field: Field) {
            guard let header, header.field < 128 else { return }
            switch header.oxmClass {
            case 0, 1: fields[Int(header.oxmClass) << 7 | Int(header.field)] = field
            case 0x8000, 0x8001:
                fields[Int(header.oxmClass & 1 | 2) << 7 | Int(header.field)] = field
            default: break
            }
        }
        for field in Field.allCases {
            put(field.info.nxm, field)
            put(field.info.oxm, field)
        }
        put(.basic(42), .tcpFlags)
        put(.basic(43), .actsetOutput)
        return fields
    }()

    /// Fields of experimenters and of registered member classes.
    private static let others: [OXMHeader: Field] = {
        var fields: [OXMHeader: Field] = [.onf(42): .tcpFlags, .onf(43): .actsetOutput]
        for field in Field.allCases {
            for header in [field.info.nxm, field.info.oxm] {
                guard let header else { continue }
                fields[header] = field
            }
        }
        return fields
    }()
}
