// Rows of the field table: registers. Facts of ovs-fields(7) and of the OXM registries.

extension FieldInfo {
    /// In the order of `Field`.
    static let registersRows: [FieldInfo] = [
        FieldInfo(
            .reg0, "reg0", alias: nil, bytes: 4, bits: 32,
            at: FlowLayout.reg, container: 4, shift: 0,
            maskable: true, writable: true, .hexadecimal, .none,
            nxm: OXMHeader(oxmClass: 0x0001, field: 0, experimenter: 0),
            oxm: nil),
        FieldInfo(
            .reg1, "reg1", alias: nil, bytes: 4, bits: 32,
            at: FlowLayout.reg + 4, container: 4, shift: 0,
            maskable: true, writable: true, .hexadecimal, .none,
            nxm: OXMHeader(oxmClass: 0x0001, field: 1, experimenter: 0),
            oxm: nil),
        FieldInfo(
            .reg2, "reg2", alias: nil, bytes: 4, bits: 32,
            at: FlowLayout.reg + 8, container: 4, shift: 0,
            maskable: true, writable: true, .hexadecimal, .none,
            nxm: OXMHeader(oxmClass: 0x0001, field: 2, experimenter: 0),
            oxm: nil),
        FieldInfo(
            .reg3, "reg3", alias: nil, bytes: 4, bits: 32,
            at: FlowLayout.reg + 12, container: 4, shift: 0,
            maskable: true, writable: true, .hexadecimal, .none,
            nxm: OXMHeader(oxmClass: 0x0001, field: 3, experimenter: 0),
            oxm: nil),
        FieldInfo(
            .reg4, "reg4", alias: nil, bytes: 4, bits: 32,
            at: FlowLayout.reg + 16, container: 4, shift: 0,
            maskable: true, writable: true, .hexadecimal, .none,
            nxm: OXMHeader(oxmClass: 0x0001, field: 4, experimenter: 0),
            oxm: nil),
        FieldInfo(
            .reg5, "reg5", alias: nil, bytes: 4, bits: 32,
            at: FlowLayout.reg + 20, container: 4, shift: 0,
            maskable: true, writable: true, .hexadecimal, .none,
            nxm: OXMHeader(oxmClass: 0x0001, field: 5, experimenter: 0),
            oxm: nil),
        FieldInfo(
            .reg6, "reg6", alias: nil, bytes: 4, bits: 32,
            at: FlowLayout.reg + 24, container: 4, shift: 0,
            maskable: true, writable: true, .hexadecimal, .none,
            nxm: OXMHeader(oxmClass: 0x0001, field: 6, experimenter: 0),
            oxm: nil),
        FieldInfo(
            .reg7, "reg7", alias: nil, bytes: 4, bits: 32,
            at: FlowLayout.reg + 28, container: 4, shift: 0,
            maskable: true, writable: true, .hexadecimal, .none,
            nxm: OXMHeader(oxmClass: 0x0001, field: 7, experimenter: 0),
            oxm: nil),
        FieldInfo(
            .reg8, "reg8", alias: nil, bytes: 4, bits: 32,
            at: FlowLayout.reg + 32, container: 4, shift: 0,
            maskable: true, writable: true, .hexadecimal, .none,
            nxm: OXMHeader(oxmClass: 0x0001, field: 8, experimenter: 0),
            oxm: nil),
        FieldInfo(
            .reg9, "reg9", alias: nil, bytes: 4, bits: 32,
            at: FlowLayout.reg + 36, container: 4, shift: 0,
            maskable: true, writable: true, .hexadecimal, .none,
            nxm: OXMHeader(oxmClass: 0x0001, field: 9, experimenter: 0),
            oxm: nil),
        FieldInfo(
            .reg10, "reg10", alias: nil, bytes: 4, bits: 32,
            at: FlowLayout.reg + 40, container: 4, shift: 0,
            maskable: true, writable: true, .hexadecimal, .none,
            nxm: OXMHeader(oxmClass: 0x0001, field: 10, experimenter: 0),
            oxm: nil),
        FieldInfo(
            .reg11, "reg11", alias: nil, bytes: 4, bits: 32,
            at: FlowLayout.reg + 44, container: 4, shift: 0,
            maskable: true, writable: true, .hexadecimal, .none,
            nxm: OXMHeader(oxmClass: 0x0001, field: 11, experimenter: 0),
            oxm: nil),
        FieldInfo(
            .reg12, "reg12", alias: nil, bytes: 4, bits: 32,
            at: FlowLayout.reg + 48, container: 4, shift: 0,
            maskable: true, writable: true, .hexadecimal, .none,
            nxm: OXMHeader(oxmClass: 0x0001, field: 12, experimenter: 0),
            oxm: nil),
        FieldInfo(
            .reg13, "reg13", alias: nil, bytes: 4, bits: 32,
            at: FlowLayout.reg + 52, container: 4, shift: 0,
            maskable: true, writable: true, .hexadecimal, .none,
            nxm: OXMHeader(oxmClass: 0x0001, field: 13, experimenter: 0),
            oxm: nil),
        FieldInfo(
            .reg14, "reg14", alias: nil, bytes: 4, bits: 32,
            at: FlowLayout.reg + 56, container: 4, shift: 0,
            maskable: true, writable: true, .hexadecimal, .none,
            nxm: OXMHeader(oxmClass: 0x0001, field: 14, experimenter: 0),
            oxm: nil),
        FieldInfo(
            .reg15, "reg15", alias: nil, bytes: 4, bits: 32,
            at: FlowLayout.reg + 60, container: 4, shift: 0,
            maskable: true, writable: true, .hexadecimal, .none,
            nxm: OXMHeader(oxmClass: 0x0001, field: 15, experimenter: 0),
            oxm: nil),
        FieldInfo(
            .xreg0, "xreg0", alias: nil, bytes: 8, bits: 64,
            at: FlowLayout.reg, container: 8, shift: 0,
            maskable: true, writable: true, .hexadecimal, .none,
            nxm: nil,
            oxm: OXMHeader(oxmClass: 0x8001, field: 0, experimenter: 0)),
        FieldInfo(
            .xreg1, "xreg1", alias: nil, bytes: 8, bits: 64,
            at: FlowLayout.reg + 8, container: 8, shift: 0,
            maskable: true, writable: true, .hexadecimal, .none,
            nxm: nil,
            oxm: OXMHeader(oxmClass: 0x8001, field: 1, experimenter: 0)),
        FieldInfo(
            .xreg2, "xreg2", alias: nil, bytes: 8, bits: 64,
            at: FlowLayout.reg + 16, container: 8, shift: 0,
            maskable: true, writable: true, .hexadecimal, .none,
            nxm: nil,
            oxm: OXMHeader(oxmClass: 0x8001, field: 2, experimenter: 0)),
        FieldInfo(
            .xreg3, "xreg3", alias: nil, bytes: 8, bits: 64,
            at: FlowLayout.reg + 24, container: 8, shift: 0,
            maskable: true, writable: true, .hexadecimal, .none,
            nxm: nil,
            oxm: OXMHeader(oxmClass: 0x8001, field: 3, experimenter: 0)),
        FieldInfo(
            .xreg4, "xreg4", alias: nil, bytes: 8, bits: 64,
            at: FlowLayout.reg + 32, container: 8, shift: 0,
            maskable: true, writable: true, .hexadecimal, .none,
            nxm: nil,
            oxm: OXMHeader(oxmClass: 0x8001, field: 4, experimenter: 0)),
        FieldInfo(
            .xreg5, "xreg5", alias: nil, bytes: 8, bits: 64,
            at: FlowLayout.reg + 40, container: 8, shift: 0,
            maskable: true, writable: true, .hexadecimal, .none,
            nxm: nil,
            oxm: OXMHeader(oxmClass: 0x8001, field: 5, experimenter: 0)),
        FieldInfo(
            .xreg6, "xreg6", alias: nil, bytes: 8, bits: 64,
            at: FlowLayout.reg + 48, container: 8, shift: 0,
            maskable: true, writable: true, .hexadecimal, .none,
            nxm: nil,
            oxm: OXMHeader(oxmClass: 0x8001, field: 6, experimenter: 0)),
        FieldInfo(
            .xreg7, "xreg7", alias: nil, bytes: 8, bits: 64,
            at: FlowLayout.reg + 56, container: 8, shift: 0,
            maskable: true, writable: true, .hexadecimal, .none,
            nxm: nil,
            oxm: OXMHeader(oxmClass: 0x8001, field: 7, experimenter: 0)),
        FieldInfo(
            .xxreg0, "xxreg0", alias: nil, bytes: 16, bits: 128,
            at: FlowLayout.reg, container: 16, shift: 0,
            maskable: true, writable: true, .hexadecimal, .none,
            nxm: OXMHeader(oxmClass: 0x0001, field: 111, experimenter: 0),
            oxm: nil),
        FieldInfo(
            .xxreg1, "xxreg1", alias: nil, bytes: 16, bits: 128,
            at: FlowLayout.reg + 16, container: 16, shift: 0,
            maskable: true, writable: true, .hexadecimal, .none,
            nxm: OXMHeader(oxmClass: 0x0001, field: 112, experimenter: 0),
            oxm: nil),
        FieldInfo(
            .xxreg2, "xxreg2", alias: nil, bytes: 16, bits: 128,
            at: FlowLayout.reg + 32, container: 16, shift: 0,
            maskable: true, writable: true, .hexadecimal, .none,
            nxm: OXMHeader(oxmClass: 0x0001, field: 113, experimenter: 0),
            oxm: nil),
        FieldInfo(
            .xxreg3, "xxreg3", alias: nil, bytes: 16, bits: 128,
            at: FlowLayout.reg + 48, container: 16, shift: 0,
            maskable: true, writable: true, .hexadecimal, .none,
            nxm: OXMHeader(oxmClass: 0x0001, field: 114, experimenter: 0),
            oxm: nil),
    ]
}
