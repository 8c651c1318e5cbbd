"""Commits, pushes and reverts on a Git host: what git would make, and what the host refuses."""

from __future__ import annotations

from pathlib import Path

import pytest

from fluxsim.formats.gitcommit import Author
from fluxsim.formats.gitobjects import MissingObject
from fluxsim.formats.gittree import InvalidPath
from fluxsim.systems.giterrors import GitError, NothingToCommit, Refused, RevertFailed
from fluxsim.systems.gitrepository import GitRepository, Pushed
from tests.realgit import EMAIL, NAME, commit_files, git, new_repository, run

ADA = Author(NAME, EMAIL)
URL = "https://github.com/acme/flux.git"
WHEN = 1_700_000_000


def repository(**files: str) -> GitRepository:
    made = GitRepository(URL)
    commit(made, {path.replace("_", "."): text for path, text in (files or {"a_yaml": "image: v1\n"}).items()})
    return made


def commit(to: GitRepository, files: dict[str, str | None], message: str = "Change", branch: str = "main") -> str:
    changes = {path: text.encode() if text is not None else None for path, text in files.items()}
    return to.commit(branch, changes, author=ADA, when_s=WHEN, message=message)


def revert(on: GitRepository, what: str, mainline: int = 0) -> str:
    return on.revert(what, "main", author=ADA, when_s=WHEN, mainline=mainline)


# -- commits


def test_ids_are_those_of_git(tmp_path: Path) -> None:
    work = new_repository(tmp_path)
    ours = GitRepository(URL)
    steps: list[tuple[dict[str, str | None], str]] = [
        ({"apps/a.yaml": "1\n", "b": "2\n"}, "Start"),
        ({"apps/a.yaml": "2\n"}, "Update a\n\nBecause."),
        ({"b": None, "c/d": "3\n"}, "Move"),
    ]
    for files, message in steps:
        assert commit(ours, files, message) == commit_files(work, files, message)
    assert ours.head() == git(work, "rev-parse", "main")


def test_a_commit_that_changes_nothing_is_none() -> None:
    ours = repository()
    with pytest.raises(NothingToCommit, match="nothing to commit, working tree clean"):
        commit(ours, {"a.yaml": "image: v1\n"})


def test_a_new_branch_begins_at_the_default_one() -> None:
    ours = repository()
    made = commit(ours, {"b": "1"}, branch="feature/x")
    assert [parent.hex() for parent in ours.commit_of(made).parents] == [ours.head("main")]
    assert list(ours.branches()) == ["feature/x", "main"]


def test_a_commit_on_an_expected_head_loses_the_race() -> None:
    ours = repository()
    old = ours.head()
    new = commit(ours, {"b": "1"})
    with pytest.raises(Refused, match="non-fast-forward update: refs/heads/main") as refused:
        ours.commit("main", {"c": b"1"}, author=ADA, when_s=WHEN, message="Late", expected_head=old)
    assert refused.value.why == "fetch first"
    assert ours.head() == new
    ours.commit("main", {"c": b"1"}, author=ADA, when_s=WHEN, message="In time", expected_head=new)
    ours.commit("other", {"c": b"2"}, author=ADA, when_s=WHEN, message="First", expected_head="")


def test_bad_paths_and_branches_leave_no_trace() -> None:
    ours = repository()
    before = (ours.refs(), ours.serial)
    with pytest.raises(InvalidPath):
        commit(ours, {"../x": "1"})
    with pytest.raises(GitError, match=r"fatal: 'a\.\.b' is not a valid branch name"):
        commit(ours, {"x": "1"}, branch="a..b")
    assert (ours.refs(), ours.serial) == before


def test_listeners_hear_of_every_push() -> None:
    ours = GitRepository(URL)
    heard: list[Pushed] = []
    ours.listeners = [heard.append]
    first = commit(ours, {"a": "1"})
    second = ours.commit("main", {"a": b"2"}, author=ADA, when_s=WHEN, message="2", actor="bob", note={"x": 1})
    ours.push("refs/heads/main", second, first, "bob", force=True)
    ours.push("refs/heads/main", first, "", "bob")
    assert [(one.branch, one.old, one.new, one.actor, one.forced, one.note) for one in heard] == [
        ("main", "", first, NAME, False, None),
        ("main", first, second, "bob", False, {"x": 1}),
        ("main", second, first, "bob", True, None),
        ("main", first, "", "bob", False, None),
    ]


