"""ImageUpdateAutomation: clones the repository, sets the marked fields to what the policies elected, commits, pushes."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Hashable, Sequence
from dataclasses import dataclass

from fluxsim.controllers.flux.credentials import Credentials
from fluxsim.controllers.flux.idleruns import Ground, IdleAutomation
from fluxsim.controllers.flux.lifecycle import Attempt, Progress
from fluxsim.controllers.flux.signing import NoSigner, signer_of
from fluxsim.controllers.latencies import Latencies
from fluxsim.formats import automationgit, committemplate, gitauth, labelselector
from fluxsim.formats.durations import parse_millis
from fluxsim.formats.gitcommit import Signer
from fluxsim.formats.gitwalk import Walks
from fluxsim.formats.imageevents import NO_CHANGE
from fluxsim.formats.imagewatches import elected_policies
from fluxsim.formats.markers import ImageRef, SetterError, SetterResult, UnsupportedStrategy, apply_setters
from fluxsim.formats.tree import Json, Map, get
from fluxsim.kernel.chance import Chance, Stream
from fluxsim.kube.clock import Clock
from fluxsim.kube.events import EventRecorder
from fluxsim.kube.idle import Idle
from fluxsim.kube.meta import GIT_REPOSITORY, IMAGE_POLICY, Key, labels_of
from fluxsim.kube.outcome import Failed, Ready, Stalled
from fluxsim.kube.store import Store
from fluxsim.systems.gitserver import Author, Checkout, Files, GitError, GitServer, Remote

COMPONENT = "image-automation-controller"
UP_TO_DATE = "repository up-to-date"
SYMLINK = 0o120000
IDENTITY_GATE = (
    "to use spec.serviceAccountName for provider authentication please enable the "
    "ObjectLevelWorkloadIdentity feature gate in the controller"
)


@dataclass(frozen=True, slots=True)
class _Source:
    """Where a run clones from and pushes to, and who signs."""

    remote: Remote
    config: automationgit.GitConfig
    signer: Signer | None


class ImageUpdateAutomationReconciler:
    """Writes elected tags into Git.

    Reads:  the ImagePolicies of its own namespace that have a latestRef (ready or suspended or not); the Git server itself.
    Writes: commits; its own status.  It never looks at artifacts, at history, or at who wrote a line before.
    Woken:  by a new generation, a request, its interval, a changed latestRef of any policy in its namespace, a changed
            spec of its GitRepository. A new revision in Git wakes it not.
    Source: image-automation-controller v1.2.1, internal/controller/imageupdateautomation_controller.go.
    """

    def __init__(
        self,
        git: GitServer,
        credentials: Credentials,
        *,
        store: Store,
        recorder: EventRecorder,
        clock: Clock,
        chance: Chance,
        latencies: Latencies,
    ) -> None:
        self._git = git
        self._credentials = credentials
        self._store = store
        self._clock = clock
        self._chance = chance
        self._takes = latencies
        self._idle = Ground(store, recorder, clock, latencies, component=COMPONENT)

    announces_requests = True

    def attempt(self, key: Key, obj: Map, progress: Progress) -> Attempt:
        spec = obj["spec"]
        stream = self._stream(key)
        self._store.beat(key, {"lastAutomationRunTime": self._clock.now_text()})
        policies = self._policies(key, spec)
        progress.past("InvalidPolicySelector")
        observed: Json = {policy["metadata"]["name"]: policy["status"]["latestRef"] for policy in policies}
        source = self._source(key, spec)
        progress.past("InvalidSourceConfiguration", "SourceManagerFailed", "FeatureGateDisabled")
        status = obj.get("status", {})
        interval_ms = parse_millis(spec["interval"])
        if automationgit.may_skip_clone(status, observed, source.config):
            yield self._takes.git_ls_remote.draw(stream)
            if self._is_unchanged(source, status["observedSourceRevision"]):
                return Ready(UP_TO_DATE, again_after=interval_ms, trace=NO_CHANGE)
        yield self._takes.git_clone.draw(stream)
        try:
            checkout = source.remote.checkout(source.config.checkout_ref, source.config.push_branch)
        except GitError as error:
            raise checkout_failed(error, all_branches=source.config.switch_branch) from error
        progress.past("GitOperationFailed")
        result = self._set(key, spec, policies, checkout)
        progress.past("InvalidUpdateStrategy", "UpdateFailed")
        seen: dict[str, Json] = {
            "observedSourceRevision": checkout.revision,
            "observedPolicies": _replaced(status, observed),
        }
        if not result.changed:
            return Ready(UP_TO_DATE, seen, again_after=interval_ms, trace=UP_TO_DATE)
        pushed = yield from self._push(key, spec, source, checkout, result, stream)
        if pushed.commit == checkout.parent:  # the setters wrote what was there: nothing to commit
            return Ready(UP_TO_DATE, seen, again_after=interval_ms, trace=UP_TO_DATE)
        if not source.config.switch_branch:
            seen["observedSourceRevision"] = automationgit.revision(source.config.checkout_ref, pushed.commit)
        seen |= {"lastPushCommit": pushed.commit, "lastPushTime": self._clock.now_text()}
        return Ready(UP_TO_DATE, seen, again_after=interval_ms, event=pushed.summary)

    # -- parts of a run

    def _policies(self, key: Key, spec: Json) -> Sequence[Map]:
        try:
            selector = labelselector.parse(spec.get("policySelector"))
        except labelselector.InvalidSelector as error:
            raise Stalled("InvalidPolicySelector", f"failed to parse policy selector: {error}") from error
        elected = elected_policies(self._store.list(IMAGE_POLICY, key.namespace), key.namespace)
        return [policy for policy in elected if selector.matches(labels_of(policy))]

    def _source(self, key: Key, spec: Json) -> _Source:
        reference = spec["sourceRef"]
        problem = automationgit.source_error(reference, spec.get("git"))
        if problem:
            raise Stalled("InvalidSourceConfiguration", problem)
        wanted = Key(GIT_REPOSITORY, reference.get("namespace") or key.namespace, reference["name"])
        failed = "failed configuring source manager: "
        repository = self._store.get(wanted)
        if repository is None:
            missing = automationgit.source_missing(f'GitRepository.source.toolkit.fluxcd.io "{wanted.name}" not found')
            raise Failed("SourceManagerFailed", failed + missing)
        try:
            config = automationgit.git_config(spec["git"], repository["spec"])
            credential = self._credentials.automation(repository)
            signing = get(spec, "git", "commit", "signingKey", default=None)
            signer = signer_of(signing, key.namespace, self._credentials)
        except gitauth.InvalidSourceConfiguration as error:
            raise Stalled("InvalidSourceConfiguration", str(error)) from error
        except gitauth.FeatureGateNotEnabled as error:
            raise Stalled("FeatureGateDisabled", IDENTITY_GATE) from error
        except (automationgit.NoPushBranch, gitauth.AuthError, NoSigner) as error:
            raise Failed("SourceManagerFailed", f"{failed}{error}") from error
        return _Source(self._git.open(repository["spec"]["url"], credential), config, signer)

    def _is_unchanged(self, source: _Source, last: str) -> bool:
        """List the remote's refs and compare; where the ref is gone the clone will say so."""
        try:
            head = source.remote.resolve(source.config.checkout_ref)
        except GitError as error:
            raise checkout_failed(error) from error
        return automationgit.unchanged(last, head.revision if head is not None else "", source.config.checkout_ref)

    def _set(self, key: Key, spec: Json, policies: Sequence[Map], checkout: Checkout) -> SetterResult:
        path: str = get(spec, "update", "path", default="")
        images = {
            f"{policy['metadata']['namespace']}:{policy['metadata']['name']}": ImageRef.of(
                policy["status"]["latestRef"]
            )
            for policy in policies
        }
        files, symlinks = below(checkout.files, path)
        strategy = get(spec, "update", "strategy", default="Setters")
        try:
            return apply_setters(files, images, path=path, symlinks=symlinks, strategy=strategy)
        except UnsupportedStrategy as error:
            raise Stalled("InvalidUpdateStrategy", str(error)) from error
        except SetterError as error:
            text = str(error).replace("lstat ", f"lstat {self._work_directory(key, spec)}/", 1)
            raise Failed("UpdateFailed", f"failed to apply policies: {text}") from error

    def _work_directory(self, key: Key, spec: Json) -> str:
        """Return where messages say that the clone lies; nothing is written."""
        reference = spec["sourceRef"]
        stream = self._chance.stream(f"imageupdateautomation/{key.namespace}/{key.name}/directory")
        name = f"{reference.get('namespace') or key.namespace}-{reference['name']}"
        return f"/tmp/{name}{stream.text(10, '0123456789')}"  # noqa: S108

    def _push(
        self, key: Key, spec: Json, source: _Source, checkout: Checkout, result: SetterResult, stream: Stream
    ) -> automationgit.PushSteps:
        commit_spec = get(spec, "git", "commit", default=None) or {}
        try:
            message = committemplate.rendered(
                commit_spec.get("messageTemplate", ""),
                namespace=key.namespace,
                name=key.name,
                values=commit_spec.get("messageTemplateValues"),
                changes=result.changes,
            )
        except committemplate.RemovedTemplateField as error:
            raise Stalled("RemovedTemplateField", str(error)) from error
        except committemplate.CommitTemplateFault as error:
            raise Failed("GitOperationFailed", f"failed to update source: {error}") from error
        author = Author(commit_spec["author"].get("name", ""), commit_spec["author"]["email"])
        yield self._takes.git_push.draw(stream)
        try:
            commit = source.remote.push_commit(
                checkout,
                result.changed,
                author=author,
                message=message,
                when_s=self._clock.unix_s,
                branch=source.config.push_branch,
                force=source.config.switch_branch,
                signer=source.signer,
                refspec=source.config.refspec,
                changes={"changes": told(result), "by": COMPONENT},
            )
        except GitError as error:
            raise Failed("GitOperationFailed", f"failed to update source: failed to push to remote: {error}") from error
        refspecs = [source.config.refspec] if source.config.refspec else []
        summary = automationgit.push_summary(commit, source.config.push_branch, refspecs, message)
        return automationgit.Pushed(commit, summary)

    # -- idle runs

    def fingerprint(self, key: Key) -> Hashable:
        """What a run looks at: the remote head, the secrets, the policies of the namespace, the GitRepository."""
        obj = self._store.need(key)
        reference = obj["spec"]["sourceRef"]
        repository = self._store.get(
            Key(GIT_REPOSITORY, reference.get("namespace") or key.namespace, reference["name"])
        )
        if repository is None or not get(obj, "status", "observedSourceRevision"):
            return None
        try:
            config = automationgit.git_config(obj["spec"]["git"], repository["spec"])
        except automationgit.NoPushBranch:
            return None
        if config.always_full_sync:
            return None
        return (
            self._git.state(repository["spec"]["url"]),
            self._credentials.state(),
            self._store.revision_of(IMAGE_POLICY),
            repository["metadata"].get("generation"),
        )

    def idle(self, key: Key) -> Idle:
        return IdleAutomation(self._idle, key, self._stream(key))

    def _stream(self, key: Key) -> Stream:
        return self._chance.stream(f"imageupdateautomation/{key.namespace}/{key.name}")


