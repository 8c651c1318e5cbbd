"""dulwich works on our objects as on its own."""

from __future__ import annotations

import pytest
from dulwich.diff_tree import tree_changes
from dulwich.objects import Blob, ObjectID
from dulwich.objects import Commit as DulwichCommit

from fluxsim.formats.gitcommit import Author
from fluxsim.formats.gitobjects import MissingObject
from fluxsim.systems.gitrepository import GitRepository
from fluxsim.systems.gitstore import RawStore, memory_repo, reachable

ADA = Author("Ada", "ada@example.com")


def repository() -> GitRepository:
    ours = GitRepository("https://github.com/acme/flux")
    for number in range(3):
        ours.commit("main", {"a/b": b"%d" % number, "c": b"x"}, author=ADA, when_s=number, message=str(number))
    return ours


def test_walkers_and_differences_of_dulwich_work() -> None:
    ours = repository()
    repo = memory_repo(ours)
    assert repo.head().decode() == ours.head()
    walked = [entry.commit.id.decode() for entry in repo.get_walker()]
    assert walked == [commit.id for commit in ours.log(ours.head())]
    head, parent = (repo[ObjectID(sha.encode())] for sha in walked[:2])
    assert isinstance(head, DulwichCommit)
    assert isinstance(parent, DulwichCommit)
    changes = list(tree_changes(repo.object_store, parent.tree, head.tree))
    assert [change.new.path for change in changes if change.new] == [b"a/b"]


def test_what_dulwich_adds_is_ours_but_refs_are_not() -> None:
    ours = repository()
    repo = memory_repo(ours)
    blob = Blob.from_string(b"new")
    repo.object_store.add_object(blob)
    assert ours.objects.blob(bytes.fromhex(blob.id.decode())) == b"new"
    assert blob.id in repo.object_store
    repo.refs[b"refs/heads/main"] = ObjectID(ours.resolve("HEAD~1").encode())  # type: ignore[index]
    assert ours.head() != ours.resolve("HEAD~1")


def test_ids_and_raw_bytes_are_given_by_either_form_of_an_id() -> None:
    ours = repository()
    store = RawStore(ours.objects)
    sha = bytes.fromhex(ours.head())
    hexadecimal = ObjectID(ours.head().encode())
    assert store.get_raw(hexadecimal) == store.get_raw(sha) == (1, ours.objects.raw(sha)[1])  # type: ignore[arg-type]
    assert sorted(store) == sorted(one.hex().encode() for one in ours.objects)
    assert ObjectID(b"0" * 40) not in store
    with pytest.raises(TypeError):
        del store[hexadecimal]


def test_what_a_ref_needs_is_all_and_no_more() -> None:
    ours = repository()
    ours.objects.add_blob(b"stray")
    head, parent = bytes.fromhex(ours.head()), bytes.fromhex(ours.resolve("HEAD~1"))
    everything = reachable(ours.objects, [head])
    assert sorted(everything.values()) == ["blob"] * 4 + ["commit"] * 3 + ["tree"] * 6
    assert sorted(reachable(ours.objects, [head], [parent]).values()) == ["blob", "commit", "tree", "tree"]
    with pytest.raises(MissingObject):
        reachable(ours.objects, [bytes(20)])
