"""Conversations that go on while something else happens, and whether each exchange came back."""

import itertools
import select
import socket
import threading
import time


class Conversation:
    """A TCP or UDP exchange every few milliseconds, on a thread of its own, until `end`."""

    def __init__(self, source, target, protocol, port, every=0.005):
        self._every = every
        self._ended = threading.Event()
        self.sent = self.answered = 0
        self.last_answer = time.monotonic()
        self.longest_wait = 0.0
        self._socket = source.call(_connected, target, protocol, port)
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def is_silent(self, seconds=1.5):
        """Whether nothing has come back for some time."""
        return time.monotonic() - self.last_answer > seconds

    def end(self):
        """Stops; returns how many exchanges were never answered."""
        self._ended.set()
        self._thread.join()
        self._take(time.monotonic() + 0.5)
        self._socket.close()
        return self.sent - self.answered

    def _run(self):
        while not self._ended.is_set():
            due = time.monotonic() + self._every
            try:
                self._socket.send(b"%08d" % self.sent)
                self.sent += 1
            except (BlockingIOError, ConnectionError):
                pass
            self._take(due)

    def _take(self, until):
        """Counts answers of eight bytes each until some moment."""
        while (left := until - time.monotonic()) > 0:
            if not select.select([self._socket], [], [], left)[0]:
                return
            try:
                count = len(self._socket.recv(65536)) // 8
            except (BlockingIOError, ConnectionError):
                time.sleep(max(0, until - time.monotonic()))
                return
            now = time.monotonic()
            self.answered += count
            self.longest_wait = max(self.longest_wait, now - self.last_answer)
            self.last_answer = now


def _connected(target, protocol, port):
    family = socket.AF_INET6 if ":" in target else socket.AF_INET
    kind = socket.SOCK_STREAM if protocol == "tcp" else socket.SOCK_DGRAM
    made = socket.socket(family, kind)
    made.settimeout(3)
    made.connect((target, port))
    if kind == socket.SOCK_STREAM:
        made.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    made.setblocking(False)
    return made


class Flood:
    """Datagrams at a steady rate for a second and a half, and what of them came.

    The target speaks first, so that what comes back to it is of a known connection.
    """

    def __init__(self, source, target, size, packets_a_second, seconds=1.5):
        listener = target.call(_unconnected, target.address)
        sender = source.call(_unconnected, source.address)
        try:
            _meet(listener, sender)
            came = []
            reader = threading.Thread(target=_count, args=(listener, size, seconds + 0.5, came))
            reader.start()
            began = time.monotonic()
            sent, text = 0, bytes(size)
            while (passed := time.monotonic() - began) < seconds:
                while sent < passed * packets_a_second:
                    sender.send(text)
                    sent += 1
                time.sleep(0.002)
            reader.join()
            self.result = FloodResult(sent, len(came), size, came)
        finally:
            listener.close()
            sender.close()


class FloodResult:
    """What came of a flood; rates leave out its first half second, when bursts pass."""

    def __init__(self, sent, packets, size, came):
        self.sent = sent
        self.packets = packets
        first = came[0] if came else 0.0
        later = [moment for moment in came if 0.5 <= moment - first < 1.4]
        self.packets_a_second = len(later) / 0.9
        # As a device sees them: with Ethernet, IPv4 and UDP headers.
        self.kilobits_a_second = self.packets_a_second * (size + 42) * 8 / 1000

    def __str__(self):
        return (f"{self.packets} of {self.sent} came, {self.packets_a_second:.0f} a second, "
                f"{self.kilobits_a_second:.0f} kb/s")


def _unconnected(address):
    made = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 << 20)
    made.bind((address, 0))
    made.settimeout(0.2)
    return made


def _meet(listener, sender):
    """Opens a connection from either side, whichever the groups let through."""
    ends = (listener, sender)
    for one, other in (ends, ends[::-1]):
        one.connect(other.getsockname())
    deadline = time.monotonic() + 5
    for one, other in itertools.cycle((ends, ends[::-1])):
        assert time.monotonic() < deadline, "the two do not reach each other"
        try:
            one.send(b"hello")
            if other.recv(64):
                break
        except (TimeoutError, ConnectionError):
            pass
    # The way back may need a first packet to be known.
    listener.send(b"hello")
    try:
        sender.recv(64)
    except (TimeoutError, ConnectionError):
        pass


def _count(listener, size, seconds, came):
    """Notes when each datagram of the flood comes."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        try:
            if len(listener.recv(4096)) == size:
                came.append(time.monotonic())
        except TimeoutError:
            pass
