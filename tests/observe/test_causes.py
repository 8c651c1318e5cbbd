"""What led to an event, joined where the log's own causes end: outside the cluster, and at an election that stands."""

from __future__ import annotations

from typing import Any

from fluxsim.kernel.log import Event
from fluxsim.observe.causes import behind, chain, diverging

BOT = "image-automation-controller"
IMAGE = "registry/acme/backend"


def log(*told: tuple[str, str, dict[str, Any], tuple[int, ...]]) -> list[Event]:
    return [Event(seq, seq * 1_000, *event) for seq, event in enumerate(told)]


def commit(sha: str, *tags: str) -> dict[str, Any]:
    return {"commit": sha, "images": [{"old": "", "new": f"{IMAGE}:{tag}"} for tag in tags]}


STORY = log(
    ("action.taken", "you", {}, ()),
    ("tag.pushed", "ci", {"image": IMAGE, "tag": "v2"}, (0,)),
    ("reconcile.started", "image-reflector-controller", {}, ()),
    ("image.scanned", "image-reflector-controller", {"image": IMAGE, "added": ["v2"], "removed": []}, (2,)),
    ("tag.elected", "image-reflector-controller", {"tag": "v2"}, (3,)),
    ("commit.pushed", "you", commit("aaa", "v1"), ()),
    ("reconcile.started", BOT, {}, ()),
    ("commit.pushed", BOT, commit("bbb", "v2"), (6,)),
    ("reconcile.started", "source-controller", {}, ()),
    ("artifact.stored", "source-controller", {"commit": "bbb"}, (8,)),
)


def seqs(at: int) -> list[int]:
    return [event.seq for event in behind(STORY, STORY[at])]


def test_behind_a_scan_stand_the_tags_that_it_found() -> None:
    assert seqs(3) == [0, 1, 2, 3]


def test_an_election_is_behind_every_commit_of_the_bot_that_writes_its_tag() -> None:
    assert seqs(7) == [0, 1, 2, 3, 4, 6, 7]


def test_no_election_is_behind_the_commit_of_a_person() -> None:
    assert seqs(5) == [5]


def test_behind_an_artifact_stands_its_commit() -> None:
    assert seqs(9) == [0, 1, 2, 3, 4, 6, 7, 8, 9]


def test_a_chain_follows_the_latest_cause() -> None:
    assert [event.seq for event in chain(STORY, STORY[4])] == [4, 3, 2]


def test_a_story_turns_at_the_newest_commit_or_action() -> None:
    assert diverging(STORY, STORY[9]).seq == 7
    assert diverging(STORY, STORY[4]).seq == 0
    assert diverging(STORY, STORY[2]).seq == 2
