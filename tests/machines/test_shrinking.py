"""Stories become shorter and plainer and still break the same invariant."""

from __future__ import annotations

import pytest

from fluxsim.drivers.counterexample import brief
from fluxsim.drivers.machine import Finding
from fluxsim.drivers.shrinking import Shrinking, Story, broken_in
from fluxsim.drivers.trial import BASELINE_MS, Trial
from fluxsim.kernel.units import HOUR, MINUTE, SECOND
from fluxsim.world.actions import AnyAction, PushCode, RestartController, Revert, Scale
from fluxsim.world.setup import of_example

PUSH = PushCode(service="backend", branch="main", app="unready")
REVERT = Revert(commit="newest", author="fluxcdbot", path="flux/apps/backend/staging")
SCALE = Scale(deployment="frontend", namespace="develop", replicas=1)
RESTART = RestartController(controller="source-controller")


def story(*rows: tuple[int, AnyAction], rest_ms: int = 0) -> Story:
    return Story(3, tuple(gap for gap, _action in rows), tuple(action for _gap, action in rows), rest_ms)


def found(long: Story) -> Finding:
    """Play a story and return what it breaks."""
    trial = Trial(of_example(), long.seed)
    for gap_ms, action in zip(long.gaps_ms, long.actions, strict=True):
        trial.wait(gap_ms)
        trial.do(action)
    trial.wait(long.rest_ms)
    (violation,) = trial.broken()
    return Finding(violation, long.seed, tuple(trial.entries), trial.world.now_ms)


LONG = story(
    (7 * MINUTE + 11, SCALE),
    (13 * SECOND, PUSH),
    (47 * MINUTE, RESTART),
    (1 * MINUTE, REVERT),
    (1 * SECOND, SCALE),
    rest_ms=9 * HOUR,
)


def test_what_does_not_matter_goes() -> None:
    shrinking = Shrinking(of_example(), found(LONG))
    small = shrinking.finding()
    assert [entry.action for entry in small.entries] == [PUSH.model_copy(update={"app": "ok"}), REVERT]
    assert small.seed == 1
    assert small.entries[0].at_ms == BASELINE_MS
    assert all(entry.at_ms % MINUTE == 0 for entry in small.entries)
    assert 0 <= small.end_ms - small.violation.at_ms < MINUTE
    assert shrinking.trial.world.now_ms == small.end_ms
    assert broken_in(shrinking.trial, "a rollback holds") == small.violation


def test_no_time_to_shrink_leaves_the_story_as_it_is() -> None:
    finding = found(LONG)
    assert Shrinking(of_example(), finding, until_s=0).finding() == finding


def test_a_story_without_an_action_keeps_its_time() -> None:
    for index in range(len(LONG.actions)):
        assert LONG.without(index, 1).end_ms == LONG.end_ms
    assert LONG.without(0, 5).rest_ms == LONG.end_ms
    assert LONG.without(1, 2).gaps_ms == (LONG.gaps_ms[0], 13 * SECOND + 48 * MINUTE, SECOND)


def test_a_story_of_nothing_is_a_story() -> None:
    nothing = Story.of(Finding(found(LONG).violation, 1, (), 5 * MINUTE))
    assert nothing == Story(1, (), (), 5 * MINUTE)
    assert nothing.entries() == ()


def test_waits_have_places() -> None:
    assert LONG.wait(5) == LONG.rest_ms
    assert LONG.waiting(5, MINUTE).rest_ms == MINUTE
    assert LONG.waiting(0, MINUTE).entries()[1].at_ms == MINUTE + 13 * SECOND


@pytest.mark.parametrize(
    ("span_ms", "text"),
    [(0, "0s"), (250, "250ms"), (90 * SECOND, "1m30s"), (HOUR, "1h"), (26 * HOUR + 5, "26h5ms")],
)
def test_spans_are_written_as_people_write_them(span_ms: int, text: str) -> None:
    assert brief(span_ms) == text
