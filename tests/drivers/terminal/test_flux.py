"""flux before a world: what it prints, how it ends, and how much virtual time it takes."""

from __future__ import annotations

import pytest
from syrupy.assertion import SnapshotAssertion

from fluxsim.drivers.terminal import Terminal
from fluxsim.kernel.units import MINUTE, SECOND
from fluxsim.world.actions import Break
from fluxsim.world.world import World
from tests.drivers.terminal.scene import promoted, settled


@pytest.fixture(scope="module")
def quiet() -> tuple[World, Terminal]:
    """A world that its tests only look at."""
    return settled()


@pytest.mark.parametrize(
    "command",
    [
        "flux get kustomizations",
        "flux get ks -A --show-source",
        "flux get sources git",
        "flux get images all -A",
        "flux get image repository backend",
        "flux get images policy -n production",
        "flux get image update -n production --no-header",
        "flux get ks nope",
        "flux get image policy -n nowhere",
        "flux get ks --status-selector ready",
        "flux get ks -l 'a=('",
        "flux get all -w",
        "flux get",
        "flux get images",
        "flux events --for ImagePolicy/backend -n production",
        "flux events --for Deployment/backend",
        "flux events --types Odd",
        "flux events -n nowhere",
        "flux reconcile ks",
        "flux reconcile ks nope",
        "flux reconcile helmrelease x",
        "flux suspend image repository",
        "flux suspend ks nope",
        "flux suspend ks --all -n nowhere",
        "flux resume ks nope",
        "flux get ks -n Not_A_Label",
        "flux get ks --timeout abc",
        "flux get ks --frob",
        "flux get ks -n",
        "flux recncile ks x",
        "flux trace deploy/backend",
    ],
)
def test_looks_as_the_real_tool(quiet: tuple[World, Terminal], command: str, snapshot: SnapshotAssertion) -> None:
    world, terminal = quiet
    before = world.now_ms
    result = terminal.run(command)
    assert (result.exit_code, result.stdout, result.stderr) == snapshot
    assert world.now_ms == before


def test_reconcile_waits_by_polls_of_two_seconds(snapshot: SnapshotAssertion) -> None:
    world, terminal = settled()
    before = world.now_ms
    result = terminal.run("flux reconcile kustomization apps-production --with-source")
    assert (result.exit_code, result.stdout) == (0, "")
    assert result.stderr == snapshot
    assert (world.now_ms - before) % (2 * SECOND) == 0
    assert world.now_ms > before


@pytest.mark.parametrize(
    "command",
    [
        "flux reconcile image repository backend",
        "flux reconcile image policy backend -n production",
        "flux reconcile image update backend -n production",
    ],
)
def test_each_kind_ends_with_its_own_line(command: str, snapshot: SnapshotAssertion) -> None:
    _world, terminal = settled()
    assert terminal.run(command).stderr == snapshot


def test_a_failing_reconcile_waits_until_its_timeout_and_hides_the_failure() -> None:
    world, terminal = settled()
    world.do(Break(what="git"))
    before = world.now_ms
    result = terminal.run("flux reconcile source git flux-system --timeout 1m")
    assert result.exit_code == 1
    assert result.stderr.endswith("◎ waiting for GitRepository reconciliation\n✗ context deadline exceeded\n")
    assert world.now_ms - before == MINUTE


def test_what_is_suspended_is_not_reconciled() -> None:
    world, terminal = settled()
    terminal.run("flux suspend ks apps-production")
    before = len(world.log.events)
    result = terminal.run("flux reconcile ks apps-production --with-source")
    assert (result.exit_code, result.stderr) == (1, "✗ resource is suspended\n")
    assert len(world.log.events) == before


def test_suspend_and_resume_are_actions_of_the_author() -> None:
    world, _terminal = settled()
    terminal = Terminal(world, author="alice")
    suspended = terminal.run("flux suspend image update backend -n production")
    resumed = terminal.run("flux resume image update backend -n production")
    assert suspended.stderr == (
        "► suspending image update automation backend in production namespace\n✔ image update automation suspended\n"
    )
    assert resumed.stderr == (
        "► resuming image update automation backend in production namespace\n✔ image update automation resumed\n"
        "◎ waiting for ImageUpdateAutomation reconciliation\n"
        "✔ ImageUpdateAutomation backend reconciliation completed\n✔ repository up-to-date\n"
    )
    taken = [event for event in world.log.events if event.kind == "action.taken" and event.actor == "alice"]
    assert [event.data["action"]["do"] for event in taken] == ["suspend", "resume"]


def test_resume_of_several_does_not_wait() -> None:
    world, terminal = settled()
    before = world.now_ms
    result = terminal.run("flux resume ks apps-staging apps-develop apps-staging")
    assert result.stderr.count("✔ kustomization resumed") == 2
    assert "waiting" not in result.stderr
    assert world.now_ms == before


def test_watch_shows_each_change_until_its_timeout() -> None:
    world, terminal = settled()
    world.do(Break(what="git"))
    result = terminal.run("flux get sources git -w --timeout 3m")
    first, *others = result.stdout.splitlines()
    assert first.startswith("NAME       \tREVISION")
    assert any("\tFalse\t" in line for line in others[1:])
    assert (result.exit_code, result.stderr) == (1, "✗ timed out waiting for the condition\n")


def test_a_promotion_shows_in_the_policy_and_in_the_automation(snapshot: SnapshotAssertion) -> None:
    _world, terminal = promoted()
    assert terminal.run("flux get images all -n production").stdout == snapshot
