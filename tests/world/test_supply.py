"""Images on their way: each change of a tag is an event, whoever made it."""

from __future__ import annotations

from typing import Any

import pytest

from fluxsim.controllers.workloads.kubelet import PullRefused
from fluxsim.formats.ociimage import Build
from fluxsim.kernel.chance import Chance
from fluxsim.kernel.log import Log
from fluxsim.kernel.schedule import Schedule
from fluxsim.kube.clock import Clock
from fluxsim.systems.registry import Registry
from fluxsim.world import example
from fluxsim.world.setup import Seeded, Service
from fluxsim.world.supply import Supply

IMAGE = "r.test/acme/web"
PINNED = f"sha256:{'ab' * 32}"
FIRST = "staging-v1.2.3-{}-1767225600"


class Shelf:
    """A registry and its log."""

    def __init__(self) -> None:
        clock = Clock(Schedule(), Chance(1), 1_772_442_000_000)
        self.log = Log(1_772_442_000_000, lambda: 0)
        self.registry = Registry()
        self.supply = Supply(self.registry, self.log, clock)

    def told(self) -> list[tuple[str, str, dict[str, Any]]]:
        return [(event.kind, event.actor, dict(event.data)) for event in self.log.events]


@pytest.fixture
def shelf() -> Shelf:
    return Shelf()


# -- time zero


def test_a_tag_with_a_source_shares_its_digest(shelf: Shelf) -> None:
    rows = shelf.supply.seed([Seeded(IMAGE, "staging-1"), Seeded(IMAGE, "production-1", source="staging-1")], ())
    assert rows[0]["digest"] == rows[1]["digest"]
    assert rows[1]["from"] == "staging-1"
    assert shelf.log.events == []


def test_a_source_that_is_not_there_is_built(shelf: Shelf) -> None:
    [row] = shelf.supply.seed([Seeded(IMAGE, "production-1", source="staging-1")], ())
    assert row["digest"] == shelf.registry.head(IMAGE, "production-1")


def test_a_pinned_digest_is_there_without_a_tag(shelf: Shelf) -> None:
    [row] = shelf.supply.seed([Seeded(IMAGE, "", PINNED)], ())
    assert row["digest"] == PINNED
    assert shelf.supply.pull(f"{IMAGE}@{PINNED}").digest == PINNED
    assert shelf.registry.list_tags(IMAGE) == ()


def test_a_pinned_digest_may_have_a_tag_beside_it(shelf: Shelf) -> None:
    shelf.supply.seed([Seeded(IMAGE, "v1", PINNED), Seeded(IMAGE, "v2", PINNED)], ())
    assert [shelf.registry.head(IMAGE, tag) for tag in ("v1", "v2")] == [PINNED, PINNED]


def test_a_stamped_tag_names_the_commit_of_its_service(shelf: Shelf) -> None:
    repository = example.service("backend", "promote")
    commit = repository.head("main")
    [row] = shelf.supply.seed([Seeded(IMAGE, FIRST.format(commit[:7]))], [Service("backend", IMAGE, repository)])
    assert (row["commit"], row["service"]) == (commit, "web")


def test_a_commit_that_no_service_has_stays_short(shelf: Shelf) -> None:
    [row] = shelf.supply.seed([Seeded(IMAGE, FIRST.format("abcdef0"))], ())
    assert row["commit"] == "abcdef0"


# -- pushes


def test_the_first_tag_is_the_name_and_the_others_move(shelf: Shelf) -> None:
    digest = shelf.supply.push(IMAGE, ["v1", "latest"], Build("web"), {"reason": "build"}, "build-bot")
    assert shelf.told() == [
        ("tag.pushed", "build-bot", {"image": IMAGE, "tag": "v1", "digest": digest, "reason": "build", "alias": False}),
        (
            "tag.pushed",
            "build-bot",
            {"image": IMAGE, "tag": "latest", "digest": digest, "reason": "build", "alias": True},
        ),
    ]


def test_a_retag_keeps_the_digest_and_says_from_where(shelf: Shelf) -> None:
    digest = shelf.supply.push(IMAGE, ["staging-1"], Build("web"), {}, "ci")
    assert shelf.supply.retag(IMAGE, "staging-1", ["production-1"], {"reason": "promotion"}, "ci") == digest
    _kind, _actor, data = shelf.told()[-1]
    assert (data["tag"], data["from"], data["digest"]) == ("production-1", "staging-1", digest)


def test_a_person_points_a_tag_at_another_image_or_at_a_fresh_one(shelf: Shelf) -> None:
    first = shelf.supply.push(IMAGE, ["v1"], Build("web"), {}, "ci")
    assert shelf.supply.push_by_hand(IMAGE, "v2", "v1", "ok", "ada") == first
    assert shelf.supply.push_by_hand(IMAGE, "v3", "", "crash", "ada") != first
    assert {data.get("reason") for _kind, actor, data in shelf.told() if actor == "ada"} == {"person"}
    assert shelf.supply.pull(f"{IMAGE}:v3").app == "crash"


def test_a_deleted_tag_is_told_with_what_it_named(shelf: Shelf) -> None:
    digest = shelf.supply.push(IMAGE, ["v1"], Build("web"), {}, "ci")
    shelf.supply.delete(IMAGE, "v1", "ada")
    assert shelf.told()[-1] == (
        "tag.deleted",
        "ada",
        {"image": IMAGE, "tag": "v1", "digest": digest, "reason": "person"},
    )


def test_retention_tells_each_tag_that_went(shelf: Shelf) -> None:
    for number in range(4):
        shelf.supply.push(IMAGE, [f"v{number}"], Build("web", built_s=number), {}, "ci")
    assert shelf.supply.retain(IMAGE, 1, per_family=False, protect=["v0"]) == ["v1", "v2"]
    gone = [(actor, data["tag"], data["reason"]) for kind, actor, data in shelf.told() if kind == "tag.deleted"]
    assert gone == [("registry", "v1", "retention"), ("registry", "v2", "retention")]


# -- pulls


def test_a_pull_says_how_the_program_behaves(shelf: Shelf) -> None:
    digest = shelf.supply.push(IMAGE, ["v1"], Build("web"), {}, "ci")
    pulled = shelf.supply.pull(f"{IMAGE}:v1")
    assert (pulled.digest, pulled.app) == (digest, "ok")


@pytest.mark.parametrize("reference", [f"{IMAGE}:nope", "r.test/Not A Name:1"])
def test_what_cannot_be_pulled_is_refused_in_the_runtimes_words(shelf: Shelf, reference: str) -> None:
    shelf.supply.push(IMAGE, ["v1"], Build("web"), {}, "ci")
    with pytest.raises(PullRefused) as refused:
        shelf.supply.pull(reference)
    assert str(refused.value)


def test_an_outage_fails_pulls_until_it_is_over(shelf: Shelf) -> None:
    shelf.supply.push(IMAGE, ["v1"], Build("web"), {}, "ci")
    shelf.supply.fail("outage", IMAGE, 0)
    with pytest.raises(PullRefused):
        shelf.supply.pull(f"{IMAGE}:v1")
    shelf.supply.heal(IMAGE)
    assert shelf.supply.pull(f"{IMAGE}:v1").app == "ok"
