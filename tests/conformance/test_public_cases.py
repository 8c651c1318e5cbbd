"""Every case of the conformance tables that lie beside the repository; without them that test is skipped."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.conformance.__main__ import ROOT
from tests.conformance.runner import Adapters, listed_differences, load_adapters, report_of

TABLES = ROOT.parent / "shared" / "conformance"
FILES = sorted(TABLES.glob("*.json"))


@pytest.fixture(scope="module")
def adapters() -> Adapters:
    return load_adapters()


@pytest.mark.skipif(not FILES, reason="the conformance tables are not beside the checkout, in ../shared/conformance")
@pytest.mark.parametrize("path", FILES or [TABLES], ids=lambda path: path.stem)
def test_every_case_passes(path: Path, adapters: Adapters) -> None:
    """Cases of files on the runner's LATER list, and those listed in docs/differences.md, are not failures."""
    report = report_of(path, adapters, listed_differences(ROOT / "docs" / "differences.md"))
    assert [f"{result.case_id}: {result.difference}" for result in report.failing()] == []


def test_every_adapter_is_loaded(adapters: Adapters) -> None:
    assert adapters.problems == []
