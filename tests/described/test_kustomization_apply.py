"""Kustomization: applying, pruning, deleting."""

from __future__ import annotations

import re
from typing import Any

import pytest
import yaml

from fluxsim.kube.meta import POD
from fluxsim.world import actions
from fluxsim.world.world import World
from tests.worlds import (
    NAMESPACE,
    at,
    commit,
    conditions,
    config_map,
    head,
    kustomization,
    obj,
    passing,
    patch,
    ready,
    request,
    status,
    told,
    world_of,
)

APPS = "Kustomization/flux-system/apps"
DEPLOYMENT = """\
apiVersion: apps/v1
kind: Deployment
metadata:
  name: {name}
  namespace: develop
spec:
  replicas: {replicas}
  selector:
    matchLabels: {{app: {name}}}
  template:
    metadata:
      labels: {{app: {label}}}
    spec:
      containers:
        - name: app
          image: registry.test/{name}:1.0.0
"""
IMAGES = [("registry.test/web", "1.0.0"), ("registry.test/old", "1.0.0")]


def deployment(name: str, *, replicas: int = 1, label: str = "") -> str:
    return DEPLOYMENT.format(name=name, replicas=replicas, label=label or name)


def world_with(files: dict[str, str], **spec: Any) -> World:
    world = world_of(files, images=IMAGES, apply=[NAMESPACE.format("develop"), kustomization(**spec)])
    at(world, "2m")
    return world


def test_behaviour_ks_dry_run_failed() -> None:
    files = {"apps/web.yaml": deployment("web", label="other"), "apps/cfg.yaml": config_map("cfg", a="1")}
    world = world_with(files, retryInterval="2m")
    found = conditions(world, APPS)
    revision = f"main@sha1:{head(world)}"
    told_so = f"Detecting drift for revision {revision} with a timeout of 9m30s"
    assert found["Reconciling"] == ("True", "ProgressingWithRetry", told_so)
    kind, reason, message = found["Ready"]
    assert (kind, reason) == ("False", "ReconciliationFailed")
    pattern = r'Deployment/develop/web dry-run failed \(Invalid\): Deployment.apps "web" is invalid: .*\n'
    assert re.fullmatch(pattern, message)
    assert status(world, APPS, "lastAttemptedRevision") == revision
    assert [entry["lastReconciledStatus"] for entry in status(world, APPS, "history")] == ["ReconciliationFailed"]
    assert told(world, APPS)[-1] == ("Warning", "ReconciliationFailed", message)
    assert obj(world, "ConfigMap/develop/cfg") is None, "nothing of the failing stage is applied"


def test_behaviour_ks_namespace_not_specified() -> None:
    world = world_with({"apps/cfg.yaml": config_map("cfg", "", a="1")})
    assert ready(world, APPS) == (
        "False",
        "ReconciliationFailed",
        "ConfigMap/cfg namespace not specified: the server could not find the requested resource\n",
    )


def relabelled(name: str, app: str) -> str:
    """Return a Deployment with another selector, which cannot be changed."""
    return deployment(name).replace(f"app: {name}", f"app: {app}")


def test_behaviour_ks_immutable_no_force() -> None:
    world = world_with({"apps/web.yaml": deployment("web")})
    before = obj(world, "Deployment/develop/web")["spec"]
    commit(world, {"apps/web.yaml": relabelled("web", "other")})
    since = world.now_ms
    passing(world, "2m")
    found = ready(world, APPS)
    assert found is not None
    assert found[:2] == ("False", "ReconciliationFailed")
    assert re.fullmatch(r".*dry-run failed \(Invalid\).*field is immutable.*\n", found[2])
    assert told(world, APPS, since=since)[0] == ("Warning", "ReconciliationFailed", found[2])
    assert obj(world, "Deployment/develop/web")["spec"] == before


@pytest.mark.parametrize("by", ["spec", "annotation"])
def test_behaviour_ks_immutable_force(by: str) -> None:
    annotation = "  annotations: {kustomize.toolkit.fluxcd.io/force: enabled}\n  namespace: develop"
    world = world_with({"apps/web.yaml": deployment("web")}, force=by == "spec")
    before = obj(world, "Deployment/develop/web")["metadata"]["uid"]
    changed = relabelled("web", "other")
    forced = changed if by == "spec" else changed.replace("  namespace: develop", annotation)
    commit(world, {"apps/web.yaml": forced})
    since = world.now_ms
    passing(world, "2m")
    found = ready(world, APPS)
    assert found is not None
    assert found[0] == "True"
    assert ("Normal", "Progressing", "Deployment/develop/web created") in told(world, APPS, since=since)
    assert obj(world, "Deployment/develop/web")["metadata"]["uid"] != before


def test_behaviour_ks_prune() -> None:
    files = {"apps/web.yaml": deployment("web"), "apps/old.yaml": deployment("old")}
    world = world_with(files, wait=True)
    assert obj(world, "Deployment/develop/old") is not None
    commit(world, {"apps/old.yaml": None})
    since = world.now_ms
    passing(world, "2m")
    assert obj(world, "Deployment/develop/old") is None
    events = told(world, APPS, since=since)
    assert ("Normal", "Progressing", "Deployment/develop/old deleted") in events
    assert obj(world, "Deployment/develop/web") is not None
    gone = next(event.seq for event in world.log.events if event.kind == "api.deleted" and event.data["name"] == "old")
    checked = next(
        event.seq
        for event in world.log.events
        if event.at_ms >= since
        and event.kind == "api.modified"
        and event.data["key"] == APPS
        and "Running health checks" in str(event.data["object"]["status"]["conditions"][0]["message"])
    )
    assert gone < checked, "pruning comes before health checks"
    passing(world, "1m")
    pods = [key for key in world.store.keys(POD) if key.name.startswith("old-")]
    assert pods == [], "in the background: the garbage collector takes what the Deployment owned"


