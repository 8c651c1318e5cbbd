"""Kustomization: builds a directory of an artifact, applies it, prunes, and waits until it is healthy."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from typing import TypeAlias

from fluxsim.controllers.flux.applier import Applied, Applier, ApplyFailed
from fluxsim.controllers.flux.builds import Builds
from fluxsim.controllers.flux.dependson import unmet
from fluxsim.controllers.flux.gitrepository import jittered
from fluxsim.controllers.flux.health import HealthCheckFailed, HealthChecks
from fluxsim.controllers.flux.lifecycle import (
    add_finalizer,
    cleared,
    drop_finalizer,
    handled,
    requests,
    status_conditions,
)
from fluxsim.controllers.flux.substitution import Substitutes
from fluxsim.controllers.latencies import Latencies
from fluxsim.formats import conditions, fluxapply, fluxbuild, history, kstiming
from fluxsim.formats.durations import millis_text, parse_millis
from fluxsim.formats.fluxgenerate import GenerateFailed, directory_of
from fluxsim.formats.tree import EMPTY_MAP, Json, Map, evolve, get, merged
from fluxsim.kernel.chance import Chance, Stream
from fluxsim.kernel.log import Log
from fluxsim.kernel.steps import Steps
from fluxsim.kernel.units import SECOND, Millis
from fluxsim.kube.clock import Clock
from fluxsim.kube.controller import After, Result
from fluxsim.kube.events import EventRecorder
from fluxsim.kube.kinds import served
from fluxsim.kube.meta import FLUX_SOURCE, KUSTOMIZATION, Key, Kind, condition, generation_of, version_token
from fluxsim.kube.outcome import Failed, Stalled, Unready, Waiting
from fluxsim.kube.store import Store
from fluxsim.systems.artifacts import Artifact, ArtifactStore

COMPONENT = "kustomize-controller"
STATUS_MANAGER = "gotk-kustomize-controller"
"""Who owns finalizers and status; the controller's own name owns only what it applies."""
DEPENDENCY_MS: Millis = 30 * SECOND
"""--requeue-dependency."""

Attempted: TypeAlias = Steps["_Done"]


class _Done:
    """A successful run: what was applied, and whether anything was new."""

    __slots__ = ("applied", "built", "revision", "silent")

    def __init__(self, revision: str, applied: Applied, built: fluxbuild.Build, *, silent: bool) -> None:
        self.revision = revision
        self.applied = applied
        self.built = built
        self.silent = silent


class _Run:
    """One run in progress. A `silent` one has nothing to say that the last did not: an interval run on the same revision."""

    __slots__ = ("artifact", "built", "key", "location", "silent", "spec", "started_ms", "step", "stream", "timeout")

    def __init__(self, key: Key, spec: Json, stream: Stream, started_ms: Millis, *, silent: bool) -> None:
        self.key = key
        self.spec = spec
        self.stream = stream
        self.started_ms = started_ms
        self.silent = silent
        self.timeout = kstiming.timing(spec).timeout // 1_000_000
        self.location = f"/tmp/kustomization-{stream.text(10, '0123456789')}"  # noqa: S108  as messages show it, nothing is written
        self.step = "Reconciliation in progress"
        self.artifact: Artifact | None = None
        self.built: fluxbuild.Build | None = None


