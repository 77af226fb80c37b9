"""Cases that bring switches of their own: two poll threads, an idle switch, each switch against
itself; and those of stages.py, veth.py and flood.py."""

import time

import measure
import methods
import traffic
from arena import Arena, shape
from flood import flood
from stages import floor, stages
from switches import BRIDGE, stop_all
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


def scale(bench, case):
    """Each switch against itself with fewer rules or connections, both by turns."""
    found = {}
    for label, program, is_peer in bench.programs:
        arenas = [Arena([(name, program, is_peer)], bench.directory, bench.plugin, setup,
                        bench.effort)
                  for name, setup in ((f"{label}-few", case.against), (label, case.setup))]
        try:
            for arena in arenas:
                arena.start()
                methods.begin(arena, case)
            found[label] = measure.alternate(
                arenas[0].vedette, arenas[1].vedette, bench.effort[0])
        finally:
            stop_all([arena.vedette for arena in arenas])
    own = {label: outcome.spread() for label, outcome in found.items()}
    remarks = [f"{label}: {outcome.median_rate(False) / 1e6:.2f} to "
               f"{outcome.median_rate(True) / 1e6:.2f} Mpps" for label, outcome in found.items()]
    return methods.Result(
        case.name, "many to few", own["ovs"][0], own["vedette"][0], *own["vedette"],
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


ALONE = {"control": control, "threads": threads, "scale": scale, "idle": idle,
         "floor": floor, "stages": stages, "veth": veth, "flood": flood}
