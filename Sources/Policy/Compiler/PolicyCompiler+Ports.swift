// Bound ports: what they may send and receive before any rule is asked, and where they go on.

import Flow
import OpenFlow

extension PolicyCompiler {
    /// The interface of a port is there, under `number` in the policy's bridge. A port that the
    /// document does not name forwards nothing.
    public func bind(_ id: String, number: UInt32) -> PolicyDelta {
        bound[id] = number
        compilePort(id)
        return take()
    }

    /// The interface is gone.
    public func unbind(_ id: String) -> PolicyDelta {
        guard bound[id] != nil else { return PolicyDelta() }
        dropPort(id)
        bound[id] = nil
        for cookie in portCookies(id) { forget(cookie) }
        return take()
    }

    /// What packets of a port are counted under beside rules.
    public func portCookies(_ id: String) -> [PolicyCookie] {
        [
            .defaultDeny(port: id, .egress), .defaultDeny(port: id, .ingress),
            .noPolicy(port: id), .spoofed(port: id), .notForPort(port: id),
            .unfiltered(port: id),
        ]
    }

    func compilePort(_ id: String) {
        guard let number = bound[id] else { return }
        dropPort(id)
        var state = PortState()
        if let port = document.ports[id] {
            if port.isSecured {
                let groups = document.groups(of: port, selecting: selectingGroups)
                state.chain = groups
                state.flows = flows(of: port, number, chain: useChain(groups), groups)
            } else {
                state.flows = [
                    flow(
                        PolicyTable.entry, 100, .unfiltered(port: id), [PolicyAction.goOn]
                    ) { $0.set(.inPort, to: UInt64(number)) }
                ]
            }
        } else {
            state.flows = [
                flow(PolicyTable.entry, 100, .noPolicy(port: id), []) {
                    $0.set(.inPort, to: UInt64(number))
                }
            ]
        }
        portStates[id] = state
        delta.adding += state.flows
    }

    private func dropPort(_ id: String) {
        guard let state = portStates.removeValue(forKey: id) else { return }
        delta.removing += state.flows
        if let chain = state.chain { leaveChain(chain) }
    }

    private func flows(
        of port: PolicyPort, _ number: UInt32, chain: UInt32, _ groups: [String]
    ) -> [PolicyFlow] {
        var flows: [PolicyFlow] = []
        func add(
            _ table: UInt8, _ priority: Int32, _ cookie: PolicyCookie, _ actions: [Action],
            _ fill: (inout FlowMatch) -> Void
        ) {
            flows.append(
                flow(table, priority, cookie, actions) {
                    $0.set(.inPort, to: UInt64(number))
                    fill(&$0)
                })
        }
        let isStateful = groups.allSatisfy { document.groups[$0]?.isStateful ?? true }
        let judge = [judgement(isStateful: isStateful)]
        let zone = UInt64(PolicyZone.zone(ofPort: number))
        for (way, table) in [(RuleDirection.egress, PolicyTable.fromPort),
            (.ingress, PolicyTable.toPort)]
        {
            add(
                PolicyTable.entry, 100, .plumbing,
                [
                    PolicyAction.load(zone, PolicyRegister.zone),
                    PolicyAction.load(UInt64(chain), PolicyRegister.chain),
                    PolicyAction.go(table),
                ]
            ) { $0.set(.metadata, to: way.code) }
            add(PolicyTable.deny, 100, .defaultDeny(port: port.id, way), []) {
                $0.set(PolicyRegister.direction, to: way.code)
            }
        }
        for source in port.sources {
            addSource(source, judge, add)
        }
        for mac in Set(port.sources.map(\.mac)) {
            addStation(mac, judge, add)
        }
        for family in AddressFamily.allCases {
            add(PolicyTable.toPort, 100, .plumbing, judge) {
                $0.set(.ethType, to: family.etherType)
                $0.set(.ethDestination, to: 1 << 40, mask: 1 << 40)
            }
        }
        add(PolicyTable.fromPort, 1, .spoofed(port: port.id), []) { _ in }
        add(PolicyTable.fromPort, 145, .spoofed(port: port.id), []) { icmpv6(&$0, 136) }
        add(PolicyTable.toPort, 1, .notForPort(port: port.id), []) { _ in }
        return flows
    }

