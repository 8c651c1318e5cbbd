"""The ReplicaSet controller: as many pods as wanted, and their counts."""

from __future__ import annotations

from collections.abc import Sequence

from fluxsim.controllers.latencies import Latencies
from fluxsim.controllers.workloads.revisions import SAFE_CHARACTERS
from fluxsim.formats.tree import Json, Map, get
from fluxsim.kernel.chance import Chance
from fluxsim.kernel.steps import Steps
from fluxsim.kernel.units import SECOND, Millis, unix_millis
from fluxsim.kube.clock import Clock
from fluxsim.kube.controller import After, Result
from fluxsim.kube.events import EventRecorder
from fluxsim.kube.meta import POD, Key, condition
from fluxsim.kube.store import Store

COMPONENT = "replicaset-controller"
_MANAGER = "kube-controller-manager"
NAME_BASE_MAX = 58


class ReplicaSetReconciler:
    """Makes and removes pods.

    Reads:  the ReplicaSet and its pods.
    Writes: pods; its own status.
    Woken:  by a changed ReplicaSet or pod of its own, and when a pod has been ready for minReadySeconds.
    Source: kubernetes v1.28 pkg/controller/replicaset, controller_utils.go ActivePodsWithRanks.
    """

    def __init__(
        self, *, store: Store, recorder: EventRecorder, clock: Clock, chance: Chance, latencies: Latencies
    ) -> None:
        self._store = store
        self._recorder = recorder
        self._clock = clock
        self._chance = chance
        self._takes = latencies

    def reconcile(self, key: Key) -> Steps[Result]:
        if self._store.get(key) is None:
            return None
        yield self._takes.sync_workload.draw(self._chance.stream(f"replicaset/{key.namespace}/{key.name}"))
        one = self._store.get(key)
        if one is None:
            return None
        pods = self._pods(one)
        if not get(one, "metadata", "deletionTimestamp"):
            self._match(one, pods)
        return self._write_status(key)

    def _pods(self, one: Map) -> list[Map]:
        """Return the pods that count: not terminating, not over."""
        found = [self._store.need(key) for key in self._store.owned_by(one["metadata"]["uid"]) if key.kind == POD]
        return [
            pod
            for pod in found
            if not get(pod, "metadata", "deletionTimestamp")
            and get(pod, "status", "phase") not in ("Failed", "Succeeded")
        ]

    def _match(self, one: Map, pods: Sequence[Map]) -> None:
        wanted: int = one["spec"]["replicas"]
        for _ in range(wanted - len(pods)):
            self._create(one)
        if len(pods) > wanted:
            for pod in sorted(pods, key=_victim_order)[: len(pods) - wanted]:
                self._delete(one, pod)

    def _create(self, one: Map) -> None:
        stream = self._chance.stream(f"pods/{one['metadata']['namespace']}/{one['metadata']['name']}")
        name = f"{one['metadata']['name'][:NAME_BASE_MAX]}-{stream.text(5, SAFE_CHARACTERS)}"
        template = one["spec"]["template"]
        metadata: dict[str, Json] = {
            "name": name,
            "generateName": f"{one['metadata']['name']}-",
            "namespace": one["metadata"]["namespace"],
            "labels": get(template, "metadata", "labels", default={}),
            "ownerReferences": [
                {
                    "apiVersion": "apps/v1",
                    "kind": "ReplicaSet",
                    "name": one["metadata"]["name"],
                    "uid": one["metadata"]["uid"],
                    "controller": True,
                    "blockOwnerDeletion": True,
                }
            ],
        }
        annotations = get(template, "metadata", "annotations")
        if annotations:
            metadata["annotations"] = annotations
        self._store.create({"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": template["spec"]})
        self._recorder.record(one, "Normal", "SuccessfulCreate", f"Created pod: {name}", component=COMPONENT)

    def _delete(self, one: Map, pod: Map) -> None:
        name: str = pod["metadata"]["name"]
        grace: int = get(pod, "spec", "terminationGracePeriodSeconds", default=30)
        self._store.mark_deleted(Key(POD, pod["metadata"]["namespace"], name), grace_s=grace, manager=COMPONENT)
        self._recorder.record(one, "Normal", "SuccessfulDelete", f"Deleted pod: {name}", component=COMPONENT)

    def _write_status(self, key: Key) -> Result:
        one = self._store.need(key)
        pods = self._pods(one)
        ready_s: int = one["spec"].get("minReadySeconds", 0)
        now_ms = self._clock.epoch_ms + self._clock.now_ms
        waits = [wait for pod in pods if (wait := _available_in(pod, ready_s, now_ms)) is not None]
        counts = {
            "fullyLabeledReplicas": len(pods),
            "readyReplicas": sum(_ready_since(pod) is not None for pod in pods),
            "availableReplicas": sum(wait == 0 for wait in waits),
            "observedGeneration": one["metadata"]["generation"],
        }
        status: Json = {"replicas": len(pods)} | {name: count for name, count in counts.items() if count}
        self._store.write_status(key, status, manager=_MANAGER)
        later = [wait for wait in waits if wait > 0]
        return After(min(later)) if later else None


def _ready_since(pod: Map) -> Millis | None:
    ready = condition(pod, "Ready")
    if ready is None or ready["status"] != "True":
        return None
    return unix_millis(ready["lastTransitionTime"])


def _available_in(pod: Map, min_ready_s: int, now_ms: Millis) -> Millis | None:
    """Return the time until a ready pod counts as available, 0 for now; None for one that is not ready."""
    since = _ready_since(pod)
    if since is None:
        return None
    return max(0, since + min_ready_s * SECOND - now_ms) if min_ready_s else 0


def _victim_order(pod: Map) -> tuple[bool, int, bool, int, int, int, str]:
    """Sort the pods that go first to the front: unassigned, pending, not ready, ready for less time, more restarts, newer."""
    phase = {"Pending": 0, "Unknown": 1}.get(get(pod, "status", "phase", default="Pending"), 2)
    since = _ready_since(pod)
    restarts = sum(one.get("restartCount", 0) for one in get(pod, "status", "containerStatuses", default=None) or ())
    created = unix_millis(pod["metadata"]["creationTimestamp"])
    return (
        bool(pod["spec"].get("nodeName")),
        phase,
        since is not None,
        -(since or 0),
        -restarts,
        -created,
        pod["metadata"]["uid"],
    )
