"""What the interval runs of Flux's controllers do while nothing changes: their draws, their heartbeats, their Events.

Each is the run of its reconciler with all the rest left out. A test plays both and compares logs and objects.
"""

from __future__ import annotations

from collections.abc import Sequence

from fluxsim.controllers.latencies import Latencies
from fluxsim.formats import history, imageevents, scanrules
from fluxsim.formats.durations import millis_text, parse_millis
from fluxsim.formats.tree import Map, get
from fluxsim.kernel.chance import Stream
from fluxsim.kernel.units import Millis
from fluxsim.kube.clock import Clock
from fluxsim.kube.events import EventRecorder
from fluxsim.kube.idle import Span
from fluxsim.kube.meta import Key, condition
from fluxsim.kube.store import Store

JITTER_PERCENT = 5
"""--interval-jitter-percentage of source- and kustomize-controller."""
FIRST_POLL_MS: Millis = 20
"""From the start of a health check to its first look."""


def jittered(interval_ms: Millis, stream: Stream) -> Millis:
    """Return the interval ± 5 %, as source- and kustomize-controller requeue."""
    spread = interval_ms * JITTER_PERCENT // 100
    return stream.between(interval_ms - spread, interval_ms + spread)


class Ground:
    """What idle runs write to, and as whom."""

    __slots__ = ("clock", "component", "recorder", "store", "takes")

    def __init__(
        self, store: Store, recorder: EventRecorder, clock: Clock, takes: Latencies, *, component: str
    ) -> None:
        self.store = store
        self.recorder = recorder
        self.clock = clock
        self.takes = takes
        self.component = component


class _Idle:
    """What all of them have."""

    __slots__ = ("ground", "interval_ms", "key", "stream")

    def __init__(self, ground: Ground, key: Key, stream: Stream) -> None:
        self.ground = ground
        self.key = key
        self.stream = stream
        self.interval_ms = parse_millis(ground.store.need(key)["spec"]["interval"])

    def again(self) -> Millis:
        return self.interval_ms

    def begun(self, at_ms: Millis) -> None:
        """Write nothing at the beginning of a run."""


class IdlePolls(_Idle):
    """A GitRepository lists the refs of its remote and finds the revision that it has."""

    __slots__ = ()

    def takes(self) -> Millis:
        return self.ground.takes.git_ls_remote.draw(self.stream)

    def again(self) -> Millis:
        return jittered(self.interval_ms, self.stream)

    def happened(self, runs: Sequence[Span]) -> None:
        obj, ground = self.ground.store.need(self.key), self.ground
        ground.recorder.tell_again(
            obj,
            "GitOperationSucceeded",
            no_change(obj),
            component=ground.component,
            times=[run.ended_ms for run in runs],
        )


def no_change(obj: Map) -> str:
    """Return what a GitRepository says of a poll that found nothing."""
    return f"no changes since last reconciliation: observed revision '{get(obj, 'status', 'artifact', 'revision')}'"


class IdleScans(_Idle):
    """An ImageRepository lists the tags that it knows."""

    __slots__ = ()

    def takes(self) -> Millis:
        return self.ground.takes.list_tags.draw(self.stream)

    def happened(self, runs: Sequence[Span]) -> None:
        ground = self.ground
        ground.store.beat(self.key, {"lastScanResult": {"scanTime": ground.clock.text_at(runs[-1].ended_ms)}})
        ground.recorder.tell_again(
            ground.store.need(self.key),
            "Succeeded",
            scanrules.trace_message(scanned=True, same_revision=True, wait=millis_text(self.interval_ms)),
            component=ground.component,
            times=[run.ended_ms for run in runs],
        )


class IdleAutomation(_Idle):
    """An ImageUpdateAutomation lists the refs of its remote and finds the head that it has seen."""

    __slots__ = ()

    def takes(self) -> Millis:
        return self.ground.takes.git_ls_remote.draw(self.stream)

    def begun(self, at_ms: Millis) -> None:
        self.ground.store.beat(self.key, {"lastAutomationRunTime": self.ground.clock.text_at(at_ms)})

    def happened(self, runs: Sequence[Span]) -> None:
        self.begun(runs[-1].began_ms)
        self.ground.recorder.tell_again(
            self.ground.store.need(self.key),
            "Succeeded",
            imageevents.NO_CHANGE,
            component=self.ground.component,
            times=[run.ended_ms for run in runs],
        )


class IdleApplies(_Idle):
    """A Kustomization builds, and applies what is there already."""

    __slots__ = ("_annotations", "_checks_health", "_objects")

    def __init__(self, ground: Ground, key: Key, stream: Stream, *, annotations: dict[str, str]) -> None:
        super().__init__(ground, key, stream)
        obj = ground.store.need(key)
        self._objects = len(get(obj, "status", "inventory", "entries", default=None) or ())
        self._checks_health = condition(obj, "Healthy") is not None
        self._annotations = annotations

    def takes(self) -> Millis:
        takes, stream = self.ground.takes, self.stream
        spent = takes.artifact_fetch.draw(stream) + takes.kustomize_build.draw(stream)
        for _ in range(self._objects):
            spent += takes.apply_object.draw(stream)
        return spent + FIRST_POLL_MS if self._checks_health else spent

    def again(self) -> Millis:
        return jittered(self.interval_ms, self.stream)

    def happened(self, runs: Sequence[Span]) -> None:
        ground, last = self.ground, runs[-1]
        obj = ground.store.need(self.key)
        entries = get(obj, "status", "history", default=None) or []
        if entries:
            beaten = history.with_run(
                entries,
                digest=entries[0]["digest"],
                status=entries[0]["lastReconciledStatus"],
                at=ground.clock.text_at(last.ended_ms),
                duration=millis_text(last.ended_ms - last.began_ms),
                metadata=entries[0]["metadata"],
                times=len(runs),
            )
            ground.store.beat(self.key, {"history": beaten})
        for run in runs:
            ground.recorder.tell_again(
                obj,
                "ReconciliationSucceeded",
                finished(run.ended_ms - run.began_ms, self.interval_ms),
                component=ground.component,
                times=(run.ended_ms,),
                annotations=self._annotations,
            )


def finished(took: Millis, interval_ms: Millis) -> str:
    """Return what a Kustomization says at the end of a run."""
    return f"Reconciliation finished in {millis_text(took)}, next run in {millis_text(interval_ms)}"
