from __future__ import annotations

import pytest

from tests.drivers.stories import performed

TRAP = """\
lasts: 6m
steps: [{at: 2m, run: flux suspend ks namespaces, as: suspension}, {at: 3m, run: flux resume ks namespaces}]
goals: [{name: it runs, within: 1m, holds for: 4m, suspended: {kind: Kustomization, name: namespaces, is: false}}]
trap:
  goal: it runs
  lost by: {actor: %s, object: "%s", cause: "%s", between: [%s]}
  without: suspension
"""


def test_a_trap_springs_as_declared_and_the_change_keeps_the_goal() -> None:
    performance = performed(TRAP % ("you", "", "", "2m, 2m1s"))
    assert performance.passed
    assert [play.goal("it runs").tracker.outcome for play in performance.plays] == ["lost", "met"]


@pytest.mark.parametrize(
    ("actor", "key", "between", "said"),
    [
        ("fluxcdbot", "", "2m, 3m", "goal 'it runs' was lost, actor 'you', not 'fluxcdbot'"),
        ("you", "Kustomization/a/b", "2m, 3m", "goal 'it runs' was lost, object '', not 'Kustomization/a/b'"),
        ("you", "", "3m, 4m", "goal 'it runs' was lost at 00:02:00, not between 3m and 4m"),
    ],
)
def test_a_trap_that_springs_otherwise_fails(actor: str, key: str, between: str, said: str) -> None:
    assert performed(TRAP % (actor, key, "", between)).faults == [said]


def test_a_trap_that_does_not_spring_fails() -> None:
    performance = performed((TRAP % ("you", "", "", "2m, 3m")).replace("at: 2m, run", "at: 5m30s, run"))
    assert performance.faults == [
        "goal 'it runs' was not lost: met, not suspended",
    ]


def test_a_cure_that_does_not_help_fails() -> None:
    text = TRAP % ("you", "", "", "2m, 2m1s")
    performance = performed(text.replace("without: suspension", "cure: {at: 1m, run: flux suspend ks images}"))
    assert not performance.plays[1].passed
    assert performance.faults == []


MISSED = """\
lasts: 8m
steps:
  - {at: 1m, do: break, what: registry, mode: outage, image: registry.lab.local/acme/backend, as: outage}
  - {at: 2m, do: push-tag, image: registry.lab.local/acme/frontend, tag: develop-v1.4.1-abcdef0-1772442000, as: tag}
goals:
  - {name: it arrives, from: tag, within: 4m, expect: missed, image: {namespace: develop, deployment: backend, tag: x}}
trap:
  goal: it arrives
  lost by: {actor: image-reflector-controller, object: ImageRepository/flux-system/backend, cause: scan failed, between: [1m, 3m]}
  without: outage
"""


def test_a_goal_that_is_missed_with_the_change_too_fails() -> None:
    performance = performed(MISSED)
    assert performance.faults == []
    assert not performance.passed


def test_a_silent_loss_must_be_declared_silent() -> None:
    performance = performed(MISSED.replace("cause: scan failed", "cause: scan failed, silent: true"))
    assert performance.faults == [
        "goal 'it arrives' was lost by what happened: image-reflector-controller, "
        "ImageRepository/flux-system/backend, " + performance.faults[0].partition("backend, ")[2]
    ]


def test_an_invariant_declared_broken_must_be() -> None:
    text = "lasts: 1m\nbreaks: [a rollback holds]\ngoals: [{now: true, tag: {image: a, tag: b, exists: false}}]"
    assert performed(text).faults == ["'a rollback holds' was declared broken and holds"]


GUARDRAIL = """\
lasts: 1s
start: {edits: [{path: flux/apps/backend/production/deployment.yaml, replace: {"production:backend": "production:back"}}]}
guardrails: [%s]
"""
RIGHT = "{file: flux/apps/backend/production/deployment.yaml, line: 19, rule: marker without policy}"


def test_guardrails_are_found_before_the_first_step() -> None:
    assert performed(GUARDRAIL % RIGHT).passed


def test_a_finding_that_was_not_expected_fails() -> None:
    assert performed(GUARDRAIL % "").faults[0].startswith("lint found flux/apps/backend/production/deployment.yaml:19:")


def test_a_guardrail_that_is_not_found_fails() -> None:
    faults = performed(GUARDRAIL % f"{RIGHT}, {{file: flux/images/backend.yaml, rule: mutable tag}}").faults
    assert faults == ["lint did not find mutable tag in flux/images/backend.yaml"]


MATRIX = """\
lasts: 4m
matrix:
  rows: {images: {run: flux suspend ks images}, namespaces: {run: flux suspend ks namespaces}}
  columns: {early: {at: 1m}, late: {at: 3m}}
  readings: {state: {at: 2m, yes: asleep, no: awake, suspended: {kind: Kustomization, name: images}}}
  expect:
    images: {early: {state: asleep}, late: {state: %s}}
    namespaces: {early: {state: awake}, late: {state: awake}}
"""


def test_a_matrix_is_read_as_a_table() -> None:
    performance = performed(MATRIX % "awake")
    assert performance.passed
    assert performance.matrix is not None
    assert performance.matrix.table().splitlines() == [
        "                     state",
        "  images      early  asleep",
        "  images      late   awake",
        "  namespaces  early  awake",
        "  namespaces  late   awake",
    ]


def test_a_cell_that_reads_otherwise_fails() -> None:
    assert performed(MATRIX % "asleep").faults == ["images, late, state: awake, expected asleep"]
