"""What a packet costs beneath and inside Vedette: the same ports forwarded with no lookup at all,
by a program that knows nothing but DPDK; then Vedette's parts, one after the other."""

import contextlib
import os
import subprocess
import time

import methods
import traffic
from arena import shape

# The stages of Benchmarks/Micro/Stages.swift, and what the report calls them.
NAMES = {
    "floor": "floor: received and sent, no lookup", "io": "through the device layer",
    "key": "key and hash", "probe": "record found", "dependencies": "connection touched",
    "whole": "executed, counted, put out",
}


@contextlib.contextmanager
def _device(bench, setup, make_words):
    """A process on CPU 1 that polls a pair of the device's ports, configured for the setup."""
    directory = f"{bench.directory}/device"
    os.makedirs(directory, exist_ok=True)
    pair = traffic.Traffic(f"{directory}/traffic")
    words = ["taskset", "--cpu-list", "1", "nice", "--adjustment=-20", *make_words(pair)]
    log = f"{directory}/log"
    with open(log, "w", encoding="utf-8") as file:
        process = subprocess.Popen(
            words, stdout=subprocess.PIPE, stderr=file, stdin=subprocess.DEVNULL, text=True)
    try:
        deadline = time.monotonic() + 10
        while pair.counters[1][0].polls < 10:
            if process.poll() is not None or time.monotonic() > deadline:
                with open(log, encoding="utf-8") as file:
                    said = " ".join(file.read().splitlines()[-2:])
                raise RuntimeError(f"{os.path.basename(words[5])} does not start: {said}")
            time.sleep(0.05)
        pair.configure(**shape(setup))
        yield pair, process
    finally:
        process.kill()
        process.communicate()


def _floor(bench, setup):
    """Rates in Mpps and cycles a packet, each in order."""
    def words(pair):
        return [bench.floor_program, "--no-pci", "--in-memory", "--no-telemetry", "-l", "1",
                "-d", bench.plugin, "--vdev", pair.devargs(0), "--vdev", pair.devargs(1)]

    with _device(bench, setup, words) as (pair, _):
        pair.run(traffic.LOAD)
        time.sleep(0.5)
        rates, costs = [], []
        for _ in range(9):
            before = pair.read()
            time.sleep(0.1)
            difference = traffic.Difference(before, pair.read(), pair.counters[0][0].hertz)
            rates.append(difference.rate("sent") / 1e6)
            costs.append(difference.cycles / max(1, difference.sum("sent", 0)))
    return sorted(rates), sorted(costs)


def floor(bench, case):
    """The same ports forwarded with no lookup at all."""
    rates, costs = _floor(bench, case.setup)
    return methods.Result(case.name, "Mpps", None, None, rates[4], rates[0], rates[-1],
                          meaning="Mpps", remarks=[f"{costs[4]:.0f} cycles a packet"])


def stages(bench, case):
    """Cycles a packet up to the end of each stage, the floor first."""
    setup = case.setup
    found = {"floor": _floor(bench, setup)[1][4]}

    def words(pair):
        return [bench.micro_program, "stages", bench.plugin, pair.path, str(setup.flows)]

    with _device(bench, setup, words) as (pair, process):
        if not pair.walk(traffic.BEGIN, 60) or not pair.walk(traffic.PASS, 60):
            raise TimeoutError("the connections were not set up")
        pair.run(traffic.LOAD)
        text, _ = process.communicate(timeout=60)
    lines = [line.split() for line in text.splitlines()]
    found.update((words[0], float(words[1])) for words in lines if words and words[0] in NAMES)
    if list(found) != list(NAMES):
        raise RuntimeError(f"not all stages were measured: {text.strip()}")
    served = next(words for words in lines if words[0] == "served")
    remarks = [", ".join(f"{name} {cycles:.0f}" for name, cycles in found.items())]
    if int(served[1]) < 0.99 * int(served[3]):
        remarks.append(f"records served {served[1]} of {served[3]}")
    return methods.Result(case.name, "cycles", None, found["whole"], None, meaning="cycles",
                          remarks=remarks, stages=found)
