"""Three-way merges of trees, as `git revert` and `git cherry-pick` need them (git 2.39, merge-ort.c).

A file that one side moved is followed to its new name when at least half of it stayed, as Git does by default.
Directories that were moved as a whole are not followed: files that the other side adds in them stay where they were added.
"""

from __future__ import annotations

from collections import Counter
from typing import Literal, NamedTuple, TypeAlias

from fluxsim.formats.gitcommit import Commit
from fluxsim.formats.gitobjects import Objects
from fluxsim.formats.gittree import EMPTY, Change, Entry, File, InvalidPath, Sha, differences, find, tree_with
from fluxsim.formats.textmerge import lines_of, merged

ConflictKind: TypeAlias = Literal["content", "add/add", "modify/delete", "rename/rename", "file/directory"]

SIMILAR_PERCENT = 50
"""How much of a file must be found again in another for Git to call it moved."""


class Conflict(NamedTuple):
    path: str
    kind: ConflictKind
    deleted_by_us: bool = False


class MergeConflict(Exception):
    """The merge cannot be done by rule."""

    def __init__(self, conflicts: list[Conflict]) -> None:
        super().__init__(conflicts)
        self.conflicts = conflicts


def reverted_tree(objects: Objects, commit: Commit, onto: Commit, mainline: int = 0) -> Sha:
    """Return the tree of `onto` without what `commit` changed; `mainline` is the parent (from 1) that a merge is taken back to."""
    parents = commit.parents
    parent = parents[mainline - 1 if mainline else 0] if parents else None
    theirs = objects.commit(parent).tree if parent is not None else EMPTY.sha
    return merged_tree(objects, commit.tree, onto.tree, theirs)


def merged_tree(objects: Objects, base: Sha, ours: Sha, theirs: Sha) -> Sha:
    """Return our tree with the changes from base to theirs made to it; MergeConflict where that cannot be."""
    our_names, their_names = _moved(objects, base, ours), _moved(objects, base, theirs)
    arrived = {new: old for old, new in their_names.items()}
    changes: dict[str, Change] = {}
    conflicts: list[Conflict] = []
    for path, before, after in differences(objects, base, theirs):
        if before is None and path in arrived:
            continue  # dealt with under its old name
        target = their_names.get(path, path)
        if target != path:
            after = find(objects, theirs, target)
        home = our_names.get(path, path)
        if home != path and target not in (path, home):
            conflicts.append(Conflict(path, "rename/rename"))
            continue
        result = _merged_entry(objects, path, before, find(objects, ours, home), after)
        if isinstance(result, Conflict):
            conflicts.append(result)
            continue
        destination = home if home != path else target
        if destination != home and destination not in our_names and not _same_as(objects, ours, destination, result):
            conflicts.append(Conflict(destination, "add/add"))
            continue
        if destination != home and find(objects, ours, home) is not None:
            changes[home] = None
        if result is not None or find(objects, ours, destination) is not None:
            changes[destination] = result
    if conflicts:
        raise MergeConflict(conflicts)
    try:
        return tree_with(objects, ours, changes)
    except InvalidPath as error:
        raise MergeConflict([Conflict(error.path, "file/directory")]) from error


def _merged_entry(
    objects: Objects, path: str, base: Entry | None, ours: Entry | None, theirs: Entry | None
) -> Change | Conflict:
    if ours in (base, theirs):
        return theirs
    if ours is None or theirs is None:
        return Conflict(path, "modify/delete", deleted_by_us=ours is None)
    if ours.is_dir or theirs.is_dir:
        return Conflict(path, "file/directory")
    if not (ours.is_file and theirs.is_file and (base is None or base.is_file)):
        return Conflict(path, "content")
    before = objects.blob(base.sha) if base is not None else b""
    content = merged(before, objects.blob(ours.sha), objects.blob(theirs.sha))
    if content is None or (base is None and ours.mode != theirs.mode):
        return Conflict(path, "content" if base is not None else "add/add")
    return File(content, theirs.mode if base is None or ours.mode == base.mode else ours.mode)


def _same_as(objects: Objects, ours: Sha, path: str, result: Change) -> bool:
    """Return whether a file that they moved here can have this place: it is free, or we put the same file there."""
    there = find(objects, ours, path)
    if there is None or result is None:
        return True
    if isinstance(result, bytes):
        result = File(result)
    if isinstance(result, File):
        return there.is_file and there.mode == result.mode and objects.blob(there.sha) == result.content
    return there == result


def _moved(objects: Objects, base: Sha, side: Sha) -> dict[str, str]:
    """Return old to new name of the files that a side moved: equal content first, then the most similar."""
    gone: dict[str, Entry] = {}
    come: dict[str, Entry] = {}
    for path, before, after in differences(objects, base, side):
        if after is None and before is not None and before.is_file:
            gone[path] = before
        elif before is None and after is not None and after.is_file:
            come[path] = after
    moved: dict[str, str] = {}
    for old, entry in gone.items():
        same = [new for new, other in come.items() if other.sha == entry.sha]
        if same:
            moved[old] = min(same, key=lambda new: (new.rpartition("/")[2] != old.rpartition("/")[2], new))
            del come[moved[old]]
    scored = [
        (-_similar_percent(objects.blob(entry.sha), objects.blob(other.sha)), old, new)
        for old, entry in gone.items()
        if old not in moved
        for new, other in come.items()
    ]
    for score, old, new in sorted(scored):
        if -score >= SIMILAR_PERCENT and old not in moved and new in come:
            moved[old] = new
            del come[new]
    return moved


def _similar_percent(old: bytes, new: bytes) -> int:
    """Return how much of the larger file stands in both, by whole lines."""
    largest = max(len(old), len(new))
    if not largest or min(len(old), len(new)) * 100 < largest * SIMILAR_PERCENT:
        return 0
    common = Counter(lines_of(old)) & Counter(lines_of(new))
    return 100 * sum(len(line) * times for line, times in common.items()) // largest
