"""Shrinks a scenario that shows a difference: fewer steps, fewer rules, while it stays."""

from dataclasses import replace

from steps import Modify, Scenario


def split(scenario):
    """One rule a step, so that each can go on its own; bundles stay whole."""
    steps = []
    for step in scenario.steps:
        if isinstance(step, Modify) and not step.bundle and len(step.lines) > 1:
            steps += [replace(step, lines=[line]) for line in step.lines]
        else:
            steps.append(step)
    return Scenario(scenario.seed, scenario.settings, steps)


def minimize(scenario, differs, report=lambda text: None):
    """`differs(scenario)` returns the index of the differing step, or None."""
    scenario = split(scenario)
    index = differs(scenario)
    if index is None:
        return None
    best = Scenario(scenario.seed, scenario.settings, scenario.steps[:index + 1])
    chunk = max(1, len(best.steps) // 2)
    while True:
        position, shrunk = 0, False
        while position < len(best.steps) - 1:
            steps = best.steps[:position] + best.steps[position + chunk:]
            if position + chunk >= len(best.steps):
                steps = best.steps[:position] + best.steps[-1:]
            if len(steps) == len(best.steps):
                break
            trial = Scenario(best.seed, best.settings, steps)
            index = differs(trial)
            if index is not None:
                best = Scenario(best.seed, best.settings, trial.steps[:index + 1])
                shrunk = True
                report(f"{len(best.steps)} steps")
            else:
                position += chunk
        if chunk == 1 and not shrunk:
            break
        chunk = max(1, chunk // 2)
    bare = Scenario(best.seed, {}, best.steps)
    return bare if best.settings and differs(bare) is not None else best
