"""The known and intended differences between Vedette and Open vSwitch 3.1, each with its reason.

`normalise` makes both sides say the same where they may differ.  README.md lists what stands
here; a difference that is not here is a finding.
"""


def normalise(step, observation):
    return observation
