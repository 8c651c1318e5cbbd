"""ImageUpdateAutomation: clones the repository, sets the marked fields to what the policies elected, commits, pushes."""

from __future__ import annotations

import posixpath
from collections.abc import Hashable, Sequence
from dataclasses import dataclass

from fluxsim.controllers.flux.credentials import Credentials
from fluxsim.controllers.flux.lifecycle import Attempt, Progress
from fluxsim.controllers.latencies import Latencies
from fluxsim.formats import automationgit, committemplate, labelselector
from fluxsim.formats.durations import parse_millis
from fluxsim.formats.markers import ImageRef, SetterError, SetterResult, apply_setters
from fluxsim.formats.tree import Json, Map, get
from fluxsim.kernel.chance import Chance, Stream
from fluxsim.kernel.units import Millis
from fluxsim.kube.clock import Clock
from fluxsim.kube.controller import After
from fluxsim.kube.meta import GIT_REPOSITORY, IMAGE_POLICY, SECRET, Key, labels_of
from fluxsim.kube.outcome import Failed, Ready, Stalled
from fluxsim.kube.store import Store
from fluxsim.systems.gitserver import Author, Checkout, Files, GitError, GitServer, Remote

COMPONENT = "image-automation-controller"
UP_TO_DATE = "repository up-to-date"
NO_CHANGE = "no change since last reconciliation"


