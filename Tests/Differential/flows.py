"""A weighted grammar of OpenFlow rules, in ovs-ofctl's syntax.

Each rule keeps to what ovs-ofctl takes: a field is set only where the match (and the actions so
far) make it exist.  `Shape` carries that knowledge through a rule.
"""

from dataclasses import dataclass, replace

from packets import ip_text, mac_text
from universe import (CLIENT_PORTS, GROUP_MACS, IP6S, IPS, LABELS, MACS, NAT_IP6S, NAT_IPS,
                      OTHER_IP6S, OTHER_IPS, PORT_NUMBERS, SERVICES, VLANS)

L4 = {"tcp": "tcp", "udp": "udp", "sctp": "sctp", "tcp6": "tcp", "udp6": "udp", "sctp6": "sctp"}

PROTOCOLS = {1: "icmp", 6: "tcp", 17: "udp", 58: "icmp6", 132: "sctp"}


@dataclass(frozen=True)
class Shape:
    """What is known about the packets that reach an action."""
    l3: str = ""        # ip, ip6, arp, mpls or nothing
    l4: str = ""        # tcp, udp, sctp, icmp, icmp6 or nothing
    vlan: bool = False
    tracked: bool = False
    nd: str = ""        # ns or na


class FlowGrammar:
    def __init__(self, rng, plan):
        self.rng = rng
        self.plan = plan
        # Priorities in use by table: which of two rules of one priority wins is not defined.  Those
        # that stand here belong to rules that do not overlap each other.
        self.used = {(table, priority) for table in plan.tables for priority in (0, 1, 25, 30, 40)}

    def priority(self, table, base):
        """`base` or the nearest free priority of `table`."""
        step = -1 if base > 60000 else 1
        while (table, base) in self.used:
            base += step
        self.used.add((table, base))
        return base

    def chance(self, probability):
        return self.rng.random() < probability

    def pick(self, values):
        return self.rng.choice(values)

    def weighted(self, table):
        return self.rng.choices([entry[0] for entry in table],
                                [entry[1] for entry in table])[0]

    def has(self, feature):
        return feature in self.plan.features

    # Values.

    def number(self, bits, masked=True):
        """A value, perhaps with a mask."""
        value = self.pick([0, 1, 2, 3, self.rng.getrandbits(bits)]) & (1 << bits) - 1
        if masked and self.chance(0.4):
            mask = self.pick([1, 3, 1 << bits - 1, self.rng.getrandbits(bits) or 1])
            mask &= (1 << bits) - 1
            return f"{value & mask:#x}/{mask:#x}"
        return f"{value:#x}"

    def mac(self, masked=True):
        value = self.pick(MACS + GROUP_MACS)
        if masked and self.chance(0.25):
            mask = self.pick(["01:00:00:00:00:00", "ff:ff:ff:ff:ff:fe", "ff:00:00:00:00:03",
                              "00:00:00:00:00:01"])
            bits = bytes.fromhex(mask.replace(":", ""))
            value = bytes(a & b for a, b in zip(value, bits))
            return f"{mac_text(value)}/{mask}"
        return mac_text(value)

    def ip(self, masked=True):
        value = self.pick(IPS * 3 + OTHER_IPS)
        if masked and self.chance(0.5):
            if self.chance(0.25):
                mask = self.pick(["255.0.0.1", "0.0.255.3", "255.255.0.255"])
            else:
                return f"{ip_text(value)}/{self.pick([8, 16, 23, 24, 30, 31])}"
            return f"{ip_text(value)}/{mask}"
        return ip_text(value)

    def ip6(self, masked=True):
        value = self.pick(IP6S * 3 + OTHER_IP6S)
        if masked and self.chance(0.5):
            if self.chance(0.25):
                return f"{ip_text(value)}/{self.pick(['ffff::3', '::1', 'ff00::ff'])}"
            return f"{ip_text(value)}/{self.pick([8, 16, 64, 126, 127])}"
        return ip_text(value)

    def l4_port(self, masked=True):
        value = self.pick(SERVICES * 2 + CLIENT_PORTS)
        if masked and self.chance(0.2):
            mask = self.pick([0xFFF0, 0xFF00, 0x0001, 0x8000, 0xFFFE])
            return f"{value & mask:#x}/{mask:#x}"
        return str(value)

    def label(self):
        value = self.pick([0, 1, 1 << 64, (1 << 127) | 5, self.rng.getrandbits(128)])
        if self.chance(0.5):
            mask = self.pick([1, 0xFF, 1 << 127, (1 << 64) - 1, self.rng.getrandbits(128) or 1])
            return f"{value & mask:#x}/{mask:#x}"
        return f"{value:#x}"

    def ct_state(self):
        flags = self.rng.sample(["new", "est", "rel", "rpl", "inv", "snat", "dnat"],
                                self.pick([0, 1, 1, 1, 2]))
        if self.chance(0.15):
            return "-trk"
        words = ["+trk"] + [self.pick("++-") + flag for flag in flags]
        return "".join(words)

    # Matches.

    def match(self, table):
        """Returns (list of terms, Shape)."""
        rng = self.rng
        terms, shape = [], Shape()
        kind = self.weighted([
            ("any", 6), ("eth", 6), ("arp", 4), ("ip", 8), ("tcp", 10), ("udp", 8), ("icmp", 5),
            ("sctp", 2), ("ipv6", 4), ("tcp6", 4), ("udp6", 3), ("icmp6", 3), ("nd", 2),
            ("mpls", 3 if self.has("mpls") else 0), ("dl_type", 1), ("nw_proto", 1)])
        if self.chance(0.2):
            terms.append(f"in_port={self.pick(PORT_NUMBERS)}")
        if self.chance(0.1) or kind == "eth":
            terms.append(f"dl_{self.pick(['src', 'dst'])}={self.mac()}")
        if self.has("vlan") and self.chance(0.25):
            vlan = self.vlan_terms()
            terms += vlan
            shape = replace(shape, vlan=any(not term.startswith("vlan_tci=0x0000")
                                            for term in vlan))
        terms_, shape = self.protocol_terms(kind, shape)
        terms += terms_
        if self.has("ct") and (table != self.plan.tables[0] or self.chance(0.1)) \
                and self.chance(0.5):
            terms_, shape = self.ct_terms(shape)
            terms += terms_
        if table != self.plan.tables[0] and self.chance(0.15):
            terms.append(self.register_term())
        rng.shuffle(terms)
        return self.order(terms), shape

    @staticmethod
    def order(terms):
        """Protocol names first: ovs-ofctl wants prerequisites before the fields."""
        return sorted(terms, key=lambda term: "=" in term)

    def vlan_terms(self):
        choice = self.rng.randrange(5)
        if choice == 0:
            return [f"dl_vlan={self.pick(VLANS)}"]
        if choice == 1:
            return [f"dl_vlan={self.pick(VLANS)}", f"dl_vlan_pcp={self.pick([0, 3, 7])}"]
        if choice == 2:
            return ["vlan_tci=0x1000/0x1000"]
        if choice == 3:
            return ["vlan_tci=0x0000"]
        return [f"vlan_tci={0x1000 | self.pick(VLANS):#x}/0x1fff"]

    def protocol_terms(self, kind, shape):
        terms = []
        if kind in ("any", "eth"):
            return terms, shape
        if kind == "dl_type":
            value = self.pick([0x0800, 0x86DD, 0x0806, 0x88CC, 0x1234, 0x05FF])
            return [f"dl_type={value:#06x}"], replace(
                shape, l3={0x800: "ip", 0x86DD: "ip6", 0x806: "arp"}.get(value, ""))
        if kind == "nw_proto":
            proto = self.pick([1, 2, 6, 17, 47, 50, 58, 132, 255])
            shape = replace(shape, l3="ip",
                            l4={1: "icmp", 6: "tcp", 17: "udp", 132: "sctp"}.get(proto, ""))
            return ["ip", f"nw_proto={proto}"], shape
        if kind == "nd":
            return self.nd_terms(shape)
        terms.append(kind)
        if kind == "arp":
            choices = [f"arp_op={self.pick([1, 2, 3])}", f"arp_spa={self.ip()}",
                       f"arp_tpa={self.ip()}", f"arp_sha={self.mac()}", f"arp_tha={self.mac()}"]
            terms += self.rng.sample(choices, self.rng.randrange(3))
            return terms, replace(shape, l3="arp")
        if kind == "mpls":
            choices = [f"mpls_label={self.pick(LABELS)}", f"mpls_tc={self.pick([0, 5])}",
                       f"mpls_bos={self.pick([0, 1])}", f"mpls_ttl={self.pick([1, 2, 64])}"]
            terms += self.rng.sample(choices, self.rng.randrange(3))
            return terms, replace(shape, l3="mpls")
        v6 = kind.endswith("6")
        shape = replace(shape, l3="ip6" if v6 else "ip",
                        l4=kind if kind in ("icmp", "icmp6") else L4.get(kind, ""))
        choices = ([f"ipv6_src={self.ip6()}", f"ipv6_dst={self.ip6()}",
                    f"ipv6_label={self.pick(['0', '0x12345', '0x1/0x1'])}"] if v6 else
                   [f"nw_src={self.ip()}", f"nw_dst={self.ip()}"])
        if self.chance(0.45):
            terms += self.rng.sample(choices, self.rng.choice([1, 1, 2]))
        if self.chance(0.15):
            terms.append(self.pick([
                f"nw_tos={self.pick([0, 32, 184])}", f"nw_ecn={self.pick([0, 1, 3])}",
                f"nw_ttl={self.pick([1, 2, 63, 64])}",
                f"ip_frag={self.pick(['no', 'yes', 'first', 'later', 'not_later'])}"]))
        terms += self.l4_terms(shape)
        return terms, shape

    def l4_terms(self, shape):
        terms = []
        if shape.l4 in ("tcp", "udp", "sctp"):
            if self.chance(0.35):
                terms.append(f"tp_dst={self.l4_port()}")
            if self.chance(0.1):
                terms.append(f"tp_src={self.l4_port()}")
            if shape.l4 == "tcp" and self.chance(0.2):
                terms.append("tcp_flags=" + self.pick(
                    ["+syn-ack", "+syn+ack", "+ack", "+rst", "+fin", "-syn", "0x002/0x017", "0x010"]))
        elif shape.l4 == "icmp" and self.chance(0.6):
            kind = self.pick([0, 3, 8, 11])
            terms.append(f"icmp_type={kind}")
            if self.chance(0.3):
                terms.append(f"icmp_code={self.pick([0, 1, 3])}")
        elif shape.l4 == "icmp6" and self.chance(0.6):
            terms.append(f"icmp_type={self.pick([1, 3, 128, 129, 135, 136])}")
            if self.chance(0.3):
                terms.append("icmp_code=0")
        return terms

    def nd_terms(self, shape):
        kind = self.pick([135, 136])
        terms = ["icmp6", f"icmp_type={kind}", "icmp_code=0"]
        if self.chance(0.5):
            terms.append(f"nd_target={self.ip6()}")
        if self.chance(0.4):
            terms.append(f"{'nd_sll' if kind == 135 else 'nd_tll'}={self.mac()}")
        return terms, replace(shape, l3="ip6", l4="icmp6", nd="ns" if kind == 135 else "na")

    def ct_terms(self, shape):
        terms = [f"ct_state={self.ct_state()}"]
        tracked = "+trk" in terms[0]
        if self.chance(0.15):
            terms.append(f"ct_zone={self.pick(self.plan.zones)}")
        if self.chance(0.2):
            terms.append(f"ct_mark={self.number(32)}")
        if self.chance(0.1):
            terms.append(f"ct_label={self.label()}")
        if tracked and self.has("ct_orig") and self.chance(0.5) and shape.l3 in ("ip", "ip6"):
            if shape.l3 == "ip":
                terms.append(f"ct_nw_{self.pick(['src', 'dst'])}={self.ip()}")
            else:
                terms.append(f"ct_ipv6_{self.pick(['src', 'dst'])}={self.ip6()}")
            if self.chance(0.4):
                terms.append(f"ct_nw_proto={self.pick([6, 17])}")
                terms.append(f"ct_tp_{self.pick(['src', 'dst'])}={self.l4_port()}")
        return terms, replace(shape, tracked=tracked)

    def register_term(self):
        choice = self.rng.randrange(6)
        if choice <= 2:
            return f"reg{self.rng.randrange(4)}={self.number(32)}"
        if choice == 3:
            return f"metadata={self.number(64)}"
        if choice == 4:
            return f"xreg{self.rng.randrange(2)}={self.number(64)}"
        return f"xxreg0={self.label()}"

    def near(self, table, port, spec):
        """A match for a frame like `spec` that came in at `port`: some of its fields."""
        terms, shape = [], Shape()
        if self.chance(0.3):
            terms.append(f"in_port={port}")
        if self.chance(0.25):
            side = self.pick(["src", "dst"])
            terms.append(f"dl_{side}={mac_text(spec[side])}")
        if spec["vlans"] and self.chance(0.5):
            terms.append(f"dl_vlan={spec['vlans'][0][1] & 4095}")
            shape = replace(shape, vlan=True)
        if spec["l3"] in ("ip", "ip6") and not spec.get("mpls"):
            terms_, shape = self.near_network(spec, shape)
            terms += terms_
        elif spec["l3"] == "arp":
            terms += ["arp"] + ([f"arp_tpa={ip_text(spec['daddr'])}"] if self.chance(0.5) else [])
            shape = replace(shape, l3="arp")
        if self.has("ct") and table != self.plan.tables[0] and self.chance(0.3):
            terms_, shape = self.ct_terms(shape)
            terms += terms_
        return self.order(terms), shape

    def near_network(self, spec, shape):
        v4 = spec["l3"] == "ip"
        proto = spec.get("proto")
        name = {1: "icmp" if v4 else "", 58: "" if v4 else "icmp6", 6: "tcp", 17: "udp",
                132: "sctp"}.get(proto, "")
        if not name or self.chance(0.25):
            name, base = ("ip" if v4 else "ipv6"), ""
        else:
            base = name
        shape = replace(shape, l3=spec["l3"], l4=base)
        terms = [name + ("6" if base in ("tcp", "udp", "sctp") and not v4 else "")]
        for side, address in (("src", spec["saddr"]), ("dst", spec["daddr"])):
            if self.chance(0.35):
                length = self.pick([8, 24, 30, 32, 32] if v4 else [8, 64, 126, 128, 128])
                terms.append(f"{'nw' if v4 else 'ipv6'}_{side}={ip_text(address)}/{length}")
        for side in ("src", "dst"):
            if base in ("tcp", "udp", "sctp") and f"{side[0]}port" in spec \
                    and self.chance(0.15 if side == "src" else 0.3):
                terms.append(f"tp_{side}={spec[f'{side[0]}port']}")
        return terms, shape

    # Actions.

    def later_table(self, table):
        """A table after `table`, or None."""
        later = [other for other in self.plan.tables if other > table]
        return self.pick(later) if later else None

    def actions(self, table, shape, depth=0):
        """A list of actions as text."""
        parts = []
        for _ in range(self.weighted([(0, 5), (1, 5), (2, 3), (3, 1)])):
            text, shape = self.edit(table, shape, depth)
            if text:
                parts.append(text)
        parts += self.disposition(table, shape, depth)
        if depth == 0 and self.plan.version >= 2:
            parts = self.add_instructions(parts, table, shape)
        return parts or ["drop"]

    def add_instructions(self, parts, table, shape):
        """Instructions that end a rule: write_actions, write_metadata, goto_table, meter."""
        if self.chance(0.08) and self.plan.meters and self.plan.version >= 4:
            parts.insert(0, f"meter:{self.pick(self.plan.meters)}")
        if self.chance(0.1):
            if self.chance(0.3):
                parts.append("clear_actions")
            if self.chance(0.8):
                parts.append(f"write_actions({','.join(self.action_set(shape))})")
        if self.chance(0.06):
            parts.append(f"write_metadata:{self.number(64)}")
        later = self.later_table(table)
        if later is not None and self.chance(0.12):
            parts.append(f"goto_table:{later}")
        return parts

    def action_set(self, shape):
        actions = []
        if shape.l3 == "ip" and self.chance(0.5):
            actions.append("dec_ttl")
        if self.chance(0.4):
            actions.append(f"set_field:{self.mac(False)}->eth_src")
        if self.chance(0.2):
            actions.append("push_vlan:0x8100")
            actions.append(f"set_field:{0x1000 | self.pick(VLANS)}->vlan_vid")
        actions.append(f"group:{self.pick(self.plan.groups)}"
                       if self.plan.groups and self.chance(0.3) else
                       f"output:{self.pick(PORT_NUMBERS)}")
        return actions

    def edit(self, table, shape, depth):
        """One action that changes the packet or its metadata; returns (text, Shape)."""
        choices = [
            (self.edit_register, 5), (self.edit_ethernet, 4), (self.edit_move, 3),
            (self.edit_stack, 2), (self.edit_misc, 2),
            (self.edit_vlan, 4 if self.has("vlan") else 0),
            (self.edit_network, 5 if shape.l3 in ("ip", "ip6", "arp") else 0),
            (self.edit_transport, 3 if shape.l4 in ("tcp", "udp", "sctp", "icmp", "icmp6") else 0),
            (self.edit_mpls, 4 if self.has("mpls") else 0),
            (self.edit_ct, 5 if self.has("ct") and shape.l3 in ("ip", "ip6") else 0),
            (self.edit_learn, 3 if self.has("learn") and depth == 0 else 0)]
        return self.weighted(choices)(table, shape)

    def edit_register(self, _, shape):
        return self.pick([
            f"set_field:{self.number(32)}->reg{self.rng.randrange(4)}",
            f"load:{self.number(32, False)}->NXM_NX_REG{self.rng.randrange(4)}[]",
            f"load:{self.rng.randrange(16)}->NXM_NX_REG{self.rng.randrange(4)}[4..7]",
            f"set_field:{self.number(64)}->metadata",
            f"set_field:{self.number(64)}->xreg{self.rng.randrange(2)}",
            f"set_field:{self.label()}->xxreg0"]), shape

    def edit_ethernet(self, _, shape):
        return self.pick([
            f"mod_dl_src:{self.mac(False)}", f"mod_dl_dst:{self.mac(False)}",
            f"set_field:{self.mac()}->eth_dst", f"set_field:{self.mac()}->eth_src"]), shape

    def edit_move(self, _, shape):
        pairs = [("NXM_OF_IN_PORT[]", "NXM_NX_REG0[0..15]"),
                 ("NXM_OF_ETH_SRC[]", "NXM_OF_ETH_DST[]"),
                 ("NXM_NX_REG0[]", "NXM_NX_REG1[]"),
                 ("NXM_NX_REG0[0..15]", "NXM_NX_REG1[16..31]"),
                 ("NXM_OF_ETH_DST[0..31]", "NXM_NX_REG2[]"),
                 ("NXM_OF_ETH_TYPE[]", "NXM_NX_REG3[0..15]")]
        if shape.l3 in ("ip", "ip6") and not self.has("fragments"):
            pairs += [("NXM_OF_IP_SRC[]", "NXM_OF_IP_DST[]") if shape.l3 == "ip" else
                      ("NXM_NX_IPV6_SRC[]", "NXM_NX_IPV6_DST[]")]
        if shape.l3 == "ip":
            pairs += [("NXM_OF_IP_DST[]", "NXM_NX_REG1[]"),
                      ("NXM_NX_IP_TTL[]", "NXM_NX_REG2[0..7]"),
                      ("NXM_OF_IP_TOS[]", "NXM_NX_REG2[0..7]")]
        if shape.l3 == "ip6":
            pairs += [("NXM_NX_IPV6_DST[0..31]", "NXM_NX_REG1[]")]
        if shape.l3 == "arp":
            pairs += [("NXM_OF_ARP_SPA[]", "NXM_OF_ARP_TPA[]"),
                      ("NXM_NX_ARP_SHA[]", "NXM_NX_ARP_THA[]"),
                      ("NXM_OF_ARP_TPA[]", "NXM_NX_REG1[]")]
        if shape.l4 in ("tcp", "udp"):
            name = shape.l4.upper()
            pairs += [(f"NXM_OF_{name}_SRC[]", f"NXM_OF_{name}_DST[]"),
                      (f"NXM_OF_{name}_DST[]", "NXM_NX_REG3[0..15]")]
        if self.has("ct") and shape.tracked:
            pairs += [("NXM_NX_CT_MARK[]", "NXM_NX_REG1[]"),
                      ("NXM_NX_CT_STATE[]", "NXM_NX_REG2[]"),
                      ("NXM_NX_CT_ZONE[]", "NXM_NX_REG3[0..15]"),
                      ("NXM_NX_CT_LABEL[0..31]", "NXM_NX_REG0[]")]
        source, target = self.pick(pairs)
        return f"move:{source}->{target}", shape

    def edit_stack(self, _, shape):
        fields = ["NXM_NX_REG0[]", "NXM_NX_REG1[0..15]", "NXM_OF_IN_PORT[]", "NXM_NX_REG2[8..23]"]
        return f"{self.pick(['push', 'push', 'pop'])}:{self.pick(fields)}", shape

    def edit_misc(self, _, shape):
        choices = [f"check_pkt_larger({self.pick([60, 100, 500])})->NXM_NX_REG0[{self.rng.randrange(8)}]",
                   "note:01.02.03", "multipath(eth_src,0,modulo_n,1,0,NXM_NX_REG1[0..7])",
                   f"bundle_load(eth_src,0,active_backup,ofport,NXM_NX_REG2[0..15],members:{self.pick([1, 2, 3])})",
                   f"set_field:{self.number(32)}->pkt_mark", "set_queue:1", "pop_queue"]
        if self.has("ct"):
            choices += ["ct_clear"] * 3
        if shape.l4 == "tcp" and self.has("timeouts"):
            choices.append("fin_timeout(idle_timeout=10)")
        text = self.pick(choices)
        return text, replace(shape, tracked=False) if text == "ct_clear" else shape

    def edit_vlan(self, _, shape):
        new = self.plan.version >= 2
        choices = [(f"mod_vlan_vid:{self.pick(VLANS)}", True)]
        if not new or shape.vlan:
            choices.append((self.pick(["strip_vlan", "pop_vlan"]), False))
        if new:
            choices += [("push_vlan:0x8100", True), ("push_vlan:0x88a8", True)]
        if shape.vlan:
            choices += [(f"mod_vlan_pcp:{self.pick([0, 5])}", True),
                        (f"set_field:{0x1000 | self.pick(VLANS)}->vlan_vid", True)]
        text, vlan = self.pick(choices)
        return text, replace(shape, vlan=vlan)

    def edit_network(self, _, shape):
        if shape.l3 == "arp":
            return self.pick([f"set_field:{self.ip(False)}->arp_spa",
                              f"set_field:{self.pick([1, 2])}->arp_op",
                              f"set_field:{self.mac(False)}->arp_sha"]), shape
        choices = [f"mod_nw_tos:{self.pick([0, 32, 184])}", "dec_ttl", "dec_ttl",
                   f"set_field:{self.pick([1, 2, 64, 255])}->nw_ttl"]
        if self.plan.version >= 2:
            choices.append(f"mod_nw_ecn:{self.pick([0, 1, 3])}")
        if self.has("packet_in"):
            choices.append("dec_ttl(0,0)")
        if shape.l3 == "ip6":
            choices.append("set_field:0x54321->ipv6_label")
        if self.has("fragments"):
            pass  # Open vSwitch takes what is in later fragments for a checksum to update.
        elif shape.l3 == "ip":
            choices += [f"mod_nw_src:{self.ip(False)}", f"mod_nw_dst:{self.ip(False)}",
                        f"set_field:{self.ip(False)}->ip_dst"] * 2
        else:
            choices += [f"set_field:{self.ip6(False)}->ipv6_src",
                        f"set_field:{self.ip6(False)}->ipv6_dst"]
        return self.pick(choices), shape

    def edit_transport(self, _, shape):
        if shape.l4 == "icmp":
            return self.pick([f"set_field:{self.pick([0, 8])}->icmp_type",
                              f"set_field:{self.pick([0, 1])}->icmp_code"]), shape
        if shape.l4 == "icmp6":
            if shape.nd:
                return self.pick([f"set_field:{self.ip6(False)}->nd_target",
                                  f"set_field:{self.mac(False)}->nd_"
                                  + ("sll" if shape.nd == "ns" else "tll")]), shape
            return "set_field:128->icmpv6_type", shape
        side = self.pick(["src", "dst"])
        if shape.l4 == "sctp":
            return f"set_field:{self.l4_port(False)}->sctp_{side}", shape
        return self.pick([f"mod_tp_{side}:{self.l4_port(False)}",
                          f"set_field:{self.l4_port(False)}->{shape.l4}_{side}"]), shape

    def edit_mpls(self, _, shape):
        if shape.l3 == "mpls":
            text = self.pick([f"set_mpls_label({self.pick(LABELS)})", "set_mpls_ttl(9)",
                              "set_mpls_tc(3)", "dec_mpls_ttl", "push_mpls:0x8847",
                              "pop_mpls:0x0800", "pop_mpls:0x8847"])
            if text.startswith("pop_mpls:0x0800"):
                shape = replace(shape, l3="ip", l4="")
            return text, shape
        return "push_mpls:0x8847", replace(shape, l3="mpls", l4="", nd="")

    def edit_learn(self, table, shape):
        target = self.later_table(table)
        if target is None:
            return "", shape
        specs = [f"table={target}",
                 f"priority={self.priority(target, self.pick([5, 10, 20]))}"]
        if self.chance(0.3):
            specs.append(f"cookie={self.rng.randrange(1, 9):#x}")
        if self.has("timeouts") and self.chance(0.4):
            specs.append(f"{self.pick(['idle', 'hard'])}_timeout={self.pick([10, 30])}")
        if self.chance(0.2):
            specs.append(f"limit={self.pick([1, 2])}")
        if self.chance(0.2):
            specs.append("delete_learned")
        specs += self.pick([["NXM_OF_ETH_DST[]=NXM_OF_ETH_SRC[]"],
                            ["NXM_OF_ETH_SRC[]", "NXM_OF_IN_PORT[]"],
                            ["NXM_NX_REG0[0..7]=0x3", "NXM_OF_ETH_DST[]"]])
        if shape.l3 == "ip":
            specs += self.pick([[], ["eth_type=0x800", "NXM_OF_IP_DST[]=NXM_OF_IP_SRC[]"],
                                ["eth_type=0x800", "NXM_OF_IP_SRC[]"]])
        specs += self.pick([["output:NXM_OF_IN_PORT[]"],
                            ["load:NXM_OF_IN_PORT[]->NXM_NX_REG1[0..15]", "output:NXM_OF_IN_PORT[]"],
                            [f"load:{self.rng.randrange(256)}->NXM_NX_REG2[]"]])
        return f"learn({','.join(specs)})", shape

    def edit_ct(self, table, shape):
        return self.ct(table, shape, recirculates=self.chance(0.2)), shape

    def ct(self, table, shape, recirculates):
        """A ct action; with `recirculates`, to a later table if there is one."""
        arguments = []
        commits = self.chance(0.5)
        if commits:
            arguments.append("commit")
            if self.chance(0.15) and not self.has("nat"):
                arguments.append("force")
        if self.chance(0.85):
            arguments.append(f"zone={self.pick(self.plan.zones)}" if self.chance(0.85) else
                             "zone=" + self.pick(["NXM_NX_REG0[0..15]", "NXM_OF_IN_PORT[]",
                                                  "NXM_NX_CT_ZONE[]"]))
        later = self.later_table(table)
        if recirculates and later is not None:
            arguments.append(f"table={later}")
        if self.has("nat") and self.chance(0.6):
            arguments.append(self.nat(commits, shape))
        if commits and self.chance(0.5):
            arguments.append(f"exec({','.join(self.ct_exec())})")
        if commits and shape.l4 == "tcp" and self.has("alg") and self.chance(0.6):
            arguments.append("alg=ftp")
        if commits and shape.l4 == "udp" and self.has("alg") and self.chance(0.6):
            arguments.append("alg=tftp")
        return f"ct({','.join(arguments)})"

    def nat(self, commits, shape):
        if not commits:
            return "nat"
        address = self.pick(NAT_IPS) if shape.l3 == "ip" else self.pick(NAT_IP6S)
        side = self.pick(["src", "dst"])
        if shape.l4 in ("tcp", "udp") and self.chance(0.4):
            port = self.pick([5000, 5001, 80])
            return (f"nat({side}={address}:{port})" if shape.l3 == "ip"
                    else f"nat({side}=[{address}]:{port})")
        return f"nat({side}={address})"

    def ct_exec(self):
        return self.rng.sample([
            f"set_field:{self.number(32)}->ct_mark", f"set_field:{self.label()}->ct_label",
            "move:NXM_NX_REG0[]->NXM_NX_CT_MARK[]",
            f"load:{self.rng.randrange(16)}->NXM_NX_CT_LABEL[32..39]"], self.rng.randrange(1, 3))

    # What becomes of the packet.

    def disposition(self, table, shape, depth):
        later = self.later_table(table)
        choice = self.weighted([
            ("output", 10), ("two", 4), ("special", 3), ("register", 1), ("truncate", 1),
            ("resubmit", 6 if later is not None else 0),
            ("ct", 10 if self.has("ct") and later is not None and shape.l3 in ("ip", "ip6")
             else 0),
            ("clone", 2 if depth < 2 else 0), ("group", 4 if self.plan.groups else 0),
            ("normal", 3 if self.has("normal") else 1), ("drop", 2),
            ("controller", 6 if self.has("packet_in") else 0), ("exit", 1)])
        output = f"output:{self.pick(PORT_NUMBERS)}"
        if choice == "output":
            return [output]
        if choice == "two":
            return [output, f"output:{self.pick(PORT_NUMBERS)}"]
        if choice == "special":
            return [self.pick(["IN_PORT", "FLOOD", "ALL", "LOCAL", f"enqueue:{self.pick(PORT_NUMBERS)}:1",
                               f"bundle(eth_src,0,active_backup,ofport,members:{self.pick([2, 4])},3)"])]
        if choice == "register":
            return [f"output:NXM_NX_REG{self.rng.randrange(4)}[0..15]"]
        if choice == "truncate":
            return [f"output(port={self.pick(PORT_NUMBERS)},max_len={self.pick([14, 60, 100])})"]
        if choice == "resubmit":
            return [f"resubmit(,{later})"] + ([output] if self.chance(0.3) else [])
        if choice == "ct":
            return [self.ct(table, shape, True)] + ([output] if self.chance(0.3) else [])
        if choice == "clone":
            inner = self.actions(table, shape, depth + 1)
            return [f"clone({','.join(inner)})"] + ([output] if self.chance(0.7) else []) \
                if inner != ["drop"] else []
        if choice == "group":
            return [f"group:{self.pick(self.plan.groups)}"]
        if choice == "normal":
            return ["NORMAL"]
        if choice == "controller":
            arguments = self.pick([f"max_len={self.pick([20, 100, 65535])}", "reason=action",
                                   "userdata=01.02.03", "max_len=64,userdata=aa"])
            return [f"controller({arguments})"] + ([output] if self.chance(0.5) else [])
        if choice == "exit":
            return [output, "exit", f"output:{self.pick(PORT_NUMBERS)}"]
        return []

    # Whole rules.

    def head(self, table, priority, terms):
        parts = [f"table={table}", f"priority={priority}"]
        if self.chance(0.3):
            parts.append(f"cookie={self.rng.randrange(1, 16):#x}")
        if self.has("timeouts") and self.chance(0.2):
            parts.append(f"{self.pick(['idle', 'hard'])}_timeout={self.pick([10, 30, 60])}")
        if self.has("packet_in") and self.chance(0.1):
            parts.append("send_flow_rem")
        return ",".join(parts + terms)

    def rule(self, frame=None):
        """One rule, perhaps one that this frame, a pair of port and description, would match."""
        tables = self.plan.tables
        table = self.pick(tables[1:]) if len(tables) > 1 and self.chance(0.4) else self.pick(tables)
        terms, shape = self.match(table) if frame is None else self.near(table, *frame)
        priority = self.priority(table, self.pick([1, 2, 5, 10, 10, 20, 100, 65535]))
        return (f"{self.head(table, priority, terms)},"
                f"actions={','.join(self.actions(table, shape))}")

    def fallback(self, table):
        """Rules of priority 0, so that packets go on instead of being lost."""
        later = self.later_table(table)
        rules = []
        if later is not None and self.chance(0.7):
            if self.has("ct") and self.chance(0.6):
                zone = self.pick(self.plan.zones)
                nat = ",nat" if self.has("nat") and self.chance(0.7) else ""
                for family in ("ip", "ipv6"):
                    rules.append(f"table={table},priority=1,{family},"
                                 f"actions=ct(table={later},zone={zone}{nat})")
            rules.append(f"table={table},priority=0,actions=resubmit(,{later})")
        else:
            rules.append(f"table={table},priority=0,actions="
                         + self.pick(["NORMAL", "FLOOD", "output:2,output:3", "output:4", "drop"]))
        return rules

    def firewall(self, table, next_table):
        """A stateful policy in the usual shape, from `table` to `next_table`."""
        zone = self.pick(self.plan.zones)
        nat = ",nat" if self.has("nat") else ""
        rules = []
        for family in ("ip", "ipv6"):
            rules.append(f"table={table},priority=30,ct_state=-trk,{family},"
                         f"actions=ct(table={next_table},zone={zone}{nat})")
            _, shape = self.protocol_terms("ip" if family == "ip" else "ipv6", Shape())
            for _ in range(2):
                commit = self.ct(next_table, replace(shape, tracked=True), False)
                if "commit" not in commit:
                    commit = f"ct(commit,zone={zone})"
                protocol = self.pick(["tcp", "udp", "icmp"])
                extra = f",tp_dst={self.pick(SERVICES)}" if protocol != "icmp" \
                    and self.chance(0.3) else ""
                where = self.pick(["output:2", "output:3", "NORMAL"])
                if family == "ipv6":
                    protocol += "6"
                priority = self.priority(next_table, self.pick([10, 20]))
                rules.append(f"table={next_table},priority={priority},"
                             f"ct_state=+trk+new,{protocol}{extra},actions={commit},{where}")
            rules.append(f"table={next_table},priority=30,ct_state=+trk+est-rpl,{family},"
                         "actions=output:2")
            rules.append(f"table={next_table},priority=30,ct_state=+trk+est+rpl,{family},"
                         "actions=output:1")
            rules.append(f"table={next_table},priority=25,ct_state=+trk+rel,{family},"
                         "actions=output:3,output:1")
            rules.append(f"table={next_table},priority=40,ct_state=+trk+inv,{family},"
                         f"actions={self.pick(['drop', 'output:5'])}")
        return rules

    def conjunction(self):
        """A conjunctive match of two or three clauses."""
        table = self.pick(self.plan.tables)
        number, priority = self.rng.randrange(1, 4), self.priority(table, self.pick([15, 25]))
        clauses = [[f"ip,nw_src={self.ip()}" for _ in range(2)],
                   [f"ip,nw_dst={self.ip()}" for _ in range(2)]]
        if self.chance(0.5):
            clauses.append([f"{self.pick(['tcp', 'udp'])},tp_dst={self.l4_port()}"
                            for _ in range(2)])
        count = len(clauses)
        rules = [f"table={table},priority={priority},{match},"
                 f"actions=conjunction({number},{index}/{count})"
                 for index, clause in enumerate(clauses, start=1) for match in clause]
        actions = self.actions(table, Shape(l3="ip"))
        rules.append(f"table={table},priority={priority},conj_id={number},ip,"
                     f"actions={','.join(actions)}")
        return rules

    def change(self, existing, frame=None):
        """A flow-mod for the middle of a run: list of lines."""
        kind = self.weighted([("add", 5), ("replace", 4), ("modify", 3), ("delete", 3),
                              ("delete_strict", 3), ("modify_strict", 3)])
        if kind == "add" or not existing:
            return [self.rule(frame if self.chance(0.6) else None)
                    for _ in range(self.rng.randrange(1, 4))]
        victim = self.pick(existing)
        head, _, actions = victim.partition(",actions=")
        words = [word for word in head.split(",") if not word.startswith(
            ("cookie=", "idle_timeout=", "hard_timeout=", "send_flow_rem"))]
        loose = [word for word in words if not word.startswith("priority=")]
        table = int(next(word for word in words if word.startswith("table="))[6:])
        fresh = self.simple_actions(table)
        if kind == "replace":
            return [f"{','.join(words)},actions={fresh}"]
        if kind == "modify":
            return [f"modify {','.join(loose)},actions={fresh}"]
        if kind == "modify_strict":
            return [f"modify_strict {','.join(words)},actions={fresh}"]
        if kind == "delete":
            return [f"delete {','.join(loose)}"]
        return [f"delete_strict {','.join(words)}"]

    def simple_actions(self, table):
        parts = self.disposition(table, Shape(), 0)
        return ",".join(parts) if parts else "drop"

    # Groups and meters.

    def group(self, number):
        """A group whose choice of bucket does not hang on a hash."""
        kind = self.pick(["all", "all", "indirect", "select", "ff"])
        buckets = 1 if kind in ("indirect", "select") else self.rng.randrange(1, 4)
        text = f"group_id={number},type={kind}"
        for index in range(buckets):
            parts = []
            if self.chance(0.4):
                parts.append(self.pick([f"set_field:{self.mac(False)}->eth_dst",
                                        f"set_field:{self.number(32, False)}->reg0"]))
            if self.has("ct") and self.chance(0.15):
                parts.append(f"ct(commit,zone={self.pick(self.plan.zones)})")
            parts.append(self.pick([f"output:{self.pick(PORT_NUMBERS)}"] * 4 + [
                f"resubmit(,{self.plan.tables[-1]})", "NORMAL"]))
            text += f",bucket=bucket_id:{index},"
            if kind == "ff":
                text += f"watch_port:{self.pick(PORT_NUMBERS)},"
            if kind == "select":
                text += f"weight:{self.pick([1, 7])},"
            text += f"actions={','.join(parts)}"
        return text

    def meter(self, number):
        unit = self.pick(["pktps", "kbps"])
        burst = self.chance(0.6)
        return (f"meter={number},{unit}{',burst' if burst else ''},stats,"
                f"bands=type=drop,rate={self.pick([1, 3, 10])}"
                + (f",burst_size={self.pick([1, 5, 20])}" if burst else ""))
