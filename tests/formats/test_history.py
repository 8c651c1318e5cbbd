from __future__ import annotations

from fluxsim.formats.history import ENTRIES_MAX, with_run
from fluxsim.formats.tree import EMPTY_SEQ, Seq


def run(history: Seq, digest: str, at: str, status: str = "ReconciliationSucceeded") -> Seq:
    return with_run(history, digest=digest, status=status, at=at, duration="1s", metadata={"revision": f"main@{at}"})


def test_only_the_newest_entries_are_kept() -> None:
    history = EMPTY_SEQ
    for number in range(ENTRIES_MAX + 2):
        history = run(history, f"sha256:{number}", f"t{number}")
    assert [entry["digest"] for entry in history] == [f"sha256:{number}" for number in (6, 5, 4, 3, 2)]


def test_a_known_build_comes_to_the_front_and_keeps_its_first_time() -> None:
    history = run(run(run(EMPTY_SEQ, "a", "t1"), "b", "t2"), "a", "t3")
    assert [(entry["digest"], entry["totalReconciliations"]) for entry in history] == [("a", 2), ("b", 1)]
    assert (history[0]["firstReconciled"], history[0]["lastReconciled"]) == ("t1", "t3")
    assert history[0]["metadata"] == {"revision": "main@t3"}


def test_another_result_of_the_same_build_is_another_entry() -> None:
    history = run(run(EMPTY_SEQ, "a", "t1"), "a", "t2", "HealthCheckFailed")
    assert [entry["lastReconciledStatus"] for entry in history] == ["HealthCheckFailed", "ReconciliationSucceeded"]
