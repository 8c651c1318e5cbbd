"""The pod model behind the rollout traces: one-second steps in which pods appear, become ready and go at fixed ages.

The Deployment controller is fluxsim's own; ReplicaSets, pods and their times are the model's.
"""

from __future__ import annotations

from typing import Any

from fluxsim.controllers.latencies import Latencies
from fluxsim.controllers.workloads import revisions
from fluxsim.controllers.workloads.deployment import DeploymentReconciler
from fluxsim.controllers.workloads.deploymentstatus import NO_DEADLINE
from fluxsim.formats.tree import Json, Map, thaw
from fluxsim.kernel.chance import Chance
from fluxsim.kernel.log import Log
from fluxsim.kernel.schedule import Schedule
from fluxsim.kernel.units import SECOND
from fluxsim.kube.clock import Clock
from fluxsim.kube.events import EventRecorder
from fluxsim.kube.meta import DEPLOYMENT, REPLICA_SET, Key, annotations_of, key_of
from fluxsim.kube.store import Store

Settings = dict[str, Any]


class Trace:
    """One rollout: the settings are a case's input."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._schedule = Schedule()
        chance = Chance(1)
        log = Log(0, lambda: self._schedule.now_ms)
        clock = Clock(self._schedule, chance, 0)
        # The server would refuse what some traces are about, so nothing is admitted and all defaults are written.
        self._store = Store(log, clock, lambda new, _old: new)
        recorder = EventRecorder(self._store, log, clock)
        self._controller = DeploymentReconciler(
            store=self._store, recorder=recorder, clock=clock, chance=chance, latencies=Latencies()
        )
        self._log = log
        self._events_shown = 0
        self._pods = 0
        self._ready_s: dict[Key, int] = {}
        self._gone_s: dict[Key, int] = {}
        self._key = Key(DEPLOYMENT, "default", "web")

    def steps(self) -> list[Json]:
        """Play the trace; return a snapshot after every sync that changed anything."""
        self._store.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "default"}})
        self._store.create(self._deployment())
        shown: list[Json] = []
        for now_s in range(self._settings["until_s"] + 1):
            self._schedule.run_to(now_s * SECOND)
            for action in self._settings["actions"]:
                if action["at"] == now_s:
                    self._act(action)
            while self._step(now_s):
                snapshot = self._snapshot()
                if snapshot["events"] or not shown or snapshot != {**shown[-1], "t": None, "events": []}:
                    shown.append(snapshot | {"t": now_s})
        return shown

    def _step(self, now_s: int) -> bool:
        before = self._store.version
        self._stop_pods(now_s)
        for one in self._store.list(REPLICA_SET):
            self._match(one, now_s)
        self._controller.sync(self._key)
        return self._store.version != before

    # -- the Deployment

    def _deployment(self) -> Json:
        given = self._settings
        strategy: Json = {"type": given["strategy"]}
        if given["strategy"] == "RollingUpdate":
            strategy["rollingUpdate"] = {name: given[name] for name in ("maxSurge", "maxUnavailable")}
        return {
            "apiVersion": "apps/v1",
            "kind": "Deployment",
            "metadata": {"name": "web", "namespace": "default"},
            "spec": {
                "replicas": given["replicas"],
                "selector": {"matchLabels": {"app": "web"}},
                "strategy": strategy,
                "minReadySeconds": given["minReadySeconds"],
                "progressDeadlineSeconds": given["progressDeadlineSeconds"] or NO_DEADLINE,
                "revisionHistoryLimit": given["revisionHistoryLimit"],
                "template": {
                    "metadata": {"labels": {"app": "web"}},
                    "spec": {"containers": [{"name": "app", "image": given["image"]}]},
                },
            },
        }

    def _act(self, action: Json) -> None:
        old = self._store.need(self._key)
        new = thaw(old)
        if "image" in action:
            new["spec"]["template"]["spec"]["containers"][0]["image"] = action["image"]
        for name in ("replicas", "paused"):
            if name in action:
                new["spec"][name] = action[name]
        if "annotate" in action:
            new["metadata"].setdefault("annotations", {}).update(action["annotate"])
        self._store.replace(old, new)

    # -- ReplicaSets and pods

    def _match(self, one: Map, now_s: int) -> None:
        pods = self._pods_of(one)
        for _ in range(one["spec"]["replicas"] - len(pods)):
            self._start_pod(one, now_s)
        surplus = len(pods) - one["spec"]["replicas"]
        if surplus > 0:
            for key in sorted(pods, key=lambda key: self._victim_order(key, now_s))[:surplus]:
                self._gone_s[key] = now_s + self._settings["terminate_after_s"]
        pods = self._pods_of(one)
        ready = [self._ready_s[key] for key in pods if self._ready_s[key] <= now_s]
        least_s = one["spec"].get("minReadySeconds", 0)
        counts = {
            "replicas": len(pods),
            "readyReplicas": len(ready),
            "availableReplicas": sum(since + least_s <= now_s for since in ready),
            "observedGeneration": one["metadata"]["generation"],
        }
        self._store.write_status(key_of(one), {name: count for name, count in counts.items() if count}, manager="model")

    def _pods_of(self, one: Map) -> list[Key]:
        owned = self._store.owned_by(one["metadata"]["uid"])
        return [key for key in owned if key not in self._gone_s]

    def _victim_order(self, key: Key, now_s: int) -> tuple[bool, int, int]:
        since = self._ready_s[key]
        return (since <= now_s, -since if since <= now_s else 0, -int(key.name))

    def _start_pod(self, one: Map, now_s: int) -> None:
        self._pods += 1
        owner = {"kind": "ReplicaSet", "name": one["metadata"]["name"], "uid": one["metadata"]["uid"]}
        metadata = {"name": str(self._pods), "namespace": "default", "ownerReferences": [owner]}
        pod = self._store.create({"apiVersion": "v1", "kind": "Pod", "metadata": metadata})
        never = _image_of(one) in self._settings["never_ready_images"]
        self._ready_s[key_of(pod)] = self._settings["until_s"] + 1 if never else now_s + self._settings["ready_after_s"]

    def _stop_pods(self, now_s: int) -> None:
        for key in [key for key, at_s in self._gone_s.items() if at_s <= now_s]:
            del self._gone_s[key]
            self._store.delete(key)

    # -- what is compared

    def _snapshot(self) -> Json:
        deployment = self._store.need(self._key)
        sets = self._store.list(REPLICA_SET)
        status = deployment["status"]
        notes = {_image_of(one): annotations_of(one) for one in sets}
        snapshot: Json = {
            "t": None,
            "rs": {_image_of(one): _counts(one) for one in sets},
            "deployment": {
                "available": status.get("availableReplicas", 0),
                "observedGeneration": status.get("observedGeneration", 0),
                "ready": status.get("readyReplicas", 0),
                "replicas": status.get("replicas", 0),
                "revision": annotations_of(deployment).get(revisions.REVISION, ""),
                "unavailable": status.get("unavailableReplicas", 0),
                "updated": status.get("updatedReplicas", 0),
            },
            "conditions": [
                self._named(f"{entry['type']}={entry['status']} {entry['reason']}: {entry['message']}")
                for entry in status.get("conditions", ())
            ],
            "events": self._new_events(),
            "revisions": {image: noted[revisions.REVISION] for image, noted in notes.items()},
        }
        history = {image: noted[revisions.HISTORY] for image, noted in notes.items() if revisions.HISTORY in noted}
        return snapshot | ({"revision_history": history} if history else {})

    def _new_events(self) -> list[str]:
        fresh = self._log.events[self._events_shown :]
        self._events_shown = len(self._log.events)
        return [
            self._named(f"{event.data['type']} {event.data['reason']} {event.data['message']}")
            for event in fresh
            if event.kind == "event.recorded"
        ]

    def _named(self, text: str) -> str:
        for one in self._store.list(REPLICA_SET):
            text = text.replace(one["metadata"]["name"], f"<rs:{_image_of(one)}>")
        return text


def _image_of(one: Map) -> str:
    return str(one["spec"]["template"]["spec"]["containers"][0]["image"])


def _counts(one: Map) -> dict[str, int]:
    status = one.get("status", {})
    counts = {name: status.get(f"{name}Replicas", 0) for name in ("ready", "available")}
    return {"spec": one["spec"]["replicas"], "replicas": status.get("replicas", 0)} | counts
