"""Worlds with a terminal before them, for the tests of what people type."""

from __future__ import annotations

from fluxsim.drivers.terminal import Terminal
from fluxsim.kernel.units import MINUTE
from fluxsim.world.actions import PushCode
from fluxsim.world.setup import of_example
from fluxsim.world.world import World

READY_MS = 10 * MINUTE
PROMOTE = "gh workflow run promote-production.yml -R acme/backend"
PROMOTED_MS = 20 * MINUTE


def settled() -> tuple[World, Terminal]:
    """Return the example ten minutes after its start, with a new staging image."""
    world = World(of_example(), seed=11)
    world.run_to(2 * MINUTE)
    world.do(PushCode(by="Jonas Okafor", service="backend", branch="main", message="Add a cache"))
    world.run_to(READY_MS)
    return world, Terminal(world)


def promoted() -> tuple[World, Terminal]:
    """Return the example after a promotion has reached production."""
    world, terminal = settled()
    terminal.run(PROMOTE)
    world.run_to(PROMOTED_MS)
    return world, terminal
