"""Bytes on OpenFlow connections: what the two switches send for the same packets and mistakes."""

import socket
import struct
import time

from everyday import perform, reset
from lab.shell import run

FLOWS = """\
table=0,in_port=1,udp,tp_dst=1,cookie=0x12,actions=controller
table=0,in_port=1,udp,tp_dst=2,actions=load:5->NXM_NX_REG3[],load:7->OXM_OF_METADATA[],controller
table=0,in_port=1,udp,tp_dst=3,actions=set_tunnel:7,load:1->NXM_NX_TUN_IPV4_DST[],controller
table=0,in_port=1,udp,tp_dst=4,actions=ct(commit,table=1,zone=9,exec(load:5->NXM_NX_CT_MARK[]))
table=1,cookie=0x34,actions=controller
table=0,in_port=1,udp,tp_dst=5,cookie=0x56,actions=write_actions(controller),goto_table:2
table=0,in_port=1,udp,tp_dst=6,actions=group:1
table=0,in_port=1,udp,tp_dst=7,actions=write_actions(output:2),goto_table:3
table=3,actions=controller
"""
PACKETS = range(1, 9)  # the last of them is for no rule

# Version on the wire, NXT_SET_PACKET_IN_FORMAT.
FORMATS = [(1, None), (1, 1), (1, 2), (4, None), (4, 2), (5, None), (6, None), (6, 2)]


def tests():
    """Packet-ins of every format, and errors."""
    return [(f"wire: packet-ins of version {version}, format {form or 'standard'}",
             lambda context, version=version, form=form: packet_ins(context, version, form))
            for version, form in FORMATS] + [
        (f"wire: errors of version {version}", lambda context, version=version: errors(
            context, version)) for version in range(1, 7)]


class Connection:
    """An OpenFlow connection to a bridge."""

    def __init__(self, lab, version):
        self.version = version
        self.received = b""
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(5)
        self.socket.connect(f"{lab.directory}/br0.mgmt")
        bitmap = struct.pack("!HHI", 1, 8, 1 << version) if version > 1 else b""
        self.send(0, bitmap)
        self.message()

    def send(self, kind, body=b"", xid=0x1234):
        """Sends a message."""
        self.socket.sendall(struct.pack("!BBHI", self.version, kind, 8 + len(body), xid) + body)

    def message(self):
        """The next message."""
        while True:
            if len(self.received) >= 8:
                length = struct.unpack("!H", self.received[2:4])[0]
                if len(self.received) >= length:
                    message, self.received = self.received[:length], self.received[length:]
                    return message
            data = self.socket.recv(65536)
            if not data:
                return b""
            self.received += data

    def until_echo(self):
        """All messages up to the answer to an echo request of our own; transaction ids left out."""
        self.send(2, b"end")
        messages = []
        while True:
            message = self.message()
            if not message or message[1] == 3 and message[8:] == b"end":
                return messages
            messages.append((message[:4] + message[8:]).hex())


def both(context, prepare=None):
    """The two switches with a fresh bridge."""
    if "peer" not in context.shared:
        for name, binary in (("peer", context.peer), ("own", context.binary)):
            context.shared[name] = context.laboratory(binary, ["--enable-dummy"])
    labs = (context.shared["peer"], context.shared["own"])
    for lab in labs:
        reset(lab)
        if prepare:
            prepare(lab)
    return labs


def agree(what, expected, found):
    """Fails where two lists of messages differ."""
    assert expected == found, f"{what}\npeer {expected}\nown  {found}"


def prepare_flows(lab):
    """The rules that send packets to controllers."""
    with open(f"{lab.directory}/wire.txt", "w", encoding="utf-8") as file:
        file.write(FLOWS)
    for line in ("ofctl -O OpenFlow13 del-flows br0",
                 "ofctl -O OpenFlow13 add-group br0 group_id=1,type=all,bucket=controller",
                 f"ofctl -O OpenFlow13 add-flows br0 {lab.directory}/wire.txt"):
        perform(lab, line, {}, checked=True)


def packet_ins(context, version, form):
    """Packets that go to a controller are told in the same bytes."""
    labs = both(context, prepare_flows)
    connections = []
    for lab in labs:
        connection = Connection(lab, version)
        connection.send(9, struct.pack("!HH", 0, 0xffff))  # whole packets
        if form:
            connection.send(4, struct.pack("!III", 0x2320, 16, form))
        connection.until_echo()
        connections.append(connection)
    for number in PACKETS:
        told = []
        for lab, connection in zip(labs, connections):
            run("ovs-appctl", "netdev-dummy/receive", "p1",
                "in_port(1),eth(src=02:00:00:00:00:01,dst=02:00:00:00:00:02),eth_type(0x0800),"
                "ipv4(src=10.0.0.1,dst=10.0.0.2,proto=17,tos=0,ttl=64,frag=no),"
                f"udp(src=1000,dst={number})", environment=lab.switch.environment)
            run("ovs-ofctl", "dump-flows", "br0", environment=lab.switch.environment)
            told.append(settled(connection))
        agree(f"packet {number}", *told)


def settled(connection):
    """What comes soon: a packet-in is told by another thread than the one that answers echoes."""
    messages = []
    for _ in range(15):
        messages += connection.until_echo()
        if messages:
            break
        time.sleep(0.01)
    return messages


def errors(context, version):
    """A mistake is answered with the same error, which carries the whole message."""
    labs = both(context)
    junk = bytes(range(256)) * 4
    mistakes = {
        "unknown type": (99, junk), "unknown vendor": (4, struct.pack("!I", 0x1234) + junk),
        "unknown Nicira message": (4, struct.pack("!II", 0x2320, 777) + junk),
        "short flow-mod": (14, b"\0" * 10), "flow-mod of junk": (14, junk * 60),
        "packet-out of junk": (13, b"\xff\xff\xff\xff" + junk[:200]),
        "error": (1, struct.pack("!HH", 1, 1) + b"abc"), "reply": (6, junk[:30]),
        "long echo": (2, junk),
    }
    for name, (kind, body) in mistakes.items():
        told = []
        for lab in labs:
            connection = Connection(lab, version)
            connection.send(kind, body)
            told.append(connection.until_echo())
        agree(name, *told)
