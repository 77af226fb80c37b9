"""The known and intended differences between Vedette and Open vSwitch 3.1, each with its reason.

`normalise` makes both sides say the same where they may differ.  README.md lists what stands
here; a difference that is not here is a finding.
"""

import re

import packets
from steps import Check, Command

# Parts of a check that `--skip` leaves out, for looking past a difference that is being mended.
skipped = set()
# Regular expressions whose matches `--blur` removes from the lines of a check.
blurred = []


def connection(line):
    """A line of dpctl/dump-conntrack.

    * Vedette counts packets and bytes of a connection; Open vSwitch's userspace datapath does not,
      and prints none.
    * Open vSwitch stops checking windows (BE_LIBERAL) where it met a connection in the middle;
      Vedette never does, as DESIGN.md says.
    """
    line = re.sub(r",packets=\d+,bytes=\d+", "", line)
    line = re.sub(r"(flags_\w+=)([A-Z_|]+)", without_liberal, line)
    if "timeouts" in skipped:
        line = re.sub(r",timeout=\d+", "", line)
    return line


def without_liberal(found):
    flags = [flag for flag in found.group(2).split("|") if flag != "BE_LIBERAL"]
    return found.group(1) + ("|".join(flags) or "0")


def frames(out):
    """What the ports sent.

    * What follows a `ct()` runs for each fragment of a datagram in turn in Vedette, and action by
      action for all of them in Open vSwitch: copies of fragments may leave in another order.
    * Open vSwitch updates the checksum of a TCP or UDP header that an ICMPv6 error quotes twice when
      NAT changes the quoted address; what covers it is made to fit.
    """
    result = {}
    for port, sent in out.items():
        frames_ = [bytes.fromhex(frame) for frame in sent]
        if any((packets.parse(frame) or {}).get("fragment") for frame in frames_):
            frames_.sort()
        result[port] = [without_quoted_checksum(frame).hex() for frame in frames_]
    return result


def without_quoted_checksum(frame):
    spec = packets.parse(frame)
    if not spec or spec.get("l3") != "ip6" or spec.get("proto") != packets.ICMP6 \
            or spec.get("icmp_type", 255) not in (1, 2, 3, 4) or spec.get("fragment"):
        return frame
    quoted = len(frame) - len(spec["payload"])
    following = frame[quoted + 6:quoted + 7]
    offset = {bytes([packets.TCP]): 16, bytes([packets.UDP]): 6}.get(following)
    place = quoted + 40 + (offset or 0)
    if offset is None or len(frame) < place + 2:
        return frame
    mine = quoted - 8 + 2
    total = sum(int.from_bytes(frame[at:at + 2], "big") for at in (place, mine))
    blank = bytearray(frame)
    blank[place:place + 2] = bytes(2)
    # One checksum stands for both: as long as they fit each other, it is the same.
    blank[mine:mine + 2] = (total % 0xFFFF).to_bytes(2, "big")
    return bytes(blank)


def normalise(step, observation):
    if "out" in observation:
        observation = dict(observation, out=frames(observation["out"]))
    if "answers" in skipped and isinstance(step, Command):
        observation = {key: value for key, value in observation.items() if key != "answer"}
    if not isinstance(step, Check):
        return observation
    observation = {key: value for key, value in observation.items() if key not in skipped}
    if "connections" in observation:
        observation["connections"] = sorted(map(connection, observation["connections"]))
    for pattern in blurred:
        observation = {key: sorted(re.sub(pattern, "", line) for line in value)
                       if isinstance(value, list) else value
                       for key, value in observation.items()}
    return observation
