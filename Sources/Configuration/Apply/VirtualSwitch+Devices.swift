// Opening, closing and watching devices. A device that can't be opened is remembered with the
// reason and tried again when the kernel's devices change.

import Dpif
import Flow
import Ofproto
import OpenFlow
import OVSDB

extension VirtualSwitch {
    // MARK: Opening and closing

    func open(_ settings: InterfaceSettings, of runtime: BridgeRuntime) {
        guard runtime.interfaces[settings.name] == nil else { return }
        let info: PortInfo
        switch settings.kind {
        case .unsupported(let reason): return fail(settings, reason, runtime)
        case .patch: info = patchInfo(settings)
        case .device(let type):
            do throws(PortError) {
                info = try openDevice(settings, type, runtime)
            } catch {
                return fail(settings, error.message, runtime)
            }
        }
        guard let number = allocateNumber(settings, runtime) else {
            if !isPatch(settings) { datapath.closePort(info.datapathPort) }
            return fail(
                settings,
                "could not add network device \(settings.name) to ofproto "
                    + "(No space left on device)", runtime)
        }
        runtime.failures[settings.name] = nil
        let interface = OpenInterface(settings: settings, number: number, info: info)
        runtime.interfaces[settings.name] = interface
        // Before the first packet is forwarded.
        if let number = interface.datapathPort {
            datapath.setPolicing(settings.policing, ofPort: number)
            datapath.setBudget(settings.budget, ofPort: number)
        }
        var port = OfprotoPortValue.make(interface)
        port.policy = policy.place(of: interface, in: runtime)
        runtime.ofproto.addPort(port)
        host.log(
            .info, "bridge",
            "bridge \(runtime.name): added interface \(settings.name) on port "
                + "\(number & 0xffff)")
    }

    private func openDevice(
        _ settings: InterfaceSettings, _ type: String, _ runtime: BridgeRuntime
    ) throws(PortError) -> PortInfo {
        guard let portType = PortType(rawValue: type) else {
            throw PortError(
                "could not open network device \(settings.name) "
                    + "(Address family not supported by protocol)")
        }
        var request = PortRequest(name: settings.name, type: portType)
        request.options = settings.options
        request.receiveQueues = settings.receiveQueues
        request.affinity = settings.affinity
        request.mtu = settings.requestedMTU
        request.address = settings.isLocal ? runtime.pickAddress() : settings.address
        if portType == .dummy, request.address == nil {
            dummiesOpened &+= 1
            request.address = 0xaa55_aa55_0000 | UInt64(dummiesOpened & 0xffff)
        }
        if portType == .vhostUser {
            let below = applied.globals.otherConfig["vhost-sock-dir"].map { "/" + $0 } ?? ""
            request.options["vhost-sock-dir"] = host.runDirectory + below
        }
        return try datapath.openPort(request)
    }

    private func isPatch(_ settings: InterfaceSettings) -> Bool {
        if case .patch = settings.kind { true } else { false }
    }

    private func patchInfo(_ settings: InterfaceSettings) -> PortInfo {
        var info = PortInfo()
        info.name = settings.name
        info.mtu = 0
        var random = SystemRandomNumberGenerator()
        info.address = random.next() & 0xfcff_ffff_ffff | 0x0200_0000_0000
        return info
    }

    private func allocateNumber(
        _ settings: InterfaceSettings, _ runtime: BridgeRuntime
    ) -> UInt32? {
        if settings.isLocal { return ReservedPort.local }
        let before = settings.uuid.flatMap {
            database.session.replica?.datum("ofport", of: $0, in: InterfaceRow.table)
        }?.optionalInteger.flatMap { UInt16(exactly: $0) }
        return runtime.numbers.allocate(
            wanted: settings.requestedPort ?? before, nowMilliseconds: host.nowMilliseconds
        ).map(UInt32.init)
    }

    private func fail(_ settings: InterfaceSettings, _ reason: String, _ runtime: BridgeRuntime) {
        if runtime.failures[settings.name] != reason {
            host.log(.warn, "bridge", reason)
        }
        runtime.failures[settings.name] = reason
    }

    func close(_ name: String, of runtime: BridgeRuntime) {
        guard let interface = runtime.interfaces.removeValue(forKey: name) else { return }
        closeDevice(interface, of: runtime)
    }

    func closeDevice(_ interface: OpenInterface, of runtime: BridgeRuntime) {
        host.log(
            .info, "bridge",
            "bridge \(runtime.name): deleted interface \(interface.name) on port "
                + "\(interface.number & 0xffff)")
        runtime.ofproto.removePort(interface.number)
        policy.detach(interface.name)
        if let port = interface.datapathPort { datapath.closePort(port) }
        if let number = UInt16(exactly: interface.number) {
            runtime.numbers.release(number, nowMilliseconds: host.nowMilliseconds)
        }
        reporter.forget(interface)
    }

