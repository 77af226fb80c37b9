"""The two switches, started alike: own namespace, run directory and database; one bridge with the
two ports of the traffic device; a poll thread on CPU 1, everything else on CPU 0."""

import os
import shutil
import signal
import time

from lab.namespace import Namespace
from lab.shell import CommandFailed, run
from lab.switch import Switch

import traffic

PEER_PROGRAM = "/usr/lib/openvswitch-switch-dpdk/ovs-vswitchd-dpdk"
# Open vSwitch's caches: its defaults, and what is best where there are many connections. Which of
# them is faster in a case, the bench finds out before it measures.
TUNINGS = {
    "emc": {"emc-insert-inv-prob": "100", "smc-enable": "false"},
    "smc": {"emc-insert-inv-prob": "0", "smc-enable": "true"},
    "emc+smc": {"emc-insert-inv-prob": "100", "smc-enable": "true"},
}
# Two switches, and a machine for each.
HUGEPAGES_TWO = 1650 + 2 * 150
BRIDGE = "br0"


class Contestant:
    """One switch under test, with its traffic."""

    def __init__(self, label, program, directory, plugin, is_peer):
        self.label = label
        self.is_peer = is_peer
        self.plugin = plugin
        self.directory = directory
        shutil.rmtree(directory, ignore_errors=True)
        os.makedirs(directory, mode=0o755)
        link = f"{directory}/ovs-vswitchd"
        os.symlink(program, link)
        self.namespace = Namespace(f"bench-{os.getpid()}-{label}")
        self.switch = Switch(link, directory, self.namespace, embedded=False)
        # Vedette's program bears the peer's name here, too.
        self.switch.is_peer = is_peer
        self.traffic = None
        self.shape = {}  # of the traffic
        self.process = None
        self.is_stopped = False

    # Starting and ending

    def start(self, cpu_mask="0x2", queues=1, memory=1024):
        """Starts the daemon and opens both ports. `memory`: MB of hugepages."""
        self.traffic = traffic.Traffic(f"{self.directory}/traffic")
        self.traffic.config.queues = queues
        self.start_daemon(cpu_mask, memory)
        for side in range(2):
            # Most connections of `new` are never answered: Vedette's default budget of such
            # would be what is measured.
            self.add_port(f"side{side}", "type=dpdk",
                          f'options:dpdk-devargs="{self.traffic.devargs(side)}"',
                          f"ofport_request={side + 1}", f"options:n_rxq={queues}",
                          "other_config:max-half-open-connections=0")
        self._wait_for_polls()
        self.place_threads()

    def start_daemon(self, cpu_mask="0x2", memory=1024, **more):
        """Starts the daemon with DPDK and a bridge without ports. `more`: further settings."""
        self.namespace.create()
        self.switch.start_database()
        self.switch.vsctl("--no-wait", "init")
        # Timeout policies hang on a row of the datapath.
        self.switch.vsctl("--no-wait", "--", "--id=@dp", "create", "Datapath",
                          "datapath_version=0", "--", "set", "Open_vSwitch", ".",
                          "datapaths:netdev=@dp")
        settings = {
            "dpdk-init": "true", "dpdk-lcore-mask": "0x1", "pmd-cpu-mask": cpu_mask,
            "dpdk-socket-mem": str(memory),
            "dpdk-extra": f"--no-pci --in-memory --no-telemetry -d {self.plugin}",
        }
        self._configure(dict(settings, **more), "--no-wait")
        # The daemon may use every CPU, so that it pins its poll threads as it is told.
        os.sched_setaffinity(0, range(os.cpu_count()))
        try:
            self.switch.start_daemon()
        finally:
            os.sched_setaffinity(0, {0})
        self.process = self.switch.pid("ovs-vswitchd")
        self.switch.vsctl("add-br", BRIDGE, "--", "set", "bridge", BRIDGE,
                          "datapath_type=netdev", "fail_mode=secure")
        self.limit_connections()

    def add_port(self, name, *settings):
        """Adds a port to the bridge; raises when it cannot be opened."""
        self.switch.vsctl("add-port", BRIDGE, name, "--", "set", "interface", name, *settings)
        error = self.switch.vsctl("get", "interface", name, "error").strip()
        if error not in ("[]", '""'):
            raise CommandFailed([self.label, "add-port"], "none", error)

    def limit_connections(self):
        """Asks for room for six million connections; keeps what the switch said otherwise."""
        self.remark = ""
        try:
            self.switch.appctl("dpctl/ct-set-maxconns", "6000000")
        except CommandFailed as failure:
            self.remark = failure.output.strip()

    def _wait_for_polls(self):
        deadline = time.monotonic() + 10
        while time.monotonic() < deadline:
            if all(self.traffic.counters[side][0].polls > 10 for side in range(2)):
                return
            time.sleep(0.05)
        raise CommandFailed([self.label], "none", "the ports are not polled")

    def poll_threads(self):
        """The thread ids of the poll threads."""
        for entry in os.listdir(f"/proc/{self.process}/task"):
            try:
                with open(f"/proc/{self.process}/task/{entry}/comm", encoding="ascii") as file:
                    if file.read().startswith("pmd-"):
                        yield int(entry)
            except OSError:
                pass

    def place_threads(self):
        """Poll threads first; the rest of the process on CPU 0, beside the runner."""
        polling = set(self.poll_threads())
        for thread in polling:
            os.setpriority(os.PRIO_PROCESS, thread, -20)
        for entry in os.listdir(f"/proc/{self.process}/task"):
            if int(entry) not in polling:
                try:
                    os.sched_setaffinity(int(entry), {0})
                except ProcessLookupError:
                    pass

    def stop(self):
        """Ends everything this contestant started."""
        self.resume()
        self.switch.stop()
        self.namespace.delete()

    # Taking turns

    def pause(self):
        """Stops the process until `resume`."""
        if self.process and not self.is_stopped:
            try:
                os.kill(self.process, signal.SIGSTOP)
            except ProcessLookupError:
                raise CommandFailed([self.label], "none", f"it died: {self.last_words()}") from None
            self.is_stopped = True

    def resume(self):
        """Lets the process go on."""
        if self.process and self.is_stopped:
            if self.traffic is not None:
                self.traffic.continued()
            try:
                os.kill(self.process, signal.SIGCONT)
            except ProcessLookupError:
                pass
            self.is_stopped = False

    def lives(self):
        """Whether the daemon that was started still runs."""
        return self.process is not None and os.path.exists(f"/proc/{self.process}")

    def last_words(self):
        """The end of the daemon's log."""
        try:
            with open(f"{self.directory}/ovs-vswitchd.log", encoding="utf-8") as file:
                return " | ".join(file.read().splitlines()[-3:])
        except OSError:
            return ""

    # Commands

    def _configure(self, settings, *options):
        words = [f'other_config:{name}="{value}"' for name, value in settings.items()]
        self.switch.vsctl(*options, "set", "Open_vSwitch", ".", *words)

    def tune(self, name):
        """Sets Open vSwitch's caches; Vedette has none."""
        if self.is_peer:
            self._configure(TUNINGS[name])

    def load_rules(self, lines):
        """Replaces all rules."""
        path = f"{self.directory}/rules"
        with open(path, "w", encoding="ascii") as file:
            file.write("\n".join(lines) + "\n")
        self.switch.ofctl("-O", "OpenFlow14", "--bundle", "replace-flows", BRIDGE, path)
        return path

    def set_timeouts(self, zones, **seconds):
        """Sets a timeout policy for each zone, replacing what there was."""
        words = [f"{name}={value}" for name, value in seconds.items()]
        for zone in zones:
            self.switch.vsctl("--if-exists", "del-zone-tp", "netdev", f"zone={zone}")
            self.switch.vsctl("add-zone-tp", "netdev", f"zone={zone}", *words)

    def connections(self):
        """How many connections the switch tracks."""
        text = self.switch.appctl("dpctl/ct-get-nconns", check=False).strip()
        return int(text) if text.isdigit() else None

    def resident_bytes(self):
        """Resident memory without hugepages."""
        with open(f"/proc/{self.process}/status", encoding="ascii") as file:
            for line in file:
                if line.startswith("VmRSS:"):
                    return int(line.split()[1]) * 1024
        return 0

    def cpu_seconds(self):
        """User and system time of the process so far."""
        with open(f"/proc/{self.process}/stat", encoding="ascii") as file:
            fields = file.read().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def stop_all(contestants):
    """Ends every one of them, whatever becomes of the others."""
    failures = []
    for contestant in contestants:
        try:
            contestant.stop()
        except Exception as failure:  # the others must be ended, too
            failures.append(failure)
    if failures:
        raise failures[0]


class Hugepages:
    """Reserves 2 MB hugepages and gives back what was not there before."""

    PATH = "/proc/sys/vm/nr_hugepages"

    def __init__(self):
        self.before = self._read()

    def _read(self):
        with open(self.PATH, encoding="ascii") as file:
            return int(file.read())

    def reserve(self, count):
        """Makes sure of `count` pages; raises when memory is short."""
        if self._read() >= count:
            return
        self._write(count)
        if self._read() < count:
            run("sh", "-c", "echo 1 > /proc/sys/vm/compact_memory")
            self._write(count)
        if self._read() < count:
            raise CommandFailed(["hugepages"], "none",
                                f"{count} pages of 2 MB are needed, {self._read()} could be had")

    def restore(self):
        """As it was before."""
        self._write(self.before)

    def _write(self, count):
        with open(self.PATH, "w", encoding="ascii") as file:
            file.write(str(count))
