from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fluxsim.formats.fieldset import (
    EMPTY,
    FieldSet,
    difference,
    difference_with_below,
    has_path,
    in_order,
    intersection,
    is_empty,
    key_step,
    of_paths,
    path_text,
    paths,
    read,
    union,
    value_step,
)

STEPS = st.sampled_from(["f:a", "f:b", 'k:{"name":"x"}', 'v:"y"'])
PATHS = st.lists(st.lists(STEPS, min_size=1, max_size=4).map(tuple), max_size=6)


def members(fields: FieldSet) -> set[tuple[str, ...]]:
    return set(paths(fields))


@given(PATHS, PATHS)
def test_operations_are_those_of_sets_of_paths(left: list[tuple[str, ...]], right: list[tuple[str, ...]]) -> None:
    one, other = of_paths(left), of_paths(right)
    assert members(one) == set(left)
    assert members(union(one, other)) == set(left) | set(right)
    assert members(intersection(one, other)) == set(left) & set(right)
    assert members(difference(one, other)) == set(left) - set(right)
    assert is_empty(difference(one, one))


@given(PATHS, PATHS)
def test_results_are_in_the_one_form_that_is_stored(left: list[tuple[str, ...]], right: list[tuple[str, ...]]) -> None:
    one, other = of_paths(left), of_paths(right)
    for result in (union(one, other), intersection(one, other), difference(one, other)):
        assert read(in_order(result)) == in_order(result) == in_order(of_paths(sorted(members(result))))


@given(PATHS, PATHS)
def test_a_member_can_take_what_lies_below_it(left: list[tuple[str, ...]], right: list[tuple[str, ...]]) -> None:
    taken = {path for path in left for gone in right if path[: len(gone)] == gone}
    assert members(difference_with_below(of_paths(left), of_paths(right))) == set(left) - taken


def test_a_parent_stays_when_its_child_goes() -> None:
    both: FieldSet = {"f:labels": {".": {}, "f:app": {}}}
    assert difference(both, {"f:labels": {"f:app": {}}}) == {"f:labels": {}}
    assert difference(both, {"f:labels": {}}) == {"f:labels": {"f:app": {}}}


def test_members_of_a_level_come_before_what_is_below() -> None:
    fields = of_paths([("f:b", "f:c"), ("f:b",), ("f:a", "f:z"), ("f:x",)])
    assert list(paths(fields)) == [("f:b",), ("f:x",), ("f:a", "f:z"), ("f:b", "f:c")]


def test_items_are_in_order_of_their_keys_as_values() -> None:
    ports = [(key_step(["port"], [port]),) for port in (443, 80)]
    assert [path_text(path) for path in paths(of_paths(ports))] == ["[port=80]", "[port=443]"]


@pytest.mark.parametrize(
    ("path", "text"),
    [
        (("f:spec", "f:containers", 'k:{"name":"web"}', "f:image"), '.spec.containers[name="web"].image'),
        (('k:{"containerPort":80,"protocol":"TCP"}',), '[containerPort=80,protocol="TCP"]'),
        (("f:finalizers", 'v:"a/b"'), '.finalizers[="a/b"]'),
        (("i:3",), "[3]"),
        (("v:true",), "[=true]"),
        (("v:null",), "[=null]"),
        (("v:1.5",), "[=1.5]"),
        (('k:{"a":{"b":[1,"c"]}}',), '[a=b=[1,"c"]]'),
    ],
)
def test_paths_are_written_as_conflicts_show_them(path: tuple[str, ...], text: str) -> None:
    assert path_text(path) == text


def test_keys_are_json_as_go_writes_it() -> None:
    assert key_step(["name"], ['a<"b']) == 'k:{"name":"a\\u003c\\"b"}'
    assert value_step(1.0) == "v:1"


@pytest.mark.parametrize(
    ("stored", "expected"),
    [
        ({"f:a": {".": {}}}, {"f:a": {}}),
        ({"f:a": {}, "x:future": {}}, {"f:a": {}}),
        (None, {}),
        ("text", {}),
    ],
)
def test_what_is_stored_oddly_is_read_as_what_it_means(stored: Any, expected: Any) -> None:
    assert read(stored) == expected


def test_a_path_is_in_a_set_only_as_a_member() -> None:
    fields = of_paths([("f:spec", "f:replicas")])
    assert has_path(fields, ("f:spec", "f:replicas"))
    assert not has_path(fields, ("f:spec",))
    assert not has_path(EMPTY, ("f:spec",))
