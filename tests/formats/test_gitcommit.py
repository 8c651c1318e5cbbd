"""Commits and tags have Git's bytes, and what they say can be read back."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fluxsim.formats.gitcommit import Author, BadCommit, Commit, Tag, cleaned, subject
from fluxsim.formats.gittree import EMPTY
from tests.realgit import EMAIL, NAME, commit_files, git, new_repository, run

ADA = Author(NAME, EMAIL)


def commit(message: str = "one\n", author: Author = ADA) -> Commit:
    return Commit.of(EMPTY.sha, (), author=author, when_s=1_700_000_000, message=message)


def test_a_commit_has_the_id_that_git_gives_it(tmp_path: Path) -> None:
    repository = new_repository(tmp_path)
    first = commit_files(repository, {"a": "1"}, "Add a\n\nBecause of b.", when_s=1_700_000_000)
    second = commit_files(repository, {"a": "2"}, "Ändere a", when_s=1_700_000_060)
    trees = [bytes.fromhex(git(repository, "rev-parse", f"{one}^{{tree}}")) for one in (first, second)]
    message = cleaned("Add a\n\nBecause of b.")
    ours = Commit.of(trees[0], (), author=ADA, when_s=1_700_000_000, message=message)
    assert ours.id == first
    assert Commit.of(trees[1], (ours.sha,), author=ADA, when_s=1_700_000_060, message=cleaned("Ändere a")).id == second


def test_a_tag_has_the_id_that_git_gives_it(tmp_path: Path) -> None:
    repository = new_repository(tmp_path)
    target = commit_files(repository, {"a": "1"}, "one")
    git(repository, "tag", "--annotate", "--message", "First", "v1.0.0")
    tag = Tag.of("v1.0.0", bytes.fromhex(target), tagger=ADA, when_s=1_700_000_000, message="First")
    assert tag.id == git(repository, "rev-parse", "v1.0.0")
    assert Tag.parse(tag.raw).target.hex() == target


@given(st.text(max_size=40))
def test_a_parsed_commit_is_the_one_that_was_made(message: str) -> None:
    made = commit(message)
    parsed = Commit.parse(made.raw)
    assert (parsed.sha, parsed.tree, parsed.parents, parsed.message) == (made.sha, made.tree, (), message)
    assert (parsed.author, parsed.authored_s, parsed.committer, parsed.committed_s) == (
        ADA,
        1_700_000_000,
        ADA,
        1_700_000_000,
    )


@pytest.mark.parametrize(
    "message", ["a", "a\n\n\n\nb\n\n", "\n\n  a  \nb\t\n", "# no comment\n", "", "a\n \n \nb", "   indented"]
)
def test_messages_are_cleaned_as_by_git(tmp_path: Path, message: str) -> None:
    repository = new_repository(tmp_path)
    git(repository, "commit", "--quiet", "--allow-empty", "--allow-empty-message", "--message", message)
    assert run(repository, "cat-file", "commit", "HEAD").stdout.partition(b"\n\n")[2].decode() == cleaned(message)


def test_author_and_committer_may_differ() -> None:
    made = Commit.of(
        EMPTY.sha, (), author=ADA, when_s=1, message="x", committer=Author("Bob", "bob@example.com"), committed_s=2
    )
    assert (made.author.name, made.authored_s, made.committer.name, made.committed_s) == ("Ada", 1, "Bob", 2)


def test_a_name_cannot_break_out_of_its_line() -> None:
    made = commit(author=Author("Eve\nparent 00", "<eve@example.com>"))
    assert b"author Eveparent 00 <eve@example.com> 1700000000 +0000\n" in made.raw
    assert made.parents == ()


def test_a_signature_is_a_header_with_continued_lines() -> None:
    class Stamp:
        def sign(self, payload: bytes) -> str:
            return f"-----BEGIN-----\n{len(payload)}\n-----END-----\n"

    unsigned = commit()
    signed = Commit.of(EMPTY.sha, (), author=ADA, when_s=1_700_000_000, message="one\n", signer=Stamp())
    assert signed.signature == f"-----BEGIN-----\n{len(unsigned.raw)}\n-----END-----"
    assert signed.signed_payload == unsigned.raw
    assert signed.message == "one\n"
    assert signed.id != unsigned.id
    assert unsigned.signature == ""


def test_subjects_are_the_first_paragraph_in_one_line() -> None:
    assert subject("Fix\nthe thing\n\nBody") == "Fix the thing"
    assert subject("\n\nLate\n") == "Late"
    assert subject("") == ""


@pytest.mark.parametrize("raw", [b"", b"tree xyz\n\n", b"tree " + b"0" * 40 + b"\n", b"parent x\n\nm"])
def test_bytes_that_are_no_commit_are_told(raw: bytes) -> None:
    with pytest.raises(BadCommit):
        Commit.parse(raw)


def test_old_commits_with_odd_lines_can_be_read() -> None:
    odd = Commit.parse(b"tree " + b"0" * 40 + b"\nauthor nobody\nencoding latin-1\n\n\xe4\n")
    assert (odd.author.name, odd.authored_s, odd.committed_s, odd.message) == ("nobody", 0, 0, "�\n")
    assert odd.header("encoding") == "latin-1"


@pytest.mark.parametrize("raw", [b"", b"object 00", b"object zz\ntype commit\n"])
def test_bytes_that_are_no_tag_are_told(raw: bytes) -> None:
    with pytest.raises(BadCommit):
        Tag.parse(raw)
