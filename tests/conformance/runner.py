"""Runs every case of a file through its adapter and tells which differ.

A case passes when every key of its `expect` equals what the adapter got, after JSON encoding. `expect.anyOf`
lists the allowed answers; `expect.errorMatch` ("prefix", "contains") says that only a part of `error` is fixed.
A file that no adapter knows fails with all its cases; nothing is skipped. Cases named in docs/differences.md are
counted as different, files on LATER (until they have an adapter) as later, so that both stay visible.
"""

from __future__ import annotations

import copy
import importlib
import json
import pkgutil
import sys
import traceback
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any, Literal, TypeAlias, TypeVar

from fluxsim.formats.tree import Json
from tests.conformance import adapters as adapter_package

Case: TypeAlias = dict[str, Any]
"""One case as its file has it; `document` holds the keys that stand beside `cases` in the file (schemas, variables)."""

Adapter: TypeAlias = Callable[[Case, Path], Json]
Comparator: TypeAlias = Callable[[Case, Json], str | None]
T = TypeVar("T")
Outcome: TypeAlias = Literal["passed", "failed", "different", "later"]

LATER = ("flux_cli-*", "oci_conformance", "k8s_printers", "k8s_kubectl_rollout")
"""Files whose subject is not built yet. An entry has no effect once an adapter knows the file."""

DIFFERENCE_CHARACTERS_MAX = 1500


@dataclass(frozen=True, slots=True)
class Result:
    case_id: str
    outcome: Outcome
    difference: str = ""
    listed_as_different: bool = False


@dataclass(frozen=True, slots=True)
class Counts:
    """How many cases of a file, or of all files, came out how."""

    name: str
    passed: int
    different: int
    later: int
    total: int

    @property
    def failed(self) -> int:
        return self.total - self.passed - self.different - self.later

    def counts(self) -> dict[str, int]:
        return {
            "passed": self.passed,
            "failed": self.failed,
            "different": self.different,
            "later": self.later,
            "total": self.total,
        }

    def line(self) -> str:
        extra = "".join(f"  {word} {n}" for word, n in (("different", self.different), ("later", self.later)) if n)
        return f"{self.name}: {self.passed}/{self.total}{extra}"


@dataclass(frozen=True, slots=True)
class FileReport:
    name: str
    results: Sequence[Result]

    def counted(self) -> Counts:
        tally = dict.fromkeys(("passed", "failed", "different", "later"), 0)
        for result in self.results:
            tally[result.outcome] += 1
        return Counts(self.name, tally["passed"], tally["different"], tally["later"], len(self.results))

    def line(self) -> str:
        return self.counted().line()

    def failing(self) -> list[Result]:
        return [result for result in self.results if result.outcome == "failed"]

    def stale_differences(self) -> list[Result]:
        return [result for result in self.results if result.outcome == "passed" and result.listed_as_different]

    def document(self) -> Json:
        by_outcome = {
            outcome: [result.case_id for result in self.results if result.outcome == outcome]
            for outcome in ("failed", "different", "later")
        }
        return {"file": self.name, **self.counted().counts(), "ids": by_outcome}


def summary(reports: Sequence[FileReport]) -> Counts:
    counts = [report.counted() for report in reports]
    return Counts(
        "sum",
        passed=sum(count.passed for count in counts),
        different=sum(count.different for count in counts),
        later=sum(count.later for count in counts),
        total=sum(count.total for count in counts),
    )


@dataclass(slots=True)
class Adapters:
    """What the adapter modules offer, by file name without `.json`; `problems` are modules that cannot be used."""

    adapters: dict[str, Adapter] = field(default_factory=dict[str, Adapter])
    comparators: dict[str, Comparator] = field(default_factory=dict[str, Comparator])
    problems: list[str] = field(default_factory=list[str])

    def adapter_of(self, stem: str) -> Adapter | None:
        return _by_name(self.adapters, stem)

    def comparator_of(self, stem: str) -> Comparator | None:
        return _by_name(self.comparators, stem)


def load_adapters() -> Adapters:
    """Import tests/conformance/adapters/*.py; a module that fails to import is a problem, and its files fail."""
    found = Adapters()
    for info in sorted(pkgutil.iter_modules(adapter_package.__path__), key=lambda info: info.name):
        try:
            module = importlib.import_module(f"{adapter_package.__name__}.{info.name}")
        except Exception:  # noqa: BLE001 - a broken adapter must not hide the other subjects
            found.problems.append(f"{info.name}: {_last_line()}")
            continue
        _merge(found.adapters, getattr(module, "ADAPTERS", {}), info.name, found.problems)
        _merge(found.comparators, getattr(module, "COMPARATORS", {}), info.name, found.problems)
    return found


def _merge(into: dict[str, T], table: Mapping[str, T], module: str, problems: list[str]) -> None:
    for name, function in table.items():
        stem = name.removesuffix(".json")
        if stem in into:
            problems.append(f"{module}: {name} is already taken by another module")
        else:
            into[stem] = function


def _by_name(table: Mapping[str, T], stem: str) -> T | None:
    if stem in table:
        return table[stem]
    return next((function for pattern, function in table.items() if fnmatchcase(stem, pattern)), None)


def listed_differences(page: Path) -> frozenset[str]:
    """Return the case ids in the first column of the table below the heading "Conformance cases"."""
    if not page.exists():
        return frozenset()
    ids: list[str] = []
    inside = False
    for line in page.read_text(encoding="utf-8").splitlines():
        if line.startswith("#"):
            inside = line.lstrip("#").strip().lower() == "conformance cases"
        elif inside and line.startswith("|"):
            first = line.strip().strip("|").split("|")[0].strip().strip("`")
            if first and first != "case-id" and set(first) - set("-: "):
                ids.append(first)
    return frozenset(ids)


