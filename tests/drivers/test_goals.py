from __future__ import annotations

import pytest

from tests.drivers.stories import played

STEPS = """\
lasts: 10m
steps: [{at: 2m, run: flux suspend ks namespaces, as: asleep}, {at: 4m, run: flux resume ks namespaces, as: awake}]
goals: [{%s, suspended: {kind: Kustomization, name: namespaces, is: %s}}]
"""


@pytest.mark.parametrize(
    ("when", "suspended", "outcome"),
    [
        ("now: true", "false", "met"),
        ("now: true", "true", "missed"),
        ("now: true, from: asleep", "true", "met"),
        ("now: true, from: 3m", "true", "met"),
        ("within: 3m", "true", "met"),
        ("within: 1m", "true", "missed"),
        ("from: awake, within: 1m", "true", "missed"),
        ("from: asleep, holds for: 1m", "true", "met"),
        ("from: asleep, holds for: 3m", "true", "lost"),
        ("within: 1m, holds for: 30s", "false", "met"),
        ("within: 1m, holds for: 5m", "false", "lost"),
        ("from: 3m, holds for: 30s", "true", "met"),
        ("from: 1m, holds for: 30s", "true", "missed"),
        ("never: true", "true", "violated"),
        ("never: true, until: 1m", "true", "met"),
        ("never: true, from: 5m", "true", "met"),
        ("never: true, from: 3m", "true", "violated"),
    ],
)
def test_goals_are_judged_over_time(when: str, suspended: str, outcome: str) -> None:
    assert played(STEPS % (when, suspended)).goals[0].tracker.outcome == outcome


def test_a_lost_goal_knows_when_and_by_which_event() -> None:
    tracker = played(STEPS % ("from: asleep, holds for: 5m", "true")).goals[0].tracker
    assert (tracker.reached_ms, tracker.lost_ms) == (120_000, 240_000)
    assert tracker.lost_by is not None
    assert tracker.lost_by.kind == "api.modified"


def test_a_goal_from_a_step_that_was_never_done_is_missed() -> None:
    play = played(
        """\
lasts: 1m
steps: [{at: 30s, run: "flux suspend ks ${nothing.tag}", as: suspension}]
goals: [{from: suspension, within: 1m, suspended: {kind: Kustomization, name: images}}]
"""
    )
    assert play.goals[0].tracker.outcome == "missed"
    assert play.goals[0].tracker.seen == "step 'suspension' was never done"
