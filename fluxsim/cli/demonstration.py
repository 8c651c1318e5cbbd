"""`fluxsim demo`: one story on one screen, then a line for each scenario, and a page with all of them."""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from importlib import resources
from pathlib import Path

from rich.console import Console
from rich.text import Text

from fluxsim.cli import rollback, runs
from fluxsim.cli.outcomes import Forms, Outcome
from fluxsim.cli.screen import WIDTH
from fluxsim.drivers.scenario import Scenario
from fluxsim.kernel.errors import Fault, InputError
from fluxsim.report import html as pages

_CHECKOUT = Path(__file__).resolve().parents[2] / "scenarios"


def demo(html: Path, scenarios: Path | None) -> int:
    """Play the story and every scenario; return 0 only if all did what they should."""
    console = Console(width=WIDTH, highlight=False, soft_wrap=True)
    started = time.monotonic()
    loaded = runs.loaded([scenarios or shipped()])
    story = rollback.tell(console)
    console.print()
    drill = pages.told(pages.Story(rollback.NAME, rollback.WHY, story.passed, story.world.log.events, story.told))
    seen = _played(console, loaded)
    passed = story.passed and all(outcome.passed for outcome in seen)
    summary = runs.summary(seen)
    page = pages.page([drill, *(one for outcome in seen for one in outcome.page)], summary)
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


def _played(console: Console, scenarios: Sequence[Scenario]) -> list[Outcome]:
    """Play all and print a line for each as it ends; on a terminal with a progress bar below."""
    console.print(Text(f"{len(scenarios)} scenarios", style="bold"))
    seen: list[Outcome] = []
    forms = Forms(text="line", coloured=console.is_terminal, page=True)
    for outcome in runs.in_progress(scenarios, None, forms):
        seen.append(outcome)
        sys.stdout.write(outcome.text)
        for fault in outcome.faults:
            console.print(Text(f"    {fault}", style="red"))
    return seen
