"""ImageUpdateAutomation, beyond what is described of it."""

from __future__ import annotations

from fluxsim.formats.gittree import Change, File
from fluxsim.world import actions
from tests.described.automation import (
    FILE,
    IMAGE,
    NAME,
    automation,
    bot_commits,
    elects,
    image,
    marked,
    policy,
    repository,
    suspended,
    world_with,
)
from tests.worlds import (
    commit,
    conditions,
    create,
    file,
    head,
    kubernetes_events,
    passing,
    patch,
    ready,
    request,
    runs,
    status,
    told,
    world_of,
)


def test_only_policies_that_a_selector_takes_are_set() -> None:
    labelled = policy("1.0.1", "other")
    labelled["metadata"]["labels"] = {"team": "a"}
    files = {"a.yaml": marked("1.0.0"), "b.yaml": marked("1.0.0", policy="other")}
    world = world_with(files, change={"policySelector": {"matchLabels": {"team": "a"}}}, apply=(labelled,))
    assert (image(world, "a.yaml"), image(world, "b.yaml")) == ("1.0.0", "1.0.1")
    assert list(status(world, NAME, "observedPolicies")) == ["other"]


def test_a_selector_that_cannot_be_read_stalls() -> None:
    selector = {"matchExpressions": [{"key": "a", "operator": "Nonsense"}]}
    found = conditions(world_with(change={"policySelector": selector}), NAME)
    assert found["Stalled"][:2] == ("True", "InvalidPolicySelector")
    assert found["Stalled"][2].startswith("failed to parse policy selector: ")


def test_a_missing_source_is_tried_again_and_its_creation_wakes_nobody() -> None:
    world = world_with(change={"sourceRef": {"name": "nope"}})
    missing = 'referenced git repository does not exist: GitRepository.source.toolkit.fluxcd.io "nope" not found'
    assert ready(world, NAME) == ("False", "SourceManagerFailed", f"failed configuring source manager: {missing}")
    assert conditions(world, NAME)["Reconciling"][1] == "ProgressingWithRetry"


def test_without_a_branch_to_push_to_the_source_fails() -> None:
    world = world_with(change={"git": {"checkout": {"ref": {"branch": None, "tag": "v1"}}}})
    found = ready(world, NAME)
    assert found is not None
    assert found[1] == "SourceManagerFailed"
    assert "push spec not provided, and cannot be inferred" in found[2]


def test_a_removed_template_field_stalls_without_a_commit() -> None:
    world = world_with(change={"git": {"commit": {"messageTemplate": "{{ .Updated.Images }}"}}})
    found = conditions(world, NAME)
    assert found["Stalled"][:2] == ("True", "RemovedTemplateField")
    assert found["Ready"][:2] == ("False", "RemovedTemplateField")
    assert bot_commits(world) == []


def test_a_template_that_cannot_be_read_is_tried_again() -> None:
    world = world_with(change={"git": {"commit": {"messageTemplate": "{{ nonsense }}"}}})
    found = ready(world, NAME)
    assert found is not None
    assert found[:2] == ("False", "GitOperationFailed")
    assert found[2].startswith("failed to update source: unable to create commit message template from spec: ")


def test_a_stall_that_comes_after_an_overcome_failure_speaks_for_ready() -> None:
    world = world_with(change={"sourceRef": {"name": "nope"}, "git": {"commit": {"messageTemplate": "{{ .Updated }}"}}})
    assert ready(world, NAME) is not None
    patch(world, NAME, {"spec": {"sourceRef": {"name": "flux-system"}}})
    passing(world, "10s")
    found = ready(world, NAME)
    assert found is not None
    assert found[1] == "RemovedTemplateField"


def test_the_commit_is_the_bots_with_the_message_as_rendered() -> None:
    template = (
        "Update {{ .AutomationObject }}\n\n{{ range .Changed.Changes }}{{ .OldValue }} to {{ .NewValue }}{{ end }}\n"
    )
    world = world_with(change={"git": {"commit": {"messageTemplate": template}}})
    made = world.gitops.commit_of(head(world))
    assert (made.author.name, made.author.email) == ("fluxcdbot", "bot@example.com")
    assert made.message == f"Update flux-system/update\n\n{IMAGE}:1.0.0 to {IMAGE}:1.0.1\n"
    kind, reason, message = told(world, NAME)[-1]
    assert (kind, reason) == ("Normal", "Succeeded")
    assert message == f"pushed commit '{head(world)[:7]}' to branch 'main'\n{made.message}"