@dataclass(frozen=True, slots=True)
class _Source:
    """Where a run clones from and pushes to."""

    remote: Remote
    config: automationgit.GitConfig


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

    def attempt(self, key: Key, obj: Map, progress: Progress) -> Attempt:
        spec = obj["spec"]
        stream = self._chance.stream(f"imageupdateautomation/{key.namespace}/{key.name}")
        beat = {"lastAutomationRunTime": self._clock.now_text()}
        policies = self._policies(key, spec)
        observed: Json = {policy["metadata"]["name"]: policy["status"]["latestRef"] for policy in policies}
        status = obj.get("status", {})
        source = self._source(key, spec)
        full = (status.get("observedPolicies") or {}) != observed or source.config.always_full_sync
        interval_ms = parse_millis(spec["interval"])
        last = status.get("observedSourceRevision", "")
        if not full and last:
            yield self._takes.git_ls_remote.draw(stream)
            try:
                head = source.remote.resolve(source.config.checkout_ref)
            except GitError as error:
                raise self._checkout_failed(error) from error
            if automationgit.unchanged(last, head.revision if head is not None else "", source.config.checkout_ref):
                return Ready(UP_TO_DATE, beat=beat, again_after=interval_ms, trace=NO_CHANGE)
        yield self._takes.git_clone.draw(stream)
        try:
            checkout = source.remote.checkout(source.config.checkout_ref, source.config.push_branch)
        except GitError as error:
            raise self._checkout_failed(error) from error
        result = self._set(spec, policies, checkout)
        seen: dict[str, Json] = {
            "observedSourceRevision": checkout.revision,
            "observedPolicies": _replaced(status, observed),
        }
        if not result.changed:
            return Ready(UP_TO_DATE, seen, beat=beat, again_after=interval_ms, trace=UP_TO_DATE)
        pushed = yield from self._push(key, spec, source, checkout, result, stream)
        if not source.config.switch_branch:
            seen["observedSourceRevision"] = automationgit.revision(source.config.checkout_ref, pushed.commit)
        seen |= {"lastPushCommit": pushed.commit, "lastPushTime": self._clock.now_text()}
        return Ready(UP_TO_DATE, seen, beat=beat, again_after=interval_ms, event=pushed.summary)

    # -- parts of a run

    def _policies(self, key: Key, spec: Json) -> Sequence[Map]:
        try:
            selector = labelselector.parse(spec.get("policySelector"))
        except labelselector.InvalidSelector as error:
            raise Stalled("InvalidPolicySelector", f"failed to parse policy selector: {error}") from error
        return [
            policy
            for policy in self._store.list(IMAGE_POLICY, key.namespace)
            if get(policy, "status", "latestRef") is not None and selector.matches(labels_of(policy))
        ]

    def _source(self, key: Key, spec: Json) -> _Source:
        reference = spec["sourceRef"]
        kind = reference.get("kind", "GitRepository")
        if kind != "GitRepository":
            raise Stalled(
                "InvalidSourceConfiguration", f"source kind '{kind}' not supported: invalid source configuration"
            )
        if not spec.get("git"):
            raise Stalled(
                "InvalidSourceConfiguration",
                "source kind 'GitRepository' necessitates field .spec.git: invalid source configuration",
            )
        wanted = Key(GIT_REPOSITORY, reference.get("namespace") or key.namespace, reference["name"])
        repository = self._store.get(wanted)
        failed = "failed configuring source manager: "
        if repository is None:
            missing = f'gitrepositories.source.toolkit.fluxcd.io "{wanted.name}" not found'
            raise Failed("SourceManagerFailed", f"{failed}referenced git repository does not exist: {missing}")
        try:
            config = automationgit.git_config(spec["git"], repository["spec"])
        except automationgit.NoPushBranch as error:
            raise Failed("SourceManagerFailed", f"{failed}{error}") from error
        credential = self._credentials.git(wanted.namespace, get(repository, "spec", "secretRef", "name"))
        try:
            return _Source(self._git.open(repository["spec"]["url"], credential), config)
        except GitError as error:
            raise self._checkout_failed(error) from error

    def _set(self, spec: Json, policies: Sequence[Map], checkout: Checkout) -> SetterResult:
        strategy = get(spec, "update", "strategy", default="Setters")
        if strategy != "Setters":
            raise Stalled("InvalidUpdateStrategy", f"unsupported update strategy: {strategy}")
        path: str = get(spec, "update", "path", default="")
        images = {
            f"{policy['metadata']['namespace']}:{policy['metadata']['name']}": ImageRef.of(
                policy["status"]["latestRef"]
            )
            for policy in policies
        }
        try:
            return apply_setters(below(checkout.files, path), images, path=path)
        except SetterError as error:
            raise Failed("UpdateFailed", f"failed to apply policies: {error}") from error

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
                changes=file_changes(result),
            )
        except committemplate.RemovedTemplateField as error:
            raise Stalled("RemovedTemplateField", str(error)) from error
        except committemplate.CommitTemplateFault as error:
            raise Failed("GitOperationFailed", f"failed to update source: {error}") from error
        author = Author(commit_spec["author"].get("name", ""), commit_spec["author"]["email"])
        signer = self._signer(key, commit_spec.get("signingKey"))
        yield self._takes.git_push.draw(stream)
        force = source.config.switch_branch
        try:
            commit = source.remote.push_commit(
                checkout,
                result.changed,
                author=author,
                message=message,
                when_s=self._clock.unix_s,
                branch=source.config.push_branch,
                force=force,
                signer=signer,
                refspec=source.config.refspec,
                changes={"changes": told(result), "by": COMPONENT},
            )
        except GitError as error:
            raise Failed("GitOperationFailed", f"failed to update source: failed to push to remote: {error}") from error
        refspecs = [source.config.refspec] if source.config.refspec else []
        summary = automationgit.push_summary(commit, source.config.push_branch, refspecs, message)
        return automationgit.Pushed(commit, summary)

    def _signer(self, key: Key, signing: Json) -> Json:
        if not signing:
            return None
        name = signing["secretRef"]["name"]
        secret = self._store.get(Key(SECRET, key.namespace, name))
        if secret is None:
            text = f'failed to get secret "{key.namespace}/{name}": secrets "{name}" not found'
            raise Failed("GitOperationFailed", f"failed to update source: unable to get signing key: {text}")
        return secret

    def _checkout_failed(self, error: GitError) -> Failed:
        return Failed("GitOperationFailed", f"failed to checkout source: {error}")

    # -- idle runs

    def fingerprint(self, key: Key) -> Hashable:
        """What a run looks at: the remote head, the policies of the namespace, the GitRepository."""
        obj = self._store.need(key)
        reference = obj["spec"]["sourceRef"]
        repository = self._store.get(
            Key(GIT_REPOSITORY, reference.get("namespace") or key.namespace, reference["name"])
        )
        if repository is None or not get(obj, "status", "observedSourceRevision"):
            return None
        return (
            self._git.state(repository["spec"]["url"]),
            self._store.revision_of(IMAGE_POLICY),
            repository["metadata"].get("generation"),
        )

    def repeat(self, key: Key) -> tuple[Millis, After]:
        obj = self._store.need(key)
        stream = self._chance.stream(f"imageupdateautomation/{key.namespace}/{key.name}")
        self._store.beat(key, {"lastAutomationRunTime": self._clock.now_text()})
        return self._takes.git_ls_remote.draw(stream), After(parse_millis(obj["spec"]["interval"]))


def _replaced(status: Json, observed: Json) -> Json:
    """Return a merge patch that makes observedPolicies exactly `observed`."""
    gone = {name: None for name in status.get("observedPolicies") or {} if name not in observed}
    fresh = {
        name: reference | ({} if "digest" in reference else {"digest": None}) for name, reference in observed.items()
    }
    return gone | fresh


def below(files: Files, path: str) -> dict[str, bytes]:
    """Return the files below a path of a checkout; `..` stops at the root, as the controller joins paths."""
    wanted = posixpath.normpath(f"/{path}").strip("/")
    return {
        name: files.objects.blob(entry.sha)
        for name, entry in files.walk()
        if not wanted or name == wanted or name.startswith(f"{wanted}/")
    }


def file_changes(result: SetterResult) -> list[committemplate.FileChange]:
    """Return the changes as commit templates see them."""
    return [
        committemplate.FileChange(file, committemplate.ObjectIdentifier(*identifier), committemplate.Change(*change))
        for file, identifier, change in result.changes
    ]


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
