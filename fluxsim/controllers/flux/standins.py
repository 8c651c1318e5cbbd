"""Flux kinds and workloads whose controllers are not simulated: they become ready after a moment, and are listed as assumed.

A HelmRelease installs no chart here; a StatefulSet, DaemonSet or Job runs no pod. What waits for them goes on.
"""

from __future__ import annotations

from collections.abc import Callable

from fluxsim.formats.tree import EMPTY_MAP, Json, Map, get
from fluxsim.kernel.schedule import Schedule
from fluxsim.kernel.units import SECOND, Millis
from fluxsim.kube.clock import Clock
from fluxsim.kube.meta import FLUX_SOURCE, Key, Kind, generation_of
from fluxsim.kube.store import Change, Store

DELAY_MS: Millis = 5 * SECOND


class StandIns:
    """Marks objects of these kinds ready whenever their spec is new."""

    def __init__(self, store: Store, schedule: Schedule, clock: Clock) -> None:
        self._store = store
        self._schedule = schedule
        self._clock = clock
        self.seen: dict[Key, None] = {}
        for kind in _READY:
            store.watch(kind, self._changed)

    def _changed(self, change: Change) -> None:
        if change.new is None or generation_of(change.new) == get(change.new, "status", "observedGeneration"):
            return
        if change.old is not None and generation_of(change.old) == generation_of(change.new):
            return
        self.seen.setdefault(change.key)
        self._schedule.after(DELAY_MS, lambda: self._ready(change.key))

    def _ready(self, key: Key) -> None:
        obj = self._store.get(key)
        if obj is not None and not get(obj, "spec", "suspend"):
            manager, status = _READY[key.kind](obj, self._clock.now_text())
            self._store.write_status(key, obj.get("status", EMPTY_MAP) | status, manager=manager)


def _flux(manager: str, reason: str, message: str) -> Callable[[Map, str], tuple[str, Json]]:
    def ready(obj: Map, now: str) -> tuple[str, Json]:
        generation = generation_of(obj)
        condition = {
            "type": "Ready",
            "status": "True",
            "reason": reason,
            "message": message,
            "observedGeneration": generation,
            "lastTransitionTime": now,
        }
        return manager, {"observedGeneration": generation, "conditions": [condition]}

    return ready


def _replicas(obj: Map, _now: str) -> tuple[str, Json]:
    count = get(obj, "spec", "replicas", default=1)
    counts = dict.fromkeys(
        ("replicas", "readyReplicas", "currentReplicas", "updatedReplicas", "availableReplicas"), count
    )
    return "kube-controller-manager", counts | {"observedGeneration": generation_of(obj)}


def _daemons(obj: Map, _now: str) -> tuple[str, Json]:
    names = (
        "desiredNumberScheduled",
        "currentNumberScheduled",
        "numberReady",
        "numberAvailable",
        "updatedNumberScheduled",
    )
    return "kube-controller-manager", dict.fromkeys(names, 1) | {
        "numberMisscheduled": 0,
        "observedGeneration": generation_of(obj),
    }


def _job(_obj: Map, now: str) -> tuple[str, Json]:
    done = {"type": "Complete", "status": "True", "lastProbeTime": now, "lastTransitionTime": now}
    return "kube-controller-manager", {"succeeded": 1, "startTime": now, "completionTime": now, "conditions": [done]}


_NOT_DONE = {
    "HelmRepository": "no index is fetched",
    "HelmChart": "no chart is fetched",
    "OCIRepository": "no artifact is fetched",
    "Bucket": "no artifact is fetched",
    "HelmRelease": "no chart is installed",
    "Receiver": "no webhook arrives",
    "StatefulSet": "no pod runs",
    "DaemonSet": "no pod runs",
    "Job": "no pod runs",
}


def stands_in(kind: Kind) -> str:
    """Return what a stand-in leaves out and what it does."""
    return f"{_NOT_DONE[kind.name]}, it becomes ready {DELAY_MS // SECOND}s after each change"


_READY: dict[Kind, Callable[[Map, str], tuple[str, Json]]] = {
    Kind("HelmRepository", FLUX_SOURCE): _flux("source-controller", "Succeeded", "assumed: index fetched"),
    Kind("HelmChart", FLUX_SOURCE): _flux("source-controller", "Succeeded", "assumed: chart fetched"),
    Kind("OCIRepository", FLUX_SOURCE): _flux("source-controller", "Succeeded", "assumed: artifact fetched"),
    Kind("Bucket", FLUX_SOURCE): _flux("source-controller", "Succeeded", "assumed: bucket fetched"),
    Kind("HelmRelease", "helm.toolkit.fluxcd.io"): _flux(
        "helm-controller", "InstallSucceeded", "assumed: chart installed"
    ),
    Kind("Receiver", "notification.toolkit.fluxcd.io"): _flux(
        "notification-controller", "Succeeded", "assumed: receiver set up"
    ),
    Kind("StatefulSet", "apps"): _replicas,
    Kind("DaemonSet", "apps"): _daemons,
    Kind("Job", "batch"): _job,
}
