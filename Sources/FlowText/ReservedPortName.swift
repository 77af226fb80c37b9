// The names of reserved OpenFlow ports as tools print and accept them.

import OpenFlow

enum ReservedPortName {
    private static let names: [(String, UInt32)] = [
        ("IN_PORT", ReservedPort.inPort), ("TABLE", ReservedPort.table),
        ("NORMAL", ReservedPort.normal), ("FLOOD", ReservedPort.flood),
        ("ALL", ReservedPort.all), ("CONTROLLER", ReservedPort.controller),
        ("LOCAL", ReservedPort.local), ("ANY", ReservedPort.any),
        ("UNSET", ReservedPort.unset),
    ]

    static func name(of port: UInt32) -> String? { names.first { $0.1 == port }?.0 }

    static func number(of text: String) -> UInt32? {
        let upper = text.uppercased()
        if upper == "NONE" { return ReservedPort.any }
        return names.first { $0.0 == upper }?.1
    }
}
