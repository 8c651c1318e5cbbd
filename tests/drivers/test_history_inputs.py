"""What the history does not say is estimated: when a tag reached the registry, how long a listing takes, when scans happen."""

from __future__ import annotations

import pytest

from fluxsim.controllers.latencies import Latencies
from fluxsim.drivers.history_inputs import built_at, estimated, follows, ordinary, stamp_of, tags_of
from tests.drivers.pasts import BEGIN_S, Past, marked, seconds, tag
from tests.drivers.pasts import FILE as WHERE


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("develop-v1.0.0-abc1234-1800000000", 1_800_000_000),
        ("main-abc1234-20270115080000", 1_800_000_000),
        ("1800000000", 1_800_000_000),
        ("v1.2.3", None),
        ("main-abc1234-20271315080000", None),
        ("main-abc11800000000", None),
    ],
)
def test_the_time_at_the_end_of_a_tag_is_read(name: str, expected: int | None) -> None:
    assert stamp_of(name) == expected


def test_a_promoted_tag_keeps_another_ones_time() -> None:
    assert built_at("production-v1.0.0-abc1234-1800000000") is None
    assert built_at("product-abc1234-1800000000") == 1_800_000_000


def regular(count: int = 6, gap: float = 10.1) -> Past:
    """Return a history whose bot commits every ten scans, each scan 60.6 s after the former, two minutes after the tag's time."""
    past = Past()
    for number in range(1, count + 1):
        past.bot(number * gap, tag(number * gap - 2))
    return past


def test_a_build_takes_what_the_machinery_leaves_of_the_median_delay() -> None:
    record = regular().record()
    found = estimated(record, record.bots, Latencies())
    assert found.delay_s == 120
    assert found.build_s == pytest.approx(120 - found.machinery_s)
    assert 30 < found.machinery_s < 40


def test_commits_a_whole_number_of_scans_apart_tell_the_listing() -> None:
    record = regular().record()
    found = estimated(record, record.bots, Latencies())
    assert found.pairs == 5
    assert (found.listing.low + found.listing.high) / 2 == pytest.approx(600, abs=1)


def test_with_too_few_pairs_the_usual_listing_stays() -> None:
    record = regular(3).record()
    found = estimated(record, record.bots, Latencies())
    assert (found.listing, found.pairs) == (Latencies().list_tags, 0)


def test_a_tag_that_waited_for_a_person_is_no_measure() -> None:
    past = regular()
    past.bot(200, tag(100))
    record = past.record()
    assert [delay for _commit, _change, delay in ordinary(record.bots)] == [120] * 6


def test_a_tag_is_pushed_when_its_build_ends_and_an_unreadable_one_before_its_commit() -> None:
    past = regular()
    past.bot(90, "v7")
    record = past.record()
    guess = estimated(record, record.bots, Latencies())
    tags = tags_of(record, record.bots, guess)
    assert tags[0].at_s == pytest.approx(seconds(8.1) + guess.build_s, abs=1)
    assert (tags[-1].tag, tags[-1].why, tags[-1].stamp_s) == ("v7", "unknown", None)
    assert tags[-1].at_s == pytest.approx(seconds(90) - guess.machinery_s)


def test_a_promoted_tag_points_where_its_twin_does() -> None:
    past = regular()
    promoted = tag(8.1, "production")
    past.bot(80, promoted)
    record = past.record()
    found = tags_of(record, record.bots, estimated(record, record.bots, Latencies()))[-1]
    assert (found.why, found.source) == ("promoted", tag(8.1))


def test_whoever_names_a_tag_has_seen_it() -> None:
    past = regular()
    past.person(80, {WHERE: marked(tag(79.9))})
    record = past.record()
    found = tags_of(record, record.commits, estimated(record, record.bots, Latencies()))[-1]
    assert found.why == "person"
    assert found.at_s < seconds(80)


def test_a_commit_tells_the_clock_of_scans_only_for_what_comes_after_it() -> None:
    record = regular().record()
    guess = estimated(record, record.bots, Latencies())
    found = follows(record, record.bots, guess, Latencies())
    assert len(found) == 6
    for follow, commit in zip(found, record.bots, strict=True):
        assert commit.at_s < follow.at_s < commit.at_s + 62
    assert record.bots[0].at_s > BEGIN_S
