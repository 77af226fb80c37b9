// NORMAL: switching with learned addresses and VLANs, as ovs-vswitchd.conf.db(5) configures it.

import Flow

extension Interpreter {
    func normal(isLast: Bool) {
        let s = state
        let configuration = s.pointee.configuration
        let key = s.pointee.key
        let inPort = key.load32(FlowLayout.inPort)
        guard let index = configuration.index(ofPort: inPort) else {
            return normalWithoutInputPort(inPort)
        }
        let port = configuration.pointee.ports[Int(index)]
        guard port.bundle != .max else { return drop(.noOutputPort) }
        let bundle = configuration.pointee.bundles + Int(port.bundle)
        let destination = key.load48(FlowLayout.ethDestination)
        if !configuration.pointee.forwardsBPDU && destination & 0xffff_ffff_fff0 == 0x0180_c200_0000
        {
            remark(.reservedMulticast)
            return drop(.reservedMulticast)
        }
        guard let vlan = inputVLAN(bundle.pointee) else {
            remark(.vlanNotCarried)
            return drop(.vlanNotCarried)
        }
        let bonded = bundle.pointee.bondMode != 0
        if bonded && !bondAdmits(bundle, index, vlan: vlan, destination: destination) {
            return drop(.bondNotActive)
        }
        let source = key.load48(FlowLayout.ethSource)
        learnAddress(source, vlan: vlan, inPort: inPort, flags: port.flags)
        if destination & 0x0100_0000_0000 != 0 {
            remark(.noLearnedMACFlooding)
            return normalFlood(from: port.bundle, vlan: vlan)
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
            return normalFlood(from: port.bundle, vlan: vlan)
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
        outputNormal(target, vlan: vlan, isLast: isLast)
    }

    /// A packet-out from OFPP_CONTROLLER or OFPP_NONE: switched by its tag, nothing learned.
    private func normalWithoutInputPort(_ inPort: UInt32) {
        guard inPort == ReservedOpenFlowPort.controller || inPort == ReservedOpenFlowPort.any
        else {
            remark(.unknownInputPort)
            return drop(.noOutputPort)
        }
        let key = state.pointee.key
        let vlan = key.load16(FlowLayout.vlanTCI) & 0xfff
        let destination = key.load48(FlowLayout.ethDestination)
        let fdb = state.pointee.bridge.pointee.fdb
        let bucket = fdb.bucket(destination, vlan: vlan)
        if destination & 0x0100_0000_0000 == 0,
            let learned = fdb.lookup(destination, vlan: vlan, bucket: bucket),
            let index = state.pointee.configuration.index(ofPort: learned)
        {
            let bundle = state.pointee.configuration.pointee.ports[Int(index)].bundle
            if bundle != .max {
                remark(.forwardingToLearnedPort)
                return outputNormal(bundle, vlan: vlan)
            }
        }
        remark(.noLearnedMACFlooding)
        normalFlood(from: .max, vlan: vlan)
    }

    /// The VLAN a packet belongs to by the port it came in on, or nil if the port does not carry it.
    private func inputVLAN(_ bundle: Bundle) -> UInt16? {
        let tci = state.pointee.key.load16(FlowLayout.vlanTCI)
        let vid = tci & 0x1000 == 0 ? 0 : tci & 0xfff
        switch bundle.mode {
        case .access: return vid == 0 ? bundle.vlan : nil
        case .nativeTagged, .nativeUntagged:
            let vlan = vid == 0 ? bundle.vlan : vid
            return vlan == bundle.vlan || Bundle.contains(bundle.trunks, vlan) ? vlan : nil
        case .trunk: return Bundle.contains(bundle.trunks, vid) ? vid : nil
        case .dot1qTunnel:
            return Bundle.contains(bundle.customerVLANs, vid) ? bundle.vlan : nil
        }
    }

    /// Whether a bundle carries packets of `vlan`.
    func carries(_ index: UInt16, vlan: UInt16) -> Bool {
        let bundle = state.pointee.configuration.pointee.bundles[Int(index)]
        switch bundle.mode {
        case .access, .dot1qTunnel: return vlan == bundle.vlan
        case .trunk: return Bundle.contains(bundle.trunks, vlan)
        case .nativeTagged, .nativeUntagged:
            return vlan == bundle.vlan || Bundle.contains(bundle.trunks, vlan)
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

    private func normalFlood(from source: UInt16, vlan: UInt16) {
        let configuration = state.pointee.configuration
        let isProtected =
            source != .max && configuration.pointee.bundles[Int(source)].isProtected
        for index in 0..<configuration.pointee.bundleCount {
            let bundle = configuration.pointee.bundles[index]
            if UInt16(index) == source || bundle.isMirrorOutput || bundle.portCount == 0 { continue }
            if isProtected && bundle.isProtected { continue }
            if !carries(UInt16(index), vlan: vlan) { continue }
            if bundle.portCount == 1, let ports = bundle.ports,
                configuration.pointee.ports[Int(ports[0])].flags & PortFlag.noFlood != 0
            {
                continue
            }
            outputNormal(UInt16(index), vlan: vlan)
            if state.pointee.exits { return }
        }
    }

    /// Sends the packet, belonging to `vlan`, out of a bundle with the tag that the bundle wants.
    func outputNormal(_ index: UInt16, vlan: UInt16, isLast: Bool = false) {
        let key = state.pointee.key
        let bundle = state.pointee.configuration.pointee.bundles[Int(index)]
        guard let ports = bundle.ports, bundle.portCount > 0 else { return }
        let oldTCI = key.load16(FlowLayout.vlanTCI)
        let oldTPID = key.load16(FlowLayout.vlanTPID)
        let oldInnerTCI = key.load16(FlowLayout.innerVLANTCI)
        let oldInnerTPID = key.load16(FlowLayout.innerVLANTPID)
        let isTunnelled = inputIsTunnelled()
        let vid: UInt16
        switch bundle.mode {
        case .access, .nativeUntagged: vid = vlan == bundle.vlan ? 0 : vlan
        case .trunk, .nativeTagged: vid = vlan
        case .dot1qTunnel: vid = 0
        }
        if isTunnelled && bundle.mode != .dot1qTunnel && vid != 0 {
            pushVLAN(0x88a8)
            key.store16(vid | 0x1000, at: FlowLayout.vlanTCI)
        } else if isTunnelled && bundle.mode == .dot1qTunnel {
            // Customer tags travel as they are.
        } else if bundle.mode == .dot1qTunnel {
            stripVLAN()
        } else {
            let pcp = oldTCI & 0xe000
            let keepsPriority =
                vid == 0
                && (bundle.priorityTags == 2 && oldTCI & 0x1000 != 0
                    || bundle.priorityTags >= 1 && pcp != 0)
            if vid != 0 || keepsPriority {
                key.store16(vid | pcp | 0x1000, at: FlowLayout.vlanTCI)
                fixVLANTPID()
            } else if oldTCI & 0x1000 != 0 {
                stripVLAN()
            }
        }
        var port = ports[0]
        if bundle.portCount > 1 { port = bondMember(bundle, ports, vlan: vlan) }
        if port != .max {
            let number = state.pointee.configuration.pointee.ports[Int(port)].openflowPort
            emit(toPort: number, isLast: isLast)
        }
        key.store16(oldTCI, at: FlowLayout.vlanTCI)
        key.store16(oldTPID, at: FlowLayout.vlanTPID)
        key.store16(oldInnerTCI, at: FlowLayout.innerVLANTCI)
        key.store16(oldInnerTPID, at: FlowLayout.innerVLANTPID)
    }

    private func inputIsTunnelled() -> Bool {
        let configuration = state.pointee.configuration
        guard let index = configuration.index(ofPort: state.pointee.key.load32(FlowLayout.inPort))
        else { return false }
        let bundle = configuration.pointee.ports[Int(index)].bundle
        return bundle != .max && configuration.pointee.bundles[Int(bundle)].mode == .dot1qTunnel
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
