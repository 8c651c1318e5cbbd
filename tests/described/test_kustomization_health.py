"""Kustomization: health checks."""

from __future__ import annotations

import re
from typing import Any

from fluxsim.controllers.flux.gates import Gates
from fluxsim.world.world import World
from tests.described.test_kustomization_apply import DEPLOYMENT
from tests.worlds import (
    NAMESPACE,
    Tree,
    at,
    commit,
    conditions,
    config_map,
    ends,
    head,
    kustomization,
    obj,
    passing,
    patch,
    ready,
    runs,
    status,
    told,
    world_of,
)

APPS = "Kustomization/flux-system/apps"
IMAGES = [("registry.test/web", "1.0.0")]
MISSING = [{"apiVersion": "v1", "kind": "ConfigMap", "name": "nope", "namespace": "develop"}]


def revision(world: World) -> str:
    return f"main@sha1:{head(world)}"


def world_with(files: dict[str, str], *, gates: Gates | None = None, **spec: Any) -> World:
    apply: list[Tree | str] = [NAMESPACE.format("develop"), kustomization(**spec)]
    return world_of(files, images=IMAGES, apply=apply, gates=gates or Gates())


def web(image: str = "registry.test/web:1.0.0", deadline: int = 600) -> str:
    text = DEPLOYMENT.format(name="web", replicas=1, label="web").replace("registry.test/web:1.0.0", image)
    return text.replace("spec:\n  replicas", f"spec:\n  progressDeadlineSeconds: {deadline}\n  replicas")


def test_behaviour_ks_health_wait_ok() -> None:
    world = world_with({"apps/web.yaml": web()}, wait=True)
    at(world, "2m")
    found = conditions(world, APPS)
    assert found["Ready"] == ("True", "ReconciliationSucceeded", f"Applied revision: {revision(world)}")
    assert found["Healthy"][:2] == ("True", "Succeeded")
    assert re.fullmatch("Health check passed in .*", found["Healthy"][2])
    created, healthy, finished = told(world, APPS)
    assert created == ("Normal", "Progressing", "Deployment/develop/web created")
    assert healthy == ("Normal", "Progressing", found["Healthy"][2])
    assert finished[:2] == ("Normal", "ReconciliationSucceeded")
    assert re.fullmatch("Reconciliation finished in .*", finished[2])
    since = world.now_ms
    commit(world, {"elsewhere.txt": "x"})
    passing(world, "3m")
    assert status(world, APPS, "lastAppliedRevision") == revision(world)
    assert [event[1] for event in told(world, APPS, since=since)] == ["ReconciliationSucceeded"], "nothing drifted"


def test_behaviour_ks_health_fails() -> None:
    world = world_with({"apps/cfg.yaml": config_map("cfg", a="1")}, retryInterval="2m")
    at(world, "1m")
    applied, generation = status(world, APPS, "lastAppliedRevision"), status(world, APPS, "observedGeneration")
    commit(world, {"apps/cfg.yaml": config_map("cfg", a="2"), "apps/other.yaml": config_map("other")})
    patch(world, APPS, {"spec": {"timeout": "1m", "healthChecks": MISSING}})
    passing(world, "2m30s")
    found = conditions(world, APPS)
    message = "timeout waiting for: [ConfigMap/develop/nope status: 'NotFound']"
    assert found["Healthy"] == ("False", "HealthCheckFailed", message)
    assert found["Ready"][:2] == ("False", "HealthCheckFailed")
    assert re.fullmatch(r"health check failed after 1m.*: " + re.escape(message), found["Ready"][2])
    told_so = f"Running health checks for revision {revision(world)} with a timeout of 1m0s"
    assert found["Reconciling"] == ("True", "ProgressingWithRetry", told_so)
    assert status(world, APPS, "lastAppliedRevision") == applied
    assert status(world, APPS, "lastAttemptedRevision") == revision(world)
    ids = [entry["id"] for entry in status(world, APPS, "inventory", "entries")]
    assert ids == ["develop_cfg__ConfigMap", "develop_other__ConfigMap"], "already the new one"
    assert status(world, APPS, "observedGeneration") == generation == obj(world, APPS)["metadata"]["generation"] - 1
    assert status(world, APPS, "history")[0]["lastReconciledStatus"] == "HealthCheckFailed"
    assert ends(world, APPS)[-1]["again"] == 120_000
    assert told(world, APPS)[-1] == ("Warning", "HealthCheckFailed", found["Ready"][2])


