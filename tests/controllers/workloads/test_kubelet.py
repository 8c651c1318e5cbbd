from __future__ import annotations

from itertools import pairwise

from fluxsim.controllers.workloads.kubelet import Image, pods_of_deployment
from fluxsim.formats.tree import Json, Map, evolve, get
from fluxsim.kube.meta import POD, Key, condition, key_of
from tests.controllers.workloads.smallcluster import QUICK, REPOSITORY, SmallCluster, deployment, slower

IMAGE = f"{REPOSITORY}:v1"


def cluster_with(*, app: str = "ok", **container: Json) -> SmallCluster:
    """Return a cluster in which one pod of v1 was just asked for."""
    cluster = SmallCluster()
    cluster.push("v1", app)
    cluster.store.create(deployment({"name": "web", "image": IMAGE, **container}, 1))
    return cluster


def status(cluster: SmallCluster) -> Json:
    (pod,) = cluster.pods
    return pod["status"]["containerStatuses"][0]


def ready_at(cluster: SmallCluster) -> float:
    """Return when the first pod became ready, in seconds after it ran."""
    cluster.run(300)
    (running, *_), (ready, *_) = cluster.told("pod.running"), cluster.told("pod.ready")
    return (ready.at_ms - running.at_ms) / 1000


def attempts(cluster: SmallCluster) -> list[float]:
    """Return when the image was asked for, in seconds after the first time."""
    times: list[float] = []
    pull = cluster.shelf.pull

    def noted(reference: str) -> Image:
        times.append(cluster.now_s)
        return pull(reference)

    cluster.shelf.pull = noted  # type: ignore[method-assign]
    cluster.run(1000)
    return [round(at_s - times[0]) for at_s in times]


# -- from scheduled to ready


def test_a_pod_goes_its_way_step_by_step() -> None:
    cluster = cluster_with(readinessProbe={"httpGet": {"port": 80}, "periodSeconds": 1})
    cluster.run(60)
    kinds = [event.kind for event in cluster.log.events if event.kind.startswith(("pod.", "image."))]
    assert kinds == ["pod.scheduled", "image.pulled", "pod.running", "pod.ready"]
    name = cluster.pods[0]["metadata"]["name"]
    assert [event.data["message"] for event in cluster.told("event.recorded") if event.data["kind"] == "Pod"] == [
        f"Successfully assigned shop/{name} to node-1",
        f'Pulling image "{IMAGE}"',
        f'Successfully pulled image "{IMAGE}" in 2s (2s including waiting). Image size: 1000 bytes.',
        "Created container: web",
        "Started container web",
    ]


def test_what_runs_is_told_with_its_owners_and_digest() -> None:
    cluster = cluster_with()
    cluster.run(60)
    (event,) = cluster.told("pod.running")
    (one,) = cluster.sets()
    assert (event.actor, event.data) == (
        "kubelet",
        {
            "namespace": "shop",
            "pod": cluster.pods[0]["metadata"]["name"],
            "container": "web",
            "image": IMAGE,
            "digest": "sha256:v1",
            "deployment": "web",
            "replicaset": one["metadata"]["name"],
        },
    )


def test_a_ready_pod_has_all_its_conditions_in_order() -> None:
    cluster = cluster_with()
    cluster.run(1)
    (pod,) = cluster.pods
    assert pod["status"]["phase"] == "Pending"
    assert cluster.state() == "ContainerCreating: "
    ready = condition(pod, "Ready")
    assert (ready["status"], ready["reason"], ready["message"]) == (
        "False",
        "ContainersNotReady",
        "containers with unready status: [web]",
    )
    cluster.run(60)
    (pod,) = cluster.pods
    assert [(entry["type"], entry["status"]) for entry in pod["status"]["conditions"]] == [
        ("PodReadyToStartContainers", "True"),
        ("Initialized", "True"),
        ("Ready", "True"),
        ("ContainersReady", "True"),
        ("PodScheduled", "True"),
    ]
    assert (pod["status"]["phase"], pod["spec"]["nodeName"]) == ("Running", "node-1")
    assert status(cluster)["image"] == IMAGE
    assert status(cluster)["imageID"] == f"{REPOSITORY}@sha256:v1"
    assert len(status(cluster)["containerID"]) == len("containerd://") + 64