def test_a_copy_goes_its_own_way() -> None:
    ours = repository()
    copy = ours.copy()
    made = commit(copy, {"b": "1"})
    assert copy.head() == made
    assert ours.head() == copy.resolve("HEAD~1")
    assert bytes.fromhex(made) not in ours.objects
    assert commit(ours, {"b": "1"}) == made


# -- pushes


def test_a_push_must_know_where_the_branch_is() -> None:
    ours = repository()
    old = ours.head()
    new = commit(ours, {"b": "1"})
    mine = ours.add_commit(old, {"c": b"1"}, author=ADA, when_s=WHEN, message="mine\n")
    with pytest.raises(Refused) as refused:
        ours.push("refs/heads/main", old, mine, "ada")
    assert refused.value.why == "fetch first"
    with pytest.raises(Refused) as refused:
        ours.push("refs/heads/main", new, mine, "ada")
    assert refused.value.why == "non-fast-forward"
    ours.push("refs/heads/main", old, mine, "ada", force=True)
    assert ours.head() == mine


def test_a_push_without_its_objects_is_refused() -> None:
    ours = repository()
    with pytest.raises(Refused, match="missing necessary objects"):
        ours.push("refs/heads/x", "", "0" * 40, "ada")
    blob = ours.objects.add_blob(b"x").hex()
    with pytest.raises(Refused, match="missing necessary objects"):
        ours.push("refs/heads/x", "", blob, "ada")


def test_a_protected_branch_lets_only_some_push_and_nobody_by_force() -> None:
    ours = repository()
    first = ours.head()
    ours.protect("main", allow=["bot", "deploy-key"])
    with pytest.raises(Refused) as refused:
        commit(ours, {"b": "1"})
    assert str(refused.value) == "command error on refs/heads/main: protected branch hook declined"
    assert refused.value.printed == (
        "remote: error: GH006: Protected branch update failed for refs/heads/main.\n"
        "remote: error: Changes must be made through a pull request.\n"
        f"To {URL}\n ! [remote rejected] main -> main (protected branch hook declined)\n"
        f"error: failed to push some refs to '{URL}'"
    )
    second = ours.commit("main", {"b": b"1"}, author=ADA, when_s=WHEN, message="x", actor="bot")
    third = ours.commit("main", {"b": b"2"}, author=ADA, when_s=WHEN, message="x", credential="deploy-key")
    assert ours.is_ancestor(second, third)
    with pytest.raises(Refused, match="declined") as refused:
        ours.push("refs/heads/main", third, first, "bot", force=True)
    assert "Cannot force-push to this branch" in refused.value.printed
    with pytest.raises(Refused, match="declined"):
        ours.push("refs/heads/main", third, "", "bot")
    commit(ours, {"c": "1"}, branch="other")
    ours.unprotect("main")
    ours.push("refs/heads/main", third, first, "ada", force=True)


def test_a_read_only_key_reads_and_no_more() -> None:
    ours = repository()
    ours.grant("key", "read-only")
    ours.check_read(credential="key")
    with pytest.raises(Refused, match="authorization failed: Write access to repository not granted"):
        ours.commit("main", {"b": b"1"}, author=ADA, when_s=WHEN, message="x", credential="key")
    ours.grant("key", "none")
    with pytest.raises(Refused, match="authentication required: Invalid username or token"):
        ours.check_read(credential="key")
    ours.grant("key", "read-write")
    ours.commit("main", {"b": b"1"}, author=ADA, when_s=WHEN, message="x", credential="key")


def test_an_outage_stops_everybody_until_it_is_over() -> None:
    ours = repository()
    ours.fail("outage")
    with pytest.raises(Refused, match="connection refused"):
        commit(ours, {"b": "1"})
    with pytest.raises(Refused, match="connection refused"):
        ours.check_read()
    ours.fail(None)
    commit(ours, {"b": "1"})


def test_the_serial_grows_with_all_that_can_be_noticed() -> None:
    ours = repository()
    serials = [ours.serial]
    for change in (
        lambda: commit(ours, {"b": "1"}),
        lambda: ours.protect("main"),
        lambda: ours.unprotect("main"),
        lambda: ours.grant("key", "none"),
        lambda: ours.fail("outage"),
    ):
        change()
        serials.append(ours.serial)
    assert serials == sorted(set(serials))


