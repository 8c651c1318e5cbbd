"""Commits, merges and reverts have the ids that git gives them, and conflict where git finds conflicts."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TypeAlias

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fluxsim.formats.gitcommit import Author, cleaned
from fluxsim.formats.gitmerge import MergeConflict, merged_tree
from fluxsim.formats.gitobjects import Objects
from fluxsim.formats.gittree import EMPTY, tree_with
from fluxsim.systems.giterrors import RevertFailed
from fluxsim.systems.gitrepository import GitRepository
from tests.differential.tools import NEEDS_GIT, examples
from tests.realgit import EMAIL, NAME, git, new_repository, run

Tree: TypeAlias = dict[str, str]
ADA = Author(NAME, EMAIL)
WHEN = 1_700_000_000
ANCHORS = {"keep": "here\n", "d/keep": "d\n", "d/e/keep": "e\n"}
"""No directory ever goes as a whole: files that the other side adds in one are not followed to where it went."""

LINES = st.sampled_from([f"line {number}" for number in range(6)] + ["other", "tag: 1.2.3", ""])
TEXTS: st.SearchStrategy[str] = st.lists(LINES, max_size=9).map(lambda lines: "".join(f"{line}\n" for line in lines))
PATHS = st.sampled_from(["a", "b.yaml", "d/a", "d/c", "d/e/f"])


@st.composite
def edited(draw: st.DrawFn, tree: Tree) -> Tree:
    """A file or two changed, added, deleted or moved."""
    result = dict(tree)
    for _ in range(draw(st.integers(1, 2))):
        path = draw(PATHS)
        match draw(st.integers(0, 7)):
            case 0:
                result.pop(path, None)
            case 1 if path in result:
                result[draw(PATHS)] = result.pop(path)
            case 2:
                result[path] = draw(TEXTS)
            case _:
                result[path] = draw(edited_text(result.get(path, "")))
    return result


@st.composite
def edited_text(draw: st.DrawFn, text: str) -> str:
    lines = text.splitlines()
    at = draw(st.integers(0, len(lines)))
    how = draw(st.integers(0, 3))
    if how < 2 and at < len(lines):
        lines[at : at + 1] = [draw(LINES)] if how else []
    else:
        lines.insert(at, draw(LINES))
    ended = "\n" if lines and draw(st.integers(0, 9)) > 0 else ""
    return "\n".join(lines) + ended


TREES: st.SearchStrategy[Tree] = st.dictionaries(PATHS, TEXTS, min_size=1, max_size=4)


@st.composite
def histories(draw: st.DrawFn, most: int = 4) -> list[Tree]:
    trees = [draw(TREES)]
    for _ in range(draw(st.integers(1, most))):
        trees.append(draw(edited(trees[-1])))
    return trees


@st.composite
def forks(draw: st.DrawFn) -> tuple[Tree, Tree, Tree]:
    base = draw(TREES)
    return base, draw(edited(base)), draw(edited(base))


MESSAGES = st.sampled_from(
    [
        "Fix",
        "Fix\n\nbody",
        "  padded  \n\n\n\nbody\n\n",
        "é ☃",
        "# not a comment",
        "two\nlines",
        'Say "hi"',
        "tab\there",
    ]
)


def changes(old: Tree, new: Tree) -> dict[str, bytes | None]:
    gone: dict[str, bytes | None] = dict.fromkeys(path for path in old if path not in new)
    return gone | {path: text.encode() for path, text in new.items() if old.get(path) != text}


def write(directory: Path, old: Tree, new: Tree) -> None:
    for path, data in changes(old, new).items():
        if data is None:
            (directory / path).unlink()
        else:
            (directory / path).parent.mkdir(parents=True, exist_ok=True)
            (directory / path).write_bytes(data)
    git(directory, "add", "--all")


@NEEDS_GIT
@examples(20)
@given(histories(), st.lists(MESSAGES, min_size=5, max_size=5))
def test_commits_have_the_ids_of_git(history: list[Tree], messages: list[str]) -> None:
    ours = GitRepository("https://git.example/x")
    with tempfile.TemporaryDirectory() as made:
        work = new_repository(Path(made))
        before: Tree = {}
        parents: list[str] = []
        for tree, message in zip(history, messages, strict=False):
            if tree == before:
                continue
            write(work, before, tree)
            written = git(work, "write-tree")
            kept = git(work, "stripspace", data=message.encode()) + "\n"
            assert cleaned(message) == kept
            id_ = git(work, "commit-tree", written, *parents, data=kept.encode())
            commit = ours.commit("main", changes(before, tree), author=ADA, when_s=WHEN, message=message)
            assert ours.commit_of(commit).tree.hex() == written
            assert commit == id_
            for path, entry in ours.files(commit).walk():
                assert git(work, "rev-parse", f":{path}") == entry.sha.hex()
            before, parents = tree, ["-p", id_]


def imported(work: Path, base: Tree, *sides: Tree) -> list[str]:
    """Return the ids of a commit and of one child for each side."""
    stream: list[bytes] = []
    for number, tree in enumerate((base, *sides), 1):
        stream.append(
            b"commit refs/heads/c%d\nmark :%d\ncommitter A <a@b> 1700000000 +0000\ndata 0\n" % (number, number)
        )
        stream.append(b"" if number == 1 else b"from :1\n")
        stream.append(b"deleteall\n")
        for path, text in tree.items():
            stream.append(b"M 100644 inline %s\ndata %d\n%s\n" % (path.encode(), len(text.encode()), text.encode()))
    git(work, "fast-import", "--quiet", data=b"".join(stream))
    return [f"c{number + 1}" for number in range(1 + len(sides))]


@NEEDS_GIT
@examples(60)
@given(forks())
def test_merges_are_those_of_git(fork: tuple[Tree, Tree, Tree]) -> None:
    base, left, right = (ANCHORS | tree for tree in fork)
    objects = Objects()
    roots = [tree_with(objects, EMPTY.sha, changes({}, tree)) for tree in (base, left, right)]
    with tempfile.TemporaryDirectory() as made:
        work = new_repository(Path(made))
        _, mine, theirs = imported(work, base, left, right)
        done = run(work, "merge-tree", "--write-tree", "--name-only", "--no-messages", mine, theirs)
    expected, *paths = done.stdout.decode().splitlines()
    merged, conflicts = ours_of(objects, roots)
    assert bool(conflicts) == bool(paths), f"ours: {conflicts}, git: {paths}"
    assert conflicts <= {*paths}
    assert conflicts or merged == expected


def ours_of(objects: Objects, roots: list[bytes]) -> tuple[str, set[str]]:
    try:
        return merged_tree(objects, *roots).hex(), set()
    except MergeConflict as conflict:
        return "", {one.path for one in conflict.conflicts}


@NEEDS_GIT
@examples(25)
@given(histories(), st.integers(0, 4))
def test_reverts_are_those_of_git(history: list[Tree], which: int) -> None:
    ours = GitRepository("https://git.example/x")
    ids: list[str] = []
    with tempfile.TemporaryDirectory() as made:
        work = new_repository(Path(made))
        before: Tree = {}
        for number, tree in enumerate(ANCHORS | tree for tree in history):
            if tree == before:
                continue
            write(work, before, tree)
            git(work, "commit", "--quiet", "-m", f"Change {number}")
            message = f"Change {number}"
            ids.append(ours.commit("main", changes(before, tree), author=ADA, when_s=WHEN, message=message))
            before = tree
        assert ids[-1] == git(work, "rev-parse", "HEAD")
        chosen = ids[which % len(ids)]
        if chosen == ids[0]:
            return  # git takes the anchors away as well: nothing of interest is left
        done = run(work, "-c", "core.abbrev=7", "revert", "--no-edit", chosen)
        if done.returncode == 0:
            assert ours.revert(chosen, "main", author=ADA, when_s=WHEN) == git(work, "rev-parse", "HEAD")
            return
        unmerged = {line.partition("\t")[2] for line in git(work, "ls-files", "--unmerged").splitlines()}
    with pytest.raises(RevertFailed) as raised:
        ours.revert(chosen, "main", author=ADA, when_s=WHEN)
    assert set(raised.value.conflicts) <= unmerged
    assert bool(raised.value.conflicts) == bool(unmerged)