def test_behaviour_ks_health_failed_early() -> None:
    world = world_with({"apps/web.yaml": web("registry.test/web:gone", deadline=30)}, wait=True, timeout="5m")
    at(world, "2m")
    found = ready(world, APPS)
    assert found is not None
    assert found[:2] == ("False", "HealthCheckFailed")
    pattern = r"health check failed after (.*): failed early due to stalled resources: \[Deployment/develop/web status: 'Failed'\]"
    assert re.fullmatch(pattern, found[2])


def test_behaviour_ks_health_skipped_objects() -> None:
    ignored = web("registry.test/web:gone").replace(
        "metadata:\n  name: web\n", "metadata:\n  name: web\n  annotations: {kustomize.toolkit.fluxcd.io/ssa: Ignore}\n"
    )
    files = {"apps/web.yaml": ignored, "apps/cfg.yaml": config_map("cfg")}
    world = world_with(files, wait=True, timeout="1m")
    at(world, "30s")
    found = ready(world, APPS)
    assert found is not None
    assert found[0] == "True"
    assert obj(world, "Deployment/develop/web") is None


def test_behaviour_ks_healthy_condition_removed() -> None:
    world = world_with({"apps/cfg.yaml": config_map("cfg")}, wait=True)
    at(world, "1m")
    assert "Healthy" in conditions(world, APPS)
    patch(world, APPS, {"spec": {"wait": None}})
    passing(world, "10s")
    assert set(conditions(world, APPS)) == {"Ready"}


def test_behaviour_ks_health_cancelled() -> None:
    gates = Gates(cancel_health_check_on_new_revision=True)
    files = {"apps/web.yaml": web("registry.test/web:gone")}
    world = world_with(files, gates=gates, wait=True, timeout="9m")
    at(world, "1m")
    commit(world, {"apps/web.yaml": web()})
    since = world.now_ms
    passing(world, "3m")
    by = "GitRepository/flux-system/flux-system"
    said = [
        entry
        for event in world.log.events
        if event.kind == "api.modified" and event.data["key"] == APPS and event.at_ms >= since
        for entry in event.data["object"].get("status", {}).get("conditions", ())
        if entry["type"] == "Ready" and entry["reason"] == "HealthCheckCanceled"
    ]
    assert said[0]["status"] == "False"
    assert said[0]["message"] == f"New reconciliation triggered by {by}"
    told_so = f"Health checks canceled due to new reconciliation triggered by {by}"
    assert told(world, APPS, since=since)[0] == ("Normal", "HealthCheckCanceled", told_so)
    first, *_ = runs(world, APPS, since=since)
    cancelled = next(event for event in world.log.events if event.data.get("reason") == "HealthCheckCanceled")
    assert first.at_ms - cancelled.at_ms <= 10, "it runs again at once"
    assert ready(world, APPS) == ("True", "ReconciliationSucceeded", f"Applied revision: {revision(world)}")


def test_without_the_gate_a_new_revision_waits_for_the_health_checks() -> None:
    world = world_with({"apps/web.yaml": web("registry.test/web:gone")}, wait=True, timeout="5m")
    at(world, "1m")
    commit(world, {"apps/web.yaml": web()})
    at(world, "4m")
    assert status(world, APPS, "lastAttemptedRevision") != revision(world)
    at(world, "7m")
    assert status(world, APPS, "lastAppliedRevision") == revision(world)
