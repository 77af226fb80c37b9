"""Frames: building them from plain values, taking apart what was built, and a one-line summary.

A frame is described by a dictionary:
  src, dst          MAC addresses as bytes
  vlans             list of (tpid, tci), outermost first
  mpls              list of (label, tc, ttl)
  l3                "ip", "ip6", "arp" or None (then `type` and `payload` stand alone)
  saddr, daddr      network addresses as bytes
  tos, ttl, ident, fragment, options, extensions     of IP and IPv6
  proto             the IP protocol, and by it sport, dport, flags, seq, ack, window, icmp_type,
                    icmp_code, icmp_rest
  payload           what follows
"""

import struct

ETH_IP, ETH_ARP, ETH_VLAN, ETH_QINQ, ETH_IP6, ETH_MPLS = (
    0x0800, 0x0806, 0x8100, 0x88A8, 0x86DD, 0x8847)
ICMP, TCP, UDP, ICMP6, SCTP = 1, 6, 17, 58, 132
FIN, SYN, RST, PSH, ACK, URG = 1, 2, 4, 8, 16, 32


def mac(number):
    return bytes([2, 0, 0, 0, 0, number])


def ip(text):
    return bytes(int(part) for part in text.split("."))


def ip6(number, prefix=b"\xfd\x00"):
    return prefix + bytes(13) + bytes([number])


def ip_text(address):
    if len(address) == 4:
        return ".".join(str(byte) for byte in address)
    import ipaddress
    return str(ipaddress.IPv6Address(address))


def mac_text(address):
    return ":".join(f"{byte:02x}" for byte in address)


def checksum(data):
    if len(data) % 2:
        data += b"\0"
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return total ^ 0xFFFF


def crc32c(data):
    crc = 0xFFFFFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = (crc >> 1) ^ (0x82F63B78 if crc & 1 else 0)
    return crc ^ 0xFFFFFFFF


