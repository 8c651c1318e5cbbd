"""Kustomization: builds a directory of an artifact, applies it, prunes, and waits until it is healthy."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from typing import Literal, TypeAlias

from fluxsim.controllers.flux.applier import Applied, Applier, ApplyFailed, Pruned
from fluxsim.controllers.flux.applyplan import key_of_object
from fluxsim.controllers.flux.builds import Builds
from fluxsim.controllers.flux.credentials import Credentials, MissingSecret
from fluxsim.controllers.flux.dependson import unmet
from fluxsim.controllers.flux.gates import DEFAULT, Gates
from fluxsim.controllers.flux.health import HealthCheckCanceled, HealthCheckFailed, HealthChecks
from fluxsim.controllers.flux.idleruns import Ground, IdleApplies
from fluxsim.controllers.flux.kustomizationstatus import (
    COMPONENT,
    STATUS_MANAGER,
    Done,
    Reports,
    Run,
    noted,
    retry_ms,
)
from fluxsim.controllers.flux.lifecycle import add_finalizer, drop_finalizer, handled, requests
from fluxsim.controllers.flux.substitution import Substitutes
from fluxsim.controllers.latencies import Latencies
from fluxsim.formats import fluxapply, fluxbuild, kstiming
from fluxsim.formats.durations import millis_text
from fluxsim.formats.fluxgenerate import GenerateFailed, directory_of
from fluxsim.formats.fluxinventory import InventoryId
from fluxsim.formats.sops import DecryptionMissing, check_decrypted
from fluxsim.formats.tree import Json, Map, get
from fluxsim.kernel.chance import Chance, Stream
from fluxsim.kernel.log import Log
from fluxsim.kernel.steps import Steps
from fluxsim.kernel.units import SECOND, Millis
from fluxsim.kube.clock import Clock
from fluxsim.kube.controller import After, Result
from fluxsim.kube.events import EventRecorder
from fluxsim.kube.idle import Idle
from fluxsim.kube.kinds import served
from fluxsim.kube.meta import FLUX_SOURCE, KUSTOMIZATION, Key, Kind, condition, generation_of, version_token
from fluxsim.kube.outcome import Failed, Stalled, Unready, Waiting
from fluxsim.kube.store import Store
from fluxsim.systems.artifacts import Artifact, ArtifactStore

DEPENDENCY_MS: Millis = 30 * SECOND
"""--requeue-dependency."""
JOB = Kind("Job", "batch")

Attempted: TypeAlias = Steps[Done]


class KustomizationReconciler:
    """Makes the cluster what a directory in Git says.

    Reads:  its source's artifact; ConfigMaps and Secrets it substitutes from; the Kustomizations it depends on.
    Writes: the objects it builds (field manager kustomize-controller), its own status.
    Woken:  by a new generation, a request, its interval, a new revision of its source, a labelled ConfigMap or Secret
            that it reads.  Not by drift, not by a dependency.
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
        credentials: Credentials | None = None,
        gates: Gates = DEFAULT,
    ) -> None:
        self._artifacts = artifacts
        self._store = store
        self._clock = clock
        self._log = log
        self._chance = chance
        self._takes = latencies
        self._idle = Ground(store, recorder, clock, latencies, component=COMPONENT)
        self._credentials = credentials
        self._applier = Applier(store, clock, manager=COMPONENT)
        self._gates = gates
        self._health = HealthChecks(store, clock, fail_fast=not gates.disable_fail_fast_behavior)
        self._substitutes = Substitutes(store)
        self._builds = Builds(self._substitutes, strict=gates.strict_post_build_substitutions)
        self._reports = Reports(store, recorder, clock)
        self._inventories: dict[Key, tuple[Json, tuple[Key, ...]]] = {}

    def reconcile(self, key: Key) -> Steps[Result]:
        obj = self._store.get(key)
        if obj is None:
            return None
        if get(obj, "metadata", "deletionTimestamp"):
            return (yield from self._finalize(key, obj))
        if add_finalizer(self._store, key, STATUS_MANAGER):
            return After(0)
        if get(obj, "spec", "suspend"):
            self._rest(key, obj)
            return None
        run = Run(key, obj["spec"], self._stream(key), self._clock.now_ms, silent=self._is_silent(obj))
        try:
            done = yield from self._attempt(run, obj)
        except HealthCheckCanceled as canceled:
            return self._reports.canceled(run, str(canceled))
        except Unready as unready:
            return self._reports.unready(run, unready)
        return self._reports.ready(run, done)

    # -- the run, step by step as in Flux: source, dependencies, artifact, build, apply, prune, health

    def _attempt(self, run: Run, obj: Map) -> Attempted:
        self._health.check_expressions(run.spec)
        self._check_gates(run.spec)
        described = self._described(run)
        run.artifact = self._artifacts.get(described["path"])
        self._dependencies(run, obj, described["revision"])
        told = f"for revision {described['revision']} with a timeout of {millis_text(run.timeout)}"
        self._reports.progress(run, f"Fetching manifests {told}", start=True)
        yield self._takes.artifact_fetch.draw(run.stream)
        artifact = self._fetched(run, described)
        self._reports.progress(run, run.told("Building manifests"), patch={"lastAttemptedRevision": artifact.revision})
        yield self._takes.kustomize_build.draw(run.stream)
        built = run.built = self._build(run, self._store.need(run.key), artifact)
        self._reports.progress(run, run.told("Detecting drift"))
        applied = yield from self._apply(run, built)
        yield from self._check_health(run, built, applied)
        return Done(artifact.revision, applied, built, silent=run.silent and not applied.changed)

    def _check_gates(self, spec: Json) -> None:
        if get(spec, "decryption", "serviceAccountName"):
            told = "to use spec.decryption.serviceAccountName for decryption authentication please enable the %s feature gate in the controller"
            raise Stalled("FeatureGateDisabled", told % "ObjectLevelWorkloadIdentity")

    def _described(self, run: Run) -> Map:
        """Return what the source says of its artifact."""
        reference = run.spec["sourceRef"]
        kind = Kind(reference["kind"], FLUX_SOURCE)
        wanted = Key(kind, reference.get("namespace") or run.key.namespace, reference["name"])
        if kind.name == "ExternalArtifact":
            told = f"can't access 'ExternalArtifact/{wanted.namespace}/{wanted.name}', ExternalArtifact feature gate is disabled"
            raise Stalled("AccessDenied", told)
        source = self._store.get(wanted)
        if source is None:
            missing = f'{served(kind).resource} "{wanted.name}" not found'
            raise Waiting("ArtifactFailed", missing, again_after=retry_ms(run.spec))
        described: Map | None = get(source, "status", "artifact")
        if described is None:
            raise Waiting("ArtifactFailed", "Source artifact not found, retrying in 30s", again_after=DEPENDENCY_MS)
        return described

    def _dependencies(self, run: Run, obj: Map, revision: str) -> None:
        for reference in run.spec.get("dependsOn") or ():
            name = Key(KUSTOMIZATION, reference.get("namespace") or run.key.namespace, reference["name"])
            dependency = self._store.get(name)
            expression, additive = reference.get("readyExpr") or "", self._gates.additive_cel_dependency_check
            told = unmet(obj, name, dependency, revision, expression, additive=additive)
            if told:
                raise Waiting("DependencyNotReady", told, again_after=DEPENDENCY_MS)

    def _fetched(self, run: Run, described: Map) -> Artifact:
        found = self._artifacts.get(described["path"])
        if found is None:
            told = "Source is not ready, artifact not found, retrying in 30s"
            raise Waiting("ArtifactFailed", told, again_after=DEPENDENCY_MS)
        run.artifact = found
        try:
            directory_of(found.files, run.spec.get("path") or "./", run.location)
        except GenerateFailed as error:
            raise Failed("ArtifactFailed", str(error)) from error
        return found

    def _build(self, run: Run, obj: Map, artifact: Artifact) -> fluxbuild.Build:
        self._check_keys(run)
        try:
            built = self._builds.of(obj, artifact, location=run.location)
        except fluxbuild.BuildFailed as error:
            raise Failed(error.reason, str(error)) from error
        self._store.assumed.values.update(dict.fromkeys(built.assumed))
        return built

    def _check_keys(self, run: Run) -> None:
        name = get(run.spec, "decryption", "secretRef", "name")
        if name is None or self._credentials is None:
            return
        try:
            self._credentials.data(run.key.namespace, name)
        except MissingSecret as error:
            provider = run.spec["decryption"]["provider"]
            told = f"cannot get {provider} decryption Secret '{run.key.namespace}/{name}': {error}"
            raise Failed("BuildFailed", told) from error

    def _apply(self, run: Run, built: fluxbuild.Build) -> Steps[Applied]:
        owner = fluxapply.Owner(manager=COMPONENT, name=run.key.name, namespace=run.key.namespace)
        applied = Applied()
        try:
            check_decrypted(built.objects)
            yield from self._applier.apply(
                built.objects, owner, run.spec, applied, lambda: self._takes.apply_object.draw(run.stream)
            )
        except DecryptionMissing as missing:
            raise Failed("ReconciliationFailed", str(missing)) from missing
        except ApplyFailed as failure:
            log = "".join(f"{line}\n" for line in applied.lines())
            raise Failed("ReconciliationFailed", f"{failure}\n{log}") from failure
        if applied.lines():
            self._reports.happened(run, applied.change_log())
        before = get(self._store.need(run.key), "status", "inventory", "entries", default=None) or ()
        inventory = applied.inventory()
        self._store.patch_status(run.key, {"inventory": {"entries": inventory}}, manager=STATUS_MANAGER)
        if run.spec.get("prune"):
            applied.pruned.extend(pruned.line for pruned in self._applier.prune(before, inventory, owner))
            if applied.pruned:
                self._reports.happened(run, "\n".join(applied.pruned))
        if applied.changed or applied.pruned:
            data = {
                "key": str(run.key),
                "revision": run.revision,
                "changes": applied.lines(),
                "pruned": list(applied.pruned),
            }
            self._log.append("kustomization.applied", COMPONENT, data)
        return applied

    def _check_health(self, run: Run, built: fluxbuild.Build, applied: Applied) -> Steps[None]:
        wanted = self._health.wanted(run.spec, applied)
        if not wanted:
            self._reports.drop(run, "Healthy")
            return
        others = [key for key in wanted if key != run.key]  # waiting for itself it would wait for ever
        was = condition(self._store.need(run.key), "Healthy")
        was_healthy = was is not None and was["status"] == "True"
        self._reports.progress(run, run.told("Running health checks"), healthy=True)
        started = self._clock.now_ms
        ends_early = self._gates.cancel_health_check_on_new_revision
        interrupted = self._interruption(run) if ends_early else None
        jobs = _jobs_with_ttl(built)
        try:
            yield from self._health.wait(others, run.spec, run.timeout, may_vanish=jobs, interrupted=interrupted)
        except HealthCheckFailed as failure:
            self._reports.mark(run, "Healthy", "False", "HealthCheckFailed", str(failure))
            spent = millis_text(self._clock.now_ms - started)
            raise Failed("HealthCheckFailed", f"health check failed after {spent}: {failure}") from failure
        passed = f"Health check passed in {millis_text(self._clock.now_ms - started)}"
        if run.silent and was_healthy:
            return
        is_news = get(self._store.need(run.key), "status", "lastAppliedRevision") != run.revision and applied.changed
        self._reports.mark(run, "Healthy", "True", "Succeeded", passed)
        if not was_healthy or is_news:
            self._reports.happened(run, passed)

    def _interruption(self, run: Run) -> Callable[[], str]:
        """Return what tells who asks for another run: the source by its revision, or the Kustomization itself."""
        begun = self._store.need(run.key)

        def interrupted() -> str:
            obj = self._store.get(run.key)
            if obj is None or generation_of(obj) != generation_of(begun) or handled(obj) != handled(begun):
                return str(run.key)
            source = self._source_key(obj)
            revision = get(self._store.get(source) or {}, "status", "artifact", "revision")
            return str(source) if revision not in (None, run.revision) else ""

        return interrupted

    # -- without a run

    def _rest(self, key: Key, obj: Map) -> None:
        """Do what is done for a suspended object: the request counts as handled, of a ready one the generation as seen."""
        ready = condition(obj, "Ready")
        patch = handled(obj)
        if ready is not None and ready["status"] == "True":
            patch |= {"observedGeneration": generation_of(obj)}
        self._store.patch_status(key, patch, manager=STATUS_MANAGER)

    def _finalize(self, key: Key, obj: Map) -> Steps[Result]:
        """Delete what was applied, as deletionPolicy says, then let the object go."""
        spec = obj["spec"]
        policy = kstiming.deletion_policy(spec)
        delete = policy in ("Delete", "WaitForTermination") or (policy == "MirrorPrune" and spec.get("prune"))
        if delete and not spec.get("suspend"):
            owner = fluxapply.Owner(manager=COMPONENT, name=key.name, namespace=key.namespace)
            entries: Sequence[Mapping[str, str]] = get(obj, "status", "inventory", "entries", default=None) or ()
            gone = self._applier.prune(entries, [], owner)
            if gone:
                self._tell(key, obj, "Normal", "\n".join(pruned.line for pruned in gone))
                if policy == "WaitForTermination":
                    yield from self._wait_gone(key, obj, gone)
        if self._store.get(key) is not None:
            drop_finalizer(self._store, key, STATUS_MANAGER)
        return None

    def _wait_gone(self, key: Key, obj: Map, gone: Sequence[Pruned]) -> Steps[None]:
        deleted = [pruned.key for pruned in gone if pruned.action == "deleted"]
        in_time = yield from self._health.wait_gone(deleted, kstiming.timing(obj["spec"]).timeout // 1_000_000)
        if not in_time and self._store.get(key) is not None:
            self._tell(key, obj, "Warning", "failed to wait for resources termination")

    def _tell(self, key: Key, obj: Map, kind: Literal["Normal", "Warning"], message: str) -> None:
        ready = condition(obj, "Ready")
        reason = ready["reason"] if ready is not None else "info" if kind == "Normal" else "error"
        self._reports.record(key, kind, reason, message, get(obj, "status", "lastAppliedRevision", default=""))

    # -- idle runs

    def _is_silent(self, obj: Map) -> bool:
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

    def fingerprint(self, key: Key) -> Hashable:
        """What a run looks at: its source, its dependencies, what it substitutes from and decrypts with, what it applied and waits for."""
        obj = self._store.need(key)
        if not self._is_silent(obj):
            return None
        spec = obj["spec"]
        source = self._store.get(self._source_key(obj))
        outside: list[Hashable] = [get(source, "status", "artifact", "path", default="")]
        if spec.get("decryption") and self._credentials is not None:
            outside.append(self._credentials.state())
        revision = get(source, "status", "artifact", "revision", default="")
        for reference in spec.get("dependsOn") or ():
            name = Key(KUSTOMIZATION, reference.get("namespace") or key.namespace, reference["name"])
            dependency, expression = self._store.get(name), reference.get("readyExpr") or ""
            if expression and dependency is not None:
                outside.append(version_token(dependency))
            elif unmet(obj, name, dependency, revision, ""):
                return None
        outside.extend(self._substitutes.versions(key.namespace, spec))
        versions = self._store.versions((*self._applied(key, obj), *self._health.listed(spec)))
        if None in versions:
            return None
        outside.append(versions)
        return tuple(outside) if self._artifacts.get(str(outside[0])) is not None else None

    def _applied(self, key: Key, obj: Map) -> tuple[Key, ...]:
        """Return what the inventory lists; the same list is read once."""
        entries = get(obj, "status", "inventory", "entries", default=None)
        known = self._inventories.get(key)
        if known is None or known[0] is not entries:
            keys = tuple([key_of_inventory(entry["id"]) for entry in entries or ()])
            known = self._inventories[key] = (entries, keys)
        return known[1]

    def idle(self, key: Key) -> Idle:
        revision = self._store.need(key)["status"]["lastAppliedRevision"]
        return IdleApplies(self._idle, key, self._stream(key), annotations=noted(revision))

    def _stream(self, key: Key) -> Stream:
        return self._chance.stream(f"kustomization/{key.namespace}/{key.name}")


def key_of_inventory(inventory_id: str) -> Key:
    """Return the key of an inventory id, `production_backend_apps_Deployment`."""
    parsed = InventoryId.parse(inventory_id)
    return Key(Kind(parsed.kind, parsed.group), parsed.namespace, parsed.name)


def _jobs_with_ttl(built: fluxbuild.Build) -> list[Key]:
    return [
        key_of_object(obj)
        for obj in built.objects
        if obj["kind"] == JOB.name and get(obj, "spec", "ttlSecondsAfterFinished") is not None
    ]
