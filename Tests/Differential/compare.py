"""What counts as a difference between two runs of a scenario, and how it is told."""

import difflib

import known
import packets
from steps import Check, Command, Modify, Packet, Warp


def first_difference(scenario, left, right):
    """Index of the first step whose observations differ and a text, or None."""
    for index, step in enumerate(scenario.steps):
        one, other = (known.normalise(step, run[index]) for run in (left, right))
        if one != other:
            return index, describe(one, other)
    return None


def describe(left, right):
    """The parts of two observations that differ."""
    text = []
    for key in left.keys() | right.keys():
        one, other = left.get(key), right.get(key)
        if one == other:
            continue
        text.append(f"{key}:")
        if key == "out":
            text += frames("left", one) + frames("right", other)
        elif isinstance(one, list) and isinstance(other, list):
            delta = difflib.unified_diff([str(line) for line in one],
                                         [str(line) for line in other], lineterm="", n=0)
            text += ["  " + line for line in list(delta)[2:] if not line.startswith("@@")]
        else:
            text += [f"  left  {one}", f"  right {other}"]
    return "\n".join(text)


def frames(side, out):
    if not out:
        return [f"  {side}: nothing sent"]
    return [f"  {side}: {port} sent {packets.summary(bytes.fromhex(frame))}\n      {frame}"
            for port, list_ in sorted(out.items()) for frame in list_]


def kind_of(difference):
    """A short name for a difference, so that a shrinker does not wander to another one."""
    return difference.split(":")[0]


def step_text(step):
    if isinstance(step, Packet):
        return f"{step.port} receives {packets.summary(bytes.fromhex(step.frame))}\n" \
               f"      {step.frame}"
    if isinstance(step, Modify):
        bundle = " --bundle" if step.bundle else ""
        head = f"ovs-ofctl -O {step.version} {' '.join(step.command)}{bundle}"
        return head + "".join(f"\n      {line}" for line in step.lines)
    if isinstance(step, Warp):
        return f"{step.milliseconds} ms pass"
    if isinstance(step, Command):
        return "ovs-appctl " + " ".join(step.arguments)
    assert isinstance(step, Check)
    return "check of tables, counters and connections"
