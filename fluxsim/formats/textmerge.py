"""Differences between texts by lines, and the three-way merge that `git revert` and `git merge` do.

Source: git 2.39 xdiff/xdiffi.c (Myers' algorithm, compacted as it does) and xdiff/xmerge.c
(level zealous: changes that touch or overlap conflict unless both sides came to the same lines).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

EDITS_MAX = 800
"""Inserted and deleted lines beyond which two texts count as different from the first difference to the last: the search is quadratic."""


class Hunk(NamedTuple):
    """Lines `old_start:old_end` became lines `new_start:new_end`; counted from 0."""

    old_start: int
    old_end: int
    new_start: int
    new_end: int


def lines_of(text: bytes) -> list[bytes]:
    """Split into lines that keep their line feeds; nothing else ends a line, as in Git."""
    *lines, rest = text.split(b"\n")
    return [line + b"\n" for line in lines] + ([rest] if rest else [])


def hunks(old: Sequence[bytes], new: Sequence[bytes]) -> list[Hunk]:
    """Return what changed, in order, with at least one unchanged line between two hunks."""
    start = 0
    shortest = min(len(old), len(new))
    while start < shortest and old[start] == new[start]:
        start += 1
    tail = 0
    while tail < shortest - start and old[-1 - tail] == new[-1 - tail]:
        tail += 1
    middle_old, middle_new = old[start : len(old) - tail], new[start : len(new) - tail]
    removed, added = _edits(middle_old, middle_new)
    gone = [False] * start + removed + [False] * tail
    come = [False] * start + added + [False] * tail
    _compact(old, gone, come)
    _compact(new, come, gone)
    return _collected(gone, come)


def merged(base: bytes, ours: bytes, theirs: bytes) -> bytes | None:
    """Return ours with the change from base to theirs made to it as well; None where they conflict."""
    if base == theirs or ours == theirs:
        return ours
    if base == ours:
        return theirs
    if b"\0" in base or b"\0" in ours or b"\0" in theirs:
        return None
    old, left, right = lines_of(base), lines_of(ours), lines_of(theirs)
    left_hunks, right_hunks = hunks(old, left), hunks(old, right)
    result: list[bytes] = []
    done = 0
    while left_hunks or right_hunks:
        start, end, mine, others = _group(left_hunks, right_hunks)
        result += old[done:start]
        left_lines, right_lines = _region(old, left, mine, start, end), _region(old, right, others, start, end)
        if not others or left_lines == right_lines:
            result += left_lines
        elif not mine:
            result += right_lines
        else:
            return None
        done = end
    return b"".join(result + old[done:])


def line_before(old: Sequence[bytes], new: Sequence[bytes], line: int) -> int | None:
    """Return which line of `old` a line of `new` was; None where the change from one to the other wrote it."""
    shift = 0
    for hunk in hunks(old, new):
        if line < hunk.new_start:
            break
        if line < hunk.new_end:
            return None
        shift = hunk.old_end - hunk.new_end
    return line + shift


def _edits(old: Sequence[bytes], new: Sequence[bytes]) -> tuple[list[bool], list[bool]]:
    """Return which lines of each side are not part of a longest common subsequence (Myers 1986, greedy)."""
    rows, columns = len(old), len(new)
    removed, added = [True] * rows, [True] * columns
    if not rows or not columns:
        return removed, added
    reach = {1: 0}
    trace: list[dict[int, int]] = []
    for edits in range(min(rows + columns, EDITS_MAX) + 1):
        trace.append(reach)
        reach = dict(reach)
        for diagonal in range(-edits, edits + 1, 2):
            down = diagonal == -edits or (diagonal != edits and reach[diagonal - 1] < reach[diagonal + 1])
            row = reach[diagonal + 1] if down else reach[diagonal - 1] + 1
            column = row - diagonal
            while row < rows and column < columns and old[row] == new[column]:
                row += 1
                column += 1
            reach[diagonal] = row
            if row >= rows and column >= columns:
                _mark_common(trace, rows, columns, removed, added)
                return removed, added
    return removed, added


def _mark_common(trace: list[dict[int, int]], row: int, column: int, removed: list[bool], added: list[bool]) -> None:
    for edits in range(len(trace) - 1, -1, -1):
        reach = trace[edits]
        diagonal = row - column
        down = diagonal == -edits or (diagonal != edits and reach[diagonal - 1] < reach[diagonal + 1])
        before = diagonal + 1 if down else diagonal - 1
        from_row = reach[before]
        from_column = from_row - before
        while row > max(from_row, 0) and column > max(from_column, 0) and row - column == diagonal:
            if (row, column) == ((from_row, from_column + 1) if down else (from_row + 1, from_column)):
                break
            row -= 1
            column -= 1
            removed[row] = added[column] = False
        row, column = from_row, from_column


def _compact(lines: Sequence[bytes], changed: list[bool], other: list[bool]) -> None:
    """Move each run of changed lines where Git shows it.

    A run may move by a line where the line that leaves it equals the one that enters. It goes beside a change of the
    other side if it can, else down as far as it goes (xdl_change_compact).
    """
    beside = _beside_changes(other)
    at = kept = 0
    while at < len(lines):
        if not changed[at]:
            at += 1
            kept += 1
            continue
        start, end = at, _run_end(changed, at)
        while True:
            size = end - start
            while start > 0 and lines[start - 1] == lines[end - 1]:
                start, end, kept = start - 1, end - 1, kept - 1
                changed[start], changed[end] = True, False
                while start > 0 and changed[start - 1]:
                    start -= 1
            matches = beside[kept]
            while end < len(lines) and lines[start] == lines[end]:
                changed[start], changed[end] = False, True
                start, end, kept = start + 1, _run_end(changed, end), kept + 1
                matches = matches or beside[kept]
            if size == end - start:
                break
        while matches and not beside[kept]:
            start, end, kept = start - 1, end - 1, kept - 1
            changed[start], changed[end] = True, False
        at = end


def _beside_changes(changed: list[bool]) -> list[bool]:
    """Return for each unchanged line, and for the end, whether a changed line stands right before it."""
    beside: list[bool] = []
    former = False
    for line in changed:
        if not line:
            beside.append(former)
        former = line
    return [*beside, former]


def _run_end(changed: list[bool], at: int) -> int:
    while at < len(changed) and changed[at]:
        at += 1
    return at


def _collected(gone: list[bool], come: list[bool]) -> list[Hunk]:
    found: list[Hunk] = []
    row = column = 0
    while row < len(gone) or column < len(come):
        start = row, column
        while row < len(gone) and gone[row]:
            row += 1
        while column < len(come) and come[column]:
            column += 1
        if (row, column) != start:
            found.append(Hunk(start[0], row, start[1], column))
        row += 1
        column += 1
    return found


def _group(left: list[Hunk], right: list[Hunk]) -> tuple[int, int, list[Hunk], list[Hunk]]:
    """Take the first hunks off both lists, with all that touch each other."""
    start = min(hunk[0].old_start for hunk in (left, right) if hunk)
    end = start
    mine: list[Hunk] = []
    others: list[Hunk] = []
    first = True
    while True:
        for waiting, taken in ((left, mine), (right, others)):
            if waiting and (waiting[0].old_start <= end if not first else waiting[0].old_start == start):
                hunk = waiting.pop(0)
                taken.append(hunk)
                end = max(end, hunk.old_end)
                first = False
                break
        else:
            return start, end, mine, others


def _region(old: list[bytes], new: list[bytes], taken: list[Hunk], start: int, end: int) -> list[bytes]:
    """Return what a side has in the place of old[start:end]."""
    if not taken:
        return old[start:end]
    first, last = taken[0], taken[-1]
    return old[start : first.old_start] + new[first.new_start : last.new_end] + old[last.old_end : end]