def test_two_containers_are_both_needed() -> None:
    cluster = SmallCluster()
    cluster.push("v1")
    manifest = deployment({"name": "web", "image": IMAGE}, 1)
    manifest["spec"]["template"]["spec"]["containers"].append({"name": "proxy", "image": f"{REPOSITORY}:none"})
    cluster.store.create(manifest)
    cluster.run(30)
    ready = condition(cluster.pods[0], "Ready")
    assert (ready["status"], ready["message"]) == ("False", "containers with unready status: [proxy]")
    assert cluster.pods[0]["status"]["phase"] == "Pending"
    cluster.push("none")
    cluster.run(60)
    assert condition(cluster.pods[0], "Ready")["status"] == "True"


# -- readiness


def test_without_a_probe_a_pod_is_ready_as_soon_as_it_runs() -> None:
    assert ready_at(cluster_with()) == 0


def test_a_probe_is_tried_in_its_period() -> None:
    assert ready_at(cluster_with(readinessProbe={"periodSeconds": 2})) == 4
    assert ready_at(cluster_with(readinessProbe={"initialDelaySeconds": 30})) == 30
    assert ready_at(cluster_with(readinessProbe={})) == 10


def test_a_slow_program_takes_a_minute_more() -> None:
    assert ready_at(cluster_with(app="slow", readinessProbe={"periodSeconds": 1})) == 63


def test_a_program_that_never_answers_is_never_ready() -> None:
    cluster = cluster_with(app="unready", readinessProbe={"periodSeconds": 5})
    cluster.run(1200)
    assert (cluster.told("pod.ready"), status(cluster)["ready"], cluster.state()) == ([], False, "running")
    text = "Readiness probe failed: HTTP probe failed with statuscode: 500"
    assert cluster.events("Unhealthy") == [text]
    (event,) = [event for event in cluster.recorder.about(key_of(cluster.pods[0])) if event["reason"] == "Unhealthy"]
    assert event["count"] == 28


def test_an_unready_pod_is_never_restarted() -> None:
    cluster = cluster_with(app="unready", readinessProbe={"periodSeconds": 5})
    cluster.run(1200)
    assert status(cluster)["restartCount"] == 0


# -- pulling


def test_a_missing_image_backs_off() -> None:
    cluster = SmallCluster()
    cluster.store.create(deployment({"name": "web", "image": IMAGE}, 1))
    times = attempts(cluster)
    waits = [later - earlier for earlier, later in pairwise(times)]
    assert len(waits) == 7
    assert all(
        least <= wait <= least + 6 for wait, least in zip(waits, (10, 20, 40, 80, 160, 300, 300), strict=True)
    ), times


def test_the_state_alternates_between_attempt_and_wait() -> None:
    cluster = SmallCluster()
    cluster.store.create(deployment({"name": "web", "image": IMAGE}, 1))
    states: list[str] = []
    for _ in range(400):
        cluster.run(0.1)
        if cluster.pods and "containerStatuses" in cluster.pods[0]["status"]:
            state = cluster.state()
            if not states or states[-1] != state:
                states.append(state)
    failed, waits = (
        f"ErrImagePull: {IMAGE}: not found",
        f'ImagePullBackOff: Back-off pulling image "{IMAGE}": ErrImagePull',
    )
    assert states == ["ContainerCreating: ", *([failed, f"{waits}: {IMAGE}: not found"] * 3)]
    assert status(cluster)["restartCount"] == 0
    assert cluster.pods[0]["status"]["phase"] == "Pending"


def test_every_failure_is_told_once_in_the_log() -> None:
    cluster = SmallCluster()
    cluster.store.create(deployment({"name": "web", "image": IMAGE}, 1))
    cluster.run(200)
    assert cluster.events("Failed") == [
        f'Failed to pull image "{IMAGE}": {IMAGE}: not found',
        "Error: ErrImagePull",
        "Error: ImagePullBackOff",
    ]
    assert cluster.events("BackOff") == [f'Back-off pulling image "{IMAGE}"']
    counts = {event["message"]: event["count"] for event in cluster.recorder.about(key_of(cluster.pods[0]))}
    assert counts[f'Pulling image "{IMAGE}"'] == counts["Error: ErrImagePull"] == 5
    assert [event.data["reason"] for event in cluster.told("pod.failed")] == ["ErrImagePull"] * 5


