"""Trees have Git's ids whatever is written and deleted in them, and what did not change is shared."""

from __future__ import annotations

from pathlib import Path

import pytest
from dulwich.object_store import MemoryObjectStore, commit_tree_changes
from dulwich.objects import Blob, ObjectID
from dulwich.objects import Tree as DulwichTree
from hypothesis import given, settings
from hypothesis import strategies as st

from fluxsim.formats.gitobjects import Files, Objects
from fluxsim.formats.gittree import (
    DIRECTORY,
    EMPTY,
    EXECUTABLE,
    REGULAR,
    SUBMODULE,
    SYMLINK,
    BadTree,
    Entry,
    File,
    InvalidPath,
    Tree,
    differences,
    find,
    tree_with,
    walk,
)
from tests.realgit import git, new_repository

NAMES = st.sampled_from(["a", "b", "a.b", "a-b", "a0", "é", "deploy.yaml"])
PATHS = st.lists(NAMES, min_size=1, max_size=3).map("/".join)


def tree_of(objects: Objects, files: dict[str, bytes | File]) -> bytes:
    return tree_with(objects, EMPTY.sha, files)


def contents(objects: Objects, root: bytes) -> dict[str, bytes]:
    return {path: objects.blob(entry.sha) for path, entry in walk(objects, root)}


@given(st.lists(st.dictionaries(PATHS, st.none() | st.binary(max_size=4), max_size=4), max_size=6))
@settings(max_examples=60, deadline=None)
def test_ids_equal_those_of_dulwich_after_any_changes(steps: list[dict[str, bytes | None]]) -> None:
    objects, root = Objects(), EMPTY.sha
    store = MemoryObjectStore()
    other = DulwichTree()
    store.add_object(other)
    for step in steps:
        have = contents(objects, root)
        changes = {path: content for path, content in step.items() if content is not None or path in have}
        try:
            after = tree_with(objects, root, changes)
        except InvalidPath:
            continue
        mapped: list[tuple[bytes, int | None, ObjectID | None]] = []
        for path, content in changes.items():
            if content is None:
                mapped.append((path.encode(), None, None))
            else:
                blob = Blob.from_string(content)
                store.add_object(blob)
                mapped.append((path.encode(), REGULAR, blob.id))
        if have or any(content is not None for content in changes.values()):
            before = store[ObjectID(root.hex().encode())]
            assert isinstance(before, DulwichTree)
            copied = DulwichTree.from_string(before.as_raw_string())
            assert after.hex().encode() == commit_tree_changes(store, copied, mapped)
        root = after
        wanted = have | {path: content for path, content in changes.items() if content is not None}
        assert contents(objects, root) == {
            path: content for path, content in wanted.items() if changes.get(path, content) is not None
        }


@given(
    st.dictionaries(PATHS, st.binary(max_size=3), max_size=5), st.dictionaries(PATHS, st.binary(max_size=3), max_size=5)
)
@settings(max_examples=60, deadline=None)
def test_differences_are_what_two_listings_differ_in(left: dict[str, bytes], right: dict[str, bytes]) -> None:
    objects = Objects()
    try:
        old, new = tree_with(objects, EMPTY.sha, left), tree_with(objects, EMPTY.sha, right)
    except InvalidPath:
        return
    before, after = dict(walk(objects, old)), dict(walk(objects, new))
    expected = {
        path: (before.get(path), after.get(path)) for path in before | after if before.get(path) != after.get(path)
    }
    found = list(differences(objects, old, new))
    assert {one.path: (one.old, one.new) for one in found} == expected
    assert len(found) == len(expected)


def test_the_tree_of_a_work_tree_has_the_id_that_git_writes(tmp_path: Path) -> None:
    repository = new_repository(tmp_path / "r")
    (repository / "apps").mkdir()
    (repository / "apps" / "run.sh").write_text("exit\n")
    (repository / "apps" / "run.sh").chmod(0o755)
    (repository / "apps.yaml").write_text("kind: List\n")
    (repository / "apps-old").mkdir()
    (repository / "apps-old" / "x").write_bytes(b"\0\xff")
    (repository / "link").symlink_to("apps/run.sh")
    git(repository, "add", "--all")
    objects = Objects()
    root = tree_of(
        objects,
        {
            "apps/run.sh": File(b"exit\n", EXECUTABLE),
            "apps.yaml": b"kind: List\n",
            "apps-old/x": b"\0\xff",
            "link": File(b"apps/run.sh", SYMLINK),
        },
    )
    assert root.hex() == git(repository, "write-tree")
    assert [path for path, _ in walk(objects, root)] == ["apps-old/x", "apps.yaml", "apps/run.sh", "link"]


def test_directories_that_no_change_touched_are_the_old_ones() -> None:
    objects = Objects()
    old = tree_of(objects, {"a/1": b"1", "b/2": b"2"})
    new = tree_with(objects, old, {"a/1": b"changed"})
    assert find(objects, new, "b") == find(objects, old, "b")
    assert find(objects, new, "a") != find(objects, old, "a")


def test_writing_what_is_there_gives_the_same_root() -> None:
    objects = Objects()
    root = tree_of(objects, {"a/1": b"1"})
    before = len(objects)
    assert tree_with(objects, root, {"a/1": b"1"}) == root
    assert tree_with(objects, root, {}) == root
    assert len(objects) == before


