"""Traffic through a whole switch: streams while its tables change, or its database is away."""

import json
import subprocess
import threading
import time

from harness import two_workloads

STATEFUL = """
table=0,priority=10,arp,actions=normal
table=0,priority=10,icmp6,icmp_type=135,actions=normal
table=0,priority=10,icmp6,icmp_type=136,actions=normal
table=0,priority=5,ip,actions=ct(table=1,zone=7)
table=0,priority=5,ipv6,actions=ct(table=1,zone=7)
table=1,priority=20,ct_state=+trk+inv,actions=drop
table=1,priority=10,ct_state=+trk+est,actions=normal
table=1,priority=10,ct_state=+trk+new,ip,actions=ct(commit,zone=7),normal
table=1,priority=10,ct_state=+trk+new,ipv6,actions=ct(commit,zone=7),normal
"""


def tests():
    """The tests of this file."""
    return [
        ("traffic: a stream survives 10,000 flow-mods", flow_mods_under_load),
        ("traffic: large packets and partial checksums pass", offloads),
        ("traffic: no packet is lost while the database restarts", database_restart),
        ("traffic: a revoked permission stops a live stream", revoked),
    ]


def iperf(left, right, seconds, *more):
    """Starts a stream from left to right; returns the function that waits for its report."""
    server = subprocess.Popen(
        right.words("iperf3", "-s", "-1", "-p", "5201"), stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    time.sleep(0.4)
    client = subprocess.Popen(
        left.words("iperf3", "-c", right.address, "-p", "5201", "-t", str(seconds), "-i", "0.5",
                   "-J", *more),
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)

    def report():
        try:
            output, _ = client.communicate(timeout=seconds + 20)
        finally:
            for process in (client, server):
                if process.poll() is None:
                    process.kill()
                process.wait()
        assert "{" in output, f"iperf3 said: {output or 'nothing'}"
        return json.loads(output[output.index("{"):])

    return report


def stalls(report):
    """The longest time in seconds during which nothing moved."""
    longest = current = 0
    for interval in report["intervals"]:
        length = interval["sum"]["seconds"]
        current = current + length if interval["sum"]["bytes"] == 0 else 0
        longest = max(longest, current)
    return longest


def flow_mods_under_load(context):
    """Ten seconds of TCP at the same time as 10,000 flow-mods: no reset, no stall over a second."""
    lab = context.laboratory()
    try:
        left, right = two_workloads(lab, STATEFUL)
        report = iperf(left, right, 10)
        began = time.monotonic()
        changes = 0
        # Ten times a thousand: additions of rules that do not matter, then their deletion.
        for turn in range(5):
            text = "".join(
                f"table=1,priority={100 + turn},tcp,nw_src=172.16.{n // 250}.{n % 250},"
                f"tp_dst={n},actions=drop\n" for n in range(1000))
            lab.switch.ofctl("add-flows", "br0", "-", text=text)
            deletions = "".join(f"delete {line}".split(",actions")[0] + "\n"
                                for line in text.splitlines())
            lab.switch.ofctl("--strict", "add-flows", "br0", "-",
                             text=deletions.replace("delete ", "delete_strict "))
            changes += 2000
            time.sleep(max(0, began + 1.6 * (turn + 1) - time.monotonic()))
        took = time.monotonic() - began
        result = report()
        assert "error" not in result, result["error"]
        assert changes == 10_000
        assert took < 11, f"the changes took {took:.1f} s, longer than the stream"
        longest = stalls(result)
        assert longest <= 1.0, f"the stream stood still for {longest:.1f} s"
        moved = result["end"]["sum_received"]["bits_per_second"]
        assert moved > 50e6, f"the stream moved only {moved / 1e6:.0f} Mb/s"
        left_over = lab.switch.ofctl("dump-aggregate", "br0", "table=1")
        assert "flow_count=4" in left_over, left_over
        print(f"    {moved / 1e9:.2f} Gb/s, 10,000 flow-mods in {took:.1f} s, "
              f"{result['end']['sum_sent']['retransmits']} retransmissions, "
              f"longest stall {longest:.1f} s")
    finally:
        context.finish(lab)


def offloads(context):
    """TCP both ways and large UDP datagrams, in IPv4 and IPv6, with the devices' offloads as is."""
    lab = context.laboratory()
    try:
        left, right = two_workloads(lab, STATEFUL)
        for words in ([], ["-R"], ["-u", "-b", "50M", "-l", "8000"]):
            result = iperf(left, right, 2, *words)()
            assert "error" not in result, result["error"]
            total = result["end"].get("sum_received") or result["end"]["sum"]
            assert total["bytes"] > 1_000_000, f"{words}: moved only {total['bytes']} bytes"
        text = left.shell("ping", "-n", "-c2", "-i0.2", "-W2", "-s", "9000", right.address6)
        assert " 0% packet loss" in text, text
    finally:
        context.finish(lab)


def database_restart(context):
    """The database ends and comes back; a flood of small datagrams meanwhile loses none."""
    lab = context.laboratory(embedded=False)
    try:
        left, right = two_workloads(lab, STATEFUL)
        # One a millisecond: ping counts what comes back.
        counted = {}

        def flood():
            counted["text"] = left.shell(
                "ping", "-n", "-q", "-i", "0.002", "-w", "6", right.address, check=False)

        thread = threading.Thread(target=flood)
        thread.start()
        time.sleep(1)
        lab.switch.stop_database()
        time.sleep(1.5)
        lab.switch.start_database()
        thread.join()
        assert " 0% packet loss" in counted["text"], counted["text"]
        lab.switch.vsctl("add-br", "br7", "--", "set", "bridge", "br7", "datapath_type=netdev")
        assert "br7" in lab.switch.appctl("ofproto/list")
        assert "flow_count=9" in lab.switch.ofctl("dump-aggregate", "br0"), "flows were lost"
    finally:
        context.finish(lab)


def revoked(context):
    """A rule that denies a live, established stream stops it at once."""
    lab = context.laboratory()
    try:
        left, right = two_workloads(lab, STATEFUL)
        report = iperf(left, right, 4)
        time.sleep(1.5)
        lab.switch.ofctl("add-flow", "br0", "table=1,priority=50,tcp,tp_dst=5201,actions=drop")
        time.sleep(1)
        lab.switch.settle()
        first = port_packets(lab, "right")
        time.sleep(0.7)
        second = port_packets(lab, "right")
        assert second - first < 10, f"{second - first} packets after the permission was revoked"
        lab.switch.ofctl("--strict", "del-flows", "br0", "table=1,priority=50,tcp,tp_dst=5201")
        report()
    finally:
        context.finish(lab)


def port_packets(lab, port):
    """Packets sent to a port so far."""
    text = lab.switch.ofctl("dump-ports", "br0", port)
    return int(text.split("tx pkts=")[1].split(",")[0])
