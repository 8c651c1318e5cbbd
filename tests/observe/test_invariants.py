from __future__ import annotations

from typing import Any

import pytest

from fluxsim.kernel.log import Event
from fluxsim.kernel.units import HOUR, MINUTE, SECOND, Millis
from fluxsim.observe.invariants import Invariants, Violation
from fluxsim.observe.rollbacks import older

IMAGE = "registry.lab.local/acme/backend"
T1 = "production-v1.4.0-aaaaaaa-1772187227"
T2 = "production-v1.4.1-bbbbbbb-1772442009"
T3 = "production-v1.4.2-ccccccc-1772449999"
FILE = "flux/apps/backend/production/deployment.yaml"
URL = "ssh://git@git.lab.local/acme/gitops.git"
BOT = "image-automation-controller"
APPLY = "kustomize-controller"


class Story:
    """A log made by hand."""

    def __init__(self) -> None:
        self.events: list[Event] = []
        self.now_ms: Millis = 0
        self.add(
            "world.created",
            "fluxsim",
            images=[{"image": IMAGE, "tag": T1, "digest": "sha256:1", "service": "backend"}],
            repositories={"gitops": {"url": URL, "branch": "main", "commit": "c0"}},
        )

    def wait(self, span_ms: Millis) -> Story:
        self.now_ms += span_ms
        return self

    def add(self, kind: str, /, actor: str = "someone", because: tuple[int, ...] = (), **data: Any) -> Event:
        event = Event(len(self.events), self.now_ms, kind, actor, data, because)
        self.events.append(event)
        return event

    def broken(self) -> list[Violation]:
        invariants = Invariants()
        for event in self.events:
            invariants.observe(event)
        return invariants.violations(self.now_ms)

    def names(self) -> list[str]:
        return [violation.invariant for violation in self.broken()]

    # -- what happens

    def pod(self, what: str, namespace: str, tag: str, digest: str = "sha256:1", deployment: str = "backend") -> Event:
        return self.add(
            f"pod.{what}",
            "kubelet",
            namespace=namespace,
            pod="p",
            image=f"{IMAGE}:{tag}" if ":" not in tag else tag,
            digest=digest,
            deployment=deployment,
        )

    def tag(self, tag: str, reason: str) -> Event:
        return self.add("tag.pushed", "ci", image=IMAGE, tag=tag, digest="sha256:2", reason=reason)

    def deployment(self, image: str, actor: str = APPLY, *, what: str = "api.modified", **metadata: Any) -> Event:
        obj = {
            "metadata": {"name": "backend", "labels": OWNED} | metadata,
            "spec": {"template": {"spec": {"containers": [{"name": "backend", "image": image}]}}},
        }
        key = "Deployment/production/backend"
        return self.add(
            what, actor, key=key, kind="Deployment.apps", namespace="production", name="backend", object=obj
        )

    def commit(self, author: str, old: str, new: str, *, actor: str = "", commit: str = "", **data: Any) -> Event:
        number = commit or f"c{len(self.events)}"
        images = [
            {"file": FILE, "line": 20, "old": f"{IMAGE}:{old}", "new": f"{IMAGE}:{new}", "policy": "production:backend"}
        ]
        return self.add(
            "commit.pushed",
            actor or (BOT if author == "fluxcdbot" else author),
            repository="gitops",
            url=URL,
            branch="main",
            commit=number,
            author={"name": author},
            paths=[FILE],
            images=images if old != new else [],
            **data,
        )

    def source(self, **spec: Any) -> Event:
        obj = {
            "kind": "GitRepository",
            "metadata": {"name": "flux-system", "generation": len(self.events)},
            "spec": {"url": URL, "interval": "1m0s", "ref": {"branch": "main"}} | spec,
        }
        return self._flux("GitRepository", "source.toolkit.fluxcd.io", "flux-system", obj)

    def kustomization(
        self, revision: str, name: str = "apps", ready: tuple[str, str] = ("True", "Succeeded"), **spec: Any
    ) -> Event:
        wanted = {
            "interval": "10m0s",
            "timeout": "3m0s",
            "retryInterval": "2m0s",
            "sourceRef": {"kind": "GitRepository", "name": "flux-system"},
        }
        obj = {
            "kind": "Kustomization",
            "metadata": {"name": name, "generation": 1},
            "spec": wanted | spec,
            "status": {
                "lastAppliedRevision": f"main@sha1:{revision}",
                "lastAttemptedRevision": f"main@sha1:{revision}",
                "conditions": [{"type": "Ready", "status": ready[0], "reason": ready[1], "message": ""}],
            },
        }
        return self._flux("Kustomization", "kustomize.toolkit.fluxcd.io", name, obj)

    def _flux(self, kind: str, group: str, name: str, obj: Any) -> Event:
        key = f"{kind}/flux-system/{name}"
        return self.add(
            "api.modified", "flux", key=key, kind=f"{kind}.{group}", namespace="flux-system", name=name, object=obj
        )


