from __future__ import annotations

import pytest

from fluxsim.kube.errors import NoKindMatch
from fluxsim.kube.kinds import SERVED, check_served, closed, served
from fluxsim.kube.lookup import kind_named
from fluxsim.kube.meta import (
    DEPLOYMENT,
    IMAGE_POLICY,
    KUSTOMIZATION,
    POD,
    Key,
    Kind,
    condition,
    controller_of,
    group_of,
    key_of,
    labels_of,
    matches,
    version_of,
)


@pytest.mark.parametrize(
    ("kind", "api_version", "resource"),
    [
        ("Deployment", "apps/v1", "deployments.apps"),
        ("Secret", "v1", "secrets"),
        ("NetworkPolicy", "networking.k8s.io/v1", "networkpolicies.networking.k8s.io"),
        ("HorizontalPodAutoscaler", "autoscaling/v2", "horizontalpodautoscalers.autoscaling"),
        ("ImagePolicy", "image.toolkit.fluxcd.io/v1", "imagepolicies.image.toolkit.fluxcd.io"),
    ],
)
def test_served_kinds_have_their_resource(kind: str, api_version: str, resource: str) -> None:
    assert check_served(kind, api_version).resource == resource


def test_a_known_group_serves_nothing_else() -> None:
    for kind, api_version in (
        ("Deployment", "apps/v1beta1"),
        ("Thing", "apps/v1"),
        ("Policy", "x.toolkit.fluxcd.io/v1"),
    ):
        with pytest.raises(NoKindMatch) as refused:
            check_served(kind, api_version)
        assert refused.value.message == f'no matches for kind "{kind}" in version "{api_version}"'
        assert (refused.value.code, refused.value.status()["reason"]) == (404, "NotFound")


@pytest.mark.parametrize(
    ("kind", "resource", "namespaced"),
    [
        ("Policy", "policies.acme.test", True),
        ("Bus", "buses.acme.test", True),
        ("Switch", "switches.acme.test", True),
        ("ClusterIssuer", "clusterissuers.acme.test", False),
    ],
)
def test_a_foreign_kind_is_taken_as_installed(kind: str, resource: str, *, namespaced: bool) -> None:
    row = check_served(kind, "acme.test/v1alpha7")
    assert (row.resource, row.namespaced, row.assumed, row.status) == (resource, namespaced, True, True)


def test_groups_are_closed_or_open() -> None:
    assert closed("apps")
    assert closed("")
    assert closed("image.toolkit.fluxcd.io")
    assert not closed("acme.test")
    assert served(POD) is SERVED[POD]


def test_kinds_are_found_by_the_names_people_type() -> None:
    for text in ("deploy", "deployment", "Deployments", "deployments.apps", "Deployment.apps"):
        assert kind_named(text) == DEPLOYMENT
    assert kind_named("ks") == KUSTOMIZATION
    assert kind_named("image policy") == kind_named("imagepolicies") == IMAGE_POLICY
    assert kind_named("deployments.example.com") is None
    assert kind_named("") is None
    assert kind_named("deploymnet") is None


def test_a_key_is_told_with_its_namespace() -> None:
    assert str(Key(DEPLOYMENT, "shop", "web")) == "Deployment/shop/web"
    assert str(Key(Kind("Namespace"), "", "shop")) == "Namespace/shop"
    assert (str(DEPLOYMENT), str(POD)) == ("Deployment.apps", "Pod")


def test_an_objects_key_ignores_its_version() -> None:
    obj = {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web", "namespace": "shop"}}
    assert key_of(obj) == key_of({**obj, "apiVersion": "apps/v2"}) == Key(DEPLOYMENT, "shop", "web")
    assert (group_of("apps/v1"), group_of("v1"), version_of("apps/v1"), version_of("v1")) == ("apps", "", "v1", "v1")


def test_metadata_that_is_not_there_reads_as_empty() -> None:
    assert labels_of({}) == labels_of({"metadata": {"labels": None}}) == {}
    assert controller_of({"metadata": {"ownerReferences": [{"uid": "1"}]}}) is None
    assert (
        controller_of({"metadata": {"ownerReferences": [{"uid": "1"}, {"uid": "2", "controller": True}]}})["uid"] == "2"
    )
    assert condition({}, "Ready") is None
    assert condition({"status": {"conditions": [{"type": "A"}, {"type": "Ready", "status": "True"}]}}, "Ready") == {
        "type": "Ready",
        "status": "True",
    }


def test_a_selector_wants_every_pair() -> None:
    assert matches({"a": "1"}, {"a": "1", "b": "2"})
    assert matches({}, {})
    assert not matches({"a": "1", "b": "3"}, {"a": "1", "b": "2"})
