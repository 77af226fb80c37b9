// Builds the block of ports, bundles and mirrors that poll threads read, and publishes it.

import CIntrinsics
import Flow
import OpenFlow
import Pipeline

extension OfprotoBridge {
    /// Sets the bundles; in force with the next `publishConfiguration()`. What was learned on a
    /// bundle that changes is forgotten.
    public func setBundles(_ bundles: [BundleSettings]) {
        let kept = Set(bundles)
        for bundle in self.bundles where !kept.contains(bundle) {
            for member in bundle.members { flushAddressTable(port: member) }
        }
        self.bundles = bundles
    }

    /// Sets the mirrors; in force with the next `publishConfiguration()`.
    public func setMirrors(_ mirrors: [MirrorSettings]) { self.mirrors = Array(mirrors.prefix(32)) }

    /// Packets and bytes that the mirror at `position` has sent.
    public func mirrorCounters(_ position: Int) -> (packets: UInt64, bytes: UInt64) {
        guard (0..<32).contains(position) else { return (0, 0) }
        let counters = state.pointee.mirrorCounters + position * 2
        return (counters[0], counters[1])
    }

    /// Puts ports, bundles, mirrors and settings into force as they are now.
    public func publishConfiguration() {
        owner.beginDepthChange(publishing: self)
        let ordered = ports.values.sorted { $0.number < $1.number }
        var bundleOfPort: [UInt32: UInt16] = [:]
        for (position, bundle) in bundles.enumerated() {
            for member in bundle.members { bundleOfPort[member] = UInt16(position) }
        }
        let indices = Dictionary(
            uniqueKeysWithValues: ordered.enumerated().map { ($1.number, UInt16($0)) })
        var memory: [UnsafeMutableRawPointer] = []
        let new = BridgeConfiguration(
            ports: ordered.map { block($0, bundle: bundleOfPort[$0.number] ?? .max) },
            bundles: bundles.enumerated().map { position, bundle in
                (
                    block(bundle, at: position, indices: indices, &memory),
                    ports: bundle.members.compactMap { indices[$0] }
                )
            },
            mirrors: mirrors.enumerated().map { block($1, at: $0, &memory) },
            floodVLANs: bitmap(settings.floodVLANs.isEmpty ? nil : settings.floodVLANs, &memory),
            forwardsBPDU: settings.forwardsBPDU, missToController: wantsMisses,
            dropsFragments: fragments == .drop,
            matchesFirstFragments: fragments == .match, localAddress: settings.localAddress)
        for block in memory { new.adopt(block) }
        let old = configuration
        configuration = new
        let place =
            UnsafeMutableRawPointer(state)
            + (MemoryLayout<BridgeState>.offset(of: \.configuration) ?? 0)
        vd_store_release64(place, UInt64(UInt(bitPattern: new.block)))
        for port in ordered { setIngress(port) }
        pipeline.invalidateRecords()
        if let old { control.retire { _ = old } }
        publishedPeers = peers
        owner.publishPeers(of: self)
        owner.endDepthChange()
    }

    /// What each patch port leads to, as things stand.
    var peers: [UInt32: PatchEnd] {
        var peers: [UInt32: PatchEnd] = [:]
        for port in ports.values {
            if case .patch(let peer) = port.kind {
                peers[port.number] = owner.patch(named: peer, peer: port.name)
            }
        }
        return peers
    }

    /// Whether any controller wants the packets that no rule matches: one of OpenFlow 1.2 or
    /// before that takes packets for controller 0.
    var wantsMisses: Bool { sessions.contains(where: \.wantsMisses) }

    private func block(_ port: OfprotoPort, bundle: UInt16) -> BridgePort {
        var block = BridgePort()
        block.openflowPort = port.number
        block.datapathPort = port.datapathPort
        block.flags = port.flags
        block.bundle = bundle
        block.mtu = port.mtu
        if let policy = port.policy {
            block.policyBridge = policy.bridge
            block.policyPort = policy.port
        }
        switch port.kind {
        case .device: block.kind = .device
        case .tunnel: block.kind = .tunnel
        case .broken: block.kind = .broken
        case .policed(let bridge, let number):
            block.kind = .policed
            block.peerBridge = bridge
            block.peerPort = number
        case .patch(let peer):
            block.kind = .patch
            if let end = owner.patch(named: peer, peer: port.name) {
                block.peerBridge = end.bridge
                block.peerPort = end.port
            }
        }
        return block
    }

    private func block(
        _ bundle: BundleSettings, at position: Int, indices: [UInt32: UInt16],
        _ memory: inout [UnsafeMutableRawPointer]
    ) -> Bundle {
        var block = Bundle()
        block.mode = bundle.mode
        block.vlan = bundle.tag
        block.priorityTags = bundle.priorityTags
        block.isProtected = bundle.isProtected
        block.outerEthType = bundle.outerEthType
        block.trunks = bitmap(bundle.trunks, &memory)
        block.customerVLANs = bitmap(bundle.customerVLANs, &memory)
        block.bondMode = bundle.bondMode
        if let active = bundle.activeMember, let index = indices[active] {
            block.activePort = index
        }
        for (mirror, settings) in mirrors.enumerated() {
            if settings.outputBundle == bundle.name { block.isMirrorOutput = true }
            let bit: UInt32 = 1 << UInt32(mirror)
            if settings.selectsAll || settings.sources.contains(bundle.name) {
                block.mirrorSource |= bit
            }
            if settings.selectsAll || settings.destinations.contains(bundle.name) {
                block.mirrorDestination |= bit
            }
        }
        return block
    }

    private func block(
        _ mirror: MirrorSettings, at position: Int, _ memory: inout [UnsafeMutableRawPointer]
    ) -> Mirror {
        var block = Mirror()
        block.vlans = bitmap(mirror.vlans.isEmpty ? nil : mirror.vlans, &memory)
        if let name = mirror.outputBundle,
            let index = bundles.firstIndex(where: { $0.name == name })
        {
            block.outputBundle = UInt16(index)
        }
        if let vlan = mirror.outputVLAN { block.outputVLAN = vlan }
        block.snapLength = mirror.snapLength
        for (other, settings) in mirrors.enumerated()
        where settings.outputBundle == mirror.outputBundle
            && settings.outputVLAN == mirror.outputVLAN
        {
            block.duplicates |= 1 << UInt32(other)
        }
        block.counter = position
        return block
    }

    /// A bitmap of VLANs; nil stands for all of them.
    private func bitmap(
        _ vlans: [UInt16]?, _ memory: inout [UnsafeMutableRawPointer]
    ) -> UnsafeMutablePointer<UInt64>? {
        guard let vlans else { return nil }
        let bitmap = BridgeConfiguration.bitmap(vlans)
        memory.append(UnsafeMutableRawPointer(bitmap))
        return bitmap
    }
}
