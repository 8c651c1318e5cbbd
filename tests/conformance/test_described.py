"""Every situation that is described in words is played by a test that exists."""

from __future__ import annotations

import ast
import json
from functools import cache
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[2]
CASES = ROOT.parent / "shared" / "conformance" / "described"


def played() -> dict[str, dict[str, str]]:
    """Return subject → id → test."""
    found: dict[str, dict[str, str]] = yaml.safe_load(
        (Path(__file__).parent / "described.yaml").read_text(encoding="utf-8")
    )
    return found


@cache
def names_in(path: str) -> frozenset[str]:
    tree = ast.parse((ROOT / path).read_text(encoding="utf-8"))
    return frozenset(node.name for node in tree.body if isinstance(node, ast.FunctionDef))


def test_every_named_test_is_there() -> None:
    missing = [
        test
        for cases in played().values()
        for test in cases.values()
        if test.partition("::")[2] not in names_in(test.partition("::")[0])
    ]
    assert missing == []


def test_a_test_is_named_after_its_situation() -> None:
    for cases in played().values():
        for name, test in cases.items():
            words = "".join(letter if letter.isalnum() else "_" for letter in name.lower())
            assert test.endswith(f"::test_{words}"), f"{name} is played by {test}"


@pytest.mark.skipif(not CASES.is_dir(), reason="the described cases are not beside the checkout, in ../shared")
def test_no_situation_is_left_out() -> None:
    for file in sorted(CASES.glob("*.json")):
        told = json.loads(file.read_text(encoding="utf-8"))
        cases = told["cases"] if isinstance(told, dict) else told
        assert sorted(played().get(file.stem, {})) == sorted(case["id"] for case in cases), file.stem
