"""The known and intended differences between Vedette and Open vSwitch 3.1, each with its reason.

`normalise` makes both sides say the same where they may differ.  README.md lists what stands
here; a difference that is not here is a finding.
"""

import re

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


def normalise(step, observation):
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
