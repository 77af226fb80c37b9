"""What is measured: one line a case.

`quick` cases make up ./bench --quick. `least` and `aim` are ratios that the project set itself.
"""

import dataclasses


@dataclasses.dataclass(frozen=True)
class Setup:
    """Rules and connections that several cases share: the switches are started once for them."""
    policy: str
    rules: int = 10_000
    kind: str = "udp"
    flows: int = 100_000
    ipv6: bool = False
    threads: int = 1
    source: str = "device"  # of packets: arena.SOURCES

    @property
    def title(self):
        """For the reader."""
        family = "IPv6" if self.ipv6 else "IPv4"
        words = {"udp": "UDP", "tcp": "TCP", "short": "short TCP", "new": "new UDP"}
        sources = {"vhost": " from a virtual machine", "pcap": " from a capture"}
        return (f"{self.policy}, {self.rules:,} rules, {self.flows:,} {family} {words[self.kind]}"
                f"{sources.get(self.source, '')}")


@dataclasses.dataclass(frozen=True)
class Case:
    """One measurement; `method` names the function of methods.py that makes it."""
    name: str
    setup: Setup
    size: int = 64
    copy: bool = False
    method: str = "steady"
    quick: bool = False
    least: float | None = None
    aim: float | None = None
    value: int = 0  # what the method varies
    against: Setup | None = None  # what each switch is compared with itself in


def _short(number):
    for unit, letter in ((1_000_000, "M"), (1_000, "k")):
        if number >= unit and number % unit == 0:
            return f"{number // unit}{letter}"
    return str(number)


def steady(policy, rules=10_000, kind="udp", flows=100_000, size=64, ipv6=False, copy=False,
           source="device", **options):
    """Established connections, both directions, as fast as the switch takes packets."""
    name = "" if source == "device" else f"{source}/"
    name += f"{policy}/{_short(rules)}/{kind}{'6' if ipv6 else ''}/{_short(flows)}/"
    name += f"{size or 'imix'}{'c' if copy else ''}"
    return Case(name, Setup(policy, rules, kind, flows, ipv6, source=source), size, copy, **options)


def fresh(kind, rules, **options):
    """New connections: `burst` and `new`, each packet a 5-tuple of its own, or `short` TCP ones."""
    traffic = "short" if kind == "short" else "new"
    return Case(f"{kind}/{_short(rules)}", Setup("inward", rules, traffic, 1), method=kind,
                **options)


def special(method, setup, value=0, **options):
    """A case with a method of its own."""
    name = method + (f"/{_short(value)}" if value else "")
    return Case(name, setup, method=method, value=value, **options)


def veth(policy, streams=1, **options):
    """TCP between kernel ports."""
    name = f"veth/{'normal' if policy == 'l2' else policy}{f'/{streams}' if streams > 1 else ''}"
    setup = Setup(policy, 1 if policy == "l2" else 10_000, "tcp", streams)
    return Case(name, setup, method="veth", least=1, aim=1.5, **options)


SIZES = (64, 128, 256, 512, 1024, 1500, 0)
ONE = Setup("one-zone")
MILLION = Setup("one-zone", flows=1_000_000)
EXPLODING = Setup("exploding", rules=1, flows=1_000)

