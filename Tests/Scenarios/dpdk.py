"""DPDK ports through the whole switch: every kind of virtual device that this machine can drive."""

import os
import re
import time

from harness import eventually
from threads import check_idle, use_two_threads
from traffic import STATEFUL, iperf


def tests():
    """The tests of this file."""
    return [
        ("dpdk: what the database says of ports, good and bad", reports),
        ("dpdk: frames through rings and files", rings),
        ("dpdk: connections through kernel devices", kernel_devices),
        ("dpdk: a virtual machine's network, seen from both sides", vhost),
        ("dpdk: two switches share memory", shared_memory),
        ("dpdk: a switch with DPDK ports sleeps", idle),
    ]


def start(context, **config):
    """A laboratory with DPDK and a bridge."""
    lab = context.laboratory()
    add_dpdk(lab.switch, **config)
    lab.switch.vsctl("add-br", "br0", "--", "set", "bridge", "br0", "datapath_type=netdev")
    return lab


def add_dpdk(switch, **config):
    """Starts DPDK in a switch, with little memory where there are no hugepages."""
    config = {"dpdk-init": "true", "dpdk-extra": "-m 256", **config}
    switch.vsctl("set", "open_vswitch", ".",
                 *[f'other_config:{key}="{value}"' for key, value in config.items()])
    eventually(lambda: column(switch, "open_vswitch", ".", "dpdk_initialized") == "true",
               "DPDK is not initialised")


def add(switch, name, devargs, *more, port=None):
    """Adds a DPDK port."""
    words = ["add-port", "br0", name, "--", "set", "interface", name, "type=dpdk",
             f'options:dpdk-devargs="{devargs}"', *more]
    switch.vsctl(*words, *([f"ofport_request={port}"] if port else []))


def column(switch, table, row, name):
    """A column of the database as ovs-vsctl prints it."""
    return switch.vsctl("get", table, row, name).strip()


def counters(switch, port):
    """Packets received from and sent to a port so far."""
    text = switch.ofctl("dump-ports", "br0", port)
    return [int(value) for value in re.findall(r"pkts=(\d+)", text)]


def reports(context):
    """dpdk_initialized, iface_types, status, errors and queues, as Open vSwitch writes them."""
    lab = start(context)
    switch = lab.switch
    try:
        assert column(switch, "open_vswitch", ".", "dpdk_version").startswith('"DPDK 2')
        types = column(switch, "open_vswitch", ".", "iface_types")
        for kind in ("dpdk", "dpdkvhostuser", "dpdkvhostuserclient"):
            assert kind in types.strip("[]").split(", "), types
        add(switch, "null0", "net_null0,no-rx=1", "options:n_rxq=2")
        assert column(switch, "interface", "null0", "status:driver_name") == "net_null"
        assert column(switch, "interface", "null0", "ofport") == "1"
        text = switch.appctl("dpctl/show")
        assert "null0 (dpdk: configured_rx_queues=2, configured_rxq_descriptors=" in text, text
        queues = switch.appctl("dpif-netdev/pmd-rxq-show")
        assert re.search(r"port: null0 +queue-id:  1 \(enabled\)", queues), queues
        switch.vsctl("set", "interface", "null0", "options:n_rxq=3")
        queues = switch.appctl("dpif-netdev/pmd-rxq-show")
        assert re.search(r"port: null0 +queue-id:  2 \(enabled\)", queues), queues
        assert column(switch, "interface", "null0", "ofport") == "1"
        for number, (options, error) in enumerate([
                (["options:dpdk-devargs=net_bogus0"],
                 '"Error attaching device \'net_bogus0\' to DPDK"'),
                (["options:dpdk-devargs=0000:99:00.0"],
                 '"Error attaching device \'0000:99:00.0\' to DPDK"'),
                ([], '"\'bad2\' is missing \'options:dpdk-devargs\'. The old \'dpdk<port_id>\' '
                     'names are not supported"')]):
            switch.vsctl("add-port", "br0", f"bad{number}", "--", "set", "interface",
                         f"bad{number}", "type=dpdk", *options, check=False)
            assert column(switch, "interface", f"bad{number}", "error") == error
            assert column(switch, "interface", f"bad{number}", "ofport") == "-1"
    finally:
        context.finish(lab)


