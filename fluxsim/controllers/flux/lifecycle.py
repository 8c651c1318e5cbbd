"""What the image controllers do around every attempt: guards, progress, conditions, one event, the requeue.

Source: fluxcd/pkg runtime v0.110.1 reconcile.ResultFinalizer as used by image-reflector-controller v1.2.0 and
image-automation-controller v1.2.1. Progress that only an interval run would show for half a second is not
written (docs/differences.md), so that an idle cluster writes nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from dataclasses import dataclass
from typing import Protocol, TypeAlias

from fluxsim.formats import conditions, imageevents
from fluxsim.formats.imageevents import Happening, Readiness
from fluxsim.formats.tree import EMPTY_MAP, Json, Map, evolve, get, merged
from fluxsim.kernel.steps import Steps
from fluxsim.kube.clock import Clock
from fluxsim.kube.controller import After, Again, Result, Retry
from fluxsim.kube.events import EventRecorder
from fluxsim.kube.meta import Key, annotations_of, condition, generation_of
from fluxsim.kube.outcome import Failed, Ready, Stalled, Unready, Waiting
from fluxsim.kube.store import Store

FINALIZER = "finalizers.fluxcd.io"
REQUESTED_AT = "reconcile.fluxcd.io/requestedAt"
IN_PROGRESS = "reconciliation in progress"

Attempt: TypeAlias = Generator[int, None, Ready]


class Attempts(Protocol):
    """The part of an image reconciler that differs: one attempt for an object that is not suspended."""

    announces_requests: bool
    """Whether a request alone is worth a progress that is written at once."""

    def attempt(self, key: Key, obj: Map, progress: Progress) -> Attempt: ...


class Progress:
    """What a run says while it goes on: `Reconciling=True/Progressing/<message>`."""

    def __init__(self, write: Callable[[str, bool], None], *, written: bool) -> None:
        self._write = write
        self._written = written
        self.message = IN_PROGRESS
        """What was said last, whether it was written or not: a failure keeps it."""
        self.overcome: dict[str, None] = {}
        """Reasons of failures that this run has got over: a Ready=False for one of them counts as unknown."""

    def __call__(self, message: str, *, ready_unknown: bool = False) -> None:
        """Say it; it is written where Flux's run would be seen anyway, or where Ready becomes unknown by it."""
        self.message = message
        if self._written or ready_unknown:
            self._write(message, ready_unknown)

    def past(self, *reasons: str) -> None:
        """Say that what failed for these reasons works now."""
        self.overcome.update(dict.fromkeys(reasons))


Telling: TypeAlias = Callable[[Readiness | None, Readiness, Ready], Happening]


@dataclass(frozen=True, slots=True)
class Family:
    """How the two image controllers differ."""

    component: str
    consumes_request_while_suspended: bool
    happening: Telling


def _reflected(before: Readiness | None, after: Readiness, outcome: Ready) -> Happening:
    return imageevents.reflected(before, after, quiet_message=outcome.trace)


def _automated(before: Readiness | None, after: Readiness, outcome: Ready) -> Happening:
    skipped = outcome.trace == imageevents.NO_CHANGE
    return imageevents.automated(before, after, push_summary=outcome.event or None, sync_needed=not skipped)


REFLECTOR = Family("image-reflector-controller", consumes_request_while_suspended=True, happening=_reflected)
AUTOMATION = Family("image-automation-controller", consumes_request_while_suspended=False, happening=_automated)


