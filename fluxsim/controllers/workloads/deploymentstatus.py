"""The status of a Deployment: counts, conditions in Kubernetes' words, the progress deadline.

Source: kubernetes v1.28 pkg/controller/deployment/{sync,progress}.go.
"""

from __future__ import annotations

from collections.abc import Sequence

from fluxsim.controllers.workloads import revisions
from fluxsim.controllers.workloads.members import Member
from fluxsim.formats import rollout
from fluxsim.formats.rollout import Bounds
from fluxsim.formats.tree import EMPTY_MAP, Json, Map
from fluxsim.kernel.units import SECOND, Millis, unix_millis
from fluxsim.kube.clock import Clock

NO_DEADLINE = 2147483647


class StatusDraft:
    """What a pass will write into a Deployment's status, and its revision annotation; written once, at the end.

    `limits` are the bounds of its spec.
    """

    def __init__(self, deployment: Map, limits: Bounds, clock: Clock) -> None:
        self.deployment = deployment
        self.limits = limits
        self._clock = clock
        self._stored: Json = deployment.get("status", EMPTY_MAP)
        self._conditions: list[Json] = list(self._stored.get("conditions") or ())
        self._counts: dict[str, int] = {name: self._stored[name] for name in _COUNTS if self._stored.get(name)}
        spec = deployment["spec"]
        self._deadline_s: int = spec.get("progressDeadlineSeconds", 600)
        self.revision = revisions.number(deployment)

    # -- the result

    def status(self) -> dict[str, Json]:
        listed: dict[str, Json] = {"conditions": self._conditions} if self._conditions else {}
        return {**self._counts, **listed}

    def annotations(self) -> dict[str, str]:
        """Return the revision annotation where it is new."""
        same = self.revision == revisions.number(self.deployment)
        return {} if same else {revisions.REVISION: str(self.revision)}

    @property
    def complete(self) -> bool:
        """Whether the stored status shows a finished rollout of this generation."""
        return rollout.complete(self.limits.replicas, self._stored, self.deployment["metadata"]["generation"])

    def judged_in(self) -> Millis | None:
        """Return when the progress deadline must be looked at again, None where there is nothing to judge."""
        current = self._condition("Progressing")
        if not self._has_deadline or current is None or current["reason"] == "ProgressDeadlineExceeded":
            return None
        if rollout.complete(self.limits.replicas, self._counts, self.deployment["metadata"]["generation"]):
            return None
        left_ms = self._deadline_ms(current) - self._now_ms()
        return left_ms + SECOND if left_ms >= SECOND else SECOND

    # -- what a pass finds

    def check_paused(self) -> None:
        """Say that the Deployment was paused or resumed, unless it has timed out."""
        current = self._condition("Progressing")
        if not self._has_deadline or (current is not None and current["reason"] == "ProgressDeadlineExceeded"):
            return
        noted = current is not None and current["reason"] == "DeploymentPaused"
        paused = bool(self.deployment["spec"].get("paused"))
        if paused and not noted:
            self._set("Progressing", "Unknown", "DeploymentPaused", "Deployment is paused")
        elif noted and not paused:
            self._set("Progressing", "Unknown", "DeploymentResumed", "Deployment is resumed")

    def found(self, name: str, revision: int) -> None:
        """Note that the current template has its ReplicaSet already."""
        self.revision = revision
        if self._has_deadline and self._condition("Progressing") is None:
            text = f'Found new replica set "{name}"'
            self._set("Progressing", "True", "FoundNewReplicaSet", text)

    def created(self, name: str, revision: int) -> None:
        self.revision = revision
        if self._has_deadline:
            text = f'Created new replica set "{name}"'
            self._set("Progressing", "True", "NewReplicaSetCreated", text)

    def not_created(self, message: str) -> None:
        if self._has_deadline:
            self._set("Progressing", "False", "ReplicaSetCreateError", message)

    def collided(self) -> None:
        """Count a ReplicaSet name that is taken."""
        self._counts["collisionCount"] = self._counts.get("collisionCount", 0) + 1

    @property
    def collisions(self) -> int:
        return self._counts.get("collisionCount", 0)

    def count(self, new: Member | None, old: Sequence[Member]) -> None:
        """Count what the ReplicaSets show, sizes as they were before this pass resized them."""
        wanted = pods = ready = available = 0
        for one in [*old, new] if new is not None else old:
            wanted += one.wanted
            pods += one.pods
            ready += one.ready
            available += one.available
        counts = {
            "observedGeneration": self.deployment["metadata"]["generation"],
            "replicas": pods,
            "updatedReplicas": new.pods if new is not None else 0,
            "readyReplicas": ready,
            "availableReplicas": available,
            "unavailableReplicas": max(0, wanted - available),
            "collisionCount": self.collisions,
        }
        self._counts = {name: count for name, count in counts.items() if count}
        if available >= self.limits.least_available:
            text = "Deployment has minimum availability."
            self._set("Available", "True", "MinimumReplicasAvailable", text)
        else:
            text = "Deployment does not have minimum availability."
            self._set("Available", "False", "MinimumReplicasUnavailable", text)

    def judge(self, new: Member | None, old: Sequence[Member]) -> None:
        """Say how the rollout goes, by what changed since the stored status; call after `count`."""
        current = self._condition("Progressing")
        if not self._has_deadline:
            self._remove("Progressing")
        elif not self._over(current):
            name = self.deployment["metadata"]["name"]
            self._progressed(current, f'ReplicaSet "{new.name}"' if new is not None else f'Deployment "{name}"')
        failure = next((one.failure for one in (new, *old) if one is not None and one.failure is not None), None)
        if failure is None:
            self._remove("ReplicaFailure")
        else:
            self._set("ReplicaFailure", failure["status"], failure["reason"], failure["message"])

    def _over(self, current: Json) -> bool:
        """Return whether the rollout ended before: what happens to the pods later is no lack of progress."""
        return bool(
            current is not None
            and current["reason"] == "NewReplicaSetAvailable"
            and self._counts.get("replicas", 0) == self._counts.get("updatedReplicas", 0)
        )

    def _progressed(self, current: Json, what: str) -> None:
        if rollout.complete(self.limits.replicas, self._counts, self.deployment["metadata"]["generation"]):
            self._set("Progressing", "True", "NewReplicaSetAvailable", f"{what} has successfully progressed.")
        elif rollout.progressing(self._stored, self._counts):
            # Its update time moves with every sign of progress; setting a condition leaves one of the same reason alone.
            since = current["lastTransitionTime"] if current is not None and current["status"] == "True" else None
            self._remove("Progressing")
            self._append("Progressing", "True", "ReplicaSetUpdated", f"{what} is progressing.", since)
        elif self._timed_out(current):
            self._set("Progressing", "False", "ProgressDeadlineExceeded", f"{what} has timed out progressing.")

    def _timed_out(self, current: Json) -> bool:
        if current is None or current["reason"] == "NewReplicaSetAvailable":
            return False
        return current["reason"] == "ProgressDeadlineExceeded" or self._now_ms() > self._deadline_ms(current)

    # -- conditions

    def _condition(self, kind: str) -> Json:
        return next((entry for entry in self._conditions if entry["type"] == kind), None)

    def _set(self, kind: str, value: str, reason: str, message: str) -> None:
        """Set a condition: the same status and reason change nothing; a change moves it to the end."""
        current = self._condition(kind)
        if current is not None and current["status"] == value and current["reason"] == reason:
            return
        since = current["lastTransitionTime"] if current is not None and current["status"] == value else None
        self._remove(kind)
        self._append(kind, value, reason, message, since)

    def _append(self, kind: str, value: str, reason: str, message: str, since: str | None) -> None:
        now = self._clock.now_text()
        fresh = {
            "type": kind,
            "status": value,
            "lastUpdateTime": now,
            "lastTransitionTime": since or now,
            "reason": reason,
            "message": message,
        }
        self._conditions.append(fresh)

    def _remove(self, kind: str) -> None:
        self._conditions = [entry for entry in self._conditions if entry["type"] != kind]

    # -- the deadline

    @property
    def _has_deadline(self) -> bool:
        return self._deadline_s != NO_DEADLINE

    def _deadline_ms(self, current: Json) -> Millis:
        return unix_millis(current["lastUpdateTime"]) + self._deadline_s * SECOND

    def _now_ms(self) -> Millis:
        return self._clock.epoch_ms + self._clock.now_ms


_COUNTS = (
    "observedGeneration",
    "replicas",
    "updatedReplicas",
    "readyReplicas",
    "availableReplicas",
    "unavailableReplicas",
    "collisionCount",
)
