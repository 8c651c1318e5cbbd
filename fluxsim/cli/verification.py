"""`fluxsim verify`: lets random people, releases and faults loose on a world, and tells the shortest story that breaks an invariant."""

from __future__ import annotations

import time
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from fluxsim.cli.repositories import Repository
from fluxsim.drivers.counterexample import Origin, scenario_of
from fluxsim.drivers.coverage import STATES, Coverage
from fluxsim.drivers.machine import Finding, Plan
from fluxsim.drivers.search import findings
from fluxsim.drivers.shrinking import Shrinking
from fluxsim.drivers.whatif import would_hold_if
from fluxsim.kernel.errors import Fault, InputError
from fluxsim.kernel.units import DAY, clock_text
from fluxsim.observe.narrative import chain_of
from fluxsim.observe.timeline import timeline
from fluxsim.report import text

WIDTH = 100
ROWS_WITHOUT_PEOPLE = 12
"""How much of a story is shown in which nobody does anything: its end."""
SHRINK_S = 30
"""How long one finding may be shrunk, and how long cures for it may be tried, beyond the time of the search."""


def verify(*, seed: int, seconds: int, cure: bool, repository: Repository, save: Path | None) -> int:
    """Search; return 1 where something was found, 0 where nothing was."""
    if seconds < 1:
        raise InputError(Fault("--seconds", f"{seconds} seconds are no time to look", "give at least 1"))
    if save is not None and not save.parent.is_dir():
        raise InputError(Fault("--save", f"no directory '{save.parent}'", "make it first"))
    setup = repository.setup()
    console = Console(width=WIDTH, highlight=False, soft_wrap=True)
    people = "careful people" if cure else "people as they are"
    console.print(f"verify · {repository.place or 'the bundled example'} · seed {seed} · up to {seconds}s · {people}")
    plan = Plan(setup, careful=cure, until_s=time.monotonic() + seconds)
    count = 0
    with _progress(plan):
        for count, finding in enumerate(findings(plan, seed), start=1):
            _tell(console, plan, finding, repository, _numbered(save, count))
    if not count:
        console.print("nothing was broken")
    _tell_coverage(console, plan.coverage)
    return 1 if count else 0


def _numbered(save: Path | None, count: int) -> Path | None:
    """Return the file of a finding: the first goes where it was asked for, the others beside it."""
    return save if save is None or count == 1 else save.with_stem(f"{save.stem}-{count}")


def _tell(console: Console, plan: Plan, finding: Finding, repository: Repository, save: Path | None) -> None:
    """Shrink a finding and tell it: what, the story, why, what would have helped, and the file that plays it again."""
    shrinking = Shrinking(plan.setup, finding, until_s=time.monotonic() + SHRINK_S)
    small = shrinking.finding()
    trial, violation = shrinking.trial, small.violation
    console.print(
        f"\nVIOLATED {violation.invariant} at {clock_text(violation.at_ms)} "
        f"(seed {small.seed}, shrunk {len(finding.entries)} → {len(small.entries)} actions in {shrinking.tries} replays)",
        style="bold red",
    )
    for part in text.wrapped(violation.message, WIDTH - 2):
        console.print(f"  {part}", markup=False)
    events = trial.world.log.events
    first = next((event.seq for event in events if event.kind == "action.taken"), 0)
    rows = [row for row in timeline(events) if row.seq >= first and row.at_ms <= violation.at_ms]
    if not small.entries:
        rows = rows[-ROWS_WITHOUT_PEOPLE:]
    console.print()
    for line in text.lines(rows):
        console.print(line)
    console.print("\n  because", style="bold")
    for link in chain_of(events, events[violation.events[-1]]):
        for number, part in enumerate(text.wrapped(link.text, WIDTH - 20)):
            clock = clock_text(link.at_ms) if number == 0 else ""
            console.print(f"      {clock:>11} {'←' if number == 0 else ' '} {part}", markup=False)
    cures = would_hold_if(plan.setup, small, trial, until_s=time.monotonic() + SHRINK_S)
    none = "no single change that was tried makes it hold" if small.entries else "it needs nobody to do anything"
    for place, cure in enumerate(cures or [none]):
        for number, part in enumerate(text.wrapped(cure, WIDTH - 20)):
            head = "" if number or not cures else "or if:" if place else "would hold if:"
            console.print(f"  {head:14} {part}", markup=False, style="green" if cures else "")
    written = scenario_of(plan.setup, small, trial, Origin(repository.place, repository.path), cures)
    option = " --as-it-is" if repository.as_it_is else ""
    if save is not None:
        save.write_text(written, encoding="utf-8")
        console.print(f"  replay:        fluxsim run {save}{option}", markup=False)
    else:
        console.print(f"  replay:        save this as FILE.yaml, then fluxsim run FILE.yaml{option}\n")
        console.print(written, markup=False)


def _tell_coverage(console: Console, coverage: Coverage) -> None:
    simulated = coverage.simulated_ms / DAY
    console.print(f"\n{coverage.runs} runs, {coverage.steps} steps, {simulated:.1f} days of virtual time", style="bold")
    rules = ", ".join(f"{name} {count}" for name, count in sorted(coverage.rules.items()))
    reached = ", ".join(f"{name} {count}" for name, count in coverage.reached.items())
    for head, told in (("rules", rules), ("runs that", reached), ("never", ", ".join(coverage.missing()))):
        for number, part in enumerate(text.wrapped(told, WIDTH - 14) if told else []):
            console.print(f"  {head if number == 0 else '':10}  {part}", markup=False)
    environments = list(dict.fromkeys(name.partition(" ")[0] for name in sorted(coverage.states)))
    for environment in environments:
        counts = [f"{state} {coverage.states[f'{environment} {state}']}" for state in STATES]
        told = ", ".join(count for count in counts if not count.endswith(" 0"))
        for number, part in enumerate(text.wrapped(told, WIDTH - 14)):
            console.print(f"  {environment[:10] if number == 0 else '':10}  {part}", markup=False)


@contextmanager
def _progress(plan: Plan) -> Generator[None]:
    """Show on a terminal, and only there, how far the search has come."""
    console = Console(stderr=True)
    if not console.is_terminal:
        yield
        return
    columns = (SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True) as bar:
        task = bar.add_task("looking")

        def tick() -> None:
            coverage = plan.coverage
            told = f"{coverage.runs} runs, {coverage.steps} steps, {coverage.simulated_ms / DAY:.1f} days simulated"
            bar.update(task, description=told)

        plan.tick = tick
        yield