def _replaced(status: Json, observed: Json) -> Json:
    """Return a merge patch that makes observedPolicies exactly `observed`."""
    gone = {name: None for name in status.get("observedPolicies") or {} if name not in observed}
    fresh = {
        name: reference | ({} if "digest" in reference else {"digest": None}) for name, reference in observed.items()
    }
    return gone | fresh


_NO_REF = re.compile(r"couldn't find remote ref \".*\"$")


def checkout_failed(error: GitError, *, all_branches: bool = False) -> Failed:
    """Return the failure; a clone of all branches misses a ref only afterwards, and so says less of it."""
    text = _NO_REF.sub("reference not found", str(error)) if all_branches else str(error)
    return Failed("GitOperationFailed", f"failed to checkout source: {text}")


_WALKS = Walks()


def below(files: Files, path: str) -> tuple[dict[str, bytes], dict[str, str]]:
    """Return (files below a path of a checkout, symlinks by what they point to); `..` stops at the root, as in Flux.

    Where there are symlinks all files come along, since one is read and written through a link wherever it lies.
    """
    wanted = posixpath.normpath(f"/{path}").strip("/")
    entries = _WALKS.below(files.objects, files.root)
    symlinks = {
        name: files.objects.blob(entry.sha).decode("utf-8", "surrogateescape")
        for name, entry in entries
        if entry.mode == SYMLINK
    }
    everything = bool(symlinks) or not wanted
    found = {
        name: files.objects.blob(entry.sha)
        for name, entry in entries
        if entry.is_file and (everything or name == wanted or name.startswith(f"{wanted}/"))
    }
    return found, symlinks


def told(result: SetterResult) -> list[dict[str, Json]]:
    """Return the changes as the log has them."""
    return [
        {
            "file": file,
            "object": {
                "apiVersion": identifier[0],
                "kind": identifier[1],
                "name": identifier[2],
                "namespace": identifier[3],
            },
            "old": change[0],
            "new": change[1],
            "setter": change[2],
        }
        for file, identifier, change in result.changes
    ]
