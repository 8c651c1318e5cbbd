"""A timeline as text."""

from __future__ import annotations

from fluxsim.observe.timeline import Row
from fluxsim.report.text import folded, lines, wrapped

FIGHT = [
    Row(minute * 60_000, "flux", "ks a", "applied main@1234567: Namespace/dev configured", minute)
    for minute in range(50)
]


def test_what_happens_over_and_over_is_told_twice_and_then_counted() -> None:
    shown = folded(FIGHT)
    assert [row.at_ms for row in shown] == [0, 60_000, 120_000]
    assert shown[2].text.endswith("; 48 times from now to 00:49:00")


def test_what_happens_three_times_is_told_three_times() -> None:
    assert folded(FIGHT[:3]) == FIGHT[:3]


def test_other_lines_between_stay_where_they_are() -> None:
    push = Row(25 * 60_000, "people", "you", "git push", 99)
    assert folded([*FIGHT[:26], push, *FIGHT[26:]])[-1] == push


def test_no_line_is_wider_than_asked_and_nothing_is_lost() -> None:
    words = "word " * 60 + "x" * 300
    row = Row(0, "git", "a" * 40, words, 1)
    told = [str(line) for line in lines([row], width=80)]
    assert max(map(len, told)) <= 80
    assert "".join(words.split()) in "".join("".join(told[number][40:].split()) for number in range(len(told)))


def test_a_word_without_spaces_is_broken() -> None:
    assert wrapped("x" * 25, 10) == ["x" * 10, "x" * 10, "x" * 5]
    assert wrapped("", 10) == [""]
