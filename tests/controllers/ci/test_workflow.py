"""Workflow files, read strictly."""

from __future__ import annotations

import pytest

from fluxsim.controllers.ci.workflow import BadWorkflow, parse
from fluxsim.world import example

GOOD = """\
name: build
on:
  push:
    branches: [main]
jobs:
  build:
    runs-on: ubuntu-latest
    steps:
      - uses: actions/checkout@v4
"""


def test_the_shipped_variants_are_read() -> None:
    for variant in ("promote", "rebuild", "wrong-tag"):
        workflow = parse("x.yml", example.workflow(variant, "r.test/backend"))
        assert workflow.name == "promote-production"
        assert workflow.on.workflow_dispatch is not None
        assert list(workflow.on.workflow_dispatch.inputs) == ["staging_tag"]


def test_on_is_a_word_and_no_truth_value() -> None:
    found = parse("x.yml", GOOD.encode())
    assert found.on.push is not None
    assert found.on.push.branches == ("main",)
    assert found.on.workflow_dispatch is None


def test_a_trigger_without_anything_is_one() -> None:
    text = GOOD.replace("  push:\n    branches: [main]\n", "  workflow_dispatch:\n")
    assert parse("x.yml", text.encode()).on.workflow_dispatch is not None


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        (("name: build\n", ""), "x.yml: name: Field required"),
        (("jobs:", "job:"), "jobs: Field required; job: Extra inputs are not permitted"),
        (
            ("actions/checkout@v4", "acme/deploy@v1"),
            "this CI knows no action 'acme/deploy@v1'; it knows actions/checkout",
        ),
        (("      - uses: actions/checkout@v4\n", "      - run: make\n"), r"jobs.build.steps.0.uses: Field required"),
        (("[main]", "[main"), "x.yml: "),
        (("name: build", "name: [1]"), "name: Input should be a valid string"),
    ],
)
def test_what_is_wrong_is_said_with_its_place(change: tuple[str, str], problem: str) -> None:
    with pytest.raises(BadWorkflow, match=problem):
        parse("x.yml", GOOD.replace(*change).encode())


@pytest.mark.parametrize("data", [b"", b"- a\n", b"\xff\xfe", b"a: *b\n", b"x: 1\nx: 2\n"])
def test_what_is_no_workflow_at_all(data: bytes) -> None:
    with pytest.raises(BadWorkflow, match=r"^x\.yml: "):
        parse("x.yml", data)
