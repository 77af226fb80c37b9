// The rules that every policy has: where packets go whatever ports and groups there are.

import Flow
import OpenFlow

extension PolicyCompiler {
    func fixedFlows() -> [PolicyFlow] {
        guardFlows() + stateFlows() + statelessFlows() + acceptFlows()
    }

    func flow(
        _ table: UInt8, _ priority: Int32, _ cookie: PolicyCookie, _ actions: [Action],
        _ fill: (inout FlowMatch) -> Void
    ) -> PolicyFlow {
        var match = FlowMatch()
        fill(&match)
        return PolicyFlow(
            table: table, priority: priority, match: match, actions: actions,
            cookie: self.cookie(cookie))
    }

    /// What no workload may send, and what every workload may receive.
    private func guardFlows() -> [PolicyFlow] {
        func udp(_ match: inout FlowMatch, _ family: AddressFamily, _ from: UInt64, _ to: UInt64) {
            match.set(.ethType, to: family.etherType)
            match.set(.ipProtocol, to: 17)
            match.set(.udpSource, to: from)
            match.set(.udpDestination, to: to)
        }
        var flows = [
            flow(PolicyTable.fromPort, 200, .dhcpServer, []) { udp(&$0, .ipv4, 67, 68) },
            flow(PolicyTable.fromPort, 200, .dhcpServer, []) { udp(&$0, .ipv6, 547, 546) },
            flow(PolicyTable.fromPort, 200, .routerAdvertisement, []) { icmpv6(&$0, 134) },
            flow(PolicyTable.toPort, 150, .essential, [PolicyAction.goOn]) {
                $0.set(.ethType, to: 0x0806)
            },
            flow(PolicyTable.toPort, 150, .essential, [PolicyAction.goOn]) {
                udp(&$0, .ipv4, 67, 68)
            },
            flow(PolicyTable.toPort, 150, .essential, [PolicyAction.goOn]) {
                udp(&$0, .ipv6, 547, 546)
            },
        ]
        // Listener queries, router and neighbour solicitations and advertisements.
        for type in [130, 134, 135, 136] as [UInt64] {
            flows.append(
                flow(PolicyTable.toPort, 150, .essential, [PolicyAction.goOn]) {
                    icmpv6(&$0, type)
                })
        }
        return flows
    }

    func icmpv6(_ match: inout FlowMatch, _ type: UInt64) {
        match.set(.ethType, to: 0x86dd)
        match.set(.ipProtocol, to: 58)
        match.set(.icmpv6Type, to: type)
    }

    /// A tracked packet is judged by its connection's first packet: by the rules for what the
    /// workload begins, or for what others begin.
    private func stateFlows() -> [PolicyFlow] {
        let tracked = ConntrackBits.tracked
        var flows = [
            flow(PolicyTable.state, 200, .invalid, []) {
                let bits = tracked | ConntrackBits.invalid
                $0.set(.ctState, to: bits, mask: bits)
            },
            flow(PolicyTable.state, 1, .untracked, []) { _ in },
        ]
        for family in AddressFamily.allCases {
            for way in RuleDirection.allCases {
                for isReply in [false, true] {
                    let direction: RuleDirection =
                        (way == .egress) != isReply ? .egress : .ingress
                    flows.append(
                        flow(
                            PolicyTable.state, 100, .plumbing, tuple(family, direction)
                        ) {
                            $0.set(.ethType, to: family.etherType)
                            $0.set(.metadata, to: way.code)
                            $0.set(
                                .ctState, to: tracked | (isReply ? ConntrackBits.reply : 0),
                                mask: tracked | ConntrackBits.invalid | ConntrackBits.reply)
                        })
                }
            }
        }
        return flows
    }

