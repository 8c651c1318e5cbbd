"""What is written to disk is a repository that git finds nothing wrong with, and it comes back the same."""

from __future__ import annotations

from pathlib import Path

import pytest

from fluxsim.formats.gitcommit import Author
from fluxsim.formats.gittree import EXECUTABLE, SYMLINK, File
from fluxsim.formats.sshsignature import SshSigner
from fluxsim.kernel.errors import InputError
from fluxsim.systems.gitexport import export
from fluxsim.systems.gitimport import load
from fluxsim.systems.gitrepository import GitRepository
from tests.realgit import git, run

ADA = Author("Ada", "ada@example.com")


def lived_in() -> GitRepository:
    ours = GitRepository("https://github.com/acme/flux", default_branch="trunk")
    files = {f"apps/{number:03}.yaml": b"image: v0\n" for number in range(200)}
    when_s = 1_700_000_000
    ours.commit(
        "trunk",
        files | {"run": File(b"x", EXECUTABLE), "l": File(b"run", SYMLINK)},
        author=ADA,
        when_s=when_s,
        message="Start",
    )
    for number in range(150):
        changes = {f"apps/{number:03}.yaml": b"image: v%d\n" % number if number else None}
        ours.commit("trunk", changes, author=ADA, when_s=when_s + number, message=f"Übernimm v{number}")
    signed = ours.add_commit(
        ours.head(),
        {"s": b"1"},
        author=Author("", "bot@example.com"),
        when_s=when_s,
        message="bot",
        signer=SshSigner.from_seed(b"1"),
    )
    ours.push("refs/heads/signed", "", signed, "bot")
    ours.revert(ours.head(), "trunk", author=ADA, when_s=when_s + 200)
    ours.push("refs/tags/v1", "", ours.add_tag("v1", ours.head(), tagger=ADA, when_s=when_s, message="First"), "ada")
    ours.objects.add_blob(b"that nobody needs")
    return ours


def test_git_finds_nothing_wrong_and_the_same_comes_back(tmp_path: Path) -> None:
    ours = lived_in()
    export(ours, tmp_path / "deep" / "flux.git")
    checked = run(tmp_path / "deep" / "flux.git", "fsck", "--strict", "--full")
    assert (checked.returncode, checked.stdout, checked.stderr) == (0, b"", b"")
    assert git(tmp_path / "deep" / "flux.git", "symbolic-ref", "HEAD") == "refs/heads/trunk"
    again = load(tmp_path / "deep" / "flux.git")
    assert again.refs() == ours.refs()
    assert again.default_branch == "trunk"
    assert len(again.objects) <= len(ours.objects) - 1
    git(tmp_path, "clone", "--quiet", "deep/flux.git", "clone")
    assert (tmp_path / "clone" / "apps" / "149.yaml").read_bytes() == b"image: v0\n"


def test_an_empty_repository_can_be_written(tmp_path: Path) -> None:
    export(GitRepository("https://github.com/acme/flux"), tmp_path / "empty.git")
    assert git(tmp_path / "empty.git", "for-each-ref") == ""


def test_a_directory_in_use_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "mine").write_text("x")
    with pytest.raises(InputError, match="the directory is not empty; name one that does not exist yet"):
        export(lived_in(), tmp_path)
    with pytest.raises(InputError, match="not empty"):
        export(lived_in(), tmp_path / "mine")
    with pytest.raises(InputError, match="cannot write there"):
        export(lived_in(), tmp_path / "mine" / "below")
    assert (tmp_path / "mine").read_text() == "x"