CASES = [
    # The security group of one zone.
    steady("one-zone", flows=1_000, quick=True, least=3, aim=4),
    steady("one-zone", flows=10_000),
    steady("one-zone", flows=100_000, quick=True, least=5, aim=8),
    steady("one-zone", flows=1_000_000, quick=True, least=5, aim=8),
    steady("one-zone", flows=4_000_000),
    *(steady("one-zone", flows=flows, size=size, copy=True,
             quick=size == 512 and flows == 100_000,
             least=(3 if flows == 1_000 else 5) if 0 < size <= 512 else None,
             aim=(4 if flows == 1_000 else 8) if 0 < size <= 512 else None)
      for flows in (1_000, 100_000, 1_000_000) for size in SIZES),
    # The number of rules.
    *(steady("one-zone", rules=rules) for rules in (1, 100, 1_000, 50_000)),
    # TCP and IPv6.
    steady("one-zone", kind="tcp", flows=1_000),
    steady("one-zone", kind="tcp", flows=100_000, quick=True),
    steady("one-zone", kind="tcp", flows=1_000_000),
    *(steady("one-zone", ipv6=True, kind=kind, flows=flows)
      for kind in ("udp", "tcp") for flows in (1_000, 100_000, 1_000_000)),
    # Other policies.
    steady("two-zones", flows=1_000),
    steady("two-zones", flows=100_000, quick=True, least=6, aim=10),
    steady("two-zones", flows=1_000_000),
    steady("snat", flows=1_000),
    steady("snat", flows=100_000, quick=True, least=5, aim=8),
    steady("snat", flows=1_000_000),
    steady("acl", flows=100_000),
    steady("acl", flows=1_000_000),
    steady("l2", rules=1, flows=1_000),
    steady("l2", rules=1, flows=100_000, quick=True, least=1.5, aim=3),
    steady("l2", rules=1, flows=1_000_000),
    # New connections.
    fresh("burst", 100, quick=True),
    fresh("burst", 1_000),
    fresh("burst", 10_000, quick=True),
    fresh("new", 100, quick=True, least=1.5, aim=3),
    fresh("new", 1_000),
    fresh("new", 10_000, quick=True, least=3, aim=6),
    fresh("short", 100),
    fresh("short", 10_000),
    # Each switch beside itself.
    *(special("attack", EXPLODING, value, quick=value == 10_000,
              least={10_000: 0.95, 100_000: 0.9}.get(value),
              aim={10_000: 0.99, 100_000: 0.97}.get(value))
      for value in (1_000, 10_000, 100_000)),
    Case("flood/established", ONE, method="flood", least=0.95, aim=0.98),
    Case("flood/new", Setup("inward", kind="new", flows=1), method="flood", least=0.9, aim=0.97),
    special("flow-mods", ONE, 100),
    special("flow-mods", ONE, 1_000, least=0.95, aim=1.0),
    special("revoke", MILLION),
    special("memory", MILLION),
    special("threads", ONE, 2, least=1.8, aim=1.95),
    Case("scale/rules", ONE, method="scale", least=0.95, aim=1.0,
         against=dataclasses.replace(ONE, rules=1)),
    Case("scale/connections", MILLION, method="scale", least=0.6, aim=0.75,
         against=dataclasses.replace(ONE, flows=1_000)),
    special("idle", Setup("plain", rules=1, flows=1)),
    # A virtual machine's view.
    *(steady("one-zone", flows=flows, size=size, source="vhost",
             quick=flows == 100_000 and size == 64)
      for flows in (1_000, 100_000) for size in (64, 512, 1500)),
    # The traffic device, cross-checked.
    steady("one-zone", flows=1_000, source="pcap"),
    # From kernel to kernel: one stream, and several.
    veth("l2"),
    veth("one-zone", quick=True),
    veth("one-zone", streams=4),
    # The yardstick itself: Open vSwitch against Open vSwitch, and the floor under both.
    special("control", ONE, quick=True),
    *(special("floor", Setup("plain", rules=1, flows=flows), flows, quick=flows == 100_000)
      for flows in (1_000, 100_000, 1_000_000)),
    # Where Vedette's cycles go.
    *(special("stages", Setup("one-zone", rules=1, flows=flows), flows)
      for flows in (1_000, 100_000, 1_000_000)),
]


def _answers(case, word):
    return case.name == word or case.name.startswith(word.rstrip("*")) and (
        word.endswith("*") or case.name[len(word):].startswith("/"))


def unknown(words):
    """Those words that name no case."""
    return [word for word in words if not any(_answers(case, word) for case in CASES)]


def chosen(words, quick):
    """The cases that a command line asks for: names, or beginnings of names."""
    if words:
        return [case for case in CASES if any(_answers(case, word) for word in words)]
    return [case for case in CASES if case.quick or not quick]
