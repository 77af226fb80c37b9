"""One switch under test: its run directory, its ovsdb-server, its ovs-vswitchd, and the ways to
talk to it.  Open vSwitch and Vedette are started with the same command line; where they differ
(how to know that a packet has been dealt with), `Settling` says so.
"""

import os
import shutil
import signal
import struct
import subprocess
import tempfile
import time

from openflow import OpenFlowChannel
from unixctl import Unixctl, UnixctlError

BRIDGE = "br0"
PORTS = [f"p{number}" for number in range(1, 6)]
PCAP_HEADER_LENGTH = 24


class DaemonError(Exception):
    """The daemon did not start, died, or stopped answering."""


class Capture:
    """What a port has sent: its `tx_pcap` file, read as it grows."""

    def __init__(self, path):
        self.path = path
        self.file = None
        self.pending = b""
        self.header_left = PCAP_HEADER_LENGTH

    def take(self):
        """The frames written since the last call, oldest first."""
        if self.file is None:
            if not os.path.exists(self.path):
                return []
            self.file = open(self.path, "rb", buffering=0)
        self.pending += self.file.read()
        if self.header_left:
            if len(self.pending) < self.header_left:
                return []
            self.pending = self.pending[self.header_left:]
            self.header_left = 0
        frames = []
        while len(self.pending) >= 16:
            length = struct.unpack_from("<I", self.pending, 8)[0]
            if len(self.pending) < 16 + length:
                break
            frames.append(self.pending[16:16 + length])
            self.pending = self.pending[16 + length:]
        return frames

    def close(self):
        if self.file is not None:
            self.file.close()


