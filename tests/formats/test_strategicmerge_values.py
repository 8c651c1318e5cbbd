from __future__ import annotations

import pytest

from fluxsim.formats.strategicmerge_values import (
    StrategicMergeError,
    deduplicated,
    deeply_equal,
    element_type,
    sorted_by_text,
    type_of,
    unknown_directive,
)
from fluxsim.formats.tree import Json, freeze


def test_values_have_the_types_that_go_decodes_them_into() -> None:
    values: list[Json] = [None, "a", True, 1, 1.0, freeze({}), freeze([])]
    assert [type_of(value) for value in values] == [
        "",
        "string",
        "bool",
        "int64",
        "float64",
        "map[string]interface {}",
        "[]interface {}",
    ]


@pytest.mark.parametrize(
    ("left", "right", "equal"),
    [
        ({"a": [1, None]}, {"a": [1, None]}, True),
        ({"a": 1}, {"a": 1.0}, False),
        ({"a": 1}, {"a": True}, False),
        ({"a": None}, {}, False),
        ([], {}, False),
        ([1], [1, 2], False),
    ],
)
def test_equality_is_of_types_too(left: Json, right: Json, *, equal: bool) -> None:
    assert deeply_equal(left, right) is equal


def test_the_last_one_takes_the_place_of_a_repeated_one() -> None:
    assert deduplicated(["a", "a", "b", "c"]) == ["a", "c", "b"]
    assert deduplicated([1, True, 1.0, 1]) == [1, True, 1.0]
    assert deduplicated([]) == []


def test_scalars_sort_by_their_text_and_equals_are_turned_round() -> None:
    assert sorted_by_text([2, 10, 1]) == [1, 10, 2]
    assert sorted_by_text([{"k": 1, "a": 1}, {"k": 1, "a": 2}], "k") == [{"k": 1, "a": 2}, {"k": 1, "a": 1}]


@pytest.mark.parametrize(
    ("lists", "text"),
    [
        (([], []), "no elements in any of the given slices"),
        (([[1]],), "lists of lists are not supported"),
        (([1], ["a", {"b": None}]), "list element types are not identical: [[1] [a map[b:<nil>]]]"),
        (([None],), "runtime error: invalid memory address or nil pointer dereference"),
    ],
)
def test_elements_have_to_be_of_one_type(lists: tuple[list[Json], ...], text: str) -> None:
    assert element_type(["a"], ["b"]) == "string"
    with pytest.raises(StrategicMergeError) as refused:
        element_type(*lists)
    assert str(refused.value) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("x", "x"),
        (None, "%!s(<nil>)"),
        (True, "%!s(bool=true)"),
        (1.5, "%!s(float64=1.5)"),
        (["x", 1], "[x %!s(int64=1)]"),
        ({"b": "x", "a": None}, "map[a:%!s(<nil>) b:x]"),
    ],
)
def test_a_directive_that_is_no_text_is_printed_as_go_does(value: Json, text: str) -> None:
    assert str(unknown_directive(value, {})) == f"unknown patch type: {text} in map: map[]"
