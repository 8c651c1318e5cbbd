"""What a Kustomization says of itself: progress, conditions, history and events of a run, and what its end asks for.

Source: kustomize-controller v1.9.4, internal/controller/kustomization_controller.go (finalizeStatus, event).
"""

from __future__ import annotations

from typing import Literal

from fluxsim.controllers.flux.applier import Applied
from fluxsim.controllers.flux.idleruns import finished, jittered
from fluxsim.controllers.flux.lifecycle import cleared, handled, status_conditions
from fluxsim.formats import conditions, fluxbuild, history, kstiming
from fluxsim.formats.durations import millis_text, parse_millis
from fluxsim.formats.tree import EMPTY_MAP, Json, Map, evolve, get, merged
from fluxsim.kernel import ids
from fluxsim.kernel.chance import Stream
from fluxsim.kernel.units import Millis
from fluxsim.kube.clock import Clock
from fluxsim.kube.controller import After, Again, Result
from fluxsim.kube.events import EventRecorder
from fluxsim.kube.meta import KUSTOMIZATION, Key, condition, generation_of
from fluxsim.kube.outcome import Stalled, Unready, Waiting
from fluxsim.kube.store import Store
from fluxsim.systems.artifacts import Artifact

COMPONENT = "kustomize-controller"
STATUS_MANAGER = "gotk-kustomize-controller"
"""Who owns finalizers and status; the controller's own name owns only what it applies."""


class Done:
    """A successful run: what was applied, and whether anything was new."""

    __slots__ = ("applied", "built", "revision", "silent")

    def __init__(self, revision: str, applied: Applied, built: fluxbuild.Build, *, silent: bool) -> None:
        self.revision = revision
        self.applied = applied
        self.built = built
        self.silent = silent


class Run:
    """One run in progress. A `silent` one has nothing to say that the last did not: an interval run on the same revision."""

    __slots__ = ("artifact", "built", "key", "location", "silent", "spec", "started_ms", "step", "stream", "timeout")

    def __init__(self, key: Key, spec: Json, stream: Stream, started_ms: Millis, *, silent: bool) -> None:
        self.key = key
        self.spec = spec
        self.stream = stream
        self.started_ms = started_ms
        self.silent = silent
        self.timeout = kstiming.timing(spec).timeout // 1_000_000
        self.location = f"/tmp/kustomization-{ids.digits(f'{key}/{started_ms}', 10)}"  # noqa: S108  as messages show it, nothing is written
        self.step = ""
        """What was said last; nothing until the artifact is fetched."""
        self.artifact: Artifact | None = None
        self.built: fluxbuild.Build | None = None

    @property
    def revision(self) -> str:
        return self.artifact.revision if self.artifact is not None else ""

    def told(self, doing: str) -> str:
        """Return a step as the conditions word it: `Building manifests for revision main@sha1:… with a timeout of 9m30s`."""
        return f"{doing} for revision {self.revision} with a timeout of {millis_text(self.timeout)}"


