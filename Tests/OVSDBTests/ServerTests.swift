// The session against the installed ovsdb-server: synchronising, following ovs-vsctl, writing
// back, the lock between two clients, restarts, and a database taken away, given back and
// converted.

import Testing

@testable import OVSDB

@Suite struct ServerTests {
    private let server: DatabaseServer

    init() throws { server = try DatabaseServer() }

    private func connected(
        _ settings: SessionSettings = .virtualSwitch
    ) throws -> SessionClient {
        let client = SessionClient(settings)
        try client.connect(to: server.socketPath)
        try #require(client.run { $0.session.isSynchronised })
        return client
    }

    @Test("what ovs-vsctl configures arrives as typed rows")
    func followsConfiguration() throws {
        try server.vsctl("init")
        let client = try connected()
        try #require(client.run { $0.session.hasLock })
        var snapshot = VSwitchSnapshot(try #require(client.session.replica))
        #expect(snapshot.openVSwitch != nil && snapshot.configuredBridges.isEmpty)
        client.events = []
        try server.vsctl(
            "add-br", "br0", "--", "set", "bridge", "br0", "fail_mode=secure",
            "other_config:hwaddr=\"02:00:00:00:00:01\"", "protocols=OpenFlow13,OpenFlow15",
            "datapath_type=netdev", "flood_vlans=5,6")
        try server.vsctl(
            "add-port", "br0", "p1", "tag=7", "--", "set", "interface", "p1", "type=geneve",
            "options:remote_ip=10.0.0.1", "ofport_request=9", "mtu_request=1400")
        try server.vsctl(
            "--", "--id=@m", "create", "mirror", "name=m0", "select_all=true", "snaplen=100",
            "--", "add", "bridge", "br0", "mirrors", "@m", "--", "set-controller", "br0",
            "tcp:127.0.0.1:6653", "ptcp:6654", "--", "--id=@t", "create", "flow_table",
            "flow_limit=10", "overflow_policy=evict", "prefixes=ip_src", "--", "set", "bridge",
            "br0", "flow_tables:3=@t")
        #expect(client.run { !$0.snapshot.mirrors.isEmpty })
        for case .changed(let changes) in client.events {
            snapshot.update(from: try #require(client.session.replica), changes: changes)
        }
        #expect(snapshot == client.snapshot)
        let bridge = try #require(snapshot.bridge(named: "br0"))
        #expect(bridge.failMode == .secure && bridge.datapathType == "netdev")
        #expect(bridge.otherConfig == ["hwaddr": "02:00:00:00:00:01"])
        #expect(bridge.protocols == ["OpenFlow13", "OpenFlow15"])
        #expect(bridge.floodVLANs == [5, 6])
        let ports = snapshot.ports(of: bridge)
        #expect(ports.map(\.name) == ["br0", "p1"] && ports[1].tag == 7)
        let interface = try #require(snapshot.interfaces(of: ports[1]).first)
        #expect(interface.type == "geneve" && interface.options == ["remote_ip": "10.0.0.1"])
        #expect(interface.ofportRequest == 9 && interface.mtuRequest == 1400)
        let mirror = try #require(snapshot.mirrors(of: bridge).first)
        #expect(mirror.selectAll && mirror.snapLength == 100)
        #expect(
            Set(snapshot.controllers(of: bridge).map(\.target))
                == ["tcp:127.0.0.1:6653", "ptcp:6654"])
        let table = try #require(snapshot.flowTables(of: bridge)[3])
        #expect(table.flowLimit == 10 && table.overflowPolicy == .evict)
    }

    @Test("zones, queues, exporters and TLS files arrive as typed rows")
    func followsTheRest() throws {
        try server.vsctl("init", "--", "add-br", "b", "--", "set-ssl", "k.pem", "c.pem", "ca.pem")
        try server.vsctl(
            "--", "--id=@d", "create", "datapath", "datapath_version=1", "--", "set",
            "open_vswitch", ".", "datapaths:netdev=@d")
        try server.vsctl("add-zone-tp", "netdev", "zone=4", "udp_first=3", "icmp_reply=4")
        try server.vsctl(
            "--", "--id=@q", "create", "queue", "dscp=5", "other_config:max-rate=1", "--",
            "--id=@s", "create", "qos", "type=linux-htb", "queues:2=@q", "--", "set", "port", "b",
            "qos=@s", "--", "--id=@i", "create", "ipfix", "targets=\"10.0.0.1:4739\"", "--",
            "--id=@n", "create", "netflow", "targets=\"10.0.0.2:5566\"", "active_timeout=30", "--",
            "--id=@f", "create", "sflow", "targets=\"10.0.0.3:6343\"", "sampling=64", "--",
            "--id=@b", "get", "bridge", "b", "--", "--id=@c", "create",
            "flow_sample_collector_set", "id=9", "bridge=@b", "ipfix=@i", "--", "set", "bridge",
            "b", "netflow=@n", "sflow=@f", "ipfix=@i")
        try server.vsctl("add-aa-mapping", "b", "100", "20")
        let snapshot = try connected().snapshot
        let bridge = try #require(snapshot.bridge(named: "b"))
        #expect(snapshot.ssl?.privateKey == "k.pem" && snapshot.ssl?.caCertificate == "ca.pem")
        let datapath = try #require(snapshot.datapath(ofType: "netdev"))
        #expect(
            snapshot.timeoutPolicies(of: datapath)[4]?.timeoutsSeconds
                == ["udp_first": 3, "icmp_reply": 4])
        let qos = try #require(snapshot.ports(of: bridge).first.flatMap { snapshot.qos(of: $0) })
        #expect(qos.type == "linux-htb" && snapshot.queues(of: qos)[2]?.dscp == 5)
        #expect(snapshot.netFlow(of: bridge)?.activeTimeoutSeconds == 30)
        #expect(snapshot.sFlow(of: bridge)?.sampling == 64)
        #expect(snapshot.ipfix(of: bridge)?.targets == ["10.0.0.1:4739"])
        #expect(snapshot.collectors(of: bridge)[9]?.targets == ["10.0.0.1:4739"])
        #expect(snapshot.autoAttach(of: bridge)?.mappings == [100: 20])
    }

