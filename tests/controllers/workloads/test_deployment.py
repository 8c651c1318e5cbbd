from __future__ import annotations

from fluxsim.controllers.workloads.kubelet import Image
from fluxsim.formats.tree import Json, evolve, get
from fluxsim.kube.meta import DEPLOYMENT, POD, REPLICA_SET, annotations_of
from tests.controllers.workloads.smallcluster import REPOSITORY, SmallCluster, tag_of


def rolled_out(replicas: int = 3, **spec: Json) -> SmallCluster:
    """Return a cluster in which v1 runs."""
    cluster = SmallCluster()
    cluster.deploy("v1", replicas, **spec)
    cluster.run(30)
    assert cluster.running() == ["v1"] * replicas
    return cluster


def name_of(cluster: SmallCluster, tag: str) -> str:
    return next(str(one["metadata"]["name"]) for one in cluster.sets() if tag_of(one) == tag)


def most_and_fewest(cluster: SmallCluster, seconds: int) -> tuple[int, int]:
    """Let time pass; return the most pods that were there without those on their way out, and the fewest ready ones."""
    most, fewest = 0, 99
    for _ in range(seconds * 10):
        cluster.run(0.1)
        alive = [pod for pod in cluster.pods if "deletionTimestamp" not in pod["metadata"]]
        ready = sum(get(pod, "status", "containerStatuses", 0, "ready", default=False) for pod in alive)
        most, fewest = max(most, len(alive)), min(fewest, ready)
    return most, fewest


# -- rolling updates


def test_a_new_deployment_becomes_available() -> None:
    cluster = SmallCluster()
    cluster.deploy("v1")
    cluster.run(0.1)
    assert cluster.condition("Progressing") == (
        f'True ReplicaSetUpdated: ReplicaSet "{name_of(cluster, "v1")}" is progressing.'
    )
    assert cluster.condition("Available") == (
        "False MinimumReplicasUnavailable: Deployment does not have minimum availability."
    )
    cluster.run(30)
    assert cluster.condition("Progressing") == (
        f'True NewReplicaSetAvailable: ReplicaSet "{name_of(cluster, "v1")}" has successfully progressed.'
    )
    assert cluster.condition("Available") == "True MinimumReplicasAvailable: Deployment has minimum availability."
    assert cluster.status(
        "replicas", "updatedReplicas", "readyReplicas", "availableReplicas", "unavailableReplicas"
    ) == [
        3,
        3,
        3,
        3,
        0,
    ]
    assert cluster.events("ScalingReplicaSet") == [f"Scaled up replica set {name_of(cluster, 'v1')} from 0 to 3"]


def test_a_rolling_update_keeps_to_its_bounds() -> None:
    cluster = rolled_out(4)
    cluster.release("v2")
    assert most_and_fewest(cluster, 90) == (5, 3)
    assert (cluster.sizes(), cluster.running()) == ({"v1": 0, "v2": 4}, ["v2"] * 4)


def test_a_pod_after_the_other_where_nothing_may_be_missing() -> None:
    cluster = rolled_out(3)
    cluster.release("v2")
    assert most_and_fewest(cluster, 90) == (4, 3)
    old, new = name_of(cluster, "v1"), name_of(cluster, "v2")
    assert cluster.events("ScalingReplicaSet")[1:] == [
        f"Scaled up replica set {new} from 0 to 1",
        f"Scaled down replica set {old} from 3 to 2",
        f"Scaled up replica set {new} from 1 to 2",
        f"Scaled down replica set {old} from 2 to 1",
        f"Scaled up replica set {new} from 2 to 3",
        f"Scaled down replica set {old} from 1 to 0",
    ]