OWNED = {
    "kustomize.toolkit.fluxcd.io/name": "apps",
    "kustomize.toolkit.fluxcd.io/namespace": "flux-system",
}


@pytest.fixture
def story() -> Story:
    return Story()


# -- environments and promotions


def test_an_image_in_its_own_environment_is_right(story: Story) -> None:
    story.pod("running", "production", T1)
    story.pod("running", "staging", "staging-v1-a-1772187227")
    assert story.names() == []


def test_an_image_of_another_environment_is_named_once_for_all_its_pods(story: Story) -> None:
    for _ in range(3):
        story.pod("running", "develop", "staging-v1-a-1772187227")
    assert story.names() == ["environment isolation"]


def test_images_without_an_environment_may_run_anywhere(story: Story) -> None:
    story.pod("running", "staging", "redis:7.2", "sha256:r")
    story.pod("running", "production", "redis:7.2", "sha256:r")
    assert story.names() == []


def test_what_staging_ran_well_may_be_promoted(story: Story) -> None:
    story.pod("running", "staging", "staging-v1.4.1-bbbbbbb-1772442009", "sha256:2")
    story.pod("ready", "staging", "staging-v1.4.1-bbbbbbb-1772442009", "sha256:2")
    story.tag(T2, "promotion")
    story.pod("running", "production", T2, "sha256:2")
    assert story.names() == []


def test_what_only_started_in_staging_was_not_healthy(story: Story) -> None:
    story.pod("running", "staging", "staging-v1.4.1-bbbbbbb-1772442009", "sha256:2")
    story.tag(T2, "promotion")
    story.pod("running", "production", T2, "sha256:2")
    assert story.names() == ["production digests were healthy in staging"]


def test_a_rebuild_has_a_digest_that_staging_never_had(story: Story) -> None:
    story.pod("ready", "staging", "staging-v1.4.1-bbbbbbb-1772442009", "sha256:2")
    story.tag(T2, "rebuild")
    story.pod("running", "production", T2, "sha256:3")
    assert story.names() == ["production digests were healthy in staging"]


def test_a_cluster_without_staging_is_not_asked_for_it(story: Story) -> None:
    story.tag(T2, "promotion")
    story.pod("running", "production", T2, "sha256:2")
    assert story.names() == []


def test_a_tag_that_nobody_promoted_may_not_run_in_production(story: Story) -> None:
    story.pod("ready", "staging", "staging-v1.4.1-bbbbbbb-1772442009", "sha256:2")
    story.tag(T2, "person")
    story.pod("running", "production", T2, "sha256:2")
    assert story.names() == ["production changes only after a promotion"]


# -- the manifests of production


@pytest.mark.parametrize("image", [f"{IMAGE}:latest", IMAGE, f"{IMAGE}:production"])
def test_a_tag_that_moves_is_no_tag_for_production(story: Story, image: str) -> None:
    story.deployment(image)
    assert story.names() == ["no mutable tag in production"]


def test_a_digest_beside_a_tag_that_moves_is_enough(story: Story) -> None:
    story.deployment(f"{IMAGE}:latest@sha256:{'0' * 64}")
    assert story.names() == []


def test_git_may_change_the_image_of_production(story: Story) -> None:
    story.deployment(f"{IMAGE}:{T1}", what="api.created")
    story.deployment(f"{IMAGE}:{T2}")
    assert story.names() == []


def test_nobody_else_may(story: Story) -> None:
    story.deployment(f"{IMAGE}:{T1}", what="api.created")
    story.deployment(f"{IMAGE}:{T2}", actor="kubectl-set")
    (violation,) = story.broken()
    assert violation.invariant == "every production image change has a commit"
    assert "kubectl-set changed Deployment/production/backend" in violation.message


