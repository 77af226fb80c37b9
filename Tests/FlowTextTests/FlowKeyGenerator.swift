// Random packet headers in match syntax, exact and with their prerequisites before them.

struct FlowKeyGenerator {
    var fields: FlowTextGenerator

    init(seed: UInt64) { fields = FlowTextGenerator(seed: seed) }

    /// - Parameter metadata: whether registers, tunnel and connection state are given too.
    mutating func flow(metadata: Bool) -> String {
        var parts: [String] = []
        if metadata {
            parts.append("in_port=1")
            for text in [
                "reg0=5", "reg7=0x1234", "metadata=9", "pkt_mark=3", "ct_state=est|trk,ct_zone=5",
                "ct_mark=7", "ct_label=0x1234", "tun_id=0x7b", "tun_src=1.2.3.4,tun_dst=1.2.3.5",
                "tun_dst=9.9.9.9,tun_flags=oam", "tun_ipv6_dst=fe80::1", "dp_hash=4",
            ] where fields.random.chance(15) {
                let hasTunnel = parts.contains { $0.hasPrefix("tun") }
                if text.hasPrefix("tun"), hasTunnel { continue }
                parts.append(text)
            }
        }
        parts.append("dl_src=\(fields.ethernet())")
        parts.append("dl_dst=\(fields.ethernet())")
        if fields.random.chance(30) {
            parts.append("dl_vlan=\(1 + fields.random.below(4094))")
            if fields.random.chance(50) {
                parts.append("dl_vlan_pcp=\(1 + fields.random.below(7))")
            }
        }
        parts += network()
        return parts.joined(separator: ",")
    }

    private mutating func network() -> [String] {
        let kind = fields.random.pick([
            "tcp", "udp", "sctp", "icmp", "ip", "tcp6", "udp6", "sctp6", "icmp6", "nd", "ipv6",
            "arp", "rarp", "mpls", "other",
        ])
        switch kind {
        case "arp", "rarp":
            return [
                kind, "arp_op=\(1 + fields.random.below(2))", "arp_spa=\(fields.ipv4())",
                "arp_tpa=\(fields.ipv4())", "arp_sha=\(fields.ethernet())",
                "arp_tha=\(fields.ethernet())",
            ]
        case "mpls":
            return [
                "mpls", "mpls_label=\(16 + fields.random.below(9999))",
                "mpls_tc=\(1 + fields.random.below(7))", "mpls_ttl=64", "mpls_bos=1",
            ]
        case "other": return ["dl_type=0x\(String(0x600 + fields.random.below(0xff), radix: 16))"]
        default: return transport(kind)
        }
    }

    private mutating func transport(_ kind: String) -> [String] {
        let isV6 = kind.hasSuffix("6") || kind == "nd"
        var parts = [kind == "nd" ? "icmp6" : kind]
        let addresses = isV6 ? ("ipv6_src", "ipv6_dst") : ("nw_src", "nw_dst")
        parts.append("\(addresses.0)=\(isV6 ? fields.ipv6() : fields.ipv4())")
        parts.append("\(addresses.1)=\(isV6 ? fields.ipv6() : fields.ipv4())")
        parts.append("nw_ttl=\(1 + fields.random.below(255))")
        if fields.random.chance(40) { parts.append("nw_tos=\(4 + fields.random.below(60) * 4)") }
        if fields.random.chance(40) { parts.append("nw_ecn=\(1 + fields.random.below(3))") }
        if isV6, fields.random.chance(40) { parts.append("ipv6_label=0x1234") }
        if kind == "ip" || kind == "ipv6" { return parts + ["nw_proto=47"] }
        if kind == "icmp" || kind == "icmp6" {
            let type = fields.random.pick(kind == "icmp" ? [8, 3, 11] : [128, 129, 1])
            let suffix = kind == "icmp" ? "icmp" : "icmpv6"
            return parts + ["\(suffix)_type=\(type)"]
        }
        if kind == "nd" {
            let solicits = fields.random.chance(50)
            return parts + [
                "icmpv6_type=\(solicits ? 135 : 136)", "nd_target=\(fields.ipv6())",
                "nd_\(solicits ? "s" : "t")ll=\(fields.ethernet())",
            ]
        }
        let name = kind.hasSuffix("6") ? String(kind.dropLast()) : kind
        parts.append("\(name)_src=\(1 + fields.random.below(65535))")
        parts.append("\(name)_dst=\(1 + fields.random.below(65535))")
        if name == "tcp" {
            parts.append("tcp_flags=\(fields.random.pick(["syn", "ack", "syn|ack", "psh|ack"]))")
        }
        return parts
    }
}
