"""Neutron's Open vSwitch agent on a switch: the agent of the packages, whole and unmodified.

It binds ports, programs security groups and QoS, and wires trunks, while instances in namespaces
try what they may and what they may not. neutron_node/ holds the node and the server's half of
the message bus. One node serves all tests but the last, in the order that they are listed in.
"""

import os
import sys

sys.path.insert(1, os.path.join(os.path.dirname(os.path.abspath(__file__)), "neutron_node"))

import project  # noqa: E402
import agreement  # noqa: E402
import extensions  # noqa: E402
import frames  # noqa: E402
from harness import Skipped, eventually  # noqa: E402
from live import Conversation  # noqa: E402
from probes import expect, probes  # noqa: E402

BROADCAST = "ff:ff:ff:ff:ff:ff"


def tests():
    """The tests of this file."""
    return [
        ("neutron: security groups judge protocols, ports and ranges", judged),
        ("neutron: remote groups and address groups follow their members", remote_groups),
        ("neutron: egress rules", egress),
        ("neutron: forged frames go nowhere, honest ones arrive", forged),
        ("neutron: allowed address pairs", address_pairs),
        ("neutron: a stateless group keeps no state", stateless),
        ("neutron: a removed rule stops live connections", revoked),
        ("neutron: the agent restarts, also with direct egress, and no packet is lost", restarted),
        ("neutron: a port that is removed leaves nothing", unplugged),
        ("neutron: a trunk with a subport", with_node(extensions.trunk)),
        ("neutron: QoS marks packets", with_node(extensions.dscp)),
        ("neutron: QoS limits packets a second", with_node(extensions.packet_rate)),
        ("neutron: QoS limits bandwidth to an instance",
         with_node(extensions.bandwidth, "ingress")),
        ("neutron: QoS limits bandwidth from an instance",
         with_node(extensions.bandwidth, "egress")),
        ("neutron: the agent logged no error", no_errors),
        ("neutron: both switches get the same flows", same_flows),
        ("neutron: the switch is exchanged under a node, and back", exchanged),
    ]


def with_node(function, *more):
    """The test that calls `function` with the shared node."""
    return lambda context: function(node_of(context), *more)


def node_of(context):
    """The node that the tests share."""
    require_neutron()
    if "neutron" not in context.shared:
        node = context.shared["neutron"] = project.build(context)
        context.endings.append(lambda: end(context))
    return context.shared["neutron"]


def require_neutron():
    """Skips a test where Neutron is not installed."""
    if not os.path.isdir("/usr/lib/python3/dist-packages/neutron"):
        raise Skipped("python3-neutron is not installed")


def end(context):
    """Ends the shared node."""
    node = context.shared.pop("neutron", None)
    if node is not None:
        node.echoes.close()
        node.close()


def matrix(node):
    """What the groups of the project allow and deny."""
    web, client = node.instances["web"], node.instances["client"]
    other, outside = node.instances["other"], node.outside
    wanted = []
    for source in (client, other, outside):
        for port in (22, 80, 8000, 8007):
            wanted += probes(source, web, "tcp", port)
        for port in (23, 8008, 5436):
            wanted += probes(source, web, "tcp", port, allowed=False)
        for port in (5000, 5010):
            wanted += probes(source, web, "udp", port)
        for port in (4999, 5011):
            wanted += probes(source, web, "udp", port, allowed=False)
        wanted += probes(source, web, "icmp")
        for port in (5432, 5435):
            wanted += probes(source, web, "tcp", port, allowed=source is client)
        wanted += probes(source, web, "tcp", 9000, allowed=source is other)
        wanted += probes(source, web, "tcp", 9100, allowed=source is client)
    for protocol, port in (("tcp", 80), ("udp", 5000), ("icmp", 0)):
        wanted += probes(web, outside, protocol, port)
        wanted += probes(web, other, protocol, port, allowed=False)
        wanted += probes(outside, other, protocol, port, allowed=False)
    return wanted


def judged(context):
    """Every kind of rule, over IPv4 and IPv6, between ports of the node and from outside."""
    expect(matrix(node_of(context)))


