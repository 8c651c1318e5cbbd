from __future__ import annotations

import pytest

from fluxsim.formats import gitwalk
from fluxsim.formats.gitobjects import Objects
from fluxsim.formats.gittree import EMPTY, Sha, Tree, tree_with, walk
from fluxsim.formats.gitwalk import Walks

FILES = {"a.yaml": b"1", "apps/b.yaml": b"2", "apps/web/c.yaml": b"3", "apps.yaml": b"4"}


class Counted(Objects):
    """Counts the trees that are read."""

    __slots__ = ("read",)

    def __init__(self) -> None:
        super().__init__()
        self.read = 0

    def tree(self, sha: Sha) -> Tree:
        self.read += 1
        return super().tree(sha)


def test_a_walk_is_that_of_git() -> None:
    objects = Objects()
    root = tree_with(objects, EMPTY.sha, FILES)
    assert list(Walks().below(objects, root)) == list(walk(objects, root))


def test_only_changed_directories_are_read_again() -> None:
    objects, walks = Counted(), Walks()
    root = tree_with(objects, EMPTY.sha, FILES)
    walks.below(objects, root)
    changed = tree_with(objects, root, {"a.yaml": b"5"})
    objects.read = 0
    assert dict(walks.below(objects, changed)).keys() == FILES.keys()
    assert objects.read == 1


def test_a_full_memory_begins_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gitwalk, "REMEMBERED_MAX", 5)
    objects, walks = Objects(), Walks()
    for number in range(10):
        root = tree_with(objects, EMPTY.sha, {**FILES, "a.yaml": b"%d" % number})
        assert list(walks.below(objects, root)) == list(walk(objects, root))
