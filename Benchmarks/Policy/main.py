#!/usr/bin/env -S /usr/bin/python3 -B
"""How long policies take: from a file to packets that are judged by it.

    Benchmarks/Policy/main.py [--binary DAEMON] [WORD ...]

Each line is one measurement beside its target; ends with status 1 where a target is missed. Needs
root. Ports are dummies; nothing but the daemon and the tool run.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
sys.path[:0] = [os.path.join(ROOT, "tools")]

from lab import laboratory  # noqa: E402
from lab.switch import Switch  # noqa: E402


def address(number):
    """10.x.y.z of a port."""
    return f"10.{number >> 16 & 255}.{number >> 8 & 255}.{number & 255}"


def ports(count, group, first=1):
    """Ports with one address and one or more groups each."""
    return [{"id": f"port-{n}", "mac_address": "02:00:%02x:%02x:%02x:%02x" % (
                n >> 24 & 255, n >> 16 & 255, n >> 8 & 255, n & 255),
             "fixed_ips": [{"ip_address": address(n)}], "security_groups": group(n)}
            for n in range(first, first + count)]


def policy(rules, count, groups):
    """`rules` rules over `groups` groups, of which each of `count` ports has one; a third are
    about prefixes, a third about the members of a group, a third about a range of ports."""
    entries = []
    for number in range(rules):
        entry = {"id": f"rule-{number}", "security_group_id": f"group-{number % groups}",
                 "direction": "ingress" if number % 4 else "egress", "protocol": "tcp",
                 "port_range_min": 1000 + number // groups % 60000,
                 "port_range_max": 1000 + number // groups % 60000}
        if number % 3 == 0:
            entry["remote_ip_prefix"] = f"172.{16 + number % 16}.{number // 16 % 256}.0/24"
        elif number % 3 == 1:
            entry["remote_group_id"] = f"group-{(number + 1) % groups}"
        entries.append(entry)
    return {"security_groups": [{"id": f"group-{n}"} for n in range(groups)],
            "security_group_rules": entries,
            "ports": ports(count, lambda n: [f"group-{n % groups}"])}


class Host:
    """A daemon with `count` workloads' ports."""

    def __init__(self, binary, count):
        self.directory = tempfile.mkdtemp(prefix="vd-policy-", dir="/run")
        self.switch = Switch(binary, self.directory, options=["--enable-dummy"])
        self.vedette = os.path.join(os.path.dirname(os.path.abspath(binary)), "vedette")
        self.switch.start()
        words = ["add-br", "br0", "--", "set", "bridge", "br0", "datapath_type=dummy",
                 "fail_mode=secure"]
        self.switch.vsctl(*words)
        for start in range(1, count + 1, 100):
            words = []
            for number in range(start, min(start + 100, count + 1)):
                words += ["--", "add-port", "br0", f"p{number}", "--", "set", "interface",
                          f"p{number}", "type=dummy", f"external_ids:iface-id=port-{number}"]
            self.switch.vsctl(*words[1:])

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.switch.stop()
        shutil.rmtree(self.directory, ignore_errors=True)

    def sg(self, *words):
        """Runs `vedette sg`; returns the seconds it took."""
        begun = time.monotonic()
        subprocess.run([self.vedette, "sg", *words], check=True, stdout=subprocess.DEVNULL,
                       env=dict(os.environ, **self.switch.environment))
        return time.monotonic() - begun

    def file(self, name, document):
        """A file in the run directory."""
        path = os.path.join(self.directory, name)
        with open(path, "w", encoding="utf-8") as file:
            json.dump(document, file, indent=1)
        return path

    def yaml(self, name, document):
        """The same in YAML, an object a line."""
        path = os.path.join(self.directory, name)
        with open(path, "w", encoding="utf-8") as file:
            for section, entries in document.items():
                file.write(f"{section}:\n")
                for entry in entries:
                    file.write(f"  - {json.dumps(entry)}\n")
        return path

    def memory(self):
        """Megabytes that are resident."""
        with open(f"/proc/{self.switch.pid('ovs-vswitchd')}/status", encoding="ascii") as file:
            for line in file:
                if line.startswith("VmRSS"):
                    return int(line.split()[1]) / 1024
        return 0