def test_a_cached_image_is_not_asked_for() -> None:
    cluster = cluster_with()
    cluster.run(30)
    cluster.shelf.tags[IMAGE] = Image("sha256:moved", 1, "ok")
    cluster.set(replicas=2)
    cluster.run(30)
    assert cluster.shelf.pulls == [IMAGE]
    assert {get(pod, "status", "containerStatuses", 0, "imageID") for pod in cluster.pods} == {
        f"{REPOSITORY}@sha256:v1"
    }
    assert cluster.events("Pulled")[-1] == f'Container image "{IMAGE}" already present on machine'


def test_always_means_that_a_moved_tag_is_noticed() -> None:
    cluster = cluster_with(imagePullPolicy="Always")
    cluster.run(30)
    cluster.shelf.tags[IMAGE] = Image("sha256:moved", 1, "ok")
    cluster.set(replicas=2)
    cluster.run(30)
    assert cluster.shelf.pulls == [IMAGE, IMAGE]
    assert {get(pod, "status", "containerStatuses", 0, "imageID") for pod in cluster.pods} == {
        f"{REPOSITORY}@sha256:v1",
        f"{REPOSITORY}@sha256:moved",
    }


def test_always_is_quick_where_nothing_moved() -> None:
    cluster = cluster_with(imagePullPolicy="Always")
    cluster.run(30)
    cluster.set(replicas=2)
    cluster.run(30)
    assert cluster.events("Pulled")[-1] == (
        f'Successfully pulled image "{IMAGE}" in 100ms (100ms including waiting). Image size: 1000 bytes.'
    )


def test_never_wants_the_image_on_the_node() -> None:
    cluster = cluster_with(imagePullPolicy="Never")
    cluster.run(60)
    text = f'Container image "{IMAGE}" is not present with pull policy of Never'
    assert cluster.state() == f"ErrImageNeverPull: {text}"
    assert cluster.events("ErrImageNeverPull", "Failed") == [text, "Error: ErrImageNeverPull"]
    assert cluster.shelf.pulls == []
    assert len(cluster.told("pod.failed")) == 1


def test_one_image_is_pulled_after_the_other() -> None:
    cluster = SmallCluster()
    for tag in ("v1", "v2"):
        cluster.push(tag)
    manifest = deployment({"name": "web", "image": IMAGE}, 1)
    cluster.store.create(manifest)
    other = evolve(manifest, ("metadata", "name"), "other")
    cluster.store.create(evolve(other, ("spec", "template", "spec", "containers", 0, "image"), f"{REPOSITORY}:v2"))
    cluster.run(30)
    assert [text.partition(" in ")[2] for text in cluster.events("Pulled")] == [
        "2s (2s including waiting). Image size: 1000 bytes.",
        "2s (4s including waiting). Image size: 1000 bytes.",
    ]


def test_a_name_that_is_none_is_not_asked_for() -> None:
    cluster = SmallCluster()
    cluster.store.create(deployment({"name": "web", "image": "registry.test/Shop:v1"}, 1))
    cluster.run(30)
    text = (
        'Failed to apply default image tag "registry.test/Shop:v1": couldn\'t parse image name "registry.test/Shop:v1": '
        "invalid reference format: repository name (Shop) must be lowercase"
    )
    assert cluster.state() == f"InvalidImageName: {text}"
    assert cluster.events("InspectFailed", "Failed") == [text, "Error: InvalidImageName"]
    assert cluster.shelf.pulls == []


def test_short_names_are_reported_in_full() -> None:
    cluster = SmallCluster()
    cluster.shelf.tags["nginx"] = Image("sha256:n", 1, "ok")
    cluster.store.create(deployment({"name": "web", "image": "nginx"}, 1))
    cluster.run(30)
    assert status(cluster)["image"] == "docker.io/library/nginx:latest"
    assert status(cluster)["imageID"] == "docker.io/library/nginx@sha256:n"


