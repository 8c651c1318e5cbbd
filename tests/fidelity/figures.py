"""The figures of the ledger: what the last run gave, kept in docs/fidelity.json, and the run itself.

A run also notes in which modules a function was called, table by table, so that the ledger tells what a table really
goes through and not what its adapter imports. What a cache answers calls nothing, so the notes are a lower bound and
belong to a process of their own.
"""

from __future__ import annotations

import importlib
import json
import pkgutil
import re
import sys
from collections.abc import Generator, Iterable, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any, Literal, TypeAlias, TypedDict

import pytest
import yaml

import fluxsim
from tests.conformance.bot_commits import DIFFERENCES, commits_of, explained, report
from tests.conformance.runner import Case, FileReport, cases_of, listed_differences, load_adapters, report_of
from tests.fidelity.sources import ROOT, Module

STORED = ROOT / "docs" / "fidelity.json"
CASES = ROOT.parent / "shared" / "conformance"
COMMITS = ROOT.parent / "shared" / "realworld" / "bot_commits.json.gz"
DESCRIBED = ROOT / "tests" / "conformance" / "described.yaml"

Origin: TypeAlias = Literal["table", "oracle", "reading"]


class Counted(TypedDict):
    """A table: how its cases came out, also by their origin (passed, later, all), and the modules that they ran."""

    passed: int
    different: int
    later: int
    total: int
    origins: dict[Origin, list[int]]
    modules: list[str]


class Played(TypedDict):
    """Bot commits or described situations: how many came out as they should, and the modules that they ran."""

    passed: int
    total: int
    modules: list[str]


class Figures(TypedDict):
    tables: dict[str, Counted]
    commits: Played
    situations: Played


def stored(path: Path = STORED) -> Figures:
    found: Figures = json.loads(path.read_text(encoding="utf-8"))
    return found


def text_of(figures: Figures) -> str:
    """Return the JSON with one line a table, so that a change shows what it is about."""
    tables = ",\n".join(f"  {json.dumps(name)}: {json.dumps(table)}" for name, table in figures["tables"].items())
    commits, situations = json.dumps(figures["commits"]), json.dumps(figures["situations"])
    return f'{{\n "tables": {{\n{tables}\n }},\n "commits": {commits},\n "situations": {situations}\n}}\n'


def situations(path: Path = DESCRIBED) -> dict[str, dict[str, str]]:
    """Return subject → situation → the test that plays it."""
    found: dict[str, dict[str, str]] = yaml.safe_load(path.read_text(encoding="utf-8"))
    return found


def run(cases: Path, commits: Path, modules: Sequence[Module], before: Figures | None) -> Figures:
    """Run all tables, the described situations and, where the file is there, the bot commits."""
    for found in pkgutil.walk_packages(fluxsim.__path__, "fluxsim."):
        importlib.import_module(found.name)
    tables = tables_of(cases, modules)
    if commits.exists():
        bot = commits_again(commits, modules)
    elif before is not None:
        bot = before["commits"]
    else:
        bot = Played(passed=0, total=0, modules=[])
    return Figures(tables=tables, commits=bot, situations=_situations_again(modules))


def tables_of(directory: Path, modules: Sequence[Module] = ()) -> dict[str, Counted]:
    """Run the tables of the directory; the modules that they run are noted if `modules` are given."""
    adapters = load_adapters()
    different = listed_differences(DIFFERENCES)
    found: dict[str, Counted] = {}
    for path in sorted(directory.glob("*.json")):
        with _called(modules) as called:
            results = report_of(path, adapters, different)
        counted = results.counted()
        found[path.stem] = Counted(
            passed=counted.passed,
            different=counted.different,
            later=counted.later,
            total=counted.total,
            origins=_origins(path, results),
            modules=called,
        )
    return found


def commits_again(path: Path, modules: Sequence[Module] = ()) -> Played:
    commits = commits_of(path)
    with _called(modules) as called:
        differences, _, _ = report(commits, explained(DIFFERENCES))
    return Played(passed=len(commits) - len(differences), total=len(commits), modules=called)


def _situations_again(modules: Sequence[Module]) -> Played:
    tests = {test for played in situations().values() for test in played.values()}
    with _called(modules) as called:
        watched = _Passed(tests)
        pytest.main(["-q", "--assert=plain", "-p", "no:cacheprovider", *_files(tests)], [watched])
    passed = sum(
        test in watched.passed and test not in watched.failed
        for played in situations().values()
        for test in played.values()
    )
    return Played(passed=passed, total=sum(len(played) for played in situations().values()), modules=called)


def _files(tests: Iterable[str]) -> list[str]:
    return sorted({test.partition("::")[0] for test in tests})


class _Passed:
    """A plugin of pytest that notes which of these tests passed, in all their variants."""

    def __init__(self, tests: set[str]) -> None:
        self.tests = tests
        self.passed: set[str] = set()
        self.failed: set[str] = set()

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        test = report.nodeid.partition("[")[0]
        if report.failed or report.skipped:
            self.failed.add(test)
        elif report.when == "call":
            self.passed.add(test)


@contextmanager
def _called(modules: Sequence[Module]) -> Generator[list[str]]:
    """Fill the list with the modules in which a function was called meanwhile.

    A module without functions counts as called where one that imports it is.
    """
    names = {str(ROOT / "fluxsim" / module.file): module.name for module in modules}
    files: set[str] = set()
    called: list[str] = []

    def note(frame: FrameType, event: str, _: Any) -> None:
        if event == "call" and frame.f_code.co_name != "<module>":
            files.add(frame.f_code.co_filename)

    if names:
        sys.setprofile(note)
    try:
        yield called
    finally:
        if names:
            sys.setprofile(None)
            reached = {names[file] for file in files if file in names}
            by_name = {module.name: module for module in modules}
            for name in sorted(reached):
                reached |= {used for used in by_name[name].imports if used in by_name and not by_name[used].callable}
            called.extend(sorted(reached))


_RUN = re.compile(r"(?<![-\w])(?:run|real|built|compiled|oracle)\b")


def _origins(path: Path, results: FileReport) -> dict[Origin, list[int]]:
    found: dict[Origin, list[int]] = {}
    for case, result in zip(cases_of(path), results.results, strict=True):
        counts = found.setdefault(_origin(case, path.stem), [0, 0, 0])
        counts[0] += result.outcome == "passed"
        counts[1] += result.outcome == "later"
        counts[2] += 1
    return found


def _origin(case: Case, table: str) -> Origin:
    """Where a case comes from: answers of the real code, upstream's own tests, or else the reading of it.

    A case that tells nothing of itself is taken as a row of the table that it stands in.
    """
    source = str(case.get("source", ""))
    if "reading" in source:
        return "reading"
    if "oracle" in case or table.endswith("_oracle") or _RUN.search(source):
        return "oracle"
    return "table" if not source or "test" in source.lower() else "reading"