def test_pods_and_sets_are_named_after_their_owner() -> None:
    cluster = rolled_out(1)
    (one,), (pod,) = cluster.sets(), cluster.pods
    digits = one["metadata"]["labels"]["pod-template-hash"]
    assert one["metadata"]["name"] == f"web-{digits}"
    assert one["spec"]["selector"]["matchLabels"] == {"app": "web", "pod-template-hash": digits}
    assert pod["metadata"]["labels"] == {"app": "web", "pod-template-hash": digits}
    assert pod["metadata"]["name"].startswith(f"web-{digits}-")
    assert len(pod["metadata"]["name"]) == len(f"web-{digits}-") + 5


def test_a_change_outside_the_template_starts_no_rollout() -> None:
    cluster = rolled_out()
    cluster.set(minReadySeconds=1, revisionHistoryLimit=3, strategy={"rollingUpdate": {"maxSurge": 2}})
    cluster.store.patch(cluster.key, {"metadata": {"labels": {"team": "shop"}, "annotations": {"note": "x"}}})
    cluster.run(30)
    assert (cluster.sizes(), cluster.revisions()) == ({"v1": 3}, {"v1": "1"})
    assert cluster.status("observedGeneration") == [cluster.deployment["metadata"]["generation"]]
    (one,) = cluster.sets()
    assert (annotations_of(one)["note"], one["spec"]["minReadySeconds"]) == ("x", 1)


# -- bad images


def test_a_bad_image_leaves_the_old_pods_serving() -> None:
    cluster = rolled_out(3, progressDeadlineSeconds=60)
    cluster.set_image("missing")
    assert most_and_fewest(cluster, 50) == (4, 3)
    assert cluster.condition("Available").startswith("True")
    assert cluster.condition("Progressing").startswith("True ReplicaSetUpdated")
    cluster.run(20)
    assert cluster.condition("Progressing") == (
        f'False ProgressDeadlineExceeded: ReplicaSet "{name_of(cluster, "missing")}" has timed out progressing.'
    )
    assert (cluster.sizes(), cluster.running()) == ({"v1": 3, "missing": 1}, ["v1"] * 3)
    assert cluster.status("replicas", "updatedReplicas", "availableReplicas", "unavailableReplicas") == [4, 1, 3, 1]


def test_ten_replicas_with_a_bad_image_stop_at_eight_good_ones() -> None:
    cluster = rolled_out(10)
    cluster.set_image("missing")
    cluster.run(120)
    assert cluster.sizes() == {"v1": 8, "missing": 5}
    assert cluster.running() == ["v1"] * 8


def test_an_image_that_is_pushed_later_is_picked_up() -> None:
    cluster = rolled_out(2, progressDeadlineSeconds=30)
    cluster.set_image("late")
    cluster.run(50)
    assert cluster.condition("Progressing").startswith("False ProgressDeadlineExceeded")
    cluster.push("late")
    cluster.run(120)
    assert (cluster.running(), cluster.sizes()) == (["late"] * 2, {"v1": 0, "late": 2})
    assert cluster.condition("Progressing").startswith("True NewReplicaSetAvailable")


def test_fixing_forward_replaces_the_bad_pods_first() -> None:
    cluster = rolled_out(3)
    cluster.set_image("missing")
    cluster.run(30)
    cluster.release("v3")
    assert most_and_fewest(cluster, 60) == (4, 3)
    assert cluster.sizes() == {"v1": 0, "missing": 0, "v3": 3}
    assert cluster.revisions() == {"v1": "1", "missing": "2", "v3": "3"}


def test_going_back_before_the_deadline_removes_the_bad_pods_at_once() -> None:
    cluster = rolled_out(3)
    cluster.set_image("missing")
    cluster.run(30)
    cluster.set_image("v1")
    cluster.run(2)
    assert (cluster.sizes(), cluster.running()) == ({"v1": 3, "missing": 0}, ["v1"] * 3)
    assert cluster.condition("Progressing").startswith("True NewReplicaSetAvailable")


# -- revisions


