from __future__ import annotations

from collections.abc import Callable
from functools import partial

import pytest

from fluxsim.kernel import schedule as module
from fluxsim.kernel.chance import Chance
from fluxsim.kernel.errors import Fault, InputError, Livelock, SimulationError
from fluxsim.kernel.schedule import Schedule
from fluxsim.kernel.steps import Steps


def noting(notes: list[str], schedule: Schedule, name: str) -> Callable[[], None]:
    return lambda: notes.append(f"{name}@{schedule.now_ms}")


def order(names: str, *, ties: int | None = None) -> str:
    """Return the order in which what is due at the same time happens."""
    schedule = Schedule(ties=Chance(ties).stream("ties") if ties is not None else None)
    happened: list[str] = []
    for name in names:
        schedule.at(5, partial(happened.append, name))
    schedule.run_to(5)
    return "".join(happened)


def test_running_to_a_time_includes_it() -> None:
    schedule, notes = Schedule(), list[str]()
    schedule.at(10, noting(notes, schedule, "due"))
    schedule.at(11, noting(notes, schedule, "later"))
    schedule.run_to(10)
    assert (notes, schedule.now_ms, schedule.next_due()) == (["due@10"], 10, 11)


def test_what_follows_at_the_same_time_is_included_too() -> None:
    schedule, notes = Schedule(), list[str]()
    schedule.at(10, lambda: schedule.after(0, noting(notes, schedule, "follows")))
    schedule.run_to(10)
    assert notes == ["follows@10"]


def test_time_passes_without_anything_due() -> None:
    schedule = Schedule()
    schedule.run_to(50)
    schedule.run_to(50)
    assert (schedule.now_ms, schedule.next_due()) == (50, None)


def test_time_cannot_go_back() -> None:
    schedule = Schedule()
    schedule.run_to(50)
    with pytest.raises(AssertionError, match="time cannot go back: now 50, asked 49"):
        schedule.run_to(49)
    with pytest.raises(AssertionError, match="time cannot go back: now 50, asked 20"):
        schedule.at(20, lambda: None)


def test_ties_keep_the_order_of_arrival() -> None:
    assert order("abcdefgh") == "abcdefgh"


def test_shuffled_ties_are_another_order_and_always_the_same() -> None:
    orders = {seed: order("abcdefgh", ties=seed) for seed in range(6)}
    assert len(set(orders.values())) > 3
    assert all(order("abcdefgh", ties=seed) == found for seed, found in orders.items())


def test_shuffling_never_swaps_different_times() -> None:
    schedule, notes = Schedule(ties=Chance(3).stream("ties")), list[str]()
    for at_ms in (30, 10, 20):
        schedule.at(at_ms, noting(notes, schedule, "x"))
    schedule.run_to(100)
    assert notes == ["x@10", "x@20", "x@30"]


def test_spawned_steps_take_their_time_and_hand_over_their_result() -> None:
    def steps() -> Steps[str]:
        yield 5
        yield 7
        return "done"

    schedule, results = Schedule(), list[tuple[str, int]]()
    schedule.spawn(steps(), lambda result: results.append((result, schedule.now_ms)))
    schedule.run_to(100)
    assert results == [("done", 12)]


def test_two_that_feed_each_other_are_a_livelock(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "EVENTS_PER_INSTANT_MAX", 50)
    schedule = Schedule(describe=lambda: "seed 4, last events")

    def again() -> None:
        schedule.after(0, again)

    schedule.at(61_000, again)
    with pytest.raises(Livelock, match="more than 50 events at 00:01:01\nseed 4, last events"):
        schedule.run_to(100_000)


def test_many_events_at_different_times_are_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "EVENTS_PER_INSTANT_MAX", 50)
    schedule, notes = Schedule(), list[str]()
    for at_ms in range(200):
        schedule.at(at_ms, noting(notes, schedule, "x"))
    schedule.run_to(1000)
    assert len(notes) == 200


def test_a_bug_comes_out_with_its_time_and_its_cause() -> None:
    known: dict[str, None] = {}
    schedule = Schedule(describe=lambda: "seed 4")
    schedule.at(1000, lambda: known["nothing"])
    with pytest.raises(SimulationError, match="KeyError at 00:00:01: 'nothing'\nseed 4") as raised:
        schedule.run_to(2000)
    assert isinstance(raised.value.__cause__, KeyError)


def test_an_error_on_purpose_stays_as_it_is() -> None:
    def refuse() -> None:
        raise InputError(Fault("a", "b"))

    schedule = Schedule()
    schedule.at(1, refuse)
    with pytest.raises(InputError, match="a: b"):
        schedule.run_to(2)


def test_steps_that_began_in_the_past_see_their_own_times() -> None:
    schedule, seen = Schedule(), list[int]()

    def steps() -> Steps[None]:
        for _ in range(4):
            seen.append(schedule.now_ms)
            yield 30

    schedule.run_to(100)
    assert schedule.catch_up(steps(), 20) == 10
    assert seen == [20, 50, 80]
    assert schedule.now_ms == 100


def test_steps_that_are_due_now_are_left_to_the_schedule() -> None:
    schedule, seen = Schedule(), list[int]()

    def steps() -> Steps[None]:
        while True:
            seen.append(schedule.now_ms)
            yield 25

    schedule.run_to(100)
    assert schedule.catch_up(steps(), 50) == 0
    assert seen == [50, 75]


def test_the_clock_is_right_again_after_steps_that_end_too_soon() -> None:
    def steps() -> Steps[None]:
        yield 10

    schedule = Schedule()
    schedule.run_to(100)
    with pytest.raises(StopIteration):
        schedule.catch_up(steps(), 20)
    assert schedule.now_ms == 100
