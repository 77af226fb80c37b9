// Commands about learned addresses: fdb/*, mdb/*.

import FlowText
import Ofproto
import OpenFlow
import Pipeline

extension VirtualSwitch {
    var addressCommands: [CommandDefinition] {
        [
            CommandDefinition("fdb/show", "bridge", 1...1) {
                [unowned self] arguments throws(CommandFailure) in
                showAddresses(try bridge(arguments[0]))
            },
            CommandDefinition("fdb/flush", "[bridge]", 0...1) {
                [unowned self] arguments throws(CommandFailure) in
                for bridge in try chosen(arguments) { bridge.ofproto.flushAddressTable() }
                return "table successfully flushed"
            },
            CommandDefinition("fdb/stats-show", "bridge", 1...1) {
                [unowned self] arguments throws(CommandFailure) in
                showStatistics(try bridge(arguments[0]))
            },
            CommandDefinition("fdb/stats-clear", "[bridge]", 0...1) {
                [unowned self] arguments throws(CommandFailure) in
                for bridge in try chosen(arguments) { clearStatistics(bridge) }
                return "statistics successfully cleared"
            },
            CommandDefinition("fdb/add", "bridge port vlan mac", 4...4) {
                [unowned self] arguments throws(CommandFailure) in
                try addAddress(arguments)
            },
            CommandDefinition("fdb/del", "bridge vlan mac", 3...3) {
                [unowned self] arguments throws(CommandFailure) in
                try deleteAddress(arguments)
            },
            CommandDefinition("mdb/show", "bridge", 1...1) {
                [unowned self] arguments throws(CommandFailure) in
                _ = try bridge(arguments[0])
                throw CommandFailure("multicast snooping is disabled")
            },
            CommandDefinition("mdb/flush", "[bridge]", 0...1) {
                [unowned self] arguments throws(CommandFailure) in
                if !arguments.isEmpty {
                    _ = try bridge(arguments[0])
                    throw CommandFailure("multicast snooping is disabled")
                }
                return "table successfully flushed"
            },
        ]
    }

    private func chosen(_ arguments: [String]) throws(CommandFailure) -> [BridgeRuntime] {
        guard let name = arguments.first else { return orderedBridges }
        return [try bridge(name)]
    }

    private func showAddresses(_ bridge: BridgeRuntime) -> String {
        var text = " port  VLAN  MAC                Age\n"
        let context = FlowTextContext()
        let entries = bridge.ofproto.addressTable().sorted { $0.ageSeconds > $1.ageSeconds }
        for entry in entries {
            text += context.portText(entry.port).leftPadding(5) + "  "
            text += String(entry.vlan).leftPadding(4) + "  "
            text += EthernetText.text(entry.address) + "  "
            text += entry.isStatic ? "static\n" : String(entry.ageSeconds).leftPadding(3) + "\n"
        }
        return text
    }

    private func showStatistics(_ bridge: BridgeRuntime) -> String {
        let counts = bridge.ofproto.addressTableStatistics
        return """
            Statistics for bridge "\(bridge.name)":
              Current/maximum MAC entries in the table: \(counts.current)/\(counts.limit)
              Current static MAC entries in the table : \(counts.staticEntries)
              Total number of learned MAC entries     : \(counts.learned)
              Total number of expired MAC entries     : \(counts.expired)
              Total number of evicted MAC entries     : \(counts.evicted)
              Total number of port moved MAC entries  : \(counts.moved)

            """
    }

    private func clearStatistics(_ bridge: BridgeRuntime) {
        guard let table = addressTable(of: bridge) else { return }
        table.pointee.learned = 0
        table.pointee.expired = 0
        table.pointee.evicted = 0
        table.pointee.moved = 0
    }

    /// The table that poll threads learn in.
    private func addressTable(
        of bridge: BridgeRuntime
    ) -> UnsafeMutablePointer<ForwardingDatabase>? {
        datapath.pipeline.pointee.bridges[Int(bridge.ofproto.index)]?.pointee.fdb
    }

    private func addAddress(_ arguments: [String]) throws(CommandFailure) -> String {
        let bridge = try bridge(arguments[0])
        let vlan = CInteger.leading(arguments[2])
        guard let address = EthernetText.address(arguments[3]) else {
            throw CommandFailure("bad MAC address")
        }
        guard let port = bridge.interfaces[arguments[1]] else {
            throw CommandFailure("software error, odp port is present but no ofp port")
        }
        guard (0...4095).contains(vlan), let table = addressTable(of: bridge) else {
            throw CommandFailure("could not add static mac entry\n")
        }
        let tag = UInt16(vlan)
        let old = bridge.ofproto.addressTable().first {
            $0.address == address && $0.vlan == tag
        }
        let bucket = table.bucket(address, vlan: tag)
        if let old, old.port != port.number || !old.isStatic {
            _ = table.remove { $0.key == 1 << 63 | UInt64(tag) << 48 | address }
        }
        table.learn(
            address, vlan: tag, bucket: bucket, port: port.number,
            nowSeconds: UInt32(truncatingIfNeeded: datapath.nowMilliseconds / 1000) & 0x7fff_ffff,
            isStatic: true)
        guard let old, old.port != port.number || !old.isStatic else { return "" }
        return "Overriding already existing \(old.isStatic ? "static" : "dynamic") entry on "
            + FlowTextContext().portText(old.port) + "\n"
    }

    private func deleteAddress(_ arguments: [String]) throws(CommandFailure) -> String {
        let bridge = try bridge(arguments[0])
        let vlan = CInteger.leading(arguments[1])
        guard let address = EthernetText.address(arguments[2]) else {
            throw CommandFailure("bad MAC address")
        }
        let key = 1 << 63 | UInt64(vlan & 0xfff) << 48 | address
        let removed = addressTable(of: bridge)?.remove {
            $0.key == key && $0.lastUsed & 0x8000_0000 != 0
        }
        guard let removed, removed > 0 else {
            throw CommandFailure("could not find static mac entry\n")
        }
        return ""
    }
}