def test_going_back_uses_the_old_set_under_a_new_number() -> None:
    cluster = rolled_out(2)
    for tag in ("v2", "v3"):
        cluster.release(tag)
        cluster.run(60)
    before = name_of(cluster, "v1")
    cluster.set_image("v1")
    cluster.run(60)
    assert name_of(cluster, "v1") == before
    assert cluster.revisions() == {"v1": "4", "v2": "2", "v3": "3"}
    (one,) = [one for one in cluster.sets() if tag_of(one) == "v1"]
    assert annotations_of(one)["deployment.kubernetes.io/revision-history"] == "1"
    assert annotations_of(cluster.deployment)["deployment.kubernetes.io/revision"] == "4"
    assert cluster.running() == ["v1"] * 2


def test_a_cause_is_noted_on_the_revision_it_is_of() -> None:
    cluster = rolled_out(1)
    cluster.release("v2")
    cluster.run(30)
    cluster.store.patch(cluster.key, {"metadata": {"annotations": {"kubernetes.io/change-cause": "faster"}}})
    cluster.run(5)
    causes = {tag_of(one): annotations_of(one).get("kubernetes.io/change-cause") for one in cluster.sets()}
    assert causes == {"v1": None, "v2": "faster"}


def test_the_last_applied_annotation_is_not_copied() -> None:
    cluster = rolled_out(1)
    name = "kubectl.kubernetes.io/last-applied-configuration"
    cluster.store.patch(cluster.key, {"metadata": {"annotations": {name: "{}"}}})
    cluster.run(5)
    assert name not in annotations_of(cluster.sets()[0])


def test_old_sets_beyond_the_limit_go_lowest_first() -> None:
    cluster = rolled_out(1, revisionHistoryLimit=2)
    for number in range(2, 6):
        cluster.release(f"v{number}")
        cluster.run(60)
    assert cluster.sizes() == {"v3": 0, "v4": 0, "v5": 1}
    cluster.set(revisionHistoryLimit=0)
    cluster.run(5)
    assert cluster.sizes() == {"v5": 1}


def test_history_is_not_cleaned_while_a_rollout_hangs() -> None:
    cluster = rolled_out(2, revisionHistoryLimit=0)
    cluster.set_image("missing")
    cluster.run(60)
    assert cluster.sizes() == {"v1": 2, "missing": 1}


def test_a_taken_name_gets_another_hash() -> None:
    cluster = rolled_out(1)
    (one,) = cluster.sets()
    cluster.store.delete(cluster.key)
    cluster.run(20)
    foreign = evolve(one, ("metadata", "ownerReferences"), [])
    cluster.store.create(evolve(foreign, ("spec", "replicas"), 0))
    cluster.deploy("v1", 1)
    cluster.run(30)
    assert cluster.status("collisionCount", "availableReplicas") == [1, 1]
    assert name_of(cluster, "v1") != one["metadata"]["name"]


# -- scaling


def test_scaling_starts_no_rollout() -> None:
    cluster = rolled_out(2)
    cluster.set(replicas=5)
    cluster.run(30)
    assert (cluster.sizes(), cluster.running()) == ({"v1": 5}, ["v1"] * 5)
    cluster.set(replicas=1)
    cluster.run(30)
    assert (cluster.sizes(), cluster.running(), cluster.revisions()) == ({"v1": 1}, ["v1"], {"v1": "1"})
    cluster.set(replicas=0)
    cluster.run(30)
    assert (cluster.pods, cluster.condition("Available")[:4]) == ([], "True")


def test_scaling_in_mid_rollout_shares_in_proportion() -> None:
    cluster = rolled_out(10)
    cluster.set_image("missing")
    cluster.run(60)
    assert cluster.sizes() == {"v1": 8, "missing": 5}
    cluster.set(replicas=20)
    cluster.run(20)
    assert cluster.sizes() == {"v1": 15, "missing": 10}
    cluster.set(replicas=4)
    cluster.run(30)
    assert sum(cluster.sizes().values()) == 5
    assert len(cluster.running()) >= 3