    /// Puts the original tuple of the connection in registers and goes on to the chain.
    private func tuple(_ family: AddressFamily, _ direction: RuleDirection) -> [Action] {
        let remote: Action =
            switch (family, direction) {
            case (.ipv4, .egress): PolicyAction.move(.ctIPv4Destination, .reg8, bits: 32)
            case (.ipv4, .ingress): PolicyAction.move(.ctIPv4Source, .reg8, bits: 32)
            case (.ipv6, .egress): PolicyAction.move(.ctIPv6Destination, .xxreg2, bits: 128)
            case (.ipv6, .ingress): PolicyAction.move(.ctIPv6Source, .xxreg2, bits: 128)
            }
        return [
            PolicyAction.load(direction.code, PolicyRegister.direction), remote,
            PolicyAction.move(.ctProtocol, PolicyRegister.ipProtocol, bits: 8),
            PolicyAction.move(.ctSourcePort, PolicyRegister.ports, bits: 16, at: 16),
            PolicyAction.move(.ctDestinationPort, PolicyRegister.ports, bits: 16),
            PolicyAction.go(PolicyTable.chain),
        ]
    }

    /// Without connections each packet is judged by itself.
    private func statelessFlows() -> [PolicyFlow] {
        let kinds: [(AddressFamily, UInt64?, Field?, Field?)] =
            AddressFamily.allCases.flatMap { family in
                [
                    (family, 6, .tcpSource, .tcpDestination),
                    (family, 17, .udpSource, .udpDestination),
                    (family, 132, .sctpSource, .sctpDestination),
                    family == .ipv4
                        ? (family, 1, .icmpType, .icmpCode)
                        : (family, 58, .icmpv6Type, .icmpv6Code),
                    (family, nil, nil, nil),
                ]
            }
        return kinds.flatMap { family, proto, high, low in
            RuleDirection.allCases.map { direction in
                var actions = [PolicyAction.load(direction.code, PolicyRegister.direction)]
                switch (family, direction) {
                case (.ipv4, .egress):
                    actions.append(PolicyAction.move(.ipv4Destination, .reg8, bits: 32))
                case (.ipv4, .ingress):
                    actions.append(PolicyAction.move(.ipv4Source, .reg8, bits: 32))
                case (.ipv6, .egress):
                    actions.append(PolicyAction.move(.ipv6Destination, .xxreg2, bits: 128))
                case (.ipv6, .ingress):
                    actions.append(PolicyAction.move(.ipv6Source, .xxreg2, bits: 128))
                }
                actions.append(
                    PolicyAction.move(.ipProtocol, PolicyRegister.ipProtocol, bits: 8))
                if let high, let low {
                    let bits = high.info.bitCount
                    actions.append(
                        PolicyAction.move(high, PolicyRegister.ports, bits: bits, at: 16))
                    actions.append(PolicyAction.move(low, PolicyRegister.ports, bits: bits))
                }
                actions.append(PolicyAction.go(PolicyTable.chain))
                return flow(PolicyTable.stateless, proto == nil ? 50 : 100, .plumbing, actions) {
                    $0.set(.ethType, to: family.etherType)
                    $0.set(.metadata, to: direction.code)
                    if let proto { $0.set(.ipProtocol, to: proto) }
                }
            }
        }
    }

    /// What is allowed goes on; a new connection is remembered, with who began it in its mark.
    private func acceptFlows() -> [PolicyFlow] {
        var commit = ConntrackAction()
        commit.commit = true
        commit.zoneField = Subfield(PolicyRegister.zone, offset: 0, bitCount: 16)
        commit.exec = [PolicyAction.move(PolicyRegister.direction, .ctMark, bits: 32)]
        return [
            flow(PolicyTable.accept, 100, .plumbing, [.ct(commit), PolicyAction.goOn]) {
                let bits = ConntrackBits.tracked | ConntrackBits.new
                $0.set(.ctState, to: bits, mask: bits)
            },
            flow(PolicyTable.accept, 1, .plumbing, [PolicyAction.goOn]) { _ in },
        ]
    }
}

/// Bits of `ct_state`.
///
/// **Source**: ovs-fields(7).
enum ConntrackBits {
    static let new: UInt64 = 1
    static let reply: UInt64 = 8
    static let invalid: UInt64 = 16
    static let tracked: UInt64 = 32
}
