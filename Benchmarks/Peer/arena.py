"""Both switches side by side, started and warmed for one setup."""

import statistics
import time

import measure
import policies
import traffic
from pcap import Captured
from switches import TUNINGS, Contestant, stop_all
from vhost import PASS_RATE, Guested

# Where packets come from.
SOURCES = {"device": Contestant, "vhost": Guested, "pcap": Captured}


def shape(setup):
    """The traffic that a setup stands for, as the device is configured."""
    values = dict(
        kind=setup.kind, ipv6=int(setup.ipv6), flows=setup.flows, rules=setup.rules, size=64,
        copy=0, sides=3, macs=1, ring=2048, inflight=4096, rate=0, attack_rate=0,
        pass_rate=2_000_000, first_tuple=0, keep=0, learn=int(setup.policy == "snat"),
        queues=setup.threads, **policies.SPREAD)
    if setup.source == "vhost":
        values.update(pass_rate=PASS_RATE)
    if setup.policy == "exploding":
        # Legitimate traffic goes to port 80, from addresses far from the attacker's.
        values.update(policies.ATTACK, rules=1, port_base=80, variants=[(10, 0)] * 8)
    return values


class Arena:
    """Open vSwitch and Vedette (or another pair), each paused while the other is prepared."""

    def __init__(self, programs, directory, plugin, setup, effort):
        self.setup = setup
        self.pairs, self.solo_seconds, self.solo_rounds, self.fresh_seconds = effort
        self.both = [
            SOURCES[setup.source](label, program, f"{directory}/{label}", plugin, is_peer)
            for label, program, is_peer in programs]
        for contestant in self.both:
            contestant.shape = shape(setup)
        self.peer, self.vedette = self.both[0], self.both[-1]
        self.rules = []
        self.resident_cold, self.resident_warm = {}, {}
        self.remarks = []
        self.tuning = ""

    def load(self):
        """The rules of the setup."""
        setup = self.setup
        protocol = "tcp" if setup.kind in ("tcp", "short") else "udp"
        self.rules = list(policies.POLICIES[setup.policy](setup.rules, protocol, setup.ipv6))
        return self.rules

    def start(self):
        """Starts both, loads the rules, sets up all connections; both are paused afterwards."""
        setup = self.setup
        self.load()
        for contestant in self.both:
            contestant.start()
            if contestant.remark:
                self.remarks.append(f"{contestant.label}: {contestant.remark}")
            contestant.load_rules(self.rules)
            contestant.set_timeouts(
                [1, 2], udp_first=900, udp_single=900, udp_multiple=900)
            contestant.traffic.configure(**contestant.shape)
            time.sleep(0.2)
            self.resident_cold[contestant.label] = contestant.resident_bytes()
            if setup.kind in ("udp", "tcp") and setup.policy != "plain":
                began = time.monotonic()
                # A packet that teaches each side's address, then all connections.
                if not contestant.traffic.walk(traffic.BEGIN, 180):
                    raise TimeoutError(f"{contestant.label}: the connections were not set up")
                self.remarks.append(
                    f"{contestant.label}: set up in {time.monotonic() - began:.1f} s")
            self.resident_warm[contestant.label] = contestant.resident_bytes()
            if setup.kind in ("udp", "tcp"):
                self._tune(contestant)
            contestant.pause()

    def _tune(self, contestant):
        """Finds the setting that serves the peer best with this setup, and leaves it so."""
        if not contestant.is_peer:
            return
        contestant.traffic.run(traffic.LOAD)
        found = {name: [] for name in TUNINGS}
        for _ in range(3):
            for name, rates in found.items():
                contestant.tune(name)
                # The caches fill again.
                time.sleep(0.25)
                rates.append(measure.watch(contestant, 0.15).rate("sent"))
        contestant.traffic.run(traffic.IDLE)
        best = max(found, key=lambda name: statistics.median(found[name]))
        contestant.tune(best)
        self.tuning = best
        self.remarks.append(f"{contestant.label}: best with {best}")

    def end_load(self):
        """Lets both go on, and both ports of both be idle."""
        for contestant in self.both:
            contestant.traffic.run(traffic.IDLE)
            contestant.resume()

    def stop(self):
        """Ends both, whatever state they are in."""
        stop_all(self.both)
