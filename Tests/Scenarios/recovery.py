"""Ends and new beginnings: the daemon killed, the demo killed, and what must not stay behind."""

import os
import re
import signal
import subprocess
import sys
import time

from harness import Skipped, eventually, two_workloads
from lab import laboratory
from lab.shell import run, succeeds

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))


def tests():
    """The tests of this file."""
    return [
        ("recovery: killed and started again", killed),
        ("recovery: stopped and started again", stopped),
        ("recovery: starts where a killed one left its files", leftovers),
        ("recovery: files in the run directory", files),
        ("recovery: command lines", command_lines),
        ("recovery: the demo removes everything when interrupted", demo_interrupted),
    ]


def killed(context):
    """After kill -9 at a bad moment the daemon starts again, and the database's bridge works."""
    lab = context.laboratory(embedded=False)
    try:
        left, right = two_workloads(lab)
        for delay in (0.0, 0.05, 0.3):
            # In the middle of a change.
            change = subprocess.Popen(
                ["ovs-vsctl", "--no-wait", "add-port", "br0", f"in{int(delay * 100)}", "--", "set",
                 "interface", f"in{int(delay * 100)}", "type=internal"],
                env=dict(os.environ, **lab.switch.environment))
            time.sleep(delay)
            lab.switch.kill()
            change.wait()
            lab.switch.start_daemon()
            eventually(lambda: left.shell("ping", "-n", "-c1", "-W1", right.address),
                       "no ping after a kill")
        devices = lab.namespace.shell("ip", "-o", "link")
        assert devices.count(" br0:") == 1, devices
        lab.switch.vsctl("del-br", "br0")
        eventually(lambda: " br0:" not in lab.namespace.shell("ip", "-o", "link"),
                   "br0 is still there")
    finally:
        context.finish(lab)


def stopped(context):
    """A polite end removes pid file and sockets; a new start finds the bridge in the database."""
    lab = context.laboratory(embedded=False)
    try:
        left, right = two_workloads(lab)
        lab.switch.appctl("exit")
        eventually(lambda: not lab.switch.pid("ovs-vswitchd"), "the daemon did not end")
        here = os.listdir(lab.directory)
        assert "ovs-vswitchd.pid" not in here, here
        assert not [name for name in here if re.match(r"ovs-vswitchd\.\d+\.ctl", name)], here
        lab.switch.start_daemon()
        eventually(lambda: left.shell("ping", "-n", "-c1", "-W1", right.address),
                   "no ping after a restart")
    finally:
        context.finish(lab)


def leftovers(context):
    """Stale pid file and sockets of a killed daemon do not keep the next from starting."""
    lab = context.laboratory()
    try:
        lab.switch.vsctl("add-br", "br0", "--", "set", "bridge", "br0", "datapath_type=netdev")
        lab.switch.kill()
        lab.switch.stop_database()
        assert os.path.exists(f"{lab.directory}/ovs-vswitchd.pid")
        if lab.switch.is_peer:
            lab.switch.start_database()
        lab.switch.start_daemon()
        lab.switch.vsctl("--may-exist", "add-br", "br0", "--", "set", "bridge", "br0",
                         "datapath_type=netdev")
        assert "br0" in lab.switch.appctl("ofproto/list")
    finally:
        context.finish(lab)


def files(context):
    """The files that tools expect: pid file, control socket, one pair of sockets a bridge."""
    lab = context.laboratory()
    try:
        lab.switch.vsctl("add-br", "br0", "--", "set", "bridge", "br0", "datapath_type=netdev")
        process = lab.switch.pid("ovs-vswitchd")
        expected = {"ovs-vswitchd.pid", f"ovs-vswitchd.{process}.ctl", "br0.mgmt", "br0.snoop",
                    "db.sock", "ovs-vswitchd.log"}
        here = set(os.listdir(lab.directory))
        assert expected <= here, f"missing: {expected - here}"
        lab.switch.vsctl("del-br", "br0")
        eventually(lambda: "br0.mgmt" not in os.listdir(lab.directory), "br0.mgmt stays")
    finally:
        context.finish(lab)


def command_lines(context):
    """The options of ovs-vswitchd that start-up scripts use are understood."""
    text = run(context.binary, "--version")
    assert re.match(r"ovs-vswitchd \(Open vSwitch\) \d+\.\d+", text), text
    assert "usage" in run(context.binary, "--help").lower()
    assert not succeeds(context.binary, "--no-such-option")
    lab = context.laboratory(options=["--mlockall", "-vfile:info", "--monitor"])
    try:
        assert "Open vSwitch" in lab.switch.appctl("version")
    finally:
        context.finish(lab)


def demo_interrupted(context):
    """Ctrl-C, TERM and KILL amid the demo: nothing stays, or the next run removes it."""
    state = laboratory.read_state("vd")
    if state is not None and (state["kept"] or laboratory.is_in_use(state)):
        raise Skipped("a demo is up")
    words = [sys.executable, os.path.join(ROOT, "tools/demo/demo.py"), "--binary", context.binary]
    for number, delay in ((signal.SIGINT, 0.4), (signal.SIGTERM, 2.5), (signal.SIGKILL, 2.5)):
        demo = subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                stderr=subprocess.DEVNULL)
        time.sleep(delay)
        demo.send_signal(number)
        demo.wait(timeout=30)
        if number == signal.SIGKILL:
            assert remains(), "the demo was killed before it made anything"
            run(*words[:2], "--down")
        assert not remains(), f"after signal {number}: {remains()}"


def remains():
    """What of a demo is on this machine."""
    here = [f"namespace {name}" for name in os.listdir("/run/netns") if name.startswith("vd-")]
    return here + [name for name in os.listdir("/run") if name.startswith("vd-")]