RESULTS = []


def result(what, value, unit, limit):
    """Notes and prints a measurement."""
    passed = value <= limit
    RESULTS.append(passed)
    print(f"{'ok  ' if passed else 'MISS'} {what}: {value:.3g} {unit} (at most {limit} {unit})",
          flush=True)


def loading(binary):
    """From nothing."""
    for rules, groups, limit in ((10_000, 200, 2), (50_000, 500, 10)):
        with Host(binary, 200) as host:
            document = policy(rules, 200, groups)
            result(f"{rules} rules over 200 ports, from JSON",
                   host.sg("apply", host.file("a.json", document)), "s", limit)
        with Host(binary, 200) as host:
            result(f"{rules} rules over 200 ports, from YAML",
                   host.sg("apply", host.yaml("a.yaml", document)), "s", limit)


def single(binary):
    """One rule of 50,000."""
    with Host(binary, 200) as host:
        document = policy(50_000, 200, 500)
        host.sg("apply", host.file("a.json", document))
        times = []
        for number in range(20):
            rule = dict(document["security_group_rules"][number * 100 + 1], port_range_min=5,
                        port_range_max=5 + number)
            path = host.file("one.json", {"security_group_rules": [rule]})
            times.append(host.sg("patch", path) * 1000)
        print("     one rule changed in 50,000, the whole command, ms: "
              + " ".join(f"{value:.1f}" for value in sorted(times)))
        result("one rule changed in 50,000, the whole command (median)",
               sorted(times)[len(times) // 2], "ms", 30)
        with open(f"{host.directory}/ovs-vswitchd.log", encoding="utf-8") as log:
            inner = [float(line.split("enforced in ")[1].split()[0]) for line in log
                     if "enforced in " in line and "changed: 1 rules" in line]
        result("one rule changed in 50,000, from its arrival until it is in force and kept (median)",
               sorted(inner)[len(inner) // 2], "ms", 10)
        document["security_group_rules"][1]["port_range_max"] += 1
        result("one rule changed in a file of 50,000", host.sg(
            "apply", host.file("a.json", document)), "s", 10)


def remote_group(binary):
    """Members + rules, not their product."""
    with Host(binary, 4) as host:
        before = host.memory()
        document = {
            "security_groups": [{"id": "many"}, {"id": "few"}],
            "security_group_rules": [
                {"id": f"rule-{n}", "security_group_id": "few", "direction": "ingress",
                 "protocol": "tcp", "port_range_min": n + 1, "port_range_max": n + 1,
                 "remote_group_id": "many"} for n in range(100)],
            "ports": ports(10_000, lambda n: ["many"] if n > 4 else ["few"])}
        result("a remote group of 10,000 members with 100 rules",
               host.sg("apply", host.file("a.json", document)), "s", 2)
        result("its memory", host.memory() - before, "MB", 150)


def one_port(binary):
    """Several thousand rules on one port."""
    with Host(binary, 1) as host:
        document = policy(8000, 1, 1)
        for entry in document["security_group_rules"]:
            entry.pop("remote_group_id", None)
        result("8,000 rules on one port", host.sg("apply", host.file("a.json", document)), "s", 2)


def revoking(binary):
    """A rule goes at 1,000,000 live connections, which are idle then and resume."""
    laboratory.remove_leftovers()
    lab = laboratory.Laboratory(f"vdp{os.getpid() % 10000}", binary)
    flood = os.path.join(tempfile.mkdtemp(prefix="vd-flood-", dir="/run"), "flood")
    subprocess.run(["cc", "-O2", "-o", flood, os.path.join(HERE, "flood.c")], check=True)
    try:
        lab.start()
        lab.switch.vsctl("add-br", "br0", "--", "set", "bridge", "br0", "datapath_type=netdev")
        client = lab.add("client", "02:00:00:00:00:01", "10.2.0.1/24")
        server = lab.add("server", "02:00:00:00:00:02", "10.2.0.2/24")
        # The client stands for the world behind an uplink: each connection is in one zone, and
        # none is answered.
        lab.switch.vsctl("add-port", "br0", "client", "--", "set", "interface", "client",
                         "other_config:max-half-open-connections=0")
        lab.switch.vsctl("add-port", "br0", "server", "--", "set", "interface", "server",
                         "external_ids:iface-id=server")
        vedette = os.path.join(os.path.dirname(os.path.abspath(binary)), "vedette")

        def apply(rules):
            def udp(low, high):
                return {"id": f"udp-{low}", "security_group_id": "server", "protocol": "udp",
                        "direction": "ingress", "port_range_min": low, "port_range_max": high}
            document = {
                "security_groups": [{"id": "server"}],
                "security_group_rules": [udp(*rule) for rule in rules],
                "ports": [{"id": "server", "mac_address": server.mac,
                           "security_groups": ["server"],
                           "fixed_ips": [{"ip_address": server.address}]}]}
            subprocess.run([vedette, "sg", "apply", "-"], input=json.dumps(document), text=True,
                           check=True, env=dict(os.environ, **lab.switch.environment))

        def send(first, ports, sources):
            return subprocess.Popen(
                client.words(flood, "eth0", client.mac, server.mac, client.address,
                             server.address, str(first), str(ports), str(sources)),
                stdout=subprocess.PIPE, text=True)

        def received():
            text = server.shell("cat", "/sys/class/net/eth0/statistics/rx_packets")
            return int(text)
        # One rule for what is to end, one for what is to go on.
        apply([(9000, 9019), (9100, 9100)])
        send(9100, 1, 2000).wait()
        before = received()
        # A kernel's queue that overflows loses some: they come with the next turn.
        for _ in range(4):
            sent = int(send(9000, 20, 49_900).communicate()[0])
            count = int(lab.switch.appctl("dpctl/ct-get-nconns"))
            if count >= 1_000_000:
                break
        time.sleep(0.5)
        print(f"     {received() - before} datagrams arrived", flush=True)
        result(f"connections missing of {sent + 2000}", sent + 2000 - count, "connections", 0)
        begun = time.monotonic()
        apply([(9100, 9100)])
        print(f"     the rule was gone after {time.monotonic() - begun:.3f} s", flush=True)
        time.sleep(max(0, begun + 1 - time.monotonic()))
        before = received()
        sent = int(send(9000, 20, 49_900).communicate()[0])
        time.sleep(1)
        result(f"packets of {sent} that passed a second after their rule was removed",
               received() - before, "packets", 0)
        before = received()
        stays = send(9100, 1, 2000)
        # Meanwhile the rule comes and goes.
        apply([(9000, 9019), (9100, 9100)])
        apply([(9100, 9100)])
        sent = int(stays.communicate()[0])
        time.sleep(0.5)
        result(f"packets of {sent} that were lost though their rule stays",
               abs(sent - (received() - before)), "packets", 0)
        print(f"     connections: {lab.switch.appctl('dpctl/ct-get-nconns').split()}")
    finally:
        lab.remove()
        shutil.rmtree(os.path.dirname(flood), ignore_errors=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--binary", default=os.path.join(ROOT, ".build/release/vswitchd"))
    parser.add_argument("words", nargs="*")
    options = parser.parse_args()
    for case in (loading, single, remote_group, one_port, revoking):
        if not options.words or any(word in case.__name__ for word in options.words):
            case(options.binary)
    return 0 if all(RESULTS) else 1


if __name__ == "__main__":
    sys.exit(main())