def rings(context):
    """Frames go out to a ring and a file and come back from them, from thread to thread."""
    lab = start(context)
    switch = lab.switch
    use_two_threads(switch)
    try:
        left = lab.add("left", "02:00:00:00:00:01", "10.2.0.1/24")
        right = lab.add("right", "02:00:00:00:00:02", "10.2.0.2/24")
        for number, port in enumerate(("left", "right"), start=1):
            switch.vsctl("add-port", "br0", port, "--", "set", "interface", port,
                         f"ofport_request={number}")
        # What goes into a ring device comes out of it again.
        add(switch, "ring0", "net_ring0", port=3)
        add(switch, "ring1", "net_ring1", port=4)
        switch.ofctl("--bundle", "replace-flows", "br0", "-", text="""
            in_port=left,actions=ring0
            in_port=ring0,actions=right
            in_port=right,actions=ring1
            in_port=ring1,actions=left
        """)
        result = iperf(left, right, 1)()
        assert "error" not in result, result["error"]
        assert result["end"]["sum_received"]["bytes"] > 1_000_000
        pings = left.shell("ping", "-n", "-q", "-c", "20", "-i", "0.02", right.address)
        assert " 0% packet loss" in pings, pings
        # A file is written, then read back as a device, frame by frame.
        path = f"{lab.directory}/frames.pcap"
        add(switch, "file0", f"net_pcap0,tx_pcap={path}", port=5)
        switch.ofctl("add-flow", "br0", "in_port=ring0,actions=right,file0")
        left.shell("ping", "-n", "-q", "-c", "10", "-i", "0.02", right.address)
        sent = counters(switch, "file0")[1]
        assert sent >= 10, sent
        switch.vsctl("del-port", "file0")
        switch.ofctl("add-flow", "br0", "in_port=6,actions=drop")
        add(switch, "file1", f"net_pcap1,rx_pcap={path}", port=6)
        eventually(lambda: counters(switch, "file1")[0] >= sent,
                   f"{sent} frames were written, not all came back")
    finally:
        context.finish(lab)


def kernel_devices(context):
    """Stateful traffic between af_packet (two queues), pcap and af_xdp devices, on two threads."""
    lab = start(context)
    switch = lab.switch
    use_two_threads(switch)
    try:
        # DPDK hands checksums on as they are: the workloads' kernels must complete theirs.
        workloads = [
            lab.add(f"w{number}", f"02:00:00:00:00:0{number}", f"10.2.0.{number}/24",
                    f"fd02::{number}/64", offloads=False) for number in (1, 2, 3)]
        add(switch, "packet", "net_af_packet0,iface=w1,qpairs=2", "options:n_rxq=2", port=1)
        add(switch, "pcap", "net_pcap0,iface=w2", port=2)
        # Generic XDP: veth devices take no zero copy without a program at the other end.
        add(switch, "xdp", "net_af_xdp0,iface=w3", port=3)
        switch.ofctl("--bundle", "replace-flows", "br0", "-", text=STATEFUL)
        for source in workloads:
            for target in workloads:
                if source is not target:
                    eventually(lambda a=source, b=target: a.shell(
                        "ping", "-n", "-q", "-c1", "-W1", b.address),
                        f"no ping from {source.port} to {target.port}")
        for first, second in ((0, 1), (1, 2), (2, 0)):
            result = iperf(workloads[first], workloads[second], 1)()
            assert "error" not in result, result["error"]
            moved = result["end"]["sum_received"]["bytes"]
            assert moved > 1_000_000, f"{first + 1} to {second + 1}: {moved} bytes"
        listed = switch.appctl("dpctl/dump-conntrack", "zone=7")
        assert len(re.findall(r"^tcp,.*dport=5201\),reply=", listed, re.M)) == 6, listed
    finally:
        context.finish(lab)


