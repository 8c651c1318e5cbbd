"""GitRepository, beyond what is described of it."""

from __future__ import annotations

from typing import Any

import pytest

from fluxsim.world import actions
from tests.described.test_git_repository import NAME, git_repository
from tests.worlds import (
    at,
    commit,
    conditions,
    create,
    due,
    head,
    obj,
    passing,
    patch,
    ready,
    status,
    steps,
    told,
    world_of,
)

OTHER = "ssh://git@git.test/platform/shared.git"


def failed(world: Any) -> tuple[str, str]:
    found = ready(world, NAME)
    assert found is not None
    assert found[0] == "False"
    assert conditions(world, NAME)["FetchFailed"] == ("True", *found[1:])
    return found[1], found[2]


def test_a_missing_branch_is_what_a_clone_says_of_it() -> None:
    world = world_of({}, apply=[git_repository(ref={"branch": "nope"})])
    at(world, "10s")
    reason, message = failed(world)
    assert reason == "GitOperationFailed"
    assert message == (
        "failed to checkout and determine revision: unable to clone 'ssh://git@git.test/platform/fleet.git': "
        'couldn\'t find remote ref "refs/heads/nope"'
    )
    assert conditions(world, NAME)["Reconciling"] == ("True", "ProgressingWithRetry", "building artifact")


def test_an_outage_reads_otherwise_once_there_is_an_artifact() -> None:
    world = world_of({}, apply=[git_repository()])
    world.do(actions.Break(what="git"))
    at(world, "10s")
    assert "unable to clone" in failed(world)[1]
    world.do(actions.Heal(what="git"))
    at(world, "5m")
    world.do(actions.Break(what="git"))
    passing(world, "2m")
    assert "unable to list remote" in failed(world)[1]
    assert conditions(world, NAME)["Reconciling"] == ("True", "ProgressingWithRetry", "reconciliation in progress")
    assert conditions(world, NAME)["ArtifactInStorage"][0] == "True"


def test_retries_back_off_and_forget_the_interval() -> None:
    world = world_of({}, apply=[git_repository(ref={"branch": "nope"}, interval="10h")])
    at(world, "1m")
    [(left, why)] = due(world, NAME)
    assert why == "retry"
    assert left <= 96_000
    at(world, "1h")
    assert due(world, NAME)[0][0] <= 900_000, "at most a quarter of an hour"


def test_a_secret_that_is_missing() -> None:
    world = world_of({}, apply=[git_repository(secretRef={"name": "n"})], assume_secrets=False)
    at(world, "10s")
    text = "failed to get secret 'flux-system/n'"
    assert failed(world) == ("AuthenticationFailed", f'{text}: {text}: secrets "n" not found')


def test_a_new_commit_is_said_while_the_old_artifact_is_served() -> None:
    world = world_of({}, apply=[git_repository()])
    at(world, "30s")
    old = f"main@sha1:{head(world)}"
    new = commit(world, {"a": "1"})
    since = world.now_ms
    passing(world, "2m")
    building = next(step for step in steps(world, NAME, since=since) if "ArtifactOutdated" in step)
    news = f"new upstream revision 'main@sha1:{new}'"
    assert building["ArtifactOutdated"] == ("True", "NewRevision", news)
    assert building["Ready"] == ("Unknown", "Progressing", f"building artifact: {news}")
    assert building["ArtifactInStorage"][2] == f"stored artifact for revision '{old}'"
    assert set(conditions(world, NAME)) == {"Ready", "ArtifactInStorage"}


def test_a_branch_moved_back_by_force_is_just_another_revision() -> None:
    world = world_of({}, apply=[git_repository()])
    first = head(world)
    commit(world, {"a": "1"})
    at(world, "2m")
    world.do(actions.ForcePush(commit=first))
    passing(world, "2m")
    assert status(world, NAME, "artifact", "revision") == f"main@sha1:{first}"


