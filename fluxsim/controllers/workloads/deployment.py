"""The Deployment controller: ReplicaSets, revisions, rolling updates, status."""

from __future__ import annotations

from collections.abc import Sequence

from fluxsim.controllers.latencies import Latencies
from fluxsim.controllers.workloads import revisions
from fluxsim.controllers.workloads.deploymentstatus import StatusDraft
from fluxsim.controllers.workloads.members import Member, member
from fluxsim.formats import rollout
from fluxsim.formats.rollout import Resize
from fluxsim.formats.tree import EMPTY_MAP, Json, Map, get
from fluxsim.kernel.chance import Chance
from fluxsim.kernel.steps import Steps
from fluxsim.kernel.units import Millis
from fluxsim.kube.clock import Clock
from fluxsim.kube.controller import After, Result
from fluxsim.kube.errors import AlreadyExists, ApiError
from fluxsim.kube.events import EventRecorder
from fluxsim.kube.meta import POD, REPLICA_SET, Key, key_of
from fluxsim.kube.store import Store

COMPONENT = "deployment-controller"


class DeploymentReconciler:
    """Rolls a Deployment's pods from one template to the next: one action a pass, then the status.

    Reads:  the Deployment, its ReplicaSets, for Recreate their pods.
    Writes: ReplicaSets; the Deployment's status and revision annotation.
    Woken:  by a changed Deployment or ReplicaSet of its own; for Recreate by a pod that is gone; by the progress deadline.
    Source: kubernetes v1.28 pkg/controller/deployment (arithmetic, conditions and revisions unchanged since).
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
        yield self._takes.sync_workload.draw(self._chance.stream(f"deployment/{key.namespace}/{key.name}"))
        if self._store.get(key) is None:
            return None
        wait_ms = self.sync(key)
        return After(wait_ms) if wait_ms is not None else None

    def sync(self, key: Key) -> Millis | None:
        """Do one pass; return when the progress deadline must be judged, or None."""
        deployment = self._store.need(key)
        spec = deployment["spec"]
        limits = rollout.bounds(spec)
        draft = StatusDraft(deployment, limits, self._clock)
        new, old = _split(spec["template"], self._owned(deployment))
        rolling_out = False
        if "deletionTimestamp" not in deployment["metadata"]:
            draft.check_paused()
            if new is not None:
                new = self._current(draft, new, old)
            if spec.get("paused") or _scaled(limits.replicas, new, old):
                self._scale(draft, new, old)
            else:
                rolling_out = True
                new = self._roll(draft, new, old) if limits.rolling else self._recreate(draft, new, old)
        draft.count(new, old)
        if rolling_out:
            draft.judge(new, old)
        self._write(draft)
        return draft.judged_in() if rolling_out else None

    def _write(self, draft: StatusDraft) -> None:
        """Write the status where anything is new in it."""
        status, annotations = draft.status(), draft.annotations()
        if annotations or status != draft.deployment.get("status", EMPTY_MAP):
            self._store.write_status(key_of(draft.deployment), status, manager=COMPONENT, annotations=annotations)

    # -- the two strategies; each returns the ReplicaSet of the current template

    def _roll(self, draft: StatusDraft, new: Member | None, old: Sequence[Member]) -> Member:
        if new is None:
            new = self._create(draft, old)
        total = new.wanted + sum(one.wanted for one in old)
        wanted = rollout.scale_new(draft.limits, new=new.wanted, total=total)
        if wanted != new.wanted:
            self._resize(draft, [new], [Resize(new.name, wanted)])
            return new
        shrunk = rollout.scale_old(draft.limits, new.counts, [one.counts for one in old if one.wanted > 0])
        if shrunk:
            self._resize(draft, old, shrunk)
        elif draft.complete:
            self._clean_history(draft, old)
        return new

    def _recreate(self, draft: StatusDraft, new: Member | None, old: Sequence[Member]) -> Member | None:
        active = [Resize(one.name, 0) for one in old if one.wanted > 0]
        if active:
            self._resize(draft, old, active)
            return new
        if self._old_pods_run(old):
            return new
        if new is None:
            new = self._create(draft, old)
        if new.wanted != draft.limits.replicas:
            self._resize(draft, [new], [Resize(new.name, draft.limits.replicas)])
        elif draft.complete:
            self._clean_history(draft, old)
        return new

    def _old_pods_run(self, old: Sequence[Member]) -> bool:
        return any(
            get(pod, "status", "phase") not in ("Failed", "Succeeded")
            for one in old
            for pod in self._store.owned(one.one["metadata"]["uid"], POD)
        )

    # -- sizes

    def _scale(self, draft: StatusDraft, new: Member | None, old: Sequence[Member]) -> None:
        actual: int = get(draft.deployment, "status", "replicas", default=0)
        counts = new.counts if new is not None else None
        sizes = rollout.scale(draft.limits, counts, [one.counts for one in old], actual=actual)
        self._resize(draft, [*old, new] if new is not None else old, sizes)
        if draft.deployment["spec"].get("paused"):
            self._clean_history(draft, old)

    def _resize(self, draft: StatusDraft, sets: Sequence[Member], sizes: Sequence[Resize]) -> None:
        """Set the sizes of ReplicaSets, and what these remember of the Deployment's."""
        by_name = {one.name: one.one for one in sets}
        for name, wanted in sizes:
            one = by_name[name]
            before: int = one["spec"]["replicas"]
            changed = revisions.sized(one, wanted, draft.limits)
            if changed is one:
                continue
            by_name[name] = self._store.replace(one, changed, actor=COMPONENT)
            if before != wanted:
                self._tell_scaled(draft.deployment, name, before, wanted)

    def _tell_scaled(self, deployment: Map, name: str, before: int, after: int) -> None:
        direction = "up" if after > before else "down"
        text = f"Scaled {direction} replica set {name} from {before} to {after}"
        self._recorder.record(deployment, "Normal", "ScalingReplicaSet", text, component=COMPONENT)

    # -- ReplicaSets

    def _owned(self, deployment: Map) -> list[Member]:
        """Return the ReplicaSets of a Deployment, oldest first."""
        uid = deployment["metadata"]["uid"]
        members = [member(one) for one in self._store.owned(uid, REPLICA_SET)]
        return [one for one in members if one.owner == uid]

    def _current(self, draft: StatusDraft, new: Member, old: Sequence[Member]) -> Member:
        """Bring the current ReplicaSet up to date; its revision is noted on the Deployment once it carries it."""
        updated = revisions.raised(draft.deployment, new.one, _newest(old) + 1)
        if updated is not new.one:
            return member(self._store.replace(new.one, updated, actor=COMPONENT))
        draft.found(new.name, new.revision)
        return new

    def _create(self, draft: StatusDraft, old: Sequence[Member]) -> Member:
        """Make the ReplicaSet of the current template. An ApiError ends the pass, what it means is written before."""
        replicas = rollout.new_replicas(draft.limits, new=0, total=sum(one.wanted for one in old))
        revision = _newest(old) + 1
        fresh = revisions.fresh(draft.deployment, replicas, revision, draft.limits, draft.collisions)
        name: str = fresh["metadata"]["name"]
        try:
            made = self._store.create(fresh, actor=COMPONENT)
        except AlreadyExists:
            draft.collided()
            self._write(draft)
            raise
        except ApiError as error:
            text = f'Failed to create new replica set "{name}": {error.message}'
            draft.not_created(text)
            self._write(draft)
            self._recorder.record(draft.deployment, "Warning", "ReplicaSetCreateError", text, component=COMPONENT)
            raise
        if replicas > 0:
            self._tell_scaled(draft.deployment, name, 0, replicas)
        draft.created(name, revision)
        return member(made)

    def _clean_history(self, draft: StatusDraft, old: Sequence[Member]) -> None:
        limit: int = draft.deployment["spec"].get("revisionHistoryLimit", 10)
        if len(old) <= limit:
            return
        alive = [one for one in old if "deletionTimestamp" not in one.one["metadata"]]
        rows = [(one.name, one.unused) for one in sorted(alive, key=lambda one: one.revision)]
        for name in rollout.surplus_history(limit, rows):
            self._store.delete(Key(REPLICA_SET, draft.deployment["metadata"]["namespace"], name), manager=COMPONENT)


def _split(template: Json, sets: list[Member]) -> tuple[Member | None, list[Member]]:
    """Return (the oldest of the ReplicaSets that has the template, all others in their order).

    Those of the template's own hash are asked first: comparing templates is what a pass would spend its time on.
    """
    digits = revisions.template_hash(template, 0)
    found = next((one for one in sets if one.digits == digits and revisions.has_template(one.one, template)), None)
    if found is None:
        found = next((one for one in sets if revisions.has_template(one.one, template)), None)
    return found, sets if found is None else [one for one in sets if one is not found]


def _newest(old: Sequence[Member]) -> int:
    return max([one.revision for one in old], default=0)


def _scaled(replicas: int, new: Member | None, old: Sequence[Member]) -> bool:
    """Return whether someone scaled the Deployment: a ReplicaSet in use remembers another number."""
    every = [*old, new] if new is not None else old
    return any(one.wanted > 0 and one.desired is not None and one.desired != replicas for one in every)
