"""git and gh before a world: a clone that is pushed is an action, one that is not is nobody's business."""

from __future__ import annotations

import pytest
from syrupy.assertion import SnapshotAssertion

from fluxsim.drivers.terminal import Terminal
from fluxsim.kernel.units import MINUTE
from fluxsim.world.actions import Commit, Edit, ProtectBranch
from fluxsim.world.world import World
from tests.drivers.terminal.scene import PROMOTE, promoted, settled

PATH = "flux/apps/backend/production"


@pytest.fixture(scope="module")
def quiet() -> tuple[World, Terminal]:
    """A world that its tests only look at."""
    return promoted()


@pytest.mark.parametrize(
    "command",
    [
        f"git log --oneline -- {PATH}",
        f"git log -1 -- {PATH}",
        "git log -2 --format='%h %an %s%n%aI 100%%'",
        "git log --author=fluxcdbot --oneline",
        f"git log --stat -1 -- {PATH} README.md",
        f"git show HEAD -- {PATH}",
        "git -C backend log --oneline -2",
        "git status",
        "git push",
        "git pull",
        "git log nope",
        "git log -n x",
        "git log --frob",
        "git revert",
        "git revert 0000000",
        "git -C nowhere log",
        "git rebase -i",
        "git",
        "gh workflow run nope.yml -R acme/backend",
        "gh workflow run promote-production.yml",
        "gh workflow run promote-production.yml -R acme/nope",
        "gh pr list",
        "frob",
        "git log 'open",
        "",
    ],
)
def test_looks_as_the_real_tool(quiet: tuple[World, Terminal], command: str, snapshot: SnapshotAssertion) -> None:
    result = quiet[1].run(command)
    assert (result.exit_code, result.stdout, result.stderr) == snapshot


def test_a_revert_reaches_the_world_when_it_is_pushed() -> None:
    world, terminal = promoted()
    bad = world.gitops.head("main")
    reverted = terminal.run("git revert --no-edit HEAD")
    assert world.gitops.head("main") == bad
    assert "ahead of 'origin/main' by 1 commit" in terminal.run("git status").stdout
    local = terminal.run("git log --format=%H -1").stdout.strip()
    assert reverted.stdout.startswith(f'[main {local[:7]}] Revert "Update production backend image"\n Date: ')
    assert reverted.stdout.endswith(" 1 file changed, 1 insertion(+), 1 deletion(-)\n")
    pushed = terminal.run("git push origin main")
    assert pushed.stderr == f"To {world.gitops.url}\n   {bad[:7]}..{local[:7]}  main -> main\n"
    assert world.gitops.head("main") == local
    assert world.gitops.commit_of(local).author.name == "you"


def test_a_push_over_somebody_elses_commit_is_refused_until_the_clone_is_rebased() -> None:
    world, terminal = promoted()
    terminal.run("git revert --no-edit HEAD")
    world.do(Commit(by="alice", message="Note", edits=(Edit(path="NOTE.md", content="x\n"),)))
    refused = terminal.run("git push")
    assert refused.exit_code == 1
    assert " ! [rejected]        main -> main (fetch first)\n" in refused.stderr
    assert terminal.run("git pull").exit_code == 128
    assert terminal.run("git pull --rebase").exit_code == 0
    assert terminal.run("git push").exit_code == 0
    assert world.gitops.commit_of(world.gitops.head("main")).subject == 'Revert "Update production backend image"'


def test_a_protected_branch_refuses_the_push_in_the_hosts_words() -> None:
    world, terminal = promoted()
    world.do(ProtectBranch(by="alice", allow=("alice",)))
    result = terminal.run("git revert --no-edit HEAD && git push && git log")
    assert result.exit_code == 1
    assert "remote rejected" in result.stderr


def test_the_second_command_waits_for_the_first_to_succeed() -> None:
    world, terminal = settled()
    result = terminal.run("git revert 0000000 && flux suspend ks apps-production")
    assert result.exit_code == 128
    assert "suspend" not in result.stderr
    assert not [event for event in world.log.events if event.actor == "you"]


def test_a_dispatch_runs_the_workflow() -> None:
    world, terminal = settled()
    result = terminal.run(PROMOTE)
    assert result.stdout == (
        "✓ Created workflow_dispatch event for promote-production.yml at main\n\n"
        "To see runs for this workflow, try: gh run list --workflow=promote-production.yml\n"
    )
    world.run_to(world.now_ms + 5 * MINUTE)
    assert [event.data["conclusion"] for event in world.log.events if event.kind == "workflow.finished"][
        -1
    ] == "success"
