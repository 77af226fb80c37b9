// From what is known of a device to a port of OpenFlow: state bits, features and speeds.

import Dpif
import Flow
import Ofproto
import OpenFlow

/// The OpenFlow side of an interface.
enum OfprotoPortValue {
    /// The port of an interface that was just opened.
    static func make(_ interface: OpenInterface) -> OfprotoPort {
        var port = OfprotoPort(
            name: interface.name, number: interface.number, kind: .device,
            datapathPort: interface.info.datapathPort)
        if case .patch(let peer) = interface.settings.kind {
            port.kind = .patch(peer: peer)
            port.datapathPort = 0
        }
        fill(&port, from: interface.info)
        return port
    }

    /// Puts what can change of a device into `port`.
    static func fill(_ port: inout OfprotoPort, from info: PortInfo) {
        port.address = MACAddressValue(info.address)
        if info.isUp {
            port.config.remove(.portDown)
        } else {
            port.config.insert(.portDown)
        }
        if info.hasLink {
            port.state.remove(.linkDown)
        } else {
            port.state.insert(.linkDown)
        }
        if case .device = port.kind { port.mtu = info.mtu }
        port.currentSpeedKilobits = UInt32(clamping: UInt64(info.speedMbps) * 1000)
        port.current = features(info)
    }

    private static func features(_ info: PortInfo) -> PortFeatures {
        switch (info.speedMbps, info.isFullDuplex) {
        case (0, _): []
        case (10, true): .speed10MFull
        case (10, false): .speed10MHalf
        case (100, true): .speed100MFull
        case (100, false): .speed100MHalf
        case (1000, true): .speed1GFull
        case (1000, false): .speed1GHalf
        case (10_000, _): .speed10GFull
        case (40_000, _): .speed40GFull
        case (100_000, _): .speed100GFull
        case (1_000_000, _): .speed1TFull
        default: .other
        }
    }
}
