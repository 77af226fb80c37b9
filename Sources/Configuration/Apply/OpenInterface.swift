// An interface that is open: its settings, its number and what was last known of its device.

import Dpif

/// One open interface of a bridge.
final class OpenInterface {
    var settings: InterfaceSettings
    /// The OpenFlow number.
    let number: UInt32
    /// What is known of its device; for a patch made up once.
    var info: PortInfo
    /// How often it was refused what its budget does not hold, as the database was told.
    var refusals: [String: String] = [:]
    /// What was last asked of the datapath for it; nil when nothing was yet.
    var shaping: EgressShaping??

    init(settings: InterfaceSettings, number: UInt32, info: PortInfo) {
        self.settings = settings
        self.number = number
        self.info = info
    }

    var name: String { settings.name }

    var isPatch: Bool {
        if case .patch = settings.kind { true } else { false }
    }

    /// The datapath's number of its device; nil for a patch.
    var datapathPort: UInt32? { isPatch ? nil : info.datapathPort }
}
