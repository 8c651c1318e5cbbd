"""`fluxsim run`: plays scenario files and prints timeline, goals, causes; as text, JSON or JUnit."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from xml.etree import ElementTree as ET

import orjson
from rich.console import Console
from rich.progress import Progress

from fluxsim.cli.outcomes import Forms, Outcome, outcomes
from fluxsim.cli.repositories import Repository
from fluxsim.drivers.scenario import Scenario, load
from fluxsim.formats.tree import Json
from fluxsim.kernel.errors import Fault, InputError
from fluxsim.kernel.units import clock_text
from fluxsim.report import html as pages


def run(
    files: Sequence[Path],
    *,
    seed: int | None,
    output: str,
    log: Path | None,
    journal: Path | None = None,
    html: Path | None,
    repository: Repository,
    brief: bool,
) -> int:
    """Play the files; return the exit code."""
    scenarios = [repository.under(scenario) for scenario in loaded(files)]
    for option, file in (("--log", log), ("--journal", journal)):
        if file is not None and len(scenarios) != 1:
            raise InputError(
                Fault(option, f"one file holds one scenario, {len(scenarios)} were given", "name one file")
            )
    forms = Forms(
        text="" if output != "text" else "line" if brief else "whole",
        coloured=Console().is_terminal,
        json=output == "json",
        junit=output == "junit",
        page=html is not None,
        log=log is not None,
        journal=journal is not None,
    )
    seen: list[Outcome] = []
    for outcome in in_progress(scenarios, seed, forms):
        seen.append(outcome)
        sys.stdout.write(outcome.text)
    if output == "json":
        sys.stdout.write(orjson.dumps(as_json(seen), option=orjson.OPT_INDENT_2).decode() + "\n")
    elif output == "junit":
        sys.stdout.write(as_junit(seen) + "\n")
    else:
        sys.stdout.write(summary(seen) + "\n")
    if log is not None:
        log.write_bytes(seen[0].log)
    if journal is not None:
        journal.write_text(seen[0].journal, encoding="utf-8")
    if html is not None:
        html.write_text(
            pages.page([story for outcome in seen for story in outcome.page], summary(seen)), encoding="utf-8"
        )
    return 0 if all(outcome.passed for outcome in seen) else 1


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


def in_progress(scenarios: Sequence[Scenario], seed: int | None, forms: Forms) -> Iterator[Outcome]:
    """Yield the outcomes as they come, with a progress bar on a terminal."""
    console = Console(stderr=True)
    if not console.is_terminal or len(scenarios) == 1:
        yield from outcomes(scenarios, seed, forms)
        return
    with Progress(console=console, transient=True, redirect_stdout=sys.stdout.isatty()) as bar:
        task = bar.add_task("playing", total=len(scenarios))
        for outcome in outcomes(scenarios, seed, forms):
            bar.update(task, advance=1, description=outcome.name)
            yield outcome


def summary(seen: Sequence[Outcome]) -> str:
    passed = sum(outcome.passed for outcome in seen)
    simulated = sum(outcome.simulated_ms for outcome in seen)
    return f"{passed} of {len(seen)} scenarios did what they should; {clock_text(simulated)} simulated"


def as_json(seen: Sequence[Outcome]) -> dict[str, Json]:
    return {"scenarios": [outcome.json for outcome in seen], "passed": all(outcome.passed for outcome in seen)}


def as_junit(seen: Sequence[Outcome]) -> str:
    """Return a JUnit report: a suite a scenario, a case a goal."""
    root = ET.Element("testsuites")
    root.extend(outcome.junit for outcome in seen if outcome.junit is not None)
    ET.indent(root)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ET.tostring(root, encoding="unicode")
