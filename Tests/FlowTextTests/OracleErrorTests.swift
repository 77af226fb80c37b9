// Text that is wrong: it must be refused where the installed ovs-ofctl refuses it, in its words,
// and accepted with the same meaning where that accepts it.

import Flow
import TestSupport
import Testing

@testable import FlowText

@Suite struct OracleErrorTests {
    static let flows = [
        "foo=1 actions=1", "tcp,tp_dst=80", "actions", "in_port=abc actions=1", "actions=foo",
        "actions=output:foo", "actions=drop,1", "actions=apply_actions(1)", "table=256 actions=1",
        "table=-1 actions=1", "priority=65536 actions=1", "priority=abc actions=1",
        "idle_timeout=x actions=1", "cookie=1/1 actions=1", "cookie=xyz actions=1",
        "priority actions=1", "nw_src=1.2.3 actions=1", "ip,nw_src=1.2.3.4/33 actions=1",
        "ipv6,ipv6_src=fe80::/129 actions=1", "ipv6,ipv6_src=xyz actions=1",
        "dl_src=1:2:3 actions=1", "reg0=0x1ffffffff actions=1", "reg0=1/x actions=1",
        "reg0=5x actions=1", "reg16=1 actions=1", "reg0[0..40]=1 actions=1",
        "reg0[5..2]=1 actions=1", "reg0[0..2]=9 actions=1", "reg0[=1 actions=1",
        "ct_state=foo actions=1", "ct_state=+foo actions=1", "ct_state=+trk+trk actions=1",
        "ct_state=+trk*est actions=1", "tcp,tcp_flags=+foo actions=1", "ip,nw_frag=xx actions=1",
        "tun_flags=+df actions=1", "nw_proto=1/3 actions=1", "packet_type=1 actions=1",
        "packet_type=(1 actions=1", "mod_foo actions=1", "actions=mod_vlan_vid:4096",
        "actions=mod_vlan_pcp:8", "actions=push_vlan:0x800", "actions=mod_dl_src:xyz",
        "ip actions=mod_nw_src:1.2.3", "ip actions=mod_nw_tos:3", "ip actions=mod_nw_ecn:4",
        "ip actions=mod_nw_ttl:256", "tcp actions=mod_tp_src:65536", "actions=set_mpls_label:",
        "mpls actions=set_mpls_label:1048576", "mpls actions=set_mpls_tc:8",
        "mpls actions=set_mpls_ttl:256", "actions=resubmit", "actions=resubmit(foo)",
        "actions=resubmit(,foo)", "actions=resubmit(1,2,3)", "actions=enqueue:1",
        "actions=enqueue:foo:1", "actions=controller(foo)", "actions=controller(reason=foo)",
        "actions=controller(userdata=zz)", "actions=controller:99999", "actions=note:zz",
        "actions=load:5", "actions=load:5->", "actions=load:5->foo", "actions=load:x->reg0",
        "actions=load:16->reg0[0..3]", "actions=set_field:5", "actions=set_field:5->foo",
        "actions=set_field:5->dl_type", "ip actions=set_field:1.2.3->nw_src",
        "actions=set_field:8192->vlan_vid", "actions=set_field:5->tcp_dst",
        "actions=move:reg0->reg1[0..3]", "actions=move:reg0", "actions=push:reg0[0]x",
        "actions=pop:foo", "actions=dec_ttl(", "ip actions=dec_ttl( )",
        "actions=fin_timeout(foo=1)", "actions=conjunction(1,2)", "actions=conjunction(1,1/1)",
        "actions=conjunction(1,3/2)", "actions=conjunction(1,0/2)", "actions=conjunction(1,1/65)",
        "actions=conjunction(1,1/2),1", "actions=1,conjunction(1,1/2)",
        "actions=multipath(eth_src,50)", "actions=multipath(foo,50,hrw,12,0,reg0)",
        "actions=multipath(eth_src,50,foo,12,0,reg0)",
        "actions=multipath(eth_src,50,hrw,0,0,reg0)",
        "actions=multipath(eth_src,50,hrw,12,0,reg0[0..2])",
        "actions=multipath(eth_src,50,hrw,12,0,tun_erspan_ver)", "actions=bundle(eth_src,0,hrw)",
        "actions=bundle(foo,0,hrw,ofport,members:1)",
        "actions=bundle(eth_src,0,x,ofport,members:1)",
        "actions=bundle(eth_src,0,hrw,foo,members:1)", "actions=bundle(eth_src,0,hrw,ofport,foo:1)",
        "actions=bundle(eth_src,0,hrw,ofport,members:foo)",
        "actions=bundle(eth_src,0,hrw,ofport,members:CONTROLLER)",
        "ip actions=ct(foo)", "ip actions=ct(force)", "ip actions=ct(table=255)",
        "ip actions=ct(table=foo)", "ip actions=ct(zone=foo)", "ip actions=ct(alg=foo)",
        "ip actions=ct(alg=ftp)", "ip actions=ct(commit,exec(1))", "actions=ct(commit)",
        "ip actions=ct(commit,exec(set_field:1->reg0))", "ip actions=set_field:1->ct_mark",
        "ip actions=ct(nat(foo))", "ip actions=ct(nat(src,dst))", "ip actions=ct(nat(random))",
        "ip actions=ct(nat(src=1.2.3.4,hash,random))", "ip actions=ct(nat(src=1.2.3.4x))",
        "ip actions=ct(nat(src=1.2.3.4-1.2.3.3))", "ip actions=ct(nat(src=1.2.3.4:9-8))",
        "ip actions=nat", "ip actions=ct(nat(src=fe80::1))", "actions=learn(table=255)",
        "actions=learn(foo=1)", "actions=learn(table=foo)", "actions=learn(in_port=foo)",
        "actions=learn(reg0[0..3]=99)", "actions=learn(load:5)", "actions=learn(load:->reg0)",
        "actions=learn(load:5x->reg0)", "actions=learn(load:reg0->reg1[0..3])",
        "actions=learn(load:999->reg0[0..3])", "actions=learn(output:foo)",
        "actions=learn(result_dst=reg0)", "actions=learn(result_dst=dl_type[0])",
        "actions=learn(reg0=reg1[0..3])", "actions=learn(nw_src=1.2.3.4)",
        "actions=learn(tun_erspan_ver=1)", "actions=check_pkt_larger(5)->reg0",
        "actions=check_pkt_larger(x)->reg0[0]", "actions=check_pkt_larger(5)",
        "actions=output(port=1,max_len=5)", "actions=output(port=foo,max_len=50)",
        "actions=output(port=NORMAL,max_len=50)", "actions=output(port=1,max_len=50,foo=1)",
        "actions=goto_table:foo", "table=5 actions=goto_table:5", "table=5 actions=goto_table:3",
        "actions=goto_table:5,1", "actions=goto_table:5,goto_table:6", "actions=1,meter:5",
        "actions=write_metadata:x", "actions=write_metadata:1/x", "actions=clone(goto_table:5)",
        "actions=write_actions(meter:1)", "actions=clone(meter:1)", "actions=meter:0",
        "actions=group:x", "actions=set_queue:x", "actions=set_tunnel:x", "actions=ANY",
        "actions=output:65535", "actions=70000", "actions=-1", "actions=dec_ttl,push_vlan:0x8100",
        "actions=delete_field:reg0", "actions=delete_field:foo", "actions=output_trunc:1",
        "mpls actions=pop_mpls:x", "actions=mod_nw_ttl:5,mod_vlan_vid:5,push_vlan:0x88a8",
        "skb_priority=5 actions=1", "tun_metadata0=1,tun_metadata0=2 actions=1",
        "actions=move:nw_src->nw_dst", "actions=move:reg0->dl_type[]",
        "ip actions=set_field:1->ip_dscp",
        "ip actions=set_field:64->ip_dscp", "actions=resubmit(1,2,ct)",
        "dl_vlan=5 actions=push_vlan:0x8100,push_vlan:0x8100,push_vlan:0x8100",
    ]

