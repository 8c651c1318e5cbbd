"""The window: as given, else since the image objects last changed, else a day's episode."""

from __future__ import annotations

import pytest

from fluxsim.drivers.history_record import Record
from fluxsim.drivers.history_window import Window, lifted, window
from fluxsim.kernel.errors import InputError
from fluxsim.kernel.units import rfc3339
from tests.drivers.pasts import FILE, OBJECTS, Past, marked, objects, seconds, tag


def chosen(record: Record, start: str = "", end: str = "", episode: str = "", *, lift: bool = False) -> Window:
    return window(record, start=start, end=end, episode=episode, lift=lift)


def test_it_begins_where_a_person_last_changed_the_image_objects() -> None:
    past = Past(order="desc")
    past.bot(10, tag(8))
    past.person(20, {OBJECTS: objects(order="asc")})
    past.person(25, {"notes.md": "more"})
    past.bot(30, tag(28))
    past.bot(40, tag(38))
    assert chosen(past.record()) == Window(seconds(20), seconds(41))


def test_it_does_not_leave_out_most_of_the_bots_commits() -> None:
    past = Past()
    for minute in (10, 20, 30):
        past.bot(minute, tag(minute - 2))
    past.person(35, {OBJECTS: objects(order="desc")})
    past.bot(40, tag(38))
    assert chosen(past.record()).from_s == seconds(10)  # nothing stands before the first commit


def test_objects_that_are_no_longer_served_are_left_out_or_lifted() -> None:
    past = Past(version="v1beta2")
    past.bot(10, tag(8))
    past.person(20, {OBJECTS: objects(version="v1beta1")})
    past.bot(30, tag(28))
    with pytest.raises(InputError, match="the image objects are not all v1"):
        chosen(past.record())
    assert chosen(past.record(), lift=True).from_s == seconds(20)


def test_an_episode_goes_from_the_first_undone_change_to_the_last_undoing() -> None:
    past = Past()
    past.person(10, {FILE: marked("mine")})
    past.bot(11, tag(-1))
    past.person(20, {FILE: marked("again")})
    past.bot(21.5, tag(-1))
    past.bot(60, tag(58))
    day = rfc3339(seconds(10) * 1000)[:10]
    assert chosen(past.record(), episode=day) == Window(seconds(10), seconds(22), lift=True)


@pytest.mark.parametrize(
    ("start", "end", "episode", "expected"),
    [
        ("yesterday", "", "", "--from: 'yesterday' is no time; write it like"),
        ("", "2027-01-15T08:00", "", "--to: '2027-01-15T08:00' is no time"),
        ("2027-01-15T09:00:00Z", "2027-01-15T08:30:00Z", "", "is not before"),
        ("2020-01-01T00:00:00Z", "", "", "no commit before 2020-01-01T00:00:00Z; the history begins"),
        ("2027-01-15T08:30:00Z", "2027-01-15T08:40:00Z", "", "no commit by the bot from"),
        ("", "", "last week", "--episode: 'last week' is no day; write it like"),
        ("", "", "2027-01-15", "the bot undid no person's change to a marked field; it never did"),
    ],
)
def test_words_that_mean_no_window_are_refused(start: str, end: str, episode: str, expected: str) -> None:
    past = Past()
    past.bot(10, tag(8))
    with pytest.raises(InputError) as refused:
        chosen(past.record(), start, end, episode)
    assert expected in str(refused.value)


def test_only_image_objects_are_lifted() -> None:
    text = b"apiVersion: image.toolkit.fluxcd.io/v1beta2\nkind: A\n---\napiVersion: source.toolkit.fluxcd.io/v1beta2\n"
    assert lifted(text) == text.replace(b"image.toolkit.fluxcd.io/v1beta2", b"image.toolkit.fluxcd.io/v1")
    assert (
        lifted(b"# apiVersion: image.toolkit.fluxcd.io/v1beta2\n") == b"# apiVersion: image.toolkit.fluxcd.io/v1beta2\n"
    )
