"""A cluster of one node with nothing but the workload controllers: what the tests here play in."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

from fluxsim.controllers.latencies import Latencies, Span
from fluxsim.controllers.workloads.deployment import DeploymentReconciler
from fluxsim.controllers.workloads.garbage import GarbageCollector
from fluxsim.controllers.workloads.kubelet import Image, KubeletReconciler, PullRefused
from fluxsim.controllers.workloads.replicaset import ReplicaSetReconciler
from fluxsim.controllers.workloads.triggers import WorkloadTriggers
from fluxsim.formats.tree import Json, Map, evolve
from fluxsim.kernel.chance import Chance
from fluxsim.kernel.log import Event, Log
from fluxsim.kernel.schedule import Schedule
from fluxsim.kernel.units import SECOND, Millis
from fluxsim.kube.admission import admit
from fluxsim.kube.clock import Clock
from fluxsim.kube.controller import Controller, Reconciler
from fluxsim.kube.errors import Forbidden
from fluxsim.kube.events import EventRecorder
from fluxsim.kube.meta import DEPLOYMENT, POD, REPLICA_SET, Key, Kind, kind_of
from fluxsim.kube.store import Store

EPOCH_MS = 1_772_442_000_000
REPOSITORY = "registry.test/shop/web"
QUICK = Latencies(
    sync_workload=Span(5, 5),
    schedule_pod=Span(10, 10),
    pull_image=Span(2000, 2000),
    head_manifest=Span(100, 100),
    pull_refused=Span(500, 500),
    start_container=Span(400, 400),
    stop_container=Span(1000, 1000),
    become_ready=Span(3000, 3000),
)
"""Every step takes its time, always the same."""


class Shelf:
    """A registry of tags; one that is missing is told of as containerd does."""

    def __init__(self) -> None:
        self.tags: dict[str, Image] = {}
        self.pulls: list[str] = []

    def pull(self, reference: str) -> Image:
        self.pulls.append(reference)
        if reference not in self.tags:
            raise PullRefused(f"{reference}: not found")
        return self.tags[reference]


class Vault:
    """Knows the secrets by name."""

    def __init__(self) -> None:
        self.names: set[str] = set()

    def has(self, namespace: str, name: str) -> bool:
        return f"{namespace}/{name}" in self.names


class SmallCluster:
    """Store, schedule, the three controllers and the garbage collector. Times in the methods are seconds."""

    def __init__(self, seed: int = 1, latencies: Latencies = QUICK, *, shuffled: bool = False) -> None:
        chance = Chance(seed)
        self.schedule = Schedule(ties=chance.stream("ties") if shuffled else None)
        self.log = Log(EPOCH_MS, lambda: self.schedule.now_ms)
        self.clock = Clock(self.schedule, chance, EPOCH_MS)
        self.refused: set[Kind] = set()
        self.store = Store(self.log, self.clock, self._admit)
        self.recorder = EventRecorder(self.store, self.log, self.clock)
        self.shelf = Shelf()
        self.vault = Vault()
        around: dict[str, Any] = {"store": self.store, "recorder": self.recorder, "clock": self.clock, "chance": chance}
        kubelet = KubeletReconciler(self.shelf, self.vault, log=self.log, latencies=latencies, **around)
        self.controllers = {
            DEPLOYMENT: self._controller(
                "deployment-controller", DeploymentReconciler(latencies=latencies, **around), 5
            ),
            REPLICA_SET: self._controller(
                "replicaset-controller", ReplicaSetReconciler(latencies=latencies, **around), 5
            ),
            POD: self._controller("kubelet", kubelet, 1000),
        }
        WorkloadTriggers(self.store, self.controllers)
        GarbageCollector(self.store, self.schedule)
        self.store.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "shop"}})

    def _admit(self, new: Json, old: Json) -> Json:
        if old is None and kind_of(new) in self.refused:
            raise Forbidden("exceeded quota: small")
        return admit(new, old)

    def _controller(self, name: str, reconciler: Reconciler, workers: int) -> Controller:
        return Controller(name, reconciler, store=self.store, schedule=self.schedule, log=self.log, workers=workers)

    # -- acting

    def push(self, tag: str, app: str = "ok", digest: str = "") -> None:
        self.shelf.tags[f"{REPOSITORY}:{tag}"] = Image(digest or f"sha256:{tag}", 1000, app)

    def deploy(self, tag: str, replicas: int = 3, *, probe: bool = True, app: str = "ok", **spec: Json) -> Map:
        """Push the tag and create the Deployment shop/web of it."""
        self.push(tag, app)
        container: Json = {"name": "web", "image": f"{REPOSITORY}:{tag}"}
        if probe:
            container["readinessProbe"] = {"httpGet": {"port": 8080}, "periodSeconds": 1}
        return self.store.create(deployment(container, replicas, **spec), manager="tester")

    def release(self, tag: str, app: str = "ok") -> None:
        """Push the tag and roll it out."""
        self.push(tag, app)
        self.set_image(tag)

    def set_image(self, tag: str) -> None:
        path = ("spec", "template", "spec", "containers", 0, "image")
        self.change(lambda old: evolve(old, path, f"{REPOSITORY}:{tag}"))

    def set(self, **fields: Json) -> None:
        """Set fields of the Deployment's spec."""
        self.store.patch(self.key, {"spec": fields}, manager="tester")

    def change(self, change: Callable[[Map], Map]) -> None:
        old = self.store.need(self.key)
        self.store.replace(old, change(old), manager="tester")

    def run(self, seconds: float) -> None:
        """Let time pass."""
        self.schedule.run_to(self.schedule.now_ms + round(seconds * SECOND))

    # -- looking

    @property
    def key(self) -> Key:
        return Key(DEPLOYMENT, "shop", "web")

    @property
    def now_s(self) -> float:
        return self.schedule.now_ms / SECOND

    @property
    def deployment(self) -> Map:
        return self.store.need(self.key)

    @property
    def pods(self) -> list[Map]:
        return self.store.list(POD)

    def status(self, *names: str) -> list[int]:
        return [self.deployment["status"].get(name, 0) for name in names]

    def condition(self, kind: str) -> str:
        for entry in self.deployment["status"]["conditions"]:
            if entry["type"] == kind:
                return f"{entry['status']} {entry['reason']}: {entry['message']}"
        return ""

    def sizes(self) -> dict[str, int]:
        """Return the size of each ReplicaSet by its tag, oldest first."""
        return {tag_of(one): one["spec"]["replicas"] for one in self.sets()}

    def revisions(self) -> dict[str, str]:
        return {tag_of(one): one["metadata"]["annotations"]["deployment.kubernetes.io/revision"] for one in self.sets()}

    def sets(self) -> list[Map]:
        owned = self.store.owned_by(self.deployment["metadata"]["uid"])
        return [self.store.need(key) for key in owned if key.kind == REPLICA_SET]

    def running(self) -> list[str]:
        """Return the tags of the ready pods, sorted."""
        return sorted(tag_of_pod(pod) for pod in self.pods if _is_ready(pod))

    def events(self, *reasons: str, kind: Kind | None = None) -> list[str]:
        """Return the messages of the Events with these reasons, in order, as often as they were logged."""
        return [
            event.data["message"]
            for event in self.log.events
            if event.kind == "event.recorded"
            and event.data["reason"] in reasons
            and (kind is None or event.data["kind"] == str(kind))
        ]

    def told(self, kind: str) -> list[Event]:
        return [event for event in self.log.events if event.kind == kind]

    def state(self) -> str:
        """Return what the only pod's container waits for: `reason: message`, or `running` or `terminated`."""
        (pod,) = self.pods
        state = pod["status"]["containerStatuses"][0]["state"]
        waiting = state.get("waiting")
        return next(iter(state)) if waiting is None else f"{waiting['reason']}: {waiting.get('message', '')}"


def deployment(container: Json, replicas: int = 3, **spec: Json) -> Json:
    """Return the manifest of shop/web."""
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "web", "namespace": "shop"},
        "spec": {
            "replicas": replicas,
            "selector": {"matchLabels": {"app": "web"}},
            "template": {"metadata": {"labels": {"app": "web"}}, "spec": {"containers": [container]}},
            **spec,
        },
    }


def slower(**spans: Millis) -> Latencies:
    """Return the latencies with some of other length."""
    return dataclasses.replace(QUICK, **{name: Span(span, span) for name, span in spans.items()})


def tag_of(replica_set: Map) -> str:
    return str(replica_set["spec"]["template"]["spec"]["containers"][0]["image"]).rpartition(":")[2]


def tag_of_pod(pod: Map) -> str:
    return str(pod["spec"]["containers"][0]["image"]).rpartition(":")[2]


def _is_ready(pod: Map) -> bool:
    return all(one["ready"] for one in pod["status"].get("containerStatuses", [{"ready": False}]))
