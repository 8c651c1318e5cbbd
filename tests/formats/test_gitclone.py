from __future__ import annotations

from typing import Any

import pytest

from fluxsim.formats import gitclone
from fluxsim.formats.gitclone import Cloned, CloneError, clone

A, B, C = "a" * 40, "b" * 40, "c" * 40
REFS = {
    "refs/heads/main": A,
    "refs/heads/master": B,
    "refs/tags/v1.0.0": B,
    "refs/tags/v1.1.0": C,
    "refs/tags/v1.1.0^{}": A,
    "refs/pull/7/head": C,
}


@pytest.mark.parametrize(
    ("ref", "revision"),
    [
        (None, f"master@sha1:{B}"),
        ({}, f"master@sha1:{B}"),
        ({"branch": "main"}, f"main@sha1:{A}"),
        ({"branch": "main", "tag": "v1.0.0"}, f"v1.0.0@sha1:{B}"),
        ({"tag": "v1.1.0"}, f"v1.1.0@sha1:{A}"),
        ({"semver": ">=1.0.0", "branch": "main"}, f"v1.1.0@sha1:{A}"),
        ({"semver": "1.0.x"}, f"v1.0.0@sha1:{B}"),
        ({"name": "refs/pull/7/head", "tag": "v1.0.0"}, f"7/head@sha1:{C}"),
        ({"commit": C, "branch": "main", "name": "refs/heads/main"}, f"main@sha1:{C}"),
        ({"commit": C}, f"sha1:{C}"),
    ],
)
def test_the_fields_of_a_ref_go_before_each_other(ref: Any, revision: str) -> None:
    assert clone(REFS, ref).revision == revision
    assert clone(REFS, ref).is_concrete


@pytest.mark.parametrize(
    ("ref", "error"),
    [
        ({"branch": "gone"}, "unable to clone 'https://git': couldn't find remote ref \"refs/heads/gone\""),
        ({"tag": "gone"}, "unable to clone 'https://git': couldn't find remote ref \"refs/tags/gone\""),
        ({"name": "refs/gone"}, "unable to resolve ref 'refs/gone' to a specific commit"),
        ({"name": "/refs"}, "ref /refs is invalid; Git refs cannot begin or end with a slash '/'"),
        ({"semver": "2.x"}, "no match found for semver: 2.x"),
        ({"semver": "x.y"}, 'semver parse error: improper constraint: "x.y"'),
    ],
)
def test_what_is_not_there_is_an_error(ref: Any, error: str) -> None:
    with pytest.raises(CloneError) as failed:
        clone(REFS, ref, url="https://git")
    assert str(failed.value) == error


@pytest.mark.parametrize(
    ("ref", "observed", "is_concrete"),
    [
        ({"branch": "main"}, f"main@sha1:{A}", False),
        ({"branch": "main"}, f"main/{A}", False),
        ({"branch": "main"}, f"main@sha1:{B}", True),
        ({"branch": "main"}, f"other@sha1:{A}", True),
        ({"tag": "v1.1.0"}, f"v1.1.0@sha1:{A}", False),
        ({"name": "refs/heads/main"}, f"refs/heads/main@sha1:{A}", False),
        ({"name": "refs/heads/main"}, f"main@sha1:{A}", True),
        ({"semver": "*"}, f"v1.1.0@sha1:{A}", True),
        ({"commit": A, "branch": "main"}, f"main@sha1:{A}", True),
    ],
)
def test_what_was_observed_is_not_cloned_again(ref: Any, observed: str, is_concrete: bool) -> None:
    cloned = clone(REFS, ref, last_observed=observed)
    assert cloned.is_concrete is is_concrete
    # What a run stores is the short revision, so that full names never match.
    assert gitclone.unchanged(observed, cloned.revision, ref) is (not is_concrete and "name" not in ref)


def test_of_equal_versions_the_last_by_name_is_the_newest() -> None:
    assert gitclone.newest_tag({"refs/tags/v1.0.0": A, "refs/tags/1.0.0": B, "refs/heads/9.0.0": C}, "*") == "v1.0.0"


def test_reads_revisions_of_all_times() -> None:
    assert gitclone.transformed(f"feature/x/{A}") == f"feature/x@sha1:{A}"
    assert gitclone.transformed(f"HEAD/{A}") == f"sha1:{A}"
    assert gitclone.transformed("") == gitclone.hash_of("") == gitclone.named_pointer("") == ""
    assert gitclone.hash_of(f"feature/x@sha1:{A}") == gitclone.hash_of(A) == A
    assert gitclone.named_pointer(f"feature/x@sha1:{A}") == "feature/x"
    assert gitclone.named_pointer(A) == ""


def test_an_absent_head_is_never_unchanged() -> None:
    assert not gitclone.unchanged(f"main@sha1:{A}", "", {"branch": "main"})
    assert not gitclone.unchanged("", A, {"branch": "main"})


def test_a_branch_is_continued_where_it_is_known() -> None:
    def switched(to: str, *, single_branch: bool = False) -> str:
        return gitclone.switched(
            to,
            head=A,
            remote_branches={"ahead": B, "both": B},
            local_branches={"main": A, "both": C},
            single_branch=single_branch,
        )

    assert [switched("both"), switched("ahead"), switched("new")] == [C, B, A]
    assert switched("ahead", single_branch=True) == A


def test_a_commit_needs_content_to_be_concrete_and_changes_to_be_made() -> None:
    assert gitclone.is_concrete(A, b"")
    assert not gitclone.is_concrete(A, None)
    assert not gitclone.is_concrete("", b"")
    assert gitclone.commit_error(0) == "no staged files"
    assert gitclone.commit_error(1) == ""
    assert Cloned(A, "refs/heads/main").revision == f"main@sha1:{A}"
