from __future__ import annotations

import pytest

from fluxsim.formats import rollout
from fluxsim.formats.rollout import Bounds, InvalidIntOrString, Replicas, Resize
from fluxsim.formats.tree import Json


def spec(replicas: int, surge: int | str = "25%", unavailable: int | str = "25%", kind: str = "RollingUpdate") -> Json:
    rolling = {"maxSurge": surge, "maxUnavailable": unavailable}
    return {"replicas": replicas, "strategy": {"type": kind, "rollingUpdate": rolling}}


@pytest.mark.parametrize(
    ("replicas", "surge", "unavailable"), [(1, 1, 0), (2, 1, 0), (3, 1, 0), (4, 1, 1), (5, 2, 1), (7, 2, 1), (10, 3, 2)]
)
def test_surge_rounds_up_and_unavailable_rounds_down(replicas: int, surge: int, unavailable: int) -> None:
    assert rollout.bounds(spec(replicas)) == Bounds(replicas, surge, unavailable)


def test_nothing_written_means_a_quarter_of_one() -> None:
    assert rollout.bounds({}) == Bounds(1, 1, 0)


def test_both_zero_lets_one_be_unavailable() -> None:
    assert rollout.bounds(spec(6, "0%", "0%")) == Bounds(6, 0, 1)


def test_no_more_may_be_unavailable_than_there_are() -> None:
    assert rollout.bounds(spec(2, 0, 9)) == Bounds(2, 0, 2)
    assert rollout.bounds(spec(0, 0, 9)) == Bounds(0, 0, 0)


def test_recreate_has_no_surge_and_keeps_nothing() -> None:
    limits = rollout.bounds(spec(4, kind="Recreate"))
    assert (limits.surge, limits.unavailable, limits.least_available, limits.kept_available) == (0, 0, 4, 0)


@pytest.mark.parametrize(
    ("value", "told"),
    [
        ("3", "invalid type: string is not a percentage"),
        ("many", "invalid type: string is not a percentage"),
        ("2.5%", 'invalid value "2.5%": strconv.Atoi: parsing "2.5": invalid syntax'),
        ("٣%", 'invalid value "٣%": strconv.Atoi: parsing "٣": invalid syntax'),
        ("--3%", 'invalid value "--3%": strconv.Atoi: parsing "--3": invalid syntax'),
    ],
)
def test_what_is_neither_number_nor_percentage_is_refused(value: str, told: str) -> None:
    with pytest.raises(InvalidIntOrString) as refused:
        rollout.scaled(value, 10, up=True)
    assert str(refused.value) == f"invalid value for IntOrString: {told}"


def test_the_new_one_grows_into_the_surge() -> None:
    assert rollout.scale_new(Bounds(5, 2, 1), new=0, total=5) == 2
    assert rollout.scale_new(Bounds(5, 2, 1), new=2, total=7) == 2
    assert rollout.scale_new(Bounds(5, 2, 1), new=4, total=4) == 5


def test_the_new_one_shrinks_to_what_is_wanted() -> None:
    assert rollout.scale_new(Bounds(2, 1, 0), new=6, total=6) == 2


def test_recreate_takes_all_at_once() -> None:
    assert rollout.scale_new(Bounds(3, 0, 0, rolling=False), new=0, total=9) == 3


def test_unavailable_new_pods_keep_the_old_ones() -> None:
    assert rollout.scale_old(Bounds(3, 1, 0), Replicas("new", 1, 0), [Replicas("old", 3, 3)]) == []


def test_broken_old_pods_go_first_and_the_oldest_of_all() -> None:
    old = [Replicas("a", 2, 0), Replicas("b", 3, 2)]
    assert rollout.scale_old(Bounds(4, 1, 1), Replicas("new", 1, 1), old) == [Resize("a", 0), Resize("b", 2)]


def test_one_set_may_shrink_twice_in_a_pass() -> None:
    steps = rollout.scale_old(Bounds(4, 2, 2), Replicas("new", 2, 2), [Replicas("old", 4, 3)])
    assert steps == [Resize("old", 3), Resize("old", 0)]


def test_nothing_old_means_nothing_to_do() -> None:
    assert rollout.scale_old(Bounds(3, 1, 0), Replicas("new", 3, 3), [Replicas("old", 0, 0)]) == []


def scale(limits: Bounds, new: Replicas | None, *old: Replicas, actual: int = 0) -> dict[str, int]:
    return dict(rollout.scale(limits, new, list(old), actual=actual))


def test_the_only_set_in_use_takes_all() -> None:
    assert scale(Bounds(7, 2, 1), Replicas("new", 0), Replicas("old", 3)) == {"old": 7}


def test_with_none_in_use_the_newest_takes_all() -> None:
    assert scale(Bounds(2, 1, 0), None, Replicas("a", 0), Replicas("b", 0)) == {"b": 2}
    assert scale(Bounds(2, 1, 0), None) == {}


def test_a_complete_new_set_leaves_nothing_to_the_old() -> None:
    assert scale(Bounds(3, 1, 0), Replicas("new", 3, 3, 3, 4), Replicas("old", 1, 1, 3, 4)) == {"old": 0}


def test_sets_share_in_proportion_and_the_largest_takes_the_rest() -> None:
    sizes = scale(Bounds(12, 3, 2), Replicas("new", 5, 0, 10, 13), Replicas("old", 8, 8, 10, 13))
    assert sizes == {"old": 9, "new": 6}


def test_equal_sets_grow_newer_first_and_shrink_older_first() -> None:
    two = (Replicas("new", 2, 0, 4, 4), Replicas("old", 2, 2, 4, 4))
    assert scale(Bounds(5, 0, 1), *two) == {"new": 3, "old": 2}
    assert scale(Bounds(3, 0, 1), *two) == {"old": 1, "new": 2}


def test_scaled_to_nothing_all_sets_empty() -> None:
    assert scale(Bounds(0, 0, 0), Replicas("new", 2, 0, 4, 5), Replicas("old", 3, 3, 4, 5)) == {"new": 0, "old": 0}


def test_a_set_that_remembers_nothing_counts_from_the_status() -> None:
    assert scale(Bounds(8, 0, 2), Replicas("new", 2), Replicas("old", 2), actual=4) == {"new": 4, "old": 4}


def test_recreate_does_not_share() -> None:
    assert scale(Bounds(5, 0, 0, rolling=False), Replicas("new", 1), Replicas("old", 1)) == {}


def test_complete_needs_the_generation_to_be_observed() -> None:
    status = {"updatedReplicas": 2, "replicas": 2, "availableReplicas": 2, "observedGeneration": 3}
    assert rollout.complete(2, status, 3)
    assert not rollout.complete(2, status, 4)
    assert not rollout.complete(2, {**status, "replicas": 3}, 3)


def test_fewer_old_pods_are_progress() -> None:
    assert rollout.progressing({"replicas": 4, "updatedReplicas": 1}, {"replicas": 3, "updatedReplicas": 1})
    assert not rollout.progressing({"readyReplicas": 3}, {"readyReplicas": 2})


def test_history_goes_lowest_first_and_what_is_in_use_stays() -> None:
    rows = [("one", True), ("two", False), ("three", True), ("four", True)]
    assert rollout.surplus_history(1, rows) == ["one", "three"]
    assert rollout.surplus_history(9, rows) == []
    assert rollout.surplus_history(rollout.NO_HISTORY_LIMIT, rows) == []