def remote_groups(context):
    """A port that joins a group is let in; one that leaves it is not; the same for addresses."""
    node = node_of(context)
    web, other, client = (node.instances[name] for name in ("web", "other", "client"))
    expect(probes(other, web, "tcp", 5432, allowed=False))
    node.change("Port", "other", groups=["others", "clients"])
    eventually(lambda: opened(probes(other, web, "tcp", 5432)), "the new member is kept out")
    expect(probes(client, web, "tcp", 5433 + 2) + probes(other, web, "tcp", 5436, allowed=False))
    node.change("Port", "other", groups=["others"])
    eventually(lambda: opened(probes(other, web, "tcp", 5432, allowed=False)),
               "a port that left the group is still let in")
    node.put("AddressGroup", "friends", addresses=["10.7.0.2/32", "fd07::2/128"])
    eventually(lambda: opened(probes(client, web, "tcp", 9000)
                              + probes(other, web, "tcp", 9000, allowed=False)),
               "the address group's change had no effect")
    node.put("AddressGroup", "friends", addresses=["10.7.0.3/32", "fd07::3/128"])
    eventually(lambda: opened(probes(other, web, "tcp", 9000)), "no way back")


def opened(wanted):
    """Whether all probes turn out as wanted, soon."""
    expect(wanted, seconds=1.0)
    return True


def egress(context):
    """An instance whose egress is limited reaches what its rules name, and nothing reaches it."""
    node = node_of(context)
    tight, web, outside = node.instances["tight"], node.instances["web"], node.outside
    expect(probes(tight, web, "tcp", 80) + probes(tight, outside, "tcp", 80)
           + probes(tight, web, "tcp", 22, allowed=False)
           + probes(tight, outside, "tcp", 81, allowed=False)
           + probes(tight, web, "udp", 5000, allowed=False)
           + probes(tight, web, "icmp", allowed=False)
           + probes(web, tight, "icmp", allowed=False))


def forged(context):
    """Frames of an instance with another's addresses, and those that only servers may send."""
    node = node_of(context)
    client, web, outside = node.instances["client"], node.instances["web"], node.outside
    own = (client.mac, client.address, client.address6)
    local = "fe80::f816:3eff:fe00:" + own[0].replace(":", "")[-4:]
    other_mac, other4, other6 = "fa:16:3e:00:00:99", "10.7.0.99", "fd07::99"
    honest = frames.udp4(own[0], outside.mac, own[1], outside.address, (7, 5000), frames.MARK)
    attempts = [
        ("IPv4", True, honest),
        ("another's MAC", False, frames.udp4(
            other_mac, outside.mac, own[1], outside.address, (7, 5000), frames.MARK)),
        ("another's IPv4 address", False, frames.udp4(
            own[0], outside.mac, other4, outside.address, (7, 5000), frames.MARK)),
        ("IPv6", True, frames.udp6(
            own[0], outside.mac, own[2], outside.address6, (7, 5000), frames.MARK)),
        ("another's IPv6 address", False, frames.udp6(
            own[0], outside.mac, other6, outside.address6, (7, 5000), frames.MARK)),
        ("ARP", True, frames.arp_reply(
            own[0], own[0], own[1], outside.mac, outside.address)),
        ("ARP for another's address", False, frames.arp_reply(
            own[0], own[0], other4, outside.mac, outside.address)),
        ("ARP from another's MAC", False, frames.arp_reply(
            other_mac, other_mac, own[1], outside.mac, outside.address)),
        ("neighbour advertisement", True, frames.advertisement(
            own[0], outside.mac, own[2], outside.address6, own[2])),
        ("neighbour advertisement from the link-local address", True, frames.advertisement(
            own[0], outside.mac, local, outside.address6, local)),
        ("neighbour advertisement for another's address", False, frames.advertisement(
            own[0], outside.mac, own[2], outside.address6, other6)),
        ("router advertisement", False, frames.router_advertisement(own[0], local)),
        ("DHCP request", True, frames.udp4(
            own[0], BROADCAST, "0.0.0.0", "255.255.255.255", (68, 67), frames.MARK)),
        ("DHCP answer", False, frames.udp4(
            own[0], BROADCAST, own[1], "255.255.255.255", (67, 68), frames.MARK)),
        ("DHCPv6 request", True, frames.udp6(
            own[0], "33:33:00:01:00:02", local, "ff02::1:2", (546, 547), frames.MARK)),
        ("DHCPv6 answer", False, frames.udp6(
            own[0], outside.mac, local, outside.address6, (547, 546), frames.MARK)),
    ]
    wrong = frames.outcomes(client, [outside, web], attempts)
    # What servers send comes in from the network.
    router = "fe80::f816:3eff:feff:ff01"
    wrong += frames.outcomes(outside, [client], [
        ("DHCP answer from the network", True, frames.udp4(
            outside.mac, own[0], outside.address, own[1], (67, 68), frames.MARK)),
        ("DHCPv6 answer from the network", True, frames.udp6(
            outside.mac, own[0], router, local, (547, 546), frames.MARK)),
        ("router advertisement from the network", True, frames.router_advertisement(
            outside.mac, router)),
    ])
    assert not wrong, "\n".join(wrong)


