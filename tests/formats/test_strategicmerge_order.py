from __future__ import annotations

import pytest

from fluxsim.formats.strategicmerge_order import INSERTED_MAX, check, in_order_of, ordered, same_name
from fluxsim.formats.strategicmerge_values import StrategicMergeError
from fluxsim.formats.tree import Json


def maps(names: str) -> list[Json]:
    return [{"k": name} for name in names]


@pytest.mark.parametrize(
    ("elements", "wanted", "server", "expected"),
    [
        ("abc", "", "abc", "abc"),
        ("abcx", "x", "abc", "xabc"),
        ("abcx", "bx", "abc", "abxc"),
        ("abcx", "xb", "abc", "xabc"),
        ("abc", "ca", "abc", "bca"),
        ("abcd", "dcba", "abcd", "dcba"),
    ],
)
def test_servers_elements_stand_before_what_they_preceded(
    elements: str, wanted: str, server: str, expected: str
) -> None:
    assert ordered(list(elements), list(wanted), list(server), "", maps=False) == list(expected)
    assert ordered(maps(elements), maps(wanted), maps(server), "k", maps=True) == maps(expected)


def test_next_to_an_item_without_place_the_later_goes_ahead() -> None:
    assert in_order_of(["a", "b"], ["b", "x", "a"], "", maps=False) == ["a", "x", "b"]
    assert in_order_of([], ["a", "b", "c"], "", maps=False) == ["c", "b", "a"]


def test_of_many_items_those_without_place_go_ahead() -> None:
    order = list(range(INSERTED_MAX))
    assert in_order_of(order, [*reversed(order), "x", "y"], "", maps=False) == ["y", "x", *order]


def test_deletions_go_to_the_end() -> None:
    gone = {"k": "a", "$patch": "delete"}
    assert in_order_of(maps("ab"), [gone, *maps("b")], "k", maps=True) == [*maps("b"), gone]


def test_scalars_of_different_types_are_different_elements() -> None:
    assert ordered([1, 2, True], [True], [1, 2], "", maps=False) == [True, 1, 2]
    assert not same_name({"k": 1}, {"k": 1.0}, "k")
    assert not same_name(1, True, "")


@pytest.mark.parametrize(
    ("patch", "order", "fits"),
    [
        ("ab", "abc", True),
        ("ac", "abc", True),
        ("ba", "abc", False),
        ("x", "abc", False),
        ("x", "", True),
        ("", "a", True),
    ],
)
def test_a_patch_has_to_follow_its_order(patch: str, order: str, *, fits: bool) -> None:
    if fits:
        check(maps(patch), maps(order), "k")
        check(list(patch), list(order), "")
        return
    with pytest.raises(StrategicMergeError, match="The order in patch list:\n"):
        check(maps(patch), maps(order), "k")
    with pytest.raises(StrategicMergeError, match="The order in patch list:\n"):
        check(list(patch), list(order), "")


def test_deletions_and_other_directives_need_no_place_in_the_order() -> None:
    check([{"k": "x", "$patch": "delete"}, *maps("a")], maps("a"), "k")
    check([{"$patch": "replace"}, *maps("a")], maps("a"), "k")


@pytest.mark.parametrize(
    ("elements", "wanted", "text"),
    [
        (["a"], maps("a"), "expected a map[string]interface {}, but received a string"),
        ([{"j": 1}], maps("a"), "map: map[j:1] does not contain declared merge key: k"),
        (maps("ab"), [{"k": "a"}, 5], "value for key 1 is not a map"),
        (maps("a"), [{"k": "a"}, 5], "expected a map[string]interface {}, but received a int64"),
        (maps("a"), [{"k": "a"}, {"j": 1}], "map: map[j:1] does not contain declared merge key: k"),
    ],
)
def test_elements_without_merge_key_are_refused(elements: Json, wanted: Json, text: str) -> None:
    with pytest.raises(StrategicMergeError) as refused:
        ordered(elements, wanted, [], "k", maps=True)
    assert str(refused.value) == text


def test_a_check_refuses_what_is_no_list_of_maps() -> None:
    with pytest.raises(StrategicMergeError, match="invalid patch format of setElementOrder list"):
        check(maps("a"), "a", "k")
    with pytest.raises(StrategicMergeError, match="but received a int64"):
        check([1], maps("a"), "k")
    with pytest.raises(StrategicMergeError, match="but received a int64"):
        check(maps("a"), [1], "k")
