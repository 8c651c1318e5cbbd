"""Plays a scenario file: once, a trap twice (as it stands and cured), a matrix once a cell; guardrails before the first step."""

from __future__ import annotations

from dataclasses import dataclass

from fluxsim.drivers import guards, matrix, trap
from fluxsim.drivers.matrix import MatrixResult
from fluxsim.drivers.player import GoalResult, Played, Player, Told
from fluxsim.drivers.scenario import Goal, Scenario, Trap
from fluxsim.world.setup import Setup

__all__ = ["GoalResult", "MatrixResult", "Performance", "Played", "Player", "Told", "perform"]


@dataclass(slots=True)
class Performance:
    """What a scenario file came to: one play, or for a trap the play without the cure and the play with it."""

    scenario: Scenario
    plays: list[Played]
    faults: list[str]
    matrix: MatrixResult | None = None

    @property
    def passed(self) -> bool:
        return not self.faults and all(play.passed for play in self.plays)


def perform(scenario: Scenario, setup: Setup, *, seed: int | None = None) -> Performance:
    """Play a scenario; of a trap, demand that the goal is lost by the declared event and met with the cure."""
    faults = guards.wrong(scenario.guardrails, setup) if scenario.guardrails is not None else []
    if scenario.matrix is not None:
        table, plays = matrix.played(scenario, scenario.matrix, seed)
        return Performance(scenario, plays, [*faults, *table.wrong()], table)
    if scenario.trap is None:
        play = Player(scenario, setup, seed=seed).play()
        return Performance(scenario, [play], [*faults, *_unbroken(scenario, play)])
    plain = Player(_trapped(scenario, scenario.trap), setup, seed=seed).play()
    cured = _cured(scenario, scenario.trap, setup, seed)
    faults += [*_unbroken(scenario, plain), *trap.sprung(scenario.trap, plain, cured)]
    return Performance(scenario, [plain, cured], faults)


def _trapped(scenario: Scenario, sprung: Trap) -> Scenario:
    """Return the story as it stands: the trap's goal is expected to be lost, unless the file says how it fails."""

    def failing(goal: Goal) -> Goal:
        if goal.name != sprung.goal or goal.expect != "met":
            return goal
        return goal.model_copy(update={"expect": "lost"})

    return scenario.model_copy(update={"goals": tuple(failing(goal) for goal in scenario.goals)})


def _cured(scenario: Scenario, sprung: Trap, setup: Setup, seed: int | None) -> Played:
    """Play the story with one change. Only the trap's goal counts then, and no invariant may be broken but those that the trap leaves.

    Steps that would have mended what now never broke may be refused.
    """
    goals = tuple(goal.model_copy(update={"expect": "met"}) for goal in scenario.goals if goal.name == sprung.goal)
    steps = tuple(step for step in scenario.steps if not sprung.without or step.name != sprung.without)
    story = scenario.model_copy(update={"goals": goals, "steps": steps, "breaks": sprung.leaves})
    extra = [sprung.cure] if sprung.cure is not None else []
    return Player(story, setup, seed=seed, extra=extra, lenient=True).play()


def _unbroken(scenario: Scenario, play: Played) -> list[str]:
    """Return a fault for each invariant that the story declares broken and that held."""
    broken = {violation.invariant for violation in play.violations}
    return [f"'{name}' was declared broken and holds" for name in scenario.breaks if name not in broken]
