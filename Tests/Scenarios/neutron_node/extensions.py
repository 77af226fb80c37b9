"""The agent's extensions at work: trunks with subports, and QoS."""

import time

import frames
import project
from harness import Skipped, eventually
from host import identity_of
from live import Flood
from probes import expect, probes

TRUNK = "trunk"


def trunk(node):
    """An instance with a second network in a VLAN of its own device: both have their groups."""
    project.network(node, "far", 200, "10.8.0.", "fd08::")
    node.put("SecurityGroup", "parents")
    project.rule(node, "parents", "all out", direction="egress")
    node.put("SecurityGroup", "subs")
    project.rule(node, "subs", "all out", direction="egress")
    project.rule(node, "subs", "udp in", protocol="udp", ports=[5000, 5000])
    node.port("parent", groups=["parents"])
    sub = node.port("sub", network="far", groups=["subs"], device_owner="trunk:subport")
    node.port("remote", network="far", groups=["web"])
    node.put("Trunk", TRUNK, port="parent", subports=[["sub", 101]])
    bridge = ("tbr-" + identity_of(TRUNK))[:14]
    node.switch.vsctl("add-br", bridge, "--", "set", "bridge", bridge, "datapath_type=netdev",
                      "other-config:disable-in-band=true")
    instance = node.plug("parent", "tapparent", bridge=bridge)
    remote = node.plug("remote", "tapremote")
    node.await_wired("parent", "remote", "sub")
    assert eventually(lambda: node.ask("trunk", name=TRUNK), "no status of the trunk") == "ACTIVE"
    node.echoes.listen(instance, tcp=(80,))
    web = node.instances["web"]
    expect(probes(instance, web, "tcp", 80) + probes(web, instance, "tcp", 80, allowed=False))
    assert not (wrong := tagged_frames(instance, sub, remote, True)), wrong
    node.ask("subports", trunk=TRUNK, names=["sub"], event="deleted")
    eventually(lambda: len(node.switch.vsctl("list-ports", bridge).split()) == 2,
               "the subport's patch stays")
    assert not (wrong := tagged_frames(instance, sub, remote, False)), f"removed, but {wrong}"
    expect(probes(instance, web, "tcp", 80))


def tagged_frames(instance, sub, remote, is_wired):
    """Frames of a subport, both ways: in its VLAN at the instance, without a tag elsewhere."""
    mac, addresses = sub["mac"], [address for _, address in sub["addresses"]]
    out4 = frames.udp4(mac, remote.mac, addresses[0], remote.address, (5000, 5000), frames.MARK)
    out6 = frames.udp6(mac, remote.mac, addresses[1], remote.address6, (5000, 5000), frames.MARK)
    forged = frames.udp4(mac, remote.mac, "10.8.0.99", remote.address, (5000, 5000), frames.MARK)
    wrong = []
    # What is sent bears the subport's tag; what arrives does not, unless by the wrong way.
    for name, allowed, frame, tag in (
            ("IPv4 out", is_wired, out4, 101), ("IPv6 out", is_wired, out6, 101),
            ("another's address", False, forged, 101), ("another VLAN", False, out4, 102),
            ("no VLAN", False, out4, None)):
        sent = frames.tagged(frame, tag) if tag else frame
        wrong += frames.outcomes(instance, [remote], [(name, allowed, sent)], arriving=frame)
    new = (remote.mac, mac, remote.address, addresses[0])
    for name, allowed, ports in (("a port that is open", is_wired, (7, 5000)),
                                 ("a port that is not", False, (7, 5001))):
        frame = frames.udp4(*new, ports, frames.MARK)
        wrong += frames.outcomes(remote, [instance], [(name, allowed, frame)],
                                 arriving=frames.tagged(frame, 101))
    return ", ".join(wrong)


def dscp(node):
    """Packets of a port bear the mark of its policy, over IPv4 and IPv6, and lose it after."""
    client, outside = node.instances["client"], node.outside
    node.put("QosPolicy", "gold", rules=[{"kind": "dscp", "mark": 26}])
    node.change("Port", "client", qos="gold")
    eventually(lambda: marks(client, outside) == {26}, "packets are not marked")
    node.change("Port", "client", qos=None)
    eventually(lambda: marks(client, outside) == {0}, "packets are still marked")


def marks(source, target):
    """The DSCP of an IPv4 and an IPv6 packet as they arrive; fails if one does not."""
    ear = frames.Ear(target)
    try:
        frames.send(source, frames.udp4(
            source.mac, target.mac, source.address, target.address, (7, 5009), frames.MARK))
        frames.send(source, frames.udp6(
            source.mac, target.mac, source.address6, target.address6, (7, 5009), frames.MARK))
        time.sleep(0.2)
        came = [frame for frame in ear.take() if frame.endswith(frames.MARK)
                and frame[6:12] == frames.mac_bytes(source.mac)]
    finally:
        ear.close()
    assert len(came) == 2, f"{len(came)} of 2 packets came"
    return {frame[15] >> 2 if frame[12:14] == b"\x08\x00"
            else (frame[14] << 8 | frame[15]) >> 6 & 0x3F for frame in came}


def packet_rate(node):
    """A limit of packets a second, both ways, by meters."""
    client, outside = node.instances["client"], node.outside
    assert rate_of(client, outside, 100).packets > 2000, "no flood to be limited"
    for direction, source, target in (("egress", client, outside), ("ingress", outside, client)):
        name = f"slow {direction}"
        node.put("QosPolicy", name, rules=[
            {"kind": "packets", "kpps": 1, "burst": 0, "direction": direction}])
        node.change("Port", "client", qos=name)
        eventually(lambda: "meter" in node.switch.ofctl(
            "-O", "OpenFlow13", "dump-flows", "br-int"), "no meter")
        result = rate_of(source, target, 100)
        assert 400 <= result.packets_a_second <= 1500, f"{direction}: {result}"
        node.change("Port", "client", qos=None)
        eventually(lambda: "meter" not in node.switch.ofctl(
            "-O", "OpenFlow13", "dump-flows", "br-int"), "the meter stays")


def bandwidth(node, direction):
    """A limit in kilobits a second to or from an instance; without it, all comes through."""
    client, outside = node.instances["client"], node.outside
    ends = (client, outside) if direction == "egress" else (outside, client)
    node.put("QosPolicy", f"narrow {direction}", rules=[
        {"kind": "bandwidth", "kbps": 2000, "burst": 200, "direction": direction}])
    node.change("Port", "client", qos=f"narrow {direction}")
    setting = ("get", "interface", client.port, "ingress_policing_rate") \
        if direction == "egress" else ("get", "port", client.port, "qos")
    eventually(lambda: node.switch.vsctl(*setting).strip() not in ("0", "[]"), "no limit set")
    if direction == "egress" and node.switch.is_peer:
        node.change("Port", "client", qos=None)
        raise Skipped("Open vSwitch leaves it to a filter that not every kernel has")
    result = rate_of(*ends, 1400)
    assert 1000 <= result.kilobits_a_second <= 3000, f"{direction}: {result}"
    node.change("Port", "client", qos=None)
    eventually(lambda: node.switch.vsctl(*setting).strip() in ("0", "[]"), "the limit stays")
    result = rate_of(*ends, 1400)
    assert result.kilobits_a_second > 6000, f"without a limit: {result}"


def rate_of(source, target, size):
    """Floods datagrams for a second and a half: 10 Mb/s of large ones, 3000 a second of small."""
    return Flood(source, target, size, 900 if size > 1000 else 3000).result