def test_writing_something_else_than_the_image_is_no_change_of_it(story: Story) -> None:
    story.deployment(f"{IMAGE}:{T1}", what="api.created")
    story.deployment(
        f"{IMAGE}:{T1}", actor="deployment-controller", annotations={"deployment.kubernetes.io/revision": "2"}
    )
    assert story.names() == []


def test_a_deployment_that_was_deleted_may_come_back_with_another_image(story: Story) -> None:
    story.deployment(f"{IMAGE}:{T1}", what="api.created")
    story.deployment(f"{IMAGE}:{T1}", actor="kubectl-delete", what="api.deleted")
    story.deployment(f"{IMAGE}:{T2}", what="api.created")
    assert story.names() == []


# -- rollbacks


def test_a_revert_that_the_bot_undoes_does_not_hold(story: Story) -> None:
    story.commit("fluxcdbot", T1, T2, commit="bad")
    story.wait(MINUTE).commit("you", T2, T1, commit="back", reverts="bad")
    undone = story.wait(MINUTE).commit("fluxcdbot", T1, T2)
    (violation,) = story.broken()
    assert violation.invariant == "a rollback holds"
    assert violation.events[-1] == undone.seq
    assert "you had rolled it back with back" in violation.message


def test_a_value_that_the_line_had_before_is_a_rollback_without_git_revert(story: Story) -> None:
    story.commit("fluxcdbot", "a", "b")
    story.commit("you", "b", "a")
    story.commit("fluxcdbot", "a", "b")
    assert story.names() == ["a rollback holds"]


def test_an_older_version_is_a_rollback_although_the_line_never_had_it(story: Story) -> None:
    story.commit("you", T2, T1)
    story.commit("fluxcdbot", T1, T2)
    assert story.names() == ["a rollback holds"]


def test_moving_a_line_forward_by_hand_is_no_rollback_even_if_the_bot_takes_it_back(story: Story) -> None:
    story.commit("you", T1, T2)
    story.commit("fluxcdbot", T2, T1)
    assert story.names() == []


def test_a_newer_release_ends_a_rollback_well(story: Story) -> None:
    story.commit("fluxcdbot", T1, T2)
    story.commit("you", T2, T1, reverts="x")
    story.commit("fluxcdbot", T1, T3)
    story.commit("fluxcdbot", T3, T2)
    assert story.names() == []


def test_a_person_who_brings_it_back_himself_has_changed_his_mind(story: Story) -> None:
    story.commit("fluxcdbot", T1, T2)
    story.commit("you", T2, T1, reverts="x")
    story.commit("you", T1, T2, reverts="y")
    story.commit("fluxcdbot", T2, T3)
    assert story.names() == []


def test_another_branch_is_another_line(story: Story) -> None:
    story.commit("fluxcdbot", T1, T2)
    story.commit("you", T2, T1, reverts="x")
    event = story.commit("fluxcdbot", T1, T2)
    story.events[-1] = event._replace(data={**event.data, "branch": "flux-updates"})
    assert story.names() == []


def test_a_forced_push_over_the_bots_commit_is_a_rollback_too(story: Story) -> None:
    story.commit("fluxcdbot", T1, T2, commit="bad")
    story.commit("you", "x", "x", commit="c0", forced=True, dropped=[{"commit": "bad", "author": "fluxcdbot"}])
    story.commit("fluxcdbot", T1, T2)
    assert story.names() == ["a rollback holds"]


def test_a_line_without_a_marker_is_nobodys(story: Story) -> None:
    for author, old, new in (("fluxcdbot", T1, T2), ("you", T2, T1), ("fluxcdbot", T1, T2)):
        event = story.commit(author, old, new)
        images = [{**one, "policy": None} for one in event.data["images"]]
        story.events[-1] = event._replace(data={**event.data, "images": images})
    assert story.names() == []


@pytest.mark.parametrize(
    ("one", "other", "answer"),
    [(T1, T2, True), (T2, T1, False), ("1.9.0", "1.10.0", True), ("v2.0.0", "v1.0.0", False), ("red", "blue", False)],
)
def test_which_tag_is_surely_older(one: str, other: str, answer: bool) -> None:
    assert older(one, other) is answer
    assert older(f"{IMAGE}:{one}", f"{IMAGE}:{other}") is answer


