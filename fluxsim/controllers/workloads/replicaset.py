"""The ReplicaSet controller: as many pods as wanted, and their counts."""

from __future__ import annotations

from collections.abc import Sequence

from fluxsim.controllers.latencies import Latencies
from fluxsim.controllers.workloads.revisions import SAFE_CHARACTERS
from fluxsim.formats.tree import EMPTY_MAP, Json, Map, get
from fluxsim.kernel.chance import Chance, Stream
from fluxsim.kernel.steps import Steps
from fluxsim.kernel.units import SECOND, Millis, unix_millis
from fluxsim.kube.clock import Clock
from fluxsim.kube.controller import Again, Result, Retry
from fluxsim.kube.errors import ApiError
from fluxsim.kube.events import EventRecorder
from fluxsim.kube.meta import POD, Key, annotations_of, condition, controller_of, key_of
from fluxsim.kube.store import Store

COMPONENT = "replicaset-controller"
NAME_BASE_MAX = 58
DELETION_COST = "controller.kubernetes.io/pod-deletion-cost"


class ReplicaSetReconciler:
    """Makes and removes pods.

    Reads:  the ReplicaSet and its pods.
    Writes: pods; its own status.
    Woken:  by a changed ReplicaSet, by a pod of its own that others changed, and when one has been ready for minReadySeconds.
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
        one = self._store.get(key)
        if one is None:
            return None
        stream = self._chance.stream(f"replicasets/{key.namespace}/{_family(one)}")
        yield self._takes.sync_workload.draw(stream)
        one = self._store.get(key)
        if one is None:
            return None
        pods, refused = self._pods(one), ""
        if not get(one, "metadata", "deletionTimestamp"):
            refused = self._match(one, pods, stream)
            pods = self._pods(one)
        again = self._write_status(one, pods, refused)
        return Retry(refused) if refused else again

    def _pods(self, one: Map) -> list[Map]:
        """Return the pods that count, oldest first: not terminating, not over."""
        return [
            pod
            for pod in self._store.owned(one["metadata"]["uid"], POD)
            if "deletionTimestamp" not in pod["metadata"] and get(pod, "status", "phase") not in ("Failed", "Succeeded")
        ]

    def _match(self, one: Map, pods: Sequence[Map], stream: Stream) -> str:
        """Make or remove pods; return why one could not be made, or nothing."""
        surplus = len(pods) - one["spec"]["replicas"]
        try:
            for _ in range(-surplus):
                self._create(one, stream)
        except ApiError as error:
            self._recorder.record(
                one, "Warning", "FailedCreate", f"Error creating: {error.message}", component=COMPONENT
            )
            return error.message
        if surplus > 0:
            now_ms = self._clock.epoch_ms + self._clock.now_ms
            for pod in sorted(pods, key=lambda pod: _victim_order(pod, now_ms))[:surplus]:
                self._store.delete(key_of(pod), manager=COMPONENT)
                text = f"Deleted pod: {pod['metadata']['name']}"
                self._recorder.record(one, "Normal", "SuccessfulDelete", text, component=COMPONENT)
        return ""

    def _create(self, one: Map, stream: Stream) -> None:
        owner, template = one["metadata"], one["spec"]["template"]
        name = f"{owner['name'][:NAME_BASE_MAX]}-{stream.text(5, SAFE_CHARACTERS)}"
        metadata: dict[str, Json] = {
            "name": name,
            "generateName": f"{owner['name']}-",
            "namespace": owner["namespace"],
            "labels": get(template, "metadata", "labels", default=EMPTY_MAP),
            "ownerReferences": [
                {
                    "apiVersion": "apps/v1",
                    "kind": "ReplicaSet",
                    "name": owner["name"],
                    "uid": owner["uid"],
                    "controller": True,
                    "blockOwnerDeletion": True,
                }
            ],
        }
        annotations = get(template, "metadata", "annotations")
        if annotations:
            metadata["annotations"] = annotations
        pod = {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": template["spec"]}
        self._store.create(pod, actor=COMPONENT)
        self._recorder.record(one, "Normal", "SuccessfulCreate", f"Created pod: {name}", component=COMPONENT)

    def _write_status(self, one: Map, pods: Sequence[Map], refused: str) -> Result:
        least_s: int = one["spec"].get("minReadySeconds", 0)
        now_ms = self._clock.epoch_ms + self._clock.now_ms
        ready = [since for pod in pods if (since := _ready_since(pod)) is not None]
        waits = [since + least_s * SECOND - now_ms for since in ready] if least_s else []
        counts = {
            "fullyLabeledReplicas": len(pods),
            "readyReplicas": len(ready),
            "availableReplicas": sum(wait <= 0 for wait in waits) if least_s else len(ready),
            "observedGeneration": one["metadata"]["generation"],
        }
        status: Json = {"replicas": len(pods)} | {name: count for name, count in counts.items() if count}
        if refused:
            status["conditions"] = [self._failure(one, refused)]
        self._store.write_status(key_of(one), status, manager=COMPONENT)
        later = [wait for wait in waits if wait > 0]
        return Again(min(later)) if later else None

    def _failure(self, one: Map, message: str) -> Json:
        former = condition(one, "ReplicaFailure")
        return {
            "type": "ReplicaFailure",
            "status": "True",
            "lastTransitionTime": former["lastTransitionTime"] if former is not None else self._clock.now_text(),
            "reason": "FailedCreate",
            "message": message,
        }


def _family(one: Map) -> str:
    """Return whose chance a ReplicaSet draws from: its Deployment's, since ReplicaSets come and go."""
    owner = controller_of(one)
    return str(owner["name"] if owner is not None else one["metadata"]["name"])


def _ready_since(pod: Map) -> Millis | None:
    ready = condition(pod, "Ready")
    if ready is None or ready["status"] != "True":
        return None
    return unix_millis(ready["lastTransitionTime"])


def _victim_order(pod: Map, now_ms: Millis) -> tuple[bool, bool, bool, int, int, int, int, str]:
    """Sort the pods that go first to the front.

    Unassigned, pending, not ready, of lower deletion cost, ready for less time, more restarts, newer. Times compare by
    their order of magnitude, so that of pods of one rollout chance decides, which is their uid.
    """
    since = _ready_since(pod)
    restarts = sum(one.get("restartCount", 0) for one in get(pod, "status", "containerStatuses", default=None) or ())
    cost = annotations_of(pod).get(DELETION_COST, "0")
    return (
        bool(pod["spec"].get("nodeName")),
        pod["status"].get("phase") != "Pending",
        since is not None,
        int(cost) if cost.removeprefix("-").isdecimal() else 0,
        (now_ms - since).bit_length() if since is not None else 0,
        -restarts,
        (now_ms - unix_millis(pod["metadata"]["creationTimestamp"])).bit_length(),
        pod["metadata"]["uid"],
    )
