"""From a seed to a scenario: which features it has, its rules, its traffic, and what changes in
the middle.  `Generator.steps` is a coroutine: it yields steps and is sent what the left switch
made of them, so that answers can be made from what came out.
"""

import random
import struct
from dataclasses import dataclass

import flows
import openflow
import packets
from flows import FlowGrammar, Shape
from steps import Check, Command, Modify, Warp
from traffic import Traffic
from universe import CLIENT_PORTS, PORT_NUMBERS, SERVICES, VLANS, ZONES


@dataclass
class Plan:
    """What a seed has chosen to be about."""
    version: int
    tables: list
    zones: list
    features: set
    groups: list
    meters: list


FEATURES = {"ct": 0.75, "nat": 0.5, "ct_orig": 0.3, "vlan": 0.35, "vlan_ports": 0.15, "mpls": 0.15,
            "learn": 0.15, "normal": 0.3, "packet_in": 0.25, "groups": 0.25, "meters": 0.12,
            "fragments": 0.2, "alg": 0.15, "timeouts": 0.2, "conjunction": 0.2, "warp": 0.3}


class Generator:
    def __init__(self, seed):
        self.seed = seed
        self.rng = random.Random(seed)
        self.plan = self.make_plan()
        self.grammar = FlowGrammar(self.rng, self.plan)
        self.traffic = Traffic(self.rng, self.plan)
        self.rules = []

    def make_plan(self):
        rng = self.rng
        features = {name for name, probability in FEATURES.items() if rng.random() < probability}
        version = rng.choices([1, 4, 5, 6], [1, 3, 2, 6])[0]
        if "ct" not in features:
            features -= {"nat", "ct_orig", "alg"}
        tables = sorted({0} | set(rng.sample(range(1, 12), rng.randrange(1, 5))))
        if rng.random() < 0.1:
            tables.append(253)
        groups = list(range(1, 4)) if "groups" in features and version >= 2 else []
        meters = [1, 2] if "meters" in features and version >= 4 else []
        return Plan(version, tables, rng.sample(ZONES, 2), features, groups, meters)

    def port_settings(self):
        """VLAN modes of ports, as ovs-vsctl arguments."""
        settings = {}
        if "vlan_ports" not in self.plan.features:
            return settings
        rng = self.rng
        for port in ("p2", "p3", "p4"):
            settings[port] = rng.choice([
                [], [f"tag={rng.choice(VLANS)}"], ["trunks=10,20"],
                ["tag=10", "vlan_mode=native-untagged"], ["tag=20", "vlan_mode=native-tagged"],
                ["tag=30", "vlan_mode=native-untagged", "trunks=10,30"]])
        return settings

    def steps(self):
        rng, plan = self.rng, self.plan
        yield from self.setup()
        count = rng.randrange(40, 101)
        active = []
        check_at = rng.randrange(20, 60)
        number = 0
        while number < count:
            if not active or (len(active) < 4 and rng.random() < 0.3):
                active.append([self.traffic.choose(), None])
            entry = rng.choice(active)
            try:
                step = entry[0].send(entry[1])
            except StopIteration:
                active.remove(entry)
                continue
            entry[1] = yield step
            number += 1
            if number == check_at:
                yield Check()
            if rng.random() < 0.08:
                yield from self.disturb()
        yield Check()

    def setup(self):
        plan, grammar, rng = self.plan, self.grammar, self.rng
        for family in ("v4", "v6"):
            yield Command(["dpctl/ipf-set-min-frag", family, "400"])
        for number in plan.meters:
            yield Modify(plan.version, ["add-meter"], [grammar.meter(number)])
        if plan.groups:
            yield Modify(plan.version, ["add-groups"],
                         [grammar.group(number) for number in plan.groups])
        rules = []
        for table in plan.tables:
            rules += grammar.fallback(table)
        if "ct" in plan.features and len(plan.tables) > 1 and rng.random() < 0.8:
            first = 0 if rng.random() < 0.7 else rng.randrange(len(plan.tables) - 1)
            rules += grammar.firewall(plan.tables[first], plan.tables[first + 1])
        if "conjunction" in plan.features:
            rules += grammar.conjunction()
        for _ in range(rng.randrange(8, 24)):
            rules.append(grammar.rule(self.likely_frame() if rng.random() < 0.5 else None))
        self.rules = rules
        yield self.modify(rules)

    def likely_frame(self):
        """(port number, description) of a frame such as will come."""
        if self.rng.random() < 0.3:
            return self.rng.choice(PORT_NUMBERS), self.traffic.random_spec()
        spec, near, _ = self.traffic.hosts()
        proto = self.rng.choice([packets.TCP, packets.UDP])
        spec.update(proto=proto, sport=self.rng.choice(CLIENT_PORTS),
                    dport=self.rng.choice(SERVICES))
        return int(near[1:]), spec

    def recent_frame(self):
        """(port number, description) of a frame that came a while ago, or None."""
        if not self.traffic.history:
            return None
        port, frame = self.rng.choice(self.traffic.history)
        spec = packets.parse(frame)
        return spec and (int(port[1:]), spec)

    def modify(self, lines):
        bundle = self.plan.version >= 5 and self.rng.random() < 0.3
        return Modify(self.plan.version, ["add-flows"], list(lines), bundle)

    def disturb(self):
        """Something changes while packets flow."""
        rng, plan = self.rng, self.plan
        choice = rng.choices(["flows", "group", "flush", "warp", "packet_out", "port"], [
            8, 2 if plan.groups else 0, 1.5 if "ct" in plan.features else 0,
            2 if "warp" in plan.features else 0, 1.5, 0.7])[0]
        if choice == "flows":
            lines = self.grammar.change(self.rules, self.recent_frame())
            self.rules += [line for line in lines if line.startswith("table=")]
            yield self.modify(lines)
        elif choice == "group":
            number = rng.choice(plan.groups)
            yield Modify(plan.version, ["mod-group"], [self.grammar.group(number)])
        elif choice == "flush":
            zone = rng.choice([[], [f"zone={rng.choice(plan.zones)}"]])
            yield Command(["dpctl/flush-conntrack", *zone])
        elif choice == "packet_out":
            yield self.packet_out()
        elif choice == "port":
            yield self.port_mod()
        else:
            yield Warp(self.warp())
        # Send something already seen, to meet what was remembered.
        for _ in range(rng.randrange(3)):
            for step in self.traffic.again():
                yield step

    def packet_out(self):
        """A frame from the controller."""
        rng, grammar = self.rng, self.grammar
        _, spec = self.likely_frame()
        shape = Shape(l3=spec["l3"] or "", l4=flows.PROTOCOLS.get(spec.get("proto"), ""))
        actions = grammar.actions(self.plan.tables[0], shape, depth=1)
        if rng.random() < 0.3:
            actions = ["TABLE"]
        port = rng.choice([*PORT_NUMBERS, "CONTROLLER", "LOCAL"])
        return Modify(self.plan.version, ["packet-out"], [
            f"in_port={port}, packet={packets.build(spec).hex()}, actions={','.join(actions)}"])

    def port_mod(self):
        """Flags of a port: down, no receive, no flood, no forward, no packet-in; or none."""
        number = self.rng.choice(PORT_NUMBERS)
        flags = self.rng.choice([0, 0, 1, 4, 16, 32, 64])
        body = struct.pack("!H6sIIII", number, bytes.fromhex(f"aa55aa55000{number}"), flags,
                           1 | 4 | 16 | 32 | 64, 0, 0)
        return Modify(1, ["raw"], [openflow.message(1, openflow.PORT_MOD_1, 0, body).hex()])

    def warp(self):
        """How long: short where an expired connection's remains would be swept at some time."""
        gentle = {"nat", "fragments"} & self.plan.features
        return self.rng.choice([300, 1300] if gentle else [300, 3300, 11300, 47300, 131300])
