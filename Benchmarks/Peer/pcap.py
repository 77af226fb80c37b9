"""A capture as the source, as a cross-check of the traffic device: net_pcap ports repeat a file of
the same frames without end; the traffic device's ports, to which the rules send, only count.

It copies each packet, gives neither hash nor checksum flags, and hides what is faster than it is.
"""

import os
import time

import traffic
from lab.shell import run
from switches import Contestant


class Endless(traffic.Traffic):
    """The device as a sink: there is nothing to set up, since packets come all the time."""

    def walk(self, what, timeout):
        """Long enough for each flow to come many times."""
        time.sleep(min(0.5, timeout))
        return True


class Captured(Contestant):
    """One switch under test whose ports 1 and 2 are captures; what it forwards goes to 3 and 4."""

    def start(self, cpu_mask="0x2", queues=1, memory=1024):
        """Starts the daemon and opens all four ports."""
        self.traffic = Endless(f"{self.directory}/traffic")
        # Nothing comes from the device itself.
        self.shape["sides"] = 0
        self.traffic.configure(**self.shape)
        self.start_daemon(cpu_mask, memory)
        for side in range(2):
            capture = f"{self.directory}/side{side}.pcap"
            run(os.path.join(os.path.dirname(self.plugin), "capture"), self.traffic.path,
                str(side), capture)
            self.add_port(
                f"side{side}", "type=dpdk", f"ofport_request={side + 1}",
                f'options:dpdk-devargs="net_pcap{side},rx_pcap={capture},infinite_rx=1"')
            self.add_port(
                f"sink{side}", "type=dpdk", f"ofport_request={side + 3}",
                f'options:dpdk-devargs="{self.traffic.devargs(side)}"')
        self._wait_for_polls()
        self.place_threads()

    def load_rules(self, lines):
        """Replaces all rules, with the sinks in the place of the ports."""
        return super().load_rules(
            [line.replace("output:1", "output:3").replace("output:2", "output:4")
             for line in lines])
