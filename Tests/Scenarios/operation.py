"""ovs-ctl of the packages starts, restarts and stops the daemon in the place of ovs-vswitchd."""

import os
import re
import shutil
import signal
import time

from harness import Skipped, eventually
from lab import shell

OVS_CTL = "/usr/share/openvswitch/scripts/ovs-ctl"


def tests():
    """The tests of this file."""
    return [("operation: ovs-ctl starts, restarts and stops the daemon", ovs_ctl)]


class Installation:
    """Directories of an own, and the daemon first on PATH under the name that ovs-ctl looks for."""

    def __init__(self, lab, binary):
        self.lab = lab
        self.directory = f"{lab.directory}/installed"
        for name in ("bin", "run", "log", "db", "etc/openvswitch"):
            os.makedirs(f"{self.directory}/{name}")
        os.symlink(binary, f"{self.directory}/bin/ovs-vswitchd")
        self.environment = {
            "PATH": f"{self.directory}/bin:/usr/sbin:/usr/bin:/sbin:/bin",
            "OVS_RUNDIR": f"{self.directory}/run", "OVS_LOGDIR": f"{self.directory}/log",
            "OVS_DBDIR": f"{self.directory}/db", "OVS_SYSCONFDIR": f"{self.directory}/etc",
        }

    def run(self, *words, **options):
        """Runs a program in this installation."""
        return shell.run(*words, environment=self.environment, **options)

    def ctl(self, command, *options, **more):
        """Runs ovs-ctl; its daemons keep no pipe of ours."""
        output = f"{self.directory}/ctl.log"
        words = self.lab.namespace.words(OVS_CTL, "--no-record-hostname", *options, command)
        status = self.run("sh", "-c", 'out=$1; shift; "$@" >"$out" 2>&1; echo $?', "sh", output,
                          *words).strip()
        with open(output, encoding="utf-8") as file:
            text = file.read()
        assert status == more.get("status", "0"), f"ovs-ctl {command}: {status}: {text}"
        return text

    def pid(self):
        """The daemon's process."""
        with open(f"{self.directory}/run/ovs-vswitchd.pid", encoding="ascii") as file:
            return int(file.read())

    def end(self):
        """Stops what runs, whatever state it is in."""
        for number in (signal.SIGTERM, signal.SIGKILL):
            for process in self._processes():
                try:
                    os.kill(process, number)
                except ProcessLookupError:
                    pass
            time.sleep(0.3)

    def _processes(self):
        for entry in filter(str.isdigit, os.listdir("/proc")):
            try:
                with open(f"/proc/{entry}/cmdline", "rb") as file:
                    if self.directory.encode() in file.read() and int(entry) != os.getpid():
                        yield int(entry)
            except OSError:
                pass


def ovs_ctl(context):
    """start, status, version, restart with its flows, a crash under --monitor, stop."""
    if not os.path.exists(OVS_CTL):
        raise Skipped("no ovs-ctl")
    lab = context.laboratory()
    place = Installation(lab, context.binary)
    try:
        text = place.ctl("start", "--system-id=random")
        assert "Starting ovs-vswitchd" in text, text
        assert "is running with pid" in place.ctl("status")
        assert re.search(r"ovs-vswitchd \(Open vSwitch\) \d+\.\d+", place.ctl("version"))
        with open(f"/proc/{place.pid()}/cmdline", encoding="utf-8") as file:
            words = file.read().split("\0")
        assert {"--mlockall", "--monitor", "--detach", "--no-chdir"} <= set(words), words
        with open(f"/proc/{place.pid()}/status", encoding="ascii") as file:
            locked = int(re.search(r"VmLck:\s+(\d+)", file.read())[1])
        assert locked > 0, "nothing is locked in memory"
        place.run("ovs-vsctl", "--timeout=10", "add-br", "br0", "--", "set", "bridge", "br0",
                  "datapath_type=netdev", "--", "add-port", "br0", "i1", "--", "set", "interface",
                  "i1", "type=internal")
        assert place.run("ovs-vsctl", "get", "open_vswitch", ".", "ovs_version") == '"3.1.0"\n' \
            or context.binary.endswith("ovs-vswitchd")
        place.run("ovs-ofctl", "add-flow", "br0", "priority=77,ip,actions=drop")
        before = place.pid()
        text = place.ctl("restart", "--system-id=random")
        assert "Restoring saved flows" in text, text
        assert place.pid() != before
        assert "priority=77,ip actions=drop" in place.run("ovs-ofctl", "dump-flows", "br0")
        assert "i1" in place.run("ovs-vsctl", "list-ports", "br0")
        # A crash: the monitor starts another, under a new number.
        before = place.pid()
        os.kill(before, signal.SIGSEGV)
        eventually(lambda: place.pid() != before, "the monitor starts no other daemon")
        eventually(lambda: "br0" in place.run("ovs-appctl", "--timeout=5", "ofproto/list"),
                   "the bridge is not back")
        place.ctl("stop")
        assert "ovs-vswitchd is not running" in place.ctl("status", status="1")
        # Nobody removes the socket of one that crashed, here as there.
        here = set(os.listdir(f"{place.directory}/run")) - {f"ovs-vswitchd.{before}.ctl"}
        assert not [name for name in here if name.startswith("ovs-vswitchd")], here
    finally:
        place.end()
        context.finish(lab)
        shutil.rmtree(place.directory, ignore_errors=True)
