from __future__ import annotations

import pytest

from fluxsim.drivers.scenario import setup_of, span
from fluxsim.kernel.errors import InputError
from tests.drivers.stories import story

GOAL = "goals: [{now: true, suspended: {kind: Kustomization, name: namespaces, is: false}}]\n"


def faults(text: str) -> str:
    with pytest.raises(InputError) as error:
        setup_of(story(text))
    return str(error.value)


@pytest.mark.parametrize(
    ("text", "millis"),
    [("90s", 90_000), ("1h30m", 5_400_000), ("2d", 172_800_000), ("1d2h", 93_600_000), ("0s", 0)],
)
def test_a_span_may_count_days(text: str, millis: int) -> None:
    assert span(text) == millis


def test_what_is_no_span_is_told_with_an_example() -> None:
    assert "'soon' is not a duration; write it like 90s" in faults(GOAL + "steps: [{at: soon, run: flux suspend ks a}]")


def test_an_unknown_field_has_its_place_and_a_suggestion() -> None:
    said = faults(GOAL + "steps:\n  - {at: 1m, do: push-code, servise: backend}")
    assert "story.yaml:5:29: unknown field 'servise'; did you mean 'service'?" in said


def test_an_unknown_failure_is_told() -> None:
    assert "unknown failure 'SEL-99'; did you mean" in faults(GOAL + "failures: [SEL-99]")


def test_an_unknown_invariant_is_told() -> None:
    assert "unknown invariant 'a rollback hold'; did you mean 'a rollback holds'?" in faults(
        GOAL + "breaks: [a rollback hold]"
    )


def test_a_goal_asks_one_question() -> None:
    two = "goals: [{now: true, lineage: {namespace: a, deployment: b}, release: {service: backend}}]"
    assert "a goal asks exactly one question: image, images match policies, lineage" in faults(two)
    assert "a goal asks exactly one question" in faults("goals: [{now: true}]")


def test_a_goal_says_when() -> None:
    assert "a goal says when" in faults("goals: [{release: {service: backend}}]")
    assert "`now` and `never` stand alone" in faults("goals: [{now: true, within: 1m, release: {service: backend}}]")


def test_a_step_happens_at_one_time() -> None:
    assert "choose one" in faults(GOAL + "steps: [{at: 1m, after: 2m, run: flux suspend ks namespaces}]")


def test_a_goal_counts_from_a_time_or_a_step() -> None:
    assert "'nowhere' is not a duration" in faults("goals: [{now: true, from: nowhere, release: {service: backend}}]")


def test_a_story_without_goals_is_none() -> None:
    assert "a scenario has goals, guardrails, or a matrix" in faults("seed: 3")


TRAP = """\
goals: [{name: it holds, within: 1m, release: {service: backend}}]
steps: [{at: 1m, run: flux suspend ks namespaces, as: suspension}]
trap:
  goal: %s
  lost by: {actor: you, between: [1m, 2m]}
  %s
"""


@pytest.mark.parametrize(
    ("goal", "change", "said"),
    [
        ("it hold", "without: suspension", "the trap's goal 'it hold' is not the name of a goal"),
        ("it holds", "without: suspensions", "the trap's step 'suspensions' is not the name of a step"),
        ("it holds", "leaves: []", "a trap names one change"),
        ("it holds", "without: suspension\n  cure: {at: 1m, run: flux suspend ks apps-develop}", "one change"),
    ],
)
def test_a_trap_names_its_goal_and_one_change(goal: str, change: str, said: str) -> None:
    assert said in faults(TRAP % (goal, change))


def test_an_edit_that_does_not_fit_the_start_is_told() -> None:
    said = faults(GOAL + "start: {edits: [{path: flux/images/backend.yaml, replace: {nothing: something}}]}")
    assert "flux/images/backend.yaml: the text 'nothing' stands there 0 times, not once" in said


def test_an_unknown_latency_is_told() -> None:
    assert "unknown latency 'git_pull'; did you mean" in faults(GOAL + "start: {latencies: {git_pull: [1s, 2s]}}")


def test_the_start_of_another_repository_stays_as_it_is() -> None:
    said = faults(GOAL + "repo: .\nstart: {services: {backend: {workflow: rebuild}}}")
    assert "`start` changes the bundled example only" in said


def test_a_matrix_expects_what_it_has() -> None:
    text = """\
    matrix:
      rows: {one: {run: flux suspend ks namespaces}}
      columns: {early: {at: 1m}}
      readings: {state: {at: 2m, suspended: {kind: Kustomization, name: namespaces}}}
      expect: {one: {late: {state: good}}}
    """
    assert "`expect` and the matrix differ in the cell one, early, state" in faults(text)


def test_a_wrong_field_of_a_row_is_told() -> None:
    text = """\
    matrix:
      rows: {one: {do: suspend, kind: Kustomization, nme: namespaces}}
      columns: {early: {at: 1m}}
      readings: {state: {at: 2m, suspended: {kind: Kustomization, name: namespaces}}}
      expect: {one: {early: {state: good}}}
    """
    assert "the step of one, early: action.suspend.name: Field required" in faults(text)