def test_an_update_of_nothing_makes_a_set_of_nothing() -> None:
    cluster = rolled_out(1)
    cluster.set(replicas=0)
    cluster.run(10)
    cluster.release("v2")
    cluster.run(10)
    assert cluster.sizes() == {"v1": 0, "v2": 0}
    cluster.set(replicas=2)
    cluster.run(30)
    assert cluster.running() == ["v2"] * 2


# -- pausing, the deadline, Recreate


def test_a_paused_deployment_takes_no_template_but_scales() -> None:
    cluster = rolled_out(2)
    cluster.set(paused=True)
    cluster.run(1)
    assert cluster.condition("Progressing") == "Unknown DeploymentPaused: Deployment is paused"
    cluster.release("v2")
    cluster.set(replicas=3)
    cluster.run(30)
    assert (cluster.sizes(), cluster.running()) == ({"v1": 3}, ["v1"] * 3)
    cluster.set(paused=None)
    cluster.run(60)
    assert cluster.running() == ["v2"] * 3
    assert cluster.condition("Progressing").startswith("True NewReplicaSetAvailable")


def test_a_pause_in_mid_rollout_is_no_lack_of_progress() -> None:
    cluster = rolled_out(3, progressDeadlineSeconds=20)
    cluster.release("v2")
    cluster.run(1)
    cluster.set(paused=True)
    cluster.run(300)
    assert cluster.condition("Progressing").startswith("Unknown DeploymentPaused")
    assert cluster.sizes() == {"v1": 3, "v2": 1}
    cluster.set(paused=False)
    cluster.run(60)
    assert cluster.running() == ["v2"] * 3


def test_every_pod_that_becomes_ready_renews_the_deadline() -> None:
    cluster = rolled_out(4, progressDeadlineSeconds=8)
    cluster.release("v2")
    cluster.run(90)
    assert cluster.now_s > 8 * 4
    assert cluster.condition("Progressing").startswith("True NewReplicaSetAvailable")
    reasons = {
        entry["reason"]
        for event in cluster.told("api.modified")
        if event.data["kind"] == "Deployment.apps"
        for entry in get(event.data["object"], "status", "conditions", default=())
    }
    assert "ProgressDeadlineExceeded" not in reasons


def test_the_deadline_is_judged_though_nothing_happens() -> None:
    cluster = rolled_out(1, progressDeadlineSeconds=600)
    cluster.push("stuck", app="unready")
    cluster.set_image("stuck")
    cluster.run(590)
    assert cluster.condition("Progressing").startswith("True ReplicaSetUpdated")
    cluster.run(20)
    assert cluster.condition("Progressing").startswith("False ProgressDeadlineExceeded")


def test_a_deployment_that_was_complete_is_never_late() -> None:
    cluster = rolled_out(1, progressDeadlineSeconds=20)
    pod = cluster.pods[0]
    cluster.shelf.tags.clear()
    cluster.store.delete(next(key for key in cluster.store.keys(POD) if key.name == pod["metadata"]["name"]))
    cluster.run(300)
    assert cluster.running() == ["v1"]
    assert cluster.condition("Progressing").startswith("True NewReplicaSetAvailable")


def test_without_a_deadline_progress_is_not_judged() -> None:
    cluster = rolled_out(1, progressDeadlineSeconds=2147483647)
    assert cluster.condition("Progressing") == ""
    cluster.set_image("missing")
    cluster.run(3600)
    assert cluster.condition("Progressing") == ""


def test_ready_counts_only_after_its_least_time() -> None:
    cluster = rolled_out(2)
    cluster.set(minReadySeconds=20)
    cluster.release("v2")
    cluster.run(15)
    assert cluster.status("readyReplicas", "availableReplicas") == [3, 2]
    cluster.run(90)
    assert (cluster.sizes(), cluster.status("availableReplicas")) == ({"v1": 0, "v2": 2}, [2])


