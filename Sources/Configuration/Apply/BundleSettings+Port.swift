// Port rows as bundles, and Mirror rows as mirrors, in the words of the bridge.

import Ofproto
import OVSDB
import Pipeline

extension BundleSettings {
    /// The bundle of a port whose open members have these numbers.
    init(_ port: PortSettings, members: [UInt32], activeMember: UInt32?) {
        self.init(name: port.name, members: members)
        let row = port.row
        let hasTag = row.tag.map { $0 <= 4095 } ?? false
        tag = hasTag ? row.tag ?? 0 : 0
        mode =
            switch row.vlanMode {
            case .access: .access
            case .trunk: .trunk
            case .nativeTagged: .nativeTagged
            case .nativeUntagged: .nativeUntagged
            case .dot1qTunnel: .dot1qTunnel
            case nil: hasTag ? .access : .trunk
            }
        if mode == .trunk { tag = 0 }
        trunks = BundleSettings.trunks(row, mode, tag)
        customerVLANs = row.customerVLANs.isEmpty ? nil : row.customerVLANs
        outerEthType = row.otherConfig["qinq-ethtype"] == "802.1q" ? 0x8100 : 0x88a8
        priorityTags =
            switch row.otherConfig["priority-tags"] {
            case "if-nonzero", "true": 1
            case "always": 2
            default: 0
            }
        isProtected = row.isProtected
        guard members.count > 1 else { return }
        bondMode =
            switch row.bondMode {
            case .balanceTCP: 3
            case .balanceSLB: 2
            case .activeBackup, nil: 1
            }
        self.activeMember = activeMember
    }

    /// The VLANs a port carries, as far as its mode knows trunks. A native VLAN is always among
    /// them, and then VLAN 0 is not: what comes without a tag belongs to the native one.
    private static func trunks(_ row: PortRow, _ mode: VLANMode, _ tag: UInt16) -> [UInt16]? {
        let given = row.trunks.isEmpty ? nil : row.trunks
        switch mode {
        case .access, .dot1qTunnel: return nil
        case .trunk: return given
        case .nativeTagged, .nativeUntagged:
            guard tag != 0 else { return given }
            return (given ?? Array(1..<4096)).filter { $0 != 0 && $0 != tag } + [tag]
        }
    }
}

extension MirrorSettings {
    /// The mirror of a row, or why there is none.
    static func make(
        _ row: MirrorRow, in bridge: DesiredBridge, open: (String) -> Bool
    ) -> (mirror: MirrorSettings?, remark: String?) {
        var mirror = MirrorSettings(name: row.name)
        let place = "bridge \(bridge.name): mirror \(row.name)"
        if let output = row.outputPort {
            guard let name = bridge.portNames[output], open(name) else {
                return (nil, "\(place) outputs to port not on bridge")
            }
            mirror.outputBundle = name
        } else if let vlan = row.outputVLAN {
            mirror.outputVLAN = vlan
        } else {
            return (nil, "\(place) does not specify output; ignoring")
        }
        mirror.snapLength = UInt32(row.snapLength ?? 0)
        mirror.selectsAll = row.selectAll
        mirror.sources = row.selectSourcePorts.compactMap { bridge.portNames[$0] }.filter(open)
        mirror.destinations =
            row.selectDestinationPorts.compactMap { bridge.portNames[$0] }.filter(open)
        mirror.vlans = row.selectVLANs
        return (mirror, nil)
    }
}