    // MARK: Changing

    func adjust(_ settings: InterfaceSettings, of runtime: BridgeRuntime) {
        guard let interface = runtime.interfaces[settings.name] else { return }
        let old = interface.settings
        interface.settings = settings
        if settings.affinity != old.affinity, let port = interface.datapathPort {
            datapath.setAffinity(settings.affinity, ofPort: port)
        }
        if settings.policing != old.policing, let port = interface.datapathPort {
            datapath.setPolicing(settings.policing, ofPort: port)
        }
        if settings.budget != old.budget, let port = interface.datapathPort {
            datapath.setBudget(settings.budget, ofPort: port)
        }
        if let mtu = settings.requestedMTU, mtu != old.requestedMTU { setMTU(mtu, of: interface) }
        guard let address = settings.address, address != old.address else { return }
        if settings.isLocal {
            host.log(
                .err, "bridge",
                "interface \(settings.name): ignoring mac in Interface record "
                    + "(use Bridge record to set local port's mac)")
        } else if EthernetText.isMulticast(address) || address == 0 {
            host.log(
                .err, "bridge",
                "interface \(settings.name): cannot set MAC to "
                    + (address == 0 ? "all zero address" : "multicast address"))
        } else {
            setAddress(address, of: interface)
        }
    }

    func setAddress(_ address: UInt64, of interface: OpenInterface) {
        if let failure = host.setAddress(address, ofDevice: interface.name, interface.info) {
            host.log(.err, "bridge", "interface \(interface.name): setting MAC failed (\(failure))")
        } else {
            interface.info.address = address
        }
    }

    private func setMTU(_ mtu: UInt32, of interface: OpenInterface) {
        guard interface.info.mtu != mtu, !interface.isPatch else { return }
        if let failure = host.setMTU(mtu, ofDevice: interface.name, interface.info) {
            host.log(
                .warn, "netdev_linux", "\(interface.name): setting MTU failed (\(failure))")
        } else {
            interface.info.mtu = mtu
        }
    }

    /// Internal devices nobody set an MTU for take the least of the other ports'.
    func adjustInternalMTU(of runtime: BridgeRuntime) {
        let others = runtime.interfaces.values.filter {
            !$0.isPatch && $0.settings.type != "internal" && $0.info.mtu > 0
        }
        let least = others.map(\.info.mtu).min() ?? 1500
        for interface in runtime.interfaces.values
        where interface.settings.type == "internal" && interface.settings.requestedMTU == nil {
            setMTU(least, of: interface)
        }
    }

    // MARK: Watching

    /// The kernel's devices have changed: what failed for want of one is tried again.
    public func linksChanged() {
        refreshDevices()
        reportStatus()
        if bridges.values.contains(where: { !$0.failures.isEmpty }) { scheduleConfiguration() }
    }

    func refreshDevice(datapathPort: UInt32) {
        for runtime in bridges.values {
            guard let interface = runtime.interface(withDatapathPort: datapathPort) else {
                continue
            }
            refresh(interface, of: runtime)
            reportStatus()
            return
        }
    }

    func refreshDevices() {
        for runtime in bridges.values {
            for interface in runtime.ordered where !interface.isPatch {
                refresh(interface, of: runtime)
            }
        }
    }

    private func refresh(_ interface: OpenInterface, of runtime: BridgeRuntime) {
        guard let port = interface.datapathPort else { return }
        guard let info = datapath.portInfo(port) else {
            // The device is gone: the row stays and says why.
            close(interface.name, of: runtime)
            runtime.ofproto.publishConfiguration()
            scheduleConfiguration()
            return
        }
        guard info != interface.info else { return }
        let before = interface.info
        interface.info = info
        runtime.ofproto.modifyPort(interface.number) { OfprotoPortValue.fill(&$0, from: info) }
        let isSame = before.isUp == info.isUp && before.hasLink == info.hasLink
            && before.mtu == info.mtu
        guard !isSame else { return }
        coverage.count("ofproto_update_port")
        updateActiveMembers(of: runtime)
        adjustInternalMTU(of: runtime)
        runtime.ofproto.publishConfiguration()
    }

    func updateActiveMembers(of runtime: BridgeRuntime) {
        guard runtime.desired.ports.contains(where: { $0.interfaces.count > 1 }) else { return }
        var bundles = runtime.ofproto.bundles
        for port in runtime.desired.ports where port.interfaces.count > 1 {
            guard let index = bundles.firstIndex(where: { $0.name == port.name }) else { continue }
            bundles[index].activeMember =
                activeMember(of: port, runtime.members(of: port))?.number
        }
        runtime.ofproto.setBundles(bundles)
    }
}
