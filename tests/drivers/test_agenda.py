from __future__ import annotations

from fluxsim.drivers.agenda import soonest, strands
from tests.drivers.stories import played, story

SUSPENDED = "goals: [{now: true, suspended: {kind: Kustomization, name: namespaces}}]\n"


def test_steps_without_a_time_stay_behind_the_one_they_follow() -> None:
    steps = story(
        SUSPENDED
        + """\
steps:
  - {at: 5m, run: flux suspend ks a}
  - {after: 1m, run: flux suspend ks b}
  - {at: 2m, run: flux suspend ks c}
"""
    ).steps
    found = strands(steps)
    assert [len(strand.steps) for strand in found] == [2, 1]
    assert soonest(found) is found[1]


def test_who_waits_holds_nobody_else_up() -> None:
    play = played(
        SUSPENDED
        + """\
lasts: 10m
steps:
  - {at: 1m, run: flux suspend ks images}
  - once: {suspended: {kind: Kustomization, name: apps-develop}}
    run: flux suspend ks namespaces
  - {at: 3m, run: flux suspend ks apps-develop}
"""
    )
    assert play.passed
    assert [told.at_ms // 60_000 for told in play.told] == [1, 3, 3]


def test_waiting_in_vain_is_a_fault_and_the_step_is_done_all_the_same() -> None:
    play = played(
        SUSPENDED
        + """\
lasts: 10m
steps:
  - {at: 1m, run: flux suspend ks images}
  - once: {suspended: {kind: Kustomization, name: apps-develop}}
    at most: 2m
    run: flux suspend ks namespaces
"""
    )
    assert play.faults == [
        "00:03:00: waited 2m in vain until Kustomization/flux-system/apps-develop is suspended",
    ]
    assert len(play.told) == 2
