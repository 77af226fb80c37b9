"""The traffic device as the runner sees it: the file that it shares with the device in a switch.

The layouts are those of Benchmarks/Device/traffic.h.
"""

import ctypes
import mmap
import os
import time

MAGIC = 0x76645431
BYTES = 16384
QUEUES = 8
IDLE, LOAD, BEGIN, PASS = range(4)
UDP, TCP, SHORT, NEW = range(4)
KINDS = {"udp": UDP, "tcp": TCP, "short": SHORT, "new": NEW}

_u8, _u32, _u64 = ctypes.c_uint8, ctypes.c_uint32, ctypes.c_uint64


class Config(ctypes.Structure):
    """`struct traffic_config`."""
    _fields_ = [(name, _u32) for name in (
        "magic", "generation", "epoch", "run", "turn", "kind", "ipv6", "flows", "rules", "size",
        "copy", "sides", "macs", "net_base", "block_bits", "server_base", "port_base",
        "port_shift", "port_mask", "variant_mask")] + [
        ("variants", _u8 * 16)] + [(name, _u32) for name in (
            "ring", "inflight", "attack_source", "attack_port", "attack_source_port",
            "queues", "keep", "learn")] + [(name, _u64) for name in (
                "rate", "attack_rate", "pass_rate", "first_tuple")]


class Counters(ctypes.Structure):
    """`struct traffic_counters`."""
    _fields_ = [
        ("tsc", _u64), ("polls", _u64), ("offered", _u64 * 2), ("received", _u64 * 2),
        ("ring_drops", _u64 * 2), ("received_bytes", _u64), ("no_buffer", _u64),
        ("completed", _u64), ("passed", _u64), ("generation", _u64), ("hertz", _u64),
        ("padding", _u64 * 2),
        ("sent", _u64 * 2), ("sent_bytes", _u64), ("sent_back", _u64), ("sent_other", _u64),
        ("padding2", _u64 * 3)]


assert ctypes.sizeof(Counters) == 192


class Reading:
    """Counters of both sides at one moment, all queues added up."""

    NAMES = ("offered", "received", "ring_drops", "sent")
    PLAIN = ("received_bytes", "no_buffer", "completed", "sent_bytes", "sent_back", "sent_other",
             "polls")

    def __init__(self, traffic):
        self.tsc = traffic.counters[0][0].tsc
        self.sides = []
        for side in range(2):
            queues = traffic.counters[side][:traffic.queues]
            total = {name: [sum(getattr(queue, name)[k] for queue in queues) for k in range(2)]
                     for name in self.NAMES}
            # What is sent may leave by any transmit queue.
            every = traffic.counters[side]
            total["sent"] = [sum(queue.sent[k] for queue in every) for k in range(2)]
            for name in self.PLAIN:
                total[name] = sum(getattr(queue, name) for queue in every)
            self.sides.append(total)

    def sum(self, name, kind=None):
        """A counter over both sides; of one class of packets if `kind` is given."""
        if kind is None:
            return sum(side[name] for side in self.sides)
        return sum(side[name][kind] for side in self.sides)


class Difference:
    """What happened between two readings; rates go by the time-stamp counter of the device."""

    def __init__(self, before, after, hertz):
        self.before, self.after = before, after
        self.cycles = after.tsc - before.tsc
        self.seconds = self.cycles / hertz

    def sum(self, name, kind=None):
        """How much a counter grew."""
        return self.after.sum(name, kind) - self.before.sum(name, kind)

    def side(self, side, name, kind=0):
        """How much a counter of one side grew."""
        return self.after.sides[side][name][kind] - self.before.sides[side][name][kind]

    def rate(self, name, kind=0):
        """A counter's growth a second."""
        return self.sum(name, kind) / self.seconds if self.cycles > 0 else 0.0


class Traffic:
    """One pair of ports."""

    def __init__(self, path):
        self.path = path
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_TRUNC, 0o600)
        os.ftruncate(descriptor, BYTES)
        self.memory = mmap.mmap(descriptor, BYTES)
        os.close(descriptor)
        self.config = Config.from_buffer(self.memory)
        self.counters = (Counters * QUEUES * 2).from_buffer(self.memory, 4096)
        self.config.magic = MAGIC
        self.config.queues = 1
        self.config.flows = self.config.rules = 1
        self.config.size = 64

    @property
    def queues(self):
        """How many receive queues a side has."""
        return self.config.queues

    def devargs(self, side, first=0):
        """What names one of the two ports to DPDK; `first` is a pair's own number."""
        return f"net_traffic{first + side},file={self.path},side={side}"

    def configure(self, **values):
        """Puts a configuration in force; the ports are idle afterwards."""
        self.config.run = IDLE
        time.sleep(0.005)
        for name, value in values.items():
            if name == "variants":
                flat = [bits for variant in value for bits in variant]
                self.config.variants[:] = flat + [0] * (16 - len(flat))
            elif name == "kind":
                self.config.kind = KINDS[value]
            else:
                setattr(self.config, name, value)
        self.config.generation += 1

    def run(self, what):
        """What the ports do from now on."""
        self.config.run = what

    def continued(self):
        """Tells the device that its process was stopped, so that nothing arrived meanwhile."""
        self.config.epoch += 1

    def walk(self, what, timeout):
        """Sends each flow once in each direction; false if that took longer."""
        self.config.turn += 1
        turn = self.config.turn
        self.config.run = what
        deadline = time.monotonic() + timeout
        while time.monotonic() < deadline:
            time.sleep(0.01)
            if all(self.counters[side][queue].passed == turn
                   for side in range(2) for queue in range(self.queues)):
                self.config.run = IDLE
                return True
        self.config.run = IDLE
        return False

    def read(self):
        """The counters now."""
        return Reading(self)
