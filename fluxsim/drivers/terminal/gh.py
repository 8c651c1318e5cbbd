"""`gh workflow run`: dispatches a workflow of a service repository.

Source: cli/cli v2.74 pkg/cmd/workflow/run/run.go, as it prints to a terminal.
"""

from __future__ import annotations

from collections.abc import Sequence

from fluxsim.drivers.terminal.console import Console
from fluxsim.world.actions import RunWorkflow
from fluxsim.world.commands import parsed
from fluxsim.world.world import World


def gh(world: World, author: str, command: str, console: Console, known: Sequence[str]) -> int:
    """Run a gh command line; return the exit code. InputError where it cannot be read or names no workflow."""
    action = parsed(command).actions[0]
    assert isinstance(action, RunWorkflow), f"gh makes {action.do}"
    if action.service not in known:
        console.err(f"GraphQL: Could not resolve to a Repository with the name '{action.service}'. (repository)\n")
        return 1
    outcome = world.do(action.model_copy(update={"by": author}))
    if outcome.error:
        console.err(f"{outcome.error}\n")
        return 1
    file = f"{action.workflow}.yml"
    console.out(f"✓ Created workflow_dispatch event for {file} at {action.branch}\n\n")
    console.out(f"To see runs for this workflow, try: gh run list --workflow={file}\n")
    return 0
