"""The people of the rule machine: each method is one thing that someone does.

Careful people know the cure, and only this is different with them:
- before a revert they suspend every automation that writes the file, and see that none is at work any more;
- they resume an automation only after the policies have moved away from what was rolled back, and not during a fault;
- they let a pinned policy elect freely again only when nothing of it is rolled back;
- they promote only what staging was seen to run well;
- they suspend with flux, never with kubectl, for what kubectl suspends the next apply resumes.
"""

from __future__ import annotations

from typing import Any, Literal, TypeAlias

from fluxsim.drivers.openings import Openings, PolicyFile
from fluxsim.drivers.trial import Trial
from fluxsim.formats.imagetag import split
from fluxsim.kernel.units import SECOND, Millis
from fluxsim.kube.meta import IMAGE_POLICY, IMAGE_UPDATE_AUTOMATION, Key
from fluxsim.world import actions

CONTROLLERS = (
    "image-automation-controller",
    "image-reflector-controller",
    "source-controller",
    "kustomize-controller",
)
REGISTRY_FAULTS = ("outage", "truncated-list", "stale-list", "rate-limit", "expired-token")
GIT_FAULTS = ("outage", "auth")
LOOK_MS: Millis = 5 * SECOND
LOOKS_MAX = 12
SEEN_MS: Millis = 30 * SECOND

App: TypeAlias = Literal["ok", "unready", "crash", "slow"]


class People:
    """Those who act in one trial."""

    def __init__(self, trial: Trial, *, careful: bool) -> None:
        self._trial = trial
        self._careful = careful
        self.openings = Openings(trial)
        self.faults = 0
        """How often something was broken."""
        self.pinned: dict[PolicyFile, str] = {}

    # -- releases

    def push_code(self, service: str, branch: Literal["develop", "main"], app: App) -> None:
        self._trial.do(actions.PushCode(service=service, branch=branch, app=app))

    def push_tag(self, image: str) -> None:
        """Push a build under the tag that a policy would elect next: for images that no CI here builds."""
        tag = self.openings.next_tag(image)
        if tag:
            self._trial.do(actions.PushTag(image=image, tag=tag))

    def staged(self, service: str) -> list[str]:
        return self.openings.staged(service, healthy=self._careful)

    def promotable(self) -> list[str]:
        return [service for service in self.openings.services if self.staged(service)]

    def promote(self, service: str, tag: str = "") -> None:
        """Dispatch the promotion: of a tag, or of what the workflow finds to be the newest."""
        if self._careful and not tag:
            tag = self.staged(service)[0]
        inputs = {"staging_tag": tag} if tag else {}
        self._trial.do(actions.RunWorkflow(service=service, inputs=inputs))

    def delete_tag(self, image: str, tag: str) -> None:
        self._trial.do(actions.DeleteTag(image=image, tag=tag))

    # -- Git

    def revert(self, file: str) -> None:
        """Revert the newest commit of the bot; careful people see the automations asleep first."""
        if self._careful:
            automations = self.openings.automations_of(file)
            for key in automations:
                self._suspend(key)
            for _ in range(LOOKS_MAX):
                self._trial.wait(LOOK_MS)
                if not self.openings.at_work(automations):
                    break
        self._trial.do(self.openings.revert_of(file))

    def pin(self, file: PolicyFile, tag: str) -> None:
        if self._careful and tag in self._standing(file.policy):
            return
        if not self._trial.do(self.openings.pin(file, tag)).error:
            self.pinned[file] = tag

    def unpin(self, file: PolicyFile) -> None:
        if self._careful and self._standing(file.policy):
            return
        if not self._trial.do(self.openings.unpin(file)).error:
            del self.pinned[file]

    # -- Flux

    def suspend(self, key: Key) -> None:
        self._suspend(key)

    def resume(self, key: Key) -> None:
        if self._careful and not self._may_resume(key):
            return
        self._trial.do(actions.Resume(kind=key.kind.name, name=key.name, namespace=key.namespace))
        if self._careful:
            self._trial.wait(SEEN_MS)

    # -- kubectl

    def set_image(self, key: Key, which: int) -> None:
        image = split(self.openings.running(key)).name
        tags = self.openings.tags(image)
        if tags:
            wanted = f"{image}:{tags[which % len(tags)]}"
            self._trial.do(actions.SetImage(deployment=key.name, namespace=key.namespace, image=wanted))

    def rollout_undo(self, key: Key) -> None:
        self._trial.do(actions.RolloutUndo(deployment=key.name, namespace=key.namespace))

    def scale(self, key: Key, replicas: int) -> None:
        self._trial.do(actions.Scale(deployment=key.name, namespace=key.namespace, replicas=replicas))

    def patch(self, pick: int, *, suspends: bool) -> None:
        """Suspend an automation with kubectl, which Flux takes back, or label a Deployment, which it leaves."""
        keys = self._trial.world.store.keys(IMAGE_UPDATE_AUTOMATION) if suspends else self.openings.deployments()
        if not keys or (suspends and self._careful):
            return
        key = keys[pick % len(keys)]
        patch: dict[str, Any] = (
            {"spec": {"suspend": True}} if suspends else {"metadata": {"labels": {"touched": "yes"}}}
        )
        self._trial.do(actions.Patch(kind=key.kind.name, name=key.name, namespace=key.namespace, patch=patch))

    # -- mischief

    def break_something(self, pick: int) -> None:
        modes = [("registry", mode) for mode in REGISTRY_FAULTS] + [("git", mode) for mode in GIT_FAULTS]
        self.faults += 1
        what, mode = modes[pick % len(modes)]
        self._trial.do(actions.Break.model_validate({"what": what, "mode": mode}))

    def restart_controller(self, pick: int) -> None:
        name = CONTROLLERS[pick % len(CONTROLLERS)]
        self._trial.do(actions.RestartController.model_validate({"controller": name}))

    # -- what careful people look at

    def _suspend(self, key: Key) -> None:
        self._trial.do(actions.Suspend(kind=key.kind.name, name=key.name, namespace=key.namespace))

    def _standing(self, policy: str) -> set[str]:
        return self._trial.invariants.rollbacks.standing(policy)

    def _may_resume(self, key: Key) -> bool:
        """Return whether nothing that was rolled back would come back, neither by what is elected nor by what would be."""
        if key.kind != IMAGE_UPDATE_AUTOMATION:
            return True
        if self._trial.faults:
            return False
        world = self._trial.world
        for policy in world.store.keys(IMAGE_POLICY, key.namespace):
            name = f"{policy.namespace}:{policy.name}"
            bad = self._standing(name)
            if bad and (world.elected(name) in bad or self.openings.true_election(name) in bad):
                return False
        return True
