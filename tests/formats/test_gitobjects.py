"""The object table: what goes in comes out under Git's id, and large directories cost little to keep."""

from __future__ import annotations

import zlib

import pytest

from fluxsim.formats.gitcommit import Author, Commit, Tag
from fluxsim.formats.gitobjects import CHAIN_MAX, MissingObject, Objects
from fluxsim.formats.gittree import EMPTY, Tree, find, tree_with

ADA = Author("Ada", "ada@example.com")


def many(objects: Objects, count: int = 100) -> bytes:
    return tree_with(objects, EMPTY.sha, {f"file-{number:03}.yaml": b"0" for number in range(count)})


def test_every_version_of_a_large_directory_can_be_read_back() -> None:
    objects = Objects()
    root = many(objects)
    roots = [root]
    for number in range(3 * CHAIN_MAX):
        root = tree_with(objects, root, {f"file-{number % 100:03}.yaml": b"%d" % number})
        roots.append(root)
    for number in (0, 1, CHAIN_MAX - 1, CHAIN_MAX, CHAIN_MAX + 1, 2 * CHAIN_MAX, 3 * CHAIN_MAX - 1):
        tree = objects.tree(roots[number + 1])
        assert Tree(tree.raw).sha == roots[number + 1]
        entry = find(objects, roots[number + 1], f"file-{number % 100:03}.yaml")
        assert entry is not None
        assert objects.blob(entry.sha) == b"%d" % number


def test_a_version_of_a_large_directory_is_stored_as_its_difference() -> None:
    objects = Objects()
    root = many(objects, 1000)
    whole = 0
    for number in range(2 * CHAIN_MAX):
        root = tree_with(objects, root, {"file-000.yaml": b"%d" % number})
        whole += isinstance(objects._stored[root], Tree)  # pyright: ignore[reportPrivateUsage]
    assert whole <= 3


def test_raw_gives_back_what_was_added() -> None:
    objects = Objects()
    root = tree_with(objects, EMPTY.sha, {"a": b"content"})
    commit = Commit.of(root, (), author=ADA, when_s=1, message="one\n")
    tag = Tag.of("v1", commit.sha, tagger=ADA, when_s=2, message="first")
    objects.add_commit(commit)
    objects.add_tag(tag)
    copied = Objects()
    for sha in objects:
        kind, raw = objects.raw(sha)
        assert copied.add(kind, raw) == sha
        assert zlib.decompress(objects.deflated(sha)) == raw
    assert list(copied) == list(objects)
    assert len(copied) == 5
    peeled = copied.peeled(tag.sha)
    assert peeled is not None
    assert peeled.id == commit.id
    assert copied.peeled(root) is None


def test_an_id_of_another_kind_is_missing() -> None:
    objects = Objects()
    blob = objects.add_blob(b"x")
    for read in (objects.tree, objects.commit):
        with pytest.raises(MissingObject, match=f"object not found: {blob.hex()}"):
            read(blob)
    with pytest.raises(MissingObject):
        objects.blob(EMPTY.sha)
    with pytest.raises(MissingObject):
        objects.raw(bytes(20))


def test_an_abbreviated_id_finds_all_that_begin_so() -> None:
    objects = Objects()
    blob = objects.add_blob(b"x")
    assert objects.starting_with(blob.hex()[:7]) == [blob]
    assert objects.starting_with("f" * 40) == []
