"""What scenario tests share: which daemons to run, and laboratories that are removed at the end."""

import os
import time

from lab.laboratory import Laboratory


class Skipped(Exception):
    """Why a test does not apply."""


class Context:
    """The daemon under test, its peer, and the laboratories that are open."""

    def __init__(self, binary, peer):
        self.binary = os.path.abspath(binary)
        self.peer = peer
        self.open = {}
        self.shared = {}
        self.endings = []
        self.count = 0

    def laboratory(self, binary=None, options=(), embedded=None):
        """A started laboratory; `finish` or `close` removes it."""
        self.count += 1
        lab = Laboratory(f"vdt{os.getpid() % 10000}x{self.count}", binary or self.binary, options,
                         embedded)
        self.open[lab.name] = lab
        lab.start()
        return lab

    def finish(self, lab):
        """Removes a laboratory."""
        self.open.pop(lab.name, None)
        lab.remove()

    def close(self):
        """Ends what tests asked to have ended, and removes all laboratories still open."""
        while self.endings:
            self.endings.pop()()
        for lab in list(self.open.values()):
            self.finish(lab)


def two_workloads(lab, flows=None, mtu=None):
    """A bridge with two workloads, `left` and `right`, and NORMAL or the given flows."""
    lab.switch.vsctl("add-br", "br0", "--", "set", "bridge", "br0", "datapath_type=netdev")
    left = lab.add("left", "02:00:00:00:00:01", "10.2.0.1/24", "fd02::1/64")
    right = lab.add("right", "02:00:00:00:00:02", "10.2.0.2/24", "fd02::2/64")
    for number, workload in enumerate((left, right), start=1):
        lab.switch.vsctl("add-port", "br0", workload.port, "--", "set", "interface",
                         workload.port, f"ofport_request={number}")
    if flows:
        lab.switch.ofctl("--bundle", "replace-flows", "br0", "-", text=flows)
    eventually(lambda: left.shell("ping", "-n", "-c1", "-W1", right.address), "no first ping")
    return left, right


def eventually(condition, message, seconds=10):
    """The first true value of `condition`, which may raise until then; fails after some seconds."""
    deadline = time.monotonic() + seconds
    last = None
    while time.monotonic() < deadline:
        try:
            value = condition()
            if value:
                return value
        except Exception as error:  # shown if it never comes true
            last = error
        time.sleep(0.1)
    raise AssertionError(f"{message} within {seconds} s" + (f": {last}" if last else ""))
