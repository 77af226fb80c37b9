"""A network namespace as a workload: an address or two, and code that runs inside it.

Sockets belong to the namespace of the thread that makes them, so code runs inside a namespace
on a thread of its own: no helper process is needed, and none is left behind.
"""

import ctypes
import os
import threading

from lab.shell import run

CLONE_NEWNET = 0x40000000
_libc = ctypes.CDLL(None, use_errno=True)


class Namespace:
    """A namespace by name. Delete it and its devices go with it."""

    def __init__(self, name):
        self.name = name

    def create(self):
        """Makes the namespace, with its loopback up."""
        run("ip", "netns", "add", self.name)
        self.shell("ip", "link", "set", "lo", "up")

    def delete(self):
        """Removes the namespace and every device in it, if it is there."""
        if os.path.exists(f"/run/netns/{self.name}"):
            run("ip", "netns", "delete", self.name)

    def shell(self, *words, **options):
        """Runs a program in the namespace."""
        return run("ip", "netns", "exec", self.name, *words, **options)

    def words(self, *words):
        """The command line that runs `words` in the namespace."""
        return ["ip", "netns", "exec", self.name, *words]

    def call(self, function, *arguments):
        """The result of `function`, run on a thread inside the namespace."""
        outcome = {}

        def inside():
            try:
                self._enter()
                outcome["value"] = function(*arguments)
            except BaseException as error:  # handed to the caller below
                outcome["error"] = error

        thread = threading.Thread(target=inside, daemon=True)
        thread.start()
        thread.join()
        if "error" in outcome:
            raise outcome["error"]
        return outcome["value"]

    def spawn(self, function, *arguments):
        """Runs `function` in the namespace and does not wait; threads it starts stay inside."""

        def inside():
            self._enter()
            function(*arguments)

        threading.Thread(target=inside, daemon=True).start()

    def _enter(self):
        descriptor = os.open(f"/run/netns/{self.name}", os.O_RDONLY | os.O_CLOEXEC)
        try:
            if _libc.setns(descriptor, CLONE_NEWNET) != 0:
                raise OSError(ctypes.get_errno(), f"cannot enter namespace {self.name}")
        finally:
            os.close(descriptor)


class Workload(Namespace):
    """A namespace with one device, `eth0`, whose other end is a port of the switch."""

    def __init__(self, name, port, mac, ipv4, ipv6=None):
        super().__init__(name)
        self.port = port
        self.mac = mac
        self.ipv4 = ipv4
        self.ipv6 = ipv6

    def attach(self, switch_namespace, offloads=True):
        """Makes the device pair: `eth0` here, `port` in the switch's namespace.

        Without offloads the kernel computes each checksum itself and sends no super-packets.
        """
        self.create()
        settings = ["net.ipv6.conf.default.accept_ra=0", "net.ipv6.conf.default.accept_dad=0",
                    "net.ipv6.conf.default.router_solicitations=0"]
        self.shell("sysctl", "-qw", *settings)
        run("ip", "link", "add", self.port, "netns", switch_namespace.name, "type", "veth",
            "peer", "name", "eth0", "netns", self.name)
        self.shell("ip", "link", "set", "eth0", "address", self.mac)
        if not offloads:
            self.shell("ethtool", "-K", "eth0", "tx", "off", "tso", "off", "gso", "off")
        self.shell("ip", "addr", "add", self.ipv4, "dev", "eth0")
        if self.ipv6:
            self.shell("ip", "addr", "add", self.ipv6, "dev", "eth0", "nodad")
        self.shell("ip", "link", "set", "eth0", "up")
        switch_namespace.shell("sysctl", "-qw", f"net.ipv6.conf.{self.port}.disable_ipv6=1")
        switch_namespace.shell("ip", "link", "set", self.port, "up")

    @property
    def address(self):
        """The IPv4 address alone."""
        return self.ipv4.split("/")[0]

    @property
    def address6(self):
        """The IPv6 address alone."""
        return self.ipv6.split("/")[0]
