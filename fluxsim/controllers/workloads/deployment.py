"""The Deployment controller: ReplicaSets, revisions, rolling updates, status."""

from __future__ import annotations

from collections.abc import Sequence

from fluxsim.controllers.latencies import Latencies
from fluxsim.controllers.workloads import revisions
from fluxsim.controllers.workloads.deploymentstatus import StatusWriter
from fluxsim.formats import rollout
from fluxsim.formats.rollout import Bounds, Replicas, Resize
from fluxsim.formats.tree import Json, Map, evolve, get
from fluxsim.kernel.chance import Chance
from fluxsim.kernel.steps import Steps
from fluxsim.kernel.units import Millis
from fluxsim.kube.clock import Clock
from fluxsim.kube.controller import After, Result
from fluxsim.kube.events import EventRecorder
from fluxsim.kube.meta import POD, REPLICA_SET, Key, controller_of, key_of
from fluxsim.kube.store import Store

COMPONENT = "deployment-controller"


class DeploymentReconciler:
    """Rolls a Deployment's pods from one template to the next: one action a pass, then the status.

    Reads:  the Deployment, its ReplicaSets, for Recreate their pods.
    Writes: ReplicaSets; the Deployment's status and revision annotation.
    Woken:  by a changed Deployment or ReplicaSet of its own; by the progress deadline.
    Source: kubernetes v1.28 pkg/controller/deployment (arithmetic, conditions and revisions unchanged since).
    """

    def __init__(
        self, *, store: Store, recorder: EventRecorder, clock: Clock, chance: Chance, latencies: Latencies
    ) -> None:
        self._store = store
        self._recorder = recorder
        self._chance = chance
        self._takes = latencies
        self._status = StatusWriter(store, clock)

    def reconcile(self, key: Key) -> Steps[Result]:
        if self._store.get(key) is None:
            return None
        yield self._takes.sync_workload.draw(self._chance.stream(f"deployment/{key.namespace}/{key.name}"))
        if self._store.get(key) is None:
            return None
        wait_ms = self.sync(key)
        return After(wait_ms) if wait_ms is not None else None

    def sync(self, key: Key) -> Millis | None:
        """Do one pass; return when the progress deadline must be judged, or None."""
        deployment = self._store.need(key)
        if get(deployment, "metadata", "deletionTimestamp"):
            return self._status.sync(key, *self._sets(key))
        self._status.check_paused(key)
        deployment = self._store.need(key)
        if deployment["spec"].get("paused") or self._scaled(deployment):
            return self._scale(key)
        if get(deployment, "spec", "strategy", "type", default="RollingUpdate") == "Recreate":
            return self._recreate(key)
        return self._roll(key)

    # -- the two strategies

    def _roll(self, key: Key) -> Millis | None:
        new, old = self._sets(key, create=True)
        deployment = self._store.need(key)
        limits = rollout.bounds(deployment["spec"])
        if new is not None and not self._grow(deployment, limits, new, old):
            shrunk = rollout.scale_old(limits, _replicas(new), [_replicas(one) for one in old])
            self._resized(deployment, shrunk)
            if not shrunk and rollout.complete(
                limits.replicas, deployment.get("status", {}), deployment["metadata"]["generation"]
            ):
                self._clean_history(deployment, old)
        return self._status.sync(key, *self._sets(key), rolling_out=True)

    def _recreate(self, key: Key) -> Millis | None:
        new, old = self._sets(key)
        deployment = self._store.need(key)
        limits = rollout.bounds(deployment["spec"])
        active = [one for one in old if one["spec"]["replicas"] > 0]
        for one in active:
            self._resize(deployment, one, 0)
        if not active and not self._old_pods_run(old):
            new, old = self._sets(key, create=True)
            deployment = self._store.need(key)
            if new is not None:
                self._resize(deployment, new, limits.replicas)
            if rollout.complete(limits.replicas, deployment.get("status", {}), deployment["metadata"]["generation"]):
                self._clean_history(deployment, old)
        return self._status.sync(key, *self._sets(key), rolling_out=True)

    def _grow(self, deployment: Map, limits: Bounds, new: Map, old: Sequence[Map]) -> bool:
        total = sum(one["spec"]["replicas"] for one in (new, *old))
        wanted = rollout.scale_new(limits, new=new["spec"]["replicas"], total=total)
        return self._resize(deployment, new, wanted)

    def _old_pods_run(self, old: Sequence[Map]) -> bool:
        return any(
            get(self._store.need(pod), "status", "phase") not in ("Failed", "Succeeded")
            for one in old
            for pod in self._store.owned_by(one["metadata"]["uid"])
            if pod.kind == POD
        )

    # -- scaling

    def _scaled(self, deployment: Map) -> bool:
        """Return whether someone scaled the Deployment: a ReplicaSet in use remembers another number."""
        _new, sets = revisions.split(deployment, self._owned(deployment))
        every = sets if _new is None else [_new, *sets]
        return any(
            revisions.desired(one) not in (None, deployment["spec"]["replicas"])
            for one in every
            if one["spec"]["replicas"] > 0
        )

    def _scale(self, key: Key) -> Millis | None:
        new, old = self._sets(key)
        deployment = self._store.need(key)
        limits = rollout.bounds(deployment["spec"])
        actual: int = get(deployment, "status", "replicas", default=0)
        current = _replicas(new) if new is not None else None
        self._resized(deployment, rollout.scale(limits, current, [_replicas(one) for one in old], actual=actual))
        if deployment["spec"].get("paused"):
            self._clean_history(deployment, old)
        return self._status.sync(key, *self._sets(key))

    def _resized(self, deployment: Map, steps: Sequence[Resize]) -> None:
        for step in steps:
            key = Key(REPLICA_SET, deployment["metadata"]["namespace"], step.name)
            self._resize(deployment, self._store.need(key), step.replicas)

    def _resize(self, deployment: Map, one: Map, wanted: int) -> bool:
        """Set a ReplicaSet's size, and what it remembers of the Deployment's; return whether the size changed."""
        limits = rollout.bounds(deployment["spec"])
        before: int = one["spec"]["replicas"]
        changed = revisions.sized(evolve(one, ("spec", "replicas"), wanted), limits)
        if before == wanted and changed == one:
            return False
        self._store.replace(one, changed)
        if before != wanted:
            direction = "up" if wanted > before else "down"
            text = f"Scaled {direction} replica set {one['metadata']['name']} from {before} to {wanted}"
            self._recorder.record(deployment, "Normal", "ScalingReplicaSet", text, component=COMPONENT)
        return before != wanted

    # -- ReplicaSets

    def _owned(self, deployment: Map) -> list[Map]:
        """Return the ReplicaSets of a Deployment, oldest first."""
        uid = deployment["metadata"]["uid"]
        return [
            self._store.need(key)
            for key in self._store.owned_by(uid)
            if key.kind == REPLICA_SET and _controls(self._store.need(key), uid)
        ]

    def _sets(self, key: Key, *, create: bool = False) -> tuple[Map | None, list[Map]]:
        """Return (the ReplicaSet of the current template, the others oldest first); with `create` make the new one where it is missing."""
        deployment = self._store.need(key)
        new, old = revisions.split(deployment, self._owned(deployment))
        revision = revisions.newest(old) + 1
        if new is not None:
            updated = revisions.raised(deployment, new, revision)
            if updated != new:
                self._store.replace(new, updated)
                return self._sets(key)
            self._status.found(key, new)
            return new, old
        if not create:
            return None, old
        made = self._create(deployment, old, revision)
        self._status.created(key, made, revision)
        return made, old

    def _create(self, deployment: Map, old: Sequence[Map], revision: int) -> Map:
        limits = rollout.bounds(deployment["spec"])
        total = sum(one["spec"]["replicas"] for one in old)
        replicas = rollout.new_replicas(limits, new=0, total=total)
        collisions: int = get(deployment, "status", "collisionCount", default=0)
        fresh = revisions.fresh(deployment, replicas, revision, limits, collisions)
        while self._store.get(key_of(fresh)) is not None:
            collisions += 1
            fresh = revisions.fresh(deployment, replicas, revision, limits, collisions)
        if collisions != get(deployment, "status", "collisionCount", default=0):
            self._store.patch_status(key_of(deployment), {"collisionCount": collisions}, manager=COMPONENT)
        made = self._store.create(fresh)
        if replicas > 0:
            text = f"Scaled up replica set {made['metadata']['name']} from 0 to {replicas}"
            self._recorder.record(deployment, "Normal", "ScalingReplicaSet", text, component=COMPONENT)
        return made

    def _clean_history(self, deployment: Map, old: Sequence[Map]) -> None:
        limit: int = deployment["spec"].get("revisionHistoryLimit", 10)
        by_revision = sorted(
            (one for one in old if not get(one, "metadata", "deletionTimestamp")), key=revisions.number
        )
        rows = [(one["metadata"]["name"], _unused(one)) for one in by_revision]
        for name in rollout.surplus_history(limit, rows):
            self._store.delete(Key(REPLICA_SET, deployment["metadata"]["namespace"], name), manager=COMPONENT)


def _controls(obj: Json, uid: str) -> bool:
    owner = controller_of(obj)
    return owner is not None and owner["uid"] == uid


def _replicas(one: Map) -> Replicas:
    return Replicas(
        one["metadata"]["name"], one["spec"]["replicas"], get(one, "status", "availableReplicas", default=0)
    )


def _unused(one: Map) -> bool:
    observed = get(one, "status", "observedGeneration", default=0)
    return (
        get(one, "status", "replicas", default=0) == 0
        and one["spec"]["replicas"] == 0
        and observed >= one["metadata"]["generation"]
    )
