"""`fluxsim run`: plays scenario files and prints timeline, goals, causes; as text, JSON or JUnit."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from xml.etree import ElementTree as ET

import orjson
from rich.console import Console
from rich.progress import Progress

from fluxsim.cli.replays import recorded
from fluxsim.drivers.play import GoalResult, Performance, Played, perform
from fluxsim.drivers.scenario import Scenario, load, setup_of
from fluxsim.formats.tree import Json
from fluxsim.kernel.errors import Fault, InputError
from fluxsim.kernel.units import clock_text
from fluxsim.observe.narrative import chain_of
from fluxsim.observe.timeline import timeline
from fluxsim.report import html as pages
from fluxsim.report import text
from fluxsim.world.journal import dumped

WIDTH = 100


def run(
    files: Sequence[Path],
    *,
    seed: int | None,
    output: str,
    log: Path | None,
    journal: Path | None = None,
    html: Path | None,
    repo: str,
    path: str,
    brief: bool,
) -> int:
    """Play the files; return the exit code."""
    scenarios = [_elsewhere(scenario, repo, path) for scenario in loaded(files)]
    for option, file in (("--log", log), ("--journal", journal)):
        if file is not None and len(scenarios) != 1:
            raise InputError(
                Fault(option, f"one file holds one scenario, {len(scenarios)} were given", "name one file")
            )
    console = Console(width=WIDTH, highlight=False, soft_wrap=True)
    performances = played(scenarios, seed, progress=output == "text" and len(scenarios) > 1)
    if output == "json":
        sys.stdout.write(orjson.dumps(as_json(performances), option=orjson.OPT_INDENT_2).decode() + "\n")
    elif output == "junit":
        sys.stdout.write(as_junit(performances) + "\n")
    else:
        for performance in performances:
            if brief:
                console.print(one_line(performance))
            else:
                tell(console, performance)
        console.print(summary(performances))
    if log is not None:
        write_log(log, performances[0].plays[0])
    if journal is not None:
        journal.write_text(dumped(recorded(performances[0].plays[0])), encoding="utf-8")
    if html is not None:
        html.write_text(
            pages.page(
                [story for performance in performances for story in stories(performance)], summary(performances)
            ),
            encoding="utf-8",
        )
    return 0 if all(performance.passed for performance in performances) else 1


def loaded(files: Sequence[Path]) -> list[Scenario]:
    """Read all scenario files, those of a directory in order of their names; InputError with every fault of every file."""
    paths: list[Path] = []
    for file in files:
        if file.is_dir():
            inside = sorted(found for found in file.iterdir() if found.suffix in (".yaml", ".yml"))
            if not inside:
                raise InputError(Fault(str(file), "no scenario files in this directory", "they end in .yaml"))
            paths += inside
        elif file.exists():
            paths.append(file)
        else:
            raise InputError(Fault(str(file), "no such file or directory", ""))
    scenarios: list[Scenario] = []
    faults: list[Fault] = []
    for found in paths:
        try:
            scenarios.append(load(found))
        except InputError as error:
            faults += error.faults
    if faults:
        raise InputError(*faults)
    return scenarios


def played(scenarios: Sequence[Scenario], seed: int | None, *, progress: bool) -> list[Performance]:
    """Play all, with a progress bar on a terminal."""
    console = Console(stderr=True)
    if not (progress and console.is_terminal):
        return [perform(scenario, setup_of(scenario), seed=seed) for scenario in scenarios]
    performances: list[Performance] = []
    with Progress(console=console, transient=True) as bar:
        task = bar.add_task("playing", total=len(scenarios))
        for scenario in scenarios:
            bar.update(task, description=scenario.name)
            performances.append(perform(scenario, setup_of(scenario), seed=seed))
            bar.advance(task)
    return performances


def write_log(path: Path, play: Played) -> None:
    """Write every event, one line each; the digest is over these bytes."""
    path.write_bytes(b"".join(play.log.line(event) for event in play.log.events))


def tell(console: Console, performance: Performance) -> None:
    """Print one scenario: what it is about, what happened, what became of its goals."""
    scenario = performance.scenario
    console.print(f"[bold]{scenario.name}[/bold]", markup=True)
    for part in text.wrapped(scenario.why, WIDTH - 2):
        console.print(f"  {part}", style="italic")
    for number, play in enumerate(performance.plays):
        if len(performance.plays) > 1 and performance.matrix is None:
            console.print(
                f"\n  {'without the cure' if number == 0 else 'with the cure'} · seed {play.world.seed}", style="bold"
            )
        elif performance.matrix is None:
            console.print(
                f"\n  seed {play.world.seed} · time zero {play.world.clock.text_at(0)} · digest {play.log.digest()[:16]}",
                style="dim",
            )
        if performance.matrix is None:
            _tell_play(console, play)
    if performance.matrix is not None:
        console.print()
        console.print(performance.matrix.table())
    for fault in performance.faults:
        console.print(f"  ✗ {fault}", style="bold red")
    console.print()


def _tell_play(console: Console, play: Played) -> None:
    for line in text.lines(timeline(play.log.events)):
        console.print(line)
    refused = [told for told in play.told if told.error]
    for told in refused:
        console.print(f"  refused at {clock_text(told.at_ms)}: {told.command}", style="yellow", markup=False)
        for part in told.error.splitlines():
            console.print(f"    {part}", markup=False)
    console.print("\n  goals", style="bold")
    for result in play.goals:
        _tell_goal(console, play, result)
    for violation in play.violations:
        expected = violation not in play.unexpected
        mark, style = ("✓", "green") if expected else ("✗", "red")
        console.print(
            f"  {mark} broken{' as declared' if expected else ''}: {violation.invariant} ({clock_text(violation.at_ms)})",
            style=style,
            markup=False,
        )
        for part in text.wrapped(violation.message, WIDTH - 6):
            console.print(f"      {part}", markup=False)
    for fault in play.faults:
        console.print(f"  ✗ {fault}", style="bold red", markup=False)
    if (not play.passed or play.unexpected) and play.world.assumptions:
        console.print("  assumed", style="dim")
        for assumption in play.world.assumptions:
            console.print(f"    {assumption}", style="dim", markup=False)


def _tell_goal(console: Console, play: Played, result: GoalResult) -> None:
    style = "green" if result.as_expected else "red"
    for number, part in enumerate(text.wrapped(goal_text(result), WIDTH - 4)):
        console.print(
            f"  {('✓' if result.as_expected else '✗') if number == 0 else ' '} {part}", style=style, markup=False
        )
    tracker = result.tracker
    if tracker.lost_by is not None:
        for link in chain_of(play.log.events, tracker.lost_by):
            for number, part in enumerate(text.wrapped(link.text, WIDTH - 20)):
                clock = clock_text(link.at_ms) if number == 0 else ""
                console.print(f"      {clock:>11} {'←' if number == 0 else ' '} {part}", markup=False)


def goal_text(result: GoalResult) -> str:
    """Return a goal and what became of it, in one line."""
    goal, tracker = result.goal, result.tracker
    when = (
        "now"
        if goal.now
        else "never"
        if goal.never
        else " and ".join(
            part
            for part in (
                f"within {goal.within}" if goal.within else "",
                f"holds for {goal.holds_for}" if goal.holds_for else "",
            )
            if part
        )
    )
    ends = {
        "met": f"reached {clock_text(tracker.reached_ms)}" if tracker.reached_ms is not None else "never seen",
        "lost": f"reached {clock_text(tracker.reached_ms or 0)}, LOST {clock_text(tracker.lost_ms or 0)}: {tracker.seen}",
        "missed": f"not reached: {tracker.seen}",
        "violated": f"seen {clock_text(tracker.lost_ms or 0)}: {tracker.seen}",
        None: "open",
    }
    declared = "" if goal.expect == "met" else ", as declared" if result.as_expected else f", expected {goal.expect}"
    return f"{goal.name + ': ' if goal.name else ''}{tracker.told} ({when}) — {ends[tracker.outcome]}{declared}"


def one_line(performance: Performance) -> str:
    mark = "[green]✓[/green]" if performance.passed else "[red]✗[/red]"
    events = sum(len(play.log.events) for play in performance.plays)
    return f"{mark} {performance.scenario.name} [dim]({len(performance.plays)} play{'s' if len(performance.plays) > 1 else ''}, {events} events)[/dim]"


def summary(performances: Sequence[Performance]) -> str:
    passed = sum(performance.passed for performance in performances)
    simulated = sum(play.world.now_ms for performance in performances for play in performance.plays)
    return f"{passed} of {len(performances)} scenarios did what they should; {clock_text(simulated)} simulated"


def stories(performance: Performance) -> Iterable[pages.Story]:
    """Yield the plays of a scenario as the page shows them."""
    for number, play in enumerate(performance.plays):
        suffix = "" if len(performance.plays) == 1 else " — without the cure" if number == 0 else " — with the cure"
        goals = [
            pages.GoalLine(
                goal_text(result),
                result.as_expected,
                result.tracker.lost_by.seq if result.tracker.lost_by is not None else None,
            )
            for result in play.goals
        ]
        yield pages.Story(
            performance.scenario.name + suffix, performance.scenario.why, play.passed, play.log.events, goals
        )


def as_json(performances: Sequence[Performance]) -> dict[str, Json]:
    return {
        "scenarios": [_scenario_json(performance) for performance in performances],
        "passed": all(performance.passed for performance in performances),
    }


def _scenario_json(performance: Performance) -> dict[str, Json]:
    first = performance.plays[0]
    return {
        "name": performance.scenario.name,
        "seed": first.world.seed,
        "digest": first.log.digest(),
        "passed": performance.passed,
        "failures": list(performance.scenario.failures),
        "goals": [_goal_json(result) for result in first.goals],
        "violations": [
            {
                "invariant": violation.invariant,
                "at": violation.at_ms,
                "message": violation.message,
                "events": list(violation.events),
            }
            for violation in first.violations
        ],
        "faults": [*performance.faults, *(fault for play in performance.plays for fault in play.faults)],
        "plays": [
            {
                "digest": play.log.digest(),
                "passed": play.passed,
                "events": len(play.log.events),
                "simulated_ms": play.world.now_ms,
            }
            for play in performance.plays
        ],
        "matrix": performance.matrix.cells if performance.matrix is not None else None,
        "assumed": first.world.assumptions,
    }


def _goal_json(result: GoalResult) -> dict[str, Json]:
    tracker = result.tracker
    return {
        "name": result.goal.name,
        "text": tracker.told,
        "outcome": tracker.outcome,
        "expected": result.goal.expect,
        "passed": result.as_expected,
        "reached_ms": tracker.reached_ms,
        "lost_ms": tracker.lost_ms,
        "lost_by": tracker.lost_by.seq if tracker.lost_by is not None else None,
        "seen": tracker.seen,
    }


def as_junit(performances: Sequence[Performance]) -> str:
    """Return a JUnit report: a suite a scenario, a case a goal."""
    root = ET.Element("testsuites")
    for performance in performances:
        results = [result for play in performance.plays for result in play.goals]
        suite = ET.SubElement(
            root,
            "testsuite",
            name=performance.scenario.name,
            tests=str(len(results)),
            failures=str(sum(not result.as_expected for result in results)),
        )
        for result in results:
            case = ET.SubElement(
                suite, "testcase", classname=performance.scenario.name, name=result.goal.name or result.tracker.told
            )
            if not result.as_expected:
                ET.SubElement(case, "failure", message=goal_text(result))
        for fault in [*performance.faults, *(fault for play in performance.plays for fault in play.faults)]:
            case = ET.SubElement(suite, "testcase", classname=performance.scenario.name, name="story")
            ET.SubElement(case, "failure", message=fault)
    ET.indent(root)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ET.tostring(root, encoding="unicode")


def _elsewhere(scenario: Scenario, repo: str, path: str) -> Scenario:
    return scenario.model_copy(update={"repo": repo, "path": path}) if repo else scenario
