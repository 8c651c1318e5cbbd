"""GitRepository: polls a branch, stores its tree as an artifact."""

from __future__ import annotations

from collections.abc import Hashable, Sequence

from fluxsim.controllers.flux.contents import (
    Included,
    NoSuchDirectory,
    contents,
    observations,
    observed,
    wanted,
)
from fluxsim.controllers.flux.credentials import Credentials
from fluxsim.controllers.flux.giturl import check_url
from fluxsim.controllers.flux.idleruns import Ground, IdlePolls, jittered, no_change
from fluxsim.controllers.flux.lifecycle import (
    IN_PROGRESS,
    add_finalizer,
    cleared,
    drop_finalizer,
    handled,
    requests,
    status_conditions,
)
from fluxsim.controllers.latencies import Latencies
from fluxsim.formats import conditions
from fluxsim.formats.durations import parse_millis
from fluxsim.formats.gotext import short_message
from fluxsim.formats.tree import EMPTY_MAP, Json, Map, evolve, get, merged
from fluxsim.kernel.chance import Chance, Stream
from fluxsim.kernel.log import Log
from fluxsim.kernel.steps import Steps
from fluxsim.kernel.units import SECOND, Millis
from fluxsim.kube.clock import Clock
from fluxsim.kube.controller import After, Again, Result, Retry
from fluxsim.kube.events import EventRecorder
from fluxsim.kube.idle import Idle
from fluxsim.kube.meta import Key, condition, generation_of
from fluxsim.kube.outcome import Failed, Stalled, Unready, Waiting
from fluxsim.kube.store import Store
from fluxsim.systems.artifacts import Artifact, ArtifactStore
from fluxsim.systems.gitserver import GitError, GitServer, Head

COMPONENT = "source-controller"
HOST = "http://source-controller.flux-system.svc.cluster.local./"
DEPENDENCY_MS: Millis = 30 * SECOND
"""--requeue-dependency."""

_FAILURES = ("FetchFailed", "IncludeUnavailable", "StorageOperationFailed")
_OVER = (*_FAILURES, "ArtifactOutdated", "Reconciling", "Stalled")


class _Run:
    """One run: the object as it was before, what was said last, what goes into the artifact."""

    __slots__ = ("before", "included", "key", "message", "stream")

    def __init__(self, key: Key, before: Map, stream: Stream) -> None:
        self.key = key
        self.before = before
        self.stream = stream
        self.message = IN_PROGRESS
        self.included: Sequence[Included] = ()


