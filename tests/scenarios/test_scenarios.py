"""Every scenario file plays and does what it says, over its own seed and three more."""

from __future__ import annotations

from collections import Counter
from functools import cache
from pathlib import Path

import pytest

from fluxsim.drivers.failures import FAILURES
from fluxsim.drivers.play import Performance, perform
from fluxsim.drivers.scenario import Scenario, load, setup_of

DIRECTORY = Path(__file__).parents[2] / "scenarios"
FILES = sorted(DIRECTORY.glob("*.yaml"))
SEEDS = (None, 2, 3, 11)
LINES_MAX = 60


@cache
def scenario(file: Path) -> Scenario:
    return load(file)


def told(performance: Performance) -> str:
    """Return what went wrong, as the assertion shows it."""
    lines = list(performance.faults)
    for play in performance.plays:
        lines += play.faults
        lines += [f"{one.invariant}: {one.message}" for one in play.unexpected]
        lines += [
            f"{result.tracker.told}: {result.tracker.outcome}, expected {result.goal.expect}; {result.tracker.seen}"
            for result in play.goals
            if not result.as_expected
        ]
    return "\n".join(lines)


@pytest.mark.parametrize("seed", SEEDS, ids=lambda seed: "own" if seed is None else f"seed {seed}")
@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_it_does_what_it_says(file: Path, seed: int | None) -> None:
    story = scenario(file)
    performance = perform(story, setup_of(story), seed=seed)
    assert performance.passed, told(performance)


def test_each_story_has_a_name_of_its_own() -> None:
    names = Counter(scenario(file).name for file in FILES)
    assert [name for name, count in names.items() if count > 1] == []


def test_each_story_is_short_and_says_why() -> None:
    for file in FILES:
        assert len(file.read_text().splitlines()) <= LINES_MAX, file.name
        assert scenario(file).why.endswith("."), file.name


def test_the_catalogue_has_all_failures() -> None:
    families = Counter(name.partition("-")[0] for name in FAILURES)
    assert families == {"SEL": 22, "SCP": 8, "WRT": 12, "APL": 15, "RBK": 14, "PRM": 7}
    assert len(set(FAILURES.values())) == len(FAILURES)


def test_every_trap_says_by_what_its_goal_is_lost() -> None:
    for file in FILES:
        sprung = scenario(file).trap
        if sprung is not None:
            assert sprung.lost_by.actor, file.name
            assert sprung.without or sprung.cure, file.name
