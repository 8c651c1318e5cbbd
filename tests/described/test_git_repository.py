"""GitRepository: what source-controller says and does."""

from __future__ import annotations

import re

from tests.worlds import (
    Tree,
    at,
    commit,
    conditions,
    create,
    due,
    ends,
    head,
    kubernetes_events,
    obj,
    passing,
    patch,
    ready,
    request,
    runs,
    status,
    steps,
    told,
    world_of,
)

NAME = "GitRepository/flux-system/fleet"
URL = "ssh://git@git.test/platform/fleet.git"


def git_repository(**spec: object) -> Tree:
    given = {"interval": "1m", "url": URL, "ref": {"branch": "main"}}
    return {
        "apiVersion": "source.toolkit.fluxcd.io/v1",
        "kind": "GitRepository",
        "metadata": {"name": "fleet", "namespace": "flux-system"},
        "spec": given | spec,
    }


def test_behaviour_git_new() -> None:
    world = world_of({"a.yaml": "a: 1"}, apply=[git_repository()], message="first line of the commit message\n\nmore\n")
    at(world, "30s")
    revision = f"main@sha1:{head(world)}"
    said = [
        "processing object: new generation -1 -> 1",
        "building artifact",
        f"building artifact: new upstream revision '{revision}'",
    ]
    stored = ("True", "Succeeded", f"stored artifact for revision '{revision}'")
    assert steps(world, NAME) == [
        *({"Reconciling": ("True", "Progressing", text), "Ready": ("Unknown", "Progressing", text)} for text in said),
        {"Ready": stored, "ArtifactInStorage": stored},
    ]
    assert status(world, NAME, "observedGeneration") == 1
    assert told(world, NAME) == [
        ("Normal", "NewArtifact", "stored artifact for commit 'first line of the commit message'")
    ]
    assert 57_000 <= ends(world, NAME)[-1]["again"] <= 63_000, "the interval, give or take five per cent"
    assert "finalizers.fluxcd.io" in obj(world, NAME)["metadata"]["finalizers"]


def test_behaviour_git_artifact_path() -> None:
    world = world_of({}, apply=[git_repository()])
    at(world, "30s")
    commit_id = head(world)
    artifact = status(world, NAME, "artifact")
    path = f"gitrepository/flux-system/fleet/{commit_id}.tar.gz"
    assert artifact["path"] == path
    assert artifact["url"] == f"http://source-controller.flux-system.svc.cluster.local./{path}"
    assert artifact["revision"] == f"main@sha1:{commit_id}"
    assert re.fullmatch("sha256:[0-9a-f]{64}", artifact["digest"])


def test_behaviour_git_empty_repo() -> None:
    world = world_of({})
    world.git.create("ssh://git@git.test/platform/empty.git")
    create(world, git_repository(url="ssh://git@git.test/platform/empty.git"))
    at(world, "30s")
    failed = ("EmptyGitRepository", "git repository is empty")
    assert conditions(world, NAME)["FetchFailed"] == ("True", *failed)
    assert ready(world, NAME) == ("False", *failed)
    assert due(world, NAME)[0][1] == "retry"


def test_behaviour_git_recovery() -> None:
    world = world_of({}, apply=[git_repository()])
    at(world, "30s")
    digest = status(world, NAME, "artifact", "digest")
    world.git.fail("outage")
    passing(world, "2m")
    assert ready(world, NAME) is not None
    assert conditions(world, NAME)["FetchFailed"][0] == "True"
    assert status(world, NAME, "artifact", "digest") == digest, "the old artifact stays served"
    since = world.now_ms
    world.git.heal()
    passing(world, "2m")
    [(kind, reason, message)] = told(world, NAME, since=since)
    assert (kind, reason) == ("Normal", "Succeeded")
    assert re.fullmatch("stored artifact for commit '.*'", message)
    assert status(world, NAME, "artifact", "digest") == digest
    assert "FetchFailed" not in conditions(world, NAME)


def test_behaviour_git_ref_tag() -> None:
    world = world_of({})
    commit_id = head(world)
    world.gitops.push("refs/tags/v1.0.0", "", commit_id, "you")
    create(world, git_repository(ref={"tag": "v1.0.0"}))
    at(world, "30s")
    assert status(world, NAME, "artifact", "revision") == f"v1.0.0@sha1:{commit_id}"


def test_behaviour_git_requested_at() -> None:
    world = world_of({}, apply=[git_repository()])
    at(world, "30s")
    before = ready(world, NAME)
    request(world, NAME, "now")
    since = world.now_ms
    passing(world, "5s")
    first, *rest = steps(world, NAME, since=since)
    assert first["Reconciling"] == ("True", "Progressing", "reconciliation in progress")
    assert {step["Ready"] for step in (first, *rest)} == {before}, "a Ready that was True stays what it was"
    assert status(world, NAME, "lastHandledReconcileAt") == "now"
    assert "Reconciling" not in conditions(world, NAME)


def test_behaviour_git_suspended() -> None:
    world = world_of({}, apply=[git_repository()])
    at(world, "30s")
    patch(world, NAME, {"spec": {"suspend": True}})
    passing(world, "1s")
    since, events = world.now_ms, len(kubernetes_events(world, NAME))
    commit(world, {"b.yaml": "b: 1"})
    request(world, NAME, "now")
    passing(world, "20m")
    assert due(world, NAME) == []
    assert told(world, NAME, since=since) == []
    assert len(kubernetes_events(world, NAME)) <= events
    assert not status(world, NAME, "artifact", "revision").endswith(head(world))


def test_behaviour_git_url_invalid() -> None:
    world = world_of({}, apply=[git_repository(url="https://%zz")])
    at(world, "1m")
    found = conditions(world, NAME)
    assert found["Stalled"][:2] == ("True", "URLInvalid")
    message = found["Stalled"][2]
    assert re.fullmatch("failed to parse url 'https://%zz': .*", message)
    assert found["Ready"] == ("False", "URLInvalid", message)
    assert found["FetchFailed"] == ("True", "URLInvalid", message)
    assert status(world, NAME, "observedGeneration") == obj(world, NAME)["metadata"]["generation"]
    assert due(world, NAME) == []
    assert len(runs(world, NAME)) == 2, "the finalizer, then one try"
