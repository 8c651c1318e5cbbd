from __future__ import annotations

from fluxsim.formats.conditions import (
    GIT_REPOSITORY,
    MESSAGE_BYTES_MAX,
    is_ready,
    reconciling,
    stalled,
    status_of,
    summary,
    with_condition,
    with_ready,
    without_condition,
)
from fluxsim.formats.tree import EMPTY_SEQ, Seq

EARLY, LATE = "2026-01-01T00:00:00Z", "2026-01-01T00:05:00Z"


def test_a_new_message_moves_the_transition_time_and_a_new_generation_does_not() -> None:
    first = with_condition(EMPTY_SEQ, "Ready", "True", "R", "one", generation=1, now=EARLY)
    same = with_condition(first, "Ready", "True", "R", "one", generation=2, now=LATE)
    other = with_condition(same, "Ready", "True", "R", "two", generation=2, now=LATE)
    assert (same[0]["lastTransitionTime"], same[0]["observedGeneration"]) == (EARLY, 2)
    assert other[0]["lastTransitionTime"] == LATE


def test_stalled_reconciling_and_ready_come_first_then_the_newest_generation() -> None:
    found: Seq = EMPTY_SEQ
    for kind, generation in (("Zebra", 2), ("Apple", 1), ("Berry", 2), ("Ready", 1)):
        found = with_condition(found, kind, "True", "R", "m", generation=generation, now=EARLY)
    found = reconciling(found, "Progressing", "p", generation=2, now=EARLY)
    assert [entry["type"] for entry in found] == ["Reconciling", "Ready", "Berry", "Zebra", "Apple"]


def test_reconciling_and_stalled_end_each_other() -> None:
    found = stalled(reconciling(EMPTY_SEQ, "P", "p", generation=1, now=EARLY), "X", "x", generation=1, now=EARLY)
    assert [entry["type"] for entry in found] == ["Stalled"]
    found = reconciling(found, "P", "p", generation=1, now=EARLY)
    assert [entry["type"] for entry in found] == ["Reconciling"]


def test_a_long_message_is_cut_by_bytes() -> None:
    found = with_condition(EMPTY_SEQ, "Ready", "False", "F", "é" * MESSAGE_BYTES_MAX, generation=1, now=EARLY)
    assert found[0]["message"].endswith("é\ufffd...")
    assert found[0]["message"].count("é") == (MESSAGE_BYTES_MAX - 3) // 2


def test_generation_zero_is_left_out() -> None:
    assert "observedGeneration" not in with_condition(EMPTY_SEQ, "Ready", "True", "R", "", generation=0, now=EARLY)[0]


def test_ready_needs_nothing_else_going_on() -> None:
    found = with_condition(EMPTY_SEQ, "Ready", "True", "R", "m", generation=1, now=EARLY)
    assert is_ready(found)
    assert not is_ready(reconciling(found, "P", "p", generation=1, now=EARLY))
    assert not is_ready(without_condition(found, "Ready"))


def conditions(*entries: tuple[str, str]) -> Seq:
    return Seq({"type": kind, "status": status, "reason": kind, "message": kind.lower()} for kind, status in entries)


def test_what_is_wrong_speaks_before_what_is_well() -> None:
    found = summary(conditions(("ArtifactInStorage", "True"), ("FetchFailed", "True")), GIT_REPOSITORY)
    assert found is not None
    assert (found.status, found.reason) == ("False", "FetchFailed")


def test_of_two_faults_the_order_of_the_rules_decides() -> None:
    found = summary(conditions(("FetchFailed", "True"), ("StorageOperationFailed", "True")), GIT_REPOSITORY)
    assert found is not None
    assert found.reason == "StorageOperationFailed"


def test_a_fault_that_is_over_makes_ready() -> None:
    found = summary(conditions(("FetchFailed", "False")), GIT_REPOSITORY)
    assert found is not None
    assert found.status == "True"


def test_without_conditions_there_is_no_summary() -> None:
    assert summary(conditions(("Ready", "True"), ("Other", "True")), GIT_REPOSITORY) is None
    assert with_ready(EMPTY_SEQ, GIT_REPOSITORY, generation=1, now=EARLY) == []


def test_a_failed_verification_speaks_even_while_reconciling() -> None:
    found = with_ready(
        conditions(("Reconciling", "True"), ("SourceVerified", "False")), GIT_REPOSITORY, generation=1, now=EARLY
    )
    assert status_of(found, "Ready") == "False"
    assert next(entry for entry in found if entry["type"] == "Ready")["reason"] == "SourceVerified"
