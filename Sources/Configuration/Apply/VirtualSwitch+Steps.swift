// Carries out the steps of a plan, one at a time, and what must follow once all of them are done.

import Dpif
import Flow
import Ofproto
import OpenFlow
import OVSDB

extension VirtualSwitch {
    func apply(_ step: PlanStep, _ desired: DesiredState) {
        switch step {
        case .removeBridge(let name): removeBridge(name)
        case .closeInterface(let bridge, let name):
            guard let runtime = bridges[bridge] else { return }
            close(name, of: runtime)
        case .setGlobals(let globals): apply(globals)
        case .addBridge(let bridge): addBridge(bridge, desired.globals)
        case .openInterface(let bridge, let interface):
            guard let runtime = bridges[bridge] else { return }
            if let bridge = desired.bridges[bridge] { runtime.desired = bridge }
            open(interface, of: runtime)
        case .adjustInterface(let bridge, let interface):
            guard let runtime = bridges[bridge] else { return }
            adjust(interface, of: runtime)
        case .configurePorts(let bridge):
            guard let runtime = bridges[bridge.name] else { return }
            runtime.desired = bridge
            configurePorts(of: runtime)
        case .configureBridge(let bridge):
            guard let runtime = bridges[bridge.name] else { return }
            runtime.desired = bridge
            configure(runtime, desired.globals)
        case .configureControllers(let bridge):
            guard let runtime = bridges[bridge.name] else { return }
            runtime.desired = bridge
            runtime.controllers?.configure(bridge, options: options)
        }
    }

    /// What is due once after all steps: patches may have found their peers, and lists of ports
    /// may name interfaces that failed before.
    func finishApplying() {
        for bridge in bridges.values {
            let names = Set(bridge.desired.interfaces.map(\.name))
            bridge.failures = bridge.failures.filter { names.contains($0.key) }
            adjustInternalMTU(of: bridge)
            policy.attach(bridge)
            bridge.ofproto.publishConfiguration()
        }
    }

    // MARK: Bridges

    private func addBridge(_ desired: DesiredBridge, _ globals: DesiredGlobals) {
        let address = EthernetText.address(ofBridge: desired.row.uuid)
        // The real settings at once, so that a secure bridge never switches by itself.
        let settings = BridgeSettings(
            desired, address: address, datapathID: desired.datapathID ?? address, globals)
        guard let ofproto = bridgeSet.addBridge(settings) else {
            host.log(.err, "bridge", "failed to create bridge \(desired.name): Too many bridges")
            return
        }
        let runtime = BridgeRuntime(
            ofproto: ofproto, desired: desired, defaultAddress: address)
        runtime.controllers = ControllerSet(host: host, bridge: ofproto)
        bridges[desired.name] = runtime
    }

    func removeBridge(_ name: String) {
        guard let runtime = bridges.removeValue(forKey: name) else { return }
        runtime.controllers?.close()
        for interface in runtime.ordered { closeDevice(interface, of: runtime) }
        bridgeSet.removeBridge(runtime.ofproto)
    }

    func removeAllBridges() {
        for name in bridges.keys.sorted() { removeBridge(name) }
    }

    private func configure(_ runtime: BridgeRuntime, _ globals: DesiredGlobals) {
        let address = runtime.pickAddress()
        if let local = runtime.interfaces[runtime.name], local.info.address != address {
            setAddress(address, of: local)
        }
        runtime.address = address
        let datapathID = runtime.pickDatapathID()
        if runtime.datapathID != datapathID {
            host.log(
                .info, "bridge",
                "bridge \(runtime.name): using datapath ID "
                    + EthernetText.hex(datapathID, digits: 16))
            runtime.datapathID = datapathID
        }
        runtime.ofproto.update(runtime.settings(globals))
    }

