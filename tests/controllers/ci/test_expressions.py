"""Expressions of workflows."""

from __future__ import annotations

from typing import Any

import pytest

from fluxsim.controllers.ci.expressions import ExpressionError, evaluated, filled

CONTEXT = {
    "github": {"ref_name": "main", "run_number": 7},
    "inputs": {"tag": "", "dry": False},
    "steps": {"meta": {"outputs": {"tag": "v1", "sha-short": "abc"}}},
}


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("github.ref_name == 'main'", True),
        ("github.ref_name == 'MAIN'", True),
        ("github.ref_name != 'main'", False),
        ("github.ref_name == 'main' && 'staging' || 'develop'", "staging"),
        ("github.ref_name == 'x' && 'staging' || 'develop'", "develop"),
        ("!inputs.tag", True),
        ("!(inputs.tag || inputs.dry)", True),
        ("inputs.tag || 'newest'", "newest"),
        ("nothing.at.all", ""),
        ("steps.meta.outputs.sha-short", "abc"),
        ("github.run_number == 7", True),
        ("startsWith(github.ref_name, 'ma')", True),
        ("endsWith('a.yaml', '.YAML')", True),
        ("contains('hello', 'ell')", True),
        ("format('{0}-{1}', 'a', steps.meta.outputs.tag)", "a-v1"),
        ("'it''s'", "it's"),
        ("true && false", False),
        ("-3", -3),
    ],
)
def test_a_value(text: str, value: Any) -> None:
    assert evaluated(text, CONTEXT) == value


def test_holes_are_filled_and_the_rest_stays() -> None:
    assert filled("x/${{ github.ref_name }}:${{steps.meta.outputs.tag}} $HOME", CONTEXT) == "x/main:v1 $HOME"
    assert filled("${{ inputs.dry }}", CONTEXT) == "false"


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("a &&", "expected a value in 'a &&', found 'the end'"),
        ("(a", r"expected '\)' in '\(a'"),
        ("a b", "unexpected 'b' in 'a b'"),
        ("hashFiles('x')", "unknown function 'hashFiles' with 1 arguments"),
        ("format()", "unknown function 'format'"),
        ("'open", "cannot read ''open'"),
        ("a = b", "cannot read '= b'"),
    ],
)
def test_what_cannot_be_read_is_said(text: str, problem: str) -> None:
    with pytest.raises(ExpressionError, match=problem):
        evaluated(text, CONTEXT)


def test_a_format_with_too_few_arguments_is_an_error_of_the_expression() -> None:
    with pytest.raises(ExpressionError, match="format"):
        evaluated("format('{0} {3}', 'a')", CONTEXT)


def test_deep_parentheses_are_an_error_and_no_crash() -> None:
    with pytest.raises(ExpressionError, match="nested too deeply"):
        evaluated("(" * 5_000 + "a" + ")" * 5_000, CONTEXT)
