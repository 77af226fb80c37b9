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
        port.supported = features(info.modes.supported)
        port.advertised = features(info.modes.advertised)
        port.peerFeatures = features(info.modes.partner)
    }

    /// The kernel's link modes, those that OpenFlow has a bit for.
    private static func features(_ modes: UInt32) -> PortFeatures {
        let known: [(bit: UInt32, feature: PortFeatures)] = [
            (0, .speed10MHalf), (1, .speed10MFull), (2, .speed100MHalf), (3, .speed100MFull),
            (4, .speed1GHalf), (5, .speed1GFull), (6, .autonegotiation), (7, .copper),
            (10, .fiber), (12, .speed10GFull), (13, .pause), (14, .pauseAsymmetric),
        ]
        return known.reduce(into: []) { if modes >> $1.bit & 1 == 1 { $0.insert($1.feature) } }
    }

    private static func features(_ info: PortInfo) -> PortFeatures {
        var current = speed(info)
        if info.modes.isCopper { current.insert(.copper) }
        if info.modes.isFiber { current.insert(.fiber) }
        if info.modes.autonegotiates { current.insert(.autonegotiation) }
        return current
    }

    private static func speed(_ info: PortInfo) -> PortFeatures {
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