class Reports:
    """Writes the status of Kustomizations and records their events."""

    def __init__(self, store: Store, recorder: EventRecorder, clock: Clock) -> None:
        self._store = store
        self._recorder = recorder
        self._clock = clock

    # -- meanwhile

    def progress(
        self, run: Run, message: str, *, start: bool = False, healthy: bool = False, patch: Json = EMPTY_MAP
    ) -> None:
        """Say which step a run is at; `patch` is written with it. Of a silent run only what `patch` changes is seen."""
        run.step = message
        if run.silent:
            if patch:
                self._store.patch_status(run.key, patch, manager=STATUS_MANAGER)
            return
        obj = self._store.need(run.key)
        now, generation = self._clock.now_text(), generation_of(obj)
        listed = status_conditions(obj)
        if start:
            listed = conditions.with_condition(
                listed, "Ready", "Unknown", "Progressing", "Reconciliation in progress", generation=generation, now=now
            )
        listed = conditions.reconciling(listed, "Progressing", message, generation=generation, now=now)
        if healthy:
            listed = conditions.with_condition(
                listed, "Healthy", "Unknown", "Progressing", message, generation=generation, now=now
            )
        self._store.patch_status(run.key, {**patch, "conditions": listed}, manager=STATUS_MANAGER)

    def mark(self, run: Run, kind: str, status: str, reason: str, message: str) -> None:
        obj = self._store.need(run.key)
        listed = conditions.with_condition(
            status_conditions(obj),
            kind,
            status,
            reason,
            message,
            generation=generation_of(obj),
            now=self._clock.now_text(),
        )
        self._store.patch_status(run.key, {"conditions": listed}, manager=STATUS_MANAGER)

    def drop(self, run: Run, kind: str) -> None:
        obj = self._store.need(run.key)
        listed = cleared(status_conditions(obj), kind)
        self._store.patch_status(run.key, {"conditions": listed}, manager=STATUS_MANAGER)

    def happened(self, run: Run, message: str) -> None:
        """Record an event in the midst of a run, when Ready's reason is Progressing."""
        self.record(run.key, "Normal", "Progressing", message, run.revision)

    def record(
        self,
        key: Key,
        kind: Literal["Normal", "Warning"],
        reason: str,
        message: str,
        revision: str,
        *,
        quiet: bool = False,
    ) -> None:
        """Record an event; its reason is that of Ready at the time."""
        self._recorder.record(
            self._store.need(key),
            kind,
            reason,
            message,
            component=COMPONENT,
            annotations=noted(revision),
            quiet=quiet,
        )

    # -- how it ends

    def ready(self, run: Run, done: Done) -> Result:
        obj = self._store.get(run.key)
        if obj is None:
            return None
        now, generation = self._clock.now_text(), generation_of(obj)
        interval_ms = parse_millis(run.spec["interval"])
        took = self._clock.now_ms - run.started_ms
        listed = cleared(status_conditions(obj), "Reconciling", "Stalled")
        message = f"Applied revision: {done.revision}"
        listed = conditions.with_condition(
            listed, "Ready", "True", "ReconciliationSucceeded", message, generation=generation, now=now
        )
        patch = handled(obj) | {"observedGeneration": generation, "lastAppliedRevision": done.revision}
        entries = self._history(obj, done.built, "ReconciliationSucceeded", took, done.revision)
        status = evolve(merged(obj.get("status", EMPTY_MAP), patch), ("conditions",), listed)
        if done.silent:
            self._store.write_status(run.key, status, manager=STATUS_MANAGER)
            self._store.beat(run.key, {"history": entries})
        else:
            self._store.write_status(run.key, evolve(status, ("history",), entries), manager=STATUS_MANAGER)
        self._finished(run.key, took, interval_ms, done.revision, quiet=done.silent)
        return After(jittered(interval_ms, run.stream))

    def unready(self, run: Run, outcome: Unready) -> Result:
        obj = self._store.get(run.key)
        if obj is None:
            return None
        now, generation = self._clock.now_text(), generation_of(obj)
        listed = conditions.with_condition(
            status_conditions(obj), "Ready", "False", outcome.reason, outcome.message, generation=generation, now=now
        )
        status: Json = merged(obj.get("status", EMPTY_MAP), handled(obj))
        if isinstance(outcome, Stalled):
            listed = conditions.stalled(listed, outcome.reason, outcome.message, generation=generation, now=now)
            if outcome.reason == "InvalidCELExpression":
                status = merged(status, {"observedGeneration": generation})
        else:
            before = condition(obj, "Reconciling")
            step = run.step or (before["message"] if before is not None else "")
            if step:
                listed = conditions.reconciling(listed, "ProgressingWithRetry", step, generation=generation, now=now)
        if run.built is not None:
            took = self._clock.now_ms - run.started_ms
            entries = self._history(obj, run.built, outcome.reason, took, run.revision)
            status = evolve(status, ("history",), entries)
        self._store.write_status(run.key, evolve(status, ("conditions",), listed), manager=STATUS_MANAGER)
        self._tell(run, outcome)
        if isinstance(outcome, Stalled):
            return None
        if isinstance(outcome, Waiting):
            return Again(outcome.again_after)
        return Again(retry_ms(run.spec))

    def canceled(self, run: Run, by: str) -> Result:
        """End a run whose health checks something cut short, and run again at once."""
        obj = self._store.get(run.key)
        if obj is None:
            return None
        now, generation = self._clock.now_text(), generation_of(obj)
        told = f"New reconciliation triggered by {by}"
        listed = conditions.with_condition(
            status_conditions(obj), "Ready", "False", "HealthCheckCanceled", told, generation=generation, now=now
        )
        listed = conditions.reconciling(listed, "ProgressingWithRetry", run.step, generation=generation, now=now)
        self._store.patch_status(run.key, handled(obj) | {"conditions": listed}, manager=STATUS_MANAGER)
        event = f"Health checks canceled due to new reconciliation triggered by {by}"
        self.record(run.key, "Normal", "HealthCheckCanceled", event, run.revision)
        return After(0)

    def _tell(self, run: Run, outcome: Unready) -> None:
        if outcome.reason == "DependencyNotReady":
            told = "Dependencies do not meet ready condition, retrying in 30s"
            self.record(run.key, "Normal", "DependencyNotReady", told, run.revision)
        elif not (isinstance(outcome, Waiting) and outcome.reason == "ArtifactFailed"):
            self.record(run.key, "Warning", outcome.reason, outcome.message, run.revision)

    def _finished(self, key: Key, took: Millis, interval_ms: Millis, revision: str, *, quiet: bool) -> None:
        self.record(key, "Normal", "ReconciliationSucceeded", finished(took, interval_ms), revision, quiet=quiet)

    def _history(self, obj: Map, built: fluxbuild.Build, reason: str, took: Millis, revision: str) -> Json:
        return history.with_run(
            get(obj, "status", "history", default=None) or [],
            digest=built.digest,
            status=reason,
            at=self._clock.now_text(),
            duration=millis_text(took),
            metadata={"revision": revision},
        )


def retry_ms(spec: Json) -> Millis:
    """Return when a run that failed is tried again: no back-off, no jitter."""
    return kstiming.timing(spec).retry_interval // 1_000_000


def noted(revision: str) -> dict[str, str]:
    """Return what stands beside an event of a run on that revision."""
    return {f"{KUSTOMIZATION.group}/revision": revision} if revision else {}