# -- commits


def test_a_forced_push_may_not_take_a_persons_commit(story: Story) -> None:
    story.commit("alice", "x", "x", commit="work")
    story.commit("you", "x", "x", commit="c0", forced=True, dropped=[{"commit": "work", "author": "alice"}])
    (violation,) = story.broken()
    assert violation.invariant == "no commit of a person is lost"
    assert "work by alice" in violation.message


def test_the_commits_of_bots_may_go(story: Story) -> None:
    event = story.commit("renamed-bot", T1, T2, actor=BOT, commit="auto")
    dropped = [{"commit": event.data["commit"], "author": "renamed-bot"}, {"commit": "r", "author": "renovate[bot]"}]
    story.commit("you", "x", "x", commit="c0", forced=True, dropped=dropped)
    assert story.names() == []


# -- circles


def test_releases_one_after_another_are_no_circle(story: Story) -> None:
    for number in range(20):
        story.add("action.taken", "you", action={"do": "push-code"})
        story.wait(MINUTE).commit("fluxcdbot", f"a{number}", f"a{number + 1}")
    assert story.names() == []


def test_a_bot_that_writes_on_while_nobody_does_anything_goes_round_in_circles(story: Story) -> None:
    for number in range(10):
        story.wait(10 * MINUTE).commit("fluxcdbot", f"a{number % 2}", f"a{(number + 1) % 2}")
    (violation,) = story.broken()
    assert violation.invariant == "nothing reconciles for ever"
    assert "wrote flux/apps/backend/production/deployment.yaml on main 7 times in 60 minutes" in violation.message


def applied(story: Story, key: str, change: str) -> None:
    story.wait(MINUTE).add("kustomization.applied", APPLY, key=key, revision="r", changes=[change], pruned=[])


def test_two_kustomizations_that_write_one_object_in_turn_fight(story: Story) -> None:
    for number in range(6):
        applied(story, f"Kustomization/flux-system/k{number % 2}", "Namespace/develop configured")
    (violation,) = story.broken()
    assert violation.invariant == "nothing reconciles for ever"
    assert "Kustomization/flux-system/k0 and Kustomization/flux-system/k1" in violation.message


def test_one_kustomization_that_writes_an_object_often_fights_with_nobody(story: Story) -> None:
    for _ in range(20):
        applied(story, "Kustomization/flux-system/k0", "Deployment/develop/a configured")
        applied(story, "Kustomization/flux-system/k1", "Deployment/develop/b configured")
    assert story.names() == []


# -- Git and the cluster


def test_what_was_applied_has_arrived(story: Story) -> None:
    story.source()
    story.commit("you", "x", "x", commit="c1")
    story.kustomization("c1")
    assert story.wait(5 * HOUR).names() == []


def test_a_push_that_is_not_applied_in_time_is_late(story: Story) -> None:
    story.source()
    story.kustomization("c0")
    story.commit("you", "x", "x", commit="c1")
    assert story.wait(20 * MINUTE).names() == []
    (violation,) = story.wait(2 * HOUR).broken()
    assert violation.invariant == "cluster equals Git"
    assert "is at main@sha1:c0, Git has been at c1 for 140 minutes" in violation.message


@pytest.mark.parametrize("spelling", ["https://git.lab.local/acme/gitops", "ssh://git@git.lab.local/acme/gitops"])
def test_a_repository_is_known_under_other_spellings(story: Story, spelling: str) -> None:
    story.source(url=spelling)
    story.kustomization("c0")
    story.commit("you", "x", "x", commit="c1")
    assert story.wait(3 * HOUR).names() == ["cluster equals Git"]


def test_what_is_suspended_is_not_late(story: Story) -> None:
    story.source()
    story.kustomization("c0", suspend=True)
    story.commit("you", "x", "x", commit="c1")
    assert story.wait(3 * HOUR).names() == []


def test_what_waits_for_something_suspended_is_not_late(story: Story) -> None:
    story.source()
    story.kustomization("c0", name="base", suspend=True)
    story.kustomization("c0", dependsOn=[{"name": "base"}])
    story.commit("you", "x", "x", commit="c1")
    assert story.wait(3 * HOUR).names() == []