    @Test("a committed transaction is in the replica when its outcome comes")
    func writesBack() throws {
        try server.vsctl("init", "--", "add-br", "br0")
        let client = try connected()
        try #require(client.run { $0.session.hasLock })
        let replica = try #require(client.session.replica)
        let bridge = try #require(client.snapshot.bridge(named: "br0"))
        let interface = try #require(client.snapshot.interfaces.values.first)
        let root = try #require(client.snapshot.openVSwitch)
        var transaction = TransactionBuilder()
        transaction.comment("vswitchd")
        transaction.updateChanged(
            "Interface", uuid: interface.uuid,
            row: ["ofport": .integer(65534), "error": .emptySet, "status": .map(["a": "b"])],
            comparedWith: replica)
        transaction.update(
            "Bridge", uuid: bridge.uuid, row: ["datapath_id": .string("00000000000000aa")])
        transaction.update("Open_vSwitch", uuid: root.uuid, row: ["cur_cfg": .integer(1)])
        let datapath = transaction.insert(into: "Datapath", row: ["datapath_version": .string("1")])
        transaction.mutate(
            "Open_vSwitch", uuid: root.uuid,
            [Mutation("datapaths", .insert, Datum(map: [(.string("netdev"), datapath)]))])
        transaction.select(from: "Bridge", where: [.uuid(bridge.uuid)], columns: ["name"])
        guard case .committed(let results) = try client.transact(transaction) else {
            Issue.record("not committed")
            return
        }
        #expect(results.map(\.count) == [nil, 1, 1, 1, nil, 1, nil])
        #expect(results[6].rows.first?["name"] == "br0")
        #expect(client.snapshot.openVSwitch?.currentConfiguration == 1)
        #expect(client.snapshot.datapath(ofType: "netdev")?.uuid == results[4].uuid)
        let row = client.session.replica?.row(interface.uuid, in: "Interface")
        #expect(row?.optionalInteger("ofport") == 65534 && row?.stringMap("status") == ["a": "b"])
        #expect(try server.vsctl("get", "interface", "br0", "ofport") == "65534\n")
    }

    @Test("a transaction that the schema or the rules forbid fails with the server's words")
    func failures() throws {
        try server.vsctl("init", "--", "add-br", "br0")
        let client = try connected()
        try #require(client.run { $0.session.hasLock })
        let bridge = try #require(client.snapshot.bridge(named: "br0"))
        var constraint = TransactionBuilder()
        constraint.comment("x")
        constraint.update("Bridge", uuid: bridge.uuid, row: ["fail_mode": .string("odd")])
        guard case .failed(let failure) = try client.transact(constraint) else {
            Issue.record("not failed")
            return
        }
        #expect(failure.error == "constraint violation" && failure.operation == 1)
        var dangling = TransactionBuilder()
        dangling.update("Bridge", uuid: bridge.uuid, row: ["ports": .uuid(RowUUID.random())])
        guard case .failed(let commit) = try client.transact(dangling) else {
            Issue.record("not failed")
            return
        }
        #expect(commit.error == "referential integrity violation" && commit.operation == nil)
        var waiting = TransactionBuilder()
        waiting.wait(
            "Bridge", where: [.uuid(bridge.uuid)], columns: ["name"],
            rows: [["name": .string("other")]])
        guard case .failed(let timeout) = try client.transact(waiting) else {
            Issue.record("not failed")
            return
        }
        #expect(timeout.error == "timed out")
    }

