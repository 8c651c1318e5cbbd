"""Where an ImageUpdateAutomation clones from and pushes to, when it may save the clone, and what it says afterwards.

Source: image-automation-controller v1.2.1 internal/source/{git,source}.go and
internal/controller/imageupdateautomation_controller.go.
"""

from __future__ import annotations

from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple, TypeAlias

from fluxsim.formats.durations import parse_duration
from fluxsim.formats.gitclone import DEFAULT_BRANCH, unchanged, wanted
from fluxsim.formats.imagewatches import observed_policies_changed
from fluxsim.formats.revision import revision as revision_text
from fluxsim.formats.tree import Json, get
from fluxsim.kernel.units import MINUTE, Millis

__all__ = [
    "GitConfig",
    "NoPushBranch",
    "Push",
    "PushSteps",
    "Pushed",
    "git_config",
    "may_skip_clone",
    "push_summary",
    "revision",
    "unchanged",
]


class NoPushBranch(ValueError):
    """Nothing says where to push to."""


@dataclass(frozen=True, slots=True)
class GitConfig:
    """How an automation uses Git. `switch_branch`: it pushes to another branch than it checks out."""

    checkout_ref: Json
    push_branch: str
    switch_branch: bool
    refspec: str = ""
    options: Json = None
    timeout_ms: Millis = MINUTE

    @property
    def always_full_sync(self) -> bool:
        """Whether each run clones, since the head of the checkout does not tell whether all was pushed."""
        return self.switch_branch or bool(self.refspec)

    @property
    def pushes(self) -> tuple[Push, ...]:
        """What is pushed, one after the other. Only a branch of one's own is forced."""
        branch = f"refs/heads/{self.push_branch}"
        pushes = [Push(f"{branch}:{branch}", self.switch_branch)]
        if self.refspec:
            pushes.append(Push(self.refspec, self.switch_branch))
        return tuple(pushes)


class Push(NamedTuple):
    """One push: a refspec, and whether the remote's branch may be overwritten."""

    refspec: str
    force: bool

    @property
    def destination(self) -> str:
        """The full name of the reference that is written."""
        return self.refspec.removeprefix("+").rpartition(":")[2]


class Pushed(NamedTuple):
    """What a push came to: the commit, and the text of the event."""

    commit: str
    summary: str


PushSteps: TypeAlias = Generator[int, None, Pushed]


def source_error(source_ref: Json, git: Json) -> str:
    """Return what is wrong with spec.sourceRef or spec.git of an automation, so that it stalls; nothing where all is well."""
    kind = source_ref.get("kind", "GitRepository")
    if kind != "GitRepository":
        return f"source kind '{kind}' not supported: invalid source configuration"
    if git is None:
        return "source kind 'GitRepository' necessitates field .spec.git: invalid source configuration"
    return ""


def source_missing(error: str) -> str:
    """Return what is said where the GitRepository does not exist; `error` is that of the API server."""
    return f"referenced git repository does not exist: {error}"


def source_unreadable(error: str) -> str:
    """Return what is said where the GitRepository cannot be read for another reason."""
    return f"failed to get referenced git repository: {error}"


def update_of(spec: Json) -> Json:
    """Return spec.update with its default."""
    update = spec.get("update") or {}
    return {"strategy": update.get("strategy") or "Setters"} | ({"path": update["path"]} if update.get("path") else {})


def git_config(git: Json, repository_spec: Json) -> GitConfig:
    """Return the configuration out of spec.git of the automation and the spec of its GitRepository. Raises NoPushBranch.

    The checkout ref of the automation takes the place of the repository's as a whole. Whether branches differ is asked
    of the ref's branch alone, so that a checkout by tag, name or range always counts as another branch.
    """
    checkout = git.get("checkout")
    ref = checkout["ref"] if checkout is not None else repository_spec.get("ref")
    push = git.get("push") or {}
    refspec, options = push.get("refspec") or "", push.get("options")
    timeout = repository_spec.get("timeout")
    timeout_ms = parse_duration(timeout) // 1_000_000 if timeout is not None else MINUTE
    checkout_branch = (ref.get("branch") or "") if ref is not None else DEFAULT_BRANCH
    if push.get("branch"):
        branch = push["branch"]
        return GitConfig(ref, branch, branch != checkout_branch, refspec, options, timeout_ms)
    if ref is None or not checkout_branch:
        raise NoPushBranch(
            "push spec not provided, and cannot be inferred from .spec.git.checkout.ref or GitRepository .spec.ref"
        )
    return GitConfig(ref, checkout_branch, switch_branch=False, refspec=refspec, options=options, timeout_ms=timeout_ms)


def may_skip_clone(status: Json, current_policies: Mapping[str, Json], config: GitConfig) -> bool:
    """Tell whether a run may stop where the remote's head is what was observed last, which `unchanged` tells."""
    return (
        not config.always_full_sync
        and not observed_policies_changed(get(status, "observedPolicies", default=None) or {}, current_policies)
        and bool(get(status, "observedSourceRevision"))
    )


def revision(ref: Json, commit: str) -> str:
    """Return the revision of a commit checked out by, or pushed to, the ref; for a semver ref by its resolved tag."""
    kind, value = wanted(ref)
    match kind:
        case "branch":
            reference = f"refs/heads/{value}"
        case "tag":
            reference = f"refs/tags/{value}"
        case "name":
            reference = value
        case "commit" | "semver":
            reference = f"refs/heads/{ref['branch']}" if ref.get("branch") else ""
    return revision_text(reference, commit)


def push_summary(commit: str, branch: str, refspecs: Sequence[str], message: str) -> str:
    """Return the text of the event of a push. Raises ValueError without a commit."""
    if not commit:
        raise ValueError("empty push commit revision")
    text = f"pushed commit '{commit[:7]}' to branch '{branch}'"
    if refspecs:
        listed = "', '".join(refspecs)
        text += f" and refspecs '{listed}'"
    return f"{text}\n{message}" if message else text
