"""Kustomization: what each field of its spec does to what is applied."""

from __future__ import annotations

from typing import Any

import pytest

from fluxsim.controllers.flux.gates import Gates
from fluxsim.kube.meta import Key
from fluxsim.world import actions
from fluxsim.world.world import World
from tests.worlds import (
    NAMESPACE,
    Tree,
    at,
    commit,
    conditions,
    config_map,
    ends,
    head,
    key_named,
    kustomization,
    obj,
    passing,
    patch,
    ready,
    request,
    runs,
    status,
    told,
    world_of,
)

APPS = "Kustomization/flux-system/apps"
DEPLOYMENT = """\
apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
  namespace: develop
spec:
  replicas: 0
  selector:
    matchLabels: {app: web}
  template:
    metadata:
      labels: {app: web}
    spec:
      containers:
        - name: app
          image: registry.test/web:1.0.0
"""


def applied(files: dict[str, str], *, gates: Gates | None = None, **spec: Any) -> World:
    """Return a world in which the Kustomization has run once."""
    apply: list[Tree | str] = [NAMESPACE.format("develop"), kustomization(**spec)]
    world = world_of(files, apply=apply, gates=gates or Gates())
    at(world, "1m")
    return world


def succeeded(world: World) -> None:
    assert ready(world, APPS) == ("True", "ReconciliationSucceeded", f"Applied revision: main@sha1:{head(world)}")


def failure(world: World) -> tuple[str, str]:
    found = ready(world, APPS)
    assert found is not None
    assert found[0] == "False"
    return found[1], found[2]


# -- what is built


def test_target_namespace_moves_everything() -> None:
    world = applied({"apps/cfg.yaml": config_map("cfg", "elsewhere")}, targetNamespace="develop")
    succeeded(world)
    assert obj(world, "ConfigMap/develop/cfg") is not None


def test_prefix_and_suffix() -> None:
    world = applied({"apps/cfg.yaml": config_map("cfg")}, namePrefix="a-", nameSuffix="-z")
    assert obj(world, "ConfigMap/develop/a-cfg-z") is not None


def test_images_and_patches_change_what_is_applied() -> None:
    change = "- op: replace\n  path: /spec/template/spec/containers/0/name\n  value: other\n"
    world = applied(
        {"apps/web.yaml": DEPLOYMENT},
        images=[{"name": "registry.test/web", "newTag": "2.0.0"}],
        patches=[{"patch": change, "target": {"kind": "Deployment"}}],
    )
    [container] = obj(world, "Deployment/develop/web")["spec"]["template"]["spec"]["containers"]
    assert (container["name"], container["image"]) == ("other", "registry.test/web:2.0.0")


def test_components_are_added() -> None:
    component = "apiVersion: kustomize.config.k8s.io/v1alpha1\nkind: Component\nresources: [extra.yaml]\n"
    files = {
        "apps/cfg.yaml": config_map("cfg"),
        "parts/kustomization.yaml": component,
        "parts/extra.yaml": config_map("extra"),
    }
    world = applied(files, components=["../parts"])
    assert obj(world, "ConfigMap/develop/extra") is not None


def test_a_component_that_is_missing_fails_unless_it_may() -> None:
    files = {"apps/cfg.yaml": config_map("cfg")}
    assert failure(applied(files, components=["../nope"]))[0] == "BuildFailed"
    succeeded(applied(files, components=["../nope"], ignoreMissingComponents=True))


def test_common_metadata_is_on_every_object() -> None:
    world = applied({"apps/cfg.yaml": config_map("cfg")}, commonMetadata={"labels": {"team": "a"}})
    assert obj(world, "ConfigMap/develop/cfg")["metadata"]["labels"]["team"] == "a"


def test_an_empty_directory_is_ready_and_prunes_everything() -> None:
    world = applied({"apps/cfg.yaml": config_map("cfg")})
    commit(world, {"apps/cfg.yaml": None, "apps/README": "nothing\n"})
    passing(world, "2m")
    succeeded(world)
    assert obj(world, "ConfigMap/develop/cfg") is None
    assert ("Normal", "Progressing", "ConfigMap/develop/cfg deleted") in told(world, APPS)


