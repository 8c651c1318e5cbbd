"""Runs that change nothing are repeated instead of played: nobody can tell, whatever happens and whenever."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fluxsim.kernel.units import HOUR, MINUTE, SECOND, Millis
from fluxsim.world import cluster
from fluxsim.world.actions import ACTION
from fluxsim.world.setup import of_example
from fluxsim.world.world import World

Timed = tuple[Millis, dict[str, Any]]

RELEASES: list[Timed] = [
    (10 * MINUTE, {"do": "push-code", "service": "backend", "branch": "develop", "message": "Add a cache"}),
    (30 * MINUTE, {"do": "push-code", "service": "backend", "branch": "main", "message": "Merge the cache"}),
    (50 * MINUTE, {"do": "run-workflow", "service": "backend"}),
    (70 * MINUTE, {"do": "revert", "commit": "newest", "author": "fluxcdbot", "path": "flux/apps/backend/production"}),
]
DRIFT: list[Timed] = [
    (2 * HOUR, {"do": "scale", "deployment": "backend", "namespace": "develop", "replicas": 3}),
    (2 * HOUR + 17 * SECOND, {"do": "set-image", "deployment": "backend", "namespace": "staging", "image": "x:1"}),
    (
        2 * HOUR + 31 * SECOND,
        {
            "do": "patch",
            "kind": "image repository",
            "name": "backend",
            "namespace": "flux-system",
            "patch": {"spec": {"interval": "37s"}},
        },
    ),
    (2 * HOUR + 40 * MINUTE, {"do": "reconcile", "kind": "image repository", "name": "backend"}),
    (3 * HOUR, {"do": "delete", "kind": "deployment", "name": "backend", "namespace": "staging"}),
]
FAULTS: list[Timed] = [
    (4 * HOUR, {"do": "break", "what": "registry", "mode": "outage", "lasts": "20m"}),
    (5 * HOUR, {"do": "break", "what": "git", "lasts": "7m"}),
    (6 * HOUR, {"do": "break", "what": "registry", "mode": "truncated-list", "lasts": "30m"}),
    (7 * HOUR, {"do": "restart-controller", "controller": "image-reflector-controller"}),
    (7 * HOUR, {"do": "restart-controller", "controller": "source-controller"}),
    (8 * HOUR, {"do": "deploy-key", "access": "none"}),
    (8 * HOUR, {"do": "push-code", "service": "frontend", "branch": "main"}),
    (9 * HOUR, {"do": "deploy-key", "access": "read-write"}),
]


def played(actions: Sequence[Timed], *, lean: bool, until: Millis, seed: int = 1) -> World:
    world = World(of_example(), seed=seed, lean=lean)
    for at_ms, action in sorted(actions, key=lambda timed: timed[0]):
        world.run_to(at_ms)
        world.do(ACTION.validate_python(action))
    world.run_to(until)
    return world


def difference(actions: Sequence[Timed], *, until: Millis, seed: int = 1) -> str:
    """Return the first thing in which the log or the cluster differs, nothing where all is the same."""
    lean, full = (played(actions, lean=lean, until=until, seed=seed) for lean in (True, False))
    for one, other in zip(lean.log.events, full.log.events, strict=False):
        if lean.log.line(one) != full.log.line(other):
            return f"lean {lean.log.line(one)!r}\nfull {full.log.line(other)!r}"
    if lean.log.digest() != full.log.digest():
        return f"lean has {len(lean.log.events)} events, full {len(full.log.events)}"
    return "\n".join(
        f"lean {one}\nfull {other}"
        for kind in full.store.kinds()
        for one, other in zip(lean.store.list(kind), full.store.list(kind), strict=True)
        if one != other
    )


@pytest.fixture(params=[1, 4])
def workers(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """How many keys a Flux controller reconciles at once; with one of them most runs wait for others."""
    for kind in cluster.WORKERS:
        if kind.group.endswith(".fluxcd.io"):
            monkeypatch.setitem(cluster.WORKERS, kind, request.param)


@pytest.mark.usefixtures("workers")
@pytest.mark.parametrize("seed", [1, 2])
def test_a_day_with_releases_a_revert_drift_and_faults_is_the_same(seed: int) -> None:
    assert not difference([*RELEASES, *DRIFT, *FAULTS], until=24 * HOUR, seed=seed)


def test_an_idle_day_is_the_same_to_the_last_heartbeat() -> None:
    assert not difference([], until=24 * HOUR)


@st.composite
def actions_and_times(draw: st.DrawFn) -> list[Timed]:
    """Any few of the actions, at any time: in the middle of a run as well as between two."""
    wanted = draw(st.lists(st.sampled_from([action for _, action in (*RELEASES, *DRIFT, *FAULTS)]), max_size=8))
    return [(draw(st.integers(5 * MINUTE, 90 * MINUTE)), action) for action in wanted]


@settings(max_examples=8, deadline=None, derandomize=True)
@given(actions_and_times())
def test_whatever_happens_in_the_middle_of_a_run_is_seen_as_if_it_were_played(actions: list[Timed]) -> None:
    assert not difference(actions, until=2 * HOUR)
