from __future__ import annotations

from tests.formats.kustomize.overlay import DEPLOYMENT, failure, one


def test_the_count_is_made_when_it_is_not_there() -> None:
    made = one(
        "resources: [x.yaml]\nreplicas: [{name: shop, count: 3}]", {"x.yaml": DEPLOYMENT.replace("  replicas: 1\n", "")}
    )
    assert made["spec"]["replicas"] == 3


def test_an_object_is_found_by_the_name_it_had() -> None:
    assert (
        one("resources: [deployment.yaml]\nnamePrefix: my-\nreplicas: [{name: shop, count: 3}]")["spec"]["replicas"]
        == 3
    )


def test_only_workloads_can_be_counted() -> None:
    assert failure("resources: [service.yaml]\nreplicas: [{name: shop, count: 3}]") == (
        "resource with name shop does not match a config with the following GVK [Deployment.[noVer].[noGrp] "
        "StatefulSet.[noVer].[noGrp] ReplicaSet.[noVer].[noGrp] ReplicationController.[noVer].[noGrp]]"
    )
