// NORMAL: switching with learned addresses and VLANs, as ovs-vswitchd.conf.db(5) configures it.

import Flow

extension Interpreter {
    func normal(isLast: Bool) {
        let s = state
        let configuration = s.pointee.configuration
        let key = s.pointee.key
        let inPort = key.load32(FlowLayout.inPort)
        guard let index = configuration.index(ofPort: inPort) else {
            return normalWithoutInputPort(inPort, isLast: isLast)
        }
        let port = configuration.pointee.ports[Int(index)]
        guard port.bundle != .max else { return drop(.noOutputPort) }
        let bundle = configuration.pointee.bundles + Int(port.bundle)
        if VLANTags.isCutShort(key) {
            remark(.partialTag)
            return drop(.vlanNotCarried)
        }
        let arrived = VLANTags(key)
        guard arrived.areTaken(by: bundle.pointee) else {
            remark(.vlanNotCarried)
            return drop(.vlanNotCarried)
        }
        let tags = arrived.received(on: bundle.pointee)
        let vlan = tags.outer.vid
        let destination = key.load48(FlowLayout.ethDestination)
        if !configuration.pointee.forwardsBPDU && destination & 0xffff_ffff_fff0 == 0x0180_c200_0000
        {
            remark(.reservedMulticast)
            return drop(.reservedMulticast)
        }
        let bonded = bundle.pointee.bondMode != 0
        if bonded && !bondAdmits(bundle, index, vlan: vlan, destination: destination) {
            return drop(.bondNotActive)
        }
        let source = key.load48(FlowLayout.ethSource)
        // What a controller sends teaches the switch only when it is on its way.
        let learnsLater = s.pointee.isPacketOut
        if !learnsLater { learnAddress(source, vlan: vlan, inPort: inPort, flags: port.flags) }
        defer {
            if learnsLater { learnAddress(source, vlan: vlan, inPort: inPort, flags: port.flags) }
        }
        if destination & 0x0100_0000_0000 != 0 {
            remark(.noLearnedMACFlooding)
            return normalFlood(from: port.bundle, tags, isLast: isLast)
        }
        let fdb = s.pointee.bridge.pointee.fdb
        let bucket = fdb.bucket(destination, vlan: vlan)
        depend(
            Dependency(
                kind: 3, extra: s.pointee.bridge.pointee.index, index: bucket,
                generation: fdb.pointee.generations[Int(bucket)]))
        guard let learned = fdb.lookup(destination, vlan: vlan, bucket: bucket),
            let learnedIndex = configuration.index(ofPort: learned)
        else {
            remark(.noLearnedMACFlooding)
            return normalFlood(from: port.bundle, tags, isLast: isLast)
        }
        let target = configuration.pointee.ports[Int(learnedIndex)].bundle
        if target == port.bundle || target == .max {
            remark(.learnedPortIsInputPort)
            return drop(.noOutputPort)
        }
        if bundle.pointee.isProtected
            && configuration.pointee.bundles[Int(target)].isProtected
        {
            return drop(.vlanNotCarried)
        }
        remark(.forwardingToLearnedPort)
        outputNormal(target, tags, isLast: isLast)
    }

    /// A packet-out from OFPP_CONTROLLER or OFPP_NONE: switched by its tag, nothing learned.
    private func normalWithoutInputPort(_ inPort: UInt32, isLast: Bool) {
        guard inPort == ReservedOpenFlowPort.controller || inPort == ReservedOpenFlowPort.any
        else {
            remark(.unknownInputPort)
            return drop(.noOutputPort)
        }
        let key = state.pointee.key
        let tags = VLANTags(key)
        let destination = key.load48(FlowLayout.ethDestination)
        let fdb = state.pointee.bridge.pointee.fdb
        let bucket = fdb.bucket(destination, vlan: tags.outer.vid)
        if destination & 0x0100_0000_0000 == 0,
            let learned = fdb.lookup(destination, vlan: tags.outer.vid, bucket: bucket),
            let index = state.pointee.configuration.index(ofPort: learned)
        {
            let bundle = state.pointee.configuration.pointee.ports[Int(index)].bundle
            if bundle != .max {
                remark(.forwardingToLearnedPort)
                return outputNormal(bundle, tags, isLast: isLast)
            }
        }
        remark(.noLearnedMACFlooding)
        normalFlood(from: .max, tags, isLast: isLast)
    }

    /// Whether a bundle carries packets of `vlan`.
    func carries(_ index: UInt16, vlan: UInt16) -> Bool {
        let bundle = state.pointee.configuration.pointee.bundles[Int(index)]
        switch bundle.mode {
        case .access, .dot1qTunnel: return vlan == bundle.vlan
        case .trunk, .nativeTagged, .nativeUntagged:
            return Bundle.contains(bundle.trunks, vlan)
        }
    }

    private func bondAdmits(
        _ bundle: UnsafeMutablePointer<Bundle>, _ port: UInt16, vlan: UInt16, destination: UInt64
    ) -> Bool {
        // Multicast only on the active member; active-backup takes nothing on the others.
        if destination & 0x0100_0000_0000 != 0 || bundle.pointee.bondMode == 1 {
            return bundle.pointee.activePort == port
        }
        return true
    }