# -- crashes


def test_a_crash_loop_waits_longer_each_time() -> None:
    cluster = cluster_with(app="crash")
    cluster.run(900)
    runs = [event.at_ms for event in cluster.told("pod.running")]
    ends = [event.at_ms for event in cluster.told("pod.failed")]
    assert all(end - begin == 2000 for begin, end in zip(runs, ends, strict=False))
    waits = [round((begin - end) / 1000) for begin, end in zip(runs[1:], ends, strict=False)]
    assert waits == [1, 10, 20, 40, 80, 160, 300]


def test_a_crashed_container_says_how_it_ended_and_when_it_starts_again() -> None:
    cluster = cluster_with(app="crash")
    cluster.run(5)
    assert cluster.state() == "terminated"
    assert status(cluster)["state"]["terminated"]["exitCode"] == 1
    assert status(cluster)["restartCount"] == 0
    cluster.run(25)
    (pod,) = cluster.pods
    where = f"web_shop({pod['metadata']['uid']})".replace("web_", f"{pod['metadata']['name']}_")
    assert cluster.state() == f"CrashLoopBackOff: back-off 20s restarting failed container=web pod={where}"
    assert cluster.events("BackOff") == [f"Back-off restarting failed container web in pod {where}"]
    found = status(cluster)
    assert (found["restartCount"], found["ready"], found["lastState"]["terminated"]["reason"]) == (2, False, "Error")
    assert pod["status"]["phase"] == "Running"
    assert [event.data["reason"] for event in cluster.told("pod.failed")] == [
        "Error",
        "CrashLoopBackOff",
        "CrashLoopBackOff",
    ]


def test_long_waits_are_told_in_minutes() -> None:
    cluster = cluster_with(app="crash")
    cluster.run(300)
    assert "back-off 2m40s restarting" in cluster.state()


# -- what containers need


def test_a_container_waits_for_its_config_map() -> None:
    cluster = cluster_with(envFrom=[{"configMapRef": {"name": "settings"}}])
    cluster.run(30)
    assert cluster.state() == 'CreateContainerConfigError: configmap "settings" not found'
    assert cluster.events("Failed") == ['Error: configmap "settings" not found']
    cluster.store.create(
        {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "settings", "namespace": "shop"}}
    )
    cluster.run(30)
    assert cluster.state() == "running"


def test_a_key_is_needed_in_its_config_map() -> None:
    source = {"configMapKeyRef": {"name": "settings", "key": "colour"}}
    cluster = cluster_with(env=[{"name": "COLOUR", "valueFrom": source}])
    metadata = {"name": "settings", "namespace": "shop"}
    cluster.store.create({"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": {"size": "1"}})
    cluster.run(30)
    assert cluster.state() == "CreateContainerConfigError: couldn't find key colour in ConfigMap shop/settings"


def test_a_secret_is_needed_unless_it_is_optional() -> None:
    cluster = cluster_with(envFrom=[{"secretRef": {"name": "token"}}])
    cluster.run(30)
    assert cluster.state() == 'CreateContainerConfigError: secret "token" not found'
    cluster.vault.names.add("shop/token")
    cluster.run(30)
    assert cluster.state() == "running"
    optional = cluster_with(envFrom=[{"secretRef": {"name": "token", "optional": True}}])
    optional.run(30)
    assert optional.state() == "running"


def test_a_volume_must_be_there_before_anything_begins() -> None:
    cluster = SmallCluster()
    cluster.push("v1")
    manifest = deployment({"name": "web", "image": IMAGE}, 1)
    manifest["spec"]["template"]["spec"]["volumes"] = [
        {"name": "cache", "emptyDir": {}},
        {"name": "config", "configMap": {"name": "settings"}},
        {"name": "keys", "secret": {"secretName": "token"}},
        {"name": "more", "projected": {"sources": [{"secret": {"name": "none", "optional": True}}]}},
    ]
    cluster.store.create(manifest)
    cluster.run(60)
    assert (cluster.state(), cluster.shelf.pulls) == ("ContainerCreating: ", [])
    cluster.store.create(
        {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "settings", "namespace": "shop"}}
    )
    cluster.run(60)
    assert cluster.events("FailedMount") == [
        'MountVolume.SetUp failed for volume "config" : configmap "settings" not found'
    ]
    cluster.vault.names.add("shop/token")
    cluster.run(130)
    assert cluster.state() == "running"


