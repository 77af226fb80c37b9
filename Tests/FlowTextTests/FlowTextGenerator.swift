// Random flow text that Open vSwitch accepts: fields that fit one protocol, with and without masks,
// and actions that fit the fields. The same seed gives the same text.

import TestSupport

struct FlowTextGenerator {
    var random: SeededRandom

    init(seed: UInt64) { random = SeededRandom(seed) }

    /// What a packet's headers are, and the fields that then may be matched.
    struct Profile {
        let name: String
        let fields: [String]
    }

    static let profiles: [Profile] = [
        Profile(name: "", fields: []),
        Profile(name: "dl_type=0x1234", fields: []),
        Profile(name: "ip", fields: ip + v4 + ["nw_proto"]),
        Profile(name: "tcp", fields: ip + v4 + ports + ["tcp_flags"]),
        Profile(name: "udp", fields: ip + v4 + ports),
        Profile(name: "sctp", fields: ip + v4 + ports),
        Profile(name: "icmp", fields: ip + v4 + ["icmp_type", "icmp_code"]),
        Profile(name: "ipv6", fields: ip + v6 + ["nw_proto"]),
        Profile(name: "tcp6", fields: ip + v6 + ports + ["tcp_flags"]),
        Profile(name: "udp6", fields: ip + v6 + ports),
        Profile(name: "icmp6,icmp_type=135,icmp_code=0", fields: v6 + ["nd_target", "nd_sll"]),
        Profile(name: "icmp6,icmp_type=136,icmp_code=0", fields: v6 + ["nd_target", "nd_tll"]),
        Profile(name: "arp", fields: arp),
        Profile(name: "rarp", fields: arp),
        Profile(name: "mpls", fields: ["mpls_label", "mpls_tc", "mpls_bos", "mpls_ttl"]),
        Profile(name: "mplsm", fields: ["mpls_label"]),
    ]
    static let ip = ["nw_tos", "nw_ecn", "nw_ttl", "nw_frag", "ip_dscp"]
    static let v4 = ["nw_src", "nw_dst"]
    static let v6 = ["ipv6_src", "ipv6_dst", "ipv6_label"]
    static let ports = ["tp_src", "tp_dst"]
    static let arp = ["arp_op", "arp_spa", "arp_tpa", "arp_sha", "arp_tha"]
    static let common = [
        "in_port", "reg0", "reg7", "reg15", "xreg1", "xxreg3", "metadata", "tun_id", "tun_src",
        "tun_dst", "tun_ipv6_src", "tun_gbp_id", "tun_flags", "pkt_mark", "ct_mark", "ct_zone",
        "ct_label", "ct_state", "dl_src", "dl_dst", "dl_vlan", "dl_vlan_pcp", "vlan_tci",
        "vlan_vid", "conj_id", "tun_gbp_flags", "tun_metadata0", "tun_metadata5",
    ]

    // MARK: Matches

    mutating func match() -> (text: String, profile: Profile) {
        let profile = random.pick(FlowTextGenerator.profiles)
        var parts: [String] = []
        if !profile.name.isEmpty { parts.append(profile.name) }
        var names: Set<String> = []
        for field in profile.fields where random.chance(35) { names.insert(field) }
        for _ in 0..<random.below(5) { names.insert(random.pick(FlowTextGenerator.common)) }
        if names.contains("dl_vlan") || names.contains("dl_vlan_pcp") {
            names.remove("vlan_tci")
            names.remove("vlan_vid")
        }
        if names.contains("vlan_vid") { names.remove("vlan_tci") }
        if names.contains("ip_dscp") { names.remove("nw_tos") }
        for name in names.sorted() { parts.append("\(name)=\(value(of: name))") }
        if random.chance(20) { parts.append("reg3[\(random.below(4))..\(4 + random.below(8))]=5") }
        if random.chance(60) { parts.insert("priority=\(random.below(65536))", at: 0) }
        let separator = random.pick([",", ", ", " "])
        return (parts.joined(separator: separator), profile)
    }

    mutating func number(bits: Int) -> UInt64 {
        let value = random.next()
        let limit: UInt64 = bits >= 64 ? .max : 1 << UInt64(bits) - 1
        switch random.below(4) {
        case 0: return value % 10 & limit
        case 1: return limit
        default: return value & limit
        }
    }

