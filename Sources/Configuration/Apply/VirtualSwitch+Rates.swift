// Bringing the shaping of ports in line with the database.

import Dpif

extension VirtualSwitch {
    /// Asks the datapath for the shaping that a port's QoS row wants of one of its interfaces. What
    /// an earlier life of the switch left on a device is removed at the first time.
    func shape(_ interface: OpenInterface, _ port: PortSettings) {
        guard let number = interface.datapathPort else { return }
        if let remark = port.shapingRemark { warnOnce("\(interface.name): \(remark)") }
        guard interface.shaping != .some(port.shaping) else { return }
        interface.shaping = .some(port.shaping)
        do throws(PortError) {
            try datapath.setShaping(port.shaping, ofPort: number)
        } catch {
            warnOnce("\(interface.name): shaping what leaves by it failed: \(error.message)")
        }
    }

    private func warnOnce(_ text: String) {
        if loggedWarnings.insert(text).inserted { host.log(.warn, "bridge", text) }
    }
}
