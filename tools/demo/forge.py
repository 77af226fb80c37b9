"""Packets that no sound kernel sends: segments outside of a window, forged senders, false ARP."""

import socket
import struct

FIN, SYN, RST, PSH, ACK = 1, 2, 4, 8, 16


def checksum(data):
    """The Internet checksum."""
    if len(data) % 2:
        data += b"\0"
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def segment(source, target, sequence, acknowledgement, flags, payload=b""):
    """An IPv4 packet with a TCP segment; `source` and `target` are (address, port)."""
    def header(check):
        return struct.pack("!HHIIBBHHH", source[1], target[1], sequence & 0xFFFFFFFF,
                           acknowledgement & 0xFFFFFFFF, 5 << 4, flags, 512, check, 0)

    addresses = socket.inet_aton(source[0]) + socket.inet_aton(target[0])
    pseudo = addresses + struct.pack("!BBH", 0, 6, 20 + len(payload))
    tcp = header(checksum(pseudo + header(0) + payload)) + payload
    # The kernel fills in the identification and the header's checksum.
    return struct.pack("!BBHHHBBH", 0x45, 0, 20 + len(tcp), 0, 0, 64, 6, 0) + addresses + tcp


def send_ip(packet):
    """Sends an IPv4 packet as it is, by the kernel's routes. Runs inside a namespace."""
    with socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW) as raw:
        target = socket.inet_ntoa(packet[16:20])
        raw.sendto(packet, (target, 0))


def send_false_arp(own_mac, claimed):
    """Claims another's IPv4 address. Runs inside a namespace."""
    mac = bytes.fromhex(own_mac.replace(":", ""))
    address = socket.inet_aton(claimed)
    frame = b"\xff" * 6 + mac + struct.pack("!HHHBBH", 0x0806, 1, 0x0800, 6, 4, 2)
    frame += mac + address + b"\xff" * 6 + address
    with socket.socket(socket.AF_PACKET, socket.SOCK_RAW) as raw:
        raw.bind(("eth0", 0))
        raw.send(frame.ljust(60, b"\0"))


class Tap:
    """Watches a device, to learn where a TCP stream stands. Made inside a namespace."""

    def __init__(self):
        self.socket = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(0x0003))
        self.socket.bind(("eth0", 0))
        self.socket.settimeout(0.3)

    def position(self, source, target):
        """The next sequence and acknowledgement of the last segment from source to target."""
        found = None
        try:
            while True:
                frame = self.socket.recv(65535)
                found = self._read(frame, source, target) or found
        except TimeoutError:
            return found
        finally:
            self.socket.close()

    @staticmethod
    def _read(frame, source, target):
        if len(frame) < 54 or frame[12:14] != b"\x08\x00" or frame[23] != 6:
            return None
        start = 14 + (frame[14] & 15) * 4
        ports = struct.unpack_from("!HH", frame, start)
        addresses = (socket.inet_ntoa(frame[26:30]), socket.inet_ntoa(frame[30:34]))
        if addresses != (source[0], target[0]) or ports != (source[1], target[1]):
            return None
        sequence, acknowledgement, offset, flags = struct.unpack_from("!IIBB", frame, start + 4)
        length = struct.unpack_from("!H", frame, 16)[0] + 14 - start - (offset >> 4) * 4
        length += bool(flags & SYN) + bool(flags & FIN)
        return (sequence + length) & 0xFFFFFFFF, acknowledgement
