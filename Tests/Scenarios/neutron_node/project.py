"""The project that the scenario runs: networks, groups, ports, instances, and ports that listen."""

from host import Node
from probes import Echoes

VLAN = {"network_type": "vlan", "physical_network": "physnet"}
BOTH = (("4", "IPv4"), ("6", "IPv6"))
NAMES = {"web": "tapweb", "client": "tapclient", "other": "tapother", "tight": "taptight"}


def build(context, binary=None):
    """A node of the whole project, whose instances listen."""
    node = Node(context, binary)
    try:
        bring_up(node)
        listen(node)
    except BaseException:
        node.close()
        raise
    return node


def bring_up(node):
    """Describes the project, starts the agent and plugs in the instances."""
    describe(node)
    node.start_agent()
    for name, device in NAMES.items():
        node.plug(name, device)
    node.await_wired()


def describe(node):
    """The resources, before anything is plugged in."""
    network(node, "net", 100, "10.7.0.", "fd07::")
    for name in ("web", "clients", "others", "tight"):
        node.put("SecurityGroup", name)
    for name in ("web", "clients", "others"):
        rule(node, name, "all out", direction="egress")
    for port in (80, 22):
        rule(node, "web", f"tcp {port}", protocol="tcp", ports=[port, port])
    rule(node, "web", "tcp range", protocol="tcp", ports=[8000, 8007])
    rule(node, "web", "udp range", protocol="udp", ports=[5000, 5010])
    rule(node, "web", "ping", protocol={"4": "icmp", "6": "ipv6-icmp"})
    rule(node, "web", "database", protocol="tcp", ports=[5432, 5435], remote_group="clients")
    node.put("AddressGroup", "friends", addresses=["10.7.0.3/32", "fd07::3/128"])
    rule(node, "web", "friends", protocol="tcp", ports=[9000, 9000], remote_addresses="friends")
    rule(node, "web", "near", protocol="tcp", ports=[9100, 9100],
         prefix={"4": "10.7.0.2/32", "6": "fd07::2/128"})
    rule(node, "tight", "web only", direction="egress", protocol="tcp", ports=[80, 80])
    for name, groups in (("web", ["web"]), ("client", ["clients"]), ("other", ["others"]),
                         ("tight", ["tight"])):
        node.port(name, groups=groups)


def network(node, name, tag, prefix4, prefix6):
    """A network with a subnet of each family."""
    subnets = [[f"{name} 4", prefix4], [f"{name} 6", prefix6]]
    node.put("Network", name, subnets=subnets, segmentation_id=tag, **VLAN)
    node.put("Subnet", f"{name} 4", network=name, cidr=f"{prefix4}0/24")
    node.put("Subnet", f"{name} 6", network=name, cidr=f"{prefix6}/64")


def rule(node, group, name, **values):
    """A rule for IPv4 and its twin for IPv6; a dictionary holds a value for each."""
    for suffix, ethertype in BOTH:
        own = {key: value[suffix] if isinstance(value, dict) else value
               for key, value in values.items()}
        node.put("SecurityGroupRule", f"{group} {name} {suffix}", group=group,
                 ethertype=ethertype, **own)


def unrule(node, group, name):
    """Removes a rule and its twin."""
    for suffix, _ in BOTH:
        node.remove("SecurityGroupRule", f"{group} {name} {suffix}")


def listen(node):
    """Servers on the instances, and a host outside the node on the same network."""
    node.echoes = Echoes()
    outside = node.lab.add("physical", "fa:16:3e:ff:ff:01", "10.7.0.200/24", "fd07::200/64")
    node.switch.vsctl("add-port", "br-phys", "physical", "tag=100")
    node.outside = outside
    for workload in [*node.instances.values(), outside]:
        allow_ping_sockets(workload)
        workload.shell("sysctl", "-qw", "net.ipv4.neigh.eth0.retrans_time_ms=200",
                       "net.ipv6.neigh.eth0.retrans_time_ms=200")
    node.echoes.listen(
        node.instances["web"], tcp=(22, 23, 80, 5432, 5435, 5436, 8000, 8007, 8008, 9000, 9100),
        udp=(4999, 5000, 5010, 5011))
    node.echoes.listen(node.instances["other"], tcp=(80,), udp=(5000,))
    node.echoes.listen(outside, tcp=(80, 81), udp=(5000,))


def allow_ping_sockets(workload):
    """Lets probes send echo requests without raw sockets."""
    workload.shell("sysctl", "-qw", "net.ipv4.ping_group_range=0 0")