class ImageLifecycle:
    """Reconciles one of the image kinds: guards in Flux's order, then the attempt, then what its outcome means."""

    def __init__(
        self, attempts: Attempts, family: Family, *, store: Store, recorder: EventRecorder, clock: Clock
    ) -> None:
        self._attempts = attempts
        self._family = family
        self._store = store
        self._recorder = recorder
        self._clock = clock

    def reconcile(self, key: Key) -> Steps[Result]:
        obj = self._store.get(key)
        if obj is None:
            return None
        if get(obj, "metadata", "deletionTimestamp"):
            drop_finalizer(self._store, key, self._family.component)
            return None
        if add_finalizer(self._store, key, self._family.component):
            return Retry("finalizer added")
        if get(obj, "spec", "suspend"):
            if self._family.consumes_request_while_suspended:
                self._store.patch_status(key, handled(obj), manager=self._family.component)
            return None
        before = readiness(status_conditions(obj))
        progress = self._announced(key, obj)
        try:
            ready = yield from self._attempts.attempt(key, self._store.need(key), progress)
        except Unready as unready:
            return self._unready(key, progress, unready)
        return self._ready(key, before, ready)

    def _announced(self, key: Key, obj: Map) -> Progress:
        """Write the first progress where Flux does so at once and it is news: a new generation, or a request."""
        generation, observed = generation_of(obj), get(obj, "status", "observedGeneration", default=-1)
        asked_for = self._attempts.announces_requests and requests(obj)

        def write(message: str, ready_unknown: bool) -> None:  # noqa: FBT001  a callback of Progress
            self._say(key, message, ready_unknown=ready_unknown)

        progress = Progress(write, written=asked_for or generation != observed)
        if generation != observed:
            progress(f"processing object: new generation {observed} -> {generation}")
        elif asked_for:
            progress(IN_PROGRESS)
        return progress

    def _say(self, key: Key, message: str, *, ready_unknown: bool) -> None:
        obj = self._store.get(key)
        if obj is None:
            return
        now, generation = self._clock.now_text(), generation_of(obj)
        listed = conditions.reconciling(status_conditions(obj), "Progressing", message, generation=generation, now=now)
        ready = condition(obj, "Ready")
        if ready_unknown or ready is None or ready["status"] == "Unknown":
            listed = conditions.with_condition(
                listed, "Ready", "Unknown", "Progressing", message, generation=generation, now=now
            )
        self._store.patch_status(key, {"conditions": listed}, manager=self._family.component)

    def _ready(self, key: Key, before: Readiness | None, outcome: Ready) -> Result:
        obj = self._store.get(key)
        if obj is None:
            return None
        now, generation = self._clock.now_text(), generation_of(obj)
        listed = cleared(status_conditions(obj), "Reconciling", "Stalled")
        listed = conditions.with_condition(
            listed, "Ready", "True", "Succeeded", outcome.message, generation=generation, now=now
        )
        status = merged(obj.get("status", EMPTY_MAP), outcome.status)
        status = merged(status, handled(obj) | {"observedGeneration": generation})
        written = self._store.write_status(key, evolve(status, ("conditions",), listed), manager=self._family.component)
        if outcome.beat:
            self._store.beat(key, outcome.beat)
        self._tell(written, self._family.happening(before, Readiness("True", "Succeeded", outcome.message), outcome))
        return After(outcome.again_after) if outcome.again_after is not None else None

    def _tell(self, obj: Map, happening: Happening) -> None:
        self._recorder.record(
            obj,
            imageevents.delivery(happening.type).kubernetes_type,
            happening.reason,
            happening.message,
            component=self._family.component,
            quiet=happening.type == "Trace",
        )

    def _unready(self, key: Key, progress: Progress, outcome: Unready) -> Result:
        obj = self._store.get(key)
        if obj is None:
            return None
        now, generation = self._clock.now_text(), generation_of(obj)
        listed = status_conditions(obj)
        ready = condition(obj, "Ready")
        status = merged(obj.get("status", EMPTY_MAP), outcome.status)
        still_false = ready is not None and ready["status"] == "False" and ready["reason"] not in progress.overcome
        if isinstance(outcome, Stalled):
            listed = conditions.stalled(listed, outcome.reason, outcome.message, generation=generation, now=now)
            status = merged(status, {"observedGeneration": generation})
        else:
            listed = conditions.reconciling(
                listed, "ProgressingWithRetry", progress.message, generation=generation, now=now
            )
        if not (still_false and (isinstance(outcome, Stalled) or outcome.reason == "Failed")):
            listed = conditions.with_condition(
                listed, "Ready", "False", outcome.reason, outcome.message, generation=generation, now=now
            )
        status = merged(status, handled(obj))
        written = self._store.write_status(key, evolve(status, ("conditions",), listed), manager=self._family.component)
        told = condition(written, "Ready")
        self._tell(written, Happening("Warning", told["reason"], told["message"]))
        if isinstance(outcome, Stalled):
            return None
        if isinstance(outcome, Waiting):
            return Again(outcome.again_after)
        assert isinstance(outcome, Failed), f"an outcome of another class: {type(outcome).__name__}"
        return Retry(outcome.message)


def readiness(listed: Json) -> Readiness | None:
    """Return how ready the conditions say that an object is; one that is still reconciling, or stalled, is not."""
    found = conditions.condition(listed, "Ready")
    if found is None:
        return None
    status = "Unknown" if found["status"] == "True" and not conditions.is_ready(listed) else found["status"]
    return Readiness(status, found["reason"], found["message"])


def add_finalizer(store: Store, key: Key, manager: str) -> bool:
    """Add Flux's finalizer where it is missing; return whether it was."""
    obj = store.need(key)
    finalizers = get(obj, "metadata", "finalizers", default=None) or ()
    if FINALIZER in finalizers:
        return False
    store.replace(obj, evolve(obj, ("metadata", "finalizers"), [*finalizers, FINALIZER]), manager=manager)
    return True


def drop_finalizer(store: Store, key: Key, manager: str) -> None:
    """Take Flux's finalizer away, so that a deleted object can go."""
    obj = store.need(key)
    finalizers = [name for name in get(obj, "metadata", "finalizers", default=None) or () if name != FINALIZER]
    store.replace(obj, evolve(obj, ("metadata", "finalizers"), finalizers), manager=manager)


def requests(obj: Map) -> bool:
    """Return whether reconcile.fluxcd.io/requestedAt asks for a run that has not been handled."""
    token = annotations_of(obj).get(REQUESTED_AT)
    return token is not None and token != get(obj, "status", "lastHandledReconcileAt")


def handled(obj: Map) -> dict[str, Json]:
    """Return the status patch that marks the object's request as handled."""
    token = annotations_of(obj).get(REQUESTED_AT)
    return {} if token is None else {"lastHandledReconcileAt": token}


def cleared(listed: Json, *kinds: str) -> Json:
    """Return the conditions but those of the given types."""
    return [entry for entry in listed if entry["type"] not in kinds]


def status_conditions(obj: Map) -> Json:
    return get(obj, "status", "conditions", default=None) or []
