from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from fluxsim.formats.tree import Json
from tests.conformance.runner import (
    Adapters,
    Case,
    FileReport,
    cases_of,
    difference,
    listed_differences,
    report_of,
    same,
)


def case(**expect: Any) -> Case:
    return {"id": "a", "expect": expect}


def run(path: Path, got: Json, *, different: frozenset[str] = frozenset(), name: str = "subject") -> FileReport:
    adapters = Adapters()
    if got is not None:
        adapters.adapters[name] = lambda _case, _directory: got
    return report_of(path, adapters, different)


@pytest.fixture
def subject(tmp_path: Path) -> Path:
    path = tmp_path / "subject.json"
    path.write_text(json.dumps([case(result=1), {"expect": {"result": 2}}]))
    return path


def test_every_key_of_the_expectation_must_be_equal() -> None:
    assert difference(case(result=[1, "a"]), {"result": (1, "a"), "more": 1}) is None
    assert difference(case(result=1, other=None), {"result": 1}) is not None
    assert difference(case(result=True), {"result": 1}) is not None
    assert difference(case(result=1.0), {"result": 1}) is None
    assert same({"a": 1, "b": 2}, {"b": 2, "a": 1})


def test_one_of_several_answers_is_enough() -> None:
    assert difference(case(anyOf=["x", "y"]), {"result": "y"}) is None
    assert difference(case(anyOf=[{"a": 1}]), {"a": 1}) is None
    assert difference(case(anyOf=["x"]), {"result": "z"}) is not None


def test_a_part_of_an_error_can_be_asked_for() -> None:
    assert difference(case(error="bad", errorMatch="prefix"), {"error": "bad luck"}) is None
    assert difference(case(error="luck", errorMatch="contains"), {"error": "bad luck"}) is None
    assert difference(case(error="luck", errorMatch="prefix"), {"error": "bad luck"}) is not None
    assert difference(case(error="luck", errorMatch="contains"), {"result": 1}) is not None


def test_a_case_without_id_is_named_by_its_place(subject: Path) -> None:
    assert [found["id"] for found in cases_of(subject)] == ["a", "1"]


def test_what_stands_beside_the_cases_goes_with_each(tmp_path: Path) -> None:
    path = tmp_path / "f.json"
    path.write_text(json.dumps({"schemas": {"x": 1}, "cases": [{"id": "a"}]}))
    assert cases_of(path)[0]["document"] == {"schemas": {"x": 1}}


def test_a_file_without_adapter_fails_and_is_not_skipped(subject: Path) -> None:
    assert run(subject, None).counted().failed == 2


def test_a_file_on_the_later_list_is_counted_apart_until_it_has_an_adapter(tmp_path: Path) -> None:
    path = tmp_path / "oci_conformance.json"
    path.write_text(json.dumps([case(result=1)]))
    assert run(path, None).counted().later == 1
    assert run(path, {"result": 2}, name="oci_conformance").counted().failed == 1


def test_a_crash_is_a_failed_case_with_its_last_line(subject: Path) -> None:
    adapters = Adapters()
    adapters.adapters["subject"] = lambda case, _directory: case["missing"]
    failing = report_of(subject, adapters, frozenset()).failing()
    assert "KeyError: 'missing'" in failing[0].difference


def test_a_declared_difference_is_counted_apart_and_noticed_when_it_passes(subject: Path) -> None:
    report = run(subject, {"result": 1}, different=frozenset({"a", "1"}))
    assert (report.counted().passed, report.counted().different) == (1, 1)
    assert [result.case_id for result in report.stale_differences()] == ["a"]


def test_an_adapter_cannot_change_what_is_expected(subject: Path) -> None:
    adapters = Adapters()
    adapters.adapters["subject"] = lambda case, _directory: case["expect"].clear() or {"result": 0}
    assert report_of(subject, adapters, frozenset()).counted().passed == 0


def test_a_file_of_another_shape_fails(tmp_path: Path) -> None:
    path = tmp_path / "odd.json"
    path.write_text('{"no": "cases"}')
    assert (
        run(path, {}).failing()[0].difference == "odd.json: expected a list of cases or an object with a list 'cases'"
    )


def test_differences_are_read_from_their_table_only(tmp_path: Path) -> None:
    page = tmp_path / "differences.md"
    page.write_text(
        "| not-this | x | y |\n\n## Conformance cases\n\n| case-id | reason | source |\n|---|---|---|\n"
        "| `one` | because | x |\n| two | because | y |\n\n## Other\n| three | z | z |\n"
    )
    assert listed_differences(page) == {"one", "two"}
    assert listed_differences(tmp_path / "none.md") == frozenset()
