"""The differential test's command line; see README.md, or --help."""

import argparse
import os
import sys
import time
from concurrent.futures import ThreadPoolExecutor

import compare
import known
import minimize
import selftest
import steps
from daemon import BRIDGE, Daemon, DaemonError
from generator import Generator
from openflow import Encoder
from runner import Encodings, Runner
from steps import Packet

RESTART_EVERY = 50


def parse_arguments():
    parser = argparse.ArgumentParser(
        prog="differential",
        description="Random OpenFlow rules and packets on two switches, which must agree.")
    parser.add_argument("--left", default="ovs-vswitchd", help="the reference (ovs-vswitchd)")
    parser.add_argument("--right", default="vswitchd", help="the switch under test")
    parser.add_argument("--seeds", default="1-100", help="a range such as 1-100")
    parser.add_argument("--seed", type=int, help="a single seed, told at length")
    parser.add_argument("--replay", metavar="FILE", help="a scenario saved by --save")
    parser.add_argument("--save", metavar="DIRECTORY", help="keep scenarios that differ")
    parser.add_argument("--minimize", action="store_true", help="shrink what differs")
    parser.add_argument("--keep", action="store_true", help="keep run directories")
    parser.add_argument("--trace", action="store_true", help="print ofproto/trace of both")
    parser.add_argument("--self-test", action="store_true",
                        help="see that the test sees: the left switch against itself")
    parser.add_argument("--verbose", action="store_true", help="a line for each seed")
    parser.add_argument("--skip", default="", metavar="PARTS",
                        help="parts of checks to leave out: flows, groups, meters, connections, "
                             "timeouts, fdb, ports, tables, removals; or answers, warps")
    parser.add_argument("--blur", action="append", default=[], metavar="REGEX",
                        help="text to overlook in checks; may be given again")
    parser.add_argument("--stop-after", type=int, default=0, metavar="N",
                        help="stop after N failures")
    return parser.parse_args()


class Pair:
    """Two switches side by side."""

    def __init__(self, arguments, encodings):
        self.arguments = arguments
        self.encodings = encodings
        self.runners = {}
        self.pool = ThreadPoolExecutor(2)

    def runner(self, side):
        runner = self.runners.get(side)
        if runner is None:
            daemon = Daemon(getattr(self.arguments, side), keep=self.arguments.keep)
            runner = Runner(daemon, self.encodings)
            self.runners[side] = runner
            daemon.start()
        return runner

    def discard(self, side):
        runner = self.runners.pop(side, None)
        if runner is not None:
            runner.daemon.stop()

    def discard_all(self):
        for side in ("left", "right"):
            self.discard(side)

    def record(self, generator):
        """(scenario, observations) of the left switch.  If it dies of a bug of its own, they end
        before the step that killed it."""
        try:
            return self.runner("left").record(generator)
        except (DaemonError, OSError) as error:
            runner = self.runners["left"]
            words = self.bury("left", error)
            print(f"seed {generator.seed}: the left switch ended at step "
                  f"{len(runner.observations) + 1}; compared up to there\n"
                  f"  {compare.step_text(runner.attempted)}\n{words}", flush=True)
            return runner.scenario, runner.observations

    def replay(self, side, scenario, until=None):
        """Observations, or the words of a daemon that died."""
        try:
            return self.runner(side).replay(scenario, until)
        except (DaemonError, OSError) as error:
            return self.bury(side, error)

    def bury(self, side, error):
        """Ends a switch that no longer answers, and says what it said."""
        daemon = self.runners[side].daemon
        status = daemon.ending()
        words = f"{type(error).__name__}: {error}" if status is None else \
            f"the switch ended with status {status}{daemon.last_words()}"
        self.discard(side)
        return words

    def differs(self, scenario):
        """(index, text) of the first difference, or None."""
        left = self.pool.submit(self.replay, "left", scenario)
        right = self.replay("right", scenario)
        return self.judge(scenario, left.result(), right)

    @staticmethod
    def judge(scenario, left, right):
        for side, run in (("left", left), ("right", right)):
            if isinstance(run, str):
                return len(scenario.steps) - 1, f"died: {side}: {run}"
        return compare.first_difference(scenario, left, right)

    def trace(self, scenario, index):
        """`ofproto/trace` of the packet of step `index`, from both."""
        step = scenario.steps[index]
        texts = []
        for side in ("left", "right"):
            self.replay(side, scenario, index)
            if side not in self.runners:
                continue
            number = step.port.removeprefix("p")
            texts.append(f"--- ofproto/trace, {side}\n" + self.runners[side].daemon.appctl(
                "ofproto/trace", BRIDGE, f"in_port={number}", step.frame))
            self.discard(side)
        return "\n".join(texts)


