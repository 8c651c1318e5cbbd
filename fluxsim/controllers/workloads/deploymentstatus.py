"""The status of a Deployment: counts, conditions in Kubernetes' words, the progress deadline.

Source: kubernetes v1.28 pkg/controller/deployment/{sync,progress}.go.
"""

from __future__ import annotations

from collections.abc import Sequence

from fluxsim.controllers.workloads import revisions
from fluxsim.formats import rollout
from fluxsim.formats.tree import EMPTY_MAP, Json, Map, get
from fluxsim.kernel.units import SECOND, Millis, unix_millis
from fluxsim.kube.clock import Clock
from fluxsim.kube.meta import Key
from fluxsim.kube.store import Store

NO_DEADLINE = 2147483647
_MANAGER = "kube-controller-manager"


class StatusWriter:
    """Writes the status of Deployments."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    def sync(self, key: Key, new: Map | None, old: Sequence[Map], *, rolling_out: bool = False) -> Millis | None:
        """Write the status from the ReplicaSets; return when the progress deadline must be judged, or None."""
        deployment = self._store.need(key)
        status = self._counted(deployment, new, old)
        if rolling_out:
            status = self._progressed(deployment, new, status)
        if status != deployment.get("status", EMPTY_MAP):
            self._store.write_status(key, status, manager=_MANAGER)
        return self._judged_in(self._store.need(key), status) if rolling_out else None

    def check_paused(self, key: Key) -> None:
        """Say that a Deployment was paused or resumed, unless it has timed out."""
        deployment = self._store.need(key)
        current = _condition(deployment.get("status", EMPTY_MAP), "Progressing")
        if not _has_deadline(deployment) or (current is not None and current["reason"] == "ProgressDeadlineExceeded"):
            return
        noted = current is not None and current["reason"] == "DeploymentPaused"
        paused = bool(deployment["spec"].get("paused"))
        if paused and not noted:
            self._note(key, "Unknown", "DeploymentPaused", "Deployment is paused")
        elif noted and not paused:
            self._note(key, "Unknown", "DeploymentResumed", "Deployment is resumed")

    def found(self, key: Key, new: Map) -> None:
        """Note the current ReplicaSet's revision on the Deployment."""
        deployment = self._store.need(key)
        status: Json = deployment.get("status", EMPTY_MAP)
        if _has_deadline(deployment) and _condition(status, "Progressing") is None:
            text = f'Found new replica set "{new["metadata"]["name"]}"'
            status = self._with(status, "Progressing", "True", "FoundNewReplicaSet", text)
        self._write(key, deployment, status, revisions.number(new))

    def created(self, key: Key, new: Map, revision: int) -> None:
        deployment = self._store.need(key)
        status: Json = deployment.get("status", EMPTY_MAP)
        if _has_deadline(deployment):
            text = f'Created new replica set "{new["metadata"]["name"]}"'
            status = self._with(status, "Progressing", "True", "NewReplicaSetCreated", text)
        self._write(key, deployment, status, revision)

    def _write(self, key: Key, deployment: Map, status: Json, revision: int) -> None:
        annotations = {} if revisions.number(deployment) == revision else {revisions.REVISION: str(revision)}
        if annotations or status != deployment.get("status", EMPTY_MAP):
            self._store.write_status(key, status, manager=_MANAGER, annotations=annotations)

    def _note(self, key: Key, status: str, reason: str, message: str) -> None:
        deployment = self._store.need(key)
        noted = self._with(deployment.get("status", EMPTY_MAP), "Progressing", status, reason, message)
        self._store.write_status(key, noted, manager=_MANAGER)

    def _counted(self, deployment: Map, new: Map | None, old: Sequence[Map]) -> Json:
        every = [*old, new] if new is not None else list(old)
        available = _sum(every, "availableReplicas")
        limits = rollout.bounds(deployment["spec"])
        counts = {
            "observedGeneration": deployment["metadata"]["generation"],
            "replicas": _sum(every, "replicas"),
            "updatedReplicas": _sum([new] if new is not None else [], "replicas"),
            "readyReplicas": _sum(every, "readyReplicas"),
            "availableReplicas": available,
            "unavailableReplicas": max(0, sum(one["spec"]["replicas"] for one in every) - available),
            "collisionCount": get(deployment, "status", "collisionCount", default=0),
        }
        status: Json = {name: count for name, count in counts.items() if count}
        status["conditions"] = get(deployment, "status", "conditions", default=None) or []
        if available >= limits.least_available:
            return self._with(
                status, "Available", "True", "MinimumReplicasAvailable", "Deployment has minimum availability."
            )
        return self._with(
            status, "Available", "False", "MinimumReplicasUnavailable", "Deployment does not have minimum availability."
        )

    def _progressed(self, deployment: Map, new: Map | None, status: Json) -> Json:
        before: Json = deployment.get("status", EMPTY_MAP)
        if not _has_deadline(deployment):
            return status | {"conditions": [entry for entry in status["conditions"] if entry["type"] != "Progressing"]}
        current = _condition(before, "Progressing")
        done = (
            status.get("replicas", 0) == status.get("updatedReplicas", 0)
            and current is not None
            and current["reason"] == "NewReplicaSetAvailable"
        )
        what = (
            f'ReplicaSet "{new["metadata"]["name"]}"'
            if new is not None
            else f'Deployment "{deployment["metadata"]["name"]}"'
        )
        if not done:
            if rollout.complete(deployment["spec"]["replicas"], status, deployment["metadata"]["generation"]):
                status = self._with(
                    status, "Progressing", "True", "NewReplicaSetAvailable", f"{what} has successfully progressed."
                )
            elif rollout.progressing(before, status):
                status = self._moving(status, current, f"{what} is progressing.")
            elif self._timed_out(deployment, status):
                status = self._with(
                    status, "Progressing", "False", "ProgressDeadlineExceeded", f"{what} has timed out progressing."
                )
        return self._with_failure(status, new)

    def _moving(self, status: Json, current: Json, message: str) -> Json:
        """Refresh Progressing: its update time moves with every sign of progress."""
        now = self._clock.now_text()
        since = current["lastTransitionTime"] if current is not None and current["status"] == "True" else now
        fresh = {
            "type": "Progressing",
            "status": "True",
            "lastUpdateTime": now,
            "lastTransitionTime": since,
            "reason": "ReplicaSetUpdated",
            "message": message,
        }
        return status | {
            "conditions": [*(entry for entry in status["conditions"] if entry["type"] != "Progressing"), fresh]
        }

    def _with_failure(self, status: Json, new: Map | None) -> Json:
        failure = _condition(new.get("status", EMPTY_MAP), "ReplicaFailure") if new is not None else None
        rest = [entry for entry in status["conditions"] if entry["type"] != "ReplicaFailure"]
        if failure is None:
            return status | {"conditions": rest}
        return self._with(status, "ReplicaFailure", failure["status"], failure["reason"], failure["message"])

    def _timed_out(self, deployment: Map, status: Json) -> bool:
        current = _condition(status, "Progressing")
        if current is None or current["reason"] == "NewReplicaSetAvailable":
            return False
        if current["reason"] == "ProgressDeadlineExceeded":
            return True
        return self._now_ms() > _deadline(deployment, current)

    def _judged_in(self, deployment: Map, status: Json) -> Millis | None:
        current = _condition(status, "Progressing")
        if not _has_deadline(deployment) or current is None:
            return None
        if current["reason"] in ("ProgressDeadlineExceeded", "NewReplicaSetAvailable") or rollout.complete(
            deployment["spec"]["replicas"], status
        ):
            return None
        return max(0, _deadline(deployment, current) - self._now_ms()) + SECOND

    def _with(self, status: Json, kind: str, value: str, reason: str, message: str) -> Json:
        """Return the status with a condition set as Kubernetes does: the same status and reason change nothing; a change moves it to the end."""
        listed: list[Json] = list(status.get("conditions") or ())
        current = _condition(status, kind)
        if current is not None and (current["status"], current["reason"]) == (value, reason):
            return status
        now = self._clock.now_text()
        since = current["lastTransitionTime"] if current is not None and current["status"] == value else now
        fresh = {
            "type": kind,
            "status": value,
            "lastUpdateTime": now,
            "lastTransitionTime": since,
            "reason": reason,
            "message": message,
        }
        return status | {"conditions": [*(entry for entry in listed if entry["type"] != kind), fresh]}

    def _now_ms(self) -> Millis:
        return self._clock.epoch_ms + self._clock.now_ms


def _condition(status: Json, kind: str) -> Json:
    return next((entry for entry in status.get("conditions") or () if entry["type"] == kind), None)


def _has_deadline(deployment: Map) -> bool:
    return deployment["spec"].get("progressDeadlineSeconds", 600) != NO_DEADLINE


def _deadline(deployment: Map, current: Json) -> Millis:
    return unix_millis(current["lastUpdateTime"]) + deployment["spec"].get("progressDeadlineSeconds", 600) * SECOND


def _sum(sets: Sequence[Map], field: str) -> int:
    return sum(get(one, "status", field, default=0) for one in sets)