# -- names


def test_commits_are_named_in_every_way_that_people_use() -> None:
    ours = repository()
    first = ours.head()
    second = commit(ours, {"b": "1"})
    ours.push("refs/tags/v1", "", ours.add_tag("v1", first, tagger=ADA, when_s=WHEN, message="First"), "ada")
    ours.push("refs/tags/light", "", ours.add_tag("light", first), "ada")
    for name in (
        "HEAD~1",
        "HEAD^",
        "main~1",
        "@~",
        "v1",
        "light",
        "refs/tags/v1",
        "tags/v1",
        first,
        first[:8],
        first[:7].upper(),
    ):
        assert ours.resolve(name) == first, name
    for name in ("HEAD", "main", "heads/main", second, "HEAD^0"):
        assert ours.resolve(name) == second, name
    assert ours.resolve("HEAD", "main") == second
    for name in ("HEAD~2", "HEAD^2", "nope", "abc", "", "HEAD~x", "f" * 40):
        if name:
            with pytest.raises(GitError, match=f"fatal: bad revision '{name.replace('^', '.')}'"):
                ours.resolve(name)


def test_a_tree_is_no_commit() -> None:
    ours = repository()
    with pytest.raises(MissingObject):
        ours.commit_of(ours.commit_of(ours.head()).tree.hex())
    with pytest.raises(MissingObject):
        ours.commit_of("no id")


# -- history


def test_the_history_of_a_path_is_filtered_by_author() -> None:
    ours = repository()
    bot = Author("fluxcdbot", "bot@example.com")
    mine = commit(ours, {"a.yaml": "image: v2\n"})
    theirs = ours.commit("main", {"a.yaml": b"image: v3\n"}, author=bot, when_s=WHEN, message="Update")
    commit(ours, {"other": "1"})
    head = ours.head()
    assert [one.id for one in ours.log(head, "a.yaml")][:2] == [theirs, mine]
    assert [one.id for one in ours.log(head, "a.yaml", author="fluxcdbot")] == [theirs]
    assert [one.id for one in ours.log(head, author="bot@example.com")] == [theirs]
    writer = ours.last_change(head, "a.yaml", 1)
    assert writer is not None
    assert writer.id == theirs
    assert ours.paths(theirs) == ["a.yaml"]
    assert [one.path for one in ours.changed("", mine)] == ["a.yaml"]
    assert len(ours.between("", head)) == 4
    assert ours.merge_base(head, mine) == mine
    assert ours.files(mine).read("a.yaml") == b"image: v2\n"
    assert ours.files("").list("") == []


# -- reverts


def bumped(work: Path | None = None) -> tuple[GitRepository, list[str]]:
    """Return a repository with three commits to one line, v1 to v3, made in a real work tree as well."""
    ours = GitRepository(URL)
    ids: list[str] = []
    for version in (1, 2, 3):
        files: dict[str, str | None] = {"a.yaml": f"kind: X\nimage: v{version}\nreplicas: 2\n"}
        ids.append(commit(ours, files, f"bump {version}"))
        if work is not None:
            assert commit_files(work, files, f"bump {version}") == ids[-1]
    return ours, ids


def test_a_revert_is_the_commit_that_git_makes(tmp_path: Path) -> None:
    work = new_repository(tmp_path)
    ours, _ = bumped(work)
    git(work, "revert", "--no-edit", "HEAD")
    made = revert(ours, ours.head())
    assert made == git(work, "rev-parse", "HEAD")
    assert ours.commit_of(made).message.startswith('Revert "bump 3"\n\nThis reverts commit ')


def test_a_revert_leaves_what_came_after_on_other_lines(tmp_path: Path) -> None:
    work = new_repository(tmp_path)
    ours, ids = bumped(work)
    files: dict[str, str | None] = {"a.yaml": "kind: X\nimage: v3\nreplicas: 2\nmore: 1\n", "b": "x"}
    assert commit(ours, files) == commit_files(work, files, "Change")
    git(work, "revert", "--no-edit", ids[2])
    assert revert(ours, ids[2]) == git(work, "rev-parse", "HEAD")
    assert ours.files(ours.head()).read("a.yaml") == b"kind: X\nimage: v2\nreplicas: 2\nmore: 1\n"