    @Test(.enabled(if: Oracle.isInstalled, "needs ovs-ofctl"), arguments: flows)
    func judgesLikeTheTool(text: String) throws {
        // Without a version, so that it is not the version which is wrong.
        let (output, errors, status) = try Oracle.run(
            Oracle.tool, ["-vANY:OFF", "parse-flow", text])
        let ours = OracleFlowTests.normalOrError(text)
        if status == 0 {
            #expect(!ours.hasPrefix("ERROR"), "\(ours), but it gave \(output)")
        } else {
            #expect(ours == "ERROR " + Oracle.strip(errors))
        }
    }

    /// Random damage to good text leads to the same verdict, except where the tool itself breaks
    /// down or knows no version to print with.
    @Test(.enabled(if: Oracle.isInstalled, "needs ovs-ofctl"), arguments: 0..<8)
    func judgesDamagedTextLikeTheTool(round: Int) throws {
        var generator = FlowTextGenerator(seed: UInt64(5000 + round))
        for _ in 0..<150 {
            let (match, profile) = generator.match()
            let actions = generator.actions(profile) + generator.instructions()
            let text = Damage.apply(to: "\(match) actions=\(actions)", &generator.random)
            let (output, errors, status) = try Oracle.run(
                Oracle.tool, ["-vANY:OFF", "parse-flow", text])
            let ours = OracleFlowTests.normalOrError(text)
            if status == 0 {
                #expect(!ours.hasPrefix("ERROR"), "\(ours), but \(text) gave \(output)")
            } else if !errors.contains("no usable protocol"), !errors.contains("assertion") {
                #expect(ours == "ERROR " + Oracle.strip(errors), "from \(text)")
            }
        }
    }
}

/// Small random damage to a text.
enum Damage {
    static let letters = Array("0123456789abcdefx.:,=()[]/-+> tcpnw_".utf8)

    static func apply(to text: String, _ random: inout SeededRandom) -> String {
        var bytes = Array(text.utf8)
        for _ in 0..<(1 + random.below(2)) where !bytes.isEmpty {
            let place = random.below(bytes.count)
            switch random.below(4) {
            case 0: bytes.remove(at: place)
            case 1: bytes.insert(random.pick(letters), at: place)
            case 2: bytes[place] = random.pick(letters)
            default: bytes.removeSubrange(place..<min(place + random.below(6), bytes.count))
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}
