"""A flood on one port beside the traffic of two others: what the others keep, of packets on their
connections and of new connections."""

import time

import measure
import methods
import traffic
from arena import Arena, shape

# The flooder's addresses: none of the others'.
NET_BASE, SERVER_BASE = 11 << 24, 172 << 24 | 24 << 16


def _rules(rules):
    """The others' rules, and those of ports 3 and 4: whoever is there may begin connections."""
    return rules + [
        "table=0,priority=100,ip,in_port=3,actions=ct(table=5,zone=2)",
        "table=0,priority=100,ip,in_port=4,actions=ct(table=5,zone=2)",
        "table=5,priority=300,ct_state=+trk+est,ip,in_port=3,actions=output:4",
        "table=5,priority=300,ct_state=+trk+est,ip,in_port=4,actions=output:3",
        "table=5,priority=200,ct_state=+trk+new,ip,in_port=3,"
        "actions=ct(commit,zone=2),output:4"]


def _add_flooder(contestant):
    flooder = traffic.Traffic(f"{contestant.directory}/flooder")
    for side in range(2):
        contestant.add_port(
            f"flooder{side}", "type=dpdk",
            f'options:dpdk-devargs="{flooder.devargs(side, 2)}"', f"ofport_request={side + 3}")
    contestant.place_threads()
    return flooder


def _kept(contestant, flooder, seconds, rounds):
    """Shares of packets passed on, with the flood against without."""
    found, flooded = [], 0.0
    for _ in range(rounds):
        quiet = measure.watch(contestant, seconds).rate("sent")
        flooder.run(traffic.LOAD)
        time.sleep(0.5)
        before = flooder.read()
        busy = measure.watch(contestant, seconds).rate("sent")
        flooded = (flooder.read().sum("received", 0) - before.sum("received", 0)) / seconds
        flooder.run(traffic.IDLE)
        time.sleep(0.1)
        found.append(busy / quiet if quiet else 0.0)
    return sorted(found), flooded


def flood(bench, case):
    """Packets of established or of new connections beside a port that opens connections which
    nobody answers, as fast as it is asked."""
    ratios, remarks = {}, []
    for label, program, is_peer in bench.programs:
        arena = Arena([(label, program, is_peer)], bench.directory, bench.plugin, case.setup,
                      bench.effort)
        contestant = arena.peer
        try:
            contestant.start()
            flooder = _add_flooder(contestant)
            contestant.load_rules(_rules(arena.load()))
            contestant.set_timeouts([1], udp_first=1, udp_single=1, udp_multiple=1)
            contestant.set_timeouts([2], udp_first=30, udp_single=30, udp_multiple=30)
            values = shape(case.setup)
            contestant.traffic.configure(**values)
            if case.setup.kind == "udp":
                contestant.traffic.walk(traffic.BEGIN, 60)
            flooder.configure(**dict(
                values, kind="new", sides=1, net_base=NET_BASE, server_base=SERVER_BASE))
            contestant.traffic.run(traffic.LOAD)
            time.sleep(1)
            # The flooder's budget is used up before anything is measured.
            flooder.run(traffic.LOAD)
            time.sleep(3)
            flooder.run(traffic.IDLE)
            time.sleep(0.1)
            # Connections end in bursts, which longer looks even out.
            seconds = 0.5 if case.setup.kind == "udp" else 2.0
            ratios[label], flooded = _kept(contestant, flooder, seconds, arena.solo_rounds)
            remarks.append(f"{label}: the flooder gets {flooded / 1e6:.2f} Mpps in")
            if not is_peer:
                status = contestant.switch.vsctl("get", "interface", "flooder0", "status").strip()
                remarks.append(f"its status: {status}")
        finally:
            arena.stop()
    middle = {label: found[len(found) // 2] for label, found in ratios.items()}
    return methods.Result(
        case.name, "kept", middle["ovs"], middle["vedette"], middle["vedette"],
        ratios["vedette"][0], ratios["vedette"][-1], least=case.least, aim=case.aim,
        meaning="own", remarks=remarks)
