"""Scheduler and kubelet of a one-node cluster: a pod is assigned, its images pulled, its containers started and probed.

Source: kubernetes v1.33 pkg/kubelet (texts of 1.32 to 1.34), containerd's error texts: see docs/fidelity.md.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Protocol

from fluxsim.controllers.latencies import Latencies
from fluxsim.controllers.workloads import podstatus
from fluxsim.formats.tree import Json, Map, evolve, get
from fluxsim.kernel.chance import Chance, Stream
from fluxsim.kernel.log import Log
from fluxsim.kernel.steps import Steps
from fluxsim.kernel.units import MINUTE, SECOND, Millis
from fluxsim.kube.clock import Clock
from fluxsim.kube.controller import After, Result
from fluxsim.kube.events import EventRecorder
from fluxsim.kube.meta import CONFIG_MAP, POD, REPLICA_SET, SECRET, Key, controller_of
from fluxsim.kube.store import Store

NODE = "node-1"
COMPONENT = "kubelet"
SCHEDULER = "default-scheduler"
BACKOFF_MS: Millis = 10 * SECOND
BACKOFF_MAX_MS: Millis = 5 * MINUTE
BACKOFF_FORGOTTEN_MS: Millis = 10 * MINUTE
SYNC_MS: Millis = 10 * SECOND


@dataclass(frozen=True, slots=True)
class Image:
    """What a reference resolves to: the digest that runs, and how the program in it behaves."""

    digest: str
    size: int
    app: str


class PullRefused(Exception):
    """The runtime could not pull; the text is containerd's."""


class Images(Protocol):
    """Where the node pulls from."""

    def pull(self, reference: str) -> Image:
        """Return the image, or raise PullRefused."""
        ...


@dataclass(slots=True)
class _Backoff:
    """How often something failed in a row, when it last did, and when the next try may start."""

    wait_ms: Millis = 0
    failed_ms: Millis = -1
    next_ms: Millis = 0

    def failed(self, now_ms: Millis) -> None:
        forgotten = self.failed_ms >= 0 and now_ms - self.failed_ms > BACKOFF_FORGOTTEN_MS
        self.wait_ms = BACKOFF_MS if not self.wait_ms or forgotten else min(2 * self.wait_ms, BACKOFF_MAX_MS)
        self.failed_ms = now_ms
        self.next_ms = now_ms + self.wait_ms


@dataclass(slots=True)
class _Node:
    """What the node remembers, beside the API: pulled images by reference, back-offs by pod and container."""

    images: dict[str, Image] = field(default_factory=dict[str, Image])
    running: dict[tuple[str, str], Image] = field(default_factory=dict[tuple[str, str], Image])
    pulls: dict[tuple[str, str], _Backoff] = field(default_factory=dict[tuple[str, str], _Backoff])
    crashes: dict[tuple[str, str], _Backoff] = field(default_factory=dict[tuple[str, str], _Backoff])