def test_variables_come_from_config_maps_and_inline_ones_win() -> None:
    world = world_of(
        {"apps/cfg.yaml": config_map("cfg", a="${one}", b="${two}")},
        apply=[
            NAMESPACE.format("develop"),
            config_map("vars", "flux-system", one="map", two="map"),
            kustomization(
                postBuild={
                    "substitute": {"two": "inline"},
                    "substituteFrom": [
                        {"kind": "ConfigMap", "name": "vars"},
                        {"kind": "Secret", "name": "nope", "optional": True},
                    ],
                }
            ),
        ],
    )
    at(world, "1m")
    assert obj(world, "ConfigMap/develop/cfg")["data"] == {"a": "map", "b": "inline"}


def test_a_source_of_variables_that_is_missing_fails_the_build() -> None:
    variables = {"substituteFrom": [{"kind": "ConfigMap", "name": "nope"}]}
    reason, message = failure(applied({"apps/cfg.yaml": config_map("cfg", a="${b}")}, postBuild=variables))
    assert reason == "BuildFailed"
    assert "substitute from 'ConfigMap/nope' error: configmaps \"nope\" not found" in message


def test_without_the_gate_an_unknown_variable_is_empty() -> None:
    gates = Gates(strict_post_build_substitutions=False)
    files = {"apps/cfg.yaml": config_map("cfg", a="x${env}y")}
    world = applied(files, gates=gates, postBuild={"substitute": {"other": "x"}})
    assert obj(world, "ConfigMap/develop/cfg")["data"] == {"a": "xy"}


def test_a_decryption_key_that_is_missing_fails_the_build() -> None:
    decryption = {"provider": "sops", "secretRef": {"name": "age"}}
    apps = kustomization(decryption=decryption)
    files = {"apps/cfg.yaml": config_map("cfg")}
    world = world_of(files, apply=[NAMESPACE.format("develop"), apps], assume_secrets=False)
    at(world, "1m")
    told_so = "cannot get sops decryption Secret 'flux-system/age': secrets \"age\" not found"
    assert failure(world) == ("BuildFailed", told_so)
    assert any("Secret/flux-system/age" in line for line in applied(files, decryption=decryption).assumptions)


def test_a_decryption_account_needs_a_gate() -> None:
    world = applied({"apps/cfg.yaml": config_map("cfg")}, decryption={"provider": "sops", "serviceAccountName": "x"})
    assert conditions(world, APPS)["Stalled"][1] == "FeatureGateDisabled"


# -- when it runs


def test_drift_is_undone_at_the_interval_and_not_before() -> None:
    world = applied({"apps/cfg.yaml": config_map("cfg", a="1")}, interval="5m")
    patch(world, "ConfigMap/develop/cfg", {"data": {"a": "2"}})
    passing(world, "3m")
    assert obj(world, "ConfigMap/develop/cfg")["data"] == {"a": "2"}
    since = world.now_ms
    passing(world, "3m")
    assert obj(world, "ConfigMap/develop/cfg")["data"] == {"a": "1"}
    [run] = runs(world, APPS, since=since)
    assert run.data["trigger"] == "interval"
    assert told(world, APPS, since=since)[0] == ("Normal", "Progressing", "ConfigMap/develop/cfg configured")


def test_a_failed_run_is_tried_again_after_the_retry_interval_without_backoff() -> None:
    world = applied({"apps/cfg.yaml": config_map("cfg")}, path="./nope", retryInterval="1m")
    at(world, "10m")
    assert {end["again"] for end in ends(world, APPS) if end.get("again", 0) > 30_000} == {60_000}
    assert len([end for end in ends(world, APPS) if end.get("again") == 60_000]) >= 9


def test_a_deleted_object_comes_back_at_the_next_run() -> None:
    world = applied({"apps/cfg.yaml": config_map("cfg")})
    world.do(actions.Delete(kind="ConfigMap", name="cfg", namespace="develop"))
    request(world, APPS, "now")
    passing(world, "5s")
    assert obj(world, "ConfigMap/develop/cfg") is not None
    assert ("Normal", "Progressing", "ConfigMap/develop/cfg created") in told(world, APPS)


