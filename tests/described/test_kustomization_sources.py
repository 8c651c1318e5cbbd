"""Kustomization: its source, its dependencies, and what wakes it."""

from __future__ import annotations

import re

from fluxsim.world import actions
from fluxsim.world.world import World
from tests.worlds import (
    NAMESPACE,
    at,
    commit,
    conditions,
    config_map,
    due,
    ends,
    head,
    kubernetes_events,
    kustomization,
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

APPS = "Kustomization/flux-system/apps"
SOURCE = "GitRepository/flux-system/flux-system"
WAITING = ("Normal", "DependencyNotReady", "Dependencies do not meet ready condition, retrying in 30s")
FILES = {"apps/cfg.yaml": config_map("cfg", a="1"), "infra/cfg.yaml": config_map("infra", a="1")}


def revision(world: World) -> str:
    return f"main@sha1:{head(world)}"


def test_behaviour_ks_source_missing() -> None:
    missing = {"kind": "GitRepository", "name": "nope"}
    world = world_of(FILES, apply=[kustomization(sourceRef=missing, retryInterval="3m")])
    at(world, "1m")
    assert ready(world, APPS) == (
        "False",
        "ArtifactFailed",
        'gitrepositories.source.toolkit.fluxcd.io "nope" not found',
    )
    assert set(conditions(world, APPS)) == {"Ready"}
    assert ends(world, APPS)[-1]["again"] == 180_000
    assert told(world, APPS) == []
    assert kubernetes_events(world, APPS) == []
    assert status(world, APPS, "lastAttemptedRevision") is None


def test_behaviour_ks_artifact_404() -> None:
    world = world_of(FILES, apply=[NAMESPACE.format("develop"), kustomization()])
    at(world, "2m")
    before = len(kubernetes_events(world, APPS))
    world.cluster.artifacts.lose()
    since = world.now_ms
    request(world, APPS, "now")
    passing(world, "2s")
    found = conditions(world, APPS)
    told_so = f"Fetching manifests for revision {revision(world)} with a timeout of 9m30s"
    assert found["Reconciling"] == ("True", "ProgressingWithRetry", told_so)
    assert found["Ready"] == ("False", "ArtifactFailed", "Source is not ready, artifact not found, retrying in 30s")
    assert ends(world, APPS)[-1]["again"] == 30_000
    assert told(world, APPS, since=since) == []
    assert len(kubernetes_events(world, APPS)) == before


def test_behaviour_ks_path_missing() -> None:
    world = world_of(FILES, apply=[kustomization(path="./nope", retryInterval="2m")])
    at(world, "1m")
    found = conditions(world, APPS)
    told_so = f"Fetching manifests for revision {revision(world)} with a timeout of 9m30s"
    assert found["Reconciling"] == ("True", "ProgressingWithRetry", told_so)
    kind, reason, message = found["Ready"]
    assert (kind, reason) == ("False", "ArtifactFailed")
    pattern = "kustomization path not found: stat /tmp/kustomization-[0-9]+/nope: no such file or directory"
    assert re.fullmatch(pattern, message)
    assert status(world, APPS, "lastAttemptedRevision") is None
    assert status(world, APPS, "lastAppliedRevision") is None
    assert status(world, APPS, "observedGeneration") == -1
    assert ends(world, APPS)[-1]["again"] == 120_000
    assert told(world, APPS)[-1] == ("Warning", "ArtifactFailed", message)


def test_behaviour_ks_dep_missing() -> None:
    world = world_of(FILES, apply=[kustomization(dependsOn=[{"name": "infra"}])])
    at(world, "1m")
    assert ready(world, APPS) == (
        "False",
        "DependencyNotReady",
        "dependency 'flux-system/infra' not found: kustomizations.kustomize.toolkit.fluxcd.io \"infra\" not found",
    )
    assert ends(world, APPS)[-1]["again"] == 30_000
    assert told(world, APPS)[-1] == WAITING


def test_behaviour_ks_dep_not_ready() -> None:
    infra = kustomization("infra", path="./nope")
    world = world_of(FILES, apply=[infra, kustomization(dependsOn=[{"name": "infra"}])])
    at(world, "1m")
    assert ready(world, APPS) == ("False", "DependencyNotReady", "dependency 'flux-system/infra' is not ready")
    assert ends(world, APPS)[-1]["again"] == 30_000
    assert told(world, APPS)[-1] == WAITING


def test_behaviour_ks_dep_readyexpr_replaces_builtin() -> None:
    infra = kustomization("infra", path="./nope")
    depends = [{"name": "infra", "readyExpr": "true"}]
    world = world_of(FILES, apply=[NAMESPACE.format("develop"), infra, kustomization(dependsOn=depends)])
    at(world, "2m")
    assert ready(world, "Kustomization/flux-system/infra") is not None
    assert ready(world, APPS) == ("True", "ReconciliationSucceeded", f"Applied revision: {revision(world)}")
    assert obj(world, "ConfigMap/develop/cfg") is not None


def test_behaviour_ks_dependency_becomes_ready() -> None:
    infra = kustomization("infra", path="./nope")
    world = world_of(FILES, apply=[NAMESPACE.format("develop"), infra, kustomization(dependsOn=[{"name": "infra"}])])
    at(world, "70s")
    [(left, _why)] = due(world, APPS)
    patch(world, "Kustomization/flux-system/infra", {"spec": {"path": "./infra"}})
    passing(world, "5s")
    ready_infra = ready(world, "Kustomization/flux-system/infra")
    assert ready_infra is not None
    assert ready_infra[0] == "True"
    assert left > 5_000, "the test asks for a wait that is longer"
    assert due(world, APPS)[0][0] == left - 5_000, "the dependency did not wake it"
    passing(world, "30s")
    assert ready(world, APPS) == ("True", "ReconciliationSucceeded", f"Applied revision: {revision(world)}")


def test_behaviour_ks_source_revision_change() -> None:
    last = kustomization("last", path="./apps", interval="1h", dependsOn=[{"name": "apps"}])
    world = world_of(FILES, apply=[NAMESPACE.format("develop"), last, kustomization(interval="1h")])
    at(world, "3m")
    new = commit(world, {"apps/cfg.yaml": config_map("cfg", a="2")})
    since = world.now_ms
    passing(world, "2m")
    names = ["apps", "last"]
    for name in names:
        assert status(world, f"Kustomization/flux-system/{name}", "lastAppliedRevision") == f"main@sha1:{new}"
    starts = [runs(world, f"Kustomization/flux-system/{name}", since=since)[0] for name in names]
    assert [start.data["trigger"] for start in starts] == [f"{SOURCE} has revision main@sha1:{new}"] * 2
    assert starts[0].seq < starts[1].seq, "what others depend on comes first"


def test_behaviour_ks_source_same_revision() -> None:
    world = world_of({**FILES, "b.txt": "b"}, apply=[NAMESPACE.format("develop"), kustomization(interval="1h")])
    at(world, "3m")
    digest = status(world, SOURCE, "artifact", "digest")
    since = world.now_ms
    patch(world, SOURCE, {"spec": {"ignore": "/b.txt\n"}})
    passing(world, "5m")
    assert status(world, SOURCE, "artifact", "digest") != digest
    assert status(world, SOURCE, "artifact", "revision") == revision(world)
    assert runs(world, APPS, since=since) == []


def test_behaviour_ks_source_change_already_attempted() -> None:
    world = world_of(FILES, apply=[NAMESPACE.format("develop"), kustomization(interval="1h")])
    at(world, "3m")
    since = world.now_ms
    world.do(actions.RestartController(controller="source-controller"))
    passing(world, "5m")
    stored = [step["Ready"][2] for step in steps(world, SOURCE, since=since)]
    assert "building artifact: disappeared from storage" in stored
    assert status(world, SOURCE, "artifact", "revision") == revision(world), (
        "there was none for a while, now it is back"
    )
    assert runs(world, APPS, since=since) == []


def test_behaviour_ks_configmap_change() -> None:
    variables = {"substituteFrom": [{"kind": "ConfigMap", "name": "vars"}]}
    files = {"apps/cfg.yaml": config_map("cfg", a="${word}")}
    world = world_of(
        files,
        apply=[
            NAMESPACE.format("develop"),
            config_map("vars", "flux-system", word="one"),
            kustomization(postBuild=variables),
        ],
    )
    at(world, "2m")
    assert obj(world, "ConfigMap/develop/cfg")["data"] == {"a": "one"}
    since = world.now_ms
    patch(world, "ConfigMap/flux-system/vars", {"data": {"word": "two"}})
    passing(world, "2m")
    assert runs(world, APPS, since=since) == [], "without the label it waits for the interval"
    passing(world, "9m")
    assert obj(world, "ConfigMap/develop/cfg")["data"] == {"a": "two"}
    patch(world, "ConfigMap/flux-system/vars", {"metadata": {"labels": {"reconcile.fluxcd.io/watch": "Enabled"}}})
    passing(world, "5s")
    patch(world, "ConfigMap/flux-system/vars", {"data": {"word": "three"}})
    passing(world, "5s")
    assert obj(world, "ConfigMap/develop/cfg")["data"] == {"a": "three"}


def test_behaviour_ks_requested_at() -> None:
    world = world_of(FILES, apply=[NAMESPACE.format("develop"), kustomization()])
    at(world, "2m")
    since = world.now_ms
    request(world, APPS, "T")
    passing(world, "5s")
    assert status(world, APPS, "lastHandledReconcileAt") == "T"
    assert len(runs(world, APPS, since=since)) == 1
    request(world, APPS, "T")
    passing(world, "5s")
    assert len(runs(world, APPS, since=since)) == 1, "the same value again asks for nothing"
    patch(world, APPS, {"spec": {"path": "./nope"}})
    passing(world, "5s")
    request(world, APPS, "T2")
    passing(world, "5s")
    assert ready(world, APPS) != ("True", "ReconciliationSucceeded", f"Applied revision: {revision(world)}")
    assert status(world, APPS, "lastHandledReconcileAt") == "T2", "also at the end of a run that failed"


def test_behaviour_ks_suspended() -> None:
    world = world_of(FILES, apply=[NAMESPACE.format("develop"), kustomization()])
    at(world, "2m")
    before = conditions(world, APPS)
    patch(world, APPS, {"spec": {"suspend": True}})
    since = world.now_ms
    request(world, APPS, "T")
    commit(world, {"apps/cfg.yaml": config_map("cfg", a="2")})
    passing(world, "30m")
    assert conditions(world, APPS) == before
    assert told(world, APPS, since=since) == []
    assert due(world, APPS) == []
    assert status(world, APPS, "lastHandledReconcileAt") == "T"
    assert status(world, APPS, "observedGeneration") == obj(world, APPS)["metadata"]["generation"]
    assert obj(world, "ConfigMap/develop/cfg")["data"] == {"a": "1"}


def test_behaviour_ks_progress_steps() -> None:
    world = world_of(FILES, apply=[NAMESPACE.format("develop"), kustomization(wait=True)])
    at(world, "1m")
    suffix = f"for revision {revision(world)} with a timeout of 9m30s"
    said = [step for step in steps(world, APPS) if step.get("Reconciling")]
    unknown = ("Unknown", "Progressing", "Reconciliation in progress")
    messages = list(dict.fromkeys(step["Reconciling"] for step in said))
    assert messages == [
        ("True", "Progressing", f"{doing} {suffix}")
        for doing in ("Fetching manifests", "Building manifests", "Detecting drift", "Running health checks")
    ]
    assert all(step["Ready"] == unknown for step in said)
    fourth = next(step for step in said if step["Reconciling"] == messages[3])
    assert fourth["Healthy"] == ("Unknown", "Progressing", f"Running health checks {suffix}")
    written = [
        event.data["object"]["status"]
        for event in world.log.events
        if event.kind == "api.modified" and event.data["key"] == APPS and event.data.get("subresource") == "status"
    ]
    second = next(one for one in written if "Building" in one["conditions"][0]["message"])
    first = next(one for one in written if "Fetching" in one["conditions"][0]["message"])
    assert "lastAttemptedRevision" not in first
    assert second["lastAttemptedRevision"] == revision(world)


def test_behaviour_ks_event_annotations() -> None:
    world = world_of(FILES, apply=[NAMESPACE.format("develop"), kustomization()])
    at(world, "2m")
    found = kubernetes_events(world, APPS)
    assert found
    for event in found:
        assert event["metadata"]["annotations"] == {"kustomize.toolkit.fluxcd.io/revision": revision(world)}
        assert event["source"]["component"] == "kustomize-controller"


def test_behaviour_ks_success() -> None:
    world = world_of(FILES, apply=[NAMESPACE.format("develop"), kustomization()])
    at(world, "2m")
    assert conditions(world, APPS) == {
        "Ready": ("True", "ReconciliationSucceeded", f"Applied revision: {revision(world)}")
    }
    assert status(world, APPS, "lastAppliedRevision") == revision(world)
    assert status(world, APPS, "lastAttemptedRevision") == revision(world)
    assert status(world, APPS, "observedGeneration") == obj(world, APPS)["metadata"]["generation"]
    assert 570_000 <= ends(world, APPS)[-1]["again"] <= 630_000
    kind, reason, message = told(world, APPS)[-1]
    assert (kind, reason) == ("Normal", "ReconciliationSucceeded")
    assert re.fullmatch(r"Reconciliation finished in [0-9.]+m?s, next run in 10m0s", message)


def test_behaviour_ks_no_changes() -> None:
    world = world_of(FILES, apply=[NAMESPACE.format("develop"), kustomization()])
    at(world, "2m")
    request(world, APPS, "now")
    since = world.now_ms
    passing(world, "10s")
    [(kind, reason, message)] = told(world, APPS, since=since)
    assert (kind, reason) == ("Normal", "ReconciliationSucceeded")
    assert re.fullmatch(r"Reconciliation finished in .*, next run in 10m0s", message)
    passing(world, "1h")
    finished = [event for event in kubernetes_events(world, APPS) if event["reason"] == "ReconciliationSucceeded"]
    assert sum(event["count"] for event in finished) >= 5, "every run tells that it ended, changed or not"