    private func learnAddress(_ source: UInt64, vlan: UInt16, inPort: UInt32, flags: UInt32) {
        let s = state
        if source & 0x0100_0000_0000 != 0 || flags & PortFlag.noLearn != 0 { return }
        if s.pointee.hooks.flush == nil { return }
        if let exempt = s.pointee.configuration.pointee.floodVLANs, Bundle.contains(exempt, vlan) {
            return
        }
        let fdb = s.pointee.bridge.pointee.fdb
        let bucket = fdb.bucket(source, vlan: vlan)
        let seconds = UInt32(truncatingIfNeeded: s.pointee.now / 1000)
        if fdb.learn(source, vlan: vlan, bucket: bucket, port: inPort, nowSeconds: seconds) {
            remark(.learnedNewAddress)
        }
        depend(
            Dependency(
                kind: 3, extra: s.pointee.bridge.pointee.index, index: bucket,
                generation: fdb.pointee.generations[Int(bucket)]))
        // An address in use must not age: its record is judged again in time.
        let refresh = max(fdb.pointee.agingSeconds / 4, 1)
        if s.pointee.rejudgeSeconds == 0 || refresh < s.pointee.rejudgeSeconds {
            s.pointee.rejudgeSeconds = refresh
        }
    }

    private func normalFlood(from source: UInt16, _ tags: VLANTags, isLast: Bool) {
        let configuration = state.pointee.configuration
        // One behind, so that the last output is known to be the last.
        var waiting: UInt16?
        for index in 0..<configuration.pointee.bundleCount
        where floods(to: UInt16(index), from: source, vlan: tags.outer.vid) {
            if let waiting { outputNormal(waiting, tags, isLast: false) }
            if state.pointee.exits { return }
            waiting = UInt16(index)
        }
        if let waiting { outputNormal(waiting, tags, isLast: isLast) }
    }

    private func floods(to index: UInt16, from source: UInt16, vlan: UInt16) -> Bool {
        let configuration = state.pointee.configuration
        let bundle = configuration.pointee.bundles[Int(index)]
        guard index != source, !bundle.isMirrorOutput, bundle.portCount > 0,
            let ports = bundle.ports, carries(index, vlan: vlan)
        else { return false }
        if bundle.isProtected && source != .max
            && configuration.pointee.bundles[Int(source)].isProtected
        {
            return false
        }
        return bundle.portCount > 1
            || configuration.pointee.ports[Int(ports[0])].flags & PortFlag.noFlood == 0
    }

    /// Sends the packet, with `tags` within the bridge, out of a bundle with the tags it wants.
    func outputNormal(_ index: UInt16, _ tags: VLANTags, isLast: Bool) {
        let key = state.pointee.key
        let bundle = state.pointee.configuration.pointee.bundles[Int(index)]
        guard let ports = bundle.ports, bundle.portCount > 0 else { return }
        let oldTCI = key.load16(FlowLayout.vlanTCI)
        let oldTPID = key.load16(FlowLayout.vlanTPID)
        let oldInnerTCI = key.load16(FlowLayout.innerVLANTCI)
        let oldInnerTPID = key.load16(FlowLayout.innerVLANTPID)
        var leaving = tags.sent(on: bundle)
        if bundle.priorityTags != 0 { leaving.outer.priority = oldTCI & 0xe000 }
        var port = ports[0]
        if bundle.portCount > 1 {
            port = bondMember(bundle, ports, vlan: leaving.outer.vid)
        }
        guard port != .max else { return }
        leaving.write(to: key, keepingEmpty: bundle.priorityTags == 2)
        emit(
            toPort: state.pointee.configuration.pointee.ports[Int(port)].openflowPort,
            isLast: isLast)
        key.store16(oldTCI, at: FlowLayout.vlanTCI)
        key.store16(oldTPID, at: FlowLayout.vlanTPID)
        key.store16(oldInnerTCI, at: FlowLayout.innerVLANTCI)
        key.store16(oldInnerTPID, at: FlowLayout.innerVLANTPID)
    }

    private func bondMember(
        _ bundle: Bundle, _ ports: UnsafeMutablePointer<UInt16>, vlan: UInt16
    ) -> UInt16 {
        func usable(_ index: UInt16) -> Bool {
            state.pointee.configuration.pointee.ports[Int(index)].flags & PortFlag.notLive == 0
        }
        if bundle.bondMode <= 1 {
            if bundle.activePort != .max && usable(bundle.activePort) { return bundle.activePort }
            for position in 0..<bundle.portCount where usable(ports[position]) {
                return ports[position]
            }
            return .max
        }
        let hashed =
            bundle.bondMode == 2
            ? hash(fields: 0, basis: UInt32(vlan)) : hash(fields: 3, basis: UInt32(vlan))
        var start = Int(hashed % 256) % bundle.portCount
        for _ in 0..<bundle.portCount {
            if usable(ports[start]) { return ports[start] }
            start = (start &+ 1) % bundle.portCount
        }
        return .max
    }

    /// Notes what the outcome depends on beside the key.
    func depend(_ dependency: Dependency) {
        let s = state
        for index in 0..<s.pointee.dependencyCount
        where s.pointee.dependencies[index].kind == dependency.kind
            && s.pointee.dependencies[index].index == dependency.index
            && s.pointee.dependencies[index].extra == dependency.extra
        {
            s.pointee.dependencies[index].generation = dependency.generation
            return
        }
        guard s.pointee.dependencyCount < InterpreterLimit.dependencies else {
            s.pointee.isCacheable = false
            return
        }
        s.pointee.dependencies[s.pointee.dependencyCount] = dependency
        s.pointee.dependencyCount &+= 1
    }
}
