// Random actions for the flows of `FlowTextGenerator`.

extension FlowTextGenerator {
    mutating func actions(_ profile: Profile, depth: Int = 0) -> String {
        var parts: [String] = []
        for _ in 0..<(1 + random.below(4)) { parts.append(action(profile, depth: depth)) }
        return parts.joined(separator: ",")
    }

    /// Instructions behind the actions, in their order.
    mutating func instructions() -> String {
        var text = ""
        if random.chance(10) { text += ",clear_actions" }
        if random.chance(10) { text += ",write_actions(mod_nw_ttl:5,output:1)" }
        if random.chance(15) { text += ",write_metadata:0x1234/0xffff" }
        if random.chance(20) { text += ",goto_table:\(1 + random.below(250))" }
        return text
    }

    private mutating func action(_ profile: Profile, depth: Int) -> String {
        let isIP = profile.fields.contains("nw_ttl")
        let isV4 = isIP && profile.fields.contains("nw_src")
        let hasPorts = profile.fields.contains("tp_src")
        switch random.below(14) {
        case 0 where isIP: return conntrack(isV4: isV4)
        case 1 where isIP: return random.pick(["dec_ttl", "dec_ttl(1,2,3)", "mod_nw_ttl:9"])
        case 2 where isIP: return "mod_nw_tos:\(random.below(64) * 4)"
        case 3 where isV4: return random.pick(["mod_nw_src:\(ipv4())", "mod_nw_dst:\(ipv4())"])
        case 4 where hasPorts: return "mod_tp_\(random.pick(["src", "dst"])):\(random.below(65536))"
        case 5 where depth < 3:
            return "clone(\(actions(profile, depth: depth + 1)))"
        case 6: return learn()
        case 7: return fieldAction()
        case 8: return hashAction()
        case 9: return outputAction()
        default: return plainAction()
        }
    }

    private mutating func plainAction() -> String {
        random.pick([
            "mod_dl_src:\(ethernet())", "mod_dl_dst:\(ethernet())", "set_queue:\(random.below(9))",
            "pop_queue", "fin_timeout(idle_timeout=10,hard_timeout=20)",
            "fin_timeout(idle_timeout=1)", "resubmit(,\(random.below(254)))",
            "resubmit:\(1 + random.below(99))", "resubmit(3,4)",
            "resubmit(LOCAL,9)", "note:00.11.22.33.44.55", "note:1122334455667788990011223344",
            "exit", "ct_clear", "set_tunnel:0x\(String(random.below(99999), radix: 16))",
            "push_vlan:0x8100", "push_vlan:0x88a8",
            "check_pkt_larger(\(random.below(65536)))->NXM_NX_REG0[\(random.below(32))]",
            "enqueue:\(1 + random.below(99)):\(random.below(9))", "group:\(1 + random.below(99))",
            "delete_field:tun_metadata\(random.below(64))",
        ])
    }

    private mutating func outputAction() -> String {
        random.pick([
            "output:\(1 + random.below(65000))", "\(1 + random.below(99))", "LOCAL", "NORMAL",
            "FLOOD", "ALL", "IN_PORT", "TABLE", "CONTROLLER", "CONTROLLER:\(random.below(65536))",
            "output:NXM_NX_REG\(random.below(16))[]", "output:reg3[0..15]", "output:LOCAL",
            "output(port=\(1 + random.below(99)),max_len=\(14 + random.below(99)))",
            "controller(reason=no_match,max_len=128,id=\(random.below(99)))",
            "controller(userdata=01.02.03.04,pause)", "controller(id=7,meter_id=9)",
            "controller(reason=group)",
        ])
    }

    private mutating func fieldAction() -> String {
        let register = random.below(16)
        let low = random.below(16)
        let high = low + random.below(16)
        return random.pick([
            "load:0x\(String(random.below(2), radix: 16))->NXM_NX_REG\(register)[\(low)..\(high)]",
            "load:\(random.below(99))->reg\(register)[]", "load:7->OXM_OF_METADATA[]",
            "load:1->xreg3[33]", "load:0xabcd->NXM_NX_XXREG1[64..95]",
            "move:NXM_OF_ETH_SRC[]->NXM_OF_ETH_DST[]", "move:reg0[0..15]->reg1[16..31]",
            "move:NXM_NX_TUN_ID[0..31]->NXM_NX_REG0[]", "move:OXM_OF_PKT_REG0[0..31]->reg9[]",
            "push:NXM_NX_REG2[]", "push:eth_src[]", "pop:NXM_NX_REG2[1..5]", "pop:xxreg0[]",
            "set_field:\(value(of: "reg0"))->reg\(register)", "set_field:\(ethernet())->eth_src",
            "set_field:\(value(of: "xreg1"))->metadata", "set_field:\(value(of: "tun_id"))->tun_id",
            "set_field:\(ipv4())->tun_dst", "set_field:\(ipv6())->tun_ipv6_dst",
            "set_field:0x55/0xff->pkt_mark", "set_field:LOCAL->in_port_oxm",
            "set_field:1->in_port", "set_field:0x1234/0xffff->xxreg0",
            "set_tunnel64:0x123456789a", "set_field:\(ethernet())/ff:ff:ff:00:00:00->eth_dst",
        ])
    }