# -- the end of a pod


def test_a_pod_stops_before_it_goes() -> None:
    cluster = cluster_with()
    cluster.run(30)
    (pod,) = cluster.pods
    cluster.store.delete(key_of(pod))
    cluster.run(0.5)
    marked = cluster.store.need(key_of(pod))
    assert marked["metadata"]["deletionGracePeriodSeconds"] == 30
    assert cluster.events("Killing") == ["Stopping container web"]
    cluster.run(1)
    assert cluster.store.get(key_of(pod)) is None
    assert [event.data["pod"] for event in cluster.told("pod.deleted")] == [pod["metadata"]["name"]]
    cluster.run(30)
    assert len(cluster.running()) == 1


def test_a_pod_deleted_while_it_pulls_never_runs() -> None:
    cluster = cluster_with()
    cluster.run(1)
    (pod,) = cluster.pods
    cluster.set(replicas=0)
    cluster.run(30)
    assert (cluster.pods, cluster.told("pod.running")) == ([], [])
    assert cluster.store.get(key_of(pod)) is None


def test_a_pod_deleted_before_it_has_a_node_is_gone_at_once() -> None:
    cluster = SmallCluster(latencies=slower(schedule_pod=5000))
    cluster.push("v1")
    cluster.store.create(deployment({"name": "web", "image": IMAGE}, 1))
    cluster.run(1)
    (pod,) = cluster.pods
    cluster.store.delete(key_of(pod))
    assert cluster.store.get(key_of(pod)) is None
    cluster.run(60)
    assert len(cluster.running()) == 1
    assert [event.data["pod"] for event in cluster.told("pod.scheduled")] != [pod["metadata"]["name"]]


def test_an_image_changed_in_place_restarts_the_container() -> None:
    cluster = cluster_with()
    cluster.run(30)
    (pod,) = cluster.pods
    cluster.push("v2")
    cluster.store.replace(pod, evolve(pod, ("spec", "containers", 0, "image"), f"{REPOSITORY}:v2"), manager="you")
    cluster.run(30)
    assert cluster.events("Killing") == ["Container web definition changed, will be restarted"]
    assert status(cluster)["imageID"] == f"{REPOSITORY}@sha256:v2"


# -- looking


def test_the_pods_of_a_deployment_are_found_through_its_sets() -> None:
    cluster = cluster_with()
    cluster.run(30)
    stray: Map = evolve(cluster.pods[0], ("metadata",), {"name": "stray", "namespace": "shop"})
    cluster.store.create({**stray, "spec": {"containers": [{"name": "web", "image": IMAGE}]}})
    assert [pod["metadata"]["name"] for pod in pods_of_deployment(cluster.store, cluster.key)] == [
        pod["metadata"]["name"] for pod in cluster.pods if pod["metadata"]["name"] != "stray"
    ]
    assert pods_of_deployment(cluster.store, cluster.key._replace(name="none")) == []


def test_a_pod_without_an_owner_runs_too() -> None:
    cluster = SmallCluster()
    cluster.push("v1")
    metadata = {"name": "stray", "namespace": "shop"}
    spec = {"containers": [{"name": "web", "image": IMAGE}]}
    cluster.store.create({"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec})
    cluster.run(30)
    (event,) = cluster.told("pod.running")
    assert (event.data["deployment"], event.data["replicaset"]) == ("", "")
    cluster.store.delete(Key(POD, "shop", "stray"))
    cluster.run(30)
    assert cluster.pods == []


def test_chance_decides_how_long_things_take() -> None:
    def times(seed: int) -> list[int]:
        cluster = SmallCluster(seed, latencies=type(QUICK)())
        cluster.deploy("v1", 1)
        cluster.run(60)
        return [event.at_ms for event in cluster.log.events]

    assert times(1) == times(1) != times(2)
