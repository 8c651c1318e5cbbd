from __future__ import annotations

from typing import Any

import pytest

from fluxsim.formats import automationgit
from fluxsim.formats.automationgit import GitConfig, git_config
from fluxsim.kernel.units import MINUTE, SECOND

A = "a" * 40


def config(*, ref: Any = None, checkout: Any = None, **push: Any) -> GitConfig:
    git: dict[str, Any] = {"push": push or None}
    if checkout is not None:
        git["checkout"] = {"ref": checkout}
    return git_config(git, {"ref": ref})


@pytest.mark.parametrize(
    ("found", "branch", "switches"),
    [
        (config(ref={"branch": "main"}), "main", False),
        (config(ref={"branch": "main"}, checkout={"branch": "dev"}), "dev", False),
        (config(ref={"branch": "main"}, branch="main"), "main", False),
        (config(ref={"branch": "main"}, branch="bot"), "bot", True),
        (config(branch="master"), "master", False),
        (config(branch="main"), "main", True),
        (config(ref={"tag": "v1"}, branch="main"), "main", True),
        (config(ref={"name": "refs/heads/main"}, branch="main"), "main", True),
    ],
)
def test_pushes_where_it_says_or_where_it_came_from(found: GitConfig, branch: str, switches: bool) -> None:
    assert (found.push_branch, found.switch_branch) == (branch, switches)


@pytest.mark.parametrize("ref", [None, {}, {"tag": "v1"}, {"semver": "*"}, {"branch": ""}])
def test_without_a_branch_nothing_says_where_to_push(ref: Any) -> None:
    for push in ({}, {"refspec": "refs/heads/main:refs/heads/bot"}):
        with pytest.raises(automationgit.NoPushBranch, match="push spec not provided"):
            config(ref=ref, **push)


def test_the_checkout_ref_takes_the_place_of_the_whole_other_one() -> None:
    assert config(ref={"branch": "main"}, checkout={"tag": "v1"}, branch="x").checkout_ref == {"tag": "v1"}


def test_the_timeout_is_that_of_the_repository() -> None:
    assert config(branch="x").timeout_ms == MINUTE
    assert git_config({"push": {"branch": "x"}}, {"timeout": "20s"}).timeout_ms == 20 * SECOND


def test_only_a_branch_of_its_own_is_forced() -> None:
    same = config(ref={"branch": "main"}, refspec="refs/heads/main:refs/heads/else")
    assert [(push.destination, push.force) for push in same.pushes] == [
        ("refs/heads/main", False),
        ("refs/heads/else", False),
    ]
    assert [push.force for push in config(ref={"branch": "main"}, branch="bot").pushes] == [True]


def test_skipping_needs_the_same_policies_and_a_head_that_tells_all() -> None:
    status = {"observedPolicies": {"p": {"name": "app", "tag": "1"}}, "observedSourceRevision": f"main@sha1:{A}"}
    policies = {"p": {"name": "app", "tag": "1"}}
    same = config(ref={"branch": "main"})
    assert automationgit.may_skip_clone(status, policies, same)
    assert not automationgit.may_skip_clone(status, {}, same)
    assert not automationgit.may_skip_clone({}, {}, same)
    assert not automationgit.may_skip_clone(status, policies, config(ref={"branch": "main"}, branch="bot"))
    assert not automationgit.may_skip_clone(status, policies, config(ref={"branch": "main"}, refspec="a:b"))


def test_a_revision_names_what_was_checked_out() -> None:
    assert automationgit.revision({"branch": "feature/x"}, A) == f"feature/x@sha1:{A}"
    assert automationgit.revision(None, A) == f"master@sha1:{A}"
    assert automationgit.revision({"tag": "v1"}, A) == f"v1@sha1:{A}"
    assert automationgit.revision({"name": "refs/pull/1/head"}, A) == f"1/head@sha1:{A}"
    assert automationgit.revision({"commit": A}, A) == f"sha1:{A}"
    assert automationgit.revision({"commit": A, "branch": "main"}, A) == f"main@sha1:{A}"


def test_the_summary_of_a_push() -> None:
    assert automationgit.push_summary(A, "main", [], "") == "pushed commit 'aaaaaaa' to branch 'main'"
    assert automationgit.push_summary(A, "main", ["a:b", "c:d"], "Update\n\nall") == (
        "pushed commit 'aaaaaaa' to branch 'main' and refspecs 'a:b', 'c:d'\nUpdate\n\nall"
    )


def test_a_source_must_be_a_git_repository_with_spec_git() -> None:
    assert automationgit.source_error({"name": "x"}, {}) == ""
    assert (
        automationgit.source_error({"kind": "Bucket"}, {})
        == "source kind 'Bucket' not supported: invalid source configuration"
    )
    assert automationgit.source_error({"kind": "GitRepository"}, None) == (
        "source kind 'GitRepository' necessitates field .spec.git: invalid source configuration"
    )


def test_setters_are_the_default() -> None:
    assert automationgit.update_of({}) == automationgit.update_of({"update": {}}) == {"strategy": "Setters"}
    assert automationgit.update_of({"update": {"path": "./x"}}) == {"strategy": "Setters", "path": "./x"}


def test_a_push_without_a_commit_has_no_summary() -> None:
    with pytest.raises(ValueError, match="empty push commit revision"):
        automationgit.push_summary("", "main", [], "m")
