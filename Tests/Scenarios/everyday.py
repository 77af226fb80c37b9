"""The everyday commands of everyday.txt, on the peer and on the daemon under test, side by side."""

import difflib
import os
import re
import shlex
import subprocess

from harness import eventually
from lab.shell import CommandFailed, run, succeeds

HERE = os.path.dirname(os.path.abspath(__file__))

# Commands whose answers list things in no particular order.
UNORDERED = re.compile(
    r"^vsctl show|list controller|dump-groups|dump-group-stats|-flows|dump-conntrack|queue-|"
    r"dump-ports br0$")

SETUP = """
vsctl --if-exists del-br br1 -- --if-exists del-br br0
vsctl add-br br0 -- set bridge br0 datapath_type=netdev other-config:datapath-id=0000000000000001 \
other-config:hwaddr=02:00:00:00:00:aa -- set interface br0 type=internal
vsctl add-port br0 p1 -- set interface p1 type=dummy ofport_request=1
vsctl add-port br0 p2 -- set interface p2 type=dummy ofport_request=2
vsctl add-port br0 p3 -- set interface p3 type=dummy ofport_request=3
vsctl add-port br0 p4 -- set interface p4 type=dummy ofport_request=4
"""


def tests():
    """One test for each group of commands."""
    return [(f"everyday: {name}", lambda context, name=name, steps=steps: compare(
        context, name, steps)) for name, steps in read_groups().items()]


def read_groups():
    """The groups of everyday.txt: lists of (files so far, line number, command line)."""
    groups, steps, files = {}, None, {}
    with open(os.path.join(HERE, "everyday.txt"), encoding="utf-8") as file:
        lines = file.read().splitlines()
    number = 0
    while number < len(lines):
        line = lines[number].strip()
        number += 1
        if line.startswith("== "):
            steps, files = [], {}
            groups[line[3:]] = steps
        elif line.startswith("file "):
            end = lines.index(".", number)
            files = dict(files, **{line[5:]: "\n".join(lines[number:end]) + "\n"})
            number = end + 1
        elif line and not line.startswith("#"):
            steps.append((files, number, line))
    return groups


def compare(context, name, steps):
    """Fails with the differences between the two switches' answers."""
    if "peer" not in context.shared:
        options = ["--enable-dummy"]
        context.shared["peer"] = context.laboratory(context.peer, options)
        context.shared["own"] = context.laboratory(context.binary, options)
    labs = (context.shared["peer"], context.shared["own"])
    for lab in labs:
        reset(lab)
    differences = []
    for files, number, line in steps:
        expected, found = (perform(lab, line, files) for lab in labs)
        if expected != found:
            differences.append(describe(number, line, expected, found))
    assert not differences, f"{len(differences)} of {len(steps)} commands differ\n" + "".join(
        differences)


def reset(lab):
    """A fresh bridge; and a fresh daemon where the last group ended it."""
    if not succeeds("ovs-appctl", "version", environment=lab.switch.environment):
        eventually(lambda: not lab.switch.pid("ovs-vswitchd"), "the daemon does not end")
        lab.switch.start_daemon()
    for line in SETUP.strip().splitlines():
        perform(lab, line, {}, checked=True)


def perform(lab, line, files, checked=False):
    """The normalised output and status of a command."""
    compared, exact = not line.startswith("~"), line.startswith("!")
    line = line.lstrip("~!")
    words = shlex.split(line)
    if words[0] == "sh":
        words = ["sh", line[3:]]
    for index, word in enumerate(words):
        if word.startswith("@") and word[1:] in files:
            words[index] = f"{lab.directory}/{word[1:]}.txt"
            with open(words[index], "w", encoding="utf-8") as file:
                file.write(files[word[1:]])
    program = {"vsctl": ["ovs-vsctl", "--timeout=8"], "ofctl": ["ovs-ofctl", "--timeout=10"],
               "appctl": ["ovs-appctl", "--timeout=10"], "sh": ["sh", "-c"]}[words[0]]
    environment = dict(lab.switch.environment, LAB_NAMESPACE=lab.namespace.name)
    try:
        output, status = run(*program, *words[1:], environment=environment), 0
    except CommandFailed as failure:
        output, status = failure.output, failure.status
    except subprocess.TimeoutExpired:
        output, status = "no answer", "none"
    if checked and status != 0:
        raise AssertionError(f"{line}: {output}")
    text = normalise(output, lab, exact) if compared else "(not compared)\n"
    if UNORDERED.search(line):
        text = "".join(sorted(text.splitlines(keepends=True)))
    return text + f"status {status}\n"