def address_pairs(context):
    """A second address of an instance works once it is an allowed pair, also with its own MAC."""
    node = node_of(context)
    client, outside = node.instances["client"], node.outside
    virtual_mac = "00:00:5e:00:01:07"

    def attempts(allowed):
        return [
            ("the pair's address", allowed, frames.udp4(
                client.mac, outside.mac, "10.7.0.50", outside.address, (7, 5000), frames.MARK)),
            ("the pair's MAC and address", allowed, frames.udp4(
                virtual_mac, outside.mac, "10.7.0.51", outside.address, (7, 5000), frames.MARK)),
            ("an address of the pair's range", allowed, frames.udp6(
                client.mac, outside.mac, "fd07::7:1", outside.address6, (7, 5000),
                frames.MARK)),
            ("ARP of the pair", allowed, frames.arp_reply(
                client.mac, client.mac, "10.7.0.50", outside.mac, outside.address)),
            ("the pair's address from another MAC", False, frames.udp4(
                client.mac, outside.mac, "10.7.0.51", outside.address, (7, 5000),
                frames.MARK)),
        ]

    wrong = frames.outcomes(client, [outside], attempts(False))
    assert not wrong, "before: " + "\n".join(wrong)
    node.change("Port", "client", pairs=[
        [client.mac, "10.7.0.50/32"], [virtual_mac, "10.7.0.51/32"],
        [client.mac, "fd07::7:0/112"]])
    eventually(lambda: not frames.outcomes(client, [outside], attempts(True)[:1]),
               "the pair is refused")
    wrong = frames.outcomes(client, [outside], attempts(True))
    assert not wrong, "with pairs: " + "\n".join(wrong)
    node.change("Port", "client", pairs=[])
    eventually(lambda: not frames.outcomes(client, [outside], attempts(False)[:1]),
               "the pair is still allowed")
    wrong = frames.outcomes(client, [outside], attempts(False))
    assert not wrong, "afterwards: " + "\n".join(wrong)


def stateless(context):
    """Without state an answer needs a rule of its own, and no connection is tracked."""
    node = node_of(context)
    other, client = node.instances["other"], node.instances["client"]
    node.put("SecurityGroup", "plain", stateful=False)
    project.rule(node, "plain", "tcp in", protocol="tcp", ports=[80, 80])
    node.change("Port", "other", groups=["plain"])
    node.switch.appctl("dpctl/flush-conntrack")
    eventually(lambda: "table=72" in node.switch.ofctl("dump-flows", "br-int"), "no rules")
    # The group lets the question in; nothing lets the answer out.
    expect(probes(client, other, "tcp", 80, allowed=False))
    project.rule(node, "plain", "tcp out", direction="egress", protocol="tcp")
    eventually(lambda: opened(probes(client, other, "tcp", 80)), "still no answer")
    expect(probes(client, other, "udp", 5000, allowed=False))
    tracked = [line for line in node.switch.appctl("dpctl/dump-conntrack").splitlines()
               if f"src={other.address}," in line.split("reply")[0]]
    assert not tracked, "tracked: " + "\n".join(tracked)
    node.change("Port", "other", groups=["others"])
    web = node.instances["web"]
    eventually(lambda: opened(probes(other, web, "tcp", 80)), "no way back to a stateful group")


