"""`fluxsim why`, `next` and `policy`: looking at a world at one moment."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path

import orjson
from rich.console import Console
from rich.table import Table

from fluxsim.cli.repositories import Repository
from fluxsim.controllers.flux.imagepolicy import explained
from fluxsim.drivers.play import Player
from fluxsim.drivers.scenario import load, setup_of, span
from fluxsim.formats.tree import Json
from fluxsim.kernel.errors import Fault, InputError, did_you_mean
from fluxsim.kernel.units import MINUTE, Millis, clock_text
from fluxsim.kube.meta import DEPLOYMENT, IMAGE_POLICY, Key
from fluxsim.observe.lineage import lineage
from fluxsim.observe.narrative import woken_by
from fluxsim.world.world import World

SETTLED_MS: Millis = 10 * MINUTE
WIDTH = 100
WIDEST = 1000
"""Columns of a table, which is no wider than what it holds."""


@dataclass(frozen=True, slots=True)
class Where:
    """Which world to look at, and when."""

    scenario: Path | None
    at: str
    repository: Repository
    seed: int | None


def world_at(where: Where) -> World:
    """Return the world: a scenario played to its end or to a time, or a fresh one ten minutes (or so long) after its start."""
    try:
        at_ms = span(where.at) if where.at else None
    except ValueError as error:
        raise InputError(Fault("--at", str(error), "")) from error
    if where.scenario is not None:
        scenario = where.repository.under(load(where.scenario))
        if at_ms is not None:
            scenario = scenario.model_copy(
                update={
                    "lasts": f"{at_ms}ms",
                    "steps": tuple(step for step in scenario.steps if step.at is None or span(step.at) <= at_ms),
                }
            )
        return Player(scenario, setup_of(scenario), seed=where.seed).play().world
    world = World(where.repository.setup(), seed=where.seed if where.seed is not None else 1)
    world.run_to(at_ms if at_ms is not None else SETTLED_MS)
    return world


def why(target: str, where: Where, output: str) -> int:
    """Print the lineage of what a Deployment runs, from the pod back to the service commit."""
    world = world_at(where)
    namespace, name = _split(
        target, [f"{key.namespace}/{key.name}" for key in world.store.keys(DEPLOYMENT)], "Deployment"
    )
    links = lineage(world.log.events).of(namespace, name)
    if output == "json":
        _print_json([{"step": link.step, "text": link.text, "seq": link.seq, "at_ms": link.at_ms} for link in links])
        return 0
    console = Console(width=WIDTH, highlight=False, soft_wrap=True)
    if not links:
        console.print(f"{target}: no pod was ever ready; see fluxsim next, and the conditions of its Kustomization")
        return 1
    for number, link in enumerate(links):
        clock = clock_text(link.at_ms) if link.at_ms is not None else "before"
        console.print(f"{'  ' if number == 0 else '← '}{link.step:15} {clock:>9}  {link.text}", markup=False)
    return 0


def upcoming(where: Where, output: str) -> int:
    """Print who wakes when, and because of what."""
    world = world_at(where)
    rows = world.upcoming()
    if output == "json":
        _print_json(
            [
                {
                    "at_ms": row.at_ms,
                    "in_ms": row.at_ms - world.now_ms,
                    "who": row.who,
                    "key": str(row.key),
                    "why": row.why,
                }
                for row in rows
            ]
        )
        return 0
    console = Console(width=WIDTH, highlight=False, soft_wrap=True)
    console.print(f"virtual time {clock_text(world.now_ms)} ({world.clock.now_text()})")
    table = Table(box=None, pad_edge=False, header_style="bold")
    for heading in ("IN", "AT", "WHO", "OBJECT", "BECAUSE OF"):
        table.add_column(heading, no_wrap=True)
    for row in rows:
        reason = "now" if row.why == "now" else woken_by(row.why)
        table.add_row(clock_text(row.at_ms - world.now_ms), clock_text(row.at_ms), row.who, str(row.key), reason)
    _print_table(table)
    return 0


def policy(target: str, where: Where, output: str) -> int:
    """Print each tag's fate under a policy."""
    world = world_at(where)
    known = [f"{key.namespace}/{key.name}" for key in world.store.keys(IMAGE_POLICY)]
    namespace, name = _split(target, known, "ImagePolicy")
    verdicts = explained(world.store, world.cluster.database, Key(IMAGE_POLICY, namespace, name))
    if output == "json":
        _print_json(
            {
                "selected": verdicts.selected,
                "error": verdicts.error,
                "tags": [
                    {"tag": one.tag, "fate": one.fate, "key": one.key, "rank": one.rank, "note": one.note}
                    for one in verdicts.verdicts
                ],
            }
        )
        return 0 if not verdicts.error else 1
    console = Console(width=WIDTH, highlight=False, soft_wrap=True)
    table = Table(box=None, pad_edge=False, header_style="bold")
    for heading in ("TAG", "FATE", "KEY", "RANK", "NOTE"):
        table.add_column(heading, no_wrap=heading != "NOTE")
    for one in verdicts.verdicts:
        style = "bold green" if one.fate == "selected" else "dim" if one.fate == "filtered out" else ""
        table.add_row(one.tag, one.fate, one.key or "", str(one.rank or ""), one.note, style=style)
    _print_table(table)
    console.print(f"elected: {verdicts.selected}" if verdicts.selected else f"no election: {verdicts.error}")
    return 0 if not verdicts.error else 1


def _split(target: str, known: list[str], kind: str) -> tuple[str, str]:
    if target not in known:
        raise InputError(Fault("", f"no {kind} '{target}' in this world", did_you_mean(target, known)))
    namespace, _slash, name = target.partition("/")
    return namespace, name


def _print_table(table: Table) -> None:
    """Print a table as wide as it is: what scrolls sideways can be read, what is cut off cannot."""
    Console(width=WIDEST, highlight=False).print(table)


def _print_json(value: Json) -> None:
    sys.stdout.write(orjson.dumps(value, option=orjson.OPT_INDENT_2).decode() + "\n")