@pytest.mark.parametrize(
    ("ref", "revision"),
    [
        ({"name": "refs/heads/main"}, "refs/heads/main@sha1:{}"),
        ({"branch": "main", "commit": "HEAD"}, "main@sha1:{}"),
        ({"commit": "HEAD"}, "sha1:{}"),
        ({"semver": "1.x"}, "v1.2.0@sha1:{}"),
    ],
)
def test_each_ref_has_its_form_of_revision(ref: dict[str, str], revision: str) -> None:
    world = world_of({})
    commit_id = head(world)
    for tag in ("v1.0.0", "v1.2.0", "v2.0.0"):
        world.gitops.push(f"refs/tags/{tag}", "", commit_id, "you")
    create(world, git_repository(ref={name: commit_id if value == "HEAD" else value for name, value in ref.items()}))
    at(world, "10s")
    assert status(world, NAME, "artifact", "revision") == revision.format(commit_id)


def test_a_changed_ignore_makes_another_digest_of_the_same_revision() -> None:
    world = world_of({"a.txt": "a"}, apply=[git_repository()])
    at(world, "30s")
    before = status(world, NAME, "artifact")
    patch(world, NAME, {"spec": {"ignore": "*.txt"}})
    passing(world, "10s")
    after = status(world, NAME, "artifact")
    assert after["revision"] == before["revision"]
    assert after["digest"] != before["digest"]
    assert status(world, NAME, "observedIgnore") == "*.txt"
    assert told(world, NAME)[-1][1] == "NewArtifact"


def test_an_include_waits_for_its_source_and_is_put_in() -> None:
    world = world_of({"a.yaml": "a: 1\n"})
    include = [{"repository": {"name": "shared"}, "fromPath": "deploy", "toPath": "vendor"}]
    create(world, git_repository(include=include))
    at(world, "5s")
    assert conditions(world, NAME)["IncludeUnavailable"][:2] == ("True", "NotFound")
    found = ready(world, NAME)
    assert found is not None
    assert found[:2] == ("False", "NotFound")
    assert found[2].startswith("could not get resource for include 'shared': ")
    shared = world.git.create(OTHER)
    person = world.gitops.commit_of(head(world)).author
    shared.commit("main", {"deploy/k.yaml": b"k: 1\n", "other": b"x"}, author=person, when_s=1, message="x")
    other = git_repository(url=OTHER)
    other["metadata"]["name"] = "shared"
    create(world, other)
    passing(world, "1m")
    assert "IncludeUnavailable" not in conditions(world, NAME)
    [included] = status(world, NAME, "includedArtifacts")
    assert included["revision"] == status(world, "GitRepository/flux-system/shared", "artifact", "revision")
    files = world.cluster.artifacts.get(status(world, NAME, "artifact", "path"))
    assert files is not None
    assert files.files.read("vendor/k.yaml") == b"k: 1\n"
    assert files.files.read("a.yaml") == b"a: 1\n"


def test_a_sparse_directory_that_is_missing_fails() -> None:
    world = world_of({"x/a.yaml": "a: 1\n"}, apply=[git_repository(sparseCheckout=["nope"])])
    at(world, "10s")
    said = [step["FetchFailed"] for step in steps(world, NAME) if "FetchFailed" in step]
    _, reason, message = said[0]
    assert reason == "GitOperationFailed"
    assert message.startswith("failed to sparse checkout directories : sparse checkout dir 'nope' does not exist")


def test_a_deleted_source_takes_its_artifacts_along() -> None:
    world = world_of({}, apply=[git_repository()])
    at(world, "10s")
    path = status(world, NAME, "artifact", "path")
    world.do(actions.Delete(kind="GitRepository", name="fleet", namespace="flux-system"))
    passing(world, "5s")
    assert obj(world, NAME) is None
    assert world.cluster.artifacts.get(path) is None


def test_a_suspended_source_notes_the_request_and_the_generation() -> None:
    world = world_of({}, apply=[git_repository()])
    at(world, "10s")
    patch(world, NAME, {"spec": {"suspend": True}})
    patch(world, NAME, {"metadata": {"annotations": {"reconcile.fluxcd.io/requestedAt": "now"}}})
    passing(world, "5s")
    assert status(world, NAME, "lastHandledReconcileAt") == "now"
    assert status(world, NAME, "observedGeneration") == obj(world, NAME)["metadata"]["generation"]


def test_the_third_artifact_collects_the_first() -> None:
    world = world_of({}, apply=[git_repository()])
    for number in range(3):
        passing(world, "3m")
        commit(world, {"a": str(number)})
    passing(world, "3m")
    assert ("Normal", "GarbageCollectionSucceeded", "garbage collected 1 artifacts") in told(world, NAME)
