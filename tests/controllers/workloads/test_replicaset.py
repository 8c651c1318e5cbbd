from __future__ import annotations

from fluxsim.formats.tree import get
from fluxsim.kube.meta import POD, REPLICA_SET, key_of
from tests.controllers.workloads.smallcluster import REPOSITORY, SmallCluster, deployment


def cluster_of(replicas: int) -> SmallCluster:
    cluster = SmallCluster()
    cluster.deploy("v1", replicas)
    cluster.run(30)
    return cluster


def names(cluster: SmallCluster) -> set[str]:
    return {pod["metadata"]["name"] for pod in cluster.pods}


def test_a_pod_that_is_deleted_is_replaced() -> None:
    cluster = cluster_of(2)
    before = names(cluster)
    gone = cluster.pods[0]
    cluster.store.delete(key_of(gone))
    cluster.run(0.1)
    assert len(names(cluster) - before) == 1
    cluster.run(30)
    assert names(cluster) & before == before - {gone["metadata"]["name"]}
    assert len(cluster.running()) == 2


def test_made_and_removed_pods_are_told() -> None:
    cluster = cluster_of(1)
    first = cluster.pods[0]["metadata"]["name"]
    cluster.set(replicas=0)
    cluster.run(30)
    assert cluster.events("SuccessfulCreate", kind=REPLICA_SET) == [f"Created pod: {first}"]
    assert cluster.events("SuccessfulDelete", kind=REPLICA_SET) == [f"Deleted pod: {first}"]


def test_the_counts_leave_out_what_terminates() -> None:
    cluster = cluster_of(3)
    cluster.set(replicas=1)
    cluster.run(0.1)
    (one,) = cluster.sets()
    assert len(cluster.pods) == 3
    assert get(one, "status", "replicas") == get(one, "status", "readyReplicas") == 1
    assert get(one, "status", "observedGeneration") == one["metadata"]["generation"]


def test_pods_that_do_not_serve_go_first() -> None:
    cluster = SmallCluster()
    cluster.push("v1")
    container = {"name": "web", "image": f"{REPOSITORY}:v1", "imagePullPolicy": "Always"}
    cluster.store.create(deployment(container, 2))
    cluster.run(30)
    serving = names(cluster)
    cluster.shelf.tags.clear()
    cluster.set(replicas=4)
    cluster.run(30)
    assert len(names(cluster)) == 4
    cluster.set(replicas=2)
    cluster.run(30)
    assert names(cluster) == serving


def test_the_newest_pods_go_before_the_oldest() -> None:
    cluster = cluster_of(2)
    cluster.run(3600)
    old = names(cluster)
    cluster.set(replicas=4)
    cluster.run(60)
    cluster.set(replicas=2)
    cluster.run(30)
    assert names(cluster) == old


def test_a_pod_may_cost_more_than_the_others() -> None:
    cluster = cluster_of(3)
    dear = cluster.pods[0]
    note = {"metadata": {"annotations": {"controller.kubernetes.io/pod-deletion-cost": "100"}}}
    cluster.store.patch(key_of(dear), note)
    cluster.set(replicas=1)
    cluster.run(30)
    assert names(cluster) == {dear["metadata"]["name"]}


def test_a_cost_that_is_no_number_counts_as_none() -> None:
    cluster = cluster_of(2)
    note = {"metadata": {"annotations": {"controller.kubernetes.io/pod-deletion-cost": "much"}}}
    cluster.store.patch(key_of(cluster.pods[0]), note)
    cluster.set(replicas=0)
    cluster.run(30)
    assert cluster.pods == []


def test_a_size_that_somebody_changed_by_hand_is_set_right() -> None:
    cluster = cluster_of(2)
    (one,) = cluster.sets()
    cluster.store.patch(key_of(one), {"spec": {"replicas": 5}}, manager="kubectl")
    cluster.run(60)
    assert (cluster.sizes(), len(cluster.pods)) == ({"v1": 2}, 2)


def test_a_rollout_costs_few_events() -> None:
    cluster = cluster_of(3)
    before = len(cluster.log.events)
    cluster.release("v2")
    cluster.run(120)
    assert len(cluster.running()) == 3
    assert len(cluster.log.events) - before < 170
    assert len(cluster.store.keys(POD)) == 3
