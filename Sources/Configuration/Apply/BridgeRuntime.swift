// One bridge in force: its OpenFlow side, its open interfaces and why others are not open.

import Dpif
import Flow
import Ofproto
import OpenFlow

/// A configured bridge.
///
/// **Owner**: the control loop.
final class BridgeRuntime {
    let ofproto: OfprotoBridge
    let datapathType: String
    var desired: DesiredBridge
    var interfaces: [String: OpenInterface] = [:]
    /// Why an interface is not open, by its name.
    var failures: [String: String] = [:]
    var numbers = PortNumbers()
    var controllers: ControllerSet?
    /// The address used where no port lends one.
    let defaultAddress: UInt64
    var address: UInt64
    var datapathID: UInt64 = 0

    init(ofproto: OfprotoBridge, desired: DesiredBridge, defaultAddress: UInt64) {
        self.ofproto = ofproto
        self.desired = desired
        self.defaultAddress = defaultAddress
        datapathType = desired.datapathType
        address = defaultAddress
    }

    var name: String { ofproto.name }

    func interface(withNumber number: UInt32) -> OpenInterface? {
        interfaces.values.first { $0.number == number }
    }

    func interface(withDatapathPort port: UInt32) -> OpenInterface? {
        interfaces.values.first { $0.datapathPort == port }
    }

    /// Interfaces by OpenFlow number.
    var ordered: [OpenInterface] { interfaces.values.sorted { $0.number < $1.number } }

    /// The open members of a port, in the order of their names.
    func members(of port: PortSettings) -> [OpenInterface] {
        port.interfaces.compactMap { interfaces[$0.name] }
    }

    /// The settings of its OpenFlow side.
    func settings(_ globals: DesiredGlobals) -> BridgeSettings {
        BridgeSettings(desired, address: address, datapathID: datapathID, globals)
    }

    /// The address of its own port: what was asked for, else the least of its ports' real ones.
    func pickAddress() -> UInt64 {
        if let text = desired.row.otherConfig["hwaddr"],
            let wanted = EthernetText.address(text), wanted != 0,
            !EthernetText.isMulticast(wanted)
        {
            return wanted
        }
        let outputs = Set(desired.mirrors.compactMap(\.outputPort))
        var least: UInt64?
        for port in desired.ports where !outputs.contains(port.row.uuid) {
            let candidate: UInt64
            if let text = port.row.mac, let address = EthernetText.address(text) {
                candidate = address
            } else if let first = members(of: port).first, !first.settings.isLocal {
                candidate = first.info.address
            } else {
                continue
            }
            guard candidate != 0, !EthernetText.isMulticast(candidate),
                !EthernetText.isLocallyAdministered(candidate),
                !EthernetText.isReserved(candidate)
            else { continue }
            least = min(least ?? candidate, candidate)
        }
        return least ?? defaultAddress
    }

    /// `other_config:datapath-id` where it is one, else the address.
    func pickDatapathID() -> UInt64 { desired.datapathID ?? address }
}
