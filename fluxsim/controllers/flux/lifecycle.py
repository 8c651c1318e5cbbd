"""What the image controllers do around every attempt: guards, progress, conditions, one event, the requeue.

Source: fluxcd/pkg runtime v0.110.1 reconcile.ResultFinalizer as used by image-reflector-controller v1.2.0 and
image-automation-controller v1.2.1. Progress that only an interval run would show for half a second is not
written (docs/differences.md), so that an idle cluster writes nothing.
"""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass
from typing import Protocol, TypeAlias

from fluxsim.formats import conditions
from fluxsim.formats.tree import EMPTY_MAP, Json, Map, evolve, get, merged
from fluxsim.kernel.steps import Steps
from fluxsim.kube.clock import Clock
from fluxsim.kube.controller import After, Result, Retry
from fluxsim.kube.events import EventRecorder
from fluxsim.kube.meta import Key, annotations_of, condition, generation_of
from fluxsim.kube.outcome import Failed, Ready, Stalled, Unready, Waiting
from fluxsim.kube.store import Store

FINALIZER = "finalizers.fluxcd.io"
REQUESTED_AT = "reconcile.fluxcd.io/requestedAt"

Attempt: TypeAlias = Generator[int, None, Ready]


class Attempts(Protocol):
    """The part of an image reconciler that differs: one attempt for an object that is not suspended."""

    def attempt(self, key: Key, obj: Map, progress: Progress) -> Attempt: ...


class Progress(Protocol):
    """Says what goes on: `Reconciling=True/Progressing/<message>`, written at once."""

    def __call__(self, message: str, *, ready_unknown: bool = False) -> None: ...


@dataclass(frozen=True, slots=True)
class Family:
    """How the two image controllers differ."""

    component: str
    consumes_request_while_suspended: bool
    event_on_every_change: bool


REFLECTOR = Family("image-reflector-controller", consumes_request_while_suspended=True, event_on_every_change=True)
AUTOMATION = Family("image-automation-controller", consumes_request_while_suspended=False, event_on_every_change=False)


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
        before = condition(obj, "Ready")
        asked_for = self._announced(key, obj)
        progress = self._progress(key, written=asked_for)
        try:
            ready = yield from self._attempts.attempt(key, self._store.need(key), progress)
        except Unready as unready:
            return self._unready(key, unready)
        return self._ready(key, before, ready)

    def _announced(self, key: Key, obj: Map) -> bool:
        """Write the first progress where Flux does so at once and it is news: a new generation, or a request."""
        generation, observed = generation_of(obj), get(obj, "status", "observedGeneration", default=-1)
        requested = requests(obj)
        if generation != observed:
            self._progress(key, written=True)(f"processing object: new generation {observed} -> {generation}")
        elif requested:
            self._progress(key, written=True)("reconciliation in progress")
        return generation != observed or requested

    def _progress(self, key: Key, *, written: bool) -> Progress:
        def progress(message: str, *, ready_unknown: bool = False) -> None:
            if not (written or ready_unknown):
                return
            obj = self._store.get(key)
            if obj is None:
                return
            now, generation = self._clock.now_text(), generation_of(obj)
            listed = conditions.reconciling(
                status_conditions(obj), "Progressing", message, generation=generation, now=now
            )
            ready = condition(obj, "Ready")
            if ready_unknown or ready is None or ready["status"] == "Unknown":
                listed = conditions.with_condition(
                    listed, "Ready", "Unknown", "Progressing", message, generation=generation, now=now
                )
            self._store.patch_status(key, {"conditions": listed}, manager=self._family.component)

        return progress

    def _ready(self, key: Key, before: Json, outcome: Ready) -> Result:
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
        self._tell(written, before, outcome)
        return After(outcome.again_after) if outcome.again_after is not None else None

    def _tell(self, obj: Map, before: Json, outcome: Ready) -> None:
        was_ready = before is not None and before["status"] == "True"
        changed = self._family.event_on_every_change and was_ready and before["message"] != outcome.message
        component = self._family.component
        if outcome.event:
            self._recorder.record(obj, "Normal", "Succeeded", outcome.event, component=component)
        elif not was_ready or changed:
            self._recorder.record(obj, "Normal", "Succeeded", outcome.message, component=component)
        elif outcome.trace:
            self._recorder.record(obj, "Normal", "Succeeded", outcome.trace, component=component, quiet=True)

    def _unready(self, key: Key, outcome: Unready) -> Result:
        obj = self._store.get(key)
        if obj is None:
            return None
        now, generation = self._clock.now_text(), generation_of(obj)
        listed = status_conditions(obj)
        ready = condition(obj, "Ready")
        status = merged(obj.get("status", EMPTY_MAP), outcome.status)
        keeps_old_text = ready is not None and ready["status"] == "False" and outcome.reason == "Failed"
        if isinstance(outcome, Stalled):
            listed = conditions.stalled(listed, outcome.reason, outcome.message, generation=generation, now=now)
            keeps_old_text = ready is not None and ready["status"] == "False"
            status = merged(status, {"observedGeneration": generation})
        else:
            progressing = condition(obj, "Reconciling")
            text = progressing["message"] if progressing is not None else "reconciliation in progress"
            listed = conditions.reconciling(listed, "ProgressingWithRetry", text, generation=generation, now=now)
        if not keeps_old_text:
            listed = conditions.with_condition(
                listed, "Ready", "False", outcome.reason, outcome.message, generation=generation, now=now
            )
        status = merged(status, handled(obj))
        written = self._store.write_status(key, evolve(status, ("conditions",), listed), manager=self._family.component)
        told = condition(written, "Ready")
        self._recorder.record(written, "Warning", told["reason"], told["message"], component=self._family.component)
        if isinstance(outcome, Stalled):
            return None
        if isinstance(outcome, Waiting):
            return After(outcome.again_after)
        assert isinstance(outcome, Failed), f"an outcome of another class: {type(outcome).__name__}"
        return Retry(outcome.message)


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