def cases_of(path: Path) -> list[Case]:
    """Return the cases of a file; a case without id gets its place in the file as id.

    Raises ValueError when the file is neither a list of cases nor an object with a list `cases`.
    """
    document = json.loads(path.read_text(encoding="utf-8"))
    beside: dict[str, Any] = {}
    if isinstance(document, dict):
        beside = {key: value for key, value in document.items() if key != "cases"}
        document = document.get("cases")
    if not isinstance(document, list) or not all(isinstance(case, dict) for case in document):
        raise ValueError(f"{path.name}: expected a list of cases or an object with a list 'cases'")
    return [{"id": str(index), "document": beside, **case} for index, case in enumerate(document)]


def report_of(path: Path, adapters: Adapters, different: frozenset[str]) -> FileReport:
    """Run all cases of the file."""
    try:
        cases = cases_of(path)
    except ValueError as error:
        return FileReport(path.name, [Result(path.stem, "failed", str(error))])
    adapter = adapters.adapter_of(path.stem)
    comparator = adapters.comparator_of(path.stem)
    if adapter is None:
        later = any(fnmatchcase(path.stem, pattern) for pattern in LATER)
        outcome: Outcome = "later" if later else "failed"
        return FileReport(path.name, [Result(case["id"], outcome, "no adapter knows this file") for case in cases])
    return FileReport(
        path.name, [_result(case, path.parent, adapter, comparator, listed=case["id"] in different) for case in cases]
    )


def _result(case: Case, directory: Path, adapter: Adapter, comparator: Comparator | None, *, listed: bool) -> Result:
    try:
        # The adapter works on a copy: what it does to its case must not change what is expected.
        got = adapter(copy.deepcopy(case), directory)
        found = comparator(case, got) if comparator is not None else difference(case, got)
    except Exception:  # noqa: BLE001 - any crash is a failed case
        found = _last_line()
    if found is None:
        return Result(case["id"], "passed", listed_as_different=listed)
    return Result(case["id"], "different" if listed else "failed", _shortened(found), listed_as_different=listed)


def difference(case: Case, got: Json) -> str | None:
    """Compare by the general rule; None means that the case passes."""
    expect = case.get("expect")
    if not isinstance(expect, dict):
        return "the case has no `expect` and its file no comparator"
    got = _as_json(got)
    if "anyOf" in expect:
        return _difference_of_alternatives(expect["anyOf"], got)
    if not isinstance(got, dict):
        return f"expected {_show(expect)}\n       got      {_show(got)}"
    match = expect.get("errorMatch")
    wrong: dict[str, tuple[Any, Any]] = {}
    for key, expected in expect.items():
        if key == "errorMatch":
            continue
        value = got.get(key, MISSING)
        fits = _matches(match, expected, value) if key == "error" and match else same(expected, value)
        if not fits:
            wrong[key] = (expected, value)
    if not wrong:
        return None
    # A call that failed where a result was expected tells more by its error than by the missing key.
    rest = {key: value for key, value in got.items() if key not in expect}
    parts = [
        f"{key}: expected {_show(want)}\n       {key}: got      {_show(value)}" for key, (want, value) in wrong.items()
    ]
    return "\n       ".join([*parts, *([f"beside: {_show(rest)}"] if rest else [])])


def _difference_of_alternatives(alternatives: Sequence[Any], got: Json) -> str | None:
    """An alternative is the whole answer, or the one value that the answer holds."""
    answers = [got]
    if isinstance(got, dict):
        answers += got.values()
    if any(same(alternative, answer) for alternative in alternatives for answer in answers):
        return None
    return f"expected any of {_show(alternatives)}\n       got {_show(got)}"


def _matches(match: str, expected: str, got: Any) -> bool:
    if not isinstance(got, str):
        return False
    if match == "prefix":
        return got.startswith(expected)
    if match == "contains":
        return expected in got
    raise ValueError(f"unknown errorMatch {match!r}")


def same(expected: Json, got: Json) -> bool:
    """Equality of JSON values: true is not 1, but 1 is 1.0; the order of keys does not matter."""
    if isinstance(expected, bool) or isinstance(got, bool):
        return expected is got
    if isinstance(expected, dict) and isinstance(got, dict):
        return expected.keys() == got.keys() and all(same(value, got[key]) for key, value in expected.items())
    if isinstance(expected, list) and isinstance(got, list):
        return len(expected) == len(got) and all(same(a, b) for a, b in zip(expected, got, strict=True))
    return bool(expected == got)


class _Missing:
    def __repr__(self) -> str:
        return "<no such key>"


MISSING = _Missing()


def _as_json(value: Json) -> Json:
    return json.loads(json.dumps(value))


def _show(value: Any) -> str:
    return repr(value) if isinstance(value, _Missing) else json.dumps(value, ensure_ascii=False)


def _shortened(text: str) -> str:
    if len(text) <= DIFFERENCE_CHARACTERS_MAX:
        return text
    return f"{text[:DIFFERENCE_CHARACTERS_MAX]}… ({len(text)} characters)"


def _last_line() -> str:
    """The exception being handled in one line, with the place that raised it."""
    kind, error, trace = sys.exc_info()
    message = " ".join(traceback.format_exception_only(kind, error)[-1].split())
    frames = traceback.extract_tb(trace)
    return f"{message}  ({frames[-1].filename}:{frames[-1].lineno})" if frames else message
