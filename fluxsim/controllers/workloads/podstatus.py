"""The status of a pod, as pure functions: from scheduled over waiting and running to ready.

Every function takes the pod and returns its new status. Conditions stand in Kubernetes' order.
"""

from __future__ import annotations

import hashlib

from fluxsim.formats.imagetag import full_name, split
from fluxsim.formats.tree import EMPTY_MAP, Json, Map, get

_CONDITIONS = ("PodReadyToStartContainers", "Initialized", "Ready", "ContainersReady", "PodScheduled")
_OF_CONTAINERS = ("Ready", "ContainersReady")


def scheduled(pod: Map, now: str) -> Json:
    """Return the status of a pod that got its node: Pending, every container waiting."""
    containers: list[Json] = [
        {
            "name": container["name"],
            "image": container["image"],
            "imageID": "",
            "ready": False,
            "started": False,
            "restartCount": 0,
            "state": {"waiting": {"reason": "ContainerCreating"}},
            "lastState": {},
        }
        for container in pod["spec"]["containers"]
    ]
    number = int(hashlib.blake2b(pod["metadata"]["uid"].encode(), digest_size=2).hexdigest(), 16)
    status: dict[str, Json] = {
        **pod.get("status", EMPTY_MAP),
        "phase": "Pending",
        "hostIP": "10.0.0.10",
        "podIP": f"10.244.{number // 250 % 250}.{number % 250 + 2}",
        "startTime": now,
        "containerStatuses": containers,
    }
    unready = _unready_message(containers)
    status["conditions"] = [
        _condition(kind, value=kind not in _OF_CONTAINERS, now=now, message=unready) for kind in _CONDITIONS
    ]
    return status


def waiting(pod: Map, name: str, reason: str, message: str, now: str) -> Json:
    """Return the status with the container waiting; how its last run ended stays known."""
    old = container_status(pod, name)
    change: dict[str, Json] = {
        "state": {"waiting": {"reason": reason, "message": message}},
        "ready": False,
        "started": False,
    }
    if "terminated" in old["state"]:
        change["lastState"] = old["state"]
    return _with_container(pod, name, change, now)


def started(pod: Map, name: str, digest: str, now: str, *, container_id: str) -> Json:
    """Return the status with the container running, once more where it ran before."""
    image: str = next(container["image"] for container in pod["spec"]["containers"] if container["name"] == name)
    old = container_status(pod, name)
    last = old["state"] if "terminated" in old["state"] else old["lastState"]
    change = {
        "image": reported_image(image),
        "imageID": f"{full_name(image)}@{digest}",
        "containerID": f"containerd://{container_id}",
        "state": {"running": {"startedAt": now}},
        "lastState": last,
        "restartCount": old["restartCount"] + (1 if last else 0),
        "started": True,
        "ready": False,
    }
    return _with_container(pod, name, change, now)


def reported_image(image: str) -> str:
    """Return a reference as the runtime reports it, its host and tag written out."""
    parts = split(image)
    return f"{full_name(image)}@{parts.digest}" if parts.digest else f"{full_name(image)}:{parts.tag or 'latest'}"


def made_ready(pod: Map, name: str, now: str) -> Json:
    return _with_container(pod, name, {"ready": True}, now)


def exited(pod: Map, name: str, now: str) -> Json:
    """Return the status after the container exited with 1, before the kubelet has said what follows."""
    old = container_status(pod, name)
    ended = {
        "exitCode": 1,
        "reason": "Error",
        "startedAt": get(old, "state", "running", "startedAt", default=now),
        "finishedAt": now,
        "containerID": old.get("containerID", ""),
    }
    return _with_container(pod, name, {"state": {"terminated": ended}, "ready": False, "started": False}, now)


def container_status(pod: Map, name: str) -> Json:
    """Return what the status says of a container, or an empty map."""
    statuses = get(pod, "status", "containerStatuses", default=None) or ()
    return next((one for one in statuses if one["name"] == name), EMPTY_MAP)


def is_running(pod: Map, name: str) -> bool:
    return get(container_status(pod, name), "state", "running") is not None


def is_ready(pod: Map, name: str) -> bool:
    return bool(container_status(pod, name).get("ready"))


def _with_container(pod: Map, name: str, change: dict[str, Json], now: str) -> Json:
    status: Json = pod["status"]
    containers = [one | change if one["name"] == name else one for one in status["containerStatuses"]]
    ready = all(one["ready"] for one in containers)
    told = "" if ready else _unready_message(containers)
    conditions: list[Json] = []
    for entry in status["conditions"]:
        if entry["type"] in _OF_CONTAINERS:
            same = (entry["status"] == "True") == ready
            since = entry["lastTransitionTime"] if same else now
            if not same or entry.get("message", "") != told:
                entry = _condition(entry["type"], value=ready, now=since, message=told)
        conditions.append(entry)
    waits = any("waiting" in one["state"] and not one["lastState"] for one in containers)
    return {
        **status,
        "phase": "Pending" if waits else "Running",
        "containerStatuses": containers,
        "conditions": conditions,
    }


def _condition(kind: str, *, value: bool, now: str, message: str) -> dict[str, Json]:
    entry: dict[str, Json] = {
        "type": kind,
        "status": "True" if value else "False",
        "lastProbeTime": None,
        "lastTransitionTime": now,
    }
    if not value:
        entry |= {"reason": "ContainersNotReady", "message": message}
    return entry


def _unready_message(containers: list[Json]) -> str:
    names = " ".join(one["name"] for one in containers if not one["ready"])
    return f"containers with unready status: [{names}]"
