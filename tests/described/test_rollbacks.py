"""What becomes of a rollback: each way to take an image back, and whether it holds."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from fluxsim.controllers.latencies import Latencies, Span
from fluxsim.formats.durations import parse_millis
from fluxsim.formats.tree import get
from fluxsim.world import actions
from fluxsim.world.world import World
from tests.described.automation import (
    FILE,
    IMAGE,
    NAME,
    POLICY,
    REPOSITORY,
    bot_commits,
    elected,
    elects,
    generation,
    image,
    marked,
    suspended,
    world_with,
)
from tests.worlds import (
    commit,
    conditions,
    due,
    ends,
    head,
    kubernetes_events,
    passing,
    patch,
    ready,
    runs,
    status,
    told,
)

T1, T2 = "1.0.0", "1.0.1"


def committed() -> World:
    """Return a world in which the bot has just committed T2 over T1."""
    world = world_with()
    assert image(world) == T2
    assert status(world, NAME, "observedSourceRevision") == f"main@sha1:{head(world)}"
    return world


def revert(world: World) -> str:
    """Revert the bot's commit as a person does."""
    outcome = world.do(actions.Revert(commit="newest", author="fluxcdbot"))
    assert not outcome.error
    assert image(world) == T1
    return outcome.commit


def test_scenario_git_revert_of_bot_commit_is_undone() -> None:
    world = committed()
    revert(world)
    since = world.now_ms
    passing(world, "25m")
    source = status(world, "GitRepository/flux-system/flux-system", "artifact", "revision")
    assert source == f"main@sha1:{head(world)}", "source-controller has fetched the revert"
    assert runs(world, NAME, since=since) == [], "which does not wake the automation"
    assert image(world) == T1
    passing(world, "6m")
    assert image(world) == T2
    first, second = bot_commits(world)
    assert first["commit"] != second["commit"]
    [run] = runs(world, NAME, since=since)
    assert run.data["trigger"] == "interval"
    kind, reason, message = told(world, NAME)[-1]
    assert (kind, reason) == ("Normal", "Succeeded")
    assert message.startswith(f"pushed commit '{second['commit'][:7]}' to branch 'main'")


def test_scenario_suspend_automation_then_revert_holds() -> None:
    world = committed()
    suspended(world, NAME, value=True)
    revert(world)
    since = world.now_ms
    passing(world, "5h")
    assert runs(world, NAME, since=since) == []
    assert image(world) == T1
    before = generation(world, NAME)
    suspended(world, NAME, value=False)
    passing(world, "10s")
    assert generation(world, NAME) == before + 1
    assert image(world) == T2
    assert len(bot_commits(world)) == 2


def test_scenario_suspend_image_repository_then_revert_does_not_hold() -> None:
    world = committed()
    suspended(world, REPOSITORY, value=True)
    revert(world)
    passing(world, "31m")
    assert image(world) == T2


def test_scenario_suspend_image_policy_then_revert_does_not_hold() -> None:
    world = committed()
    suspended(world, POLICY, value=True)
    revert(world)
    passing(world, "31m")
    assert image(world) == T2


def test_scenario_pin_policy_to_old_version_writes_rollback() -> None:
    world = committed()
    since = world.now_ms
    elects(world, T1)
    passing(world, "10s")
    assert elected(world) == T1
    assert image(world) == T1
    assert runs(world, NAME, since=since)[0].data["trigger"] == f"{POLICY} elected {T1}"


def test_scenario_exclude_bad_tag_rolls_back() -> None:
    world = committed()
    since = world.now_ms
    patch(world, REPOSITORY, {"spec": {"exclusionList": [f"^{T2}$"]}})
    passing(world, "20s")
    said = [message for event in world.log.events if event.at_ms >= since for message in _progress_of(event.data)]
    assert "scanning: updated exclusion list" in said
    assert elected(world) == T1
    assert image(world) == T1


def _progress_of(data: Mapping[str, Any]) -> list[str]:
    listed = get(data.get("object"), "status", "conditions", default=None) or ()
    return [str(entry["message"]) for entry in listed if entry["type"] == "Reconciling"]


def test_scenario_delete_tag_in_registry_rolls_back() -> None:
    world = committed()
    world.do(actions.DeleteTag(image=IMAGE, tag=T2))
    passing(world, "11m")
    assert elected(world) == T1
    assert image(world) == T1


def test_scenario_manual_newer_tag_is_overwritten() -> None:
    world = world_with(range_=T1)
    assert elected(world) == T1
    assert image(world) == T1
    commit(world, {FILE: marked("2.0.0")})
    passing(world, "20m")
    assert image(world) == "2.0.0"
    passing(world, "11m")
    assert image(world) == T1


def test_scenario_human_commit_elsewhere() -> None:
    world = world_with(range_=T1)
    human = commit(world, {"README": "read me\n"})
    passing(world, "31m")
    assert bot_commits(world) == []
    assert status(world, NAME, "observedSourceRevision") == f"main@sha1:{human}"
    [event] = [event for event in kubernetes_events(world, NAME) if event["message"] == "repository up-to-date"][-1:]
    assert (event["type"], event["reason"]) == ("Normal", "Succeeded")
    assert "Succeeded" not in [event[1] for event in told(world, NAME, since=parse_millis("2m"))], "a trace is no news"


def test_scenario_push_race_non_fast_forward() -> None:
    slow = Latencies(git_clone=Span(1_000, 1_000), git_push=Span(5_000, 5_000))
    world = world_with(range_=T1, latencies=slow)
    before = status(world, NAME)
    elects(world, T2)
    passing(world, "3s")
    raced = commit(world, {"README": "read me\n"})
    passing(world, "3500ms")
    found = ready(world, NAME)
    assert found is not None
    assert found[:2] == ("False", "GitOperationFailed")
    assert found[2].startswith("failed to update source: failed to push to remote: ")
    after = status(world, NAME)
    for field in ("observedSourceRevision", "observedPolicies"):
        assert after[field] == before[field]
    assert ends(world, NAME)[-1]["again"] >= 750
    passing(world, "10s")
    assert image(world) == T2
    assert world.gitops.commit_of(head(world)).parents[0].hex() == raced, "a fresh clone, on top of the other commit"
    assert conditions(world, NAME) == {"Ready": ("True", "Succeeded", "repository up-to-date")}


def test_scenario_missing_path() -> None:
    world = world_with(change={"update": {"path": "./nope"}})
    found = ready(world, NAME)
    assert found is not None
    assert found[:2] == ("False", "UpdateFailed")
    assert found[2].startswith("failed to apply policies: walking path for files: lstat ")
    assert due(world, NAME)[0][1] == "retry"


@pytest.mark.parametrize("what", ["GitRepository/flux-system/flux-system"])
def test_suspending_the_source_object_does_not_stop_the_automation(what: str) -> None:
    world = committed()
    suspended(world, what, value=True)
    revert(world)
    passing(world, "31m")
    assert image(world) == T2