    private func judgement(isStateful: Bool) -> Action {
        guard isStateful else { return PolicyAction.go(PolicyTable.stateless) }
        var track = ConntrackAction()
        track.zoneField = Subfield(PolicyRegister.zone, offset: 0, bitCount: 16)
        track.recircTable = PolicyTable.state
        return .ct(track)
    }

    private typealias Adder = (
        UInt8, Int32, PolicyCookie, [Action], (inout FlowMatch) -> Void
    ) -> Void

    /// What a workload may send from one address.
    private func addSource(_ source: AddressPair, _ judge: [Action], _ add: Adder) {
        let goOn = [PolicyAction.goOn]
        let type = source.prefix.family.etherType
        func from(_ match: inout FlowMatch) {
            match.set(.ethType, to: type)
            match.set(.ethSource, to: source.mac)
        }
        add(PolicyTable.fromPort, 100, .plumbing, judge) {
            from(&$0)
            $0.set(.ipv4Source, .ipv6Source, prefix: source.prefix)
        }
        switch source.prefix.family {
        case .ipv4:
            add(PolicyTable.fromPort, 150, .essential, goOn) {
                $0.set(.ethType, to: 0x0806)
                $0.set(.ethSource, to: source.mac)
                $0.set(.arpSourceHardware, to: source.mac)
                $0.set(.arpSourceProtocol, .arpSourceProtocol, prefix: source.prefix)
            }
            addDHCP(source, 68, 67, add)
        case .ipv6:
            for type in [130, 131, 132, 133, 135, 143] as [UInt64] {
                add(PolicyTable.fromPort, 150, .essential, goOn) {
                    icmpv6(&$0, type)
                    $0.set(.ethSource, to: source.mac)
                    $0.set(.ipv6Source, .ipv6Source, prefix: source.prefix)
                }
            }
            // Only its own addresses may be announced.
            add(PolicyTable.fromPort, 150, .essential, goOn) {
                icmpv6(&$0, 136)
                $0.set(.ethSource, to: source.mac)
                $0.set(.ndTarget, .ndTarget, prefix: source.prefix)
            }
            addDHCP(source, 546, 547, add)
        }
    }

    private func addDHCP(
        _ source: AddressPair, _ from: UInt64, _ to: UInt64, _ add: Adder
    ) {
        add(PolicyTable.fromPort, 150, .essential, [PolicyAction.goOn]) {
            $0.set(.ethType, to: source.prefix.family.etherType)
            $0.set(.ethSource, to: source.mac)
            $0.set(.ipProtocol, to: 17)
            $0.set(.udpSource, to: from)
            $0.set(.udpDestination, to: to)
            $0.set(.ipv4Source, .ipv6Source, prefix: source.prefix)
        }
    }

    /// What a station may send before it has an address, and what reaches it.
    private func addStation(_ mac: UInt64, _ judge: [Action], _ add: Adder) {
        let goOn = [PolicyAction.goOn]
        let nobody = AddressPrefix(family: .ipv4, high: 0, low: 0, length: 32)
        let nobody6 = AddressPrefix(family: .ipv6, high: 0, low: 0, length: 128)
        addDHCP(AddressPair(mac: mac, prefix: nobody), 68, 67, add)
        // A probe for its own address.
        add(PolicyTable.fromPort, 150, .essential, goOn) {
            $0.set(.ethType, to: 0x0806)
            $0.set(.arpOpcode, to: 1)
            $0.set(.ethSource, to: mac)
            $0.set(.arpSourceHardware, to: mac)
            $0.set(.arpSourceProtocol, .arpSourceProtocol, prefix: nobody)
        }
        for type in [133, 135, 143] as [UInt64] {
            add(PolicyTable.fromPort, 150, .essential, goOn) {
                icmpv6(&$0, type)
                $0.set(.ethSource, to: mac)
                $0.set(.ipv6Source, .ipv6Source, prefix: nobody6)
            }
        }
        for family in AddressFamily.allCases {
            add(PolicyTable.toPort, 100, .plumbing, judge) {
                $0.set(.ethType, to: family.etherType)
                $0.set(.ethDestination, to: mac)
            }
        }
    }
}
