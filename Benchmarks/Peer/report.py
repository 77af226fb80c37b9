"""What was found: lines while it runs; then JSON, a Markdown table and charts."""

import dataclasses
import json
import os
import platform
import shutil

import charts
import methods
import stages

HEADING = (f"{'case':34} {'unit':>12} {'ovs':>9} {'vedette':>9} {'ratio':>7}  "
           f"{'5 % … 95 %':>15} {'cycles':>13}  ")


def _number(value, digits=2):
    if value is None:
        return "–"
    if abs(value) >= 1000:
        return f"{value:,.0f}"
    return f"{value:.{digits}f}" if abs(value) >= 0.1 or value == 0 else f"{value:.3g}"


def line(result):
    """One case as a line of text."""
    spread = "" if result.low is None else f"{_number(result.low)} … {_number(result.high)}"
    cycles = ""
    if result.peer_cycles or result.vedette_cycles:
        cycles = f"{_number(result.peer_cycles, 0)} : {_number(result.vedette_cycles, 0)}"
    remarks = "; ".join(([result.tuning] if result.tuning else []) + result.remarks)
    return (f"{result.name:34} {result.unit:>12} {_number(result.peer):>9} "
            f"{_number(result.vedette):>9} {_number(result.ratio):>7}  {spread:>15} {cycles:>13}  "
            f"{result.verdict:5} {remarks}").rstrip()


def describe(command, seconds):
    """The machine, the programs and the command, without names or paths."""
    model, megahertz, memory = "unknown", "", ""
    with open("/proc/cpuinfo", encoding="ascii", errors="replace") as file:
        for text in file:
            if text.startswith("model name"):
                model = text.split(":", 1)[1].strip()
            if text.startswith("cpu MHz"):
                megahertz = f"{float(text.split(':', 1)[1]) / 1000:.1f} GHz"
    with open("/proc/meminfo", encoding="ascii") as file:
        memory = f"{int(file.readline().split()[1]) / 2**20:.0f} GiB"
    return {
        "command": command, "seconds": round(seconds), "cpu": model, "clock": megahertz,
        "cpus": os.cpu_count(), "memory": memory, "kernel": platform.release(),
        "peer": package_version("openvswitch-switch-dpdk"), "dpdk": package_version("libdpdk-dev"),
    }


def package_version(package):
    """The installed version of a Debian package."""
    with os.popen(f"dpkg-query -W -f '${{Version}}' {package} 2>/dev/null") as pipe:
        return pipe.read().strip()


def markdown(description, results):
    """The table that docs/PERFORMANCE.md shows."""
    lines = [
        f"`{description['command']}`: {description['cpus']} × {description['cpu']}, "
        f"{description['clock']}, {description['memory']}, Linux {description['kernel']}; "
        f"Open vSwitch {description['peer']} on DPDK {description['dpdk']}.", "",
        "| case | unit | OVS | Vedette | ratio | 5 %–95 % | cycles OVS | cycles Vedette | | OVS caches | remarks |",
        "|---|---|---|---|---|---|---|---|---|---|---|"]
    for result in results:
        spread = "" if result.low is None else f"{_number(result.low)}–{_number(result.high)}"
        cells = [result.name, result.unit, _number(result.peer), _number(result.vedette),
                 _number(result.ratio), spread,
                 _number(result.peer_cycles, 0) if result.peer_cycles else "",
                 _number(result.vedette_cycles, 0) if result.vedette_cycles else "",
                 result.verdict, result.tuning, "; ".join(result.remarks).replace("|", "/")]
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n" + stage_table(results)


def stage_table(results):
    """Cycles by stage, a column for each number of connections; nothing if none was measured."""
    found = [result for result in results if result.stages]
    if not found:
        return ""
    lines = ["", "Cycles a packet up to the end of each stage, and what the stage adds:", "",
             "| stage | " + " | ".join(
                 f"{result.name.split('/')[1]} connections" for result in found) + " |",
             "|---" * (len(found) + 1) + "|"]
    before = [0.0] * len(found)
    for stage, name in stages.NAMES.items():
        cells = [name]
        for place, result in enumerate(found):
            cycles = result.stages[stage]
            cells.append(f"{cycles:.0f} (+{cycles - before[place]:.0f})")
            before[place] = cycles
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"


def load(folder):
    """The description and the results that are in a folder."""
    with open(f"{folder}/results.json", encoding="utf-8") as file:
        found = json.load(file)
    return found["description"], [methods.Result(**fields) for fields in found["results"]]


def merged(folder, description, results):
    """The results that are in a folder, with those measured now in their places."""
    try:
        earlier, kept = load(folder)
    except OSError:
        return description, results
    fresh = {result.name: result for result in results}
    places = [fresh.pop(result.name, result) for result in kept]
    earlier["command"] += f"`, then `{description['command']}"
    return earlier, places + list(fresh.values())


def write(folder, description, results):
    """Writes results.json, results.md and the charts."""
    os.makedirs(folder, exist_ok=True)
    with open(f"{folder}/results.json", "w", encoding="utf-8") as file:
        json.dump({"description": description,
                   "results": [dataclasses.asdict(result) for result in results]}, file, indent=1)
    with open(f"{folder}/results.md", "w", encoding="utf-8") as file:
        file.write(markdown(description, results))
    charts.draw(folder, results)


def publish(root, folder):
    """Puts the results in a folder, and their charts, at the end of docs/PERFORMANCE.md."""
    description, results = load(folder)
    path, mark = f"{root}/docs/PERFORMANCE.md", "<!-- ./bench publish writes what follows. -->\n"
    with open(path, encoding="utf-8") as file:
        before = file.read().split(mark)[0]
    text = markdown(description, results)
    os.makedirs(f"{root}/docs/performance", exist_ok=True)
    for name, title in charts.TITLES.items():
        if os.path.exists(f"{folder}/{name}.svg"):
            for ending in ("svg", "png"):
                shutil.copyfile(f"{folder}/{name}.{ending}",
                                f"{root}/docs/performance/{name}.{ending}")
            text += f"\n![{title}](performance/{name}.svg)\n"
    with open(path, "w", encoding="utf-8") as file:
        file.write(before + mark + "\n" + text)