    @Test("the second client waits for the lock and gets it when the first leaves")
    func lockPasses() throws {
        let first = try connected()
        #expect(first.run { $0.session.hasLock })
        let second = try connected()
        #expect(second.run { $0.events.contains(.lockContended) })
        #expect(!second.session.hasLock)
        #expect(throws: TransactionRefusal.lockNotHeld) {
            try second.session.transact(TransactionBuilder())
        }
        first.disconnect()
        #expect(second.run { $0.session.hasLock })
    }

    @Test("the replica survives a restart of the server and catches up")
    func serverRestarts() throws {
        try server.vsctl("init", "--", "add-br", "br0")
        let client = try connected()
        server.stop()
        #expect(client.run { !$0.session.isConnected })
        #expect(client.snapshot.bridge(named: "br0") != nil)
        try server.start()
        try server.vsctl("add-br", "br1", "--", "del-br", "br0")
        try client.connect(to: server.socketPath)
        #expect(client.run { $0.session.isSynchronised && $0.session.hasLock })
        #expect(client.snapshot.configuredBridges.map(\.name) == ["br1"])
        #expect(client.snapshot.ports.count == 1 && client.snapshot.interfaces.count == 1)
    }

    @Test("a standalone server, which keeps no history, sends everything again")
    func reconnects() throws {
        try server.vsctl("init", "--", "add-br", "br0")
        let client = try connected()
        client.disconnect()
        #expect(client.session.lastTransaction == nil)
        try server.vsctl("add-port", "br0", "p1")
        try client.connect(to: server.socketPath)
        #expect(client.run { $0.session.isSynchronised })
        #expect(client.snapshot.ports.count == 2)
    }

    @Test("a clustered server sends only what changed since the connection broke")
    func resumes() throws {
        let cluster = try DatabaseServer(isClustered: true)
        try cluster.vsctl("init", "--", "add-br", "br0", "--", "add-port", "br0", "p1")
        // The server keeps no more history than it has data, so it must have some.
        for number in 1...40 { try cluster.vsctl("add-br", "filler\(number)") }
        var settings = SessionSettings.virtualSwitch
        settings.isLeaderRequired = true
        let client = SessionClient(settings)
        try client.connect(to: cluster.socketPath)
        try #require(client.run { $0.session.isSynchronised })
        try cluster.vsctl("set", "port", "p1", "tag=3")
        #expect(client.run { $0.snapshot.ports.values.contains { $0.tag == 3 } })
        client.disconnect()
        #expect(client.session.lastTransaction != nil)
        try cluster.vsctl("set", "port", "p1", "tag=4")
        try cluster.vsctl("add-port", "br0", "p2")
        try client.connect(to: cluster.socketPath)
        #expect(client.run { $0.session.isSynchronised })
        let text = String(decoding: client.received, as: UTF8.self)
        let isFound = text.contains(#""result":[true,""#)
        #expect(isFound, "the server found our place")
        let bridge = try #require(client.snapshot.bridge(named: "br0"))
        let ports = client.snapshot.ports(of: bridge)
        #expect(ports.map(\.name) == ["br0", "p1", "p2"] && ports[1].tag == 4)
        let fresh = SessionClient(settings)
        try fresh.connect(to: cluster.socketPath)
        #expect(fresh.run { $0.session.isSynchronised })
        #expect(fresh.session.replica == client.session.replica)
    }

    @Test("a database removed, added again and converted is followed throughout")
    func databaseComesAndGoes() throws {
        try server.vsctl("init", "--", "add-br", "br0")
        let client = try connected()
        try server.control("ovsdb-server/remove-db", "Open_vSwitch")
        #expect(client.run { !$0.session.isSynchronised })
        try server.addDatabase()
        #expect(client.run { $0.session.isSynchronised })
        #expect(client.snapshot.bridge(named: "br0") != nil)
        client.events = []
        try server.run(
            "ovsdb-client", "convert", "unix:" + server.socketPath,
            "/usr/share/openvswitch/vswitch.ovsschema")
        #expect(client.run { $0.events.contains(.desynchronised) && $0.session.isSynchronised })
        try server.vsctl("add-br", "br1")
        #expect(client.run { $0.snapshot.configuredBridges.count == 2 })
    }
}

extension SessionClient {
    /// The typed content of the replica; empty before there is one.
    var snapshot: VSwitchSnapshot {
        session.replica.map { VSwitchSnapshot($0) } ?? VSwitchSnapshot()
    }
}