def test_recreate_stops_all_before_it_starts_any() -> None:
    cluster = rolled_out(3, strategy={"type": "Recreate"})
    cluster.release("v2")
    tags: set[tuple[str, ...]] = set()
    for _ in range(400):
        cluster.run(0.1)
        tags.add(tuple(sorted({get(pod, "spec", "containers", 0, "image")[-2:] for pod in cluster.pods})))
    assert tags == {("v1",), (), ("v2",)} or tags == {("v1",), ("v2",)}
    assert cluster.running() == ["v2"] * 3


def test_recreate_with_a_bad_image_leaves_nothing_running() -> None:
    cluster = rolled_out(2, strategy={"type": "Recreate"})
    cluster.set_image("missing")
    cluster.run(60)
    assert (cluster.sizes(), cluster.running()) == ({"v1": 0, "missing": 2}, [])
    assert cluster.condition("Available").startswith("False MinimumReplicasUnavailable")


# -- what cannot be made


def test_a_set_that_cannot_be_made_is_told_and_tried_again() -> None:
    cluster = rolled_out(1)
    cluster.refused.add(REPLICA_SET)
    cluster.release("v2")
    cluster.run(10)
    progress = cluster.condition("Progressing")
    assert progress.startswith('False ReplicaSetCreateError: Failed to create new replica set "web-')
    assert progress.endswith('": exceeded quota: small')
    assert f"False ReplicaSetCreateError: {cluster.events('ReplicaSetCreateError')[0]}" == progress
    assert cluster.running() == ["v1"]
    cluster.refused.clear()
    cluster.run(60)
    assert cluster.running() == ["v2"]


def test_pods_that_cannot_be_made_are_told_and_tried_again() -> None:
    cluster = rolled_out(1)
    cluster.refused.add(POD)
    cluster.release("v2")
    cluster.run(10)
    assert cluster.condition("ReplicaFailure") == "True FailedCreate: exceeded quota: small"
    assert cluster.events("FailedCreate")[0] == "Error creating: exceeded quota: small"
    assert cluster.running() == ["v1"]
    cluster.refused.clear()
    cluster.run(60)
    assert (cluster.running(), cluster.condition("ReplicaFailure")) == (["v2"], "")


# -- the same again


def test_the_same_seed_gives_the_same_log() -> None:
    def digest(seed: int, *, shuffled: bool = False) -> str:
        cluster = SmallCluster(seed, shuffled=shuffled)
        cluster.deploy("v1")
        cluster.run(20)
        cluster.release("v2")
        cluster.run(60)
        return cluster.log.digest()

    assert digest(1) == digest(1)
    assert digest(1) != digest(2)
    assert digest(1, shuffled=True) == digest(1, shuffled=True)


def test_the_order_of_ties_does_not_decide_where_a_rollout_ends() -> None:
    for seed in range(4):
        cluster = SmallCluster(seed, shuffled=True)
        cluster.deploy("v1", 4)
        cluster.run(40)
        cluster.release("v2")
        cluster.run(120)
        assert (cluster.sizes(), cluster.running()) == ({"v1": 0, "v2": 4}, ["v2"] * 4)
        assert cluster.condition("Progressing").startswith("True NewReplicaSetAvailable")


def test_a_quiet_cluster_stays_quiet() -> None:
    cluster = rolled_out(3)
    count = len(cluster.log.events)
    cluster.run(24 * 3600)
    assert len(cluster.log.events) == count
    assert all(not cluster.controllers[kind].waiting() for kind in (DEPLOYMENT, REPLICA_SET, POD))


def test_another_build_under_the_same_tag_starts_no_rollout() -> None:
    cluster = rolled_out(1)
    cluster.shelf.tags[f"{REPOSITORY}:v1"] = Image("sha256:other", 1, "ok")
    cluster.set_image("v1")
    cluster.run(30)
    assert get(cluster.pods[0], "status", "containerStatuses", 0, "imageID") == f"{REPOSITORY}@sha256:v1"