def test_behaviour_ks_prune_false() -> None:
    world = world_with({"apps/web.yaml": config_map("web"), "apps/old.yaml": config_map("old")}, prune=False)
    commit(world, {"apps/old.yaml": None})
    passing(world, "2m")
    assert obj(world, "ConfigMap/develop/old") is not None
    assert [entry["id"] for entry in status(world, APPS, "inventory", "entries")] == ["develop_web__ConfigMap"]
    patch(world, APPS, {"spec": {"prune": True}})
    passing(world, "2m")
    assert obj(world, "ConfigMap/develop/old") is not None, "it is never pruned later"


def test_behaviour_ks_prune_labels_changed() -> None:
    world = world_with({"apps/web.yaml": config_map("web"), "apps/old.yaml": deployment("old", replicas=0)})
    labels = {"kustomize.toolkit.fluxcd.io/name": "other"}
    world.do(actions.Suspend(kind="Kustomization", name="apps"))
    patch(world, "Deployment/develop/old", {"metadata": {"labels": labels}})
    commit(world, {"apps/old.yaml": None})
    passing(world, "2m")
    since = world.now_ms
    world.do(actions.Resume(kind="Kustomization", name="apps"))
    passing(world, "1m")
    assert obj(world, "Deployment/develop/old") is not None
    assert ("Normal", "Progressing", "Deployment/develop/old skipped") in told(world, APPS, since=since)


@pytest.mark.parametrize(("policy", "prune", "deleted"), [("Orphan", True, False), ("Delete", True, True)])
def test_deletion_policies_hold_for_a_suspended_one_too(policy: str, prune: bool, deleted: bool) -> None:
    world = world_with({"apps/web.yaml": config_map("web")}, deletionPolicy=policy, prune=prune)
    patch(world, APPS, {"spec": {"suspend": True}})
    world.do(actions.Delete(kind="Kustomization", name="apps", namespace="flux-system"))
    passing(world, "1m")
    assert obj(world, APPS) is None
    assert obj(world, "ConfigMap/develop/web") is not None, f"suspended: kept, whatever the policy ({deleted=})"


def gone_after_deletion(policy: str | None, *, prune: bool) -> World:
    spec: dict[str, Any] = {"prune": prune} | ({"deletionPolicy": policy} if policy else {})
    world = world_with({"apps/web.yaml": deployment("web")}, **spec)
    world.do(actions.Delete(kind="Kustomization", name="apps", namespace="flux-system"))
    return world


def test_behaviour_ks_delete_policy_delete_prune_false() -> None:
    world = gone_after_deletion("Delete", prune=False)
    passing(world, "10s")
    assert obj(world, APPS) is None
    assert obj(world, "Deployment/develop/web") is None


def test_behaviour_ks_delete_policy_delete_prune_true() -> None:
    world = gone_after_deletion("Delete", prune=True)
    passing(world, "10s")
    assert obj(world, APPS) is None
    assert obj(world, "Deployment/develop/web") is None


def test_behaviour_ks_delete_policy_orphan_prune_true() -> None:
    world = gone_after_deletion("Orphan", prune=True)
    passing(world, "10s")
    assert obj(world, APPS) is None
    assert obj(world, "Deployment/develop/web") is not None


def test_behaviour_ks_delete_policy_default_prune_false() -> None:
    world = gone_after_deletion(None, prune=False)
    passing(world, "10s")
    assert obj(world, APPS) is None
    assert obj(world, "Deployment/develop/web") is not None


def test_behaviour_ks_delete_policy_waitfortermination_prune_false() -> None:
    held = config_map("held").replace("metadata:\n", "metadata:\n  finalizers: [example.com/hold]\n")
    spec = {"deletionPolicy": "WaitForTermination", "prune": False, "timeout": "1m"}
    world = world_with({"apps/held.yaml": held}, **spec)
    world.do(actions.Delete(kind="Kustomization", name="apps", namespace="flux-system"))
    passing(world, "30s")
    assert obj(world, "ConfigMap/develop/held")["metadata"]["deletionTimestamp"]
    assert obj(world, APPS) is not None, "it waits until they are gone"
    patch(world, "ConfigMap/develop/held", {"metadata": {"finalizers": None}})
    passing(world, "3s")
    assert obj(world, "ConfigMap/develop/held") is None
    assert obj(world, APPS) is None


def test_waiting_for_termination_ends_with_the_timeout() -> None:
    held = config_map("held").replace("metadata:\n", "metadata:\n  finalizers: [example.com/hold]\n")
    world = world_with({"apps/held.yaml": held}, deletionPolicy="WaitForTermination", timeout="1m")
    world.do(actions.Delete(kind="Kustomization", name="apps", namespace="flux-system"))
    passing(world, "2m")
    assert obj(world, APPS) is None
    assert obj(world, "ConfigMap/develop/held") is not None
    assert told(world, APPS)[-1] == (
        "Warning",
        "ReconciliationSucceeded",
        "failed to wait for resources termination",
    )


def test_behaviour_ks_self_in_inventory() -> None:
    own = kustomization("self", path="./self", wait=True, timeout="1m")
    world = world_of({"self/self.yaml": yaml.safe_dump(own)}, apply=[own])
    at(world, "1m")
    found = ready(world, "Kustomization/flux-system/self")
    assert found is not None
    assert found[0] == "True", "it does not wait for itself"
    request(world, "Kustomization/flux-system/self", "now")
    passing(world, "20s")
    assert ready(world, "Kustomization/flux-system/self") == found
