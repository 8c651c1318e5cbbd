"""Everything that can be done to a world from outside: one closed union, used by every driver.

A journal is a list of (time, action); replayed under the same seed it gives the same log, byte for byte.
Actions say what a person, a workflow or mischief does; what follows from it is the controllers' business.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal, TypeAlias

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter

GITOPS = "gitops"
"""The name of the GitOps repository wherever an action names a repository."""


class Action(BaseModel):
    """What all actions share: `by` is who does it."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    by: str = "you"


class Edit(BaseModel):
    """One changed file of a commit: exactly one of `content`, `delete`, `replace`, `set`, `take`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    path: str
    content: str | None = None
    delete: bool = False
    replace: dict[str, str] | None = None
    """Old text to new text; each old text must stand in the file exactly once."""
    set: dict[str, Any] | None = None
    """Field path to value in the file's first document, `spec.suspend: true`; the rest of the text stays as it is."""
    take: str | None = None
    """The file as it was at another commit, as `git checkout COMMIT -- path` brings it."""


class Commit(Action):
    """Someone commits to a branch and pushes."""

    do: Literal["commit"] = "commit"
    repository: str = GITOPS
    branch: str = ""
    message: str
    edits: tuple[Edit, ...] = Field(min_length=1)


class Revert(Action):
    """Someone reverts a commit with `git revert` and pushes; a conflict is refused as git refuses it."""

    do: Literal["revert"] = "revert"
    repository: str = GITOPS
    branch: str = ""
    commit: str
    """A commit id (or its beginning), `HEAD~2`, or `newest` with `author` and `path` to choose."""
    author: str = ""
    path: str = ""


class ForcePush(Action):
    """Someone moves a branch to another commit by force."""

    do: Literal["force-push"] = "force-push"
    repository: str = GITOPS
    branch: str = ""
    commit: str


class ProtectBranch(Action):
    """The Git host refuses direct pushes to a branch by anyone not in `allow`; `off` lifts it."""

    do: Literal["protect-branch"] = "protect-branch"
    repository: str = GITOPS
    branch: str = ""
    allow: tuple[str, ...] = ()
    off: bool = False


class DeployKey(Action):
    """The automation's credential for the GitOps repository becomes read-only, read-write, or revoked."""

    do: Literal["deploy-key"] = "deploy-key"
    access: Literal["read-write", "read-only", "none"]


class PushCode(Action):
    """A developer pushes a commit to a service repository; its build workflow follows.

    `app` is how the program behaves once built: `ok`, never ready (`unready`), exiting (`crash`), slow to start (`slow`).
    """

    do: Literal["push-code"] = "push-code"
    service: str
    branch: Literal["develop", "main"] = "develop"
    message: str = "Change the code"
    app: Literal["ok", "unready", "crash", "slow"] = "ok"
    workflow: str | None = None
    """Replace the service's promote-production.yml by the shipped variant of that name: promote, rebuild, wrong-tag."""


class RunWorkflow(Action):
    """Someone dispatches a workflow by hand, `gh workflow run promote-production.yml -f staging_tag=…`."""

    do: Literal["run-workflow"] = "run-workflow"
    service: str
    workflow: str = "promote-production"
    branch: str = "main"
    inputs: dict[str, str] = Field(default_factory=dict)


class PushTag(Action):
    """Someone points a tag at an image: at the image of another tag or digest (`source`), or at a fresh build."""

    do: Literal["push-tag"] = "push-tag"
    image: str
    tag: str
    source: str = ""
    app: Literal["ok", "unready", "crash", "slow"] = "ok"


class DeleteTag(Action):
    """Someone deletes a tag from the registry."""

    do: Literal["delete-tag"] = "delete-tag"
    image: str
    tag: str


class Retention(Action):
    """The registry's clean-up runs: keep the newest `keep` tags of the image (per family with `per_family`)."""

    do: Literal["retention"] = "retention"
    image: str
    keep: int = Field(ge=0)
    per_family: bool = False
    protect: tuple[str, ...] = ()


