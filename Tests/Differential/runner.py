"""Plays a scenario on a switch and writes down what it did."""

import re
import threading

import known
from daemon import BRIDGE
from steps import Check, Command, Modify, Packet, Scenario, Warp

CONTROLLER_VERSION = 6


class Encodings:
    """What ovs-ofctl makes of text, remembered."""

    def __init__(self, encoder):
        self.encoder = encoder
        self.cache = {}
        self.lock = threading.Lock()

    def messages(self, step):
        """The messages of a step and ovs-ofctl's complaint; lines it refuses are left out."""
        key = (step.version, tuple(step.command), tuple(step.lines), step.bundle)
        with self.lock:
            if key not in self.cache:
                self.cache[key] = self.encode(step)
            return self.cache[key]

    def encode(self, step):
        """Drops lines that ovs-ofctl does not take from the step, and encodes the others."""
        refused = []
        while step.lines:
            command = step.command + (["--bundle"] if step.bundle else [])
            messages, errors = self.encoder.encode(step.version, command, step.lines)
            if messages or not errors:
                return messages, refused
            bad = re.search(r"-:(\d+):|<stdin>:(\d+):", errors)
            if bad is None:
                refused += self.drop_refused(step, command)
                continue
            number = int(next(filter(None, bad.groups()))) - 1
            refused.append((step.lines[number], errors))
            del step.lines[number]
        return [], refused

    def drop_refused(self, step, command):
        """Tries lines one by one where the complaint does not tell which is wrong."""
        refused = []
        for line in list(step.lines):
            messages, errors = self.encoder.encode(step.version, command, [line])
            if not messages:
                step.lines.remove(line)
                refused.append((line, errors))
        return refused


class Runner:
    """One daemon and the means to drive it."""

    def __init__(self, daemon, encodings):
        self.daemon = daemon
        self.encodings = encodings
        self.refused = []
        self.scenario = None
        self.observations = []
        self.expects_removals = False
        self.attempted = None

    def record(self, generator):
        """Runs a generator's steps; returns the scenario that it came to, and observations."""
        scenario = Scenario(generator.seed, generator.port_settings())
        observations = self.observations = []
        self.scenario = scenario
        self.begin(scenario)
        steps = generator.steps()
        step = next(steps)
        try:
            while True:
                self.attempted = step
                observation = self.perform(step)
                if not (isinstance(step, Modify) and not step.lines):
                    scenario.steps.append(step)
                    observations.append(observation)
                step = steps.send(observation)
        except StopIteration:
            pass
        self.end()
        return scenario, observations

    def replay(self, scenario, until=None):
        """Plays a scenario (up to step `until`); the observations."""
        self.begin(scenario)
        observations = [self.perform(step) for step in scenario.steps[:until]]
        if until is None:
            self.end()
        return observations

    def begin(self, scenario):
        self.daemon.make_bridge(scenario.settings)
        self.daemon.appctl("dpctl/flush-conntrack")
        self.events()
        self.expects_removals = False
        self.baseline = self.cumulative()

    def end(self):
        self.daemon.remove_bridge()

    def perform(self, step):
        if isinstance(step, Packet):
            return self.packet(step)
        if isinstance(step, Modify):
            return self.modify(step)
        if isinstance(step, Warp):
            if "warps" not in known.skipped:
                self.daemon.warp(step.milliseconds)
            return self.outcome()
        if isinstance(step, Command):
            answer = self.daemon.appctl(*step.arguments)
            self.daemon.settle()
            return dict(self.outcome(), answer=answer)
        assert isinstance(step, Check)
        return self.check()

    def packet(self, step):
        answer = self.daemon.receive(step.port, bytes.fromhex(step.frame))
        return dict(self.outcome(), answer=answer)

    def modify(self, step):
        self.expects_removals |= any("send_flow_rem" in line for line in step.lines)
        messages, refused = self.encodings.messages(step)
        self.refused += refused
        channel = self.daemon.channel(step.version)
        errors = channel.send(messages)
        self.daemon.settle()
        return dict(self.outcome(), errors=errors)

    def events(self):
        return {str(version): events for version, channel in sorted(self.daemon.channels.items())
                if (events := channel.take_events())}

    def outcome(self):
        """Frames sent and messages to controllers since last asked."""
        return {"out": {port: [frame.hex() for frame in frames]
                        for port, frames in self.daemon.take_frames().items()},
                "events": self.events()}

    # Tables, counters, connections.

    def check(self):
        daemon = self.daemon
        daemon.settle()
        if self.expects_removals:
            daemon.settle_removals()
        return {
            "removals": {str(version): sorted(channel.take_removals())
                         for version, channel in sorted(daemon.channels.items())},
            "flows": sorted(clean_age(line) for line in lines(daemon.ofctl("dump-flows"))),
            "groups": sorted(clean_age(line) for line in lines(daemon.ofctl("dump-groups"))
                             + lines(daemon.ofctl("dump-group-stats"))),
            "meters": sorted(clean_age(line) for line in meter_lines(daemon)),
            "connections": sorted(daemon.appctl("dpctl/dump-conntrack", "-m", "-s").splitlines()),
            "fdb": sorted(clean_fdb(line) for line in
                          daemon.appctl("fdb/show", BRIDGE).splitlines()),
            "ports": [line for line in port_lines(daemon)],
            "tables": difference(self.cumulative(), self.baseline),
            "self-check": daemon.self_check(),
        }

    def cumulative(self):
        """Lookup and match counts of tables."""
        return table_counts(self.daemon.ofctl("dump-tables", version="OpenFlow10"))


def lines(text):
    """The lines of a dump without its header."""
    return [line.strip() for line in text.splitlines()
            if line.strip() and not re.match(r"(OFPST|NXST)", line)]


def clean_age(text):
    return re.sub(r"\b(duration|idle_age|hard_age)[=:][0-9.]+s?,? ?", "", text)


def clean_fdb(text):
    """Without the age, which counts whole seconds of a clock that was stopped somewhere."""
    return " ".join(text.split()[:3])


def meter_lines(daemon):
    """Meters and their counters, each on one line."""
    joined = []
    for line in lines(daemon.ofctl("dump-meters") + daemon.ofctl("meter-stats")):
        if line.startswith("meter"):
            joined.append(line)
        elif joined:
            joined[-1] += " " + line
    return joined


def port_lines(daemon):
    """Packets and bytes by port."""
    found = []
    text = " ".join(lines(daemon.ofctl("dump-ports", version="OpenFlow10")))
    for part in re.split(r"\bport +", text)[1:]:
        name = part.split(":")[0].strip()
        if name == "LOCAL":
            continue
        counts = re.findall(r"(rx|tx) pkts=(\S+), bytes=(\S+?),", part)
        found.append(f"port {name}: " + ", ".join(
            f"{way} {packets_} packets {bytes_} bytes" for way, packets_, bytes_ in counts))
    return sorted(found)


def table_counts(text):
    counts = {}
    number = None
    for line in text.splitlines():
        head = re.match(r"\s*table (\d+)", line)
        if head:
            number = int(head.group(1))
        found = re.search(r"lookup=(\d+), matched=(\d+)", line)
        if found and number is not None:
            counts[number] = tuple(map(int, found.groups()))
    return counts


def difference(now, before):
    return [f"table {number}: lookup {now[number][0] - before.get(number, (0, 0))[0]}, "
            f"matched {now[number][1] - before.get(number, (0, 0))[1]}"
            for number in sorted(now) if now[number] != before.get(number, (0, 0))]