def test_new_content_keeps_the_mode_of_a_program() -> None:
    objects = Objects()
    root = tree_with(objects, tree_of(objects, {"run": File(b"1", EXECUTABLE)}), {"run": b"2"})
    entry = find(objects, root, "run")
    assert entry is not None
    assert entry.mode == EXECUTABLE


def test_new_content_in_place_of_a_link_is_a_file() -> None:
    objects = Objects()
    root = tree_with(objects, tree_of(objects, {"link": File(b"target", SYMLINK)}), {"link": b"text"})
    entry = find(objects, root, "link")
    assert entry is not None
    assert entry.mode == REGULAR


def test_a_directory_goes_with_its_last_file() -> None:
    objects = Objects()
    root = tree_of(objects, {"a/b/c": b"1", "d": b"2"})
    assert tree_with(objects, root, {"a/b/c": None}) == tree_of(objects, {"d": b"2"})
    assert tree_with(objects, root, {"a/b/c": None, "d": None}) == EMPTY.sha


def test_a_file_may_take_the_place_of_a_directory_that_goes_in_the_same_change() -> None:
    objects = Objects()
    root = tree_of(objects, {"a/b": b"1"})
    assert tree_with(objects, root, {"a/b": None, "a": b"2"}) == tree_of(objects, {"a": b"2"})
    assert tree_with(objects, tree_of(objects, {"a": b"2"}), {"a": None, "a/b": b"1"}) == root


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"a": b"x"}, "'a' is a directory, not a file"),
        ({"a": None}, "'a' is a directory, not a file"),
        ({"f/x": b"x"}, "'f' is a file, not a directory"),
        ({"missing": None}, "pathspec 'missing' did not match any files"),
        ({"a/missing": None}, "pathspec 'a/missing' did not match any files"),
        ({"new": b"x", "new/x": b"x"}, "'new' is a directory, not a file"),
        ({"": b"x"}, "invalid path ''"),
        ({"/etc/passwd": b"x"}, "invalid path '/etc/passwd'"),
        ({"a/../../x": b"x"}, "invalid path 'a/../../x'"),
        ({"a/./x": b"x"}, "invalid path 'a/./x'"),
        ({"x/.GIT/config": b"x"}, "invalid path 'x/.GIT/config'"),
        ({"a/": b"x"}, "invalid path 'a/'"),
    ],
)
def test_paths_that_could_not_be_checked_out_are_refused(changes: dict[str, bytes | None], message: str) -> None:
    objects = Objects()
    root = tree_of(objects, {"a/b": b"1", "f": b"2"})
    with pytest.raises(InvalidPath) as refused:
        tree_with(objects, root, changes)
    assert str(refused.value) == message


def test_an_entry_brings_an_object_that_is_here_already() -> None:
    objects = Objects()
    root = tree_of(objects, {"a/b": b"1"})
    entry = find(objects, root, "a")
    assert entry is not None
    assert tree_with(objects, root, {"copy": entry}) == tree_of(objects, {"a/b": b"1", "copy/b": b"1"})


def test_a_submodule_stays_when_its_neighbours_change() -> None:
    objects = Objects()
    module = Entry(SUBMODULE, bytes(range(20)))
    root = tree_with(objects, tree_of(objects, {"a": b"1"}), {"lib": module})
    changed = tree_with(objects, root, {"a": b"2"})
    assert find(objects, changed, "lib") == module
    assert Files(objects, changed).list("") == ["a"]


@pytest.mark.parametrize("raw", [b"100644 a", b"100644 a\0short", b"junk", b"100644 \xff\0" + bytes(20)])
def test_bytes_that_are_no_tree_are_told(raw: bytes) -> None:
    with pytest.raises(BadTree):
        list(Tree(raw).entries())


def test_files_show_a_checkout_without_links() -> None:
    objects = Objects()
    files = Files(
        objects, tree_of(objects, {"a/b.yaml": b"1", "a/link": File(b"b.yaml", SYMLINK), "z": File(b"", EXECUTABLE)})
    )
    assert files.read("a/b.yaml") == b"1"
    assert files.read("a/link") is None
    assert files.read("a") is None
    assert files.read("nope/x") is None
    assert files.list("") == files.list(".") == ["a", "z"]
    assert files.list("a") == ["b.yaml"]
    assert files.list("nope") == []
    assert [path for path in ("", ".", "a", "z", "nope") if files.is_dir(path)] == ["", ".", "a"]
    assert [path for path, _ in files.walk()] == ["a/b.yaml", "z"]
    assert files.id_of("") == files.root.hex()
    assert files.id_of("a/b.yaml") == "56a6051ca2b02b04ef92d5150c9ef600403cb1de"
    assert files.id_of("nope") == ""


def test_a_directory_lists_by_bytes_and_stores_by_gits_order() -> None:
    tree = Tree.of({"a": Entry(DIRECTORY, EMPTY.sha), "a.b": Entry(REGULAR, bytes(20))})
    assert tree.names == ["a", "a.b"]
    assert [name for name, _ in tree.entries()] == ["a.b", "a"]