class GitRepositoryReconciler:
    """Fetches the head of a ref and serves its files.

    Reads:  the Git server at spec.url; its secret; the artifacts of the GitRepositories that it includes.
    Writes: its own status, the artifact store.  It never looks at what is in the files.
    Woken:  by a new generation, a reconcile request, its interval. A push wakes nobody.
    Source: source-controller v1.9.1, internal/controller/gitrepository_controller.go and internal/reconcile.
    """

    def __init__(
        self,
        git: GitServer,
        artifacts: ArtifactStore,
        credentials: Credentials,
        *,
        store: Store,
        recorder: EventRecorder,
        clock: Clock,
        log: Log,
        chance: Chance,
        latencies: Latencies,
    ) -> None:
        self._git = git
        self._artifacts = artifacts
        self._credentials = credentials
        self._store = store
        self._recorder = recorder
        self._clock = clock
        self._log = log
        self._chance = chance
        self._takes = latencies
        self._idle = Ground(store, recorder, clock, latencies, component=COMPONENT)

    def reconcile(self, key: Key) -> Steps[Result]:
        obj = self._store.get(key)
        if obj is None:
            return None
        if get(obj, "metadata", "deletionTimestamp"):
            self._artifacts.remove(f"gitrepository/{key.namespace}/{key.name}")
            drop_finalizer(self._store, key, COMPONENT)
            return None
        if add_finalizer(self._store, key, COMPONENT):
            return After(0)
        if get(obj, "spec", "suspend"):
            self._rest(key, obj)
            return None
        run = _Run(key, obj, self._stream(key))
        self._announce(run, obj)
        try:
            return (yield from self._fetch(run))
        except Unready as unready:
            return self._unready(run, unready)

    def fingerprint(self, key: Key) -> Hashable:
        """What a poll looks at: the remote, the secrets, and whether the artifact is still there."""
        obj = self._store.need(key)
        if obj["spec"].get("include"):
            return None
        path = get(obj, "status", "artifact", "path", default="")
        return (self._git.state(obj["spec"]["url"]), self._credentials.state(), self._artifacts.get(path) is not None)

    def idle(self, key: Key) -> Idle:
        return IdlePolls(self._idle, key, self._stream(key))

    # -- one fetch

    def _fetch(self, run: _Run) -> Steps[Result]:
        spec = run.before["spec"]
        served = self._served(run)
        url = check_url(spec["url"])
        credential = self._credentials.git(run.before)
        run.included = self._includes(run, spec)
        yield self._takes.git_ls_remote.draw(run.stream)
        head = self._head(url, credential, spec, cloning=served is None)
        obj = self._store.need(run.key)
        if served is not None and served.revision == head.revision and self._content_stands(obj, spec, run.included):
            return self._unchanged(run, obj)
        yield self._takes.git_clone.draw(run.stream)
        try:
            files, content = contents(head, spec, run.included)
        except NoSuchDirectory as error:
            raise Failed("GitOperationFailed", f"failed to sparse checkout directories : {error}") from error
        self._outdated(run, head.revision, had_artifact=served is not None)
        yield self._takes.artifact_pack.draw(run.stream)
        artifact = Artifact(
            revision=head.revision,
            digest=f"sha256:{content}",
            path=f"gitrepository/{run.key.namespace}/{run.key.name}/{head.commit}.tar.gz",
            files=files,
            content=content,
            metadata={"commit": head.commit},
        )
        collected = self._artifacts.store(artifact)
        return self._stored(run, artifact, head.subject, collected)

    def _served(self, run: _Run) -> Artifact | None:
        """Return the artifact that is served; where there is none, say that one is built."""
        path = get(run.before, "status", "artifact", "path")
        found = self._artifacts.get(path) if path else None
        if found is None:
            listed = cleared(status_conditions(self._store.need(run.key)), "ArtifactInStorage")
            gone = {"artifact": None} if path else {}
            self._progress(
                run,
                "building artifact: disappeared from storage" if path else "building artifact",
                drifted=True,
                patch=gone,
                listed=listed,
            )
        return found

    def _head(self, url: str, credential: str, spec: Json, *, cloning: bool) -> Head:
        try:
            head = self._git.open(url, credential).resolve(spec.get("ref") or {}, cloning=cloning)
        except GitError as error:
            raise Failed("GitOperationFailed", f"failed to checkout and determine revision: {error}") from error
        if head is None:
            raise Failed("EmptyGitRepository", "git repository is empty")
        return head

    def _includes(self, run: _Run, spec: Json) -> list[Included]:
        found: list[Included] = []
        for include in spec.get("include") or ():
            name = include["repository"]["name"]
            source = self._store.get(Key(run.key.kind, run.key.namespace, name))
            if source is None:
                missing = f'GitRepository.source.toolkit.fluxcd.io "{name}" not found'
                told = f"could not get resource for include '{name}': {missing}"
                raise Waiting("NotFound", told, again_after=DEPENDENCY_MS)
            artifact = self._artifacts.get(get(source, "status", "artifact", "path", default=""))
            if artifact is None:
                told = f"no artifact available for include '{name}'"
                raise Waiting("NoArtifact", told, again_after=DEPENDENCY_MS)
            found.append(Included(artifact, include.get("fromPath") or "", include.get("toPath") or name))
        return found

    def _content_stands(self, obj: Map, spec: Json, included: Sequence[Included]) -> bool:
        listed = [one.artifact.digest for one in included]
        before = [entry["digest"] for entry in get(obj, "status", "includedArtifacts", default=None) or ()]
        return observed(obj) == wanted(spec) and listed == before

    # -- what is said meanwhile

    def _announce(self, run: _Run, obj: Map) -> None:
        generation, observed_generation = generation_of(obj), get(obj, "status", "observedGeneration", default=-1)
        if generation != observed_generation:
            self._progress(run, f"processing object: new generation {observed_generation} -> {generation}")
        elif requests(obj):
            self._progress(run, IN_PROGRESS)

    def _progress(
        self, run: _Run, message: str, *, drifted: bool = False, patch: Json = EMPTY_MAP, listed: Json = None
    ) -> None:
        run.message = message
        obj = self._store.need(run.key)
        now, generation = self._clock.now_text(), generation_of(obj)
        listed = status_conditions(obj) if listed is None else listed
        listed = conditions.reconciling(listed, "Progressing", message, generation=generation, now=now)
        ready = condition(obj, "Ready")
        if drifted or ready is None or ready["status"] == "Unknown":
            listed = conditions.with_condition(
                listed, "Ready", "Unknown", "Progressing", message, generation=generation, now=now
            )
        self._store.patch_status(run.key, {**patch, "conditions": listed}, manager=COMPONENT)

    def _outdated(self, run: _Run, revision: str, *, had_artifact: bool) -> None:
        """Say that upstream moved on, while the old artifact is still served."""
        obj = self._store.need(run.key)
        news = f"new upstream revision '{revision}'"
        if get(obj, "status", "artifact", "revision") == revision:
            return
        listed = cleared(status_conditions(obj), *_FAILURES)
        if had_artifact:
            generation, now = generation_of(obj), self._clock.now_text()
            listed = conditions.with_condition(
                listed, "ArtifactOutdated", "True", "NewRevision", news, generation=generation, now=now
            )
        self._progress(run, f"building artifact: {news}", drifted=True, listed=listed)

    # -- how it ends

    def _rest(self, key: Key, obj: Map) -> None:
        """Do what is done for a suspended object: the request counts as handled, the generation as seen."""
        listed = status_conditions(obj)
        seen = {"observedGeneration": generation_of(obj), "conditions": cleared(listed, "Stalled")} if listed else {}
        self._store.patch_status(key, handled(obj) | seen, manager=COMPONENT)

    def _unchanged(self, run: _Run, obj: Map) -> Result:
        artifact: Json = obj["status"]["artifact"]
        self._conclude(run, artifact["revision"], {})
        if self._recovered(run):
            self._tell(run.key, "Succeeded", f"stored artifact for commit '{artifact['revision']}'", artifact)
        self._no_change(self._store.need(run.key))
        return After(self._jittered(obj, run.stream))

    def _stored(self, run: _Run, artifact: Artifact, subject: str, collected: int) -> Result:
        obj = self._store.need(run.key)
        described = {
            "path": artifact.path,
            "url": HOST + artifact.path,
            "revision": artifact.revision,
            "digest": artifact.digest,
            "lastUpdateTime": self._clock.now_text(),
            "size": 1024 + int(artifact.content[:4], 16),
        }
        self._log.append(
            "artifact.stored",
            COMPONENT,
            {
                "key": str(run.key),
                "revision": artifact.revision,
                "digest": artifact.digest,
                "commit": artifact.metadata["commit"],
                "subject": subject,
            },
        )
        included = [
            {"path": one.artifact.path, "revision": one.artifact.revision, "digest": one.artifact.digest}
            for one in run.included
        ]
        patch = {"artifact": described, "includedArtifacts": included or None} | observations(obj["spec"])
        self._conclude(run, artifact.revision, patch)
        told = f"stored artifact for commit '{short_message(subject)}'"
        if get(run.before, "status", "artifact", "digest") != artifact.digest:
            self._tell(run.key, "NewArtifact", told, described)
        elif self._recovered(run):
            self._tell(run.key, "Succeeded", told, described)
        if collected:
            self._recorder.record(
                self._store.need(run.key),
                "Normal",
                "GarbageCollectionSucceeded",
                f"garbage collected {collected} artifacts",
                component=COMPONENT,
            )
        return After(self._jittered(obj, run.stream))

    def _conclude(self, run: _Run, revision: str, patch: dict[str, Json]) -> None:
        obj = self._store.need(run.key)
        now, generation = self._clock.now_text(), generation_of(obj)
        message = f"stored artifact for revision '{revision}'"
        listed = cleared(status_conditions(obj), *_OVER)
        listed = conditions.with_condition(
            listed, "ArtifactInStorage", "True", "Succeeded", message, generation=generation, now=now
        )
        listed = conditions.with_ready(listed, conditions.GIT_REPOSITORY, generation=generation, now=now)
        status = merged(obj.get("status", EMPTY_MAP), patch | handled(obj) | {"observedGeneration": generation})
        self._store.write_status(run.key, evolve(status, ("conditions",), listed), manager=COMPONENT)

    def _unready(self, run: _Run, outcome: Unready) -> Result:
        obj = self._store.get(run.key)
        if obj is None:
            return None
        now, generation = self._clock.now_text(), generation_of(obj)
        failed = "IncludeUnavailable" if isinstance(outcome, Waiting) else "FetchFailed"
        listed = status_conditions(obj)
        status: Json = handled(obj)
        if isinstance(outcome, Stalled):
            listed = conditions.stalled(listed, outcome.reason, outcome.message, generation=generation, now=now)
            status = status | {"observedGeneration": generation}
        else:
            listed = conditions.reconciling(listed, "ProgressingWithRetry", run.message, generation=generation, now=now)
        listed = conditions.with_condition(
            listed, failed, "True", outcome.reason, outcome.message, generation=generation, now=now
        )
        listed = conditions.with_ready(listed, conditions.GIT_REPOSITORY, generation=generation, now=now)
        written = self._store.patch_status(run.key, status | {"conditions": listed}, manager=COMPONENT)
        if isinstance(outcome, Waiting):
            self._recorder.record(written, "Normal", outcome.reason, outcome.message, component=COMPONENT)
            return Again(outcome.again_after)
        self._recorder.record(written, "Warning", outcome.reason, outcome.message, component=COMPONENT)
        return None if isinstance(outcome, Stalled) else Retry(outcome.message)

    def _recovered(self, run: _Run) -> bool:
        """Return whether the run before this one failed."""
        return any(condition(run.before, kind) is not None for kind in _FAILURES)

    def _no_change(self, obj: Map) -> None:
        self._recorder.record(obj, "Normal", "GitOperationSucceeded", no_change(obj), component=COMPONENT, quiet=True)

    def _tell(self, key: Key, reason: str, message: str, artifact: Json) -> None:
        annotations = {
            "source.toolkit.fluxcd.io/revision": artifact["revision"],
            "source.toolkit.fluxcd.io/digest": artifact["digest"],
        }
        self._recorder.record(
            self._store.need(key), "Normal", reason, message, component=COMPONENT, annotations=annotations
        )

    def _jittered(self, obj: Map, stream: Stream) -> Millis:
        return jittered(parse_millis(obj["spec"]["interval"]), stream)

    def _stream(self, key: Key) -> Stream:
        return self._chance.stream(f"gitrepository/{key.namespace}/{key.name}")
