"""The page docs/fidelity.md, from the tree and the stored figures alone: the same bytes on every machine."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

from fluxsim.controllers.flux import standins
from fluxsim.kube.kinds import SERVED, Served
from fluxsim.kube.meta import Kind
from tests.fidelity.figures import Counted, Figures, Origin, Played, situations
from tests.fidelity.sources import ROOT, Module, Suite, modules, suite

PAGE = ROOT / "docs" / "fidelity.md"
NAMED_MAX = 3
"""So many tables are named for a module; of more, the rest is counted."""

BY_HAND = {Kind("Pod"): "controllers/workloads/kubelet", Kind("Namespace"): "controllers/workloads/garbage"}
"""Kinds whose controller has another name than they."""

ORIGINS: dict[Origin, str] = {
    "table": "… taken from upstream's own tests",
    "oracle": "… answered by the real code",
    "reading": "… answered by reading code, documentation and CRDs",
}

MODELS = ("formats", "controllers", "kube", "systems", "drivers/terminal")
"""Where behaviour of real components is modelled; what lies elsewhere is fluxsim's own."""

HEAD = """\
What fluxsim models, from which source, and how that is checked. `make fidelity` writes this page from the docstrings,
the conformance runner and the described situations; a test demands that it is current. What differs on purpose is in
[differences.md](differences.md).
"""

WORDS = """\
How a rule can be checked:

| word | meaning |
|---|---|
| table | cases of upstream's own tests, or answered by reading the code, documentation and CRDs |
| oracle | cases whose answers the real code gave, compiled and run |
| commit | commits of real image-automation-controllers, made again byte for byte |
| situation | situations told in words, from upstream's tests or its code, each played by a test in a whole world |
| tool | a test in tests/differential imports the module: generated input, given to the real git or kubectl too |
| test | a test of ours imports the module or bears its name; what it expects was written by us |
| test of its package | only a test of ours that bears the name of its package, and may pass it by |
| reading only | none of these: written by reading the source, and run at most by tests of what uses it |

For the first four a module counts where a function of it is called in the run. That a case goes through a module does not
show that it checks each rule in it; that none does, shows that none does.
"""


def page(figures: Figures, root: Path = ROOT) -> str:
    known = modules(root)
    ledger = Ledger(figures, suite(root))
    parts = [
        "# What is modelled, and how it is checked",
        _prose(HEAD),
        "## The last run",
        _totals(figures),
        "## Kinds and controllers",
        _kinds(known, ledger),
        "## Components and versions",
        _prose("Every component that a source names, with the versions read and the number of modules that name it."),
        _components(known),
        "## Rules",
        WORDS.rstrip("\n"),
        *_rules(known, ledger),
        "## Modules that name no source",
        _prose("They hold what is fluxsim's own, or serve a rule that names its source."),
        _sourceless(known, ledger),
        "## Tables",
        _prose("`later` counts cases of a subject that is not built yet, `different` those listed in differences.md."),
        _tables(figures),
    ]
    return "\n\n".join(parts) + "\n"


@dataclass(frozen=True, slots=True)
class Ledger:
    """Answers how a module is checked."""

    figures: Figures
    suite: Suite

    def checks(self, module: Module) -> str:
        found: list[str] = [
            *(["table"] if self._has_cases(module, "table", "reading") else []),
            *(["oracle"] if self._has_cases(module, "oracle") else []),
            *(["commit"] if module.name in self.figures["commits"]["modules"] else []),
            *(["situation"] if module.name in self.figures["situations"]["modules"] else []),
        ]
        if module.name in self.suite.compared:
            found.append("tool")
        if self.suite.own(module.name):
            found.append("test")
        elif not found and self.suite.of_package(module.name):
            found.append("test of its package")
        return ", ".join(found) or "**reading only**"

    def tables(self, module: Module) -> str:
        """Name the tables that run the module; those that run the fewest modules come first, they say the most."""
        all_of = self.figures["tables"]
        names = sorted(self._tables(module), key=lambda name: (len(all_of[name]["modules"]), name))
        more = len(names) - NAMED_MAX
        return ", ".join(names[:NAMED_MAX]) + (f" and {more} more" if more > 0 else "")

    def _tables(self, module: Module) -> list[str]:
        return [name for name, table in self.figures["tables"].items() if module.name in table["modules"]]

    def _has_cases(self, module: Module, *origins: Origin) -> bool:
        tables = [self.figures["tables"][name] for name in self._tables(module)]
        return any(origin in table["origins"] for table in tables for origin in origins)


