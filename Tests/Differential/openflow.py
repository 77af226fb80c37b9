"""Just enough OpenFlow: a lasting connection to a switch, and a stand-in switch to which
ovs-ofctl sends its messages, so that text is encoded once and both switches get the same bytes.
"""

import os
import socket
import struct
import subprocess
import tempfile
import threading

BUNDLE_CONTROL, BUNDLE_ADD_MESSAGE = 33, 34
HELLO, ERROR, ECHO_REQUEST, ECHO_REPLY = 0, 1, 2, 3
PORT_MOD_1 = 15
SET_CONFIG, PACKET_IN, FLOW_REMOVED, PORT_STATUS = 9, 10, 11, 12
VERSION_NAMES = {1: "OpenFlow10", 2: "OpenFlow11", 3: "OpenFlow12", 4: "OpenFlow13",
                 5: "OpenFlow14", 6: "OpenFlow15"}


def barrier_type(version):
    return 18 if version == 1 else 20


def message(version, kind, xid, body=b""):
    return struct.pack("!BBHI", version, kind, 8 + len(body), xid) + body


def read_exactly(connection, count):
    data = b""
    while len(data) < count:
        chunk = connection.recv(count - len(data))
        if not chunk:
            raise ConnectionError("the OpenFlow connection was closed")
        data += chunk
    return data


def read_message(connection):
    header = read_exactly(connection, 8)
    _, _, length, _ = struct.unpack("!BBHI", header)
    return header + read_exactly(connection, length - 8)


class OpenFlowChannel:
    """A connection that has negotiated one version and asks for asynchronous messages."""

    def __init__(self, path, version):
        self.version = version
        self.xid = 0x10000
        self.message_xid = 0x20000000
        self.events = []
        self.removals = []
        self.errors = {}
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.socket.settimeout(20)
        self.socket.connect(path)
        bitmap = struct.pack("!HHI", 1, 8, 1 << version)
        self.socket.sendall(message(version, HELLO, 1, bitmap))
        hello = read_message(self.socket)
        if hello[1] != HELLO:
            raise ConnectionError("the switch did not say hello")
        self.socket.sendall(message(version, SET_CONFIG, 2, struct.pack("!HH", 0, 0xFFFF)))
        self.echo()

    def close(self):
        self.socket.close()

    def next_xid(self):
        self.xid += 1
        return self.xid

    def echo(self):
        """Goes to the switch and back; keeps what else arrived meanwhile."""
        self.wait(ECHO_REPLY, ECHO_REQUEST)

    def barrier(self):
        kind = barrier_type(self.version)
        self.wait(kind + 1, kind)

    def wait(self, answer, question):
        xid = self.next_xid()
        self.socket.sendall(message(self.version, question, xid))
        while True:
            received = read_message(self.socket)
            _, kind, _, got = struct.unpack_from("!BBHI", received)
            if kind == answer and got == xid:
                return
            if kind == ECHO_REQUEST:
                self.socket.sendall(message(self.version, ECHO_REPLY, got, received[8:]))
            elif kind == ERROR:
                self.errors.setdefault(got, []).append(received)
            elif kind == FLOW_REMOVED:
                self.removals.append(received[:4].hex() + "00000000" + received[8:].hex())
            elif kind not in (PORT_STATUS, HELLO, BUNDLE_CONTROL):
                self.events.append(received)

    def send(self, messages):
        """Sends messages, each with an xid of its own; returns (index, error) pairs in order."""
        numbers = {}
        for index, bytes_ in enumerate(messages):
            self.message_xid += 1
            xid = struct.pack("!I", self.message_xid)
            numbers[self.message_xid] = index
            bytes_ = bytes_[:4] + xid + bytes_[8:]
            if bytes_[1] == BUNDLE_ADD_MESSAGE and self.version >= 5:
                bytes_ = bytes_[:20] + xid + bytes_[24:]
            self.socket.sendall(bytes_)
            if index % 64 == 63:
                self.barrier()
        self.barrier()
        errors, self.errors = self.errors, {}
        # Type, code and the offending bytes, without the xid that the latter contain.
        return sorted((numbers.get(xid, -1), error[8:16].hex() + error[20:].hex())
                      for xid, list_ in errors.items() for error in list_)

    def take_events(self):
        """Asynchronous messages as hex, without their xids and buffer numbers."""
        events, self.events = self.events, []
        return [event[:4].hex() + "00000000" + event[8:].hex() for event in events]

    def take_removals(self):
        """Flow-removed messages since last asked.  Open vSwitch sends them when no thread can
        still see the flow, which may be a while later, so they are looked at apart."""
        removals, self.removals = self.removals, []
        return removals


class Encoder:
    """Turns ovs-ofctl's text into the messages that it would send."""

    def __init__(self):
        self.directory = tempfile.mkdtemp(prefix="differential-encoder-")
        self.path = os.path.join(self.directory, "fake.mgmt")
        self.listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.listener.bind(self.path)
        self.listener.listen(4)

    def close(self):
        self.listener.close()
        os.unlink(self.path)
        os.rmdir(self.directory)

    def encode(self, version, command, lines):
        """The messages for `lines` and what ovs-ofctl complained of.  Most commands read a file;
        those of meters take their text as an argument."""
        messages = []
        if command[0] == "raw":
            return [bytes.fromhex(line) for line in lines], ""
        is_argument = "meter" in command[0] or command[0] in ("mod-group", "packet-out")
        process = subprocess.Popen(
            ["ovs-ofctl", "--timeout=10", "-O", VERSION_NAMES[version], "--no-names", *command,
             "unix:" + self.path, lines[0] if is_argument else "-"],
            stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        server = threading.Thread(target=self.serve, args=(version, messages, process),
                                  daemon=True)
        server.start()
        _, errors = process.communicate("" if is_argument else "\n".join(lines) + "\n")
        server.join()
        return messages, errors.strip()

    def serve(self, version, messages, process):
        self.listener.settimeout(0.02)
        connection = None
        while connection is None:
            try:
                connection, _ = self.listener.accept()
            except TimeoutError:
                if process.poll() is not None:
                    return
        with connection:
            connection.settimeout(10)
            try:
                connection.sendall(
                    message(version, HELLO, 1, struct.pack("!HHI", 1, 8, 1 << version)))
                while True:
                    received = read_message(connection)
                    kind, xid = received[1], received[4:8]
                    if kind == HELLO:
                        continue
                    if kind == barrier_type(version):
                        connection.sendall(message(version, kind + 1, 0)[:4] + xid)
                        continue
                    messages.append(received)
                    if kind == BUNDLE_CONTROL:
                        asked = struct.unpack_from("!H", received, 12)[0]
                        connection.sendall(received[:12] + struct.pack("!H", asked + 1)
                                           + received[14:])
            except (OSError, TimeoutError):
                pass
