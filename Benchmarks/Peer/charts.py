"""Charts, as SVG and PNG: throughput against the size of packets, and against the number of
connections, both switches side by side. Left out where the cases for one were not measured."""

import re

LABELS = {"ovs": "OVS-DPDK, conntrack", "vedette": "Vedette"}
COLOURS = {"ovs": "#9aa5b1", "vedette": "#1f6f8b"}
# Bytes on average of the mix that the device sends: 7 × 64, 4 × 570, 1 × 1500.
IMIX_BYTES = (7 * 64 + 4 * 570 + 1500) / 12
TITLES = {
    "throughput-by-size": "Throughput against the size of packets, one core",
    "cores-by-size": "Cores that 10 Gbit/s take, from the throughput of one",
    "packets-by-connections": "Packets a second against the number of connections, one core",
}
WORDS = {"1k": "1,000", "10k": "10,000", "100k": "100,000", "1M": "1,000,000",
         "4M": "4,000,000"}


def _bars(axes, names, columns, unit):
    width = 0.38
    for place, label in enumerate(("ovs", "vedette")):
        heights = [column[place] for column in columns]  # (peer, own, ratio)
        spots = [index + (place - 0.5) * width for index in range(len(names))]
        axes.bar(spots, heights, width, label=LABELS[label], color=COLOURS[label])
    for index, (_, own, ratio) in enumerate(columns):
        if ratio:
            # The median of the pairs, as in the table; not the ratio of the two bars.
            axes.annotate(f"{ratio:.1f}×", (index + width / 2, own), ha="center",
                          va="bottom", fontsize=8)
    axes.set_xticks(range(len(names)), names)
    axes.set_ylabel(unit)
    axes.spines[["top", "right"]].set_visible(False)
    axes.legend(frameon=False, fontsize=8)


def draw(folder, results):
    """Draws what the results allow."""
    try:
        import matplotlib
        matplotlib.use("Agg")
        matplotlib.rcParams["svg.hashsalt"] = "bench"
        from matplotlib import pyplot
    except ImportError:
        print("No charts: python3-matplotlib is missing.")
        return
    found = {result.name: result for result in results
             if result.unit == "Mpps" and result.peer and result.vedette}
    _draw_sizes(pyplot, folder, found)
    _draw_cores(pyplot, folder, found)
    _draw_connections(pyplot, folder, found)


def _draw_sizes(pyplot, folder, found):
    by_flows = {}
    for name, result in found.items():
        match = re.fullmatch(r"one-zone/10k/udp/(\w+)/(\d+|imix)c", name)
        if match:
            by_flows.setdefault(match[1], []).append((match[2], result))
    by_flows = {flows: rows for flows, rows in by_flows.items() if len(rows) > 1}
    if not by_flows:
        return
    figure, every = pyplot.subplots(1, len(by_flows), figsize=(5.2 * len(by_flows), 3.8),
                                    squeeze=False)
    for axes, (flows, rows) in zip(every[0], by_flows.items()):
        columns = []
        for size, result in rows:
            bits = 8e-3 * (IMIX_BYTES if size == "imix" else int(size))
            columns.append((result.peer * bits, result.vedette * bits, result.ratio))
        _bars(axes, [size.upper() if size == "imix" else size for size, _ in rows], columns,
              "Gbit/s, both directions, one core")
        axes.set_xlabel("bytes of a packet")
        axes.set_title(f"10,000 rules, {WORDS.get(flows, flows)} connections", fontsize=10)
    _save(pyplot, figure, f"{folder}/throughput-by-size")


def _draw_cores(pyplot, folder, found):
    """From the throughput of one core: that of several adds up, as `threads/2` shows."""
    rows = []
    for size in (64, 128, 256, 512, 1024, 1500):
        result = found.get(f"one-zone/10k/udp/100k/{size}c")
        if result:
            needed = [10 / (rate * 8e-3 * size) for rate in (result.peer, result.vedette)]
            rows.append((str(size), (*needed, None)))
    if len(rows) < 2:
        return
    figure, axes = pyplot.subplots(figsize=(6.4, 3.8))
    _bars(axes, [name for name, _ in rows], [column for _, column in rows],
          "cores for 10 Gbit/s, both directions together")
    axes.set_xlabel("bytes of a packet; 10,000 rules, 100,000 connections")
    _save(pyplot, figure, f"{folder}/cores-by-size")


def _draw_connections(pyplot, folder, found):
    rows = []
    for flows in WORDS:
        result = found.get(f"one-zone/10k/udp/{flows}/64")
        if result:
            rows.append((WORDS[flows], (result.peer, result.vedette, result.ratio)))
    if len(rows) < 2:
        return
    figure, axes = pyplot.subplots(figsize=(6.4, 3.8))
    _bars(axes, [name for name, _ in rows], [column for _, column in rows],
          "Mpps, both directions, one core")
    axes.set_xlabel("established UDP connections in random order, 64 B, 10,000 rules")
    _save(pyplot, figure, f"{folder}/packets-by-connections")


def _save(pyplot, figure, path):
    figure.tight_layout()
    figure.savefig(f"{path}.svg", metadata={"Date": None})
    figure.savefig(f"{path}.png", dpi=150)
    pyplot.close(figure)
