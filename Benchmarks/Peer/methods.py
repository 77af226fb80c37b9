"""How each kind of case is measured. A method takes an arena (both switches, started and warmed for
the case's setup) and a case, and returns a Result."""

import dataclasses
import threading
import time

import measure
import policies
import traffic
from switches import BRIDGE


# A case whose load was not reached proves nothing.
VOID = "not the rate that was meant"


@dataclasses.dataclass
class Result:
    """One line of the report. Numbers are of the unit; the ratio says what `meaning` says."""
    name: str
    unit: str
    peer: float | None = None
    vedette: float | None = None
    ratio: float | None = None
    low: float | None = None
    high: float | None = None
    peer_cycles: float | None = None
    vedette_cycles: float | None = None
    least: float | None = None
    aim: float | None = None
    meaning: str = "vedette/ovs"
    tuning: str = ""  # of the peer
    stages: dict | None = None  # cycles a packet up to the end of each
    remarks: list = dataclasses.field(default_factory=list)

    @property
    def verdict(self):
        """Against what the project set itself."""
        if VOID in self.remarks:
            return "void"
        if self.least is None or self.ratio is None:
            return ""
        if self.meaning == "seconds":
            return "aim" if self.ratio <= self.aim else "ok" if self.ratio <= self.least else "below"
        return "aim" if self.ratio >= self.aim else "ok" if self.ratio >= self.least else "below"


def _result(arena, case, unit, outcome, scale=1e6):
    ratio, low, high = outcome.spread()
    result = Result(
        case.name, unit, outcome.median_rate(False) / scale, outcome.median_rate(True) / scale,
        ratio, low, high, outcome.median_cycles(False), outcome.median_cycles(True),
        case.least, case.aim, tuning=arena.tuning)
    for is_subject, label in ((False, "ovs"), (True, "vedette")):
        loss = outcome.loss(is_subject)
        # A slice's edges hold a batch or two.
        if loss is not None and loss > 0.001 and outcome.what == "sent":
            result.remarks.append(f"{label} loses {loss:.1%}")
    return result


def begin(arena, case):
    """Has each switch send on all its connections, and pauses it."""
    for contestant in arena.both:
        contestant.resume()
        contestant.traffic.configure(size=case.size, copy=int(case.copy), keep=1)
        if not contestant.traffic.walk(traffic.PASS, 60):
            raise TimeoutError(f"{contestant.label}: a pass over all connections did not end")
        contestant.traffic.run(traffic.LOAD)
        time.sleep(0.1)
        contestant.pause()


def steady(arena, case):
    """Established connections."""
    begin(arena, case)
    outcome = measure.alternate(arena.peer, arena.vedette, arena.pairs)
    result = _result(arena, case, "Mpps", outcome)
    arena.end_load()
    for contestant in arena.both:
        expected, found = case.setup.flows, contestant.connections()
        zones = {"two-zones": 2, "l2": 0, "acl": 0, "plain": 0}.get(case.setup.policy, 1)
        if found is not None and zones and found < expected * zones:
            result.remarks.append(f"{contestant.label} tracks {found:,} of {expected * zones:,}")
    return result


