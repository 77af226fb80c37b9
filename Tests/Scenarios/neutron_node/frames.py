"""Single frames, honest and forged, sent from an instance, and who hears them."""

import ipaddress
import socket
import struct
import time

ETH_P_ALL = 3
PACKET_AUXDATA = 8
SOL_PACKET = 263
VLAN_IS_VALID = 0x10
MARK = b"vedette-frame"


def ethernet(source, target, kind, payload):
    """An Ethernet frame."""
    return mac_bytes(target) + mac_bytes(source) + struct.pack("!H", kind) + payload


def tagged(frame, tag):
    """The frame with an 802.1Q tag."""
    return frame[:12] + struct.pack("!HH", 0x8100, tag) + frame[12:]


def udp4(mac, to_mac, source, target, ports, text):
    """A UDP datagram over IPv4 in a frame."""
    body = _udp(_ip(source), _ip(target), ports, text)
    header = struct.pack("!BBHHHBBH", 0x45, 0, 20 + len(body), 1, 0, 64, 17, 0) \
        + _ip(source) + _ip(target)
    header = header[:10] + struct.pack("!H", _sum(header)) + header[12:]
    return ethernet(mac, to_mac, 0x0800, header + body)


def udp6(mac, to_mac, source, target, ports, text):
    """A UDP datagram over IPv6 in a frame."""
    body = _udp(_ip(source), _ip(target), ports, text)
    return ethernet(mac, to_mac, 0x86DD, _ip6(source, target, 17, 64, body))


def arp_reply(mac, owner_mac, owner, asker_mac, asker):
    """An ARP reply from `mac` that says `owner` is at `owner_mac`, with a tail to know it by."""
    body = struct.pack("!HHBBH", 1, 0x0800, 6, 4, 2) + mac_bytes(owner_mac) + _ip(owner) \
        + mac_bytes(asker_mac) + _ip(asker)
    return ethernet(mac, asker_mac, 0x0806, body + MARK)


def advertisement(mac, to_mac, source, target, owned):
    """A neighbour advertisement that says `owned` is at `mac`."""
    body = struct.pack("!BBHI", 136, 0, 0, 0x60000000) + _ip(owned) + b"\x02\x01" + mac_bytes(mac)
    return _icmp6(mac, to_mac, source, target, body)


def router_advertisement(mac, source):
    """A router advertisement to all nodes."""
    body = struct.pack("!BBHBBHII", 134, 0, 0, 64, 0, 1800, 0, 0) + b"\x01\x01" + mac_bytes(mac)
    return _icmp6(mac, "33:33:00:00:00:01", source, "ff02::1", body)


def outcomes(source, listeners, attempts, arriving=None):
    """Sends each frame and asks whether any listener hears it; returns what is not as it should.

    An attempt is a name, whether the frame should arrive, and the frame. Where what arrives is
    to differ from it, it is given as `arriving`.
    """
    ears = [Ear(listener) for listener in listeners]
    try:
        for _, _, frame in attempts:
            send(source, frame)
        if arriving:
            attempts = [(name, allowed, arriving) for name, allowed, _ in attempts]
        missing = [frame for _, allowed, frame in attempts if allowed]
        deadline = time.monotonic() + (1.0 if missing else 0.3)
        heard = set()
        while time.monotonic() < deadline:
            for ear in ears:
                heard |= ear.take()
            if missing and all(_among(frame, heard) for frame in missing):
                # What must not come gets a moment more.
                missing, deadline = [], time.monotonic() + 0.2
            time.sleep(0.02)
        return [f"{name}: {'lost' if allowed else 'arrived'}" for name, allowed, frame in attempts
                if _among(frame, heard) != allowed]
    finally:
        for ear in ears:
            ear.close()


def _among(frame, heard):
    return any(one.startswith(frame) for one in heard)


class Ear:
    """Hears every frame that reaches an instance, with its tag."""

    def __init__(self, workload):
        self._socket = workload.call(_raw)
        self._socket.setsockopt(SOL_PACKET, PACKET_AUXDATA, 1)

    def take(self):
        """The frames that have come since."""
        frames = set()
        try:
            while True:
                frame, notes, _, _ = self._socket.recvmsg(4096, 64)
                for _, kind, value in notes:
                    status, _, _, _, _, tag, _ = struct.unpack("IIIHHHH", value[:20])
                    if kind == PACKET_AUXDATA and status & VLAN_IS_VALID:
                        frame = tagged(frame, tag)
                frames.add(frame)
        except BlockingIOError:
            return frames

    def close(self):
        """Stops hearing."""
        self._socket.close()


def send(workload, frame):
    """Sends a frame as it is."""
    made = workload.call(_raw)
    try:
        made.send(frame)
    finally:
        made.close()


def _raw():
    made = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ETH_P_ALL))
    made.bind(("eth0", ETH_P_ALL))
    made.setblocking(False)
    return made


def mac_bytes(text):
    """The six bytes of an address."""
    return bytes(int(part, 16) for part in text.split(":"))


def _ip(text):
    return ipaddress.ip_address(text).packed


def _ip6(source, target, protocol, hops, body):
    return struct.pack("!IHBB", 0x60000000, len(body), protocol, hops) \
        + _ip(source) + _ip(target) + body


def _udp(source, target, ports, text):
    body = struct.pack("!HHHH", *ports, 8 + len(text), 0) + text
    if len(source) == 4:
        return body
    pseudo = source + target + struct.pack("!II", len(body), 17)
    return body[:6] + struct.pack("!H", _sum(pseudo + body) or 0xFFFF) + body[8:]


def _icmp6(mac, to_mac, source, target, body):
    pseudo = _ip(source) + _ip(target) + struct.pack("!II", len(body), 58)
    body = body[:2] + struct.pack("!H", _sum(pseudo + body)) + body[4:]
    return ethernet(mac, to_mac, 0x86DD, _ip6(source, target, 58, 255, body))


def _sum(octets):
    if len(octets) % 2:
        octets += b"\0"
    total = sum(struct.unpack(f"!{len(octets) // 2}H", octets))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF
