"""The rules under test, as text for ovs-ofctl. Port 1 is the client's side, port 2 the server's.

A policy is a function of (count of rules, protocol word, whether IPv6) that returns lines. Rule r
of a policy permits the sources and destination ports that Benchmarks/Device/frames.h gives to its
flows: blocks of 1,024 addresses from 10.0.0.0, of which a rule permits /22, /24, /26 or /28, and
one to sixteen ports.
"""

NET_BASE = 10 << 24
SERVER_BASE = (172 << 24) | (16 << 16)
BLOCK_BITS = 10
PORT_BASE, PORT_SHIFT, PORT_MASK = 1024, 4, 0x7ff0
# Free bits of the address and of the port.
VARIANTS = [(10, 1), (8, 2), (6, 4), (4, 3)]

# How the device spreads flows over such rules.
SPREAD = {
    "net_base": NET_BASE, "server_base": SERVER_BASE, "block_bits": BLOCK_BITS,
    "port_base": PORT_BASE, "port_shift": PORT_SHIFT, "port_mask": PORT_MASK,
    "variant_mask": len(VARIANTS) - 1, "variants": VARIANTS,
}


def address(number, ipv6):
    """A number as the device puts it into frames."""
    dotted = ".".join(str(number >> shift & 255) for shift in (24, 16, 8, 0))
    if not ipv6:
        return dotted
    return f"2001:db8::{number >> 16:x}:{number & 0xffff:x}"


def protocol_word(protocol, ipv6):
    """What ovs-ofctl calls UDP or TCP."""
    return protocol + ("6" if ipv6 else "")


def permits(count, protocol, ipv6, is_reply=False):
    """The match of each rule; of the packets back if `is_reply`."""
    source = ("ipv6_dst" if ipv6 else "nw_dst") if is_reply else ("ipv6_src" if ipv6 else "nw_src")
    port_field = "tp_src" if is_reply else "tp_dst"
    word = protocol_word(protocol, ipv6)
    for rule in range(count):
        host_bits, port_bits = VARIANTS[rule & (len(VARIANTS) - 1)]
        net = NET_BASE + (rule << BLOCK_BITS)
        length = (128 if ipv6 else 32) - host_bits
        port = PORT_BASE + ((rule << PORT_SHIFT) & PORT_MASK)
        mask = 0xffff & ~((1 << port_bits) - 1)
        yield (f"{word},{source}={address(net, ipv6)}/{length},"
               f"{port_field}=0x{port:x}/0x{mask:x}")


def one_zone(count, protocol, ipv6, nat=False, inward_only=False):
    """A security group: one zone, established connections pass, new ones by rule.

    Servers may begin connections of their own unless `inward_only`.
    """
    ip = "ipv6" if ipv6 else "ip"
    back = ",nat" if nat else ""
    translate = ",nat(src=192.0.2.1-192.0.2.254)" if nat else ""
    yield f"table=0,priority=100,{ip},in_port=1,actions=ct(table=1,zone=1{back})"
    yield f"table=0,priority=100,{ip},in_port=2,actions=ct(table=2,zone=1{back})"
    yield "table=0,priority=0,actions=drop"
    for table, out in ((1, 2), (2, 1)):
        yield f"table={table},priority=400,ct_state=+trk+inv,{ip},actions=drop"
        yield f"table={table},priority=300,ct_state=+trk+est,{ip},actions=output:{out}"
        yield f"table={table},priority=0,actions=drop"
    for match in permits(count, protocol, ipv6):
        yield (f"table=1,priority=200,ct_state=+trk+new,{match},"
               f"actions=ct(commit,zone=1{translate}),output:2")
    if not inward_only:
        yield f"table=2,priority=200,ct_state=+trk+new,{ip},actions=ct(commit,zone=1),output:1"


def inward(count, protocol, ipv6):
    """One zone where servers only answer: what comes back was tracked."""
    return one_zone(count, protocol, ipv6, inward_only=True)


def source_nat(count, protocol, ipv6):
    """One zone, and the client's side hidden behind 254 addresses."""
    return one_zone(count, protocol, ipv6, nat=True)


def two_zones(count, protocol, ipv6):
    """A zone for each end, as OVN and Neutron's driver have it; the rules are the receiver's."""
    ip = "ipv6" if ipv6 else "ip"
    yield f"table=0,priority=100,{ip},in_port=1,actions=ct(table=1,zone=1)"
    yield f"table=0,priority=100,{ip},in_port=2,actions=ct(table=2,zone=2)"
    yield "table=0,priority=0,actions=drop"
    for table, zone, following, other in ((1, 1, 3, 2), (2, 2, 4, 1)):
        yield f"table={table},priority=400,ct_state=+trk+inv,{ip},actions=drop"
        yield (f"table={table},priority=300,ct_state=+trk+est,{ip},"
               f"actions=ct(table={following},zone={other})")
        yield (f"table={table},priority=200,ct_state=+trk+new,{ip},"
               f"actions=ct(commit,zone={zone}),ct(table={following},zone={other})")
        yield f"table={table},priority=0,actions=drop"
    for table, out in ((3, 2), (4, 1)):
        yield f"table={table},priority=400,ct_state=+trk+inv,{ip},actions=drop"
        yield f"table={table},priority=300,ct_state=+trk+est,{ip},actions=output:{out}"
        yield f"table={table},priority=0,actions=drop"
    for match in permits(count, protocol, ipv6):
        yield f"table=3,priority=200,ct_state=+trk+new,{match},actions=ct(commit,zone=2),output:2"
    yield f"table=4,priority=200,ct_state=+trk+new,{ip},actions=ct(commit,zone=1),output:1"


def stateless(count, protocol, ipv6):
    """An access list without connections: each rule for both directions."""
    yield "table=0,priority=0,actions=drop"
    for match in permits(count, protocol, ipv6):
        yield f"table=0,priority=200,in_port=1,{match},actions=output:2"
    for match in permits(count, protocol, ipv6, is_reply=True):
        yield f"table=0,priority=200,in_port=2,{match},actions=output:1"


def switching(_count, _protocol, _ipv6):
    """A learning switch."""
    yield "table=0,priority=0,actions=normal"


def plain(_count, _protocol, _ipv6):
    """From port to port, looking at nothing."""
    yield "table=0,in_port=1,actions=output:2"
    yield "table=0,in_port=2,actions=output:1"


# What an attacker knows of the policy below: its three masks.
ATTACK = {"attack_source": (10 << 24) | (7 << 16) | 9, "attack_port": 80,
          "attack_source_port": 12345}


def exploding(_count, _protocol, _ipv6):
    """Three rules whose fields differ: crafted packets force a mask for each pair of prefixes."""
    for inbound, out in ((1, 2), (2, 1)):
        field = "tp_dst" if inbound == 1 else "tp_src"
        yield f"table=0,priority=300,in_port={inbound},udp,{field}=80,actions=output:{out}"
    source = address(ATTACK["attack_source"], False)
    yield f"table=0,priority=200,in_port=1,udp,nw_src={source},actions=output:2"
    yield "table=0,priority=100,in_port=1,udp,tp_src=12345,actions=output:2"
    yield "table=0,priority=0,actions=drop"


POLICIES = {
    "one-zone": one_zone, "inward": inward, "snat": source_nat, "two-zones": two_zones, "acl": stateless,
    "l2": switching, "plain": plain, "exploding": exploding,
}
