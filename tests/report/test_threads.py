"""The lines of the page: from what caused an event to the event, by way of what is shown."""

from __future__ import annotations

from typing import Any

from fluxsim.kernel.log import Event
from fluxsim.report.threads import Threads


def log(*entries: tuple[str, dict[str, Any], tuple[int, ...]], actor: str = "ci") -> list[Event]:
    return [Event(seq, seq * 1000, kind, actor, data, because) for seq, (kind, data, because) in enumerate(entries)]


def lines(events: list[Event], *shown: int) -> dict[int, list[int]]:
    threads = Threads(events, set(shown))
    found: dict[int, list[int]] = {}
    for seq in shown:
        threads.behind(seq)
        found[seq] = threads.nearest(seq)
    return found


def test_a_line_passes_over_what_is_not_shown() -> None:
    events = log(("action.taken", {}, ()), ("api.modified", {}, (0,)), ("pod.ready", {}, (1,)))
    assert lines(events, 0, 2) == {0: [], 2: [0]}


def test_a_line_comes_from_the_nearest_only() -> None:
    events = log(("action.taken", {}, ()), ("pod.scheduled", {}, (0,)), ("pod.ready", {}, (0, 1)))
    assert lines(events, 0, 1, 2)[2] == [1]


def test_what_a_run_says_stands_for_all_it_did() -> None:
    events = log(
        ("reconcile.started", {"key": "k"}, ()),
        ("kustomization.applied", {}, (0,)),
        ("api.modified", {}, (0,)),
        ("pod.ready", {}, (2,)),
    )
    assert lines(events, 1, 3)[3] == [1]


def test_an_election_is_behind_every_commit_of_its_tag_however_late() -> None:
    events = [
        Event(0, 0, "tag.elected", "image-reflector-controller", {"tag": "v2"}, ()),
        Event(1, 1000, "tag.elected", "image-reflector-controller", {"tag": "v3"}, ()),
        Event(
            2,
            9000,
            "commit.pushed",
            "image-automation-controller",
            {"commit": "c", "images": [{"new": "registry.local:5000/web:v2"}]},
            (),
        ),
        Event(3, 9000, "commit.pushed", "alice", {"commit": "d", "images": [{"new": "v2"}]}, ()),
    ]
    assert lines(events, 0, 1, 2, 3) == {0: [], 1: [], 2: [0], 3: []}