def build_l4(spec):
    """The transport header and the payload, with a checksum."""
    proto, payload = spec.get("proto"), spec.get("payload", b"")
    source, destination = spec["saddr"], spec["daddr"]

    def pseudo(length):
        if len(source) == 4:
            return source + destination + struct.pack("!BBH", 0, proto, length)
        return source + destination + struct.pack("!IHBB", length, 0, 0, proto)

    if proto == TCP:
        options = spec.get("tcp_options", b"")
        header = struct.pack(
            "!HHIIBBHHH", spec["sport"], spec["dport"], spec.get("seq", 0) & 0xFFFFFFFF,
            spec.get("ack", 0) & 0xFFFFFFFF, (5 + len(options) // 4) << 4, spec.get("flags", 0),
            spec.get("window", 8192), 0, 0) + options
        where = 16
    elif proto == UDP:
        length = spec.get("udp_length", 8 + len(payload))
        header = struct.pack("!HHHH", spec["sport"], spec["dport"], length, 0)
        where = 6
    elif proto in (ICMP, ICMP6):
        header = struct.pack("!BBH", spec["icmp_type"], spec.get("icmp_code", 0), 0)
        header += spec.get("icmp_rest", b"\0\0\0\0")
        where = 2
    elif proto == SCTP:
        header = struct.pack("!HHII", spec["sport"], spec["dport"], spec.get("vtag", 0), 0)
        data = header + payload
        return data[:8] + struct.pack("<I", crc32c(data)) + data[12:]
    else:
        return payload
    data = header + payload
    summed = data if proto == ICMP else pseudo(len(data)) + data
    value = checksum(summed)
    if proto == UDP:
        value = value or 0xFFFF
        if spec.get("no_checksum"):
            value = 0
    if spec.get("bad_checksum"):
        value ^= 0x0101
    return data[:where] + struct.pack("!H", value) + data[where + 2:]


def build_ip(spec, body, fragment=None, more=False):
    """An IPv4 header around `body`; `fragment` is an offset in bytes."""
    options = spec.get("options", b"")
    flags = 0x4000 if spec.get("dont_fragment") and fragment is None else 0
    if fragment is not None:
        flags = (0x2000 if more else 0) | fragment // 8
    header = struct.pack(
        "!BBHHHBBH", 0x40 | (5 + len(options) // 4), spec.get("tos", 0),
        spec.get("total_length", 20 + len(options) + len(body)), spec.get("ident", 0), flags,
        spec.get("ttl", 64), spec["proto"], 0) + spec["saddr"] + spec["daddr"] + options
    value = checksum(header)
    if spec.get("bad_ip_checksum"):
        value ^= 0x0101
    return header[:10] + struct.pack("!H", value) + header[12:] + body


def build_ip6(spec, body, fragment=None, more=False):
    """An IPv6 header, its extension headers, and `body`."""
    following = spec["proto"]
    chain = b""
    if fragment is not None:
        chain = struct.pack("!BBHI", following, 0, fragment | more, spec.get("ident", 0))
        following = 44
    for kind in reversed(spec.get("extensions", [])):
        chain = struct.pack("!BB", following, 0) + b"\x01\x04\0\0\0\0" + chain
        following = kind
    return struct.pack("!IHBB", 0x60000000 | spec.get("tos", 0) << 20 | spec.get("label", 0),
                       len(chain) + len(body), following, spec.get("ttl", 64)
                       ) + spec["saddr"] + spec["daddr"] + chain + body


def wrap(spec, kind, body):
    """Ethernet, VLAN tags and MPLS labels around a network packet."""
    if spec.get("mpls"):
        labels = b""
        last = len(spec["mpls"]) - 1
        for index, (label, tc, ttl) in enumerate(spec["mpls"]):
            labels += struct.pack("!I", label << 12 | tc << 9 | (index == last) << 8 | ttl)
        body, kind = labels + body, ETH_MPLS
    for tpid, tci in reversed(spec.get("vlans", [])):
        body, kind = struct.pack("!HH", tci, kind) + body, tpid
    return spec["dst"] + spec["src"] + struct.pack("!H", kind) + body


def build(spec):
    """The bytes of a frame."""
    if spec.get("l3") == "ip":
        return wrap(spec, ETH_IP, build_ip(spec, build_l4(spec)))
    if spec.get("l3") == "ip6":
        return wrap(spec, ETH_IP6, build_ip6(spec, build_l4(spec)))
    if spec.get("l3") == "arp":
        body = struct.pack("!HHBBH", 1, ETH_IP, 6, 4, spec["op"]) + spec["sha"] + spec["saddr"]
        body += spec["tha"] + spec["daddr"] + spec.get("payload", b"")
        return wrap(spec, spec.get("type", ETH_ARP), body)
    return wrap(spec, spec["type"], spec.get("payload", b""))


def build_fragments(spec, size):
    """The frames that an IP packet makes when cut in pieces of `size` (a multiple of 8) bytes."""
    body = build_l4(spec)
    kind, cut = (ETH_IP, build_ip) if spec["l3"] == "ip" else (ETH_IP6, build_ip6)
    frames = []
    for start in range(0, len(body), size):
        more = start + size < len(body)
        frames.append(wrap(spec, kind, cut(spec, body[start:start + size], start, more)))
    return frames


def parse(frame):
    """What `build` was given, as far as it can be told from the bytes; None if it can't."""
    try:
        return parse_unchecked(frame)
    except (struct.error, IndexError, KeyError):
        return None


def parse_unchecked(frame):
    spec = {"dst": frame[:6], "src": frame[6:12], "vlans": [], "mpls": [], "l3": None}
    offset = 12
    kind = struct.unpack_from("!H", frame, offset)[0]
    while kind in (ETH_VLAN, ETH_QINQ):
        spec["vlans"].append((kind, struct.unpack_from("!H", frame, offset + 2)[0]))
        offset += 4
        kind = struct.unpack_from("!H", frame, offset)[0]
    offset += 2
    spec["type"] = kind
    while kind in (ETH_MPLS, 0x8848):
        word = struct.unpack_from("!I", frame, offset)[0]
        spec["mpls"].append((word >> 12, word >> 9 & 7, word & 255))
        offset += 4
        if word & 0x100:
            spec["payload"] = frame[offset:]
            return spec
    body = frame[offset:]
    spec["payload"] = body
    if kind == ETH_IP and len(body) >= 20:
        length = (body[0] & 15) * 4
        spec.update(l3="ip", tos=body[1], ttl=body[8], proto=body[9], saddr=body[12:16],
                    daddr=body[16:20], options=body[20:length],
                    ident=struct.unpack_from("!H", body, 4)[0],
                    fragment=struct.unpack_from("!H", body, 6)[0] & 0x3FFF)
        total = struct.unpack_from("!H", body, 2)[0]
        parse_l4(spec, body[length:total] if not spec["fragment"] & 0x1FFF else None)
    elif kind == ETH_IP6 and len(body) >= 40:
        word, _, following, ttl = struct.unpack_from("!IHBB", body)
        spec.update(l3="ip6", tos=word >> 20 & 255, label=word & 0xFFFFF, ttl=ttl,
                    saddr=body[8:24], daddr=body[24:40], extensions=[])
        rest, fragment = body[40:], 0
        while following in (0, 43, 44, 60) and len(rest) >= 8:
            if following == 44:
                fragment = struct.unpack_from("!H", rest, 2)[0]
                following, rest = rest[0], rest[8:]
                break
            spec["extensions"].append(following)
            following, rest = rest[0], rest[8 + rest[1] * 8:]
        spec.update(proto=following, fragment=fragment)
        parse_l4(spec, rest if not fragment & 0xFFF8 else None)
    elif kind == ETH_ARP and len(body) >= 28:
        spec.update(l3="arp", op=struct.unpack_from("!H", body, 6)[0], sha=body[8:14],
                    saddr=body[14:18], tha=body[18:24], daddr=body[24:28], payload=body[28:])
    return spec


def parse_l4(spec, data):
    spec["has_ports"] = False
    if data is None:
        return
    spec["payload"] = data
    proto = spec["proto"]
    if proto in (TCP, UDP, SCTP) and len(data) >= 8:
        spec["sport"], spec["dport"] = struct.unpack_from("!HH", data)
        spec["has_ports"] = True
    if proto == TCP and len(data) >= 20:
        seq, ack, offset, flags, window = struct.unpack_from("!IIBBH", data, 4)
        spec.update(seq=seq, ack=ack, flags=flags, window=window,
                    payload=data[(offset >> 4) * 4:], tcp_options=data[20:(offset >> 4) * 4])
    elif proto == UDP and len(data) >= 8:
        spec["payload"] = data[8:]
    elif proto == SCTP and len(data) >= 12:
        spec.update(vtag=struct.unpack_from("!I", data, 4)[0], payload=data[12:])
    elif proto in (ICMP, ICMP6) and len(data) >= 8:
        spec.update(icmp_type=data[0], icmp_code=data[1], icmp_rest=data[4:8], payload=data[8:])


def answer_to(spec):
    """Addresses and ports swapped: what a host would use to answer `spec`."""
    answer = dict(spec, src=spec["dst"], dst=spec["src"], ttl=64, mpls=[], options=b"",
                  extensions=[])
    if "saddr" in spec:
        answer.update(saddr=spec["daddr"], daddr=spec["saddr"])
    if spec.get("has_ports") or "sport" in spec:
        answer.update(sport=spec["dport"], dport=spec["sport"])
    return answer


def summary(frame):
    """One line, in the manner of tcpdump."""
    spec = parse(frame)
    if spec is None or len(frame) < 14:
        return f"short frame of {len(frame)} bytes"
    words = [f"{mac_text(spec['src'])} > {mac_text(spec['dst'])}"]
    words += [f"{'vlan' if tpid == ETH_VLAN else 'svlan'} {tci & 4095} p {tci >> 13}"
              for tpid, tci in spec["vlans"]]
    words += [f"mpls {label} tc {tc} ttl {ttl}" for label, tc, ttl in spec["mpls"]]
    if spec["l3"] in ("ip", "ip6"):
        proto = spec["proto"]
        name = {1: "icmp", 6: "tcp", 17: "udp", 58: "icmp6", 132: "sctp"}.get(proto, proto)
        ports = (f".{spec['sport']}", f".{spec['dport']}") if spec.get("has_ports") else ("", "")
        words.append(f"{spec['l3']} {ip_text(spec['saddr'])}{ports[0]} > "
                     f"{ip_text(spec['daddr'])}{ports[1]} {name} ttl {spec['ttl']}")
        if spec["tos"]:
            words.append(f"tos {spec['tos']:#x}")
        if spec.get("fragment"):
            words.append(f"fragment {spec['fragment']:#x}")
        if "flags" in spec:
            letters = "".join(letter for bit, letter in enumerate("FSRPAUEW")
                              if spec["flags"] >> bit & 1)
            words.append(f"[{letters}] seq {spec['seq']} ack {spec['ack']} win {spec['window']}")
        if "icmp_type" in spec:
            words.append(f"type {spec['icmp_type']} code {spec['icmp_code']}")
    elif spec["l3"] == "arp":
        words.append(f"arp op {spec['op']} {ip_text(spec['saddr'])} > {ip_text(spec['daddr'])}")
    else:
        words.append(f"type {spec['type']:#06x}")
    words.append(f"payload {len(spec['payload'])}, frame {len(frame)}")
    return ", ".join(words)
