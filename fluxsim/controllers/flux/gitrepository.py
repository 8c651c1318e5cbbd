"""GitRepository: polls a branch, stores its tree as an artifact."""

from __future__ import annotations

import hashlib
from collections.abc import Hashable
from typing import NoReturn
from urllib.parse import urlsplit

from fluxsim.controllers.flux.credentials import Credentials
from fluxsim.controllers.flux.lifecycle import (
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
from fluxsim.formats.sourceignore import ArtifactFiles
from fluxsim.formats.tree import EMPTY_MAP, Json, Map, evolve, get, merged
from fluxsim.kernel.chance import Chance, Stream
from fluxsim.kernel.log import Log
from fluxsim.kernel.steps import Steps
from fluxsim.kernel.units import Millis
from fluxsim.kube.clock import Clock
from fluxsim.kube.controller import After, Result, Retry
from fluxsim.kube.events import EventRecorder
from fluxsim.kube.meta import Key, condition, generation_of
from fluxsim.kube.outcome import Failed, Stalled, Unready
from fluxsim.kube.store import Store
from fluxsim.systems.artifacts import Artifact, ArtifactStore
from fluxsim.systems.gitserver import GitError, GitServer

COMPONENT = "source-controller"
HOST = "http://source-controller.flux-system.svc.cluster.local./"
JITTER_PERCENT = 5
"""--interval-jitter-percentage of source- and kustomize-controller."""

_NEGATIVE = ("FetchFailed", "ArtifactOutdated")


class GitRepositoryReconciler:
    """Fetches the head of a ref and serves its files.

    Reads:  the Git server at spec.url; its secret.
    Writes: its own status, the artifact store.  It never looks at what is in the files.
    Woken:  by a new generation, a reconcile request, its interval. A push wakes nobody.
    Source: source-controller v1.9.1, internal/controller/gitrepository_controller.go.
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
            return None
        self._announce(key, obj)
        try:
            return (yield from self._fetch(key, self._store.need(key)))
        except Unready as unready:
            return self._unready(key, unready)

    def fingerprint(self, key: Key) -> Hashable:
        """What a poll looks at: the remote, and whether the artifact is still there."""
        obj = self._store.need(key)
        path = get(obj, "status", "artifact", "path", default="")
        return (self._git.state(obj["spec"]["url"]), self._artifacts.get(path) is not None)

    def repeat(self, key: Key) -> tuple[Millis, After]:
        stream = self._stream(key)
        takes_ms = self._takes.git_ls_remote.draw(stream)
        self._no_change(self._store.need(key))
        return takes_ms, After(self._jittered(self._store.need(key), stream))

    # -- one fetch

    def _fetch(self, key: Key, obj: Map) -> Steps[Result]:
        stream = self._stream(key)
        spec = obj["spec"]
        url = check_url(spec["url"])
        credential = self._credentials.git(key.namespace, get(spec, "secretRef", "name"))
        yield self._takes.git_ls_remote.draw(stream)
        try:
            head = self._git.open(url, credential).resolve(spec.get("ref") or {})
        except GitError as error:
            raise Failed("GitOperationFailed", f"failed to checkout and determine revision: {error}") from error
        if head is None:
            raise Failed("EmptyGitRepository", "git repository is empty")
        obj = self._store.need(key)
        served = self._artifacts.get(get(obj, "status", "artifact", "path", default=""))
        if (
            served is not None
            and served.revision == head.revision
            and get(obj, "status", "observedIgnore") == spec.get("ignore")
        ):
            return self._unchanged(key, obj, stream)
        self._outdated(key, obj, head.revision, had_artifact=served is not None)
        yield self._takes.git_clone.draw(stream) + self._takes.artifact_pack.draw(stream)
        files = ArtifactFiles(head.files, spec.get("ignore"))
        content = hashlib.sha256(f"{head.tree}\n{chr(10).join(files.patterns)}".encode()).hexdigest()
        path = f"gitrepository/{key.namespace}/{key.name}/{head.commit}.tar.gz"
        artifact = Artifact(
            revision=head.revision,
            digest=f"sha256:{content}",
            path=path,
            files=files,
            content=content,
            metadata={"commit": head.commit},
        )
        collected = self._artifacts.store(artifact)
        return self._stored(key, artifact, head.subject, collected, stream)

    def _announce(self, key: Key, obj: Map) -> None:
        generation, observed = generation_of(obj), get(obj, "status", "observedGeneration", default=-1)
        if generation != observed:
            self._progress(key, "Progressing", f"processing object: new generation {observed} -> {generation}")
        elif requests(obj):
            self._progress(key, "Progressing", "reconciliation in progress")

    def _progress(self, key: Key, reason: str, message: str, *, unknown: bool = False) -> None:
        obj = self._store.need(key)
        now, generation = self._clock.now_text(), generation_of(obj)
        listed = conditions.reconciling(status_conditions(obj), reason, message, generation=generation, now=now)
        ready = condition(obj, "Ready")
        if unknown or ready is None or ready["status"] == "Unknown":
            listed = conditions.with_condition(
                listed, "Ready", "Unknown", reason, message, generation=generation, now=now
            )
        self._store.patch_status(key, {"conditions": listed}, manager=COMPONENT)

    def _outdated(self, key: Key, obj: Map, revision: str, *, had_artifact: bool) -> None:
        """Say that upstream moved on, while the old artifact is still served."""
        if had_artifact:
            news = f"new upstream revision '{revision}'"
            listed = conditions.with_condition(
                status_conditions(obj),
                "ArtifactOutdated",
                "True",
                "NewRevision",
                news,
                generation=generation_of(obj),
                now=self._clock.now_text(),
            )
            self._store.patch_status(key, {"conditions": listed}, manager=COMPONENT)
        self._progress(key, "Progressing", f"building artifact: new upstream revision '{revision}'", unknown=True)

    def _unchanged(self, key: Key, obj: Map, stream: Stream) -> Result:
        before = condition(obj, "Ready")
        artifact: Json = obj["status"]["artifact"]
        self._conclude(key, artifact["revision"], {})
        if before is not None and before["status"] == "False":
            head = self._git.known_subject(obj["spec"]["url"], get(artifact, "metadata", "commit", default=""))
            self._tell(key, "Succeeded", f"stored artifact for commit '{short_message(head)}'", artifact)
        else:
            self._no_change(self._store.need(key))
        return After(self._jittered(obj, stream))

    def _stored(self, key: Key, artifact: Artifact, subject: str, collected: int, stream: Stream) -> Result:
        obj = self._store.need(key)
        described = {
            "path": artifact.path,
            "url": HOST + artifact.path,
            "revision": artifact.revision,
            "digest": artifact.digest,
            "lastUpdateTime": self._clock.now_text(),
            "size": 1024 + int(artifact.content[:4], 16),
            "metadata": dict(artifact.metadata),
        }
        self._log.append(
            "artifact.stored",
            COMPONENT,
            {
                "key": str(key),
                "revision": artifact.revision,
                "digest": artifact.digest,
                "commit": artifact.metadata["commit"],
                "subject": subject,
            },
        )
        self._conclude(key, artifact.revision, {"artifact": described, "observedIgnore": obj["spec"].get("ignore")})
        self._tell(key, "NewArtifact", f"stored artifact for commit '{short_message(subject)}'", described)
        if collected:
            self._recorder.record(
                self._store.need(key),
                "Normal",
                "GarbageCollectionSucceeded",
                f"garbage collected {collected} artifacts",
                component=COMPONENT,
            )
        return After(self._jittered(obj, stream))

    def _conclude(self, key: Key, revision: str, patch: dict[str, Json]) -> None:
        obj = self._store.need(key)
        now, generation = self._clock.now_text(), generation_of(obj)
        message = f"stored artifact for revision '{revision}'"
        listed = cleared(status_conditions(obj), "Reconciling", "Stalled", *_NEGATIVE)
        for kind in ("Ready", "ArtifactInStorage"):
            listed = conditions.with_condition(
                listed, kind, "True", "Succeeded", message, generation=generation, now=now
            )
        status = merged(obj.get("status", EMPTY_MAP), patch | handled(obj) | {"observedGeneration": generation})
        self._store.write_status(key, evolve(status, ("conditions",), listed), manager=COMPONENT)

    def _unready(self, key: Key, outcome: Unready) -> Result:
        obj = self._store.get(key)
        if obj is None:
            return None
        now, generation = self._clock.now_text(), generation_of(obj)
        progressing = condition(obj, "Reconciling")
        listed = conditions.with_condition(
            status_conditions(obj),
            "FetchFailed",
            "True",
            outcome.reason,
            outcome.message,
            generation=generation,
            now=now,
        )
        status: Json = handled(obj)
        if isinstance(outcome, Stalled):
            listed = conditions.stalled(listed, outcome.reason, outcome.message, generation=generation, now=now)
            status = status | {"observedGeneration": generation}
        else:
            text = progressing["message"] if progressing is not None else "reconciliation in progress"
            listed = conditions.reconciling(listed, "ProgressingWithRetry", text, generation=generation, now=now)
        listed = conditions.with_condition(
            listed, "Ready", "False", outcome.reason, outcome.message, generation=generation, now=now
        )
        written = self._store.patch_status(key, status | {"conditions": listed}, manager=COMPONENT)
        self._recorder.record(written, "Warning", outcome.reason, outcome.message, component=COMPONENT)
        return None if isinstance(outcome, Stalled) else Retry(outcome.message)

    def _no_change(self, obj: Map) -> None:
        revision = get(obj, "status", "artifact", "revision")
        message = f"no changes since last reconciliation: observed revision '{revision}'"
        self._recorder.record(obj, "Normal", "GitOperationSucceeded", message, component=COMPONENT, quiet=True)

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


def jittered(interval_ms: Millis, stream: Stream) -> Millis:
    """Return the interval ± 5 %, as source- and kustomize-controller requeue."""
    spread = interval_ms * JITTER_PERCENT // 100
    return stream.between(interval_ms - spread, interval_ms + spread)


def check_url(url: str) -> str:
    """Return the URL; Stalled where it cannot be parsed."""
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError as error:
        _stall(url, str(error))
    if not parts.hostname and parts.scheme in ("http", "https", "ssh"):
        _stall(url, "no host in URL")
    return url


def _stall(url: str, why: str) -> NoReturn:
    raise Stalled("URLInvalid", f"failed to parse url '{url}': parse \"{url}\": {why}")
