"""Three-way merges of trees: what one side changed is done to the other, or told to be in conflict."""

from __future__ import annotations

import pytest

from fluxsim.formats.gitmerge import Conflict, MergeConflict, merged_tree
from fluxsim.formats.gitobjects import Objects
from fluxsim.formats.gittree import EMPTY, EXECUTABLE, File, tree_with, walk

LONG = b"".join(b"line %d\n" % number for number in range(20))


def merge(
    base: dict[str, bytes | File], ours: dict[str, bytes | File], theirs: dict[str, bytes | File]
) -> dict[str, bytes]:
    objects = Objects()
    roots = [tree_with(objects, EMPTY.sha, files) for files in (base, ours, theirs)]
    merged = merged_tree(objects, *roots)
    return {path: objects.blob(entry.sha) for path, entry in walk(objects, merged)}


def conflicts(
    base: dict[str, bytes | File], ours: dict[str, bytes | File], theirs: dict[str, bytes | File]
) -> list[Conflict]:
    with pytest.raises(MergeConflict) as raised:
        merge(base, ours, theirs)
    return raised.value.conflicts


def test_files_that_only_one_side_touched_are_taken() -> None:
    assert merge({"a": b"1", "b": b"1"}, {"a": b"2", "b": b"1"}, {"a": b"1", "b": b"2", "c": b"3"}) == {
        "a": b"2", "b": b"2", "c": b"3",
    }  # fmt: skip


def test_files_that_they_deleted_go() -> None:
    assert merge({"a": b"1", "d/b": b"1"}, {"a": b"2", "d/b": b"1"}, {"a": b"1"}) == {"a": b"2"}
    assert merge({"a": b"1", "b": b"1"}, {"a": b"1"}, {"a": b"1"}) == {"a": b"1"}


def test_both_sides_of_a_file_are_merged_by_lines() -> None:
    assert merge({"a": b"1\n2\n3\n"}, {"a": b"X\n2\n3\n"}, {"a": b"1\n2\nY\n"}) == {"a": b"X\n2\nY\n"}
    assert conflicts({"a": b"1\n"}, {"a": b"2\n"}, {"a": b"3\n"}) == [Conflict("a", "content")]


def test_a_file_that_one_deleted_and_the_other_changed_is_a_conflict() -> None:
    assert conflicts({"a": b"1", "z": b""}, {"z": b""}, {"a": b"2", "z": b""}) == [
        Conflict("a", "modify/delete", deleted_by_us=True)
    ]
    assert conflicts({"a": b"1", "z": b""}, {"a": b"2", "z": b""}, {"z": b""}) == [Conflict("a", "modify/delete")]


def test_two_new_files_of_one_name_are_a_conflict_unless_equal() -> None:
    assert conflicts({}, {"a": b"1"}, {"a": b"2"}) == [Conflict("a", "add/add")]
    assert merge({}, {"a": b"1"}, {"a": b"1"}) == {"a": b"1"}


def test_all_conflicts_are_told() -> None:
    assert len(conflicts({"a": b"1", "b": b"1"}, {"a": b"2", "b": b"2"}, {"a": b"3", "b": b"3"})) == 2


def test_a_file_that_we_moved_is_changed_where_it_is_now() -> None:
    changed = LONG.replace(b"line 3\n", b"line three\n")
    assert merge({"old": LONG}, {"dir/new": LONG}, {"old": changed}) == {"dir/new": changed}
    edited = LONG + b"and more\n"
    assert merge({"old": LONG}, {"dir/new": edited}, {"old": changed}) == {"dir/new": changed + b"and more\n"}


def test_a_file_that_they_moved_takes_our_changes_along() -> None:
    changed = LONG.replace(b"line 3\n", b"line three\n")
    assert merge({"old": LONG}, {"old": changed}, {"new": LONG}) == {"new": changed}


def test_a_file_that_both_moved_elsewhere_is_a_conflict() -> None:
    assert conflicts({"old": LONG}, {"mine": LONG}, {"yours": LONG}) == [Conflict("old", "rename/rename")]
    assert merge({"old": LONG}, {"same": LONG}, {"same": LONG}) == {"same": LONG}


def test_a_changed_mode_is_a_change() -> None:
    objects = Objects()
    base, ours = tree_with(objects, EMPTY.sha, {"a": b"1\n2\n3\n"}), tree_with(objects, EMPTY.sha, {"a": b"X\n2\n3\n"})
    theirs = tree_with(objects, EMPTY.sha, {"a": File(b"1\n2\nY\n", EXECUTABLE)})
    ((_, entry),) = walk(objects, merged_tree(objects, base, ours, theirs))
    assert entry.mode == EXECUTABLE
    assert objects.blob(entry.sha) == b"X\n2\nY\n"


def test_a_file_where_we_have_a_directory_is_a_conflict() -> None:
    assert conflicts({"a": b"1"}, {"a/b": b"other"}, {"a": b"2"}) == [Conflict("a", "file/directory")]
    assert conflicts({"z": b"1"}, {"z": b"1", "a": b"x"}, {"z": b"1", "a/b": b"y"}) == [Conflict("a", "file/directory")]


def test_a_new_file_and_an_empty_one_of_its_name_merge() -> None:
    assert merge({}, {"a": b""}, {"a": b"2\n"}) == {"a": b"2\n"}
    assert merge({}, {"a": b"1\n"}, {"a": b""}) == {"a": b"1\n"}
    assert conflicts({}, {"a": b""}, {"a": File(b"2\n", EXECUTABLE)}) == [Conflict("a", "add/add")]


def test_a_file_that_they_moved_to_where_we_have_another_is_a_conflict() -> None:
    assert conflicts({"old": LONG}, {"old": LONG, "new": b"x\n"}, {"new": LONG}) == [Conflict("new", "add/add")]
    assert merge({"old": LONG}, {"old": LONG, "new": LONG}, {"new": LONG}) == {"new": LONG}
