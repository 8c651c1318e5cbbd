"""ImageRepository and ImagePolicy: scans, logins, elections."""

from __future__ import annotations

import base64
from typing import Any

from fluxsim.formats.tree import freeze
from fluxsim.kube.meta import Key
from fluxsim.world.world import World
from tests.described.automation import IMAGE, POLICY, REPOSITORY, elects, repository, world_with
from tests.worlds import (
    Tree,
    at,
    conditions,
    create,
    key_named,
    obj,
    passing,
    ready,
    request,
    runs,
    status,
    steps,
    world_of,
)

NOT_THERE = "failed to configure authentication options: "


# -- elections


def test_x_previous_ref_sticky() -> None:
    world = world_with(range_="1.0.0", tags=("1.0.0", "1.1.0"))
    seen = [(status(world, POLICY, "observedPreviousRef"), ready(world, POLICY))]
    for range_ in ("1.1.0", ">=1.1.0"):
        elects(world, range_)
        passing(world, "10s")
        seen.append((status(world, POLICY, "observedPreviousRef"), ready(world, POLICY)))
    assert [None if before is None else before["tag"] for before, _ in seen] == [None, "1.0.0", "1.0.0"]
    latest = f"Latest image tag for {IMAGE} resolved to "
    assert [found and found[2] for _, found in seen] == [
        f"{latest}1.0.0",
        f"{latest}1.1.0 (previously {IMAGE}:1.0.0)",
        f"{latest}1.1.0 (previously {IMAGE}:1.0.0)",
    ]


# -- scans


def test_reconcile_x_new_object_first_adds_finalizer() -> None:
    world = world_of({}, images=[(IMAGE, "1.0.0")])
    create(world, repository())
    passing(world, "10ms")
    assert obj(world, REPOSITORY)["metadata"]["finalizers"] == ["finalizers.fluxcd.io"]
    assert steps(world, REPOSITORY) == [], "no scan yet"
    [(left, why)] = [
        (wakeup.at_ms - world.now_ms, wakeup.why) for wakeup in world.upcoming() if str(wakeup.key) == REPOSITORY
    ]
    assert (700 < left <= 750, why) == (True, "retry")
    passing(world, "3s")
    said = [step["Reconciling"][2] for step in steps(world, REPOSITORY) if "Reconciling" in step]
    assert said[-1] == "scanning: first scan"
    found = ready(world, REPOSITORY)
    assert found is not None
    assert found[:2] == ("True", "Succeeded")


def test_reconcile_x_timer_restarts_after_out_of_band_run() -> None:
    world = world_of({}, images=[(IMAGE, "1.0.0")], apply=[repository("5m")], lean=False)
    at(world, "100s")
    first = status(world, REPOSITORY, "lastScanResult", "scanTime")
    request(world, REPOSITORY, "now")
    at(world, "110s")
    second = status(world, REPOSITORY, "lastScanResult", "scanTime")
    assert second > first
    at(world, "399s")
    assert status(world, REPOSITORY, "lastScanResult", "scanTime") == second, "the old timer is gone"
    at(world, "402s")
    assert status(world, REPOSITORY, "lastScanResult", "scanTime") > second
    assert len(runs(world, REPOSITORY)) >= 3


# -- logins


def scanned(*objects: Tree, **spec: Any) -> World:
    """Return a world in which nothing outside Git is assumed, after the first scan of a repository."""
    world = world_of({}, images=[(IMAGE, "1.0.0")], apply=[*objects, repository(**spec)], assume_secrets=False)
    passing(world, "5s")
    return world


def assert_scanned(world: World) -> None:
    found = ready(world, REPOSITORY)
    assert found is not None
    assert found[:2] == ("True", "Succeeded")


def assert_refused(world: World, why: str) -> None:
    assert ready(world, REPOSITORY) == ("False", "AuthenticationFailed", NOT_THERE + why)
    assert conditions(world, REPOSITORY)["Reconciling"][1] == "ProgressingWithRetry"


def secret(name: str, kind: str = "Opaque", **data: str) -> Tree:
    encoded = {key.replace("__", "."): base64.b64encode(value.encode()).decode() for key, value in data.items()}
    metadata = {"name": name, "namespace": "flux-system"}
    return {"apiVersion": "v1", "kind": "Secret", "type": kind, "metadata": metadata, "data": encoded}