    private mutating func hashAction() -> String {
        let fields = random.pick([
            "eth_src", "symmetric_l4", "symmetric_l3l4", "symmetric_l3l4+udp", "nw_src", "nw_dst",
            "symmetric_l3",
        ])
        let basis = random.below(65536)
        return random.pick([
            "multipath(\(fields),\(basis),modulo_n,\(1 + random.below(16)),0,NXM_NX_REG0[0..7])",
            "multipath(\(fields), \(basis), hrw, 12, 5, reg0[])",
            "multipath(\(fields),50,iter_hash,3,\(random.below(9)),NXM_NX_REG1[3..6])",
            "multipath(\(fields),50,hash_threshold,3,0,NXM_NX_REG1[])",
            "bundle(\(fields),\(basis),active_backup,ofport,members:2,3)",
            "bundle(\(fields),\(basis),hrw,ofport,slaves:4,8,LOCAL)",
            "bundle(\(fields),0,hrw,ofport,members:)",
            "bundle_load(\(fields),60,hrw,ofport,NXM_NX_REG0[],members:2,3)",
            "bundle_load(\(fields),60,active_backup,ofport,reg0[16..31],members:9)",
        ])
    }

    mutating func conntrack(isV4: Bool) -> String {
        var parts: [String] = []
        if random.chance(60) {
            parts.append("commit")
            if random.chance(20) { parts.append("force") }
        }
        if random.chance(50) { parts.append("table=\(random.below(254))") }
        if random.chance(60) {
            parts.append(random.pick(["zone=\(random.below(65536))", "zone=NXM_NX_REG3[0..15]"]))
        }
        if parts.first == "commit" {
            // The all-zero address does not survive encoding.
            let v6 = ipv6()
            let address = isV4 ? ipv4() : "[\(v6 == "::" ? "::1" : v6)]"
            let ranges =
                isV4
                ? ["10.0.0.1", "10.0.0.1-10.0.0.200", "10.0.0.1:80", "10.0.0.1-10.0.0.9:80-90"]
                : ["fe80::1", "[fe80::1]:80", "[fe80::1]-[fe80::9]:80-90", "fe80::1-fe80::2"]
            if random.chance(40) {
                let kind = random.pick(["src", "dst"])
                let flags = random.pick(["", ",persistent", ",random", ",persistent,hash"])
                parts.append("nat(\(kind)=\(random.pick(ranges + [address]))\(flags))")
            } else if random.chance(20) {
                parts.append(random.pick(["nat(src)", "nat"]))
            }
            if random.chance(40) {
                parts.append(
                    "exec("
                        + random.pick([
                            "set_field:1->ct_mark", "load:5->NXM_NX_CT_MARK[3..7]",
                            "set_field:0x12/0xff->ct_label", "move:NXM_NX_REG0[]->NXM_NX_CT_MARK[]",
                            "set_field:7->ct_mark,set_field:0x100->ct_label",
                        ]) + ")")
            }
        } else if random.chance(30) {
            parts.append("nat")
        }
        return "ct(\(parts.joined(separator: ",")))"
    }

    private mutating func learn() -> String {
        var parts = ["table=\(random.below(254))"]
        if random.chance(30) { parts.append("idle_timeout=\(random.below(99))") }
        if random.chance(30) { parts.append("hard_timeout=\(random.below(99))") }
        if random.chance(30) { parts.append("priority=\(random.below(65536))") }
        if random.chance(20) { parts.append("cookie=0x\(String(random.below(99999), radix: 16))") }
        if random.chance(20) { parts.append("fin_idle_timeout=3,fin_hard_timeout=4") }
        if random.chance(20) { parts.append("send_flow_rem") }
        if random.chance(20) { parts.append("delete_learned") }
        if random.chance(20) { parts.append("limit=5,result_dst=NXM_NX_REG0[8]") }
        for _ in 0..<random.below(4) {
            parts.append(
                random.pick([
                    "NXM_OF_VLAN_TCI[0..11]", "NXM_OF_ETH_DST[]=NXM_OF_ETH_SRC[]", "in_port=2",
                    "eth_type=0x800,nw_src=10.1.2.3", "eth_type=0x86dd,ipv6_dst=fe80::1",
                    "reg5=0x1234", "reg1[0..4]=3", "load:0x5->NXM_NX_REG1[]",
                    "load:NXM_NX_TUN_ID[]->NXM_NX_TUN_ID[]", "load:7->reg2[3..9]",
                    "eth_type=0x800,nw_proto=6,NXM_OF_TCP_SRC[]=NXM_OF_TCP_DST[]",
                    "output:NXM_OF_IN_PORT[]", "output:NXM_NX_REG0[0..15]", "dl_src=\(ethernet())",
                ]))
        }
        return "learn(\(parts.joined(separator: ",")))"
    }
}