def normalise(text, lab, exact=False):
    """Leaves out what may differ: times unless `exact`, sequence numbers, random ids, caches."""
    if not exact:
        text = without_times(text)
    text = text.replace(lab.directory, "RUNDIR")
    text = re.sub(r"\d{4}-\d\d-\d\dT[\d:.]+Z\|\d+\|", "", text)
    text = re.sub(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", "UUID", text)
    text = re.sub(r"xid=0x[0-9a-f]+", "xid=X", text)
    text = re.sub(r"ovs-vswitchd\.\d+\.ctl", "ovs-vswitchd.PID.ctl", text)
    text = re.sub(r"ovs-vswitchd \(Open vSwitch\) .*", "VERSION", text)
    text = re.sub(r"ovs_version: .*", "ovs_version", text)
    # Addresses of dummies are numbered in the order they were opened, recirculations as they come.
    text = re.sub(r"addr:aa:55:aa:55:00:[0-9a-f]{2}", "addr:DUMMY", text)
    text = re.sub(r"recirc(_id=|\()0x[0-9a-f]+", r"recirc\1ID", text)
    text = re.sub(r'"aa:55:aa:55:00:[0-9a-f]{2}"', "DUMMY", text)
    # Random addresses, and what the kernel numbers as it comes.
    text = re.sub(r'(mac_in_use +: )"[0-9a-f:]{17}"(?=\nmtu +: \[\])', r"\1RANDOM", text)
    text = re.sub(r"(ifindex +: )[1-9]\d*", r"\1N", text)
    text = re.sub(r"\((to1|br1)\): addr:\S+", r"(\1): addr:RANDOM", text)
    # How the refusal of a version looks is a matter of which side closes first.
    text = re.sub(r"\((Broken pipe|Protocol error)\)", "(REFUSED)", text)
    text = re.sub(r"hit:\d+ missed:\d+", "hit:N missed:N", text)
    # The peer's dummy devices do not count these, and invent others.
    text = re.sub(r",? [rt]x_(q0_|custom_)\w+=\d+", "", text)
    text = re.sub(r"(drop|errs|frame|over|crc|coll)=\?", r"\1=0", text)
    text = re.sub(r" +CUSTOM Statistics\n(?: {20,}.*\n)*", "", text)
    # Rules of the peer's own that no packet of a controller can reach.
    text = re.sub(r"(?m)^table_id=254, .*\n", "", text)
    # Named beside the version; and what one switch has that the other has not, on purpose.
    text = re.sub(r"(?m)^Vedette .*\n", "", text)
    text = re.sub(r"afxdp, afxdp-nonpmd, ", "", text)
    text = text.replace("[dummy, netdev, system]", "[dummy, netdev]")
    text = re.sub(r" nsh_\{[^}]*\}|recirc_id ", "", text)
    text = re.sub(r"max_meter:\d+", "max_meter:N", text)
    text = re.sub(r"band_types: drop dscp_remark", "band_types: drop", text)
    # Connections' packets are counted here as by the kernel's datapath; the peer counts none.
    text = re.sub(r",packets=\d+,bytes=\d+\)", ")", text)
    # Caches of masks are the peer's own.
    text = re.sub(r"(?m)^Megaflow: .*\n", "", text)
    return text


def without_times(text):
    """Leaves out durations and ages, which go on while the two switches are asked."""
    text = re.sub(r"duration=[\d.]+s", "duration=T", text)
    text = re.sub(r"(idle|hard)_age=\d+, ", "", text)
    text = re.sub(r"duration:[\d.]+s", "duration:T", text)
    text = re.sub(r"age=\d+", "age=N", text)
    text = re.sub(r"time=[\d.]+ ms", "time=T", text)
    # Of connections; those of rules are what they were told to be.
    text = re.sub(r"(?<!_)timeout=\d+", "timeout=T", text)
    # The table of learned addresses counts its age in seconds.
    return re.sub(r"(?m)^( *\S+ +\d+ +[0-9a-f:]{17}) +\d+$", r"\1 AGE", text)


def describe(number, line, expected, found):
    """A difference, as a diff."""
    diff = difflib.unified_diff(expected.splitlines(), found.splitlines(), "peer", "own", "", "",
                                1, "")
    return f"everyday.txt:{number}: {line}\n" + "\n".join(list(diff)[2:]) + "\n"
