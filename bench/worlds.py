"""Worlds as people play them: a day, an idle day, the suite of scenarios, the command line."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

from bench.measure import Row, medians, seconds
from fluxsim.kernel.units import DAY, HOUR, MINUTE, Millis
from fluxsim.world.actions import ACTION
from fluxsim.world.setup import of_example
from fluxsim.world.world import World

RELEASES = 10
HELP = "import sys; from fluxsim.cli.main import main; sys.argv[:] = ['fluxsim', '--help']; main()"
"""What the installed command does, whatever its file is called on this system."""
HERE = Path(__file__).parents[1]


def rows() -> Iterator[Row]:
    setup = of_example()
    day, idle, built = medians(
        partial(play, releases(RELEASES)), partial(play, []), partial(World, setup, seed=1), rounds=5
    )
    events = len(play(releases(RELEASES)).log.events)
    yield Row(
        f"a day with {RELEASES} releases",
        0.5,
        day,
        "s",
        f"{events} events, {seconds((day - idle) / RELEASES)} a release",
    )
    yield Row("an idle day", 0.08, idle, "s")
    yield Row("a world is built", 20, built * 1000, "ms", "from a setup that was parsed before")
    yield from _suite()
    yield _command_line()


def releases(count: int) -> list[tuple[Millis, dict[str, Any]]]:
    """Return what people do in a day of so many releases: code, merge, promotion, spread over the day."""
    actions: list[tuple[Millis, dict[str, Any]]] = []
    for number in range(count):
        at_ms = number * (DAY - HOUR) // count
        push = {"do": "push-code", "service": "backend", "message": f"Release {number}"}
        actions += [
            (at_ms + 10 * MINUTE, push | {"branch": "develop"}),
            (at_ms + 30 * MINUTE, push | {"branch": "main"}),
            (at_ms + 50 * MINUTE, {"do": "run-workflow", "service": "backend"}),
        ]
    return actions


def play(actions: list[tuple[Millis, dict[str, Any]]]) -> World:
    world = World(of_example(), seed=1)
    for at_ms, action in actions:
        world.run_to(at_ms)
        world.do(ACTION.validate_python(action))
    world.run_to(DAY)
    return world


def _suite() -> Iterator[Row]:
    """Play every scenario in a process of its own, which tells its CPU time and its peak of memory."""
    told = subprocess.run([sys.executable, "-m", "bench.suite"], cwd=HERE, capture_output=True, text=True, check=True)
    spent, megabytes, files, plays = told.stdout.split()
    yield Row("the scenario suite", 15, float(spent), "s", f"{files} files, {plays} plays")
    yield Row("memory of the suite", 250, float(megabytes), "MB", "peak")


def _command_line() -> Row:
    def call(*arguments: str) -> None:
        subprocess.run([sys.executable, *arguments], cwd=HERE, capture_output=True, check=True)

    ours, bare = medians(partial(call, "-c", HELP), partial(call, "-c", "pass"), rounds=5, wall=True)
    return Row("fluxsim --help", 0.4, ours, "s", f"{ours / bare:.1f} × python -c pass ({seconds(bare)})")
