"""Histories tell the same as git does."""

from __future__ import annotations

from pathlib import Path
from random import Random

import pytest

from fluxsim.formats.gitcommit import Author, Commit
from fluxsim.formats.githistory import between, is_ancestor, last_change, log, merge_base
from fluxsim.formats.gitobjects import Objects
from fluxsim.formats.gittree import EMPTY, tree_with
from tests.realgit import EMAIL, NAME, git, new_repository

ADA = Author(NAME, EMAIL)


class History:
    """Commits by short names, made in order."""

    def __init__(self) -> None:
        self.objects = Objects()
        self.ids: dict[str, bytes] = {}

    def add(self, name: str, parents: str = "", files: dict[str, str | None] | None = None, when_s: int = 0) -> bytes:
        above = [self.ids[parent] for parent in parents.split()]
        root = self.objects.commit(above[0]).tree if above else EMPTY.sha
        changes = {path: text.encode() if text is not None else None for path, text in (files or {}).items()}
        tree = tree_with(self.objects, root, changes)
        commit = Commit.of(tree, above, author=ADA, when_s=when_s or len(self.ids) + 1, message=f"{name}\n")
        self.objects.add_commit(commit)
        self.ids[name] = commit.sha
        return commit.sha

    def names(self, commits: list[Commit]) -> str:
        return " ".join(commit.subject for commit in commits)


@pytest.fixture
def forked() -> History:
    """a - b - c - m - e, with d between b and m."""
    history = History()
    history.add("a", "", {"f": "1\n2\n3\n", "g": "x\n"})
    history.add("b", "a", {"f": "1\nB\n3\n"})
    history.add("c", "b", {"g": "y\n"})
    history.add("d", "b", {"f": "1\nB\nD\n"})
    history.add("m", "c d", {"f": "1\nB\nD\n"})
    history.add("e", "m", {"h": "z\n"})
    return history


def test_ancestors_are_found_through_merges(forked: History) -> None:
    ids, objects = forked.ids, forked.objects
    assert is_ancestor(objects, ids["d"], ids["e"])
    assert is_ancestor(objects, ids["e"], ids["e"])
    assert not is_ancestor(objects, ids["d"], ids["c"])
    assert not is_ancestor(objects, ids["e"], ids["a"])


def test_the_merge_base_is_the_best_common_ancestor(forked: History) -> None:
    ids, objects = forked.ids, forked.objects
    assert merge_base(objects, ids["c"], ids["d"]) == ids["b"]
    assert merge_base(objects, ids["e"], ids["d"]) == ids["d"]
    forked.add("lonely")
    assert merge_base(objects, ids["lonely"], ids["a"]) is None


def test_log_shows_the_newest_first(forked: History) -> None:
    assert forked.names(list(log(forked.objects, forked.ids["e"]))) == "e m d c b a"
    assert forked.names(list(log(forked.objects, forked.ids["e"], without=[forked.ids["c"]]))) == "e m d"


def test_log_of_a_path_leaves_out_the_side_that_a_merge_did_not_take(forked: History) -> None:
    assert forked.names(list(log(forked.objects, forked.ids["e"], "f"))) == "d b a"
    assert forked.names(list(log(forked.objects, forked.ids["e"], "g"))) == "c a"
    assert list(log(forked.objects, forked.ids["e"], "nothing")) == []


def test_between_is_what_one_has_and_the_other_has_not(forked: History) -> None:
    ids = forked.ids
    assert forked.names(between(forked.objects, ids["a"], ids["c"])) == "c b"
    assert forked.names(between(forked.objects, ids["c"], ids["e"])) == "e m d"
    assert forked.names(between(forked.objects, ids["d"], ids["c"])) == "c"
    assert between(forked.objects, ids["e"], ids["e"]) == []
    assert between(forked.objects, ids["e"], ids["a"]) == []


@pytest.mark.parametrize(
    ("path", "line", "writer"),
    [
        ("f", 1, "a"),
        ("f", 2, "b"),
        ("f", 3, "d"),
        ("f", 4, None),
        ("f", 0, None),
        ("g", 1, "c"),
        ("f", None, "d"),
        ("no", 1, None),
    ],
)
def test_the_writer_of_a_line_is_found(forked: History, path: str, line: int | None, writer: str | None) -> None:
    found = last_change(forked.objects, forked.ids["e"], path, line)
    assert (found.subject if found else None) == writer


def test_logs_and_blames_equal_those_of_git(tmp_path: Path) -> None:
    random = Random(11)
    history = History()
    history.add("0", "", {"f": "".join(f"{number}\n" for number in range(12))})
    names = ["0"]
    for number in range(1, 25):
        parents = [names[-1]] if random.random() < 0.7 else random.sample(names[-4:], min(2, len(names[-4:])))
        start = history.objects.commit(history.ids[parents[0]]).tree
        lines = history.objects.blob(history.objects.tree(start).get("f").sha).decode().splitlines()  # type: ignore[union-attr]
        lines[random.randrange(len(lines))] = f"line of {number}"
        history.add(
            str(number),
            " ".join(parents),
            {"f": "\n".join(lines) + "\n"} if random.random() < 0.8 else {"g": str(number)},
        )
        names.append(str(number))
    head = history.ids[names[-1]].hex()
    repository = new_repository(tmp_path)
    for sha in history.objects:
        kind, raw = history.objects.raw(sha)
        git(repository, "hash-object", "-w", "--stdin", "-t", kind, data=raw)
    everything = git(repository, "log", "--format=%H", head).split()
    assert [commit.id for commit in log(history.objects, history.ids[names[-1]])] == everything
    touching = git(repository, "log", "--format=%H", head, "--", "f").split()
    assert [commit.id for commit in log(history.objects, history.ids[names[-1]], "f")] == touching
    blamed = [line.split()[0] for line in git(repository, "blame", "-l", "--root", head, "f").splitlines()]
    ours = [last_change(history.objects, history.ids[names[-1]], "f", line + 1) for line in range(len(blamed))]
    assert [commit.id for commit in ours if commit] == blamed
    for name in names:
        base = git(repository, "merge-base", head, history.ids[name].hex())
        found = merge_base(history.objects, history.ids[names[-1]], history.ids[name])
        assert found is not None
        assert found.hex() == base
