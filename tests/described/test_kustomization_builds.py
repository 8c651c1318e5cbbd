"""Kustomization: what goes wrong before anything is applied, and post-build variables."""

from __future__ import annotations

import re

import pytest

from fluxsim.formats import fluxbuild
from fluxsim.world.world import World
from tests.worlds import (
    NAMESPACE,
    at,
    commit,
    conditions,
    config_map,
    ends,
    head,
    kustomization,
    obj,
    passing,
    ready,
    status,
    told,
    world_of,
)

APPS = "Kustomization/flux-system/apps"


def revision(world: World) -> str:
    return f"main@sha1:{head(world)}"


@pytest.mark.parametrize(
    ("files", "pattern"),
    [
        ({"apps/bad.yaml": "a: [\n"}, "failed to decode Kubernetes YAML from .*"),
        (
            {"apps/kustomization.yaml": "resources: [nope.yaml]\n", "apps/cfg.yaml": None},
            "kustomize build failed: accumulating resources: .*",
        ),
    ],
)
def test_behaviour_ks_build_failed(files: dict[str, str | None], pattern: str) -> None:
    spec = {"retryInterval": "2m"}
    world = world_of(
        {"apps/cfg.yaml": config_map("cfg", a="1")}, apply=[NAMESPACE.format("develop"), kustomization(**spec)]
    )
    at(world, "2m")
    applied, inventory = status(world, APPS, "lastAppliedRevision"), status(world, APPS, "inventory")
    history, generation = status(world, APPS, "history"), status(world, APPS, "observedGeneration")
    commit(world, files)
    since = world.now_ms
    passing(world, "2m")
    found = conditions(world, APPS)
    told_so = f"Building manifests for revision {revision(world)} with a timeout of 9m30s"
    assert found["Reconciling"] == ("True", "ProgressingWithRetry", told_so)
    kind, reason, message = found["Ready"]
    assert (kind, reason) == ("False", "BuildFailed")
    assert re.fullmatch(pattern, message, re.DOTALL)
    assert status(world, APPS, "lastAttemptedRevision") == revision(world)
    assert status(world, APPS, "lastAppliedRevision") == applied
    assert status(world, APPS, "inventory") == inventory
    assert status(world, APPS, "observedGeneration") == generation
    assert status(world, APPS, "history") == history
    assert ends(world, APPS)[-1]["again"] == 120_000
    assert told(world, APPS, since=since)[0][:2] == ("Warning", "BuildFailed")


def test_behaviour_ks_varsub_failed() -> None:
    files = {"apps/cfg.yaml": config_map("cfg", "", a="1")}
    bad = kustomization(postBuild={"substitute": {"a-b": "x"}}, targetNamespace="develop", retryInterval="2m")
    world = world_of({**files, "apps/kustomization.yaml": "resources: [cfg.yaml]\n"}, apply=[bad])
    at(world, "1m")
    told_so = "post build failed for 'ConfigMap.v1.[noGrp]/cfg': envsubst error: 'a-b' var name is invalid, must match "
    assert ready(world, APPS) == ("False", "BuildFailed", told_so + "'^[_[:alpha:]][_[:alpha:][:digit:]]*$'")
    assert ends(world, APPS)[-1]["again"] == 120_000


def test_behaviour_ks_undefined_variable_default() -> None:
    files = {"apps/cfg.yaml": config_map("cfg", env="${env:=dev}")}
    world = world_of(
        files, apply=[NAMESPACE.format("develop"), kustomization(postBuild={"substitute": {"other": "x"}})]
    )
    at(world, "1m")
    assert obj(world, "ConfigMap/develop/cfg")["data"] == {"env": "dev"}


def test_behaviour_ks_undefined_variable_nothing_declared() -> None:
    files = {"apps/cfg.yaml": config_map("cfg", env="${env}")}
    world = world_of(files, apply=[NAMESPACE.format("develop"), kustomization(postBuild={})])
    at(world, "1m")
    assert obj(world, "ConfigMap/develop/cfg")["data"] == {"env": "${env}"}


def test_behaviour_flux_build_is_lenient() -> None:
    manifest = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: cfg\n  namespace: develop\ndata:\n  env: ${env}\n"
    apps = kustomization(postBuild={"substitute": {"other": "x"}})
    world = world_of({"apps/cfg.yaml": manifest}, apply=[NAMESPACE.format("develop"), apps])
    at(world, "1m")
    found = ready(world, APPS)
    assert found is not None
    assert found[:2] == ("False", "BuildFailed")
    assert found[2].endswith('variable not set (strict mode): "env"')
    built = fluxbuild.build(
        world.gitops.files(head(world)), obj(world, APPS), lambda *_: None, strict=False, location="/tmp/x"
    )
    assert built.objects[0]["data"] == {"env": None}, "the client renders an empty value"


def test_behaviour_ks_sops_no_decryption() -> None:
    secret = """\
        apiVersion: v1
        kind: Secret
        metadata:
          name: s
          namespace: develop
        stringData:
          token: ENC[AES256_GCM,data:Zmx1,iv:aaaa,tag:bbbb,type:str]
        sops:
          mac: ENC[AES256_GCM,data:Zmx1,iv:aaaa,tag:bbbb,type:str]
    """
    world = world_of({"apps/s.yaml": secret}, apply=[NAMESPACE.format("develop"), kustomization()])
    at(world, "1m")
    assert ready(world, APPS) == (
        "False",
        "ReconciliationFailed",
        "Secret/develop/s is SOPS encrypted, configuring decryption is required for this secret to be reconciled",
    )
    assert obj(world, "Secret/develop/s") is None


def test_behaviour_ks_invalid_healthexpr() -> None:
    expressions = [{"apiVersion": "v1", "kind": "ConfigMap", "inProgress": "foo.", "current": "true"}]
    files = {"apps/cfg.yaml": config_map("cfg", a="1")}
    world = world_of(files, apply=[kustomization(wait=True, healthCheckExprs=expressions)])
    at(world, "1m")
    found = conditions(world, APPS)
    pattern = (
        r"Reconciliation failed terminally due to configuration error: failed to create custom status evaluator for "
        r"healthchecks\[0\]: failed to parse the expression InProgress: .*"
    )
    assert found["Stalled"][:2] == ("True", "InvalidCELExpression")
    assert re.fullmatch(pattern, found["Stalled"][2], re.DOTALL)
    assert found["Ready"] == ("False", "InvalidCELExpression", found["Stalled"][2])
    assert status(world, APPS, "observedGeneration") == obj(world, APPS)["metadata"]["generation"]
    assert "again" not in ends(world, APPS)[-1]
