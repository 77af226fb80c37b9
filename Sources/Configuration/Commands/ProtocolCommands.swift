// Commands about link protocols, bonds, tunnels and routes.

extension VirtualSwitch {
    var protocolCommands: [CommandDefinition] {
        let silent: [(String, String, ClosedRange<Int>, String)] = [
            ("lacp/show", "[port]", 0...1, "no such lacp object"),
            ("lacp/show-stats", "[port]", 0...1, "no such lacp object"),
            ("cfm/show", "[interface]", 0...1, "no such CFM object"),
            ("bfd/show", "[interface]", 0...1, "no such bfd object"),
            ("stp/show", "[bridge]", 0...1, "no such stp object"),
            ("rstp/show", "[bridge]", 0...1, "No such RSTP object"),
            ("stp/tcn", "[bridge]", 0...1, "no such stp object"),
            ("rstp/tcn", "[bridge]", 0...1, "No such RSTP object"),
            ("autoattach/status", "[bridge]", 0...1, "no such bridge"),
            ("autoattach/statistics", "[bridge]", 0...1, "no such bridge"),
            ("autoattach/show-isid", "[bridge]", 0...1, "no such bridge"),
        ]
        let shows = silent.map { name, usage, counts, failure in
            CommandDefinition(name, usage, counts) { arguments throws(CommandFailure) in
                if !arguments.isEmpty { throw CommandFailure(failure) }
                return name.hasSuffix("/tcn") ? "OK" : ""
            }
        }
        return shows + bondCommands + tunnelCommands
    }

    // MARK: Bonds

    private var bondCommands: [CommandDefinition] {
        [
            CommandDefinition("bond/list", "", 0...0) { [unowned self] _ in listBonds() },
            CommandDefinition("bond/show", "[port]", 0...1) {
                [unowned self] arguments throws(CommandFailure) in
                guard let name = arguments.first else {
                    return bonds.map { show($0.port, $0.bridge) }.joined()
                }
                guard let bond = bonds.first(where: { $0.port.name == name }) else {
                    throw CommandFailure("no such bond")
                }
                return show(bond.port, bond.bridge)
            },
            CommandDefinition("bond/set-active-member", "port member", 2...2) {
                [unowned self] arguments throws(CommandFailure) in
                try setActiveMember(arguments)
            },
        ]
    }

    private var bonds: [(port: PortSettings, bridge: BridgeRuntime)] {
        orderedBridges.flatMap { bridge in
            bridge.desired.ports.filter { bridge.members(of: $0).count > 1 }.map { ($0, bridge) }
        }
    }

    private func mode(_ port: PortSettings) -> String {
        (port.row.bondMode ?? .activeBackup).rawValue
    }

    private func listBonds() -> String {
        var text = "bond\ttype\trecircID\tmembers\n"
        for (port, bridge) in bonds {
            let members = bridge.members(of: port).map(\.name).joined(separator: ", ")
            text += "\(port.name)\t\(mode(port))\t0\t\(members)\n"
        }
        return text
    }

    private func show(_ port: PortSettings, _ bridge: BridgeRuntime) -> String {
        let members = bridge.members(of: port)
        let active = members.first { $0.name == reporter.activeMembers[port.name] }
        var text = "---- \(port.name) ----\nbond_mode: \(mode(port))\n"
        text += "bond may use recirculation: no, Recirc-ID : -1\n"
        text += "bond-hash-basis: \(port.row.otherConfig.integer("bond-hash-basis", 0))\n"
        text += "lb_output action: disabled, bond-id: -1\nall members active: false\n"
        text += "updelay: \(port.row.bondUpDelayMilliseconds) ms\n"
        text += "downdelay: \(port.row.bondDownDelayMilliseconds) ms\n"
        text += "lacp_status: off\nlacp_fallback_ab: false\n"
        let primary = port.row.otherConfig["bond-primary"] ?? "<none>"
        text += "active-backup primary: \(primary)\n"
        if let active {
            text += "active member mac: \(EthernetText.text(active.info.address))(\(active.name))\n"
        } else {
            text += "active member mac: 00:00:00:00:00:00(none)\n"
        }
        for member in members {
            let isWorking = member.info.isUp && member.info.hasLink
            text += "\nmember \(member.name): \(isWorking ? "enabled" : "disabled")\n"
            if member === active { text += "  active member\n" }
            text += "  may_enable: \(isWorking ? "true" : "false")\n"
        }
        return text + "\n"
    }

    private func setActiveMember(_ arguments: [String]) throws(CommandFailure) -> String {
        guard let bond = bonds.first(where: { $0.port.name == arguments[0] }) else {
            throw CommandFailure("no such bond")
        }
        let member = bond.bridge.members(of: bond.port).first { $0.name == arguments[1] }
        guard let member else { throw CommandFailure("no such member") }
        guard member.info.isUp && member.info.hasLink else {
            throw CommandFailure("cannot make disabled member active")
        }
        guard reporter.activeMembers[bond.port.name] != member.name else {
            return "no change to active member"
        }
        reporter.activeMembers[bond.port.name] = member.name
        updateActiveMembers(of: bond.bridge)
        bond.bridge.ofproto.publishConfiguration()
        return "done"
    }

    // MARK: Tunnels and routes

    private var tunnelCommands: [CommandDefinition] {
        let neighbours =
            "IP                                            MAC                 Bridge\n"
            + "==========================================================================\n"
        return [
            CommandDefinition("tnl/ports/show", "-v", 0...1) { _ in "Listening ports:\n" },
            CommandDefinition("tnl/arp/show", "", 0...0) { _ in neighbours },
            CommandDefinition("tnl/neigh/show", "", 0...0) { _ in neighbours },
            CommandDefinition("tnl/arp/flush", "", 0...0) { _ in "OK" },
            CommandDefinition("tnl/neigh/flush", "", 0...0) { _ in "OK" },
            CommandDefinition("ovs/route/show", "", 0...0) { _ in
                "Route Table:\n" + RouteText.lines().joined()
            },
        ]
    }
}
