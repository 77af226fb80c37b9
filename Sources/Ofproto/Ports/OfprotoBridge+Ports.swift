// Ports as Configuration adds, changes and removes them, port-mods of controllers, and the map by
// which packets of a datapath port enter the bridge.

import Dpif
import Flow
import OpenFlow
import Pipeline

extension OfprotoBridge {
    /// Adds a port, or replaces the one of that number. Call `publishConfiguration()` after the
    /// last change.
    public func addPort(_ port: OfprotoPort) {
        if let old = ports[port.number] { removePort(old.number) }
        var port = port
        port.created = now
        port.normalizeState()
        ports[port.number] = port
        let status = PortStatus(reason: .add, port: port.description)
        for session in sessions { session.tell(status, old: nil, source: nil) }
    }

    /// Removes a port; its packets are dropped from now on.
    public func removePort(_ number: UInt32) {
        guard let port = ports.removeValue(forKey: number) else { return }
        clearIngress(port)
        _ = fdb.remove { $0.port == number }
        let status = PortStatus(reason: .delete, port: port.description)
        for session in sessions { session.tell(status, old: nil, source: nil) }
    }

    /// Changes a port in place; controllers are told what they can see of it.
    public func modifyPort(_ number: UInt32, _ change: (inout OfprotoPort) -> Void) {
        guard let old = ports[number] else { return }
        var port = old
        change(&port)
        port.number = number
        port.created = old.created
        port.normalizeState()
        guard port != old else { return }
        if port.datapathPort != old.datapathPort { clearIngress(old) }
        ports[number] = port
        tellModified(old, port, source: nil)
    }

    /// The port of that name.
    public func port(named name: String) -> OfprotoPort? {
        ports.values.first { $0.name == name }
    }

    /// Applies a port-mod.
    ///
    /// **Errors**: OFPPMFC_BAD_PORT, OFPPMFC_BAD_HW_ADDR.
    func apply(_ mod: PortMod, source: OpenFlowSession?) throws(OpenFlowError) {
        let old = try check(mod)
        var port = old
        let toggle = old.config.symmetricDifference(mod.config).intersection(mod.mask)
        guard !toggle.isEmpty else { return }
        port.config.formSymmetricDifference(toggle)
        port.normalizeState()
        if toggle.contains(.portDown), case .device = port.kind {
            control.setPortUp(port.datapathPort, !port.config.contains(.portDown))
        }
        ports[port.number] = port
        tellModified(old, port, source: source)
        publishConfiguration()
        if toggle.contains(.portDown), case .device = port.kind {
            owner.onPortUp?(port.datapathPort)
        }
    }

    /// The port that a port-mod is about.
    ///
    /// **Errors**: OFPPMFC_BAD_PORT, OFPPMFC_BAD_HW_ADDR.
    @discardableResult
    func check(_ mod: PortMod) throws(OpenFlowError) -> OfprotoPort {
        guard let port = ports[mod.port] else { throw OpenFlowError(.ofppmfcBadPort) }
        guard port.address == mod.hardwareAddress else {
            throw OpenFlowError(.ofppmfcBadHwAddr)
        }
        return port
    }

    private func tellModified(
        _ old: OfprotoPort, _ port: OfprotoPort, source: OpenFlowSession?
    ) {
        guard old.description != port.description else { return }
        let status = PortStatus(reason: .modify, port: port.description)
        let before = PortStatus(reason: .modify, port: old.description)
        for session in sessions { session.tell(status, old: before, source: source) }
    }

    func clearIngress(_ port: OfprotoPort) {
        guard let entry = ingress(port), entry.pointee.bridge == index,
            entry.pointee.openflowPort == port.number
        else { return }
        entry.pointee = IngressPort()
    }

    func setIngress(_ port: OfprotoPort) {
        guard let entry = ingress(port) else { return }
        var value = IngressPort()
        value.bridge = index
        value.openflowPort = port.number
        entry.pointee = value
    }

    /// The entry of a port that packets can come in on.
    private func ingress(_ port: OfprotoPort) -> UnsafeMutablePointer<IngressPort>? {
        switch port.kind {
        case .device, .tunnel: break
        case .patch, .broken, .policed: return nil
        }
        guard Int(port.datapathPort) < PipelineState.portsMax else { return nil }
        return pipeline.pointee.ingress + Int(port.datapathPort)
    }
}
