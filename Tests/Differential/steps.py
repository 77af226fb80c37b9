"""The steps of a scenario, and their text form (one JSON object a line) for replaying."""

import json
from dataclasses import asdict, dataclass, field


@dataclass
class Modify:
    """OpenFlow messages, as text for ovs-ofctl: flow-mods, group-mods or a meter-mod."""
    version: int
    command: list
    lines: list
    bundle: bool = False


@dataclass
class Packet:
    """A frame that arrives at a port."""
    port: str
    frame: str


@dataclass
class Warp:
    """Time passes."""
    milliseconds: int


@dataclass
class Command:
    """A unixctl command; its output is compared."""
    arguments: list


@dataclass
class Check:
    """All tables, counters and connections are compared."""


@dataclass
class Scenario:
    """A seed's outcome: how ports are set up, and what happens."""
    seed: int
    settings: dict
    steps: list = field(default_factory=list)


KINDS = {kind.__name__: kind for kind in (Modify, Packet, Warp, Command, Check)}


def dump(scenario):
    lines = [json.dumps({"seed": scenario.seed, "settings": scenario.settings})]
    lines += [json.dumps({"step": type(step).__name__, **asdict(step)}) for step in scenario.steps]
    return "\n".join(lines) + "\n"


def load(text):
    lines = [json.loads(line) for line in text.splitlines() if line.strip()]
    scenario = Scenario(lines[0]["seed"], lines[0]["settings"])
    for line in lines[1:]:
        kind = KINDS[line.pop("step")]
        scenario.steps.append(kind(**line))
    return scenario
