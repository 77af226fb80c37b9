"""Does the differential test see what it should?  Open vSwitch against itself agrees; against
itself with one rule missing it does not, and the shrinker finds the few steps that show it.
"""

import copy

import compare
import minimize
from generator import Generator
from steps import Modify


def without_rule(scenario, needle):
    """The scenario less the rules that contain `needle`."""
    copied = copy.deepcopy(scenario)
    for step in copied.steps:
        if isinstance(step, Modify):
            step.lines = [line for line in step.lines if needle not in line]
    return copied


def run(pair, seeds=(1, 2, 3)):
    """Raises AssertionError if the test is blind."""
    seen = 0
    for seed in seeds:
        scenario, left = pair.record(Generator(seed))
        right = pair.replay("right", scenario)
        assert compare.first_difference(scenario, left, right) is None, f"seed {seed} differs"
        needle = "priority=0,actions"

        def differs(trial):
            one, other = pair.replay("left", trial), pair.replay("right", without_rule(trial, needle))
            for index, (mine, its) in enumerate(zip(one, other)):
                if not isinstance(trial.steps[index], Modify) and mine != its:
                    return index
            return None

        if differs(scenario) is None:
            continue
        seen += 1
        smaller = minimize.minimize(scenario, differs)
        assert smaller is not None and len(smaller.steps) <= 12, "the shrinker kept too much"
        print(f"seed {seed}: shrunk from {len(scenario.steps)} to {len(smaller.steps)} steps")
        for step in smaller.steps:
            print("  " + compare.step_text(step).splitlines()[0])
    assert seen, "a missing rule was not noticed"
    return seen
