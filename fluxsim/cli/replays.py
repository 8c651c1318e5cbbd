"""`fluxsim replay`: plays a journal. The same seed and the same actions give the same log, byte for byte."""

from __future__ import annotations

from pathlib import Path

from pydantic import ValidationError
from rich.console import Console

from fluxsim.drivers.player import Played
from fluxsim.drivers.scenario import Scenario, Start, setup_of
from fluxsim.formats.durations import millis_text
from fluxsim.kernel.errors import Fault, InputError
from fluxsim.kernel.units import clock_text, rfc3339
from fluxsim.observe.timeline import timeline
from fluxsim.report import text
from fluxsim.world.inputfile import read
from fluxsim.world.journal import Journal
from fluxsim.world.world import World

WIDTH = 100


def replay(path: Path, log: Path | None) -> int:
    """Play a journal to its end, print its timeline and digest; return 1 where the digest is not the recorded one."""
    journal = read(str(path), path.read_bytes(), Journal)
    world = played(journal, str(path))
    console = Console(width=WIDTH, highlight=False, soft_wrap=True)
    for line in text.lines(timeline(world.log.events)):
        console.print(line)
    digest = world.log.digest()
    console.print(
        f"seed {world.seed} · {len(journal.entries)} actions · {millis_text(world.now_ms)} · digest {digest}",
        style="dim",
    )
    if log is not None:
        log.write_bytes(b"".join(world.log.line(event) for event in world.log.events))
    if journal.digest and journal.digest != digest:
        console.print(
            f"the journal was recorded with digest {journal.digest}: this version of fluxsim plays it otherwise",
            style="red",
        )
        return 1
    return 0


def recorded(play: Played) -> Journal:
    """Return the journal of a play: what was really done, and when, names filled in."""
    scenario = play.scenario
    return Journal(
        seed=play.world.seed,
        epoch=rfc3339(play.world.clock.epoch_ms),
        repo=scenario.repo,
        path=scenario.path,
        start=scenario.start.model_dump(mode="json", by_alias=True, exclude_defaults=True),
        end_ms=play.world.now_ms,
        digest=play.log.digest(),
        entries=tuple(play.journal),
    )


def played(journal: Journal, name: str) -> World:
    """Return the world after the journal; InputError where it does not fit."""
    try:
        start = Start.model_validate(journal.start)
    except ValidationError as error:
        raise InputError(*(Fault(f"{name}: start", fault["msg"], "") for fault in error.errors())) from error
    setup = setup_of(Scenario.model_construct(name=name, repo=journal.repo, path=journal.path, start=start))
    if journal.epoch and journal.epoch != rfc3339(setup.epoch_ms):
        told = f"recorded from {journal.epoch}, this repository begins at {rfc3339(setup.epoch_ms)}"
        raise InputError(Fault(f"{name}: epoch", told, "replay it with the repository that it was recorded with"))
    world = World(setup, seed=journal.seed)
    for entry in journal.entries:
        if entry.at_ms < world.now_ms:
            raise InputError(
                Fault(
                    name,
                    f"an action at {clock_text(entry.at_ms)} stands behind one at {clock_text(world.now_ms)}",
                    "sort them by at_ms",
                )
            )
        world.run_to(entry.at_ms)
        world.do(entry.action)
    world.run_to(max(journal.end_ms, world.now_ms))
    return world