class Daemon:
    """A running switch."""

    def __init__(self, executable, keep=False, wrapper=()):
        self.executable = executable
        self.keep = keep
        self.wrapper = list(wrapper)
        self.directory = tempfile.mkdtemp(prefix="differential-")
        self.processes = []
        self.captures = {}
        self.channels = {}
        self.bridge_number = 0
        version = subprocess.run([executable, "--version"], capture_output=True, text=True)
        self.version = (version.stdout.splitlines() or ["unknown"])[0]
        self.is_reference = "Open vSwitch" in self.version and "edette" not in version.stdout
        self.environment = dict(
            os.environ, OVS_RUNDIR=self.directory, OVS_LOGDIR=self.directory,
            OVS_DBDIR=self.directory, OVS_SYSCONFDIR=self.directory)

    # Starting and stopping.

    def path(self, name):
        return os.path.join(self.directory, name)

    def start(self):
        schema = next(
            path for path in ("/usr/share/openvswitch/vswitch.ovsschema",
                              "/usr/local/share/openvswitch/vswitch.ovsschema")
            if os.path.exists(path))
        self.run(["ovsdb-tool", "create", self.path("conf.db"), schema])
        self.spawn("ovsdb-server", [
            "ovsdb-server", self.path("conf.db"), "--no-chdir",
            "--remote=punix:" + self.path("db.sock"), "--pidfile",
            "--unixctl=" + self.path("ovsdb.ctl"),
            "--log-file=" + self.path("ovsdb-server.log")])
        self.wait_for(lambda: os.path.exists(self.path("db.sock")), "ovsdb-server's socket")
        self.vsctl("--no-wait", "init")
        self.vsctl("--no-wait", "set", "Open_vSwitch", ".", "other_config:pmd-cpu-mask=0x1",
                   "other_config:vlan-limit=0")
        control = self.path("ovs-vswitchd.ctl")
        process = self.spawn("ovs-vswitchd", self.wrapper + [
            self.executable, "unix:" + self.path("db.sock"), "--no-chdir",
            "--pidfile=" + self.path("ovs-vswitchd.pid"), "--unixctl=" + control,
            "--log-file=" + self.path("ovs-vswitchd.log"), "-vconsole:off", "-vfile:info",
            "--enable-dummy=override", "--disable-system"])
        self.switch = process
        self.wait_for(lambda: self.connect(control), "control socket")
        if not self.is_reference:
            self.make_mark_bridge()
            self.unixctl.call("vedette/self-check-set", "3")

    def spawn(self, name, command):
        with open(self.path(name + ".out"), "ab") as output:
            process = subprocess.Popen(
                command, stdout=output, stderr=output, stdin=subprocess.DEVNULL,
                env=self.environment, cwd=self.directory)
        self.processes.append(process)
        return process

    def connect(self, control):
        """Whether the control socket is there and takes connections."""
        try:
            self.unixctl = Unixctl(control)
        except OSError:
            return False
        return True

    def wait_for(self, condition, what, seconds=30):
        deadline = time.monotonic() + seconds
        while not condition():
            if any(process.poll() is not None for process in self.processes):
                raise DaemonError(f"a daemon ended while waiting for {what}: {self.last_words()}")
            if time.monotonic() > deadline:
                raise DaemonError(f"no {what} after {seconds} s: {self.last_words()}")
            time.sleep(0.005)

    def last_words(self):
        words = []
        for name in ("ovsdb-server.out", "ovs-vswitchd.out", "ovs-vswitchd.log"):
            try:
                with open(self.path(name), errors="replace") as file:
                    words += [f"  {name}: {line.rstrip()}" for line in file.readlines()[-12:]]
            except OSError:
                pass
        return "\n" + "\n".join(words)

    def is_alive(self):
        return all(process.poll() is None for process in self.processes)

    def ending(self):
        """How the switch ended, once it has had a moment to do so; None if it still runs."""
        try:
            return self.switch.wait(2)
        except subprocess.TimeoutExpired:
            return None

    def stop(self):
        """Ends both processes; removes the directory unless something died."""
        for channel in self.channels.values():
            channel.close()
        for capture in self.captures.values():
            capture.close()
        for process in reversed(self.processes):
            if process.poll() is None:
                process.send_signal(signal.SIGTERM)
                try:
                    process.wait(5)
                except subprocess.TimeoutExpired:
                    process.kill()
                    process.wait()
        died = any(process.returncode not in (0, -signal.SIGTERM) for process in self.processes)
        if not (self.keep or died):
            shutil.rmtree(self.directory, ignore_errors=True)

    # Tools.

    def run(self, command, check=True, stdin=None):
        done = subprocess.run(command, env=self.environment, capture_output=True, text=True,
                              input=stdin, timeout=60)
        if check and done.returncode:
            raise DaemonError(f"{' '.join(command)}: {done.stderr.strip()}")
        return done.stdout if check else done

    def vsctl(self, *arguments):
        return self.run(["ovs-vsctl", "--timeout=20", "--db=unix:" + self.path("db.sock"),
                         *arguments])

    def ofctl(self, *arguments, version="OpenFlow15", bridge=BRIDGE):
        command, *rest = arguments
        return self.run(["ovs-ofctl", "--timeout=20", "-O", version, "--no-names", command,
                         "unix:" + self.path(bridge + ".mgmt"), *rest])

    def appctl(self, *arguments):
        """Runs a unixctl command; an error of the command is returned as text."""
        try:
            return self.unixctl.call(*arguments)
        except UnixctlError as error:
            return f"error: {error}"

    def channel(self, version):
        """The OpenFlow connection that speaks `version` (1 to 6)."""
        if version not in self.channels:
            self.channels[version] = OpenFlowChannel(self.path(BRIDGE + ".mgmt"), version)
        return self.channels[version]

    # Bridges.

    def make_bridge(self, settings):
        """Makes a new `br0` with all ports; `settings` maps a port to ovs-vsctl settings."""
        self.bridge_number += 1
        command = ["--", "add-br", BRIDGE, "--", "set", "bridge", BRIDGE, "datapath_type=netdev",
                   "fail-mode=secure", "other_config:hwaddr=aa:55:aa:55:00:00",
                   "other_config:datapath-id=0000aa55aa550000"]
        self.captures = {}
        for number, port in enumerate(PORTS, start=1):
            path = self.path(f"{port}-{self.bridge_number}.pcap")
            self.captures[port] = Capture(path)
            command += ["--", "add-port", BRIDGE, port, *settings.get(port, []), "--", "set",
                        "interface", port, "type=dummy", f"ofport_request={number}",
                        "options:tx_pcap=" + path, f"mac=\"aa:55:aa:55:00:0{number}\""]
        self.vsctl(*command)
        if self.is_reference:
            self.unixctl.call("revalidator/pause")
        self.unixctl.call("time/stop")
        self.settle()
        self.take_frames()

    def remove_bridge(self):
        for channel in self.channels.values():
            channel.close()
        self.channels = {}
        for capture in self.captures.values():
            capture.close()
        if self.is_reference:
            self.unixctl.call("revalidator/resume")
        self.vsctl("--if-exists", "del-br", BRIDGE)
        for capture in self.captures.values():
            if os.path.exists(capture.path):
                os.unlink(capture.path)
        self.captures = {}

    def make_mark_bridge(self):
        """A bridge that tells when a poll thread has come round."""
        path = self.path("mark.pcap")
        self.mark = Capture(path)
        self.vsctl("--", "add-br", "mark", "--", "set", "bridge", "mark", "datapath_type=netdev",
                   "fail-mode=secure", "other_config:hwaddr=aa:55:aa:55:01:00",
                   "--", "add-port", "mark", "m1", "--", "set", "interface", "m1", "type=dummy",
                   "ofport_request=1", "--", "add-port", "mark", "m2", "--", "set", "interface",
                   "m2", "type=dummy", "ofport_request=2", "options:tx_pcap=" + path)
        self.ofctl("add-flow", "in_port=1,actions=2", bridge="mark")

    def self_check(self):
        """What the pipeline says of the packets that records served: nothing where all is well."""
        if self.is_reference:
            return []
        lines = self.unixctl.call("vedette/self-check-show").splitlines()
        return [] if lines[0].endswith(" failed:0") else lines[1:]

    # Time and traffic.

    def warp(self, milliseconds):
        """Lets time pass on the switch's clock, and what is due then happen."""
        self.unixctl.call("time/warp", str(milliseconds))
        if self.is_reference:
            # Rules expire after a round of the revalidators, which otherwise rest.
            self.unixctl.call("revalidator/resume")
            self.unixctl.call("revalidator/wait")
            self.unixctl.call("revalidator/pause")
        self.settle()

    def receive(self, port, frame):
        """Hands a frame to a port and returns when the switch has dealt with it."""
        answer = self.appctl("netdev-dummy/receive", port, frame.hex())
        self.settle()
        return answer

    def settle(self):
        """Returns when all that was received has been judged, sent and accounted for."""
        self.channel(6)
        if self.is_reference:
            # The main loop polls dummy ports before it reads OpenFlow; a purge sums up counters.
            self.echo()
            self.appctl("revalidator/purge")
            self.echo()
            return
        for _ in range(2):
            self.pass_mark()
        # A command takes in the events that wait; what comes of them goes out before the echo.
        for _ in range(2):
            self.appctl("ofproto/list")
            self.echo()

    def echo(self):
        """Goes to the switch and back on each connection, and so reads what it had to say."""
        for channel in self.channels.values():
            channel.echo()

    def settle_removals(self):
        """Waits for flow-removed messages that are still to come."""
        for _ in range(3 if self.is_reference else 12):
            time.sleep(0.01)
            self.echo()

    def pass_mark(self):
        self.unixctl.call("netdev-dummy/receive", "m1", "02" + "00" * 62)
        deadline = time.monotonic() + 5
        while not self.mark.take():
            if time.monotonic() > deadline or not self.is_alive():
                raise DaemonError("the mark packet did not pass" + self.last_words())
            time.sleep(0.0001)

    def take_frames(self):
        """What each port has sent since the last call."""
        return {port: frames for port, capture in self.captures.items()
                if (frames := capture.take())}
