"""./bench: Vedette and Open vSwitch side by side. See docs/PERFORMANCE.md."""

import argparse
import os
import shutil
import signal
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
sys.path[:0] = [HERE, os.path.join(ROOT, "tools")]

import cases as table  # noqa: E402
import report  # noqa: E402
from alone import ALONE  # noqa: E402
from arena import Arena  # noqa: E402
from methods import METHODS, Result  # noqa: E402
from lab.shell import CommandFailed  # noqa: E402
from switches import HUGEPAGES_TWO, PEER_PROGRAM, Hugepages  # noqa: E402


class Bench:
    """Goes through cases, setup by setup."""

    def __init__(self, options):
        self.options = options
        self.peer_program = options.peer or PEER_PROGRAM
        self.programs = [("ovs", self.peer_program, True), ("vedette", options.vedette, False)]
        self.directory = f"/run/vedette-bench-{os.getpid()}"
        # The EAL refuses plug-ins that lie below a folder that anyone can write to, as a clone in
        # /tmp does: they are loaded from here.
        self.device = f"{self.directory}/programs"
        self.plugin = f"{self.device}/librte_net_traffic.so"
        self.floor_program = f"{self.device}/floor"
        self.micro_program = f"{ROOT}/.build/release/microbench"
        # Pairs, seconds of a switch on its own, rounds, seconds until new connections are in flow.
        self.effort = (20, 2.0, 3, 6.0) if options.quick else (30, 4.0, 5, 8.0)
        self.solo_seconds = self.effort[1]
        # Pairs, and seconds of a run, where slices are whole runs of a program.
        self.short_runs = (5, 1) if options.quick else (7, 2)
        self.results = []

    def run(self, chosen):
        """Measures every case; one that fails is reported and the rest goes on."""
        order = {}
        for case in chosen:
            alone = case.method in ALONE
            order.setdefault((case.setup, case.name if alone else ""), []).append(case)
        pages = Hugepages()
        os.makedirs(self.device, mode=0o755)
        try:
            for program in os.scandir(self.options.device):
                if program.is_file():
                    shutil.copy(program.path, self.device)
            pages.reserve(HUGEPAGES_TWO)
            os.sched_setaffinity(0, {0})
            for (setup, _), members in order.items():
                self._run_setup(setup, members)
        finally:
            pages.restore()
            if not self.options.keep:
                shutil.rmtree(self.directory, ignore_errors=True)
        return self.results

    def _run_setup(self, setup, members):
        if members[0].method in ALONE:
            self._try(members[0], lambda: ALONE[members[0].method](self, members[0]))
            return
        arena = Arena(self.programs, self.directory, self.plugin, setup, self.effort)
        began = time.monotonic()
        try:
            arena.start()
            print(f"# {setup.title}: ready in {time.monotonic() - began:.0f} s"
                  f" ({'; '.join(arena.remarks)})", flush=True)
            if self.options.self_check:
                self._ask(arena.vedette, "vedette/self-check-set", str(self.options.self_check))
            for case in members:
                self._try(case, lambda: self._checked(arena, case))
                for contestant in arena.both:
                    if not contestant.lives():
                        raise RuntimeError(f"{contestant.label} died: {contestant.last_words()}")
        except Exception as failure:
            print(f"! {setup.title}: {failure}", flush=True)
            done = {result.name for result in self.results}
            for case in members:
                if case.name not in done:
                    self.results.append(Result(case.name, "failed", remarks=[str(failure)]))
        finally:
            try:
                arena.stop()
            except Exception as failure:
                print(f"! ending: {failure}", flush=True)

    @staticmethod
    def _ask(contestant, *command):
        """A command to a switch that is paused, and stays so."""
        contestant.resume()
        try:
            return contestant.switch.appctl(*command)
        finally:
            contestant.pause()

    def _checked(self, arena, case):
        """Measures a case; with --self-check, says how many of its checks failed since the start."""
        result = METHODS[case.method](arena, case)
        if self.options.self_check:
            shown = self._ask(arena.vedette, "vedette/self-check-show").split("\n", 1)[0]
            result.remarks.append(f"self-check: {shown}")
            if not shown.endswith("failed:0"):
                result.unit = "failed"
        return result

    def _try(self, case, measure):
        try:
            result = measure()
        except Exception as failure:
            if self.options.trace:
                raise
            result = Result(case.name, "failed", remarks=[str(failure)])
        self.results.append(result)
        print(report.line(result), flush=True)


def main():
    """The command line."""
    parser = argparse.ArgumentParser(prog="./bench", description=__doc__, allow_abbrev=False)
    parser.add_argument("cases", nargs="*", help="names of cases, or their beginnings")
    parser.add_argument("--quick", action="store_true", help="the most telling ones")
    parser.add_argument("--add", action="store_true", help="keeps the other results of last time")
    parser.add_argument("--list", action="store_true", help="names the cases and ends")
    parser.add_argument("--vedette", required=True, help=argparse.SUPPRESS)
    parser.add_argument("--device", required=True, help=argparse.SUPPRESS)
    parser.add_argument("--peer", help="another ovs-vswitchd with DPDK to compare with")
    parser.add_argument("--results", help="where results go")
    parser.add_argument("--self-check", type=int, metavar="N",
                        help="has the pipeline judge one in N hits too, and compare")
    parser.add_argument("--keep", action="store_true", help="keeps logs and databases")
    parser.add_argument("--trace", action="store_true", help="stops at the first failure")
    options = parser.parse_args()
    folder = options.results or os.path.join(ROOT, "Benchmarks", "results")
    if options.cases == ["publish"]:
        report.publish(ROOT, folder)
        return 0
    unknown = table.unknown(options.cases)
    if unknown:
        print(f"No such case: {', '.join(unknown)}; ./bench --list names them.", file=sys.stderr)
        return 2
    chosen = table.chosen(options.cases, options.quick)
    if options.list:
        for case in chosen:
            print(f"{case.name:34} {'quick ' if case.quick else '      '}{case.setup.title}")
        return 0
    began = time.monotonic()
    print(report.HEADING, flush=True)
    # Ended from outside, it still ends the switches and gives the hugepages back.
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda *_: sys.exit(1))
    try:
        results = Bench(options).run(chosen)
    except (CommandFailed, OSError) as failure:
        print(failure, file=sys.stderr)
        return 1
    checking = ["--self-check", str(options.self_check)] if options.self_check else []
    shown = " ".join(["./bench", *(["--quick"] if options.quick else []), *checking,
                      *(["--add"] if options.add else []), *options.cases])
    description = report.describe(shown, time.monotonic() - began)
    if options.add:
        report.write(folder, *report.merged(folder, description, results))
    else:
        report.write(folder, description, results)
    print(report.stage_table(results), end="")
    minutes, seconds = divmod(round(time.monotonic() - began), 60)
    print(f"{len(results)} cases in {minutes} min {seconds} s; results are in {folder}")
    return 1 if any(result.unit == "failed" for result in results) else 0


if __name__ == "__main__":
    sys.exit(main())