def test_a_suspended_source_delays_everything_behind_it(story: Story) -> None:
    story.source(suspend=True)
    story.kustomization("c0")
    story.commit("you", "x", "x", commit="c1")
    assert story.wait(3 * HOUR).names() == []


def test_time_counts_from_the_resume(story: Story) -> None:
    story.source(suspend=True)
    story.kustomization("c0")
    story.commit("you", "x", "x", commit="c1")
    story.wait(3 * HOUR).source()
    assert story.wait(5 * MINUTE).names() == []
    assert story.wait(3 * HOUR).names() == ["cluster equals Git"]


def test_while_something_is_broken_nothing_is_late(story: Story) -> None:
    story.source()
    story.kustomization("c0")
    story.add("fault.started", "you", what="git", mode="outage")
    story.commit("you", "x", "x", commit="c1")
    assert story.wait(3 * HOUR).names() == []
    story.add("fault.healed", "you", what="git")
    assert story.wait(10 * MINUTE).names() == []
    assert story.wait(2 * HOUR).names() == ["cluster equals Git"]


def test_healing_one_image_does_not_heal_the_registry(story: Story) -> None:
    story.source()
    story.kustomization("c0")
    story.add("fault.started", "you", what="registry", mode="outage")
    story.add("fault.healed", "you", what="registry", image=IMAGE)
    story.commit("you", "x", "x", commit="c1")
    assert story.wait(3 * HOUR).names() == []


def test_who_says_that_he_cannot_is_not_silent(story: Story) -> None:
    story.source()
    story.kustomization("c0", ready=("False", "BuildFailed"))
    story.commit("you", "x", "x", commit="c1")
    assert story.wait(3 * HOUR).names() == []


def test_waiting_for_a_dependency_that_is_fine_is_silence(story: Story) -> None:
    story.source()
    story.kustomization("c1", name="base")
    story.kustomization("c0", ready=("False", "DependencyNotReady"), dependsOn=[{"name": "base"}])
    story.commit("you", "x", "x", commit="c1")
    assert story.wait(3 * HOUR).names() == ["cluster equals Git"]


def test_a_source_of_tags_is_not_judged_by_branches(story: Story) -> None:
    story.source(ref={"semver": ">=1.0.0"})
    story.kustomization("c0")
    story.commit("you", "x", "x", commit="c1")
    assert story.wait(3 * HOUR).names() == []


def drifted(story: Story, **metadata: Any) -> Story:
    story.source()
    story.kustomization("c0")
    story.deployment(f"{IMAGE}:{T1}", what="api.created", **metadata)
    story.wait(SECOND)
    story.deployment(f"{IMAGE}:{T2}", actor="kubectl-set", **metadata)
    return story


def test_what_a_person_changed_past_git_must_be_put_back(story: Story) -> None:
    assert "cluster equals Git" not in drifted(story).wait(10 * MINUTE).names()
    assert "cluster equals Git" in story.wait(HOUR).names()


def test_what_flux_put_back_is_right_again(story: Story) -> None:
    drifted(story).wait(9 * MINUTE)
    story.deployment(f"{IMAGE}:{T1}")
    assert "cluster equals Git" not in story.wait(3 * HOUR).names()


def test_a_run_on_a_new_revision_settles_what_had_drifted(story: Story) -> None:
    drifted(story).wait(5 * MINUTE).commit("you", T1, T2, commit="c1")
    story.kustomization("c1")
    assert "cluster equals Git" not in story.wait(3 * HOUR).names()


def test_what_flux_was_told_to_leave_alone_may_drift(story: Story) -> None:
    drifted(story, annotations={"kustomize.toolkit.fluxcd.io/reconcile": "disabled"})
    assert "cluster equals Git" not in story.wait(3 * HOUR).names()


# -- all of them


def test_the_first_violation_comes_first(story: Story) -> None:
    story.wait(SECOND).pod("running", "develop", "staging-v1-a-1772187227")
    story.wait(SECOND)
    story.deployment(f"{IMAGE}:latest")
    times = [violation.at_ms for violation in story.broken()]
    assert times == sorted(times)
    assert len(times) == 2


def test_names_are_unique() -> None:
    names = Invariants().names
    assert len(set(names)) == len(names) == 9
