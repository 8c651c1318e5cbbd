"""The fidelity ledger says what the tree and the runner say."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.fidelity.figures import (
    CASES,
    COMMITS,
    STORED,
    Counted,
    Figures,
    Played,
    commits_again,
    situations,
    stored,
    tables_of,
    text_of,
)
from tests.fidelity.page import PAGE, Ledger, page
from tests.fidelity.sources import Suite, components, modules, suite

STALE = "docs/fidelity.md is not current: run `make fidelity`"


def test_the_page_is_current() -> None:
    wanted = page(stored()).splitlines()
    found = PAGE.read_text(encoding="utf-8").splitlines()
    differing = [f"- {line}" for line in found if line not in set(wanted)]
    differing += [f"+ {line}" for line in wanted if line not in set(found)]
    assert found == wanted, "\n".join([STALE, *differing[:10]])


def test_the_stored_figures_are_written_as_they_would_be_now() -> None:
    assert STORED.read_text(encoding="utf-8") == text_of(stored()), STALE


def test_every_described_situation_was_played() -> None:
    total = sum(len(played) for played in situations().values())
    assert (stored()["situations"]["passed"], stored()["situations"]["total"]) == (total, total), STALE


@pytest.mark.skipif(not any(CASES.glob("*.json")), reason="the conformance tables are not beside the checkout")
def test_the_figures_of_the_tables_are_current() -> None:
    assert _totals(tables_of(CASES)) == _totals(stored()["tables"]), STALE


@pytest.mark.skipif(not COMMITS.exists(), reason="the file of bot commits is not beside the checkout")
def test_the_figures_of_the_bot_commits_are_current() -> None:
    now, then = commits_again(COMMITS), stored()["commits"]
    assert (now["passed"], now["total"]) == (then["passed"], then["total"]), STALE


@pytest.mark.parametrize(
    ("source", "named"),
    [
        ("kyaml v0.21.1 fieldmeta/fieldmeta.go", ["kyaml v0.21.1"]),
        ("fluxcd/pkg ssa v0.76.1 sort.go; Go 1.26 regexp", ["fluxcd/pkg ssa v0.76.1", "Go 1.26"]),
        ("go-yaml v2.4.2 and v3.0.4 decode.go", ["go-yaml v2.4.2", "go-yaml v3.0.4"]),
        ("k8s.io/apimachinery (2026-07) pkg/labels", ["k8s.io/apimachinery 2026-07"]),
        ("apimachinery v0.36 util", ["k8s.io/apimachinery v0.36"]),
        ("kubernetes v1.33 pkg/kubelet (texts of 1.32 to 1.34)", ["kubernetes v1.33"]),
        ("GitHub's documentation of workflow expressions", []),
    ],
)
def test_a_source_names_its_components(source: str, named: list[str]) -> None:
    assert list(components(source)) == named


def test_sources_are_read_from_modules_classes_and_functions(tmp_path: Path) -> None:
    package = tmp_path / "fluxsim" / "formats"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text("")
    (package / "rule.py").write_text(
        '"""A rule.\n\nSource: project v1.2.3 a.go,\nb.go.\n\nMore."""\n'
        "from fluxsim.formats import data\n"
        'class It:\n    """It.\n\n    Source: project v1.2.3 c.go.\n    """\n    def act(self) -> None: ...\n'
    )
    (package / "data.py").write_text('"""Source texts, of no project."""\ndef _two(): return 2\nTWO = _two()\n')
    data, rule = modules(tmp_path)
    assert (data.name, data.sources, data.callable) == ("formats/data", (), False)
    assert rule.sources == ("project v1.2.3 a.go, b.go.", "project v1.2.3 c.go.")
    assert rule.callable
    assert rule.imports == {"formats", "formats/data"}


def test_a_module_that_nothing_runs_is_said_to_be_read_only(tmp_path: Path) -> None:
    (tmp_path / "fluxsim").mkdir()
    (tmp_path / "fluxsim" / "rule.py").write_text('"""Source: project v1 a.go."""\nX = 1\n')
    [rule] = modules(tmp_path)
    nothing = Played(passed=0, total=0, modules=[])
    untested = Suite(frozenset(), frozenset())
    assert Ledger(Figures(tables={}, commits=nothing, situations=nothing), untested).checks(rule) == "**reading only**"
    table = Counted(passed=1, different=0, later=0, total=1, origins={"oracle": [1, 0, 1]}, modules=["rule"])
    figures = Figures(tables={"flux_rule": table}, commits=nothing, situations=nothing)
    assert Ledger(figures, Suite(frozenset(), frozenset({"rule"}))).checks(rule) == "oracle, test"
    assert Ledger(figures, untested).tables(rule) == "flux_rule"


def test_a_test_counts_by_what_it_imports_by_its_name_and_by_its_place(tmp_path: Path) -> None:
    for directory in ("fluxsim/formats/build", "tests/formats", "tests/conformance", "tests/differential"):
        (tmp_path / directory).mkdir(parents=True)
    for name in ("rule", "other", "build/part"):
        (tmp_path / "fluxsim" / "formats" / f"{name}.py").write_text("X = 1\n")
    (tmp_path / "tests" / "formats" / "test_build.py").write_text("from fluxsim.formats import rule\n")
    (tmp_path / "tests" / "conformance" / "test_all.py").write_text("from fluxsim.formats import other\n")
    (tmp_path / "fluxsim" / "formats" / "build" / "__init__.py").write_text(
        "from fluxsim.formats.build.part import X\n"
    )
    (tmp_path / "tests" / "differential" / "test_tool.py").write_text("from fluxsim.formats.build import X\n")
    found = suite(tmp_path)
    assert "formats/other" not in found.compared
    assert found.compared >= {"formats/build", "formats/build/part"}
    assert [found.own(f"formats/{name}") for name in ("rule", "other", "build/part")] == [True, False, False]
    assert [found.of_package(f"formats/{name}") for name in ("rule", "other", "build/part")] == [False, False, True]


def test_cases_are_counted_by_where_their_answers_come_from(tmp_path: Path) -> None:
    sources = [
        "project@v1 a_test.go:TestDryRun",
        "project@v1 a.go, run",
        "derived: reading of a.go",
        "CRD of project",
        "",
    ]
    cases = [{"source": source, "input": {}, "expect": {}} for source in sources]
    (tmp_path / "unheard_of.json").write_text(json.dumps(cases))
    table = tables_of(tmp_path)["unheard_of"]
    assert (table["passed"], table["total"]) == (0, 5)
    assert table["origins"] == {"table": [0, 0, 2], "oracle": [0, 0, 1], "reading": [0, 0, 2]}


def _totals(tables: dict[str, Counted]) -> dict[str, tuple[int, int, int, int]]:
    return {
        name: (table["passed"], table["different"], table["later"], table["total"]) for name, table in tables.items()
    }
