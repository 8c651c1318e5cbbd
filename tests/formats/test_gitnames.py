"""Names of branches and commits as git takes them."""

from __future__ import annotations

from pathlib import Path

import pytest

from fluxsim.formats.gitnames import BadName, check_branch, split_steps
from tests.realgit import run

BRANCHES = (
    "main", "feature/x", "a.b", "a-b", "", "@", "-x", "a..b", "a b", "a~1", "a^", "a:b", "a?", "a*", "a[b", "a\\b",
    ".a", "a/.b", "a.lock", "a/b.lock/c", "a/", "/a", "a//b", "a@{1}", "a.", "a\x7f", "a\tb", "é", "x@y",
)  # fmt: skip


@pytest.mark.parametrize("branch", BRANCHES)
def test_branches_are_named_as_git_lets_them_be(tmp_path: Path, branch: str) -> None:
    good = (
        run(tmp_path, "check-ref-format", f"refs/heads/{branch}").returncode == 0
        and not branch.startswith("-")
        and branch != "@"
    )
    if good:
        check_branch(branch)
    else:
        with pytest.raises(BadName, match="is not a valid branch name"):
            check_branch(branch)


@pytest.mark.parametrize(
    ("name", "parts"),
    [
        ("HEAD", ("HEAD", [])),
        ("HEAD~2", ("HEAD", [("~", 2)])),
        ("main^^2~", ("main", [("^", 1), ("^", 2), ("~", 1)])),
        ("~", ("", [("~", 1)])),
    ],
)
def test_steps_back_are_read(name: str, parts: tuple[str, list[tuple[str, int]]]) -> None:
    assert split_steps(name) == parts


def test_other_things_behind_a_step_are_refused() -> None:
    with pytest.raises(BadName, match="bad revision 'HEAD~x'"):
        split_steps("HEAD~x")