def test_an_unreadable_branch_protection_is_what_the_host_says() -> None:
    world = world_with(change={"suspend": True})
    world.do(actions.ProtectBranch(branch="main", allow=("Ada",)))
    suspended(world, NAME, value=False)
    passing(world, "10s")
    found = ready(world, NAME)
    assert found is not None
    assert found[1] == "GitOperationFailed"
    assert found[2].startswith("failed to update source: failed to push to remote: command error on refs/heads/main")


def test_a_missing_auth_secret_fails_the_source() -> None:
    world = world_with(assume_secrets=False)
    patch(world, "GitRepository/flux-system/flux-system", {"spec": {"secretRef": {"name": "nope"}}})
    passing(world, "10s")
    assert ready(world, NAME) == (
        "False",
        "SourceManagerFailed",
        "failed configuring source manager: failed to get auth secret 'flux-system/nope': secrets \"nope\" not found",
    )


def test_a_spec_change_at_an_unchanged_head_is_skipped() -> None:
    world = world_with()
    patch(world, NAME, {"spec": {"git": {"commit": {"messageTemplate": "other"}}}})
    passing(world, "10s")
    assert len(bot_commits(world)) == 1
    assert kubernetes_events(world, NAME)[-1]["message"] == "no change since last reconciliation"
    assert status(world, NAME, "observedGeneration") == 2


def test_a_suspended_policy_still_counts() -> None:
    world = world_with(change={"suspend": True})
    suspended(world, "ImagePolicy/flux-system/p", value=True)
    suspended(world, NAME, value=False)
    passing(world, "10s")
    assert image(world) == "1.0.1"


def test_a_manifest_behind_a_symlink_is_written_through_it() -> None:
    world = world_of({"x": "y"})
    person = world.gitops.commit_of(head(world)).author
    changes: dict[str, Change] = {
        "real/deploy.txt": marked("1.0.0").encode(),
        "apps/deploy.yaml": File(b"../real/deploy.txt", 0o120000),
    }
    world.gitops.commit("main", changes, author=person, when_s=1, message="x")
    for tag in ("1.0.0", "1.0.1"):
        world.do(actions.PushTag(image=IMAGE, tag=tag))
    for obj in (repository(), policy(), automation({"update": {"path": "./apps"}})):
        create(world, obj)
    passing(world, "1m")
    assert f"{IMAGE}:1.0.1" in file(world, "real/deploy.txt")


def test_two_automations_of_one_branch_race_and_both_arrive() -> None:
    files = {"a/deploy.yaml": marked("1.0.0"), "b/deploy.yaml": marked("1.0.0")}
    other = automation({"update": {"path": "./b"}}, name="second")
    world = world_with(files, change={"update": {"path": "./a"}}, apply=(other,))
    passing(world, "1m")
    assert image(world, "a/deploy.yaml") == image(world, "b/deploy.yaml") == "1.0.1"
    assert len(bot_commits(world)) == 2


def test_a_restart_of_the_controller_repairs_a_revert_at_once() -> None:
    world = world_with()
    world.do(actions.Revert(commit="newest", author="fluxcdbot"))
    since = world.now_ms
    world.do(actions.RestartController(controller="image-automation-controller"))
    passing(world, "10s")
    assert image(world) == "1.0.1"
    assert runs(world, NAME, since=since)[0].data["trigger"] == "controller start"


def test_a_failing_automation_keeps_trying_from_a_fresh_clone() -> None:
    world = world_with(change={"update": {"path": "./later"}}, range_="1.0.0")
    assert conditions(world, NAME)["Ready"][1] == "UpdateFailed"
    commit(world, {f"later/{FILE}": marked("2.0.0")})
    passing(world, "5m")
    assert image(world, f"later/{FILE}") == "1.0.0"
    elects(world, "1.1.x")
    request(world, NAME, "x")
    passing(world, "10s")
    assert image(world, f"later/{FILE}") == "1.1.0"