class Break(Action):
    """Something outside breaks, until healed (or for `lasts`)."""

    do: Literal["break"] = "break"
    what: Literal["registry", "git"]
    mode: Literal["outage", "rate-limit", "expired-token", "truncated-list", "stale-list", "auth"] = "outage"
    image: str = ""
    """Only this image repository of the registry."""
    drop: int = 1
    """With `truncated-list`: how many of the newest tags are missing."""
    lasts: str = ""


class Heal(Action):
    """What was broken works again."""

    do: Literal["heal"] = "heal"
    what: Literal["registry", "git"]
    image: str = ""


class Suspend(Action):
    """`flux suspend KIND NAME -n NAMESPACE`."""

    do: Literal["suspend"] = "suspend"
    kind: str
    name: str
    namespace: str = "flux-system"
    manager: str = "flux"


class Resume(Action):
    """`flux resume KIND NAME -n NAMESPACE`."""

    do: Literal["resume"] = "resume"
    kind: str
    name: str
    namespace: str = "flux-system"
    manager: str = "flux"


class Reconcile(Action):
    """`flux reconcile KIND NAME -n NAMESPACE`: sets reconcile.fluxcd.io/requestedAt."""

    do: Literal["reconcile"] = "reconcile"
    kind: str
    name: str
    namespace: str = "flux-system"


class Patch(Action):
    """`kubectl patch KIND NAME --type merge -p …` (or edit, label, annotate: any merge patch), by a field manager."""

    do: Literal["patch"] = "patch"
    kind: str
    name: str
    namespace: str = ""
    patch: dict[str, Any]
    manager: str = "kubectl-patch"


class Apply(Action):
    """`kubectl apply --server-side -f …`: one manifest."""

    do: Literal["apply"] = "apply"
    manifest: dict[str, Any]
    manager: str = "kubectl"
    force: bool = False


class Delete(Action):
    """`kubectl delete KIND NAME`."""

    do: Literal["delete"] = "delete"
    kind: str
    name: str
    namespace: str = ""


class SetImage(Action):
    """`kubectl set image deployment/NAME CONTAINER=IMAGE`."""

    do: Literal["set-image"] = "set-image"
    deployment: str
    namespace: str
    container: str = ""
    """The only container where left out."""
    image: str
    manager: str = "kubectl-set"


class RolloutUndo(Action):
    """`kubectl rollout undo deployment/NAME [--to-revision=N]`."""

    do: Literal["rollout-undo"] = "rollout-undo"
    deployment: str
    namespace: str
    to_revision: int = Field(default=0, ge=0)


class RolloutRestart(Action):
    """`kubectl rollout restart deployment/NAME`."""

    do: Literal["rollout-restart"] = "rollout-restart"
    deployment: str
    namespace: str


class Scale(Action):
    """`kubectl scale deployment/NAME --replicas=N`."""

    do: Literal["scale"] = "scale"
    deployment: str
    namespace: str
    replicas: int = Field(ge=0)


class RestartController(Action):
    """A controller's pod is replaced: queues, back-off, timers are lost, and what it kept in an emptyDir."""

    do: Literal["restart-controller"] = "restart-controller"
    controller: Literal[
        "source-controller", "kustomize-controller", "image-reflector-controller", "image-automation-controller"
    ]


class Command(Action):
    """A command line as people type it, `flux suspend image update backend -n production`."""

    do: Literal["run"] = "run"
    command: str


AnyAction: TypeAlias = Annotated[
    Commit
    | Revert
    | ForcePush
    | ProtectBranch
    | DeployKey
    | PushCode
    | RunWorkflow
    | PushTag
    | DeleteTag
    | Retention
    | Break
    | Heal
    | Suspend
    | Resume
    | Reconcile
    | Patch
    | Apply
    | Delete
    | SetImage
    | RolloutUndo
    | RolloutRestart
    | Scale
    | RestartController
    | Command,
    Field(discriminator="do"),
]

ACTION: TypeAdapter[AnyAction] = TypeAdapter(AnyAction)
"""Reads an action from plain data."""
