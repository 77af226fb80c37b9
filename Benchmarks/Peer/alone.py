"""Cases that bring switches of their own: two poll threads, an idle switch, the peer against itself,
the floor under both, and kernel ports (veth.py)."""

import os
import signal
import subprocess
import time

import measure
import methods
import traffic
from arena import Arena, shape
from switches import BRIDGE
from veth import veth


def control(bench, case):
    """Open vSwitch against itself: what the method calls a difference where there is none."""
    programs = [("ovs", bench.peer_program, True), ("ovs2", bench.peer_program, True)]
    arena = Arena(programs, bench.directory, bench.plugin, case.setup, bench.effort)
    try:
        arena.start()
        result = methods.steady(arena, case)
        result.meaning = "ovs/ovs"
        return result
    finally:
        arena.stop()


def threads(bench, case):
    """Two poll threads, a queue each, against one; each switch on its own."""
    rates = {}
    remarks = []
    for label, program, is_peer in bench.programs:
        for count in (1, 2):
            arena = Arena([(label, program, is_peer)], bench.directory, bench.plugin,
                          case.setup, bench.effort)
            contestant = arena.peer
            try:
                contestant.start(cpu_mask="0x2" if count == 1 else "0x3", queues=count)
                contestant.load_rules(arena.load())
                contestant.traffic.configure(**dict(shape(case.setup), queues=count))
                contestant.traffic.walk(traffic.BEGIN, 60)
                contestant.traffic.run(traffic.LOAD)
                time.sleep(1)
                difference = measure.watch(contestant, bench.solo_seconds)
                received = difference.sum("received", 0)
                rates[label, count] = difference.rate("sent") / 1e6
                lost = 1 - difference.sum("sent", 0) / received if received else 1.0
                if lost > 0.001:
                    remarks.append(f"{label}, {count}: loses {lost:.1%}")
            finally:
                arena.stop()
    own = {label: rates[label, 2] / rates[label, 1] if rates[label, 1] else 0.0
           for label, _, _ in bench.programs}
    remarks.append(", ".join(f"{label} {count}: {rate:.2f} Mpps"
                             for (label, count), rate in rates.items()))
    return methods.Result(case.name, "2 to 1", own["ovs"], own["vedette"], own["vedette"],
                          least=case.least, aim=case.aim, meaning="own", remarks=remarks)


def idle(bench, case):
    """CPU time of a switch with eight ports and no packets."""
    used = {}
    for label, program, is_peer in bench.programs:
        arena = Arena([(label, program, is_peer)], bench.directory, bench.plugin, case.setup,
                      bench.effort)
        contestant = arena.peer
        try:
            contestant.start()
            contestant.load_rules(arena.load())
            for number in range(6):
                contestant.switch.vsctl(
                    "add-port", BRIDGE, f"null{number}", "--", "set", "interface",
                    f"null{number}", "type=dpdk",
                    f"options:dpdk-devargs=net_null{number},no-rx=1")
            time.sleep(3)
            before, began = contestant.cpu_seconds(), time.monotonic()
            time.sleep(bench.solo_seconds)
            used[label] = (
                100 * (contestant.cpu_seconds() - before) / (time.monotonic() - began))
        finally:
            arena.stop()
    return methods.Result(
        case.name, "% of a core", used["ovs"], used["vedette"], used["vedette"], least=2.0,
        aim=0.5, meaning="seconds",
        remarks=["Open vSwitch polls DPDK ports without pause unless pmd-maxsleep is set"])


def floor(bench, case):
    """The same ports forwarded with no lookup at all."""
    directory = f"{bench.directory}/floor"
    os.makedirs(directory, exist_ok=True)
    pair = traffic.Traffic(f"{directory}/traffic")
    with open(f"{directory}/log", "w", encoding="utf-8") as log:
        words = [bench.floor_program, "--no-pci", "--in-memory", "--no-telemetry", "-l", "1",
                 "-d", bench.plugin]
        for side in range(2):
            words += ["--vdev", pair.devargs(side)]
        process = subprocess.Popen(words, stdout=log, stderr=log, stdin=subprocess.DEVNULL)
    try:
        deadline = time.monotonic() + 10
        while pair.counters[1][0].polls < 10:
            if process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"the floor does not start: see {directory}/log")
            time.sleep(0.05)
        os.sched_setaffinity(process.pid, {1})
        pair.configure(**shape(case.setup))
        pair.run(traffic.LOAD)
        time.sleep(0.5)
        rates, costs = [], []
        for _ in range(9):
            before = pair.read()
            time.sleep(0.1)
            difference = traffic.Difference(before, pair.read(), pair.counters[0][0].hertz)
            rates.append(difference.rate("sent") / 1e6)
            costs.append(difference.cycles / max(1, difference.sum("sent", 0)))
        rates.sort()
        costs.sort()
        return methods.Result(case.name, "Mpps", None, None, rates[4], rates[0], rates[-1],
                              meaning="Mpps", remarks=[f"{costs[4]:.0f} cycles a packet"])
    finally:
        process.send_signal(signal.SIGKILL)
        process.wait()


ALONE = {"control": control, "threads": threads, "idle": idle, "floor": floor, "veth": veth}