class KubeletReconciler:
    """Brings a pod from Pending to Ready, or tells why not.

    Reads:  the pod; images from the registry; ConfigMaps and Secrets it refers to.
    Writes: the pod's status; removes deleted pods.
    Woken:  by a created or deleted pod; by its own back-off, probes and start-up times.
    """

    def __init__(
        self,
        images: Images,
        *,
        store: Store,
        recorder: EventRecorder,
        clock: Clock,
        log: Log,
        chance: Chance,
        latencies: Latencies,
    ) -> None:
        self._images = images
        self._store = store
        self._recorder = recorder
        self._clock = clock
        self._log = log
        self._chance = chance
        self._takes = latencies
        self._node = _Node()

    def reconcile(self, key: Key) -> Steps[Result]:
        pod = self._store.get(key)
        if pod is None:
            return None
        stream = self._chance.stream(f"pod/{key.namespace}/{key.name}")
        if get(pod, "metadata", "deletionTimestamp"):
            return (yield from self._stop(key, pod, stream))
        if not pod["spec"].get("nodeName"):
            yield self._takes.schedule_pod.draw(stream)
            if not self._assign(key):
                return None
        return (yield from self._run(key, stream))

    # -- scheduling and the end

    def _assign(self, key: Key) -> bool:
        pod = self._store.get(key)
        if pod is None or get(pod, "metadata", "deletionTimestamp"):
            return pod is not None
        bound = self._store.replace(pod, evolve(pod, ("spec", "nodeName"), NODE))
        text = f"Successfully assigned {key.namespace}/{key.name} to {NODE}"
        self._recorder.record(bound, "Normal", "Scheduled", text, component=SCHEDULER)
        self._store.write_status(key, podstatus.scheduled(bound, self._clock.now_text()), manager=COMPONENT)
        self._log.append("pod.scheduled", SCHEDULER, {"namespace": key.namespace, "pod": key.name, "node": NODE})
        return True

    def _stop(self, key: Key, pod: Map, stream: Stream) -> Steps[Result]:
        for container in pod["spec"]["containers"]:
            if podstatus.is_running(pod, container["name"]):
                self._tell(pod, container["name"], "Normal", "Killing", f"Stopping container {container['name']}")
        yield self._takes.stop_container.draw(stream)
        if self._store.get(key) is not None:
            self._store.delete(key, manager=COMPONENT)
            uid = pod["metadata"]["uid"]
            for memory in (self._node.pulls, self._node.crashes, self._node.running):
                for entry in [entry for entry in memory if entry[0] == uid]:
                    del memory[entry]
            self._log.append("pod.deleted", COMPONENT, {"namespace": key.namespace, "pod": key.name})
        return None

    # -- containers

    def _run(self, key: Key, stream: Stream) -> Steps[Result]:
        """Advance every container as far as it goes now; come back when the next thing is due."""
        waits: list[Millis] = []
        pod = self._store.get(key)
        if pod is None:
            return None
        for container in pod["spec"]["containers"]:
            wait_ms = yield from self._advance(key, container, stream)
            if self._store.get(key) is None:
                return None
            if wait_ms is not None:
                waits.append(wait_ms)
        return After(min(waits)) if waits else None

    def _advance(self, key: Key, container: Json, stream: Stream) -> Steps[Millis | None]:
        pod = self._store.need(key)
        name: str = container["name"]
        if podstatus.is_running(pod, name):
            return self._watch(key, container)
        mine = (pod["metadata"]["uid"], name)
        crash = self._node.crashes.get(mine)
        if crash is not None and crash.next_ms > self._clock.now_ms:
            return crash.next_ms - self._clock.now_ms
        missing = self._missing_reference(pod, container)
        if missing:
            self._waiting(key, name, "CreateContainerConfigError", missing)
            self._tell(pod, name, "Warning", "Failed", f"Error: {missing}")
            return SYNC_MS
        image = yield from self._pulled(key, container, stream)
        if image is None:
            backoff = self._node.pulls[mine]
            return max(SECOND, backoff.next_ms - self._clock.now_ms) + stream.below(SYNC_MS)
        yield self._takes.start_container.draw(stream)
        pod = self._store.get(key)
        if pod is None or get(pod, "metadata", "deletionTimestamp"):
            return None
        return self._start(key, container, image, container_id=stream.hex(64))

    def _pulled(self, key: Key, container: Json, stream: Stream) -> Steps[Image | None]:
        pod = self._store.need(key)
        name, reference, policy = (
            container["name"],
            container["image"],
            container.get("imagePullPolicy", "IfNotPresent"),
        )
        cached = self._node.images.get(reference)
        if policy != "Always" and cached is not None:
            self._tell(pod, name, "Normal", "Pulled", f'Container image "{reference}" already present on machine')
            return cached
        mine = (pod["metadata"]["uid"], name)
        backoff = self._node.pulls.setdefault(mine, _Backoff())
        if backoff.next_ms > self._clock.now_ms:
            return None
        if policy == "Never":
            text = f'Container image "{reference}" is not present with pull policy of Never'
            self._refused(key, name, reference, text, "ErrImageNeverPull", backoff)
            return None
        self._tell(pod, name, "Normal", "Pulling", f'Pulling image "{reference}"')
        try:
            image = self._images.pull(reference)
        except PullRefused as refused:
            yield self._takes.pull_refused.draw(stream)
            if self._store.get(key) is not None:
                self._refused(key, name, reference, str(refused), "ErrImagePull", backoff)
            return None
        takes_ms = self._takes.pull_image.draw(stream)
        yield takes_ms
        if self._store.get(key) is None:
            return None
        self._node.images[reference] = image
        self._node.pulls.pop(mine, None)
        took = f"{takes_ms / 1000:.3f}".rstrip("0").rstrip(".") + "s"
        text = f'Successfully pulled image "{reference}" in {took} ({took} including waiting). Image size: {image.size} bytes.'
        self._tell(self._store.need(key), name, "Normal", "Pulled", text)
        data = {
            "namespace": key.namespace,
            "pod": key.name,
            "container": name,
            "image": reference,
            "digest": image.digest,
        }
        self._log.append("image.pulled", COMPONENT, data)
        return image

    def _refused(self, key: Key, name: str, reference: str, text: str, reason: str, backoff: _Backoff) -> None:
        pod = self._store.need(key)
        first = not backoff.wait_ms
        backoff.failed(self._clock.now_ms)
        if reason == "ErrImagePull":
            self._tell(pod, name, "Warning", "Failed", f'Failed to pull image "{reference}": {text}')
        self._tell(pod, name, "Warning", "Failed", f"Error: {reason}")
        if first:
            self._waiting(key, name, reason, text)
        else:
            self._tell(pod, name, "Normal", "BackOff", f'Back-off pulling image "{reference}"')
            self._tell(pod, name, "Warning", "Failed", "Error: ImagePullBackOff")
            self._waiting(key, name, "ImagePullBackOff", f'Back-off pulling image "{reference}": ErrImagePull: {text}')
        data = {
            "namespace": key.namespace,
            "pod": key.name,
            "container": name,
            "image": reference,
            "reason": reason,
            "message": text,
        }
        self._log.append("pod.failed", COMPONENT, data)

    def _start(self, key: Key, container: Json, image: Image, *, container_id: str) -> Millis | None:
        pod = self._store.need(key)
        name: str = container["name"]
        self._tell(pod, name, "Normal", "Created", f"Created container: {name}")
        self._tell(pod, name, "Normal", "Started", f"Started container {name}")
        self._node.running[(pod["metadata"]["uid"], name)] = image
        status = podstatus.started(pod, name, image.digest, self._clock.now_text(), container_id=container_id)
        self._store.write_status(key, status, manager=COMPONENT)
        self._log.append("pod.running", COMPONENT, self._described(key, container, image))
        return self._watch(key, container)

    def _watch(self, key: Key, container: Json) -> Millis | None:
        """Judge a running container; return when to look again."""
        pod = self._store.need(key)
        name: str = container["name"]
        image = self._node.running.get((pod["metadata"]["uid"], name))
        if image is None:
            return None
        ran_ms = self._clock.now_ms - podstatus.started_ms(pod, name, self._clock.epoch_ms)
        if image.app == "crash":
            dies_ms = 2 * SECOND
            if ran_ms < dies_ms:
                return dies_ms - ran_ms
            return self._crashed(key, container)
        if podstatus.is_ready(pod, name):
            return None
        probe = container.get("readinessProbe")
        if probe is None:
            return self._ready(key, container, image)
        due_ms = probe.get("initialDelaySeconds", 0) * SECOND + podstatus.share(
            pod, name, self._takes.become_ready.low, self._takes.become_ready.high
        )
        if image.app == "slow":
            due_ms += MINUTE
        if image.app == "unready":
            self._tell(
                pod, name, "Warning", "Unhealthy", "Readiness probe failed: HTTP probe failed with statuscode: 500"
            )
            return probe.get("periodSeconds", 10) * SECOND if ran_ms < 3 * MINUTE else None
        return self._ready(key, container, image) if ran_ms >= due_ms else due_ms - ran_ms

    def _ready(self, key: Key, container: Json, image: Image) -> None:
        pod = self._store.need(key)
        self._store.write_status(
            key, podstatus.made_ready(pod, container["name"], self._clock.now_text()), manager=COMPONENT
        )
        self._log.append("pod.ready", COMPONENT, self._described(key, container, image))

    def _crashed(self, key: Key, container: Json) -> Millis:
        pod = self._store.need(key)
        name: str = container["name"]
        backoff = self._node.crashes.setdefault((pod["metadata"]["uid"], name), _Backoff())
        first = not backoff.wait_ms and backoff.failed_ms < 0
        if first:
            backoff.failed_ms, backoff.next_ms = self._clock.now_ms, self._clock.now_ms
        else:
            backoff.failed(self._clock.now_ms)
        where = f"{name} in pod {key.name}_{key.namespace}({pod['metadata']['uid']})"
        told = f"back-off {_go_seconds(backoff.wait_ms)} restarting failed container={name} pod={key.name}_{key.namespace}({pod['metadata']['uid']})"
        status = podstatus.crashed(pod, name, self._clock.now_text(), told)
        written = self._store.write_status(key, status, manager=COMPONENT)
        if not first:
            self._tell(written, name, "Warning", "BackOff", f"Back-off restarting failed container {where}")
        data = {
            "namespace": key.namespace,
            "pod": key.name,
            "container": name,
            "reason": "CrashLoopBackOff",
            "message": told,
        }
        self._log.append("pod.failed", COMPONENT, data)
        return max(1, backoff.next_ms - self._clock.now_ms)

    def _waiting(self, key: Key, name: str, reason: str, message: str) -> None:
        pod = self._store.need(key)
        self._store.write_status(key, podstatus.waiting(pod, name, reason, message), manager=COMPONENT)

    def _missing_reference(self, pod: Map, container: Json) -> str:
        """Return the text for a ConfigMap or Secret that the container's environment needs and the cluster lacks."""
        namespace = pod["metadata"]["namespace"]
        for kind, word, reference in podstatus.environment_references(container):
            if (
                not reference.get("optional")
                and self._store.get(Key(CONFIG_MAP if kind == "ConfigMap" else SECRET, namespace, reference["name"]))
                is None
            ):
                return f'{word} "{reference["name"]}" not found'
        return ""

    def _described(self, key: Key, container: Json, image: Image) -> dict[str, Json]:
        pod = self._store.need(key)
        owner = controller_of(pod)
        replica_set = owner["name"] if owner is not None and owner["kind"] == "ReplicaSet" else ""
        above = (
            controller_of(self._store.get(Key(REPLICA_SET, key.namespace, replica_set)) or {}) if replica_set else None
        )
        return {
            "namespace": key.namespace,
            "pod": key.name,
            "container": container["name"],
            "image": container["image"],
            "digest": image.digest,
            "deployment": above["name"] if above is not None else "",
            "replicaset": replica_set,
        }

    def _tell(self, pod: Map, container: str, kind: str, reason: str, message: str) -> None:
        self._recorder.record(
            pod,
            "Warning" if kind == "Warning" else "Normal",
            reason,
            message,
            component=COMPONENT,
            field_path=f"spec.containers{{{container}}}",
            host=NODE,
        )


def pods_of_deployment(store: Store, key: Key) -> list[Map]:
    """Return the pods behind a Deployment, those of its oldest ReplicaSet first."""
    deployment = store.get(key)
    if deployment is None:
        return []
    sets = [store.need(owned) for owned in store.owned_by(deployment["metadata"]["uid"]) if owned.kind == REPLICA_SET]
    return [store.need(owned) for one in sets for owned in store.owned_by(one["metadata"]["uid"]) if owned.kind == POD]


def _go_seconds(span_ms: Millis) -> str:
    minutes, seconds = divmod(span_ms // SECOND, 60)
    return f"{minutes}m{seconds}s" if minutes else f"{seconds}s"
