"""Scenarios played side by side, each outcome told in the forms that were asked for.

A world is large and is dropped as soon as its outcome is told. Plays do not touch each other, so they share the processors;
outcomes come in the order of the scenarios, and each is the same whichever process played it.
"""

from __future__ import annotations

import io
import multiprocessing
import os
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import Literal
from xml.etree import ElementTree as ET

from rich.console import Console

from fluxsim.cli.replays import recorded
from fluxsim.cli.telling import WIDTH, goal_text, one_line, tell
from fluxsim.drivers.play import GoalResult, Performance, perform
from fluxsim.drivers.scenario import Scenario, setup_of
from fluxsim.formats.tree import Json
from fluxsim.kernel.garbage import collect_rarely
from fluxsim.kernel.units import Millis
from fluxsim.report import html as pages
from fluxsim.world.journal import dumped

ALONE_MAX = 3
"""So many scenarios are played in this process: a second one would start longer than it helps."""

PROCESSES_MAX = 8

_HAS_FORKSERVER = "forkserver" in multiprocessing.get_all_start_methods()


@dataclass(frozen=True, slots=True)
class Forms:
    """What is wanted of each outcome."""

    text: Literal["", "line", "whole"] = ""
    coloured: bool = False
    json: bool = False
    junit: bool = False
    page: bool = False
    log: bool = False
    journal: bool = False


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a scenario came to; a form that was not asked for is empty. `log` and `journal` are those of its first play."""

    name: str
    passed: bool
    simulated_ms: Millis
    faults: Sequence[str]
    text: str = ""
    json: Json = None
    junit: ET.Element | None = None
    page: Sequence[Json] = ()
    log: bytes = b""
    journal: str = ""


def outcomes(scenarios: Sequence[Scenario], seed: int | None, forms: Forms) -> Iterator[Outcome]:
    """Play all and yield their outcomes in order. Raises InputError where a scenario does not fit its repository."""
    play = partial(outcome, seed=seed, forms=forms)
    processes = min(_processors(), PROCESSES_MAX, len(scenarios))
    if len(scenarios) <= ALONE_MAX or processes < 2:
        yield from map(play, scenarios)
        return
    context = multiprocessing.get_context("forkserver" if _HAS_FORKSERVER else "spawn")
    if _HAS_FORKSERVER:
        context.set_forkserver_preload([__name__])
    with ProcessPoolExecutor(processes, mp_context=context, initializer=collect_rarely) as pool:
        yield from pool.map(play, scenarios)


def outcome(scenario: Scenario, *, seed: int | None, forms: Forms) -> Outcome:
    """Play one scenario and tell it in the forms that are wanted."""
    performance = perform(scenario, setup_of(scenario), seed=seed)
    first = performance.plays[0]
    return Outcome(
        scenario.name,
        performance.passed,
        sum(play.world.now_ms for play in performance.plays),
        performance.faults,
        text=_text(performance, forms) if forms.text else "",
        json=_scenario_json(performance) if forms.json else None,
        junit=_suite(performance) if forms.junit else None,
        page=[pages.told(story) for story in _stories(performance)] if forms.page else (),
        log=b"".join(first.log.line(event) for event in first.log.events) if forms.log else b"",
        journal=dumped(recorded(first)) if forms.journal else "",
    )


def _processors() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _text(performance: Performance, forms: Forms) -> str:
    file = io.StringIO()
    console = Console(width=WIDTH, highlight=False, soft_wrap=True, file=file, force_terminal=forms.coloured)
    if forms.text == "whole":
        tell(console, performance)
    else:
        console.print(one_line(performance))
    return file.getvalue()


def _stories(performance: Performance) -> Iterator[pages.Story]:
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
        "findings": [
            {"invariant": finding.invariant, "at": finding.at_ms, "message": finding.message}
            for finding in first.findings
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


def _suite(performance: Performance) -> ET.Element:
    """Return a JUnit suite, a case a goal."""
    results = [result for play in performance.plays for result in play.goals]
    name = performance.scenario.name
    faults = [*performance.faults, *(fault for play in performance.plays for fault in play.faults)]
    failures = len(faults) + sum(not result.as_expected for result in results)
    suite = ET.Element("testsuite", name=name, tests=str(len(results) + len(faults)), failures=str(failures))
    for result in results:
        case = ET.SubElement(suite, "testcase", classname=name, name=result.goal.name or result.tracker.told)
        if not result.as_expected:
            ET.SubElement(case, "failure", message=goal_text(result))
    for fault in faults:
        case = ET.SubElement(suite, "testcase", classname=name, name="story")
        ET.SubElement(case, "failure", message=fault)
    return suite