def test_an_external_artifact_is_refused_for_good() -> None:
    world = applied({"apps/cfg.yaml": config_map("cfg")}, sourceRef={"kind": "ExternalArtifact", "name": "x"})
    message = "can't access 'ExternalArtifact/flux-system/x', ExternalArtifact feature gate is disabled"
    assert conditions(world, APPS) == {
        "Stalled": ("True", "AccessDenied", message),
        "Ready": ("False", "AccessDenied", message),
    }
    assert told(world, APPS) == [("Warning", "AccessDenied", message)]
    assert status(world, APPS, "observedGeneration") == -1


def test_two_that_wait_for_each_other_wait_for_ever() -> None:
    apps, other = kustomization(dependsOn=[{"name": "other"}]), kustomization("other", dependsOn=[{"name": "apps"}])
    world = world_of({"apps/cfg.yaml": config_map("cfg"), "other/cfg.yaml": config_map("b")}, apply=[apps, other])
    at(world, "1h")
    assert failure(world)[0] == "DependencyNotReady"
    assert obj(world, "ConfigMap/develop/cfg") is None


@pytest.mark.parametrize(("additive", "proceeds"), [(False, True), (True, False)])
def test_an_additive_expression_asks_for_readiness_too(additive: bool, proceeds: bool) -> None:
    depends = [{"name": "infra", "readyExpr": "dep.metadata.name == 'infra'"}]
    apply: list[Tree | str] = [
        NAMESPACE.format("develop"),
        kustomization("infra", path="./nope"),
        kustomization(dependsOn=depends),
    ]
    gates = Gates(additive_cel_dependency_check=additive)
    world = world_of({"apps/cfg.yaml": config_map("cfg")}, apply=apply, gates=gates)
    at(world, "2m")
    assert (obj(world, "ConfigMap/develop/cfg") is not None) == proceeds


# -- history


def test_history_counts_equal_builds_and_puts_new_ones_in_front() -> None:
    world = applied({"apps/cfg.yaml": config_map("cfg", a="1")})
    request(world, APPS, "now")
    passing(world, "5s")
    [first] = status(world, APPS, "history")
    assert (first["totalReconciliations"], first["lastReconciledStatus"]) == (2, "ReconciliationSucceeded")
    assert first["metadata"] == {"revision": f"main@sha1:{head(world)}"}
    commit(world, {"apps/cfg.yaml": config_map("cfg", a="2")})
    passing(world, "2m")
    second, former = status(world, APPS, "history")
    assert former["digest"] == first["digest"]
    assert second["digest"] != first["digest"]
    assert second["totalReconciliations"] == 1


def test_an_idle_run_is_counted_in_the_history() -> None:
    world = applied({"apps/cfg.yaml": config_map("cfg")}, interval="1m")
    at(world, "10m30s")
    [entry] = status(world, APPS, "history")
    assert 9 <= entry["totalReconciliations"] <= 11


# -- deleting


def test_a_deleted_one_tells_what_it_deleted_under_the_reason_of_ready() -> None:
    world = applied({"apps/cfg.yaml": config_map("cfg")})
    world.do(actions.Delete(kind="Kustomization", name="apps", namespace="flux-system"))
    passing(world, "5s")
    assert told(world, APPS)[-1] == ("Normal", "ReconciliationSucceeded", "ConfigMap/develop/cfg deleted")
    assert world.store.get(Key(key_named(APPS).kind, "flux-system", "apps")) is None


def test_one_without_an_inventory_just_goes() -> None:
    world = applied({"apps/cfg.yaml": config_map("cfg")}, path="./nope", deletionPolicy="Delete")
    world.do(actions.Delete(kind="Kustomization", name="apps", namespace="flux-system"))
    passing(world, "5s")
    assert obj(world, APPS) is None


def test_a_suspended_one_that_is_resumed_runs_at_once() -> None:
    world = applied({"apps/cfg.yaml": config_map("cfg", a="1")})
    world.do(actions.Suspend(kind="Kustomization", name="apps"))
    commit(world, {"apps/cfg.yaml": config_map("cfg", a="2")})
    passing(world, "10m")
    world.do(actions.Resume(kind="Kustomization", name="apps"))
    passing(world, "5s")
    assert obj(world, "ConfigMap/develop/cfg")["data"] == {"a": "2"}
