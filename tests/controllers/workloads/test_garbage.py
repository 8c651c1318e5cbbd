from __future__ import annotations

import pytest

from fluxsim.formats.tree import Json, without
from fluxsim.kube.errors import NotFound
from fluxsim.kube.meta import CONFIG_MAP, EVENT, NAMESPACE, POD, REPLICA_SET, Key
from tests.controllers.workloads.smallcluster import SmallCluster

SHOP = Key(NAMESPACE, "", "shop")


def settings(**metadata: Json) -> Json:
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "settings", "namespace": "shop", **metadata}}


def cluster_of(replicas: int) -> SmallCluster:
    cluster = SmallCluster()
    cluster.deploy("v1", replicas)
    cluster.run(30)
    return cluster


def test_what_a_deployment_owned_goes_after_it() -> None:
    cluster = cluster_of(2)
    cluster.store.delete(cluster.key, manager="kubectl-delete")
    assert len(cluster.store.keys(REPLICA_SET)) == 1
    cluster.run(0.2)
    assert cluster.store.keys(REPLICA_SET) == []
    assert len(cluster.pods) == 2
    assert all("deletionTimestamp" in pod["metadata"] for pod in cluster.pods)
    cluster.run(30)
    assert cluster.pods == []
    actors = {event.actor for event in cluster.told("api.deleted")}
    assert actors == {"kubectl-delete", "garbage-collector", "kubelet"}


def test_a_deployment_deleted_in_mid_rollout_leaves_nothing() -> None:
    cluster = cluster_of(3)
    cluster.release("v2")
    cluster.run(1)
    cluster.store.delete(cluster.key)
    cluster.run(60)
    assert (cluster.pods, cluster.store.keys(REPLICA_SET)) == ([], [])
    assert all(not controller.waiting() for controller in cluster.controllers.values())


def test_a_namespace_stays_until_its_pods_have_stopped() -> None:
    cluster = cluster_of(2)
    cluster.store.create(settings())
    cluster.store.delete(SHOP)
    cluster.run(0.5)
    assert cluster.store.need(SHOP)["status"]["phase"] == "Terminating"
    assert (cluster.store.keys(CONFIG_MAP), len(cluster.pods)) == ([], 2)
    cluster.run(30)
    assert cluster.store.get(SHOP) is None
    assert cluster.pods == []
    with pytest.raises(NotFound):
        cluster.deploy("v1", 1)


def test_an_empty_namespace_goes_soon() -> None:
    cluster = SmallCluster()
    cluster.store.delete(SHOP)
    cluster.run(1)
    assert cluster.store.get(SHOP) is None


def test_a_finalizer_holds_the_namespace() -> None:
    cluster = SmallCluster()
    cluster.store.create(settings(finalizers=["a/b"]))
    cluster.store.delete(SHOP)
    cluster.run(3600)
    assert cluster.store.need(SHOP)["status"]["phase"] == "Terminating"
    held = cluster.store.need(Key(CONFIG_MAP, "shop", "settings"))
    cluster.store.replace(held, without(held, ("metadata", "finalizers")))
    cluster.run(1)
    assert cluster.store.get(SHOP) is None


def test_a_namespaces_events_go_with_it() -> None:
    cluster = cluster_of(1)
    assert cluster.store.keys(EVENT, "shop")
    cluster.store.delete(SHOP)
    cluster.run(60)
    assert all(event["reason"] == "Killing" for event in cluster.store.list(EVENT, "shop"))
    assert not any(event.data["kind"] == "Event" for event in cluster.told("api.deleted"))


def test_a_namespace_made_again_is_empty_and_stays() -> None:
    cluster = cluster_of(1)
    cluster.store.delete(SHOP)
    cluster.run(60)
    cluster.store.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "shop"}})
    cluster.deploy("v1", 1)
    cluster.run(60)
    assert cluster.running() == ["v1"]
    assert cluster.store.need(SHOP)["status"]["phase"] == "Active"
    assert cluster.store.keys(POD) == [Key(POD, "shop", cluster.pods[0]["metadata"]["name"])]
