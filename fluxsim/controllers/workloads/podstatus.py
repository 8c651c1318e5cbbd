"""The status of a pod, as pure functions: from scheduled over waiting and running to ready.

Every function takes the pod and returns its new status. Conditions stand in Kubernetes' order.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator

from fluxsim.formats.tree import Json, Map, get
from fluxsim.kernel.units import Millis, unix_millis

_CONDITIONS = ("PodReadyToStartContainers", "Initialized", "Ready", "ContainersReady", "PodScheduled")


def scheduled(pod: Map, now: str) -> Json:
    """Return the status of a pod that got its node: Pending, every container waiting."""
    containers = [
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
        "phase": "Pending",
        "hostIP": "10.0.0.10",
        "podIP": f"10.244.{number // 250 % 250}.{number % 250 + 2}",
        "startTime": now,
        "qosClass": "Burstable",
        "containerStatuses": containers,
    }
    unready = _unready_message(containers)
    values = {
        "PodReadyToStartContainers": True,
        "Initialized": True,
        "Ready": False,
        "ContainersReady": False,
        "PodScheduled": True,
    }
    status["conditions"] = [_condition(kind, value=values[kind], now=now, message=unready) for kind in _CONDITIONS]
    return status


def waiting(pod: Map, name: str, reason: str, message: str) -> Json:
    return _with_container(
        pod, name, {"state": {"waiting": {"reason": reason, "message": message}}, "ready": False, "started": False}, ""
    )


def started(pod: Map, name: str, digest: str, now: str, *, container_id: str) -> Json:
    image = next(container["image"] for container in pod["spec"]["containers"] if container["name"] == name)
    repository = image.partition("@")[0]
    head, colon, tail = repository.rpartition(":")
    repository = head if colon and "/" not in tail else repository
    change = {
        "state": {"running": {"startedAt": now}},
        "started": True,
        "ready": False,
        "imageID": f"{repository}@{digest}",
        "containerID": f"containerd://{container_id}",
    }
    return _with_container(pod, name, change, now)


def made_ready(pod: Map, name: str, now: str) -> Json:
    return _with_container(pod, name, {"ready": True}, now)


def crashed(pod: Map, name: str, now: str, message: str) -> Json:
    """Return the status after the container exited with 1: waiting to be restarted, one restart more."""
    old = _container(pod, name)
    ended = {
        "terminated": {
            "exitCode": 1,
            "reason": "Error",
            "startedAt": get(old, "state", "running", "startedAt", default=now),
            "finishedAt": now,
            "containerID": old.get("containerID", ""),
        }
    }
    change = {
        "state": {"waiting": {"reason": "CrashLoopBackOff", "message": message}},
        "lastState": ended,
        "ready": False,
        "started": False,
        "restartCount": old["restartCount"] + 1,
    }
    return _with_container(pod, name, change, now)


def is_running(pod: Map, name: str) -> bool:
    return get(_container(pod, name), "state", "running") is not None


def is_ready(pod: Map, name: str) -> bool:
    return bool(_container(pod, name).get("ready"))


def started_ms(pod: Map, name: str, epoch_ms: Millis) -> Millis:
    """Return when the running container started, in virtual milliseconds (whole seconds)."""
    return unix_millis(_container(pod, name)["state"]["running"]["startedAt"]) - epoch_ms


def share(pod: Map, name: str, low: Millis, high: Millis) -> Millis:
    """Return this container's own fixed span between low and high: how long it takes to answer its probe."""
    digits = hashlib.blake2b(f"{pod['metadata']['uid']}/{name}".encode(), digest_size=4).hexdigest()
    return low + int(digits, 16) % (high - low + 1)


def environment_references(container: Json) -> Iterator[tuple[str, str, Json]]:
    """Yield (kind, word in messages, reference) for each ConfigMap and Secret in the container's environment."""
    for source in container.get("envFrom") or ():
        if "configMapRef" in source:
            yield "ConfigMap", "configmap", source["configMapRef"]
        if "secretRef" in source:
            yield "Secret", "secret", source["secretRef"]
    for variable in container.get("env") or ():
        origin = variable.get("valueFrom") or {}
        if "configMapKeyRef" in origin:
            yield "ConfigMap", "configmap", origin["configMapKeyRef"]
        if "secretKeyRef" in origin:
            yield "Secret", "secret", origin["secretKeyRef"]


def _container(pod: Map, name: str) -> Json:
    return next((one for one in get(pod, "status", "containerStatuses", default=None) or () if one["name"] == name), {})


def _with_container(pod: Map, name: str, change: dict[str, Json], now: str) -> Json:
    status: Json = pod["status"]
    containers = [one | change if one["name"] == name else one for one in status["containerStatuses"]]
    waits = any("waiting" in one["state"] and not one["lastState"] for one in containers)
    ready = all(one["ready"] for one in containers)
    message = _unready_message(containers)
    told = "" if ready else message
    conditions: list[Json] = []
    for entry in status["conditions"]:
        same = (entry["status"] == "True") == ready and entry.get("message", "") == told
        if entry["type"] in ("Ready", "ContainersReady") and not same:
            entry = _condition(entry["type"], value=ready, now=now or entry["lastTransitionTime"], message=message)
        conditions.append(entry)
    return status | {
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