    private func apply(_ globals: DesiredGlobals) {
        let old = applied.globals
        if datapath.pipeline.pointee.vlanLimit != globals.vlanLimit {
            datapath.pipeline.pointee.vlanLimit = globals.vlanLimit
            datapath.pipeline.invalidateRecords()
        }
        for zone in Set(old.zoneTimeouts.keys).union(globals.zoneTimeouts.keys).sorted()
        where old.zoneTimeouts[zone] != globals.zoneTimeouts[zone] {
            datapath.setTimeoutPolicy(zone: zone, timeouts: globals.zoneTimeouts[zone])
        }
        let wanted = globals.otherConfig["dpdk-init"]?.lowercased()
        if !hasAskedForDPDK, wanted == "true" || wanted == "try" {
            hasAskedForDPDK = true
            onDPDKWanted?(globals.otherConfig)
        }
        datapath.setPolling(globals.polling)
        if old.tls != globals.tls {
            host.setTLS(
                globals.tls.map {
                    TLSSettings(
                        privateKey: $0.privateKey, certificate: $0.certificate,
                        caCertificate: $0.caCertificate, bootstrapsCA: $0.bootstrapsCACertificate)
                })
        }
        if old.statisticsMilliseconds != globals.statisticsMilliseconds {
            armStatistics(globals.statisticsMilliseconds)
        }
        warnOfIgnored(globals)
    }

    private func warnOfIgnored(_ globals: DesiredGlobals) {
        let known = ["hw-offload", "tc-policy", "userspace-tso-enable"]
        for key in known where globals.otherConfig.boolean(key, false) {
            guard !applied.globals.otherConfig.boolean(key, false) else { continue }
            host.log(.warn, "bridge", "other_config:\(key) has no effect in this switch")
        }
        let before = PollingSettings.remarks(applied.globals.otherConfig)
        for remark in PollingSettings.remarks(globals.otherConfig) where !before.contains(remark) {
            host.log(.warn, "dpif_netdev", remark)
        }
    }

    // MARK: Ports

    private func configurePorts(of runtime: BridgeRuntime) {
        var bundles: [BundleSettings] = []
        for port in runtime.desired.ports {
            let members = runtime.members(of: port)
            guard !members.isEmpty else { continue }
            for member in members {
                shape(member, port)
                runtime.ofproto.modifyPort(member.number) {
                    // A dummy has one queue whatever QoS says, as those of Open vSwitch.
                    $0.queues = member.info.type == .dummy ? [0] : port.queues
                }
            }
            bundles.append(
                BundleSettings(
                    port, members: members.map(\.number),
                    activeMember: activeMember(of: port, members)?.number))
        }
        runtime.ofproto.setBundles(bundles)
        let names = Set(bundles.map(\.name))
        var mirrors: [MirrorSettings] = []
        for row in runtime.desired.mirrors {
            let (mirror, remark) = MirrorSettings.make(
                row, in: runtime.desired, open: names.contains)
            if let remark { host.log(.err, "bridge", remark) }
            if let mirror { mirrors.append(mirror) }
        }
        runtime.ofproto.setMirrors(mirrors)
        warnOfSampling(runtime.desired.row)
    }

    /// The member of a bond that carries traffic: the primary one if it works, else the one that
    /// does already, else the first that works.
    func activeMember(of port: PortSettings, _ members: [OpenInterface]) -> OpenInterface? {
        guard members.count > 1 else { return nil }
        let working = members.filter { $0.info.isUp && $0.info.hasLink }
        let primary = port.row.otherConfig["bond-primary"]
        if let first = working.first(where: { $0.name == primary }) { return first }
        let present = reporter.activeMembers[port.name]
        let choice = working.first { $0.name == present } ?? working.first
        reporter.activeMembers[port.name] = choice?.name
        return choice
    }

    private func warnOfSampling(_ row: BridgeRow) {
        let sampled = [
            ("NetFlow", row.netFlow), ("sFlow", row.sFlow), ("IPFIX", row.ipfix),
        ]
        for (name, uuid) in sampled where uuid != nil {
            let text = "bridge \(row.name): \(name) is not supported yet and ignored"
            if loggedWarnings.insert(text).inserted { host.log(.warn, "bridge", text) }
        }
    }
}