def account(*pull_secrets: str) -> Tree:
    metadata = {"name": "puller", "namespace": "flux-system"}
    references = {"imagePullSecrets": [{"name": name} for name in pull_secrets]} if pull_secrets else {}
    return {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": metadata} | references


PULL = secret("pull", "kubernetes.io/dockerconfigjson", __dockerconfigjson='{"auths": {}}')
TLS = secret("tls", "kubernetes.io/tls", ca__crt="ca", tls__crt="certificate", tls__key="key")
PROXY = secret("proxy", address="http://proxy.test")


def test_auth_no_auth_options() -> None:
    assert_scanned(scanned())


def test_auth_secret_ref_with_existing_secret() -> None:
    assert_scanned(scanned(PULL, secretRef={"name": "pull"}))


def test_auth_secret_ref_with_non_existing_secret() -> None:
    assert_refused(scanned(secretRef={"name": "nope"}), 'secrets "nope" not found')


def test_auth_cloud_provider_repo_without_login() -> None:
    image = "123456789000.dkr.ecr.us-east-2.amazonaws.com/test"
    world = world_of({}, images=[(image, "1.0.0")], apply=[repository(image=image)], assume_secrets=False)
    passing(world, "5s")
    assert_scanned(world)


def test_auth_cert_secret_ref_with_existing_secret() -> None:
    assert_scanned(scanned(TLS, certSecretRef={"name": "tls"}))


def test_auth_cert_secret_ref_with_existing_secret_using_deprecated_keys() -> None:
    old = secret("tls", "kubernetes.io/tls", caFile="ca", certFile="certificate", keyFile="key")
    assert_scanned(scanned(old, certSecretRef={"name": "tls"}))


def test_auth_proxy_secret_ref_with_non_existing_secret() -> None:
    assert_refused(scanned(proxySecretRef={"name": "nope"}), "secret 'flux-system/nope' not found")


def test_auth_secret_cert_secret_and_proxy_secret_refs() -> None:
    references = {"secretRef": {"name": "pull"}, "certSecretRef": {"name": "tls"}, "proxySecretRef": {"name": "proxy"}}
    assert_scanned(scanned(PULL, TLS, PROXY, **references))


def test_auth_cert_secret_ref_of_type_docker_config() -> None:
    docker = secret("tls", "kubernetes.io/dockerconfigjson", ca__crt="ca", tls__crt="certificate", tls__key="key")
    assert_scanned(scanned(docker, certSecretRef={"name": "tls"}))


def test_auth_service_account_without_pull_secret() -> None:
    assert_scanned(scanned(account(), serviceAccountName="puller"))


def test_auth_service_account_with_pull_secret() -> None:
    assert_scanned(scanned(PULL, account("pull"), serviceAccountName="puller"))


def test_auth_service_account_with_non_existing_pull_secret() -> None:
    why = "failed to get image pull secret for serviceaccount 'flux-system/puller': secret 'flux-system/pull' not found"
    assert_refused(scanned(account("pull"), serviceAccountName="puller"), why)


def test_auth_unsupported_provider() -> None:
    world = scanned()
    found = world.store.need(key_named(REPOSITORY))
    spec = found["spec"] | {"provider": "unsupported-provider"}
    put(world, key_named(REPOSITORY), found | {"spec": spec})  # the API server would not let it through
    request(world, REPOSITORY, "now")
    passing(world, "5s")
    assert_refused(world, "provider 'unsupported-provider' not implemented")


def put(world: World, key: Key, tree: Tree) -> None:
    world.store.put_quietly(key, freeze(tree))


# -- more of the same


def test_what_is_not_in_git_is_assumed_and_listed() -> None:
    world = world_of({}, images=[(IMAGE, "1.0.0")], apply=[repository(secretRef={"name": "pull"})])
    passing(world, "5s")
    assert_scanned(world)
    assert any("Secret/flux-system/pull" in line for line in world.assumptions)


def test_a_certificate_without_its_key_is_refused() -> None:
    bad = secret("tls", "kubernetes.io/tls", tls__crt="certificate")
    world = scanned(bad, certSecretRef={"name": "tls"})
    assert_refused(world, "secret 'flux-system/tls' contains 'tls.crt' but missing 'tls.key'")


def test_a_service_account_with_a_cloud_needs_a_feature_gate() -> None:
    world = scanned(provider="aws", serviceAccountName="puller")
    found = conditions(world, REPOSITORY)
    assert found["Stalled"][1] == "FeatureGateDisabled"