def second_switch(lab, name):
    """One more switch with DPDK, in a directory below that of `lab` and in its namespace."""
    from lab.switch import Switch
    switch = Switch(lab.binary, f"{lab.directory}/{name}", lab.namespace)
    switch.start()
    add_dpdk(switch)
    switch.vsctl("add-br", "br0", "--", "set", "bridge", "br0", "datapath_type=netdev")
    return switch


def pair(context, connect):
    """A workload at each of two switches, and a link between them that `connect` makes."""
    lab = start(context)
    second = None
    try:
        second = second_switch(lab, "second")
        left = lab.add("left", "02:00:00:00:00:01", "10.2.0.1/24")
        right = lab.add("right", "02:00:00:00:00:02", "10.2.0.2/24")
        lab.switch.vsctl("add-port", "br0", "left")
        second.vsctl("add-port", "br0", "right")
        connect(lab.switch, second, lab.directory)
        for switch in (lab.switch, second):
            switch.ofctl("--bundle", "replace-flows", "br0", "-", text=STATEFUL)
        eventually(lambda: left.shell("ping", "-n", "-q", "-c1", "-W1", right.address),
                   "no ping from switch to switch")
        for words in ([], ["-R"]):
            result = iperf(left, right, 1, *words)()
            assert "error" not in result, result["error"]
            moved = result["end"]["sum_received"]["bytes"]
            assert moved > 1_000_000, f"{words}: {moved} bytes"
        return lab, second, left, right
    except BaseException:
        if second:
            second.stop()
        context.finish(lab)
        raise


def vhost(context):
    """dpdkvhostuserclient and dpdkvhostuser here, virtio-user there, as in a virtual machine."""
    def connect(first, second, directory):
        # The machine's side is the server: the switch connects, and again when it comes back.
        first.vsctl("add-port", "br0", "vm0", "--", "set", "interface", "vm0",
                    "type=dpdkvhostuserclient",
                    f"options:vhost-server-path={directory}/vm0.sock")
        assert column(first, "interface", "vm0", "status:status") == "disconnected"
        add(second, "nic0", f"net_virtio_user0,path={directory}/vm0.sock,server=1,queues=1")
        eventually(lambda: column(first, "interface", "vm0", "status:status") == "connected",
                   "vm0 does not connect")

    lab, second, left, right = pair(context, connect)
    try:
        # The machine goes and comes back.
        second.vsctl("del-port", "nic0")
        eventually(lambda: column(lab.switch, "interface", "vm0", "status:status")
                   == "disconnected", "vm0 stays connected")
        add(second, "nic0", f"net_virtio_user0,path={lab.directory}/vm0.sock,server=1,queues=1")
        eventually(lambda: left.shell("ping", "-n", "-q", "-c1", "-W1", right.address),
                   "no ping after the machine came back")
        # The other way round: the switch listens.
        second.vsctl("del-port", "nic0")
        lab.switch.vsctl("del-port", "vm0", "--", "add-port", "br0", "vm1", "--", "set",
                         "interface", "vm1", "type=dpdkvhostuser")
        assert os.path.exists(f"{lab.directory}/vm1")
        add(second, "nic1", f"net_virtio_user1,path={lab.directory}/vm1,queues=1")
        eventually(lambda: left.shell("ping", "-n", "-q", "-c1", "-W1", right.address),
                   "no ping through the socket that the switch made")
    finally:
        second.stop()
        context.finish(lab)


def shared_memory(context):
    """net_memif: a server at one switch, a client at the other."""
    def connect(first, second, directory):
        options = f"socket={directory}/memif.sock,socket-abstract=no"
        add(first, "mem0", f"net_memif0,role=server,id=0,{options}")
        add(second, "mem0", f"net_memif0,role=client,id=0,{options}")

    lab, second, _, _ = pair(context, connect)
    second.stop()
    context.finish(lab)


def idle(context):
    """A switch whose DPDK ports must be polled costs less than two percent of a core."""
    lab = start(context)
    try:
        add(lab.switch, "ring0", "net_ring0")
        add(lab.switch, "null0", "net_null0,no-rx=1")
        # Naps grow with the silence.
        time.sleep(4)
        check_idle(lab.switch)
    finally:
        context.finish(lab)
