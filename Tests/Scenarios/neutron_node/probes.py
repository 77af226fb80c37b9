"""Probes between instances: what answers, all at once, in a second or two.

Sockets are made inside namespaces and used from one thread here.
"""

import collections
import selectors
import socket
import threading
import time

Probe = collections.namedtuple("Probe", "source target protocol port allowed")

ALLOWED_SECONDS = 4.0
DENIED_SECONDS = 0.8


class Echoes:
    """TCP and UDP ports that answer with what they hear. One thread serves them all."""

    def __init__(self):
        self._selector = selectors.DefaultSelector()
        self._sockets = []
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def listen(self, workload, tcp=(), udp=()):
        """Opens ports in a namespace, for IPv4 and IPv6."""
        for kind, numbers in ((socket.SOCK_STREAM, tcp), (socket.SOCK_DGRAM, udp)):
            for number in numbers:
                made = workload.call(_bound, kind, number)
                self._sockets.append(made)
                self._selector.register(made, selectors.EVENT_READ, kind)

    def close(self):
        """Closes all ports."""
        self._ended.set()
        self._thread.join()
        for key in list(self._selector.get_map().values()):
            key.fileobj.close()
        self._selector.close()

    def _serve(self):
        while not self._ended.is_set():
            for key, _ in self._selector.select(0.1):
                try:
                    self._answer(key.fileobj, key.data)
                except OSError:
                    self._drop(key.fileobj, key.data)

    def _answer(self, ready, kind):
        if kind == socket.SOCK_STREAM:
            connection, _ = ready.accept()
            connection.setblocking(False)
            self._selector.register(connection, selectors.EVENT_READ, None)
        elif kind == socket.SOCK_DGRAM:
            text, sender = ready.recvfrom(2048)
            ready.sendto(text, sender)
        else:
            text = ready.recv(65536)
            if not text:
                raise OSError
            ready.send(text)

    def _drop(self, ready, kind):
        if kind is None:
            self._selector.unregister(ready)
            ready.close()


def _bound(kind, number):
    made = socket.socket(socket.AF_INET6, kind)
    made.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    made.bind(("::", number))
    if kind == socket.SOCK_STREAM:
        made.listen(64)
    made.setblocking(False)
    return made


def probes(source, target, protocol, port=0, allowed=True):
    """The probe over IPv4 and over IPv6."""
    return [Probe(source, address, protocol, port, allowed)
            for address in (target.address, target.address6)]


def expect(wanted, seconds=ALLOWED_SECONDS):
    """Tries all probes at once; fails with the list of those that turned out otherwise."""
    attempts = [_Attempt(probe) for probe in wanted]
    began = time.monotonic()
    try:
        while True:
            for attempt in attempts:
                attempt.turn()
            passed = time.monotonic() - began
            waiting = [one for one in attempts if one.probe.allowed and not one.answered]
            if passed > DENIED_SECONDS and (not waiting or passed > seconds):
                break
            time.sleep(0.02)
    finally:
        for attempt in attempts:
            attempt.close()
    wrong = [one for one in attempts if one.answered != one.probe.allowed]
    assert not wrong, "\n".join(one.describe() for one in wrong)


class _Attempt:
    """One probe under way."""

    def __init__(self, probe):
        self.probe = probe
        self.answered = False
        self._socket = None
        self._sent = 0.0
        self._open()

    def _open(self):
        self.close()
        self._socket = self.probe.source.call(_dial, self.probe)
        self._asked = False
        self._began = time.monotonic()

    def turn(self):
        """Sends what is due and takes what came."""
        if self.answered:
            return
        try:
            now = time.monotonic()
            is_stream = self.probe.protocol == "tcp"
            if now - self._sent > 0.3 and not (is_stream and self._asked):
                self._socket.send(_question(self.probe))
                self._sent, self._asked = now, True
            if self._socket.recv(2048):
                self.answered = True
        except (BlockingIOError, InterruptedError):
            pass
        except BrokenPipeError:
            pass
        except OSError:
            # Refused, or no neighbour yet: while there is time, from the start.
            if time.monotonic() - self._began > 0.2:
                self._open()

    def describe(self):
        """For people: what was tried and what came of it."""
        probe = self.probe
        return (f"{probe.source.port} to {probe.target} {probe.protocol} {probe.port}: "
                f"{'answered' if self.answered else 'no answer'}, expected "
                f"{'an answer' if probe.allowed else 'none'}")

    def close(self):
        """Closes the socket."""
        if self._socket is not None:
            self._socket.close()


def _dial(probe):
    family = socket.AF_INET6 if ":" in probe.target else socket.AF_INET
    if probe.protocol == "tcp":
        made = socket.socket(family, socket.SOCK_STREAM)
    elif probe.protocol == "udp":
        made = socket.socket(family, socket.SOCK_DGRAM)
    else:
        number = socket.IPPROTO_ICMPV6 if family == socket.AF_INET6 else socket.IPPROTO_ICMP
        made = socket.socket(family, socket.SOCK_DGRAM, number)
    made.setblocking(False)
    try:
        made.connect((probe.target, probe.port))
    except BlockingIOError:
        pass
    return made


def _question(probe):
    if probe.protocol != "icmp":
        return b"are you there?"
    kind = 128 if ":" in probe.target else 8
    return bytes([kind, 0, 0, 0, 0, 1, 0, 1]) + b"are you there?"