def _fresh(arena, case, what, scale):
    # Soon enough that connections expire while it is measured. Open vSwitch cleans up every five
    # seconds at most, so that both have made connections for longer than that.
    for contestant in arena.both:
        contestant.resume()
        contestant.set_timeouts(
            [1], udp_first=1, udp_single=1, udp_multiple=1, tcp_syn_sent=1, tcp_syn_recv=1,
            tcp_fin_wait=1, tcp_time_wait=1, tcp_close=1, tcp_close_wait=1, tcp_last_ack=1)
        contestant.traffic.configure(kind=case.setup.kind, size=64, copy=0, keep=0, sides=3)
        contestant.traffic.run(traffic.LOAD)
        time.sleep(arena.fresh_seconds)
        contestant.pause()
    # Cleaning comes in bursts, seconds apart: it is measured over several, and slices are put
    # together until each holds some.
    outcome = measure.alternate(arena.peer, arena.vedette, 8 * arena.pairs, what=what)
    together = max(2 * arena.pairs // 5, 1)
    outcome = measure.Outcome(
        measure.merged(outcome.reference, together), measure.merged(outcome.subject, together),
        what)
    result = _result(arena, case, "M conn/s", outcome, scale)
    # What lasts is the whole, bursts of cleaning and times of a full table included.
    rates = []
    for slices in (outcome.reference, outcome.subject):
        total = sum(slices, measure.Slice())
        rates.append(getattr(total, what) / total.seconds / scale)
    result.peer, result.vedette = rates
    result.ratio = rates[1] / rates[0] if rates[0] > 0 else None
    for contestant, slices in ((arena.peer, outcome.reference), (arena.vedette, outcome.subject)):
        contestant.resume()
        total = sum(slices, measure.Slice())
        remark = f"{contestant.label} has {contestant.connections() or 0:,}"
        if what == "tracked" and total.begun:
            remark += f", passes {total.begun / total.seconds / 1e6:.2f} M/s"
            remark += f", tracks {total.tracked / total.begun:.0%}"
        result.remarks.append(remark)
    arena.end_load()
    return result


def new(arena, case):
    """Every packet a new UDP connection; those count that the switch tracks."""
    return _fresh(arena, case, "tracked", 1e6)


def burst(arena, case):
    """New UDP connections into empty tables, none of which fills or expires."""
    for contestant in arena.both:
        contestant.resume()
        contestant.switch.appctl("dpctl/flush-conntrack")
        contestant.traffic.configure(kind="new", size=64, copy=0, keep=0, sides=3)
        contestant.traffic.run(traffic.LOAD)
        # The first packet of each rule is slower; that is `cold` of the literature, not this.
        time.sleep(0.15)
        contestant.pause()
    outcome = measure.alternate(arena.peer, arena.vedette, 15, what="tracked")
    result = _result(arena, case, "M conn/s", outcome)
    for contestant, slices in ((arena.peer, outcome.reference), (arena.vedette, outcome.subject)):
        contestant.resume()
        total = sum(slices, measure.Slice())
        result.remarks.append(
            f"{contestant.label} tracks {total.tracked / max(total.begun, 1):.0%}")
    arena.end_load()
    return result


def short(arena, case):
    """Whole short TCP connections, eight packets each."""
    return _fresh(arena, case, "sent", 8e6)


def attack(arena, case):
    """What remains of 0.8 Mpps of legitimate traffic beside crafted packets."""
    kept = {}
    for contestant in arena.both:
        contestant.resume()
        contestant.traffic.configure(
            kind="udp", size=64, copy=0, keep=1, rate=400_000, attack_rate=case.value, ring=2048)
        contestant.traffic.run(traffic.LOAD)
        # Long enough to walk all 8,192 combinations once, as far as patience goes.
        time.sleep(max(3.0, min(9.0, 8192 / case.value + 1)))
        difference = measure.watch(contestant, arena.solo_seconds)
        offered = difference.side(0, "offered", 0)
        kept[contestant.label] = (
            (difference.side(1, "sent", 0)) / offered if offered else 0.0,
            difference.side(1, "sent", 1))
        contestant.traffic.run(traffic.IDLE)
        contestant.traffic.configure(rate=0, attack_rate=0)
        contestant.pause()
    result = Result(
        case.name, "kept", kept["ovs"][0], kept["vedette"][0], kept["vedette"][0],
        least=case.least, aim=case.aim, meaning="kept")
    for label, (_, passed) in kept.items():
        if passed:
            result.remarks.append(f"{label} let {passed:,} attack packets through")
    return result


class FlowModifier(threading.Thread):
    """Adds and deletes unrelated rules at a rate, in bundles of a fifth of a second."""

    def __init__(self, contestant, rate):
        super().__init__(daemon=True)
        self.contestant, self.rate = contestant, rate
        self.ends = threading.Event()
        self.done = 0

    def run(self):
        half = max(self.rate // 10, 1)
        lines = [f"table=200,priority={1000 + n},udp,nw_src=192.168.{n >> 8}.{n & 255},"
                 "actions=drop" for n in range(half)]
        add = "\n".join("add " + line for line in lines) + "\n"
        delete = "\n".join("delete_strict " + line.replace(",actions=drop", "")
                           for line in lines) + "\n"
        due = time.monotonic()
        while not self.ends.is_set():
            self.contestant.switch.ofctl(
                "--bundle", "-O", "OpenFlow14", "add-flows", BRIDGE, "-", text=add + delete)
            self.done += 2 * half
            due = max(due + 0.2, time.monotonic())
            self.ends.wait(max(0.0, due - time.monotonic()))


def establish(contestant):
    """Has all its connections set up, and sends on them from then on."""
    contestant.resume()
    contestant.traffic.configure(size=64, copy=0, keep=1)
    contestant.traffic.walk(traffic.PASS, 60)
    contestant.traffic.run(traffic.LOAD)
    time.sleep(0.5)


def flow_mods(arena, case):
    """Established connections while unrelated rules come and go, against none."""
    ratios, remarks = {}, []
    for contestant in arena.both:
        establish(contestant)
        found, made, lasted = [], 0, 0.0
        for _ in range(arena.solo_rounds):
            quiet = measure.watch(contestant, 0.5).rate("sent")
            modifier = FlowModifier(contestant, case.value)
            modifier.start()
            time.sleep(0.1)
            began = time.monotonic()
            busy = measure.watch(contestant, 0.5).rate("sent")
            modifier.ends.set()
            modifier.join()
            lasted += time.monotonic() - began + 0.1
            made += modifier.done
            found.append(busy / quiet if quiet else 0.0)
        ratios[contestant.label] = sorted(found)
        remarks.append(f"{contestant.label}: {made / lasted:.0f}/s made")
        if made / lasted < 0.8 * case.value:
            remarks.append(VOID)
        contestant.traffic.run(traffic.IDLE)
        contestant.pause()
    middle = {label: found[len(found) // 2] for label, found in ratios.items()}
    return Result(
        case.name, "with/without", middle["ovs"], middle["vedette"], middle["vedette"],
        ratios["vedette"][0], ratios["vedette"][-1], least=case.least, aim=case.aim,
        meaning="own", remarks=remarks)


def revoke(arena, case):
    """Seconds until a rule that forbids a tenth of the connections holds for all of them."""
    taken, remarks = {}, []
    # 1,024 of 10,000 blocks of addresses lie in one /12.
    for contestant in arena.both:
        establish(contestant)
        net = policies.address(policies.NET_BASE, False)
        began = time.monotonic()
        contestant.switch.ofctl(
            "add-flows", BRIDGE, "-",
            text=f"table=1,priority=350,ip,nw_src={net}/12,actions=drop\n"
                 f"table=2,priority=350,ip,nw_dst={net}/12,actions=drop\n")
        accepted = time.monotonic() - began
        # Since when no window lets more through: a tenth must stop, and stay stopped.
        seconds, passed, streak = None, 0.0, 0
        while time.monotonic() - began < 15 and streak < 10:
            difference = measure.watch(contestant, 0.02)
            received = difference.sum("received", 0)
            passed = difference.sum("sent", 0) / received if received else 0.0
            streak = streak + 1 if received > 1000 and passed <= 0.905 else 0
            if streak == 1:
                seconds = time.monotonic() - began
        if streak < 10:
            seconds = None
        taken[contestant.label] = seconds
        if seconds is None:
            remarks.append(f"{contestant.label}: {passed:.1%} pass after 15 s")
        remarks.append(f"{contestant.label}: ovs-ofctl took {accepted:.2f} s")
        contestant.traffic.run(traffic.IDLE)
        contestant.load_rules(arena.rules)
        contestant.pause()
    return Result(case.name, "s", taken["ovs"], taken["vedette"], taken["vedette"], least=1.0,
                  aim=0.3, meaning="seconds", remarks=remarks)


def memory(arena, case):
    """Resident bytes a tracked connection, against the same switch before the first one."""
    used = {}
    for contestant in arena.both:
        used[contestant.label] = (
            (arena.resident_warm[contestant.label] - arena.resident_cold[contestant.label])
            / case.setup.flows)
    return Result(case.name, "B/conn", used["ovs"], used["vedette"],
                  used["ovs"] / used["vedette"] if used["vedette"] > 0 else None,
                  remarks=["ratio: how many times less; without the hugepages that DPDK has"])


METHODS = {
    "steady": steady, "burst": burst, "new": new, "short": short, "attack": attack,
    "flow-mods": flow_mods, "revoke": revoke, "memory": memory,
}
