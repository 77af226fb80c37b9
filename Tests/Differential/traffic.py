"""Frames for a run: single frames near the rules, conversations whose answers are made from what
the switch sent, fragments, and damaged frames.

Everything here is a generator that yields `Packet` steps and is sent what came of them, as the
left switch answered; the steps are then replayed as they are on the right.
"""

import struct

import packets
from packets import (ACK, FIN, ICMP, ICMP6, PSH, RST, SCTP, SYN, TCP, UDP, URG, answer_to, build,
                     ip_text)
from steps import Packet
from universe import (CLIENT_PORTS, GROUP_MACS, IP6S, IPS, LABELS, MACS, OTHER_IP6S, OTHER_IPS,
                      PORT_NUMBERS, SERVICES, VLANS)


def first_output(observation):
    """(port, parsed frame) of the first frame that went out with an IP packet in it, or None."""
    for port, frames in sorted(observation["out"].items()):
        for frame in frames:
            spec = packets.parse(bytes.fromhex(frame))
            if spec and spec["l3"] in ("ip", "ip6") and not spec["mpls"]:
                return port, spec, bytes.fromhex(frame)
    return None


class Traffic:
    def __init__(self, rng, plan):
        self.rng = rng
        self.plan = plan
        self.history = []
        self.next_port = 30000

    def chance(self, probability):
        return self.rng.random() < probability

    def pick(self, values):
        return self.rng.choice(values)

    def has(self, feature):
        return feature in self.plan.features

    def client_port(self, proto=TCP):
        """A source port.  With NAT each TCP connection gets its own: Open vSwitch keeps the
        translated half of a connection that was opened anew until its next sweep, and so gives
        the new one another port."""
        if self.has("nat") and proto == TCP:
            self.next_port += 1
            return self.next_port
        return self.pick(CLIENT_PORTS)

    def port(self):
        return f"p{self.pick(PORT_NUMBERS)}"

    def vlans(self):
        if not self.has("vlan") or self.chance(0.5):
            return []
        tag = (0x8100, self.pick(VLANS + [0]) | self.pick([0, 0, 3 << 13, 7 << 13]))
        if self.chance(0.2):
            return [(self.pick([0x88A8, 0x8100]), self.pick(VLANS)), tag]
        return [tag]

    def packet(self, port, frame):
        self.history.append((port, frame))
        del self.history[:-12]
        return Packet(port, frame.hex())

    # Single frames.

    def base(self, family):
        """Ethernet and network addresses."""
        spec = {"src": self.pick(MACS), "dst": self.pick(MACS * 3 + GROUP_MACS),
                "vlans": self.vlans(), "l3": family}
        pool, others = (IPS, OTHER_IPS) if family == "ip" else (IP6S, OTHER_IP6S)
        spec["saddr"] = self.pick(pool)
        spec["daddr"] = self.pick(pool * 4 + others)
        if self.chance(0.2):
            spec["tos"] = self.pick([1, 3, 32, 184, 187])
        if self.chance(0.2):
            spec["ttl"] = self.pick([0, 1, 2, 63, 255])
        if family == "ip" and self.chance(0.05):
            spec["options"] = b"\x94\x04\x00\x00"
        if family == "ip6" and self.chance(0.15):
            spec["extensions"] = self.pick([[0], [60], [0, 60], [43], [0, 43, 60]])
        if family == "ip6" and self.chance(0.1):
            spec["label"] = self.pick([1, 0x12345])
        return spec

    def random_spec(self):
        """Any frame."""
        kind = self.rng.choices(
            ["tcp", "udp", "icmp", "arp", "sctp", "other", "nd", "mpls", "raw"],
            [8, 8, 5, 4, 0 if self.has("ct") else 2, 1, 2, 4 if self.has("mpls") else 0.5, 1])[0]
        if kind == "arp":
            spec = self.base("ip")
            spec.update(l3="arp", op=self.pick([1, 1, 2, 2, 3]), sha=spec["src"],
                        tha=self.pick([bytes(6), spec["dst"]]))
            return spec
        if kind == "raw":
            spec = self.base("ip")
            spec.update(l3=None, type=self.pick([0x1234, 0x88CC, 0x0800, 0x86DD, 0x0806, 0x05DC,
                                                 46]),
                        payload=self.rng.randbytes(self.pick([0, 4, 20, 46, 100])))
            return spec
        family = self.pick(["ip", "ip", "ip6"])
        spec = self.base(family)
        spec["payload"] = self.rng.randbytes(self.pick([0, 0, 1, 10, 46, 100, 600]))
        if kind == "nd":
            spec = self.base("ip6")
            return self.neighbour_discovery(spec)
        if kind == "mpls":
            spec["mpls"] = [(self.pick(LABELS), self.pick([0, 5]), self.pick([1, 2, 64]))
                            for _ in range(self.pick([1, 1, 2, 3]))]
        if kind in ("tcp", "mpls"):
            spec.update(proto=TCP, flags=self.pick([SYN, SYN | ACK, ACK, ACK | PSH, FIN | ACK, RST,
                                                    0, SYN | FIN, 63, ACK | URG]),
                        seq=self.rng.getrandbits(32), ack=self.rng.getrandbits(32),
                        sport=self.client_port(), dport=self.pick(SERVICES))
        elif kind in ("udp", "sctp"):
            spec.update(proto=UDP if kind == "udp" else SCTP, sport=self.pick(CLIENT_PORTS),
                        dport=self.pick(SERVICES))
            if kind == "udp" and self.chance(0.1) and family == "ip":
                spec["no_checksum"] = True
            if kind == "sctp":
                spec["payload"] = b"\x01\0\0\x14" + self.rng.randbytes(16)
        elif kind == "icmp":
            v4 = family == "ip"
            spec.update(proto=ICMP if v4 else ICMP6, icmp_code=self.pick([0, 0, 0, 1]),
                        icmp_type=self.pick([0, 8, 3, 11, 13, 17] if v4 else [128, 129, 1, 3, 143]),
                        icmp_rest=struct.pack("!HH", self.pick([1, 2]), self.pick([1, 2])))
        elif kind == "other":
            spec["proto"] = self.pick([2, 47, 50, 51, 89, 255])
        if self.chance(0.04):
            spec[self.pick(["bad_checksum", "bad_ip_checksum"])] = True
        if "sport" in spec and self.chance(0.3):
            spec["sport"], spec["dport"] = spec["dport"], spec["sport"]
        return spec

    def neighbour_discovery(self, spec):
        kind = self.pick([135, 136])
        option = bytes([1 if kind == 135 else 2, 1]) + spec["src"]
        spec.update(proto=ICMP6, icmp_type=kind, icmp_code=self.pick([0, 0, 0, 1]), ttl=255,
                    payload=self.pick(IP6S) + self.pick([b"", option, option, option[:5], option * 2]),
                    extensions=[])
        return spec

    def single(self):
        """One frame, sometimes again at once."""
        port, frame = self.port(), build(self.random_spec())
        for _ in range(self.pick([1, 1, 1, 2, 3])):
            yield self.packet(port, frame)

    def again(self):
        """An earlier frame once more, perhaps at another port or damaged."""
        if not self.history:
            return
        port, frame = self.pick(self.history)
        spec = packets.parse(frame)
        if self.has("nat") and spec and spec.get("flags", 0) & SYN:
            return
        if spec and spec.get("fragment"):
            return
        choice = self.rng.randrange(4)
        if choice == 0:
            port = self.port()
        elif choice == 1:
            frame = self.damage(frame)
        yield self.packet(port, frame)

    def damage(self, frame):
        """Cuts a frame short, lengthens it or changes a byte in its headers."""
        choice = self.rng.randrange(4)
        if choice == 0:
            return frame[:self.rng.randrange(14, max(15, len(frame)))]
        if choice == 1:
            return frame + self.rng.randbytes(self.pick([1, 2, 7, 20]))
        position = self.rng.randrange(12, min(len(frame), 80)) if len(frame) > 12 else 0
        value = self.pick([0, 0xFF, self.rng.getrandbits(8), frame[position] ^ 1])
        if frame[position] >> 4 == 6 and frame[position - 2:position] == b"\x86\xdd":
            value = 0x60 | value & 15  # Vedette takes no other version for IPv6.
        return frame[:position] + bytes([value]) + frame[position + 1:]

    # Conversations.

    def hosts(self, family=None):
        """A client's first frame, without transport, and the ports of both."""
        family = family or self.pick(["ip", "ip", "ip6"])
        client, server = self.rng.sample(range(4), 2)
        pool = IPS if family == "ip" else IP6S
        spec = {"src": MACS[client], "dst": MACS[server], "vlans": self.vlans(), "l3": family,
                "saddr": pool[client], "daddr": pool[server]}
        return spec, f"p{client + 1}", f"p{server + 1}"

    def tcp(self):
        """A TCP connection, from handshake to end, with its share of mishaps."""
        spec, near, far = self.hosts()
        spec.update(proto=TCP, sport=self.client_port(), dport=self.pick(SERVICES))
        yield from self.tcp_exchange(spec, near, far, self.tcp_script())

    def tcp_script(self):
        """(direction, flags, payload, mishap) for each segment."""
        script = [(0, SYN, 0, ""), (1, SYN | ACK, 0, ""), (0, ACK, 0, "")]
        for _ in range(self.rng.randrange(4)):
            script.append((self.rng.randrange(2), ACK | PSH, self.pick([1, 10, 100]), ""))
        script += self.pick([
            [], [(0, RST | ACK, 0, "")], [(1, RST, 0, "")],
            [(0, FIN | ACK, 0, ""), (1, ACK, 0, ""), (1, FIN | ACK, 0, ""), (0, ACK, 0, "")],
            [(1, FIN | ACK, 0, ""), (0, FIN | ACK, 0, ""), (1, ACK, 0, "")]
            + ([] if self.has("nat") else [(0, SYN, 0, "reopen")])])
        mishaps = ["", "", "again", "window", "skip", "rst", "checksum", "old", "flags"]
        for _ in range(self.rng.randrange(3)):
            at = self.rng.randrange(len(script))
            direction, flags, payload, mishap = script[at]
            chosen = self.pick(mishaps)
            if chosen == "skip":
                del script[at]
                if not script:
                    return [(0, SYN, 0, "")]
            elif chosen == "rst":
                script.insert(at, (self.rng.randrange(2), RST, 0, self.pick(["", "window"])))
            elif chosen:
                script[at] = (direction, flags, payload, mishap or chosen)
        return script

    def tcp_exchange(self, spec, near, far, script, payloads=()):
        """Plays a script; answers go to where the client's segments came out."""
        next_seq = [self.rng.getrandbits(32), self.rng.getrandbits(32)]
        if self.chance(0.1):
            next_seq[0] = 0xFFFFFFF0
        seen = None
        payloads = list(payloads)
        for direction, flags, length, mishap in script:
            port, segment = near, dict(spec)
            if direction:
                # A frame that came out cut short may have lost its ports.
                port, segment = (seen[0], answer_to(seen[1])) \
                    if seen is not None and "sport" in seen[1] else (far, answer_to(spec))
            payload = payloads.pop(0) if payloads and length else self.rng.randbytes(length)
            seq = next_seq[direction]
            if mishap == "reopen":
                seq += 100000
                next_seq = [seq, self.rng.getrandbits(32)]
            segment.update(proto=TCP, flags=flags, payload=payload, seq=seq,
                           ack=next_seq[1 - direction] if flags & ACK else 0, window=8192)
            if flags & SYN:
                segment["tcp_options"] = self.pick(
                    [b"", b"\x02\x04\x05\xb4", b"\x02\x04\x05\xb4\x01\x03\x03\x07"])
            else:
                segment["tcp_options"] = b""
            if mishap == "window":
                segment["seq"] += 1 << 24
            elif mishap == "old":
                segment["seq"] -= 1 << 20
            elif mishap == "checksum":
                segment["bad_checksum"] = True
            elif mishap == "flags":
                segment["flags"] = self.pick([0, SYN | FIN, SYN | RST, 63, URG])
            else:
                next_seq[direction] = seq + len(payload) + bool(flags & SYN) + bool(flags & FIN)
            for _ in range(2 if mishap == "again" else 1):
                observation = yield self.packet(port, build(segment))
                if direction == 0:
                    seen = first_output(observation) or seen
        if seen is not None and self.chance(0.2):
            yield from self.icmp_error(seen)

    def udp(self):
        """Datagrams to and fro, sometimes ending in an ICMP error."""
        spec, near, far = self.hosts()
        spec.update(proto=UDP, sport=self.pick(CLIENT_PORTS), dport=self.pick(SERVICES))
        yield from self.exchange(spec, near, far, self.rng.randrange(1, 6))

    def exchange(self, spec, near, far, count):
        seen = None
        for index in range(count):
            backwards = index and self.chance(0.5)
            if not backwards:
                datagram = dict(spec, payload=self.rng.randbytes(self.pick([0, 4, 100])))
                observation = yield self.packet(near, build(datagram))
                seen = first_output(observation) or seen
            elif seen:
                datagram = answer_to(seen[1])
                datagram["payload"] = self.rng.randbytes(20)
                yield self.packet(seen[0], build(datagram))
            else:
                yield self.packet(far, build(answer_to(spec)))
        if seen is not None and self.chance(0.4):
            yield from self.icmp_error(seen)

    def icmp_error(self, seen):
        """An ICMP error about a frame that came out, from its receiver or a router."""
        port, spec, frame = seen
        offset = 14 + 4 * len(spec["vlans"])
        v4 = spec["l3"] == "ip"
        quote = frame[offset:][:self.pick([28, 36, 200]) + (0 if v4 else 40)]
        if self.chance(0.1):
            quote = quote[:self.rng.randrange(len(quote))]
        error = answer_to(spec)
        if self.chance(0.4):
            error["saddr"] = self.pick(IPS if v4 else IP6S)
        kind, code = self.pick([(3, 3), (3, 1), (11, 0), (3, 4), (12, 0), (5, 0)] if v4 else
                               [(1, 4), (1, 0), (3, 0), (2, 0), (4, 0)])
        error.update(proto=ICMP if v4 else ICMP6, icmp_type=kind, icmp_code=code,
                     icmp_rest=bytes(4), payload=quote)
        error.pop("udp_length", None)
        yield self.packet(port, build(error))
        if self.chance(0.3):
            yield self.packet(port, build(error))

    def ping(self):
        """Echo requests and replies."""
        spec, near, far = self.hosts()
        v4 = spec["l3"] == "ip"
        spec.update(proto=ICMP if v4 else ICMP6, icmp_type=8 if v4 else 128)
        ident = self.pick([1, 2, 3])
        for sequence in range(self.rng.randrange(1, 4)):
            spec.update(icmp_rest=struct.pack("!HH", ident, sequence),
                        payload=self.rng.randbytes(16))
            observation = yield self.packet(near, build(spec))
            seen = first_output(observation)
            if seen is None and self.chance(0.5):
                continue
            port, reply = (far, answer_to(spec)) if seen is None else (seen[0], answer_to(seen[1]))
            reply["icmp_type"] = 0 if v4 else 129
            if self.chance(0.1):
                reply["icmp_rest"] = b"\0\x09\0\x09"
            yield self.packet(port, build(reply))
        if seen is not None and self.chance(0.2):
            yield from self.icmp_error(seen)

    def sctp(self):
        """An association: INIT to SHUTDOWN COMPLETE."""
        spec, near, far = self.hosts()
        spec.update(proto=SCTP, sport=self.pick(CLIENT_PORTS), dport=self.pick(SERVICES))
        for direction, chunk in [(0, 1), (1, 2), (0, 10), (1, 11), (0, 0), (1, 3), (0, 7), (1, 8),
                                 (0, 14)]:
            port, segment = (near, dict(spec)) if direction == 0 else (far, answer_to(spec))
            segment.update(vtag=0 if chunk == 1 else 0x1234,
                           payload=struct.pack("!BBH", chunk, 0, 20) + self.rng.randbytes(16))
            if not self.chance(0.1):
                yield self.packet(port, build(segment))

    def resolution(self):
        """ARP or neighbour discovery between two hosts."""
        spec, near, far = self.hosts()
        if spec["l3"] == "ip":
            spec.update(l3="arp", op=1, sha=spec["src"], tha=bytes(6))
            yield self.packet(near, build(dict(spec, dst=b"\xff" * 6)))
            reply = answer_to(spec)
            reply.update(op=2, sha=reply["src"], tha=reply["dst"])
            yield self.packet(far, build(reply))
        else:
            yield self.packet(near, build(self.neighbour_discovery(spec)))
            yield self.packet(far, build(self.neighbour_discovery(answer_to(spec))))

    def fragments(self):
        """A datagram in pieces: in order or not, whole or not, sometimes twice."""
        spec, near, far = self.hosts()
        spec.update(ident=self.rng.getrandbits(16), payload=self.rng.randbytes(
            self.pick([500, 900, 1400])))
        if self.chance(0.7):
            spec.update(proto=UDP, sport=self.pick(CLIENT_PORTS), dport=self.pick(SERVICES))
        else:
            v4 = spec["l3"] == "ip"
            spec.update(proto=ICMP if v4 else ICMP6, icmp_type=8 if v4 else 128,
                        icmp_rest=b"\0\x01\0\x01")
        size = self.pick([24, 400, 400, 440, 496])
        pieces = packets.build_fragments(spec, size)[:12]
        choice = self.rng.randrange(7)
        if choice == 0:
            self.rng.shuffle(pieces)
        elif choice == 1:
            pieces.reverse()
        elif choice == 2:
            del pieces[self.rng.randrange(len(pieces))]
        elif choice == 3 and not self.has("ct"):
            pieces.insert(self.rng.randrange(len(pieces)), self.pick(pieces))
        for piece in pieces:
            yield self.packet(near, piece)
        if self.chance(0.5):
            for piece in packets.build_fragments(answer_to(spec), size)[:12]:
                yield self.packet(far, piece)

    def ftp(self):
        """A control connection that announces a data connection, and the latter."""
        spec, near, far = self.hosts("ip" if self.chance(0.7) else "ip6")
        spec.update(proto=TCP, sport=self.client_port(), dport=21)
        port = self.pick([2001, 50001])
        passive = self.chance(0.5)
        host = spec["daddr"] if passive else spec["saddr"]
        text = ip_text(host)
        v4 = spec["l3"] == "ip"
        numbers = f"{text.replace('.', ',')},{port >> 8},{port & 255}"
        if passive:
            command = f"227 Entering Passive Mode ({numbers})\r\n" if v4 else \
                f"229 Entering Extended Passive Mode (|||{port}|)\r\n"
        else:
            command = f"PORT {numbers}\r\n" if v4 and self.chance(0.6) else \
                f"EPRT |{1 if v4 else 2}|{text}|{port}|\r\n"
        script = [(0, SYN, 0, ""), (1, SYN | ACK, 0, ""), (0, ACK, 0, ""),
                  (1 if passive else 0, ACK | PSH, 1, ""), (0 if passive else 1, ACK, 0, "")]
        yield from self.tcp_exchange(spec, near, far, script, [command.encode()])
        if passive:
            data = dict(spec, sport=40002, dport=port)
            yield from self.tcp_exchange(data, near, far, script[:3])
        else:
            data = dict(answer_to(spec), sport=20, dport=port)
            yield from self.tcp_exchange(data, far, near, script[:3])

    def tftp(self):
        """A read request, and data from another port."""
        spec, near, far = self.hosts("ip")
        spec.update(proto=UDP, sport=self.pick(CLIENT_PORTS), dport=69,
                    payload=self.pick([b"\0\x01file\0octet\0", b"\0\x02file\0octet\0", b"\0\x03"]))
        observation = yield self.packet(near, build(spec))
        seen = first_output(observation)
        port, data = (far, answer_to(spec)) if seen is None else (seen[0], answer_to(seen[1]))
        data.update(sport=3000, payload=b"\0\x03\0\x01data")
        observation = yield self.packet(port, build(data))
        acknowledgement = dict(spec, dport=3000, payload=b"\0\x04\0\x01")
        yield self.packet(near, build(acknowledgement))

    def choose(self):
        """A generator of some frames."""
        return self.rng.choices(
            [self.single, self.again, self.tcp, self.udp, self.ping, self.sctp, self.resolution,
             self.fragments, self.ftp, self.tftp],
            [10, 5, 8, 6, 4, 0 if self.has("ct") else 1, 2, 4 if self.has("fragments") else 0,
             3 if self.has("alg") else 0.1, 2 if self.has("alg") else 0.1])[0]()
