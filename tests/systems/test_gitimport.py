"""Repositories of people come in with all their ids, or are refused with a reason that helps."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from fluxsim.formats.gittree import EXECUTABLE, REGULAR, SYMLINK, File
from fluxsim.kernel.errors import InputError
from fluxsim.systems import gitimport
from fluxsim.systems.gitimport import load, read_directory
from tests.realgit import commit_files, git, new_repository


@pytest.fixture
def work(tmp_path: Path) -> Path:
    work = new_repository(tmp_path / "work")
    commit_files(work, {"apps/a.yaml": "1\n", "b": "1\n"}, "Start")
    commit_files(work, {"apps/a.yaml": "2\n"}, "Update", when_s=1_700_000_060)
    git(work, "tag", "--annotate", "--message", "First", "v1")
    git(work, "branch", "develop", "HEAD~1")
    return work


def refused(path: Path, **options: str) -> str:
    with pytest.raises(InputError) as error:
        load(path, **options)
    return str(error.value)


def test_a_directory_with_a_work_tree_comes_in_as_it_was_committed(work: Path) -> None:
    (work / "b").write_text("not committed")
    ours = load(work, url="ssh://git@github.com/acme/flux")
    assert ours.default_branch == "main"
    assert ours.url == "ssh://git@github.com/acme/flux"
    assert ours.refs() == {name: sha for sha, name in (line.split() for line in git(work, "show-ref").splitlines())}
    assert ours.files(ours.head()).read("b") == b"1\n"
    assert [one.subject for one in ours.log(ours.head())] == ["Update", "Start"]
    assert ours.resolve("v1") == git(work, "rev-parse", "HEAD")


@pytest.mark.parametrize("kind", ["git directory", "bare", "packed", "linked"])
def test_other_shapes_of_a_repository_hold_the_same(work: Path, tmp_path: Path, kind: str) -> None:
    path = work / ".git"
    if kind == "bare":
        git(tmp_path, "clone", "--quiet", "--bare", "work", "bare.git")
        path = tmp_path / "bare.git"
    elif kind == "packed":
        git(work, "gc", "--quiet")
        path = work
    elif kind == "linked":
        git(work, "worktree", "add", "--quiet", str(tmp_path / "linked"), "develop")
        path = tmp_path / "linked"
    ours = load(path, branch="main")
    assert ours.head() == git(work, "rev-parse", "main")
    assert ours.head("develop") == git(work, "rev-parse", "develop")


def test_a_bundle_without_head_takes_the_branch_that_is_named(work: Path, tmp_path: Path) -> None:
    git(work, "bundle", "create", "--quiet", str(tmp_path / "two"), "main", "develop")
    assert load(tmp_path / "two", branch="develop").default_branch == "develop"
    assert refused(tmp_path / "two").endswith("it does not say which branch is meant; name one of develop, main")
    assert refused(tmp_path / "two", branch="mian").endswith("there is no branch 'mian'; did you mean 'main'?")
    git(work, "bundle", "create", "--quiet", str(tmp_path / "one"), "develop")
    assert load(tmp_path / "one").default_branch == "develop"
    git(work, "bundle", "create", "--quiet", str(tmp_path / "all"), "--all", "HEAD")
    assert load(tmp_path / "all").head() == git(work, "rev-parse", "main")


def test_a_branch_that_only_origin_has_can_be_named(work: Path, tmp_path: Path) -> None:
    git(tmp_path, "clone", "--quiet", "work", "clone")
    ours = load(tmp_path / "clone", branch="develop")
    assert ours.default_branch == "develop"
    assert sorted(ours.branches()) == ["develop", "main"]


def test_modes_and_links_stay(tmp_path: Path) -> None:
    work = new_repository(tmp_path)
    (work / "link").symlink_to("../outside")
    (work / "run").write_text("x")
    (work / "run").chmod(0o755)
    commit_files(work, {}, "Start")
    ours = load(work)
    assert ours.commit_of(ours.head()).tree.hex() == git(work, "rev-parse", "HEAD^{tree}")


# -- refusals


def test_what_is_no_repository_is_told(tmp_path: Path) -> None:
    (tmp_path / "text").write_text("hello")
    assert "no such file or directory" in refused(tmp_path / "none")
    assert "not a Git repository; run `git init`" in refused(tmp_path)
    assert "neither a Git repository nor a bundle" in refused(tmp_path / "text")
    (tmp_path / ".git").mkdir()
    assert str(tmp_path) in refused(tmp_path)


def test_a_repository_without_commits_is_told(tmp_path: Path) -> None:
    assert "has no commits; commit something first" in refused(new_repository(tmp_path))


def test_shallow_and_partial_clones_are_told(work: Path, tmp_path: Path) -> None:
    git(tmp_path, "clone", "--quiet", "--depth", "1", f"file://{work}", "shallow")
    assert "the clone is shallow: its history is cut off; run `git fetch --unshallow`" in refused(tmp_path / "shallow")
    git(work, "config", "uploadpack.allowFilter", "true")
    git(tmp_path, "clone", "--quiet", "--no-checkout", "--filter=blob:none", f"file://{work}", "partial")
    assert "is missing: the clone is partial or broken" in refused(tmp_path / "partial")
    git(work, "bundle", "create", "--quiet", str(tmp_path / "thin"), "main~1..main")
    assert "the bundle builds on commits that are not in it" in refused(tmp_path / "thin")


def test_broken_files_are_told(work: Path, tmp_path: Path) -> None:
    git(work, "bundle", "create", "--quiet", str(tmp_path / "bundle"), "--all")
    whole = (tmp_path / "bundle").read_bytes()
    for cut in (30, len(whole) // 2, len(whole) - 30):
        (tmp_path / "bundle").write_bytes(whole[:cut])
        assert str(tmp_path / "bundle") in refused(tmp_path / "bundle", branch="main")
    blob = git(work, "rev-parse", "HEAD:apps/a.yaml")
    loose = work / ".git" / "objects" / blob[:2] / blob[2:]
    loose.chmod(0o644)
    loose.write_bytes(b"rubbish")
    assert "broken" in refused(work)


def test_an_object_under_a_false_id_is_told(work: Path) -> None:
    objects = work / ".git" / "objects"
    good, bad = git(work, "rev-parse", "HEAD:b"), git(work, "rev-parse", "HEAD:apps/a.yaml")
    (objects / bad[:2] / bad[2:]).chmod(0o644)
    (objects / bad[:2] / bad[2:]).write_bytes((objects / good[:2] / good[2:]).read_bytes())
    assert f"the object {bad} is broken: its bytes are those of {good}" in refused(work)


def test_names_that_are_not_utf8_are_told(tmp_path: Path) -> None:
    work = new_repository(tmp_path)
    Path(os.fsdecode(os.fsencode(work) + b"/caf\xe9")).write_text("x")
    commit_files(work, {}, "Start")
    assert "is not UTF-8; rename the file" in refused(work)


@pytest.mark.parametrize("name", ["..", ".git", "a/b"])
def test_names_that_lead_elsewhere_are_told(tmp_path: Path, name: str) -> None:
    work = new_repository(tmp_path)
    blob = git(work, "hash-object", "-w", "--stdin", data=b"x")
    raw = b"100644 " + name.encode() + b"\0" + bytes.fromhex(blob)
    tree = git(work, "hash-object", "-w", "-t", "tree", "--stdin", "--literally", data=raw)
    git(work, "update-ref", "refs/heads/main", git(work, "commit-tree", "-m", "x", tree))
    assert f"the name '{name}' would leave the directory" in refused(work)


def test_too_much_is_told(work: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gitimport, "OBJECTS_MAX", 3)
    assert "the history has more than 3 objects" in refused(work)
    monkeypatch.setattr(gitimport, "OBJECTS_MAX", 100)
    monkeypatch.setattr(gitimport, "BYTES_MAX", 10)
    assert "give a copy with less history" in refused(work)


def test_other_names_for_objects_are_told(tmp_path: Path) -> None:
    git(tmp_path, "init", "--quiet", "--object-format=sha256", "--initial-branch", "main", "r")
    assert str(tmp_path / "r") in refused(tmp_path / "r")


# -- directories


def test_a_directory_gives_its_files(tmp_path: Path) -> None:
    new_repository(tmp_path)
    (tmp_path / "apps").mkdir()
    (tmp_path / "apps" / "a.yaml").write_bytes(b"1\r\n")
    (tmp_path / "run").write_text("x")
    (tmp_path / "run").chmod(0o700)
    (tmp_path / "link").symlink_to("apps")
    assert read_directory(tmp_path) == {
        "apps/a.yaml": File(b"1\r\n", REGULAR),
        "link": File(b"apps", SYMLINK),
        "run": File(b"x", EXECUTABLE),
    }


def test_all_that_is_wrong_in_a_directory_is_told_at_once(tmp_path: Path) -> None:
    inside = tmp_path / "inside"
    inside.mkdir()
    (tmp_path / "secret").write_text("x")
    (inside / "good").write_text("x")
    (inside / "out").symlink_to("../secret")
    (inside / "abs").symlink_to("/etc/passwd")
    (inside / "loop").symlink_to("loop")
    os.mkfifo(inside / "pipe")
    Path(os.fsdecode(os.fsencode(inside) + b"/caf\xe9")).write_text("x")
    with pytest.raises(InputError) as error:
        read_directory(inside)
    text = str(error.value)
    assert len(error.value.faults) >= 4
    for part in ("to '../secret'", "to '/etc/passwd'", "neither a file nor a directory", "the name is not UTF-8"):
        assert part in text
    with pytest.raises(InputError, match="no such directory"):
        read_directory(tmp_path / "none")


def test_too_many_files_are_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gitimport, "FILES_MAX", 2)
    for name in "abc":
        (tmp_path / name).write_text("x")
    with pytest.raises(InputError, match="more than 2 files"):
        read_directory(tmp_path)
