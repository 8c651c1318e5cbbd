"""Scheduler and kubelet of a one-node cluster: a pod is assigned, its images pulled, its containers started and probed.

Source: kubernetes v1.33 pkg/kubelet (texts of 1.32 to 1.34), containerd's error texts: see docs/differences.md.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field

from fluxsim.controllers.latencies import Latencies
from fluxsim.controllers.workloads import podstatus, probes
from fluxsim.controllers.workloads.backoff import ContainerBackoff
from fluxsim.controllers.workloads.nodeimages import (
    NOTICED_MS,
    SYNC_MS,
    Image,
    Images,
    NodeImages,
    NoImage,
    PullRefused,
    Tell,
)
from fluxsim.controllers.workloads.references import References, Secrets
from fluxsim.formats.durations import millis_text
from fluxsim.formats.tree import Json, Map, get
from fluxsim.kernel.chance import Chance, Stream
from fluxsim.kernel.log import Log
from fluxsim.kernel.steps import Steps
from fluxsim.kernel.units import MINUTE, SECOND, Millis
from fluxsim.kube.clock import Clock
from fluxsim.kube.controller import Again, Result
from fluxsim.kube.events import EventRecorder, Level
from fluxsim.kube.meta import POD, REPLICA_SET, Key, controller_of
from fluxsim.kube.store import Store

__all__ = ["NODE", "Image", "Images", "KubeletReconciler", "PullRefused", "Secrets", "pods_of_deployment"]

NODE = "node-1"
COMPONENT = "kubelet"
SCHEDULER = "default-scheduler"

CRASHES_AFTER_MS: Millis = 2 * SECOND
SLOW_MS: Millis = MINUTE
MOUNT_AGAIN_MS: Millis = 500
MOUNT_AGAIN_MAX_MS: Millis = 2 * MINUTE + 2 * SECOND
PROBE_BURST = 25
"""After so many failures in a row a probe is told of only every PROBE_TOLD_MS, as the limit on Events has it."""
PROBE_TOLD_MS: Millis = 5 * MINUTE


@dataclass(slots=True)
class _Container:
    """A running container: its image, since when it runs, how long its program needs to answer, how often it did not."""

    image: Image
    since_ms: Millis
    boots_ms: Millis
    unanswered: int = 0


@dataclass(slots=True)
class _Memory:
    """What the node knows of a pod, beside the API; gone with the pod."""

    stream: Stream
    running: dict[str, _Container] = field(default_factory=dict[str, _Container])
    exited_ms: dict[str, Millis] = field(default_factory=dict[str, Millis])
    crashes: dict[str, ContainerBackoff] = field(default_factory=dict[str, ContainerBackoff])
    pulls: dict[str, ContainerBackoff] = field(default_factory=dict[str, ContainerBackoff])
    starts: int = 0
    mounts: int = 0
    """How often a volume could not be mounted in a row."""


class KubeletReconciler:
    """Brings a pod from Pending to Ready, or tells why not.

    Reads:  the pod; images from the registry; ConfigMaps and Secrets it refers to.
    Writes: the pod's status; removes deleted pods.
    Woken:  by a created, changed or deleted pod; by its own back-off, probes and start-up times.
    """

    def __init__(
        self,
        images: Images,
        secrets: Secrets,
        *,
        store: Store,
        recorder: EventRecorder,
        clock: Clock,
        log: Log,
        chance: Chance,
        latencies: Latencies,
    ) -> None:
        self._images = NodeImages(images, clock=clock, latencies=latencies)
        self._references = References(store, secrets)
        self._store = store
        self._recorder = recorder
        self._clock = clock
        self._log = log
        self._chance = chance
        self._takes = latencies
        self._memories: dict[str, _Memory] = {}

    def reconcile(self, key: Key) -> Steps[Result]:
        pod = self._store.get(key)
        if pod is None:
            return None
        uid: str = pod["metadata"]["uid"]
        memory = self._memories.get(uid) or _Memory(self._chance.passing(f"pod/{key.namespace}/{key.name}"))
        if "deletionTimestamp" in pod["metadata"]:
            return (yield from self._stop(key, uid, memory))
        if not pod["spec"].get("nodeName"):
            yield self._takes.schedule_pod.draw(memory.stream)
            if not self._alive(key):
                return None
            self._assign(key)
        self._memories[uid] = memory
        pod = self._store.need(key)
        unmounted = "" if memory.running else self._references.missing_in_volumes(key.namespace, pod["spec"])
        if unmounted:
            return Again(self._cannot_mount(pod, unmounted, memory))
        waits: list[Millis] = []
        for container in pod["spec"]["containers"]:
            wait_ms = yield from self._advance(key, container, memory)
            if not self._alive(key):
                return None
            if wait_ms is not None:
                waits.append(wait_ms)
        return Again(min(waits)) if waits else None

    def _alive(self, key: Key) -> bool:
        pod = self._store.get(key)
        return pod is not None and "deletionTimestamp" not in pod["metadata"]

    # -- scheduling and the end

    def _assign(self, key: Key) -> None:
        status = podstatus.scheduled(self._store.need(key), self._clock.now_text())
        bound = self._store.bind(key, NODE, status, actor=SCHEDULER)
        text = f"Successfully assigned {key.namespace}/{key.name} to {NODE}"
        self._recorder.record(bound, "Normal", "Scheduled", text, component=SCHEDULER)
        self._log.append("pod.scheduled", SCHEDULER, {"namespace": key.namespace, "pod": key.name, "node": NODE})

    def _stop(self, key: Key, uid: str, memory: _Memory) -> Steps[Result]:
        for name in memory.running:
            self._teller(key, name)("Normal", "Killing", f"Stopping container {name}")
        if memory.running:
            yield self._takes.stop_container.draw(memory.stream)
        self._memories.pop(uid, None)
        if self._store.get(key) is not None:
            self._store.delete(key, manager=COMPONENT, at_once=True)
            self._log.append("pod.deleted", COMPONENT, {"namespace": key.namespace, "pod": key.name})
        return None

    def _cannot_mount(self, pod: Map, why: str, memory: _Memory) -> Millis:
        """Tell why the pod does not begin; it is tried again ever more seldom."""
        memory.mounts += 1
        again = memory.mounts > 1
        self._recorder.record(pod, "Warning", "FailedMount", why, component=COMPONENT, host=NODE, quiet=again)
        return min(MOUNT_AGAIN_MS << min(memory.mounts - 1, 10), MOUNT_AGAIN_MAX_MS)

    # -- containers; each step returns when to look again

    def _advance(self, key: Key, container: Json, memory: _Memory) -> Steps[Millis | None]:
        """Bring a container as far as it goes now."""
        name: str = container["name"]
        running = memory.running.get(name)
        if running is not None:
            if not self._redefined(key, container):
                return self._watch(key, container, running, memory)
            self._teller(key, name)("Normal", "Killing", f"Container {name} definition changed, will be restarted")
            yield self._takes.stop_container.draw(memory.stream)
            del memory.running[name]
        left_ms = self._crash_left(name, memory)
        if left_ms:
            return left_ms
        missing = self._references.missing_in_environment(key.namespace, container)
        if missing:
            return self._lacks(key, name, missing, memory)
        found = yield from self._images.ensure(container, memory.pulls, self._teller(key, name), memory.stream)
        if not self._alive(key):
            return None
        if isinstance(found, NoImage):
            return self._waits_for_image(key, container, found)
        if found.pulled:
            pulled = {"namespace": key.namespace, "pod": key.name, "container": name, "image": container["image"]}
            self._log.append("image.pulled", COMPONENT, pulled | {"digest": found.image.digest})
        yield self._takes.start_container.draw(memory.stream)
        return self._start(key, container, found.image, memory) if self._alive(key) else None

    def _redefined(self, key: Key, container: Json) -> bool:
        """Return whether somebody changed the image of a running container in place."""
        running = get(podstatus.container_status(self._store.need(key), container["name"]), "image", default="")
        return bool(running != podstatus.reported_image(container["image"]))

    def _lacks(self, key: Key, name: str, missing: str, memory: _Memory) -> Millis:
        written = self._write(key, podstatus.waiting, name, "CreateContainerConfigError", missing)
        self._teller(key, name)("Warning", "Failed", f"Error: {missing}", again=not written)
        return SYNC_MS + memory.stream.below(SYNC_MS // 2)

    def _waits_for_image(self, key: Key, container: Json, why: NoImage) -> Millis:
        name: str = container["name"]
        if self._write(key, podstatus.waiting, name, why.reason, why.message) and why.failed:
            self._tell_failed(key, container, why.reason, why.message)
        return why.again_ms

    def _start(self, key: Key, container: Json, image: Image, memory: _Memory) -> Millis | None:
        name: str = container["name"]
        pod = self._store.need(key)
        tell = self._teller(key, name)
        tell("Normal", "Created", f"Created container: {name}")
        tell("Normal", "Started", f"Started container {name}")
        memory.starts += 1
        started = f"{pod['metadata']['uid']}/{name}/{memory.starts}".encode()
        boots_ms = self._takes.become_ready.draw(memory.stream) + (SLOW_MS if image.app == "slow" else 0)
        running = memory.running[name] = _Container(image, self._clock.now_ms, boots_ms)
        if name in memory.exited_ms:
            memory.crashes.setdefault(name, ContainerBackoff()).raise_at(self._clock.now_ms)
        now = self._clock.now_text()
        container_id = hashlib.blake2b(started, digest_size=32).hexdigest()
        status = podstatus.started(pod, name, image.digest, now, container_id=container_id)
        if self._answers_at_once(container, image):
            status = podstatus.made_ready(Map({**pod, "status": status}), name, now)
        self._store.write_status(key, status, manager=COMPONENT)
        self._log.append("pod.running", COMPONENT, self._described(key, container, image))
        if podstatus.is_ready(self._store.need(key), name):
            self._log.append("pod.ready", COMPONENT, self._described(key, container, image))
        return self._watch(key, container, running, memory)

    def _answers_at_once(self, container: Json, image: Image) -> bool:
        probed = container.get("readinessProbe") is not None or container.get("startupProbe") is not None
        return image.app != "crash" and not probed

    def _watch(self, key: Key, container: Json, running: _Container, memory: _Memory) -> Millis | None:
        """Judge a running container."""
        ran_ms = self._clock.now_ms - running.since_ms
        if running.image.app == "crash":
            left_ms = CRASHES_AFTER_MS - ran_ms
            return left_ms if left_ms > 0 else self._crashed(key, container, memory)
        if podstatus.is_ready(self._store.need(key), container["name"]):
            return None
        if running.image.app == "unready":
            return self._unanswered(key, container, running)
        due_ms = probes.ready_after(container, running.boots_ms)
        if ran_ms < due_ms:
            return due_ms - ran_ms
        self._write(key, podstatus.made_ready, container["name"])
        self._log.append("pod.ready", COMPONENT, self._described(key, container, running.image))
        return None

    def _unanswered(self, key: Key, container: Json, running: _Container) -> Millis:
        """Tell of a readiness probe that fails; come back for the next one."""
        probe = container.get("readinessProbe") or container.get("startupProbe") or {}
        first_ms = (probe.get("initialDelaySeconds") or 0) * SECOND
        ran_ms = self._clock.now_ms - running.since_ms
        if ran_ms < first_ms:
            return first_ms - ran_ms
        running.unanswered += 1
        text = "Readiness probe failed: HTTP probe failed with statuscode: 500"
        self._teller(key, container["name"])("Warning", "Unhealthy", text, again=running.unanswered > 1)
        return probes.period_of(probe) if running.unanswered < PROBE_BURST else PROBE_TOLD_MS

    # -- crashes

    def _crash_left(self, name: str, memory: _Memory) -> Millis:
        backoff, exited_ms = memory.crashes.get(name), memory.exited_ms.get(name)
        return 0 if backoff is None or exited_ms is None else backoff.left(exited_ms, self._clock.now_ms)

    def _crashed(self, key: Key, container: Json, memory: _Memory) -> Millis:
        """Write how the container ended; the first time it starts again at once, then it has to wait."""
        name: str = container["name"]
        del memory.running[name]
        memory.exited_ms[name] = self._clock.now_ms
        pod = self._store.need(key)
        status = podstatus.exited(pod, name, self._clock.now_text())
        left_ms = self._crash_left(name, memory)
        reason, told = "Error", ""
        if left_ms:
            where = f"{key.name}_{key.namespace}({pod['metadata']['uid']})"
            wait = millis_text(memory.crashes[name].wait_ms)
            reason, told = "CrashLoopBackOff", f"back-off {wait} restarting failed container={name} pod={where}"
            ended = Map({**pod, "status": status})
            status = podstatus.waiting(ended, name, reason, told, self._clock.now_text())
            text = f"Back-off restarting failed container {name} in pod {where}"
            self._teller(key, name)("Warning", "BackOff", text, again=memory.crashes[name].failures > 1)
        self._store.write_status(key, status, manager=COMPONENT)
        self._tell_failed(key, container, reason, told or "container exited with code 1")
        return left_ms or NOTICED_MS

    # -- writing and telling

    def _write(self, key: Key, change: Callable[..., Json], name: str, *told: str) -> bool:
        """Write what a function of podstatus makes of the pod now; return whether that is news."""
        pod = self._store.need(key)
        status = change(pod, name, *told, self._clock.now_text())
        return self._store.write_status(key, status, manager=COMPONENT) is not pod

    def _described(self, key: Key, container: Json, image: Image) -> dict[str, Json]:
        owner = controller_of(self._store.need(key))
        replica_set = owner["name"] if owner is not None and owner["kind"] == "ReplicaSet" else ""
        one = self._store.get(Key(REPLICA_SET, key.namespace, replica_set)) if replica_set else None
        above = controller_of(one) if one is not None else None
        return {
            "namespace": key.namespace,
            "pod": key.name,
            "container": container["name"],
            "image": container["image"],
            "digest": image.digest,
            "deployment": above["name"] if above is not None else "",
            "replicaset": replica_set,
        }

    def _tell_failed(self, key: Key, container: Json, reason: str, message: str) -> None:
        data = {
            "namespace": key.namespace,
            "pod": key.name,
            "container": container["name"],
            "image": container["image"],
            "reason": reason,
            "message": message,
        }
        self._log.append("pod.failed", COMPONENT, data)

    def _teller(self, key: Key, container: str) -> Tell:
        def tell(kind: Level, reason: str, message: str, *, again: bool = False) -> None:
            pod = self._store.get(key)
            if pod is not None:
                where = f"spec.containers{{{container}}}"
                self._recorder.record(
                    pod, kind, reason, message, component=COMPONENT, field_path=where, host=NODE, quiet=again
                )

        return tell


def pods_of_deployment(store: Store, key: Key) -> list[Map]:
    """Return the pods behind a Deployment, those of its oldest ReplicaSet first."""
    deployment = store.get(key)
    if deployment is None:
        return []
    sets = [store.need(owned) for owned in store.owned_by(deployment["metadata"]["uid"]) if owned.kind == REPLICA_SET]
    return [store.need(owned) for one in sets for owned in store.owned_by(one["metadata"]["uid"]) if owned.kind == POD]
