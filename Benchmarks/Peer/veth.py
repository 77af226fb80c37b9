"""Kernel to kernel: TCP between two namespaces whose veth devices are `system` ports of the switch.

Offloads stay as the kernel sets them. Open vSwitch gets userspace TSO, and without it, with the
offloads of its own two namespaces off as its manual asks, a second chance; the faster one counts.
"""

import json
import os
import statistics

import measure
import methods
import policies
from lab.namespace import Workload
from switches import Contestant, stop_all

# Which the first rule of a policy permits.
CLIENT, SERVER, PORT = "10.0.0.1", "10.0.0.2", policies.PORT_BASE
MACS = ("02:00:00:00:00:01", "02:00:00:00:00:02")


class Segmenting(Contestant):
    """A switch with two kernel ports, and the namespaces behind them."""

    def __init__(self, label, program, directory, plugin, is_peer, offloads=True):
        super().__init__(label, program, directory, plugin, is_peer)
        self.offloads = offloads
        self.ends = [
            Workload(f"{self.namespace.name}-{side}", f"side{side}", MACS[side], f"{address}/24")
            for side, address in enumerate((CLIENT, SERVER))]
        self.server = None

    def start(self, rules):
        """Starts the switch, both namespaces and the server of iperf3."""
        tso = {"userspace-tso-enable": "true"} if self.is_peer and self.offloads else {}
        self.start_daemon(memory=512, **tso)
        for side, end in enumerate(self.ends):
            end.attach(self.namespace, self.offloads)
            # No ARP: the security group permits IP alone.
            end.shell("ip", "neigh", "replace", (SERVER, CLIENT)[side], "lladdr", MACS[side ^ 1],
                      "dev", "eth0", "nud", "permanent")
            self.add_port(end.port, f"ofport_request={side + 1}")
        self.load_rules(rules)
        self._place()
        self.ends[1].shell("taskset", "0x3", "iperf3", "--server", "--daemon", "--port", str(PORT),
                           "--pidfile", f"{self.directory}/iperf3.pid")

    def _place(self):
        """The thread that moves packets on CPU 1: a poll thread, or Open vSwitch's main thread."""
        polling = set(self.poll_threads()) or {self.process}
        for entry in os.listdir(f"/proc/{self.process}/task"):
            os.sched_setaffinity(int(entry), {1} if int(entry) in polling else {0})

    def stop(self):
        """Ends the server, the switch and the namespaces."""
        try:
            with open(f"{self.directory}/iperf3.pid", encoding="ascii") as file:
                self.switch.end(int(file.read().strip("\0\n ")), 15)
        except (OSError, ValueError):
            pass
        super().stop()
        for end in self.ends:
            end.delete()

    def measure(self, seconds, streams=1):
        """Gb/s that arrive, and the CPU time of the switch a second; it is paused afterwards."""
        self.resume()
        began = self.cpu_seconds()
        try:
            text = self.ends[0].shell(
                "taskset", "--all-tasks", "0x3", "iperf3", "--client", SERVER, "--port", str(PORT),
                "--time", str(seconds), "--parallel", str(streams), "--json",
                "--connect-timeout", "2000", timeout=seconds + 10)
        finally:
            used = self.cpu_seconds() - began
            self.pause()
        received = json.loads(text)["end"]["sum_received"]
        return received["bits_per_second"] / 1e9, used / received["seconds"]


def veth(bench, case):
    """Gb/s of TCP from kernel to kernel, in pairs of short runs."""
    setup = case.setup
    rules = list(policies.POLICIES[setup.policy](setup.rules, "tcp", False))
    label, program, _ = bench.programs[0]
    everyone = [
        Segmenting(label, program, f"{bench.directory}/{label}", bench.plugin, True),
        Segmenting("plain", program, f"{bench.directory}/plain", bench.plugin, True, False),
        *(Segmenting(name, other, f"{bench.directory}/{name}", bench.plugin, is_peer)
          for name, other, is_peer in bench.programs[1:])]
    tso, plain, vedette = everyone
    pairs, seconds = bench.short_runs
    try:
        for contestant in everyone:
            contestant.start(rules)
            contestant.pause()
        tried = [(contestant.measure(1, setup.flows)[0], contestant) for contestant in (tso, plain)]
        peer = max(tried, key=lambda one: one[0])[1]
        remarks = [f"ovs: {tried[0][0]:.1f} Gb/s with TSO, {tried[1][0]:.1f} without"]
        vedette.measure(1, setup.flows)
        rates, used = {peer: [], vedette: []}, {peer: [], vedette: []}
        for number in range(pairs):
            for contestant in (peer, vedette) if number % 2 == 0 else (vedette, peer):
                rate, cpu = contestant.measure(seconds, setup.flows)
                rates[contestant].append(rate)
                used[contestant].append(cpu)
    finally:
        stop_all(everyone)
    ratio, low, high = measure.spread(
        own / other for other, own in zip(rates[peer], rates[vedette]))
    remarks.append(", ".join(
        f"{contestant.label} uses {statistics.median(used[contestant]):.2f} of a core"
        for contestant in (peer, vedette)))
    return methods.Result(
        case.name, "Gb/s", statistics.median(rates[peer]), statistics.median(rates[vedette]),
        ratio, low, high, least=case.least, aim=case.aim, remarks=remarks)
