// What documents may say, and how each error names line, field and value.

import Testing

@testable import Policy

@Suite struct PolicyReaderTests {
    static let group = """
        {"security_groups": [{"id": "g"}], "address_groups": [{"id": "a", "addresses": []}],

        """

    static let aPort = #"{"ports": [{"id": "p", "mac_address": "02:00:00:00:00:01", "#

    /// A rule of group g, in line 2.
    private func rule(_ fields: String) -> String {
        PolicyReaderTests.group + "\"security_group_rules\": [{\"security_group_id\": \"g\", "
            + fields + "}]}"
    }

    private func errors(_ text: String) -> [PolicyError] {
        do {
            _ = try policy(text)
            return []
        } catch let errors as PolicyErrors {
            return errors.list
        } catch let error as PolicyError {
            return [error]
        } catch {
            return []
        }
    }

    @Test(arguments: [
        (#""direction": "sideways""#, "direction", "\"sideways\"", "neither ingress nor egress"),
        (#""protocol": "tcp""#, "direction", "an object of 2", "is missing"),
        (#""direction": "ingress", "ethertype": "IPX""#, "ethertype", "\"IPX\"", "IPv4 nor IPv6"),
        (#""direction": "ingress", "protocol": "tpc""#, "protocol", "\"tpc\"", "no protocol"),
        (#""direction": "ingress", "protocol": 256"#, "protocol", "256", "no protocol"),
        (
            #""direction": "ingress", "protocol": "ipv6-icmp""#, "protocol", "\"ipv6-icmp\"",
            "belongs to IPv6"
        ),
        (
            #""direction": "ingress", "protocol": "tcp", "port_range_min": 70000"#,
            "port_range_min", "70000", "0 to 65535"
        ),
        (
            #""direction": "ingress", "protocol": "tcp", "port_range_min": 2, "port_range_max": 1"#,
            "port_range_min", "\"2:1\"", "no range"
        ),
        (
            #""direction": "ingress", "protocol": "gre", "port_range_min": 2, "port_range_max": 2"#,
            "port_range_min", "\"2:2\"", "only tcp, udp and sctp"
        ),
        (
            #""direction": "ingress", "protocol": "icmp", "port_range_min": 256"#,
            "port_range_min", "\"256:null\"", "above 255"
        ),
        (
            #""direction": "ingress", "protocol": "icmp", "port_range_max": 0"#,
            "port_range_min", "\"null:0\"", "without a type"
        ),
        (
            #""direction": "ingress", "remote_ip_prefix": "10.0.0.0/33""#, "remote_ip_prefix",
            "\"10.0.0.0/33\"", "neither an address nor a prefix"
        ),
        (
            #""direction": "ingress", "remote_ip_prefix": "fd00::/8""#, "remote_ip_prefix",
            "\"fd00::/8\"", "is not IPv4"
        ),
        (
            #""direction": "ingress", "remote_group_id": "x""#, "remote_group_id", "\"x\"",
            "no such security group"
        ),
        (
            #""direction": "ingress", "remote_address_group_id": "x""#, "remote_address_group_id",
            "\"x\"", "no such address group"
        ),
        (
            #""direction": "ingress", "action": "deny""#, "action", "\"deny\"", "needs a priority"
        ),
        (
            #""direction": "ingress", "action": "drop", "priority": 1"#, "action", "\"drop\"",
            "neither allow nor deny"
        ),
        (
            #""direction": "ingress", "remote_ip_prefx": "10.0.0.0/8""#, "remote_ip_prefx",
            "\"10.0.0.0/8\"", "not a field"
        ),
        (
            #""direction": "ingress", "remote_ports": {}"#, "remote_ports", "an object of 0",
            "names no project_id"
        ),
    ])
    func namesWhatIsWrongWithARule(
        _ fields: String, _ field: String, _ value: String, _ reason: String
    ) {
        let list = errors(rule(fields))
        #expect(list.count == 1, "\(list)")
        guard let error = list.first else { return }
        #expect(error.line == 2)
        #expect(
            error.field == "security_group_rules[0]"
                || error.field == "security_group_rules[0].\(field)")
        #expect(error.value == value)
        #expect(error.reason.contains(reason), "\(error.reason)")
    }

    @Test(arguments: [
        (#"{"ports": [{"id": "p"}]}"#, "ports[0].mac_address", "is missing"),
        (
            #"{"ports": [{"id": "p", "mac_address": "01:00:00:00:00:01"}]}"#,
            "ports[0].mac_address", "of one station"
        ),
        (
            PolicyReaderTests.aPort + #""security_groups": ["x"]}]}"#,
            "ports[0].security_groups[0]", "no such security group"
        ),
        (
            PolicyReaderTests.aPort + #""fixed_ips": ["10.0.0.0/8"]}]}"#,
            "ports[0].fixed_ips[0]", "a prefix"
        ),
        (#"{"security_groups": [{}]}"#, "security_groups[0].id", "is missing"),
        (#"{"security_groups": [{"id": "a"}, {"id": "a"}]}"#, "security_groups[1].id", "twice"),
        (#"{"security_grups": [], "ports": []}"#, "security_grups", "not a part"),
        (#"{"ports": "#, "JSON", "a value is missing"),
        (#"{"ports": []} x"#, "JSON", "text behind it"),
    ])
    func namesWhatIsWrongElsewhere(_ text: String, _ field: String, _ reason: String) {
        let list = errors(text)
        #expect(list.count == 1, "\(list)")
        #expect(list.first?.field == field)
        #expect(list.first?.reason.contains(reason) == true, "\(list)")
        #expect(list.first?.line == 1)
    }

    @Test func refusesStateAndNoStateOnOnePort() {
        let list = errors(
            """
            {"security_groups": [{"id": "s"}, {"id": "n", "stateful": false}],
            "ports": [{"id": "p", "mac_address": "02:00:00:00:00:01",
            "security_groups": ["s", "n"]}]}
            """)
        #expect(list.map(\.reason) == ["stateful and stateless groups on one port"])
    }

    /// What the openstack client prints for a group, its rules in a list, and a port.
    @Test func readsWhatTheClientPrints() throws {
        let group = """
            {"created_at": "2024-05-01T10:00:00Z", "description": "web", "id": "6c2f",
             "name": "web", "project_id": "p1", "revision_number": 3, "shared": false,
             "stateful": true,
             "tags": [], "updated_at": "2024-05-01T10:00:00Z", "rules": [
              {"id": "r1", "direction": "ingress", "ethertype": "IPv4", "protocol": "tcp",
               "port_range_min": 443, "port_range_max": 443, "remote_ip_prefix": null,
               "remote_group_id": null, "remote_address_group_id": null, "description": "",
               "normalized_cidr": null, "security_group_id": "6c2f", "project_id": "p1",
               "tenant_id": "p1", "tags": [], "created_at": "x", "updated_at": "y",
               "revision_number": 0}]}
            """
        let rules = """
            [{"ID": "r2", "IP Protocol": "icmp", "Ethertype": "IPv4", "IP Range": "0.0.0.0/0",
              "Port Range": "type=8:code=0", "Direction": "ingress",
              "Remote Security Group": null, "Remote Address Group": null,
              "Security Group": "6c2f"},
             {"ID": "r3", "IP Protocol": null, "Ethertype": "IPv6", "IP Range": "::/0",
              "Port Range": "", "Direction": "egress", "Remote Security Group": "6c2f",
              "Remote Address Group": null, "Security Group": "6c2f"}]
            """
        let port = """
            {"admin_state_up": true, "allowed_address_pairs": [], "binding_host_id": "h",
             "id": "a1", "mac_address": "fa:16:3e:00:00:01", "name": "", "network_id": "n1",
             "fixed_ips": [{"subnet_id": "s", "ip_address": "10.0.0.4"}], "project_id": "p1",
             "port_security_enabled": true, "security_group_ids": ["6c2f"], "status": "ACTIVE"}
            """
        let trees = try [group, rules, port].map { try PolicyJSON.parse(Array($0.utf8)) }
        let document = try PolicyReader.read(trees)
        #expect(document.groups["6c2f"]?.name == "web")
        #expect(document.rules["r1"]?.content.portMin == 443)
        #expect(document.rules["r2"]?.content.portMin == 8)
        #expect(document.rules["r2"]?.content.portMax == 0)
        #expect(document.rules["r3"]?.content.remote == .group("6c2f"))
        #expect(document.ports["a1"]?.groups == ["6c2f"])
        #expect(document.ports["a1"]?.addresses.map(\.description) == ["10.0.0.4"])
    }

    /// The canonical text reads back as the same document.
    @Test(arguments: 1...20)
    func readsBackWhatItWrites(_ seed: Int) throws {
        var policies = RandomPolicy(seed: UInt64(seed), workloads: 6)
        for _ in 0..<20 { policies.change() }
        #expect(try policy(policies.document.json) == policies.document)
    }
}
