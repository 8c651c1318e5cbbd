"""Differences by lines are shortest ones, and merges are those of git."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from random import Random

from hypothesis import given
from hypothesis import strategies as st

from fluxsim.formats.textmerge import Hunk, hunks, line_before, lines_of, merged
from tests.realgit import run

LINES = st.lists(st.sampled_from([b"a\n", b"b\n", b"c\n", b"d\n"]), max_size=9)


def common(old: list[bytes], new: list[bytes]) -> int:
    """Return the length of a longest common subsequence, by the textbook."""
    row = [0] * (len(new) + 1)
    for line in old:
        row = [0, *row[1:]]
        before = row[:]
        for at, other in enumerate(new):
            row[at + 1] = before[at] + 1 if line == other else max(before[at + 1], row[at])
    return row[-1]


@given(LINES, LINES)
def test_hunks_turn_one_side_into_the_other_and_keep_all_that_can_be_kept(old: list[bytes], new: list[bytes]) -> None:
    found = hunks(old, new)
    made: list[bytes] = []
    done = 0
    for hunk in found:
        made += old[done : hunk.old_start] + new[hunk.new_start : hunk.new_end]
        done = hunk.old_end
    assert made + old[done:] == new
    assert all(left.old_end < right.old_start and left.new_end < right.new_start for left, right in pairwise(found))
    assert len(old) - sum(hunk.old_end - hunk.old_start for hunk in found) == common(old, new)


def test_an_inserted_copy_shows_where_git_shows_it() -> None:
    assert hunks([b"a", b"b", b"c"], [b"a", b"b", b"a", b"b", b"c"]) == [Hunk(2, 2, 2, 4)]


def test_merges_equal_those_of_git(tmp_path: Path) -> None:
    random = Random(5)
    for _ in range(60):
        base = [b"line %d\n" % (number if random.random() < 0.8 else 3) for number in range(random.randrange(1, 14))]
        texts = {"base": b"".join(base), "ours": edited(random, base), "theirs": edited(random, base)}
        for name, text in texts.items():
            (tmp_path / name).write_bytes(text)
        done = run(tmp_path, "merge-file", "-p", "ours", "base", "theirs")
        expected = done.stdout if done.returncode == 0 else None
        assert merged(texts["base"], texts["ours"], texts["theirs"]) == expected, texts


def edited(random: Random, base: list[bytes]) -> bytes:
    lines = list(base)
    for _ in range(random.randrange(1, 3)):
        at = random.randrange(len(lines) + 1)
        what = random.random()
        if what < 0.3 or at == len(lines):
            lines.insert(at, b"new %d\n" % random.randrange(3))
        elif what < 0.6:
            del lines[at]
        else:
            lines[at] = b"changed %d\n" % random.randrange(3)
    return b"".join(lines)


def test_changes_a_line_apart_merge_and_neighbours_conflict() -> None:
    assert merged(b"a\nb\nc\n", b"A\nb\nc\n", b"a\nb\nC\n") == b"A\nb\nC\n"
    assert merged(b"a\nb\n", b"A\nb\n", b"a\nB\n") is None


def test_the_same_change_on_both_sides_is_one() -> None:
    assert merged(b"a\nb\nc\n", b"a\nX\nc\nd\n", b"a\nX\nc\n") == b"a\nX\nc\nd\n"


def test_a_side_that_did_nothing_takes_the_other() -> None:
    assert merged(b"a", b"a", b"b\0") == b"b\0"
    assert merged(b"a", b"b", b"a") == b"b"
    assert merged(b"a\0", b"b\0", b"c\0") is None
    assert merged(b"", b"x\n", b"") == b"x\n"


def test_only_line_feeds_end_lines() -> None:
    assert lines_of(b"") == []
    assert lines_of(b"a\rb\r\nc") == [b"a\rb\r\n", b"c"]
    assert lines_of(b"a\n\n") == [b"a\n", b"\n"]


def test_a_line_is_followed_back_through_a_change() -> None:
    old, new = lines_of(b"a\nb\nc\n"), lines_of(b"new\na\nB\nc\n")
    assert [line_before(old, new, line) for line in range(4)] == [None, 0, None, 2]


def test_two_long_texts_without_anything_in_common_end_in_time() -> None:
    old, new = [b"%d" % number for number in range(1500)], [b"x%d" % number for number in range(1500)]
    assert hunks(old, new) == [Hunk(0, 1500, 0, 1500)]