class KustomizationReconciler:
    """Makes the cluster what a directory in Git says.

    Reads:  its source's artifact; ConfigMaps and Secrets it substitutes from; the Kustomizations it depends on.
    Writes: the objects it builds (field manager kustomize-controller), its own status.
    Woken:  by a new generation, a request, its interval, a new revision of its source.  Not by drift, not by a dependency.
    Source: kustomize-controller v1.9.4, internal/controller/kustomization_controller.go.
    """

    def __init__(
        self,
        artifacts: ArtifactStore,
        *,
        store: Store,
        recorder: EventRecorder,
        clock: Clock,
        log: Log,
        chance: Chance,
        latencies: Latencies,
    ) -> None:
        self._artifacts = artifacts
        self._store = store
        self._recorder = recorder
        self._clock = clock
        self._log = log
        self._chance = chance
        self._takes = latencies
        self._applier = Applier(store, clock, manager=COMPONENT)
        self._health = HealthChecks(store, clock)
        self._substitutes = Substitutes(store)
        self._builds = Builds(self._substitutes)

    def reconcile(self, key: Key) -> Steps[Result]:
        obj = self._store.get(key)
        if obj is None:
            return None
        if get(obj, "metadata", "deletionTimestamp"):
            return (yield from self._finalize(key, obj))
        if add_finalizer(self._store, key, STATUS_MANAGER):
            return After(0)
        if get(obj, "spec", "suspend"):
            if requests(obj):
                self._store.patch_status(key, handled(obj), manager=STATUS_MANAGER)
            return None
        run = _Run(key, obj["spec"], self._stream(key), self._clock.now_ms, silent=self._silent(obj))
        try:
            done = yield from self._attempt(run, obj)
        except Unready as unready:
            return self._unready(run, unready)
        return self._ready(run, done)

    # -- the run, step by step as in FLUX: dependencies, artifact, build, apply, prune, health

    def _attempt(self, run: _Run, obj: Map) -> Attempted:
        self._health.check_expressions(run.spec)
        artifact = self._source(run)
        run.artifact = artifact
        self._dependencies(run, obj, artifact)
        self._progress(
            run,
            f"Fetching manifests for revision {artifact.revision} with a timeout of {millis_text(run.timeout)}",
            start=True,
        )
        yield self._takes.artifact_fetch.draw(run.stream)
        artifact = self._fetched(run, artifact)
        try:
            directory_of(artifact.files, run.spec.get("path") or "./", run.location)
        except GenerateFailed as error:
            raise Failed("ArtifactFailed", str(error)) from error
        self._attempted(run, artifact.revision)
        self._progress(
            run, f"Building manifests for revision {artifact.revision} with a timeout of {millis_text(run.timeout)}"
        )
        yield self._takes.kustomize_build.draw(run.stream)
        built = self._build(run, self._store.need(run.key), artifact)
        run.built = built
        self._progress(
            run, f"Detecting drift for revision {artifact.revision} with a timeout of {millis_text(run.timeout)}"
        )
        applied = yield from self._apply(run, built, artifact.revision)
        yield from self._check_health(run, applied, artifact.revision)
        return _Done(artifact.revision, applied, built, silent=run.silent and not applied.changed)

    def _source(self, run: _Run) -> Artifact:
        reference = run.spec["sourceRef"]
        kind = Kind(reference["kind"], FLUX_SOURCE)
        wanted = Key(kind, reference.get("namespace") or run.key.namespace, reference["name"])
        if kind.name == "ExternalArtifact":
            told = f"can't access 'ExternalArtifact/{wanted.namespace}/{wanted.name}', ExternalArtifact feature gate is disabled"
            raise Stalled("AccessDenied", told)
        source = self._store.get(wanted)
        retry = _retry_ms(run.spec)
        if source is None:
            raise Waiting("ArtifactFailed", f'{served(kind).resource} "{wanted.name}" not found', again_after=retry)
        described = get(source, "status", "artifact")
        if described is None:
            raise Waiting("ArtifactFailed", "Source artifact not found, retrying in 30s", again_after=DEPENDENCY_MS)
        artifact = self._artifacts.get(described["path"])
        if artifact is None:
            raise Waiting(
                "ArtifactFailed", "Source is not ready, artifact not found, retrying in 30s", again_after=DEPENDENCY_MS
            )
        return artifact

    def _fetched(self, run: _Run, artifact: Artifact) -> Artifact:
        found = self._artifacts.get(artifact.path)
        if found is None:
            raise Waiting(
                "ArtifactFailed", "Source is not ready, artifact not found, retrying in 30s", again_after=DEPENDENCY_MS
            )
        return found

    def _dependencies(self, run: _Run, obj: Map, artifact: Artifact) -> None:
        for reference in run.spec.get("dependsOn") or ():
            name = Key(KUSTOMIZATION, reference.get("namespace") or run.key.namespace, reference["name"])
            dependency = self._store.get(name)
            told = unmet(obj, name, dependency, artifact.revision, reference.get("readyExpr") or "")
            if told:
                raise Waiting("DependencyNotReady", told, again_after=DEPENDENCY_MS)

    def _build(self, run: _Run, obj: Map, artifact: Artifact) -> fluxbuild.Build:
        try:
            built = self._builds.of(obj, artifact, location=run.location)
        except fluxbuild.BuildFailed as error:
            raise Failed(error.reason, str(error)) from error
        self._store.assumed.values.update(dict.fromkeys(built.assumed))
        return built

    def _apply(self, run: _Run, built: fluxbuild.Build, revision: str) -> Steps[Applied]:
        owner = fluxapply.Owner(manager=COMPONENT, name=run.key.name, namespace=run.key.namespace)
        applied = Applied()
        try:
            yield from self._applier.apply(
                built.objects, owner, run.spec, applied, lambda: self._takes.apply_object.draw(run.stream)
            )
        except ApplyFailed as failure:
            raise Failed("ReconciliationFailed", f"{failure}\n{applied.change_log()}") from failure
        if applied.change_log():
            self._record_progress(run, revision, applied.change_log())
        before = get(self._store.need(run.key), "status", "inventory", "entries", default=None) or ()
        inventory = applied.inventory()
        self._store.patch_status(run.key, {"inventory": {"entries": inventory}}, manager=STATUS_MANAGER)
        if run.spec.get("prune"):
            pruned = self._applier.prune(before, inventory, owner)
            if pruned:
                applied.pruned.extend(pruned)
                self._record_progress(run, revision, "\n".join(pruned))
        if applied.changed or applied.pruned:
            data = {
                "key": str(run.key),
                "revision": revision,
                "changes": applied.lines(),
                "pruned": list(applied.pruned),
            }
            self._log.append("kustomization.applied", COMPONENT, data)
        return applied

    def _check_health(self, run: _Run, applied: Applied, revision: str) -> Steps[None]:
        wanted = self._health.wanted(run.key, run.spec, applied)
        if not wanted:
            self._drop_condition(run, "Healthy")
            return
        message = f"Running health checks for revision {revision} with a timeout of {millis_text(run.timeout)}"
        was = condition(self._store.need(run.key), "Healthy")
        was_healthy = was is not None and was["status"] == "True"
        self._progress(run, message, healthy=True)
        started = self._clock.now_ms
        try:
            yield from self._health.wait(wanted, run.spec, run.timeout)
        except HealthCheckFailed as failure:
            self._mark(run, "Healthy", "False", "HealthCheckFailed", str(failure))
            spent = millis_text(self._clock.now_ms - started)
            text = f"health check failed after {spent}: {failure}"
            raise Failed("HealthCheckFailed", text) from failure
        took = millis_text(self._clock.now_ms - started)
        passed = f"Health check passed in {took}"
        if run.silent and was_healthy:
            return
        self._mark(run, "Healthy", "True", "Succeeded", passed)
        news = get(self._store.need(run.key), "status", "lastAppliedRevision") != revision and applied.changed
        if not was_healthy or news:
            self._record_progress(run, revision, passed)

    # -- what is said meanwhile

    def _silent(self, obj: Map) -> bool:
        """Return whether nothing is new for this run: it is then seen only if it changes something."""
        ready = condition(obj, "Ready")
        status = obj.get("status", {})
        source = self._store.get(self._source_key(obj))
        return (
            ready is not None
            and ready["status"] == "True"
            and status.get("observedGeneration") == generation_of(obj)
            and not requests(obj)
            and source is not None
            and get(source, "status", "artifact", "revision")
            == status.get("lastAppliedRevision")
            == status.get("lastAttemptedRevision")
        )

    def _source_key(self, obj: Map) -> Key:
        reference = obj["spec"]["sourceRef"]
        return Key(
            Kind(reference["kind"], FLUX_SOURCE),
            reference.get("namespace") or obj["metadata"]["namespace"],
            reference["name"],
        )

    def _progress(self, run: _Run, message: str, *, start: bool = False, healthy: bool = False) -> None:
        run.step = message
        if run.silent:
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
        self._store.patch_status(run.key, {"conditions": listed}, manager=STATUS_MANAGER)

    def _mark(self, run: _Run, kind: str, status: str, reason: str, message: str) -> None:
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

    def _drop_condition(self, run: _Run, kind: str) -> None:
        obj = self._store.need(run.key)
        listed = cleared(status_conditions(obj), kind)
        self._store.patch_status(run.key, {"conditions": listed}, manager=STATUS_MANAGER)

    def _attempted(self, run: _Run, revision: str) -> None:
        self._store.patch_status(run.key, {"lastAttemptedRevision": revision}, manager=STATUS_MANAGER)

    def _record_progress(self, run: _Run, revision: str, message: str) -> None:
        self._record(run.key, "Normal", "Progressing", message, revision)

    def _record(self, key: Key, kind: str, reason: str, message: str, revision: str, *, quiet: bool = False) -> None:
        annotations = {f"{KUSTOMIZATION.group}/revision": revision} if revision else {}
        self._recorder.record(
            self._store.need(key),
            "Warning" if kind == "Warning" else "Normal",
            reason,
            message,
            component=COMPONENT,
            annotations=annotations,
            quiet=quiet,
        )

    # -- how it ends

    def _ready(self, run: _Run, done: _Done) -> Result:
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
        text = f"Reconciliation finished in {millis_text(took)}, next run in {millis_text(interval_ms)}"
        self._record(run.key, "Normal", "ReconciliationSucceeded", text, done.revision, quiet=done.silent)
        return After(jittered(interval_ms, run.stream))

    def _unready(self, run: _Run, outcome: Unready) -> Result:
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
            status = merged(status, {"observedGeneration": generation})
        else:
            listed = conditions.reconciling(listed, "ProgressingWithRetry", run.step, generation=generation, now=now)
        if run.built is not None:
            took = self._clock.now_ms - run.started_ms
            revision = run.artifact.revision if run.artifact is not None else ""
            status = evolve(status, ("history",), self._history(obj, run.built, outcome.reason, took, revision))
        self._store.write_status(run.key, evolve(status, ("conditions",), listed), manager=STATUS_MANAGER)
        revision = run.artifact.revision if run.artifact is not None else ""
        if outcome.reason == "DependencyNotReady":
            told = "Dependencies do not meet ready condition, retrying in 30s"
            self._record(run.key, "Normal", "DependencyNotReady", told, revision)
        elif not (isinstance(outcome, Waiting) and outcome.reason == "ArtifactFailed"):
            self._record(run.key, "Warning", outcome.reason, outcome.message, revision)
        if isinstance(outcome, Stalled):
            return None
        if isinstance(outcome, Waiting):
            return After(outcome.again_after)
        return After(_retry_ms(run.spec))

    def _history(self, obj: Map, built: fluxbuild.Build, reason: str, took: Millis, revision: str) -> Json:
        return history.with_run(
            get(obj, "status", "history", default=None) or [],
            digest=built.digest,
            status=reason,
            at=self._clock.now_text(),
            duration=millis_text(took),
            metadata={"revision": revision},
        )

    def _finalize(self, key: Key, obj: Map) -> Steps[Result]:
        """Delete what was applied, as deletionPolicy says, then let the object go."""
        spec = obj["spec"]
        policy = spec.get("deletionPolicy") or "MirrorPrune"
        delete = policy in ("Delete", "WaitForTermination") or (policy == "MirrorPrune" and spec.get("prune"))
        if delete and not spec.get("suspend"):
            owner = fluxapply.Owner(manager=COMPONENT, name=key.name, namespace=key.namespace)
            entries: Sequence[Mapping[str, str]] = get(obj, "status", "inventory", "entries", default=None) or ()
            gone = self._applier.prune(entries, [], owner)
            if gone:
                self._record(key, "Normal", "ReconciliationSucceeded", "\n".join(gone), "")
            if policy == "WaitForTermination":
                yield from self._health.wait_gone(entries, kstiming.timing(spec).timeout // 1_000_000)
        drop_finalizer(self._store, key, STATUS_MANAGER)
        return None

    # -- idle runs

    def fingerprint(self, key: Key) -> Hashable:
        """What a run looks at: its source, its dependencies, what it substitutes from, and every object it applied."""
        obj = self._store.need(key)
        if not self._silent(obj):
            return None
        spec = obj["spec"]
        source = self._store.get(self._source_key(obj))
        outside = [get(source, "status", "artifact", "path", default="")]
        for reference in spec.get("dependsOn") or ():
            dependency = self._store.get(
                Key(KUSTOMIZATION, reference.get("namespace") or key.namespace, reference["name"])
            )
            outside.append("" if dependency is None else version_token(dependency))
        outside.extend(self._substitutes.versions(key.namespace, spec))
        for entry in get(obj, "status", "inventory", "entries", default=None) or ():
            applied = self._store.get(fluxapply_key(entry["id"]))
            if applied is None:
                return None
            outside.append(version_token(applied))
        return tuple(outside) if self._artifacts.get(str(outside[0])) is not None else None

    def repeat(self, key: Key) -> tuple[Millis, After]:
        obj = self._store.need(key)
        stream = self._stream(key)
        takes = self._takes
        interval_ms = parse_millis(obj["spec"]["interval"])
        count = len(get(obj, "status", "inventory", "entries", default=None) or ())
        took = (
            takes.artifact_fetch.draw(stream)
            + takes.kustomize_build.draw(stream)
            + sum(takes.apply_object.draw(stream) for _ in range(count))
        )
        entries = get(obj, "status", "history", default=None) or []
        if entries:
            beaten = history.with_run(
                entries,
                digest=entries[0]["digest"],
                status=entries[0]["lastReconciledStatus"],
                at=self._clock.text_at(self._clock.now_ms + took),
                duration=millis_text(took),
                metadata=entries[0]["metadata"],
            )
            self._store.beat(key, {"history": beaten})
        text = f"Reconciliation finished in {millis_text(took)}, next run in {millis_text(interval_ms)}"
        self._record(key, "Normal", "ReconciliationSucceeded", text, obj["status"]["lastAppliedRevision"], quiet=True)
        return took, After(jittered(interval_ms, stream))

    def _stream(self, key: Key) -> Stream:
        return self._chance.stream(f"kustomization/{key.namespace}/{key.name}")


def fluxapply_key(inventory_id: str) -> Key:
    """Return the key of an inventory id, `production_backend_apps_Deployment`."""
    parsed = fluxapply.InventoryId.parse(inventory_id)
    return Key(Kind(parsed.kind, parsed.group), parsed.namespace, parsed.name)


def _retry_ms(spec: Json) -> Millis:
    return kstiming.timing(spec).retry_interval // 1_000_000
