"""Several poll threads: traffic between them, masks that change under it, their cost when idle."""

import os
import re
import threading
import time

from harness import Skipped, eventually
from traffic import STATEFUL, iperf, stalls


def tests():
    """The tests of this file."""
    return [
        ("threads: connections between two threads", two_threads),
        ("threads: the mask changes under traffic", mask_changes),
        ("threads: pinned queues and isolated cores", affinity),
        ("threads: an idle switch sleeps", idle),
    ]


def need_two_cpus():
    """Skips where there is nothing to spread over."""
    if not {0, 1} <= os.sched_getaffinity(0):
        raise Skipped("CPUs 0 and 1 are needed")


def use_two_threads(switch):
    """Two poll threads with queues one after the other, where there are two CPUs."""
    if {0, 1} <= os.sched_getaffinity(0):
        switch.vsctl("set", "open_vswitch", ".", "other_config:pmd-cpu-mask=0x3",
                     "other_config:pmd-rxq-assign=roundrobin")


def bridge(lab, count, flows=STATEFUL):
    """A bridge with `count` workloads, named w1 and so on; their OpenFlow numbers are the same."""
    lab.switch.vsctl("add-br", "br0", "--", "set", "bridge", "br0", "datapath_type=netdev")
    workloads = []
    for number in range(1, count + 1):
        workload = lab.add(f"w{number}", f"02:00:00:00:00:0{number}", f"10.2.0.{number}/24",
                           f"fd02::{number}/64")
        lab.switch.vsctl("add-port", "br0", workload.port, "--", "set", "interface",
                         workload.port, f"ofport_request={number}")
        workloads.append(workload)
    if flows:
        lab.switch.ofctl("--bundle", "replace-flows", "br0", "-", text=flows)
    eventually(lambda: workloads[0].shell("ping", "-n", "-c1", "-W1", workloads[-1].address),
               "no first ping")
    return workloads


def cores(lab):
    """The core that polls each port, by name, and the cores that are isolated."""
    text = lab.switch.appctl("dpif-netdev/pmd-rxq-show")
    polled, isolated, core = {}, set(), None
    for line in text.splitlines():
        if found := re.match(r"pmd thread numa_id 0 core_id (\d+):", line):
            core = int(found[1])
        elif line.strip() == "isolated : true":
            isolated.add(core)
        elif found := re.match(r"  port: (\S+) +queue-id: +(\d+) \(enabled\)   pmd usage: ", line):
            polled[found[1]] = core
    return polled, isolated


def two_threads(context):
    """Both directions of many connections on different threads: none is lost, all are listed."""
    need_two_cpus()
    lab = context.laboratory()
    try:
        first, second, third, fourth = bridge(lab, 4)
        lab.switch.vsctl("set", "open_vswitch", ".", "other_config:pmd-cpu-mask=0x3",
                         "other_config:pmd-rxq-assign=roundrobin")
        polled, isolated = cores(lab)
        assert {polled["w1"], polled["w2"]} == {0, 1}, polled
        assert {polled["w3"], polled["w4"]} == {0, 1} and not isolated, polled
        third.spawn(serve, 7000)
        other = {}
        thread = threading.Thread(target=lambda: other.update(
            done=fourth.call(connect, third.address, 7000, 400)))
        report = iperf(first, second, 3, "-P", "8", "--bidir")
        thread.start()
        result = report()
        thread.join()
        assert "error" not in result, result["error"]
        assert other.get("done") == 400, f"{other.get('done')} of 400 connections"
        for total in ("sum_received", "sum_received_bidir_reverse"):
            moved = result["end"][total]["bits_per_second"]
            assert moved > 50e6, f"{total}: only {moved / 1e6:.0f} Mb/s"
        listed = lab.switch.appctl("dpctl/dump-conntrack", "zone=7")
        streams = re.findall(r"^tcp,.*dport=5201\),reply=.*state=", listed, re.M)
        # Eight each way, and the one that iperf3 talks to itself on.
        assert len(streams) == 17, f"{len(streams)} streams listed"
        ports = set(re.findall(r"orig=\([^)]*sport=(\d+),dport=7000\)", listed))
        assert len(ports) == 400, f"{len(ports)} of 400 connections listed"
        stats = lab.switch.appctl("dpif-netdev/pmd-stats-show")
        received = [int(number) for number in re.findall(r"packets received: (\d+)", stats)]
        assert len(received) == 2 and min(received) > 1000, received
        speed = result["end"]["sum_received"]["bits_per_second"] / 1e9
        print(f"    {speed:.2f} Gb/s one way; packets by thread: {received}")
    finally:
        context.finish(lab)


def serve(port):
    """Takes connections for ever; each sends a few bytes and gets them back."""
    import socket
    server = socket.create_server(("", port), backlog=512)
    while True:
        connection, _ = server.accept()
        threading.Thread(target=echo, args=(connection,), daemon=True).start()