def _totals(figures: Figures) -> str:
    tables = figures["tables"].values()
    total = sum(table["total"] for table in tables)
    rows: list[tuple[object, ...]] = [
        ("conformance cases", sum(table["passed"] for table in tables), total, sum(table["later"] for table in tables)),
        *(_of_origin(tables, origin) for origin in ORIGINS),
        ("bot commits, byte for byte", *_of(figures["commits"]), ""),
        ("described situations", *_of(figures["situations"]), ""),
    ]
    told = ", ".join(f"{len(played)} of `{subject}`" for subject, played in situations().items())
    return "\n\n".join(
        [
            _table(("what", "passed", "of", "later"), rows),
            _prose(f"Situations that tests/conformance/described.yaml gives to a test: {told}."),
        ]
    )


def _of_origin(tables: Iterable[Counted], origin: Origin) -> tuple[object, ...]:
    counts = [table["origins"][origin] for table in tables if origin in table["origins"]]
    passed, later, total = (sum(column) for column in zip(*counts, strict=True)) if counts else (0, 0, 0)
    return ORIGINS[origin], passed, total, later


def _of(played: Played) -> tuple[int, int]:
    return played["passed"], played["total"]


def _kinds(known: Sequence[Module], ledger: Ledger) -> str:
    by_name = {module.name: module for module in known}
    controllers = {name: module for module in known for name in module.reconciles}
    reconciled: list[tuple[object, ...]] = []
    assumed: list[str] = []
    kept: list[str] = []
    for kind, row in SERVED.items():
        module = by_name.get(BY_HAND.get(kind, "")) or controllers.get(kind.name)
        if module is not None:
            component = next(iter(module.components), "")
            path = f"`{module.file}`"
            reconciled.append((kind.name, _versions(row), component, path, ledger.checks(module)))
        elif kind in _stand_ins():
            assumed.append(_named(row))
        else:
            kept.append(_named(row))
    head = ("kind", "API", "modelled", "module", "checked by")
    return "\n\n".join(
        [
            _table(head, sorted(reconciled, key=lambda row: str(row[3]))),
            _prose(f"Not simulated, ready after a moment: {', '.join(assumed)}."),
            _prose(f"Stored and admitted, with no controller: {', '.join(kept)}."),
            _prose("A kind of a group that is neither Kubernetes' nor Flux's is assumed to be installed, and ready."),
        ]
    )


def _stand_ins() -> frozenset[Kind]:
    found: Mapping[Kind, object] = vars(standins)["_READY"]
    return frozenset(found)


def _versions(row: Served) -> str:
    return ", ".join(f"{row.kind.group}/{version}" if row.kind.group else version for version in row.versions)


def _named(row: Served) -> str:
    return f"{row.kind.name} ({_versions(row)})"


def _components(known: Sequence[Module]) -> str:
    counts: dict[str, dict[str, int]] = {}
    for module in known:
        for component in module.components if module.sources else ():
            name, _, version = component.rpartition(" ")
            versions = counts.setdefault(name, {})
            versions[version] = versions.get(version, 0) + 1
    rows = [
        (name, ", ".join(f"{version} ({count})" for version, count in sorted(counts[name].items())))
        for name in sorted(counts, key=str.casefold)
    ]
    return _table(("component", "versions (modules)"), rows)


def _rules(known: Sequence[Module], ledger: Ledger) -> Iterator[str]:
    sourced = [module for module in known if module.sources]
    for directory, below in groupby(sorted(sourced, key=_place), key=lambda module: _place(module)[0]):
        yield f"### fluxsim/{directory}"
        rows = [
            (f"`{_place(module)[1]}`", " · ".join(module.sources), ledger.checks(module), ledger.tables(module))
            for module in below
        ]
        yield _table(("module", "source", "checked by", "tables"), rows)


def _place(module: Module) -> tuple[str, str]:
    directory, _, name = module.file.rpartition("/")
    return directory, name


def _sourceless(known: Sequence[Module], ledger: Ledger) -> str:
    rows = [
        (f"`{module.file}`", ledger.checks(module), ledger.tables(module))
        for module in known
        if not module.sources and module.name.startswith(MODELS)
    ]
    return _table(("module", "checked by", "tables"), rows)


def _tables(figures: Figures) -> str:
    rows = [
        (
            f"`{name}`",
            table["passed"],
            table["total"],
            table["different"] or "",
            table["later"] or "",
            ", ".join(f"{counts[-1]} {origin}" for origin, counts in table["origins"].items()),
            len(table["modules"]) or "",
        )
        for name, table in figures["tables"].items()
    ]
    return _table(("table", "passed", "of", "different", "later", "cases from", "modules run"), rows)


def _table(head: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(str(cell).replace("|", "\\|") for cell in line) + " |" for line in lines)


def _prose(text: str) -> str:
    return textwrap.fill(" ".join(text.split()), 120, break_long_words=False, break_on_hyphens=False)
