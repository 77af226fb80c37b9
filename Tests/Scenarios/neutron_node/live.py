"""Conversations that go on while something else happens, and whether each exchange came back."""

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