    mutating func written(_ value: UInt64) -> String {
        random.chance(50) ? "0x" + String(value, radix: 16) : String(value)
    }

    mutating func masked(bits: Int) -> String {
        let value = number(bits: bits)
        guard random.chance(40) else { return written(value) }
        let mask = number(bits: bits)
        return written(value & mask) + "/" + written(mask)
    }

    mutating func ethernet() -> String {
        (0..<6).map { _ in
            let text = String(random.below(256), radix: 16)
            return text.count == 1 ? "0" + text : text
        }.joined(separator: ":")
    }

    mutating func ipv4() -> String {
        (0..<4).map { _ in String(random.below(256)) }.joined(separator: ".")
    }

    mutating func ipv6() -> String {
        if random.chance(20) { return random.pick(["::", "::1", "fe80::1", "::ffff:10.1.2.3"]) }
        return (0..<8).map { _ in random.chance(40) ? "0" : String(random.below(65536), radix: 16) }
            .joined(separator: ":")
    }

    mutating func value(of field: String) -> String {
        switch field {
        case "in_port": return random.pick(["1", "65279", "LOCAL", "4294967294", "controller"])
        case "dl_src", "dl_dst", "arp_sha", "arp_tha", "nd_sll", "nd_tll":
            let mask = random.pick(["01:00:00:00:00:00", "ff:ff:ff:00:00:00"])
            return random.chance(30) ? ethernet() + "/" + mask : ethernet()
        case "nw_src", "nw_dst", "arp_spa", "arp_tpa", "tun_src", "tun_dst":
            return ipv4() + random.pick(["", "", "/8", "/31", "/255.0.255.0", "/32"])
        case "ipv6_src", "ipv6_dst", "nd_target", "tun_ipv6_src":
            return ipv6() + random.pick(["", "", "/64", "/127", "/ffff::ffff", "/128"])
        case "ct_state":
            return random.pick([
                "+trk", "+trk+est-new", "-trk", "+inv+trk-rel", "0x21/0x3f", "trk|est", "0",
                "+snat-dnat+rpl",
            ])
        case "tcp_flags":
            return random.pick(["+syn-ack", "syn|ack", "0x12/0x3f", "0x002", "+fin+psh+urg"])
        case "tun_flags": return random.pick(["+oam", "-oam", "oam"])
        case "nw_frag": return random.pick(["no", "yes", "first", "later", "not_later"])
        case "dl_vlan": return random.pick(["0", "5", "4095", "0xffff"])
        case "vlan_vid":
            return random.pick(["0", "0x1005", "0x1000/0x1000", "4096", "0x1003/0x1003"])
        case "vlan_tci":
            return random.pick([
                "0", "0x1005", "0x1000/0x1000", "0xf123", "0x0/0x1fff", "0x3000/0xf000",
            ])
        case "nw_tos": return String(random.below(64) * 4)
        case "ip_dscp": return String(random.below(64))
        case "nw_ecn": return String(random.below(4))
        case "dl_vlan_pcp", "mpls_tc": return String(random.below(8))
        case "mpls_bos": return String(random.below(2))
        case "mpls_label": return String(random.below(1 << 20))
        case "ipv6_label": return random.pick(["0x12345", "7", "0x300/0xf00"])
        case "nw_ttl", "mpls_ttl", "icmp_type", "icmp_code": return String(random.below(256))
        case "nw_proto": return random.pick(["6", "17", "132", "47", "1", "58", "2"])
        case "arp_op": return String(random.below(256))
        case "ct_zone", "conj_id": return written(number(bits: 16))
        case "tp_src", "tp_dst", "tun_gbp_id": return masked(bits: 16)
        case "tun_gbp_flags": return masked(bits: 8)
        case "metadata", "tun_id", "xreg1": return masked(bits: 64)
        case "xxreg3", "ct_label":
            let value = "0x" + String(random.next(), radix: 16) + "0123456789abcdef"
            return random.chance(30) ? value + "/0xffffffffffffffffffffffffffffffff" : value
        case "tun_metadata0", "tun_metadata5":
            return random.pick(["0x1234", "0x1122334455667788", "0x0", "0x10/0xf0"])
        default: return masked(bits: 32)
        }
    }
}
