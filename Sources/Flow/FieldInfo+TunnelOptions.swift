// Rows of the field table: tunnel options, which all look alike. Facts of ovs-fields(7).

extension FieldInfo {
    /// `tun_metadata0` … `tun_metadata63`, in the order of `Field`.
    static let tunnelOptionsRows: [FieldInfo] = (0..<64).compactMap { index in
        guard let field = Field(rawValue: Field.tunnelMetadata0.rawValue + UInt8(index)) else {
            return nil
        }
        return FieldInfo(
            field, "tun_metadata\(index)", alias: nil, bytes: 124, bits: 992,
            at: FlowLayout.tunnelMetadata, container: 124, shift: 0,
            maskable: true, writable: true, .hexadecimal, .none,
            nxm: OXMHeader(oxmClass: 0x0001, field: UInt8(40 + index), experimenter: 0),
            oxm: nil)
    }
}