def revoked(context):
    """Live connections end when their rule does; others go on and lose nothing."""
    node = node_of(context)
    web, client, outside = node.instances["web"], node.instances["client"], node.outside
    doomed = [Conversation(source, target, protocol, port)
              for source in (client, outside)
              for target in (web.address, web.address6)
              for protocol, port in (("tcp", 22), ("udp", 5000))]
    spared = [Conversation(client, target, "tcp", 80) for target in (web.address, web.address6)]
    eventually(lambda: all(one.answered > 20 for one in doomed + spared), "no conversation")
    project.unrule(node, "web", "tcp 22")
    project.unrule(node, "web", "udp range")
    eventually(lambda: all(one.is_silent() for one in doomed), "a connection outlives its rule")
    for one in doomed:
        one.end()
    for one in spared:
        lost = one.end()
        assert lost == 0, f"{lost} of {one.sent} exchanges of another rule were lost"
    # A new rule has a new id: to agents a deletion is final.
    project.rule(node, "web", "tcp 22 again", protocol="tcp", ports=[22, 22])
    project.rule(node, "web", "udp range again", protocol="udp", ports=[5000, 5010])
    eventually(lambda: opened(probes(client, web, "tcp", 22)), "the rule does not come back")
    expect(matrix(node))


def restarted(context):
    """Conversations go on without a loss while the agent ends, starts and refreshes all flows.

    Where a start also changes how egress is directed, the agent takes rules away before it puts
    others in their place, on any switch: there connections have to last, but may lose packets.
    """
    node = node_of(context)
    web, client, outside = node.instances["web"], node.instances["client"], node.outside
    was_direct = False
    for direct in (False, True):
        talks = [Conversation(source, target, protocol, port)
                 for source in (client, outside)
                 for target in (web.address, web.address6)
                 for protocol, port in (("tcp", 80), ("udp", 5000))]
        before = node.cookies()
        node.configure(direct=direct)
        node.stop_agent()
        node.start_agent()
        eventually(lambda: not before & node.cookies(), "flows of the ended agent stay")
        eventually(lambda: not any(one.is_silent(0.5) for one in talks), "a connection ended")
        lost = [one.end() for one in talks]
        assert direct != was_direct or not any(lost), f"lost {lost} exchanges"
        assert all(one.answered > 100 for one in talks)
        directs = [line for line in node.flows() if line.startswith("table=94,") and
                   "output:" in line]
        assert bool(directs) == direct, f"direct egress: {directs}"
        was_direct = direct
    expect(matrix(node))


def unplugged(context):
    """An instance that goes leaves no rules, and what it was let into is closed."""
    node = node_of(context)
    tight, web = node.instances["tight"], node.instances["web"]
    expect(probes(tight, web, "tcp", 80))
    number = node.switch.vsctl("get", "interface", tight.port, "ofport").strip()
    node.detach("tight")
    eventually(lambda: not [
        line for line in node.flows()
        if tight.mac in line or f"in_port={number}," in line or f"reg5=0x{int(number):x}," in line
    ], "rules of a port that is gone")
    node.remove("Port", "tight")
    del node.instances["tight"]
    expect(probes(node.instances["client"], web, "tcp", 80))


def no_errors(context):
    """The agent found nothing to complain of; the shared node ends."""
    node = node_of(context)
    errors = node.errors()
    end(context)
    assert not errors, "".join(errors[-10:])


def same_flows(context):
    """Open vSwitch and this switch, after the same orders to their agents, hold the same flows."""
    require_neutron()
    end(context)
    agreement.check(context)


def exchanged(context):
    """A node on Open vSwitch gets this switch in its place, and gets Open vSwitch back."""
    require_neutron()
    end(context)
    node = project.build(context, context.peer)
    try:
        expect(matrix(node))
        for binary in (context.binary, context.peer):
            numbers = node.port_numbers()
            node.exchange(binary)
            node.stop_agent()
            node.start_agent()
            assert node.port_numbers() == numbers, "ports have other numbers now"
            eventually(lambda: opened(matrix(node)), "the agent does not restore the flows", 40)
    finally:
        node.echoes.close()
        node.close()
