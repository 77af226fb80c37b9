"""A virtual machine as the source: the traffic device runs in a process of its own on CPU 0, and
reaches the switch through two vhost-user ports, as a machine with two virtio network cards does."""

import os
import signal
import subprocess
import time

import traffic
from lab.shell import CommandFailed
from switches import Contestant

# What a machine's own rings hold must fit between a flow's first packet and its answer.
PASS_RATE = 200_000


class Guested(Contestant):
    """One switch under test with its machine. They are stopped, and go on, together."""

    # Beside the plug-in that every switch loads.
    GUEST = "guest"

    def __init__(self, *words):
        super().__init__(*words)
        self.guest = None

    def start(self, cpu_mask="0x2", queues=1, memory=1024):
        """Starts the machine and the daemon, and opens both ports."""
        self.traffic = traffic.Traffic(f"{self.directory}/traffic")
        self._start_guest()
        self.start_daemon(cpu_mask, memory)
        for side in range(2):
            self.add_port(f"side{side}", "type=dpdkvhostuserclient",
                          f"ofport_request={side + 1}",
                          f"options:vhost-server-path={self._socket(side)}")
        self._wait_for_polls()
        self._wait_for_links()
        self.place_threads()

    def _socket(self, side):
        return f"{self.directory}/machine{side}.sock"

    def _start_guest(self):
        program = os.path.join(os.path.dirname(self.plugin), self.GUEST)
        # What else is on its CPU has little to do, and does that first.
        words = ["nice", "--adjustment=10", program, "-l", "0", "-m", "256", "--no-pci",
                 "--in-memory", "--single-file-segments", "--no-telemetry", "-d", self.plugin]
        for side in range(2):
            words += ["--vdev", self.traffic.devargs(side), "--vdev",
                      f"net_virtio_user{side},path={self._socket(side)},server=1,queues=1,"
                      "queue_size=1024"]
        with open(f"{self.directory}/guest.log", "w", encoding="utf-8") as log:
            self.guest = subprocess.Popen(
                words, stdout=log, stderr=log, stdin=subprocess.DEVNULL)

    def _wait_for_links(self):
        deadline = time.monotonic() + 10
        while time.monotonic() < deadline:
            states = [self.switch.vsctl("get", "interface", f"side{side}", "link_state").strip()
                      for side in range(2)]
            if states == ["up", "up"]:
                return
            time.sleep(0.1)
        raise CommandFailed([self.label], "none", "the machine's ports do not come up")

    def pause(self):
        """Stops both processes."""
        super().pause()
        if self.guest is not None:
            self.guest.send_signal(signal.SIGSTOP)

    def resume(self):
        """Lets both go on."""
        if self.guest is not None:
            self.guest.send_signal(signal.SIGCONT)
        super().resume()

    def lives(self):
        """Whether both run."""
        return super().lives() and self.guest is not None and self.guest.poll() is None

    def stop(self):
        """Ends the switch, then its machine."""
        try:
            super().stop()
        finally:
            if self.guest is not None:
                self.guest.kill()
                self.guest.wait()