def tell(pair, scenario, index, text, arguments):
    """Prints a difference: the steps that led to it, the step, what came of it."""
    print(f"seed {scenario.seed}: difference at step {index + 1} of {len(scenario.steps)}")
    if arguments.minimize or arguments.seed is not None or arguments.replay:
        if scenario.settings:
            print(f"  ports: {scenario.settings}")
        for number, step in enumerate(scenario.steps[:index], start=1):
            print(f"  {number}. {compare.step_text(step)}")
    print(f"  {index + 1}. {compare.step_text(scenario.steps[index])}")
    print("\n".join("  " + line for line in text.splitlines()))
    if (arguments.trace or arguments.seed is not None) \
            and isinstance(scenario.steps[index], Packet):
        print(pair.trace(scenario, index))
    sys.stdout.flush()


def shrink(pair, scenario, text):
    kind = compare.kind_of(text)

    def differs(trial):
        found = pair.differs(trial)
        if found is None or compare.kind_of(found[1]) != kind:
            return None
        return found[0]

    return minimize.minimize(scenario, differs,
                             lambda words: print(f"  shrinking: {words}", file=sys.stderr))


def run_scenario(pair, scenario, found, arguments):
    """Reports what was found in a scenario."""
    index, text = found
    if arguments.minimize:
        smaller = shrink(pair, scenario, text)
        if smaller is None:
            print(f"seed {scenario.seed}: the difference does not repeat")
        else:
            scenario = smaller
            again = pair.differs(scenario)
            index, text = again or (index, text)
    if arguments.save:
        os.makedirs(arguments.save, exist_ok=True)
        path = os.path.join(arguments.save, f"seed-{scenario.seed}.jsonl")
        with open(path, "w") as file:
            file.write(steps.dump(scenario))
    tell(pair, scenario, min(index, len(scenario.steps) - 1), text, arguments)


def seeds_of(arguments):
    if arguments.seed is not None:
        return [arguments.seed]
    first, _, last = arguments.seeds.partition("-")
    return range(int(first), int(last or first) + 1)


def run_seeds(pair, arguments):
    passed = failed = 0
    # The right switch replays a seed while the left one already plays the next.
    waiting = None

    def finish(entry):
        nonlocal passed, failed
        scenario, left, future = entry
        found = pair.judge(scenario, left, future.result())
        if found is None:
            passed += 1
            if arguments.verbose:
                print(f"seed {scenario.seed}: passed, {len(scenario.steps)} steps", flush=True)
            return
        failed += 1
        run_scenario(pair, scenario, found, arguments)

    for number, seed in enumerate(seeds_of(arguments), start=1):
        generator = Generator(seed)
        scenario, left = pair.record(generator)
        if waiting is not None:
            finish(waiting)
            waiting = None
            if arguments.stop_after and failed >= arguments.stop_after:
                break
        waiting = (scenario, left, pair.pool.submit(pair.replay, "right", scenario))
        if number % RESTART_EVERY == 0:
            finish(waiting)
            waiting = None
            pair.discard_all()
    if waiting is not None:
        finish(waiting)
    return passed, failed


def main():
    arguments = parse_arguments()
    known.skipped = set(filter(None, arguments.skip.split(",")))
    known.blurred = arguments.blur
    if arguments.self_test:
        arguments.right = arguments.left
    encoder = Encoder()
    pair = Pair(arguments, Encodings(encoder))
    started = time.monotonic()
    try:
        for side in ("left", "right"):
            daemon = pair.runner(side).daemon
            print(f"{side}: {daemon.version} ({daemon.executable})", flush=True)
        if arguments.self_test:
            passed, failed = selftest.run(pair), 0
        elif arguments.replay:
            with open(arguments.replay) as file:
                scenario = steps.load(file.read())
            found = pair.differs(scenario)
            passed, failed = (1, 0) if found is None else (0, 1)
            if found is not None:
                run_scenario(pair, scenario, found, arguments)
        else:
            passed, failed = run_seeds(pair, arguments)
    finally:
        pair.discard_all()
        encoder.close()
    print(f"{time.monotonic() - started:.0f} s")
    print(f"{passed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
