"""A history is read as Flux saw it: the line of the branch, with the bot told from people, and the tags each commit set."""

from __future__ import annotations

import pytest

from fluxsim.drivers.history_record import Change, recorded, tag_in
from fluxsim.kernel.errors import InputError
from fluxsim.kernel.units import MINUTE
from fluxsim.world.setup import of_repository
from tests.drivers.pasts import FILE, IMAGE, Past, marked, seconds, tag


def test_the_bot_is_whom_the_automation_names() -> None:
    past = Past()
    past.bot(10, tag(8))
    past.person(20, {"notes.md": "hello"})
    assert [(commit.author, commit.bot) for commit in past.record().commits] == [
        ("Ada", False),
        ("flux-bot", True),
        ("Ada", False),
    ]


def test_a_marked_field_is_a_change_with_its_policy() -> None:
    past = Past()
    past.bot(10, tag(8))
    assert past.record().commits[1].changes == (Change(FILE, "develop:web", tag(-1), tag(8)),)


def test_the_manifests_tell_images_and_intervals() -> None:
    past = Past()
    past.bot(10, tag(8))
    record = past.record()
    change = record.commits[1].changes[0]
    assert record.images == {"develop:web": IMAGE}
    assert record.scans == {IMAGE: "develop/web"}
    assert (record.scan_ms_of("develop:web"), record.automation_ms_of(change)) == (MINUTE, 2 * MINUTE)


def test_an_automation_writes_below_its_path_and_in_its_namespace_alone() -> None:
    past = Past()
    past.bot(10, tag(8))
    automation = past.record().automations[0]
    assert automation.writes("develop", FILE)
    assert not automation.writes("staging", FILE)
    assert not automation.writes("develop", "apps/website/kustomization.yaml")


def test_work_aside_comes_with_the_pull_that_merged_the_bots_commit() -> None:
    past = Past()
    begin = past.repository.head("main")
    ours = past.side(5, begin, {"notes.md": "mine"})
    bots = past.bot(10, tag(8))
    merge = past.merge(12, "Merge branch 'main' of git.test:fleet", (ours, bots), {FILE: marked(tag(8))})
    line = past.record().commits
    assert [commit.id for commit in line] == [begin, bots, merge]
    assert [difference.path for difference in past.record().differences(line[2])] == ["notes.md"]


def test_without_the_bots_help_a_pull_came_from_its_second_parent_and_a_pull_request_from_its_first() -> None:
    past = Past()
    past.bot(1, tag(0))
    base = past.repository.head("main")
    left, right = past.side(2, base, {"a": "1"}), past.side(3, base, {"b": "1"})
    past.merge(4, "Merge branch 'main' of git.test:fleet", (left, right), {"b": "1"})
    assert right in [commit.id for commit in past.record().commits]
    past.merge(4, "Merge pull request #1 from fleet/left", (left, right), {"b": "1"})
    assert left in [commit.id for commit in past.record().commits]


def test_time_does_not_go_back_along_the_branch() -> None:
    past = Past()
    past.bot(10, tag(8))
    past.person(9, {"notes.md": "a slow clock"})
    assert [commit.at_s for commit in past.record().commits] == [seconds(0), seconds(10), seconds(10)]


def test_a_history_without_the_bot_is_refused() -> None:
    past = Past()
    with pytest.raises(InputError, match=r"no commit by bot@example.com or flux-bot on branch 'main'"):
        recorded(of_repository("past", past.repository, epoch_ms=0))


@pytest.mark.parametrize(
    ("value", "expected"), [("develop-v1", "develop-v1"), (f"{IMAGE}:develop-v1", "develop-v1"), ("host:5000/a:1", "1")]
)
def test_the_tag_of_a_value_is_the_whole_of_it_or_the_end_of_a_reference(value: str, expected: str) -> None:
    assert tag_in(value) == expected
