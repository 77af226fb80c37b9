"""The policy file and its counters: rules have names, by their cookies."""

import re

STATES = {
    "NEW": ("state-new",),
    "ESTABLISHED": ("state-established",),
    "RELATED": ("state-related-error", "state-related-data"),
    "INVALID": ("state-invalid",),
}
# Rules that end a packet's way through the policy.
DENIALS = ("forged-address", "tenant-boundary", "not-ip", "state-invalid", "untracked",
           "not-a-syn", "default-deny")


class Policy:
    """The names, texts and cookies of the rules in a policy file."""

    def __init__(self, path):
        self.path = path
        self.names = {}
        self.texts = {}
        name = None
        with open(path, encoding="utf-8") as file:
            for line in file:
                if heading := re.match(r"# \[([a-z0-9-]+)\] (.*)", line):
                    name = heading[1]
                    self.texts[name] = heading[2]
                elif rule := re.match(r"cookie=(0x[0-9a-f]+),", line):
                    self.names[int(rule[1], 16)] = name

    def count(self, switch):
        """Packets per rule's name."""
        switch.settle()
        counts = dict.fromkeys(self.texts, 0)
        for line in switch.ofctl("dump-flows", "br0").splitlines():
            found = re.search(r"cookie=(0x[0-9a-f]+),.* n_packets=(\d+)", line)
            if found and int(found[1], 16) in self.names:
                counts[self.names[int(found[1], 16)]] += int(found[2])
        return counts
