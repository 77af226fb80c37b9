"""The demo's main program: builds the scene, lets the workloads try, shows and judges, removes.

Called by ./demo as root with the daemon's binary. Ends with status 0 only if every attempt came
out as the policy says, by the rule that should decide it, and each connection state was seen.
"""

import argparse
import fcntl
import os
import signal
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.dirname(HERE)]
sys.dont_write_bytecode = True

import report  # noqa: E402
import services  # noqa: E402
from attempts import all_attempts, know_the_way  # noqa: E402
from lab import laboratory  # noqa: E402
from lab.shell import CommandFailed  # noqa: E402
from policy import DENIALS, STATES, Policy  # noqa: E402

NAME = "vd"
WORKLOADS = [  # OpenFlow port numbers 1 to 4, in this order
    ("web", "02:00:00:01:00:10", "10.1.0.10/24", "fd01::10/64"),
    ("db", "02:00:00:01:00:20", "10.1.0.20/24", "fd01::20/64"),
    ("client", "02:00:00:01:00:30", "10.1.0.30/24", "fd01::30/64"),
    ("intruder", "02:00:00:01:00:66", "10.1.0.66/24", "fd01::66/64"),
]


def build(lab, policy):
    """The bridge, its ports and the policy. A port forwards nothing before the policy is in."""
    switch = lab.switch
    switch.vsctl("add-br", "br0", "--", "set", "bridge", "br0", "datapath_type=netdev",
                 "fail_mode=secure")
    switch.ofctl("add-flows", "br0", policy.path)
    workloads = [lab.add(*words) for words in WORKLOADS]
    for number, workload in enumerate(workloads, start=1):
        switch.vsctl("add-port", "br0", workload.port, "--", "set", "interface", workload.port,
                     f"ofport_request={number}")
    know_the_way(workloads)
    return workloads


def judge(attempt):
    """What of an attempt differs from the policy."""
    problems = []
    if attempt.got_through != attempt.allowed:
        problems.append("the sender saw otherwise than expected")
    if not attempt.hits.get(attempt.rule):
        hit = ", ".join(f"{name} {count}" for name, count in attempt.hits.items()) or "no rule"
        problems.append(f"rule {attempt.rule} matched no packet of it (matched: {hit})")
    stopped = [name for name in DENIALS if attempt.hits.get(name)]
    if attempt.allowed and stopped:
        problems.append(f"stopped by {', '.join(stopped)}")
    for state in attempt.states:
        if not any(attempt.hits.get(rule) for rule in STATES[state]):
            problems.append(f"no packet of it was seen as {state}")
    return problems


def try_all(lab, policy, workloads):
    """Makes every attempt, one after the other, so that the counters tell whose packets those were."""
    report.heading("Attempts")
    report.show_attempt_head()
    attempts = all_attempts(*workloads)
    failures = 0
    before = policy.count(lab.switch)
    for attempt in attempts:
        attempt.run()
        after = policy.count(lab.switch)
        attempt.hits = {name: after[name] - before[name] for name in after
                        if after[name] != before[name]}
        before = after
        problems = judge(attempt)
        failures += bool(problems)
        report.show_attempt(attempt, problems)
    return attempts, failures


def first_seen(attempts):
    """For each state, the attempt that saw it first."""
    seen = {}
    for attempt in attempts:
        for state, rules in STATES.items():
            if any(attempt.hits.get(rule) for rule in rules):
                seen.setdefault(state, f"first: {attempt.sender.port}, {attempt.what}")
    return seen


def perform(lab):
    """The whole play. Returns how many attempts and states failed, and of how many."""
    policy = Policy(os.path.join(HERE, "policy.flows"))
    workloads = build(lab, policy)
    services.start(workloads[0], workloads[1])
    time.sleep(0.2)
    attempts, failures = try_all(lab, policy, workloads)
    counts = policy.count(lab.switch)
    seen = first_seen(attempts)
    report.show_states(counts, seen)
    report.show_rules(policy, counts)
    report.show_connections(lab.switch.appctl("dpctl/dump-conntrack", "-m"), attempts)
    failures += len(STATES) - len(seen)
    return failures, len(attempts) + len(STATES)


def say_how_to_poke(lab):
    """What to type while the switch stays up."""
    print(f"""
The switch stays up. Try, as root:
   export OVS_RUNDIR={lab.directory}
   ovs-vsctl show
   ovs-ofctl dump-flows br0
   ovs-appctl dpctl/dump-conntrack
   ovs-appctl dpctl/dump-flows
   ovs-appctl ofproto/trace br0 in_port=4,tcp,nw_src=10.1.0.66,nw_dst=10.1.0.10,tp_dst=80
   ip netns exec {NAME}-client ping 10.1.0.20
   ip netns exec {NAME}-switch tcpdump -ni web
The workloads' services ended with the demo. Remove everything:
   ./demo --down""")


def take_down():
    """Removes what an earlier run left or kept."""
    state = laboratory.read_state(NAME)
    if state is not None and laboratory.is_in_use(state):
        print("A demo runs at this moment; end it with Ctrl-C.", file=sys.stderr)
        return 1
    removed = laboratory.take_down(NAME)
    print("Removed." if removed else "Nothing to remove.")
    return 0


def is_kept():
    """Whether an earlier `--keep` is still up."""
    state = laboratory.read_state(NAME)
    return state is not None and state["kept"]


def stop_on_signals():
    """Makes every polite way to end this program run its clean-up."""
    def stop(number, _):
        raise SystemExit(128 + number)

    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, stop)


def only_one():
    """A lock against a second demo at the same time, held until the end."""
    lock = open("/run/vedette-demo.lock", "w", encoding="ascii")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        return lock
    except BlockingIOError:
        return None


def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--binary")
    arguments.add_argument("--keep", action="store_true")
    arguments.add_argument("--down", action="store_true")
    options = arguments.parse_args()
    lock = only_one()
    if lock is None:
        print("A demo runs already.", file=sys.stderr)
        return 1
    if options.down:
        return take_down()
    if is_kept():
        print("The switch of an earlier ./demo --keep is still up; ./demo --down removes it.",
              file=sys.stderr)
        return 1
    laboratory.remove_leftovers()
    return run(options)


def run(options):
    """Makes the laboratory, plays, and removes it, whatever happens."""
    began = time.monotonic()
    lab = laboratory.Laboratory(NAME, options.binary)
    keeping = False
    try:
        stop_on_signals()
        lab.start()
        failures, total = perform(lab)
        keeping = options.keep
    except CommandFailed as error:
        print(f"The demo failed: {error}", file=sys.stderr)
        return 1
    finally:
        # A second Ctrl-C must not leave half of it behind.
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, signal.SIG_IGN)
        if keeping:
            lab.keep()
        else:
            lab.remove()
    verdict = "as the policy says" if failures == 0 else "NOT as the policy says"
    words = f"{total - failures} of {total} checks passed: {verdict}."
    seconds = f"({time.monotonic() - began:.0f} s)"
    print(f"\n{report.paint(words, 'bad' if failures else 'good')} {seconds}")
    if keeping:
        say_how_to_poke(lab)
    else:
        print("Everything that was made is removed.")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