def test_a_line_that_moved_on_is_a_conflict_told_as_git_tells_it(tmp_path: Path) -> None:
    work = new_repository(tmp_path)
    ours, ids = bumped(work)
    head = ours.head()
    done = run(work, "revert", "--no-edit", ids[1])
    with pytest.raises(RevertFailed) as failed:
        revert(ours, ids[1])
    assert str(failed.value) == (done.stdout + done.stderr).decode().rstrip("\n")
    assert failed.value.conflicts == ("a.yaml",)
    assert ours.head() == head


@pytest.mark.parametrize("gone_in", ["head", "parent"])
def test_a_deleted_file_is_a_conflict_told_as_git_tells_it(tmp_path: Path, gone_in: str) -> None:
    work = new_repository(tmp_path)
    ours = GitRepository(URL)
    steps: list[dict[str, str | None]] = [{"z": "1"}, {"a.yaml": "1\n"}, {"a.yaml": "2\n"}]
    if gone_in == "head":
        steps.append({"a.yaml": None})
    ids = [commit(ours, files) for files in steps]
    assert [commit_files(work, files, "Change") for files in steps] == ids
    wanted = ids[2] if gone_in == "head" else ids[1]
    done = run(work, "revert", "--no-edit", wanted)
    with pytest.raises(RevertFailed) as failed:
        revert(ours, wanted)
    assert str(failed.value) == (done.stdout + done.stderr).decode().rstrip("\n")


def test_what_was_undone_already_cannot_be_reverted() -> None:
    ours, ids = bumped()
    revert(ours, ids[2])
    with pytest.raises(RevertFailed, match="On branch main\nnothing to commit, working tree clean"):
        revert(ours, ids[2])


def test_a_reverted_revert_is_reapplied() -> None:
    ours, ids = bumped()
    titles = ['Revert "bump 3"', 'Reapply "bump 3"', 'Revert "Reapply "bump 3""']
    for title in titles:
        assert ours.commit_of(revert(ours, ours.head())).subject == title
    assert ours.files(ours.head()).read("a.yaml") == ours.files(ids[1]).read("a.yaml")


def test_the_first_commit_of_all_can_be_reverted(tmp_path: Path) -> None:
    work = new_repository(tmp_path)
    ours = GitRepository(URL)
    first = commit(ours, {"a": "1"}, "Start")
    commit_files(work, {"a": "1"}, "Start")
    second = commit(ours, {"b": "1"}, "More")
    assert commit_files(work, {"b": "1"}, "More") == second
    git(work, "revert", "--no-edit", first)
    assert revert(ours, first) == git(work, "rev-parse", "HEAD")


def test_a_merge_is_reverted_with_a_mainline(tmp_path: Path) -> None:
    work = new_repository(tmp_path)
    commit_files(work, {"a": "1"}, "Start")
    git(work, "switch", "--quiet", "--create", "side")
    commit_files(work, {"b": "1"}, "Side")
    git(work, "switch", "--quiet", "main")
    commit_files(work, {"c": "1"}, "Main")
    git(work, "merge", "--quiet", "--no-edit", "side")
    merge = git(work, "rev-parse", "HEAD")
    ours = GitRepository(URL)
    for sha in git(work, "rev-list", "--objects", "--all").split("\n"):
        name = sha.split()[0]
        kind = git(work, "cat-file", "-t", name)
        ours.objects.add(kind, run(work, "cat-file", kind, name).stdout)  # type: ignore[arg-type]
    ours.set_refs({"refs/heads/main": merge})
    with pytest.raises(RevertFailed, match=f"error: commit {merge} is a merge but no -m option was given"):
        revert(ours, merge)
    with pytest.raises(RevertFailed, match="does not have parent 3"):
        revert(ours, merge, mainline=3)
    git(work, "revert", "--no-edit", "--mainline", "1", "HEAD")
    assert revert(ours, merge, mainline=1) == git(work, "rev-parse", "HEAD")


def test_a_revert_is_a_push_like_any_other() -> None:
    ours, ids = bumped()
    ours.protect("main")
    with pytest.raises(Refused, match="protected branch hook declined"):
        revert(ours, ids[2])
    with pytest.raises(GitError, match="did not match any file"):
        ours.revert(ids[2], "nowhere", author=ADA, when_s=WHEN)