def echo(connection):
    """Sends back what comes until nothing more does."""
    with connection:
        while data := connection.recv(4096):
            connection.sendall(data)


def connect(address, port, count):
    """How many of `count` connections carry bytes both ways."""
    import socket
    done = 0
    for number in range(count):
        with socket.create_connection((address, port), timeout=5) as connection:
            word = f"number {number}".encode()
            connection.sendall(word)
            done += connection.recv(100) == word
    return done


def mask_changes(context):
    """Threads come and go during a stream and a flood of pings: no packet of the pings is lost."""
    need_two_cpus()
    lab = context.laboratory()
    try:
        first, second, third, fourth = bridge(lab, 4)
        counted = {}
        flood = threading.Thread(target=lambda: counted.update(text=third.shell(
            "ping", "-n", "-q", "-i", "0.004", "-c", "1200", "-W", "2", fourth.address,
            check=False)))
        report = iperf(first, second, 6)
        flood.start()
        time.sleep(0.5)
        for mask in ("0x3", "0x2", "0x1", "0x3", None, "0x2", "0x3", None):
            words = ["remove", "open_vswitch", ".", "other_config", "pmd-cpu-mask"] \
                if mask is None else \
                ["set", "open_vswitch", ".", f"other_config:pmd-cpu-mask={mask}"]
            lab.switch.vsctl(*words)
            polled, _ = cores(lab)
            wanted = {"0x1": {0}, "0x2": {1}, "0x3": {0, 1}, None: {0}}[mask]
            assert set(polled.values()) == wanted, f"{mask}: {polled}"
            time.sleep(0.4)
        flood.join()
        result = report()
        assert " 0% packet loss" in counted["text"], counted["text"]
        assert "error" not in result, result["error"]
        assert stalls(result) <= 0.5, f"the stream stood still for {stalls(result):.1f} s"
        process = lab.switch.pid("ovs-vswitchd")
        threads = len(os.listdir(f"/proc/{process}/task"))
        lab.switch.vsctl("set", "open_vswitch", ".", "other_config:pmd-cpu-mask=0x3")
        assert len(os.listdir(f"/proc/{process}/task")) == threads + 1
    finally:
        context.finish(lab)


def affinity(context):
    """pmd-rxq-affinity: a pinned queue is where it should be, and its core takes no other."""
    need_two_cpus()
    lab = context.laboratory()
    try:
        workloads = bridge(lab, 3, flows=None)
        lab.switch.vsctl("set", "open_vswitch", ".", "other_config:pmd-cpu-mask=0x3", "--",
                         "set", "interface", "w2", "other_config:pmd-rxq-affinity=0:1")
        polled, isolated = cores(lab)
        assert isolated == {1} and polled == {"br0": 0, "w1": 0, "w2": 1, "w3": 0}, polled
        # The pinned queue's core is the less busy one, so that it gets another queue.
        workloads[0].shell("ping", "-n", "-q", "-c2000", "-i0.001", "-W1", workloads[2].address)
        lab.switch.vsctl("set", "open_vswitch", ".", "other_config:pmd-rxq-isolate=false",
                         "other_config:pmd-rxq-assign=group")
        polled, isolated = cores(lab)
        assert not isolated and polled["w2"] == 1, polled
        assert list(polled.values()).count(1) >= 2, polled
        # Every core isolated: kernel devices are polled all the same.
        lab.switch.vsctl("remove", "open_vswitch", ".", "other_config", "pmd-rxq-isolate", "--",
                         "set", "interface", "w1", "other_config:pmd-rxq-affinity=0:0")
        polled, isolated = cores(lab)
        assert isolated == {0, 1} and polled["w1"] == 0 and polled["w2"] == 1, polled
        workloads[0].shell("ping", "-n", "-c1", "-W1", workloads[2].address)
        lab.switch.vsctl("set", "interface", "w1", "other_config:pmd-rxq-affinity=0:7")
        assert cores(lab)[1] == {1}
        with open(f"{lab.directory}/ovs-vswitchd.log", encoding="utf-8") as file:
            assert "Core  7 cannot be pinned with port 'w1' rx queue 0." in file.read()
    finally:
        context.finish(lab)


def spent(process):
    """CPU time of a process so far, in seconds."""
    with open(f"/proc/{process}/stat", encoding="ascii", errors="replace") as file:
        fields = file.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def check_idle(switch):
    """The daemon spends less than two percent of a core over five seconds."""
    process = switch.pid("ovs-vswitchd")
    before = spent(process)
    time.sleep(5)
    share = (spent(process) - before) / 5
    assert share < 0.02, f"{share:.1%} of a core"
    print(f"    {share:.1%} of a core")


def idle(context):
    """Eight kernel ports without traffic cost less than two percent of a core."""
    lab = context.laboratory()
    try:
        bridge(lab, 8)
        time.sleep(1)
        check_idle(lab.switch)
    finally:
        context.finish(lab)
