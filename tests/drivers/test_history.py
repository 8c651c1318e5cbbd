"""A world driven by a recorded history does what the real bot did, and where it does not the reason is told."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import pytest

from fluxsim.drivers.history import Replayed, planned, replayed
from fluxsim.drivers.history_comparison import Comparison, Errors, Spread
from fluxsim.drivers.history_reasons import disagreements, suspension, why_undone
from fluxsim.drivers.history_record import Record, recorded
from fluxsim.drivers.history_undone import touched
from fluxsim.drivers.history_window import window
from fluxsim.world.setup import of_repo
from tests.drivers.pasts import FILE, OBJECTS, Past, marked, objects, tag

BUNDLE = Path(__file__).parents[3] / "shared" / "realworld" / "ldbl-sre-flux.bundle"
REAL = pytest.mark.skipif(not BUNDLE.exists(), reason="the real repository is not beside the checkout, in ../shared")


def compared(record: Record, *, start: str = "", end: str = "", episode: str = "", follow: bool = True) -> Comparison:
    return Comparison(played(record, start=start, end=end, episode=episode, follow=follow))


def played(record: Record, *, start: str = "", end: str = "", episode: str = "", follow: bool = True) -> Replayed:
    found = window(record, start=start, end=end, episode=episode, lift=False)
    return replayed(planned(record, found, follow=follow))


def busy() -> Past:
    """Return an hour and a half with a release every ten minutes, committed two minutes after its tag's time, and a person's change."""
    past = Past()
    for number in range(1, 9):
        past.bot(number * 10.1, tag(number * 10.1 - 2))
    past.person(
        85, {"notes.md": "hello", FILE: marked(tag(78.8)).replace("labels: []", "nameSuffix: ''"), "README": None}
    )
    return past


# -- playing


def test_every_tag_is_written_where_and_about_when_the_real_bot_wrote_it() -> None:
    comparison = compared(busy().record())
    assert (comparison.recall, comparison.precision) == (1.0, 1.0)
    assert disagreements(comparison) == []
    assert comparison.replayed.faults == []


def test_what_people_committed_stands_in_the_simulated_repository() -> None:
    play = played(busy().record())
    files = play.world.head.files
    assert files.read("notes.md") == b"hello"
    assert files.read("README") is None
    assert files.read(FILE) == marked(tag(78.8)).replace("labels: []", "nameSuffix: ''").encode()


def test_the_same_seed_gives_the_same_log() -> None:
    record = busy().record()
    assert played(record).world.log.digest() == played(record).world.log.digest()


def test_the_clock_of_a_scan_is_followed_or_left_alone() -> None:
    record = busy().record()
    follow, free = compared(record), compared(record, follow=False)
    assert follow.errors()[0].mean_s < free.errors()[0].mean_s
    assert follow.errors()[0].count == free.errors()[0].count == 8


def test_a_promoted_tag_is_in_no_figure_of_time() -> None:
    past = busy()
    past.bot(90, "develop-v2.0.0-abc1234-7")
    comparison = compared(past.record())
    assert comparison.latencies[0].count == 8


def test_an_undone_change_is_undone_in_the_world_too_and_explained() -> None:
    past = busy()
    past.person(100, {FILE: marked("develop-v1.0.0-fff1111-1")}, "Go back")
    past.bot(101, tag(78.8))
    comparison = compared(past.record())
    fate = comparison.fates[-1]
    assert fate.agreed
    assert fate.real.after_s == 60
    chain = [link.text for link in why_undone(comparison, fate)]
    assert chain[0].startswith("flux-bot: commit ")
    assert chain[-1] == f"ImagePolicy/develop/web elects {tag(78.8)} (numerical, order asc) since then"
    assert suspension(comparison, fate) == "no suspension"


def test_a_suspension_in_git_that_comes_too_late_is_told() -> None:
    past = busy()
    past.person(100, {FILE: marked("develop-v1.0.0-fff1111-1"), OBJECTS: objects(suspend=True)}, "Go back and suspend")
    past.bot(101, tag(78.8))
    comparison = compared(past.record(), start="2027-01-15T08:05:00Z", end="2027-01-15T09:50:00Z")
    assert suspension(comparison, comparison.fates[-1]).startswith("the suspension was applied ")


def test_a_change_that_only_the_real_bot_undid_is_one_disagreement() -> None:
    past = busy()
    past.person(100, {FILE: marked("develop-v1.0.0-fff1111-1")}, "Go back, and let it not come again")
    past.person(100.01, {OBJECTS: objects(order="desc")})
    past.bot(101, "develop-v1.0.0-fff1111-0")
    found = disagreements(compared(past.record(), start="2027-01-15T08:05:00Z", end="2027-01-15T09:50:00Z"))
    assert len({(one.commit, one.file) for one in found}) == len(found)


def test_a_bot_that_undoes_itself_is_two_writers() -> None:
    past = busy()
    past.bot(90, tag(68.7))
    past.bot(90.5, tag(78.8))
    found = disagreements(compared(past.record()))
    assert [one.reason for one in found] == ["two writers", "two writers"]
    assert "a second cluster" in found[0].text


def test_of_two_tags_in_one_scan_the_older_is_superseded() -> None:
    past = busy()
    past.bot(92, tag(90))
    past.bot(92.1, tag(90.05, commit="abc1235"))
    (found,) = disagreements(compared(past.record()))
    assert (found.side, found.tag, found.reason) == ("real", tag(90), "superseded")


def test_a_tag_that_no_policy_elects_is_a_matter_of_policy() -> None:
    past = busy()
    past.bot(92, tag(40))
    (found,) = disagreements(compared(past.record()))
    assert (found.side, found.reason) == ("both", "clock")


def test_a_delay_longer_than_usual_is_a_matter_of_the_clock() -> None:
    past = busy()
    past.bot(110, tag(100))
    (found,) = disagreements(compared(past.record()))
    assert (found.side, found.reason) == ("both", "clock")
    assert "a slow build" in found.text


# -- figures


def test_spreads_and_errors_of_nothing_are_nothing() -> None:
    assert (Spread.of([]).count, Errors.of([]).count) == (0, 0)


def test_a_spread_tells_the_figure_that_nine_of_ten_do_not_exceed() -> None:
    assert Spread.of([float(number) for number in range(1, 11)]) == Spread(10, 1, 5.5, 9, 10)


def test_what_a_later_person_replaced_was_not_undone_by_the_bot() -> None:
    past = busy()
    past.person(100, {FILE: marked("one")})
    past.person(101, {FILE: marked("two")})
    past.bot(102, "one")
    first, second = touched(past.record().commits)
    assert first.undone is None
    assert second.undone is not None


# -- the real repository


@cache
def real() -> Record:
    return recorded(of_repo(str(BUNDLE)))


@REAL
def test_the_window_of_the_real_repository_is_where_its_machinery_stayed_the_same() -> None:
    found = window(real(), start="", end="", episode="", lift=False)
    commits = [commit for commit in real().commits if found.holds(commit)]
    assert commits[0].id.startswith("7a1a8c5")
    assert (len(real().bots), sum(commit.bot for commit in commits)) == (65, 43)


@REAL
def test_a_changed_order_sets_off_what_it_really_set_off() -> None:
    comparison = compared(real(), end="2026-02-06T18:20:00Z")
    assert (comparison.recall, comparison.precision) == (1.0, 1.0)
    ours, baseline = comparison.errors()
    assert ours.count == 7
    assert ours.mean_s < 120 < baseline.mean_s


@REAL
def test_a_busy_day_comes_out_as_it_really_did() -> None:
    comparison = compared(real(), start="2026-02-20T15:30:00Z", end="2026-02-20T18:02:00Z")
    assert comparison.recall >= 0.9
    assert comparison.precision >= 0.9
    assert comparison.errors()[0].near >= 0.9
    assert {one.reason for one in disagreements(comparison)} <= {"two writers", "superseded"}


@REAL
def test_the_fixes_of_the_sixth_of_february_are_undone_again() -> None:
    comparison = compared(real(), episode="2026-02-06")
    undone = {fate.real.undone.id[:7]: fate for fate in comparison.fates if fate.real.undone is not None}
    assert {"d76744a", "88991da", "2d7c5a2", "b82308b"} <= undone.keys()
    for name in ("d76744a", "88991da", "2d7c5a2", "b82308b"):
        fate = undone[name]
        assert fate.agreed, name
        chain = [link.text for link in why_undone(comparison, fate)]
        assert chain[0].startswith("fluxcdbot: commit ")
        assert chain[1].endswith("is reconciled, woken by its interval")
        assert "order desc" in chain[-1]
    assert "too late" in suspension(comparison, undone["88991da"])
