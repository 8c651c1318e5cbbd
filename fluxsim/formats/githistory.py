"""What a history says: who descends from whom, which commits touched a path, which one wrote a line.

Orders are those of `git log`: newest committer date first, of equal dates the one met first.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Iterator

from fluxsim.formats.gitcommit import Commit
from fluxsim.formats.gitobjects import Objects
from fluxsim.formats.gittree import Entry, Sha, find
from fluxsim.formats.textmerge import line_before, lines_of


def is_ancestor(objects: Objects, old: Sha, new: Sha) -> bool:
    """Tell whether `old` is `new` or before it; then moving a branch from old to new is a fast-forward."""
    seen = {new: None}
    waiting = [new]
    for sha in waiting:  # grows while it is walked
        if sha == old:
            return True
        for parent in objects.commit(sha).parents:
            if parent not in seen:
                seen[parent] = None
                waiting.append(parent)
    return False


def merge_base(objects: Objects, left: Sha, right: Sha) -> Sha | None:
    """Return the best common ancestor, the newest where several are equally good; None for unrelated histories."""
    mine = {commit.sha for commit in log(objects, left)}
    common = [commit.sha for commit in log(objects, right) if commit.sha in mine]
    for candidate in common:
        if not any(other != candidate and is_ancestor(objects, candidate, other) for other in common):
            return candidate
    return None


def log(objects: Objects, start: Sha, path: str = "", *, without: Iterable[Sha] = ()) -> Iterator[Commit]:
    """Yield the commits from `start` back, those that changed `path` if one is given, less all that `without` reaches.

    With a path a merge that took one side as it was is left out, and so is the other side, as `git log -- path` simplifies.
    """
    hidden = {commit.sha for old in without for commit in log(objects, old)}
    waiting: list[tuple[int, int, Commit]] = []
    seen = set(hidden)

    def meet(shas: Iterable[Sha]) -> None:
        for sha in shas:
            if sha not in seen:
                seen.add(sha)
                commit = objects.commit(sha)
                heapq.heappush(waiting, (-commit.committed_s, len(seen), commit))

    meet((start,))
    while waiting:
        commit = heapq.heappop(waiting)[2]
        if not path:
            yield commit
            meet(commit.parents)
            continue
        here = find(objects, commit.tree, path)
        same = next((parent for parent in commit.parents if _at(objects, parent, path) == here), None)
        if same is not None:
            meet((same,))
            continue
        if commit.parents or here is not None:
            yield commit
        meet(commit.parents)


def between(objects: Objects, old: Sha, new: Sha) -> list[Commit]:
    """Return what `new` has and `old` has not, newest first: `git log old..new`."""
    found: list[Commit] = []
    commit = objects.commit(new)
    while commit.sha != old:  # a straight line needs no look at what lies before it
        found.append(commit)
        if len(commit.parents) != 1:
            return list(log(objects, new, without=(old,)))
        commit = objects.commit(commit.parents[0])
    return found


def last_change(objects: Objects, start: Sha, path: str, line: int | None = None) -> Commit | None:
    """Return the commit that made a path what it is at `start`, or that wrote one of its lines (from 1), as `git blame` names it.

    None where the path or the line is not there. Of a merge's sides the first that has the line already answers for it.
    """
    entry = find(objects, objects.commit(start).tree, path)
    if entry is None:
        return None
    if line is None:
        return next(log(objects, start, path), None)
    number = line - 1
    if not entry.is_file or not 0 <= number < len(_lines(objects, entry)):
        return None
    commit = objects.commit(start)
    while True:
        entry = find(objects, commit.tree, path)
        assert entry is not None, f"'{path}' was there a commit ago"
        older = _same_line(objects, commit, path, entry, number)
        if older is None:
            return commit
        commit, number = older


def _same_line(objects: Objects, commit: Commit, path: str, entry: Entry, number: int) -> tuple[Commit, int] | None:
    for parent in commit.parents:
        before = _at(objects, parent, path)
        if before is None or not before.is_file:
            continue
        same = (
            number if before.sha == entry.sha else line_before(_lines(objects, before), _lines(objects, entry), number)
        )
        if same is not None:
            return objects.commit(parent), same
    return None


def _at(objects: Objects, commit: Sha, path: str) -> Entry | None:
    return find(objects, objects.commit(commit).tree, path)


def _lines(objects: Objects, entry: Entry) -> list[bytes]:
    return lines_of(objects.blob(entry.sha))
