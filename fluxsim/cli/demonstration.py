"""`fluxsim demo`: one story on one screen, then a line for each scenario, and a page with all of them."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from importlib import resources
from pathlib import Path

from rich.console import Console
from rich.progress import Progress
from rich.text import Text

from fluxsim.cli import rollback, runs
from fluxsim.cli.screen import WIDTH
from fluxsim.drivers.play import Performance, perform
from fluxsim.drivers.scenario import Scenario, setup_of
from fluxsim.kernel.errors import Fault, InputError
from fluxsim.report import html as pages

_CHECKOUT = Path(__file__).resolve().parents[2] / "scenarios"


def demo(html: Path, scenarios: Path | None) -> int:
    """Play the story and every scenario; return 0 only if all did what they should."""
    console = Console(width=WIDTH, highlight=False, soft_wrap=True)
    started = time.monotonic()
    story = rollback.tell(console)
    console.print()
    performances = _played(console, runs.loaded([scenarios or shipped()]))
    passed = story.passed and all(performance.passed for performance in performances)
    summary = runs.summary(performances)
    drill = pages.Story(rollback.NAME, rollback.WHY, story.passed, story.world.log.events, story.told)
    page = pages.page([drill, *(one for performance in performances for one in runs.stories(performance))], summary)
    html.write_text(page, encoding="utf-8")
    took = f" in {time.monotonic() - started:.0f} s"
    console.print(Text(f"{summary}{took}; the swim lanes are in {html}", style="bold green" if passed else "bold red"))
    return 0 if passed else 1


def shipped() -> Path:
    """Return the directory of the scenarios: beside the checkout, or in the installed package."""
    packaged = Path(str(resources.files("fluxsim").joinpath("_scenarios")))
    for found in (_CHECKOUT, packaged):
        if found.is_dir():
            return found
    raise InputError(Fault("--scenarios", "this installation has no scenarios", "give a directory of them"))


def _played(console: Console, scenarios: Sequence[Scenario]) -> list[Performance]:
    """Play all and print a line for each as it ends; on a terminal with a progress bar below."""
    console.print(Text(f"{len(scenarios)} scenarios", style="bold"))
    performances: list[Performance] = []
    for performance in _one_by_one(console, scenarios):
        performances.append(performance)
        console.print(runs.one_line(performance))
        for fault in performance.faults:
            console.print(Text(f"    {fault}", style="red"))
    return performances


def _one_by_one(console: Console, scenarios: Sequence[Scenario]) -> Iterator[Performance]:
    if not console.is_terminal:
        for scenario in scenarios:
            yield perform(scenario, setup_of(scenario))
        return
    with Progress(console=console, transient=True) as bar:
        task = bar.add_task("playing", total=len(scenarios))
        for scenario in scenarios:
            bar.update(task, description=scenario.name)
            yield perform(scenario, setup_of(scenario))
            bar.advance(task)
