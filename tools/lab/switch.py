"""A running switch: the daemon under test, or the installed Open vSwitch, in a directory of its own.

Both take the same commands afterwards; only starting differs. Open vSwitch gets an ovsdb-server
beside it; Vedette starts its own child with `--embedded-db`, unless told to use one beside it.
"""

import os
import signal
import time

from lab.shell import CommandFailed, run, succeeds

PEER = "ovs-vswitchd"


class Switch:
    """A daemon with its database, run directory and, if given, network namespace."""

    def __init__(self, binary, directory, namespace=None, options=(), embedded=None):
        self.binary = binary
        self.directory = directory
        self.namespace = namespace
        self.options = list(options)
        self.is_peer = os.path.basename(binary) == PEER
        self.embedded = (not self.is_peer) if embedded is None else embedded
        self.environment = {
            "OVS_RUNDIR": directory, "OVS_LOGDIR": directory, "OVS_DBDIR": directory,
            "OVS_SYSCONFDIR": directory,
        }

    # Starting and ending

    def start(self):
        """Starts database and daemon; returns when the daemon answers."""
        os.makedirs(self.directory, mode=0o755, exist_ok=True)
        if not self.embedded:
            self.start_database()
        self.start_daemon()
        if not self.embedded:
            self.vsctl("--no-wait", "init")

    def start_database(self):
        """Starts an ovsdb-server beside the daemon, with a fresh database if there is none."""
        database = f"{self.directory}/conf.db"
        if not os.path.exists(database):
            run("ovsdb-tool", "create", database, "/usr/share/openvswitch/vswitch.ovsschema",
                environment=self.environment)
        run("ovsdb-server", database, f"--remote=punix:{self.directory}/db.sock",
            f"--pidfile={self.directory}/ovsdb-server.pid", "--detach", "--no-chdir",
            f"--unixctl={self.directory}/ovsdb-server.ctl",
            f"--log-file={self.directory}/ovsdb-server.log", "-vconsole:off",
            environment=self.environment)

    def start_daemon(self):
        """Starts the daemon and waits until it answers on its control socket."""
        words = [self.binary, "--pidfile", "--detach", "--no-chdir",
                 f"--log-file={self.directory}/ovs-vswitchd.log", "-vconsole:off", "-vsyslog:off",
                 *self.options]
        if self.is_peer and "--disable-system" not in words:
            words.append("--disable-system")
        if self.embedded:
            words.append("--embedded-db")
        if self.namespace is not None:
            words = self.namespace.words(*words)
        try:
            run(*words, environment=self.environment)
        except CommandFailed as failure:
            text = failure.output + self._tail("ovs-vswitchd.log")
            raise CommandFailed(words, failure.status, text) from None
        deadline = time.monotonic() + 20
        while not succeeds("ovs-appctl", "version", environment=self.environment):
            if time.monotonic() > deadline:
                raise CommandFailed(words, "none", self._tail("ovs-vswitchd.log"))
            time.sleep(0.05)

    def stop(self):
        """Ends the daemon and its database, waiting for both."""
        self.stop_daemon()
        self.stop_database()
        for process in self._strays():
            self.end(process, signal.SIGKILL)

    def _strays(self):
        """Daemons of this directory that have no pid file: killed or interrupted at their start."""
        programs = {PEER, os.path.basename(self.binary), "ovsdb-server", "ovsdb-tool"}
        for entry in filter(str.isdigit, os.listdir("/proc")):
            try:
                with open(f"/proc/{entry}/cmdline", "rb") as file:
                    words = os.fsdecode(file.read()).split("\0")
            except OSError:
                continue
            is_ours = any(os.path.basename(word) in programs for word in words[:3])
            if is_ours and any(self.directory in word for word in words):
                yield int(entry)

    def stop_daemon(self):
        """Asks the daemon to end, then makes it."""
        process = self.pid("ovs-vswitchd")
        if process:
            run("timeout", "10", "ovs-appctl", "exit", "--cleanup", check=False,
                environment=self.environment)
            self.end(process, signal.SIGTERM)

    def stop_database(self):
        """Ends the database server."""
        process = self.pid("ovsdb-server")
        if process:
            self.end(process, signal.SIGTERM)

    def kill(self):
        """Ends the daemon as a crash would."""
        process = self.pid("ovs-vswitchd")
        if process:
            self.end(process, signal.SIGKILL)

    def pid(self, program):
        """The process id in a pid file, if that process lives and was started for this directory."""
        try:
            with open(f"{self.directory}/{program}.pid", encoding="ascii") as file:
                process = int(file.read().strip())
            with open(f"/proc/{process}/cmdline", encoding="utf-8", errors="replace") as file:
                return process if self.directory in file.read() else None
        except (OSError, ValueError):
            return None

    @staticmethod
    def end(process, number):
        """Sends a signal and waits for the end; after five seconds, no longer asks."""
        try:
            os.kill(process, number)
            deadline = time.monotonic() + 5
            while _lives(process):
                if time.monotonic() > deadline:
                    os.kill(process, signal.SIGKILL)
                time.sleep(0.02)
        except ProcessLookupError:
            pass

    # Commands

    def vsctl(self, *words, **options):
        """Runs ovs-vsctl."""
        return run("ovs-vsctl", "--timeout=20", *words, environment=self.environment, **options)

    def ofctl(self, *words, **options):
        """Runs ovs-ofctl."""
        return run("ovs-ofctl", "--timeout=60", *words, environment=self.environment, **options)

    def appctl(self, *words, **options):
        """Runs ovs-appctl."""
        return run("ovs-appctl", "--timeout=20", *words, environment=self.environment, **options)

    def settle(self):
        """Waits until counters include all packets so far."""
        self.appctl("revalidator/wait", check=False)

    def _tail(self, *names):
        lines = []
        for name in names:
            try:
                with open(f"{self.directory}/{name}", encoding="utf-8", errors="replace") as file:
                    lines += file.read().splitlines()[-15:]
            except OSError:
                pass
        return "\n".join(lines)


def _lives(process):
    """Whether the process is there and not merely waiting to be reaped."""
    try:
        with open(f"/proc/{process}/stat", encoding="ascii", errors="replace") as file:
            return file.read().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False
